//! An engine that dies: somebody else cancels its orders, whatever the layout.

use crate::harness::{Exchange, Folder, config, engine};
use rustix::process::Signal;

/// How long a heart may stand still where that is tested.
const BEATS: (&str, &str) = ("heartbeat_limit_ms = 20000", "heartbeat_limit_ms = 2500");

/// Lets an engine of this layout die like this; its orders must go, and its end must say why.
fn check(layout: &str, drill: &str, words: &[&str]) {
    let folder = Folder::new(&format!("guard-{layout}-{}", drill.replace('@', "-")));
    let exchange = Exchange::start(&["--seed", "4"]);
    let text = format!("layout = {layout:?}");
    let journal = format!("segment_mib = 4\nfolder = {:?}", folder.path.join("journal"));
    let mut changes = vec![("layout = \"auto\"", text.as_str())];
    // A panic tells itself; only a thread that hangs is found out by its heart.
    if drill.starts_with("hang") {
        changes.push(BEATS);
    }
    if drill.starts_with("fill") {
        changes.push(("segment_mib = 4", journal.as_str()));
    }
    let config = config(&folder, &exchange, &changes);
    let process = engine("run", &config, &[("PEREGRINE_TEST_FAULT", drill)]);
    exchange.until_open(true);
    let ended = process.ended();
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    for word in words {
        assert!(ended.err.contains(word), "{word} in {}", ended.err);
    }
    let last = ended.err.lines().last().unwrap();
    assert!(last.starts_with("peregrine: the "), "{}", ended.err);
    assert!(last.ends_with("cancelled all orders, none is left open"), "{}", ended.err);
    assert_eq!(exchange.open(), 0);
}

#[test]
fn the_guard_cancels_for_an_engine_that_panicked() {
    let place = "fault in thread engine at";
    check("inline", "panic-engine@2s", &[place, "panicked: the engine is dead; the guard"]);
}

#[test]
fn the_guard_cancels_for_an_engine_that_hangs() {
    check("inline", "hang-engine@2s", &["hangs and is left: the engine is dead; the guard"]);
}

#[test]
fn the_guard_cancels_for_an_engine_whose_journal_is_full_to_the_last_row() {
    check("inline", "fill-engine@2s", &["the journal has no room left", "raise `segments`"]);
}

#[test]
fn the_gateway_cancels_for_an_engine_that_panicked() {
    let place = "fault in thread engine at";
    check("pipelined", "panic-engine@2s", &[place, "panicked: the engine is dead; the gateway"]);
}

#[test]
fn the_gateway_cancels_for_an_engine_that_hangs() {
    check("pipelined", "hang-engine@2s", &["hangs and is left: the engine is dead; the gateway"]);
}

#[test]
fn the_guard_cancels_for_a_gateway_that_panicked() {
    let place = "fault in thread io at";
    check("pipelined", "panic-gateway@2s", &[place, "the gateway is dead; the guard"]);
}

#[test]
fn the_guard_cancels_for_a_gateway_that_hangs() {
    check("pipelined", "hang-gateway@2s", &["the gateway is dead; the guard"]);
}

#[test]
fn a_process_that_slept_is_not_trusted_any_more() {
    let (folder, exchange) = (Folder::new("slept"), Exchange::start(&["--seed", "5"]));
    let process = engine("run", &config(&folder, &exchange, &[BEATS]), &[]);
    exchange.until_open(true);
    process.signal(Signal::STOP);
    let from = exchange.get("/sim/report")["market"][0]["lastUpdateId"].as_u64().unwrap();
    let began = std::time::Instant::now();
    crate::harness::until("seconds of the market", || {
        let now = exchange.get("/sim/report")["market"][0]["lastUpdateId"].as_u64().unwrap();
        (now > from && began.elapsed().as_millis() > 2_700).then_some(())
    });
    process.signal(Signal::CONT);
    let ended = process.ended();
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("the engine is dead; the guard cancelled"), "{}", ended.err);
    assert_eq!(exchange.open(), 0);
}
