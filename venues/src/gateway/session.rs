//! The conversation with a venue without its sockets: what an answer or a report means for the
//! orders it is about, and which rows the engine gets.
//!
//! A time-out or a lost connection leaves a request *unknown*; it is never sent again on any path.
//! What was learnt by asking carries [`flag::ASKED`].

use super::counters::Counters;
use super::known::{Known, SentPlaces};
use super::moves::Moves;
use super::pending::{Entry, Pending, Then};
use super::reconcile::Reconciliation;
use super::reports::Reports;
use super::told::Told;
use super::{Config, SwitchState};
use crate::budget::{Budget, Class, Denied};
use crate::timed;
use crate::wire::{Abilities, Ask, Cost, Kind, Refusal, RequestId, Usage, Verdict, following};
use engine::event::{Body, End, Link, LinkState, Reason};
use engine::id::{InstrumentId, OrderId};
use engine::instrument::{self, Instrument};
use engine::intent::OrderRef;
use engine::num::Qty;
use engine::time::Nanos;
use std::collections::VecDeque;

/// Questions of our own that may wait to be asked.
pub(super) const ASKS_MAX: usize = 4_096;
/// Orders that may wait to be cancelled one by one.
const DOOMED_MAX: usize = 4_096;

/// How far the session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No way to the venue.
    Down,
    /// A way, and the venue is being asked how things stand.
    Reconciling,
    /// Orders may be placed.
    Ready,
    /// Cancelling all because the engine died.
    Halting,
    /// For good.
    Halted,
}

/// Something that concerns a connection and not an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A step of a connection's set-up was answered.
    SetUp { line: u8, kind: Kind, done: bool },
    /// The connection will be closed by the venue.
    Closing,
    /// The private stream ended.
    StreamEnded,
    /// The clocks are to be measured again.
    Clock,
    /// The reconciliation fails again and again: connect anew.
    Hopeless,
}

/// The session's state.
#[derive(Debug)]
pub(crate) struct Session {
    pub reports: Reports,
    pub counters: Counters,
    pub pending: Pending,
    pub budget: Budget,
    pub phase: Phase,
    /// The key, its permissions or a signature was refused, with the venue's number for it.
    pub refused_key: Option<i32>,
    /// The venue's clock minus ours, µs.
    pub offset_us: i64,
    /// What concerns connections, for the gateway to act on.
    pub signals: VecDeque<Signal>,
    /// Questions of our own, for the gateway to send.
    pub asks: VecDeque<(Ask, Then)>,
    /// How long the newest answer to an order took.
    pub acknowledged: Option<Nanos>,
    pub(super) known: Known,
    pub(super) sent: SentPlaces,
    pub(super) moves: Moves,
    pub(super) instruments: Vec<InstrumentId>,
    /// Those that are margined: they have positions and pay funding.
    pub(super) margined: Vec<InstrumentId>,
    /// Per instrument, which own trades have been told.
    pub(super) trades: Vec<Told>,
    /// Which payments of funding have been told.
    pub(super) payments: Told,
    pub(super) abilities: Abilities,
    /// Orders that are to be cancelled one by one, and their instruments.
    pub(super) doomed: Vec<OrderRef>,
    pub switch: SwitchState,
    pub(super) reconciliation: Reconciliation,
    /// Longest time after a place was sent at which the venue may still take it.
    pub(super) arrival_max: Nanos,
}

impl Session {
    pub fn new(
        config: &Config,
        reports: Reports,
        (instruments, abilities): (&[Instrument], &Abilities),
        (limits, window): (&[Usage], Nanos),
    ) -> Self {
        let saved = |one: &Instrument| {
            let found = config.next_trades.iter().find(|(saved, _)| *saved == one.id);
            Told::new(found.map(|(_, next)| *next), abilities.trade_overlap)
        };
        let margined = |one: &&Instrument| one.kind == instrument::Kind::Linear;
        Self {
            reports,
            counters: Counters::default(),
            pending: Pending::new(config.pending_max),
            budget: Budget::new(limits, config.reserve),
            phase: Phase::Down,
            refused_key: None,
            offset_us: 0,
            signals: VecDeque::with_capacity(16),
            asks: VecDeque::with_capacity(ASKS_MAX),
            acknowledged: None,
            known: Known::new(),
            sent: SentPlaces::new(),
            moves: Moves::new(),
            instruments: instruments.iter().map(|one| one.id).collect(),
            margined: instruments.iter().filter(margined).map(|one| one.id).collect(),
            trades: instruments.iter().map(saved).collect(),
            payments: Told::new(config.next_payment, timed::OVERLAP),
            abilities: *abilities,
            doomed: Vec::with_capacity(DOOMED_MAX),
            switch: SwitchState::None,
            reconciliation: Reconciliation::new(),
            arrival_max: window.after(config.late_margin),
        }
    }

