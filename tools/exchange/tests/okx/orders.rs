//! Who may ask, and what becomes of orders: words in, words out.

use crate::common::{Client, Exchange, now_ms};
use crate::party::{Party, SPOT, SWAP, asks, headers, http, iso, key, login, options, posts, sign};
use serde_json::{Value, json};

#[test]
fn the_tests_write_the_times_of_the_notes() {
    assert_eq!(iso(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
    let mut vector = key(0);
    vector.secret = Some("22582BD0CFF14C41EDBF1AB98506286D".into());
    let tag = sign(&vector, "2023-11-14T22:13:20.000ZGET/api/v5/account/balance?ccy=BTC");
    assert_eq!(tag, "qIRPNBEMj/dg0I5nZPdy1cNFp39x3c30GoloQDeM8Wg=");
}

#[tokio::test]
async fn logins_are_checked() {
    let exchange = Exchange::start(options());
    let now_s = now_ms() / 1000;
    let right = login(&key(0), now_s);
    let check = async |name: &str, value: &str, code: &str| {
        let mut wrong = right.clone();
        wrong["args"][0][name] = json!(value);
        let mut client = Client::connect(exchange.address, "/ws/v5/private").await;
        client.send(&wrong).await;
        let answer = client.receive().await.unwrap();
        assert_eq!((&answer["event"], &answer["code"]), (&json!("error"), &json!(code)), "{name}");
        assert_eq!(client.receive().await, None, "a failed login ends the connection");
    };
    check("apiKey", "nobody", "60005").await;
    check("timestamp", "yesterday", "60004").await;
    check("timestamp", "1700000000", "60006").await;
    check("passphrase", "open sesame", "60024").await;
    check("sign", "AAAA", "60007").await;
    let mut client = Client::connect(exchange.address, "/ws/v5/private").await;
    client.send(&right).await;
    assert_eq!(client.receive().await.unwrap()["code"], "0");
    client.send(&right).await;
    assert_eq!(client.receive().await.unwrap()["code"], "60031");
}

#[tokio::test]
async fn rest_headers_are_checked() {
    let exchange = Exchange::start(options());
    let (path, key) = ("/api/v5/account/config", key(0));
    let right = headers(&key, "GET", path, "", now_ms());
    let check = async |headers: &str, status: u16, code: &str| {
        let (got, answer) = http(&exchange, "GET", path, headers, "").await;
        assert_eq!((got, &answer["code"]), (status, &json!(code)), "{headers}");
    };
    check(&right, 200, "0").await;
    check("", 401, "50103").await;
    check(&right.replace("OK-ACCESS-PASSPHRASE", "X"), 401, "50104").await;
    check(&right.replace("PASSPHRASE: ", "PASSPHRASE: x"), 401, "50105").await;
    check(&right.replace("OK-ACCESS-SIGN", "X"), 401, "50106").await;
    check(&right.replace("OK-ACCESS-TIMESTAMP", "X"), 401, "50107").await;
    check(&right.replace("TIMESTAMP: ", "TIMESTAMP: x"), 401, "50112").await;
    check(&right.replace("KEY: ", "KEY: x"), 401, "50111").await;
    check(&headers(&key, "POST", path, "", now_ms()), 401, "50113").await;
    check(&headers(&key, "GET", path, "", now_ms() - 31_000), 401, "50102").await;
    let late = format!("{right}expTime: 1\r\n");
    check(&late, 200, "0").await;
    let order = json!({"instId": SPOT, "tdMode": "cash", "side": "buy", "ordType": "limit",
        "px": "60000", "sz": "0.01"});
    let (path, body) = ("/api/v5/trade/order", order.to_string());
    let late = headers(&key, "POST", path, &body, now_ms()) + "expTime: 1\r\n";
    assert_eq!(http(&exchange, "POST", path, &late, &body).await.1["code"], "51149");
}

#[tokio::test]
async fn orders_live_change_and_end() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    for name in [SPOT, SWAP] {
        assert_eq!(maker.place(&format!("{name} sell post_only 61000 0.4 m1")).await, "0");
        assert_eq!(maker.hears("m1").await, "live 0");
        let amend = json!({"instIdCode": maker.code(name), "clOrdId": "m1", "newSz": "0.3",
            "newPx": "61000.5", "reqId": "q1"});
        assert_eq!(maker.one("amend-order", amend).await["sCode"], "0");
        let push = maker.push("m1").await;
        assert_eq!((&push["sz"], &push["px"]), (&json!("0.3"), &json!("61000.5")));
        assert_eq!((&push["reqId"], &push["amendResult"]), (&json!("q1"), &json!("0")));
        assert_eq!(taker.place(&format!("{name} buy ioc 62000 0.1 t1")).await, "0");
        assert_eq!(taker.hears("t1").await, "live 0");
        assert_eq!(taker.hears("t1").await, "filled 0.1 0.1@61000.5 T");
        assert_eq!(maker.hears("m1").await, "partially_filled 0.1 0.1@61000.5 M");
        assert_eq!(taker.place(&format!("{name} buy ioc 62000 0.3 t2")).await, "0");
        taker.hears("t2").await;
        assert_eq!(taker.hears("t2").await, "partially_filled 0.2 0.2@61000.5 T");
        assert_eq!(taker.hears("t2").await, "canceled 0.2 by 14");
        assert_eq!(maker.hears("m1").await, "filled 0.3 0.2@61000.5 M");
        let gone = json!({"instIdCode": maker.code(name), "clOrdId": "m1"});
        assert_eq!(maker.one("cancel-order", gone.clone()).await["sCode"], "51400");
        assert_eq!(maker.place(&format!("{name} sell limit 61000 0.4 m1")).await, "0");
        maker.hears("m1").await;
        let cancelled = maker.one("cancel-order", gone).await;
        assert_eq!((&cancelled["sCode"], &cancelled["clOrdId"]), (&json!("0"), &json!("m1")));
        assert_eq!(maker.hears("m1").await, "canceled 0 by 1");
    }
}

#[tokio::test]
async fn time_in_force_post_only_and_self_trades() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    maker.place(&format!("{SPOT} sell limit 61000 0.1 m1")).await;
    maker.hears("m1").await;
    // Post-only that crosses: accepted, then told once, as cancelled.
    assert_eq!(taker.place(&format!("{SPOT} buy post_only 61000 0.1 p1")).await, "0");
    assert_eq!(taker.hears("p1").await, "canceled 0 by 31");
    assert_eq!(taker.place(&format!("{SPOT} buy fok 61000 0.2 f1")).await, "0");
    assert_eq!(taker.hears("f1").await, "live 0");
    assert_eq!(taker.hears("f1").await, "canceled 0 by 13");
    // The resting order of one's own goes, unless the request says otherwise.
    assert_eq!(
        maker.place(&format!("{SPOT} buy ioc 61000 0.1 s1 stpMode=cancel_taker")).await,
        "0"
    );
    assert_eq!(maker.hears("s1").await, "live 0");
    assert_eq!(maker.hears("s1").await, "canceled 0 by 32");
    assert_eq!(maker.place(&format!("{SPOT} buy limit 61000 0.1 s2")).await, "0");
    assert_eq!(maker.hears("m1").await, "canceled 0 by 32");
    assert_eq!(maker.hears("s2").await, "live 0");
    // A market sale takes by coins, a market purchase pays an amount.
    assert_eq!(taker.place(&format!("{SPOT} sell market - 0.05 k1")).await, "0");
    taker.hears("k1").await;
    assert_eq!(taker.hears("k1").await, "filled 0.05 0.05@61000 T");
    maker.place(&format!("{SPOT} sell limit 62000 0.1 m2")).await;
    assert_eq!(taker.place(&format!("{SPOT} buy market - 620 k2")).await, "0");
    taker.hears("k2").await;
    let push = taker.push("k2").await;
    assert_eq!((&push["state"], &push["sz"]), (&json!("filled"), &json!("620")));
    assert_eq!((&push["accFillSz"], &push["tgtCcy"]), (&json!("0.01"), &json!("quote_ccy")));
    assert_eq!((&push["fillFee"], &push["fillFeeCcy"]), (&json!("-0.00001"), &json!("BTC")));
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let exchange = Exchange::start(options());
    let mut party = Party::enter(&exchange, &key(0)).await;
    for (text, code) in [
        ("BTC-USDT buy limit 61000 0.01 a-1", "51000"),
        ("BTC-USDT buy limit 61000.05 0.01 a", "51000"),
        ("BTC-USDT buy limit 61000 0.000001 a", "51020"),
        ("BTC-USDT buy limit 61000 0.00001 a", "51020"),
        ("BTC-USDT buy limit 61000 0.010001 a", "51121"),
        ("BTC-USDT buy limit 900000 0.01 a", "51006"),
        ("BTC-USDT buy limit 61000 100 a", "51008"),
        ("BTC-USDT buy mmp 61000 0.01 a", "51000"),
        ("BTC-USDT hold limit 61000 0.01 a", "51000"),
        ("BTC-USDT buy limit - 0.01 a", "50014"),
        ("BTC-USDT buy limit 61000 0.01 a tdMode=cross", "51010"),
        ("BTC-USDT-SWAP buy limit 61000 0.015 a", "51121"),
        ("BTC-USDT-SWAP buy limit 61000 100000 a", "51203"),
        ("BTC-USDT-SWAP buy limit 61000 14000 big1", "0"),
        ("BTC-USDT-SWAP buy limit 61000 14000 big2", "0"),
        ("BTC-USDT-SWAP buy limit 61000 14000 big3", "51008"),
        ("BTC-USDT-SWAP buy limit 61000 1 a tdMode=isolated", "51010"),
        ("BTC-USDT-SWAP buy limit 61000 1 a posSide=long", "51000"),
        ("BTC-USDT-SWAP buy limit 61000 1 a reduceOnly=true", "51169"),
        ("BTC-USDT buy limit 61000 0.01 a", "0"),
        ("BTC-USDT buy limit 61000 0.01 a", "51016"),
    ] {
        assert_eq!(party.place(text).await, code, "{text}");
    }
    let mut nameless = party.order("BTC-USDT buy limit 61000 0.01 a");
    nameless.as_object_mut().unwrap().remove("instIdCode");
    nameless["instId"] = json!(SPOT);
    let row = party.one("order", nameless.clone()).await;
    assert_eq!(row["sMsg"], "Parameter instIdCode can not be empty.");
    nameless["instIdCode"] = json!(7);
    assert_eq!(party.one("order", nameless).await["sCode"], "51001");
    let amend = |what: Value| {
        let mut args = json!({"instIdCode": party.code(SPOT), "clOrdId": "a"});
        args.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        args
    };
    let (none, crossed) = (amend(json!({})), amend(json!({"newPx": "1"})));
    let gone = amend(json!({"clOrdId": "b", "newSz": "1"}));
    assert_eq!(party.one("amend-order", none).await["sCode"], "51500");
    assert_eq!(party.one("amend-order", crossed).await["sCode"], "51006");
    assert_eq!(party.one("amend-order", gone).await["sCode"], "51503");
    let whole = party.op("order", json!([])).await;
    assert_eq!((&whole["code"], &whole["data"]), (&json!("60013"), &json!([])));
}

