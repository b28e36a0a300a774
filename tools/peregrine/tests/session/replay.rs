//! The demo over a recorded real market: the book, the decoder and the ledgers agree with what the
//! venue really sent, not only with what our exchange makes up.

use crate::report::{CORES, demo};
use std::path::Path;

const RECORDING: &str = "../shared/data/spot/btcusdt_20240808.gz";

#[test]
fn a_recorded_market_is_traded_without_fault() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join(RECORDING);
    if !file.exists() {
        println!("skipped: no recording at {RECORDING}");
        return;
    }
    let _all = CORES.write();
    let file = file.to_str().unwrap();
    // `demo` sees to the exit code, `ledger_match`, open orders, halts and full rings.
    let told = demo("replay", &["--replay", file, "--seconds", "10"], &[]);
    assert_eq!(told["repairs"], serde_json::json!([]), "{told}");
    assert_eq!(told["counters"]["feed.decode_errors"], 0, "{told}");
    assert_eq!(told["counters"]["feed.unknown_frames"], 0, "{told}");
    assert_eq!((&told["book_gaps"], &told["counters"]["feed.gaps"]), (&0.into(), &0.into()));
    assert!(told["market_events"].as_u64() > Some(0), "{told}");
    assert!(told["counters"]["feed.snapshots"].as_u64() > Some(0), "{told}");
}
