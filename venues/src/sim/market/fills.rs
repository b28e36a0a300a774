//! How resting orders are filled: by trades, and by the other side reaching them.

use super::super::fee::FeeSchedule;
use super::super::report::{FillReport, What};
use super::{Market, Resting, better};
use crate::sim::order::Open;
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::time::Nanos;

impl Market {
    /// A public trade: shared among the own orders that it reaches, best price first, each after
    /// what stands ahead of it, never more than its quantity in all.
    #[inline]
    pub fn on_trade(&mut self, at: Nanos, price: Price, qty: Qty, taker: Side) {
        self.now = self.now.max(at);
        let side = taker.opposite();
        let own = &self.resting[side.index()];
        if own.first().is_some_and(|best| !better(side, price, best.open.price)) {
            if self.is_own() {
                self.share_trade(side, price, qty);
            } else {
                self.their_trade(side, price, qty);
            }
        }
    }

    fn share_trade(&mut self, side: Side, price: Price, qty: Qty) {
        let mut taken = 0; // by own orders
        let mut orders = core::mem::take(&mut self.resting[side.index()]);
        for own in &mut orders {
            if better(side, price, own.open.price) {
                break;
            }
            let leaves = own.open.leaves().0;
            let is_through = own.open.price != price;
            let alone = if is_through {
                own.place.first();
                qty.0
            } else {
                self.trade_at(own, qty, taken)
            };
            own.show();
            let fill = alone.min(qty.0 - taken).min(leaves);
            if alone > 0 && alone.min(leaves) > qty.0 - taken {
                self.counts.shared_trades += 1;
            }
            let at = own.open.price;
            if fill <= 0 || !self.fill(&mut own.open, at, Qty(fill), true) {
                continue;
            }
            taken += fill;
            if fill < leaves {
                let count = match is_through {
                    true => &mut self.counts.bounded_fills,
                    false => &mut self.counts.partial_fills,
                };
                *count += 1;
            }
        }
        orders.retain(|own| own.open.leaves().0 > 0);
        self.resting[side.index()] = orders;
        self.watch();
    }

    /// A trade at an order's own price: how many lots of it reach the order.
    pub(super) fn trade_at(&mut self, own: &mut Resting, qty: Qty, taken: i64) -> i64 {
        own.place.trade(qty.0, taken);
        own.place.reached()
    }

    /// Books one fill on the order and reports it; false when there is no room for the report.
    pub(super) fn fill(&mut self, order: &mut Open, price: Price, qty: Qty, maker: bool) -> bool {
        if !self.has_room() {
            self.fills_missed += 1;
            return false;
        }
        order.filled += qty;
        let fees: FeeSchedule = self.settings.fees;
        let (fee, fee_in) = fees.of(&self.scale, (order.side, price, qty), maker);
        let trade = self.trade_next;
        self.trade_next += 1;
        self.tell(What::Fill(FillReport {
            key: order.key,
            venue_order: order.venue_order,
            trade,
            side: order.side,
            price,
            qty,
            filled: order.filled,
            leaves: order.leaves(),
            maker,
            fee,
            fee_in,
        }));
        true
    }

    /// Fills what the other side reaches; true when anything was filled.
    pub(super) fn cross_all(&mut self) -> bool {
        let mut filled = false;
        for side in Side::BOTH {
            let best = self.displayed.best(side.opposite());
            let Some((touch, _)) = best else { continue };
            let reached = |own: &Resting| !better(side, touch, own.open.price);
            if !self.resting[side.index()].first().is_some_and(reached) {
                continue;
            }
            let mut orders = core::mem::take(&mut self.resting[side.index()]);
            for own in &mut orders {
                filled |= self.cross(&mut own.open);
            }
            orders.retain(|own| own.open.leaves().0 > 0);
            self.resting[side.index()] = orders;
        }
        if filled {
            self.watch();
        }
        filled
    }

    /// Fills a resting order, at its own price, with what is displayed at or beyond it.
    fn cross(&mut self, order: &mut Open) -> bool {
        let other = order.side.opposite();
        let mut filled = false;
        while order.leaves().0 > 0 {
            let reached = self.displayed.takeable(other, Some(order.price)).next();
            let Some((price, there)) = reached else { break };
            self.counts.used_levels += u64::from(self.displayed.taken(other, price).0 > 0);
            let qty = Qty(order.leaves().0.min(there.0));
            if !self.fill(order, order.price, qty, true) {
                break;
            }
            filled = true;
            self.displayed.take(other, price, qty);
        }
        self.counts.bounded_fills += u64::from(filled && order.leaves().0 > 0);
        filled
    }
}
