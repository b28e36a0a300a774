//! Algo orders as one: pairs under one `algoId`, trailing stops, and what is attached to an order.

use crate::common::{Client, Exchange, now_ms};
use crate::party::{Party, SPOT, SWAP, asks, key, login, options, posts};
use serde_json::{Value, json};

/// The second account's algo channel.
async fn algos(exchange: &Exchange) -> Client {
    let mut business = Client::connect(exchange.address, "/ws/v5/business").await;
    business.send(&login(&key(1), now_ms() / 1000)).await;
    business.until(|m| m["event"] == "login").await;
    let args = json!([{"channel": "orders-algo", "instType": "ANY"}]);
    business.send(&json!({"op": "subscribe", "args": args})).await;
    business.until(|m| m["event"] == "channel-conn-count").await;
    business
}

/// The next row of the algo channel.
async fn row(business: &mut Client) -> Value {
    business.until(|m| m["data"][0]["algoId"].is_string()).await["data"][0].clone()
}

fn keys(json: &Value, names: &str) -> Value {
    names.split(' ').map(|name| json[name].clone()).collect()
}

async fn place(exchange: &Exchange, more: Value) -> Value {
    let mut body = json!({"instId": SWAP, "tdMode": "cross", "side": "sell", "sz": "1"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    posts(exchange, &key(1), "/api/v5/trade/order-algo", body).await["data"][0].clone()
}

#[tokio::test]
async fn a_pair_is_told_under_one_id() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    let mut business = algos(&exchange).await;
    let pair = json!({"ordType": "oco", "tpTriggerPx": "65000", "tpOrdPx": "64900",
        "slTriggerPx": "60000", "slOrdPx": "-1", "slTriggerPxType": "mark", "algoClOrdId": "pair"});
    let placed = place(&exchange, pair).await;
    let live = row(&mut business).await;
    let names = "algoId algoClOrdId ordType state tpTriggerPx slTriggerPx slTriggerPxType ordId";
    let id = placed["algoId"].clone();
    let told = json!([id, "pair", "oco", "live", "65000", "60000", "mark", ""]);
    assert_eq!(keys(&live, names), told, "{live}");
    maker.place(&format!("{SWAP} buy limit 65000 3 m1")).await;
    taker.place(&format!("{SWAP} sell limit 65000 1 t1")).await;
    let fired = row(&mut business).await;
    assert_eq!(
        keys(&fired, "algoId state actualSide failCode"),
        json!([id, "effective", "tp", ""])
    );
    assert_eq!(fired["ordIdList"], json!([fired["ordId"]]));
    let child = taker.socket.until(|m| m["data"][0]["ordId"] == fired["ordId"]).await;
    assert_eq!(keys(&child["data"][0], "algoId algoClOrdId clOrdId"), json!([id, "pair", ""]));
    let path = "/api/v5/trade/order-algo?algoClOrdId=pair";
    assert_eq!(asks(&exchange, &key(1), path).await["data"][0]["state"], "effective");
    let again = place(
        &exchange,
        json!({"ordType": "oco", "tpTriggerPx": "70000", "tpOrdPx": "-1",
        "slTriggerPx": "50000", "slOrdPx": "-1"}),
    )
    .await;
    row(&mut business).await;
    let gone = json!([{"instId": SWAP, "algoId": again["algoId"]}]);
    posts(&exchange, &key(1), "/api/v5/trade/cancel-algos", gone).await;
    let gone = row(&mut business).await;
    assert_eq!(keys(&gone, "algoId state"), json!([again["algoId"], "canceled"]));
}

#[tokio::test]
async fn a_trailing_stop_follows_by_ratio_and_by_spread() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    let mut business = algos(&exchange).await;
    maker.place(&format!("{SWAP} buy limit 65000 1 m1")).await;
    taker.place(&format!("{SWAP} sell limit 65000 1 t1")).await;
    let ratio = json!({"ordType": "move_order_stop", "callbackRatio": "0.01"});
    assert_eq!(place(&exchange, ratio).await["sCode"], "0");
    let told = row(&mut business).await;
    assert_eq!(keys(&told, "callbackRatio moveTriggerPx"), json!(["0.01", "64350"]), "{told}");
    let spread = json!({"ordType": "move_order_stop", "callbackSpread": "500",
        "activePx": "66000"});
    assert_eq!(place(&exchange, spread).await["sCode"], "0");
    let told = row(&mut business).await;
    let names = "callbackSpread activePx moveTriggerPx state";
    assert_eq!(keys(&told, names), json!(["500", "66000", "", "live"]), "{told}");
    maker.place(&format!("{SWAP} buy limit 66000 1 m2")).await;
    taker.place(&format!("{SWAP} sell limit 66000 1 t2")).await;
    maker.place(&format!("{SWAP} buy limit 65500 9 m3")).await;
    taker.place(&format!("{SWAP} sell limit 65500 1 t3")).await;
    let fired = business.until(|m| m["data"][0]["state"] == "effective").await["data"][0].clone();
    assert_eq!(keys(&fired, "callbackSpread ordType"), json!(["500", "move_order_stop"]));
}

