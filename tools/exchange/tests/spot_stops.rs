//! Binance Spot's stop orders over loopback: their words, their ids, their money, their events.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Answer, Client, Exchange, ed25519_key, get, hmac_key, now_ms, quiet, signed};
use exchange::Options;
use serde_json::{Value, json};

const STOP: &str = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS_LIMIT&timeInForce=GTC\
                    &quantity=0.01&price=59000&stopPrice=60000&newClientOrderId=s";

async fn order(exchange: &Exchange, params: &str) -> Answer {
    signed(exchange.address, &hmac_key(), "POST", "/api/v3/order", params).await
}

/// A connection that is logged on and subscribed to its own events.
async fn trader(exchange: &Exchange) -> Client {
    let mut client = Client::connect(exchange.address, "/ws-api/v3").await;
    assert_eq!(client.call("session.logon", json!({}), Some(&ed25519_key())).await["status"], 200);
    client.call("userDataStream.subscribe", json!({}), None).await;
    client
}

/// What a call on its own symbol answers; `rest` adds to its parameters.
async fn ask(client: &mut Client, method: &str, rest: Value) -> Value {
    let mut params = json!({"symbol": "BTCUSDT", "timestamp": now_ms()});
    for (name, value) in rest.as_object().unwrap() {
        params[name] = value.clone();
    }
    client.call(method, params, None).await
}

/// Places an order: `SIDE TYPE QTY [PRICE] [STOP] [TIF] CLIENT`, with `-` for what it has not.
async fn place(client: &mut Client, text: &str) -> Value {
    let words: Vec<&str> = text.split_whitespace().collect();
    let names =
        ["side", "type", "quantity", "price", "stopPrice", "timeInForce", "newClientOrderId"];
    let mut params = json!({"selfTradePreventionMode": "NONE", "newOrderRespType": "RESULT"});
    for (name, word) in names.iter().zip(words).filter(|(_, word)| *word != "-") {
        params[name] = json!(word);
    }
    ask(client, "order.place", params).await
}

/// Both sides of a trade at a price.
async fn trade(client: &mut Client, price: &str, qty: &str) {
    place(client, &format!("SELL LIMIT {qty} {price} - GTC maker")).await;
    let taker = place(client, &format!("BUY LIMIT {qty} {price} - IOC taker")).await;
    assert_eq!(taker["result"]["status"], "FILLED", "{taker}");
}

/// The keys of an object that are named, in that order.
fn keys(json: &Value, names: &str) -> Value {
    names.split(' ').map(|name| json[name].clone()).collect()
}

/// Free and locked amount of an asset.
async fn balance(client: &mut Client, asset: &str) -> (String, String) {
    let account = client.call("account.status", json!({"timestamp": now_ms()}), None).await;
    let all = account["result"]["balances"].as_array().unwrap().iter();
    let found = all.clone().find(|one| one["asset"] == asset).unwrap();
    let text = |name: &str| found[name].as_str().unwrap().to_string();
    (text("free"), text("locked"))
}

#[tokio::test]
async fn each_type_has_its_mandatory_and_forbidden_parameters() {
    let exchange = Exchange::start(quiet());
    let check = async |params: &str, code: i32, msg: &str| {
        let answer = order(&exchange, params).await;
        assert_eq!(answer.json["code"], code, "{params}: {}", answer.json);
        assert!(answer.json["msg"].as_str().unwrap().contains(msg), "{params}: {}", answer.json);
    };
    let without = |name: &str| {
        STOP.split('&').filter(|one| !one.starts_with(name)).collect::<Vec<_>>().join("&")
    };
    for (name, told) in [
        ("timeInForce", "'timeInForce'"),
        ("quantity", "'quantity'"),
        ("price", "'price'"),
        ("stopPrice", "'stopPrice' or 'trailingDelta'"),
    ] {
        check(&without(name), -1102, told).await;
        check(&without(name).replace("STOP_LOSS", "TAKE_PROFIT"), -1102, told).await;
    }
    let market = "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.01&stopPrice=60000";
    for (more, told) in [
        ("price=59000", "'price'"),
        ("timeInForce=GTC", "'timeInForce'"),
        ("quoteOrderQty=100", "'quoteOrderQty'"),
        ("icebergQty=0.001", "'icebergQty'"),
    ] {
        check(&format!("{market}&{more}"), -1106, told).await;
        check(&format!("{market}&{more}").replace("STOP_LOSS", "TAKE_PROFIT"), -1106, told).await;
    }
    let limit = "symbol=BTCUSDT&side=SELL&type=LIMIT&quantity=0.01&timeInForce=GTC&price=60000";
    check(&format!("{limit}&stopPrice=60000"), -1106, "'stopPrice'").await;
    check(&STOP.replace("stopPrice=60000", "stopPrice=60000.001"), -1013, "PRICE_FILTER").await;
    check(&STOP.replace("0.01", "0.00005"), -1013, "NOTIONAL").await;
    check(&STOP.replace("GTC", "GTX"), -1115, "timeInForce").await;
}

