//! The venue as an engine sees it: rows in, rows out, and money that is never made or lost.

use super::*;
use engine::event::{Body, Event, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId};
use engine::instrument::{Fees, Instrument, Symbol};
use engine::intent::{self, Intent, OrderRef, Place, Reduce};
use engine::num::Amount;
use proptest::prelude::*;

fn instrument() -> Instrument {
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let assets = (AssetId(0), AssetId(1));
    let fees = Fees { maker_ppm: 1000, taker_ppm: 2000 };
    Instrument { fees, ..Instrument::new(InstrumentId(0), symbol, assets, (TICK, LOT)) }
}

fn place(counter: u32, text: &str) -> Place {
    let words: Vec<&str> = text.split_whitespace().collect();
    Place {
        client: ClientId { order: OrderId::new(1, counter), cause: 0 },
        instrument: InstrumentId(0),
        side: side(words[0]),
        price: price(words[1]),
        qty: qty(words[2]),
        tif: if words[3] == "post" { intent::Tif::PostOnly } else { intent::Tif::Ioc },
    }
}

fn refer(counter: u32) -> OrderRef {
    let client = ClientId { order: OrderId::new(1, counter), cause: 0 };
    OrderRef { client, venue_order: 0, instrument: InstrumentId(0), waits: false }
}

fn venue(latency: Latency) -> SimVenue {
    let start = [(AssetId(0), Amount(500_000_000)), (AssetId(1), Amount(100_000_000_000))];
    let settings = VenueSettings { latency: latency.into(), ..VenueSettings::default() };
    SimVenue::new(Nanos(0), &[instrument()], &start, settings)
}

fn rows(venue: &mut SimVenue, ms: u64) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(event) = venue.poll(Nanos::from_ms(ms)) {
        out.push(match event.body().unwrap() {
            Body::Balance { asset, free, locked } => {
                format!("balance {} {} {}", asset.0, free.0, locked.0)
            }
            Body::Fill(fill) => format!("fill {} {}", fill.order.counter(), fill.qty.0),
            Body::Done { order, end, reason, .. } => {
                format!("done {} {end:?} {reason:?}", order.counter())
            }
            Body::Accepted { order, .. } => format!("accepted {}", order.counter()),
            Body::Standing(standing) => format!("standing {}", standing.order.counter()),
            Body::Absent { order } => format!("absent {}", order.counter()),
            Body::Refused { order, request, reason } => {
                format!("refused {} {request:?} {reason:?}", order.counter())
            }
            Body::Amended { order, qty, .. } => format!("amended {} {}", order.counter(), qty.0),
            Body::Reconcile { done } => format!("reconcile {done}"),
            Body::Link { state, .. } => format!("link {state:?}"),
            Body::Budget { .. } => "budget".to_string(),
            other => format!("{other:?}"),
        });
    }
    out
}

fn best(venue: &mut SimVenue, ms: u64, words: [&str; 4]) {
    let body = Body::Best {
        bid: price(words[0]),
        bid_qty: qty(words[1]),
        ask: price(words[2]),
        ask_qty: qty(words[3]),
    };
    venue.on_event(&Event::new(Nanos::from_ms(ms), InstrumentId(0), ms, body).with(flag::LAST));
}

#[test]
fn the_engine_gets_a_reconciled_account_first() {
    let mut venue = venue(LATENCY);
    assert!(rows(&mut venue, 2).is_empty());
    assert_eq!(
        rows(&mut venue, 3),
        [
            "link Up",
            "reconcile false",
            "balance 0 500000000 0",
            "balance 1 100000000000 0",
            "budget",
            "reconcile true",
        ]
    );
}

#[test]
fn money_is_locked_spent_and_given_back() {
    let mut venue = venue(Latency::default());
    rows(&mut venue, 0);
    best(&mut venue, 1, ["100.0", "0", "100.5", "5"]);
    venue.send(Nanos::from_ms(1), Intent::Place(place(1, "buy 100.0 2 post")));
    assert_eq!(rows(&mut venue, 1), ["accepted 1", "balance 1 80000000000 20000000000"]);
    let trade = Body::Trade { price: price("100.0"), qty: qty("1"), taker: Side::Sell };
    venue.on_event(&Event::new(Nanos::from_ms(2), InstrumentId(0), 9, trade));
    let filled = ["fill 1 100", "balance 0 599900000 0", "balance 1 80000000000 10000000000"];
    assert_eq!(rows(&mut venue, 2), filled);
    venue.reduce(Nanos::from_ms(3), Reduce::Amend { order: refer(1), qty: qty("1.5") });
    venue.reduce(Nanos::from_ms(3), Reduce::Query(refer(1)));
    venue.reduce(Nanos::from_ms(3), Reduce::Cancel(refer(1)));
    venue.reduce(Nanos::from_ms(3), Reduce::Query(refer(1)));
    venue.reduce(Nanos::from_ms(3), Reduce::Query(refer(2)));
    assert_eq!(
        rows(&mut venue, 3),
        [
            "amended 1 150",
            "balance 1 85000000000 5000000000",
            "standing 1",
            "done 1 Cancelled None",
            "balance 1 90000000000 0",
            "done 1 Cancelled None",
            "absent 2",
        ]
    );
    assert_eq!((venue.open_orders(), venue.rows_dropped()), (0, 0));
}

