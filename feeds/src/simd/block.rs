//! Levels on their way from text to rows: their digits, a block of them at a time.

use super::avx2::Bytes;

/// Levels in a block.
pub const BLOCK: usize = 64;
/// Levels that become rows together.
pub const GROUP: usize = 4;
/// Decimal points of one message that are told the places of.
pub const PLACES: usize = 8_192;

/// Where the decimal points of a message are.
pub type Places = [u16; PLACES];

/// Digits of price and quantity of each level.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Block(pub [[Bytes; 2]; BLOCK]);

impl Block {
    /// Puts in a level; places beyond the block's end begin anew.
    #[inline(always)]
    pub fn put(&mut self, place: usize, price: Bytes, qty: Bytes) {
        self.0[place % BLOCK] = [price, qty];
    }

    /// Fills the group that the first `count` levels end in with levels that are not zero.
    #[inline(always)]
    pub fn fill(&mut self, count: usize, one: Bytes) {
        for place in count..count.next_multiple_of(GROUP) {
            self.put(place, one, one);
        }
    }
}
