//! Two venues in one engine: each with its own exchange, feed, gateway and desk.

use crate::harness::{Exchange, Folder, ctl, demo_config, engine, json, until, until_seen};
use std::path::PathBuf;

/// The demo's configuration over two exchanges, a desk on each.
fn config(folder: &Folder, exchanges: [&Exchange; 2]) -> PathBuf {
    let mut venues = String::new();
    for (name, exchange) in ["one", "two"].into_iter().zip(exchanges) {
        let file = format!("{name}.json");
        let key = folder.file(&file, 0o600, &exchange.keys[1].to_string());
        let at = exchange.address;
        venues += &format!(
            "[venue.{name}]\nkind = \"binance-spot\"\npreset = \"local\"\naccount = \"{name}\"\n\
             stream_url = \"ws://{at}\"\nws_api_url = \"ws://{at}/ws-api/v3\"\n\
             rest_url = \"http://{at}\"\nkey_file = {key:?}\nrecv_window_ms = 1000\n\n"
        );
    }
    let old = "[venue.binance]\npreset = \"local\"\naccount = \"demo\"\nentry = \"ws\"\n";
    let one =
        "[[instrument]]\nsymbol = \"BTCUSDT\"\nmaker_fee_bps = \"10\"\ntaker_fee_bps = \"10\"\n";
    let each = |venue| one.replace("symbol", &format!("venue = \"{venue}\"\nsymbol"));
    let name = format!("name = {:?}", folder.engine());
    let text = demo_config(&[
        (old, &venues),
        (one, &(each("one") + "\n" + &each("two"))),
        ("wait = \"spin\"", "wait = \"park\""),
        ("name = \"demo\"", &name),
    ]);
    folder.file("engine.toml", 0o600, &text)
}

#[test]
fn two_venues_trade_side_by_side_and_one_outlives_the_other() {
    let folder = Folder::new("two-venues");
    let (one, mut two) = (Exchange::start(&["--seed", "21"]), Exchange::start(&["--seed", "22"]));
    let process = engine("run", &config(&folder, [&one, &two]), &[]);
    one.until_open(true);
    two.until_open(true);
    let seen = until_seen(&folder, "both links up", |seen| {
        let links = seen["links"].as_array().unwrap();
        links.len() == 4 && links.iter().all(|link| link["state"] == "up")
    });
    let names: Vec<_> =
        seen["links"].as_array().unwrap().iter().map(|link| link["name"].clone()).collect();
    assert_eq!(names, ["one", "two", "one-orders", "two-orders"]);
    two.kill();
    let filled = || one.ledger()["trades"].as_array().unwrap().len();
    let before = filled();
    until("fills at the venue that lives", || (filled() > before + 2).then_some(()));
    ctl(&folder, &["pause"], 0);
    one.until_open(false);
    drop(process);
    assert!(two.address.port() > 0);
}

#[test]
fn what_two_venues_say_is_booked_apart_and_agrees_with_both_ledgers() {
    let folder = Folder::new("two-ledgers");
    let exchanges = [Exchange::start(&["--seed", "23"]), Exchange::start(&["--seed", "24"])];
    let process = engine("run", &config(&folder, [&exchanges[0], &exchanges[1]]), &[]);
    for exchange in &exchanges {
        let filled = || exchange.ledger()["trades"].as_array().unwrap().len();
        until("fills at each venue", || (filled() > 1).then_some(()));
    }
    ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let told = json(&ended.out);
    assert_eq!((&told["halt"], &told["repairs"]), (&"none".into(), &serde_json::json!([])));
    for name in ["one", "two"] {
        let counters = &told["counters"];
        assert!(counters[format!("gateway.{name}.places")].as_u64() > Some(1), "{counters}");
        assert_eq!(counters[format!("feed.{name}.gaps")], 0, "{counters}");
    }
    let fills: usize =
        exchanges.iter().map(|one| one.ledger()["trades"].as_array().unwrap().len()).sum();
    assert_eq!(told["fills"].as_u64(), Some(fills as u64), "each fill is booked once");
    exchanges.iter().for_each(|exchange| assert_eq!(exchange.open(), 0));
}