#[tokio::test]
async fn a_price_that_is_there_already_is_refused() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    trade(&mut client, "60000", "0.01").await;
    for (side, kind, at, near) in [
        ("BUY", "STOP_LOSS", "60000", "60000.01"),
        ("SELL", "STOP_LOSS", "60000", "59999.99"),
        ("BUY", "TAKE_PROFIT", "60000", "59999.99"),
        ("SELL", "TAKE_PROFIT", "60000", "60000.01"),
    ] {
        for (form, rest) in [("", "- "), ("_LIMIT", "60000 ")] {
            let tif = if form.is_empty() { "-" } else { "GTC" };
            let text = |at: &str| format!("{side} {kind}{form} 0.01 {rest} {at} {tif} x");
            let refused = place(&mut client, &text(at)).await;
            let told = keys(&refused["error"], "code msg");
            assert_eq!(told, json!([-2010, "Stop price would trigger immediately."]), "{kind}");
            let taken = place(&mut client, &text(near)).await;
            let told = keys(&taken["result"], "status type workingTime");
            assert_eq!(told, json!(["NEW", format!("{kind}{form}"), -1]), "{taken}");
            ask(&mut client, "order.cancel", json!({"origClientOrderId": "x"})).await;
        }
    }
    assert_eq!(balance(&mut client, "BTC").await.1, "0.00000000");
    assert_eq!(balance(&mut client, "USDT").await.1, "0.00000000");
}

#[tokio::test]
async fn a_waiting_order_is_known_by_both_ids_and_locks_its_money() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let taken = place(&mut client, "BUY STOP_LOSS_LIMIT 0.01 70000 69000 GTC s").await;
    let id = taken["result"]["orderId"].clone();
    let told = keys(&taken["result"], "stopPrice origQty price clientOrderId");
    assert_eq!(told, json!(["69000.00000000", "0.01000000", "70000.00000000", "s"]));
    let new = client.event("executionReport", "NEW").await;
    let told = keys(&new, "i c C o f q p P X w W");
    let rest = ["", "STOP_LOSS_LIMIT", "GTC", "0.01000000", "70000.00000000", "69000.00000000"];
    let [original, kind, tif, qty, price, stop] = rest;
    assert_eq!(told, json!([id, "s", original, kind, tif, qty, price, stop, "NEW", false, null]));
    let position = client.event("outboundAccountPosition", "").await;
    assert_eq!(position["B"], json!([{"a":"USDT","f":"999300.00000000","l":"700.00000000"}]));
    let names = "orderId status type stopPrice isWorking workingTime";
    let known = json!([id, "NEW", kind, stop, false, -1]);
    for by in [json!({"orderId": id}), json!({"origClientOrderId": "s"})] {
        let asked = ask(&mut client, "order.status", by).await;
        assert_eq!(keys(&asked["result"], names), known, "{asked}");
    }
    for list in ["openOrders.status", "allOrders"] {
        let asked = ask(&mut client, list, json!({})).await;
        assert_eq!(keys(&asked["result"][0], names), known, "{asked}");
    }
    let again = place(&mut client, "BUY STOP_LOSS_LIMIT 0.01 70000 69000 GTC s").await;
    assert_eq!(again["error"]["msg"], "Duplicate order sent.");
    let again = place(&mut client, "BUY LIMIT 0.01 50000 - GTC s").await;
    assert_eq!(again["error"]["msg"], "Duplicate order sent.");
    let much = place(&mut client, "BUY STOP_LOSS_LIMIT 15 70000 69000 GTC much").await;
    let msg = "Account has insufficient balance for requested action.";
    assert_eq!(keys(&much["error"], "code msg"), json!([-2010, msg]));
    let gone = ask(&mut client, "order.cancel", json!({"orderId": id})).await;
    let told = keys(&gone["result"], "orderId origClientOrderId status type stopPrice");
    assert_eq!(told, json!([id, "s", "CANCELED", kind, stop]), "{gone}");
    let report = client.event("executionReport", "CANCELED").await;
    let told = keys(&report, "i C o P X w");
    assert_eq!(told, json!([id, "s", kind, stop, "CANCELED", false]));
    let position = client.event("outboundAccountPosition", "").await;
    assert_eq!(position["B"], json!([{"a":"USDT","f":"1000000.00000000","l":"0.00000000"}]));
    let ended = ask(&mut client, "order.status", json!({"orderId": id})).await;
    assert_eq!(keys(&ended["result"], "status isWorking"), json!(["CANCELED", false]));
}

