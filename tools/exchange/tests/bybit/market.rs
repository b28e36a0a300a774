//! Market streams: acknowledgements, refusals, pings, and what each topic tells.

use crate::common::{Client, Exchange};
use crate::rig::{bybit, limit, other_key, post, post_as};
use exchange::Options;
use serde_json::{Value, json};

async fn subscribe(client: &mut Client, topics: &[&str]) -> Value {
    client.send(&json!({"req_id": "r", "op": "subscribe", "args": topics})).await;
    client.until(|message| message["op"] == "subscribe").await
}

#[tokio::test]
async fn subscriptions_are_acknowledged_as_each_category_does() {
    let exchange = Exchange::start(bybit());
    let mut linear = Client::connect(exchange.address, "/v5/public/linear").await;
    let told = subscribe(&mut linear, &["orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"]).await;
    assert_eq!((&told["success"], &told["ret_msg"]), (&json!(true), &json!("")));
    assert_eq!(told["req_id"], "r");
    let again = subscribe(&mut linear, &["publicTrade.BTCUSDT"]).await;
    assert!(again["ret_msg"].as_str().unwrap().contains("already subscribed"), "{again}");
    for topic in ["orderbook.49.BTCUSDT", "publicTrade.NONE", "gossip.BTCUSDT", ""] {
        let told = subscribe(&mut linear, &[topic]).await;
        assert_eq!(told["success"], false, "{topic}");
    }
    let mut spot = Client::connect(exchange.address, "/v5/public/spot").await;
    assert_eq!(subscribe(&mut spot, &["tickers.BTCUSDT"]).await["ret_msg"], "subscribe");
    assert_eq!(subscribe(&mut spot, &["allLiquidation.BTCUSDT"]).await["success"], false);
    let many = ["orderbook.1.BTCUSDT"; 11];
    assert_eq!(subscribe(&mut spot, &many).await["ret_msg"], "args size >10");
    spot.send(&json!({"req_id": "p", "op": "ping"})).await;
    let pong = spot.until(|message| message["op"] == "ping").await;
    assert_eq!((&pong["success"], &pong["ret_msg"]), (&json!(true), &json!("pong")));
    spot.send(&json!({"op": "unsubscribe", "args": ["tickers.BTCUSDT"]})).await;
    let told = spot.until(|message| message["op"] == "unsubscribe").await;
    assert_eq!(told["success"], true);
}

#[tokio::test]
async fn frames_have_the_venues_form() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut linear = Client::connect(at, "/v5/public/linear").await;
    let topics = [
        "orderbook.50.BTCUSDT",
        "orderbook.1.BTCUSDT",
        "publicTrade.BTCUSDT",
        "tickers.BTCUSDT",
        "priceLimit.BTCUSDT",
        "kline.5.BTCUSDT",
    ];
    subscribe(&mut linear, &topics).await;
    let is = |topic: &'static str| move |message: &Value| message["topic"] == topic;
    let book = linear.until(is("orderbook.50.BTCUSDT")).await;
    assert_eq!((&book["type"], &book["data"]["b"]), (&json!("snapshot"), &json!([])));
    let ticker = linear.until(is("tickers.BTCUSDT")).await;
    assert_eq!(ticker["type"], "snapshot");
    assert!(ticker["data"]["markPrice"].is_string() && ticker["data"]["fundingRate"].is_string());
    let limits = linear.until(is("priceLimit.BTCUSDT")).await;
    assert!(limits["data"]["buyLmt"].is_string(), "{limits}");
    let create = "/v5/order/create";
    assert_eq!(post(at, create, limit("Sell", "62000.0", "0.010", "")).await.0, 0);
    let delta = linear.until(is("orderbook.50.BTCUSDT")).await;
    assert_eq!(
        (&delta["type"], &delta["data"]["a"]),
        (&json!("delta"), &json!([["62000.0", "0.010"]]))
    );
    assert_eq!(delta["data"]["u"], book["data"]["u"].as_u64().unwrap() + 1);
    let taker = limit("Buy", "62000.0", "0.010", "");
    assert_eq!(post_as(at, &other_key(), create, taker).await.0, 0);
    let trade = linear.until(is("publicTrade.BTCUSDT")).await["data"][0].clone();
    assert_eq!((&trade["S"], &trade["v"]), (&json!("Buy"), &json!("0.010")));
    assert_eq!(trade["i"].as_str().unwrap().len(), 36);
    let candle = linear.until(is("kline.5.BTCUSDT")).await["data"][0].clone();
    assert_eq!((&candle["interval"], &candle["close"]), (&json!("5"), &json!("62000.0")));
    assert_eq!((&candle["volume"], &candle["turnover"]), (&json!("0.010"), &json!("620.0000")));
    let span = candle["end"].as_u64().unwrap() - candle["start"].as_u64().unwrap();
    assert_eq!(span, 5 * 60_000 - 1);
    let gone = linear.until(is("orderbook.50.BTCUSDT")).await;
    assert_eq!(gone["data"]["a"], json!([["62000.0", "0"]]));
    let best = |m: &Value| m["topic"] == "orderbook.1.BTCUSDT" && m["data"]["a"] != json!([]);
    assert_eq!(linear.until(best).await["type"], "snapshot");
}

#[tokio::test]
async fn liquidations_are_told_of_the_position() {
    let exchange = Exchange::start(Options { market: true, ..bybit() });
    let at = exchange.address;
    let mut linear = Client::connect(at, "/v5/public/linear").await;
    subscribe(&mut linear, &["allLiquidation.BTCUSDT"]).await;
    let buy = json!({"category": "linear", "symbol": "BTCUSDT", "side": "Buy",
        "orderType": "Market", "qty": "1"});
    let mut open = post(at, "/v5/order/create", buy.clone()).await.0;
    while open != 0 {
        // The generated market has not quoted yet.
        open = post(at, "/v5/order/create", buy.clone()).await.0;
    }
    let key = crate::rig::key().api_key;
    let take = format!("/sim/deposit?apiKey={key}&asset=USDT&amount=-999999");
    assert_eq!(crate::common::http(at, "POST", &take, "", "").await.status, 200);
    let told = linear.until(|message| message["topic"] == "allLiquidation.BTCUSDT").await;
    assert_eq!(told["data"][0]["S"], "Buy", "a long position: {told}");
}
