//! The engine: one market, n desks, one account; events in, approved orders out.
//!
//! One event goes through three calls so that each can be measured: [`Engine::observe`] changes the
//! state, [`Engine::decide`] has the strategies plan and finds the wishes, [`Engine::approve`] turns
//! wishes into requests that the risk gate let pass. [`step`] is all of it for one event.

mod approve;
mod control;
mod report;

use crate::account::Account;
use crate::desk::{Desk, DeskSettings};
use crate::event::{Body, Event, Link, LinkState, flag, kind};
use crate::id::{DeskId, InstrumentId, Side};
use crate::instrument::Instrument;
use crate::intent::Outbox;
use crate::market::{Effect, Market};
use crate::ports::Ports;
use crate::reconcile::{Wanted, Wishes, reconcile};
use crate::session::{Halt, Phase, Repair};
use crate::strategy::Strategy;
use crate::time::{Nanos, Stage};
use alloc::vec::Vec;

/// What to do with an order at the venue that we do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Take it as ours.
    Adopt,
    /// Cancel it.
    Cancel,
}

/// Settings of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Policy for unknown orders found at the venue.
    pub found: Found,
    /// A request unanswered for this long makes its order unknown, whatever the gateway says.
    pub answer_max: Nanos,
    /// An unknown order is asked for this long after it became unknown, then at doubling intervals.
    pub ask_after: Nanos,
    /// A balance that differs from the venue's for this long is a difference.
    pub differs_max: Nanos,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            found: Found::Cancel,
            answer_max: Nanos::from_s(5),
            ask_after: Nanos::from_ms(300),
            differs_max: Nanos::from_s(2),
        }
    }
}

/// What the engine counts beyond its desks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub struct Counters {
    pub events: u64,
    pub market_events: u64,
    pub odd_rows: u64,
    pub reports_of_unknown_orders: u64,
    pub budget_deferred: u64,
    pub rate_deferred: u64,
    pub repairs_lost: u64,
    pub order_link_losses: u64,
    pub market_link_losses: u64,
    pub orders_full: u64,
}

/// Repairs that are kept; more are counted.
pub const REPAIRS_MAX: usize = 256;
const OUTBOX_MAX: usize = 128;

/// The whole state of a session.
#[derive(Debug)]
pub struct Engine<S> {
    /// Books and instruments.
    pub market: Market,
    /// Strategies with their orders.
    pub desks: Vec<Desk<S>>,
    /// Balances.
    pub account: Account,
    /// What it counts.
    pub counters: Counters,
    settings: Settings,
    phase: Phase,
    halt: Halt,
    resume_to_pause: bool,
    now: Nanos,
    epoch: u32,
    next_counter: u32,
    orders_up: bool,
    reconciled: bool,
    reconcile_at: Nanos,
    budget_orders: u32,
    asked_to_stop_at: Nanos,
    flatten_at: Nanos,
    repairs: Vec<Repair>,
    outbox: Outbox,
}

impl<S: Strategy> Engine<S> {
    /// An engine over these instruments; allocates all it will ever need.
    pub fn new(
        instruments: Vec<Instrument>,
        desks: Vec<(DeskSettings, S)>,
        settings: Settings,
    ) -> Self {
        let count = instruments.len();
        let desks = desks
            .into_iter()
            .enumerate()
            .map(|(place, (desk, strategy))| Desk::new(DeskId(place as u8), desk, strategy, count))
            .collect();
        Self {
            market: Market::new(instruments),
            desks,
            account: Account::new(),
            counters: Counters::default(),
            settings,
            phase: Phase::Reconciling,
            halt: Halt::None,
            resume_to_pause: false,
            now: Nanos::ZERO,
            epoch: 0,
            next_counter: 1,
            orders_up: false,
            reconciled: false,
            reconcile_at: Nanos::ZERO,
            budget_orders: u32::MAX,
            asked_to_stop_at: Nanos::ZERO,
            flatten_at: Nanos::ZERO,
            repairs: Vec::with_capacity(REPAIRS_MAX),
            outbox: Outbox::new(OUTBOX_MAX),
        }
    }

    /// Event time: that of the last event.
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// What it is doing.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Why trading halted.
    pub const fn halt(&self) -> Halt {
        self.halt
    }

