//! A row as bytes, and its checksum.
//!
//! The checksum is CRC-32C of the first 60 bytes, seeded with the low half of the row's `seq`: a
//! row that is damaged, moved, or left over from an earlier use of its memory fails it.

use super::crc;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::time::Nanos;

/// Bytes of a row.
pub const ROW_BYTES: usize = 64;
/// Kinds from this on are rows of what was sent.
pub const OUTGOING: u8 = 128;
/// Kind of the last row of a session that ended in order.
pub const END: u8 = 255;

/// One row's bytes.
pub type Bytes = [u8; ROW_BYTES];

/// One row's words, of which its bytes are the little-endian ones.
pub type Words = [u64; ROW_BYTES / 8];

/// The row as it lies in memory and on disk, its checksum filled in.
#[inline]
pub fn seal(event: &Event, seq: u64) -> Bytes {
    let mut words = words_of(event);
    words[7] |= u64::from(crc::checksum(&words, seq as u32)) << 32;
    let mut bytes = [0; ROW_BYTES];
    for (to, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *to = word.to_le_bytes();
    }
    bytes
}

/// The row of these bytes, if they are one of this `seq`.
#[inline]
pub fn open(bytes: &Bytes, seq: u64) -> Option<Event> {
    let crc = u32::from_le_bytes([bytes[60], bytes[61], bytes[62], bytes[63]]);
    (checksum(bytes, seq) == crc && bytes[58] != 0).then(|| from_bytes(bytes))
}

/// Checksum of the first 60 bytes for this place in the journal.
#[inline]
pub fn checksum(bytes: &Bytes, seq: u64) -> u32 {
    crc::checksum(&std::array::from_fn(|at| word(bytes, at * 8)), seq as u32)
}

/// Its words, the checksum zero.
#[inline]
fn words_of(event: &Event) -> Words {
    let [one, two, three, four] = event.payload;
    let spans = u64::from(event.recv_delta_ns) | u64::from(event.venue_delta_us as u32) << 32;
    let kind =
        u64::from(event.instrument.0) | u64::from(event.kind) << 16 | u64::from(event.flags) << 24;
    [event.at.0, event.id, one, two, three, four, spans, kind]
}

#[inline]
fn from_bytes(bytes: &Bytes) -> Event {
    Event {
        at: Nanos(word(bytes, 0)),
        id: word(bytes, 8),
        payload: [word(bytes, 16), word(bytes, 24), word(bytes, 32), word(bytes, 40)],
        recv_delta_ns: word(bytes, 48) as u32,
        venue_delta_us: (word(bytes, 48) >> 32) as i32,
        instrument: InstrumentId(word(bytes, 56) as u16),
        kind: bytes[58],
        flags: bytes[59],
        crc: (word(bytes, 56) >> 32) as u32,
    }
}

#[inline]
fn word(bytes: &Bytes, at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}
