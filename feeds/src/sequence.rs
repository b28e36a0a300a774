//! A book's stream of differences made whole: snapshot and diffs of one instrument, joined exactly
//! or declared broken.
//!
//! Each diff covers the update ids after `before` up to `last` with absolute quantities. Venues
//! number them differently (first and last id, or the last id of the message before); the dialect
//! reduces both to `before`, and then one set of rules holds:
//!
//! ```text
//!  last <= book              old: dropped
//!  before <= book < last     applied, book = last
//!  before >  book            ids are missing: gap, a new snapshot is wanted
//!  snapshot < before         (of the first diff held that is not old) too old: ask again
//! ```
//!
//! A book that came over a stream ([`Sequence::rebase`]) replaces whatever was there: the diffs
//! that follow it are still to come, and its numbers may have started anew.
//!
//! Because quantities are absolute, a diff that overlaps what was applied does no harm; several
//! connections of the same stream may therefore feed one sequence. What one of them tells ahead of
//! the book is then no gap while another one may still bring what is missing: it is held.

use crate::net::ring::RowSink;
use engine::event::{Body, Event, GapReason, flag};
use engine::id::InstrumentId;
use engine::time::Nanos;
use std::collections::VecDeque;

/// Which update ids a diff covers: those after `before` up to and with `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiffHead {
    /// The id that the book must have reached.
    pub before: u64,
    /// The id that the book has after it.
    pub last: u64,
    /// When its last byte was read.
    pub at: Nanos,
}

/// What became of a diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its rows went out.
    Applied,
    /// It waits for the snapshot, for room, or for what another connection is still to bring.
    Held,
    /// The book is already beyond it.
    Old,
    /// It showed that ids are missing; a new snapshot is wanted.
    Gap,
    /// It found no room; a new snapshot is wanted.
    Full,
    /// More came than is held while waiting: what was held is dropped, it alone is held.
    Crowded,
}

/// What became of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// It is the base of the book now.
    Base,
    /// The diffs held begin after it: ask again.
    TooOld,
    /// None was wanted, or it holds nothing.
    Unwanted,
}

/// How much a sequence may hold while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceLimits {
    /// Most diffs held.
    pub diffs_max: usize,
    /// Most level rows of diffs held.
    pub rows_max: usize,
    /// Most level rows of a snapshot.
    pub snapshot_rows_max: usize,
}

