//! How things stand at the venue, asked after every connect, before orders may be placed.
//!
//! ```text
//!  own trades ─▶ open orders ─▶ positions ─▶ balances ─▶ own trades again ─▶ told, replayed,
//!                     ▲                                        │             ready
//!                     └────────── a trade came meanwhile ──────┘
//! ```
//!
//! The second look at the trades makes the picture of one instant: when none came in between, open
//! orders, positions and balances contain exactly the trades that were told. At the very first
//! start there is nothing to miss: it is learnt which trades there are, and they are not told.
//! Payments of funding go the same way as trades. A position that the answer does not name is flat.

use super::pending::{Entry, Then};
use super::session::{Phase, Session, Signal};
use crate::wire::{Ask, TradeTold, Verdict, Whose, order_id};
use engine::event::{Body, Event, Reason, flag, kind};
use engine::id::{ClientId, InstrumentId};
use engine::intent::OrderRef;
use engine::num::Notional;
use engine::time::Nanos;

/// Rows of the private stream that are held back at most.
const BUFFER_MAX: usize = 4_096;
/// Trades that wait for the name of their order at most.
const HELD_MAX: usize = 4_096;
/// How often the picture is taken anew because trades came meanwhile.
const ROUNDS_MAX: u32 = 5;
/// How often a failed reconciliation is tried again on the same connection.
const RETRIES_MAX: u32 = 5;
/// How long to wait before that.
pub(super) const RETRY_AFTER: Nanos = Nanos::from_ms(500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Trades,
    Orders,
    Positions,
    Balances,
    Again,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    instrument: InstrumentId,
    venue_order: u64,
    trade: TradeTold,
    at: Nanos,
}

/// The state of a reconciliation, and of a halt.
#[derive(Debug)]
pub(crate) struct Reconciliation {
    number: u32,
    pub(super) step: Step,
    pub(super) waiting: u32,
    pub(super) failed: bool,
    moved: bool,
    rounds: u32,
    retries: u32,
    pub(super) retry_at: Option<Nanos>,
    /// Per instrument, whether its trades are learnt for the first time.
    first: Vec<bool>,
    /// The same of payments.
    first_payments: bool,
    /// The stream said that funding was paid: to be asked for at the end.
    pub(super) payments_due: bool,
    snapshot: Vec<Event>,
    buffer: Vec<Event>,
    overflow: bool,
    held: Vec<Held>,
    /// Open orders that the last look of a halt found.
    pub(super) found: u32,
}

impl Reconciliation {
    pub fn new() -> Self {
        Self {
            number: 0,
            step: Step::Trades,
            waiting: 0,
            failed: false,
            moved: false,
            rounds: 0,
            retries: 0,
            retry_at: None,
            first: Vec::new(),
            first_payments: false,
            payments_due: false,
            snapshot: Vec::with_capacity(1_024),
            buffer: Vec::with_capacity(BUFFER_MAX),
            overflow: false,
            held: Vec::with_capacity(HELD_MAX),
            found: 0,
        }
    }
}

impl Session {
    /// Begins to reconcile; whatever reconciliation is under way is dropped.
    pub fn begin_reconcile(&mut self, now: Nanos) {
        if self.phase == Phase::Halting {
            return self.begin_halt();
        }
        self.counters.reconciliations += 1;
        self.phase = Phase::Reconciling;
        self.reports.of_venue(now, 0, Body::Reconcile { done: false });
        self.reports.end();
        let state = &mut self.reconciliation;
        state.retries = 0;
        state.buffer.clear();
        self.restart();
    }

    /// Starts the questions from the first one; the buffer stays.
    fn restart(&mut self) {
        // Trades that were held back were not told: they are asked for again.
        for place in 0..self.reconciliation.held.len() {
            let held = self.reconciliation.held[place];
            if let Some(told) = self.trades_of(held.instrument) {
                told.forget(held.trade.trade);
            }
        }
        let state = &mut self.reconciliation;
        state.number = state.number.wrapping_add(1);
        // The first time lasts until a reconciliation is finished.
        state.first.resize(self.trades.len(), false);
        for (first, told) in state.first.iter_mut().zip(&self.trades) {
            *first |= told.next().is_none();
        }
        state.first_payments |= self.payments.next().is_none();
        (state.rounds, state.moved, state.overflow) = (0, false, false);
        state.retry_at = None;
        state.snapshot.clear();
        state.held.clear();
        // What queries of the engine still need is kept.
        self.asks.retain(|(_, then)| matches!(then, Then::Tell(_) | Then::Doom));
        self.ask_step(Step::Trades);
    }

