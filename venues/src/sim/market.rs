//! One instrument's market as our orders meet it: queue places, fills and their fees.
//!
//! For an own resting order, F is the displayed quantity of others ahead of it at its price. It
//! starts as all that is displayed there, a trade at the price takes from it, and depth only ever
//! clamps it to what is displayed: the risk-averse model. `ahead` in [`Open`] is F.

use super::displayed::{Displayed, better};
use super::fee::{FeeSchedule, Scale};
use super::order::{Ask, NewOrder, Open, Tif};
use super::report::{FillReport, Refusal, Report, What};
use engine::id::Side;
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;
use std::collections::VecDeque;

/// What a market is made with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Tick size.
    pub tick: Grid,
    /// Lot size.
    pub lot: Grid,
    /// What fills cost.
    pub fees: FeeSchedule,
    /// The first trade id; real ids of the replayed market should lie below it.
    pub trade_first: u64,
    /// The first order id of the market's own.
    pub order_first: u64,
    /// Most own orders that stand at once.
    pub orders_max: usize,
    /// Most reports that wait to be fetched; room for the ends of all orders comes on top.
    pub reports_max: usize,
    /// Most displayed levels a side.
    pub levels_max: usize,
}

impl Settings {
    /// Ids far above a real venue's, no fees, and limits that a day of trading stays below.
    pub const fn new(tick: Grid, lot: Grid) -> Self {
        Self {
            tick,
            lot,
            fees: FeeSchedule { maker_ppm: 0, taker_ppm: 0, always_quote: false },
            trade_first: 9_000_000_000_000,
            order_first: 9_000_000_000_000,
            orders_max: 200,
            reports_max: 4096,
            levels_max: 10_000,
        }
    }
}

/// The market of one instrument. Requests act at once; [`super::Line`] adds the way there and back.
#[derive(Debug)]
pub struct Market {
    settings: Settings,
    scale: Scale,
    displayed: Displayed,
    /// Own resting orders of each side, best price first, then oldest first.
    resting: [Vec<Open>; 2],
    reports: VecDeque<Report>,
    now: Nanos,
    trade_next: u64,
    order_next: u64,
    fills_missed: u64,
}

impl Market {
    /// An unknown market without orders.
    pub fn new(settings: Settings) -> Self {
        Self {
            scale: Scale { tick: settings.tick, lot: settings.lot },
            displayed: Displayed::new(settings.levels_max),
            resting: [Vec::new(), Vec::new()],
            reports: VecDeque::new(),
            now: Nanos::ZERO,
            trade_next: settings.trade_first,
            order_next: settings.order_first,
            fills_missed: 0,
            settings,
        }
    }