#[test]
fn a_replace_is_told_leg_by_leg() {
    let mut venue = venue(Latency::default());
    rows(&mut venue, 0);
    best(&mut venue, 1, ["100.0", "1", "100.5", "5"]);
    let now = Nanos::from_ms(1);
    venue.send(now, Intent::Place(place(1, "buy 100.0 9 post")));
    // Only the money of the old order makes the new one affordable.
    venue.send(now, Intent::Replace { old: refer(1), new: place(2, "buy 99.0 10 post") });
    venue.send(now, Intent::Replace { old: refer(1), new: place(3, "buy 99.0 1 post") });
    venue.send(now, Intent::Replace { old: refer(2), new: place(4, "buy 99.0 11 post") });
    venue.send(now, Intent::Place(place(5, "buy 100.5 1 post")));
    let told = rows(&mut venue, 1);
    let told: Vec<_> = told.iter().filter(|row| !row.starts_with("balance")).collect();
    assert_eq!(
        told,
        [
            "accepted 1",
            "done 1 Cancelled None",
            "accepted 2",
            "refused 1 Cancel UnknownOrder",
            "done 3 Rejected NotAttempted",
            "done 2 Cancelled None",
            "done 4 Rejected Balance",
            "done 5 Rejected WouldTake",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What the ledger holds is the start plus the fills told; what is locked is what stands; and
    /// the last balance row of each asset says the same.
    #[test]
    fn money_is_conserved(
        steps in prop::collection::vec(
            (0..8_u8, 95..106_i64, 1..9_i64, 0..4_u8, 1..60_u32),
            1..100,
        ),
    ) {
        let mut venue = venue(LATENCY);
        let mut told = [(0, 0); 2];
        let mut expect = [500_000_000_i64, 100_000_000_000];
        let instrument = instrument();
        let end = steps.len() as u64 + 100;
        for ms in 0..=end {
            let now = Nanos::from_ms(ms);
            if let Some((what, price, qty, kind, old)) = steps.get(ms as usize).copied() {
                let side = if kind & 1 == 0 { Side::Buy } else { Side::Sell };
                let new = Place {
                    side,
                    price: Price(price),
                    qty: Qty(qty * 10),
                    ..place(ms as u32 + 1, if kind < 2 { "buy 1 1 post" } else { "buy 1 1 ioc" })
                };
                match what {
                    0 | 1 => {
                        let body = Body::Trade { price: Price(price), qty: Qty(qty), taker: side };
                        venue.on_event(&Event::new(now, InstrumentId(0), ms, body));
                    }
                    2 | 3 => {
                        let (bid, ask, bid_qty) = (Price(price), Price(price + 2), Qty(qty * 5));
                        let body = Body::Best { bid, bid_qty, ask, ask_qty: Qty(qty) };
                        venue.on_event(&Event::new(now, InstrumentId(0), ms, body));
                    }
                    4 | 5 => venue.send(now, Intent::Place(new)),
                    6 => venue.send(now, Intent::Replace { old: refer(old), new }),
                    _ => venue.reduce(now, Reduce::Amend { order: refer(old), qty: Qty(qty * 5) }),
                }
            }
            if ms + 50 == end {
                venue.reduce(now, Reduce::CancelAll(InstrumentId(0)));
            }
            while let Some(event) = venue.poll(now) {
                match event.body() {
                    Some(Body::Balance { asset, free, locked }) => {
                        told[asset.index()] = (free.0, locked.0);
                    }
                    Some(Body::Fill(fill)) => {
                        let sign = fill.side.sign();
                        expect[0] += sign * instrument.base_amount(fill.qty).0;
                        expect[1] -= sign * instrument.notional(fill.price, fill.qty).0;
                        expect[fill.fee_asset.index()] -= fill.fee.0;
                    }
                    _ => {}
                }
            }
        }
        for (asset, free, locked) in venue.balances() {
            prop_assert_eq!(free.0, expect[asset.index()]);
            prop_assert_eq!(locked.0, 0);
            prop_assert_eq!((free.0, locked.0), told[asset.index()]);
        }
        prop_assert_eq!((venue.open_orders(), venue.rows_dropped()), (0, 0));
        prop_assert_eq!(venue.fills_missed(), 0);
    }
}
