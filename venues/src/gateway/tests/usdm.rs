//! Binance USDⓈ-M by script: the listen key and its end, cancel-all and countdown over REST.

use super::scripted::{Bench, Memory, NO_LIMITS, Say, Scripted, instrument, key, unnamed};
use super::*;
use crate::binance_usdm::{self, BinanceUsdm};

/// The venue: its memory counts listen keys.
fn script(memory: &mut Memory, path: &str, text: &str) -> Vec<Say> {
    let back = |text: String| vec![Say::Back(text)];
    if path.starts_with("GET /fapi/v1/time") {
        return back(format!(r#"{{"serverTime":{}}}"#, Wall.now().as_ms()));
    }
    if path.starts_with("POST /fapi/v1/listenKey") {
        return back(format!(r#"{{"listenKey":"key{}"}}"#, memory.orders));
    }
    if path.starts_with("GET /fapi/v3/balance") {
        return back(r#"[{"asset":"USDT","balance":"1000"}]"#.to_owned());
    }
    if path.starts_with("GET ") {
        return back("[]".to_owned());
    }
    if path.starts_with("DELETE ") || path.starts_with("POST ") {
        return back(r#"{"code":200,"msg":"done"}"#.to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let id = value["id"].as_str().unwrap();
    back(format!(
        r#"{{"id":"{id}","status":400,"error":{{"code":-2011,"msg":"Unknown order sent."}}}}"#
    ))
}

fn wire(venue: &Scripted) -> BinanceUsdm {
    let config = binance_usdm::Config {
        ws_api_url: format!("{}/ws-fapi/v1", venue.ws),
        stream_url: format!("{}/private", venue.ws),
        rest_url: venue.http.clone(),
        recv_window_ms: 2_000,
        self_trade_prevention: binance_usdm::SelfTrade::ExpireTaker,
        switch_ms: 10_000,
        limits: NO_LIMITS,
    };
    let (one, assets) = instrument("BTCUSDT");
    BinanceUsdm::new(config, key(), &[one], assets)
}

#[test]
fn a_key_that_expires_is_followed_by_another() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    assert!(bench.has("balance of 1 100000000000 of venue 3 snapshot"));
    venue.change(|memory| memory.orders = 1);
    let expired = r#"{"e":"listenKeyExpired","E":1,"listenKey":"key0"}"#;
    venue.say("/private/ws/key0", Some(expired));
    bench.until("again", |bench| bench.count("reconcile done") == 2);
    // The stream of the new key is the one that is heard.
    let update = r#"{"e":"ACCOUNT_UPDATE","E":1,"T":1,"a":{"m":"ORDER","B":[],
        "P":[{"s":"BTCUSDT","pa":"0.020","ep":"100.5","ps":"BOTH"}]}}"#;
    venue.say("/private/ws/key1", Some(update));
    bench.until("position", |bench| bench.has("position 20 at 10050000000"));
}

#[test]
fn a_dead_engine_is_cancelled_over_rest() {
    let venue = Scripted::start(script);
    let (heart, watch) = heartbeat(Nanos::from_s(3_600));
    let mut bench = Bench::new(wire(&venue), &venue, Some(watch));
    bench.ready();
    heart.beat(Wall.now());
    bench.until("counting", |bench| bench.gateway.counters().switch_set >= 2);
    bench.send(Ask::Cancel(unnamed(7)));
    bench.until("refused", |bench| bench.has("refused #7 Cancel UnknownOrder"));
    heart.panicked();
    bench.until("halted", |bench| bench.gateway.state() == GatewayState::Halted);
    assert_eq!(venue.asked("DELETE /fapi/v1/allOpenOrders"), 1);
    assert!(venue.asked("GET /fapi/v1/openOrders") >= 2, "once at the start, once to be sure");
}
