//! REST: the door, metadata and market data.

use crate::common::{self, Exchange, http_with, now_ms, sign};
use crate::rig::{bybit, get, key, rest};
use serde_json::{Value, json};

#[tokio::test]
async fn the_door_checks_key_signature_and_time() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let path = "/v5/account/wallet-balance";
    let query = "accountType=UNIFIED";
    let right = rest(at, &key(), "GET", path, query).await;
    assert_eq!(right.json["retCode"], 0, "{}", right.json);
    assert!(right.headers.contains("x-bapi-limit: 50"), "{}", right.headers);
    assert!(right.headers.contains("x-bapi-limit-status: 49"), "{}", right.headers);
    let check = async |name: &str, stamp: u64, secret: &str, code: i64| {
        let mut other = key();
        other.secret = Some(secret.to_string());
        let signature = sign(&other, &format!("{stamp}{name}5000{query}"));
        let headers = format!(
            "X-BAPI-API-KEY: {name}\r\nX-BAPI-TIMESTAMP: {stamp}\r\n\
             X-BAPI-RECV-WINDOW: 5000\r\nX-BAPI-SIGN: {signature}\r\n"
        );
        let answer = http_with(at, ("GET", &format!("{path}?{query}")), &headers, "").await;
        assert_eq!(answer.json["retCode"], code, "{}", answer.json);
    };
    let (name, secret) = (key().api_key, key().secret.unwrap());
    check(&name, now_ms(), &secret, 0).await;
    check(&name, now_ms() - 5_100, &secret, 10002).await;
    check(&name, now_ms() + 2_000, &secret, 10002).await;
    check(&name, now_ms(), "wrong", 10004).await;
    check("NOBODY", now_ms(), &secret, 10003).await;
    let keyless = http_with(at, ("GET", &format!("{path}?{query}")), "", "").await;
    assert_eq!(keyless.json["retCode"], 10003);
    let nothing = http_with(at, ("GET", "/v5/nothing"), "", "").await;
    assert_eq!(nothing.status, 404);
}

#[tokio::test]
async fn metadata_tells_the_real_grids() {
    let exchange = Exchange::start(bybit());
    let at = exchange.address;
    let path = "/v5/market/instruments-info";
    let all = get(at, path, "category=linear").await;
    let names: Vec<&Value> = all["list"].as_array().unwrap().iter().map(|r| &r["symbol"]).collect();
    assert_eq!(names, ["BTCUSDT", "ETHUSDT"]);
    let btc = &all["list"][0];
    assert_eq!(btc["priceFilter"]["tickSize"], "0.1");
    assert_eq!(btc["lotSizeFilter"]["qtyStep"], "0.001");
    assert_eq!(btc["fundingInterval"], 480);
    assert_eq!(btc["contractType"], "LinearPerpetual");
    let page = get(at, path, "category=linear&limit=1").await;
    assert_eq!(page["list"].as_array().unwrap().len(), 1);
    let rest =
        format!("category=linear&limit=1&cursor={}", page["nextPageCursor"].as_str().unwrap());
    let rest = get(at, path, &rest).await;
    assert_eq!(
        (&rest["list"][0]["symbol"], &rest["nextPageCursor"]),
        (&json!("ETHUSDT"), &json!(""))
    );
    let spot = get(at, path, "category=spot&symbol=BTCUSDT").await;
    assert_eq!(spot["list"][0]["lotSizeFilter"]["basePrecision"], "0.000001");
    assert_eq!(get(at, path, "category=inverse").await["list"], json!([]));
    let wrong = common::get(at, &format!("{path}?category=shares")).await;
    assert_eq!(wrong["retCode"], 10001);
    let fees = get(at, "/v5/account/fee-rate", "category=linear&symbol=BTCUSDT").await;
    assert_eq!(fees["list"][0]["takerFeeRate"], "0.00055");
    let time = get(at, "/v5/market/time", "").await;
    assert!(time["timeSecond"].as_str().unwrap().parse::<u64>().unwrap() > 1_700_000_000);
}
