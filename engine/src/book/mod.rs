//! An order book of absolute levels, with the newest best price laid over it.
//!
//! Depth comes in whole messages; crossing is judged on depth alone, after a whole message, and
//! blanks the book when it persists beyond one. A best price whose update id is newer than the
//! depth is shown instead of it and hides levels beyond it.

pub mod depth;
mod far;
pub mod ladder;
mod window;

use crate::event::{Body, Event, flag, kind};
use crate::id::Side;
use crate::num::{Price, Qty};
use ladder::Ladder;

/// A price and what stands there.
pub type Level = (Price, Qty);

/// Whether the book can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BookState {
    /// Waiting for a snapshot.
    Blank = 0,
    /// In the midst of a message.
    Partial = 1,
    /// Whole.
    Live = 2,
    /// Whole, but bid at or above ask since the last message.
    Crossed = 3,
}

/// What one row did to the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that a strategy can see.
    None,
    /// The book is whole and may have changed.
    Moved,
    /// The book was blanked by a gap that the feed reported (it fetches a snapshot by itself).
    Blanked,
    /// The book stayed crossed and was blanked: a new snapshot must be asked for.
    CrossedOut,
}

#[derive(Clone, Copy, Debug)]
struct Overlay {
    id: u64,
    levels: [Level; 2],
}

/// The book of one instrument.
#[derive(Debug)]
pub struct Book {
    sides: [Ladder; 2],
    overlay: Option<Overlay>,
    depth_id: u64,
    state: BookState,
    was_crossed: bool,
}

impl Book {
    /// A blank book; allocates all it will ever need.
    pub fn new() -> Self {
        Self {
            sides: Side::BOTH.map(Ladder::new),
            overlay: None,
            depth_id: 0,
            state: BookState::Blank,
            was_crossed: false,
        }
    }

    /// Whether it can be believed.
    pub const fn state(&self) -> BookState {
        self.state
    }

    /// Whether prices of it may be used: whole, not crossed.
    #[inline]
    pub const fn is_live(&self) -> bool {
        matches!(self.state, BookState::Live)
    }

    /// Newest update id of what is shown: depth's or the overlay's.
    #[inline]
    pub fn update_id(&self) -> u64 {
        self.overlay.map_or(self.depth_id, |overlay| overlay.id)
    }

    /// Takes one market row of its instrument; other rows do nothing.
    #[inline]
    pub fn apply(&mut self, event: &Event) -> Change {
        if event.kind != kind::LEVEL {
            return event.body().map_or(Change::None, |body| self.take(event, &body));
        }
        // Nearly all rows: said by itself, so that nothing but a level is decoded.
        match event.body() {
            Some(Body::Level { side, price, qty }) => self.apply_level(event, side, price, qty),
            _ => Change::None,
        }
    }

    /// [`Book::apply`] with the row's meaning at hand.
    #[inline]
    pub(crate) fn take(&mut self, event: &Event, body: &Body) -> Change {
        match *body {
            Body::Level { side, price, qty } => self.apply_level(event, side, price, qty),
            Body::Best { bid, bid_qty, ask, ask_qty } => {
                self.apply_best(event.id, [(bid, bid_qty), (ask, ask_qty)])
            }
            Body::Gap { .. } | Body::Filters { .. } => {
                self.blank();
                Change::Blanked
            }
            _ => Change::None,
        }
    }

    /// [`Book::apply`] for a level row that is not the last of its message, with its meaning at
    /// hand.
    #[inline]
    pub(crate) fn take_inner(&mut self, event: &Event, side: Side, price: Price, qty: Qty) {
        if event.has(flag::FIRST | flag::SNAPSHOT) {
            self.begin(price);
        } else if self.state == BookState::Blank {
            return;
        }
        self.sides[side.index()].set(price, qty);
        self.state = BookState::Partial;
    }

    /// Forgets everything until the next snapshot.
    pub fn blank(&mut self) {
        self.state = BookState::Blank;
        self.overlay = None;
        self.was_crossed = false;
    }

