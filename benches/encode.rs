//! Requests to the text of a WebSocket message: our patched templates beside `serde_json` over
//! fields made by `format!`. Both texts must say the same. The promised rows are whole: text,
//! header, fresh mask, on a logged-on session and with a signature.

use benches::corpus;
use benches::stage::{Bar, Contestant, Stage};
use engine::id::{ClientId, OrderId, Side};
use engine::instrument::Instrument;
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Price, Qty};
use peregrine::bench::order::{Frame, Signing, wire};
use peregrine::bench::work::Work as _;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use std::hint::black_box;
use venues::binance_spot::BinanceSpot;
use venues::wire::{Ask, RequestId, Wire};

const ASKS: usize = 256;
type Failed = Box<dyn std::error::Error>;

const AT_MS: u64 = 1_723_161_254_087;
const BAR: &str = "serde_json + format!";

#[derive(Serialize)]
struct Request<'a> {
    id: String,
    method: &'static str,
    params: Params<'a>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Params<'a> {
    symbol: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_replace_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_order_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_client_order_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_order_resp_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_trade_prevention_mode: Option<&'static str>,
    recv_window: u32,
    timestamp: u64,
}

fn placed<'a>(place: &Place, instrument: &Instrument, params: Params<'a>) -> Params<'a> {
    Params {
        side: Some(if place.side == Side::Buy { "BUY" } else { "SELL" }),
        kind: Some("LIMIT_MAKER"),
        price: Some(format!("{}", instrument.tick.decimal(place.price.0))),
        quantity: Some(format!("{}", instrument.lot.decimal(place.qty.0))),
        new_client_order_id: Some(client(&place.client)),
        new_order_resp_type: Some("ACK"),
        self_trade_prevention_mode: Some("EXPIRE_TAKER"),
        ..params
    }
}

/// The rival: an idiomatic typed request, its numbers made by `format!`.
fn typed(ask: &Ask, id: RequestId, instrument: &Instrument) -> Option<String> {
    let symbol = instrument.symbol.as_str();
    let params = Params { symbol, recv_window: 5_000, timestamp: AT_MS, ..Params::default() };
    let (method, params) = match ask {
        Ask::Place(place) => ("order.place", placed(place, instrument, params)),
        Ask::Replace { old, new } => {
            let mode = Some("STOP_ON_FAILURE");
            let old = Some(old.venue_order);
            let params = Params { cancel_replace_mode: mode, cancel_order_id: old, ..params };
            ("order.cancelReplace", placed(new, instrument, params))
        }
        Ask::Cancel(order) => {
            ("order.cancel", Params { order_id: Some(order.venue_order), ..params })
        }
        _ => return None,
    };
    let mut text = [0; 16];
    id.write(&mut text);
    let id = String::from_utf8_lossy(&text).into_owned();
    serde_json::to_string(&Request { id, method, params }).ok()
}

fn client(id: &ClientId) -> String {
    format!("pg-{:08x}-{:08x}-{:014x}", id.order.epoch(), id.order.counter(), id.cause)
}

fn places(instrument: &Instrument) -> Vec<Place> {
    let mut random = SmallRng::seed_from_u64(4);
    let place = |counter: usize| Place {
        client: ClientId {
            order: OrderId::new(1_723_161_254, counter as u32 + 1),
            cause: 50_093_239_212 + random.random_range(0..1_000_000),
        },
        instrument: instrument.id,
        side: if random.random_bool(0.5) { Side::Buy } else { Side::Sell },
        price: Price(random.random_range(6_000_000..6_400_000)),
        qty: Qty(random.random_range(10..500_000)),
        tif: Tif::PostOnly,
    };
    (0..ASKS).map(place).collect()
}

/// Both say the same, whatever the order of their fields and their kind of number.
fn check(title: &str, wire: &mut BinanceSpot, asks: &[(RequestId, Ask)], instrument: &Instrument) {
    for (id, ask) in asks {
        let ours = wire.encode(ask, *id, AT_MS).unwrap_or_default();
        let ours: serde_json::Value = serde_json::from_slice(ours).unwrap_or_default();
        let theirs = typed(ask, *id, instrument).unwrap_or_default();
        let theirs: serde_json::Value = serde_json::from_str(&theirs).unwrap_or_default();
        assert!(theirs["params"].is_object(), "{title}: the rival writes nothing");
        assert_eq!(ours, theirs, "{title}: ours and the rival's");
    }
}

fn race(
    stage: &mut Stage,
    (title, bar): (&str, Bar),
    wire: &mut BinanceSpot,
    asks: &[(RequestId, Ask)],
    instrument: &Instrument,
) {
    check(title, wire, asks, instrument);
    let ours = || {
        for (id, ask) in asks {
            let _ = black_box(wire.encode(ask, *id, AT_MS));
        }
    };
    let theirs = || {
        for (id, ask) in asks {
            black_box(typed(ask, *id, instrument));
        }
    };
    let all = vec![Contestant::new("ours", ours), Contestant::new(BAR, theirs)];
    stage.duel(title, bar, asks.len(), all);
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("encode");
    let instrument = corpus::spot();
    let places = places(&instrument);
    let old = |place: &Place| OrderRef {
        client: place.client,
        venue_order: 12_569_099_453,
        instrument: place.instrument,
        waits: false,
    };
    let asks = |make: &dyn Fn(&Place) -> Ask| -> Vec<(RequestId, Ask)> {
        let numbered = places.iter().map(make).enumerate();
        numbered.map(|(n, ask)| (RequestId::new(n as u64 + 1, ask.kind()), ask)).collect()
    };
    let place = asks(&|place| Ask::Place(*place));
    let replace = asks(&|place| Ask::Replace { old: old(place), new: *place });
    let cancel = asks(&|place| Ask::Cancel(old(place)));
    let mut session = wire(instrument, Signing::Session)?;
    let times = || Bar::TimesFaster(5.0, BAR.to_owned());
    let mut run = |what, asks: &[_], bar| {
        race(&mut stage, (what, bar), &mut session, asks, &instrument);
    };
    run("order.place", &place, times());
    run("order.cancelReplace", &replace, times());
    // It has no number to format, which is what the rival is slow at.
    run("order.cancel", &cancel, Bar::None);
    for (title, signing, most) in [
        ("order.place, frame", Signing::Session, 30.0),
        ("order.place, signed by HMAC", Signing::Hmac, 220.0),
    ] {
        let mut work = Frame::new(signing)?;
        let ops = work.run();
        let ours = || {
            work.run();
        };
        stage.duel(title, Bar::NsMax(most), ops, vec![Contestant::new("ours", ours)]);
    }
    stage.finish();
    Ok(())
}
