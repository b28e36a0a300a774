//! Whole messages or nothing: rows of one venue message enter a ring together.

use engine::event::Event;
use rtrb::Producer;

/// Takes the rows of messages.
pub trait RowSink {
    /// Takes all rows of one message, or none of them and returns false when there is no room.
    fn message(&mut self, rows: &[Event]) -> bool;

    /// Whether a message of so many rows would be taken now.
    fn has_room(&self, rows: usize) -> bool;
}

impl RowSink for Producer<Event> {
    #[inline]
    fn message(&mut self, rows: &[Event]) -> bool {
        self.push_entire_slice(rows).is_ok()
    }

    #[inline]
    fn has_room(&self, rows: usize) -> bool {
        self.slots() >= rows
    }
}

/// Without a limit: for tests and tools, never while trading.
impl RowSink for Vec<Event> {
    fn message(&mut self, rows: &[Event]) -> bool {
        self.extend_from_slice(rows);
        true
    }

    fn has_room(&self, _rows: usize) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_enters_whole_or_not_at_all() {
        let (mut producer, mut consumer) = rtrb::RingBuffer::new(4);
        let rows = |count| vec![Event::default(); count];
        assert!(producer.message(&rows(3)));
        assert!(!producer.message(&rows(2)) && !producer.has_room(2));
        assert!(producer.has_room(1) && producer.message(&rows(1)));
        assert_eq!(consumer.slots(), 4);
        consumer.pop().unwrap();
        assert!(!producer.message(&rows(2)));
    }
}