    fn ask_step(&mut self, step: Step) {
        let state = &mut self.reconciliation;
        (state.step, state.failed, state.waiting) = (step, false, 0);
        let then = Then::Reconcile(state.number);
        let asks = &mut self.asks;
        match step {
            Step::Positions if self.margined.is_empty() => return self.ask_step(Step::Balances),
            Step::Balances => asks.push_back((Ask::Balances, then)),
            Step::Positions => {
                asks.extend(self.margined.iter().map(|one| (Ask::Position(*one), then)));
            }
            Step::Orders => asks.extend(self.instruments.iter().flat_map(|one| {
                let ask = |list| Ask::OpenOrders { instrument: *one, list, page: 0 };
                self.abilities.lists().map(move |list| (ask(list), then))
            })),
            Step::Trades | Step::Again => {
                let both = self.instruments.iter().zip(&self.trades);
                asks.extend(both.map(|(instrument, told)| {
                    let (instrument, from) = (*instrument, told.from());
                    (Ask::Trades { instrument, from, page: 0 }, then)
                }));
                if !self.margined.is_empty() {
                    let from = self.payments.from();
                    asks.push_back((Ask::Payments { from, page: 0 }, then));
                }
            }
        }
        let waiting = asks.iter().filter(|(_, of)| *of == then).count();
        self.reconciliation.waiting = waiting as u32;
    }

    pub(super) fn is_current(&self, number: u32) -> bool {
        self.phase == Phase::Reconciling && self.reconciliation.number == number
    }

    /// Begins another try when the waiting time before it is over.
    pub fn reconcile_tick(&mut self, now: Nanos) {
        let due = self.reconciliation.retry_at.is_some_and(|at| now >= at);
        if !due {
            return;
        }
        self.reconciliation.retry_at = None;
        match self.phase {
            Phase::Reconciling => {
                self.counters.reconcile_retries += 1;
                self.restart();
            }
            Phase::Halting => self.begin_halt(),
            _ => {}
        }
    }

    /// Holds a row of the private stream back.
    pub(super) fn buffer(&mut self, row: Event) {
        let state = &mut self.reconciliation;
        if state.buffer.len() >= BUFFER_MAX {
            state.overflow = true;
            self.counters.buffer_full += 1;
            return;
        }
        state.buffer.push(row);
    }

    /// An open order, a position or a balance: part of the picture.
    pub(super) fn reconcile_row(&mut self, number: u32, row: &Event) {
        if self.is_current(number) {
            self.reconciliation.snapshot.push(row.with(flag::ASKED | flag::SNAPSHOT));
        }
    }

    /// A payment that is new: told, unless payments are learnt for the first time.
    pub(super) fn reconcile_payment(&mut self, number: u32, row: Event) {
        if !self.is_current(number) || self.reconciliation.failed {
            return;
        }
        self.payments.mark(row.id);
        self.reconciliation.moved |= self.reconciliation.step == Step::Again;
        if !self.reconciliation.first_payments {
            self.counters.payments += 1;
            self.reports.push(row);
        }
    }

    /// A trade in the answer: told when it is new, held back when its order's name is not known.
    pub(super) fn reconcile_trade(
        &mut self,
        number: u32,
        whose: Whose,
        from: Option<u64>,
        trade: TradeTold,
        at: Nanos,
    ) {
        let (instrument, venue_order) = (whose.instrument, whose.venue_order);
        let place = self.instruments.iter().position(|one| *one == instrument);
        let (true, Some(place)) = (self.is_current(number), place) else { return };
        let new = self.trades[place].is_new(trade.trade) && from.is_none_or(|id| trade.trade >= id);
        let state = &mut self.reconciliation;
        // After a failure everything is asked again, so nothing counts as seen.
        if !new || state.failed {
            return;
        }
        state.moved |= state.step == Step::Again;
        if !state.first[place] {
            let told = whose.named.then_some(whose.client);
            match self.known.name(instrument, venue_order).or(told) {
                Some(client) => self.missed_trade(client, (instrument, venue_order), trade, at),
                None if state.held.len() < HELD_MAX => {
                    state.held.push(Held { instrument, venue_order, trade, at });
                }
                None => {
                    state.failed = true;
                    return;
                }
            }
        }
        self.trades[place].mark(trade.trade);
    }

    fn missed_trade(
        &mut self,
        client: Option<ClientId>,
        (instrument, venue_order): (InstrumentId, u64),
        trade: TradeTold,
        at: Nanos,
    ) {
        self.counters.trades_missed += 1;
        let order = order_id(client, venue_order);
        let row = self.fill_row(instrument, order, trade, at).with(flag::ASKED);
        self.reports.push(row);
    }

    /// One of the questions is answered.
    pub(super) fn reconcile_answer(&mut self, number: u32, entry: &Entry, done: bool, at: Nanos) {
        if !self.is_current(number) {
            return;
        }
        let state = &mut self.reconciliation;
        state.waiting = state.waiting.saturating_sub(1);
        state.failed |= !done;
        match entry.ask {
            Ask::Trades { instrument, .. } if done => {
                if let Some(told) = self.trades_of(instrument) {
                    told.finish();
                }
            }
            Ask::Payments { .. } if done => self.payments.finish(),
            Ask::Position(instrument) if done => {
                self.outdate(kind::POSITION, Some(instrument));
                if entry.items == 0 {
                    let flat = Body::Position { lots: 0, entry: Notional::ZERO };
                    self.reconcile_row(number, &Event::new(at, instrument, 0, flat));
                }
            }
            Ask::Balances => self.outdate(kind::BALANCE, None),
            _ => {}
        }
        if self.reconciliation.waiting == 0 {
            self.step_done(at);
        }
    }

