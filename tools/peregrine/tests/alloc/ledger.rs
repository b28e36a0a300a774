//! The scripted venue's orders and balances: takes whatever is asked for, fills some of it, refuses
//! some, and keeps an exact ledger of it.

use super::market::{price, qty};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One order.
#[derive(Clone, Debug)]
pub struct Order {
    id: u64,
    client: String,
    symbol: String,
    buy: bool,
    /// Ticks.
    price: i64,
    /// Lots.
    qty: i64,
    filled: i64,
}

/// What a request comes to: the answer's status with result or error, and private events.
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub events: Vec<Value>,
}

/// The account.
pub struct Ledger {
    open: BTreeMap<u64, Order>,
    ended: BTreeMap<u64, (Order, &'static str)>,
    trades: Vec<Value>,
    /// In 1e-8 of the asset.
    totals: BTreeMap<String, i64>,
    /// Lots bought less lots sold, by symbol: what is filled next brings it towards 0.
    drift: BTreeMap<String, i64>,
    orders: u64,
    requests: u64,
}

/// Units of 1e-8 in a tick times a lot, and in a lot.
const TICK_LOT: i64 = 10;
const LOT: i64 = 1_000;

fn amount(units: i64) -> String {
    format!("{}.{:08}", units / 100_000_000, units % 100_000_000)
}

/// Ticks or lots out of text with this many places.
fn steps(value: &Value, places: usize) -> i64 {
    let text = value.as_str().unwrap();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<places$}").parse().unwrap()
}

impl Order {
    fn status(&self) -> &'static str {
        match self.filled {
            0 => "NEW",
            part if part == self.qty => "FILLED",
            _ => "PARTIALLY_FILLED",
        }
    }

    fn side(&self) -> &'static str {
        if self.buy { "BUY" } else { "SELL" }
    }

    fn json(&self, status: &str) -> Value {
        json!({"symbol": self.symbol, "orderId": self.id, "orderListId": -1,
            "clientOrderId": self.client, "origClientOrderId": self.client,
            "price": price(self.price), "origQty": qty(self.qty), "qty": qty(self.qty),
            "executedQty": qty(self.filled), "status": status, "timeInForce": "GTC",
            "type": "LIMIT_MAKER", "side": self.side(), "selfTradePreventionMode": "NONE"})
    }

    /// An execution report of this kind.
    fn report(&self, kind: &str, status: &str) -> Value {
        json!({"e": "executionReport", "E": super::now_ms(), "s": self.symbol, "c": self.client,
            "S": self.side(), "o": "LIMIT_MAKER", "f": "GTC", "q": qty(self.qty),
            "p": price(self.price), "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "",
            "x": kind, "X": status, "r": "NONE", "i": self.id, "l": "0.00000000",
            "z": qty(self.filled), "L": "0.00000000", "n": "0", "N": null, "T": super::now_ms(),
            "t": -1, "I": 8_641_984, "w": true, "m": false, "M": false, "O": super::now_ms(),
            "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000", "V": "NONE"})
    }

    fn cancelled(&self) -> Value {
        let mut report = self.report("CANCELED", "CANCELED");
        report["C"] = self.client.as_str().into();
        report["c"] = "web_0123456789".into();
        report
    }
}

impl Ledger {
    pub fn new(assets: &[&str]) -> Self {
        let total = |asset: &&str| {
            let whole = if *asset == "USDT" { 50_000_000 } else { 1_000 };
            ((*asset).to_owned(), whole * 100_000_000)
        };
        Self {
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            trades: Vec::new(),
            totals: assets.iter().map(total).collect(),
            drift: BTreeMap::new(),
            orders: 7_000_000,
            requests: 0,
        }
    }

    fn balance(&self, asset: &str) -> (String, String) {
        let bound = |order: &Order| {
            let left = order.qty - order.filled;
            match order.buy {
                true if asset == "USDT" => order.price * left * TICK_LOT,
                false if order.symbol.starts_with(asset) => left * LOT,
                _ => 0,
            }
        };
        let locked: i64 = self.open.values().map(bound).sum();
        (amount(self.totals[asset] - locked), amount(locked))
    }

    fn position(&self, symbol: &str) -> Value {
        let one = |asset: &str| {
            let (free, locked) = self.balance(asset);
            json!({"a": asset, "f": free, "l": locked})
        };
        let list = [one(&symbol[..3]), one("USDT")];
        json!({"e": "outboundAccountPosition", "E": 1, "u": 1, "B": list})
    }

