//! REST and WebSocket API over loopback: orders, refusals, private events, limits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Client, Exchange, ed25519_key, get, hmac_key, http, now_ms, quiet, sign, signed};
use exchange::{Fault, Options, Rates};
use serde_json::{Value, json};

const ORDER: &str = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01";

#[tokio::test]
async fn rest_places_queries_and_cancels_with_both_kinds_of_key() {
    let exchange = Exchange::start(quiet());
    let at = exchange.address;
    for key in [hmac_key(), ed25519_key()] {
        let params = format!("{ORDER}&price=60000.00&newClientOrderId=mine");
        let placed = signed(at, &key, "POST", "/api/v3/order", &params).await;
        assert_eq!(placed.status, 200, "{}", placed.json);
        assert_eq!(placed.json["status"], "NEW");
        assert_eq!(placed.json["fills"], json!([]));
        assert!(placed.headers.contains("x-mbx-used-weight-1m:"));
        assert!(placed.headers.contains("x-mbx-order-count-10s:"));
        let open = signed(at, &key, "GET", "/api/v3/openOrders", "symbol=BTCUSDT").await;
        assert_eq!(open.json[0]["clientOrderId"], "mine");
        let account = signed(at, &key, "GET", "/api/v3/account", "").await;
        let usdt = account.json["balances"].as_array().unwrap().iter();
        let usdt = usdt.clone().find(|b| b["asset"] == "USDT").unwrap();
        assert_eq!(usdt["locked"], "600.00000000");
        let params = "symbol=BTCUSDT&origClientOrderId=mine";
        let gone = signed(at, &key, "DELETE", "/api/v3/order", params).await;
        assert_eq!(gone.json["status"], "CANCELED");
        assert_eq!(gone.json["origClientOrderId"], "mine");
        let again = signed(at, &key, "DELETE", "/api/v3/order", params).await;
        assert_eq!((again.status, &again.json["code"]), (400, &json!(-2011)));
        let status = signed(at, &key, "GET", "/api/v3/order", params).await;
        assert_eq!(status.json["status"], "CANCELED");
    }
}

#[tokio::test]
async fn rest_refuses_in_the_venues_words() {
    let exchange = Exchange::start(quiet());
    let (at, key) = (exchange.address, hmac_key());
    let check = async |method: &str, path: &str, params: &str, status: u16, code: i32| {
        let answer = signed(at, &hmac_key(), method, path, params).await;
        let told = (answer.status, answer.json["code"].clone());
        assert_eq!(told, (status, json!(code)), "{params}: {}", answer.json);
    };
    let order = "/api/v3/order";
    check("POST", order, &format!("{ORDER}&price=60000.001"), 400, -1013).await;
    check("POST", order, &format!("{ORDER}&price=60000.123456789"), 400, -1111).await;
    check("POST", order, ORDER, 400, -1102).await;
    check("POST", order, &format!("{ORDER}&price=6e4"), 400, -1100).await;
    check("POST", order, "symbol=NONE&side=BUY&type=MARKET&quantity=1", 400, -1121).await;
    check("POST", order, "symbol=BTCUSDT&side=HOLD&type=MARKET&quantity=1", 400, -1117).await;
    check("POST", order, "symbol=BTCUSDT&side=BUY&type=STOP&quantity=1", 400, -1116).await;
    check("GET", order, "symbol=BTCUSDT&orderId=5", 400, -2013).await;
    check("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT", 400, -2011).await;
    let unsigned = http(at, "GET", "/api/v3/account?timestamp=1", &key.api_key, "").await;
    assert_eq!(unsigned.json["code"], -1102);
    let keyless = http(at, "GET", "/api/v3/account?timestamp=1&signature=00", "", "").await;
    assert_eq!((keyless.status, &keyless.json["code"]), (401, &json!(-2014)));
    let forged = format!("/api/v3/account?timestamp={}&signature=00ff", now_ms());
    assert_eq!(http(at, "GET", &forged, &key.api_key, "").await.json["code"], -1022);
    let old = format!("timestamp={}", now_ms() - 5001);
    let old = format!("/api/v3/account?{old}&signature={}", sign(&key, &old));
    assert_eq!(http(at, "GET", &old, &key.api_key, "").await.json["code"], -1021);
    assert_eq!(http(at, "GET", "/api/v3/nothing", "", "").await.status, 404);
}

#[tokio::test]
async fn body_parameters_are_signed_after_the_query() {
    let exchange = Exchange::start(quiet());
    let key = hmac_key();
    let (query, body) = (
        "symbol=BTCUSDT&side=SELL&type=LIMIT",
        format!("timeInForce=GTC&quantity=0.01&price=60000&timestamp={}", now_ms()),
    );
    let signature = sign(&key, &format!("{query}{body}"));
    let path = format!("/api/v3/order?{query}");
    let body = format!("{body}&signature={signature}");
    let placed = http(exchange.address, "POST", &path, &key.api_key, &body).await;
    assert_eq!(placed.status, 200, "{}", placed.json);
}

