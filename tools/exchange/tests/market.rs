//! Market streams over loopback: the book from snapshot and differences, faults, a recording.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Client, Exchange, ed25519_key, get, hmac_key, now_ms, quiet};
use exchange::{Fault, Options};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

type Levels = BTreeMap<String, String>;

/// A client's book: two maps from price text to quantity text.
#[derive(Default)]
struct Book([Levels; 2]);

impl Book {
    fn apply(&mut self, sides: [&Value; 2]) {
        for (book, levels) in self.0.iter_mut().zip(sides) {
            for level in levels.as_array().unwrap() {
                let (price, qty) = (level[0].as_str().unwrap(), level[1].as_str().unwrap());
                // Zero-padded, so that texts sort as numbers do.
                let price = format!("{price:0>20}");
                if qty == "0.00000000" {
                    book.remove(&price);
                } else {
                    book.insert(price, qty.into());
                }
            }
        }
    }

    fn is_crossed(&self) -> bool {
        match (self.0[0].last_key_value(), self.0[1].first_key_value()) {
            (Some(bid), Some(ask)) => bid.0 >= ask.0,
            _ => false,
        }
    }
}

/// Follows a stream by the venue's rule until `count` differences were applied; returns the book
/// and its last id.
async fn follow(exchange: &Exchange, symbol: &str, count: usize) -> (Book, u64) {
    let stream = format!("{}@depth@100ms", symbol.to_lowercase());
    let mut client = Client::connect(exchange.address, &format!("/ws/{stream}")).await;
    let first = client.until(|m| m["e"] == "depthUpdate").await;
    let path = format!("/api/v3/depth?symbol={symbol}&limit=5000");
    let mut snapshot = get(exchange.address, &path).await;
    while snapshot["lastUpdateId"].as_u64() < first["U"].as_u64().map(|u| u - 1) {
        snapshot = get(exchange.address, &path).await;
    }
    let mut id = snapshot["lastUpdateId"].as_u64().unwrap();
    let mut book = Book::default();
    book.apply([&snapshot["bids"], &snapshot["asks"]]);
    let mut next = Some(first);
    let mut applied = 0;
    while applied < count {
        let diff = match next.take() {
            Some(diff) => diff,
            None => client.until(|m| m["e"] == "depthUpdate").await,
        };
        let (from, to) = (diff["U"].as_u64().unwrap(), diff["u"].as_u64().unwrap());
        if to <= id {
            continue;
        }
        assert!(from <= id + 1, "gap: {from} after {id}");
        book.apply([&diff["b"], &diff["a"]]);
        id = to;
        applied += 1;
        assert!(!book.is_crossed(), "crossed at {id}");
    }
    (book, id)
}

#[tokio::test]
async fn snapshot_and_differences_make_the_book() {
    let exchange = Exchange::start(Options { market: true, ..quiet() });
    let (_, id) = follow(&exchange, "BTCUSDT", 20).await;
    assert!(id > 50_000_000_000);
    let summary = exchange.stop();
    assert!(summary.updates > 0 && summary.journal_errors == 0);
}

#[tokio::test]
async fn subscriptions_change_while_connected() {
    let exchange = Exchange::start(Options { market: true, ..quiet() });
    let path = "/stream?streams=btcusdt@bookTicker/btcusdt@trade";
    let mut client = Client::connect(exchange.address, path).await;
    let best = client.until(|m| m["stream"] == "btcusdt@bookTicker").await;
    assert!(best["data"]["u"].is_u64());
    let trade = client.until(|m| m["stream"] == "btcusdt@trade").await;
    assert_eq!(trade["data"]["e"], "trade");
    let names = json!(["btcusdt@depth5@100ms", "ethusdt@ticker"]);
    client.send(&json!({"method": "SUBSCRIBE", "params": names, "id": 7})).await;
    assert_eq!(client.until(|m| m["id"] == 7).await["result"], Value::Null);
    let partial = client.until(|m| m["stream"] == "btcusdt@depth5@100ms").await;
    assert_eq!(partial["data"]["bids"].as_array().unwrap().len(), 5);
    client.until(|m| m["data"]["e"] == "24hrTicker").await;
    client.send(&json!({"method": "LIST_SUBSCRIPTIONS", "id": 8})).await;
    let list = client.until(|m| m["id"] == 8).await;
    assert_eq!(list["result"].as_array().unwrap().len(), 4);
    client.send(&json!({"method": "FLY", "id": 9})).await;
    assert_eq!(client.until(|m| m["id"] == 9).await["code"], 2);
}

