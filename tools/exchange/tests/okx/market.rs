//! Public channels and market data: sequence rules, snapshots, keep-alives, refusals.

use crate::common::{Client, Exchange, now_ms};
use crate::party::{SPOT, SWAP, busy, get, key, login, options};
use exchange::{Heartbeat, Options};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A swap that few trade.
const QUIET: &str = "ETH-USDT-SWAP";

type Levels = BTreeMap<u64, String>;

/// A client's book, price in units of 1e-8 to size text.
#[derive(Clone, Debug, Default, PartialEq)]
struct Book {
    sides: [Levels; 2],
    seq: i64,
}

fn units(text: &str) -> u64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    whole.parse::<u64>().unwrap() * 100_000_000 + format!("{part:0<8}").parse::<u64>().unwrap()
}

impl Book {
    /// Applies a message by the rules of the notes; panics on a gap.
    fn apply(&mut self, message: &Value) {
        let data = &message["data"][0];
        let (seq, before) = (data["seqId"].as_i64().unwrap(), data["prevSeqId"].as_i64().unwrap());
        if message["action"] == "snapshot" {
            assert_eq!(before, -1);
            *self = Self::default();
        } else {
            assert_eq!(before, self.seq, "gap");
            assert!(seq > before);
        }
        assert_eq!(data["checksum"], 0);
        self.seq = seq;
        for (side, name) in self.sides.iter_mut().zip(["bids", "asks"]) {
            for row in data[name].as_array().unwrap() {
                let (px, sz) = (units(row[0].as_str().unwrap()), row[1].as_str().unwrap());
                assert_eq!(row[2], "0");
                assert_eq!(row[3] == "0", sz == "0", "a level has orders");
                if sz == "0" {
                    assert!(side.remove(&px).is_some(), "nothing was there to remove");
                } else {
                    side.insert(px, sz.into());
                }
            }
        }
        let [bids, asks] = &self.sides;
        assert!(bids.len() <= 400 && asks.len() <= 400);
        let (bid, ask) = (bids.last_key_value().unwrap(), asks.first_key_value().unwrap());
        assert!(bid.0 < ask.0, "crossed");
    }
}

async fn subscribe(client: &mut Client, channel: &str, name: &str) -> Value {
    let args = json!([{"channel": channel, "instId": name}]);
    client.send(&json!({"op": "subscribe", "args": args})).await;
    let ack = client.until(|m| m["event"] == "subscribe" || m["event"] == "error").await;
    assert_eq!(ack["event"], "subscribe", "{ack}");
    ack
}

fn is_book(message: &Value) -> bool {
    message["arg"]["channel"] == "books" && message["data"].is_array()
}

#[tokio::test]
async fn snapshot_and_updates_make_the_same_book_for_early_and_late() {
    let exchange = Exchange::start(busy());
    let mut early = Client::connect(exchange.address, "/ws/v5/public").await;
    subscribe(&mut early, "books", QUIET).await;
    let first = early.until(is_book).await;
    assert_eq!(first["action"], "snapshot");
    let mut book = Book::default();
    book.apply(&first);
    for _ in 0..10 {
        book.apply(&early.until(is_book).await);
    }
    let mut late = Client::connect(exchange.address, "/ws/v5/public").await;
    subscribe(&mut late, "books", QUIET).await;
    let mut other = Book::default();
    other.apply(&late.until(is_book).await);
    for _ in 0..10 {
        other.apply(&late.until(is_book).await);
    }
    while book.seq < other.seq {
        book.apply(&early.until(is_book).await);
    }
    while other.seq < book.seq {
        other.apply(&late.until(is_book).await);
    }
    assert_eq!(book, other);
    // What REST tells of the same sequence number is the same.
    for _ in 0..200 {
        let path = format!("/api/v5/market/books?instId={QUIET}&sz=400");
        let rest = get(&exchange, &path).await["data"][0].clone();
        let seq = rest["seqId"].as_i64().unwrap();
        while book.seq < seq {
            book.apply(&early.until(is_book).await);
        }
        if book.seq == seq {
            for (side, name) in book.sides.iter().zip(["bids", "asks"]) {
                let rows = rest[name].as_array().unwrap().iter();
                let rows = rows.map(|row| {
                    (units(row[0].as_str().unwrap()), row[1].as_str().unwrap().to_string())
                });
                assert_eq!(*side, rows.collect::<Levels>());
            }
            return;
        }
    }
    panic!("never the same sequence number");
}

