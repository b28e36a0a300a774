//! What the market displays: the depth book, the newer best bid and ask over it, and what of it we
//! have taken already.
//!
//! Depth lies in the engine's own ladders: a flat window of ticks around the touch, so that a row
//! costs a few nanoseconds and nothing is allocated after the start.

use engine::book::ladder::Ladder;
use engine::id::Side;
use engine::num::{Price, Qty};

/// Levels that we took of at once, as far as room is made at the start.
const TAKEN: usize = 64;

/// A best bid and ask that is newer than the depth book; `None` where a side is empty.
#[derive(Clone, Copy, Debug)]
struct Overlay {
    id: u64,
    sides: [Option<(Price, Qty)>; 2],
}

/// Whether `price` is better than `than` for an order of this side.
#[inline]
pub(super) const fn better(side: Side, price: Price, than: Price) -> bool {
    match side {
        Side::Buy => price.0 > than.0,
        Side::Sell => price.0 < than.0,
    }
}

/// The displayed market of one instrument.
#[derive(Debug)]
pub struct Displayed {
    depth: [Ladder; 2],
    overlay: Option<Overlay>,
    /// What we took of a level since it appeared; never more than it displays.
    taken: [Vec<(Price, Qty)>; 2],
    known: bool,
    /// A snapshot is being told.
    begun: bool,
}

impl Default for Displayed {
    fn default() -> Self {
        Self::new()
    }
}

impl Displayed {
    /// An unknown market; allocates all that depth will ever need.
    pub fn new() -> Self {
        Self {
            depth: Side::BOTH.map(Ladder::new),
            overlay: None,
            taken: [(); 2].map(|()| Vec::with_capacity(TAKEN)),
            known: false,
            begun: false,
        }
    }

    /// Forgets everything: the book is not to be trusted until the next one.
    pub fn blank(&mut self) {
        self.clear_depth();
        self.overlay = None;
        self.taken.iter_mut().for_each(Vec::clear);
        self.known = false;
    }

    /// Empties the depth book, for a snapshot that follows.
    pub fn clear_depth(&mut self) {
        self.depth.iter_mut().for_each(|ladder| ladder.clear(Price(0)));
        self.begun = true;
    }

    /// One level of a depth message with this update id; true when it made the depth the newest
    /// that is known, so that levels which a best price hid are seen again. Beyond the limit of
    /// levels the one that is farthest from the market is dropped and counted.
    #[inline]
    pub fn level(&mut self, id: u64, side: Side, price: Price, qty: Qty) -> bool {
        self.depth[side.index()].set(price, Qty(qty.0.max(0)));
        let uncovers = self.overlay.is_some_and(|overlay| overlay.id <= id);
        if uncovers {
            self.overlay = None;
        }
        uncovers
    }

    /// A depth message has been told whole; true when it is the first that is known.
    #[inline]
    pub fn depth_end(&mut self) -> bool {
        let is_first = !core::mem::replace(&mut self.known, true);
        for ladder in &mut self.depth {
            if self.begun {
                ladder.settle();
            } else {
                ladder.follow();
            }
        }
        self.begun = false;
        self.clip();
        is_first
    }

    /// A best bid and ask with its update id; a quantity of zero is an empty side.
    #[inline]
    pub fn best_row(&mut self, id: u64, bid: (Price, Qty), ask: (Price, Qty)) {
        let side = |(price, qty): (Price, Qty)| (qty.0 > 0).then_some((price, qty));
        self.overlay = Some(Overlay { id, sides: [side(bid), side(ask)] });
        self.clip();
    }

    /// The displayed quantity at a price; `None` when nothing is known of it.
    pub fn at(&self, side: Side, price: Price) -> Option<Qty> {
        if let Some(overlay) = &self.overlay {
            match overlay.sides[side.index()] {
                None => return Some(Qty::ZERO),
                Some((best, _)) if better(side, price, best) => return Some(Qty::ZERO),
                Some((best, qty)) if best == price => return Some(qty),
                Some(_) => {}
            }
        }
        self.known.then(|| self.depth[side.index()].qty(price))
    }

    /// The quantity at a price by depth alone.
    pub(super) fn deep(&self, side: Side, price: Price) -> Qty {
        self.depth[side.index()].qty(price)
    }

    /// The first level of depth that lies beyond a price, away from the market of its side.
    pub(super) fn beyond(&self, side: Side, price: Price) -> Option<(Price, Qty)> {
        self.depth[side.index()].behind(price).next()
    }

