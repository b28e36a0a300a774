//! One side of a book: quantity by tick in pages of 64 ticks, found through bit maps.
//!
//! Setting a level and finding the best one touch a handful of words whatever the depth. Pages come
//! from a pool that is filled at start, so nothing is allocated afterwards; a level that finds no
//! page or lies outside the window is counted and left out.

use crate::id::Side;
use crate::instrument::PRICE_MAX;
use crate::num::{Price, Qty};
use crate::state::{Sink, Source, State};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

const PAGE_BITS: u32 = 6;
const PAGE_TICKS: usize = 1 << PAGE_BITS;
const DIRECTORY: usize = 1 << 18;
/// How many ticks the window spans.
pub const WINDOW_TICKS: i64 = (DIRECTORY * PAGE_TICKS) as i64;
/// Pages of one side: the most that hold a level at once.
pub const PAGES_MAX: usize = 8192;
const NO_PAGE: u16 = 0;

#[derive(Clone)]
struct Page {
    bits: u64,
    qty: [i64; PAGE_TICKS],
}

const EMPTY_PAGE: Page = Page { bits: 0, qty: [0; PAGE_TICKS] };

/// Quantities of one side.
pub struct Ladder {
    base: i64,
    summit: u64,
    middle: [u64; 64],
    pages_used: Box<[u64]>,
    directory: Box<[u16]>,
    pages: Vec<Page>,
    free: Vec<u16>,
    levels: u32,
    dropped: u64,
}

impl Ladder {
    /// An empty side whose window has not been placed.
    pub fn new() -> Self {
        let mut free: Vec<u16> = Vec::with_capacity(PAGES_MAX);
        free.extend((1..=PAGES_MAX as u16).rev());
        Self {
            base: 0,
            summit: 0,
            middle: [0; 64],
            pages_used: vec![0; DIRECTORY / 64].into_boxed_slice(),
            directory: vec![NO_PAGE; DIRECTORY].into_boxed_slice(),
            pages: vec![EMPTY_PAGE; PAGES_MAX + 1],
            free,
            levels: 0,
            dropped: 0,
        }
    }

    /// How many levels it holds.
    pub const fn len(&self) -> usize {
        self.levels as usize
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.levels == 0
    }

