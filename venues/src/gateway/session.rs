//! The conversation with a venue without its sockets: what an answer or a report means for the
//! orders it is about, and which rows the engine gets.
//!
//! A time-out or a lost connection leaves a request *unknown*; it is never sent again on any path.
//! What was learnt by asking carries [`flag::ASKED`].

use super::Config;
use super::counters::Counters;
use super::known::{Known, SentPlaces};
use super::pending::{Entry, HTTP, Pending, Then};
use super::reconcile::Reconciliation;
use super::reports::Reports;
use super::verdict::standing_row;
use crate::budget::{Budget, Class, Denied};
use crate::wire::{
    Ask, Cost, Execution, Heard, Kind, OrderTold, Refusal, Report, RequestId, TradeTold, Usage,
    Verdict, order_id,
};
use engine::event::{Body, End, Event, Fill, Link, LinkState, Reason, Request, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId};
use engine::num::{Amount, Qty};
use engine::time::Nanos;
use std::collections::VecDeque;

/// Questions of our own that may wait to be asked.
pub(super) const ASKS_MAX: usize = 4_096;
/// How long nothing is sent when the venue says to stop but not until when.
const STOP_UNSAID: Nanos = Nanos::from_s(10);
/// The same for a ban: the shortest one there is.
const BAN_UNSAID: Nanos = Nanos::from_s(120);

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
    pub(super) instruments: Vec<InstrumentId>,
    /// Per instrument, the id from which on own trades are new; `None` until learnt.
    pub(super) next_trade: Vec<Option<u64>>,
    pub(super) reconciliation: Reconciliation,
    /// Longest time after a place was sent at which the venue may still take it.
    pub(super) arrival_max: Nanos,
}

