//! What we ask of the market: new orders, cancels, amends.

use super::super::displayed::better;
use super::super::order::{Ask, NewOrder, Open, Tif};
use super::super::report::{Refusal, What};
use super::super::rules::Priority;
use super::{Market, Resting, reaches};
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::time::Nanos;

impl Market {
    /// Carries a request out at this time. Gives it back, undone, when reports must be fetched
    /// first.
    pub fn apply(&mut self, at: Nanos, ask: Ask) -> Result<(), Ask> {
        if !self.has_room() {
            return Err(ask);
        }
        self.now = self.now.max(at);
        match ask {
            Ask::New(order) => self.place(order),
            Ask::Cancel(key) => {
                self.cancel(key);
            }
            Ask::Amend { key, qty } => self.amend(key, qty),
            Ask::Move { key, price, qty } => self.shift(key, price, qty),
            Ask::Replace { old, new } => {
                if self.cancel(old) {
                    self.place(new);
                } else {
                    self.tell(What::Rejected { key: new.key, why: Refusal::NotAttempted });
                }
            }
            Ask::CancelAll => {
                for side in Side::BOTH {
                    let mut orders = core::mem::take(&mut self.resting[side.index()]);
                    for own in orders.drain(..) {
                        self.done(&own.open, None);
                    }
                    self.resting[side.index()] = orders;
                }
            }
        }
        self.watch();
        Ok(())
    }

    /// Why an order cannot be taken in at all.
    fn refusal(&self, order: &NewOrder) -> Option<Refusal> {
        let priced = order.limit.is_none_or(|limit| limit.0 > 0);
        if order.qty.0 <= 0 || !priced || (order.limit.is_none() && order.tif == Tif::PostOnly) {
            return Some(Refusal::Invalid);
        }
        if self.order(order.key).is_some() {
            return Some(Refusal::Duplicate);
        }
        if self.open_count() >= self.settings.orders_max {
            return Some(Refusal::TooMany);
        }
        let takes = self.meets_displayed(order.side, order.limit)
            || self.meets_own(order.side, order.limit, order.key);
        (order.tif == Tif::PostOnly && takes).then_some(Refusal::WouldTake)
    }

    fn meets_displayed(&self, side: Side, limit: Option<Price>) -> bool {
        let best = if self.is_own() {
            self.displayed.best(side.opposite()).map(|level| level.0)
        } else {
            self.edges[side.opposite().index()]
        };
        best.is_some_and(|best| reaches(side, limit, best))
    }

    /// Whether it would meet an own order that is not `key` itself.
    fn meets_own(&self, side: Side, limit: Option<Price>, key: u64) -> bool {
        // By the other backtester's rules own orders do not meet.
        let own = &self.resting[side.opposite().index()];
        let best = own.iter().find(|own| own.open.key != key);
        self.is_own() && best.is_some_and(|best| reaches(side, limit, best.open.price))
    }

    fn place(&mut self, new: NewOrder) {
        if let Some(why) = self.refusal(&new) {
            self.tell(What::Rejected { key: new.key, why });
            return;
        }
        let venue_order = self.order_next;
        self.order_next += 1;
        self.tell(What::Accepted { key: new.key, venue_order });
        let NewOrder { key, side, limit, qty, tif } = new;
        let price = limit.unwrap_or_default();
        let (filled, ahead) = (Qty::ZERO, Qty::ZERO);
        let order = Open { key, venue_order, side, price, qty, filled, ahead };
        if self.meets_own(side, limit, key) {
            self.counts.self_trades += 1;
            self.done(&order, Some(Refusal::SelfTrade));
            return;
        }
        self.enter(order, limit, tif);
    }

    /// Takes what the order may take; what is left rests or expires.
    fn enter(&mut self, mut order: Open, limit: Option<Price>, tif: Tif) {
        if tif != Tif::PostOnly {
            if self.is_own() {
                self.take(&mut order, limit, tif);
            } else {
                self.their_take(&mut order, limit, tif);
            }
        }
        if order.leaves().is_zero() {
            return;
        }
        if tif == Tif::Ioc || tif == Tif::Fok || limit.is_none() {
            self.counts.short_takes += u64::from(self.is_own());
            self.done(&order, Some(Refusal::Expired));
            return;
        }
        self.rest(order, tif);
    }

