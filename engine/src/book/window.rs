//! The ticks around the touch, one word each: where nearly all updates go.
//!
//! The window is a ring of blocks of 16 ticks; a block that holds a level has a page of quantities.
//! A key's low bits name its block's place and its tick. An update looks up one word, which tells
//! the page and which of its ticks stand, and changes it and a quantity: two lines of the cache.
//! The window moves without moving what stays in it.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

const BLOCK_BITS: u32 = 4;
/// Ticks of a block.
pub(super) const BLOCK_TICKS: i64 = 1 << BLOCK_BITS;
const TICKS: usize = BLOCK_TICKS as usize;
const BLOCKS: usize = 1 << 16;
/// How many ticks the window spans.
pub const WINDOW_TICKS: i64 = (BLOCKS as i64) << BLOCK_BITS;
const PAGES: usize = 1 << 12;
/// Blocks of 16 ticks that have a page at once at most.
pub const PAGES_MAX: usize = PAGES - 1;
const WORDS: usize = BLOCKS / 64;

/// What the directory tells of a block: its page in the high half, the ticks of it that stand in
/// the low half; 0 of a block without a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block(u32);

impl Block {
    /// Of blocks that have no page.
    pub const NONE: Self = Self(0);

    /// Where the quantity of a key of this block is.
    #[inline]
    const fn at(self, key: i64) -> usize {
        (self.0 >> 16) as usize % PAGES * TICKS + tick(key) as usize
    }

    /// The first of its ticks that stand, at or above that of a key.
    #[inline]
    pub const fn first_from(self, key: i64) -> Option<i64> {
        let ticks = self.0 & 0xffff & u32::MAX << tick(key);
        if ticks == 0 { None } else { Some(start(key) | ticks.trailing_zeros() as i64) }
    }

    /// Whether none of its ticks stands.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 & 0xffff == 0
    }

    /// The block without its ticks up to that of a key.
    #[inline]
    #[must_use]
    pub const fn behind(self, key: i64) -> Self {
        Self(self.0 & !(u32::MAX >> (31 - tick(key))))
    }

    /// Its lowest key, given the first key that it could have.
    #[inline]
    pub const fn first(self, start: i64) -> i64 {
        start | (self.0.trailing_zeros() % BLOCK_TICKS as u32) as i64
    }
}

/// Levels by key; the lowest key is the best price of its side.
pub(super) struct Window {
    /// Lowest key of the window: the first of a block.
    base: i64,
    /// Words of [`Block`]s by their places.
    directory: Box<[u32; BLOCKS]>,
    /// Quantities by page and tick; 0 where nothing stands.
    qty: Box<[i64; PAGES * TICKS]>,
    /// Which blocks, by place, have a page.
    used: Box<[u64; WORDS]>,
    /// Which words of `used` are not 0.
    groups: [u64; WORDS / 64],
    free: Vec<u16>,
}

/// The first key of a block.
pub(super) const fn start(key: i64) -> i64 {
    key & -BLOCK_TICKS
}

/// A key's tick within its block.
const fn tick(key: i64) -> u32 {
    key as u32 % BLOCK_TICKS as u32
}

const fn place(key: i64) -> usize {
    (key >> BLOCK_BITS) as usize % BLOCKS
}

/// Boxed zeros, which the system gives untouched.
fn zeros<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    // A slice of N is an array of N at the first turn; an array alone would pass over the stack.
    loop {
        if let Ok(array) = vec![T::default(); N].into_boxed_slice().try_into() {
            return array;
        }
    }
}

impl Window {
    pub fn new() -> Self {
        Self {
            base: 0,
            directory: zeros(),
            qty: zeros(),
            used: zeros(),
            groups: [0; WORDS / 64],
            free: (1..PAGES as u16).rev().collect(),
        }
    }

    pub const fn base(&self) -> i64 {
        self.base
    }

    /// Begins at another block. Blocks that are no longer spanned must have no page.
    pub const fn move_to(&mut self, base: i64) {
        self.base = start(base);
    }

    #[inline]
    pub const fn spans(&self, key: i64) -> bool {
        (key.wrapping_sub(self.base) as u64) < WINDOW_TICKS as u64
    }

    /// The block of a key; [`Block::NONE`] where it has no page, as outside of the window.
    #[inline]
    pub fn block(&self, key: i64) -> Block {
        if self.spans(key) { self.block_at(key) } else { Block::NONE }
    }

    /// The same of a key that it spans.
    #[inline]
    pub fn block_at(&self, key: i64) -> Block {
        Block(self.directory[place(key)])
    }

