//! The engine: one market, n desks, one account; events in, approved orders out.
//!
//! One event goes through three calls so that each can be measured: [`Engine::observe`] changes the
//! state, [`Engine::decide`] has the strategies plan and finds the wishes, [`Engine::approve`]
//! turns wishes into requests that the risk gate let pass. [`step`] is all of it for one event.

mod approve;
mod carry;
mod conditional;
mod control;
mod decide;
mod holding;
mod netting;
mod pairs;
mod rehearse;
mod report;
mod saved;

use crate::account::Account;
use crate::desk::{Desk, DeskSettings};
use crate::event::{Body, Event, Link, LinkState, kind};
use crate::exposure::Exposure;
use crate::held::{HELD_MAX, Held};
use crate::id::{CAUSE_MAX, DeskId, FeedId, InstrumentId, VenueId};
use crate::instrument::Instrument;
use crate::intent::{Outbox, Outgoing};
use crate::market::{Effect, Market};
use crate::order::OrderState;
use crate::ports::Ports;
use crate::risk::{Shared, SharedLimits};
use crate::session::{Halt, Phase, Repair};
use crate::strategy::{Scene, Strategy};
use crate::time::{Nanos, Stage};
use crate::venue::Venue;
use alloc::vec::Vec;

/// What to do with an order at the venue that we do not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Take it as ours.
    Adopt,
    /// Cancel it.
    Cancel,
}

/// What becomes of an order that would meet a resting order of another desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Netting {
    /// The gate refuses it as self-cross.
    Refuse,
    /// The position passes from one desk to the other at the resting order's price, without fee,
    /// and that order is cancelled.
    Inside,
}

/// Settings of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Policy for unknown orders found at the venue.
    pub found: Found,
    /// A request unanswered for this long makes its order unknown, whatever the gateway says.
    pub answer_max: Nanos,
    /// An unknown order is asked for this long after it became unknown, then at doubling
    /// intervals.
    pub ask_after: Nanos,
    /// A balance that differs from the venue's for this long is a difference.
    pub differs_max: Nanos,
    /// While all is well everything is reconciled anew at this interval; zero: only on connecting.
    pub reconcile_every: Nanos,
    /// Limits that all desks share; `None` where each desk has its own alone.
    pub shared: Option<SharedLimits>,
    /// What becomes of an order that would meet one of another desk.
    pub netting: Netting,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            found: Found::Cancel,
            answer_max: Nanos::from_s(5),
            ask_after: Nanos::from_ms(300),
            differs_max: Nanos::from_s(2),
            reconcile_every: Nanos::ZERO,
            shared: None,
            netting: Netting::Refuse,
        }
    }
}

pub use carry::{Carried, CarryError};

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
    pub untracked_orders: u64,
    pub fills_before_start: u64,
    pub sets_refused: u64,
    pub netted: u64,
    pub holds_refused: u64,
    pub held_fired: u64,
    pub held_at_venue: u64,
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
    /// Accounts and order links, by venue.
    pub venues: Vec<Venue>,
    /// What it counts.
    pub counters: Counters,
    settings: Settings,
    shared: Option<Shared>,
    phase: Phase,
    halt: Halt,
    now: Nanos,
    epoch: u32,
    next_counter: u32,
    asked_to_stop_at: Nanos,
    repairs: Vec<Repair>,
    /// By instrument: own trades below it have been told.
    next_trades: Vec<u64>,
    outbox: Outbox,
    exposure: Exposure,
    /// By instrument id: the desks that trade it.
    traders: Vec<Vec<u8>>,
    held: Vec<Held>,
    /// Desks that wish for something, from [`Engine::decide`] to [`Engine::approve`].
    wishing: Vec<u8>,
    /// What the last report was about: where to look for its order first.
    about: InstrumentId,
}

