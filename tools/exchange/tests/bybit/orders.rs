//! Orders over REST and the trade socket: what is accepted, what is refused, and in which words.

use crate::common::Exchange;
use crate::rig::{
    ask, bybit, get, item, key, limit, logged_on, order, other_key, post, post_as, private, with,
};
use serde_json::{Value, json};

const CREATE: &str = "/v5/order/create";

#[tokio::test]
async fn an_order_is_placed_amended_found_and_cancelled() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let (code, placed) = post(at, CREATE, limit("Buy", "60000.0", "0.010", "a")).await;
    assert_eq!(code, 0, "{placed}");
    let id = placed["orderId"].as_str().unwrap().to_string();
    assert_eq!((id.len(), &placed["orderLinkId"]), (36, &json!("a")));
    let change = json!({"category": "linear", "symbol": "BTCUSDT", "orderId": id,
        "qty": "0.020", "price": "60001.0"});
    assert_eq!(post(at, "/v5/order/amend", change.clone()).await.0, 0);
    assert_eq!(post(at, "/v5/order/amend", change).await.0, 10001, "nothing changes");
    let open = get(at, "/v5/order/realtime", "category=linear&settleCoin=USDT").await;
    let row = &open["list"][0];
    assert_eq!(row["orderId"], id);
    assert_eq!((&row["price"], &row["qty"]), (&json!("60001.0"), &json!("0.020")));
    assert_eq!((&row["orderStatus"], &row["leavesQty"]), (&json!("New"), &json!("0.020")));
    let gone = json!({"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "a"});
    assert_eq!(post(at, "/v5/order/cancel", gone.clone()).await.1["orderId"], id);
    assert_eq!(post(at, "/v5/order/cancel", gone).await.0, 110001);
    let path = "/v5/order/realtime";
    let closed = get(at, path, &format!("category=linear&orderId={id}")).await;
    assert_eq!(closed["list"][0]["orderStatus"], "Cancelled");
    assert_eq!(closed["list"][0]["cancelType"], "CancelByUser");
    let history = get(at, "/v5/order/history", "category=linear").await;
    assert_eq!(history["list"][0]["orderId"], id);
    let scope = crate::rig::rest(at, &key(), "GET", path, "category=linear").await;
    assert_eq!(scope.json["retCode"], 10001, "linear needs a symbol or a coin");
}

#[tokio::test]
async fn refusals_are_in_the_venues_codes() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let check = async |fields: Value, code: i64| {
        let order = with(limit("Buy", "60000.0", "0.010", ""), fields.clone());
        let told = post(at, CREATE, order).await;
        assert_eq!(told.0, code, "{fields}: {}", told.1);
    };
    check(json!({"category": "shares"}), 10001).await;
    check(json!({"symbol": "NONE"}), 10001).await;
    check(json!({"side": "HOLD"}), 10001).await;
    check(json!({"price": "60000.05"}), 10001).await;
    check(json!({"price": ""}), 10001).await;
    check(json!({"qty": "0.0105"}), 10001).await;
    check(json!({"qty": "-1"}), 10001).await;
    check(json!({"price": "900000"}), 110003).await;
    check(json!({"price": "20000", "qty": "1000"}), 110094).await;
    check(json!({"qty": "100"}), 0).await;
    check(json!({"qty": "145"}), 0).await;
    check(json!({"qty": "145"}), 110007).await;
    check(json!({"reduceOnly": true}), 110017).await;
    check(json!({"positionIdx": 1}), 10001).await;
    check(json!({"timeInForce": "RPI"}), 110119).await;
    check(json!({"orderLinkId": "no spaces"}), 10001).await;
    check(json!({"orderLinkId": "x".repeat(37)}), 10001).await;
    check(json!({"orderLinkId": "twice"}), 0).await;
    check(json!({"orderLinkId": "twice"}), 110072).await;
    check(json!({"takeProfit": "50000"}), 10001).await;
    let spot = json!({"category": "spot", "price": "60000.00"});
    let check = async |fields: Value, code: i64| check(with(spot.clone(), fields), code).await;
    check(json!({"orderLinkId": "s"}), 0).await;
    check(json!({"orderLinkId": "s"}), 170141).await;
    check(json!({"price": "60000.001"}), 170134).await;
    check(json!({"qty": "0.0000001"}), 170137).await;
    check(json!({"qty": "0.00001"}), 170140).await;
    check(json!({"qty": "100"}), 170131).await;
    check(json!({"symbol": "NONE"}), 170121).await;
    let gone = json!({"category": "spot", "symbol": "BTCUSDT", "orderLinkId": "nobody"});
    assert_eq!(post(at, "/v5/order/cancel", gone).await.0, 170213);
}

