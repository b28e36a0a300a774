//! Binance Spot's lists of orders and trailing stops over loopback: their words, money and events.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

mod common;

use common::{Client, Exchange, ed25519_key, get, hmac_key, now_ms, quiet, signed};
use serde_json::{Value, json};

const OCO: &str = "symbol=BTCUSDT side=SELL quantity=0.02 aboveType=LIMIT_MAKER abovePrice=62000 \
                   belowType=STOP_LOSS_LIMIT belowPrice=58000 belowStopPrice=59000 \
                   belowTimeInForce=GTC listClientOrderId=L aboveClientOrderId=a \
                   belowClientOrderId=b selfTradePreventionMode=NONE";
const OTOCO: &str = "symbol=BTCUSDT workingSide=BUY workingType=LIMIT workingTimeInForce=GTC \
                     workingQuantity=0.02 workingPrice=59500 workingClientOrderId=w \
                     pendingSide=SELL pendingQuantity=0.01 pendingAboveType=LIMIT_MAKER \
                     pendingAbovePrice=62000 pendingAboveClientOrderId=a \
                     pendingBelowType=STOP_LOSS pendingBelowStopPrice=59000 \
                     pendingBelowClientOrderId=b listClientOrderId=L";

/// A connection that is logged on and subscribed to its own events, where the last price is 60,000.
async fn trader(exchange: &Exchange) -> Client {
    let mut client = Client::connect(exchange.address, "/ws-api/v3").await;
    assert_eq!(client.call("session.logon", json!({}), Some(&ed25519_key())).await["status"], 200);
    client.call("userDataStream.subscribe", json!({}), None).await;
    trade(&mut client, "60000", "0.01").await;
    client
}

/// What a call answers; `words` are its parameters, `NAME=VALUE` each.
async fn ask(client: &mut Client, method: &str, words: &str) -> Value {
    let mut params = json!({"symbol": "BTCUSDT", "timestamp": now_ms()});
    for (name, value) in words.split_whitespace().filter_map(|word| word.split_once('=')) {
        params[name] = json!(value);
    }
    client.call(method, params, None).await
}

/// A limit order of each side at a price, so that they trade.
async fn trade(client: &mut Client, price: &str, qty: &str) {
    let order = format!("type=LIMIT quantity={qty} price={price} selfTradePreventionMode=NONE");
    ask(client, "order.place", &format!("side=SELL timeInForce=GTC {order}")).await;
    let taker = ask(client, "order.place", &format!("side=BUY timeInForce=IOC {order}")).await;
    assert_eq!(taker["result"]["status"], "FILLED", "{taker}");
}

/// Takes from, or gives to, an order that stands at a price.
async fn meet(client: &mut Client, side: &str, price: &str, qty: &str) {
    let order = format!("type=LIMIT timeInForce=IOC quantity={qty} price={price}");
    let words = format!("side={side} {order} selfTradePreventionMode=NONE");
    let met = ask(client, "order.place", &words).await;
    assert_eq!(met["result"]["status"], "FILLED", "{met}");
}

/// The keys of an object that are named, in that order.
fn keys(json: &Value, names: &str) -> Value {
    names.split(' ').map(|name| json[name].clone()).collect()
}

async fn locked(client: &mut Client, asset: &str) -> String {
    let account = client.call("account.status", json!({"timestamp": now_ms()}), None).await;
    let all = account["result"]["balances"].as_array().unwrap().clone();
    let found = all.into_iter().find(|one| one["asset"] == asset).unwrap();
    found["locked"].as_str().unwrap().trim_end_matches('0').to_string()
}

/// The next event of an order with this execution type.
async fn report(client: &mut Client, name: &str, x: &str) -> Value {
    let fits = |one: &Value| {
        let event = &one["event"];
        event["e"] == "executionReport"
            && event["x"] == x
            && (event["c"] == name || event["C"] == name)
    };
    client.until(fits).await["event"].clone()
}

async fn list_status(client: &mut Client) -> Value {
    client.until(|one| one["event"]["e"] == "listStatus").await["event"].clone()
}

