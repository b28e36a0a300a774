//! A live session, recorded, then backtested with its measured latencies, finds its fills again.
//!
//! Each session trades over sockets against the simulated exchange, so that nothing but its journal
//! is known to the backtest. Its strategy quotes by the market alone: its prices do not lean with
//! inventory, so that one fill that differs does not make all that follow differ, and what is
//! measured is the simulated venue and nothing else.
//!
//! One seed and a short session in the ordinary suite. All that was promised:
//! `PEREGRINE_SEEDS=5 cargo test --release -p peregrine --test fidelity -- --nocapture`

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "session/harness.rs"]
mod harness;

use harness::{Process, json, peregrine};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Several seeds: what is asked of each.
const FULL: Bars = Bars { seconds: 120, fills: 200, share: 0.9 };
/// One seed in the suite, where other tests run beside it on the same cores: the engine then stands
/// still for longer than a quote lives, and of some dozen fills a few more differ.
const SHORT: Bars = Bars { seconds: 15, fills: 10, share: 0.6 };

struct Bars {
    seconds: u64,
    fills: u64,
    share: f64,
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("peregrine-fidelity-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ask(args: &[&str]) -> Value {
    let ended = Process::start(peregrine(args)).ended_within(harness::PATIENCE * 5);
    assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.out, ended.err);
    json(&ended.out)
}

/// Trades, then trades the same again; what they have in common, and the session's latencies.
fn session(folder: &Folder, seed: u64, seconds: u64) -> (Value, Value) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let config = root.join("config/steady.toml").display().to_string();
    let journal = folder.at(&format!("session-{seed}"));
    let (seed_text, seconds) = (seed.to_string(), seconds.to_string());
    let demo = ["demo", "--scenario", "mm", "--config", &config, "--seed", &seed_text];
    let demo = [&demo[..], &["--seconds", &seconds, "--json", "--out", &journal]].concat();
    let live = ask(&demo);
    let out = folder.at(&format!("backtest-{seed}"));
    let again = ["backtest", "--config", &config, "--like", &journal, "--json", "--out", &out];
    let found = ask(&again);
    let replayed = ask(&["replay", &format!("{out}/journal"), "--json"]);
    assert_eq!(replayed["identical"], true, "{replayed}");
    (live, found["versus"].clone())
}

#[test]
fn a_backtest_of_a_session_finds_its_fills_again() {
    let seeds = std::env::var("PEREGRINE_SEEDS").ok().and_then(|text| text.parse().ok());
    let (seeds, bars) = seeds.map_or((1, SHORT), |seeds: u64| (seeds, FULL));
    let folder = Folder::new();
    println!("seed   live fills  again  matched  precision  recall  later ms  order to ack ms");
    let mut short = Vec::new();
    for seed in 1..=seeds {
        let (live, found) = session(&folder, seed, bars.seconds);
        let number = |key: &str| found[key].as_f64().unwrap_or(0.0);
        let (precision, recall, fills) = (number("precision"), number("recall"), number("other"));
        let ack = live["latency_ns"]["order_to_ack"]["p50"].as_f64().unwrap_or(0.0) / 1e6;
        println!(
            "{seed:>4}   {fills:>10}  {:>5}  {:>7}  {precision:>9.3}  {recall:>6.3}  {:>8.1}  \
             {ack:>15.2}",
            number("run"),
            number("matched"),
            number("later_ms"),
        );
        for alone in found["alone"].as_array().unwrap() {
            println!(
                "       only in {}: {} at {}, {}",
                alone["only_in"], alone["side"], alone["price"], alone["why"]
            );
        }
        if precision < bars.share || recall < bars.share || fills < bars.fills as f64 {
            short.push(seed);
        }
    }
    assert!(short.is_empty(), "below the bars: seeds {short:?}");
}
