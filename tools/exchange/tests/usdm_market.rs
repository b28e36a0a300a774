//! Binance USDⓈ-M's market streams and market REST over loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Client, Exchange, get, http, quiet};
use exchange::{Fault, Options, WorldText};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn options() -> Options {
    let mut world = WorldText::scenario("four", true).unwrap();
    world.restrict(&["binance-usdm".parse().unwrap()]).unwrap();
    Options { market: true, world: Some(world), ..quiet() }
}

/// A naive client's book: sides from price in tenths to quantity text.
#[derive(Default)]
struct Book([BTreeMap<u64, String>; 2]);

fn tenths(price: &Value) -> u64 {
    let text = price.as_str().unwrap();
    let (whole, part) = text.split_once('.').unwrap();
    assert_eq!((part.len(), &part[1..]), (2, "0"), "{text} is on the grid, with two places");
    whole.parse::<u64>().unwrap() * 10 + part[..1].parse::<u64>().unwrap()
}

impl Book {
    fn apply(&mut self, sides: [&Value; 2]) {
        for (book, levels) in self.0.iter_mut().zip(sides) {
            for level in levels.as_array().unwrap() {
                let (price, qty) = (tenths(&level[0]), level[1].as_str().unwrap());
                if qty == "0.000" {
                    book.remove(&price);
                } else {
                    book.insert(price, qty.into());
                }
            }
        }
    }

    /// The best levels of both sides.
    fn top(&self, count: usize) -> [Vec<(u64, String)>; 2] {
        let own = |(price, qty): (&u64, &String)| (*price, qty.clone());
        [
            self.0[0].iter().rev().take(count).map(own).collect(),
            self.0[1].iter().take(count).map(own).collect(),
        ]
    }
}

fn levels(side: &Value) -> Vec<(u64, String)> {
    let side = side.as_array().unwrap().iter();
    side.map(|level| (tenths(&level[0]), level[1].as_str().unwrap().into())).collect()
}

fn id(message: &Value, name: &str) -> u64 {
    message[name].as_u64().unwrap_or_else(|| panic!("no {name}: {message}"))
}

