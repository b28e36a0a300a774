//! What goes wrong on demand, as an engine sees it; recorded refusals; fee tiers.

use super::*;
use engine::event::{Body, Event, Reason, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId};
use engine::instrument::{Fees, Instrument, Symbol};
use engine::intent::{self, Intent, OrderRef, Place, Reduce};
use engine::num::{Amount, Notional};
use std::sync::Arc;

fn instrument() -> Instrument {
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let fees = Fees { maker_ppm: 1000, taker_ppm: 2000 };
    let assets = (AssetId(0), AssetId(1));
    Instrument { fees, ..Instrument::new(InstrumentId(0), symbol, assets, (TICK, LOT)) }
}

fn venue(settings: VenueSettings) -> SimVenue {
    let start = [(AssetId(0), Amount(1 << 50)), (AssetId(1), Amount(1 << 50))];
    let mut venue = SimVenue::new(Nanos(0), &[instrument()], &start, settings);
    while venue.poll(Nanos(0)).is_some() {}
    venue
}

fn refer(counter: u32) -> OrderRef {
    let client = ClientId { order: OrderId::new(1, counter), cause: 0 };
    OrderRef { client, venue_order: 0, instrument: InstrumentId(0), waits: false }
}

fn buy(counter: u32, at: &str) -> Intent {
    Intent::Place(Place {
        client: ClientId { order: OrderId::new(1, counter), cause: 0 },
        instrument: InstrumentId(0),
        side: Side::Buy,
        price: price(at),
        qty: qty("1"),
        tif: intent::Tif::PostOnly,
    })
}

fn best(venue: &mut SimVenue, at: Nanos) {
    let (bid, ask) = (price("100.0"), price("100.1"));
    let body = Body::Best { bid, bid_qty: qty("1"), ask, ask_qty: qty("1") };
    venue.on_event(&Event::new(at, InstrumentId(0), at.0, body).with(flag::LAST));
}

/// Rows by now, balances and budgets left out, with their times in ms.
fn rows(venue: &mut SimVenue, ms: u64) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(event) = venue.poll(Nanos::from_ms(ms)) {
        let text = match event.body().unwrap() {
            Body::Balance { .. } | Body::Budget { .. } | Body::Reconcile { .. } => continue,
            Body::Accepted { order, .. } => format!("accepted {}", order.counter()),
            Body::Fill(fill) => format!("fill {}", fill.order.counter()),
            Body::Done { order, reason, .. } => format!("done {} {reason:?}", order.counter()),
            Body::Refused { order, reason, .. } => {
                format!("refused {} {reason:?}", order.counter())
            }
            Body::Standing(standing) => format!("standing {}", standing.order.counter()),
            Body::Absent { order } => format!("absent {}", order.counter()),
            Body::Link { state, .. } => format!("link {state:?}"),
            other => format!("{other:?}"),
        };
        out.push(format!("{} {text}", event.at.as_ms()));
    }
    out
}

#[test]
fn requests_are_refused_or_lost_as_often_as_asked() {
    let faults = Faults { reject_ppm: 200_000, lose_ppm: 200_000, ..Faults::default() };
    let run = |seed| {
        let mut venue = venue(VenueSettings { faults: faults.clone(), seed, ..Default::default() });
        best(&mut venue, Nanos(1));
        let mut out = Vec::new();
        for counter in 1..=180 {
            venue.send(Nanos::from_ms(1), buy(counter, "99.0"));
            out.extend(rows(&mut venue, 1));
        }
        // What was not answered is asked for: lost on its way, or only its answer.
        let answered = out.len();
        for counter in 1..=180 {
            venue.reduce(Nanos::from_ms(2), Reduce::Query(refer(counter)));
        }
        out.extend(rows(&mut venue, 2));
        (answered, out)
    };
    let (answered, told) = run(5);
    assert_eq!((answered, told.clone()), run(5), "same seed, same rows");
    assert_ne!(told, run(6).1);
    assert!((130..170).contains(&answered), "{answered} of 180 were answered");
    let of = |text: &str| -> Vec<u32> {
        let rows = told.iter().filter(|row| row.contains(text));
        rows.map(|row| row.split(' ').nth(2).unwrap().parse().unwrap()).collect()
    };
    let (accepted, rejected) = (of("accepted"), of("done"));
    assert!((20..55).contains(&rejected.len()), "{} rejected", rejected.len());
    let silent = |order: &&u32| !accepted.contains(order) && !rejected.contains(order);
    // Of those that nothing was told of some never arrived, and some stand.
    assert!(of("absent").iter().filter(silent).count() > 3, "{told:?}");
    assert!(of("standing").iter().filter(silent).count() > 3, "{told:?}");
}