#[tokio::test]
async fn a_pair_is_told_whole_and_locks_once() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let placed = ask(&mut client, "orderList.place.oco", OCO).await["result"].clone();
    let id = placed["orderListId"].clone();
    let head = "contingencyType listStatusType listOrderStatus listClientOrderId symbol";
    let told = json!(["OCO", "EXEC_STARTED", "EXECUTING", "L", "BTCUSDT"]);
    assert_eq!(keys(&placed, head), told, "{placed}");
    let row = "clientOrderId orderListId type status stopPrice workingTime origQty";
    let stop = json!(["b", id, "STOP_LOSS_LIMIT", "NEW", "59000.00000000", -1, "0.02000000"]);
    assert_eq!(keys(&placed["orderReports"][0], row), stop, "{placed}");
    let limit = &placed["orderReports"][1];
    assert_eq!(keys(limit, "clientOrderId type status"), json!(["a", "LIMIT_MAKER", "NEW"]));
    assert_eq!(placed["orders"][1]["clientOrderId"], "a");
    assert_eq!(report(&mut client, "b", "NEW").await["g"], id);
    assert_eq!(report(&mut client, "a", "NEW").await["w"], true);
    let status = list_status(&mut client).await;
    assert_eq!(
        keys(&status, "g c l L r C"),
        json!([id, "OCO", "EXEC_STARTED", "EXECUTING", "NONE", "L"])
    );
    assert_eq!(keys(&status["O"][0], "s c"), json!(["BTCUSDT", "b"]));
    assert_eq!(locked(&mut client, "BTC").await, "0.02");
    let open = ask(&mut client, "openOrders.status", "").await;
    assert_eq!(open["result"].as_array().unwrap().len(), 2, "{open}");
    assert_eq!(open["result"][0]["orderListId"], id);
    let words = "origClientOrderId=L";
    let asked = ask(&mut client, "orderList.status", words).await;
    assert_eq!(keys(&asked["result"], head), told, "{asked}");
    let lists = ask(&mut client, "openOrderLists.status", "").await;
    assert_eq!(lists["result"][0]["orderListId"], id);
    let again = ask(&mut client, "orderList.place.oco", OCO).await;
    assert_eq!(again["error"]["msg"], "Duplicate order sent.");
    let words = format!("orderListId={id} newClientOrderId=bye");
    let gone = ask(&mut client, "orderList.cancel", &words).await["result"].clone();
    assert_eq!(keys(&gone, "listStatusType listOrderStatus"), json!(["ALL_DONE", "ALL_DONE"]));
    let row = "origClientOrderId clientOrderId status orderListId";
    assert_eq!(keys(&gone["orderReports"][0], row), json!(["b", "bye", "CANCELED", id]));
    assert_eq!(keys(&gone["orderReports"][1], row), json!(["a", "bye", "CANCELED", id]));
    assert_eq!(list_status(&mut client).await["l"], "ALL_DONE");
    assert_eq!(locked(&mut client, "BTC").await, "0.");
    let unknown = ask(&mut client, "orderList.cancel", &words).await;
    assert_eq!(unknown["error"]["code"], -2011, "{unknown}");
}

#[tokio::test]
async fn a_part_of_one_leg_expires_the_other() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let placed = ask(&mut client, "orderList.place.oco", OCO).await;
    let id = placed["result"]["orderListId"].clone();
    meet(&mut client, "BUY", "62000", "0.005").await;
    let expired = report(&mut client, "b", "EXPIRED").await;
    assert_eq!(keys(&expired, "X eR g w"), json!(["EXPIRED", "OCO_TRIGGER", id, false]));
    let sold = report(&mut client, "a", "TRADE").await;
    assert_eq!(keys(&sold, "X l g m"), json!(["PARTIALLY_FILLED", "0.00500000", id, true]));
    assert_eq!(locked(&mut client, "BTC").await, "0.015");
    let left = ask(&mut client, "order.cancel", "origClientOrderId=a").await;
    assert_eq!(left["result"]["listOrderStatus"], "ALL_DONE", "{left}");
    assert_eq!(left["result"]["orderReports"].as_array().unwrap().len(), 1, "{left}");
    let trades = ask(&mut client, "myTrades", "").await;
    let trades = trades["result"].as_array().unwrap();
    assert!(trades.iter().any(|one| one["orderListId"] == id), "{trades:?}");
    assert_eq!(locked(&mut client, "BTC").await, "0.");
}

