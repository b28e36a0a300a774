//! What the market displays: the depth book, the newer best bid and ask over it, and what of it we
//! have taken already.

use engine::id::Side;
use engine::num::{Price, Qty};
use std::collections::BTreeMap;

/// A best bid and ask that is newer than the depth book; `None` where a side is empty.
#[derive(Clone, Copy, Debug)]
struct Overlay {
    id: u64,
    sides: [Option<(Price, Qty)>; 2],
}

/// Whether `price` is better than `than` for an order of this side.
#[inline]
pub(super) fn better(side: Side, price: Price, than: Price) -> bool {
    match side {
        Side::Buy => price > than,
        Side::Sell => price < than,
    }
}

/// The displayed market of one instrument.
#[derive(Clone, Debug)]
pub struct Displayed {
    depth: [BTreeMap<Price, Qty>; 2],
    overlay: Option<Overlay>,
    /// What we took of a level since it appeared; never more than it displays.
    taken: [BTreeMap<Price, Qty>; 2],
    known: bool,
    levels_max: usize,
    levels_dropped: u64,
}

impl Displayed {
    /// An unknown market that will hold at most `levels_max` levels a side.
    pub fn new(levels_max: usize) -> Self {
        Self {
            depth: [BTreeMap::new(), BTreeMap::new()],
            overlay: None,
            taken: [BTreeMap::new(), BTreeMap::new()],
            known: false,
            levels_max: levels_max.max(1),
            levels_dropped: 0,
        }
    }

    /// Forgets everything: the book is not to be trusted until the next one.
    pub fn blank(&mut self) {
        *self = Self { levels_dropped: self.levels_dropped, ..Self::new(self.levels_max) };
    }

    /// Empties the depth book, for a snapshot that follows.
    pub fn clear_depth(&mut self) {
        self.depth.iter_mut().for_each(BTreeMap::clear);
    }

    /// One level of a depth message with this update id. Beyond the limit of levels the one that is
    /// farthest from the market is dropped and counted.
    pub fn level(&mut self, id: u64, side: Side, price: Price, qty: Qty) {
        if self.overlay.is_some_and(|overlay| overlay.id <= id) {
            self.overlay = None;
        }
        let levels = &mut self.depth[side.index()];
        if qty.0 <= 0 {
            levels.remove(&price);
            return;
        }
        levels.insert(price, qty);
        if levels.len() > self.levels_max {
            self.levels_dropped += 1;
            match side {
                Side::Buy => levels.pop_first(),
                Side::Sell => levels.pop_last(),
            };
        }
    }

    /// A depth message has been told whole.
    pub fn depth_end(&mut self) {
        self.known = true;
        self.clip();
    }

    /// A best bid and ask with its update id; a quantity of zero is an empty side.
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
        let depth = self.depth[side.index()].get(&price).copied();
        if self.known { Some(depth.unwrap_or_default()) } else { None }
    }

    /// The best displayed level of a side.
    pub fn best(&self, side: Side) -> Option<(Price, Qty)> {
        self.levels(side).next()
    }

    /// Displayed levels of a side from the best one on.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = (Price, Qty)> + '_ {
        let overlay = self.overlay.map(|overlay| overlay.sides[side.index()]);
        let depth = &self.depth[side.index()];
        let (bids, asks) = match side {
            Side::Buy => (Some(depth.iter().rev()), None),
            Side::Sell => (None, Some(depth.iter())),
        };
        let deeper = bids.into_iter().flatten().chain(asks.into_iter().flatten());
        let deeper = deeper.map(|(price, qty)| (*price, *qty));
        let visible = deeper.filter(move |(price, _)| match overlay {
            None => true,
            Some(None) => false,
            Some(Some((best, _))) => better(side, best, *price),
        });
        overlay.flatten().into_iter().chain(visible)
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
                let left = qty - self.taken[side.index()].get(&price).copied().unwrap_or_default();
                (left.0 > 0).then_some((price, left))
            },
        )
    }

    /// Notes that we took this much of a displayed level.
    pub fn take(&mut self, side: Side, price: Price, qty: Qty) {
        *self.taken[side.index()].entry(price).or_default() += qty;
    }

    /// Levels dropped because there was no room.
    pub const fn levels_dropped(&self) -> u64 {
        self.levels_dropped
    }

    /// What we took cannot be more than is displayed; a level that went is new when it comes again.
    fn clip(&mut self) {
        for side in Side::BOTH {
            let mut taken = core::mem::take(&mut self.taken[side.index()]);
            taken.retain(|price, qty| {
                let there = self.at(side, *price).unwrap_or_default();
                *qty = Qty(qty.0.min(there.0));
                qty.0 > 0
            });
            self.taken[side.index()] = taken;
        }
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
        let mut displayed = Displayed::new(10);
        assert_eq!(displayed.at(Side::Buy, Price(99)), None, "unknown");
        for (price, qty) in [(100, 5), (99, 4), (98, 3)] {
            displayed.level(10, Side::Buy, Price(price), Qty(qty));
        }
        displayed.depth_end();
        displayed.best_row(11, (Price(99), Qty(1)), (Price(101), Qty(0)));
        assert_eq!(shown(&displayed, Side::Buy), [(99, 1), (98, 3)]);
        assert_eq!(displayed.at(Side::Buy, Price(100)), Some(Qty(0)));
        assert_eq!(displayed.at(Side::Sell, Price(101)), Some(Qty(0)));
        displayed.level(12, Side::Buy, Price(97), Qty(2));
        displayed.depth_end();
        assert_eq!(shown(&displayed, Side::Buy), [(100, 5), (99, 4), (98, 3), (97, 2)]);
    }

    #[test]
    fn what_we_took_is_gone_until_the_level_grows_or_goes() {
        let mut displayed = Displayed::new(10);
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

    #[test]
    fn the_farthest_level_goes_when_there_is_no_room() {
        let mut displayed = Displayed::new(2);
        for price in [98, 100, 99] {
            displayed.level(1, Side::Buy, Price(price), Qty(1));
        }
        assert_eq!(shown(&displayed, Side::Buy), [(100, 1), (99, 1)]);
        assert_eq!(displayed.levels_dropped(), 1);
    }
}
