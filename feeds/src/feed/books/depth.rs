//! Changes of books and whole books over streams: into the sequence in their order, or into doubt.

use super::Books;
use crate::feed::chain::{Admitted, Told};
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
        let (by, lane) = (self.by, &mut self.lanes[place]);
        let last = lane.last_of(by, Stream::Depth);
        match lane.chain.admits(by, head, last) {
            Admitted::Yes => return true,
            Admitted::No => {
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
        lane.chain.starts_anew(by, self.up);
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
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.chain.mute(by);
        let others = self.up & places_of(self.main) & lane.chain.usable();
        if others != 0 {
            return self.renew_later(place, by);
        }
        if lane.sequence.book_id().is_some() {
            self.counters.gaps += 1;
            lane.sequence.restart(GapReason::Sequence, at, &mut self.out);
        }
    }

    /// A whole book over a stream.
    #[cold]
    pub(super) fn book(&mut self, place: usize, book: Snapshot<'_>, (anew, at): (bool, Nanos)) {
        let (by, several, up) = (self.by, self.several, self.up);
        let lane = &mut self.lanes[place];
        lane.heard(by, Stream::Depth, at);
        let last = lane.last_of(by, Stream::Depth);
        let told = lane.chain.tells(by, (book.last, anew), last);
        lane.told(by, Stream::Depth, book.last);
        let slowest = if several { lane.slowest(Stream::Depth, up) } else { book.last };
        let loaded = match told {
            Told::Known => Loaded::Unwanted,
            Told::First => {
                let (sequence, mut way) = lane.way(&mut self.out);
                sequence.on_streamed(book.last, book.rows, slowest, &mut way)
            }
            // Another connection is further: its book stands.
            Told::Again if several && lane.sequence.book_id().is_some_and(|id| id >= book.last) => {
                Loaded::Unwanted
            }
            Told::Again => lane.sequence.rebase(book.last, book.rows),
            Told::Anew => {
                self.counters.restarts += 1;
                lane.best = 0;
                lane.chain.starts_anew(by, up);
                lane.sequence.rebase(book.last, book.rows)
            }
        };
        if self.newcomer == Some(by) {
            lane.in_step |= lane.sequence.book_id().is_some_and(|id| id >= book.last);
        }
        let base = loaded == Loaded::Base;
        if base {
            self.counters.snapshots += 1;
            lane.answered(true, at);
        }
        let (sequence, mut way) = lane.way(&mut self.out);
        sequence.pump(&mut way);
        self.arrived(base);
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
