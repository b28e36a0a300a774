//! One client of each protocol, behind the same few questions.

use crate::common::{Client, Exchange, http, now_ms, signed};
use crate::{party, rig};
use exchange::{KeyFile, VenueKind};
use serde_json::{Value, json};

use VenueKind::{BinanceSpot, BinanceUsdm, Bybit, Okx};

/// A client's connections to a venue: market data, orders, and its own events.
pub struct Seat<'a> {
    pub kind: VenueKind,
    exchange: &'a Exchange,
    keys: Vec<KeyFile>,
    pub market: Client,
    pub api: Client,
    /// Absent where events come over `api`.
    events: Option<Client>,
    /// OKX's number of the instrument.
    code: u64,
}

/// What a market connection gave: a step of the book from one id to another, or something else.
pub enum Told {
    Step { before: i64, last: i64, sum: i64 },
    Bad,
    Notice,
    End,
}

/// What a client knows of its order.
#[derive(Debug, PartialEq)]
pub enum Fate {
    Open,
    Unknown,
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| value.as_str().and_then(|text| text.parse().ok()).unwrap())
}

impl<'a> Seat<'a> {
    /// Connects, subscribes to the book of bitcoin, logs on, and follows its own orders.
    pub async fn enter(exchange: &'a Exchange, keys: &[KeyFile], kind: VenueKind) -> Self {
        let at = exchange.address;
        let ours = |key: &&KeyFile| key.venue.as_deref() == Some(kind.name());
        let keys: Vec<KeyFile> = keys.iter().filter(ours).cloned().collect();
        let path = match kind {
            BinanceSpot => "/ws/btcusdt@depth@100ms",
            BinanceUsdm => "/public/ws/btcusdt@depth@100ms",
            Bybit => "/v5/public/linear",
            Okx => "/ws/v5/public",
        };
        let mut market = Client::connect(at, path).await;
        let args = match kind {
            Bybit => json!(["orderbook.50.BTCUSDT"]),
            _ => json!([{"channel": "books", "instId": party::SWAP}]),
        };
        if matches!(kind, Bybit | Okx) {
            market.send(&json!({"op": "subscribe", "args": args})).await;
            market.until(|m| m["op"] == "subscribe" || m["event"] == "subscribe").await;
        }
        let mut code = 0;
        let (api, events) = match kind {
            BinanceSpot => {
                let mut api = Client::connect(at, "/ws-api/v3").await;
                api.call("session.logon", json!({}), Some(&keys[1])).await;
                api.call("userDataStream.subscribe", json!({}), None).await;
                (api, None)
            }
            BinanceUsdm => {
                let mut api = Client::connect(at, "/ws-fapi/v1").await;
                api.call("session.logon", json!({}), Some(&keys[1])).await;
                let opened = http(at, "POST", "/fapi/v1/listenKey", &keys[0].api_key, "").await;
                let listen = opened.json["listenKey"].as_str().unwrap().to_string();
                (api, Some(Client::connect(at, &format!("/private/ws/{listen}")).await))
            }
            Bybit => {
                let api = rig::logged_on(exchange, "/v5/trade", &keys[0]).await;
                (api, Some(rig::private(exchange, &keys[0], &["order"]).await))
            }
            Okx => {
                let party = party::Party::enter(exchange, &keys[0]).await;
                code = party.code(party::SWAP);
                (party.socket, None)
            }
        };
        Self { kind, exchange, keys, market, api, events, code }
    }

    /// Arguments of a small bid far below the market.
    fn bid(&self, client: &str) -> Value {
        match self.kind {
            BinanceSpot | BinanceUsdm => json!({"symbol": "BTCUSDT", "side": "BUY",
                "type": "LIMIT", "timeInForce": "GTC", "price": "60000", "quantity": "0.01",
                "newClientOrderId": client, "timestamp": now_ms()}),
            Bybit => rig::limit("Buy", "60000", "0.01", client),
            Okx => json!({"instIdCode": self.code, "instId": party::SWAP, "tdMode": "cross",
                "side": "buy", "ordType": "limit", "px": "60000", "sz": "1", "clOrdId": client}),
        }
    }

    /// Places a bid over the socket; the venue's code, `0` where it was taken.
    pub async fn place(&mut self, client: &str) -> i64 {
        let bid = self.bid(client);
        match self.kind {
            BinanceSpot | BinanceUsdm => {
                let answer = self.api.call("order.place", bid, None).await;
                if answer["status"] == 200 { 0 } else { integer(&answer["error"]["code"]) }
            }
            Bybit => {
                integer(&rig::ask(&mut self.api, client, "order.create", bid).await["retCode"])
            }
            Okx => {
                let request = json!({"id": client, "op": "order", "args": [bid]});
                self.api.send(&request).await;
                okx_code(&self.api.until(|m| m["id"] == json!(client)).await)
            }
        }
    }

