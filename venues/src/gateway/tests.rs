//! The gateway against the simulated exchange, over real sockets: what comes out is shown as text.

mod bybit;
mod lists;
mod okx;
mod rig;
mod scripted;
mod usdm;

use super::session::Signal;
use super::*;
use crate::guard::{Guard, heartbeat};
use engine::event::{Body, flag};
use engine::id::Side;
use engine::intent::{Intent, Place, Reduce, Tif};
use engine::num::Price;
use rig::Wall;
use rig::{Rig, Venue};

#[test]
fn both_kinds_of_key_log_on_and_reconcile() {
    for kind in 0..2 {
        let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
        let mut rig = Rig::new(&venue, kind, |_| {});
        rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
        rig.check(&[
            "link up",
            "reconcile begins",
            "balance BNB 100.00000000 0.00000000 snapshot",
            "balance BTC 10.00000000 0.00000000 snapshot",
            "balance ETH 200.00000000 0.00000000 snapshot",
            "balance USDT 1000000.00000000 0.00000000 snapshot",
            "reconcile done",
        ]);
    }
}

#[test]
fn an_order_lives_and_dies() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    let mut rig = Rig::new(&venue, 1, |_| {});
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    rig.rows.clear();
    rig.place(1, Side::Buy, "20000.00", "0.00500", Tif::PostOnly);
    rig.until("accepted", |rig| rig.has("accepted #1"));
    let one = rig.named(1);
    rig.send(Ask::Amend { order: one, qty: rig.qty("0.00300") });
    rig.until("amended", |rig| rig.has("amended #1 0.00300"));
    rig.send(Ask::Query { order: one, by_venue_id: false, ended: false });
    rig.until("told", |rig| rig.has("standing #1 Buy 20000.00 0.00300 filled 0.00000 asked"));
    let new = rig.order(2, Side::Buy, "20001.00", "0.00400", Tif::PostOnly);
    rig.send(Ask::Replace { old: one, new });
    rig.until("replaced", |rig| rig.has("done #1 Cancelled") && rig.has("accepted #2"));
    let new = rig.order(3, Side::Buy, "20002.00", "0.00400", Tif::PostOnly);
    rig.send(Ask::Replace { old: one, new });
    rig.until("refused", |rig| rig.has("done #3 Rejected NotAttempted"));
    rig.until("told", |rig| rig.has("refused #1 Cancel UnknownOrder"));
    rig.place(4, Side::Sell, "20000.00", "0.00100", Tif::PostOnly);
    rig.until("rejected", |rig| rig.has("done #4 Rejected WouldTake"));
    rig.send(Ask::CancelAll { instrument: rig.instrument.id, waiting: false });
    rig.until("cancelled", |rig| rig.has("done #2 Cancelled"));
    rig.send(Ask::Query { order: rig.unnamed(2), by_venue_id: false, ended: false });
    rig.until("told", |rig| rig.has("done #2 Cancelled None 0.00000 asked"));
    rig.send(Ask::Query { order: rig.unnamed(9), by_venue_id: false, ended: false });
    rig.until("early", |rig| rig.gateway.counters().absent_early == 1);
    assert!(!rig.has("absent #9"), "still within its window: {:#?}", rig.rows);
    assert_eq!(rig.gateway.counters().malformed, 0);
}

#[test]
fn rehearsed_orders_stop_before_the_socket() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    let mut rig = Rig::new(&venue, 1, |_| {});
    let rehearse = |rig: &mut Rig| {
        (0..32).for_each(|turn| rig.gateway.rehearse(turn, &rig::Wall));
    };
    rehearse(&mut rig);
    assert_eq!(rig.gateway.counters().rehearsed, 0, "there is no session yet");
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    rig.rows.clear();
    rehearse(&mut rig);
    assert!(rig.gateway.sockets().all(|socket| socket.unsent() == 0));
    rig.place(1, Side::Buy, "20000.00", "0.00500", Tif::PostOnly);
    rig.until("accepted", |rig| rig.has("accepted #1"));
    rehearse(&mut rig);
    rig.send(Ask::Query { order: rig.named(1), by_venue_id: false, ended: false });
    rig.until("told", |rig| rig.has("standing #1 Buy 20000.00"));
    // Answers come in the order of requests: one to a rehearsed order would have come before.
    let counters = rig.gateway.counters();
    assert_eq!((counters.rehearsed, counters.places, counters.answers_unknown), (64, 1, 0));
    assert!(rig.rows.iter().all(|row| row.contains("#1")), "{:?}", rig.rows);
}