impl Default for SequenceLimits {
    fn default() -> Self {
        Self { diffs_max: 2_048, rows_max: 65_536, snapshot_rows_max: 10_000 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not connected.
    Idle,
    /// Diffs are held until a snapshot comes.
    Waiting,
    /// The snapshot and what is held go out as room comes.
    Draining,
    /// Diffs go straight out; what is held is ahead of the book.
    Live,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    head: DiffHead,
    start: usize,
    len: usize,
}

/// The synchronisation of one instrument's book.
#[derive(Debug)]
pub struct Sequence {
    instrument: InstrumentId,
    limits: SequenceLimits,
    phase: Phase,
    book: u64,
    /// The id of the newest row that went out: comparable with those of best prices.
    row: u64,
    /// The id that the slowest connection had told when one last told a diff.
    slowest: u64,
    snapshot: Vec<Event>,
    held: VecDeque<Held>,
    held_rows: Vec<Event>,
    gap: Option<Event>,
}

impl Sequence {
    /// Idle until [`Sequence::start`]; all memory is reserved here.
    pub fn new(instrument: InstrumentId, limits: SequenceLimits) -> Self {
        Self {
            instrument,
            limits,
            phase: Phase::Idle,
            book: 0,
            row: 0,
            slowest: u64::MAX,
            snapshot: Vec::with_capacity(limits.snapshot_rows_max),
            held: VecDeque::with_capacity(limits.diffs_max),
            held_rows: Vec::with_capacity(limits.rows_max),
            gap: None,
        }
    }

    /// Holds diffs from now on and wants a snapshot. Says nothing to the engine: its book is blank,
    /// or it asked for this.
    pub fn start(&mut self) {
        self.empty();
        self.phase = Phase::Waiting;
    }

    /// Declares the book broken, for a reason that lies outside the ids; diffs are held from now on
    /// and a new snapshot is wanted.
    pub fn restart(&mut self, reason: GapReason, at: Nanos, out: &mut impl RowSink) {
        self.break_off(reason, at, self.book, out);
        self.start();
    }

    /// Declares the book broken and holds nothing until [`Sequence::start`].
    pub fn stop(&mut self, reason: GapReason, at: Nanos, out: &mut impl RowSink) {
        self.break_off(reason, at, self.book, out);
        self.empty();
        self.phase = Phase::Idle;
    }

    /// One diff: its ids and its rows, the last one flagged.
    #[inline]
    pub fn on_diff(&mut self, head: DiffHead, rows: &[Event], out: &mut impl RowSink) -> Taken {
        self.on_one_of(head, rows, head.last, out)
    }

    /// One diff of one of several connections. `slowest` is the id that the slowest of them has
    /// told: what follows it may still come.
    #[inline]
    pub fn on_one_of(
        &mut self,
        head: DiffHead,
        rows: &[Event],
        slowest: u64,
        out: &mut impl RowSink,
    ) -> Taken {
        self.slowest = slowest;
        if self.phase != Phase::Live {
            return self.hold_or_drop(head, rows, out);
        }
        if head.last <= self.book {
            return Taken::Old;
        }
        if head.before > self.book {
            return self.ahead(head, rows, out);
        }
        if !out.message(rows) {
            self.break_off(GapReason::RingFull, head.at, head.before + 1, out);
            self.start();
            self.hold(head, rows);
            return Taken::Full;
        }
        self.book = head.last;
        self.row = rows.last().map_or(self.row, |row| row.id);
        if !self.held.is_empty() {
            self.phase = Phase::Draining;
            self.drain(out);
        }
        Taken::Applied
    }

    /// A diff that is not the next one: a gap, or held while the next one may still come.
    #[cold]
    fn ahead(&mut self, head: DiffHead, rows: &[Event], out: &mut impl RowSink) -> Taken {
        if self.slowest > self.book {
            self.break_off(GapReason::Sequence, head.at, head.before + 1, out);
            self.phase = Phase::Waiting;
            if self.hold(head, rows) == Taken::Crowded {
                self.start();
                self.hold(head, rows);
            }
            return Taken::Gap;
        }
        self.hold_or_crowd(head, rows, out)
    }

    /// The book's id and since when a diff is held that is ahead of it; `None` when none is.
    #[inline]
    pub fn hole(&self) -> Option<(u64, Nanos)> {
        if self.phase != Phase::Live {
            return None;
        }
        self.held.front().map(|held| (self.book, held.head.at))
    }

    /// What is missing is not waited for any longer: the book is declared broken, and what is held
    /// waits for the snapshot.
    pub fn give_up(&mut self, at: Nanos, out: &mut impl RowSink) {
        let came = self.held.front().map_or(self.book, |held| held.head.before + 1);
        self.break_off(GapReason::Sequence, at, came, out);
        self.phase = Phase::Waiting;
    }

    /// A snapshot at update id `last`: its rows, first and last flagged.
    pub fn on_snapshot(&mut self, last: u64, rows: &[Event], out: &mut impl RowSink) -> Loaded {
        if self.phase != Phase::Waiting || rows.is_empty() {
            return Loaded::Unwanted;
        }
        while self.held.front().is_some_and(|held| held.head.last <= last) {
            self.held.pop_front();
        }
        if self.held.front().is_some_and(|held| held.head.before > last) {
            return Loaded::TooOld;
        }
        self.base(last, rows);
        self.pump(out);
        Loaded::Base
    }

    /// A book that replaces what was there, unless nothing is followed now. It goes out with the
    /// next [`Sequence::pump`].
    pub fn rebase(&mut self, last: u64, rows: &[Event]) -> Loaded {
        if self.phase == Phase::Idle || rows.is_empty() {
            return Loaded::Unwanted;
        }
        self.empty();
        self.base(last, rows);
        Loaded::Base
    }

    fn base(&mut self, last: u64, rows: &[Event]) {
        self.snapshot.clear();
        self.snapshot.extend_from_slice(rows);
        self.book = last;
        self.row = rows.last().map_or(self.row, |row| row.id);
        self.phase = Phase::Draining;
    }

    /// Sends what waits for room; returns how many messages went. To be called each turn.
    pub fn pump(&mut self, out: &mut impl RowSink) -> usize {
        let mut sent = 0;
        if let Some(gap) = self.gap {
            if !out.message(&[gap]) {
                return 0;
            }
            self.gap = None;
            sent += 1;
        }
        if self.phase != Phase::Draining {
            return sent;
        }
        if !self.snapshot.is_empty() {
            if !out.message(&self.snapshot) {
                return sent;
            }
            self.snapshot.clear();
            sent += 1;
        }
        sent + self.drain(out)
    }

    /// The update id that the book has reached; `None` while it is not whole.
    #[inline]
    pub fn book_id(&self) -> Option<u64> {
        if self.phase == Phase::Live { Some(self.book) } else { None }
    }

    /// The id of the newest row of a whole book, to be compared with those of best prices; `None`
    /// while it is not whole.
    #[inline]
    pub fn row_id(&self) -> Option<u64> {
        if self.phase == Phase::Live { Some(self.row) } else { None }
    }

    /// Whether a snapshot is wanted.
    #[inline]
    pub fn wants_snapshot(&self) -> bool {
        self.phase == Phase::Waiting
    }

    /// Whether something waits for room.
    #[inline]
    pub fn waits(&self) -> bool {
        self.gap.is_some() || self.phase == Phase::Draining
    }

    fn drain(&mut self, out: &mut impl RowSink) -> usize {
        let mut sent = 0;
        while let Some(held) = self.held.front().copied() {
            if held.head.last > self.book {
                let rows = self.held_rows.get(held.start..held.start + held.len);
                let rows = rows.unwrap_or_default();
                if held.head.before > self.book {
                    if self.slowest <= self.book {
                        break;
                    }
                    let at = held.head.at;
                    self.break_off(GapReason::Sequence, at, held.head.before + 1, out);
                    self.phase = Phase::Waiting;
                    return sent;
                }
                if !out.message(rows) {
                    return sent;
                }
                self.book = held.head.last;
                self.row = rows.last().map_or(self.row, |row| row.id);
                sent += 1;
            }
            self.held.pop_front();
        }
        self.phase = Phase::Live;
        sent
    }

    fn hold_or_drop(&mut self, head: DiffHead, rows: &[Event], out: &mut impl RowSink) -> Taken {
        match self.phase {
            Phase::Idle => return Taken::Old,
            Phase::Draining => {
                self.pump(out);
                if self.phase == Phase::Live {
                    return self.on_one_of(head, rows, self.slowest, out);
                }
            }
            _ => {}
        }
        self.hold_or_crowd(head, rows, out)
    }

    fn hold_or_crowd(&mut self, head: DiffHead, rows: &[Event], out: &mut impl RowSink) -> Taken {
        let taken = self.hold(head, rows);
        if taken == Taken::Crowded {
            self.break_off(GapReason::RingFull, head.at, head.before + 1, out);
            self.start();
            self.hold(head, rows);
        }
        taken
    }

    /// Holds a diff at its place by id, unless it is there already.
    fn hold(&mut self, head: DiffHead, rows: &[Event]) -> Taken {
        if self.held.is_empty() {
            self.held_rows.clear();
        }
        // Later ones come later, but where connections overtake each other.
        let after = self.held.iter().rev().take_while(|held| held.head.last >= head.last).count();
        let place = self.held.len() - after;
        if self.held.get(place).is_some_and(|held| held.head.last == head.last) {
            return Taken::Old;
        }
        let start = self.held_rows.len();
        if self.held.len() >= self.limits.diffs_max || start + rows.len() > self.limits.rows_max {
            return Taken::Crowded;
        }
        self.held_rows.extend_from_slice(rows);
        self.held.insert(place, Held { head, start, len: rows.len() });
        Taken::Held
    }

    fn empty(&mut self) {
        self.held.clear();
        self.held_rows.clear();
        self.snapshot.clear();
    }

    /// Tells the engine that its book is broken, unless that is already on its way or it never had
    /// one since the last time.
    fn break_off(&mut self, reason: GapReason, at: Nanos, came: u64, out: &mut impl RowSink) {
        let told = self.phase != Phase::Live && !self.snapshot_went();
        if told || self.gap.is_some() {
            return;
        }
        let body = Body::Gap { reason, expected: self.book + 1 };
        let gap = Event::new(at, self.instrument, came, body).with(flag::LAST);
        if !out.message(&[gap]) {
            self.gap = Some(gap);
        }
    }

    const fn snapshot_went(&self) -> bool {
        matches!(self.phase, Phase::Draining) && self.snapshot.is_empty()
    }
}

#[cfg(test)]
mod tests;
