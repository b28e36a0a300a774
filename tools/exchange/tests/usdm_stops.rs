//! USDⓈ-M's algo orders over loopback: trailing stops, and what is told from trigger to end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Client, Exchange, http, quiet, signed};
use exchange::{KeyFile, Options, VenueKind, WorldText, venue_keys};
use serde_json::{Value, json};

fn key(n: u64) -> KeyFile {
    let mut key = venue_keys(VenueKind::BinanceUsdm, n)[0].clone();
    key.account = Some(format!("trader{n}"));
    key
}

fn options() -> Options {
    let mut world = WorldText::scenario("four", true).unwrap();
    world.restrict(&[VenueKind::BinanceUsdm]).unwrap();
    for venue in world.venue.values_mut() {
        venue.latency_us = 0;
    }
    Options { world: Some(world), keys: vec![key(1), key(2)], ..quiet() }
}

async fn stream(exchange: &Exchange) -> Client {
    let at = exchange.address;
    let opened = http(at, "POST", "/fapi/v1/listenKey", &key(1).api_key, "").await;
    let listen = opened.json["listenKey"].as_str().unwrap().to_string();
    Client::connect(at, &format!("/private/ws/{listen}")).await
}

async fn ask(exchange: &Exchange, n: u64, path: &str, params: &str) -> Value {
    let path = format!("/fapi/v1/{path}");
    signed(exchange.address, &key(n), "POST", &path, params).await.json
}

/// The second account's order, and the first's that meets it.
async fn trade(exchange: &Exchange, price: &str) {
    for (n, side) in [(2, "SELL"), (1, "BUY")] {
        let order = format!(
            "symbol=BTCUSDT&side={side}&type=LIMIT&timeInForce=GTC&quantity=0.1&price={price}"
        );
        assert!(ask(exchange, n, "order", &order).await["orderId"].is_u64());
    }
}

/// The next change of an algo order with this status.
async fn update(client: &mut Client, status: &str) -> Value {
    let fits = |m: &Value| m["e"] == "ALGO_UPDATE" && m["o"]["X"] == status;
    client.until(fits).await["o"].clone()
}

fn keys(json: &Value, names: &str) -> Value {
    names.split(' ').map(|name| json[name].clone()).collect()
}

const TRAIL: &str = "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=TRAILING_STOP_MARKET\
                     &quantity=0.1&clientAlgoId=trail";

#[tokio::test]
async fn a_trailing_stop_follows_from_its_activation_price() {
    let exchange = Exchange::start(options());
    let mut told = stream(&exchange).await;
    trade(&exchange, "60000.0").await;
    for (rate, code) in [("0.05", -2007), ("10.1", -2007), ("", -1102)] {
        let refused = ask(&exchange, 1, "algoOrder", &format!("{TRAIL}&callbackRate={rate}")).await;
        assert_eq!(refused["code"], code, "{rate}: {refused}");
    }
    let words = format!("{TRAIL}&callbackRate=1.0&activatePrice=61000.0");
    let placed = ask(&exchange, 1, "algoOrder", &words).await;
    let names = "algoStatus orderType callbackRate activatePrice clientAlgoId";
    let expect = json!(["NEW", "TRAILING_STOP_MARKET", "1.0", "61000.0", "trail"]);
    let plain = |json: &Value| {
        json.as_array().unwrap().iter().map(|one| one.as_str().unwrap_or("").to_string()).collect()
    };
    let got: Vec<String> = plain(&keys(&placed, names));
    let number = |text: &str| text.parse::<f64>().unwrap_or(-1.0);
    for (one, other) in got.iter().zip(plain(&expect) as Vec<String>) {
        assert!(*one == other || number(one) == number(&other), "{placed}");
    }
    let new = update(&mut told, "NEW").await;
    assert_eq!(keys(&new, "caid o S act"), json!(["trail", "TRAILING_STOP_MARKET", "SELL", "0"]));
    // Before the activation price nothing is followed.
    trade(&exchange, "59000.0").await;
    trade(&exchange, "61000.0").await;
    trade(&exchange, "62000.0").await;
    let bid = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=61300.0";
    ask(&exchange, 2, "order", bid).await;
    let sale = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=IOC&quantity=0.1&price=61300.0";
    ask(&exchange, 1, "order", sale).await;
    let fired = update(&mut told, "FINISHED").await;
    assert_eq!(keys(&fired, "caid act"), json!(["trail", "MARKET"]), "{fired}");
    assert_eq!(number(fired["aq"].as_str().unwrap()), 0.1);
    assert_eq!(number(fired["ap"].as_str().unwrap()), 61300.0);
    assert!(fired["ai"].as_str().is_some_and(|id| !id.is_empty()), "{fired}");
}

#[tokio::test]
async fn a_stop_with_a_limit_is_triggered_before_it_is_finished() {
    let exchange = Exchange::start(options());
    let mut told = stream(&exchange).await;
    trade(&exchange, "60000.0").await;
    let words = "algoType=CONDITIONAL&symbol=BTCUSDT&side=SELL&type=STOP&quantity=0.1\
                 &price=59500.0&triggerPrice=59000.0&timeInForce=GTC&clientAlgoId=stop";
    assert_eq!(ask(&exchange, 1, "algoOrder", words).await["algoStatus"], "NEW");
    trade(&exchange, "59000.0").await;
    let fired = update(&mut told, "TRIGGERED").await;
    assert_eq!(keys(&fired, "caid act"), json!(["stop", "LIMIT"]), "{fired}");
    let bid = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.1&price=59500.0";
    ask(&exchange, 2, "order", bid).await;
    let done = update(&mut told, "FINISHED").await;
    assert_eq!(keys(&done, "caid ai"), json!(["stop", fired["ai"]]), "{done}");
}
