//! The session without sockets: time-outs, late answers, windows, reconciliation under faults.

mod linked;

use super::pending::{HTTP, Then};
use super::reports::Reports;
use super::session::{Phase, Session, Signal};
use super::{Config, Counters};
use crate::timed;
use crate::wire::{
    Abilities, Ask, Cost, Execution, Heard, OrderTold, Refusal, Report, RequestId, Standing,
    Switch, TradeTold, Verdict, Whose,
};
use engine::event::{Body, End, Event, Reason, Request, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Amount, Grid, Price, Qty};
use engine::time::Nanos;
use proptest::prelude::*;
use rtrb::Consumer;
use std::collections::BTreeMap;

const ONE: InstrumentId = InstrumentId(0);

const ABILITIES: Abilities = Abilities {
    replaces: true,
    cancels_at_once: 0,
    lists_waiting: 0,
    cancels_apart: false,
    trade_overlap: 0,
    ended_apart: false,
    key_every: Nanos::ZERO,
    switch: Switch::None,
    ping: None,
};

struct Bench {
    session: Session,
    rows: Consumer<Event>,
    now: Nanos,
}

fn client(n: u32) -> ClientId {
    ClientId { order: OrderId::new(7, n), cause: 0 }
}

fn whose(venue_order: u64) -> Whose {
    Whose { instrument: ONE, venue_order, client: None, named: false }
}

fn query(n: u32) -> Ask {
    Ask::Query { order: named(n), by_venue_id: false, ended: false }
}

fn instrument() -> Instrument {
    let grid = Grid { decimals: 0, step: 1 };
    let symbol = Symbol::new("BTCUSDT").unwrap();
    Instrument::new(ONE, symbol, (AssetId(0), AssetId(1)), (grid, grid))
}

fn place(n: u32) -> Ask {
    let (side, price, qty, tif) = (Side::Buy, Price(10), Qty(5), Tif::PostOnly);
    Ask::Place(Place { client: client(n), instrument: ONE, side, price, qty, tif })
}

fn named(n: u32) -> OrderRef {
    OrderRef { client: client(n), venue_order: 0, instrument: ONE, waits: false }
}

fn trade(trade: u64) -> TradeTold {
    TradeTold {
        trade,
        side: Side::Buy,
        price: Price(10),
        qty: Qty(1),
        fee: Amount(1),
        fee_asset: Some(AssetId(0)),
        maker: true,
    }
}

impl Bench {
    fn new(next_trade: Option<u64>) -> Self {
        Self::with(next_trade, ABILITIES)
    }

    fn with(next_trade: Option<u64>, abilities: Abilities) -> Self {
        let (ring, rows) = rtrb::RingBuffer::new(65_536);
        let next_trades = next_trade.map(|next| (ONE, next)).into_iter().collect();
        let config = Config { next_trades, ..Config::default() };
        let reports = Reports::new(Some(ring), config.venue);
        let venue = (&[][..], Nanos::from_ms(2_000));
        let session = Session::new(&config, reports, (&[instrument()], &abilities), venue);
        let mut bench = Self { session, rows, now: Nanos::from_s(1_000) };
        bench.session.sent.running(bench.now);
        bench
    }

    fn ready(next_trade: Option<u64>) -> Self {
        let mut bench = Self::new(next_trade);
        bench.session.phase = Phase::Ready;
        bench
    }

    fn send(&mut self, ask: Ask, then: Then) -> RequestId {
        let id = self.session.enter(ask, then, Cost { weight: 1, ..Cost::default() }, 0).unwrap();
        self.session.sending(id, self.now);
        id
    }

    fn hear(&mut self, heard: Heard) {
        self.session.hear(heard, self.now);
    }

    fn answer(&mut self, id: RequestId, verdict: Verdict) {
        self.hear(Heard::Answer(id, verdict));
        self.session.reports.end();
    }

    fn rows(&mut self) -> Vec<Event> {
        self.session.reports.end();
        std::iter::from_fn(|| self.rows.pop().ok()).collect()
    }

