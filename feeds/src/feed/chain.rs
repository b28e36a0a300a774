//! What each connection told of a book that comes over its stream, and whether it is of the numbers
//! that the book has now.
//!
//! ```text
//!  joined ──its snapshot is the book──────────▶ trusted ──a message does not follow──▶ muted
//!    │                                             ▲                                     │
//!    └──its snapshot, or a change of it, is one ───┘◀──asked for again, as if it joined──┘
//!       that a trusted one told too
//! ```
//!
//! Numbers may start anew, and a connection that comes up later does not tell. So only what comes
//! over a trusted one counts. When numbers start anew over one of those, or it tells a whole book
//! unasked, it alone is trusted: the others may still be at the old numbers.

use crate::protocol::BookRules;
use crate::reading::stamp_us;
use crate::sequence::DiffHead;
use engine::event::{Event, flag};

/// Changes remembered, to know them again: what one connection may be behind another.
const MARKS_MAX: usize = 64;

/// What to do with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// It is taken.
    Yes,
    /// It is passed over.
    No,
    /// It is passed over, for it is not known of which numbers it is.
    Untrusted,
    /// It is taken, and numbers start anew with it.
    Anew,
    /// It does not follow on what this connection told before: something of it is missing.
    Broken,
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
    /// Connections whose numbers are the book's.
    trusted: u32,
    /// The newest changes, each with the place of a connection that told it.
    marks: Box<[(u64, u8); MARKS_MAX]>,
    next: usize,
}

impl Chain {
    pub fn new(rules: &BookRules) -> Self {
        Self {
            streamed: rules.streamed,
            strict: rules.strict,
            based: 0,
            muted: 0,
            trusted: 0,
            marks: Box::new([(0, u8::MAX); MARKS_MAX]),
            next: 0,
        }
    }

    /// A new connection at this place, or none any more.
    pub fn joined(&mut self, place: usize) {
        let kept = !(1 << place);
        self.based &= kept;
        self.muted &= kept;
        self.trusted &= kept;
        self.forget(place);
    }

    /// What this connection told is of other numbers than what it tells from now on.
    fn forget(&mut self, place: usize) {
        let own = self.marks.iter_mut().filter(|(_, by)| *by == place as u8);
        own.for_each(|mark| mark.1 = u8::MAX);
    }

    /// What this connection says is not believed until its snapshot comes.
    pub fn mute(&mut self, place: usize) {
        self.joined(place);
        self.muted |= 1 << place;
    }

    /// The book's base is asked for in another way: all connections are to follow on it.
    pub fn based_otherwise(&mut self) {
        (self.based, self.trusted, self.muted) = (u32::MAX, u32::MAX, 0);
    }

    /// The book is what this connection told: those of the others may be of other numbers.
    pub fn based_on(&mut self, place: usize) {
        self.trusted = 1 << place;
        self.marks.fill((0, u8::MAX));
    }

    /// This connection told the same as a trusted one.
    pub fn trust(&mut self, place: usize) {
        self.trusted |= 1 << place;
    }

    /// Connections whose messages count, one bit a place.
    #[inline]
    pub const fn usable(&self) -> u32 {
        if self.streamed { self.trusted } else { u32::MAX }
    }

    /// Judges a change that the connection at this place tells, which told `last` before (0 for
    /// nothing).
    #[inline]
    pub fn admits(&mut self, place: usize, head: &DiffHead, last: u64) -> Admitted {
        let bit = 1 << place;
        if self.muted & bit != 0 {
            return Admitted::No;
        }
        let restarts = head.last < head.before;
        if self.strict && self.based & bit != 0 && last != 0 && head.before != last {
            // The last one once more does no harm; a restart that ends there is another one.
            let again = head.last == last && !restarts;
            return if again { Admitted::No } else { Admitted::Broken };
        }
        if self.trusted & bit == 0 {
            if restarts {
                self.forget(place);
            }
            return Admitted::Untrusted;
        }
        if restarts { Admitted::Anew } else { Admitted::Yes }
    }

    /// The connection at this place tells a whole book; whether it is trusted.
    pub fn tells(&mut self, place: usize) -> bool {
        let bit = 1 << place;
        self.based |= bit;
        self.muted &= !bit;
        self.forget(place);
        self.trusted & bit != 0
    }

    /// Remembers a change that the connection at this place tells. Where another one told the same,
    /// and one of the two is trusted, both are from now on.
    pub fn mark(&mut self, place: usize, head: &DiffHead, rows: &[Event]) {
        if head.last == head.before {
            return;
        }
        let print = print_of(head, rows);
        let bit = |by: u8| 1_u32.checked_shl(by.into()).unwrap_or(0);
        let own = bit(place as u8);
        let usable = self.usable();
        let same = self.marks.iter().filter(|(one, by)| *one == print && bit(*by) != own);
        let others = same.fold(0, |all, (_, by)| all | bit(*by));
        if usable & own != 0 {
            self.trusted |= others;
        } else if usable & others != 0 {
            self.trust(place);
        }
        self.marks[self.next] = (print, place as u8);
        self.next = (self.next + 1) % MARKS_MAX;
    }
}

/// A number that stands for a change: its ids, the venue's time, and all of its levels, in any
/// order.
fn print_of(head: &DiffHead, rows: &[Event]) -> u64 {
    let mix = |word: u64, by: u64| {
        let word =
            (word ^ by.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        word ^ word >> 32
    };
    let side = |row: &Event| u64::from(row.flags & flag::SELL);
    let level = |row: &Event| mix(mix(row.payload[0], row.payload[1]), side(row));
    let levels = rows.iter().fold(0_u64, |all, row| all.wrapping_add(level(row)));
    mix(mix(mix(head.before, head.last), levels), rows.first().map_or(0, stamp_us))
}
