//! A real demo's journal as a report: its numbers are the session's, it finds its own fills again,
//! and what cannot be reported is told.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "session/harness.rs"]
mod harness;

use harness::{Process, json, peregrine};
use research::run::folder::Recorder;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("peregrine-reports-{}", std::process::id()));
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

fn ask(args: &[&str], code: i32) -> harness::Ended {
    let ended = Process::start(peregrine(args)).ended();
    assert_eq!(ended.code, Some(code), "{args:?}: {}{}", ended.out, ended.err);
    ended
}

fn number(value: &Value) -> f64 {
    let text = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
    text.parse().unwrap_or_else(|_| panic!("{value} is no number"))
}

fn near(one: &Value, two: &Value, room: f64) {
    assert!((number(one) - number(two)).abs() <= room, "{one} is not {two}");
}

/// What the session said of itself.
fn numbers_are_the_sessions(found: &Value, session: &Value) {
    assert_eq!(found["fills"], session["fills"]);
    assert_eq!(found["orders"], session["orders_sent"]);
    near(&found["pnl"], &session["pnl_quote"], 1e-6);
    near(&found["position"], &session["position"], 1e-9);
    near(&found["pnl_fees"], &Value::from(-number(&session["fees_quote"])), 1e-6);
    near(&found["spread_captured"], &session["spread_captured_bps"], 2e-4);
    let turnover = &session["desks"][0]["turnover_quote"];
    near(&found["turnover"], turnover, 1e-4 * number(turnover));
    let parts = ["pnl_spread", "pnl_inventory", "pnl_fees", "pnl_funding"];
    let sum: f64 = parts.iter().map(|part| number(&found[*part])).sum();
    near(&Value::from(sum), &found["pnl"], 1e-6);
    assert!(number(&found["equity_start"]) > 0.0 && number(&found["quote_uptime"]) > 0.1);
    assert!(number(&found["markout_100ms"]).is_finite());
    assert_eq!(found["asset"], "USDT");
}

#[test]
fn a_session_is_reported_from_its_journal() {
    let folder = Folder::new();
    let (journal, pages) = (folder.at("journal"), folder.at("pages"));
    let demo = ["demo", "--seconds", "8", "--seed", "4", "--json", "--out", &journal];
    let session = json(&ask(&demo, 0).out);
    assert!(number(&session["fills"]) > 0.0, "{session}");

    let args = ["report", &journal, "--versus", &journal, "--out", &pages, "--json"];
    let found = json(&ask(&args, 0).out);
    numbers_are_the_sessions(&found, &session);
    let versus = &found["versus"];
    assert_eq!((number(&versus["precision"]), number(&versus["recall"])), (1.0, 1.0));
    assert_eq!(versus["parts"][0], session["fills"]);
    assert!(versus["alone"].as_array().unwrap().is_empty());
    let files = found["files"].as_array().unwrap();
    for stem in ["equity", "drawdown", "price", "quotes", "inventory", "latency", "heat"] {
        let name = format!("{stem}.png");
        assert!(files.iter().any(|file| file.as_str().unwrap().ends_with(&name)), "{name}");
    }
    let page = fs::read_to_string(folder.0.join("pages/report.html")).unwrap();
    assert!(page.contains("BTCUSDT") && page.contains("Against another run"));

    let text = ask(&["report", &journal, "--versus", &journal, "--out", &pages], 0).out;
    for words in ["Sharpe ratio, annualised", "precision 100.00 %", "pictures beside it"] {
        assert!(text.contains(words), "{text}");
    }
    assert!(!text.contains('\u{1b}'), "colours, but nobody's terminal");

    a_kept_run_says_the_same(&folder, &journal, &found);
}

fn a_kept_run_says_the_same(folder: &Folder, journal: &str, found: &Value) {
    // As a backtest leaves it: beside its journal.
    let kept = folder.0.join("backtest/run");
    let mut recorder = Recorder::create(&kept).unwrap();
    peregrine::report::play(journal.as_ref(), &mut recorder).unwrap();
    recorder.finish().unwrap();
    let (backtest, pages) = (folder.at("backtest"), folder.at("pages"));
    let again = json(&ask(&["report", &backtest, "--out", &pages, "--json"], 0).out);
    let (mut one, mut two) = (found.clone(), again);
    one["versus"] = Value::Null;
    assert_eq!(one["name"], two["name"]);
    for key in ["files", "versus"] {
        (one[key], two[key]) = (Value::Null, Value::Null);
    }
    assert_eq!(one, two);
}

#[test]
fn what_cannot_be_reported_is_told() {
    let nothing = ask(&["report", "/nowhere", "--json"], 1);
    assert!(json(&nothing.out)["error"].as_str().unwrap().contains("/nowhere"), "{}", nothing.err);
    ask(&["report"], 2);
    let help = ask(&["report", "--help"], 0).out;
    assert!(help.contains("--versus") && help.contains("Examples:"), "{help}");
}
