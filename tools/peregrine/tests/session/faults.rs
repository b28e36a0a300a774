//! The demo while things go wrong at the exchange: it goes on, the ledgers agree at the end, the
//! counters tell what happened, and nothing else was to be mended than what the fault broke.

use crate::report::{CORES, demo};
use serde_json::Value;

/// Trades in this layout under these faults.
fn trades(layout: &str, seconds: &str, fault: &str) -> Value {
    trades_with(layout, seconds, fault, &[])
}

/// The same with some lines of the configuration changed.
fn trades_with(layout: &str, seconds: &str, fault: &str, changes: &[(&str, &str)]) -> Value {
    let _some = CORES.read();
    let args = [
        "--seconds",
        seconds,
        "--seed",
        "3",
        "--wait",
        "park",
        "--layout",
        layout,
        "--fault",
        fault,
    ];
    let name = fault.split('@').next().unwrap();
    let told = demo(name, &args, changes);
    assert!(told["orders_sent"].as_u64() > Some(5), "{told}");
    assert!(told["fills"].as_u64() > Some(0), "{told}");
    told
}

fn count(told: &Value, name: &str) -> u64 {
    told["counters"][name].as_u64().unwrap_or_else(|| panic!("{name} in {told}"))
}

/// Only these kinds of repair, in any number.
fn repaired(told: &Value, kinds: &[&str]) -> usize {
    let repairs = told["repairs"].as_array().unwrap();
    for repair in repairs {
        assert!(kinds.contains(&repair["kind"].as_str().unwrap()), "{repair} in {told}");
    }
    repairs.len()
}

/// What may be found when connections were lost: the outcome of what was under way.
const LOST: [&str; 4] = ["missed_fill", "order_ended", "order_absent", "order_found"];

#[test]
fn faults_of_the_market_are_counted_and_survived() {
    let fault = "skip@2s,dup@3s,malformed@3500ms,delay@4s:300ms";
    let told = trades("inline", "6", fault);
    assert_eq!(told["repairs"], serde_json::json!([]), "{told}");
    assert_eq!((count(&told, "feed.gaps"), count(&told, "feed.decode_errors")), (1, 1), "{told}");
    assert_eq!(told["book_gaps"], 1, "{told}");
    assert!(count(&told, "feed.old_diffs") >= 1, "{told}");
    assert_eq!(count(&told, "feed.resyncs"), 1, "{told}");
}

#[test]
fn refusals_are_counted_and_survived() {
    let told = trades("pipelined", "6", "reject@2s,429@3s:1s");
    assert_eq!(told["repairs"], serde_json::json!([]), "{told}");
    assert!(count(&told, "venue_rejects") >= 1, "{told}");
    assert!(count(&told, "gateway.limited") >= 1, "{told}");
}

#[test]
fn lost_connections_are_made_again() {
    let told = trades("pipelined", "6", "drop@2s");
    repaired(&told, &LOST);
    assert_eq!((count(&told, "feed.reconnects"), count(&told, "order_link_losses")), (1, 1));
    assert_eq!(told["book_gaps"], 1, "{told}");
}

#[test]
fn silence_withdraws_quotes_and_ends() {
    let changes = [("connection_stale_ms = 10000", "connection_stale_ms = 2000")];
    let told = trades_with("inline", "9", "stall@2s:4s", &changes);
    repaired(&told, &LOST);
    assert!(count(&told, "feed.stale_connection") >= 1, "{told}");
    assert!(count(&told, "market_link_losses") >= 1, "{told}");
}

#[test]
fn an_executed_order_without_answer_is_found_out_about() {
    let told = trades("pipelined", "6", "timeout@2s");
    // Mostly the private stream tells its outcome first, and nothing is to be mended.
    assert!(repaired(&told, &LOST) <= 2, "{told}");
    assert_eq!(count(&told, "gateway.left_open"), 1, "{told}");
    assert!(told["unknown_orders"].as_u64() >= Some(1), "{told}");
}

#[test]
fn a_lost_order_is_absent_only_when_it_cannot_come_any_more() {
    let told = trades("inline", "8", "lost@2s");
    let kinds = ["order_found", "order_absent"];
    let repairs = repaired(&told, &kinds);
    // A cancel-replace that was lost leaves the old order standing and the new one absent.
    assert!((1..=2).contains(&repairs), "{told}");
    let list = told["repairs"].as_array().unwrap();
    assert_eq!(list.iter().filter(|one| one["kind"] == "order_absent").count(), 1, "{told}");
    assert_eq!(count(&told, "gateway.left_open"), 1, "{told}");
    assert!(count(&told, "queries") >= 1, "{told}");
}

#[test]
fn an_announced_end_is_left_in_time() {
    let told = trades("pipelined", "6", "shutdown@2s:1500ms");
    assert_eq!(told["repairs"], serde_json::json!([]), "{told}");
    assert_eq!((count(&told, "feed.rollovers"), count(&told, "gateway.rollovers")), (1, 1));
    assert_eq!((count(&told, "market_link_losses"), count(&told, "order_link_losses")), (0, 0));
    assert_eq!((&told["book_gaps"], &told["stale_withdrawals"]), (&0.into(), &0.into()), "{told}");
}

#[test]
fn a_killed_exchange_is_reconciled_with() {
    let told = trades("inline", "8", "exchange-kill@3s,restart@4s");
    repaired(&told, &LOST);
    assert!(count(&told, "gateway.reconciliations") >= 2, "{told}");
    assert!(count(&told, "gateway.dial_failures") >= 1, "{told}");
    assert_eq!(told["book_gaps"], 1, "{told}");
}

#[test]
fn an_exchange_killed_at_the_end_is_waited_for() {
    let told = trades("inline", "3", "exchange-kill@2900ms,restart@4s");
    repaired(&told, &LOST);
    assert!(count(&told, "gateway.reconciliations") >= 2, "{told}");
}