/// A connection that is logged on and subscribed to its own events.
async fn trader(exchange: &Exchange) -> Client {
    let mut client = Client::connect(exchange.address, "/ws-api/v3").await;
    let on = client.call("session.logon", json!({}), Some(&ed25519_key())).await;
    assert_eq!(on["status"], 200, "{on}");
    let feed = client.call("userDataStream.subscribe", json!({}), None).await;
    assert_eq!(feed["result"]["subscriptionId"], 0);
    client
}

fn limit(side: &str, price: &str, qty: &str, client: &str) -> Value {
    json!({"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC",
        "price": price, "quantity": qty, "newClientOrderId": client, "timestamp": now_ms(),
        "selfTradePreventionMode": "NONE"})
}

#[tokio::test]
async fn websocket_session_trades_and_hears_of_it() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let placed = client.call("order.place", limit("SELL", "60000.00", "0.02", "a"), None).await;
    assert_eq!(placed["result"]["status"], "NEW", "{placed}");
    assert_eq!(placed["rateLimits"][0]["rateLimitType"], "ORDERS");
    client.event("executionReport", "NEW").await;
    let position = client.event("outboundAccountPosition", "").await;
    assert_eq!(position["B"], json!([{"a":"BTC","f":"9.98000000","l":"0.02000000"}]));
    let bought = client.call("order.place", limit("BUY", "60000.00", "0.01", "b"), None).await;
    assert_eq!(bought["result"]["fills"][0]["commission"], "0.00001000");
    let first = client.event("executionReport", "TRADE").await;
    let second = client.event("executionReport", "TRADE").await;
    assert_eq!(first["t"], second["t"]);
    assert!(first["I"].as_u64() < second["I"].as_u64());
    let amend = json!({"symbol": "BTCUSDT", "origClientOrderId": "a", "newQty": "0.015",
        "newClientOrderId": "a2", "timestamp": now_ms()});
    let amended = client.call("order.amend.keepPriority", amend, None).await;
    assert_eq!(amended["result"]["amendedOrder"]["clientOrderId"], "a2", "{amended}");
    let replaced = client.event("executionReport", "REPLACED").await;
    assert_eq!((&replaced["c"], &replaced["C"]), (&json!("a2"), &json!("a")));
    assert_eq!(replaced["X"], "PARTIALLY_FILLED");
    let all = json!({"symbol": "BTCUSDT", "timestamp": now_ms()});
    let gone = client.call("openOrders.cancelAll", all, None).await;
    assert_eq!(gone["result"][0]["origClientOrderId"], "a2", "{gone}");
    let cancelled = client.event("executionReport", "CANCELED").await;
    assert_eq!(cancelled["C"], "a2");
    let trades = json!({"symbol": "BTCUSDT", "timestamp": now_ms()});
    let trades = client.call("myTrades", trades, None).await;
    assert_eq!(trades["result"].as_array().unwrap().len(), 2);
    let ledger = get(exchange.address, &format!("/sim/ledger?apiKey={}", hmac_key().api_key)).await;
    assert_eq!(ledger["trades"].as_array().unwrap().len(), 2);
    assert_eq!(ledger["openOrders"], json!([]));
}

#[tokio::test]
async fn cancel_replace_tells_leg_by_leg() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let mut replace = async |old: &str, price: &str, new: &str, mode: &str| {
        let mut params = limit("BUY", price, "0.01", new);
        params["cancelReplaceMode"] = json!(mode);
        params["cancelOrigClientOrderId"] = json!(old);
        if price == "61000.00" {
            params["type"] = json!("LIMIT_MAKER");
            params.as_object_mut().unwrap().remove("timeInForce");
        }
        client.call("order.cancelReplace", params, None).await
    };
    let none = replace("no", "60000.00", "a", "STOP_ON_FAILURE").await;
    assert_eq!((&none["status"], &none["error"]["code"]), (&json!(400), &json!(-2022)));
    assert_eq!(none["error"]["data"]["newOrderResult"], "NOT_ATTEMPTED");
    assert_eq!(none["error"]["data"]["newOrderResponse"], Value::Null);
    let half = replace("no", "60000.00", "a", "ALLOW_FAILURE").await;
    assert_eq!((&half["status"], &half["error"]["code"]), (&json!(409), &json!(-2021)));
    assert_eq!(half["error"]["data"]["cancelResponse"]["code"], -2011);
    assert_eq!(half["error"]["data"]["newOrderResponse"]["status"], "NEW");
    let both = replace("a", "60001.00", "b", "STOP_ON_FAILURE").await;
    assert_eq!(both["status"], 200, "{both}");
    assert_eq!(both["result"]["cancelResponse"]["origClientOrderId"], "a");
    let mut other = trader(&exchange).await;
    other.call("order.place", limit("SELL", "60500.00", "0.01", "s"), None).await;
    let crossed = replace("b", "61000.00", "c", "STOP_ON_FAILURE").await;
    assert_eq!(crossed["status"], 409, "{crossed}");
    let data = &crossed["error"]["data"];
    assert_eq!(
        (&data["cancelResult"], &data["newOrderResult"]),
        (&json!("SUCCESS"), &json!("FAILURE"))
    );
    let msg = "Order would immediately match and take.";
    assert_eq!(data["newOrderResponse"], json!({"code": -2010, "msg": msg}));
}