    /// The best displayed level of a side.
    #[inline]
    pub fn best(&self, side: Side) -> Option<(Price, Qty)> {
        match self.overlay {
            Some(overlay) => overlay.sides[side.index()],
            None => self.depth[side.index()].best(),
        }
    }

    /// Displayed levels of a side from the best one on.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let best = self.best(side);
        let rest = best.map(|(price, _)| self.depth[side.index()].behind(price));
        best.into_iter().chain(rest.into_iter().flatten())
    }

    /// What is left for us to take of displayed levels of `side` that an order with this limit may
    /// reach, best first.
    pub fn takeable(
        &self,
        side: Side,
        limit: Option<Price>,
    ) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let reach = move |price: Price| limit.is_none_or(|limit| !better(side, limit, price));
        self.levels(side).take_while(move |(price, _)| reach(*price)).filter_map(
            move |(price, qty)| {
                let left = qty - self.taken(side, price);
                (left.0 > 0).then_some((price, left))
            },
        )
    }

    /// What we took of a level and was not displayed anew since.
    pub fn taken(&self, side: Side, price: Price) -> Qty {
        let taken = self.taken[side.index()].iter().find(|level| level.0 == price);
        taken.map_or(Qty::ZERO, |level| level.1)
    }

    /// Notes that we took this much of a displayed level.
    pub fn take(&mut self, side: Side, price: Price, qty: Qty) {
        let taken = &mut self.taken[side.index()];
        match taken.iter_mut().find(|level| level.0 == price) {
            Some(level) => level.1 += qty,
            None => taken.push((price, qty)),
        }
    }

    /// Levels dropped because there was no room.
    pub fn levels_dropped(&self) -> u64 {
        self.depth.iter().map(Ladder::dropped).sum()
    }

    /// What we took cannot be more than is displayed; a level that went is new when it comes again.
    #[inline]
    fn clip(&mut self) {
        for side in Side::BOTH {
            if !self.taken[side.index()].is_empty() {
                self.clip_side(side);
            }
        }
    }

    fn clip_side(&mut self, side: Side) {
        let mut taken = core::mem::take(&mut self.taken[side.index()]);
        taken.retain_mut(|(price, qty)| {
            let there = self.at(side, *price).unwrap_or_default();
            *qty = Qty(qty.0.min(there.0));
            qty.0 > 0
        });
        self.taken[side.index()] = taken;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(displayed: &Displayed, side: Side) -> Vec<(i64, i64)> {
        displayed.levels(side).map(|(price, qty)| (price.0, qty.0)).collect()
    }

    #[test]
    fn a_newer_best_hides_levels_beyond_it_and_an_older_one_goes() {
        let mut displayed = Displayed::new();
        assert_eq!(displayed.at(Side::Buy, Price(99)), None, "unknown");
        for (price, qty) in [(100, 5), (99, 4), (98, 3)] {
            displayed.level(10, Side::Buy, Price(price), Qty(qty));
        }
        displayed.depth_end();
        displayed.best_row(11, (Price(99), Qty(1)), (Price(101), Qty(0)));
        assert_eq!(shown(&displayed, Side::Buy), [(99, 1), (98, 3)]);
        assert_eq!(displayed.at(Side::Buy, Price(100)), Some(Qty(0)));
        assert_eq!(displayed.at(Side::Sell, Price(101)), Some(Qty(0)));
        assert!(displayed.level(12, Side::Buy, Price(97), Qty(2)), "the best is older");
        displayed.depth_end();
        assert_eq!(shown(&displayed, Side::Buy), [(100, 5), (99, 4), (98, 3), (97, 2)]);
    }

    #[test]
    fn what_we_took_is_gone_until_the_level_grows_or_goes() {
        let mut displayed = Displayed::new();
        let left = |displayed: &Displayed| displayed.takeable(Side::Sell, None).next();
        displayed.level(1, Side::Sell, Price(100), Qty(5));
        displayed.depth_end();
        displayed.take(Side::Sell, Price(100), Qty(3));
        assert_eq!(left(&displayed), Some((Price(100), Qty(2))));
        displayed.level(2, Side::Sell, Price(100), Qty(4));
        displayed.depth_end();
        assert_eq!(left(&displayed), Some((Price(100), Qty(1))));
        displayed.level(3, Side::Sell, Price(100), Qty(0));
        displayed.depth_end();
        displayed.level(4, Side::Sell, Price(100), Qty(6));
        displayed.depth_end();
        assert_eq!(left(&displayed), Some((Price(100), Qty(6))));
    }
}
