//! What each connection told of a book that comes over its stream: whether its snapshot is there,
//! whether each message follows on the one before it, and whether it has told yet that the venue's
//! numbers started anew.
//!
//! ```text
//!  joined ──▶ based by its snapshot ──message does not follow──▶ muted ──asked for again,
//!                  ▲                                                       its snapshot──┐
//!                  └─────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! When numbers start anew, the first connection to say so carries the book over, and what the
//! others say is of the old numbers until they say so too: it is passed over.

use super::links::PLACES;
use crate::protocol::BookRules;
use crate::sequence::DiffHead;

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It is taken.
    Yes,
    /// It is passed over.
    No,
    /// It is taken, and numbers start anew with it.
    Anew,
    /// It does not follow on what this connection told before: something of it is missing.
    Broken,
}

/// What became of a snapshot over a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The first one behind a subscription.
    First,
    /// Told unasked, in the same numbers.
    Again,
    /// Numbers start anew with it.
    Anew,
    /// That numbers start anew is known.
    Known,
}

/// The connections of one book.
#[derive(Debug)]
pub(super) struct Chain {
    /// Whether snapshots come over the stream.
    pub streamed: bool,
    strict: bool,
    /// Connections whose snapshot came, one bit a place.
    based: u32,
    /// Connections that are not believed until their snapshot comes.
    muted: u32,
    /// How often numbers started anew that a connection has not told yet.
    behind: [u8; PLACES],
}

impl Chain {
    pub const fn new(rules: &BookRules) -> Self {
        let (streamed, strict) = (rules.streamed, rules.strict);
        Self { streamed, strict, based: 0, muted: 0, behind: [0; PLACES] }
    }

    /// A new connection at this place.
    pub fn joined(&mut self, place: usize) {
        self.based &= !(1 << place);
        self.muted &= !(1 << place);
        self.behind[place] = 0;
    }

    /// Its snapshot is asked for again: until it comes, nothing of it counts.
    pub fn renewed(&mut self, place: usize) {
        self.joined(place);
        self.muted |= 1 << place;
    }

    /// The book's base came in another way: all connections follow on it.
    pub fn based_otherwise(&mut self) {
        (self.based, self.muted, self.behind) = (u32::MAX, 0, [0; PLACES]);
    }

    /// Connections whose messages count, one bit a place.
    #[inline]
    pub fn usable(&self) -> u32 {
        if !self.streamed {
            return u32::MAX;
        }
        let behind = self.behind.iter().enumerate();
        behind.fold(!self.muted, |all, (place, behind)| all & !(u32::from(*behind > 0) << place))
    }

    /// Judges a message of the connection at this place, which told `last` before (0 for nothing).
    #[inline]
    pub fn admits(&mut self, place: usize, head: &DiffHead, last: u64) -> Admitted {
        let bit = 1 << place;
        if self.muted & bit != 0 {
            return Admitted::No;
        }
        let restarts = head.last < head.before;
        if self.strict && self.based & bit != 0 && last != 0 && head.before != last {
            return if head.last == last { Admitted::No } else { Admitted::Broken };
        }
        if self.behind[place] > 0 {
            self.behind[place] -= u8::from(restarts);
            return Admitted::No;
        }
        if restarts { Admitted::Anew } else { Admitted::Yes }
    }

    /// The connection at this place tells a snapshot at `id`, having told `last` before.
    pub fn tells(&mut self, place: usize, (id, anew): (u64, bool), last: u64) -> Told {
        let bit = 1 << place;
        let first = self.based & bit == 0;
        self.based |= bit;
        self.muted &= !bit;
        if first {
            return Told::First;
        }
        if !anew && id >= last {
            return Told::Again;
        }
        if self.behind[place] > 0 {
            self.behind[place] -= 1;
            return Told::Known;
        }
        Told::Anew
    }

    /// Numbers start anew, as the connection at this place was the first of these to say.
    pub fn starts_anew(&mut self, place: usize, up: u32) {
        for (other, behind) in self.behind.iter_mut().enumerate() {
            if other != place && up >> other & 1 != 0 {
                *behind = behind.saturating_add(1);
            }
        }
    }

    /// What the connection at this place says is no longer believed.
    pub fn mute(&mut self, place: usize) {
        self.muted |= 1 << place;
    }
}