#[tokio::test]
async fn snapshot_and_differences_make_the_book_by_the_futures_rule() {
    let exchange = Exchange::start(options());
    let path = "/public/stream?streams=btcusdt@depth@100ms/btcusdt@depth20@100ms";
    let mut client = Client::connect(exchange.address, path).await;
    let is = |m: &Value, stream: &str| m["stream"] == json!(stream);
    let mut diff = client.until(|m| is(m, "btcusdt@depth@100ms")).await["data"].clone();
    let snapshot = get(exchange.address, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000").await;
    let first = id(&snapshot, "lastUpdateId");
    let mut book = Book::default();
    book.apply([&snapshot["bids"], &snapshot["asks"]]);
    while id(&diff, "u") < first {
        diff = client.until(|m| is(m, "btcusdt@depth@100ms")).await["data"].clone();
    }
    assert!(id(&diff, "U") <= first, "the snapshot is too old: {diff}");
    let (mut last, mut compared) = (0, 0);
    for _ in 0..30 {
        assert!(last == 0 || id(&diff, "pu") == last, "gap: {diff}");
        book.apply([&diff["b"], &diff["a"]]);
        last = id(&diff, "u");
        let partial = client.until(|m| is(m, "btcusdt@depth20@100ms") && m["data"]["u"] == last);
        let partial = partial.await["data"].clone();
        assert_eq!(book.top(20), [levels(&partial["b"]), levels(&partial["a"])]);
        compared += 1;
        diff = client.until(|m| is(m, "btcusdt@depth@100ms")).await["data"].clone();
    }
    assert_eq!(compared, 30);
}

#[tokio::test]
async fn each_class_of_streams_speaks_on_its_own_path_only() {
    let exchange = Exchange::start(options());
    let mut market = Client::connect(exchange.address, "/market/ws/btcusdt@markPrice@1s").await;
    let mark = market.until(|m| m["e"] == "markPriceUpdate").await;
    for key in ["p", "i", "P", "r", "ap"] {
        assert!(mark[key].is_string(), "{key}: {mark}");
    }
    assert!(id(&mark, "T") > id(&mark, "E"));
    let names = json!(["btcusdt@aggTrade", "!markPrice@arr@1s", "btcusdt@bookTicker"]);
    market.send(&json!({"method": "SUBSCRIBE", "params": names, "id": 1})).await;
    assert_eq!(market.until(|m| m["id"] == 1).await["result"], Value::Null);
    let trade = market.until(|m| m["e"] == "aggTrade").await;
    assert!(id(&trade, "l") >= id(&trade, "f") && trade["nq"] == trade["q"]);
    let all = market.until(Value::is_array).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    market.send(&json!({"method": "LIST_SUBSCRIPTIONS", "id": 2})).await;
    let list = market.until(|m| m["id"] == 2).await["result"].clone();
    assert_eq!(list.as_array().unwrap().len(), 4, "{list}");
    let mut public = Client::connect(exchange.address, "/public/ws/0").await;
    let names = json!(["btcusdt@aggTrade", "btcusdt@bookTicker"]);
    public.send(&json!({"method": "SUBSCRIBE", "params": names, "id": 3})).await;
    let mut best = Vec::new();
    while best.len() < 20 {
        let message = public.receive().await.unwrap();
        assert_ne!(message["e"], "aggTrade", "that is of the other class");
        if message["e"] == "bookTicker" {
            best.push(message);
        }
    }
    assert!(best.windows(2).all(|pair| id(&pair[0], "u") < id(&pair[1], "u")));
    assert!(tenths(&best[0]["b"]) < tenths(&best[0]["a"]));
    // Nor did the best price come on the other path.
    market.send(&json!({"method": "LIST_SUBSCRIPTIONS", "id": 4})).await;
    loop {
        let message = market.receive().await.unwrap();
        assert_ne!(message["e"], "bookTicker");
        if message["id"] == 4 {
            break;
        }
    }
}

#[tokio::test]
async fn rest_tells_the_market() {
    let exchange = Exchange::start(options());
    let at = exchange.address;
    let info = get(at, "/fapi/v1/exchangeInfo").await;
    let symbols = info["symbols"].as_array().unwrap();
    let btc = symbols.iter().find(|one| one["symbol"] == "BTCUSDT").unwrap();
    assert_eq!((&btc["contractType"], &btc["marginAsset"]), (&json!("PERPETUAL"), &json!("USDT")));
    let filter = |name: &str| {
        let all = btc["filters"].as_array().unwrap().iter();
        all.clone().find(|one| one["filterType"] == name).unwrap().clone()
    };
    assert_eq!(filter("PRICE_FILTER")["tickSize"], "0.10");
    assert_eq!(filter("LOT_SIZE")["stepSize"], "0.001");
    assert_eq!(filter("MIN_NOTIONAL")["notional"], "5.00");
    let limits = info["rateLimits"].as_array().unwrap();
    let told: Vec<(&str, u64)> = limits
        .iter()
        .map(|one| (one["interval"].as_str().unwrap(), one["limit"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [("MINUTE", 2400), ("SECOND", 300), ("MINUTE", 1200)]);
    let premium = get(at, "/fapi/v1/premiumIndex?symbol=BTCUSDT").await;
    assert!(premium["markPrice"].is_string() && premium["nextFundingTime"].is_u64());
    for path in [
        "time",
        "trades?symbol=BTCUSDT",
        "aggTrades?symbol=BTCUSDT",
        "klines?symbol=BTCUSDT&interval=1m",
        "fundingRate",
        "fundingInfo",
        "ticker/24hr",
        "ticker/price?symbol=ETHUSDT",
        "ticker/bookTicker?symbol=ETHUSDT",
        "openInterest?symbol=BTCUSDT",
    ] {
        let answer = http(at, "GET", &format!("/fapi/v1/{path}"), "", "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.json);
        assert!(answer.headers.contains("x-mbx-used-weight-1m:"));
    }
    let deep = http(at, "GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=7", "", "").await;
    assert_eq!(deep.json["code"], -4021);
    let unknown = http(at, "GET", "/fapi/v1/depth?symbol=NOPE", "", "").await;
    assert_eq!(unknown.json["code"], -1121);
}

#[tokio::test]
async fn more_than_ten_messages_in_a_second_end_the_connection() {
    let exchange = Exchange::start(options());
    let mut client = Client::connect(exchange.address, "/public/ws").await;
    for n in 0..11 {
        client.send(&json!({"method": "LIST_SUBSCRIPTIONS", "id": n})).await;
    }
    let mut answers = 0;
    while client.receive().await.is_some() {
        answers += 1;
    }
    assert!(answers <= 10);
}

#[tokio::test]
async fn faults_reach_the_streams() {
    let faults = Fault::parse_list("malformed@1s,skip@1200ms,dup@1600ms,drop@2s").unwrap();
    let exchange = Exchange::start(Options { faults, ..options() });
    let mut client = Client::connect(exchange.address, "/public/ws/btcusdt@depth@100ms").await;
    let (mut last, mut gaps, mut doubles, mut bad) = (0, 0, 0, 0);
    while let Some(message) = client.receive().await {
        if message.get("bad").is_some() {
            bad += 1;
            continue;
        }
        if id(&message, "u") == last {
            doubles += 1;
        } else if last != 0 && id(&message, "pu") != last {
            gaps += 1;
        }
        last = id(&message, "u");
    }
    assert_eq!((gaps, doubles, bad), (1, 1, 1));
    assert_eq!(exchange.stop().faults.len(), 4);
}