    /// The session's epoch.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether the order link is up and reconciled.
    pub const fn is_reconciled(&self) -> bool {
        self.orders_up && self.reconciled
    }

    /// What reconciliation mended so far.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Where requests wait for the ports; for tests and [`step`].
    pub const fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Live orders of all desks.
    pub fn live_orders(&self) -> usize {
        self.desks.iter().map(|desk| desk.orders.live_len()).sum()
    }

    /// Takes one stamped event into the state and says what it did to the market.
    #[inline]
    pub fn observe(&mut self, event: &Event) -> Effect {
        self.now = self.now.max(event.at);
        self.counters.events += 1;
        if event.kind <= kind::FILTERS {
            self.counters.market_events += 1;
            let effect = self.market.apply(event);
            return self.after_market(event, effect);
        }
        match event.body() {
            Some(Body::Link { link, state }) => return self.on_link(event, link, state),
            Some(Body::Timer) => {
                self.on_timer();
                self.teach(event);
            }
            Some(Body::Balance { asset, free, locked }) => {
                self.account.told(asset, free, locked, self.now);
            }
            Some(Body::Conversion { asset, price }) => self.account.convert(asset, price),
            Some(Body::Budget { orders, .. }) => self.budget_orders = orders,
            Some(Body::Start { epoch, .. }) => self.epoch = epoch,
            Some(Body::Command { command, value }) => self.on_command(event, command, value),
            Some(Body::Reconcile { done }) => self.on_reconcile(done),
            Some(Body::Signal { .. } | Body::ClockOffset { .. }) => {}
            Some(report) => self.on_report(event, &report),
            None => self.counters.odd_rows += 1,
        }
        Effect::None
    }

    #[inline]
    fn after_market(&mut self, event: &Event, effect: Effect) -> Effect {
        if let Effect::Resync(id) = effect {
            self.outbox.push(crate::intent::Outgoing::Resync(id));
        }
        for desk in &mut self.desks {
            if desk.trades(event.instrument) {
                desk.learn(event, &self.market, self.now);
            }
        }
        effect
    }

    /// Events that are about no instrument reach every strategy.
    fn teach(&mut self, event: &Event) {
        for desk in &mut self.desks {
            desk.learn(event, &self.market, self.now);
        }
    }

    fn on_link(&mut self, event: &Event, link: Link, state: LinkState) -> Effect {
        let mut effect = Effect::None;
        if link == Link::Market {
            let before = self.market.flows();
            effect = self.market.apply(event);
            if before && !self.market.flows() {
                self.counters.market_link_losses += 1;
                for desk in &mut self.desks {
                    let standing = desk.orders.live().filter(|order| !order.state.is_pending());
                    desk.counters.stale_withdrawals += standing.count() as u64;
                }
            }
        } else {
            self.orders_up = matches!(state, LinkState::Up | LinkState::Fresh);
            if state == LinkState::Down {
                self.reconciled = false;
                self.counters.order_link_losses += 1;
            }
        }
        self.teach(event);
        effect
    }

    /// Has the strategies plan where the event calls for it, and finds what differs. True when there
    /// is anything to approve.
    #[inline]
    pub fn decide(&mut self, event: &Event, effect: Effect) -> bool {
        let instrument = match effect {
            Effect::Moved(id) | Effect::Blanked(id) | Effect::Resync(id) => id,
            Effect::Traded(_) => return false,
            Effect::Link(_) => return self.decide_all(),
            Effect::None if event.kind >= kind::ACCEPTED || event.kind == kind::LINK => {
                return event.kind != kind::BALANCE
                    && event.kind != kind::BUDGET
                    && self.decide_all();
            }
            Effect::None => return false,
        };
        if matches!(effect, Effect::Moved(_)) && event.kind == kind::LEVEL && !event.has(flag::LAST)
        {
            return false;
        }
        let mut any = false;
        for place in 0..self.desks.len() {
            if self.desks[place].trades(instrument) {
                any |= self.find_wishes(place, instrument);
            }
        }
        any
    }

    fn decide_all(&mut self) -> bool {
        let mut any = false;
        for place in 0..self.desks.len() {
            for index in 0..self.desks[place].instruments.len() {
                let instrument = self.desks[place].instruments[index];
                any |= self.find_wishes(place, instrument);
                if self.desks[place].instruments.len() > 1 {
                    self.approve_desk(place, instrument, 0, self.now);
                }
            }
        }
        any
    }