#[tokio::test]
async fn a_new_subscription_begins_with_a_new_snapshot() {
    let exchange = Exchange::start(busy());
    let mut client = Client::connect(exchange.address, "/ws/v5/public").await;
    let mut book = Book::default();
    for _ in 0..5 {
        subscribe(&mut client, "books", SPOT).await;
        let snapshot = client.until(is_book).await;
        assert_eq!(snapshot["action"], "snapshot");
        book.apply(&snapshot);
        for _ in 0..3 {
            book.apply(&client.until(is_book).await);
        }
        let args = json!([{"channel": "books", "instId": SPOT}]);
        client.send(&json!({"op": "unsubscribe", "args": args})).await;
        // What was under way still comes, in its order, before the acknowledgement.
        loop {
            let message = client.receive().await.unwrap();
            if message["event"] == "unsubscribe" {
                break;
            }
            book.apply(&message);
        }
    }
}

#[tokio::test]
async fn tick_by_tick_books_want_a_login_and_no_other_book() {
    let exchange = Exchange::start(busy());
    let mut client = Client::connect(exchange.address, "/ws/v5/public").await;
    client.send(&login(&key(0), now_ms() / 1000)).await;
    client.until(|m| m["event"] == "login").await;
    for channel in ["books-l2-tbt", "books50-l2-tbt"] {
        let mut client = Client::connect(exchange.address, "/ws/v5/public").await;
        client.send(&login(&key(0), now_ms() / 1000)).await;
        client.until(|m| m["event"] == "login").await;
        subscribe(&mut client, channel, SWAP).await;
        let mut book = Book::default();
        for _ in 0..10 {
            book.apply(&client.until(|m| m["data"].is_array()).await);
        }
        let most = if channel == "books-l2-tbt" { 400 } else { 50 };
        assert!(book.sides.iter().all(|side| side.len() <= most));
    }
    subscribe(&mut client, "books-l2-tbt", SWAP).await;
    let args = json!([{"channel": "books", "instId": SWAP}]);
    client.send(&json!({"op": "subscribe", "args": args})).await;
    assert_eq!(client.until(|m| m["event"] == "error").await["code"], "60012");
}

#[tokio::test]
async fn every_public_channel_speaks() {
    let exchange = Exchange::start(busy());
    let mut client = Client::connect(exchange.address, "/ws/v5/public").await;
    for (channel, name, key) in [
        ("bbo-tbt", SWAP, "seqId"),
        ("books5", SPOT, "seqId"),
        ("books-rpi", SPOT, "prevSeqId"),
        ("trades", SWAP, "count"),
        ("tickers", SPOT, "last"),
        ("mark-price", SWAP, "markPx"),
        ("funding-rate", SWAP, "nextFundingTime"),
        ("index-tickers", SPOT, "idxPx"),
        ("open-interest", SWAP, "oi"),
        ("price-limit", SWAP, "enabled"),
    ] {
        subscribe(&mut client, channel, name).await;
        let message =
            client.until(|m| m["arg"]["channel"] == channel && m["event"].is_null()).await;
        assert!(!message["data"][0][key].is_null(), "{message}");
        assert_eq!(message["arg"]["instId"], name);
    }
    let args = json!([{"channel": "instruments", "instType": "SWAP"},
        {"channel": "liquidation-orders", "instType": "SWAP"}, {"channel": "status"}]);
    client.send(&json!({"id": "7", "op": "subscribe", "args": args})).await;
    let list = client.until(|m| m["arg"]["channel"] == "instruments" && m["data"].is_array()).await;
    assert_eq!(list["data"][0]["instId"], SWAP);
    let ack = client.until(|m| m["arg"]["channel"] == "status").await;
    assert_eq!((&ack["event"], &ack["id"]), (&json!("subscribe"), &json!("7")));
    let mut business = Client::connect(exchange.address, "/ws/v5/business").await;
    for channel in ["trades-all", "candle1m"] {
        subscribe(&mut business, channel, SWAP).await;
        business.until(|m| m["arg"]["channel"] == channel && m["data"].is_array()).await;
    }
}