#[tokio::test]
async fn too_many_messages_end_the_connection() {
    let exchange = Exchange::start(quiet());
    let mut client = Client::connect(exchange.address, "/ws").await;
    for n in 0..6 {
        client.send(&json!({"method": "LIST_SUBSCRIPTIONS", "id": n})).await;
    }
    let mut answers = 0;
    while client.receive().await.is_some() {
        answers += 1;
    }
    assert!(answers <= 5);
}

#[tokio::test]
async fn faults_reach_the_stream() {
    let faults = Fault::parse_list("malformed@1s,skip@1200ms,drop@2s").unwrap();
    let exchange = Exchange::start(Options { market: true, faults, ..quiet() });
    let mut client = Client::connect(exchange.address, "/ws/btcusdt@depth@100ms").await;
    let (mut last, mut gaps, mut bad) = (0, 0, 0);
    while let Some(message) = client.receive().await {
        if message.get("bad").is_some() {
            bad += 1;
            continue;
        }
        gaps += u32::from(last != 0 && message["U"].as_u64() != Some(last + 1));
        last = message["u"].as_u64().unwrap();
    }
    assert_eq!((gaps, bad), (1, 1));
    assert_eq!(exchange.stop().faults.len(), 3);
}

#[tokio::test]
async fn orders_are_measured_from_their_cause() {
    let exchange = Exchange::start(Options { market: true, ..quiet() });
    let mut feed = Client::connect(exchange.address, "/ws/btcusdt@bookTicker").await;
    let best = feed.until(|m| m["u"].is_u64()).await;
    let client = format!("pg-00000001-00000001-{:014x}", best["u"].as_u64().unwrap());
    let mut api = Client::connect(exchange.address, "/ws-api/v3").await;
    let order = json!({"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT_MAKER",
        "price": "50000", "quantity": "0.01", "newClientOrderId": client});
    let placed = api.call("order.place", order, Some(&hmac_key())).await;
    assert_eq!(placed["status"], 200, "{placed}");
    let report = get(exchange.address, "/sim/report").await;
    assert_eq!(report["wire"]["caused"], 1, "{report}");
    assert_eq!(report["wire"]["tick_to_order_ns"]["count"], 1);
}

#[tokio::test]
async fn a_recording_plays_whole_and_fills_us_beside_it() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/spot/btcusdt_20240808.gz");
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return;
    }
    let options = Options { replay: Some(path), replay_speed: 60.0, ..quiet() };
    let exchange = Exchange::start(options);
    let mut api = Client::connect(exchange.address, "/ws-api/v3").await;
    api.call("session.logon", json!({}), Some(&ed25519_key())).await;
    api.call("userDataStream.subscribe", json!({}), None).await;
    for (side, price) in [("BUY", "61800.00"), ("SELL", "61850.00")] {
        let order = json!({"symbol": "BTCUSDT", "side": side, "type": "LIMIT_MAKER",
            "price": price, "quantity": "0.01", "timestamp": now_ms()});
        let placed = api.call("order.place", order, None).await;
        assert_eq!(placed["status"], 200, "{placed}");
    }
    let taken = json!({"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET",
        "quantity": "0.01", "timestamp": now_ms()});
    let taken = api.call("order.place", taken, None).await;
    assert_eq!(taken["result"]["fills"][0]["price"], "61837.63000000", "{taken}");
    let (_, id) = follow(&exchange, "BTCUSDT", 600).await;
    assert!(id > 50_093_239_218);
    // The recording falls through 61,800: the bid is filled at its own price, from the own range.
    let filled = api.until(|m| m["event"]["x"] == "TRADE" && m["event"]["S"] == "BUY").await;
    assert_eq!(filled["event"]["L"], "61800.00000000");
    assert!(filled["event"]["t"].as_u64() > Some(9_000_000_000_000 - 1));
    let ledger = get(exchange.address, &format!("/sim/ledger?apiKey={}", hmac_key().api_key)).await;
    assert!(ledger["trades"].as_array().unwrap().len() >= 2);
}