    /// Fills so much of an order, as its maker.
    fn fill(&mut self, id: u64, lots: i64, events: &mut Vec<Value>) {
        let Some(order) = self.open.get_mut(&id) else { return };
        let lots = lots.min(order.qty - order.filled);
        order.filled += lots;
        let order = order.clone();
        if order.filled == order.qty {
            self.end(id, "FILLED");
        }
        let (quote, base) = (order.price * lots * TICK_LOT, lots * LOT);
        let (fee, sign) = (quote / 1_000, if order.buy { 1 } else { -1 });
        *self.totals.get_mut("USDT").unwrap() -= sign * quote + fee;
        *self.totals.get_mut(&order.symbol[..3]).unwrap() += sign * base;
        *self.drift.entry(order.symbol.clone()).or_default() += sign * lots;
        let trade = 40_000 + self.trades.len() as u64;
        self.trades.push(json!({"symbol": order.symbol, "id": trade, "orderId": order.id,
            "orderListId": -1, "price": price(order.price), "qty": qty(lots),
            "quoteQty": amount(quote), "commission": amount(fee), "commissionAsset": "USDT",
            "time": super::now_ms(), "isBuyer": order.buy, "isMaker": true,
            "isBestMatch": true}));
        let mut report = order.report("TRADE", order.status());
        report["l"] = qty(lots).into();
        report["L"] = price(order.price).into();
        report["n"] = amount(fee).into();
        report["N"] = "USDT".into();
        report["t"] = trade.into();
        report["m"] = true.into();
        events.push(report);
        events.push(self.position(&order.symbol));
    }

    /// Fills a part of every order: what happens while nobody listens.
    pub fn fill_unheard(&mut self) {
        let ids: Vec<u64> = self.open.keys().copied().collect();
        ids.into_iter().for_each(|id| self.fill(id, 100, &mut Vec::new()));
    }

    fn end(&mut self, id: u64, status: &'static str) -> Option<Order> {
        let order = self.open.remove(&id)?;
        self.ended.insert(id, (order.clone(), status));
        Some(order)
    }

    fn query(&self, params: &Value) -> (u16, Value) {
        let same = |order: &Order| match params["orderId"].as_u64() {
            Some(id) => order.id == id,
            None => params["origClientOrderId"] == order.client.as_str(),
        };
        let live = self.open.values().find(|order| same(order));
        let ended = self.ended.values().find(|(order, _)| same(order));
        match (live, ended) {
            (Some(order), _) => (200, order.json(order.status())),
            (_, Some((order, status))) => (200, order.json(status)),
            _ => failed(400, -2013, "Order does not exist.", Value::Null),
        }
    }

    fn wanted(&self, params: &Value, by_venue: &str, by_client: &str) -> Option<u64> {
        if let Some(id) = params[by_venue].as_u64() {
            return self.open.contains_key(&id).then_some(id);
        }
        let client = params[by_client].as_str()?;
        self.open.values().find(|order| order.client == client).map(|order| order.id)
    }

    fn place(&mut self, params: &Value, events: &mut Vec<Value>) -> Value {
        self.orders += 1;
        let word = |key: &str| params[key].as_str().unwrap().to_owned();
        let order = Order {
            id: self.orders,
            client: word("newClientOrderId"),
            symbol: word("symbol"),
            buy: params["side"] == "BUY",
            price: steps(&params["price"], 2),
            qty: steps(&params["quantity"], 5),
            filled: 0,
        };
        events.push(order.report("NEW", "NEW"));
        let drift = self.drift.get(&order.symbol).copied().unwrap_or(0);
        let (id, lots, wanted) = (order.id, order.qty, (drift <= 0) == order.buy);
        let answer = json!({"symbol": order.symbol, "orderId": id, "orderListId": -1,
            "clientOrderId": order.client, "transactTime": super::now_ms()});
        self.open.insert(id, order);
        if wanted {
            match id % 8 {
                0 => self.fill(id, lots, events),
                1 | 2 => self.fill(id, lots / 2, events),
                _ => {}
            }
        }
        answer
    }

    fn replace(&mut self, params: &Value, events: &mut Vec<Value>) -> (u16, Value) {
        let old = self.wanted(params, "cancelOrderId", "cancelOrigClientOrderId");
        let old = self.overtaken(old, events);
        let Some(old) = old.and_then(|id| self.end(id, "CANCELED")) else {
            let data = json!({"cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED",
                "cancelResponse": {"code": -2011, "msg": "Unknown order sent."},
                "newOrderResponse": null});
            return failed(400, -2022, "Order cancel-replace failed.", data);
        };
        events.push(old.cancelled());
        let cancel = old.json("CANCELED");
        if self.requests.is_multiple_of(97) {
            let data = json!({"cancelResult": "SUCCESS", "newOrderResult": "FAILURE",
                "cancelResponse": cancel, "newOrderResponse":
                {"code": -2010, "msg": "Order would immediately match and take."}});
            return failed(409, -2021, "Order cancel-replace partially failed.", data);
        }
        let new = self.place(params, events);
        (
            200,
            json!({"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS",
            "cancelResponse": cancel, "newOrderResponse": new}),
        )
    }