    /// How many updates were left out since the start: outside the window, or no page free.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) const fn set_dropped(&mut self, dropped: u64) {
        self.dropped = dropped;
    }

    /// Removes all levels and centres the window on a price.
    pub fn clear(&mut self, centre: Price) {
        while let Some(index) = self.first(0) {
            let place = (index >> PAGE_BITS) as usize;
            self.release(place);
        }
        self.levels = 0;
        self.base = (centre.0 - WINDOW_TICKS / 2).max(0) & !63;
    }

    /// Sets the quantity of a level; 0 removes it.
    #[inline]
    pub fn set(&mut self, price: Price, qty: Qty) {
        let index = price.0.wrapping_sub(self.base) as u64;
        if index >= WINDOW_TICKS as u64 {
            self.dropped += 1;
            return;
        }
        let place = (index >> PAGE_BITS) as usize;
        let mut page_number = self.directory[place];
        if page_number == NO_PAGE {
            if qty.0 == 0 {
                return;
            }
            let Some(fresh) = self.free.pop() else {
                self.dropped += 1;
                return;
            };
            page_number = fresh;
            self.take(place, fresh);
        }
        let page = &mut self.pages[usize::from(page_number)];
        let tick = (index & 63) as usize;
        let bit = 1_u64 << tick;
        let had = page.bits & bit != 0;
        page.qty[tick] = qty.0;
        if qty.0 != 0 {
            page.bits |= bit;
            self.levels += u32::from(!had);
        } else if had {
            page.bits &= !bit;
            self.levels -= 1;
            if page.bits == 0 {
                self.release(place);
            }
        }
    }

    /// The quantity at a price; 0 where there is none.
    #[inline]
    pub fn qty(&self, price: Price) -> Qty {
        let index = price.0.wrapping_sub(self.base) as u64;
        if index >= WINDOW_TICKS as u64 {
            return Qty(0);
        }
        let page = &self.pages[usize::from(self.directory[(index >> PAGE_BITS) as usize])];
        Qty(page.qty[(index & 63) as usize])
    }

    /// The best level: highest of bids, lowest of asks.
    #[inline]
    pub fn best(&self, side: Side) -> Option<(Price, Qty)> {
        let index = match side {
            Side::Buy => self.last(WINDOW_TICKS as u64 - 1),
            Side::Sell => self.first(0),
        }?;
        Some(self.level(index))
    }

    /// The next level strictly behind a price, seen from the touch.
    #[inline]
    pub fn behind(&self, side: Side, price: Price) -> Option<(Price, Qty)> {
        let offset = price.0.saturating_sub(self.base);
        let index = match side {
            Side::Buy => {
                let below = offset.checked_sub(1).filter(|below| *below >= 0)?;
                self.last((below as u64).min(WINDOW_TICKS as u64 - 1))
            }
            Side::Sell => self.first(offset.saturating_add(1).max(0) as u64),
        }?;
        Some(self.level(index))
    }

    #[inline]
    fn level(&self, index: u64) -> (Price, Qty) {
        let page = &self.pages[usize::from(self.directory[(index >> PAGE_BITS) as usize])];
        (Price(self.base + index as i64), Qty(page.qty[(index & 63) as usize]))
    }

    /// Lowest used index at or above `from`.
    #[inline]
    fn first(&self, from: u64) -> Option<u64> {
        if from >= WINDOW_TICKS as u64 {
            return None;
        }
        let place = (from >> PAGE_BITS) as usize;
        let here = self.page_bits(place) & (u64::MAX << (from & 63));
        if here != 0 {
            return Some((place as u64) << PAGE_BITS | u64::from(here.trailing_zeros()));
        }
        let place = self.next_place(place + 1)?;
        let bits = self.page_bits(place);
        Some((place as u64) << PAGE_BITS | u64::from(bits.trailing_zeros()))
    }

    /// Highest used index at or below `from`.
    #[inline]
    fn last(&self, from: u64) -> Option<u64> {
        let place = (from >> PAGE_BITS) as usize;
        let here = self.page_bits(place) & (u64::MAX >> (63 - (from & 63)));
        if here != 0 {
            return Some((place as u64) << PAGE_BITS | u64::from(63 - here.leading_zeros()));
        }
        let place = self.previous_place(place.checked_sub(1)?)?;
        let bits = self.page_bits(place);
        Some((place as u64) << PAGE_BITS | u64::from(63 - bits.leading_zeros()))
    }

    #[inline]
    fn page_bits(&self, place: usize) -> u64 {
        self.pages[usize::from(self.directory[place])].bits
    }

    #[inline]
    fn next_place(&self, from: usize) -> Option<usize> {
        if from >= DIRECTORY {
            return None;
        }
        let word = from >> 6;
        let here = self.pages_used[word] & (u64::MAX << (from & 63));
        if here != 0 {
            return Some(word << 6 | here.trailing_zeros() as usize);
        }
        let above = if word & 63 == 63 { 0 } else { u64::MAX << ((word & 63) + 1) };
        let group = word >> 6;
        let found = self.middle[group] & above;
        let word = if found != 0 {
            group << 6 | found.trailing_zeros() as usize
        } else {
            let groups = if group == 63 { 0 } else { self.summit & (u64::MAX << (group + 1)) };
            if groups == 0 {
                return None;
            }
            let group = groups.trailing_zeros() as usize;
            group << 6 | self.middle[group].trailing_zeros() as usize
        };
        Some(word << 6 | self.pages_used[word].trailing_zeros() as usize)
    }

    #[inline]
    fn previous_place(&self, from: usize) -> Option<usize> {
        let word = from >> 6;
        let here = self.pages_used[word] & (u64::MAX >> (63 - (from & 63)));
        if here != 0 {
            return Some(word << 6 | (63 - here.leading_zeros()) as usize);
        }
        let group = word >> 6;
        let found = self.middle[group] & ((1_u64 << (word & 63)) - 1);
        let word = if found != 0 {
            group << 6 | (63 - found.leading_zeros()) as usize
        } else {
            let groups = self.summit & ((1_u64 << group) - 1);
            if groups == 0 {
                return None;
            }
            let group = (63 - groups.leading_zeros()) as usize;
            group << 6 | (63 - self.middle[group].leading_zeros()) as usize
        };
        Some(word << 6 | (63 - self.pages_used[word].leading_zeros()) as usize)
    }

    fn take(&mut self, place: usize, page: u16) {
        self.directory[place] = page;
        self.pages_used[place >> 6] |= 1 << (place & 63);
        self.middle[place >> 12] |= 1 << (place >> 6 & 63);
        self.summit |= 1 << (place >> 12);
    }

    fn release(&mut self, place: usize) {
        let page = self.directory[place];
        self.pages[usize::from(page)] = EMPTY_PAGE;
        self.free.push(page);
        self.directory[place] = NO_PAGE;
        self.pages_used[place >> 6] &= !(1 << (place & 63));
        if self.pages_used[place >> 6] == 0 {
            self.middle[place >> 12] &= !(1 << (place >> 6 & 63));
            if self.middle[place >> 12] == 0 {
                self.summit &= !(1 << (place >> 12));
            }
        }
    }
}

