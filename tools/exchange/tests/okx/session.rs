//! A session that trades spot and swap: the account's own channels, its settings, and whether the
//! ledger adds up.

use crate::common::Exchange;
use crate::party::{Party, SPOT, SWAP, asks, busy, get, key, options, posts};
use serde_json::{Value, json};

/// A decimal text in 1e-8.
fn units(value: &Value) -> i64 {
    let text = value.as_str().unwrap();
    let (minus, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<8}").parse::<i64>().unwrap();
    let sum = whole.parse::<i64>().unwrap() * 100_000_000 + part;
    if minus { -sum } else { sum }
}

/// The row of a balance list for an asset.
fn of<'a>(rows: &'a Value, asset: &str) -> &'a Value {
    let key = if rows[0].get("ccy").is_some() { "ccy" } else { "asset" };
    rows.as_array().unwrap().iter().find(|row| row[key] == asset).unwrap()
}

#[tokio::test]
async fn account_channels_tell_what_the_queries_tell() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    let account = taker.watch(json!({"channel": "account"})).await;
    assert_eq!(account["eventType"], "snapshot");
    assert_eq!(of(&account["data"][0]["details"], "USDT")["cashBal"], "1000000");
    let positions = taker.watch(json!({"channel": "positions", "instType": "ANY"})).await;
    assert_eq!((&positions["data"], &positions["lastPage"]), (&json!([]), &json!(true)));
    let both = taker.watch(json!({"channel": "balance_and_position"})).await;
    assert_eq!(both["data"][0]["eventType"], "snapshot");
    maker.place(&format!("{SWAP} sell limit 61000 5 m1")).await;
    taker.place(&format!("{SWAP} buy limit 61000 5 t1")).await;
    let both = taker
        .socket
        .until(|m| {
            m["arg"]["channel"] == "balance_and_position" && m["data"][0]["eventType"] == "filled"
        })
        .await["data"][0]
        .clone();
    assert_eq!(
        (&both["posData"][0]["pos"], &both["trades"][0]["instId"]),
        (&json!("5"), &json!(SWAP))
    );
    let update = |channel: &'static str| {
        move |m: &Value| m["arg"]["channel"] == channel && m["eventType"] == "event_update"
    };
    let position = taker.socket.until(update("positions")).await["data"][0].clone();
    assert_eq!((&position["pos"], &position["avgPx"]), (&json!("5"), &json!("61000")));
    // 5 contracts of 0.01 BTC at 61000: 3050 USDT, of which 0.05 % is the fee.
    let rest = asks(&exchange, &key(1), "/api/v5/account/positions").await["data"][0].clone();
    assert_eq!((&rest["pos"], &rest["posId"]), (&position["pos"], &position["posId"]));
    let balance = asks(&exchange, &key(1), "/api/v5/account/balance?ccy=USDT").await;
    let usdt = of(&balance["data"][0]["details"], "USDT").clone();
    assert_eq!(usdt["cashBal"], "999998.475");
    let fills = asks(&exchange, &key(1), "/api/v5/trade/fills?instType=SWAP").await;
    let fill = fills["data"][0].clone();
    assert_eq!((&fill["fee"], &fill["execType"]), (&json!("-1.525"), &json!("T")));
    assert_eq!((&fill["fillSz"], &fill["clOrdId"]), (&json!("5"), &json!("t1")));
    let older = format!("/api/v5/trade/fills?after={}", fill["billId"].as_str().unwrap());
    assert_eq!(asks(&exchange, &key(1), &older).await["data"], json!([]));
    // Closed: told once with nothing left, then not any more.
    maker.place(&format!("{SWAP} buy limit 60900 5 m2")).await;
    let body = json!({"instId": SWAP, "mgnMode": "cross"});
    let closed = posts(&exchange, &key(1), "/api/v5/trade/close-position", body).await;
    assert_eq!(closed["code"], "0", "{closed}");
    taker.socket.until(|m| update("positions")(m) && m["data"][0]["pos"] == "0").await;
    assert_eq!(asks(&exchange, &key(1), "/api/v5/account/positions").await["data"], json!([]));
    let bills = asks(&exchange, &key(1), "/api/v5/account/bills?type=2").await;
    assert_eq!(bills["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn reduce_only_orders_never_turn_a_position() {
    let exchange = Exchange::start(options());
    let mut maker = Party::enter(&exchange, &key(0)).await;
    let mut taker = Party::enter(&exchange, &key(1)).await;
    maker.place(&format!("{SWAP} sell limit 61000 3 m1")).await;
    taker.place(&format!("{SWAP} buy limit 61000 3 t1")).await;
    assert_eq!(taker.place(&format!("{SWAP} sell limit 61500 9 c1 reduceOnly=true")).await, "0");
    let push = taker.push("c1").await;
    assert_eq!((&push["sz"], &push["reduceOnly"]), (&json!("3"), &json!("true")));
    maker.place(&format!("{SWAP} buy limit 60900 2 m2")).await;
    taker.place(&format!("{SWAP} sell ioc 60900 2 c2 reduceOnly=true")).await;
    assert_eq!(taker.push("c1").await["sz"], "1", "cut to what is left of the position");
}

#[tokio::test]
async fn settings_are_kept_and_guarded() {
    let exchange = Exchange::start(options());
    let mut party = Party::enter(&exchange, &key(0)).await;
    let me = key(0);
    let lever = async |lever: &str| {
        let body = json!({"instId": SWAP, "lever": lever, "mgnMode": "cross"});
        posts(&exchange, &me, "/api/v5/account/set-leverage", body).await
    };
    assert_eq!(lever("3").await["data"][0]["lever"], "3");
    assert_eq!(lever("500").await["code"], "59102");
    let info = format!("/api/v5/account/leverage-info?instId={SWAP}&mgnMode=cross");
    assert_eq!(asks(&exchange, &me, &info).await["data"][0]["lever"], "3");
    let mode = async |mode: &str| {
        let path = "/api/v5/account/set-position-mode";
        posts(&exchange, &me, path, json!({"posMode": mode})).await["code"].clone()
    };
    assert_eq!(mode("long_short_mode").await, "0");
    let config = asks(&exchange, &me, "/api/v5/account/config").await;
    assert_eq!(config["data"][0]["posMode"], "long_short_mode");
    assert_eq!(party.place(&format!("{SWAP} buy limit 60000 1 h1")).await, "51000");
    assert_eq!(party.place(&format!("{SWAP} buy limit 60000 1 h1 posSide=long")).await, "0");
    assert_eq!(mode("net_mode").await, "59000", "an order is open");
    let fee = asks(&exchange, &me, "/api/v5/account/trade-fee?instType=SWAP").await;
    assert_eq!(fee["data"][0]["takerU"], "-0.0005");
    let path = "/api/v5/trade/cancel-all-after";
    let after = async |seconds: &str| {
        posts(&exchange, &me, path, json!({"timeOut": seconds, "tag": "mm"})).await
    };
    assert_eq!(after("9").await["code"], "51000");
    let set = after("10").await;
    let (at, now) = (&set["data"][0]["triggerTime"], &set["data"][0]["ts"]);
    let number = |value: &Value| value.as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(number(at), number(now) + 10_000);
}

/// Start, trades, fees, realised profit and funding make the balances, to the last digit.
fn check_ledger(ledger: &Value) {
    for row in ledger["balances"].as_array().unwrap() {
        let mut sum = units(&row["start"]);
        for trade in ledger["trades"].as_array().unwrap() {
            let sign = if trade["isBuyer"] == true { 1 } else { -1 };
            let spot = trade["product"] == "spot";
            if spot && row["asset"] == "BTC" {
                sum += sign * units(&trade["qty"]);
            }
            if spot && row["asset"] == "USDT" {
                sum -= sign * units(&trade["quoteQty"]);
            }
            if !spot && row["asset"] == "USDT" {
                sum += units(&trade["realised"]);
            }
            if trade["commissionAsset"] == row["asset"] {
                sum -= units(&trade["commission"]);
            }
        }
        if row["asset"] == "USDT" {
            let funding = ledger["funding"].as_array().unwrap().iter();
            sum += funding.map(|one| units(&one["amount"])).sum::<i64>();
        }
        assert_eq!(sum, units(&row["total"]), "{}", row["asset"]);
    }
}

#[tokio::test]
async fn a_session_on_both_products_adds_up() {
    let exchange = Exchange::start(busy());
    let mut party = Party::enter(&exchange, &key(0)).await;
    let page = format!("/sim/ledger?venue=okx&apiKey={}", key(0).api_key);
    let mut traded = Vec::new();
    for n in 0..6 {
        for (name, sz) in [(SPOT, "0.01"), (SWAP, "2")] {
            let side = if n % 3 == 2 { "sell" } else { "buy" };
            let market = format!("{name} {side} market - {sz} x{n}{} tgtCcy=base_ccy", sz.len());
            assert_eq!(party.place(&market).await, "0");
            traded.push((name, format!("x{n}{}", sz.len())));
        }
    }
    for (name, client) in &traded {
        let path = format!("/api/v5/trade/order?instId={name}&clOrdId={client}");
        assert_eq!(asks(&exchange, &key(0), &path).await["data"][0]["state"], "filled");
    }
    let ledger = get(&exchange, &page).await;
    assert!(ledger["trades"].as_array().unwrap().len() >= traded.len());
    check_ledger(&ledger);
    let position = &ledger["positions"][0];
    assert_eq!(position["contracts"], "4.00000000", "four times two bought, twice two sold");
    let balance = asks(&exchange, &key(0), "/api/v5/account/balance").await;
    let details = &balance["data"][0]["details"];
    for asset in ["BTC", "USDT"] {
        let told = units(&of(details, asset)["cashBal"]);
        assert_eq!(told, units(&of(&ledger["balances"], asset)["total"]), "{asset}");
    }
    let fills = asks(&exchange, &key(0), "/api/v5/trade/fills").await;
    let fees: i64 = fills["data"].as_array().unwrap().iter().map(|fill| units(&fill["fee"])).sum();
    let told = ledger["trades"].as_array().unwrap().iter();
    assert_eq!(-fees, told.map(|trade| units(&trade["commission"])).sum::<i64>());
}