impl Session {
    pub fn new(
        config: &Config,
        reports: Reports,
        instruments: &[InstrumentId],
        (limits, window): (&[Usage], Nanos),
    ) -> Self {
        let saved = |one: &InstrumentId| {
            let found = config.next_trades.iter().find(|(saved, _)| saved == one);
            found.map(|(_, next)| *next)
        };
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
            instruments: instruments.to_vec(),
            next_trade: instruments.iter().map(saved).collect(),
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
        let (cost, ask, line) = (entry.cost, entry.ask, entry.line);
        self.budget.spend(cost, venue_now);
        let counters = &mut self.counters;
        counters.rest_requests += u64::from(line == HTTP);
        match ask {
            Ask::Place(place) => {
                counters.places += 1;
                self.sent.sent(place.client.order, now);
            }
            Ask::Replace { new, .. } => {
                counters.places += 1;
                counters.replaces += 1;
                self.sent.sent(new.client.order, now);
            }
            Ask::Cancel(_) => counters.cancels += 1,
            Ask::Amend { .. } => counters.amends += 1,
            Ask::CancelAll(_) => counters.cancel_alls += 1,
            Ask::Query { .. } => counters.queries += 1,
            _ => {}
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
        self.order_verdict(ask, refusal, now);
        self.reports.end();
    }

    /// A place that was withdrawn before it was sent.
    pub fn withdraw(&mut self, order: OrderId, instrument: InstrumentId, now: Nanos) {
        self.counters.withdrawn += 1;
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
        if !matches!(self.phase, Phase::Halting | Phase::Halted) {
            self.phase = Phase::Down;
        }
        self.link(LinkState::Down, now);
    }

    /// Tells what became of the link.
    pub fn link(&mut self, state: LinkState, now: Nanos) {
        let body = Body::Link { link: Link::Orders, state };
        self.reports.row(now, InstrumentId(0), 0, body);
        self.reports.end();
    }

    /// Tells what is left of the budget, when that is news.
    pub fn tell_budget(&mut self, now: Nanos) {
        let venue_now = self.venue_now(now);
        if let Some((orders, weight)) = self.budget.news(venue_now) {
            self.reports.row(now, InstrumentId(0), 0, Body::Budget { orders, weight });
            self.reports.end();
        }
    }

    /// One thing that a message says; `read_at` is when the message was read.
    #[inline]
    pub fn hear(&mut self, heard: Heard, read_at: Nanos) {
        match heard {
            Heard::Report(report) => self.report(&report, read_at),
            Heard::Answer(id, verdict) => self.answered(id, verdict, read_at),
            Heard::Usage(usage) => {
                let venue_now = self.venue_now(read_at);
                self.budget.report(&usage, venue_now);
            }
            Heard::Order(id, told) => self.told(id, told, read_at),
            Heard::Trade(id, instrument, venue_order, trade) => {
                self.trade(id, (instrument, venue_order), trade, read_at);
            }
            Heard::Balance { asked, asset, free, locked } => {
                self.balance(asked, (asset, free, locked), read_at);
            }
            Heard::Ended(_, told) => {
                let order = self.name(told.instrument, told.venue_order, told.client);
                let end = (End::Cancelled, Reason::None);
                let order = order_id(order, told.venue_order);
                self.done(read_at, told.instrument, order, end, Some(told.filled));
            }
            Heard::VenueTime(id, ms) => self.clock(id, ms, read_at),
            Heard::Limited { until_ms, banned } => {
                self.counters.limited += 1;
                let unsaid = if banned { BAN_UNSAID } else { STOP_UNSAID };
                let until = if until_ms > 1_000_000_000_000 {
                    Nanos::from_ms(until_ms)
                } else {
                    // A span instead of an instant, as REST has it, or nothing at all.
                    let span = Nanos::from_ms(until_ms);
                    self.venue_now(read_at).after(if until_ms == 0 { unsaid } else { span })
                };
                self.budget.stop(until);
            }
            Heard::ClockSkew => {
                self.counters.clock_skews += 1;
                self.signals.push_back(Signal::Clock);
            }
            Heard::AuthRefused { code } => self.refused_key = Some(code),
            Heard::Closing => self.signals.push_back(Signal::Closing),
            Heard::StreamEnded => self.signals.push_back(Signal::StreamEnded),
            Heard::Ignored => self.counters.ignored += 1,
        }
    }

    fn clock(&mut self, id: RequestId, venue_ms: u64, read_at: Nanos) {
        let Some(entry) = self.pending.get(id) else { return };
        // The venue's stamp is cut to whole ms: half of one is the best guess of what was cut.
        let venue_us = venue_ms as i64 * 1_000 + 500;
        let middle_us = (entry.sent_at.0 / 2 + read_at.0 / 2) as i64 / 1_000;
        self.offset_us = venue_us - middle_us;
        let body = Body::ClockOffset { us: self.offset_us };
        self.reports.row(read_at, InstrumentId(0), 0, body);
    }

    /// An order in an answer.
    fn told(&mut self, id: RequestId, told: OrderTold, at: Nanos) {
        let name = self.name(told.instrument, told.venue_order, told.client);
        let told = OrderTold { client: name, ..told };
        let Some(entry) = self.pending.get(id) else { return };
        entry.items += 1;
        entry.told = Some(told);
        let (then, kind) = (entry.then, entry.ask.kind());
        if kind == Kind::OpenOrders
            && let Then::Reconcile(number) = then
        {
            self.reconcile_order(number, &standing_row(&told, at));
        }
    }

    fn trade(
        &mut self,
        id: RequestId,
        (instrument, venue_order): (InstrumentId, u64),
        trade: TradeTold,
        at: Nanos,
    ) {
        let Some(entry) = self.pending.get(id) else { return };
        entry.items += 1;
        match entry.then {
            Then::Tell(told) => {
                let order = order_id(told.client, venue_order);
                let fill = self.fill_row(instrument, order, trade, at).with(flag::ASKED);
                self.reports.push(fill);
            }
            Then::Reconcile(number) => {
                self.reconcile_trade(number, (instrument, venue_order), trade, at);
            }
            _ => {}
        }
    }

    fn balance(
        &mut self,
        asked: Option<RequestId>,
        (asset, free, locked): (AssetId, Amount, Amount),
        at: Nanos,
    ) {
        let body = Body::Balance { asset, free, locked };
        let row = Event::new(at, InstrumentId(0), u64::from(asset.0), body);
        match asked {
            None => self.stream_row(row),
            Some(id) => {
                let then = self.pending.get(id).map(|entry| entry.then);
                if let Some(Then::Reconcile(number)) = then {
                    self.reconcile_balance(number, &row);
                }
            }
        }
    }

    /// The name of an order: the first that was learnt for the venue's id, else this one.
    #[inline]
    pub(super) fn name(
        &mut self,
        instrument: InstrumentId,
        venue_order: u64,
        client: Option<ClientId>,
    ) -> Option<ClientId> {
        match self.known.name(instrument, venue_order) {
            Some(name) => name,
            None => {
                self.known.learn(instrument, venue_order, client);
                client
            }
        }
    }

    pub(super) fn fill_row(
        &mut self,
        instrument: InstrumentId,
        order: OrderId,
        trade: TradeTold,
        at: Nanos,
    ) -> Event {
        if trade.fee_asset.is_none() {
            self.counters.assets_full += 1;
        }
        let (fee, fee_asset) = match trade.fee_asset {
            Some(asset) => (trade.fee, asset),
            None => (Amount::ZERO, AssetId(0)),
        };
        let (side, price, qty, maker) = (trade.side, trade.price, trade.qty, trade.maker);
        let trade = trade.trade;
        let fill = Fill { order, trade, side, price, qty, fee, fee_asset, maker };
        Event::new(at, instrument, order.0, Body::Fill(fill))
    }

    /// An execution report of the private stream.
    #[inline]
    fn report(&mut self, report: &Report, at: Nanos) {
        self.counters.executions += 1;
        let instrument = report.instrument;
        let client = self.name(instrument, report.venue_order, report.client);
        let order = order_id(client, report.venue_order);
        let mut row = match report.execution {
            Execution::Fill(trade) => self.fill_row(instrument, order, trade, at),
            Execution::Accepted => {
                let body = Body::Accepted { order, venue_order: report.venue_order };
                Event::new(at, instrument, order.0, body)
            }
            Execution::Done { end, reason, filled } => {
                let body = Body::Done { order, end, reason, filled: Some(filled) };
                Event::new(at, instrument, order.0, body)
            }
            Execution::Amended { price, qty } => {
                Event::new(at, instrument, order.0, Body::Amended { order, price, qty })
            }
        };
        let delta_us = (at.0 / 1_000) as i64 - report.venue_ms as i64 * 1_000;
        row.venue_delta_us = delta_us.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        self.stream_row(row);
    }

    /// A row of the private stream: held back while reconciling.
    #[inline]
    fn stream_row(&mut self, row: Event) {
        if self.phase == Phase::Reconciling {
            self.buffer(row);
            return;
        }
        if let Some(Body::Fill(fill)) = row.body() {
            self.seen_trade(row.instrument, fill.trade);
        }
        self.reports.push(row);
    }

    /// Own trades of this instrument up to this one have been told.
    pub(super) fn seen_trade(&mut self, instrument: InstrumentId, trade: u64) {
        if let Some(place) = self.instruments.iter().position(|one| *one == instrument) {
            let next = trade.saturating_add(1);
            let seen = &mut self.next_trade[place];
            *seen = Some(seen.map_or(next, |seen| seen.max(next)));
        }
    }

    /// Per instrument, the id from which on own trades are new.
    pub fn next_trades(&self) -> impl Iterator<Item = (InstrumentId, u64)> + '_ {
        let pairs = self.instruments.iter().zip(&self.next_trade);
        pairs.filter_map(|(instrument, next)| next.map(|next| (*instrument, next)))
    }