    #[inline(always)]
    fn apply_level(&mut self, event: &Event, side: Side, price: Price, qty: Qty) -> Change {
        self.take_inner(event, side, price, qty);
        let is_whole = event.has(flag::LAST) && self.state != BookState::Blank;
        if is_whole { self.finish(event) } else { Change::None }
    }

    /// A snapshot begins.
    #[cold]
    fn begin(&mut self, price: Price) {
        self.sides.iter_mut().for_each(|ladder| ladder.clear(price));
        self.overlay = None;
        self.was_crossed = false;
    }

    /// A message is whole.
    #[inline(never)]
    fn finish(&mut self, event: &Event) -> Change {
        self.depth_id = event.id;
        if self.overlay.is_some_and(|overlay| overlay.id <= event.id) {
            self.overlay = None;
        }
        for ladder in &mut self.sides {
            if event.has(flag::SNAPSHOT) {
                ladder.settle();
            } else {
                ladder.follow();
            }
        }
        self.judge()
    }

    #[inline]
    fn judge(&mut self) -> Change {
        let best = |side: Side| self.sides[side.index()].best();
        let crossed = match (best(Side::Buy), best(Side::Sell)) {
            (Some((bid, _)), Some((ask, _))) => bid >= ask,
            _ => false,
        };
        if !crossed {
            self.was_crossed = false;
            self.state = BookState::Live;
            return Change::Moved;
        }
        if self.was_crossed {
            self.blank();
            return Change::CrossedOut;
        }
        self.was_crossed = true;
        self.state = BookState::Crossed;
        Change::Moved
    }

    #[inline]
    fn apply_best(&mut self, id: u64, levels: [Level; 2]) -> Change {
        if self.state == BookState::Blank || id <= self.update_id() {
            return Change::None;
        }
        self.overlay = Some(Overlay { id, levels });
        if self.state == BookState::Live { Change::Moved } else { Change::None }
    }

    /// Best bid or ask as shown; `None` when that side is empty. Ask [`Book::is_live`] first.
    #[inline]
    pub fn best(&self, side: Side) -> Option<Level> {
        match self.overlay {
            Some(overlay) => {
                Some(overlay.levels[side.index()]).filter(|(price, qty)| price.0 > 0 && qty.0 > 0)
            }
            None => self.sides[side.index()].best(),
        }
    }

    /// Both best levels of a live book.
    #[inline]
    pub fn touch(&self) -> Option<(Level, Level)> {
        if !self.is_live() {
            return None;
        }
        Some((self.best(Side::Buy)?, self.best(Side::Sell)?))
    }

    /// Twice the mid price, in ticks, so that it stays whole.
    #[inline]
    pub fn mid_twice(&self) -> Option<i64> {
        self.touch().map(|((bid, _), (ask, _))| bid.0.saturating_add(ask.0))
    }

    /// Levels of a side from the touch outward, the overlay first.
    #[inline]
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        let best = self.best(side);
        let rest = best.map(|(price, _)| self.sides[side.index()].behind(price));
        best.into_iter().chain(rest.into_iter().flatten())
    }

    /// What stands at a price, as shown: 0 at prices that the overlay hides.
    pub fn qty(&self, side: Side, price: Price) -> Qty {
        if let Some(overlay) = self.overlay {
            let (edge, qty) = overlay.levels[side.index()];
            if price == edge {
                return qty;
            }
            let beyond = match side {
                Side::Buy => price > edge,
                Side::Sell => price < edge,
            };
            if beyond {
                return Qty(0);
            }
        }
        self.sides[side.index()].qty(price)
    }

    /// The depth alone, without the overlay.
    pub const fn depth(&self, side: Side) -> &Ladder {
        &self.sides[side.index()]
    }
}

impl Default for Book {
    fn default() -> Self {
        Self::new()
    }
}

mod saved;
#[cfg(test)]
mod tests;