    fn bodies(&mut self) -> Vec<Body> {
        self.rows().iter().filter_map(Event::body).collect()
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now.after(Nanos::from_ms(ms));
        self.session.expire(self.now, Nanos::from_s(2));
        self.session.reconcile_tick(self.now);
    }

    /// Sends the questions that wait; the venue's side answers them with `reply`.
    fn converse(&mut self, mut reply: impl FnMut(&mut Self, Ask, RequestId) -> Option<Verdict>) {
        for _ in 0..200 {
            let Some((ask, then)) = self.session.asks.pop_front() else { return };
            let id = self.send(ask, then);
            if let Some(verdict) = reply(self, ask, id) {
                self.answer(id, verdict);
            }
        }
    }
}

fn no(reason: Reason) -> Verdict {
    Verdict::Refused(Refusal { reason, code: -1 })
}

#[test]
fn a_time_out_is_unknown_and_a_late_answer_still_counts() {
    let mut bench = Bench::ready(None);
    let id = bench.send(place(1), Then::Nothing);
    bench.pass(1_999);
    assert_eq!(bench.bodies(), []);
    bench.pass(2);
    let order = client(1).order;
    assert_eq!(bench.bodies(), [Body::Unknown { order, request: Request::Place }]);
    bench.pass(60_000);
    assert_eq!(bench.bodies(), [], "once");
    bench.answer(id, Verdict::Placed { venue_order: 5 });
    assert_eq!(bench.bodies(), [Body::Accepted { order, venue_order: 5 }]);
    bench.answer(id, Verdict::Placed { venue_order: 5 });
    assert_eq!(bench.bodies(), [], "answered twice");
    let counters = bench.session.counters;
    assert_eq!((counters.timed_out, counters.answers_late, counters.answers_unknown), (1, 1, 1));
}

#[test]
fn no_such_order_is_final_only_after_the_window() {
    let mut bench = Bench::ready(None);
    bench.send(place(1), Then::Nothing);
    let ask = query(1);
    bench.pass(2_900);
    bench.rows();
    let id = bench.send(ask, Then::Nothing);
    bench.answer(id, no(Reason::UnknownOrder));
    assert_eq!(bench.bodies(), [], "it may still arrive");
    bench.pass(200);
    let id = bench.send(ask, Then::Nothing);
    bench.answer(id, no(Reason::UnknownOrder));
    assert_eq!(bench.bodies(), [Body::Absent { order: client(1).order }]);
    let id = bench.send(ask, Then::Nothing);
    bench.answer(id, Verdict::Unknown { code: -1000 });
    let order = client(1).order;
    assert_eq!(bench.bodies(), [Body::Unknown { order, request: Request::Query }]);
}

#[test]
fn a_lost_connection_leaves_both_legs_of_a_replace_unknown() {
    let mut bench = Bench::ready(None);
    let Ask::Place(new) = place(2) else { return };
    bench.send(Ask::Replace { old: named(1), new }, Then::Nothing);
    let id = bench.session.enter(place(3), Then::Nothing, Cost::default(), HTTP).unwrap();
    bench.session.sending(id, bench.now);
    bench.session.lose(0, bench.now);
    let expect = [
        Body::Unknown { order: client(1).order, request: Request::Cancel },
        Body::Unknown { order: client(2).order, request: Request::Place },
    ];
    assert_eq!(bench.bodies(), expect);
    assert_eq!(bench.session.pending.open(), 1, "what went over HTTP is not lost with it");
    bench.session.lose_one(id, bench.now);
    let order = client(3).order;
    assert_eq!(bench.bodies(), [Body::Unknown { order, request: Request::Place }]);
}

#[test]
fn reports_find_their_order_by_the_venues_id_first() {
    let mut bench = Bench::ready(None);
    let report = |client: Option<ClientId>, execution| {
        let (instrument, venue_order, venue_ms) = (ONE, 44, 0);
        Heard::Report(Report { instrument, venue_order, client, venue_ms, execution })
    };
    bench.hear(report(Some(client(1)), Execution::Accepted));
    // Cancelled by the exchange: the name in the report is not ours.
    let (end, reason, filled) = (End::Cancelled, Reason::None, Some(Qty(0)));
    bench.hear(report(None, Execution::Done { end, reason, filled }));
    let order = client(1).order;
    let rows = bench.rows();
    assert_eq!(rows[1].body(), Some(Body::Done { order, end, reason, filled }));
    assert!(rows[1].has(flag::LAST));
}

