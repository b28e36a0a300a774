//! The private stream over a session of both products, and its books against the exchange's ledger.

use crate::common::{self, Client, Exchange};
use crate::rig::{bybit, get, item, key, limit, order, other_key, post, post_as, private, with};
use exchange::{Options, WorldText};
use serde_json::{Value, json};

fn decimal(value: &Value) -> i128 {
    let text = value.as_str().unwrap();
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<8}");
    let units = whole.parse::<i128>().unwrap() * 100_000_000 + part.parse::<i128>().unwrap();
    sign * units
}

#[tokio::test]
async fn a_position_is_opened_reduced_and_told() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let topics = ["order", "execution", "execution.fast", "position", "wallet"];
    let mut mine = private(&exchange, &key(), &topics).await;
    let create = "/v5/order/create";
    assert_eq!(post(at, create, limit("Sell", "61900.0", "0.100", "quote")).await.0, 0);
    order(&mut mine, "New").await;
    let taker = with(limit("Buy", "61900.0", "0.040", "t"), json!({"timeInForce": "IOC"}));
    assert_eq!(post_as(at, &other_key(), create, taker).await.0, 0);
    let fill = item(&mut mine, "execution").await;
    assert_eq!((&fill["isMaker"], &fill["execQty"]), (&json!(true), &json!("0.040")));
    assert_eq!((&fill["feeRate"], &fill["execFee"]), (&json!("0.0002"), &json!("0.4952")));
    let fast = item(&mut mine, "execution.fast").await;
    assert_eq!((&fast["execId"], &fast["orderLinkId"]), (&fill["execId"], &json!("")));
    let part = order(&mut mine, "PartiallyFilled").await;
    assert_eq!((&part["leavesQty"], &part["avgPrice"]), (&json!("0.060"), &json!("61900.0")));
    let held = |m: &Value| m["topic"] == "position" && m["data"][0]["size"] == "0.040";
    let held = mine.until(held).await["data"][0].clone();
    assert_eq!((&held["side"], &held["entryPrice"]), (&json!("Sell"), &json!("61900.0")));
    let reduce = with(limit("Buy", "61000.0", "1.000", "r"), json!({"reduceOnly": true}));
    assert_eq!(post(at, create, reduce).await.0, 0);
    let open = get(at, "/v5/order/realtime", "category=linear&orderLinkId=r").await;
    assert_eq!(open["list"][0]["qty"], "0.040", "cut to the position");
    let rest = get(at, "/v5/position/list", "category=linear&settleCoin=USDT").await;
    assert_eq!(rest["list"][0]["size"], "0.040");
}

#[tokio::test]
async fn hedge_mode_and_leverage_are_chosen() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let mode = "/v5/position/switch-mode";
    let wish = |mode: u8| json!({"category": "linear", "coin": "USDT", "mode": mode});
    assert_eq!(post(at, mode, wish(0)).await.0, 110025);
    assert_eq!(post(at, mode, wish(3)).await.0, 0);
    let create = "/v5/order/create";
    assert_eq!(post(at, create, limit("Buy", "60000.0", "0.010", "")).await.0, 10001);
    let long = with(limit("Buy", "60000.0", "0.010", "l"), json!({"positionIdx": 1}));
    assert_eq!(post(at, create, long).await.0, 0);
    assert_eq!(post(at, mode, wish(0)).await.0, 110028, "an order is open");
    let both = get(at, "/v5/position/list", "category=linear&symbol=BTCUSDT").await;
    let indices: Vec<&Value> =
        both["list"].as_array().unwrap().iter().map(|one| &one["positionIdx"]).collect();
    assert_eq!(indices, [1, 2]);
    let leverage = "/v5/position/set-leverage";
    let wish = |text: &str| {
        json!({"category": "linear", "symbol": "BTCUSDT", "buyLeverage": text,
            "sellLeverage": text})
    };
    assert_eq!(post(at, leverage, wish("5")).await.0, 0);
    assert_eq!(post(at, leverage, wish("5")).await.0, 110043);
    assert_eq!(post(at, leverage, wish("500")).await.0, 110013);
}

