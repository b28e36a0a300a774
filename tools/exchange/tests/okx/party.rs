//! A client of OKX for these tests, signing with crates that the exchange does not verify with.

use crate::common::{Client, Exchange, PATIENCE, now_ms, quiet};
use base64::Engine as _;
use exchange::{KeyFile, Options, VenueKind, WorldText, venue_keys};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const SPOT: &str = "BTC-USDT";
pub const SWAP: &str = "BTC-USDT-SWAP";

/// OKX alone, without latency or generated market, and with two accounts: `key(0)` and `key(1)`.
pub fn options() -> Options {
    let mut world = WorldText::scenario("four", true).unwrap();
    world.restrict(&[VenueKind::Okx]).unwrap();
    for venue in world.venue.values_mut() {
        venue.latency_us = 0;
    }
    Options { world: Some(world), keys: vec![key(0), key(1)], ..quiet() }
}

/// The same with traders.
pub fn busy() -> Options {
    Options { market: true, ..options() }
}

pub fn key(n: u64) -> KeyFile {
    let mut key = venue_keys(VenueKind::Okx, 1 + n)[0].clone();
    key.account = Some(format!("trader{n}"));
    key
}

pub fn sign(key: &KeyFile, payload: &str) -> String {
    let secret = key.secret.as_ref().unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(payload.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// ISO time of some milliseconds since 1970, by counting days.
pub fn iso(ms: u64) -> String {
    let (mut days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let mut year = 1970;
    let by = |year: u64, n: u64| year.is_multiple_of(n);
    let leap = |year: u64| by(year, 4) && (!by(year, 100) || by(year, 400));
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (s, milli) = (rest / 1000, rest % 1000);
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    format!("{year:04}-{month:02}-{:02}T{h:02}:{m:02}:{s:02}.{milli:03}Z", days + 1)
}

/// The headers of a signed request.
pub fn headers(key: &KeyFile, method: &str, path: &str, body: &str, at_ms: u64) -> String {
    let stamp = iso(at_ms);
    let tag = sign(key, &format!("{stamp}{method}{path}{body}"));
    let phrase = key.passphrase.as_deref().unwrap();
    format!(
        "OK-ACCESS-KEY: {}\r\nOK-ACCESS-SIGN: {tag}\r\nOK-ACCESS-TIMESTAMP: {stamp}\r\n\
         OK-ACCESS-PASSPHRASE: {phrase}\r\n",
        key.api_key
    )
}

/// A REST request with these headers: status and JSON.
pub async fn http(
    exchange: &Exchange,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, Value) {
    let mut stream = TcpStream::connect(exchange.address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

pub async fn get(exchange: &Exchange, path: &str) -> Value {
    http(exchange, "GET", path, "", "").await.1
}

/// A signed GET.
pub async fn asks(exchange: &Exchange, key: &KeyFile, path: &str) -> Value {
    let headers = headers(key, "GET", path, "", now_ms());
    http(exchange, "GET", path, &headers, "").await.1
}

/// A signed POST.
pub async fn posts(exchange: &Exchange, key: &KeyFile, path: &str, body: Value) -> Value {
    let body = body.to_string();
    let headers = headers(key, "POST", path, &body, now_ms());
    http(exchange, "POST", path, &headers, &body).await.1
}

pub fn login(key: &KeyFile, at_s: u64) -> Value {
    let tag = sign(key, &format!("{at_s}GET/users/self/verify"));
    let args = json!([{"apiKey": key.api_key, "passphrase": key.passphrase,
        "timestamp": at_s.to_string(), "sign": tag}]);
    json!({"op": "login", "args": args})
}

/// A private connection that is logged in and hears its orders.
pub struct Party {
    pub socket: Client,
    codes: Vec<(String, u64)>,
    next: u64,
}

impl Party {
    pub async fn enter(exchange: &Exchange, key: &KeyFile) -> Self {
        let mut socket = Client::connect(exchange.address, "/ws/v5/private").await;
        socket.send(&login(key, now_ms() / 1000)).await;
        let answer = socket.until(|m| m["event"] == "login").await;
        assert_eq!(answer["code"], "0");
        let args = json!([{"channel": "orders", "instType": "ANY"}]);
        socket.send(&json!({"op": "subscribe", "args": args})).await;
        socket.until(|m| m["event"] == "channel-conn-count").await;
        let mut codes = Vec::new();
        for kind in ["SPOT", "SWAP"] {
            let list = get(exchange, &format!("/api/v5/public/instruments?instType={kind}")).await;
            codes.extend(list["data"].as_array().unwrap().iter().map(|one| {
                let name = one["instId"].as_str().unwrap().to_string();
                (name, one["instIdCode"].as_u64().unwrap())
            }));
        }
        Self { socket, codes, next: 1 }
    }

    pub fn code(&self, name: &str) -> u64 {
        self.codes.iter().find(|(one, _)| one == name).unwrap().1
    }

    /// An operation and its answer.
    pub async fn op(&mut self, op: &str, args: Value) -> Value {
        let id = format!("r{}", self.next);
        self.next += 1;
        self.socket.send(&json!({"id": id, "op": op, "args": args})).await;
        self.socket.until(|m| m["id"] == json!(id)).await
    }

    /// One object of an operation, and its row of the answer.
    pub async fn one(&mut self, op: &str, args: Value) -> Value {
        let answer = self.op(op, json!([args])).await;
        assert_eq!(answer["data"].as_array().unwrap().len(), 1, "{answer}");
        let row = answer["data"][0].clone();
        assert_eq!(answer["code"] == "0", row["sCode"] == "0", "{answer}");
        row
    }

    /// `BTC-USDT buy limit 60000 0.01 a1 [key=value …]` as the arguments of an order.
    pub fn order(&self, text: &str) -> Value {
        let mut words = text.split_whitespace();
        let mut next = || words.next().unwrap();
        let (name, side, kind, px, sz, client) = (next(), next(), next(), next(), next(), next());
        let mode = if name.ends_with("SWAP") { "cross" } else { "cash" };
        let mut args = json!({"instIdCode": self.code(name), "tdMode": mode, "side": side,
            "ordType": kind, "sz": sz, "clOrdId": client});
        if px != "-" {
            args["px"] = json!(px);
        }
        for pair in words {
            let (name, value) = pair.split_once('=').unwrap();
            args[name] = if value == "true" { json!(true) } else { json!(value) };
        }
        args
    }

    /// Places an order; its `sCode`.
    pub async fn place(&mut self, text: &str) -> String {
        let args = self.order(text);
        let row = self.one("order", args).await;
        row["sCode"].as_str().unwrap().into()
    }

    /// The next change of an order, as `state accFillSz fillSz@fillPx execType cancelSource`.
    pub async fn hears(&mut self, client: &str) -> String {
        let push = self.push(client).await;
        let get = |name: &str| push[name].as_str().unwrap().to_string();
        let fill = match get("tradeId").as_str() {
            "" => String::new(),
            _ => format!(" {}@{} {}", get("fillSz"), get("fillPx"), get("execType")),
        };
        let source = get("cancelSource");
        let source = if source.is_empty() { source } else { format!(" by {source}") };
        format!("{} {}{fill}{source}", get("state"), get("accFillSz"))
    }

    /// The next change of an order.
    pub async fn push(&mut self, client: &str) -> Value {
        let fits =
            |m: &Value| m["arg"]["channel"] == "orders" && m["data"][0]["clOrdId"] == json!(client);
        self.socket.until(fits).await["data"][0].clone()
    }

    /// Subscribes to one private channel; its snapshot.
    pub async fn watch(&mut self, args: Value) -> Value {
        let channel = args["channel"].clone();
        self.socket.send(&json!({"op": "subscribe", "args": [args]})).await;
        self.socket.until(|m| m["arg"]["channel"] == channel && m["data"].is_array()).await
    }
}