impl<S: Strategy> Engine<S> {
    /// An engine over these instruments; allocates all it will ever need.
    pub fn new(
        instruments: Vec<Instrument>,
        desks: Vec<(DeskSettings, S)>,
        settings: Settings,
    ) -> Self {
        let count = instruments.len();
        let desks: Vec<Desk<S>> = desks
            .into_iter()
            .enumerate()
            .map(|(place, (desk, strategy))| Desk::new(DeskId(place as u8), desk, strategy, count))
            .collect();
        let traders = traders(&desks, count);
        Self {
            exposure: Exposure::new(instruments.clone()),
            held: Vec::with_capacity(HELD_MAX),
            wishing: Vec::with_capacity(desks.len()),
            about: InstrumentId(0),
            traders,
            venues: venues(&instruments),
            market: Market::new(instruments),
            desks,
            counters: Counters::default(),
            shared: settings.shared.map(Shared::new),
            settings,
            phase: Phase::Reconciling,
            halt: Halt::None,
            now: Nanos::ZERO,
            epoch: 0,
            next_counter: 1,
            asked_to_stop_at: Nanos::ZERO,
            repairs: Vec::with_capacity(REPAIRS_MAX),
            next_trades: alloc::vec![0; count],
            outbox: Outbox::new(OUTBOX_MAX.max(2 * count)),
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

    /// Whether the order links of all venues are up and reconciled.
    pub fn is_reconciled(&self) -> bool {
        self.venues.iter().all(Venue::is_reconciled)
    }

    /// Whether the order link of an instrument's venue is up and reconciled.
    #[inline]
    pub(crate) fn can_send(&self, instrument: InstrumentId) -> bool {
        let venue = self.market.listing(instrument).map(|one| one.instrument.venue.index());
        venue.and_then(|venue| self.venues.get(venue)).is_some_and(Venue::is_reconciled)
    }

    /// Our account at a venue; the first one's where there is no such venue.
    pub fn account(&self, venue: VenueId) -> &Account {
        let place = venue.index().min(self.venues.len() - 1);
        &self.venues[place].account
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
        if event.is_inner() {
            return self.on_inner(event);
        }
        if event.kind < kind::ACCEPTED && event.kind != kind::LINK {
            return self.on_market(event);
        }
        match event.body() {
            Some(Body::Link { link: Link::Market, .. }) => return self.on_market(event),
            Some(Body::Link { link: Link::Orders, state }) => {
                self.on_order_link(event.venue(), state);
                self.teach(event);
            }
            Some(Body::Timer) => {
                self.on_timer();
                self.teach(event);
            }
            Some(Body::Balance { asset, free, locked }) => {
                let now = self.now;
                self.at_venue(event, |venue| venue.account.told(asset, free, locked, now));
            }
            Some(Body::Conversion { asset, price }) => {
                self.venues.iter_mut().for_each(|venue| venue.account.convert(asset, price));
                self.market.convert(asset, price);
            }
            Some(Body::Budget { orders, .. }) => {
                self.at_venue(event, |venue| venue.budget_orders = orders);
            }
            Some(Body::Position { lots, entry }) => self.on_position(event, (lots, entry)),
            Some(Body::Funding { asset, amount }) => self.on_funding(event, (asset, amount)),
            Some(Body::Start { epoch, .. }) => self.epoch = epoch,
            Some(Body::Command { command, value }) => self.on_command(event, command, value),
            Some(Body::Reconcile { done }) => self.on_reconcile(event.venue(), done),
            Some(Body::Doubt) => self.doubt_everything(event.venue()),
            Some(Body::Hold(hold)) => self.hold(event, hold),
            Some(Body::Release { number }) => self.release(number),
            Some(Body::Signal { .. } | Body::ClockOffset { .. }) => {}
            Some(Body::TradesTold { next }) => self.trades_told(event.instrument, next),
            Some(report) => self.on_report(event, &report),
            None => self.counters.odd_rows += 1,
        }
        Effect::None
    }

    /// Most rows: levels in the midst of a message.
    #[inline]
    fn on_inner(&mut self, event: &Event) -> Effect {
        self.counters.market_events += 1;
        if self.market.apply_inner(event) {
            return Effect::None;
        }
        self.counters.odd_rows += 1;
        Effect::Odd
    }

    /// Takes level rows in the midst of messages of one instrument, all read and stamped at these
    /// times: what [`step`] makes of them one by one.
    #[inline]
    pub fn observe_inner(&mut self, rows: &[Event], (read_at, at): (Nanos, Nanos)) {
        self.now = self.now.max(at);
        self.counters.events += rows.len() as u64;
        self.counters.market_events += rows.len() as u64;
        self.counters.odd_rows += self.market.apply_inner_rows(rows, read_at) as u64;
    }

    #[inline]
    fn on_market(&mut self, event: &Event) -> Effect {
        self.counters.market_events += 1;
        let grids = self.grids(event);
        let flowed = self.market.flows(event.feed());
        let effect = self.market.apply(event);
        match effect {
            Effect::Odd => {
                self.counters.odd_rows += 1;
                return effect;
            }
            Effect::Resync(id) => {
                self.outbox.push(Outgoing::Resync(id));
            }
            Effect::Link(_) => {
                self.on_market_link(event.feed(), flowed);
                self.teach(event);
                return effect;
            }
            _ => {}
        }
        if let Some(before) = grids {
            self.rebase(event.instrument, before);
            self.recount();
        }
        let Some(listing) = self.market.listing(event.instrument) else { return effect };
        let traders = self.traders.get(event.instrument.index());
        if effect == Effect::Referred(event.instrument)
            && let Some(venue) = self.venues.get_mut(listing.instrument.venue.index())
        {
            venue.account.mark(&listing.instrument, listing.reference.mark);
        }
        let scene = scene(self.now, &self.market, &self.venues, &self.exposure);
        for place in traders.into_iter().flatten() {
            let desk = &mut self.desks[usize::from(*place)];
            desk.mark(listing);
            desk.learn(event, &scene);
        }
        self.watch_held(event.instrument);
        effect
    }

    /// The desks that trade an instrument.
    #[inline]
    fn traders(&self, instrument: InstrumentId) -> &[u8] {
        self.traders.get(instrument.index()).map_or(&[], Vec::as_slice)
    }

    fn on_market_link(&mut self, feed: FeedId, flowed: bool) {
        if !flowed || self.market.flows(feed) {
            return;
        }
        self.counters.market_link_losses += 1;
        let of_it = |id| self.market.listing(id).is_some_and(|one| one.instrument.feed == feed);
        for desk in &mut self.desks {
            let open = desk.orders.live().filter(|order| order.state == OrderState::Open);
            let open = open.filter(|order| of_it(order.instrument));
            desk.counters.stale_withdrawals += open.count() as u64;
        }
    }

    /// Events that are about no instrument reach every strategy.
    fn teach(&mut self, event: &Event) {
        let scene = scene(self.now, &self.market, &self.venues, &self.exposure);
        self.desks.iter_mut().for_each(|desk| desk.learn(event, &scene));
    }

    /// Changes the venue that a row is about; a row of a venue that is not configured is odd.
    fn at_venue(&mut self, event: &Event, change: impl FnOnce(&mut Venue)) {
        match self.venues.get_mut(event.venue().index()) {
            Some(venue) => change(venue),
            None => self.counters.odd_rows += 1,
        }
    }

    fn on_order_link(&mut self, venue: VenueId, state: LinkState) {
        let Some(venue) = self.venues.get_mut(venue.index()) else {
            self.counters.odd_rows += 1;
            return;
        };
        venue.orders_up = matches!(state, LinkState::Up | LinkState::Fresh);
        if state == LinkState::Down {
            venue.reconciled = false;
            venue.reconciling = false;
            self.counters.order_link_losses += 1;
        }
    }

    /// Turns the wishes of the last [`Engine::decide`] into requests.
    #[inline]
    pub fn approve(&mut self, event: &Event) {
        let from_market = event.kind == kind::LEVEL || event.kind == kind::BEST;
        let cause = if from_market { event.id & CAUSE_MAX } else { 0 };
        for at in 0..self.wishing.len() {
            let place = usize::from(self.wishing[at]);
            self.approve_desk(place, (cause, event.read_at()));
        }
        if !self.held.is_empty() {
            self.work_held((cause, event.read_at()));
        }
    }
}

/// All that strategies see beside what is their desk's own.
const fn scene<'a>(
    now: Nanos,
    market: &'a Market,
    venues: &'a [Venue],
    exposure: &'a Exposure,
) -> Scene<'a> {
    Scene { now, market, venues, exposure }
}

