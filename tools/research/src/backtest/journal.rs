//! What a backtest writes down: nothing, or the journal that a live session writes, row by row.

use super::rows::Failed;
use engine::event::Event;
use engine::intent::Outgoing;
use engine::time::Nanos;
use shm::journal::{Drain, JournalWriter, sent};

/// Rows after which memory is emptied to the disk.
const DRAIN_EVERY: u64 = 4_096;

/// Keeps what is learnt, before it is applied, and what is sent, before it leaves.
pub trait Keep {
    /// An event that is about to be applied.
    fn event(&mut self, event: &Event);

    /// An item that is about to leave.
    fn item(&mut self, item: &Outgoing);

    /// Why nothing more can be written.
    fn failed(&self) -> Option<Failed>;
}

/// Writes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unkept;

impl Keep for Unkept {
    #[inline]
    fn event(&mut self, _: &Event) {}

    #[inline]
    fn item(&mut self, _: &Outgoing) {}

    fn failed(&self) -> Option<Failed> {
        None
    }
}

/// Writes a journal, and empties its memory to the disk on the way: a backtest may wait.
#[derive(Debug)]
pub struct Written {
    writer: JournalWriter,
    drain: Drain,
    cause: u64,
    at: Nanos,
    drained: u64,
    failed: Option<Failed>,
}

impl Written {
    /// Over a journal that has begun.
    pub const fn new(writer: JournalWriter, drain: Drain) -> Self {
        Self { writer, drain, cause: 0, at: Nanos::ZERO, drained: 0, failed: None }
    }

    fn empty(&mut self) {
        self.drained = self.writer.seq();
        loop {
            match self.drain.work(self.at) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    self.failed = Some(Failed(format!("the journal: {error}")));
                    return;
                }
            }
        }
    }

    /// Writes one row, emptying memory first where it is full.
    fn write(&mut self, mut write: impl FnMut(&mut JournalWriter) -> Option<u64>) -> Option<u64> {
        if self.failed.is_some() {
            return None;
        }
        if self.writer.seq() - self.drained >= DRAIN_EVERY {
            self.empty();
        }
        let mut seq = write(&mut self.writer);
        if seq.is_none() {
            self.empty();
            seq = write(&mut self.writer);
        }
        if seq.is_none() && self.failed.is_none() {
            let text = "the journal has no room although its disk took all rows".to_owned();
            self.failed = Some(Failed(text));
        }
        seq
    }

    /// Writes that the session ends in order, and brings all to the disk.
    ///
    /// # Errors
    ///
    /// When a row could not be written.
    pub fn end(mut self) -> Result<(), Failed> {
        self.write(|writer| writer.end().then_some(0));
        let Self { writer, drain, failed, .. } = self;
        drop(writer);
        if let Some(failed) = failed {
            return Err(failed);
        }
        drain.finish().map_err(|error| Failed(format!("the journal: {error}")))
    }
}

impl Keep for Written {
    fn event(&mut self, event: &Event) {
        self.at = event.at;
        if let Some(seq) = self.write(|writer| writer.record(event)) {
            self.cause = seq;
        }
    }

    fn item(&mut self, item: &Outgoing) {
        let row = sent::row(item, self.cause, self.at, 0);
        self.write(|writer| writer.sent(&row));
    }

    fn failed(&self) -> Option<Failed> {
        self.failed.clone()
    }
}
