//! The ledger outlives the process: what a killed exchange leaves on disk, the next goes on from.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Client, Exchange, get, hmac_key, quiet};
use exchange::Options;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn directory(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("exchange-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn with_ledger(dir: &Path, market: bool) -> Options {
    Options { ledger: Some(dir.into()), market, ..quiet() }
}

async fn place(client: &mut Client, side: &str, price: &str, name: &str) -> Value {
    let order = json!({"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC",
        "price": price, "quantity": "0.01", "newClientOrderId": name,
        "selfTradePreventionMode": "NONE"});
    let answer = client.call("order.place", order, Some(&hmac_key())).await;
    assert_eq!(answer["status"], 200, "{answer}");
    answer["result"].clone()
}

async fn ledger(exchange: &Exchange) -> Value {
    get(exchange.address, &format!("/sim/ledger?apiKey={}", hmac_key().api_key)).await
}

#[tokio::test]
async fn a_copy_taken_while_running_is_a_whole_ledger() {
    let dir = directory("copied");
    let exchange = Exchange::start(with_ledger(&dir, false));
    let mut client = Client::connect(exchange.address, "/ws-api/v3").await;
    place(&mut client, "SELL", "60000.00", "rests").await;
    let bought = place(&mut client, "BUY", "60000.00", "takes").await;
    let last = place(&mut client, "SELL", "60010.00", "stays").await;
    let before = ledger(&exchange).await;
    // What `kill -9` at this moment would leave: every answer's transaction is in the files.
    let copy = directory("copy");
    for entry in std::fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    drop(exchange);
    let again = Exchange::start(with_ledger(&copy, false));
    assert_eq!(ledger(&again).await, before);
    let mut client = Client::connect(again.address, "/ws-api/v3").await;
    let next = place(&mut client, "BUY", "60010.00", "more").await;
    assert!(next["orderId"].as_u64() > last["orderId"].as_u64());
    let trade = |result: &Value| result["fills"][0]["tradeId"].as_u64();
    assert!(trade(&next) > trade(&bought));
    assert_eq!(next["status"], "FILLED", "the order before the restart is in the book again");
    let after = ledger(&again).await;
    assert_eq!(after["openOrders"], json!([]));
    for dir in [dir, copy] {
        let _ = std::fs::remove_dir_all(dir);
    }
}

#[tokio::test]
async fn ids_go_on_upwards_over_restarts_of_a_busy_market() {
    let dir = directory("restarts");
    let mut before = (0, 0);
    for _ in 0..3 {
        let exchange = Exchange::start(with_ledger(&dir, true));
        let path = "/stream?streams=btcusdt@bookTicker/btcusdt@trade";
        let mut feed = Client::connect(exchange.address, path).await;
        let best = feed.until(|m| m["data"]["u"].is_u64()).await;
        let trade = feed.until(|m| m["data"]["t"].is_u64()).await;
        let now = (best["data"]["u"].as_u64().unwrap(), trade["data"]["t"].as_u64().unwrap());
        assert!(now.0 > before.0 && now.1 > before.1, "{now:?} after {before:?}");
        before = now;
    }
    let _ = std::fs::remove_dir_all(dir);
}