    fn rest(&mut self, order: Open, tif: Tif) {
        let (side, price) = (order.side, order.price);
        let displayed = match self.is_own() {
            true => self.displayed.at(side, price),
            false => Some(self.displayed.deep(side, price)),
        };
        self.counts.unknown_books += u64::from(displayed.is_none());
        let place = self.queue.join(displayed.map(|qty| qty.0));
        let mut own = Resting { open: order, tif, place, told: false };
        own.show();
        let orders = &mut self.resting[side.index()];
        let at = orders.partition_point(|other| !better(side, price, other.open.price));
        orders.insert(at, own);
    }

    /// Takes of the displayed depth what the order may, level by level.
    fn take(&mut self, order: &mut Open, limit: Option<Price>, tif: Tif) {
        let side = order.side.opposite();
        if tif == Tif::Fok {
            let there = self.displayed.takeable(side, limit);
            let sum = there.fold(0_i64, |sum, (_, qty)| sum.saturating_add(qty.0));
            if sum < order.leaves().0 {
                return;
            }
        }
        let mut levels = 0;
        while order.leaves().0 > 0 {
            let Some((price, there)) = self.displayed.takeable(side, limit).next() else { break };
            self.counts.used_levels += u64::from(self.displayed.taken(side, price).0 > 0);
            let qty = Qty(order.leaves().0.min(there.0));
            if !self.fill(order, price, qty, false) {
                break;
            }
            levels += 1;
            self.displayed.take(side, price, qty);
        }
        self.counts.walked_takes += u64::from(levels > 1);
    }

    /// Where an order of ours is.
    fn find(&self, key: u64) -> Option<(Side, usize)> {
        let within = |side: Side| {
            let place = self.resting[side.index()].iter().position(|own| own.open.key == key);
            place.map(|place| (side, place))
        };
        Side::BOTH.into_iter().find_map(within)
    }

    fn cancel(&mut self, key: u64) -> bool {
        let Some((side, place)) = self.find(key) else {
            self.tell(What::CancelRefused { key, why: Refusal::UnknownOrder });
            return false;
        };
        let own = self.resting[side.index()].remove(place);
        self.done(&own.open, None);
        true
    }

    fn amend(&mut self, key: u64, qty: Qty) {
        match self.find(key).map(|(side, place)| &self.resting[side.index()][place].open) {
            None => self.tell(What::AmendRefused { key, why: Refusal::UnknownOrder }),
            Some(order) if qty >= order.qty => {
                self.tell(What::AmendRefused { key, why: Refusal::Invalid });
            }
            Some(order) => self.shift(key, order.price, qty),
        }
    }

    /// Changes price and whole quantity of an order.
    fn shift(&mut self, key: u64, price: Price, qty: Qty) {
        let refused = |why| What::AmendRefused { key, why };
        let Some((side, place)) = self.find(key) else {
            return self.tell(refused(Refusal::UnknownOrder));
        };
        let own = &mut self.resting[side.index()][place];
        if qty <= own.open.filled || price.0 <= 0 {
            return self.tell(refused(Refusal::Invalid));
        }
        let kept = self.settings.priority == Priority::KeptWhenSmaller;
        let moved = (price != own.open.price).then_some(price);
        if kept && moved.is_none() && qty <= own.open.qty {
            own.open.qty = qty;
            return self.tell(What::Amended { key, price: None, qty });
        }
        let tif = own.tif;
        let takes = self.meets_displayed(side, Some(price));
        let why = match (takes && tif == Tif::PostOnly, self.meets_own(side, Some(price), key)) {
            (true, _) => Some(Refusal::WouldTake),
            (_, true) => Some(Refusal::SelfTrade),
            _ => None,
        };
        if let Some(why) = why {
            return self.tell(refused(why));
        }
        let own = self.resting[side.index()].remove(place);
        self.tell(What::Amended { key, price: moved, qty });
        self.enter(Open { price, qty, ..own.open }, Some(price), tif);
    }
}
