//! The format: what was written is read, and nothing else is.

use super::row;
use engine::event::{Body, Event};
use engine::id::InstrumentId;
use engine::time::Nanos;

#[test]
fn a_row_reads_back_at_its_place_and_no_damaged_one_does() {
    let event = Event::new(Nanos(7), InstrumentId(3), 9, Body::Timer);
    let bytes = row::seal(&event, 41);
    let read = row::open(&bytes, 41).unwrap();
    assert_eq!(Event { crc: 0, ..read }, event);
    assert_eq!(row::open(&bytes, 42), None, "another place");
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(row::open(&damaged, 41), None, "bit {bit}");
    }
}
