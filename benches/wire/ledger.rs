//! The venue's side of the order connection: takes whatever is asked for, fills nothing.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

struct Order {
    client: String,
    side: String,
    price: String,
    qty: String,
}

/// Open orders by the venue's number.
#[derive(Default)]
pub struct Ledger {
    open: BTreeMap<u64, Order>,
    last: u64,
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(0)
}

/// The rate limits of a venue that has none to speak of.
pub fn limits() -> Value {
    json!([{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1,
            "limit": 100_000_000, "count": 1},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10,
            "limit": 10_000_000, "count": 1}])
}

fn word(params: &Value, key: &str) -> String {
    params[key].as_str().unwrap_or_default().to_owned()
}

impl Order {
    fn json(&self, id: u64, status: &str) -> Value {
        json!({"symbol": "BTCUSDT", "orderId": id, "orderListId": -1,
            "clientOrderId": self.client, "origClientOrderId": self.client,
            "price": self.price, "origQty": self.qty, "qty": self.qty,
            "executedQty": "0.00000000", "status": status, "timeInForce": "GTC",
            "type": "LIMIT_MAKER", "side": self.side, "selfTradePreventionMode": "NONE"})
    }

    fn report(&self, id: u64, kind: &str) -> Value {
        json!({"e": "executionReport", "E": now_ms(), "s": "BTCUSDT", "c": self.client,
            "S": self.side, "o": "LIMIT_MAKER", "f": "GTC", "q": self.qty, "p": self.price,
            "P": "0.00000000", "F": "0.00000000", "g": -1,
            "C": if kind == "NEW" { "" } else { self.client.as_str() },
            "x": kind, "X": kind, "r": "NONE", "i": id, "l": "0.00000000", "z": "0.00000000",
            "L": "0.00000000", "n": "0", "N": null, "T": now_ms(), "t": -1, "I": 8_641_984,
            "w": true, "m": false, "M": false, "O": now_ms(), "Z": "0.00000000",
            "Y": "0.00000000", "Q": "0.00000000", "V": "NONE"})
    }
}

impl Ledger {
    /// Balances large enough for anything.
    pub fn account() -> Value {
        let one = |asset| json!({"asset": asset, "free": "1000000.0", "locked": "0.0"});
        json!({"commissionRates": {"maker": "0.00100000", "taker": "0.00100000"},
            "updateTime": 1, "balances": [one("BTC"), one("USDT")]})
    }

    fn place(&mut self, params: &Value, events: &mut Vec<Value>) -> Value {
        self.last += 1;
        let id = 7_000_000 + self.last;
        let order = Order {
            client: word(params, "newClientOrderId"),
            side: word(params, "side"),
            price: word(params, "price"),
            qty: word(params, "quantity"),
        };
        events.push(order.report(id, "NEW"));
        let answer = json!({"symbol": "BTCUSDT", "orderId": id, "orderListId": -1,
            "clientOrderId": order.client, "transactTime": now_ms()});
        self.open.insert(id, order);
        answer
    }

    fn cancel(
        &mut self,
        params: &Value,
        keys: [&str; 2],
        events: &mut Vec<Value>,
    ) -> Option<Value> {
        let client = params[keys[1]].as_str();
        let by_client = |order: &Order| client == Some(order.client.as_str());
        let found = params[keys[0]].as_u64().filter(|id| self.open.contains_key(id));
        let found =
            found.or_else(|| self.open.iter().find(|(_, o)| by_client(o)).map(|(id, _)| *id));
        let id = found?;
        let order = self.open.remove(&id)?;
        events.push(order.report(id, "CANCELED"));
        Some(order.json(id, "CANCELED"))
    }

    fn result(&mut self, method: &str, params: &Value, events: &mut Vec<Value>) -> (u16, Value) {
        let unknown = (400, json!({"code": -2011, "msg": "Unknown order sent."}));
        match method {
            "time" => (200, json!({"serverTime": now_ms()})),
            "order.place" => (200, self.place(params, events)),
            "order.cancelReplace" => {
                let keys = ["cancelOrderId", "cancelOrigClientOrderId"];
                let Some(old) = self.cancel(params, keys, events) else { return unknown };
                let new = self.place(params, events);
                (
                    200,
                    json!({"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS",
                    "cancelResponse": old, "newOrderResponse": new}),
                )
            }
            "order.cancel" => {
                let keys = ["orderId", "origClientOrderId"];
                self.cancel(params, keys, events).map_or(unknown, |order| (200, order))
            }
            "openOrders.cancelAll" => {
                if self.open.is_empty() {
                    return unknown;
                }
                let all = std::mem::take(&mut self.open);
                events.extend(all.iter().map(|(id, order)| order.report(*id, "CANCELED")));
                (200, all.iter().map(|(id, order)| order.json(*id, "CANCELED")).collect())
            }
            "openOrders.status" => {
                (200, self.open.iter().map(|(id, order)| order.json(*id, "NEW")).collect())
            }
            "account.status" => (200, Self::account()),
            "myTrades" => (200, json!([])),
            "order.status" => (400, json!({"code": -2013, "msg": "Order does not exist."})),
            _ => (200, json!({"subscriptionId": 0})),
        }
    }

    /// The method of a request, and the messages that answer it.
    pub fn answer(&mut self, request: &[u8]) -> (String, Vec<String>) {
        let ask: Value = serde_json::from_slice(request).unwrap_or_default();
        let method = word(&ask, "method");
        let mut events = Vec::new();
        let (status, body) = self.result(&method, &ask["params"], &mut events);
        let part = if status == 200 { "result" } else { "error" };
        let answer = json!({"id": ask["id"], "status": status, part: body,
            "rateLimits": limits()});
        let event = |event: Value| json!({"subscriptionId": 0, "event": event}).to_string();
        let mut told = vec![answer.to_string()];
        told.extend(events.into_iter().map(event));
        (method, told)
    }
}
