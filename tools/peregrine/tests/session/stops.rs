//! Stops that the venue keeps: given to it, shown as such, fired there, and booked as it says.

use crate::harness::{Folder, PATIENCE, Process, ctl, json, look, market_maker, peregrine, until};
use crate::report::CORES;
use serde_json::Value;

/// The venues with the markets of which they keep stops.
const MARKETS: [(&str, &str, &str); 6] = [
    ("binance-spot", "BTCUSDT", "symbol = \"BTCUSDT\""),
    ("binance-usdm", "BTCUSDT", "symbol = \"BTCUSDT\""),
    ("bybit", "BTCUSDT", "symbol = \"BTCUSDT\"\nmarket = \"linear\""),
    ("okx", "BTC-USDT", "symbol = \"BTC-USDT\""),
    ("okx", "BTC-USDT-SWAP", "symbol = \"BTC-USDT-SWAP\""),
    ("bybit", "BTCUSDT", "symbol = \"BTCUSDT\"\nmarket = \"spot\""),
];
/// Those that keep pairs, and stops that trail by a distance, too.
const LINKED: [usize; 2] = [3, 4];
const SECONDS: &str = "30";
/// So far from the price they wait, in millionths of it.
const AWAY: f64 = 300.0;

/// How many held orders are in this state.
fn states(seen: &Value, word: &str) -> usize {
    let orders = seen["orders"]["orders"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |order: &&Value| order["state"].as_str().is_some_and(|state| state.starts_with(word));
    orders.iter().filter(of).count()
}

/// A session of this name, in which orders are held.
fn session(place: usize, name: &str, script: fn(&Market<'_>)) -> Value {
    let (venue, symbol, instrument) = MARKETS[place];
    let folder = Folder::new(&format!("{name}-{place}"));
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
    script(&Market { symbol, mid: mid(&open).unwrap(), folder: &folder, seen: &seen });
    let ended = process.ended_within(PATIENCE * 2);
    assert_eq!(ended.code, Some(0), "{venue} {symbol}: {}{}", ended.err, ended.out);
    json(&ended.out)
}

/// Waits until something is so.
type Seen<'a> = dyn Fn(&str, &dyn Fn(&Value) -> bool) -> Value + 'a;

/// Where a script holds orders, and where the price was when it began.
struct Market<'a> {
    symbol: &'a str,
    mid: f64,
    folder: &'a Folder,
    seen: &'a Seen<'a>,
}

impl Market<'_> {
    /// A price so many millionths from where the mid was.
    fn near(&self, ppm: f64) -> String {
        format!("{:.0}", self.mid * (1.0 + ppm / 1e6))
    }

    fn hold(&self, number: &str, side: &str, more: &[&str]) {
        let what = ["hold", "--instrument", self.symbol, "--number", number, "--qty", "0.01"];
        ctl(self.folder, &[&what[..], &["--side", side], more].concat(), 0);
    }

    fn until_at_venue(&self, many: usize) {
        let what = format!("{many} at the venue");
        (self.seen)(&what, &|seen| states(seen, "at venue") == many);
    }
}

/// A stop waits on either side of the price, and one far away is taken back.
fn stops(market: &Market<'_>) {
    market.hold("7", "sell", &["--stop", &market.near(-100_000.0)]);
    market.until_at_venue(1);
    ctl(market.folder, &["release", "7"], 0);
    market.until_at_venue(0);
    market.hold("8", "sell", &["--stop", &market.near(-AWAY)]);
    market.hold("9", "buy", &["--stop", &market.near(AWAY)]);
}

/// A pair around the price, of which one fires and the other is gone, and a stop that trails.
fn linked(market: &Market<'_>) {
    let [low, high] = [-AWAY, AWAY].map(|ppm| market.near(ppm));
    market.hold("10", "sell", &["--take-profit", &high, "--group", "1"]);
    market.hold("11", "sell", &["--stop", &low, "--group", "1"]);
    market.until_at_venue(2);
    market.until_at_venue(0);
    let back = format!("{:.0}", market.mid * AWAY / 1e6);
    market.hold("12", "sell", &["--trailing", &back]);
    market.until_at_venue(1);
    market.until_at_venue(0);
}

/// Runs a script on these markets side by side; each is told to have given so many to the venue.
fn check(places: &[usize], (name, script): (&str, fn(&Market<'_>)), least: u64) {
    let _some = CORES.read();
    std::thread::scope(|scope| {
        let run = |place: usize| move || session(place, name, script);
        let all: Vec<_> = places.iter().map(|place| scope.spawn(run(*place))).collect();
        for (session, place) in all.into_iter().zip(places) {
            let (venue, symbol, _) = MARKETS[*place];
            let told = session.join().unwrap();
            let counters = &told["counters"];
            println!("{venue} {symbol}: {} at the venue", counters["held_at_venue"]);
            assert!(counters["held_at_venue"].as_u64() >= Some(least), "{venue} {symbol}: {told}");
            assert!(counters["held_fired"].as_u64() >= Some(1), "{venue} {symbol}: {told}");
            assert_eq!(told["ledger_match"], true, "{venue} {symbol}: {told}");
            assert_eq!(told["open_orders_at_end"], 0, "{venue} {symbol}: {told}");
            assert_eq!(told["halt"], "none", "{venue} {symbol}: {told}");
            assert_eq!(told["repairs"], serde_json::json!([]), "{venue} {symbol}: {told}");
        }
    });
}

#[test]
fn stops_wait_at_the_venues_that_keep_them() {
    check(&std::array::from_fn::<usize, { MARKETS.len() }, _>(|place| place), ("stops", stops), 2);
}

#[test]
fn linked_orders_wait_at_the_venues_that_keep_them() {
    check(&LINKED, ("linked", linked), 3);
}
