//! What the demo prints, in every layout and with every wait strategy.

use crate::harness::{Ended, Folder, Process, demo_config, json, peregrine, until, until_seen};
use rustix::process::Signal;
use serde_json::{Value, json as object};
use std::path::{Path, PathBuf};
use std::sync::RwLock;

/// Spinning threads want the cores for themselves.
pub static CORES: RwLock<()> = RwLock::new(());

const KEYS: [&str; 22] = [
    "seconds",
    "market_events",
    "orders_sent",
    "amends",
    "cancels",
    "fills",
    "risk_refusals",
    "open_orders_at_end",
    "position",
    "pnl_quote",
    "fees_quote",
    "spread_captured_bps",
    "ledger_match",
    "repairs",
    "layout",
    "wait",
    "cores",
    "book_gaps",
    "ring_full",
    "latency_ns",
    "wire_to_wire_ns",
    "seed",
];

/// A configuration for one demo, with some lines changed.
fn own_config(folder: &Folder, changes: &[(&str, &str)]) -> PathBuf {
    let name = format!("name = {:?}", folder.engine());
    let own = [
        ("name = \"demo\"", name.as_str()),
        ("entry = \"ws\"", "entry = \"ws\"\nrecv_window_ms = 1000"),
    ];
    folder.file("demo.toml", 0o600, &demo_config(&[&own[..], changes].concat()))
}

/// Starts the demo with these arguments under a name of its own.
fn start(config: &Path, args: &[&str]) -> Process {
    let config = config.to_str().unwrap();
    Process::start(peregrine(&[&["demo", "--json", "--config", config][..], args].concat()))
}

/// It must have ended well; gives what it printed.
fn well(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}{}", ended.err, ended.out);
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    let told = json(&ended.out);
    assert_eq!(told["ledger_match"], true, "{told}");
    assert_eq!(told["open_orders_at_end"], 0, "{told}");
    assert_eq!(told["halt"], "none", "{told}");
    for (ring, count) in told["ring_full"].as_object().unwrap() {
        assert_eq!(count, 0, "{ring} was full: {told}");
    }
    told
}

/// Runs the demo with these arguments, with some lines of its configuration changed.
pub fn demo(name: &str, args: &[&str], changes: &[(&str, &str)]) -> Value {
    let folder = Folder::new(&format!("demo-{name}"));
    well(&start(&own_config(&folder, changes), args).ended())
}

fn trades(layout: &str, wait: &str, seconds: &str) -> Value {
    let args = ["--seconds", seconds, "--seed", "1", "--layout", layout, "--wait", wait];
    let told = demo(&format!("{layout}-{wait}"), &args, &[]);
    assert_eq!((&told["layout"], &told["wait"]), (&layout.into(), &wait.into()));
    assert_eq!(told["repairs"], object!([]), "{told}");
    assert!(told["orders_sent"].as_u64() > Some(5), "{told}");
    assert!(told["fills"].as_u64() > Some(0), "{told}");
    assert_eq!(told["book_gaps"], 0, "{told}");
    told
}

#[test]
fn the_report_has_every_key() {
    let _all = CORES.write();
    let told = trades("inline", "spin", "7");
    for key in KEYS {
        assert!(told.get(key).is_some(), "{key} in {told}");
    }
    assert!(told["seconds"].as_f64() > Some(6.9));
    assert!(told["market_events"].as_u64() > Some(500), "{told}");
    assert_eq!(told["stale_withdrawals"], 0);
    for text in ["position", "pnl_quote", "fees_quote"] {
        assert!(told[text].as_str().unwrap().parse::<f64>().is_ok(), "{text}: {told}");
    }
    let quantiles = ["count", "p50", "p90", "p99", "p999", "max"];
    for stage in ["decode", "tick_to_order", "order_to_ack"] {
        for quantile in quantiles {
            assert!(told["latency_ns"][stage][quantile].is_u64(), "{stage} {quantile}: {told}");
        }
        assert!(told["latency_ns"][stage]["count"].as_u64() > Some(0), "{stage}: {told}");
    }
    for quantile in quantiles {
        assert!(told["wire_to_wire_ns"][quantile].is_u64(), "{quantile}: {told}");
    }
}

#[test]
fn pipelined_threads_may_spin() {
    let _all = CORES.write();
    trades("pipelined", "spin", "5");
}

#[test]
fn inline_may_yield() {
    let _all = CORES.write();
    trades("inline", "yield", "4");
}

#[test]
fn pipelined_threads_may_yield() {
    let _all = CORES.write();
    trades("pipelined", "yield", "4");
}

#[test]
fn inline_may_park() {
    let _some = CORES.read();
    trades("inline", "park", "5");
}

#[test]
fn pipelined_threads_may_park() {
    let _some = CORES.read();
    trades("pipelined", "park", "5");
}

#[test]
fn an_interrupted_demo_still_compares_its_ledgers() {
    let _some = CORES.read();
    let folder = Folder::new("demo-interrupt");
    let process = start(&own_config(&folder, &[]), &["--seconds", "100", "--wait", "park"]);
    until_seen(&folder, "fills", |seen| seen["counters"]["fills"].as_u64() > Some(0));
    process.signal(Signal::INT);
    let told = well(&process.ended());
    assert!(told["seconds"].as_f64() < Some(100.0), "{told}");
}

#[test]
fn a_killed_demo_takes_its_exchange_along() {
    let _some = CORES.read();
    let folder = Folder::new("demo-killed");
    let process = start(&own_config(&folder, &[]), &["--seconds", "100", "--wait", "park"]);
    until_seen(&folder, "quotes", |seen| seen["orders"]["open"].as_u64() > Some(0));
    let left_behind = std::env::temp_dir().join(format!("peregrine-demo-{}", process.id()));
    let children = format!("/proc/{0}/task/{0}/children", process.id());
    let exchange = std::fs::read_to_string(children).unwrap();
    let status = format!("/proc/{}/stat", exchange.trim());
    assert!(Path::new(&status).exists(), "{status}");
    process.signal(Signal::KILL);
    assert_eq!(process.ended().code, None);
    until("the end of its exchange", || {
        let left = std::fs::read_to_string(&status).unwrap_or_default();
        (left.is_empty() || left.contains(") Z ")).then_some(())
    });
    std::fs::remove_dir_all(left_behind).unwrap();
}
