//! Ways to the venue: the order link alone is lost and comes back, and REST in its place. Also the
//! log of latencies that a session leaves.

use crate::harness::{Exchange, Folder, config, ctl, engine, json, until_seen};
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Passes bytes on, until it is told to cut what it holds.
struct Relay {
    address: SocketAddr,
    held: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let held = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&held);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let far = TcpStream::connect(target).unwrap();
                let ends = [near.try_clone().unwrap(), far.try_clone().unwrap()];
                all.lock().unwrap().extend(ends);
                for (from, to) in
                    [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)]
                {
                    std::thread::spawn(move || pass(from, to));
                }
            }
        });
        Self { address, held }
    }

    /// Cuts every connection; new ones are passed on again.
    fn cut(&self) {
        for stream in self.held.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut part) {
        if to.write_all(&part[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn the_order_link_alone_is_lost_and_comes_back() {
    let (folder, exchange) = (Folder::new("relay"), Exchange::start(&["--seed", "9"]));
    let relay = Relay::to(exchange.address);
    let api = format!("ws_api_url = \"ws://{}/ws-api/v3\"", exchange.address);
    let to = format!("ws_api_url = \"ws://{}/ws-api/v3\"", relay.address);
    let log = folder.path.join("latency.hlog");
    let section = format!("[latency]\nlog = {log:?}\nlog_every_s = 1\n\n[reconcile]");
    let changes = [(api.as_str(), to.as_str()), ("[reconcile]", &section)];
    let process = engine("run", &config(&folder, &exchange, &changes), &[]);
    let quoting = |seen: &serde_json::Value| seen["orders"]["open"].as_u64() > Some(1);
    until_seen(&folder, "quotes", quoting);
    relay.cut();
    let seen = until_seen(&folder, "quotes after the loss", |seen| {
        seen["links"][1]["reconnects"] == 1 && seen["links"][1]["state"] == "up" && quoting(seen)
    });
    assert_eq!(seen["links"][0]["reconnects"], 0, "the market link stays");
    ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.contains("orders link: "), "{}", ended.err);
    assert_eq!(exchange.open(), 0);
    let told = json(&ended.out);
    let counters = &told["counters"];
    assert_eq!(
        (&counters["order_link_losses"], &counters["market_link_losses"]),
        (&1.into(), &0.into())
    );
    let ledger = exchange.ledger();
    assert_eq!(told["fills"], ledger["trades"].as_array().unwrap().len(), "{told}");
    latencies_are_logged(&std::fs::read(log).unwrap(), &told["latency_ns"]);
}

/// The log has an interval each second, and holds all that the summary counts.
fn latencies_are_logged(log: &[u8], told: &serde_json::Value) {
    let logged = histograms(log);
    for (stage, latency) in told.as_object().unwrap() {
        let count = logged.get(stage).copied().unwrap_or(0);
        assert_eq!(latency["count"], count, "{stage} of {logged:?}");
    }
    assert!(logged["tick_to_order"] > 0, "{logged:?}");
}

#[test]
fn every_entry_trades_with_every_kind_of_key() {
    let exchange = Exchange::start(&["--seed", "10", "--orders-10s", "500"]);
    for (entry, key) in [("ws", 0), ("rest", 0), ("rest", 1)] {
        let folder = Folder::new(&format!("entry-{entry}-{key}"));
        let to = format!("entry = {entry:?}");
        let file = config(&folder, &exchange, &[("entry = \"ws\"", &to)]);
        folder.file("key.json", 0o600, &exchange.keys[key].to_string());
        let before = exchange.ledger()["trades"].as_array().unwrap().len();
        let process = engine("run", &file, &[]);
        until_seen(&folder, "fills", |seen| seen["counters"]["fills"].as_u64() > Some(1));
        ctl(&folder, &["stop"], 0);
        let ended = process.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert_eq!(exchange.open(), 0);
        let told = json(&ended.out);
        assert_eq!(told["repairs"], serde_json::json!([]), "{told}");
        let by_rest = told["counters"]["gateway.rest_requests"].as_u64() > Some(2);
        assert_eq!(by_rest, entry == "rest", "{told}");
        let trades = exchange.ledger()["trades"].as_array().unwrap().len() - before;
        assert_eq!(told["fills"], trades, "{entry} {key}: {told}");
    }
}

#[test]
fn quotes_are_withdrawn_while_the_market_is_silent() {
    // Only market connections are silent: the order link could still trade.
    let exchange = Exchange::start(&["--seed", "11", "--fault", "delay@3s:6s"]);
    let folder = Folder::new("silent");
    let changes = [("connection_stale_ms = 10000", "connection_stale_ms = 1500")];
    let process = engine("run", &config(&folder, &exchange, &changes), &[]);
    exchange.until_open(true);
    crate::harness::until("a word of the silence", || {
        process.err().contains("market link: nothing came for its limit").then_some(())
    });
    exchange.until_open(false);
    until_seen(&folder, "quotes after the silence", |seen| {
        seen["links"][0]["state"] == "up" && seen["orders"]["open"].as_u64() > Some(1)
    });
    ctl(&folder, &["stop"], 0);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(exchange.open(), 0);
    let told = json(&ended.out);
    assert!(told["stale_withdrawals"].as_u64() > Some(0), "{told}");
    assert_eq!(told["counters"]["order_link_losses"], 0, "{told}");
    assert_eq!(told["repairs"], serde_json::json!([]), "{told}");
}

/// How many spans a HdrHistogram log holds, by tag.
fn histograms(bytes: &[u8]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for entry in IntervalLogIterator::new(bytes) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let tag = interval.tag().unwrap().as_str().to_owned();
        let text = interval.encoded_histogram();
        let packed = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text);
        let histogram =
            Deserializer::new().deserialize::<u64, _>(&mut packed.unwrap().as_slice()).unwrap();
        *counts.entry(tag).or_default() += histogram.len();
    }
    counts
}