#[test]
fn an_outage_is_told_and_so_is_what_happened_meanwhile() {
    let outages = vec![Outage { after: Nanos::from_ms(10), span: Nanos::from_ms(20) }];
    let faults = Faults { outages, ..Faults::default() };
    let mut venue = venue(VenueSettings { faults, ..Default::default() });
    best(&mut venue, Nanos::from_ms(1));
    venue.send(Nanos::from_ms(1), buy(1, "100.0"));
    assert_eq!(rows(&mut venue, 1), ["1 accepted 1"]);
    assert_eq!(venue.next_at(), Some(Nanos::from_ms(10)));
    let trade = Body::Trade { price: price("99.9"), qty: qty("5"), taker: Side::Sell };
    venue.on_event(&Event::new(Nanos::from_ms(15), InstrumentId(0), 9, trade));
    assert_eq!(rows(&mut venue, 15), ["10 link Down"]);
    venue.send(Nanos::from_ms(16), buy(2, "99.0"));
    venue.reduce(Nanos::from_ms(16), Reduce::Cancel(refer(1)));
    let told = ["16 done 2 NotConnected", "16 refused 1 NotConnected"];
    assert_eq!(rows(&mut venue, 29), told);
    assert_eq!(rows(&mut venue, 30), ["30 fill 1", "30 link Up"]);
    venue.send(Nanos::from_ms(31), buy(3, "99.0"));
    assert_eq!(rows(&mut venue, 31), ["31 accepted 3"]);
    assert_eq!(venue.next_at(), None);
}

#[test]
fn a_recorded_refusal_is_a_refusal() {
    let row = |asked, taken, told| OrderTimes { asked, taken, told };
    let ms = 1_000_000;
    let times = [row(0, 2 * ms, 5 * ms), row(10 * ms, 0, 14 * ms), row(20 * ms, 22 * ms, 25 * ms)];
    let way = || Way::Recorded(Arc::new(Recorded::new(&times, 0).unwrap()));
    let latency = Ways { entry: way(), response: way() };
    let mut venue = venue(VenueSettings { latency, ..Default::default() });
    best(&mut venue, Nanos::from_ms(6));
    rows(&mut venue, 6);
    venue.send(Nanos::from_ms(10), buy(1, "99.0"));
    venue.send(Nanos::from_ms(30), buy(2, "99.0"));
    assert_eq!(rows(&mut venue, 99), ["14 done 1 Other", "35 accepted 2"]);
}

