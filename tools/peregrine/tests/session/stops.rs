//! Stops that the venue keeps, alone, trailing and linked: given to it, shown as such, fired there,
//! and booked as it says.

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
/// Those that keep pairs, brackets and stops that trail by a share, too.
const LINKED: [usize; 3] = [0, 3, 4];
/// Those that keep stops that trail by a share, and no pairs.
const TRAILING: [usize; 1] = [1];
const SECONDS: &str = "30";
/// So far from the price they wait, in millionths of it.
const AWAY: f64 = 300.0;

/// How many held orders are in this state.
fn states(seen: &Value, word: &str) -> usize {
    let orders = seen["orders"]["orders"].as_array().map_or(&[][..], Vec::as_slice);
    let of = |order: &&Value| order["state"].as_str().is_some_and(|state| state.starts_with(word));
    orders.iter().filter(of).count()
}

/// An engine on a market, from when its quotes stand.
struct Session {
    market: (&'static str, &'static str),
    folder: Folder,
    process: Process,
    mid: f64,
}

impl Session {
    fn start(name: &str, place: usize) -> Self {
        let (venue, symbol, instrument) = MARKETS[place];
        let folder = Folder::new(&format!("{name}-{place}"));
        // Quotes that seldom fill.
        let path = market_maker(&folder, venue, instrument, "20");
        let args = ["demo", "--json", "--wait", "park", "--scenario", "four", "--seed", "5"];
        let more = ["--seconds", SECONDS, "--config", path.to_str().unwrap()];
        let process = Process::start(peregrine(&[&args[..], &more].concat()));
        let mid = |seen: &Value| {
            let side = |word: &str| {
                let text = &seen["instruments"][0][word][0][0];
                text.as_str().and_then(|text| text.parse::<f64>().ok())
            };
            Some((side("bids")? + side("asks")?) / 2.0)
        };
        let mut session = Self { market: (venue, symbol), folder, process, mid: 0.0 };
        let wanted = |seen: &Value| states(seen, "open") >= 2 && mid(seen).is_some();
        session.mid = mid(&session.seen("quotes", wanted)).unwrap();
        session
    }

    fn seen(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let what = format!("{} {}: {what}", self.market.0, self.market.1);
        until(&what, || look(&self.folder).filter(|seen| wanted(seen)))
    }

    /// Waits until so many held orders have this state.
    fn until(&self, state: &str, many: usize) {
        self.seen(&format!("{many} {state}"), |seen| states(seen, state) == many);
    }

    /// A price so many millionths from where the mid was.
    fn near(&self, ppm: f64) -> String {
        format!("{:.0}", self.mid * (1.0 + ppm / 1e6))
    }

    fn hold(&self, number: &str, side: &str, more: &[&str]) {
        let what = ["hold", "--instrument", self.market.1, "--number", number, "--qty", "0.01"];
        ctl(&self.folder, &[&what[..], &["--side", side], more].concat(), 0);
    }

    fn release(&self, number: &str) {
        ctl(&self.folder, &["release", number], 0);
    }

    /// What it says at its end, when that is a good one.
    fn ended(self) -> Value {
        let (venue, symbol) = self.market;
        let ended = self.process.ended_within(PATIENCE * 2);
        assert_eq!(ended.code, Some(0), "{venue} {symbol}: {}{}", ended.err, ended.out);
        let told = json(&ended.out);
        println!("{venue} {symbol}: {} at the venue", told["counters"]["held_at_venue"]);
        assert!(told["counters"]["held_fired"].as_u64() >= Some(1), "{venue} {symbol}: {told}");
        assert_eq!(told["ledger_match"], true, "{venue} {symbol}: {told}");
        assert_eq!(told["open_orders_at_end"], 0, "{venue} {symbol}: {told}");
        assert_eq!(told["halt"], "none", "{venue} {symbol}: {told}");
        assert_eq!(told["repairs"], serde_json::json!([]), "{venue} {symbol}: {told}");
        told
    }
}

fn held_at_venue(told: &Value) -> u64 {
    told["counters"]["held_at_venue"].as_u64().unwrap()
}

/// A session in which a stop waits on either side of the price, and one far away is taken back.
fn stops(place: usize) {
    let session = Session::start("stops", place);
    session.hold("7", "sell", &["--stop", &session.near(-100_000.0)]);
    session.until("at venue", 1);
    session.release("7");
    session.until("at venue", 0);
    session.hold("8", "sell", &["--stop", &session.near(-AWAY)]);
    session.hold("9", "buy", &["--stop", &session.near(AWAY)]);
    let told = session.ended();
    assert!(held_at_venue(&told) >= 2, "{told}");
}

/// A session with a pair of which one is fired, a bracket whose entry is filled, and a stop that
/// trails.
fn linked(place: usize) {
    let session = Session::start("linked", place);
    let far = [session.near(-100_000.0), session.near(100_000.0)];
    session.hold("10", "sell", &["--stop", &session.near(-AWAY), "--take-profit", &far[1]]);
    session.until("at venue", 0);
    let entry = ["--now", "--limit", &session.near(5_000.0)];
    let behind = ["--stop", &far[0], "--take-profit", &far[1]];
    session.hold("20", "buy", &[&entry[..], &behind].concat());
    session.until("fired entry", 0);
    session.release("21");
    session.release("22");
    session.hold("30", "sell", &["--trailing-share", "0.1%"]);
    session.until("at venue trailing-share", 1);
    session.until("at venue", 0);
    let told = session.ended();
    assert_eq!(held_at_venue(&told), 5, "{told}");
}

/// A session with a stop that trails.
fn trailing(place: usize) {
    let session = Session::start("trailing", place);
    session.hold("30", "sell", &["--trailing-share", "0.1%"]);
    session.until("at venue trailing-share", 1);
    session.until("at venue", 0);
    let told = session.ended();
    assert_eq!(held_at_venue(&told), 1, "{told}");
}

/// Runs them side by side.
fn at_once(places: impl Iterator<Item = usize>, run: fn(usize)) {
    std::thread::scope(|scope| {
        let all: Vec<_> = places.map(|place| scope.spawn(move || run(place))).collect();
        all.into_iter().for_each(|one| one.join().unwrap());
    });
}

#[test]
fn stops_wait_at_the_venues_that_keep_them() {
    let _some = CORES.read();
    at_once(0..MARKETS.len(), stops);
}

#[test]
fn linked_orders_wait_at_the_venues_that_keep_them() {
    let _some = CORES.read();
    at_once(LINKED.into_iter(), linked);
    at_once(TRAILING.into_iter(), trailing);
}
