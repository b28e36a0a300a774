//! A client of Bybit's protocol, and an exchange that speaks it alone.

use crate::common::{Answer, Client, Exchange, http_with, now_ms, quiet, sign};
use exchange::{KeyFile, Options, VenueKind, WorldText, venue_keys};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Bybit alone: spot and perpetuals, without other traders and without latency.
pub fn bybit() -> Options {
    let mut world = WorldText::scenario("four", true).unwrap();
    world.restrict(&[VenueKind::Bybit]).unwrap();
    for venue in world.venue.values_mut() {
        venue.latency_us = 0;
        venue.orders_10s = Some(100_000);
    }
    Options { world: Some(world), keys: vec![key(), other_key()], ..quiet() }
}

pub fn key() -> KeyFile {
    venue_keys(VenueKind::Bybit, 1)[0].clone()
}

/// The key of a second account.
pub fn other_key() -> KeyFile {
    KeyFile {
        api_key: "OTHERKEY0000000000".into(),
        account: Some("other".into()),
        ..venue_keys(VenueKind::Bybit, 2)[0].clone()
    }
}

/// A signed REST request: `text` is the query of a GET, the body of a POST.
pub async fn rest(at: SocketAddr, key: &KeyFile, method: &str, path: &str, text: &str) -> Answer {
    let stamp = now_ms();
    let signature = sign(key, &format!("{stamp}{}5000{text}", key.api_key));
    let headers = format!(
        "X-BAPI-API-KEY: {}\r\nX-BAPI-TIMESTAMP: {stamp}\r\nX-BAPI-RECV-WINDOW: 5000\r\n\
         X-BAPI-SIGN: {signature}\r\nContent-Type: application/json\r\n",
        key.api_key
    );
    match method {
        "GET" => http_with(at, (method, &format!("{path}?{text}")), &headers, "").await,
        _ => http_with(at, (method, path), &headers, text).await,
    }
}

/// The result of a GET that must succeed.
pub async fn get(at: SocketAddr, path: &str, query: &str) -> Value {
    let answer = rest(at, &key(), "GET", path, query).await;
    assert_eq!(answer.json["retCode"], 0, "{path}?{query}: {}", answer.json);
    answer.json["result"].clone()
}

/// The code and result of a POST of the first account.
pub async fn post(at: SocketAddr, path: &str, body: Value) -> (i64, Value) {
    post_as(at, &key(), path, body).await
}

pub async fn post_as(at: SocketAddr, key: &KeyFile, path: &str, body: Value) -> (i64, Value) {
    let answer = rest(at, key, "POST", path, &body.to_string()).await;
    let code = answer.json["retCode"].as_i64();
    (code.unwrap_or_else(|| panic!("{}", answer.json)), answer.json["result"].clone())
}

/// A connection that is logged on.
pub async fn logged_on(exchange: &Exchange, path: &str, key: &KeyFile) -> Client {
    let mut client = Client::connect(exchange.address, path).await;
    let expires = now_ms() + 10_000;
    let signature = sign(key, &format!("GET/realtime{expires}"));
    client.send(&json!({"op": "auth", "args": [key.api_key, expires, signature]})).await;
    let answer = client.until(|message| message["op"] == "auth").await;
    assert!(answer["success"] == true || answer["retCode"] == 0, "{answer}");
    client
}

/// The private stream with these topics.
pub async fn private(exchange: &Exchange, key: &KeyFile, topics: &[&str]) -> Client {
    let mut client = logged_on(exchange, "/v5/private", key).await;
    client.send(&json!({"req_id": "s", "op": "subscribe", "args": topics})).await;
    let answer = client.until(|message| message["op"] == "subscribe").await;
    assert_eq!(answer["success"], true, "{answer}");
    client
}

/// A request on the trade socket, and its answer.
pub async fn ask(client: &mut Client, id: &str, op: &str, args: Value) -> Value {
    let header = json!({"X-BAPI-TIMESTAMP": now_ms().to_string(), "X-BAPI-RECV-WINDOW": "5000"});
    client.send(&json!({"reqId": id, "header": header, "op": op, "args": [args]})).await;
    client.until(|message| message["reqId"] == id).await
}

/// The first item of a private topic's next message.
pub async fn item(client: &mut Client, topic: &str) -> Value {
    client.until(|message| message["topic"] == topic).await["data"][0].clone()
}

/// The next order message with this status.
pub async fn order(client: &mut Client, status: &str) -> Value {
    let fits = |m: &Value| m["topic"] == "order" && m["data"][0]["orderStatus"] == status;
    client.until(fits).await["data"][0].clone()
}

/// A linear BTCUSDT limit order.
pub fn limit(side: &str, price: &str, qty: &str, link: &str) -> Value {
    json!({"category": "linear", "symbol": "BTCUSDT", "side": side, "orderType": "Limit",
        "qty": qty, "price": price, "orderLinkId": link})
}

/// The same with other or more fields.
pub fn with(mut order: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}
