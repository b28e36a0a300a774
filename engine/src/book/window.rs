//! The ticks around the touch, one word each: where nearly all updates go.
//!
//! A ring of blocks of 64 ticks: a key's place is its low bits, so the window moves by a block
//! without moving what stays. One bit says which ticks stand, one bit which blocks hold any; the
//! first level is found by two counts of zeros, and an update is some words without a branch.

use alloc::boxed::Box;
use alloc::vec;

pub(super) const BLOCK_BITS: u32 = 6;
/// Ticks of a block.
pub(super) const BLOCK_TICKS: i64 = 1 << BLOCK_BITS;
type Blocks = u32;
/// Blocks of the window: as many as a word has bits.
pub(super) const BLOCKS: i64 = Blocks::BITS as i64;
/// How many ticks the window spans.
pub const WINDOW_TICKS: i64 = BLOCKS * BLOCK_TICKS;
const TICKS: usize = WINDOW_TICKS as usize;

/// Levels by key; the lowest key is the best price of its side.
pub(super) struct Window {
    /// Lowest key of the window: the first of a block.
    base: i64,
    /// Which blocks, by place, hold any level.
    used: Blocks,
    levels: u32,
    /// Which ticks of a block stand, by the block's place.
    ticks: [u64; BLOCKS as usize],
    /// Quantity by place; 0 where nothing stands.
    qty: Box<[i64; TICKS]>,
}

const fn place(key: i64) -> usize {
    key as usize % TICKS
}

const fn block(key: i64) -> usize {
    place(key) >> BLOCK_BITS
}

impl Window {
    pub fn new() -> Self {
        let qty = vec![0; TICKS].into_boxed_slice();
        let qty = qty.try_into().unwrap_or_else(|_| Box::new([0; TICKS]));
        Self { base: 0, used: 0, levels: 0, ticks: [0; BLOCKS as usize], qty }
    }

    #[inline]
    pub const fn base(&self) -> i64 {
        self.base
    }

    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.used == 0
    }

    pub const fn len(&self) -> u32 {
        self.levels
    }

    #[inline]
    pub const fn spans(&self, key: i64) -> bool {
        (key.wrapping_sub(self.base) as u64) < WINDOW_TICKS as u64
    }

    /// Sets the quantity at a key that it spans; 0 removes.
    #[inline]
    pub fn set(&mut self, key: i64, qty: i64) {
        let (place, block) = (place(key), block(key));
        self.qty[place] = qty;
        let stands = u64::from(qty != 0);
        let before = self.ticks[block];
        let after = before & !(1 << (place % 64)) | stands << (place % 64);
        self.ticks[block] = after;
        self.used = self.used & !(1 << block) | Blocks::from(after != 0) << block;
        let stood = before >> (place % 64) & 1;
        self.levels = self.levels.wrapping_add(stands as u32).wrapping_sub(stood as u32);
    }

    /// The quantity at a key that it spans.
    #[inline]
    pub fn qty(&self, key: i64) -> i64 {
        self.qty[place(key)]
    }

    /// Its lowest key; of an empty window a key without meaning.
    #[inline]
    pub fn first(&self) -> i64 {
        let ahead = self.used.rotate_right(block(self.base) as u32).trailing_zeros();
        let start = self.base.wrapping_add(i64::from(ahead) << BLOCK_BITS);
        start.wrapping_add(i64::from(self.ticks[block(start)].trailing_zeros()))
    }

    /// Its lowest key at or above one that it spans.
    #[inline]
    pub fn first_from(&self, from: i64) -> Option<i64> {
        let here = self.ticks[block(from)] & u64::MAX << (place(from) % 64);
        if here != 0 {
            let start = from & -BLOCK_TICKS;
            return Some(start.wrapping_add(i64::from(here.trailing_zeros())));
        }
        let passed = (from.wrapping_sub(self.base) >> BLOCK_BITS) as u32 + 1;
        let ordered = self.used.rotate_right(block(self.base) as u32);
        let rest = ordered.checked_shr(passed).unwrap_or(0);
        if rest == 0 {
            return None;
        }
        let ahead = passed + rest.trailing_zeros();
        let start = self.base.wrapping_add(i64::from(ahead) << BLOCK_BITS);
        Some(start.wrapping_add(i64::from(self.ticks[block(start)].trailing_zeros())))
    }

    /// Empties the block that begins at a key it spans and hands over its levels, lowest first.
    pub fn empty_block(&mut self, start: i64, mut take: impl FnMut(i64, i64)) {
        let mut ticks = core::mem::take(&mut self.ticks[block(start)]);
        self.levels -= ticks.count_ones();
        self.used &= !(1 << block(start));
        while ticks != 0 {
            let key = start.wrapping_add(i64::from(ticks.trailing_zeros()));
            take(key, core::mem::take(&mut self.qty[place(key)]));
            ticks &= ticks - 1;
        }
    }

    /// Removes all levels and begins at a block's first key.
    pub fn clear(&mut self, base: i64) {
        for step in 0..BLOCKS {
            self.empty_block(self.base.wrapping_add(step << BLOCK_BITS), |_, _| ());
        }
        self.move_to(base);
    }

    /// Begins at another key, the first of a block. Blocks that are no longer spanned must be
    /// empty.
    pub const fn move_to(&mut self, base: i64) {
        self.base = base & -BLOCK_TICKS;
    }
}
