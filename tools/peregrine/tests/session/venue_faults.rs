//! Every fault on every venue: one session each, in which all of it goes wrong in turn. The table
//! says what was counted; the ledgers agree after all of it, and what was mended is what was lost.

use crate::harness::{Folder, PATIENCE, Process, json, market_maker, peregrine};
use crate::report::CORES;
use serde_json::Value;

/// What trades where: the venue, and the instrument as the configuration has it.
const MARKETS: [(&str, &str); 6] = [
    ("binance-spot", "symbol = \"BTCUSDT\""),
    ("binance-usdm", "symbol = \"BTCUSDT\""),
    ("bybit", "symbol = \"BTCUSDT\"\nmarket = \"spot\""),
    ("bybit", "symbol = \"BTCUSDT\"\nmarket = \"linear\""),
    ("okx", "symbol = \"BTC-USDT\""),
    ("okx", "symbol = \"BTC-USDT-SWAP\""),
];

/// A fault, and the counters that must tell of it. The first ones wait until even a slow machine
/// trades.
const FAULTS: [(&str, &[&str]); 8] = [
    ("reject@8s", &["venue_rejects"]),
    ("429@9s:3s", &["gateway.limited"]),
    ("skip@13s", &["feed.gaps", "feed.resyncs"]),
    ("dup@14500ms", &["feed.old_diffs"]),
    ("malformed@15500ms", &["feed.decode_errors"]),
    ("timeout@16500ms", &["unknown_orders"]),
    ("drop@18s", &["feed.reconnects", "order_link_losses"]),
    ("checksum@22s", &["feed.checksum_errors"]),
];
/// Long enough for all of it and for what is repaired after.
const SECONDS: &str = "26";

/// Lost connections leave these open: they are found out about. Fills that are told late come in
/// another order than they happened.
const LOST: [&str; 5] = ["missed_fill", "order_ended", "order_absent", "order_found", "cost_basis"];

fn session(place: usize) -> Value {
    let (venue, instrument) = MARKETS[place];
    let folder = Folder::new(&format!("faults-{place}"));
    let faults = FAULTS.map(|(fault, _)| fault).join(",");
    // It quotes where it is filled.
    let path = market_maker(&folder, venue, instrument, "0.2");
    let args = ["demo", "--json", "--wait", "park", "--scenario", "four", "--fault", &faults];
    let more = ["--seed", "5", "--seconds", SECONDS, "--config", path.to_str().unwrap()];
    let process = Process::start(peregrine(&[&args[..], &more].concat()));
    let ended = process.ended_within(PATIENCE * 2);
    assert_eq!(ended.code, Some(0), "{venue} {instrument}: {}{}", ended.err, ended.out);
    json(&ended.out)
}

/// Bybit's limit is one of each kind of request: it is told by refusals, which name it, and by
/// what is left of it. Where orders move, what is refused may be a change, which is no reject.
fn told_by(venue: &str, counter: &'static str) -> &'static str {
    match (venue, counter) {
        ("bybit", "gateway.limited") => "gateway.refused",
        ("binance-spot", _) => counter,
        (_, "venue_rejects") => "gateway.refused",
        _ => counter,
    }
}

/// A number of the report, or the sum of a counter over all agents.
fn count(told: &Value, name: &str) -> u64 {
    if let Some(own) = told.get(name).and_then(Value::as_u64) {
        return own;
    }
    let counters = told["counters"].as_object().unwrap();
    let (agent, last) = name.split_once('.').unwrap_or(("", name));
    let of = |key: &str| key == name || (!agent.is_empty() && is_of(key, agent, last));
    let mut found = counters.iter().filter(|(key, _)| of(key)).peekable();
    assert!(found.peek().is_some(), "{name} in {told}");
    found.map(|(_, value)| value.as_u64().unwrap()).sum()
}

/// Whether a counter is that of an agent, of which there may be several: `feed.NAME.gaps`.
fn is_of(key: &str, agent: &str, last: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    parts.len() == 3 && parts[0] == agent && parts[2] == last
}

#[test]
fn every_fault_is_survived_on_every_venue() {
    let _some = CORES.read();
    let all: Vec<Value> = std::thread::scope(|scope| {
        let places = 0..MARKETS.len();
        let sessions: Vec<_> = places.map(|place| scope.spawn(move || session(place))).collect();
        sessions.into_iter().map(|session| session.join().unwrap()).collect()
    });
    let mut wrong = Vec::new();
    print!("{:<34}", "fault");
    MARKETS.iter().for_each(|(venue, _)| print!("{venue:>14}"));
    println!();
    for (fault, counters) in FAULTS {
        for counter in counters {
            print!("{:<34}", format!("{} {counter}", fault.split('@').next().unwrap()));
            for ((venue, instrument), told) in MARKETS.iter().zip(&all) {
                // Where the protocol has no checksum in use there is none to be wrong.
                let none = fault.starts_with("checksum");
                let found = count(told, told_by(venue, counter));
                print!("{found:>14}");
                if found == 0 && !none {
                    wrong.push(format!("{venue} {instrument}: {fault} left {counter} at 0"));
                }
            }
            println!();
        }
    }
    for ((venue, instrument), told) in MARKETS.iter().zip(&all) {
        let done = told["venues"][0]["faults"].as_array().unwrap();
        for (fault, _) in FAULTS {
            let name = fault.split('@').next().unwrap();
            let is_it = |one: &Value| one.as_str().unwrap().starts_with(name);
            assert!(done.iter().any(is_it), "{venue} {instrument}: {fault} was not done: {done:?}");
        }
        // Both are told by refusals there, one of the first and more of the second.
        let bybit = *venue == "bybit";
        assert!(!bybit || count(told, "gateway.refused") >= 2, "{venue} {instrument}: {told}");
        assert_eq!(told["ledger_match"], true, "{venue} {instrument}: {told}");
        assert_eq!(told["open_orders_at_end"], 0, "{venue} {instrument}: {told}");
        assert_eq!(told["halt"], "none", "{venue} {instrument}: {told}");
        assert!(told["fills"].as_u64() > Some(0), "{venue} {instrument}: {told}");
        for repair in told["repairs"].as_array().unwrap() {
            assert!(LOST.contains(&repair["kind"].as_str().unwrap()), "{venue}: {repair}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
