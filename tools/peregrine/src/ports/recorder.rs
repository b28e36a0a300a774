//! The journal's end at the engine: what is learnt is written before it is applied, what is sent
//! before it is handed on, and with `sync = "each"` an order waits until its cause is on disk.

use engine::event::Event;
use engine::intent::Outgoing;
use engine::time::Nanos;
use shm::journal::{JournalWriter, Trouble, sent};
use std::collections::VecDeque;

/// Items that may wait for the disk.
const HELD_MAX: usize = 1024;

/// Writes the journal of one session.
pub struct Recorder {
    writer: JournalWriter,
    /// Whether items wait until their cause is on disk.
    holds: bool,
    held: VecDeque<(u64, Outgoing)>,
    cause: u64,
    /// Time of the cause, and when the message that it came with was read.
    at: Nanos,
    read_at: Nanos,
    is_lost: bool,
    is_told: bool,
}

impl Recorder {
    /// A recorder over a journal that has begun.
    pub fn new(writer: JournalWriter, holds: bool) -> Self {
        Self {
            writer,
            holds,
            held: VecDeque::with_capacity(HELD_MAX),
            cause: 0,
            at: Nanos::ZERO,
            read_at: Nanos::ZERO,
            is_lost: false,
            is_told: false,
        }
    }

    /// Writes an event that is about to be applied.
    #[inline]
    pub fn event(&mut self, event: &Event) {
        match self.writer.record(event) {
            Some(seq) => (self.cause, self.at, self.read_at) = (seq, event.at, event.read_at()),
            None => self.is_lost = true,
        }
    }

    /// Writes an item that is about to be handed on, at `now` where that is known; false when it
    /// could not be written, and then it must not leave.
    #[inline]
    pub fn item(&mut self, item: &Outgoing, now: Option<Nanos>) -> bool {
        let span = now.map_or(0, |now| now.since(self.read_at).0);
        let span = u32::try_from(span).unwrap_or(u32::MAX);
        let row = sent::row(item, self.cause, self.at, span);
        let written = !self.is_lost && self.writer.sent(&row).is_some();
        self.is_lost |= !written;
        written
    }

    /// Whether items wait for the disk.
    pub const fn holds(&self) -> bool {
        self.holds
    }

    /// Keeps an item until its cause is on disk; false, and gone, when too many wait.
    pub fn hold(&mut self, item: Outgoing) -> bool {
        let has_room = self.held.len() < HELD_MAX;
        if has_room {
            self.held.push_back((self.cause, item));
        }
        has_room
    }

    /// The next item whose cause is on disk.
    #[inline]
    pub fn release(&mut self) -> Option<Outgoing> {
        let (cause, _) = self.held.front()?;
        if *cause >= self.writer.durable() {
            return None;
        }
        self.held.pop_front().map(|(_, item)| item)
    }

    /// Whether something could not be written: nothing may be applied or sent after it.
    #[inline]
    pub const fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// From now on nothing can be written.
    pub const fn lose(&mut self) {
        self.is_lost = true;
    }

    /// What is wrong with the journal, the first time that anything is.
    pub fn new_trouble(&mut self) -> Option<Trouble> {
        if self.is_told {
            return None;
        }
        let trouble = self.writer.trouble();
        self.is_told = trouble.is_some();
        trouble
    }

    /// Writes that the session ends in order.
    pub fn end(&mut self) {
        if !self.is_lost {
            self.is_lost = !self.writer.end();
        }
    }
}