#[tokio::test]
async fn hmac_key_subscribes_by_signature_but_may_not_log_on() {
    let exchange = Exchange::start(quiet());
    let mut client = Client::connect(exchange.address, "/ws-api/v3?returnRateLimits=false").await;
    let key = hmac_key();
    let on = client.call("session.logon", json!({}), Some(&key)).await;
    assert_eq!(on["error"]["code"], -4056);
    let method = "userDataStream.subscribe.signature";
    assert_eq!(client.call(method, json!({}), Some(&key)).await["status"], 200);
    assert_eq!(client.call(method, json!({}), Some(&key)).await["error"]["code"], -2035);
    let mut params = limit("BUY", "60000.00", "0.01", "h");
    params["recvWindow"] = json!(4000.5);
    let placed = client.call("order.place", params, Some(&key)).await;
    assert_eq!(placed["status"], 200, "{placed}");
    assert!(placed.get("rateLimits").is_none());
    client.event("executionReport", "NEW").await;
    let deposit = format!("/sim/deposit?apiKey={}&asset=BTC&amount=1.5", key.api_key);
    http(exchange.address, "POST", &deposit, "", "").await;
    assert_eq!(client.event("balanceUpdate", "").await["d"], "1.50000000");
    let unauthorised = client.call("openOrders.status", json!({"timestamp": now_ms()}), None).await;
    assert!(unauthorised["error"]["code"].as_i64().unwrap() < 0);
    let unknown = client.call("order.fly", json!({}), None).await;
    assert_eq!(unknown["status"], 400);
}

#[tokio::test]
async fn limits_are_enforced_and_reported() {
    let rates = Rates { weight_1m: 60, orders_10s: 2, ..Rates::default() };
    let exchange = Exchange::start(Options { rates, ..quiet() });
    let (at, key) = (exchange.address, hmac_key());
    // A third order within one window is one too many; a window may end in between, so there are
    // more.
    let mut refused = false;
    for n in 0..9 {
        let params = format!("{ORDER}&price=60000&newClientOrderId=n{n}");
        let answer = signed(at, &key, "POST", "/api/v3/order", &params).await;
        refused |= answer.json["code"] == -1015 && answer.status == 429;
    }
    assert!(refused);
    let mut stopped = false;
    for _ in 0..12 {
        let answer = http(at, "GET", "/api/v3/exchangeInfo", "", "").await;
        if answer.status == 429 {
            assert_eq!(answer.json["code"], -1003);
            assert!(answer.headers.contains("retry-after:"));
            stopped = true;
        }
    }
    assert!(stopped);
}

/// An exchange on which one fault has just been carried out, and a trader on it.
async fn after(fault: &str) -> (Exchange, Client) {
    let faults = Fault::parse_list(fault).unwrap();
    let exchange = Exchange::start(Options { faults, ..quiet() });
    exchange.after_faults(1).await;
    let client = trader(&exchange).await;
    (exchange, client)
}

#[tokio::test]
async fn faults_on_orders_leave_them_unknown_or_refused() {
    let order = || limit("BUY", "60000.00", "0.01", "x");
    let query = || json!({"symbol": "BTCUSDT", "origClientOrderId": "x", "timestamp": now_ms()});
    let (_exchange, mut client) = after("reject@0s:-1008").await;
    let refused = client.call("order.place", order(), None).await;
    assert_eq!((&refused["status"], &refused["error"]["code"]), (&json!(503), &json!(-1008)));
    assert_eq!(client.call("order.place", order(), None).await["status"], 200);
    let (_exchange, mut client) = after("timeout@0s").await;
    let unknown = client.call("order.place", order(), None).await;
    assert_eq!((&unknown["status"], &unknown["error"]["code"]), (&json!(504), &json!(-1007)));
    assert_eq!(client.call("order.status", query(), None).await["result"]["status"], "NEW");
    let (_exchange, mut client) = after("lost@0s").await;
    assert_eq!(client.call("order.place", order(), None).await["error"]["code"], -1007);
    assert_eq!(client.call("order.status", query(), None).await["error"]["code"], -2013);
}

#[tokio::test]
async fn bad_frames_are_answered_not_fatal() {
    let exchange = Exchange::start(quiet());
    let mut client = Client::connect(exchange.address, "/ws-api/v3").await;
    for bad in [json!([]), json!({"id": 1}), json!({"id": 2, "method": "ping", "params": [1]})] {
        client.send(&bad).await;
        let answer = client.receive().await.unwrap();
        assert_eq!(answer["status"], 400, "{bad} {answer}");
    }
    assert_eq!(client.call("ping", json!({}), None).await["status"], 200);
}