impl State for Ladder {
    fn save(&self, sink: &mut dyn Sink) {
        sink.int(self.base);
        sink.word(self.dropped);
        sink.word(u64::from(self.levels));
        let mut next = self.first(0);
        while let Some(index) = next {
            let (_, qty) = self.level(index);
            sink.word(index);
            sink.int(qty.0);
            next = self.first(index + 1);
        }
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.clear(Price(0));
        self.base = source.int().filter(|base| (0..=PRICE_MAX).contains(base) && base & 63 == 0)?;
        let dropped = source.word()?;
        for _ in 0..source.count(WINDOW_TICKS as usize)? {
            let index = source.word().filter(|index| *index < WINDOW_TICKS as u64)?;
            let qty = source.int().filter(|qty| *qty > 0)?;
            self.set(Price(self.base + index as i64), Qty(qty));
        }
        self.dropped = dropped;
        Some(())
    }
}

impl Default for Ladder {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Ladder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ladder {{ {} levels from {} }}", self.levels, self.base)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::collections::BTreeMap;

    /// The naive side beside the paged one, under a seed.
    #[test]
    fn agrees_with_a_sorted_map() {
        for seed in 1..=8_u64 {
            let mut state = seed;
            let mut random = |limit: i64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
                ((state >> 33) as i64) % limit
            };
            let mut ladder = Ladder::new();
            let mut naive = BTreeMap::new();
            let centre = 6_000_000;
            ladder.clear(Price(centre));
            for round in 0..20_000 {
                let span = if random(4) == 0 { 5_000_000 } else { 300 };
                let price = centre + random(2 * span) - span;
                let qty = if random(2) == 0 { 0 } else { 1 + random(1000) };
                ladder.set(Price(price), Qty(qty));
                if qty == 0 {
                    naive.remove(&price);
                } else {
                    naive.insert(price, qty);
                }
                assert_eq!(ladder.len(), naive.len(), "seed {seed} round {round}");
                let pair = |level: Option<(&i64, &i64)>| level.map(|(p, q)| (Price(*p), Qty(*q)));
                assert_eq!(ladder.best(Side::Buy), pair(naive.last_key_value()), "seed {seed}");
                assert_eq!(ladder.best(Side::Sell), pair(naive.first_key_value()), "seed {seed}");
                let probe = centre + random(600) - 300;
                assert_eq!(
                    ladder.behind(Side::Buy, Price(probe)),
                    pair(naive.range(..probe).next_back()),
                    "seed {seed} below {probe}"
                );
                assert_eq!(
                    ladder.behind(Side::Sell, Price(probe)),
                    pair(naive.range(probe + 1..).next()),
                    "seed {seed} above {probe}"
                );
                assert_eq!(ladder.qty(Price(probe)).0, naive.get(&probe).copied().unwrap_or(0));
            }
            ladder.clear(Price(centre + 1000));
            assert!(ladder.is_empty() && ladder.best(Side::Buy).is_none());
            assert_eq!(ladder.free.len(), PAGES_MAX);
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut ladder = Ladder::new();
        ladder.clear(Price(WINDOW_TICKS));
        ladder.set(Price(1), Qty(1));
        assert_eq!((ladder.len(), ladder.dropped()), (0, 1));
        for page in 0..=PAGES_MAX as i64 {
            ladder.set(Price(WINDOW_TICKS + page * 64), Qty(1));
        }
        assert_eq!((ladder.len(), ladder.dropped()), (PAGES_MAX, 2));
    }
}
