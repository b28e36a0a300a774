//! One side of a book: a wide window of ticks around its touch, and all other levels in order
//! behind and before it.
//!
//! On recorded streams one update in four lies more than a thousand ticks from the touch and one in
//! twenty more than a hundred thousand, so that what is far must be nearly as quick as what is
//! near: one look into a directory of a million ticks finds a page of 16. Searching for the far
//! ones in order costs more (mispredicted branches), a flat array of this width more memory. Pages
//! go to the blocks nearest to the touch; the rest, like what is outside of the window, lies in
//! order in the far store and is as exact. The best level is kept: one update in twenty-five comes
//! near to it, and those count zeros in its block.
//!
//! Room is reserved at the start, 1.1 MiB a side, and only what is used is ever touched: lines of
//! the directory, each for 256 ticks, and lines of quantities, each for 8.
//!
//! Inside, a level's key is its price on the ask side and the price negated on the bid side: the
//! best level is the lowest key of either.

use super::Level;
use super::far::{FAR_LEVELS_MAX, Far};
use super::window::{BLOCK_TICKS, Block, Window, start};
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
    best: Option<Level>,
    /// An update at a key below this one may change the best level; the first key behind the block
    /// that holds it.
    edge: i64,
    /// How many more levels it may hold; below 0 in the midst of an update only.
    room: i32,
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
        let room = LEVELS_MAX as i32;
        Self { window, far, flip, best: None, edge: i64::MAX, room, dropped: 0 }
    }

    /// How many levels it holds.
    pub const fn len(&self) -> usize {
        (LEVELS_MAX as i32 - self.room) as usize
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.room == LEVELS_MAX as i32
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
        self.room = LEVELS_MAX as i32;
        self.window.move_to(self.turned(touch.0).wrapping_sub(LEAD));
        self.find_best();
    }

    /// Sets the quantity of a level; 0 removes it.
    #[inline]
    pub fn set(&mut self, price: Price, qty: Qty) {
        let key = self.turned(price.0);
        let block = self.window.block(key);
        if block == Block::NONE {
            return self.set_without_page(key, qty.0);
        }
        let (more, is_empty) = self.window.set(block, key, qty.0);
        self.room = self.room.wrapping_sub(more);
        if is_empty || self.room < 0 || key < self.edge {
            self.tidy(key, is_empty);
        }
    }

    #[inline(never)]
    fn tidy(&mut self, key: i64, is_empty: bool) {
        if is_empty {
            self.window.close(key, |_, _| ());
            if key < self.edge {
                self.find_best();
            }
        } else if key < self.edge {
            // The best level is in this block: blocks before it have no page.
            self.best = Some(self.level(self.first_of(start(key))));
        }
        self.trim();
    }

    #[inline(never)]
    fn set_without_page(&mut self, key: i64, qty: i64) {
        if qty == 0 {
            if self.far.len() > 0 && self.far.remove(key) {
                self.room += 1;
                if key < self.edge {
                    self.find_best();
                }
            }
            return;
        }
        let block = self.open(key);
        self.room -= if block == Block::NONE {
            i32::from(self.far.put(key, qty))
        } else {
            self.window.set(block, key, qty).0
        };
        if key < self.edge {
            self.find_best();
        }
        self.trim();
    }

    /// Gives a key's block a page and moves its levels there, if it lies in the window; when no
    /// page is free, the farthest block gives its own unless it is nearer.
    fn open(&mut self, key: i64) -> Block {
        if !self.window.spans(key) {
            return Block::NONE;
        }
        if self.window.open(key) == Block::NONE {
            match self.window.last_block() {
                Some(last) if last > key => self.put_away(last),
                _ => return Block::NONE,
            };
            self.window.open(key);
        }
        if self.far.len() > 0 {
            let (from, window) = (start(key), &mut self.window);
            self.far.take(from, from.wrapping_add(BLOCK_TICKS), |key, qty| {
                window.set(window.block(key), key, qty);
            });
        }
        self.window.block(key)
    }

    /// Moves a block's levels to the far store; returns how many.
    fn put_away(&mut self, block: i64) -> usize {
        let (far, mut count) = (&mut self.far, 0);
        self.window.close(block, |key, qty| count += usize::from(far.put(key, qty)));
        count
    }

    /// Removes the farthest level while there are too many.
    fn trim(&mut self) {
        while self.room < 0 {
            let block = self.window.last_block();
            if let Some(last) = self.far.last().filter(|key| block.is_none_or(|near| *key > near)) {
                self.far.remove(last);
            } else if let Some(block) = block {
                // Its last level goes next, from the far store.
                self.put_away(block);
                continue;
            }
            self.room += 1;
            self.dropped += 1;
        }
    }

    /// Looks for the best level.
    fn find_best(&mut self) {
        let best = self.first_beyond(i64::MIN);
        self.best = best.map(|best| self.level(best));
        let end = best.map(|(key, _)| start(key).saturating_add(BLOCK_TICKS));
        self.edge = end.unwrap_or(i64::MAX);
    }

    /// The quantity at a price; 0 where there is none.
    #[inline]
    pub fn qty(&self, price: Price) -> Qty {
        let key = self.turned(price.0);
        match self.window.block(key) {
            Block::NONE => Qty(self.far.qty(key)),
            block => Qty(self.window.qty(block, key)),
        }
    }

    /// The best level: highest of bids, lowest of asks.
    #[inline]
    pub const fn best(&self) -> Option<Level> {
        self.best
    }

    /// The lowest level of the block with a page that begins at a key.
    #[inline]
    fn first_of(&self, start: i64) -> (i64, i64) {
        let block = self.window.block_at(start);
        let key = block.first(start);
        (key, self.window.qty(block, key))
    }

    /// Its levels from the touch outward.
    #[inline]
    pub fn levels(&self) -> Levels<'_> {
        self.levels_from(i64::MIN)
    }

    /// Its levels strictly behind a price, seen from the touch, outward.
    #[inline]
    pub fn behind(&self, price: Price) -> Levels<'_> {
        self.levels_from(self.turned(price.0).saturating_add(1))
    }

    #[inline]
    const fn levels_from(&self, from: i64) -> Levels<'_> {
        Levels { ladder: self, from, start: 0, block: Block::NONE }
    }

    /// The lowest key at or above this one, and what stands there.
    #[inline]
    fn first_from(&self, from: i64) -> Option<(i64, i64)> {
        let block = self.window.block(from);
        if let Some(key) = block.first_from(from) {
            // A block with a page has no levels elsewhere.
            return Some((key, self.window.qty(block, key)));
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
        let near = block.map(|block| self.first_of(block));
        match (near, far) {
            (Some(near), Some(far)) => Some(if near.0 < far.0 { near } else { far }),
            (near, far) => near.or(far),
        }
    }

    /// Moves the window toward the touch, with at most about [`FOLLOW_LEVELS_MAX`] levels going to
    /// the far store, and says whether more is to do. To be called when a message is whole.
    #[inline]
    pub fn follow(&mut self) -> bool {
        let lead = self.edge.wrapping_sub(self.window.base());
        !LEAD_TICKS.contains(&lead) && !self.is_empty() && self.move_window()
    }

    #[cold]
    fn move_window(&mut self) -> bool {
        let touch = self.edge.wrapping_sub(BLOCK_TICKS);
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
        if self.window.block(touch) == Block::NONE {
            self.open(touch);
        }
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

/// Levels of one side from the touch outward.
#[derive(Clone, Debug)]
pub struct Levels<'a> {
    ladder: &'a Ladder,
    /// Where to look when the block is done.
    from: i64,
    start: i64,
    /// The block that begins there, with the ticks that are still to come.
    block: Block,
}

impl Iterator for Levels<'_> {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        let ladder = self.ladder;
        if self.block.is_empty() {
            let (key, qty) = ladder.first_from(self.from)?;
            let block = ladder.window.block(key);
            self.block = block.behind(key);
            self.start = start(key);
            let next = if block == Block::NONE { key } else { self.start | (BLOCK_TICKS - 1) };
            self.from = next.saturating_add(1);
            return Some(ladder.level((key, qty)));
        }
        let key = self.block.first(self.start);
        self.block = self.block.behind(key);
        Some(ladder.level((key, ladder.window.qty(self.block, key))))
    }
}

impl State for Ladder {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.dropped);
        sink.word(self.len() as u64);
        for (price, qty) in self.levels() {
            sink.int(price.0);
            sink.int(qty.0);
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
        write!(f, "Ladder {{ {} levels, window from {} }}", self.len(), self.window.base())
    }
}

#[cfg(test)]
mod tests;