#[tokio::test]
async fn each_time_in_force_ends_as_the_venue_says() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["order"]).await;
    let resting = limit("Sell", "62000.0", "0.010", "");
    assert_eq!(post_as(at, &other_key(), CREATE, resting).await.0, 0);
    let mut check = async |fields: Value, status: &str, reason: &str, filled: &str| {
        let order = with(limit("Buy", "62000.0", "0.020", ""), fields.clone());
        let (code, placed) = post(at, CREATE, order).await;
        assert_eq!(code, 0, "{fields}");
        let ended = mine
            .until(|message| {
                let one = &message["data"][0];
                one["orderId"] == placed["orderId"] && one["orderStatus"] == status
            })
            .await["data"][0]
            .clone();
        let told = (&ended["rejectReason"], &ended["cumExecQty"]);
        assert_eq!(told, (&json!(reason), &json!(filled)), "{fields}: {ended}");
    };
    check(json!({"timeInForce": "PostOnly"}), "Cancelled", "EC_PostOnlyWillTakeLiquidity", "0")
        .await;
    check(json!({"timeInForce": "FOK"}), "Cancelled", "EC_CancelForNoFullFill", "0").await;
    check(json!({"timeInForce": "IOC", "qty": "0.004"}), "Filled", "EC_NoError", "0.004").await;
    check(json!({"timeInForce": "IOC"}), "Cancelled", "EC_NoImmediateQtyToFill", "0.006").await;
    check(json!({"orderType": "Market"}), "Cancelled", "EC_NoImmediateQtyToFill", "0").await;
    check(json!({"timeInForce": "PostOnly"}), "New", "EC_NoError", "0").await;
    let smp = json!({"side": "Sell", "smpType": "CancelTaker"});
    check(smp, "Cancelled", "EC_PerCancelRequest", "0").await;
}

#[tokio::test]
async fn the_trade_socket_places_in_batches_and_says_what_failed() {
    let exchange = Exchange::start(bybit());
    let mut trade = logged_on(&exchange, "/v5/trade", &key()).await;
    let placed = ask(&mut trade, "1", "order.create", limit("Buy", "60000.0", "0.010", "a")).await;
    assert_eq!(placed["retCode"], 0, "{placed}");
    assert_eq!(placed["data"]["orderLinkId"], "a");
    assert_eq!(placed["header"]["X-Bapi-Limit"], "10000");
    let twice = ask(&mut trade, "1", "order.create", limit("Buy", "60000.0", "0.010", "b")).await;
    assert_eq!(twice["retCode"], 20006);
    let good = with(limit("Buy", "59000.0", "0.010", "g"), json!({"category": null}));
    let bad = with(limit("Buy", "59000.05", "0.010", "h"), json!({"category": null}));
    let batch = json!({"category": "linear", "request": [good, bad]});
    let told = ask(&mut trade, "2", "order.create-batch", batch).await;
    assert_eq!(told["retCode"], 0, "{told}");
    assert_eq!(told["retExtInfo"]["list"][0]["code"], 0);
    assert_eq!(told["retExtInfo"]["list"][1]["code"], 10001);
    assert_eq!(told["data"]["list"][0]["orderLinkId"], "g");
    assert_eq!(told["data"]["list"][1]["orderId"], "");
    let many: Vec<Value> = (0..21).map(|_| json!({})).collect();
    let many = json!({"category": "linear", "request": many});
    assert_eq!(ask(&mut trade, "3", "order.cancel-batch", many).await["retCode"], 10001);
    let named = json!({"symbol": "BTCUSDT", "orderLinkId": "a"});
    let gone = json!({"category": "linear", "request": [named, {"symbol": "BTCUSDT"}]});
    let told = ask(&mut trade, "4", "order.cancel-batch", gone).await;
    assert_eq!(told["retExtInfo"]["list"][0]["code"], 0, "{told}");
    assert_eq!(told["retExtInfo"]["list"][1]["code"], 10001);
    let all = json!({"category": "linear", "settleCoin": "USDT"});
    let (_, left) = post(exchange.address, "/v5/order/cancel-all", all).await;
    assert_eq!(left["list"][0]["orderLinkId"], "g");
    assert_eq!(ask(&mut trade, "5", "order.dance", json!({})).await["retCode"], 10404);
    let mut stranger = crate::common::Client::connect(exchange.address, "/v5/trade").await;
    let told = ask(&mut stranger, "1", "order.create", limit("Buy", "1.0", "1", "")).await;
    assert_eq!(told["retCode"], 10005);
}

