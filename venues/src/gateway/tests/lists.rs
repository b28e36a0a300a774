//! Binance Spot's lists of orders and trailing stops against the simulated exchange.

use super::*;
use crate::wire::Twin;
use engine::condition::{By, Condition, Watched};

/// A market that moves, so that there is a last price.
fn venue() -> Venue {
    Venue::start(exchange::Options::default())
}

fn ready(venue: &Venue) -> Rig {
    let mut rig = Rig::new(venue, 1, |_| {});
    rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
    rig.rows.clear();
    rig
}

fn twin(rig: &Rig, trigger: &str, tif: Tif) -> Twin {
    let trigger = rig.instrument.price(trigger.as_bytes()).unwrap();
    Twin { price: trigger, trigger, watched: Watched::Last, tif, is_named: true }
}

/// A stop and a take-profit so far from the price, in millionths of it, that close a long position.
fn pair(rig: &Rig, venue: &Venue, n: u32, [below, above]: [i64; 2]) -> Ask {
    let stop = rig.order(n, Side::Sell, &venue.near(-below), "0.00200", Tif::Ioc);
    let watched = Watched::Last;
    let until = Condition { price: stop.price, by: By::Price, watched, rises: false };
    Ask::Pair { stop, until, take: twin(rig, &venue.near(above), Tif::Gtc) }
}

fn bracket(rig: &Rig, venue: &Venue, n: u32, price: &str) -> Ask {
    let entry = rig.order(n, Side::Buy, price, "0.00200", Tif::Gtc);
    let stop = twin(rig, &venue.near(-100_000), Tif::Ioc);
    Ask::Bracket { entry, stop, take: twin(rig, &venue.near(100_000), Tif::Gtc) }
}

/// A venue where only these two trade.
fn two() -> (Venue, [Rig; 2]) {
    let keys = [1, 2].map(|account| {
        let [_, key] = exchange::demo_keys(account);
        exchange::KeyFile { account: Some(account.to_string()), ..key }
    });
    let options = exchange::Options { market: false, keys: keys.to_vec(), ..Default::default() };
    let venue = Venue::start(options);
    let rigs = keys.map(|key| {
        let mut rig = Rig::with_key(&venue, &serde_json::to_string(&key).unwrap(), |_| {});
        rig.until("ready", |rig| rig.gateway.state() == GatewayState::Ready);
        rig.rows.clear();
        rig
    });
    (venue, rigs)
}

/// The first sells to the second at a price; more is bid for there.
fn trade([rig, other]: [&mut Rig; 2], n: u32, price: &str) {
    other.place(n, Side::Buy, price, "0.02000", Tif::Gtc);
    other.until("bid", |rig| rig.has(&format!("accepted #{n}")));
    rig.place(n, Side::Sell, price, "0.01000", Tif::Ioc);
    rig.until("sold", |rig| rig.has(&format!("fill #{n} Sell 0.01000")));
}

#[test]
fn a_pair_is_told_leg_by_leg_and_ends_as_one() {
    let venue = venue();
    let mut rig = ready(&venue);
    rig.send(pair(&rig, &venue, 1, [100_000, 100_000]));
    rig.until("accepted", |rig| rig.has("accepted #1") && rig.has("accepted #2"));
    assert_ne!(rig.named(1).venue_order, rig.named(2).venue_order);
    rig.send(Ask::Query { order: rig.named(2), by_venue_id: false, ended: false });
    rig.until("told", |rig| rig.has("waiting #2 Sell"));
    rig.send(Ask::Cancel(rig.named(2)));
    rig.until("ended", |rig| rig.has("done #1 Cancelled") && rig.has("done #2 Cancelled"));
    rig.send(pair(&rig, &venue, 3, [100_000, 100_000]));
    rig.until("accepted", |rig| rig.has("accepted #3") && rig.has("accepted #4"));
    rig.send(Ask::CancelAll { instrument: rig.instrument.id, waiting: false });
    rig.until("ended", |rig| rig.has("done #3 Cancelled") && rig.has("done #4 Cancelled"));
    assert_eq!(rig.gateway.counters().malformed, 0);
    assert!(!rig.rows.iter().any(|row| row.starts_with("unknown")), "{:#?}", rig.rows);
}

#[test]
fn a_pair_of_wrong_prices_is_refused_as_one() {
    let venue = venue();
    let mut rig = ready(&venue);
    rig.send(pair(&rig, &venue, 1, [-100_000, -50_000]));
    rig.until("refused", |rig| rig.has("done #1 Rejected") && rig.has("done #2 Rejected"));
    assert!(!rig.has("accepted"), "{:#?}", rig.rows);
}