/// Funding each second instead of each eight hours.
fn hasty() -> Options {
    let mut options = bybit();
    let mut world: WorldText = options.world.take().unwrap();
    for venue in world.venue.values_mut() {
        for listing in venue.listing.values_mut() {
            listing.funding_s = 1.0;
        }
    }
    Options { world: Some(world), market: true, ..options }
}

async fn fills(client: &mut Client, count: usize) -> Vec<Value> {
    let mut out = Vec::new();
    while out.len() < count {
        let message = client.until(|message| message["topic"] == "execution").await;
        out.extend(message["data"].as_array().unwrap().iter().cloned());
    }
    out
}

#[tokio::test]
async fn a_session_of_both_products_adds_up() {
    let exchange = Exchange::start(hasty());
    let at = exchange.address;
    let mut mine = private(&exchange, &key(), &["execution"]).await;
    let market = |category: &str, side: &str, qty: &str| {
        json!({"category": category, "symbol": "BTCUSDT", "side": side, "orderType": "Market",
            "qty": qty, "marketUnit": "baseCoin"})
    };
    let create = "/v5/order/create";
    for (category, side, qty) in
        [("linear", "Sell", "0.300"), ("spot", "Buy", "0.3"), ("linear", "Buy", "0.100")]
    {
        // Until the generated market has quotes, such orders find nobody or have no price.
        while post(at, create, market(category, side, qty)).await.0 != 0 {}
    }
    // Funding is told as an execution of its own.
    let funding = |m: &Value| m["topic"] == "execution" && m["data"][0]["execType"] == "Funding";
    let paid = mine.until(funding).await["data"][0].clone();
    assert_eq!(paid["orderType"], "UNKNOWN");
    let told = fills(&mut mine, 3).await;
    assert!(told.iter().all(|one| one["execType"] == "Trade" || one["execType"] == "Funding"));
    let path = format!("/sim/ledger?apiKey={}", key().api_key);
    let ledger = common::get(at, &path).await;
    let mut wallet = std::collections::BTreeMap::<String, i128>::new();
    for balance in ledger["balances"].as_array().unwrap() {
        wallet.insert(balance["asset"].as_str().unwrap().into(), decimal(&balance["start"]));
    }
    for one in ledger["trades"].as_array().unwrap() {
        let sign = if one["isBuyer"] == true { 1 } else { -1 };
        let fee = one["commissionAsset"].as_str().unwrap().to_string();
        *wallet.entry(fee).or_default() -= decimal(&one["commission"]);
        if one["product"] == "spot" {
            *wallet.entry("BTC".into()).or_default() += sign * decimal(&one["qty"]);
            *wallet.entry("USDT".into()).or_default() -= sign * decimal(&one["quoteQty"]);
        } else {
            *wallet.entry("USDT".into()).or_default() += decimal(&one["realised"]);
        }
    }
    for one in ledger["funding"].as_array().unwrap() {
        *wallet.entry("USDT".into()).or_default() += decimal(&one["amount"]);
    }
    for balance in ledger["balances"].as_array().unwrap() {
        let asset = balance["asset"].as_str().unwrap();
        assert_eq!(wallet[asset], decimal(&balance["total"]), "{asset}: {ledger}");
    }
    let listed = get(at, "/v5/execution/list", "category=linear&execType=Trade&limit=100").await;
    let trades = ledger["trades"].as_array().unwrap();
    let linear = trades.iter().filter(|one| one["product"] == "perp").count();
    assert_eq!(listed["list"].as_array().unwrap().len(), linear);
    let mut paged = 0;
    let mut cursor = String::new();
    loop {
        let query = format!("category=linear&execType=Trade&limit=1&cursor={cursor}");
        let page = get(at, "/v5/execution/list", &query).await;
        paged += page["list"].as_array().unwrap().len();
        cursor = page["nextPageCursor"].as_str().unwrap().to_string();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(paged, linear);
}
