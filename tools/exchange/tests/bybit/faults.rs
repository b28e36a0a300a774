//! Faults as a client of this protocol meets them, and protection against lost connections.

use crate::common::{Client, Exchange};
use crate::rig::{ask, bybit, get, key, limit, logged_on, post, private, rest, with};
use exchange::{Fault, Options};
use serde_json::{Value, json};

const CREATE: &str = "/v5/order/create";

fn with_faults(text: &str, market: bool) -> Options {
    Options { faults: Fault::parse_list(text).unwrap(), market, ..bybit() }
}

/// Follows a depth stream until its ids do what `seen` waits for.
async fn ids(exchange: &Exchange, seen: impl Fn(u64, u64) -> bool) {
    let mut client = Client::connect(exchange.address, "/v5/public/linear").await;
    client.send(&json!({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})).await;
    let mut last = None;
    for _ in 0..100_000 {
        let Some(message) = client.receive().await else { panic!("ended") };
        let Some(u) = message["data"]["u"].as_u64() else { continue };
        if last.is_some_and(|last| seen(last, u)) {
            return;
        }
        last = Some(u);
    }
    panic!("the fault was not seen");
}

#[tokio::test]
async fn a_skipped_depth_message_is_a_gap_and_a_doubled_one_comes_twice() {
    let exchange = Exchange::start(with_faults("skip@1s", true));
    ids(&exchange, |last, u| u == last + 2).await;
    let exchange = Exchange::start(with_faults("dup@1s", true));
    ids(&exchange, |last, u| u == last).await;
}

#[tokio::test]
async fn orders_are_refused_or_their_fate_is_unknown() {
    let exchange = Exchange::start(with_faults("reject@0s,lost@0s,timeout@0s", false));
    exchange.after_faults(3).await;
    let at = exchange.address;
    let place = async |link: &str| post(at, CREATE, limit("Buy", "60000.0", "0.010", link)).await.0;
    let stands = async |link: &str| {
        let query = format!("category=linear&orderLinkId={link}");
        let found = get(at, "/v5/order/realtime", &query).await;
        !found["list"].as_array().unwrap().is_empty()
    };
    assert_eq!(place("lost").await, 10000);
    assert!(!stands("lost").await);
    // What is refused has an answer, so that its fate is unknown as well.
    assert_eq!(place("refused").await, 10000);
    assert!(!stands("refused").await);
    assert_eq!(place("plain").await, 0);
    let exchange = Exchange::start(with_faults("reject@0s:110007", false));
    exchange.after_faults(1).await;
    let refused = limit("Buy", "60000.0", "0.010", "");
    assert_eq!(post(exchange.address, CREATE, refused).await.0, 110007);
    let exchange = Exchange::start(with_faults("timeout@0s", false));
    exchange.after_faults(1).await;
    let order = limit("Buy", "60000.0", "0.010", "kept");
    assert_eq!(post(exchange.address, CREATE, order).await.0, 10000);
    let query = "category=linear&orderLinkId=kept";
    let found = get(exchange.address, "/v5/order/realtime", query).await;
    assert_eq!(found["list"][0]["orderStatus"], "New");
}

#[tokio::test]
async fn connections_end_and_broken_frames_come() {
    let exchange = Exchange::start(with_faults("malformed@1s,drop@1500ms", false));
    let mut client = Client::connect(exchange.address, "/v5/public/linear").await;
    client.send(&json!({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})).await;
    client.until(|message| message["bad"].is_string()).await;
    assert!(client.receive().await.is_none(), "it is dropped");
}

#[tokio::test]
async fn too_many_requests_are_told_with_their_end() {
    let exchange = Exchange::start(with_faults("429@0s:600s", false));
    exchange.after_faults(1).await;
    let told = rest(exchange.address, &key(), "GET", "/v5/account/info", "").await;
    assert_eq!(told.json["retCode"], 10006);
    assert!(told.headers.contains("x-bapi-limit-reset-timestamp:"), "{}", told.headers);
    let mut trade = logged_on(&exchange, "/v5/trade", &key()).await;
    let told = ask(&mut trade, "1", "order.create", limit("Buy", "60000.0", "0.010", "")).await;
    assert_eq!(told["retCode"], 10006, "{told}");
    assert!(told["header"]["X-Bapi-Limit-Reset-Timestamp"].is_string());
}

