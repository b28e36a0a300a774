//! Stops over loopback: spot's conditional and TP/SL orders, what is attached to orders, and what
//! is set on positions.

use crate::common::{Client, Exchange};
use crate::rig::{bybit, get, key, limit, order, other_key, post, post_as, private, with};
use serde_json::{Value, json};
use std::net::SocketAddr;

const CREATE: &str = "/v5/order/create";
const STOP: &str = "/v5/position/trading-stop";

fn keys(json: &Value, names: &str) -> Value {
    names.split(' ').map(|name| json[name].clone()).collect()
}

fn spot(side: &str, price: &str, qty: &str, link: &str) -> Value {
    with(limit(side, price, qty, link), json!({"category": "spot"}))
}

/// A trade between two accounts at a price.
async fn trade(at: SocketAddr, category: &str, price: &str, qty: &str) {
    let both = json!({"category": category});
    let sell = with(limit("Sell", price, qty, ""), both.clone());
    assert_eq!(post_as(at, &other_key(), CREATE, sell).await.0, 0);
    let buy = with(limit("Buy", price, qty, ""), both);
    assert_eq!(post(at, CREATE, buy).await.0, 0);
}

/// Locked amount of an asset.
async fn locked(at: SocketAddr, coin: &str) -> String {
    let wallet = get(at, "/v5/account/wallet-balance", "accountType=UNIFIED").await;
    let coins = wallet["list"][0]["coin"].as_array().unwrap().clone();
    let found = coins.into_iter().find(|one| one["coin"] == coin).unwrap();
    found["locked"].as_str().unwrap().into()
}

async fn waiting(at: SocketAddr, category: &str, filter: &str) -> Vec<Value> {
    let query = format!("category={category}&symbol=BTCUSDT&orderFilter={filter}");
    let found = get(at, "/v5/order/realtime", &query).await;
    found["list"].as_array().unwrap().clone()
}

/// The next order message of this kind and status.
async fn stop(client: &mut Client, kind: &str, status: &str) -> Value {
    let fits = |m: &Value| {
        let one = &m["data"][0];
        m["topic"] == "order" && one["stopOrderType"] == kind && one["orderStatus"] == status
    };
    client.until(fits).await["data"][0].clone()
}

/// The next message of an order.
async fn named(client: &mut Client, link: &str) -> Value {
    let fits = |m: &Value| m["topic"] == "order" && m["data"][0]["orderLinkId"] == link;
    client.until(fits).await["data"][0].clone()
}

#[tokio::test]
async fn spot_orders_that_wait_differ_in_what_they_hold() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["order"]).await;
    trade(at, "spot", "62000.00", "0.001").await;
    let waits = |filter: &str, link: &str| {
        let more = json!({"orderFilter": filter, "triggerPrice": "61000.00"});
        with(spot("Sell", "60900.00", "0.01", link), more)
    };
    let (code, free) = post(at, CREATE, waits("StopOrder", "free")).await;
    assert_eq!(code, 0, "{free}");
    let told = order(&mut mine, "Untriggered").await;
    assert_eq!(keys(&told, "orderLinkId stopOrderType"), json!(["free", "Stop"]));
    assert_eq!(locked(at, "BTC").await, "0");
    let (code, held) = post(at, CREATE, waits("tpslOrder", "held")).await;
    assert_eq!(code, 0, "{held}");
    let told = order(&mut mine, "Untriggered").await;
    let names = "orderLinkId stopOrderType triggerPrice triggerDirection";
    assert_eq!(keys(&told, names), json!(["held", "tpslOrder", "61000.00", 2]), "{told}");
    assert_eq!(locked(at, "BTC").await, "0.01");
    assert_eq!(waiting(at, "spot", "tpslOrder").await[0]["orderLinkId"], "held");
    assert_eq!(waiting(at, "spot", "StopOrder").await[0]["orderLinkId"], "free");
    assert!(waiting(at, "spot", "Order").await.is_empty());
    let gone = json!({"category": "spot", "symbol": "BTCUSDT", "orderLinkId": "held"});
    assert_eq!(post(at, "/v5/order/cancel", gone).await.0, 0);
    order(&mut mine, "Deactivated").await;
    assert_eq!(locked(at, "BTC").await, "0");
    assert_eq!(post(at, CREATE, waits("tpslOrder", "again")).await.0, 0);
    trade(at, "spot", "61000.00", "0.001").await;
    assert_eq!(named(&mut mine, "again").await["orderStatus"], "Untriggered");
    assert_eq!(named(&mut mine, "again").await["orderStatus"], "New");
    let open = get(at, "/v5/order/realtime", "category=spot&symbol=BTCUSDT").await;
    let ids: Vec<&Value> = open["list"].as_array().unwrap().iter().map(|o| &o["orderId"]).collect();
    assert!(ids.contains(&&free["orderId"]), "the id stays: {open}");
}

