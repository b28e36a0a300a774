//! Several venues at once.

use super::*;
use engine::event::{Body, Event, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId, VenueId};
use engine::instrument::{Instrument, Symbol};
use engine::intent::{OrderRef, Reduce};
use engine::num::Amount;

fn instruments() -> [Instrument; 3] {
    let one = |id, venue| {
        let symbol = Symbol::new("BTCUSDT").unwrap();
        let assets = (AssetId(0), AssetId(1));
        let plain = Instrument::new(InstrumentId(id), symbol, assets, (TICK, LOT));
        Instrument { venue: VenueId(venue), ..plain }
    };
    [one(0, 0), one(1, 1), one(2, 0)]
}

fn venues() -> SimVenues {
    let opening = |number, ms, usd| {
        let latency = Latency { entry: Nanos::from_ms(ms), response: Nanos::from_ms(ms) };
        let venue = VenueId(number);
        let settings = VenueSettings { venue, latency: latency.into(), ..Default::default() };
        let balances = vec![(AssetId(1), Amount(usd))];
        Opening { settings, balances, positions: Vec::new() }
    };
    SimVenues::new(Nanos(0), &instruments(), vec![opening(0, 3, 500), opening(1, 1, 700)])
}

fn ask(instrument: u16) -> Reduce {
    let client = ClientId { order: OrderId::new(1, 7), cause: 0 };
    let instrument = InstrumentId(instrument);
    Reduce::Query(OrderRef { client, venue_order: 0, instrument, waits: false })
}

#[test]
fn each_has_its_own_account_latency_and_instruments() {
    let mut venues = venues();
    assert_eq!(venues.next_at(), Some(Nanos::from_ms(1)));
    let mut told = Vec::new();
    while let Some(row) = venues.poll(Nanos::from_ms(9)) {
        if let Some(Body::Balance { asset: AssetId(1), free, .. }) = row.body() {
            told.push((row.at.as_ms(), row.venue(), free.0));
        }
    }
    assert_eq!(told, [(1, VenueId(1), 700), (3, VenueId(0), 500)]);
    assert_eq!(venues.next_at(), None);
    for instrument in 0..3 {
        venues.reduce(Nanos::from_ms(10), ask(instrument));
    }
    let mut told = Vec::new();
    while let Some(row) = venues.poll(Nanos::from_ms(20)) {
        told.push((row.at.as_ms(), row.instrument.0));
    }
    assert_eq!(told, [(12, 1), (16, 0), (16, 2)], "the nearer one first");
    venues.reduce(Nanos::from_ms(30), ask(3));
    assert_eq!((venues.rows_dropped(), venues.next_at()), (1, None));
}

#[test]
fn market_rows_go_to_their_venue_only() {
    let mut venues = venues();
    let (bid, ask) = (price("100.0"), price("100.1"));
    let body = Body::Best { bid, bid_qty: qty("1"), ask, ask_qty: qty("1") };
    venues.on_event(&Event::new(Nanos(1), InstrumentId(2), 1, body).with(flag::LAST));
    let shown = |id| {
        let venue: &SimVenue = venues.of(InstrumentId(id)).unwrap();
        venue.market(InstrumentId(id)).unwrap().displayed().best(Side::Buy)
    };
    assert_eq!([shown(0), shown(1), shown(2)], [None, None, Some((bid, qty("1")))]);
    assert!(venues.of(InstrumentId(3)).is_none());
}
