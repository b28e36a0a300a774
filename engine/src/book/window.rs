//! The ticks around the touch, one word each: where nearly all updates go.
//!
//! The window is a ring of blocks of 64 ticks; a block that holds a level has a page of quantities.
//! A key's low bits name its block's place and its tick, so an update looks up a page and changes
//! three words, and the window moves without moving what stays in it.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

const BLOCK_BITS: u32 = 6;
/// Ticks of a block.
pub(super) const BLOCK_TICKS: i64 = 1 << BLOCK_BITS;
const BLOCKS: usize = 1 << 15;
/// How many ticks the window spans.
pub const WINDOW_TICKS: i64 = (BLOCKS as i64) << BLOCK_BITS;
const PAGES: usize = 1 << 10;
/// Blocks of 64 ticks that have a page at once at most.
pub const PAGES_MAX: usize = PAGES - 1;
/// The page of blocks that have none.
pub(super) const NO_PAGE: usize = 0;
const WORDS: usize = BLOCKS / 64;

/// Levels by key; the lowest key is the best price of its side.
pub(super) struct Window {
    /// Lowest key of the window: the first of a block.
    base: i64,
    /// Page of a block, by the block's place.
    directory: Box<[u16; BLOCKS]>,
    /// Which ticks of a page stand; never none of a page in use.
    ticks: Box<[u64; PAGES]>,
    /// Quantities of a page's ticks; 0 where nothing stands.
    qty: Box<[i64; PAGES * 64]>,
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
#[inline]
pub(super) const fn tick(key: i64) -> usize {
    key as usize % 64
}

const fn place(key: i64) -> usize {
    (key >> BLOCK_BITS) as usize % BLOCKS
}

fn zeros<T: Clone + Default, const N: usize>() -> Box<[T; N]> {
    let boxed = vec![T::default(); N].into_boxed_slice();
    boxed.try_into().unwrap_or_else(|_| unreachable!("a box of N is an array of N"))
}

impl Window {
    pub fn new() -> Self {
        Self {
            base: 0,
            directory: zeros(),
            ticks: zeros(),
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

    /// The page of a key; [`NO_PAGE`] where there is none, as outside of the window.
    #[inline]
    pub fn page(&self, key: i64) -> usize {
        if self.spans(key) { usize::from(self.directory[place(key)]) % PAGES } else { NO_PAGE }
    }

    /// Which ticks of a page stand.
    #[inline]
    pub fn ticks(&self, page: usize) -> u64 {
        self.ticks[page % PAGES]
    }

    /// The quantity in a page at a key of its block.
    #[inline]
    pub fn qty(&self, page: usize, key: i64) -> i64 {
        self.qty[page % PAGES * 64 + tick(key)]
    }

    /// Sets a quantity in a page, 0 removes: how many levels there are more, and which ticks of the
    /// page stand now. The page of no tick has to be closed.
    #[inline]
    pub fn set(&mut self, page: usize, key: i64, qty: i64) -> (u32, u64) {
        let tick = tick(key);
        self.qty[page % PAGES * 64 + tick] = qty;
        let ticks = &mut self.ticks[page % PAGES];
        let stood = *ticks >> tick & 1;
        let stands = u64::from(qty != 0);
        *ticks = *ticks & !(1 << tick) | stands << tick;
        ((stands as u32).wrapping_sub(stood as u32), *ticks)
    }

    /// Gives the block of a key that it spans an empty page; [`NO_PAGE`] when none is free.
    pub fn open(&mut self, key: i64) -> usize {
        let Some(page) = self.free.pop() else { return NO_PAGE };
        let place = place(key);
        self.directory[place] = page;
        self.used[place / 64] |= 1 << (place % 64);
        self.groups[place / 4096] |= 1 << (place / 64 % 64);
        usize::from(page)
    }

    /// Takes the page of a key's block away and hands over its levels, lowest first.
    pub fn close(&mut self, key: i64, mut take: impl FnMut(i64, i64)) {
        let (place, page) = (place(key), self.page(key));
        if page == NO_PAGE {
            return;
        }
        let mut ticks = core::mem::take(&mut self.ticks[page]);
        while ticks != 0 {
            let key = start(key) | i64::from(ticks.trailing_zeros());
            let at = page * 64 + tick(key);
            take(key, core::mem::take(&mut self.qty[at]));
            ticks &= ticks - 1;
        }
        self.directory[place] = NO_PAGE as u16;
        self.free.push(page as u16);
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