    /// Whether a request will be taken: its reports have room.
    pub fn has_room(&self) -> bool {
        self.reports.len() <= self.settings.reports_max
    }

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
            Ask::Replace { old, new } => {
                if self.cancel(old) {
                    self.place(new);
                } else {
                    self.tell(What::Rejected { key: new.key, why: Refusal::NotAttempted });
                }
            }
            Ask::CancelAll => {
                for side in Side::BOTH {
                    for order in core::mem::take(&mut self.resting[side.index()]) {
                        self.done(&order, None);
                    }
                }
            }
        }
        Ok(())
    }

    /// The oldest report not fetched yet.
    pub fn report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// Open orders: bids, then asks, each best price first, then oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Open> {
        self.resting.iter().flatten()
    }

    /// The open order of this key.
    pub fn order(&self, key: u64) -> Option<&Open> {
        self.open().find(|order| order.key == key)
    }

    /// The displayed market.
    pub const fn displayed(&self) -> &Displayed {
        &self.displayed
    }

    /// Fills so far.
    pub const fn fills(&self) -> u64 {
        self.trade_next - self.settings.trade_first
    }

    /// Fills that were due while reports waited to be fetched, and did not happen.
    pub const fn fills_missed(&self) -> u64 {
        self.fills_missed
    }

    /// A depth snapshot begins: what was displayed is forgotten; its levels follow.
    pub fn on_snapshot(&mut self, at: Nanos) {
        self.now = self.now.max(at);
        self.displayed.clear_depth();
    }

    /// One level of a depth message. `id` is the message's last update id.
    pub fn on_level(&mut self, at: Nanos, id: u64, level: (Side, Price, Qty)) {
        self.now = self.now.max(at);
        self.displayed.level(id, level.0, level.1, level.2);
    }

    /// The depth message is whole: queue places are clamped, crossed orders are filled.
    pub fn on_depth_end(&mut self, at: Nanos) {
        self.now = self.now.max(at);
        self.displayed.depth_end();
        self.settle();
    }

    /// A best bid and ask. It is comparable with depth by `id`; quantity zero is an empty side.
    pub fn on_best(&mut self, at: Nanos, id: u64, bid: (Price, Qty), ask: (Price, Qty)) {
        self.now = self.now.max(at);
        self.displayed.best_row(id, bid, ask);
        self.settle();
    }

    /// The book is not to be trusted until the next snapshot. Orders keep their places.
    pub fn on_gap(&mut self, at: Nanos) {
        self.now = self.now.max(at);
        self.displayed.blank();
    }

    /// A public trade: shared among the own orders that it reaches, best price first, each after
    /// what stands ahead of it, never more than its quantity in all.
    pub fn on_trade(&mut self, at: Nanos, price: Price, qty: Qty, taker: Side) {
        self.now = self.now.max(at);
        let side = taker.opposite();
        let mut left = qty;
        let mut eaten = Qty::ZERO; // by others, at the trade's own price
        let mut own = core::mem::take(&mut self.resting[side.index()]);
        for order in &mut own {
            if better(side, price, order.price) {
                break;
            }
            if order.price == price {
                let others = Qty((order.ahead.0 - eaten.0).clamp(0, left.0));
                eaten += others;
                left -= others;
                order.ahead = Qty((order.ahead.0 - eaten.0).max(0));
            } else {
                order.ahead = Qty::ZERO;
            }
            let fill = Qty(order.leaves().0.min(left.0));
            if order.ahead.is_zero() && fill.0 > 0 && self.fill(order, order.price, fill, true) {
                left -= fill;
            }
        }
        own.retain(|order| order.leaves().0 > 0);
        self.resting[side.index()] = own;
    }

    fn open_count(&self) -> usize {
        self.resting[0].len() + self.resting[1].len()
    }

    fn tell(&mut self, what: What) {
        self.reports.push_back(Report { at: self.now, what });
    }

    fn done(&mut self, order: &Open, why: Option<Refusal>) {
        let Open { key, venue_order, filled, .. } = *order;
        self.tell(What::Done { key, venue_order, filled, why });
    }

    /// Books one fill on the order and reports it; false when there is no room for the report.
    fn fill(&mut self, order: &mut Open, price: Price, qty: Qty, maker: bool) -> bool {
        if !self.has_room() {
            self.fills_missed += 1;
            return false;
        }
        order.filled += qty;
        let (fee, fee_in) = self.settings.fees.of(&self.scale, (order.side, price, qty), maker);
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
        let takes = self.meets_displayed(order) || self.meets_own(order);
        (order.tif == Tif::PostOnly && takes).then_some(Refusal::WouldTake)
    }

    fn meets_displayed(&self, order: &NewOrder) -> bool {
        self.displayed.best(order.side.opposite()).is_some_and(|(best, _)| reaches(order, best))
    }

    fn meets_own(&self, order: &NewOrder) -> bool {
        let own = &self.resting[order.side.opposite().index()];
        own.first().is_some_and(|best| reaches(order, best.price))
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
        let mut order = Open { key, venue_order, side, price, qty, filled, ahead };
        if self.meets_own(&new) {
            self.done(&order, Some(Refusal::SelfTrade));
            return;
        }
        self.take(&mut order, limit, tif);
        if order.leaves().is_zero() {
            return;
        }
        if tif == Tif::Ioc || tif == Tif::Fok || limit.is_none() {
            self.done(&order, Some(Refusal::Expired));
            return;
        }
        order.ahead = self.displayed.at(side, price).unwrap_or(Qty(i64::MAX));
        let own = &mut self.resting[side.index()];
        let place = own.partition_point(|other| !better(side, price, other.price));
        own.insert(place, order);
    }

    /// Takes of the displayed depth what the order may, level by level.
    fn take(&mut self, order: &mut Open, limit: Option<Price>, tif: Tif) {
        let side = order.side.opposite();
        if tif == Tif::PostOnly {
            return;
        }
        if tif == Tif::Fok {
            let there = self.displayed.takeable(side, limit);
            let sum = there.fold(0_i64, |sum, (_, qty)| sum.saturating_add(qty.0));
            if sum < order.qty.0 {
                return;
            }
        }
        while order.leaves().0 > 0 {
            let Some((price, there)) = self.displayed.takeable(side, limit).next() else { return };
            let qty = Qty(order.leaves().0.min(there.0));
            if !self.fill(order, price, qty, false) {
                return;
            }
            self.displayed.take(side, price, qty);
        }
    }

    fn cancel(&mut self, key: u64) -> bool {
        for side in Side::BOTH {
            let own = &mut self.resting[side.index()];
            if let Some(place) = own.iter().position(|order| order.key == key) {
                let order = own.remove(place);
                self.done(&order, None);
                return true;
            }
        }
        self.tell(What::CancelRefused { key, why: Refusal::UnknownOrder });
        false
    }

    fn amend(&mut self, key: u64, qty: Qty) {
        let found = self.resting.iter_mut().flatten().find(|order| order.key == key);
        let what = match found {
            None => What::AmendRefused { key, why: Refusal::UnknownOrder },
            Some(order) if qty >= order.qty || qty <= order.filled => {
                What::AmendRefused { key, why: Refusal::Invalid }
            }
            Some(order) => {
                order.qty = qty;
                What::Amended { key, qty }
            }
        };
        self.tell(what);
    }

    /// After the displayed market changed: clamps queue places, fills what the other side reached.
    fn settle(&mut self) {
        for side in Side::BOTH {
            let mut own = core::mem::take(&mut self.resting[side.index()]);
            for order in &mut own {
                if let Some(there) = self.displayed.at(side, order.price) {
                    order.ahead = order.ahead.min(there);
                }
                self.cross(order);
            }
            own.retain(|order| order.leaves().0 > 0);
            self.resting[side.index()] = own;
        }
    }

    /// Fills a resting order, at its own price, with what is displayed at or beyond it.
    fn cross(&mut self, order: &mut Open) {
        let other = order.side.opposite();
        while order.leaves().0 > 0 {
            let reached = self.displayed.takeable(other, Some(order.price)).next();
            let Some((price, there)) = reached else { return };
            let qty = Qty(order.leaves().0.min(there.0));
            if !self.fill(order, order.price, qty, true) {
                return;
            }
            self.displayed.take(other, price, qty);
        }
    }
}

fn reaches(order: &NewOrder, price: Price) -> bool {
    order.limit.is_none_or(|limit| !better(order.side, price, limit))
}