#[test]
fn one_of_a_pair_fires_and_the_other_expires() {
    let (_venue, [mut rig, mut other]) = two();
    trade([&mut rig, &mut other], 51, "60000");
    let stop = rig.order(1, Side::Sell, "58000", "0.00200", Tif::Ioc);
    let price = rig.instrument.price(b"59000").unwrap();
    let until = Condition { price, by: By::Price, watched: Watched::Last, rises: false };
    rig.send(Ask::Pair { stop, until, take: twin(&rig, "70000", Tif::Gtc) });
    rig.until("accepted", |rig| rig.has("accepted #1") && rig.has("accepted #2"));
    other.send(Ask::Cancel(other.named(51)));
    other.until("withdrawn", |rig| rig.has("done #51 Cancelled"));
    trade([&mut rig, &mut other], 52, "58500");
    rig.until("fired", |rig| rig.has("triggered #1") && rig.has("fill #1 Sell 0.00200"));
    rig.until("over", |rig| rig.has("done #2 Expired"));
}

#[test]
fn what_sleeps_behind_an_entry_is_told_from_its_fill_on() {
    let venue = venue();
    let mut rig = ready(&venue);
    rig.send(bracket(&rig, &venue, 1, &venue.near(-50_000)));
    rig.until("accepted", |rig| rig.has("accepted #1"));
    rig.send(Ask::Query { order: rig.unnamed(2), by_venue_id: false, ended: false });
    rig.until("no answer", |rig| rig.has("unknown #2 Query"));
    assert!(!rig.has("accepted #2") && !rig.has("waiting"), "{:#?}", rig.rows);
    rig.send(Ask::Cancel(rig.named(1)));
    rig.until("cancelled", |rig| rig.has("done #1 Cancelled"));
    rig.rows.clear();
    rig.send(bracket(&rig, &venue, 4, &venue.near(5_000)));
    rig.until("woken", |rig| rig.has("accepted #5") && rig.has("accepted #6"));
    assert!(rig.has("fill #4 Buy"), "{:#?}", rig.rows);
    rig.send(Ask::Cancel(rig.named(5)));
    rig.until("ended", |rig| rig.has("done #5 Cancelled") && rig.has("done #6 Cancelled"));
    assert!(!rig.has("done #4 Cancelled"), "it was filled: {:#?}", rig.rows);
}

#[test]
fn a_stop_that_trails_fires() {
    let (_venue, [mut rig, mut other]) = two();
    trade([&mut rig, &mut other], 51, "60000");
    let order = rig.order(1, Side::Sell, "58000", "0.00200", Tif::Ioc);
    let (price, by, watched) = (Price(10_000), By::Share, Watched::Last);
    let until = Condition { price, by, watched, rises: false };
    rig.send(Ask::Conditional { order, until });
    rig.until("accepted", |rig| rig.has("accepted #1"));
    rig.send(Ask::Query { order: rig.named(1), by_venue_id: true, ended: false });
    rig.until("told", |rig| rig.has("waiting #1 Sell"));
    // It follows upwards, and a hundredth down from there it fires.
    trade([&mut rig, &mut other], 52, "61000");
    for n in [51, 52] {
        other.send(Ask::Cancel(other.named(n)));
        other.until("withdrawn", |rig| rig.has(&format!("done #{n} Cancelled")));
    }
    assert!(!rig.has("triggered #1"), "{:#?}", rig.rows);
    trade([&mut rig, &mut other], 53, "60390");
    rig.until("fired", |rig| rig.has("triggered #1") && rig.has("fill #1 Sell 0.00200"));
    let coarse = Condition { price: Price(100), ..until };
    rig.send(Ask::Conditional {
        order: rig.order(2, Side::Sell, "1000", "0.00200", Tif::Ioc),
        until: coarse,
    });
    rig.until("refused", |rig| rig.has("done #2 Rejected Filter"));
}

#[test]
fn a_cancel_in_the_same_turn_withdraws_all_that_is_linked() {
    let venue = venue();
    let mut rig = ready(&venue);
    for (ask, last) in
        [(pair(&rig, &venue, 1, [100_000, 100_000]), 2), (bracket(&rig, &venue, 3, "20000"), 5)]
    {
        rig.send(ask);
        let cancel = Outgoing::Reduce(Reduce::Cancel(rig.unnamed(last)));
        rig.orders.as_mut().unwrap().push(cancel).unwrap();
        rig.until("withdrawn", |rig| rig.has(&format!("done #{last} Cancelled None 0.00000")));
    }
    assert!(rig.has("done #1 Cancelled") && rig.has("done #3 Cancelled"), "{:#?}", rig.rows);
    assert_eq!(rig.gateway.counters().places, 0);
}
