//! Replay ports: what the journal has goes in, what comes out is kept to be compared.

use engine::event::Event;
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::time::{Nanos, Stage};
use shm::journal::{Row, sent};

/// Items that one event can send without an allocation.
const SENT_MAX: usize = 128;

/// Doors of an engine that is replayed: one event at a time, at its journaled time.
#[derive(Debug)]
pub struct ReplayPorts {
    next: Option<Event>,
    event: Event,
    seq: u64,
    same: bool,
    sent: Vec<Event>,
}

impl Default for ReplayPorts {
    fn default() -> Self {
        let sent = Vec::with_capacity(SENT_MAX);
        Self { next: None, event: Event::default(), seq: 0, same: true, sent }
    }
}

impl ReplayPorts {
    /// The event of this row comes next; what the one before it sent is forgotten.
    #[inline]
    pub fn give(&mut self, row: &Row) {
        self.event = Event { crc: 0, ..row.event };
        self.seq = row.seq;
        self.same = true;
        self.sent.clear();
        // As it came from its ring: `at` is still the time of its read.
        self.next = Some(Event { at: row.event.read_at(), recv_delta_ns: 0, ..self.event });
    }

    /// The event that was given last, as it was recorded, and its place.
    pub const fn event(&self) -> (u64, &Event) {
        (self.seq, &self.event)
    }

    /// Whether the engine stamped it as it did when it was recorded.
    #[inline]
    pub const fn is_same(&self) -> bool {
        self.same
    }

    /// What it sent, as rows.
    #[inline]
    pub fn sent(&self) -> &[Event] {
        &self.sent
    }
}

impl Ports for ReplayPorts {
    #[inline]
    fn now(&mut self) -> Nanos {
        self.event.at
    }

    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }

    #[inline]
    fn record(&mut self, event: &Event) {
        self.same = *event == self.event;
    }

    #[inline]
    fn send(&mut self, item: Outgoing) {
        self.sent.push(sent::row(&item, self.seq, self.event.at, 0));
    }

    #[inline]
    fn mark(&mut self, _: Stage) {}
}