#[tokio::test]
async fn batches_succeed_in_part_and_queries_find_by_either_id() {
    let exchange = Exchange::start(options());
    let mut party = Party::enter(&exchange, &key(0)).await;
    let mut batch: Vec<Value> =
        (0..20).map(|n| party.order(&format!("{SWAP} buy limit {} 1 b{n}", 60_000 + n))).collect();
    batch[7]["sz"] = json!("0.001");
    let answer = party.op("batch-orders", json!(batch)).await;
    assert_eq!(answer["code"], "2", "{answer}");
    assert_eq!(answer["data"][7]["sCode"], "51020");
    assert_eq!(answer["data"][8]["clOrdId"], "b8");
    assert!(answer["inTime"].as_str().unwrap().len() == 16);
    let me = key(0);
    let page = |after: &str| format!("/api/v5/trade/orders-pending?instType=SWAP&limit=8{after}");
    let mut found: Vec<String> = Vec::new();
    let mut after = String::new();
    loop {
        let rows = asks(&exchange, &me, &page(&after)).await;
        let rows = rows["data"].as_array().unwrap().clone();
        let Some(last) = rows.last() else { break };
        after = format!("&after={}", last["ordId"].as_str().unwrap());
        found.extend(rows.iter().map(|row| row["clOrdId"].as_str().unwrap().to_string()));
    }
    let expect = (0..20).rev().filter(|n| *n != 7).map(|n| format!("b{n}"));
    assert_eq!(found, expect.collect::<Vec<_>>());
    let by_name = format!("/api/v5/trade/order?instId={SWAP}&clOrdId=b3");
    let order = asks(&exchange, &me, &by_name).await["data"][0].clone();
    assert_eq!((&order["px"], &order["state"]), (&json!("60003"), &json!("live")));
    let id = order["ordId"].as_str().unwrap();
    let by_id = format!("/api/v5/trade/order?instId={SWAP}&ordId={id}");
    assert_eq!(asks(&exchange, &me, &by_id).await["data"][0], order);
    let none = format!("/api/v5/trade/order?instId={SWAP}&clOrdId=b7");
    assert_eq!(asks(&exchange, &me, &none).await["code"], "51603");
    let gone = json!([{"instId": SWAP, "ordId": id}, {"instId": SWAP, "clOrdId": "b7"}]);
    let answer = posts(&exchange, &me, "/api/v5/trade/cancel-batch-orders", gone).await;
    assert_eq!((&answer["code"], &answer["data"][0]["sCode"]), (&json!("2"), &json!("0")));
    let history = "/api/v5/trade/orders-history?instType=SWAP&state=canceled";
    let ended = asks(&exchange, &me, history).await;
    assert_eq!(ended["data"][0]["cancelSource"], "1");
    assert_eq!(ended["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rates_are_limited_by_instrument_and_kind() {
    let exchange = Exchange::start(options());
    let mut party = Party::enter(&exchange, &key(0)).await;
    let mut refused = 0;
    // A window may end in between, so there are more than fit into two.
    for n in 0..130 {
        let row = party.place(&format!("{SPOT} buy limit 60000 0.001 r{n}")).await;
        refused += usize::from(row == "50011");
        assert!(row == "0" || row == "50011", "{row}");
    }
    assert!(refused > 0);
    assert_eq!(party.place(&format!("{SWAP} buy limit 60000 1 other")).await, "0");
    let gone = json!({"instIdCode": party.code(SPOT), "clOrdId": "r0"});
    assert_eq!(party.one("cancel-order", gone).await["sCode"], "0");
    let mut stopped = 0;
    for _ in 0..12 {
        let path = "/api/v5/account/config";
        let (status, answer) =
            http(&exchange, "GET", path, &headers(&key(0), "GET", path, "", now_ms()), "").await;
        stopped += usize::from(answer["code"] == "50011" && status == 429);
    }
    assert!(stopped > 0);
}

#[tokio::test]
async fn waiting_orders_fire_cancel_each_other_and_are_told() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    let me = key(1);
    let mut business = Client::connect(exchange.address, "/ws/v5/business").await;
    business.send(&login(&me, now_ms() / 1000)).await;
    business.until(|m| m["event"] == "login").await;
    let args = json!([{"channel": "orders-algo", "instType": "ANY"}]);
    business.send(&json!({"op": "subscribe", "args": args})).await;
    business.until(|m| m["event"] == "channel-conn-count").await;
    let algo = async |more: Value| {
        let mut body = json!({"instId": SWAP, "tdMode": "cross", "side": "sell", "sz": "1"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = posts(&exchange, &me, "/api/v5/trade/order-algo", body).await;
        answer["data"][0].clone()
    };
    let oco = algo(json!({"ordType": "oco", "tpTriggerPx": "65000", "tpOrdPx": "-1",
        "slTriggerPx": "60000", "slOrdPx": "59000", "algoClOrdId": "pair"}))
    .await;
    assert_eq!(oco["sCode"], "0", "{oco}");
    let trail = algo(json!({"ordType": "move_order_stop", "callbackRatio": "0.05"})).await;
    assert_eq!(trail["sCode"], "0", "{trail}");
    let none = algo(json!({"ordType": "conditional", "tpOrdPx": "-1"})).await;
    assert_eq!(none["sCode"], "50014");
    let pending = "/api/v5/trade/orders-algo-pending?ordType=oco";
    let rows = asks(&exchange, &me, pending).await;
    let row = &rows["data"][0];
    assert_eq!(rows["data"].as_array().unwrap().len(), 1);
    assert_eq!((&row["tpTriggerPx"], &row["slTriggerPx"]), (&json!("65000"), &json!("60000")));
    assert_eq!((&row["tpOrdPx"], &row["slOrdPx"]), (&json!("-1"), &json!("59000")));
    let gone = json!([{"instId": SWAP, "algoId": trail["algoId"]}]);
    let answer = posts(&exchange, &me, "/api/v5/trade/cancel-algos", gone.clone()).await;
    assert_eq!(answer["code"], "0", "{answer}");
    let again = posts(&exchange, &me, "/api/v5/trade/cancel-algos", gone).await;
    assert_eq!(again["data"][0]["sCode"], "51400");
    // A trade at the take-profit's price fires it; the stop-loss goes.
    maker.place(&format!("{SWAP} buy limit 65000 3 m1")).await;
    taker.place(&format!("{SWAP} sell limit 65000 1 t1")).await;
    let told = business.until(|m| m["data"][0]["state"] == "effective").await;
    assert_eq!(told["data"][0]["algoClOrdId"], "pair");
    let id = told["data"][0]["ordId"].as_str().unwrap();
    let path = format!("/api/v5/trade/order?instId={SWAP}&ordId={id}");
    assert_eq!(asks(&exchange, &me, &path).await["data"][0]["state"], "filled");
    assert_eq!(asks(&exchange, &me, pending).await["data"], json!([]));
}
