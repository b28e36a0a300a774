//! Changes of books and whole books over streams: into the sequence in their order, or into doubt.

use super::Books;
use crate::feed::chain::Admitted;
use crate::feed::links::places_of;
use crate::protocol::{Snapshot, Stream};
use crate::sequence::{DiffHead, Loaded, Taken};
use crate::window::{Flaw, Window};
use engine::event::{Event, GapReason};
use engine::time::Nanos;

impl Books {
    #[inline]
    pub(super) fn depth(&mut self, place: usize, (head, rows): (DiffHead, &[Event])) {
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.heard(by, Stream::Depth, head.at);
        if lane.chain.streamed && !self.is_admitted(place, &head, rows) {
            return;
        }
        let lane = &mut self.lanes[place];
        lane.told(by, Stream::Depth, head.last);
        let slowest = match self.several {
            true => lane.slowest(Stream::Depth, self.up),
            false => head.last,
        };
        let (sequence, mut way) = lane.way(&mut self.out);
        let taken = sequence.on_one_of(head, rows, slowest, &mut way);
        if self.newcomer == Some(by) {
            // Ahead of the book, or without one, it could not yet do alone.
            lane.in_step |= matches!(taken, Taken::Applied | Taken::Old)
                && lane.sequence.book_id().is_some_and(|book| head.before <= book);
        }
        let ahead = taken == Taken::Held && lane.sequence.hole().is_some();
        let says_nothing = head.last == head.before;
        if !says_nothing {
            self.arrived(taken != Taken::Old);
        }
        match taken {
            Taken::Applied => {}
            Taken::Held => self.counters.held_ahead += u64::from(ahead),
            Taken::Old => self.counters.old_diffs += u64::from(!says_nothing),
            Taken::Gap => self.counters.gaps += 1,
            Taken::Full => self.counters.ring_full += 1,
            Taken::Crowded => self.counters.held_full += 1,
        }
        self.judge(place);
    }

    /// Whether a message of a book that comes over streams is to be taken as it is.
    fn is_admitted(&mut self, place: usize, head: &DiffHead, rows: &[Event]) -> bool {
        let (by, several, lane) = (self.by, self.several, &mut self.lanes[place]);
        let last = lane.last_of(by, Stream::Depth);
        let admitted = lane.chain.admits(by, head, last);
        if several && matches!(admitted, Admitted::Yes | Admitted::Untrusted) {
            lane.chain.mark(by, head, rows);
        }
        match admitted {
            Admitted::Yes => return true,
            Admitted::No | Admitted::Untrusted => {
                self.counters.old_diffs += 1;
                lane.told(by, Stream::Depth, head.last);
            }
            Admitted::Anew => self.starts_anew(place, head, rows),
            Admitted::Broken => self.broken(place, head.at),
        }
        false
    }

    /// A change with which the numbers start anew. It follows on the book, or the book is broken.
    #[cold]
    fn starts_anew(&mut self, place: usize, head: &DiffHead, rows: &[Event]) {
        self.counters.restarts += 1;
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.told(by, Stream::Depth, head.last);
        lane.best = 0;
        lane.chain.based_on(by);
        let follows = lane.sequence.book_id() == Some(head.before);
        let like =
            Event { at: head.at, id: head.last, instrument: lane.instrument, ..Event::default() };
        let like = rows.last().copied().unwrap_or(like);
        let window = lane.window.as_mut().filter(|_| follows);
        let carried = window.is_some_and(|window| {
            let carried = window.apply(rows);
            if carried {
                lane.sequence.rebase(head.last, window.snapshot(&like));
            }
            carried
        });
        if carried {
            let (sequence, mut way) = lane.way(&mut self.out);
            sequence.pump(&mut way);
        } else {
            self.counters.gaps += u64::from(lane.sequence.book_id().is_some());
            lane.sequence.restart(GapReason::Sequence, head.at, &mut self.out);
        }
        self.judge(place);
    }

    /// Something is missing of what one connection tells: it is not believed until its book came
    /// again. Where no other one goes on, the book is broken.
    #[cold]
    fn broken(&mut self, place: usize, at: Nanos) {
        let by = self.by;
        self.lanes[place].chain.mute(by);
        if !self.goes_on(place, GapReason::Sequence, at) {
            self.counters.gaps += 1;
        } else if self.several {
            self.renew_later(place, by);
        }
    }

    /// Breaks a book that comes over streams, whole or on its way out, when no connection that it
    /// could go on with is left; whether it does go on, or was broken before.
    pub(super) fn goes_on(&mut self, place: usize, reason: GapReason, at: Nanos) -> bool {
        let up = self.up & places_of(self.main);
        let lane = &mut self.lanes[place];
        if lane.chain.usable() & up != 0 || lane.sequence.wants_snapshot() {
            return true;
        }
        lane.sequence.restart(reason, at, &mut self.out);
        false
    }

    /// A whole book over a stream.
    #[cold]
    pub(super) fn book(&mut self, place: usize, book: Snapshot<'_>, (anew, at): (bool, Nanos)) {
        let by = self.by;
        let lane = &mut self.lanes[place];
        lane.heard(by, Stream::Depth, at);
        let last = lane.last_of(by, Stream::Depth);
        lane.told(by, Stream::Depth, book.last);
        let wanted = lane.sequence.wants_snapshot();
        let taken = lane.chain.tells(by) || wanted;
        if taken {
            let restarts = !wanted && (anew || book.last < last);
            self.counters.restarts += u64::from(restarts);
            lane.best = if restarts { 0 } else { lane.best };
            lane.chain.based_on(by);
            if lane.sequence.rebase(book.last, book.rows) == Loaded::Base {
                self.counters.snapshots += 1;
                lane.answered(true, at);
            }
        } else if lane.is_at(&book) {
            lane.chain.trust(by);
        }
        if self.newcomer == Some(by) {
            lane.in_step |= lane.chain.usable() >> by & 1 != 0;
        }
        let (sequence, mut way) = lane.way(&mut self.out);
        sequence.pump(&mut way);
        self.arrived(taken);
        self.judge(place);
    }

    /// Looks whether a book that is held here is flawed; then nothing of it went out.
    #[inline]
    pub(super) fn judge(&mut self, place: usize) {
        let lane = &mut self.lanes[place];
        let Some(flaw) = lane.window.as_mut().and_then(Window::flaw) else { return };
        let reason = match flaw {
            Flaw::Crossed => {
                self.counters.crossed += 1;
                GapReason::Crossed
            }
            Flaw::Checksum => {
                self.counters.checksum_errors += 1;
                GapReason::Sequence
            }
        };
        lane.sequence.restart(reason, self.now, &mut self.out);
    }
}
