//! Our requests beside those that an independent client library builds for the same orders: method,
//! path, parameters, headers and signatures.
//!
//! The witness differs where the venues do not care, and each such difference is in a list with its
//! reason; where it and the protocol notes disagree, the notes win. Signatures are compared by
//! signing what was really sent: theirs over their text must come out as theirs, ours as ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "vectors/binance.rs"]
mod binance;
#[path = "vectors/bybit.rs"]
mod bybit;
#[path = "vectors/documented.rs"]
mod documented;
#[path = "vectors/okx.rs"]
mod okx;
#[path = "vectors/usdm.rs"]
mod usdm;

use engine::asset::Assets;
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Grid, Price, Qty};
use feeds::net::HttpRequest;
use serde_json::Value;
use std::collections::BTreeMap;
use venues::credentials::Credentials;
use venues::sign::Signer;

/// Parameters by name, as plain text; numbers without the zeros that follow their last digit.
type Fields = BTreeMap<String, String>;

/// A parameter that is not compared, and why.
type Exception = (&'static str, &'static str);

fn vectors(venue: &str) -> Option<Value> {
    let path = format!("{}/../../shared/conformance/{venue}.json", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = std::fs::read(&path) else {
        println!("skipped: {path} is not there");
        return None;
    };
    Some(serde_json::from_slice(&text).unwrap())
}

fn key(vectors: &Value) -> Credentials {
    let of = &vectors["credentials"];
    let text = serde_json::json!({
        "kind": "hmac",
        "api_key": of["apiKey"],
        "secret": of["secret"],
        "passphrase": of["password"],
    });
    Credentials::from_json(text.to_string().as_bytes(), "test").unwrap()
}

fn signer(vectors: &Value) -> Signer {
    Signer::hmac(vectors["credentials"]["secret"].as_str().unwrap().as_bytes()).unwrap()
}

fn assets() -> (Assets, [engine::id::AssetId; 2]) {
    let mut assets = Assets::default();
    let pair = ["BTC", "USDT"].map(|name| assets.intern(Symbol::new(name).unwrap()).unwrap());
    (assets, pair)
}

/// `places` are those of price, lot and the venue's unit.
fn instrument(id: u16, symbol: &str, kind: Kind, places: [u8; 3]) -> Instrument {
    let (_, pair) = assets();
    let grid = |decimals| Grid { decimals, step: 1 };
    let symbol = Symbol::new(symbol).unwrap();
    let grids = (grid(places[0]), grid(places[1]));
    let mut one = Instrument::new(InstrumentId(id), symbol, (pair[0], pair[1]), grids);
    one.kind = kind;
    one.size = grid(places[2]);
    one
}

/// An order of nobody's name, so that it is named by the venue's id.
fn old(venue_order: u64, instrument: InstrumentId) -> OrderRef {
    let client = ClientId { order: OrderId::new(OrderId::FOREIGN_EPOCH, 2), cause: 0 };
    OrderRef { client, venue_order, instrument, waits: false }
}

fn place(one: &Instrument, side: Side, (price, qty): (&str, &str), tif: Tif) -> Place {
    let client = ClientId { order: OrderId::new(1, 1), cause: 0 };
    let price: Price = one.price(price.as_bytes()).unwrap();
    let qty: Qty = one.qty(qty.as_bytes()).unwrap();
    Place { client, instrument: one.id, side, price, qty, tif }
}

/// A number without the zeros that say nothing; other text as it is.
fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if number && text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

fn object(value: &Value) -> Fields {
    value.as_object().unwrap().iter().map(|(key, value)| (key.clone(), plain(value))).collect()
}

fn query(text: &str) -> Fields {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), plain(&Value::from(value)))).collect()
}

fn without(mut fields: Fields, exceptions: &[Exception]) -> Fields {
    fields.retain(|key, _| !exceptions.iter().any(|(name, _)| name == key));
    fields
}

/// Path and query of a URL.
fn parts(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(known, _)| known == name);
    found.map_or("", |(_, value)| value)
}

/// Every request that the witness makes over REST, and what it is for.
fn each_rest(vectors: &Value, mut check: impl FnMut(&str, &str, &Value, &Value)) {
    for (method, cases) in vectors["rest"].as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            let words = case["description"].as_str().unwrap_or("");
            check(method, words, case, &case["requests"][0]);
        }
    }
}

/// Every message that the witness sends over a WebSocket, and what it is for.
fn each_ws(vectors: &Value, mut check: impl FnMut(&str, &str, &Value)) {
    for (method, cases) in vectors["ws"].as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            let words = case["description"].as_str().unwrap_or("");
            let symbol = case["symbol"].as_str().unwrap_or("");
            let words =
                if words.contains('/') { words.to_owned() } else { format!("{words} {symbol}") };
            for sent in case["sent"].as_array().unwrap() {
                check(method, &words, &sent["message"]);
            }
        }
    }
}
