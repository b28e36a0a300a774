//! One instrument's market as our orders meet it: queue places, fills and their fees.
//!
//! A row that comes nowhere near an own order costs little more than the update of the book: what
//! it may have changed is marked, and only a mark makes a message's end look at the orders.

mod fills;
mod requests;
mod theirs;

use super::displayed::{Displayed, better};
use super::fee::{FeeSchedule, Scale};
use super::order::{Open, Tif};
use super::queue::{Place, Queue, QueueModel};
use super::report::{Refusal, Report, What};
use super::rules::{Priority, RuleCounts, Rules};
use engine::event::{Event, flag};
use engine::id::Side;
use engine::num::{Grid, POW10, Price, Qty};
use engine::time::Nanos;
use std::collections::VecDeque;

/// The reach of sides without own orders: better than every price.
const NOWHERE: [Price; 2] = [Price(i64::MAX), Price(i64::MIN)];

/// What a market is made with.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Tick size.
    pub tick: Grid,
    /// Lot size.
    pub lot: Grid,
    /// What fills cost.
    pub fees: FeeSchedule,
    /// How places in the queue are estimated.
    pub queue: QueueModel,
    /// By which rules orders are filled.
    pub rules: Rules,
    /// What an amended order keeps.
    pub priority: Priority,
    /// The first trade id; real ids of the replayed market should lie below it.
    pub trade_first: u64,
    /// The first order id of the market's own.
    pub order_first: u64,
    /// Most own orders that stand at once.
    pub orders_max: usize,
    /// Most reports that wait to be fetched; room for the ends of all orders comes on top.
    pub reports_max: usize,
}

impl Settings {
    /// Ids far above a real venue's, no fees, and limits that a day of trading stays below.
    pub const fn new(tick: Grid, lot: Grid) -> Self {
        Self {
            tick,
            lot,
            fees: FeeSchedule { maker_ppm: 0, taker_ppm: 0, always_quote: false },
            queue: QueueModel::RiskAverse,
            rules: Rules::Own,
            priority: Priority::KeptWhenSmaller,
            trade_first: 9_000_000_000_000,
            order_first: 9_000_000_000_000,
            orders_max: 200,
            reports_max: 4096,
        }
    }
}

/// An own order that rests.
#[derive(Debug)]
struct Resting {
    open: Open,
    tif: Tif,
    place: Place,
    /// A row told of its price since its place was brought up to date.
    told: bool,
}

impl Resting {
    /// Shows the place to those who look at the order.
    fn show(&mut self) {
        self.open.ahead = Qty(libm::ceil(self.place.ahead.max(0.0)) as i64);
    }
}

/// The market of one instrument. Requests act at once; [`super::Line`] adds the way there and back.
#[derive(Debug)]
pub struct Market {
    settings: Settings,
    scale: Scale,
    queue: Queue,
    displayed: Displayed,
    /// Own resting orders of each side, best price first, then oldest first.
    resting: [Vec<Resting>; 2],
    /// By side: rows of depth worse than this come near no own order. See [`Market::watch`].
    reach: [Price; 2],
    /// A row of this message came near own orders.
    near: bool,
    /// A row of this message crossed an own order by itself.
    crossed: bool,
    /// Best prices by the other backtester's reading of depth, where its rules hold.
    edges: [Option<Price>; 2],
    reports: VecDeque<Report>,
    now: Nanos,
    trade_next: u64,
    order_next: u64,
    fills_missed: u64,
    counts: RuleCounts,
}

impl Market {
    /// An unknown market without orders.
    pub fn new(settings: Settings) -> Self {
        let lot = settings.lot.step as f64 / POW10[usize::from(settings.lot.decimals)] as f64;
        let room = || Vec::with_capacity(settings.orders_max.min(256));
        Self {
            scale: Scale { tick: settings.tick, lot: settings.lot },
            queue: Queue { model: settings.queue, lot },
            displayed: Displayed::new(),
            resting: [room(), room()],
            reach: NOWHERE,
            near: false,
            crossed: false,
            edges: [None; 2],
            reports: VecDeque::with_capacity(256),
            now: Nanos::ZERO,
            trade_next: settings.trade_first,
            order_next: settings.order_first,
            fills_missed: 0,
            counts: RuleCounts::default(),
            settings,
        }
    }

    /// Whether a request will be taken: its reports have room.
    pub fn has_room(&self) -> bool {
        self.reports.len() <= self.settings.reports_max
    }

    /// The oldest report not fetched yet.
    pub fn report(&mut self) -> Option<Report> {
        self.reports.pop_front()
    }

