//! Shadows beside a demo over sockets: seen while it runs, promoted, and ranked at its end.

use crate::harness::{Folder, Process, ctl, json, peregrine, run, shipped_config, until_seen};
use crate::report::CORES;
use rustix::process::Signal;
use serde_json::Value;
use std::path::PathBuf;

fn config(folder: &Folder) -> PathBuf {
    let name = format!("name = {:?}\n\n[journal]", folder.engine());
    let wait = ("wait = \"spin\"", "wait = \"park\"");
    let text = shipped_config("shadow", &[("name = \"shadow\"\n\n[journal]", &name), wait]);
    folder.file("engine.toml", 0o600, &text)
}

fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<&str> =
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn a_demo_with_two_shadows_ends_with_a_ranking_of_three() {
    let _some = CORES.read();
    let folder = Folder::new("shadow");
    let (path, out) = (config(&folder), folder.path.join("out"));
    let (path, out) = (path.to_str().unwrap(), out.to_str().unwrap());
    let args = ["demo", "--json", "--seed", "1", "--seconds", "100", "--config", path];
    let process = Process::start(peregrine(&[&args[..], &["--out", out]].concat()));
    let seen = until_seen(&folder, "shadows that trade", |seen| {
        let ranking = seen["shadow"]["ranking"].as_array();
        ranking.is_some_and(|all| all.iter().any(|one| one["fills"].as_u64() > Some(0)))
    });
    assert_eq!(names(&seen["shadow"]["ranking"]), ["live (simulated)", "small", "wide"]);
    assert_eq!(names(&seen["shadow"]["live"]), ["live"]);
    let screen = run(&["monitor", "--once", "--name", folder.engine()]);
    assert!(screen.out.contains(" shadows, on simulated venues"), "{}", screen.out);

    ctl(&folder, &["promote", "wide"], 0);
    let refused = ctl(&folder, &["promote", "wider"], 1).err;
    let known = ["it has small, wide", "it has wide, small"];
    assert!(refused.contains("unknown shadow"), "{refused}");
    assert!(known.iter().any(|known| refused.contains(known)), "{refused}");

    process.signal(Signal::INT);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let told = json(&ended.out);
    assert_eq!((&told["ledger_match"], &told["halt"]), (&true.into(), &"none".into()));
    assert_eq!(names(&told["shadow"]), ["live (simulated)", "small", "wide"]);
    let ranking = told["shadow"].as_array().unwrap();
    for (place, one) in ranking.iter().enumerate() {
        assert_eq!((&one["rank"], &one["desk"]), (&(place + 1).into(), &"BTCUSDT".into()));
        assert!(one["quote_uptime"].as_f64() > Some(0.0), "{one}");
    }
    // What the thread made of the journal's rows is what the engine came to.
    let live = &told["shadow_live"][0];
    assert_eq!(told["shadow_rows_behind"], 0);
    assert_eq!((&live["fills"], &live["position"]), (&told["fills"], &told["position"]));
    assert_eq!(live["pnl_quote"], told["pnl_quote"]);

    let rows = run(&["replay", out, "--print"]);
    assert!(rows.out.contains("set spread_min_bps=2.000000000 of desk 0"));
    let replayed = run(&["replay", out, "--json"]);
    assert_eq!(json(&replayed.out)["identical"], true, "{}", replayed.out);
}

/// What was promoted holds until the engine ends; the next one begins as the file says.
#[test]
fn a_restart_takes_the_parameters_of_the_file() {
    let _some = CORES.read();
    let folder = Folder::new("shadow-restart");
    let exchange = crate::harness::Exchange::start(&["--seed", "2"]);
    let out = folder.path.join("journal");
    let shadows = "[[shadow]]\nname = \"wide\"\nparameters.spread_min_bps = 7\n[quotes]";
    let journal = format!("[journal]\nfolder = {out:?}");
    let changes = [("[quotes]", shadows), ("[journal]", journal.as_str())];
    let path = crate::harness::config(&folder, &exchange, &changes);
    let out = out.to_str().unwrap();
    for session in 1..=2 {
        let process = crate::harness::engine("run", &path, &[]);
        exchange.until_open(true);
        ctl(&folder, &["promote", "wide"], 0);
        until_seen(&folder, "quotes", |seen| seen["orders"]["open"].as_u64() > Some(0));
        process.signal(Signal::TERM);
        assert_eq!(process.ended().code, Some(0));
        // Were it in force from before, there would be nothing to write down.
        let rows = run(&["replay", out, "--print"]);
        assert_eq!(rows.out.matches("set spread_min_bps=7").count(), session, "{}", rows.err);
        assert_eq!(json(&run(&["replay", out, "--json"]).out)["identical"], true);
    }
}

#[test]
fn without_a_journal_there_are_no_shadows() {
    let folder = Folder::new("shadow-none");
    let exchange = crate::harness::Exchange::start(&["--seed", "2"]);
    let shadows = "[[shadow]]\nname = \"wide\"\n[quotes]";
    let path = crate::harness::config(&folder, &exchange, &[("[quotes]", shadows)]);
    let ended = crate::harness::engine("run", &path, &[]).ended();
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("[[shadow]] follows the journal"), "{}", ended.err);
}