    /// Our time as the venue's clock shows it.
    #[inline]
    pub fn venue_now(&self, now: Nanos) -> Nanos {
        let ns = now.0 as i64 + self.offset_us.saturating_mul(1_000);
        Nanos(ns.max(0) as u64)
    }

    /// Enters a request that is about to be sent; `None` when the table is full.
    #[inline]
    pub fn enter(&mut self, ask: Ask, then: Then, cost: Cost, line: u8) -> Option<RequestId> {
        let id = self.pending.enter(ask, then, cost, line);
        if id.is_none() {
            self.counters.pending_full += 1;
        }
        id
    }

    /// The request is handed to the socket at `now`.
    #[inline]
    pub fn sending(&mut self, id: RequestId, now: Nanos) {
        let venue_now = self.venue_now(now);
        let Some(entry) = self.pending.get(id) else { return };
        entry.sent_at = now;
        let (cost, ask) = (entry.cost, entry.ask);
        self.budget.spend(cost, venue_now);
        let counters = &mut self.counters;
        match ask {
            Ask::Place(_) | Ask::Conditional { .. } | Ask::Pair { .. } | Ask::Bracket { .. } => {
                counters.places += 1;
            }
            Ask::Replace { .. } => {
                counters.places += 1;
                counters.replaces += 1;
            }
            Ask::Cancel(_) => counters.cancels += 1,
            Ask::Amend { order, qty } => {
                counters.amends += 1;
                self.moves.sent(order.order(), None, qty);
            }
            Ask::Move { old, new } => {
                counters.amends += 1;
                self.moves.sent(old.order(), Some(new.price), new.qty);
            }
            Ask::CancelAll { .. } | Ask::CancelSome(_) => counters.cancel_alls += 1,
            Ask::Query { .. } => counters.queries += 1,
            _ => {}
        }
        if let Some((new, more)) = ask.places() {
            for many in 0..=more {
                self.sent.sent(following(new.client, many).order, now);
            }
        }
    }

    /// Whether a request of this class may be sent now.
    #[inline]
    pub fn permits(&mut self, class: Class, cost: Cost, now: Nanos) -> Result<(), Denied> {
        let venue_now = self.venue_now(now);
        self.budget.permits(class, cost, venue_now)
    }

    /// A request will not be sent: its order is told so. Nothing about it is open.
    pub fn refuse(&mut self, ask: &Ask, reason: Reason, now: Nanos) {
        let refusal = Verdict::Refused(Refusal { reason, code: 0 });
        match reason {
            Reason::NotConnected => self.counters.not_ready += 1,
            Reason::Budget => self.counters.over_budget += 1,
            _ => {}
        }
        let orders = match ask.places() {
            Some((_, more)) => 1 + more,
            None => u32::from(ask.kind() == Kind::Move),
        };
        (0..orders).for_each(|_| self.budget.not_sent());
        self.order_verdict(ask, refusal, now);
        self.reports.end();
    }

    /// A place that was withdrawn before it was sent.
    pub fn withdraw(&mut self, order: OrderId, instrument: InstrumentId, now: Nanos) {
        self.counters.withdrawn += 1;
        self.budget.not_sent();
        self.done(now, instrument, order, (End::Cancelled, Reason::None), Some(Qty::ZERO));
        self.reports.end();
    }

    /// A request of ours that could not be sent at all; the connection or the form was at fault.
    pub fn unsent(&mut self, id: RequestId, now: Nanos) {
        let Some(entry) = self.pending.close(id) else { return };
        self.counters.not_encoded += 1;
        if !entry.late {
            self.budget.settle(entry.cost);
        }
        let refusal = Refusal { reason: Reason::Other, code: 0 };
        self.verdict(&entry, Verdict::Refused(refusal), now);
        self.reports.end();
    }