#[tokio::test]
async fn a_stop_that_wakes_expires_the_limit() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    ask(&mut client, "orderList.place.oco", OCO).await;
    let bid = "side=BUY type=LIMIT timeInForce=GTC quantity=0.02 price=58500";
    ask(&mut client, "order.place", &format!("{bid} selfTradePreventionMode=NONE")).await;
    trade(&mut client, "59000", "0.01").await;
    let expired = report(&mut client, "a", "EXPIRED").await;
    assert_eq!(keys(&expired, "o eR"), json!(["LIMIT_MAKER", "OCO_TRIGGER"]));
    client.until(|one| one["event"]["c"] == "b" && one["event"]["w"] == true).await;
    let status = client.until(|one| one["event"]["l"] == "ALL_DONE").await["event"].clone();
    assert_eq!(keys(&status, "l L"), json!(["ALL_DONE", "ALL_DONE"]));
    let lists = ask(&mut client, "openOrderLists.status", "").await;
    assert_eq!(lists["result"], json!([]));
    assert_eq!(locked(&mut client, "BTC").await, "0.");
}

#[tokio::test]
async fn a_bracket_waits_for_its_working_order() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let placed = ask(&mut client, "orderList.place.otoco", OTOCO).await["result"].clone();
    assert_eq!(placed["contingencyType"], "OTO", "{placed}");
    let row = "clientOrderId type status workingTime";
    assert_eq!(keys(&placed["orderReports"][0], "clientOrderId status"), json!(["w", "NEW"]));
    assert_eq!(keys(&placed["orderReports"][1], row), json!(["b", "STOP_LOSS", "PENDING_NEW", -1]));
    let limit = json!(["a", "LIMIT_MAKER", "PENDING_NEW", -1]);
    assert_eq!(keys(&placed["orderReports"][2], row), limit);
    assert_eq!(report(&mut client, "a", "NEW").await["X"], "PENDING_NEW");
    assert_eq!(locked(&mut client, "BTC").await, "0.");
    let taken = ask(&mut client, "order.cancel", "origClientOrderId=nobody").await;
    assert_eq!(taken["error"]["code"], -2011);
    meet(&mut client, "SELL", "59500", "0.01").await;
    let waits = ask(&mut client, "order.status", "origClientOrderId=a").await;
    assert_eq!(keys(&waits["result"], "status isWorking"), json!(["PENDING_NEW", false]));
    meet(&mut client, "SELL", "59500", "0.01").await;
    let stands = report(&mut client, "a", "NEW").await;
    assert_eq!(keys(&stands, "X w"), json!(["NEW", true]));
    assert_eq!(stands["W"], stands["T"]);
    assert_eq!(locked(&mut client, "BTC").await, "0.01");
    let all = ask(&mut client, "openOrders.cancelAll", "").await["result"].clone();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    assert_eq!(all[0]["orderReports"].as_array().unwrap().len(), 2, "{all}");
    assert_eq!(locked(&mut client, "BTC").await, "0.");
}

#[tokio::test]
async fn a_bracket_ends_with_its_working_order() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let words = OTOCO.replace("GTC", "IOC");
    ask(&mut client, "orderList.place.otoco", &words).await;
    let expired = report(&mut client, "b", "EXPIRED").await;
    assert_eq!(keys(&expired, "X eR"), json!(["EXPIRED", "OTO_PHASE_ONE_EXPIRED"]));
    let status = client.until(|one| one["event"]["l"] == "ALL_DONE").await;
    assert_eq!(status["event"]["c"], "OTO");
}