    /// Whether quotes may stand on an instrument now.
    #[inline]
    pub fn may_quote(&self, instrument: InstrumentId) -> bool {
        let Some(listing) = self.market.listing(instrument) else { return false };
        self.phase == Phase::Quoting
            && self.is_reconciled()
            && self.market.flows()
            && listing.book.is_live()
            && listing.instrument.status == crate::instrument::Status::Trading
    }

    #[inline]
    fn find_wishes(&mut self, place: usize, instrument: InstrumentId) -> bool {
        let quoting = self.may_quote(instrument);
        let listing = self.market.listing(instrument);
        let amends = listing.is_some_and(|listing| listing.instrument.amends);
        let age = listing.map_or(Nanos::ZERO, |listing| self.now.since(listing.updated_at));
        let (now, flattening) = (self.now, self.phase == Phase::Flattening);
        let can_send = self.is_reconciled();
        let desk = &mut self.desks[place];
        let fresh = age <= desk.gate.limits().market_age_max;
        if quoting && fresh {
            desk.plan(&self.market, now);
        } else {
            for plan in &mut desk.plans {
                plan.clear();
            }
            if quoting {
                let standing = desk.orders.live().filter(|order| !order.state.is_pending());
                desk.counters.stale_withdrawals += standing.count() as u64;
            }
        }
        if flattening {
            self.plan_flatten(place, instrument);
        }
        let desk = &mut self.desks[place];
        let Some(plan) = desk.plans.get(instrument.index()) else { return false };
        let mut any = plan.take.is_some_and(|take| take.id > desk.last_take);
        for side in Side::BOTH {
            let quotes = plan.quotes(side);
            let wanted = Wanted { side, quotes, tolerance: desk.tolerance, amends, now };
            let wishes = if can_send {
                reconcile(&wanted, desk.orders.side(instrument, side))
            } else {
                Wishes::EMPTY
            };
            any |= !wishes.is_empty();
            desk.wishes[side.index()] = wishes;
        }
        self.count_one_sided(place, instrument);
        any
    }

    /// A book that should have two sides of ours and has one is counted in time.
    fn count_one_sided(&mut self, place: usize, instrument: InstrumentId) {
        let now = self.now;
        let desk = &mut self.desks[place];
        let Some(plan) = desk.plans.get(instrument.index()) else { return };
        let wanted = Side::BOTH.iter().all(|side| !plan.quotes(*side).is_empty());
        let stands = Side::BOTH.map(|side| desk.orders.side(instrument, side).next().is_some());
        if wanted && stands[0] != stands[1] {
            desk.one_sided_since.get_or_insert(now);
        } else if let Some(since) = desk.one_sided_since.take() {
            desk.counters.one_sided_ns += now.since(since).0;
        }
    }

    /// Turns the wishes of the last [`Engine::decide`] into requests.
    #[inline]
    pub fn approve(&mut self, event: &Event) {
        let cause =
            if event.kind == kind::LEVEL || event.kind == kind::BEST { event.id } else { 0 };
        for place in 0..self.desks.len() {
            let instrument = if event.kind < kind::ACCEPTED && event.kind != kind::LINK {
                event.instrument
            } else {
                self.desks[place].instruments.first().copied().unwrap_or_default()
            };
            self.approve_desk(place, instrument, cause, event.read_at());
        }
    }
}

/// One turn: the next event is stamped, recorded and applied, and what it caused is sent. False when
/// there was no event.
#[inline]
pub fn step<S: Strategy, P: Ports>(engine: &mut Engine<S>, ports: &mut P) -> bool {
    let Some(mut event) = ports.next() else { return false };
    let at = ports.now().max(engine.now());
    event.recv_delta_ns = u32::try_from(at.since(event.at).0).unwrap_or(u32::MAX);
    event.at = at;
    ports.record(&event);
    let effect = engine.observe(&event);
    ports.mark(Stage::Book);
    if engine.decide(&event, effect) {
        ports.mark(Stage::Decide);
        engine.approve(&event);
        ports.mark(Stage::Risk);
    }
    for item in engine.outbox.drain() {
        ports.send(item);
    }
    true
}

#[cfg(test)]
mod tests;
