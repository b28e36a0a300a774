//! A desk: one strategy with its orders, positions, plans, gate and counters.

use crate::event::Event;
use crate::id::{DeskId, InstrumentId, OrderId, Side};
use crate::market::{Listing, Market};
use crate::num::{Amount, Notional, Price};
use crate::order::{Order, Wake};
use crate::orders::Orders;
use crate::plan::{Plan, Take};
use crate::position::Position;
use crate::reconcile::{Tolerance, Wishes};
use crate::risk::{Gate, Limits};
use crate::strategy::{Scene, Strategy};
use crate::time::Nanos;
use alloc::vec::Vec;
use marks::Marks;

/// What a desk counts, all since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct DeskCounters {
    pub places: u64,
    pub replaces: u64,
    pub moves: u64,
    pub amends: u64,
    pub cancels: u64,
    pub queries: u64,
    pub fills: [u64; 2],
    pub partial_fills: u64,
    pub maker_fills: u64,
    pub fills_in_cancel: u64,
    pub fills_after_end: u64,
    pub repeated_fills: u64,
    pub post_only_rejects: u64,
    pub venue_rejects: u64,
    pub unknown_orders: u64,
    pub stale_withdrawals: u64,
    pub one_sided_ns: u64,
}

/// One instrument of a desk, as it is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traded {
    /// Which.
    pub instrument: InstrumentId,
    /// Which differences between plan and orders are left.
    pub tolerance: Tolerance,
    /// What its orders may not pass. Those of the whole desk (open orders, gross notional, rate,
    /// loss) are taken from the first instrument.
    pub limits: Limits,
}

/// How a desk is set up.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// Its instruments, in the order of the roles that its strategy gives them.
    pub traded: Vec<Traded>,
}

impl DeskSettings {
    /// All instruments under the same tolerance and limits.
    pub fn alike(instruments: &[InstrumentId], tolerance: Tolerance, limits: Limits) -> Self {
        let traded = |id: &InstrumentId| Traded { instrument: *id, tolerance, limits };
        Self { traded: instruments.iter().map(traded).collect() }
    }
}

/// What quotes of one instrument are to do this turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Follow the plan.
    Quote,
    /// Stay as they are: the book is in the midst of a message.
    Hold,
    /// Go away.
    Withdraw,
}

/// One instrument of a desk between deciding and approving.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub instrument: InstrumentId,
    pub tolerance: Tolerance,
    pub turn: Turn,
    pub wishes: [Wishes; 2],
    pub take: Option<Take>,
    pub last_take: u64,
    pub one_sided_since: Option<Nanos>,
    pub flatten_at: Nanos,
    pub is_flat: bool,
}

impl Lane {
    const fn new(traded: &Traded) -> Self {
        Self {
            instrument: traded.instrument,
            tolerance: traded.tolerance,
            turn: Turn::Withdraw,
            wishes: [Wishes::EMPTY; 2],
            take: None,
            last_take: 0,
            one_sided_since: None,
            flatten_at: Nanos::ZERO,
            is_flat: false,
        }
    }
}

/// One strategy and everything that is its own.
#[derive(Debug)]
pub struct Desk<S> {
    /// Dense id.
    pub id: DeskId,
    /// Its instruments.
    pub instruments: Vec<InstrumentId>,
    /// What decides the quotes.
    pub strategy: S,
    /// Its orders.
    pub orders: Orders,
    /// Positions by instrument id.
    pub positions: Vec<Position>,
    /// Plans by instrument id.
    pub plans: Vec<Plan>,
    /// Its risk gate.
    pub gate: Gate,
    /// What it counts.
    pub counters: DeskCounters,
    /// Profit or loss when the day began, and which day.
    pub day_start: (u64, Notional),
    pub(crate) lanes: Vec<Lane>,
    /// By instrument id, its lane; [`NO_LANE`] where it trades nothing.
    lane_of: Vec<u16>,
    marks: Marks,
}

const NO_LANE: u16 = u16::MAX;

mod marks;
mod saved;

impl<S: Strategy> Desk<S> {
    /// A desk over this many instruments in all.
    pub fn new(id: DeskId, settings: DeskSettings, strategy: S, instruments: usize) -> Self {
        let lanes: Vec<Lane> = settings.traded.iter().map(Lane::new).collect();
        let mut lane_of = alloc::vec![NO_LANE; instruments];
        for (at, lane) in lanes.iter().enumerate() {
            if let Some(place) = lane_of.get_mut(lane.instrument.index()) {
                *place = at as u16;
            }
        }
        Self {
            id,
            instruments: lanes.iter().map(|lane| lane.instrument).collect(),
            strategy,
            orders: Orders::new(lanes.len(), instruments),
            positions: alloc::vec![Position::default(); instruments],
            plans: alloc::vec![Plan::default(); instruments],
            gate: Gate::new(settings.traded.iter().map(|one| one.limits).collect()),
            counters: DeskCounters::default(),
            day_start: (0, Notional(0)),
            marks: Marks::new(lanes.len()),
            lanes,
            lane_of,
        }
    }

