//! One side of a book: a flat window of ticks around its touch, and all other levels in order
//! behind and before it.
//!
//! On recorded streams nine of ten updates lie within 2048 ticks behind the touch and come in order
//! of price, so the step between window and far store is well foretold; the rest may be anywhere
//! and is as exact. Quantities need 64 bits, so the window is 16 KiB a side, of which only the
//! lines around the touch stay in the caches; the far store reserves 348 KiB a side and touches
//! what it uses. The window follows the touch by a bounded number of blocks a message; until it has
//! caught up, everything is merely slower.
//!
//! Inside, a level's key is its price on the ask side and the price negated on the bid side: the
//! best level is the lowest key of either.

use super::Level;
pub use super::far::FAR_LEVELS_MAX;
use super::far::Far;
pub use super::window::WINDOW_TICKS;
use super::window::{BLOCK_BITS, BLOCK_TICKS, BLOCKS, Window};
use crate::id::Side;
use crate::instrument::{PRICE_MAX, QTY_MAX};
use crate::num::{Price, Qty};
use crate::state::{Sink, Source, State};

/// By how many blocks of 64 ticks the window follows the touch at a message's end at most.
pub const FOLLOW_BLOCKS_MAX: i64 = 2;
/// The window is kept so that the touch lies in one of these blocks of it, from its better end.
const TOUCH_BLOCKS: core::ops::RangeInclusive<i64> = BLOCKS / 16..=BLOCKS / 4;
/// Where the touch is put when the window is placed.
const TOUCH_BLOCK: i64 = BLOCKS / 8;
/// Levels of one side at most.
pub const LEVELS_MAX: usize = FAR_LEVELS_MAX + WINDOW_TICKS as usize;

/// Quantities of one side by price. Prices are 0 to [`PRICE_MAX`].
pub struct Ladder {
    window: Window,
    far: Far,
    /// All ones on the bid side, else 0: turns prices into keys and back.
    flip: i64,
    dropped: u64,
}

impl Ladder {
    /// An empty side; allocates all it will ever need.
    pub fn new(side: Side) -> Self {
        let flip = match side {
            Side::Buy => -1,
            Side::Sell => 0,
        };
        Self { window: Window::new(), far: Far::new(), flip, dropped: 0 }
    }

    /// How many levels it holds.
    pub const fn len(&self) -> usize {
        self.window.len() as usize + self.far.len()
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many levels were left out since the start because the far store was full: the farthest.
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
        let key = self.turned(touch.0);
        self.window.clear(key.wrapping_sub(TOUCH_BLOCK << BLOCK_BITS));
        self.far.clear();
    }

    /// Sets the quantity of a level; 0 removes it.
    #[inline]
    pub fn set(&mut self, price: Price, qty: Qty) {
        let key = self.turned(price.0);
        if self.window.spans(key) {
            self.window.set(key, qty.0);
        } else {
            self.set_far(key, qty.0);
        }
    }

    #[inline(never)]
    fn set_far(&mut self, key: i64, qty: i64) {
        self.dropped += u64::from(!self.far.set(key, qty));
    }

    /// The quantity at a price; 0 where there is none.
    #[inline]
    pub fn qty(&self, price: Price) -> Qty {
        let key = self.turned(price.0);
        Qty(if self.window.spans(key) { self.window.qty(key) } else { self.far.qty(key) })
    }

    /// The best level: highest of bids, lowest of asks.
    #[inline]
    pub fn best(&self) -> Option<Level> {
        if self.window.is_empty() || self.far.front() < self.window.base() {
            return self.best_of_far();
        }
        let key = self.window.first();
        Some(self.level((key, self.window.qty(key))))
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
        let (base, end) = (self.window.base(), self.window.base().wrapping_add(WINDOW_TICKS));
        let mut from = from;
        if from < base {
            let before = self.far.first_from(from).filter(|(key, _)| *key < base);
            if before.is_some() {
                return before;
            }
            from = base;
        }
        if from < end {
            if let Some(key) = self.window.first_from(from) {
                return Some((key, self.window.qty(key)));
            }
            from = end;
        }
        self.far.first_from(from)
    }

