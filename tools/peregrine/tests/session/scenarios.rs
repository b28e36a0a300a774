//! The demo's scenarios: each strategy in the world that it lives on, whose venues speak their own
//! protocols over sockets. After each session every venue's ledger is ours to the last unit.
//!
//! `PEREGRINE_SEEDS=20 cargo test -p peregrine --test demo scenario -- --nocapture` plays each of
//! so many seeds with the edge and without it, in as long as it takes (about twenty minutes), and
//! judges the medians. Without the variable each scenario is played once, and not judged by profit.

use crate::harness::{Ended, Folder, PATIENCE, Process, json, peregrine, shipped_config};
use crate::report::CORES;
use serde_json::{Value, json as object};
use std::sync::Mutex;
use std::time::Duration;

/// A scenario, and for how many seconds it is played: once, and where profits are compared.
const SCENARIOS: [(&str, u32, u32); 6] = [
    ("mm", 8, 30),
    ("xemm", 8, 30),
    ("arb", 8, 15),
    ("triangular", 8, 15),
    ("basis", 25, 30),
    ("pairs", 45, 60),
];
/// Sessions at once. They park, so that the market's time is what takes most of it.
const AT_ONCE: usize = 6;

/// The scenario's own configuration, patient with a busy machine.
fn config(scenario: &str, folder: &Folder) -> String {
    let file = match scenario {
        "mm" => "market-making",
        "xemm" => "cross-market",
        "arb" => "arbitrage",
        other => other,
    };
    let name = format!("name = {:?}", folder.engine());
    shipped_config(file, &[(&format!("name = \"{file}\"\n\n[journal]"), &(name + "\n\n[journal]"))])
}

/// How a session is to be.
#[derive(Clone, Copy)]
struct Play {
    scenario: &'static str,
    seconds: u32,
    seed: u32,
    edge: bool,
}

impl Play {
    fn run(self) -> Value {
        let Self { scenario, seconds, seed, edge } = self;
        let folder = Folder::new(&format!("{scenario}-{seed}-{edge}"));
        let path = folder.file("engine.toml", 0o600, &config(scenario, &folder));
        let (seconds, seed) = (seconds.to_string(), seed.to_string());
        let edge = if edge { "on" } else { "off" };
        let args = ["demo", "--json", "--wait", "park", "--scenario", scenario, "--edge", edge];
        let path = path.to_str().unwrap();
        let more = ["--seconds", &seconds, "--seed", &seed, "--config", path];
        let patience = PATIENCE + Duration::from_secs(self.seconds.into());
        let process = Process::start(peregrine(&[&args[..], &more].concat()));
        let ended = process.ended_within(patience);
        self.well(&ended)
    }

    /// Whatever it earned, the books agree on every venue, and nothing had to be mended.
    fn well(self, ended: &Ended) -> Value {
        let Self { scenario, seed, edge, .. } = self;
        let told = format!("{scenario}, seed {seed}, edge {edge}: {}{}", ended.err, ended.out);
        assert_eq!(ended.code, Some(0), "{told}");
        let out = json(&ended.out);
        let venues = out["venues"].as_array().unwrap();
        assert!(!venues.is_empty() && venues.iter().all(|one| one["ledger_match"] == true));
        assert_eq!((&out["ledger_match"], &out["repairs"]), (&true.into(), &object!([])), "{told}");
        assert_eq!((&out["open_orders_at_end"], &out["halt"]), (&0.into(), &"none".into()));
        assert_eq!(out["book_gaps"], 0, "{told}");
        out
    }
}

/// Plays all of them, some at once, and gives what they printed in their order.
fn play(plays: &[Play]) -> Vec<Value> {
    let (next, told) = (Mutex::new(0), Mutex::new(vec![Value::Null; plays.len()]));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next - 1
                    };
                    let Some(play) = plays.get(at) else { break };
                    let out = play.run();
                    told.lock().unwrap()[at] = out;
                }
            });
        }
    });
    told.into_inner().unwrap()
}

fn number(told: &Value) -> f64 {
    told.as_str().unwrap().parse().unwrap()
}

/// Median of the profits after fees, and all fills.
fn median(told: &[Value]) -> (f64, u64) {
    let mut profits: Vec<f64> = told.iter().map(|one| number(&one["pnl_quote"])).collect();
    profits.sort_by(f64::total_cmp);
    let middle = profits.len() / 2;
    let fills = told.iter().map(|one| one["fills"].as_u64().unwrap()).sum();
    match profits.len() % 2 {
        0 => ((profits[middle - 1] + profits[middle]) / 2.0, fills),
        _ => (profits[middle], fills),
    }
}

#[test]
fn every_scenario_trades_and_agrees_with_every_venue() {
    let _some = CORES.read();
    if std::env::var("PEREGRINE_SEEDS").is_ok() {
        return println!("played by the comparison of seeds");
    }
    let once = |(scenario, seconds, _)| Play { scenario, seconds, seed: 1, edge: true };
    let told = play(&SCENARIOS.map(once));
    for ((scenario, ..), told) in SCENARIOS.iter().zip(&told) {
        assert!(told["orders_sent"].as_u64() > Some(0), "{scenario}: {told}");
        let (profit, fills) = (&told["pnl_quote"], &told["fills"]);
        println!("{scenario:<12} P&L {profit} of {fills} fills, every ledger agrees");
    }
}

#[test]
fn scenarios_earn_after_fees_with_their_edge_and_not_without() {
    let Ok(seeds) = std::env::var("PEREGRINE_SEEDS") else {
        return println!("skipped: PEREGRINE_SEEDS=20 plays seeds 1 to 20 of each scenario");
    };
    let seeds: u32 = seeds.parse().unwrap();
    let _all = CORES.write();
    let mut wrong = Vec::new();
    for (scenario, _, seconds) in SCENARIOS {
        let plays = |edge| -> Vec<Play> {
            (1..=seeds).map(|seed| Play { scenario, seconds, seed, edge }).collect()
        };
        let (with, fills) = median(&play(&plays(true)));
        let (without, others) = median(&play(&plays(false)));
        let told = format!(
            "{scenario:<12} median P&L after fees over seeds 1-{seeds}: {with:.4} of {fills} fills \
             with its edge, {without:.4} of {others} fills without"
        );
        println!("{told}");
        if with <= 0.0 || without > 0.0 {
            wrong.push(told);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