#[tokio::test]
async fn what_is_attached_follows_the_filled_order() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    let mut business = algos(&exchange).await;
    let with = |text: &str, party: &Party, legs: Value| {
        let mut args = party.order(text);
        args["attachAlgoOrds"] = json!([legs]);
        args
    };
    let legs = json!({"attachAlgoClOrdId": "exit", "tpTriggerPx": "66000", "tpOrdPx": "-1",
        "slTriggerPx": "64000", "slOrdPx": "63900"});
    let args = with(&format!("{SWAP} buy limit 65000 2 entry"), &taker, legs.clone());
    assert_eq!(taker.one("order", args).await["sCode"], "0");
    let live = taker.push("entry").await;
    let names = "attachAlgoClOrdId tpTriggerPx tpOrdPx slTriggerPx slOrdPx slTriggerPxType";
    let told = json!(["exit", "66000", "-1", "64000", "63900", "last"]);
    assert_eq!(keys(&live["attachAlgoOrds"][0], names), told, "{live}");
    maker.place(&format!("{SWAP} sell limit 65000 1 m1")).await;
    let pending = "/api/v5/trade/orders-algo-pending?ordType=oco";
    assert_eq!(asks(&exchange, &key(1), pending).await["data"], json!([]), "half is not filled");
    maker.place(&format!("{SWAP} sell limit 65000 1 m2")).await;
    let exit = row(&mut business).await;
    let names = "algoClOrdId ordType state side sz tpTriggerPx slTriggerPx reduceOnly";
    let told = json!(["exit", "oco", "live", "sell", "2", "66000", "64000", "true"]);
    assert_eq!(keys(&exit, names), told, "{exit}");
    assert_ne!(exit["algoId"], live["attachAlgoOrds"][0]["attachAlgoId"]);
    assert_eq!(exit["linkedOrd"]["ordId"], live["ordId"]);
    // The stop-loss sells what is left at its own price.
    maker.place(&format!("{SWAP} buy limit 63950 5 m3")).await;
    maker.place(&format!("{SWAP} buy limit 64000 1 m4")).await;
    let other = format!("{SWAP} sell limit 64000 1 push stpMode=cancel_taker");
    assert_eq!(taker.place(&other).await, "0");
    let fired = row(&mut business).await;
    assert_eq!(keys(&fired, "state actualSide"), json!(["effective", "sl"]));
    let wrong = with(&format!("{SPOT} buy limit 60000 0.01 bad"), &taker, json!({"tpOrdPx": "-1"}));
    assert_eq!(taker.one("order", wrong).await["sCode"], "50014");
    let spot = with(&format!("{SPOT} buy limit 60000 0.01 spot"), &taker, legs);
    let path = "/api/v5/trade/order";
    let mut body = spot;
    body["instId"] = json!(SPOT);
    body.as_object_mut().unwrap().remove("instIdCode");
    let answer = posts(&exchange, &key(1), path, body).await;
    assert_eq!(answer["code"], "0", "{answer}");
    let gone = json!({"instIdCode": taker.code(SPOT), "clOrdId": "spot"});
    assert_eq!(taker.one("cancel-order", gone).await["sCode"], "0");
    let left = asks(&exchange, &key(1), pending).await;
    assert_eq!(left["data"], json!([]), "nothing follows a cancelled order");
}