    /// Places a bid over REST; the venue's code, `0` where it was taken.
    pub async fn post(&self, client: &str) -> i64 {
        let bid = self.bid(client);
        match self.kind {
            BinanceSpot | BinanceUsdm => {
                let fields = bid.as_object().unwrap().iter();
                let query: Vec<String> = fields
                    .filter(|(name, _)| *name != "timestamp")
                    .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
                    .collect();
                let path = self.path("order");
                let answer =
                    signed(self.exchange.address, &self.keys[0], "POST", &path, &query.join("&"))
                        .await;
                if answer.status == 200 { 0 } else { integer(&answer.json["code"]) }
            }
            Bybit => {
                rig::post_as(self.exchange.address, &self.keys[0], "/v5/order/create", bid).await.0
            }
            Okx => {
                let mut bid = bid;
                bid["instIdCode"] = Value::Null;
                okx_code(
                    &party::posts(self.exchange, &self.keys[0], "/api/v5/trade/order", bid).await,
                )
            }
        }
    }

    fn path(&self, call: &str) -> String {
        let room = if self.kind == BinanceSpot { "/api/v3" } else { "/fapi/v1" };
        format!("{room}/{call}")
    }

    /// What the venue says of an order.
    pub async fn fate(&self, client: &str) -> Fate {
        let key = &self.keys[0];
        let open = match self.kind {
            BinanceSpot | BinanceUsdm => {
                let query = format!("symbol=BTCUSDT&origClientOrderId={client}");
                let told = signed(self.exchange.address, key, "GET", &self.path("order"), &query)
                    .await
                    .json;
                told["status"] == "NEW"
            }
            Bybit => {
                let query = format!("category=linear&orderLinkId={client}");
                let told =
                    rig::rest(self.exchange.address, key, "GET", "/v5/order/realtime", &query)
                        .await
                        .json;
                told["result"]["list"][0]["orderStatus"] == "New"
            }
            Okx => {
                let path = format!("/api/v5/trade/order?instId={}&clOrdId={client}", party::SWAP);
                party::asks(self.exchange, key, &path).await["data"][0]["state"] == "live"
            }
        };
        if open { Fate::Open } else { Fate::Unknown }
    }

    /// The connection over which its own events come.
    pub fn events(&mut self) -> &mut Client {
        self.events.as_mut().unwrap_or(&mut self.api)
    }

    /// Waits for the private event that tells of an order.
    pub async fn hear(&mut self, client: &str) {
        let name = json!(client);
        let kind = self.kind;
        let tells = |m: &Value| match kind {
            BinanceSpot => m["event"]["c"] == name,
            BinanceUsdm => m["o"]["c"] == name,
            Bybit => m["data"][0]["orderLinkId"] == name,
            Okx => m["arg"].is_object() && m["data"][0]["clOrdId"] == name,
        };
        self.events().until(tells).await;
    }

    /// The next step of the book, or what else the market connection gives.
    pub async fn step(&mut self) -> Told {
        loop {
            let Some(message) = self.market.receive().await else { return Told::End };
            if message["bad"].is_string() {
                return Told::Bad;
            }
            if message["e"] == "serverShutdown" || message["code"] == "64008" {
                return Told::Notice;
            }
            let row = match self.kind {
                BinanceSpot | BinanceUsdm => &message,
                Bybit => &message["data"],
                Okx => &message["data"][0],
            };
            let [before, last] = match self.kind {
                BinanceSpot => [&row["U"], &row["u"]],
                BinanceUsdm => [&row["pu"], &row["u"]],
                Bybit => [&row["u"], &row["u"]],
                Okx => [&row["prevSeqId"], &row["seqId"]],
            };
            let whole = message["type"] == "snapshot" || message["action"] == "snapshot";
            if whole || last.is_null() {
                continue;
            }
            // These two tell the first id of a message instead of the last one before.
            let first = i64::from(matches!(self.kind, BinanceSpot | Bybit));
            return Told::Step {
                before: integer(before) - first,
                last: integer(last),
                sum: row["checksum"].as_i64().unwrap_or(0),
            };
        }
    }
}

/// The code of an order, or of the request where that was refused as a whole.
fn okx_code(answer: &Value) -> i64 {
    let row = &answer["data"][0]["sCode"];
    integer(if row.is_null() { &answer["code"] } else { row })
}
