//! Sequence rules over a generated market: a client that follows them has the exchange's book.

use crate::common::{Client, Exchange};
use crate::rig::{bybit, get};
use exchange::Options;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A book that is kept as the venue's rules say, and checks them.
#[derive(Default)]
struct Book {
    sides: [BTreeMap<String, String>; 2],
    u: u64,
    seq: u64,
    deltas: usize,
}

impl Book {
    fn apply(&mut self, message: &Value) {
        let data = &message["data"];
        let (u, seq) = (data["u"].as_u64().unwrap(), data["seq"].as_u64().unwrap());
        if message["type"] == "snapshot" {
            *self = Self { deltas: self.deltas, ..Self::default() };
        } else {
            assert_eq!(u, self.u + 1, "a gap");
            self.deltas += 1;
        }
        assert!(seq >= self.seq, "the cross sequence went down");
        (self.u, self.seq) = (u, seq);
        for (side, name) in ["b", "a"].iter().enumerate() {
            for level in data[*name].as_array().unwrap() {
                let (price, size) = (level[0].as_str().unwrap(), level[1].as_str().unwrap());
                match size {
                    "0" => {
                        let gone = self.sides[side].remove(price);
                        assert!(gone.is_some(), "{price} was not there");
                    }
                    _ => {
                        self.sides[side].insert(price.into(), size.into());
                    }
                }
            }
        }
    }

    /// Levels by price, as REST would tell them.
    fn told(&self, side: usize) -> Vec<(String, String)> {
        let mut all: Vec<_> = self.sides[side].clone().into_iter().collect();
        let price = |text: &str| text.parse::<f64>().unwrap();
        all.sort_by(|a, b| price(&a.0).total_cmp(&price(&b.0)));
        if side == 0 {
            all.reverse();
        }
        all
    }
}

fn rows(json: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    json.as_array().unwrap().iter().map(|row| (text(&row[0]), text(&row[1]))).collect()
}

#[tokio::test]
async fn a_followed_book_equals_the_exchanges() {
    for (category, depth) in [("linear", 50), ("spot", 200), ("linear", 1000)] {
        let exchange = Exchange::start(Options { market: true, ..bybit() });
        let at = exchange.address;
        let mut client = Client::connect(at, &format!("/v5/public/{category}")).await;
        let topics = [format!("orderbook.{depth}.BTCUSDT"), "orderbook.1000.BTCUSDT".into()];
        let args = if depth == 1000 { &topics[..1] } else { &topics[..] };
        client.send(&json!({"op": "subscribe", "args": args})).await;
        let mut book = Book::default();
        let mut deep = Book::default();
        while book.deltas < 20 {
            let Some(message) = client.receive().await else { panic!("ended") };
            if message["topic"] == topics[0] {
                book.apply(&message);
                let [bids, asks] = [0, 1].map(|side| book.sides[side].len());
                assert!(bids <= depth && asks <= depth, "{bids} {asks}");
            }
            if message["topic"] == topics[1] {
                deep.apply(&message);
            }
        }
        // REST stands at an update of the deepest stream, which may come only then.
        let query = format!("category={category}&symbol=BTCUSDT&limit=1000");
        let rest = get(at, "/v5/market/orderbook", &query).await;
        while deep.u < rest["u"].as_u64().unwrap() {
            let message = client.until(|message| message["topic"] == topics[1]).await;
            deep.apply(&message);
        }
        assert_eq!(deep.u, rest["u"], "{category} {depth}");
        assert_eq!(deep.told(0), rows(&rest["b"]));
        assert_eq!(deep.told(1), rows(&rest["a"]));
    }
}

#[tokio::test]
async fn the_full_book_begins_with_rest() {
    let exchange = Exchange::start(Options { market: true, ..bybit() });
    let at = exchange.address;
    let mut client = Client::connect(at, "/v5/public/spot").await;
    client.send(&json!({"op": "subscribe", "args": ["orderbook.full.BTCUSDT"]})).await;
    let full = |message: &Value| message["topic"] == "orderbook.full.BTCUSDT";
    let first = client.until(full).await;
    assert_eq!(first["type"], "delta");
    let query = "category=spot&symbol=BTCUSDT";
    let rest = get(at, "/v5/market/full_orderbook", query).await;
    let mut book = Book { u: rest["u"].as_u64().unwrap(), ..Book::default() };
    for (side, name) in ["b", "a"].iter().enumerate() {
        book.sides[side] = rows(&rest[*name]).into_iter().collect();
    }
    let mut met = first["data"]["u"] == rest["u"];
    while book.deltas < 5 {
        let message = client.until(full).await;
        met |= message["data"]["u"] == rest["u"];
        if message["data"]["u"].as_u64() > rest["u"].as_u64() {
            assert!(met, "no message has the snapshot's id");
            book.apply(&message);
        }
    }
}
