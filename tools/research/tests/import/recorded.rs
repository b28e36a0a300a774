//! Real recordings, where they are at hand: they become tapes without a gap, and the books that
//! those make are the venue's. Skipped, and said so, where they are not.

use super::rig::{Folder, request};
use engine::event::kind;
use engine::time::Nanos;
use research::import::{Facts, Fault, Request, import};
use research::tape::{Tape, venue_at};
use std::path::PathBuf;

fn recording(name: &str) -> Option<PathBuf> {
    let path = format!("{}/../../../shared/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let found = PathBuf::from(path);
    if !found.exists() {
        println!("skipped: no recording at ../shared/data/{name}");
        return None;
    }
    Some(found)
}

/// Imports a recording; rows of levels, best prices and trades must be as many as it has.
fn run(name: &str, (tick, lot): (&str, &str), expect: [u64; 3]) {
    let Some(path) = recording(name) else { return };
    let folder = Folder::new();
    let request =
        Request { least_latency_us: Some(1_000), ..request(&folder, &[path], Facts::default()) };
    let report = import(&request, &mut |_| {}).unwrap();
    println!("{}", report.text());
    for fault in [
        Fault::Gap,
        Fault::Crossed,
        Fault::Duplicate,
        Fault::NegativeLatency,
        Fault::OutOfOrder,
        Fault::Senseless,
    ] {
        assert_eq!(report.count(fault), 0, "{fault:?}: {}", report.text());
    }
    let tape = Tape::open(&request.out).unwrap();
    let one = &tape.instruments()[0];
    let steps = (one.instrument.tick.decimal(1), one.instrument.lot.decimal(1));
    assert_eq!((steps.0.to_string(), steps.1.to_string()), (tick.to_owned(), lot.to_owned()));
    // Best prices that the book knows already are no news, here as live.
    let bests = report.kinds["best_prices"];
    assert!(bests * 100 > expect[1] * 97 && bests <= expect[1], "{bests}");
    assert_eq!(report.kinds["trades"], expect[2]);
    assert!(report.kinds["levels"] > expect[0], "{}", report.kinds["levels"]);
    let all = (Nanos::ZERO, Nanos(u64::MAX));
    let (mut rows, mut order, mut last) = (0_u64, tape.by_venue(all.0, all.1), Nanos::ZERO);
    while let Some(some) = order.next_rows().unwrap() {
        for row in some {
            assert!(venue_at(row) >= last, "{row:?}");
            last = venue_at(row);
            rows += 1;
        }
    }
    assert_eq!((rows, order.late()), (tape.rows(), 0));
    let (first, _) = tape.span().unwrap();
    let book = tape.books(Nanos(first.0 + 100_000_000_000)).unwrap();
    assert!(book.len() > 1_000 && book.iter().all(|row| row.kind == kind::LEVEL));
}

#[test]
fn usdm_btcusdt_is_imported_without_a_gap() {
    run("usdm/btcusdt_20240808.gz", ("0.1", "0.001"), [443_521, 66_089, 21_313]);
}

#[test]
fn spot_btcusdt_is_imported_without_a_gap() {
    run("spot/btcusdt_20240808.gz", ("0.01", "0.00001"), [10_000, 28_040, 9_757]);
}