fn told(n: u32, venue_order: u64) -> OrderTold {
    OrderTold {
        instrument: ONE,
        venue_order,
        client: Some(client(n)),
        side: Side::Buy,
        price: Price(10),
        qty: Qty(5),
        filled: Qty(1),
        standing: Standing::Live,
    }
}

#[test]
fn trades_of_unnamed_orders_wait_for_their_names() {
    let mut bench = Bench::new(Some(100));
    bench.session.up(bench.now);
    bench.converse(|bench, ask, id| {
        match ask {
            Ask::Trades { from: Some(100), .. } => {
                for number in [100, 101] {
                    bench.hear(Heard::Trade(id, whose(44), trade(number)));
                }
                bench.hear(Heard::Trade(id, whose(45), trade(102)));
            }
            Ask::Query { order, by_venue_id: true, .. } if order.venue_order == 44 => {
                bench.hear(Heard::Order(id, told(1, 44)));
            }
            Ask::Query { .. } => return Some(no(Reason::UnknownOrder)),
            Ask::OpenOrders { .. } => bench.hear(Heard::Order(id, told(1, 44))),
            _ => {}
        }
        Some(Verdict::Done)
    });
    assert_eq!(bench.session.phase, Phase::Ready);
    let bodies = bench.bodies();
    let fills: Vec<(OrderId, u64)> = bodies
        .iter()
        .filter_map(|body| match body {
            Body::Fill(fill) => Some((fill.order, fill.trade)),
            _ => None,
        })
        .collect();
    let foreign = OrderId::new(OrderId::FOREIGN_EPOCH, 45);
    assert_eq!(fills, [(client(1).order, 100), (client(1).order, 101), (foreign, 102)]);
    assert!(bodies.contains(&Body::Reconcile { done: true }));
    assert_eq!(bench.session.next_trades().collect::<Vec<_>>(), [(ONE, 103)]);
}

#[test]
fn a_first_start_learns_trades_without_telling_them() {
    let mut bench = Bench::new(None);
    bench.session.up(bench.now);
    let mut looks = 0;
    bench.converse(|bench, ask, id| {
        if let Ask::Trades { from, .. } = ask {
            looks += 1;
            // A trade comes while the picture is taken: it is taken anew.
            let number = if looks == 1 { 50 } else { 51 };
            if looks < 3 && from.is_none_or(|from| from <= number) {
                bench.hear(Heard::Trade(id, whose(44), trade(number)));
            }
        }
        Some(Verdict::Done)
    });
    assert_eq!((looks, bench.session.phase), (3, Phase::Ready));
    assert!(!bench.bodies().iter().any(|body| matches!(body, Body::Fill(_))));
    assert_eq!(bench.session.next_trades().collect::<Vec<_>>(), [(ONE, 52)]);
}

#[test]
fn a_reconciliation_that_fails_is_tried_again_and_then_given_up() {
    let mut bench = Bench::new(Some(0));
    bench.session.up(bench.now);
    for _ in 0..20 {
        bench.converse(|_, _, _| Some(no(Reason::Other)));
        bench.pass(600);
    }
    assert!(bench.session.signals.contains(&Signal::Hopeless));
    assert_eq!(bench.session.phase, Phase::Reconciling);
    assert_eq!(bench.session.counters.reconcile_retries, 5);
}

fn fill_report(number: u64, venue_order: u64) -> Report {
    Report {
        instrument: ONE,
        venue_order,
        client: Some(client(venue_order as u32)),
        venue_ms: 0,
        execution: Execution::Fill(trade(number)),
    }
}

/// How a venue numbers its trades, and in which order it lists them.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    /// Going up, listed from the oldest.
    Counted,
    /// By time and text, in no order within a span; listed from the newest, in pages of three.
    Timed,
}

impl Numbers {
    fn id(self, number: u64) -> u64 {
        match self {
            Self::Counted => number,
            Self::Timed => {
                timed::id(1_700_000_000_000 + number * 300, format!("trade {number}").as_bytes())
            }
        }
    }

