//! One side of a book: a wide window of ticks around its touch, and all other levels in order
//! behind and before it.
//!
//! On recorded streams one update in four lies more than a thousand ticks from the touch and one in
//! twenty more than a hundred thousand, so that what is far must be nearly as quick as what is
//! near: a page of 64 ticks is found by one look into a directory of two million ticks. Searching
//! for the far ones in order costs more (mispredicted branches), a flat array of this width evicts
//! itself from the caches. The block that holds the touch is remembered and changes rarely: the
//! best price is one count of zeros. Pages go to the blocks nearest to the touch; the rest, like
//! what is outside of the window, lies in order in the far store and is as exact.
//!
//! Room is reserved at the start, 0.9 MiB a side, and only what is used is ever touched: a line of
//! the directory, a word of bits and a line of quantities for 8 ticks.
//!
//! Inside, a level's key is its price on the ask side and the price negated on the bid side: the
//! best level is the lowest key of either.

use super::Level;
use super::far::{FAR_LEVELS_MAX, Far};
use super::window::{BLOCK_TICKS, NO_PAGE, Window, start, tick};
pub use super::window::{PAGES_MAX, WINDOW_TICKS};
use crate::id::Side;
use crate::instrument::{PRICE_MAX, QTY_MAX};
use crate::num::{Price, Qty};
use crate::state::{Sink, Source, State};

/// Levels of one side at most; the farthest go when there are more.
pub const LEVELS_MAX: usize = FAR_LEVELS_MAX - 64;
/// Levels that move to the far store at a message's end at most while the window follows the
/// touch, give or take a block's.
pub const FOLLOW_LEVELS_MAX: usize = 128;
/// The window is kept so that the touch is so far from its better end.
const LEAD_TICKS: core::ops::RangeInclusive<i64> = WINDOW_TICKS / 16..=WINDOW_TICKS / 4;
/// Where the touch is put when the window moves.
const LEAD: i64 = WINDOW_TICKS / 8;

/// Quantities of one side by price. Prices are 0 to [`PRICE_MAX`].
pub struct Ladder {
    window: Window,
    /// Every level whose block has no page.
    far: Far,
    /// All ones on the bid side, else 0: turns prices into keys and back.
    flip: i64,
    /// First key of the block with the best level, and its page; [`NO_PAGE`] where that level lies
    /// in the far store or there is none.
    touch: i64,
    touch_page: usize,
    levels: u32,
    dropped: u64,
}

impl Ladder {
    /// An empty side; allocates all it will ever need.
    pub fn new(side: Side) -> Self {
        let flip = match side {
            Side::Buy => -1,
            Side::Sell => 0,
        };
        let (window, far) = (Window::new(), Far::new());
        Self { window, far, flip, touch: 0, touch_page: NO_PAGE, levels: 0, dropped: 0 }
    }

    /// How many levels it holds.
    pub const fn len(&self) -> usize {
        self.levels as usize
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.levels == 0
    }