#[tokio::test]
async fn what_is_attached_to_a_spot_order_follows_it() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["order"]).await;
    trade(at, "spot", "62000.00", "0.001").await;
    let more = json!({"takeProfit": "64000.00", "stopLoss": "60000.00", "slOrderType": "Limit",
        "slLimitPrice": "59900.00", "tpOrderType": "Market"});
    let entry = with(spot("Buy", "61500.00", "0.01", "entry"), more);
    assert_eq!(post(at, CREATE, entry.clone()).await.0, 0);
    let told = named(&mut mine, "entry").await;
    assert_eq!(keys(&told, "takeProfit stopLoss"), json!(["64000.00", "60000.00"]));
    let sale = spot("Sell", "61500.00", "0.01", "");
    assert_eq!(post_as(at, &other_key(), CREATE, sale).await.0, 0);
    let follows = order(&mut mine, "Untriggered").await;
    assert_eq!(keys(&follows, "orderLinkId side"), json!(["", "Sell"]));
    assert_eq!(waiting(at, "spot", "StopOrder").await.len(), 2);
    let wrong = with(entry, json!({"takeProfit": "61000.00", "orderLinkId": "wrong"}));
    assert_eq!(post(at, CREATE, wrong).await.0, 10001);
}

#[tokio::test]
async fn attached_to_a_contract_order_it_stands_on_the_position() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["order"]).await;
    trade(at, "linear", "62000.0", "0.001").await;
    let more = json!({"takeProfit": "64000.0", "stopLoss": "60000.0"});
    let entry = with(limit("Buy", "62000.0", "0.010", "entry"), more);
    assert_eq!(post(at, CREATE, entry).await.0, 0);
    let told = named(&mut mine, "entry").await;
    assert_eq!(keys(&told, "takeProfit stopLoss tpslMode"), json!(["64000.0", "60000.0", "Full"]));
    let sale = limit("Sell", "62000.0", "0.010", "");
    assert_eq!(post_as(at, &other_key(), CREATE, sale).await.0, 0);
    let profit = stop(&mut mine, "TakeProfit", "Untriggered").await;
    let names = "orderLinkId parentOrderLinkId createType side reduceOnly triggerPrice qty";
    let told = json!(["", "entry", "CreateByTakeProfit", "Sell", true, "64000.0", "0.011"]);
    assert_eq!(keys(&profit, names), told, "{profit}");
    stop(&mut mine, "StopLoss", "Untriggered").await;
    let query = "category=linear&symbol=BTCUSDT";
    let position = get(at, "/v5/position/list", query).await["list"][0].clone();
    assert_eq!(keys(&position, "takeProfit stopLoss"), json!(["64000.0", "60000.0"]));
    // The stop-loss closes the position, and the take-profit goes with it.
    let bid = limit("Buy", "59990.0", "0.100", "");
    assert_eq!(post_as(at, &other_key(), CREATE, bid).await.0, 0);
    let bid = limit("Buy", "60000.0", "0.001", "");
    assert_eq!(post_as(at, &other_key(), CREATE, bid).await.0, 0);
    let sale = limit("Sell", "60000.0", "0.001", "part");
    assert_eq!(post(at, CREATE, sale).await.0, 0);
    let filled = stop(&mut mine, "StopLoss", "Filled").await;
    let names = "orderLinkId createType parentOrderLinkId cumExecQty";
    assert_eq!(keys(&filled, names), json!(["", "CreateByStopLoss", "entry", "0.010"]), "{filled}");
    let gone = stop(&mut mine, "TakeProfit", "Deactivated").await;
    assert_eq!(gone["cancelType"], "CancelByTpSlTsClear");
    assert!(waiting(at, "linear", "StopOrder").await.is_empty());
}