    /// Now and then an order is filled just before the request about it arrives.
    fn overtaken(&mut self, id: Option<u64>, events: &mut Vec<Value>) -> Option<u64> {
        let id = id?;
        let order = &self.open[&id];
        let drift = self.drift.get(&order.symbol).copied().unwrap_or(0);
        if self.requests.is_multiple_of(31) && (drift <= 0) == order.buy {
            self.fill(id, i64::MAX, events);
            return None;
        }
        Some(id)
    }

    fn amend(&mut self, params: &Value, events: &mut Vec<Value>) -> (u16, Value) {
        let lots = steps(&params["newQty"], 5);
        let id = self.wanted(params, "orderId", "origClientOrderId");
        let id = self.overtaken(id, events);
        let Some(order) = id.and_then(|id| self.open.get_mut(&id)).filter(|o| lots > o.filled)
        else {
            return failed(400, -2038, "The requested action would change no state.", Value::Null);
        };
        order.qty = lots;
        events.push(order.report("REPLACED", order.status()));
        (200, json!({"transactTime": 1, "executionId": 1, "amendedOrder": order.json("NEW")}))
    }

    fn cancel(&mut self, params: &Value, events: &mut Vec<Value>) -> (u16, Value) {
        let id = self.wanted(params, "orderId", "origClientOrderId");
        let id = self.overtaken(id, events);
        let Some(order) = id.and_then(|id| self.end(id, "CANCELED")) else {
            return failed(400, -2011, "Unknown order sent.", Value::Null);
        };
        events.push(order.cancelled());
        (200, order.json("CANCELED"))
    }

    fn cancel_all(&mut self, symbol: &Value, events: &mut Vec<Value>) -> (u16, Value) {
        let ids = self.open.values().filter(|order| *symbol == order.symbol.as_str());
        let ids: Vec<u64> = ids.map(|order| order.id).collect();
        if ids.is_empty() {
            return failed(400, -2011, "Unknown order sent.", Value::Null);
        }
        let gone: Vec<Order> = ids.into_iter().filter_map(|id| self.end(id, "CANCELED")).collect();
        events.extend(gone.iter().map(Order::cancelled));
        (200, gone.iter().map(|order| order.json("CANCELED")).collect())
    }

    fn trades(&self, params: &Value) -> Value {
        let of = |trade: &&Value| {
            trade["symbol"] == params["symbol"]
                && params["orderId"].as_u64().is_none_or(|id| trade["orderId"] == id)
                && trade["id"].as_u64() >= params["fromId"].as_u64()
        };
        let limit = params["limit"].as_u64().unwrap() as usize;
        let found: Vec<&Value> = self.trades.iter().filter(of).collect();
        let newest = params["fromId"].is_null() && params["orderId"].is_null();
        let skip = if newest { found.len().saturating_sub(limit) } else { 0 };
        found.into_iter().skip(skip).take(limit).cloned().collect()
    }

    /// Answers `account.status` and `GET /api/v3/account`.
    pub fn account(&self) -> Value {
        let one = |asset: &String| {
            let (free, locked) = self.balance(asset);
            json!({"asset": asset, "free": free, "locked": locked})
        };
        let balances: Vec<Value> = self.totals.keys().map(one).collect();
        json!({"commissionRates": {"maker": "0.00100000", "taker": "0.00100000"},
            "updateTime": 1, "balances": balances})
    }

    /// Answers one request of the WebSocket API.
    pub fn answer(&mut self, method: &str, params: &Value) -> Reply {
        self.requests += 1;
        let mut events = Vec::new();
        let place = method == "order.place";
        let (status, body) = match method {
            "time" => (200, json!({"serverTime": super::now_ms()})),
            "order.place" if self.requests.is_multiple_of(13) => {
                failed(400, -2010, "Order would immediately match and take.", Value::Null)
            }
            "order.place" => (200, Value::Null),
            "order.cancelReplace" => self.replace(params, &mut events),
            "order.amend.keepPriority" => self.amend(params, &mut events),
            "order.cancel" => self.cancel(params, &mut events),
            "openOrders.cancelAll" => self.cancel_all(&params["symbol"], &mut events),
            "order.status" => self.query(params),
            "openOrders.status" => {
                let own = self.open.values().filter(|order| params["symbol"] == *order.symbol);
                (200, own.map(|order| order.json(order.status())).collect())
            }
            "account.status" => (200, self.account()),
            "myTrades" => (200, self.trades(params)),
            _ => (200, json!({"subscriptionId": 0})),
        };
        let body = if place && status == 200 { self.place(params, &mut events) } else { body };
        Reply { status, body, events }
    }
}

fn failed(status: u16, code: i32, msg: &str, data: Value) -> (u16, Value) {
    (status, json!({"code": code, "msg": msg, "data": data}))
}