#[tokio::test]
async fn it_fires_under_its_own_ids_and_no_money_counts_twice() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    trade(&mut client, "60000", "0.01").await;
    let before = balance(&mut client, "BTC").await.0;
    let taken = place(&mut client, "SELL STOP_LOSS_LIMIT 0.02 58000 59000 GTC s").await;
    let id = taken["result"]["orderId"].clone();
    place(&mut client, "BUY LIMIT 0.01 58500 - GTC bid").await;
    trade(&mut client, "59000", "0.01").await;
    let of = |x: &'static str, w: bool| {
        move |one: &Value| {
            let event = &one["event"];
            event["c"] == "s" && event["x"] == x && event["w"] == w
        }
    };
    assert_eq!(client.until(of("NEW", false)).await["event"]["i"], id);
    let woken = client.until(of("NEW", true)).await["event"].clone();
    let (kind, stop) = ("STOP_LOSS_LIMIT", "59000.00000000");
    assert_eq!(keys(&woken, "i c o P X"), json!([id, "s", kind, stop, "NEW"]));
    assert_eq!(woken["W"], woken["T"]);
    let sold = client.until(of("TRADE", true)).await["event"].clone();
    let told = keys(&sold, "i o P X l L m");
    let (qty, price) = ("0.01000000", "58500.00000000");
    assert_eq!(told, json!([id, kind, stop, "PARTIALLY_FILLED", qty, price, false]));
    let asked = ask(&mut client, "order.status", json!({"origClientOrderId": "s"})).await;
    let told = keys(&asked["result"], "orderId status type stopPrice isWorking workingTime");
    assert_eq!(told, json!([id, "PARTIALLY_FILLED", kind, stop, true, woken["W"]]));
    let trades = ask(&mut client, "myTrades", json!({"orderId": id})).await;
    assert_eq!(trades["result"].as_array().unwrap().len(), 1, "{trades}");
    assert_eq!(balance(&mut client, "BTC").await.1, "0.01000000");
    let gone = ask(&mut client, "openOrders.cancelAll", json!({})).await;
    assert_eq!(keys(&gone["result"][0], "orderId status"), json!([id, "CANCELED"]));
    // Own trades on both sides: what is gone are fees, of 0.1 % on what was bought.
    let (free, locked) = balance(&mut client, "BTC").await;
    let lost = before.parse::<f64>().unwrap() - free.parse::<f64>().unwrap();
    assert!((lost - 0.00002).abs() < 1e-9 && locked == "0.00000000", "{before} {free} {locked}");
    assert_eq!(balance(&mut client, "USDT").await.1, "0.00000000");
}