#[test]
fn answers_carry_the_venue_s_time_and_nothing_overtakes() {
    let spread =
        Spread { median: Nanos(900_000), sigma: 1.0, spike_ppm: 50_000, spike: Nanos(9_000_000) };
    let latency = Ways { entry: Way::Spread(spread), response: Way::Spread(spread) };
    let run = |seed| {
        let mut venue =
            venue(VenueSettings { latency: latency.clone(), seed, ..Default::default() });
        best(&mut venue, Nanos(1));
        let mut out: Vec<(u64, u64, u32)> = Vec::new();
        for counter in 1..=150 {
            venue.send(Nanos(u64::from(counter) * 300_000), buy(counter, "99.0"));
        }
        while let Some(row) = venue.poll(Nanos::from_s(9)) {
            if let Some(Body::Accepted { order, .. }) = row.body() {
                let took_us = u64::try_from(row.venue_delta_us).unwrap();
                out.push((row.at.0, took_us, order.counter()));
            }
        }
        out
    };
    let told = run(3);
    assert_eq!((told.clone(), told.len()), (run(3), 150));
    assert_ne!(told, run(4));
    for (place, (at, took_us, counter)) in told.iter().enumerate() {
        assert_eq!(*counter as usize, place + 1, "in the order in which they were sent");
        let taken_at = at - took_us * 1_000;
        assert!(taken_at > u64::from(*counter) * 300_000 && *took_us > 0);
        assert!(place == 0 || told[place - 1].0 <= *at);
    }
}

#[test]
fn fees_fall_at_the_turn_of_the_day() {
    let tier = |volume, maker_ppm| Tier { volume: Notional(volume), maker_ppm, taker_ppm: 0 };
    let tiers = Tiers { rows: vec![tier(0, 1_000), tier(1, -500)], volume: Notional(0) };
    let mut venue = venue(VenueSettings { tiers, fee_in_quote: true, ..Default::default() });
    let day = 86_400_000;
    let mut fee = |counter, ms: u64| {
        best(&mut venue, Nanos::from_ms(ms));
        venue.send(Nanos::from_ms(ms), buy(counter, "100.0"));
        let trade = Body::Trade { price: price("99.9"), qty: qty("5"), taker: Side::Sell };
        venue.on_event(&Event::new(Nanos::from_ms(ms + 1), InstrumentId(0), 9, trade));
        let mut fee = None;
        while let Some(event) = venue.poll(Nanos::from_ms(ms + 1)) {
            if let Some(Body::Fill(fill)) = event.body() {
                fee = Some(fill.fee.0);
            }
        }
        fee
    };
    // 1 at 100.0: 0.1 %, and a rebate of 0.05 %.
    assert_eq!(fee(1, 10), Some(10_000_000));
    assert_eq!(fee(2, day - 10), Some(10_000_000), "the tier of the day");
    assert_eq!(fee(3, day + 10), Some(-5_000_000));
}

#[test]
fn a_full_way_there_is_said_at_once() {
    let latency = Latency { entry: Nanos::from_ms(5), response: Nanos::from_ms(5) };
    let settings = VenueSettings { latency: latency.into(), asks_max: 2, ..Default::default() };
    let mut venue = venue(settings);
    rows(&mut venue, 5);
    for counter in 1..=3 {
        venue.send(Nanos::from_ms(6), buy(counter, "99.0"));
    }
    assert_eq!(rows(&mut venue, 6), [format!("6 done 3 {:?}", Reason::Budget)]);
    assert_eq!(rows(&mut venue, 99).len(), 2);
}

#[test]
fn what_finds_no_room_on_the_way_back_waits_for_it() {
    let settings = VenueSettings { asks_max: 9_000, rows_max: 1, ..Default::default() };
    let mut venue = venue(settings);
    best(&mut venue, Nanos::from_ms(1));
    // Each is answered, most by a refusal, and there is room for some two thousand answers.
    for counter in 1..=5_000 {
        venue.send(Nanos::from_ms(1), buy(counter, "99.0"));
    }
    best(&mut venue, Nanos::from_ms(2));
    let mut told = std::collections::BTreeSet::new();
    while let Some(row) = venue.poll(Nanos::from_ms(3)) {
        if let Some(order) = row.body().and_then(|body| body.order()) {
            assert!(told.insert(order), "{order:?} is answered twice");
        }
    }
    assert_eq!((told.len(), venue.rows_dropped(), venue.fills_missed()), (5_000, 0, 0));
    assert_eq!((venue.next_at(), venue.open_orders()), (None, 200));
}