    fn answered(&mut self, id: RequestId, verdict: Verdict, at: Nanos) {
        self.counters.answers += 1;
        let Some(entry) = self.pending.close(id) else {
            self.counters.answers_unknown += 1;
            return;
        };
        if entry.late {
            self.counters.answers_late += 1;
        } else {
            self.budget.settle(entry.cost);
        }
        match verdict {
            Verdict::Refused(_) => self.counters.refused += 1,
            Verdict::Unknown { .. } => self.counters.left_open += 1,
            _ => {}
        }
        if matches!(entry.ask.kind(), Kind::Place | Kind::Replace | Kind::Cancel | Kind::Amend) {
            self.acknowledged = Some(at.since(entry.sent_at));
        }
        // What is still unknown was told as unknown when it was given up.
        let old_news = entry.late && matches!(verdict, Verdict::Unknown { .. });
        if !old_news {
            self.verdict(&entry, verdict, at);
        }
    }

    /// What a verdict means, by what was asked.
    fn verdict(&mut self, entry: &Entry, verdict: Verdict, at: Nanos) {
        let failed = matches!(verdict, Verdict::Refused(_) | Verdict::Unknown { .. });
        match (entry.ask.kind(), entry.then) {
            (kind @ (Kind::Time | Kind::Logon | Kind::Subscribe), _) => {
                let signal = Signal::SetUp { line: entry.line, kind, done: !failed };
                self.signals.push_back(signal);
            }
            (_, Then::Reconcile(number)) => self.reconcile_answer(number, entry, !failed, at),
            (_, Then::Name(number)) => self.reconcile_name(number, entry, verdict, at),
            (_, Then::Halt) => self.halt_answer(entry, !failed, at),
            (Kind::TradesOf, Then::Tell(told)) => {
                if failed {
                    let request = Request::Query;
                    let order = order_id(told.client, told.venue_order);
                    let body = Body::Unknown { order, request };
                    self.reports.row(at, told.instrument, 0, body);
                } else {
                    self.tell(&told, at);
                }
            }
            (Kind::Query, _) => self.query_answer(entry, verdict, at),
            _ => self.order_verdict(&entry.ask, verdict, at),
        }
    }
}