#[test]
fn a_fill_that_nobody_heard_of_is_learnt_after_reconnect() {
    let venue = Venue::start(exchange::Options::default());
    let mut rig = Rig::new(&venue, 1, |_| {});
    let mut witness = Rig::new(&venue, 0, |_| {});
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    witness.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    let ask = rig.instrument.price(venue.best_ask().as_bytes()).unwrap();
    let price = rig.instrument.tick.decimal(ask.0 + 5_000).to_string();
    rig.rows.clear();
    rig.place(1, Side::Buy, &price, "0.00100", Tif::Gtc);
    rig.gateway.send(&rig::Wall, &mut engine::time::NoTrace);
    witness.until("filled", |witness| witness.has("fill #1 Buy"));
    // The connection is lost before the answer and the report were read.
    let line = rig.gateway.current.expect("a connection");
    rig.gateway.drop_line(line, None, rig::Wall.now());
    rig.until("unknown", |rig| rig.has("unknown #1 Place") && rig.has("link down"));
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    let at = |start: &str| rig.rows.iter().position(|row| row.starts_with(start));
    let (fill, balance) = (at("fill #1 Buy"), at("balance"));
    assert!(fill.is_some() && fill < balance, "trades before balances: {:#?}", rig.rows);
    assert!(rig.gateway.counters().trades_missed >= 1);
    rig.rows.clear();
    rig.send(Ask::Query { order: rig.unnamed(1), by_venue_id: false, ended: false });
    rig.until("told", |rig| rig.has("done #1 Filled None 0.00100 asked"));
    assert!(rig.rows[0].starts_with("fill #1 Buy"), "its trades first: {:#?}", rig.rows);
}

#[test]
fn places_without_a_connection_are_refused_and_queries_wait_for_nobody() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    let mut rig = Rig::new(&venue, 0, |_| {});
    rig.place(1, Side::Buy, "20000.00", "0.00100", Tif::PostOnly);
    rig.send(Ask::Cancel(rig.unnamed(7)));
    rig.send(Ask::Query { order: rig.unnamed(8), by_venue_id: false, ended: false });
    rig.gateway.send(&rig::Wall, &mut engine::time::NoTrace);
    rig.drain();
    rig.check(&["refused #7 Cancel NotConnected", "done #1 Rejected NotConnected 0.00000"]);
}

#[test]
fn a_wrong_key_is_one_clear_fault() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    for kind in 0..2 {
        let mut rig = Rig::with_key(&venue, &rig::wrong_key(kind), |_| {});
        rig.until("fault", |rig| rig.gateway.state() == GatewayState::Faulted);
        let text = rig.gateway.fault().unwrap().to_string();
        assert!(text.contains("refused the API key"), "{text}");
        rig.drain();
        assert!(rig.has("link down"));
        assert_eq!(rig.gateway.counters().connects, 1, "no second try");
    }
}

#[test]
fn an_unreachable_venue_is_told_and_tried_again() {
    let venue = Venue::nowhere();
    let mut rig = Rig::new(&venue, 0, |config| config.rest_after = Nanos::from_s(3_600));
    rig.until("two tries", |rig| rig.gateway.counters().dial_failures >= 2);
    let text = rig.gateway.last_error().unwrap().to_string();
    assert!(text.contains("127.0.0.1") && text.contains("check the host"), "{text}");
}

#[test]
fn the_budget_refuses_before_the_venue_does() {
    let rates = exchange::Rates { orders_10s: 3, ..Default::default() };
    let options = exchange::Options { market: false, rates, ..Default::default() };
    let venue = Venue::start(options);
    let mut rig = Rig::new(&venue, 1, |_| {});
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    for n in 1..=8 {
        rig.place(n, Side::Buy, "20000.00", "0.00100", Tif::PostOnly);
    }
    rig.until("refused", |rig| rig.has("done #8 Rejected Budget"));
    let refused = (1..=8).filter(|n| rig.has(&format!("done #{n} Rejected Budget"))).count();
    assert!(refused >= 2, "at most three in each interval: {:#?}", rig.rows);
    rig.until("answered", |rig| rig.gateway.session.pending.open() == 0);
    assert_eq!(rig.gateway.counters().limited, 0, "the venue had nothing to refuse");
}

#[test]
fn a_dead_engine_leaves_nothing_standing() {
    for panicked in [true, false] {
        let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
        let (heart, watch) = heartbeat(Nanos::from_s(3_600));
        let mut rig = Rig::watched(&venue, 1, watch);
        rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
        heart.beat(rig::Wall.now());
        rig.place(1, Side::Buy, "20000.00", "0.00100", Tif::PostOnly);
        rig.until("accepted", |rig| rig.has("accepted #1"));
        if panicked {
            heart.panicked();
        } else {
            rig.abandon();
        }
        rig.until("halted", |rig| rig.gateway.state() == GatewayState::Halted);
        rig.drain();
        assert!(rig.has("done #1 Cancelled"), "{:#?}", rig.rows);
        assert!(heart.halted());
        let counters = rig.gateway.counters();
        assert_eq!((counters.halts, counters.halts_unconfirmed), (1, 0));
        rig.place(2, Side::Buy, "20000.00", "0.00100", Tif::PostOnly);
        rig.until("refused", |rig| rig.has("done #2 Rejected NotConnected"));
    }
}

