//! An operator at work: what `ctl`, `monitor` and signals do to a running engine.

use crate::harness::{
    Exchange, Folder, config, ctl, engine, json, run, unheard_engine, until, until_seen,
    until_state,
};
use rustix::process::Signal;
use serde_json::Value;

/// What the exchange has booked since the start, valued at the last price.
fn held(exchange: &Exchange) -> f64 {
    let ledger = exchange.ledger();
    let list = ledger["balances"].as_array().unwrap();
    let btc = list.iter().find(|balance| balance["asset"] == "BTC").unwrap();
    let number = |value: &Value| -> f64 { value.as_str().unwrap().parse().unwrap() };
    let ticker = exchange.get("/api/v3/ticker/price?symbol=BTCUSDT");
    (number(&btc["total"]) - number(&btc["start"])) * number(&ticker["price"])
}

fn panels_are_whole(seen: &Value) {
    assert_eq!((&seen["pulse"], &seen["alive"]), (&"beating".into(), &true.into()), "{seen}");
    assert_eq!(seen["session"]["mode"], "testnet");
    assert_eq!(seen["session"]["account"], "demo");
    assert_eq!(seen["session"]["wait"], "park");
    let links = seen["links"].as_array().unwrap();
    assert_eq!((&links[0]["name"], &links[0]["state"]), (&"market".into(), &"up".into()));
    assert_eq!((&links[1]["name"], &links[1]["state"]), (&"orders".into(), &"up".into()));
    let instrument = &seen["instruments"][0];
    assert_eq!((&instrument["symbol"], &instrument["book"]), (&"BTCUSDT".into(), &"live".into()));
    assert!(instrument["bids"].as_array().unwrap().len() > 4, "{instrument}");
    assert!(seen["orders"]["open"].as_u64() > Some(0), "{}", seen["orders"]);
    assert!(seen["balances"]["USDT"]["free"].is_string(), "{}", seen["balances"]);
    assert_eq!(seen["risk"]["killed"], false);
    assert!(seen["risk"]["limits"].as_array().unwrap().len() >= 4, "{}", seen["risk"]);
    assert!(seen["counters"]["market_events"].as_u64() > Some(0), "{}", seen["counters"]);
    assert!(!seen["gauges"].as_array().unwrap().is_empty());
    assert!(seen["latency_ns"]["tick_to_order"]["count"].as_u64() > Some(0));
}

#[test]
fn an_operator_steers_a_running_engine() {
    let (folder, exchange) = (Folder::new("operate"), Exchange::start(&["--seed", "2"]));
    let process = engine("run", &config(&folder, &exchange, &[]), &[]);
    let seen = until_seen(&folder, "quotes, fills and latencies", |seen| {
        let instrument = &seen["instruments"][0];
        let fills = [&instrument["bid_fills"], &instrument["ask_fills"]];
        seen["session"]["state"] == "quoting"
            && seen["orders"]["open"].as_u64() > Some(1)
            && fills.iter().any(|fills| fills.as_u64() > Some(0))
            && seen["latency_ns"]["tick_to_order"]["count"].as_u64() > Some(0)
    });
    panels_are_whole(&seen);

    let second = engine("run", &folder.path.join("engine.toml"), &[]).ended();
    assert_eq!(second.code, Some(1), "{}", second.err);
    let holder = format!("process {} trades on this account already", process.id());
    assert!(second.err.contains(&holder), "{}", second.err);

    ctl(&folder, &["pause"], 0);
    exchange.until_open(false);
    until_state(&folder, "paused");
    ctl(&folder, &["resume"], 0);
    exchange.until_open(true);

    ctl(&folder, &["set", "gamma=0.02"], 0);
    let refused = ctl(&folder, &["set", "gama=0.02"], 1);
    assert!(refused.err.contains("unknown key"), "{}", refused.err);
    let refused = ctl(&folder, &["set", "gamma=-1"], 1);
    assert!(refused.err.contains("bad value"), "{}", refused.err);
    ctl(&folder, &["set", "horizon=rolling"], 0);

    ctl(&folder, &["cancel-all"], 0);
    exchange.until_open(false);
    ctl(&folder, &["resume"], 0);
    exchange.until_open(true);

    // What is worth less than the exchange's least order stays: nobody may sell it.
    ctl(&folder, &["flatten"], 0);
    let least = 5.0;
    until("a flat position", || (held(&exchange).abs() < least).then_some(()));
    exchange.until_open(false);

    ctl(&folder, &["resume"], 0);
    exchange.until_open(true);
    ctl(&folder, &["kill"], 0);
    exchange.until_open(false);
    let seen = until_state(&folder, "halted");
    assert_eq!(seen["session"]["halt_reason"], "kill switch");
    assert_eq!(seen["risk"]["killed"], true);
    let orders = exchange.get("/sim/report")["wire"]["orders"].clone();
    let refused = ctl(&folder, &["resume"], 1);
    assert!(refused.err.contains("not now"), "{}", refused.err);
    until_seen(&folder, "a turn after the kill", |later| {
        later["session"]["at_ns"].as_u64()
            > seen["session"]["at_ns"].as_u64().map(|at| at + 300_000_000)
    });
    assert_eq!(exchange.get("/sim/report")["wire"]["orders"], orders, "killed is killed");

    ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(exchange.open(), 0);
    let told = json(&ended.out);
    assert_eq!((&told["open_orders_at_end"], &told["halt"]), (&0.into(), &"kill switch".into()));
    assert_eq!(run(&["monitor", "--once", "--name", folder.engine()]).code, Some(3));
}

#[test]
fn signals_end_a_session_in_order() {
    let exchange = Exchange::start(&["--seed", "3"]);
    let signals = [(Signal::INT, "inline"), (Signal::TERM, "pipelined"), (Signal::HUP, "inline")];
    for (place, (signal, layout)) in signals.into_iter().enumerate() {
        let folder = Folder::new(&format!("signal-{place}"));
        let layout = format!("layout = {layout:?}");
        let config = config(&folder, &exchange, &[("layout = \"auto\"", &layout)]);
        let process = engine("run", &config, &[]);
        exchange.until_open(true);
        process.signal(signal);
        let ended = process.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(exchange.open(), 0);
        let told = json(&ended.out);
        assert_eq!((&told["open_orders_at_end"], &told["fault"]), (&0.into(), &Value::Null));
        assert_eq!(told["repairs"], serde_json::json!([]));
    }
}

/// A log line that nobody reads must not end the process: orders would be left alone.
#[test]
fn a_standard_error_without_a_reader_ends_nothing() {
    let exchange = Exchange::start(&["--seed", "3", "--fault", "drop@2s"]);
    let folder = Folder::new("unheard");
    let config = config(&folder, &exchange, &[]);
    let process = unheard_engine(&config);
    until_seen(&folder, "a link lost and found again", |seen| {
        let links = seen["links"].as_array().map_or(0, |links| {
            links.iter().filter(|link| link["reconnects"].as_u64() > Some(0)).count()
        });
        links == 2
    });
    exchange.until_open(true);
    process.signal(Signal::TERM);
    assert_eq!(process.ended().code, Some(0));
    assert_eq!(exchange.open(), 0);
}
