//! Rows toward the engine. Never dropped: what finds the ring full waits here, and while something
//! waits the gateway reads no socket. The engine is told before the first row that came late.

use engine::event::{Body, Event, flag};
use engine::id::{InstrumentId, VenueId};
use engine::time::Nanos;
use rtrb::Producer;
use std::collections::VecDeque;

/// Rows that may wait before anything has to be allocated: more than the largest answer holds.
const WAITING: usize = 4_096;

/// The way to the engine's ring.
#[derive(Debug)]
pub(crate) struct Reports {
    ring: Option<Producer<Event>>,
    waiting: VecDeque<Event>,
    last: Option<Event>,
    /// The venue's number, as rows about no instrument carry it.
    pub venue: InstrumentId,
    pub rows: u64,
    pub ring_full: u64,
}

impl Reports {
    /// Into this ring; without one rows lead nowhere.
    pub fn new(ring: Option<Producer<Event>>, venue: VenueId) -> Self {
        let waiting = VecDeque::with_capacity(WAITING);
        let venue = InstrumentId(u16::from(venue.0));
        Self { ring, waiting, last: None, venue, rows: 0, ring_full: 0 }
    }

    /// A row about the venue and no instrument.
    pub fn of_venue(&mut self, at: Nanos, id: u64, body: Body) {
        self.row(at, self.venue, id, body);
    }

    /// A row; `at` is when the message that it stems from was read.
    #[inline]
    pub fn row(&mut self, at: Nanos, instrument: InstrumentId, id: u64, body: Body) {
        self.push(Event::new(at, instrument, id, body));
    }

    /// A row as it is. It is held back until the next one or the end of the message, so that the
    /// last row of each message can be flagged.
    #[inline]
    pub fn push(&mut self, row: Event) {
        if let Some(row) = self.last.replace(row) {
            self.emit(row);
        }
    }

    /// The message ends: its last row is flagged and all rows are on their way.
    #[inline]
    pub fn end(&mut self) {
        if let Some(row) = self.last.take() {
            self.emit(row.with(flag::LAST));
        }
    }

    #[inline]
    fn emit(&mut self, row: Event) {
        let Some(ring) = &mut self.ring else { return };
        self.rows += 1;
        if self.waiting.is_empty() {
            match ring.push(row) {
                Ok(()) => return,
                Err(_) => {
                    self.ring_full += 1;
                    let doubt = Event::new(row.at, self.venue, 0, Body::Doubt);
                    self.waiting.push_back(doubt.with(flag::LAST));
                }
            }
        }
        self.waiting.push_back(row);
    }

    /// Moves on what waits; false while something still does.
    #[inline]
    pub fn flush(&mut self) -> bool {
        let Some(ring) = &mut self.ring else { return true };
        while let Some(row) = self.waiting.front() {
            if ring.push(*row).is_err() {
                return false;
            }
            self.waiting.pop_front();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_loses_nothing_and_keeps_the_order() {
        let (ring, mut engine) = rtrb::RingBuffer::new(2);
        let mut reports = Reports::new(Some(ring), VenueId(3));
        for message in 0..3_u64 {
            for row in 0..2 {
                reports.row(Nanos(message), InstrumentId(row), 0, Body::Timer);
            }
            reports.end();
        }
        assert!(!reports.flush(), "four rows and the doubt wait");
        let mut got = Vec::new();
        let mut doubts = Vec::new();
        while let Ok(row) = engine.pop() {
            reports.flush();
            if row.body() == Some(Body::Doubt) {
                assert_eq!(row.venue(), VenueId(3));
                doubts.push(got.len());
            } else {
                got.push((row.at.0, row.instrument.0, row.has(flag::LAST)));
            }
        }
        let expect: Vec<_> =
            (0..3).flat_map(|message| [(message, 0, false), (message, 1, true)]).collect();
        assert_eq!((got, doubts), (expect, vec![2]), "told before the first late row");
        assert!(reports.flush() && reports.ring_full == 1);
    }
}
