//! Binance Spot. The witness's client ids, `newOrderRespType` (FULL, ours is ACK: faster) and
//! `recvWindow` differ, and its POSTs have their parameters in the body (ours in the query; the
//! venue takes either).

use super::{key, query, signer};
use engine::asset::Assets;
use engine::condition::{By, Condition, Watched};
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::intent::{OrderRef, Place, Tif};
use engine::num::{Grid, Price, Qty};
use serde_json::Value;
use std::collections::BTreeMap;
use venues::binance_spot::{BinanceSpot, Config, SelfTrade};
use venues::wire::{Ask, RequestId, Wire};

const NOT_COMPARED: [&str; 6] = [
    "newClientOrderId",
    "newOrderRespType",
    "recvWindow",
    "signature",
    "returnRateLimits",
    "omitZeroBalances",
];

fn wire(vectors: &Value) -> BinanceSpot {
    let config = Config {
        ws_api_url: "wss://ws-api.binance.com:443/ws-api/v3".to_owned(),
        rest_url: "https://api.binance.com".to_owned(),
        recv_window_ms: 5_000,
        self_trade_prevention: SelfTrade::Default,
        limits: Vec::new(),
    };
    let mut assets = Assets::default();
    let mut asset = |name: &str| assets.intern(Symbol::new(name).unwrap()).unwrap();
    let pair = (asset("BTC"), asset("USDT"));
    let grid = |decimals| Grid { decimals, step: 1 };
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let one = Instrument::new(InstrumentId(0), symbol, pair, (grid(2), grid(5)));
    BinanceSpot::new(config, key(vectors), &[one], assets)
}

fn place(side: Side, price: i64, qty: i64, tif: Tif) -> Place {
    let client = ClientId { order: OrderId::new(1, 1), cause: 0 };
    let (price, qty) = (Price(price), Qty(qty));
    Place { client, instrument: InstrumentId(0), side, price, qty, tif }
}

fn old() -> OrderRef {
    let client = ClientId { order: OrderId::new(1, 2), cause: 0 };
    OrderRef { client, venue_order: 1_234_567_890, instrument: InstrumentId(0), waits: false }
}

/// What we would send for the witness's case; `None` for orders that we never send.
fn ask(method: &str, description: &str) -> Option<Ask> {
    let limit = |tif| Some(Ask::Place(place(Side::Buy, 3_600_050, 1_000, tif)));
    let instrument = InstrumentId(0);
    match (method, description) {
        ("createOrder", "limit buy" | "limit buy client id") => limit(Tif::Gtc),
        ("createOrder", "limit buy post-only") => limit(Tif::PostOnly),
        ("createOrder", "limit buy IOC") => limit(Tif::Ioc),
        ("createOrder", "trigger (stop) limit sell") => {
            let order = place(Side::Sell, 3_420_048, 1_000, Tif::Gtc);
            let (price, watched, rises) = (Price(3_456_048), Watched::Last, false);
            Some(Ask::Conditional {
                order,
                until: Condition { by: By::Price, price, watched, rises },
            })
        }
        ("editOrder", "edit price+amount") | ("editOrderWs", "ws edit BTC/USDT") => {
            let new = place(Side::Buy, 3_564_050, 1_000, Tif::Gtc);
            Some(Ask::Replace { old: old(), new })
        }
        ("cancelOrder", "cancel by id") | ("cancelOrderWs", "ws cancel BTC/USDT") => {
            Some(Ask::Cancel(old()))
        }
        ("cancelAllOrders", "cancel all symbol")
        | ("cancelAllOrdersWs", "ws cancel all BTC/USDT") => {
            Some(Ask::CancelAll { instrument, waiting: false })
        }
        ("fetchOpenOrders", "open orders symbol") => {
            Some(Ask::OpenOrders { instrument, list: 0, page: 0 })
        }
        ("fetchOrder", "order by id") => {
            Some(Ask::Query { order: old(), by_venue_id: true, ended: false })
        }
        ("fetchBalance", "balance") => Some(Ask::Balances),
        ("watchOrders", "own orders BTC/USDT") => Some(Ask::Subscribe),
        _ => None,
    }
}

