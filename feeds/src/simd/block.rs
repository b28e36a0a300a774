//! Levels on their way from text to rows: their digits, a block of them at a time.

use super::avx2::Bytes;
use engine::event::Event;

/// Levels in a block.
pub const BLOCK: usize = 64;
/// Levels that become rows together.
pub const GROUP: usize = 4;
/// Decimal points of one message that are told the places of.
pub const PLACES: usize = 8_192;

/// Where the decimal points of a message are.
pub type Places = [u16; PLACES];

/// A row in a cache line of its own.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Row(pub Event);

/// Digits of price and quantity of one level. They are written and read in two pieces: reading both
/// in one would wait for the writes to be done.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Slot(pub [Bytes; 2]);

/// Levels on their way.
#[derive(Debug)]
pub struct Block {
    /// Their digits.
    pub slots: [Slot; BLOCK],
}

impl Block {
    /// Zeros.
    pub const fn new() -> Self {
        Self { slots: [Slot([Bytes::ZERO; 2]); BLOCK] }
    }

    /// Levels that are not zero behind the first `count`, up to the end of the last group at least.
    #[inline(always)]
    pub fn fill(&mut self, count: usize, one: Bytes) {
        let rest = self.slots.get_mut(count..).unwrap_or_default();
        match rest.first_chunk_mut() {
            Some(rest) => *rest = [Slot([one; 2]); GROUP - 1],
            None => rest.fill(Slot([one; 2])),
        }
    }
}
