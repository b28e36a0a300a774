//! OKX by script: orders are found and cancelled some at a time, the timer is renewed while the
//! engine lives, funding is asked for when the stream says that there was some.

use super::scripted::{Bench, Memory, NO_LIMITS, Say, Scripted, instrument, key};
use super::*;
use crate::okx::{self, Okx};

fn data(items: &str) -> String {
    format!(r#"{{"code":"0","msg":"","data":[{items}]}}"#)
}

/// The venue: its memory lists the open orders.
fn script(memory: &mut Memory, path: &str, text: &str) -> Vec<Say> {
    let back = |text: String| vec![Say::Back(text)];
    if path.starts_with("GET /api/v5/public/time") {
        return back(data(&format!(r#"{{"ts":"{}"}}"#, Wall.now().as_ms())));
    }
    if path.starts_with("GET /api/v5/trade/orders-pending") {
        let open = memory.list.iter().map(|id| {
            format!(
                r#"{{"instId":"BTC-USDT-SWAP","ordId":"{id}","clOrdId":"","px":"100","sz":"1",
                 "side":"buy","accFillSz":"0","state":"live"}}"#
            )
        });
        return back(data(&open.collect::<Vec<_>>().join(",")));
    }
    if path.starts_with("GET /api/v5/account/bills") && memory.orders > 0 {
        let at = Wall.now().as_ms();
        return back(data(&format!(
            r#"{{"billId":"77","ccy":"USDT","type":"8","instId":"BTC-USDT-SWAP","balChg":"-0.5",
                "ts":"{}"}}"#,
            at / 100_000 * 100_000
        )));
    }
    if path.starts_with("GET ") || path.starts_with("POST ") {
        return back(data(""));
    }
    if text == "ping" {
        return back("pong".to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    match value["op"].as_str().unwrap() {
        "login" => back(r#"{"event":"login","code":"0"}"#.to_owned()),
        "subscribe" => {
            let each = value["args"].as_array().unwrap().iter();
            each.map(|arg| Say::Back(format!(r#"{{"event":"subscribe","arg":{arg}}}"#))).collect()
        }
        op => {
            let ended: Vec<&str> = value["args"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|one| one["ordId"].as_str())
                .collect();
            memory.list.retain(|id| !ended.contains(&id.as_str()));
            let id = value["id"].as_str().unwrap();
            back(format!(r#"{{"id":"{id}","op":"{op}","code":"0","data":[{{"sCode":"0"}}]}}"#))
        }
    }
}

fn wire(venue: &Scripted) -> Okx {
    let config = okx::Config {
        ws_url: format!("{}/ws/v5/private", venue.ws),
        rest_url: venue.http.clone(),
        demo: true,
        order_window_ms: 1_000,
        margin: okx::Margin::Cross,
        self_trade_prevention: okx::SelfTrade::Default,
        switch_s: 30,
        codes: vec![(InstrumentId(0), 11)],
        limits: NO_LIMITS,
    };
    let (one, assets) = instrument("BTC-USDT-SWAP");
    Okx::new(config, key(), &[one], assets).unwrap()
}

#[test]
fn all_open_orders_are_found_and_cancelled_twenty_at_a_time() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    assert!(bench.has("position 0 at 0 snapshot"), "not named is flat: {:?}", bench.rows);
    venue.change(|memory| memory.list = (1..=45).map(|id| id.to_string()).collect());
    let all = Outgoing::Reduce(Reduce::CancelAll(InstrumentId(0)));
    bench.orders.as_mut().unwrap().push(all).unwrap();
    bench.until("cancelled", |bench| bench.gateway.counters().cancel_alls == 3);
    let mut left = usize::MAX;
    bench.until("none", |bench| {
        venue.change(|memory| left = memory.list.len());
        left == 0 && bench.gateway.is_idle()
    });
    let asked = venue.asked("/ws/v5/private {\"id\":");
    assert!(asked >= 4, "a subscription and three cancels, not one each: {asked}");
    assert!(asked < 10);
}

#[test]
fn the_timer_is_renewed_while_the_engine_lives_and_a_dead_one_leaves_nothing() {
    let venue = Scripted::start(script);
    let (heart, watch) = heartbeat(Nanos::from_s(3_600));
    let mut bench = Bench::new(wire(&venue), &venue, Some(watch));
    bench.ready();
    heart.beat(Wall.now());
    bench.until("renewed", |bench| bench.gateway.counters().switch_set >= 3);
    assert!(matches!(bench.gateway.switch(), SwitchState::Set(_)));
    venue.change(|memory| memory.list = (1..=30).map(|id| id.to_string()).collect());
    heart.panicked();
    bench.until("halted", |bench| bench.gateway.state() == GatewayState::Halted);
    venue.change(|memory| assert!(memory.list.is_empty()));
    let renewed = venue.asked("POST /api/v5/trade/cancel-all-after");
    let mut turns = 0;
    bench.until("many turns", |_| {
        turns += 1;
        turns > 1_000
    });
    assert_eq!(venue.asked("POST /api/v5/trade/cancel-all-after"), renewed);
    assert_eq!(bench.gateway.counters().halts_unconfirmed, 0);
}

#[test]
fn funding_is_asked_for_and_told_once() {
    let venue = Scripted::start(script);
    let mut bench = Bench::new(wire(&venue), &venue, None);
    bench.ready();
    venue.change(|memory| memory.orders = 1);
    let due = r#"{"arg":{"channel":"balance_and_position"},"data":[{"eventType":"funding_fee"}]}"#;
    venue.say("/ws", Some(due));
    bench.until("told", |bench| bench.has("funding -50000000 of 0 asked"));
    let asked = venue.asked("GET /api/v5/account/bills");
    venue.say("/ws", Some(due));
    bench.until("asked again", |bench| {
        venue.asked("GET /api/v5/account/bills") > asked && bench.gateway.is_idle()
    });
    assert_eq!((bench.count("funding"), bench.gateway.counters().payments), (1, 1));
}
