//! Stops that the venue keeps: given to it, shown as such, fired there, and booked as it says.

use crate::harness::{Folder, PATIENCE, Process, ctl, json, look, market_maker, peregrine, until};
use crate::report::CORES;
use serde_json::Value;

/// The venues with the markets of which they keep stops.
const MARKETS: [(&str, &str, &str); 5] = [
    ("binance-spot", "BTCUSDT", "symbol = \"BTCUSDT\""),
    ("binance-usdm", "BTCUSDT", "symbol = \"BTCUSDT\""),
    ("bybit", "BTCUSDT", "symbol = \"BTCUSDT\"\nmarket = \"linear\""),
    ("okx", "BTC-USDT", "symbol = \"BTC-USDT\""),
    ("okx", "BTC-USDT-SWAP", "symbol = \"BTC-USDT-SWAP\""),
];
const SECONDS: &str = "30";
/// So far from the price they wait, in millionths of it.
const AWAY: f64 = 300.0;

/// How many held orders are in this state.
fn states(seen: &Value, word: &str) -> usize {
    let orders = seen["orders"]["orders"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |order: &&Value| order["state"].as_str().is_some_and(|state| state.starts_with(word));
    orders.iter().filter(of).count()
}

/// A session in which a stop waits on either side of the price, and one far away is taken back.
fn session(place: usize) -> Value {
    let (venue, symbol, instrument) = MARKETS[place];
    let folder = Folder::new(&format!("stops-{place}"));
    // Quotes that seldom fill.
    let path = market_maker(&folder, venue, instrument, "20");
    let args = ["demo", "--json", "--wait", "park", "--scenario", "four", "--seed", "5"];
    let more = ["--seconds", SECONDS, "--config", path.to_str().unwrap()];
    let process = Process::start(peregrine(&[&args[..], &more].concat()));
    let seen = |what: &str, wanted: &dyn Fn(&Value) -> bool| {
        until(&format!("{venue} {symbol}: {what}"), || look(&folder).filter(|seen| wanted(seen)))
    };
    let mid = |seen: &Value| {
        let side = |word: &str| {
            let text = &seen["instruments"][0][word][0][0];
            text.as_str().and_then(|text| text.parse::<f64>().ok())
        };
        Some((side("bids")? + side("asks")?) / 2.0)
    };
    let open = seen("quotes", &|seen| states(seen, "open") >= 2 && mid(seen).is_some());
    let mid = mid(&open).unwrap();
    let hold = |number: &str, side: &str, price: f64| {
        let price = format!("{price:.0}");
        let what = ["hold", "--instrument", symbol, "--number", number, "--qty", "0.01"];
        ctl(&folder, &[&what[..], &["--side", side, "--stop", &price]].concat(), 0);
    };
    hold("7", "sell", mid * 0.9);
    seen("a stop at the venue", &|seen| states(seen, "at venue") == 1);
    ctl(&folder, &["release", "7"], 0);
    seen("none", &|seen| states(seen, "at venue") == 0);
    hold("8", "sell", mid * (1.0 - AWAY / 1e6));
    hold("9", "buy", mid * (1.0 + AWAY / 1e6));
    let ended = process.ended_within(PATIENCE * 2);
    assert_eq!(ended.code, Some(0), "{venue} {symbol}: {}{}", ended.err, ended.out);
    json(&ended.out)
}

#[test]
fn stops_wait_at_the_venues_that_keep_them() {
    let _some = CORES.read();
    std::thread::scope(|scope| {
        let sessions: Vec<_> =
            (0..MARKETS.len()).map(|place| scope.spawn(move || session(place))).collect();
        for (session, (venue, symbol, _)) in sessions.into_iter().zip(MARKETS) {
            let told = session.join().unwrap();
            let counters = &told["counters"];
            println!("{venue} {symbol}: {} at the venue", counters["held_at_venue"]);
            assert!(counters["held_at_venue"].as_u64() >= Some(2), "{venue} {symbol}: {told}");
            assert!(counters["held_fired"].as_u64() >= Some(1), "{venue} {symbol}: {told}");
            assert_eq!(told["ledger_match"], true, "{venue} {symbol}: {told}");
            assert_eq!(told["open_orders_at_end"], 0, "{venue} {symbol}: {told}");
            assert_eq!(told["halt"], "none", "{venue} {symbol}: {told}");
            assert_eq!(told["repairs"], serde_json::json!([]), "{venue} {symbol}: {told}");
        }
    });
}
