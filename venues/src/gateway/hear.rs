//! What is heard from the venue: answers find their requests, reports become rows.

use super::SwitchState;
use super::pending::{Entry, Then};
use super::session::{ASKS_MAX, Phase, Session, Signal};
use super::verdict::standing_row;
use crate::wire::{
    Ask, Execution, Heard, Kind, OrderTold, Report, RequestId, Standing, TradeTold, Verdict, Whose,
    order_id,
};
use engine::event::{Body, Event, Fill, Request, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId};
use engine::intent::OrderRef;
use engine::num::Amount;
use engine::time::Nanos;

/// How long nothing is sent when the venue says to stop but not until when.
const STOP_UNSAID: Nanos = Nanos::from_s(10);
/// The same for a ban: the shortest one there is.
const BAN_UNSAID: Nanos = Nanos::from_s(120);

impl Session {
    /// One thing that a message says; `read_at` is when the message was read.
    #[inline]
    pub fn hear(&mut self, heard: Heard, read_at: Nanos) {
        match heard {
            Heard::Report(report) => self.report(&report, read_at),
            Heard::Answer(id, verdict) => self.answered(id, verdict, read_at),
            Heard::Untagged(kind, verdict) => match self.pending.oldest(kind) {
                Some(id) => self.answered(id, verdict, read_at),
                None => self.counters.answers_unknown += 1,
            },
            Heard::Usage(usage) => {
                let venue_now = self.venue_now(read_at);
                self.budget.report(&usage, venue_now);
            }
            Heard::More(id, page) => {
                if let Some(entry) = self.pending.get(id) {
                    entry.more = Some(page);
                }
            }
            Heard::Order(id, told) => self.told(id, told, read_at),
            Heard::Trade(id, whose, trade) => self.trade(id, whose, trade, read_at),
            Heard::Balance { asked, asset, free, locked } => {
                let body = Body::Balance { asset, free, locked };
                let row = Event::new(read_at, self.reports.venue, u64::from(asset.0), body);
                self.state_row(asked, row);
            }
            Heard::Position { asked, instrument, lots, entry } => {
                let body = Body::Position { lots: lots.0, entry };
                self.state_row(asked, Event::new(read_at, instrument, 0, body));
            }
            Heard::Funding { asked, instrument, payment, asset, amount } => {
                self.funding(asked, (instrument, payment), (asset, amount), read_at);
            }
            Heard::FundingDue => self.ask_payments(),
            Heard::Ended(id, told) => {
                let entry = self.pending.get(id);
                let instrument = entry.map_or(told.instrument, |entry| entry.ask.instrument());
                let order = self.name(instrument, told.venue_order, told.client);
                let end = (engine::event::End::Cancelled, engine::event::Reason::None);
                let order = order_id(order, told.venue_order);
                self.done(read_at, instrument, order, end, Some(told.filled));
            }
            Heard::VenueTime(id, ms) => self.clock(id, ms, read_at),
            Heard::Limited { until_ms, banned } => self.limited(until_ms, banned, read_at),
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

    fn limited(&mut self, until_ms: u64, banned: bool, read_at: Nanos) {
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

    fn clock(&mut self, id: RequestId, venue_ms: u64, read_at: Nanos) {
        let Some(entry) = self.pending.get(id) else { return };
        // The venue's stamp is cut to whole ms: half of one is the best guess of what was cut.
        let venue_us = venue_ms as i64 * 1_000 + 500;
        let middle_us = (entry.sent_at.0 / 2 + read_at.0 / 2) as i64 / 1_000;
        self.offset_us = venue_us - middle_us;
        let body = Body::ClockOffset { us: self.offset_us };
        self.reports.of_venue(read_at, 0, body);
    }

    /// An order in an answer.
    fn told(&mut self, id: RequestId, told: OrderTold, at: Nanos) {
        let name = self.name(told.instrument, told.venue_order, told.client);
        let told = OrderTold { client: name, ..told };
        let Some(entry) = self.pending.get(id) else { return };
        entry.items += 1;
        entry.told = Some(told);
        let (then, kind) = (entry.then, entry.ask.kind());
        if kind != Kind::OpenOrders {
            return;
        }
        match then {
            Then::Reconcile(number) => self.reconcile_row(number, &standing_row(&told, at)),
            Then::Doom | Then::Halt if self.abilities.cancels_at_once > 0 => {
                let (venue_order, instrument) = (told.venue_order, told.instrument);
                let order = order_id(told.client, venue_order);
                let client = told.client.unwrap_or(ClientId { order, cause: 0 });
                let waits = told.standing == Standing::Waits;
                self.doom(OrderRef { client, venue_order, instrument, waits });
            }
            _ => {}
        }
    }

    fn trade(&mut self, id: RequestId, whose: Whose, trade: TradeTold, at: Nanos) {
        if whose.named {
            self.known.learn(whose.instrument, whose.venue_order, whose.client);
        }
        let Some(entry) = self.pending.get(id) else { return };
        entry.items += 1;
        let from = match entry.ask {
            Ask::Trades { from, .. } => from,
            _ => None,
        };
        match entry.then {
            Then::Tell(told) => {
                let order = order_id(told.client, whose.venue_order);
                let fill = self.fill_row(whose.instrument, order, trade, at).with(flag::ASKED);
                self.reports.push(fill);
            }
            Then::Reconcile(number) => {
                self.reconcile_trade(number, whose, from, trade, at);
            }
            _ => {}
        }
    }

    /// A balance or a position: part of the picture when it was asked for.
    fn state_row(&mut self, asked: Option<RequestId>, row: Event) {
        let Some(id) = asked else { return self.stream_row(row) };
        let Some(entry) = self.pending.get(id) else { return };
        entry.items += 1;
        if let Then::Reconcile(number) = entry.then {
            self.reconcile_row(number, &row);
        }
    }

    /// Funding, told once whether it comes by stream or by answer.
    fn funding(
        &mut self,
        asked: Option<RequestId>,
        (instrument, payment): (InstrumentId, u64),
        (asset, amount): (Option<AssetId>, Amount),
        at: Nanos,
    ) {
        let Some(asset) = asset else {
            self.counters.assets_full += 1;
            return;
        };
        let row = Event::new(at, instrument, payment, Body::Funding { asset, amount });
        let Some(id) = asked else { return self.stream_row(row) };
        let Some(entry) = self.pending.get(id) else { return };
        entry.items += 1;
        let number = match entry.then {
            Then::Reconcile(number) => Some(number),
            _ => None,
        };
        if !self.payments.is_new(payment) {
            return;
        }
        match number {
            Some(number) => self.reconcile_payment(number, row.with(flag::ASKED)),
            None => {
                self.payments.mark(payment);
                self.counters.payments += 1;
                self.reports.push(row.with(flag::ASKED));
            }
        }
    }

    /// Asks for payments of funding beside any reconciliation.
    pub(super) fn ask_payments(&mut self) {
        let asked = |(ask, then): &(Ask, Then)| {
            matches!((ask, then), (Ask::Payments { .. }, Then::Nothing))
        };
        match self.phase {
            Phase::Ready if !self.asks.iter().any(asked) => {
                let from = self.payments.from();
                self.asks.push_back((Ask::Payments { from, page: 0 }, Then::Nothing));
            }
            Phase::Reconciling => self.reconciliation.payments_due = true,
            _ => {}
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
            other => {
                let Some(body) = self.standing_body(order, report.venue_order, other) else {
                    return;
                };
                if let Body::Done { .. } = body {
                    self.known.ended(instrument, report.venue_order);
                }
                Event::new(at, instrument, order.0, body)
            }
        };
        let delta_us = (at.0 / 1_000) as i64 - report.venue_ms as i64 * 1_000;
        row.venue_delta_us = delta_us.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32;
        self.stream_row(row);
    }

    /// What a report that is no fill says of an order; `None` where that is nothing new.
    fn standing_body(
        &mut self,
        order: OrderId,
        venue_order: u64,
        execution: Execution,
    ) -> Option<Body> {
        Some(match execution {
            Execution::Stands { price, qty, new } => {
                if self.moves.made(order, price, qty) {
                    Body::Amended { order, price: Some(price), qty }
                } else if new {
                    Body::Accepted { order, venue_order }
                } else {
                    return None;
                }
            }
            Execution::Accepted => Body::Accepted { order, venue_order },
            Execution::Triggered => Body::Triggered { order, venue_order },
            Execution::Done { end, reason, filled } => {
                self.moves.over(order);
                Body::Done { order, end, reason, filled }
            }
            Execution::Amended { price, qty } => {
                self.moves.over(order);
                Body::Amended { order, price, qty }
            }
            Execution::AmendRefused(reason) => {
                self.moves.over(order);
                Body::Refused { order, request: Request::Amend, reason }
            }
            Execution::Fill(_) => return None,
        })
    }

    /// A row of the private stream: held back while reconciling.
    #[inline]
    fn stream_row(&mut self, row: Event) {
        if self.phase == Phase::Reconciling {
            return self.buffer(row);
        }
        if self.is_first(&row) {
            self.reports.push(row);
        }
    }

    /// Whether a row of the stream has not been told; it counts as told from now on.
    #[inline]
    pub(super) fn is_first(&mut self, row: &Event) -> bool {
        match row.body() {
            Some(Body::Fill(fill)) => {
                let Some(told) = self.trades_of(row.instrument) else { return true };
                if told.holds(fill.trade) {
                    self.counters.trades_repeated += 1;
                    return false;
                }
                told.tell(fill.trade);
            }
            Some(Body::Funding { .. }) => {
                if !self.payments.is_new(row.id) {
                    return false;
                }
                self.payments.tell(row.id);
                self.counters.payments += 1;
            }
            _ => {}
        }
        true
    }

    /// Which own trades of an instrument have been told.
    pub(super) fn trades_of(&mut self, instrument: InstrumentId) -> Option<&mut super::told::Told> {
        let place = self.instruments.iter().position(|one| *one == instrument)?;
        self.trades.get_mut(place)
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
        let kind = entry.ask.kind();
        if kind.is_order() && !matches!(kind, Kind::CancelAll | Kind::CancelSome) {
            self.acknowledged = Some(at.since(entry.sent_at));
        }
        // What is still unknown was told as unknown when it was given up.
        let old_news = entry.late && matches!(verdict, Verdict::Unknown { .. });
        if !old_news {
            self.verdict(&entry, verdict, at);
        }
    }

    /// What a verdict means, by what was asked.
    pub(super) fn verdict(&mut self, entry: &Entry, verdict: Verdict, at: Nanos) {
        let failed = matches!(verdict, Verdict::Refused(_) | Verdict::Unknown { .. });
        let kind = entry.ask.kind();
        // The rest of a long answer is asked for before it counts as one.
        if let (false, Some(page)) = (failed, entry.more)
            && self.turns(entry)
        {
            self.asks.push_front((entry.ask.turned(page), entry.then));
            return;
        }
        match (kind, entry.then) {
            (Kind::Time | Kind::Logon | Kind::Subscribe | Kind::Key, _) => {
                self.counters.key_failed += u64::from(failed && kind == Kind::Key);
                let signal = Signal::SetUp { line: entry.line, kind, done: !failed };
                self.signals.push_back(signal);
            }
            (Kind::Renew, _) if failed => self.counters.switch_failed += 1,
            (Kind::Renew, _) => {
                self.counters.switch_set += 1;
                self.switch = SwitchState::Set(at);
            }
            (_, Then::Reconcile(number)) => self.reconcile_answer(number, entry, !failed, at),
            (_, Then::Name(number)) => self.reconcile_name(number, entry, verdict, at),
            (_, Then::Halt) => self.halt_answer(entry, !failed, at),
            (Kind::Payments, _) if !failed => self.payments.finish(),
            (Kind::OpenOrders, Then::Doom) => self.cancel_doomed(entry.ask.instrument()),
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

    /// Whether the next page of an answer is still wanted.
    fn turns(&mut self, entry: &Entry) -> bool {
        match entry.then {
            Then::Reconcile(number) => self.is_current(number),
            Then::Halt => {
                self.reconciliation.found += entry.items;
                self.phase == Phase::Halting
            }
            Then::Doom | Then::Nothing => self.asks.len() < ASKS_MAX,
            Then::Name(_) | Then::Tell(_) => false,
        }
    }
}