    /// The quantity at a key of this block.
    #[inline]
    pub fn qty(&self, block: Block, key: i64) -> i64 {
        self.qty[block.at(key)]
    }

    /// Sets the quantity at a key of this block, 0 removes: how many levels there are more, and
    /// whether none stands in the block now, which has to be closed then.
    #[inline]
    pub fn set(&mut self, block: Block, key: i64, qty: i64) -> (i32, bool) {
        self.qty[block.at(key)] = qty;
        let tick = tick(key);
        let stood = block.0 >> tick & 1;
        let stands = u32::from(qty != 0);
        let after = block.0 & !(1 << tick) | stands << tick;
        self.directory[place(key)] = after;
        (stands.wrapping_sub(stood) as i32, Block(after).is_empty())
    }

    /// Gives the block of a key that it spans an empty page, if any is free.
    pub fn open(&mut self, key: i64) -> Block {
        let Some(page) = self.free.pop() else { return Block::NONE };
        let place = place(key);
        let block = Block(u32::from(page) << 16);
        self.directory[place] = block.0;
        self.used[place / 64] |= 1 << (place % 64);
        self.groups[place / 4096] |= 1 << (place / 64 % 64);
        block
    }

    /// Takes the page of a key's block away and hands over its levels, lowest first.
    pub fn close(&mut self, key: i64, mut take: impl FnMut(i64, i64)) {
        let (place, block) = (place(key), self.block(key));
        if block == Block::NONE {
            return;
        }
        let mut next = block.first_from(start(key));
        while let Some(key) = next {
            take(key, core::mem::take(&mut self.qty[block.at(key)]));
            next = if start(key + 1) == start(key) { block.first_from(key + 1) } else { None };
        }
        self.directory[place] = Block::NONE.0;
        self.free.push((block.0 >> 16) as u16);
        self.used[place / 64] &= !(1 << (place % 64));
        if self.used[place / 64] == 0 {
            self.groups[place / 4096] &= !(1 << (place / 64 % 64));
        }
    }

    /// The first key of the lowest block with a page at or above a key that it spans.
    pub fn block_from(&self, from: i64) -> Option<i64> {
        let (low, from) = (place(self.base), place(from));
        let found = if from >= low {
            self.first(from, BLOCKS).or_else(|| self.first(0, low))
        } else {
            self.first(from, low)
        };
        found.map(|place| self.key(place))
    }

    /// The first key of the highest block with a page.
    pub fn last_block(&self) -> Option<i64> {
        let low = place(self.base);
        let found = self.last(0, low).or_else(|| self.last(low, BLOCKS));
        found.map(|place| self.key(place))
    }

    /// The first key of the block at a place.
    fn key(&self, found: usize) -> i64 {
        let ahead = found.wrapping_sub(place(self.base)) % BLOCKS;
        self.base.wrapping_add((ahead as i64) << BLOCK_BITS)
    }

    /// The lowest place with a page in a range.
    fn first(&self, from: usize, to: usize) -> Option<usize> {
        if from >= to {
            return None;
        }
        let here = self.used[from / 64] & u64::MAX << (from % 64);
        if here != 0 {
            let found = from / 64 * 64 + here.trailing_zeros() as usize;
            return Some(found).filter(|found| *found < to);
        }
        let next = from / 64 + 1;
        for group in next / 64..self.groups.len() {
            let mask = if group == next / 64 { u64::MAX << (next % 64) } else { u64::MAX };
            let words = self.groups[group] & mask;
            if words != 0 {
                let word = group * 64 + words.trailing_zeros() as usize;
                let found = word * 64 + self.used[word].trailing_zeros() as usize;
                return Some(found).filter(|found| *found < to);
            }
        }
        None
    }

    /// The highest place with a page in a range.
    fn last(&self, from: usize, to: usize) -> Option<usize> {
        let top = to.checked_sub(1).filter(|top| *top >= from)?;
        let here = self.used[top / 64] & u64::MAX >> (63 - top % 64);
        if here != 0 {
            let found = top / 64 * 64 + 63 - here.leading_zeros() as usize;
            return Some(found).filter(|found| *found >= from);
        }
        let before = (top / 64).checked_sub(1)?;
        for group in (0..=before / 64).rev() {
            let mask = if group == before / 64 { u64::MAX >> (63 - before % 64) } else { u64::MAX };
            let words = self.groups[group] & mask;
            if words != 0 {
                let word = group * 64 + 63 - words.leading_zeros() as usize;
                let found = word * 64 + 63 - self.used[word].leading_zeros() as usize;
                return Some(found).filter(|found| *found >= from);
            }
        }
        None
    }
}