fn comparable(all: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let kept = all.iter().filter(|(key, _)| !NOT_COMPARED.contains(&key.as_str()));
    kept.map(|(key, value)| {
        let number = matches!(key.as_str(), "price" | "quantity" | "stopPrice");
        let value = if number { value.trim_end_matches('0').trim_end_matches('.') } else { value };
        (key.clone(), value.to_owned())
    })
    .collect()
}

#[test]
fn rest_requests_agree() {
    let Some(vectors) = super::vectors("binance") else { return };
    let mut wire = wire(&vectors);
    let signer = signer(&vectors);
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let mut compared = 0;
    for (method, cases) in vectors["rest"].as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            let request = &case["requests"][0];
            let url = request["url"].as_str().unwrap_or("");
            let ask = ask(method, case["description"].as_str().unwrap_or(""));
            let (true, Some(ask)) = (url.contains("/api/v3/"), ask) else { continue };
            let theirs = request["body"].as_str().unwrap_or("");
            let theirs = if theirs.is_empty() { url.split_once('?').unwrap().1 } else { theirs };
            let ours = wire.encode_http(&ask, at_ms).unwrap();
            let (path, params) = ours.url.split_once('?').unwrap();
            assert_eq!(path, url.split('?').next().unwrap(), "{method}");
            let verb = format!("{:?}", ours.method).to_uppercase();
            assert_eq!(request["httpMethod"], verb.as_str(), "{method}");
            assert_eq!(request["headers"]["X-MBX-APIKEY"], ours.headers[0].1.as_str());
            assert_eq!(comparable(&query(params)), comparable(&query(theirs)), "{method}");
            for text in [params, theirs] {
                let (payload, signature) = text.split_once("&signature=").unwrap();
                assert_eq!(signer.sign(payload.as_bytes()).as_str(), signature, "{method}");
            }
            compared += 1;
        }
    }
    assert!(compared >= 10, "only {compared} vectors were compared");
}

#[test]
fn web_socket_requests_agree() {
    let Some(vectors) = super::vectors("binance") else { return };
    let mut wire = wire(&vectors);
    let signer = signer(&vectors);
    let at_ms = vectors["clock_ms"].as_u64().unwrap();
    let flat = |message: &Value| -> BTreeMap<String, String> {
        let params = message["params"].as_object().unwrap();
        let plain = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
        params.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
    };
    let mut compared = 0;
    for (method, cases) in vectors["ws"].as_object().unwrap() {
        for case in cases.as_array().unwrap() {
            let words = case["description"].as_str().unwrap_or("");
            let described = if words.contains('/') {
                words.to_owned()
            } else {
                format!("{words} {}", case["symbol"].as_str().unwrap_or(""))
            };
            let Some(ask) = ask(method, &described) else { continue };
            let theirs = &case["sent"][0]["message"];
            let id = RequestId::new(1, ask.kind());
            let ours: Value =
                serde_json::from_slice(wire.encode(&ask, id, at_ms).unwrap()).unwrap();
            assert_eq!(theirs["method"], ours["method"], "{method}");
            let (ours, theirs) = (flat(&ours), flat(theirs));
            assert_eq!(comparable(&ours), comparable(&theirs), "{method}");
            for params in [&ours, &theirs] {
                let pairs = params.iter().filter(|(key, _)| *key != "signature");
                let pairs: Vec<String> = pairs.map(|(k, v)| format!("{k}={v}")).collect();
                let signature = signer.sign(pairs.join("&").as_bytes());
                assert_eq!(signature.as_str(), params["signature"], "{method}");
            }
            compared += 1;
        }
    }
    assert!(compared >= 4, "only {compared} vectors were compared");
}