#[tokio::test]
async fn trades_are_summed_by_taker_and_price() {
    let exchange = Exchange::start(busy());
    let mut all = Client::connect(exchange.address, "/ws/v5/business").await;
    subscribe(&mut all, "trades-all", SWAP).await;
    let mut sums = Client::connect(exchange.address, "/ws/v5/public").await;
    subscribe(&mut sums, "trades", SWAP).await;
    let mut before = 0;
    for _ in 0..10 {
        let message = sums.until(|m| m["data"].is_array()).await;
        let row = message["data"][0].clone();
        let number = |name: &str| row[name].as_str().unwrap().parse::<u64>().unwrap();
        let (last, count) = (number("tradeId"), number("count"));
        assert!(count >= 1 && last - count >= before, "{row}");
        before = last;
        let mut total = 0;
        for id in last + 1 - count..=last {
            let id = id.to_string();
            let one = all.until(|m| m["data"][0]["tradeId"] == json!(id)).await;
            assert_eq!(one["data"][0]["px"], row["px"]);
            total += units(one["data"][0]["sz"].as_str().unwrap());
        }
        assert_eq!(total, units(row["sz"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn wrong_requests_are_refused_in_words_and_pings_answered() {
    let exchange = Exchange::start(options());
    let mut client = Client::connect(exchange.address, "/ws/v5/public").await;
    client.send_text("ping").await;
    assert_eq!(client.receive().await.unwrap()["bad"], "pong");
    let mut check = async |text: &str, code: &str| {
        client.send_text(text).await;
        let error = client.receive().await.unwrap();
        assert_eq!((&error["event"], &error["code"]), (&json!("error"), &json!(code)), "{text}");
        assert!(error["connId"].is_string());
    };
    let on = |channel: &str, name: &str| {
        json!({"op": "subscribe", "args": [{"channel": channel, "instId": name}]}).to_string()
    };
    check("{", "60012").await;
    check(r#"{"op":"fly","args":[]}"#, "60012").await;
    check(&on("books", "BTC-DOGE"), "60018").await;
    check(&on("orders", SPOT), "60018").await;
    check(&on("mark-price", SPOT), "60018").await;
    check(&on("books-l2-tbt", SPOT), "64003").await;
    check(r#"{"op":"subscribe","args":[]}"#, "60012").await;
    let mut private = Client::connect(exchange.address, "/ws/v5/private").await;
    private.send(&json!({"op": "subscribe", "args": [{"channel": "account"}]})).await;
    assert_eq!(private.receive().await.unwrap()["code"], "60011");
    private.send(&json!({"id": "1", "op": "order", "args": [{}]})).await;
    let error = private.receive().await.unwrap();
    assert_eq!((&error["op"], &error["code"]), (&json!("order"), &json!("60011")));
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let heartbeat = Heartbeat { pong_limit: Duration::from_millis(200), ..Heartbeat::default() };
    let exchange = Exchange::start(Options { heartbeat, ..options() });
    let mut client = Client::connect(exchange.address, "/ws/v5/public").await;
    assert_eq!(client.receive().await, None);
}

#[tokio::test]
async fn instruments_have_their_grids_and_prices_are_told() {
    let exchange = Exchange::start(busy());
    let path = format!("/api/v5/public/instruments?instType=SWAP&instId={SWAP}");
    let swap = get(&exchange, &path).await["data"][0].clone();
    for (name, value) in [
        ("ctVal", "0.01"),
        ("ctValCcy", "BTC"),
        ("ctType", "linear"),
        ("lotSz", "0.01"),
        ("minSz", "0.01"),
        ("tickSz", "0.1"),
        ("settleCcy", "USDT"),
        ("uly", SPOT),
        ("state", "live"),
    ] {
        assert_eq!(swap[name], value, "{name}");
    }
    let spot = get(&exchange, "/api/v5/public/instruments?instType=SPOT").await;
    assert_eq!((&spot["code"], &spot["data"][0]["baseCcy"]), (&json!("0"), &json!("BTC")));
    assert_eq!(spot["data"][0]["lotSz"], "0.00001");
    let futures = get(&exchange, "/api/v5/public/instruments?instType=FUTURES").await;
    assert_eq!(futures["data"], json!([]));
    for path in [
        "public/time",
        "market/tickers?instType=SWAP",
        "market/ticker?instId=BTC-USDT",
        "market/trades?instId=BTC-USDT",
        "market/candles?instId=BTC-USDT&bar=1H",
        "market/index-tickers?instId=BTC-USDT",
        "public/mark-price?instType=SWAP",
        "public/funding-rate?instId=BTC-USDT-SWAP",
        "public/price-limit?instId=BTC-USDT-SWAP",
        "public/open-interest?instType=SWAP",
        "public/position-tiers?instType=SWAP&tdMode=cross&uly=BTC-USDT",
    ] {
        let answer = get(&exchange, &format!("/api/v5/{path}")).await;
        assert_eq!(answer["code"], "0", "{path}: {answer}");
    }
    let unknown = get(&exchange, "/api/v5/market/books?instId=NO-NE").await;
    assert_eq!(unknown["code"], "51001");
    assert_eq!(get(&exchange, "/api/v5/public/nothing").await["code"], "50404");
}