    /// What the stream told before this answer is older than it.
    fn outdate(&mut self, kind: u8, of: Option<InstrumentId>) {
        let old = |row: &Event| row.kind == kind && of.is_none_or(|one| row.instrument == one);
        self.reconciliation.buffer.retain(|row| !old(row));
    }

    fn step_done(&mut self, at: Nanos) {
        if self.reconciliation.failed {
            return self.try_again(at);
        }
        if let Some(held) = self.reconciliation.held.first() {
            let client = ClientId { order: order_id(None, held.venue_order), cause: 0 };
            let (venue_order, instrument) = (held.venue_order, held.instrument);
            let order = OrderRef { client, venue_order, instrument, waits: false };
            let ask = Ask::Query { order, by_venue_id: true, ended: false };
            let then = Then::Name(self.reconciliation.number);
            self.reconciliation.waiting = 1;
            self.asks.push_back((ask, then));
            return;
        }
        match self.reconciliation.step {
            Step::Trades => self.ask_step(Step::Orders),
            Step::Orders => self.ask_step(Step::Positions),
            Step::Positions => self.ask_step(Step::Balances),
            Step::Balances => self.ask_step(Step::Again),
            Step::Again => self.finish(at),
        }
    }

    fn try_again(&mut self, at: Nanos) {
        let state = &mut self.reconciliation;
        state.retries += 1;
        // Answers of this try that come later are nobody's.
        state.number = state.number.wrapping_add(1);
        if state.retries > RETRIES_MAX {
            self.signals.push_back(Signal::Hopeless);
        } else {
            let stopped_until = self.budget.stopped_until();
            let wait = stopped_until.since(self.venue_now(at)).max(RETRY_AFTER);
            self.reconciliation.retry_at = Some(at.after(wait));
        }
    }

    /// The name of an order whose trades are held back.
    pub(super) fn reconcile_name(
        &mut self,
        number: u32,
        entry: &Entry,
        verdict: Verdict,
        at: Nanos,
    ) {
        let Ask::Query { order, ended, .. } = entry.ask else { return };
        if !self.is_current(number) {
            return;
        }
        self.reconciliation.waiting = 0;
        let gone = matches!(verdict, Verdict::Refused(r) if r.reason == Reason::UnknownOrder);
        let client = match entry.told {
            Some(told) => told.client,
            // Archived or another's: it cannot be one that we follow.
            None if gone && self.abilities.ended_apart && !ended => {
                let ask = Ask::Query { order, by_venue_id: true, ended: true };
                self.reconciliation.waiting = 1;
                return self.asks.push_back((ask, Then::Name(number)));
            }
            None if gone => None,
            None => return self.try_again(at),
        };
        self.known.learn(order.instrument, order.venue_order, client);
        let of = |held: &Held| {
            held.venue_order == order.venue_order && held.instrument == order.instrument
        };
        let mut place = 0;
        while place < self.reconciliation.held.len() {
            if of(&self.reconciliation.held[place]) {
                let held = self.reconciliation.held.remove(place);
                let whose = (held.instrument, held.venue_order);
                self.missed_trade(client, whose, held.trade, held.at);
            } else {
                place += 1;
            }
        }
        self.step_done(at);
    }

    /// All questions are answered: tells the picture, replays the stream, and is ready.
    fn finish(&mut self, at: Nanos) {
        let state = &mut self.reconciliation;
        if state.moved && state.rounds < ROUNDS_MAX {
            state.rounds += 1;
            state.moved = false;
            state.snapshot.clear();
            self.counters.reconcile_retries += 1;
            return self.ask_step(Step::Orders);
        }
        if state.overflow {
            state.buffer.clear();
            return self.try_again(at);
        }
        self.reports.end();
        for place in 0..self.reconciliation.snapshot.len() {
            let row = self.reconciliation.snapshot[place];
            self.reports.push(row);
        }
        self.reports.end();
        for place in 0..self.reconciliation.buffer.len() {
            let row = self.reconciliation.buffer[place];
            let told = match row.body() {
                Some(Body::Fill(fill)) => {
                    self.trades_of(row.instrument).is_some_and(|told| !told.is_new(fill.trade))
                }
                _ => false,
            };
            if !told && self.is_first(&row) {
                self.reports.push(row);
                self.reports.end();
            }
        }
        self.reconciliation.buffer.clear();
        self.reconciliation.first.fill(false);
        self.reconciliation.first_payments = false;
        self.phase = Phase::Ready;
        for (instrument, told) in self.instruments.iter().zip(&self.trades) {
            let next = told.next().unwrap_or(0);
            self.reports.row(at, *instrument, 0, Body::TradesTold { next });
        }
        self.reports.of_venue(at, 0, Body::Reconcile { done: true });
        self.reports.end();
        self.tell_budget(at);
        if core::mem::take(&mut self.reconciliation.payments_due) {
            self.ask_payments();
        }
    }
}