#[test]
fn a_guard_of_its_own_cancels_from_outside() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    let (heart, watch) = heartbeat(Nanos::from_s(3_600));
    let mut rig = Rig::new(&venue, 1, |_| {});
    let mut guard = Guard::new(rig.wire(&venue, 0), Config::default(), venue.dial(), watch);
    rig.until("guarded", |rig| {
        guard.work(&rig::Wall);
        guard.state() == GatewayState::Ready && rig.gateway.state() == GatewayState::Ready
    });
    rig.place(1, Side::Buy, "20000.00", "0.00100", Tif::PostOnly);
    rig.until("accepted", |rig| rig.has("accepted #1"));
    heart.panicked();
    rig.until("halted", |rig| {
        guard.work(&rig::Wall);
        guard.state() == GatewayState::Halted && rig.has("done #1 Cancelled")
    });
    assert!(heart.halted());
}

#[test]
fn rest_carries_orders_when_asked_to_and_when_nothing_else_does() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    for stand_in in [false, true] {
        for kind in 0..2 {
            let mut rig = Rig::new(&venue, kind, |config| {
                config.entry = if stand_in { Entry::WebSocket } else { Entry::Rest };
                config.rest_after = Nanos::from_ms(if stand_in { 0 } else { 3_600_000 });
            });
            if stand_in {
                // The WebSocket API never comes up.
                rig.gateway.dial_at = Nanos(u64::MAX);
            }
            rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
            rig.place(1, Side::Buy, "20000.00", "0.00200", Tif::PostOnly);
            rig.until("accepted", |rig| rig.has("accepted #1"));
            let one = rig.named(1);
            rig.send(Ask::Amend { order: one, qty: rig.qty("0.00100") });
            rig.until("amended", |rig| rig.has("amended #1 0.00100"));
            let new = rig.order(2, Side::Buy, "20001.00", "0.00400", Tif::PostOnly);
            rig.send(Ask::Replace { old: one, new });
            rig.until("replaced", |rig| rig.has("done #1 Cancelled") && rig.has("accepted #2"));
            rig.send(Ask::Cancel(rig.unnamed(2)));
            rig.until("cancelled", |rig| rig.has("done #2 Cancelled"));
            assert!(rig.gateway.counters().rest_requests >= 4);
            assert_eq!(rig.gateway.counters().connects, u64::from(!stand_in));
        }
    }
}

#[test]
fn a_planned_change_of_connection_keeps_everything() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    let mut rig = Rig::new(&venue, 1, |_| {});
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    rig.place(1, Side::Buy, "20000.00", "0.00200", Tif::PostOnly);
    rig.until("accepted", |rig| rig.has("accepted #1"));
    rig.rows.clear();
    rig.gateway.session.signals.push_back(Signal::Closing);
    rig.until("changed", |rig| {
        rig.gateway.counters().rollovers == 1 && rig.gateway.state() == GatewayState::Ready
    });
    rig.until("closed", |rig| rig.gateway.lines.iter().flatten().count() == 1);
    assert!(rig.has("standing #1 Buy 20000.00 0.00200 filled 0.00000 snapshot"));
    assert!(!rig.has("link down"), "{:#?}", rig.rows);
    rig.send(Ask::CancelAll { instrument: rig.instrument.id, waiting: false });
    rig.until("cancelled", |rig| rig.has("done #1 Cancelled"));
}

#[test]
fn an_exchange_that_dies_and_comes_back_is_reconciled() {
    let ledger = std::env::temp_dir().join(format!("peregrine-venues-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&ledger);
    let keys = exchange::demo_keys(1).to_vec();
    let options = exchange::Options {
        market: false,
        ledger: Some(ledger.clone()),
        keys,
        ..Default::default()
    };
    let mut venue = Venue::start(options.clone());
    let mut rig = Rig::new(&venue, 1, |_| {});
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    rig.place(1, Side::Buy, "20000.00", "0.00200", Tif::PostOnly);
    rig.until("accepted", |rig| rig.has("accepted #1"));
    let listen = venue.address;
    venue.stop();
    rig.until("down", |rig| rig.has("link down"));
    rig.rows.clear();
    let _venue = Venue::start(exchange::Options { listen, ..options });
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    assert!(rig.has("standing #1 Buy 20000.00 0.00200 filled 0.00000 snapshot"));
    let _ = std::fs::remove_dir_all(&ledger);
}

#[test]
fn a_cancel_in_the_same_turn_withdraws_the_place() {
    let venue = Venue::start(exchange::Options { market: false, ..Default::default() });
    let mut rig = Rig::new(&venue, 1, |_| {});
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    rig.rows.clear();
    rig.place(1, Side::Buy, "20000.00", "0.00200", Tif::PostOnly);
    let cancel = Outgoing::Reduce(Reduce::Cancel(rig.unnamed(1)));
    rig.orders.as_mut().unwrap().push(cancel).unwrap();
    rig.until("withdrawn", |rig| rig.has("done #1 Cancelled None 0.00000"));
    assert_eq!(rig.gateway.counters().places, 0);
}
