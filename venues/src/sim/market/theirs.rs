//! The rules of hftbacktest, for comparing fills one by one: see
//! [`Rules::Hftbacktest`](super::Rules::Hftbacktest).
//!
//! Its book hides levels that a newer row of the other side crossed: the best price of the crossed
//! side moves behind the crossing one and comes back only by a row of its own. [`Market::edges`]
//! are these best prices.

use super::super::order::{Open, Tif};
use super::super::rules::Rules;
use super::{Market, better, reaches};
use engine::id::Side;
use engine::num::{Price, Qty};

/// How far a market order looks beyond the best price, in ticks.
const MARKET_TICKS: i64 = 100;

impl Market {
    fn is_partial(&self) -> bool {
        self.settings.rules == Rules::Hftbacktest { partial: true }
    }

    /// A depth row: the book, then queue places at its price, then what it crosses.
    pub(super) fn their_level(&mut self, id: u64, (side, price, qty): (Side, Price, Qty)) {
        self.displayed.level(id, side, price, qty);
        for own in &mut self.resting[side.index()] {
            if own.open.price == price {
                let clamped = own.place.depth(&self.queue, qty.0.max(0));
                self.counts.clamped_queues += u64::from(clamped);
                own.show();
            }
        }
        let edge = self.edges[side.index()];
        if qty.0 <= 0 {
            if edge == Some(price) {
                self.edges[side.index()] = self.beyond(side, price);
            }
        } else if edge.is_none_or(|edge| better(side, price, edge)) {
            self.edges[side.index()] = Some(price);
            let other = side.opposite();
            if self.edges[other.index()].is_some_and(|edge| reaches(side, Some(price), edge)) {
                self.edges[other.index()] = self.beyond(other, price);
            }
            self.their_crossing(other, price, qty);
        }
    }

    fn beyond(&self, side: Side, price: Price) -> Option<Price> {
        self.displayed.beyond(side, price).map(|level| level.0)
    }

    /// Own orders of this side that a new best price of the other one reaches are filled.
    fn their_crossing(&mut self, side: Side, price: Price, qty: Qty) {
        let reached = |own: &super::Resting| !better(side, price, own.open.price);
        if self.resting[side.index()].first().is_some_and(reached) {
            self.their_fills(side, price, qty, false);
        }
    }

    pub(super) fn their_trade(&mut self, side: Side, price: Price, qty: Qty) {
        self.their_fills(side, price, qty, true);
    }

    /// Fills own orders of a side that a price reaches: by a trade there, or by a new best price.
    fn their_fills(&mut self, side: Side, price: Price, qty: Qty, is_trade: bool) {
        let is_partial = self.is_partial();
        let mut taken = 0; // by own orders, shared where it bounds
        let mut orders = core::mem::take(&mut self.resting[side.index()]);
        for own in &mut orders {
            if better(side, price, own.open.price) {
                break;
            }
            let leaves = own.open.leaves().0;
            let is_at = is_trade && own.open.price == price;
            let mut fill = leaves;
            if is_at {
                let reached = self.trade_at(own, qty, taken);
                fill = match (reached > 0, is_partial) {
                    (false, _) => 0,
                    (true, true) => reached.min(leaves),
                    (true, false) => leaves,
                };
                self.counts.shared_trades += u64::from(taken > 0 && fill == 0);
            } else if is_partial {
                fill = leaves.min(qty.0 - taken);
                self.counts.bounded_fills += u64::from(fill < leaves);
            }
            own.show();
            let (at, fill) = (own.open.price, Qty(fill));
            if fill.0 > 0 && self.fill(&mut own.open, at, fill, true) && (is_at || is_partial) {
                taken += fill.0;
            }
        }
        orders.retain(|own| own.open.leaves().0 > 0);
        self.resting[side.index()] = orders;
        self.watch();
    }

    /// An order that may take does: whole at the best price, or level by level.
    pub(super) fn their_take(&mut self, order: &mut Open, limit: Option<Price>, tif: Tif) {
        let side = order.side.opposite();
        let Some(best) = self.edges[side.index()] else { return };
        if !reaches(order.side, limit, best) {
            return;
        }
        if !self.is_partial() {
            let qty = order.leaves();
            self.fill(order, best, qty, false);
            return;
        }
        let last = limit.unwrap_or(Price(best.0 + order.side.sign() * (MARKET_TICKS - 1)));
        if tif == Tif::Fok && self.their_depth(side, (best, last)) < order.leaves().0 {
            return;
        }
        let mut level = Some((best, self.displayed.deep(side, best)));
        while let Some((price, there)) = level
            && order.leaves().0 > 0
            && reaches(order.side, Some(last), price)
        {
            // What a resting order would leave over is filled at its limit as well.
            let is_rest = tif == Tif::Gtc && Some(price) == limit;
            let qty = if is_rest { order.leaves() } else { order.leaves().min(there) };
            if qty.0 > 0 && !self.fill(order, price, qty, false) {
                return;
            }
            level = self.displayed.beyond(side, price);
        }
        if tif == Tif::Gtc
            && order.leaves().0 > 0
            && let Some(limit) = limit
        {
            let qty = order.leaves();
            self.fill(order, limit, qty, false);
        }
    }

    /// What depth shows of a side between two prices.
    fn their_depth(&self, side: Side, (best, last): (Price, Price)) -> i64 {
        let here = self.displayed.deep(side, best).0;
        let mut sum = here;
        let mut level = self.displayed.beyond(side, best);
        while let Some((price, qty)) = level
            && !better(side, last, price)
        {
            sum = sum.saturating_add(qty.0);
            level = self.displayed.beyond(side, price);
        }
        sum
    }
}