    fn bench(self) -> Bench {
        let trade_overlap = if self == Self::Timed { timed::OVERLAP } else { 0 };
        Bench::with(Some(self.id(1)), Abilities { trade_overlap, ..ABILITIES })
    }
}

/// What a test has taken of the rows: every fill, in order.
fn take(bench: &mut Bench, told: &mut Vec<(u64, OrderId)>) {
    for row in bench.rows() {
        if let Some(Body::Fill(fill)) = row.body() {
            told.push((fill.trade, fill.order));
        }
    }
}

/// A venue with own trades that come at any moment, over a connection that is lost at any moment:
/// what is told in the end, and what there was.
fn lossy(
    numbers: Numbers,
    turns: Vec<(u8, bool)>,
) -> (Phase, Vec<(u64, OrderId)>, BTreeMap<u64, u64>) {
    let mut bench = numbers.bench();
    let mut venue: BTreeMap<u64, u64> = BTreeMap::new();
    let mut up = false;
    let mut told: Vec<(u64, OrderId)> = Vec::new();
    let mut under_way: Vec<(Ask, RequestId)> = Vec::new();
    for (turn, flag) in turns.into_iter().chain([(7, true); 1]).chain([(9, true); 60]) {
        match turn {
            0..=2 => {
                let number = venue.len() as u64 + 1;
                let venue_order = 40 + number % 3;
                venue.insert(numbers.id(number), venue_order);
                if up {
                    bench.hear(Heard::Report(fill_report(numbers.id(number), venue_order)));
                    // The venue repeats itself.
                    if flag && numbers == Numbers::Timed {
                        bench.hear(Heard::Report(fill_report(numbers.id(number), venue_order)));
                    }
                }
            }
            3 if up => {
                up = false;
                under_way.clear();
                bench.session.lose(0, bench.now);
                bench.session.down(bench.now);
            }
            3..=7 if !up => {
                up = true;
                bench.session.up(bench.now);
            }
            4 if flag => bench.pass(700),
            _ if up => {
                while let Some((ask, then)) = bench.session.asks.pop_front() {
                    let id = bench.send(ask, then);
                    under_way.push((ask, id));
                }
                if let Some((ask, id)) = under_way.pop() {
                    answer(&mut bench, (&venue, numbers), (ask, id), flag || turn == 9);
                }
            }
            _ => {}
        }
        take(&mut bench, &mut told);
        if bench.session.signals.drain(..).any(|signal| signal == Signal::Hopeless) {
            under_way.clear();
            bench.session.lose(0, bench.now);
            bench.session.down(bench.now);
            bench.session.up(bench.now);
        }
        if turn == 9 {
            bench.pass(700);
        }
    }
    take(&mut bench, &mut told);
    (bench.session.phase, told, venue)
}

proptest! {
    /// Every trade is told, with its order.
    #[test]
    fn no_trade_is_missed(turns in prop::collection::vec((0_u8..10, any::<bool>()), 1..120)) {
        let (phase, told, venue) = lossy(Numbers::Counted, turns);
        prop_assert_eq!(phase, Phase::Ready);
        let told: BTreeMap<u64, OrderId> = told.into_iter().collect();
        prop_assert_eq!(told.len(), venue.len());
        for (number, venue_order) in &venue {
            prop_assert_eq!(told.get(number), Some(&client(*venue_order as u32).order));
        }
    }

    /// Where ids are in no order, every trade is told once, whatever is repeated or breaks off.
    #[test]
    fn each_trade_is_told_once(turns in prop::collection::vec((0_u8..10, any::<bool>()), 1..120)) {
        let (phase, mut told, venue) = lossy(Numbers::Timed, turns);
        prop_assert_eq!(phase, Phase::Ready);
        told.sort_unstable();
        let expect: Vec<(u64, OrderId)> =
            venue.iter().map(|(id, order)| (*id, client(*order as u32).order)).collect();
        prop_assert_eq!(told, expect);
    }
}