    /// Whether reports wait to be fetched.
    #[inline]
    pub fn has_reports(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Open orders: bids, then asks, each best price first, then oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Open> {
        self.resting.iter().flatten().map(|resting| &resting.open)
    }

    /// The open order of this key.
    pub fn order(&self, key: u64) -> Option<&Open> {
        self.open().find(|order| order.key == key)
    }

    /// The displayed market.
    pub const fn displayed(&self) -> &Displayed {
        &self.displayed
    }

    /// What fills cost from now on.
    pub const fn set_fees(&mut self, fees: FeeSchedule) {
        self.settings.fees = fees;
    }

    /// Fills that were due while reports waited to be fetched, and did not happen.
    pub const fn fills_missed(&self) -> u64 {
        self.fills_missed
    }

    /// How often its rules changed what the compared backtester would have done.
    pub const fn counts(&self) -> &RuleCounts {
        &self.counts
    }

    fn is_own(&self) -> bool {
        self.settings.rules == Rules::Own
    }

    /// A depth snapshot begins: what was displayed is forgotten; its levels follow.
    pub fn on_snapshot(&mut self, at: Nanos) {
        self.now = self.now.max(at);
        self.displayed.clear_depth();
        self.edges = [None; 2];
        self.near = true;
    }

    /// A row of a depth message, with its meaning.
    #[inline(always)]
    pub fn on_depth_row(&mut self, at: Nanos, row: &Event, level: (Side, Price, Qty)) {
        if row.has(flag::FIRST) {
            self.on_snapshot(at);
        }
        self.on_level(at, row.id, level);
        if row.has(flag::LAST) {
            self.on_depth_end(at);
        }
    }

    /// One level of a depth message. `id` is the message's last update id.
    #[inline]
    pub fn on_level(&mut self, at: Nanos, id: u64, (side, price, qty): (Side, Price, Qty)) {
        self.now = self.now.max(at);
        debug_assert_eq!(self.reach, self.reaches(), "own orders changed unwatched");
        if !self.is_own() {
            return self.their_level(id, (side, price, qty));
        }
        self.near |= self.displayed.level(id, side, price, qty);
        if !better(side, self.reach[side.index()], price) {
            self.meet(side, price, qty);
        }
    }

    /// A level that may concern own orders.
    #[inline(never)]
    fn meet(&mut self, side: Side, price: Price, qty: Qty) {
        let other = &self.resting[side.opposite().index()];
        if other.first().is_some_and(|own| !better(own.open.side, price, own.open.price)) {
            self.near = true;
            self.crossed |= qty.0 > 0;
        }
        if let (Some(best), Some(worst)) = self.ends(side)
            && !better(side, price, best)
            && !better(side, worst, price)
        {
            self.tell_level(side, price);
        }
    }

    /// Notes from where on levels concern own orders, after these have changed: of each side from
    /// its worst own order on, or from the best one of the other side, which they would cross.
    fn watch(&mut self) {
        self.reach = self.reaches();
    }

    fn reaches(&self) -> [Price; 2] {
        let worst = Side::BOTH.map(|side| self.ends(side).1);
        let best = Side::BOTH.map(|side| self.ends(side).0);
        let [bid, ask] = [worst[0].into_iter().chain(best[1]), worst[1].into_iter().chain(best[0])];
        [bid.min().unwrap_or(NOWHERE[0]), ask.max().unwrap_or(NOWHERE[1])]
    }

    /// The best and the worst price of own orders of a side.
    #[inline]
    fn ends(&self, side: Side) -> (Option<Price>, Option<Price>) {
        let own = &self.resting[side.index()];
        (own.first().map(|own| own.open.price), own.last().map(|own| own.open.price))
    }

    fn tell_level(&mut self, side: Side, price: Price) {
        for own in self.resting[side.index()].iter_mut().filter(|own| own.open.price == price) {
            own.told = true;
            self.near = true;
        }
    }

    /// The depth message is whole: queue places are brought up to date, crossed orders are filled.
    #[inline]
    pub fn on_depth_end(&mut self, at: Nanos) {
        self.now = self.now.max(at);
        self.near |= self.displayed.depth_end();
        if core::mem::take(&mut self.near) {
            self.update_places();
            if self.is_own() {
                let filled = self.cross_all();
                self.counts.inner_crossings += u64::from(self.crossed && !filled);
            }
        }
        self.crossed = false;
    }

    /// A best bid and ask. It is comparable with depth by `id`; quantity zero is an empty side.
    #[inline]
    pub fn on_best(&mut self, at: Nanos, id: u64, bid: (Price, Qty), ask: (Price, Qty)) {
        self.now = self.now.max(at);
        if !self.is_own() {
            return;
        }
        if self.open_count() == 0 {
            return self.displayed.best_row(id, bid, ask);
        }
        let before = Side::BOTH.map(|side| self.displayed.best(side));
        self.displayed.best_row(id, bid, ask);
        for (side, before) in Side::BOTH.into_iter().zip(before) {
            let Some(best) = self.ends(side).0 else { continue };
            // Levels worse than both the old and the new best are displayed as before.
            let is_as_before = |touch: Option<(Price, Qty)>| {
                touch.is_some_and(|(touch, _)| better(side, touch, best))
            };
            let is_crossed = self
                .displayed
                .best(side.opposite())
                .is_some_and(|(touch, _)| !better(side, touch, best));
            if is_crossed || !is_as_before(before) || !is_as_before(self.displayed.best(side)) {
                self.update_places();
                let filled = self.cross_all();
                self.counts.best_crossings += u64::from(filled);
                return;
            }
        }
    }

    /// The book is not to be trusted until the next snapshot. Orders keep their places.
    pub fn on_gap(&mut self, at: Nanos) {
        self.now = self.now.max(at);
        self.displayed.blank();
        self.edges = [None; 2];
    }

    /// Brings the places of all own orders up to date with what is displayed.
    fn update_places(&mut self) {
        for (side, orders) in Side::BOTH.into_iter().zip(&mut self.resting) {
            for own in orders {
                let Some(there) = self.displayed.at(side, own.open.price) else { continue };
                if core::mem::take(&mut own.told) || own.place.differs(there.0) {
                    let clamped = own.place.depth(&self.queue, there.0);
                    self.counts.clamped_queues += u64::from(clamped);
                    own.show();
                }
            }
        }
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
}

/// Whether an order with this limit reaches a price of the other side.
fn reaches(side: Side, limit: Option<Price>, price: Price) -> bool {
    limit.is_none_or(|limit| !better(side, price, limit))
}