    /// The place of an instrument among its own.
    #[inline]
    pub(crate) fn lane(&self, instrument: InstrumentId) -> Option<usize> {
        let lane = self.lane_of.get(instrument.index()).copied().filter(|lane| *lane != NO_LANE);
        lane.map(usize::from)
    }

    /// Whether it trades this instrument.
    #[inline]
    pub fn trades(&self, instrument: InstrumentId) -> bool {
        self.lane_of.get(instrument.index()).is_some_and(|lane| *lane != NO_LANE)
    }

    /// What its strategy may see.
    #[inline]
    pub fn learn(&mut self, event: &Event, scene: &Scene<'_>) {
        let view = scene.of(&self.positions, &self.orders);
        self.strategy.learn(event, &view);
    }

    /// Nothing should stand.
    #[inline]
    pub fn clear_plans(&mut self) {
        for id in &self.instruments {
            if let Some(plan) = self.plans.get_mut(id.index()) {
                plan.clear();
            }
        }
    }

    /// Has the strategy write its plans anew.
    #[inline]
    pub fn plan(&mut self, scene: &Scene<'_>) {
        self.clear_plans();
        let view = scene.of(&self.positions, &self.orders);
        self.strategy.plan(&view, &mut self.plans);
    }

    /// Takes the mid of an instrument, or a fill of it, into what is held.
    #[inline]
    pub(crate) fn mark(&mut self, listing: &Listing) {
        let id = listing.instrument.id;
        let Some(lane) = self.lane(id) else { return };
        if let Some(position) = self.positions.get(id.index()) {
            self.marks.mark(lane, position, listing);
        }
    }

    /// Takes all mids and positions in anew.
    pub(crate) fn mark_all(&mut self, market: &Market) {
        self.marks = Marks::new(self.lanes.len());
        market.listings().iter().for_each(|listing| self.mark(listing));
    }

    /// [`Desk::day_pnl`] and [`Desk::gross`] as they are kept from event to event.
    #[inline]
    pub(crate) fn kept(&self) -> (Notional, Notional) {
        let (pnl, held) = self.marks.sums();
        let orders = if self.marks.converts() {
            let lanes = self.lanes.iter().enumerate();
            let counted = lanes.map(|(place, lane)| {
                self.marks.counted(place, self.orders.notional_of(lane.instrument))
            });
            counted.fold(Notional(0), Notional::saturating_add)
        } else {
            self.orders.notional()
        };
        (pnl.saturating_sub(self.day_start.1), held.saturating_add(orders))
    }

    /// Profit or loss over all its instruments at the last mids, less fees, in the money that the
    /// market counts in.
    pub fn pnl(&self, market: &Market) -> Notional {
        self.instruments.iter().fold(Notional(0), |sum, id| {
            let (Some(listing), Some(position)) =
                (market.listing(*id), self.positions.get(id.index()))
            else {
                return sum;
            };
            let pnl = position.pnl(&listing.instrument, listing.last_mid_twice);
            sum.saturating_add(listing.counted(pnl))
        })
    }

    /// Profit or loss since the day began.
    pub fn day_pnl(&self, market: &Market) -> Notional {
        self.pnl(market).saturating_sub(self.day_start.1)
    }

    /// Notional of all live orders and of the positions.
    pub fn gross(&self, market: &Market) -> Notional {
        self.instruments.iter().fold(Notional(0), |sum, id| {
            let held = self.positions.get(id.index()).map_or(Amount(0), |p| p.base);
            let Some(listing) = market.listing(*id) else { return sum };
            let mid = Price(listing.last_mid_twice.unwrap_or(0) / 2);
            let value = listing.instrument.value(held, mid).abs();
            let orders = self.orders.notional_of(*id);
            sum.saturating_add(listing.counted(value.saturating_add(orders)))
        })
    }

    /// Best price of its live orders of a side.
    #[inline]
    pub fn own_best(&self, instrument: InstrumentId, side: Side) -> Option<Price> {
        let awake = |order: &&Order| !matches!(order.wake, Wake::Asleep | Wake::Dormant);
        let prices = self.orders.side(instrument, side).filter(awake).map(Order::nearest_price);
        match side {
            Side::Buy => prices.max(),
            Side::Sell => prices.min(),
        }
    }

    /// Whether this order is or was one of its own.
    #[inline]
    pub fn knows(&self, order: OrderId) -> bool {
        self.orders.get(order).is_some()
    }
}