fn answer(
    bench: &mut Bench,
    (venue, numbers): (&BTreeMap<u64, u64>, Numbers),
    (ask, id): (Ask, RequestId),
    well: bool,
) {
    if !well {
        return bench.answer(id, no(Reason::Other));
    }
    match ask {
        Ask::Trades { from: Some(from), page, .. } if numbers == Numbers::Timed => {
            let skipped = venue.range(from..).rev().skip(page as usize * 3);
            let rest: Vec<(u64, u64)> = skipped.map(|(id, order)| (*id, *order)).collect();
            for (number, venue_order) in rest.iter().take(3) {
                bench.hear(Heard::Trade(id, whose(*venue_order), trade(*number)));
            }
            if rest.len() > 3 {
                bench.hear(Heard::More(id, page + 1));
            }
        }
        Ask::Trades { from: Some(from), .. } => {
            for (number, venue_order) in venue.range(from..) {
                bench.hear(Heard::Trade(id, whose(*venue_order), trade(*number)));
            }
        }
        Ask::Query { order, .. } => {
            let n = order.venue_order;
            bench.hear(Heard::Order(id, told(n as u32, n)));
        }
        _ => {}
    }
    bench.answer(id, Verdict::Done);
}

#[test]
fn a_change_is_told_when_the_order_stands_so() {
    let mut bench = Bench::ready(None);
    let Ask::Place(new) = place(1) else { return };
    let (price, qty) = (Price(12), Qty(7));
    let id =
        bench.send(Ask::Move { old: named(1), new: Place { price, qty, ..new } }, Then::Nothing);
    let stands = |price, qty, new| {
        let (instrument, venue_order, venue_ms) = (ONE, 44, 0);
        let execution = Execution::Stands { price, qty, new };
        Heard::Report(Report {
            instrument,
            venue_order,
            client: Some(client(1)),
            venue_ms,
            execution,
        })
    };
    let order = client(1).order;
    bench.hear(stands(Price(10), Qty(5), true));
    assert_eq!(bench.bodies(), [Body::Accepted { order, venue_order: 44 }]);
    bench.hear(stands(Price(10), Qty(5), false));
    assert_eq!(bench.bodies(), [], "a part was filled meanwhile, which is told as a fill");
    bench.hear(stands(price, qty, false));
    assert_eq!(bench.bodies(), [Body::Amended { order, price: Some(price), qty }]);
    bench.answer(id, Verdict::Taken);
    bench.hear(stands(price, qty, false));
    assert_eq!(bench.bodies(), [], "once");
}

#[test]
fn an_answer_that_comes_after_the_end_revives_nothing() {
    let mut bench = Bench::ready(None);
    let id = bench.send(place(1), Then::Nothing);
    let (end, reason, filled) = (End::Rejected, Reason::WouldTake, Some(Qty(0)));
    let execution = Execution::Done { end, reason, filled };
    let (instrument, venue_order, client, venue_ms) = (ONE, 44, Some(client(1)), 0);
    bench.hear(Heard::Report(Report { instrument, venue_order, client, venue_ms, execution }));
    bench.answer(id, Verdict::Placed { venue_order: 44 });
    assert_eq!(bench.bodies().len(), 1, "the end alone");
}

#[test]
fn ended_orders_are_looked_for_where_the_venue_keeps_them() {
    let abilities = Abilities { ended_apart: true, ..ABILITIES };
    let mut bench = Bench::with(None, abilities);
    bench.session.phase = Phase::Ready;
    let id = bench.send(query(1), Then::Nothing);
    bench.answer(id, no(Reason::UnknownOrder));
    let expect = Ask::Query { order: named(1), by_venue_id: false, ended: true };
    assert_eq!(bench.session.asks.pop_front(), Some((expect, Then::Nothing)));
    assert_eq!(bench.bodies(), []);
    bench.pass(5_000);
    let id = bench.send(expect, Then::Nothing);
    bench.answer(id, no(Reason::UnknownOrder));
    assert_eq!(bench.bodies(), [Body::Absent { order: client(1).order }]);
}

#[test]
fn every_counter_has_a_name() {
    let names = Counters::default().named();
    assert_eq!(names.len(), Counters::LEN);
    assert!(names.iter().any(|(name, _)| *name == "reports_ring_full"));
}
