//! Held orders from the command line: they wait in the engine, fire, and trade at the exchange.

use crate::harness::{Exchange, Folder, config, ctl, engine, json, run, until, until_seen};
use serde_json::Value;

fn held(seen: &Value) -> Vec<String> {
    let orders = seen["orders"]["orders"].as_array().cloned().unwrap_or_default();
    let states = orders.iter().map(|order| order["state"].as_str().unwrap_or("").to_owned());
    states.filter(|state| state.starts_with("held") || state.starts_with("fired")).collect()
}

#[test]
fn a_stop_is_held_shown_released_and_fires() {
    let (folder, exchange) = (Folder::new("hold"), Exchange::start(&["--seed", "31"]));
    let process = engine("run", &config(&folder, &exchange, &[]), &[]);
    exchange.until_open(true);
    ctl(&folder, &["pause"], 0);
    exchange.until_open(false);
    let stop = ["hold", "--instrument", "BTCUSDT", "--side", "sell", "--qty", "0.01"];
    let with = |more: &[&'static str]| [&stop[..], more].concat();
    ctl(&folder, &with(&["--stop", "0.01", "--number", "7"]), 0);
    until_seen(&folder, "a held stop", |seen| held(seen) == ["held stop"]);
    ctl(&folder, &["release", "7"], 0);
    until_seen(&folder, "no held stop", |seen| held(seen).is_empty());
    // Any price is below this one: it fires with the next trade, though quotes are paused.
    let sold = || {
        let ledger = exchange.ledger();
        let trades = ledger["trades"].as_array().unwrap().clone();
        let taken = trades.iter().filter(|trade| trade["isMaker"] == false);
        taken.map(|trade| trade["qty"].as_str().unwrap().parse::<f64>().unwrap()).sum::<f64>()
    };
    let before = sold();
    ctl(&folder, &with(&["--stop", "900000", "--number", "8"]), 0);
    until("the stop's fill", || (sold() > before + 0.0099).then_some(()));
    until_seen(&folder, "nothing held", |seen| held(seen).is_empty());
    let name = folder.engine().to_owned();
    let off = run(&[&["ctl", "--name", &name][..], &with(&["--stop", "0.001"])].concat());
    assert_eq!(off.code, Some(2), "{}", off.err);
    assert!(off.err.contains("--stop 0.001: a number above 0 in steps of 0.01"), "{}", off.err);
    // One that comes after none that is held would never be armed: that is said.
    let orphan = ["--stop", "0.01", "--after", "77"];
    let orphan = run(&[&["ctl", "--name", &name][..], &with(&orphan)].concat());
    assert_eq!(orphan.code, Some(1), "{}{}", orphan.out, orphan.err);
    assert!(orphan.err.contains("the engine did not take it"), "{}", orphan.err);
    let none = ["ctl", "--name", &name, "hold", "--instrument", "ETHBTC", "--side", "buy"];
    let none = run(&[&none[..], &["--qty", "1", "--now"]].concat());
    assert!(none.err.contains("no instrument is called ETHBTC"), "{}", none.err);
    ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(json(&ended.out)["counters"]["held_fired"], 1, "{}", ended.out);
}