#[tokio::test]
async fn trading_stop_sets_changes_and_removes() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["order"]).await;
    let set = |more: Value| {
        let all = json!({"category": "linear", "symbol": "BTCUSDT", "positionIdx": 0,
            "tpslMode": "Full"});
        with(all, more)
    };
    assert_eq!(post(at, STOP, set(json!({"takeProfit": "64000.0"}))).await.0, 10001);
    trade(at, "linear", "62000.0", "0.010").await;
    let both = json!({"takeProfit": "64000.0", "stopLoss": "60000.0"});
    assert_eq!(post(at, STOP, set(both.clone())).await.0, 0);
    let first = stop(&mut mine, "TakeProfit", "Untriggered").await;
    assert_eq!(keys(&first, "orderLinkId parentOrderLinkId qty"), json!(["", "", "0.010"]));
    assert_eq!(post(at, STOP, set(both)).await.0, 34040);
    assert_eq!(post(at, STOP, set(json!({"takeProfit": "65000.0"}))).await.0, 0);
    let moved = stop(&mut mine, "TakeProfit", "Untriggered").await;
    assert_eq!(keys(&moved, "orderId triggerPrice"), json!([first["orderId"], "65000.0"]));
    assert_eq!(post(at, STOP, set(json!({"takeProfit": "61000.0"}))).await.0, 10001);
    assert_eq!(post(at, STOP, set(json!({"takeProfit": "0"}))).await.0, 0);
    stop(&mut mine, "TakeProfit", "Deactivated").await;
    let part = json!({"tpslMode": "Partial", "takeProfit": "64000.0", "stopLoss": "61000.0",
        "tpSize": "0.004", "slSize": "0.004", "tpOrderType": "Limit", "tpLimitPrice": "63990.0"});
    assert_eq!(post(at, STOP, set(part)).await.0, 0);
    let half = stop(&mut mine, "PartialTakeProfit", "Untriggered").await;
    let names = "qty price tpslMode createType";
    let told = json!(["0.004", "63990.0", "Partial", "CreateByPartialTakeProfit"]);
    assert_eq!(keys(&half, names), told, "{half}");
    let trail = json!({"trailingStop": "500.0", "activePrice": "63000.0"});
    assert_eq!(post(at, STOP, set(trail)).await.0, 0);
    let trail = stop(&mut mine, "TrailingStop", "Untriggered").await;
    assert_eq!(keys(&trail, "triggerPrice createType"), json!(["63000.0", "CreateByTrailingStop"]));
    let position = get(at, "/v5/position/list", "category=linear&symbol=BTCUSDT").await;
    let names = "takeProfit stopLoss trailingStop";
    assert_eq!(keys(&position["list"][0], names), json!(["", "60000.0", "500.0"]), "{position}");
    // Once active, it follows the best price and closes what is left.
    trade(at, "linear", "63000.0", "0.001").await;
    let bid = limit("Buy", "62490.0", "0.100", "");
    assert_eq!(post_as(at, &other_key(), CREATE, bid).await.0, 0);
    trade(at, "linear", "62500.0", "0.001").await;
    let closed = stop(&mut mine, "TrailingStop", "Filled").await;
    assert_eq!(keys(&closed, "side reduceOnly"), json!(["Sell", true]), "{closed}");
    stop(&mut mine, "StopLoss", "Deactivated").await;
}