    /// Moves the window toward the touch, at most [`FOLLOW_BLOCKS_MAX`] blocks, and says whether
    /// more is to do. To be called when a message is whole.
    #[inline]
    pub fn follow(&mut self) -> bool {
        if self.window.is_empty() || self.far.front() < self.window.base() {
            return self.follow_far();
        }
        let ahead = self.window.first().wrapping_sub(self.window.base()) >> BLOCK_BITS;
        if TOUCH_BLOCKS.contains(&ahead) { false } else { self.shift(ahead) }
    }

    /// The touch is outside of the window.
    #[cold]
    fn follow_far(&mut self) -> bool {
        let Some((key, _)) = self.far.first_from(i64::MIN) else { return false };
        let ahead = (key.wrapping_sub(self.window.base())) >> BLOCK_BITS;
        if !self.window.is_empty() {
            return self.shift(ahead);
        }
        // An empty window jumps: to where one block of it, the last, holds levels.
        self.window.move_to((key & -BLOCK_TICKS).wrapping_sub(WINDOW_TICKS - BLOCK_TICKS));
        self.fill(key & -BLOCK_TICKS);
        true
    }

    /// Moves the window by blocks so that the touch, which is so many blocks behind its begin,
    /// comes nearer to its place.
    #[cold]
    fn shift(&mut self, ahead: i64) -> bool {
        let goal = ahead - TOUCH_BLOCK;
        let steps = goal.clamp(-FOLLOW_BLOCKS_MAX, FOLLOW_BLOCKS_MAX);
        for _ in 0..steps.abs() {
            let base = self.window.base();
            let (gone, fresh, to) = if steps > 0 {
                (base, base.wrapping_add(WINDOW_TICKS), base.wrapping_add(BLOCK_TICKS))
            } else {
                let to = base.wrapping_sub(BLOCK_TICKS);
                (base.wrapping_add(WINDOW_TICKS - BLOCK_TICKS), to, to)
            };
            let (far, dropped) = (&mut self.far, &mut self.dropped);
            self.window.empty_block(gone, |key, qty| *dropped += u64::from(!far.set(key, qty)));
            self.window.move_to(to);
            self.fill(fresh);
        }
        goal != steps
    }

    /// Takes the levels of a block that the window just began to span out of the far store.
    fn fill(&mut self, start: i64) {
        let window = &mut self.window;
        self.far.take(start, start.wrapping_add(BLOCK_TICKS), |key, qty| window.set(key, qty));
    }

    /// Follows the touch until the window lies around it: after a snapshot.
    pub fn settle(&mut self) {
        for _ in 0..2 * BLOCKS {
            if !self.follow() {
                return;
            }
        }
    }
}

impl State for Ladder {
    fn save(&self, sink: &mut dyn Sink) {
        sink.int(self.window.base());
        sink.word(self.dropped);
        sink.word(self.len() as u64);
        let mut next = self.first_from(i64::MIN);
        while let Some((key, qty)) = next {
            sink.int(self.turned(key));
            sink.int(qty);
            next = self.first_from(key + 1);
        }
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let limit = PRICE_MAX + 2 * WINDOW_TICKS;
        self.clear(Price(0));
        let fits = |base: &i64| (-limit..=limit).contains(base) && base % BLOCK_TICKS == 0;
        let base = source.int().filter(fits)?;
        self.window.move_to(base);
        let dropped = source.word()?;
        let mut before = i64::MIN;
        for _ in 0..source.count(LEVELS_MAX)? {
            let price = source.int().filter(|price| (0..=PRICE_MAX).contains(price))?;
            let qty = source.int().filter(|qty| (1..=QTY_MAX).contains(qty))?;
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
        write!(f, "Ladder {{ {} levels, window from {} }}", self.len(), self.window.base())
    }
}

#[cfg(test)]
mod tests;