    /// Gives up what was sent longer than `timeout` ago.
    pub fn expire(&mut self, now: Nanos, timeout: Nanos) {
        let limit = Nanos(now.0.saturating_sub(timeout.0));
        while let Some(entry) = self.pending.expire(limit) {
            self.counters.timed_out += 1;
            self.give_up(&entry, now);
        }
    }

    /// A connection is lost with all that waits on it.
    pub fn lose(&mut self, line: u8, now: Nanos) {
        while let Some(entry) = self.pending.lose(line) {
            self.counters.lost += 1;
            self.give_up(&entry, now);
        }
    }

    /// One request is lost: its HTTP exchange failed after it was sent.
    pub fn lose_one(&mut self, id: RequestId, now: Nanos) {
        let Some(entry) = self.pending.get(id) else { return };
        if !entry.late {
            let entry = *entry;
            self.pending.close(id);
            self.counters.lost += 1;
            self.give_up(&entry, now);
        }
    }

    fn give_up(&mut self, entry: &Entry, now: Nanos) {
        self.budget.settle(entry.cost);
        self.verdict(entry, Verdict::Unknown { code: 0 }, now);
        self.reports.end();
    }

    /// There is a way to the venue: everything is reconciled before orders may be placed.
    pub fn up(&mut self, now: Nanos) {
        self.link(LinkState::Up, now);
        if self.phase != Phase::Halted {
            self.begin_reconcile(now);
        }
    }

    /// There is none any more.
    pub fn down(&mut self, now: Nanos) {
        self.asks.clear();
        self.doomed.clear();
        if let SwitchState::Set(_) = self.switch {
            self.switch = SwitchState::Unset;
        }
        if !matches!(self.phase, Phase::Halting | Phase::Halted) {
            self.phase = Phase::Down;
        }
        self.link(LinkState::Down, now);
    }

    /// Tells what became of the link.
    pub fn link(&mut self, state: LinkState, now: Nanos) {
        let body = Body::Link { link: Link::Orders, state };
        self.reports.of_venue(now, 0, body);
        self.reports.end();
    }

    /// Tells what is left of the budget, when that is news.
    pub fn tell_budget(&mut self, now: Nanos) {
        let venue_now = self.venue_now(now);
        if let Some((orders, weight)) = self.budget.news(venue_now) {
            self.reports.of_venue(now, 0, Body::Budget { orders, weight });
            self.reports.end();
        }
    }

    /// Per instrument, the id from which on own trades are new.
    pub fn next_trades(&self) -> impl Iterator<Item = (InstrumentId, u64)> + '_ {
        let pairs = self.instruments.iter().zip(&self.trades);
        pairs.filter_map(|(instrument, told)| told.next().map(|next| (*instrument, next)))
    }

    /// Cancels all open orders of an instrument where the venue has no request for that: they are
    /// asked for, and cancelled several at a time. Before all other questions.
    pub fn cancel_found(&mut self, instrument: InstrumentId) {
        for list in self.abilities.lists() {
            let ask = Ask::OpenOrders { instrument, list, page: 0 };
            self.asks.push_front((ask, Then::Doom));
        }
    }

    /// An open order is to be cancelled.
    pub(super) fn doom(&mut self, order: OrderRef) {
        if self.doomed.len() >= DOOMED_MAX {
            self.counters.doomed_full += 1;
        } else if !self.doomed.contains(&order) {
            self.doomed.push(order);
        }
    }

    /// All open orders of an instrument are known: they are cancelled.
    pub(super) fn cancel_doomed(&mut self, instrument: InstrumentId) {
        let count = self.doomed.iter().filter(|order| order.instrument == instrument).count();
        // Those that wait are cancelled apart: one of the requests may not be full.
        let apart = usize::from(self.abilities.lists_waiting > 0);
        for _ in 0..count.div_ceil(self.abilities.cancels_at_once.max(1)) + apart {
            self.asks.push_front((Ask::CancelSome(instrument), Then::Nothing));
        }
    }

    /// Takes the next orders of an instrument that one request cancels: of one list.
    pub fn next_doomed(&mut self, instrument: InstrumentId, into: &mut Vec<OrderRef>) {
        into.clear();
        let most = self.abilities.cancels_at_once;
        self.doomed.retain(|order| {
            let alike = into.first().is_none_or(|first| first.waits == order.waits);
            let taken = order.instrument == instrument && into.len() < most && alike;
            if taken {
                into.push(*order);
            }
            !taken
        });
    }
}