#[tokio::test]
async fn market_stops_and_both_short_times_in_force_end_at_once() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    trade(&mut client, "60000", "0.01").await;
    for text in [
        "BUY STOP_LOSS 0.02 - 61000 - market",
        "SELL TAKE_PROFIT_LIMIT 0.02 62000 61000 IOC ioc",
        "SELL TAKE_PROFIT_LIMIT 0.02 62000 61000 FOK fok",
    ] {
        assert_eq!(place(&mut client, text).await["result"]["status"], "NEW", "{text}");
    }
    assert_eq!(balance(&mut client, "USDT").await.1, "1220.00000000");
    assert_eq!(balance(&mut client, "BTC").await.1, "0.04000000");
    place(&mut client, "SELL LIMIT 0.02 61500 - GTC ask").await;
    trade(&mut client, "61000", "0.01").await;
    let expired = |name: &'static str| {
        move |one: &Value| one["event"]["c"] == name && one["event"]["x"] == "EXPIRED"
    };
    let ioc = client.until(expired("ioc")).await["event"].clone();
    let told = keys(&ioc, "o X f w eR");
    let kind = "TAKE_PROFIT_LIMIT";
    assert_eq!(told, json!([kind, "EXPIRED", "IOC", false, "UNFILLED_IOC_QUANTITY_EXPIRED"]));
    let fok = client.until(expired("fok")).await["event"].clone();
    assert_eq!(fok["eR"], "UNFILLED_FOK_ORDER_EXPIRED");
    let done = ask(&mut client, "order.status", json!({"origClientOrderId": "market"})).await;
    let told = keys(&done["result"], "status type executedQty cummulativeQuoteQty isWorking");
    assert_eq!(told, json!(["FILLED", "STOP_LOSS", "0.02000000", "1230.00000000", true]));
    assert_eq!(balance(&mut client, "USDT").await.1, "0.00000000");
    assert_eq!(balance(&mut client, "BTC").await.1, "0.00000000");
}

#[tokio::test]
async fn a_waiting_order_is_replaced_and_one_replaces() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    place(&mut client, "SELL STOP_LOSS_LIMIT 0.02 58000 59000 GTC old").await;
    let params = json!({"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "old",
        "side": "SELL", "type": "STOP_LOSS", "quantity": "0.03", "stopPrice": "58000",
        "newClientOrderId": "new", "newOrderRespType": "RESULT"});
    let both = ask(&mut client, "order.cancelReplace", params).await;
    let legs = &both["result"];
    assert_eq!(keys(&legs["cancelResponse"], "status type")[0], "CANCELED", "{both}");
    let told = keys(&legs["newOrderResponse"], "status type stopPrice");
    assert_eq!(told, json!(["NEW", "STOP_LOSS", "58000.00000000"]));
    assert_eq!(balance(&mut client, "BTC").await.1, "0.03000000");
    let amend = json!({"origClientOrderId": "new", "newQty": "0.01"});
    let refused = ask(&mut client, "order.amend.keepPriority", amend).await;
    assert_eq!(refused["error"]["code"], -2038, "{refused}");
}

#[tokio::test]
async fn exchange_info_lists_the_types_and_five_may_wait() {
    let exchange = Exchange::start(quiet());
    let info = get(exchange.address, "/api/v3/exchangeInfo?symbol=BTCUSDT").await;
    let types = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT"];
    let mut types = types.to_vec();
    types.push("TAKE_PROFIT_LIMIT");
    assert_eq!(info["symbols"][0]["orderTypes"], json!(types));
    for n in 0..5 {
        let taken = order(&exchange, &STOP.replace("Id=s", &format!("Id=s{n}"))).await;
        // Nothing else being asked for, such an order is only acknowledged.
        assert!(taken.json["transactTime"].is_u64() && taken.json["status"].is_null());
    }
    let sixth = order(&exchange, STOP).await;
    assert_eq!(sixth.json["msg"], "Filter failure: MAX_NUM_ALGO_ORDERS");
}

#[tokio::test]
async fn a_restarted_exchange_still_knows_it() {
    let dir = std::env::temp_dir().join(format!("exchange-spot-stops-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let options = || Options { ledger: Some(dir.clone()), ..quiet() };
    let exchange = Exchange::start(options());
    let placed = order(&exchange, &format!("{STOP}&selfTradePreventionMode=NONE")).await;
    let id = placed.json["orderId"].clone();
    assert_eq!(placed.status, 200, "{}", placed.json);
    exchange.stop();
    let exchange = Exchange::start(options());
    let mut client = trader(&exchange).await;
    let asked = ask(&mut client, "openOrders.status", json!({})).await;
    let told = keys(&asked["result"][0], "orderId clientOrderId status stopPrice isWorking");
    assert_eq!(told, json!([id, "s", "NEW", "60000.00000000", false]));
    assert_eq!(balance(&mut client, "BTC").await.1, "0.01000000");
    place(&mut client, "BUY LIMIT 0.005 59500 - GTC bid").await;
    trade(&mut client, "60000", "0.01").await;
    let sold =
        client.until(|one| one["event"]["c"] == "s" && one["event"]["x"] == "TRADE").await["event"]
            .clone();
    assert_eq!(keys(&sold, "i L"), json!([id, "59500.00000000"]));
    let _ = std::fs::remove_dir_all(&dir);
}