#[tokio::test]
async fn rest_takes_the_same_words_and_refuses_in_the_same() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let sent = async |method: &str, path: &str, words: &str| {
        let query = words.split_whitespace().collect::<Vec<_>>().join("&");
        signed(exchange.address, &hmac_key(), method, path, &query).await.json
    };
    let oco = "/api/v3/orderList/oco";
    for (from, to, code, told) in [
        ("abovePrice=62000", "", -1102, "'abovePrice'"),
        ("belowStopPrice=59000", "", -1102, "'belowStopPrice' or 'belowTrailingDelta'"),
        ("belowTimeInForce=GTC", "", -1102, "'belowTimeInForce'"),
        ("aboveType=LIMIT_MAKER", "aboveType=MARKET", -1158, "OCO"),
        ("belowType=STOP_LOSS_LIMIT", "belowType=LIMIT_MAKER", -1168, "contingent"),
        ("side=SELL", "side=BUY", -1165, "below"),
        ("aboveType=LIMIT_MAKER", "aboveType=STOP_LOSS_LIMIT", -1197, "stop loss"),
        ("belowStopPrice=59000", "belowStopPrice=61000", -2010, "relationship of the prices"),
        ("abovePrice=62000", "abovePrice=59000", -2010, "relationship of the prices"),
        ("quantity=0.02", "quantity=0.020001", -1013, "LOT_SIZE"),
        ("belowStopPrice=59000", "belowTrailingDelta=9", -1013, "TRAILING_DELTA"),
    ] {
        assert!(OCO.contains(from), "{from}");
        let answer = sent("POST", oco, &OCO.replace(from, to)).await;
        assert_eq!(answer["code"], code, "{from} -> {to}: {answer}");
        assert!(answer["msg"].as_str().unwrap().contains(told), "{from} -> {to}: {answer}");
    }
    let placed = sent("POST", oco, &format!("{OCO} newOrderRespType=ACK")).await;
    assert!(placed["orderReports"][0]["status"].is_null(), "{placed}");
    let id = placed["orderListId"].clone();
    let asked = sent("GET", "/api/v3/orderList", &format!("orderListId={id}")).await;
    assert_eq!(asked["listClientOrderId"], "L", "{asked}");
    let open = sent("GET", "/api/v3/openOrderList", "").await;
    assert_eq!(open[0]["orderListId"], id, "{open}");
    let gone = sent("DELETE", "/api/v3/orderList", "symbol=BTCUSDT listClientOrderId=L").await;
    assert_eq!(gone["listOrderStatus"], "ALL_DONE", "{gone}");
    let all = sent("GET", "/api/v3/allOrderList", "").await;
    assert_eq!(keys(&all[0], "orderListId listOrderStatus"), json!([id, "ALL_DONE"]));
    let bracket = sent("POST", "/api/v3/orderList/otoco", OTOCO).await;
    assert_eq!(bracket["orderReports"][1]["status"], "PENDING_NEW", "{bracket}");
    let both = sent("DELETE", "/api/v3/order", "symbol=BTCUSDT origClientOrderId=a").await;
    assert_eq!(both["orderReports"].as_array().unwrap().len(), 3, "{both}");
    assert_eq!(locked(&mut client, "USDT").await, "0.");
}

#[tokio::test]
async fn trailing_stops_follow_and_wake() {
    let exchange = Exchange::start(quiet());
    let mut client = trader(&exchange).await;
    let info = get(exchange.address, "/api/v3/exchangeInfo?symbol=BTCUSDT").await;
    let flags = keys(&info["symbols"][0], "ocoAllowed otoAllowed allowTrailingStop");
    assert_eq!(flags, json!([true, true, true]));
    let words = "side=SELL type=STOP_LOSS_LIMIT timeInForce=GTC quantity=0.01 price=50000 \
                 trailingDelta=100 newClientOrderId=t newOrderRespType=RESULT \
                 selfTradePreventionMode=NONE";
    let placed = ask(&mut client, "order.place", words).await["result"].clone();
    assert_eq!(keys(&placed, "status trailingDelta"), json!(["NEW", 100]), "{placed}");
    let new = report(&mut client, "t", "NEW").await;
    assert_eq!(keys(&new, "d w"), json!([100, false]));
    assert_eq!(new["D"], placed["trailingTime"]);
    trade(&mut client, "61000", "0.01").await;
    let bid = "side=BUY type=LIMIT timeInForce=GTC quantity=0.01 price=60000";
    ask(&mut client, "order.place", &format!("{bid} selfTradePreventionMode=NONE")).await;
    trade(&mut client, "60400", "0.01").await;
    let asleep = ask(&mut client, "order.status", "origClientOrderId=t").await;
    assert_eq!(keys(&asleep["result"], "status isWorking"), json!(["NEW", false]));
    trade(&mut client, "60390", "0.01").await;
    let sold = report(&mut client, "t", "TRADE").await;
    assert_eq!(keys(&sold, "L X"), json!(["60000.00000000", "FILLED"]));
    let later = "side=BUY type=TAKE_PROFIT quantity=0.01 stopPrice=50000 trailingDelta=500 \
                 newOrderRespType=RESULT";
    let later = ask(&mut client, "order.place", later).await["result"].clone();
    assert_eq!(keys(&later, "stopPrice trailingTime"), json!(["50000.00000000", -1]), "{later}");
}