#[tokio::test]
async fn a_conditional_order_waits_fires_and_keeps_its_id() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["order"]).await;
    let stop = with(
        limit("Buy", "62500.0", "0.010", "stop"),
        json!({"triggerPrice": "62400.0", "triggerDirection": 1}),
    );
    let (code, placed) = post(at, CREATE, stop).await;
    assert_eq!(code, 0, "{placed}");
    let waits = order(&mut mine, "Untriggered").await;
    assert_eq!(
        (&waits["orderId"], &waits["triggerPrice"]),
        (&placed["orderId"], &json!("62400.0"))
    );
    // Somebody else's trade takes the price there.
    let other = other_key();
    assert_eq!(post_as(at, &other, CREATE, limit("Sell", "62400.0", "0.001", "")).await.0, 0);
    let (code, _) = post(at, CREATE, limit("Buy", "62400.0", "0.001", "touch")).await;
    assert_eq!(code, 0);
    order(&mut mine, "Triggered").await;
    let stands = get(at, "/v5/order/realtime", "category=linear&orderLinkId=stop").await;
    assert_eq!(stands["list"][0]["orderId"], placed["orderId"], "{stands}");
    assert_eq!(stands["list"][0]["orderStatus"], "New");
    let gone = json!({"category": "linear", "symbol": "BTCUSDT", "orderId": placed["orderId"]});
    assert_eq!(post(at, "/v5/order/cancel", gone).await.0, 0);
}

#[tokio::test]
async fn a_spot_purchase_at_market_is_by_amount() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["execution.spot", "wallet"]).await;
    let spot = json!({"category": "spot"});
    let sale = with(limit("Sell", "62000.00", "0.1", ""), spot.clone());
    assert_eq!(post_as(at, &other_key(), CREATE, sale).await.0, 0);
    let buy = json!({"category": "spot", "symbol": "BTCUSDT", "side": "Buy",
        "orderType": "Market", "qty": "620"});
    assert_eq!(post(at, CREATE, buy).await.0, 0);
    let fill = item(&mut mine, "execution.spot").await;
    assert_eq!((&fill["execQty"], &fill["feeCurrency"]), (&json!("0.010000"), &json!("BTC")));
    assert_eq!((&fill["execFee"], &fill["feeRate"]), (&json!("0.00001"), &json!("0.001")));
    let wallet = item(&mut mine, "wallet").await;
    let coins = wallet["coin"].as_array().unwrap().iter();
    let btc = coins.clone().find(|coin| coin["coin"] == "BTC").unwrap();
    assert_eq!(btc["walletBalance"], "10.00999");
}
