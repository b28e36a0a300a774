//! `peregrine tune` from the command line, on a drawn market: what is written, that it goes on
//! where it was cut off, that jobs change nothing, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "tune/market.rs"]
mod market;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const SPACE: &str = "\
[\"strategy.bid_spread_bps\"]
low = 0.05
high = 3.0
log = true
[\"strategy.ask_spread_bps\"]
low = 0.05
high = 3.0
log = true
[\"strategy.levels\"]
low = 1
high = 3
[\"strategy.reference\"]
choice = [\"mid\", \"micro-price\"]
[\"risk.collar_mid_bps\"]
low = 50
high = 100
";

/// A folder of one test with a tape, a space and the shipped configuration, gone after it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("peregrine-tune-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/backtest.toml");
        std::fs::copy(root, path.join("config.toml")).unwrap();
        std::fs::write(path.join("space.toml"), SPACE).unwrap();
        market::tape(&path.join("market.tape"), 7, 240);
        Self(path)
    }

    fn command(&self, more: &str) -> Command {
        let words = "tune --config config.toml --space space.toml --data market.tape --trials 14 \
                     --runs 50 --noise 3";
        let fills = if more.contains("--fills-min") { "" } else { " --fills-min 2" };
        let words = [words, fills, more].into_iter().flat_map(str::split_whitespace);
        let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
        command.current_dir(&self.0).args(words);
        command
    }

    fn tune(&self, more: &str) -> Output {
        self.command(more).output().unwrap()
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn good(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    let err = String::from_utf8_lossy(err);
    assert!(output.status.success(), "{err}");
    String::from_utf8_lossy(out).into_owned()
}

#[track_caller]
fn refused(output: &Output, exit: i32, want: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{said}");
    assert!(said.contains(want), "{said}");
}

#[test]
fn a_tuning_leaves_a_page_and_a_configuration_that_passes() {
    let place = Place::new("whole");
    let said = good(&place.tune("--folds 2 --json --out out"));
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["folds"].as_array().unwrap().len(), 2, "{told}");
    let winner = told["winner"].as_object().unwrap();
    let spread = winner["strategy.bid_spread_bps"].as_f64().unwrap();
    assert!((0.05..=3.0).contains(&spread), "{winner:?}");
    let luck = &told["monte_carlo"];
    for kind in ["shuffled", "resampled", "noise"] {
        let [low, high] = ["p5", "p95"].map(|share| luck[kind]["total"][share].as_f64().unwrap());
        assert!(low < high, "{kind}: {luck}");
        assert!(luck[kind]["path"].as_array().unwrap().len() > 5, "{kind}: {luck}");
    }
    assert_eq!(luck["noise"]["runs"], 3, "{luck}");
    assert!(told["deflated_sharpe"].is_number() && told["overfitting"].is_object(), "{told}");
    let study = place.text("out/study.jsonl");
    assert_eq!(study.lines().count(), 1 + 2 * 14);
    let page = place.text("out/tune.html");
    assert!(page.contains("strategy.reference") && !page.contains("<script"));
    let config = place.text("out/winner.toml");
    assert!(config.starts_with("# Tuned from config.toml for sharpe: "), "{config}");
    assert!(config.contains(&format!("bid_spread_bps = {spread}\n")), "{config}");
    assert!(config.contains("# base"), "comments stay: {config}");
    let mut check = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    good(
        &check
            .current_dir(&place.0)
            .args(["check", "--config", "out/winner.toml"])
            .output()
            .unwrap(),
    );
    let shown = good(&place.tune("--folds 2 --out out"));
    for want in ["Winner", "Walk-forward", "Luck", "probability of overfitting", "out/winner.toml"]
    {
        assert!(shown.contains(want), "{want}: {shown}");
    }
    assert_eq!(place.text("out/study.jsonl"), study, "nothing was left to do");
}

#[test]
fn jobs_change_nothing_and_a_search_goes_on() {
    let place = Place::new("jobs");
    let one = good(&place.tune("--jobs 1 --prune median --json --out one"));
    let two = good(&place.tune("--jobs 2 --prune median --json --out two"));
    assert_eq!(one.replace("one/", ""), two.replace("two/", ""));
    assert_eq!(place.text("one/study.jsonl"), place.text("two/study.jsonl"));
    assert_eq!(place.text("one/tune.html"), place.text("two/tune.html"));
    let whole = place.text("one/study.jsonl");
    let cut: usize = whole.lines().take(6).map(|line| line.len() + 1).sum();
    std::fs::write(place.0.join("cut.jsonl"), &whole[..cut + 40]).unwrap();
    let again = good(&place.tune("--prune median --json --study cut.jsonl --out cut"));
    assert_eq!(place.text("cut.jsonl"), whole);
    let same = |said: &str| serde_json::from_str::<Value>(said).unwrap()["folds"].clone();
    assert_eq!(same(&again), same(&one));
}

#[test]
fn a_killed_search_goes_on() {
    let place = Place::new("killed");
    good(&place.tune("--jobs 2 --json --out whole"));
    let mut command = place.command("--jobs 2 --json --out killed");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let study = place.0.join("killed/study.jsonl");
    let lines = || std::fs::read_to_string(&study).map_or(0, |text| text.lines().count());
    while lines() < 5 && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!place.0.join("killed/tune.html").exists(), "it was killed before its end");
    good(&place.tune("--jobs 2 --json --out killed"));
    for name in ["study.jsonl", "tune.html", "winner.toml"] {
        assert_eq!(place.text(&format!("killed/{name}")), place.text(&format!("whole/{name}")));
    }
}

#[test]
fn every_sampler_and_objective_runs() {
    let place = Place::new("kinds");
    let samplers = ["grid", "random", "sobol", "cma-es"];
    for (at, sampler) in samplers.into_iter().enumerate() {
        let objective = ["sortino", "calmar", "pnl", "profit-drawdown"][at];
        let more = format!("--sampler {sampler} --objective {objective} --json --out {sampler}");
        let told: Value = serde_json::from_str(&good(&place.tune(&more))).unwrap();
        assert_eq!((&told["sampler"], &told["objective"]), (&sampler.into(), &objective.into()));
    }
    let told = good(&place.tune("--objective multi --json --out front --split 100/0/0"));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["sampler"], "nsga2");
    assert!(!told["front"].as_array().unwrap().is_empty());
    refused(&place.tune("--objective multi --sampler tpe"), 2, "searches for one objective");
}

#[test]
fn what_cannot_be_tuned_says_why() {
    let place = Place::new("wrong");
    let space = |text: &str| std::fs::write(place.0.join("space.toml"), text).unwrap();
    space("[\"strategy.no_such\"]\nlow = 0\nhigh = 1");
    refused(&place.tune(""), 2, "strategy.no_such");
    space("[\"strategi.levels\"]\nlow = 0\nhigh = 1");
    refused(&place.tune(""), 2, "the configuration has no strategi");
    space("[\"strategy.levels\"]\nlow = 3\nhigh = 1");
    refused(&place.tune(""), 2, "low 3 must not be above high 1");
    space(SPACE);
    refused(&place.tune("--folds 2 --split 80/20/0"), 2, "need a test stretch");
    refused(&place.tune("--objective fame"), 2, "must be one of sharpe, sortino");
    refused(&place.tune("--fills-min 1000000"), 1, "1000000 are needed to judge it");
    refused(&place.tune("--seed 2 --fills-min 1000000"), 1, "another seed (1, now 2)");
    refused(&place.tune("--from 2001-01-01 --to 2001-01-02"), 2, "no row of --data lies");
    std::fs::write(place.0.join("market.tape"), "no tape").unwrap();
    refused(&place.tune(""), 1, "peregrine import");
}