#[tokio::test]
async fn an_accounts_orders_are_counted_by_second() {
    let mut options = bybit();
    for venue in options.world.as_mut().unwrap().venue.values_mut() {
        venue.orders_10s = Some(20);
    }
    let exchange = Exchange::start(options);
    let mut trade = logged_on(&exchange, "/v5/trade", &key()).await;
    let mut refused = None;
    for n in 0..100 {
        let order = limit("Buy", "60000.0", "0.010", "");
        let told = ask(&mut trade, &n.to_string(), "order.create", order).await;
        if told["retCode"] != 0 {
            refused = Some(told);
            break;
        }
    }
    let refused = refused.expect("two orders a second are allowed");
    assert_eq!(refused["retCode"], 10006);
    assert_eq!(refused["header"]["X-Bapi-Limit"], "2");
    assert_eq!(refused["header"]["X-Bapi-Limit-Status"], "0");
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_turned_away() {
    let mut options = bybit();
    for venue in options.world.as_mut().unwrap().venue.values_mut() {
        venue.weight_1m = Some(0);
    }
    let exchange = Exchange::start(options);
    let told = rest(exchange.address, &key(), "GET", "/v5/market/time", "").await;
    assert_eq!((told.status, &told.json["retMsg"]), (403, &json!("access too frequent")));
}

#[tokio::test]
async fn a_restart_is_announced_and_new_connections_stay() {
    let exchange = Exchange::start(with_faults("shutdown@1s:1s", false));
    let mut status = Client::connect(exchange.address, "/v5/public/misc/status").await;
    status.send(&json!({"op": "subscribe", "args": ["system.status"]})).await;
    let mut old = logged_on(&exchange, "/v5/trade", &key()).await;
    let told = status.until(|message| message["topic"] == "system.status").await;
    assert_eq!(told["data"][0]["state"], "ongoing");
    let refused = ask(&mut old, "1", "order.create", limit("Buy", "60000.0", "0.010", "")).await;
    assert_eq!(refused["retCode"], 10019);
    let mut new = logged_on(&exchange, "/v5/trade", &key()).await;
    assert!(old.receive().await.is_none(), "the old connection is closed");
    let placed = ask(&mut new, "1", "order.create", limit("Buy", "60000.0", "0.010", "")).await;
    assert_eq!(placed["retCode"], 0, "{placed}");
}

#[tokio::test]
async fn orders_go_when_the_private_connections_are_gone() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let watched = private(&exchange, &key(), &["dcp.future"]).await;
    let protect = json!({"product": "DERIVATIVES", "timeWindow": 3});
    assert_eq!(post(at, "/v5/order/disconnected-cancel-all", protect).await.0, 0);
    let told = get(at, "/v5/account/query-dcp-info", "").await;
    assert_eq!(told["dcpInfos"][0]["timeWindow"], "3");
    assert_eq!(post(at, CREATE, limit("Buy", "60000.0", "0.010", "left")).await.0, 0);
    let spot = json!({"category": "spot", "price": "60000.00", "orderLinkId": "stays"});
    let spot = with(limit("Buy", "60000.0", "0.010", ""), spot);
    assert_eq!(post(at, CREATE, spot).await.0, 0);
    let mut other = private(&exchange, &key(), &["order"]).await;
    drop(watched);
    let gone = |m: &Value| m["data"][0]["cancelType"] == "CancelByDCP";
    assert_eq!(other.until(gone).await["data"][0]["orderLinkId"], "left");
    let open = get(at, "/v5/order/realtime", "category=spot").await;
    assert_eq!(open["list"][0]["orderLinkId"], "stays", "only the product's orders go");
}