    /// How many levels were left out since the start because there were more than [`LEVELS_MAX`]:
    /// always the farthest.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) const fn set_dropped(&mut self, dropped: u64) {
        self.dropped = dropped;
    }

    /// A price as key or a key as price.
    #[inline]
    const fn turned(&self, price: i64) -> i64 {
        (price ^ self.flip).wrapping_sub(self.flip)
    }

    #[inline]
    const fn level(&self, (key, qty): (i64, i64)) -> Level {
        (Price(self.turned(key)), Qty(qty))
    }

    /// Removes all levels and places the window for a touch at this price.
    pub fn clear(&mut self, touch: Price) {
        while let Some(block) = self.window.last_block() {
            self.window.close(block, |_, _| ());
        }
        self.far.clear();
        self.levels = 0;
        self.window.move_to(self.turned(touch.0).wrapping_sub(LEAD));
        self.find_touch();
    }

    /// Sets the quantity of a level; 0 removes it.
    #[inline]
    pub fn set(&mut self, price: Price, qty: Qty) {
        let key = self.turned(price.0);
        let page = self.window.page(key);
        if page == NO_PAGE {
            return self.set_without_page(key, qty.0);
        }
        let (more, ticks) = self.window.set(page, key, qty.0);
        self.levels = self.levels.wrapping_add(more);
        if ticks == 0 || self.levels > LEVELS_MAX as u32 {
            self.tidy(key, ticks);
        }
    }

    #[inline(never)]
    fn tidy(&mut self, key: i64, ticks: u64) {
        if ticks == 0 {
            self.window.close(key, |_, _| ());
            if start(key) == self.touch {
                self.find_touch();
            }
        }
        self.trim();
    }

    #[inline(never)]
    fn set_without_page(&mut self, key: i64, qty: i64) {
        if qty == 0 {
            if self.far.len() > 0 && self.far.remove(key) {
                self.levels -= 1;
                self.find_touch();
            }
            return;
        }
        let page = self.open(key);
        self.levels = self.levels.wrapping_add(if page == NO_PAGE {
            u32::from(self.far.put(key, qty))
        } else {
            self.window.set(page, key, qty).0
        });
        if self.touch_page == NO_PAGE || key < self.touch {
            self.find_touch();
        }
        self.trim();
    }

    /// Gives a key's block a page and moves its levels there, if it lies in the window; when no
    /// page is free, the farthest block gives its own unless it is nearer.
    fn open(&mut self, key: i64) -> usize {
        if !self.window.spans(key) {
            return NO_PAGE;
        }
        let mut page = self.window.open(key);
        if page == NO_PAGE {
            match self.window.last_block() {
                Some(last) if last > key => self.put_away(last),
                _ => return NO_PAGE,
            };
            page = self.window.open(key);
        }
        if self.far.len() > 0 {
            let (from, window) = (start(key), &mut self.window);
            self.far.take(from, from.wrapping_add(BLOCK_TICKS), |key, qty| {
                window.set(page, key, qty);
            });
        }
        page
    }

    /// Moves a block's levels to the far store; returns how many.
    fn put_away(&mut self, block: i64) -> usize {
        let (far, mut count) = (&mut self.far, 0);
        self.window.close(block, |key, qty| count += usize::from(far.put(key, qty)));
        count
    }

    /// Removes the farthest level while there are too many.
    fn trim(&mut self) {
        while self.levels as usize > LEVELS_MAX {
            let block = self.window.last_block();
            if let Some(last) = self.far.last().filter(|key| block.is_none_or(|near| *key > near)) {
                self.far.remove(last);
            } else if let Some(block) = block {
                // Its last level goes next, from the far store.
                self.put_away(block);
                continue;
            }
            self.levels -= 1;
            self.dropped += 1;
            self.find_touch();
        }
    }

    /// Looks for the block with the best level.
    fn find_touch(&mut self) {
        let block = self.window.block_from(self.window.base());
        self.touch = block.unwrap_or(i64::MAX);
        self.touch_page = match block {
            Some(block) if block < self.far.front() => self.window.page(block),
            _ => NO_PAGE,
        };
    }

    /// The quantity at a price; 0 where there is none.
    #[inline]
    pub fn qty(&self, price: Price) -> Qty {
        let key = self.turned(price.0);
        match self.window.page(key) {
            NO_PAGE => Qty(self.far.qty(key)),
            page => Qty(self.window.qty(page, key)),
        }
    }

    /// The best level: highest of bids, lowest of asks.
    #[inline]
    pub fn best(&self) -> Option<Level> {
        if self.touch_page == NO_PAGE {
            return self.best_of_far();
        }
        let tick = self.window.ticks(self.touch_page).trailing_zeros();
        let key = self.touch | i64::from(tick);
        Some(self.level((key, self.window.qty(self.touch_page, key))))
    }

    #[cold]
    fn best_of_far(&self) -> Option<Level> {
        self.far.first_from(i64::MIN).map(|found| self.level(found))
    }

    /// The next level strictly behind a price, seen from the touch.
    #[inline]
    pub fn behind(&self, price: Price) -> Option<Level> {
        self.first_from(self.turned(price.0).saturating_add(1)).map(|found| self.level(found))
    }

    /// The lowest key at or above this one, and what stands there.
    #[inline]
    fn first_from(&self, from: i64) -> Option<(i64, i64)> {
        let page = self.window.page(from);
        if page != NO_PAGE {
            // A block with a page has no levels elsewhere.
            let ticks = self.window.ticks(page) & u64::MAX << tick(from);
            if ticks != 0 {
                let key = start(from) | i64::from(ticks.trailing_zeros());
                return Some((key, self.window.qty(page, key)));
            }
        }
        self.first_beyond(from)
    }

    /// The same where the key's block has no level at or above it in a page.
    fn first_beyond(&self, from: i64) -> Option<(i64, i64)> {
        let far = self.far.first_from(from);
        let near = from.max(self.window.base());
        let block = if self.window.spans(near) { self.window.block_from(near) } else { None };
        let block = match block {
            Some(block) if block < from => {
                let next = block.wrapping_add(BLOCK_TICKS);
                if self.window.spans(next) { self.window.block_from(next) } else { None }
            }
            block => block,
        };
        let near = block.map(|block| {
            let page = self.window.page(block);
            let key = block | i64::from(self.window.ticks(page).trailing_zeros());
            (key, self.window.qty(page, key))
        });
        match (near, far) {
            (Some(near), Some(far)) => Some(if near.0 < far.0 { near } else { far }),
            (near, far) => near.or(far),
        }
    }

    /// Moves the window toward the touch, with at most about [`FOLLOW_LEVELS_MAX`] levels going to
    /// the far store, and says whether more is to do. To be called when a message is whole.
    #[inline]
    pub fn follow(&mut self) -> bool {
        let lead = self.touch.wrapping_sub(self.window.base());
        let stays = self.touch_page != NO_PAGE && LEAD_TICKS.contains(&lead);
        !stays && self.levels > 0 && self.move_window()
    }

    #[cold]
    fn move_window(&mut self) -> bool {
        let touch = self.touch.min(self.far.front());
        let goal = start(touch).wrapping_sub(LEAD);
        let mut moved = 0;
        // No block before the touch has a page: only those at the other end can lose the window.
        while let Some(last) = self.window.last_block()
            && last >= goal.wrapping_add(WINDOW_TICKS)
            && moved < FOLLOW_LEVELS_MAX
        {
            moved += self.put_away(last);
        }
        let end = self.window.last_block().map_or(i64::MIN, |last| last.wrapping_add(BLOCK_TICKS));
        let base = goal.max(end.saturating_sub(WINDOW_TICKS));
        self.window.move_to(base);
        if self.window.page(touch) == NO_PAGE {
            self.open(touch);
        }
        self.find_touch();
        base != goal
    }

    /// Follows the touch until the window lies around it: after a snapshot.
    pub fn settle(&mut self) {
        for _ in 0..=LEVELS_MAX / FOLLOW_LEVELS_MAX {
            if !self.follow() {
                return;
            }
        }
    }
}

impl State for Ladder {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.dropped);
        sink.word(u64::from(self.levels));
        let mut next = self.first_from(i64::MIN);
        while let Some((key, qty)) = next {
            sink.int(self.turned(key));
            sink.int(qty);
            next = self.first_from(key + 1);
        }
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.clear(Price(0));
        let dropped = source.word()?;
        let mut before = i64::MIN;
        for number in 0..source.count(LEVELS_MAX)? {
            let price = source.int().filter(|price| (0..=PRICE_MAX).contains(price))?;
            let qty = source.int().filter(|qty| (1..=QTY_MAX).contains(qty))?;
            if number == 0 {
                self.clear(Price(price));
            }
            let key = self.turned(price);
            if key <= before {
                return None;
            }
            before = key;
            self.set(Price(price), Qty(qty));
        }
        self.dropped = dropped;
        Some(())
    }
}

impl core::fmt::Debug for Ladder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ladder {{ {} levels, window from {} }}", self.levels, self.window.base())
    }
}

#[cfg(test)]
mod tests;