/// As many venues as these instruments trade at, one at least.
fn venues(instruments: &[Instrument]) -> Vec<Venue> {
    let count = instruments.iter().map(|one| one.venue.index() + 1).max().unwrap_or(1);
    (0..count).map(|_| Venue::new(instruments)).collect()
}

/// By instrument id, the desks that trade it.
fn traders<S: Strategy>(desks: &[Desk<S>], instruments: usize) -> Vec<Vec<u8>> {
    let of = |place| {
        let all = desks.iter().enumerate();
        let own = all.filter(|(_, desk)| desk.trades(InstrumentId(place as u16)));
        own.map(|(number, _)| number as u8).collect()
    };
    (0..instruments).map(of).collect()
}

/// One turn: the next event is stamped, recorded and applied, and what it caused is sent. False
/// when there was no event.
#[inline]
pub fn step<S: Strategy, P: Ports>(engine: &mut Engine<S>, ports: &mut P) -> bool {
    let Some(mut event) = ports.next() else { return false };
    let at = ports.now().max(engine.now());
    event.recv_delta_ns = u32::try_from(at.since(event.at).0).unwrap_or(u32::MAX);
    event.at = at;
    ports.record(&event);
    let effect = engine.observe(&event);
    if event.is_inner() {
        return true;
    }
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
