//! Instructions of each hot function, counted by callgrind through `gungraun`: unlike times, they
//! do not wobble, so they are held against `budget.toml` in CI. `--assert` fails when one is over;
//! `--test` runs each function once and counts nothing.
//!
//! valgrind knows no AVX-512: what chooses its instructions at run time takes its AVX2 way here, so
//! on newer machines the timed code is somewhat shorter than what is counted.
//!
//! This program runs itself again: gungraun's own `main` starts the runner, and the runner starts
//! it once for each function.

#![allow(missing_docs, reason = "gungraun's macros make modules that have none")]

use benches::budget::{Budget, Judged};
use benches::results::{self, Counts, Kept};
use benches::setting;
use benches::stage::is_smoke;
use gungraun::{library_benchmark, library_benchmark_group};
use peregrine::bench::work::{self, Work};
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Of gungraun; library and runner must be equal.
const VERSION: &str = "0.20.0";
/// Says that this is the child whose results are read.
const CHILD: &str = "PEREGRINE_COUNTS";

/// A work as it is made; not counted.
fn fresh(name: &str) -> Option<Box<dyn Work>> {
    work::make(name).ok()
}

/// A work that has been warm for two turns; not counted.
fn warm(name: &str) -> Option<Box<dyn Work>> {
    let mut work = work::make(name).ok()?;
    for _ in 0..2 {
        work.prepare();
        work.run();
    }
    work.prepare();
    Some(work)
}

// One turn. What is made and dropped around it is not counted.
#[library_benchmark]
#[bench::book_ticker_decode(warm("book_ticker_decode"))]
#[bench::trade_decode(warm("trade_decode"))]
#[bench::diff_20_decode(warm("diff_20_decode"))]
#[bench::diff_100_decode(warm("diff_100_decode"))]
#[bench::book_update_best(warm("book_update_best"))]
#[bench::quote_avellaneda_stoikov(warm("quote_avellaneda_stoikov"))]
#[bench::triangular_search(warm("triangular_search"))]
#[bench::reconcile_2x5(warm("reconcile_2x5"))]
#[bench::gate(warm("gate"))]
#[bench::order_frame(warm("order_frame"))]
#[bench::order_hmac(warm("order_hmac"))]
#[bench::journal_record(warm("journal_record"))]
#[bench::telemetry_record(warm("telemetry_record"))]
fn turn(mut work: Option<Box<dyn Work>>) -> Option<Box<dyn Work>> {
    if let Some(work) = &mut work {
        black_box(work.run());
    }
    work
}

// Whole ticks, bytes in to both orders out: counted is only what lies within one, not the venue's
// answers between them. So it is wherever a tick is gone through, and none is to warm it.
#[library_benchmark(config = gungraun::LibraryBenchmarkConfig::default()
    .tool(gungraun::Callgrind::default()
        .entry_point(gungraun::EntryPoint::Custom("*bench*tick*Tick*tick*".to_owned()))))]
#[bench::inline_book_ticker(fresh("inline_book_ticker"))]
#[bench::inline_diff_20(fresh("inline_diff_20"))]
fn ticks(mut work: Option<Box<dyn Work>>) -> Option<Box<dyn Work>> {
    if let Some(work) = &mut work {
        black_box(work.run());
    }
    work
}

library_benchmark_group!(name = hot, benchmarks = [turn, ticks]);

/// gungraun's own way in.
mod counted {
    use super::hot;
    gungraun::main!(library_benchmark_groups = hot);

    /// Starts the runner, or one function where the runner asks for it.
    pub fn run() {
        main();
    }
}

/// Whether a program of this name can be started.
fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs every function under callgrind; instructions of an operation, by name.
fn count(home: &Path) -> Result<Counts, String> {
    for (program, how) in [
        ("valgrind", "install it by the system's packages".to_owned()),
        ("gungraun-runner", format!("cargo install gungraun-runner --version {VERSION} --locked")),
    ] {
        if !installed(program) {
            return Err(format!("{program} is missing: {how}"));
        }
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    // What an earlier run left would be read as this one's.
    let _ = std::fs::remove_dir_all(home);
    let status = Command::new(program)
        .env(CHILD, "1")
        .env("GUNGRAUN_HOME", home)
        .env("GUNGRAUN_SAVE_SUMMARY", "json")
        .arg("--bench")
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("gungraun ended with {status}: read what it said")),
        Err(error) => return Err(format!("gungraun does not start: {error}")),
    }
    let mut counts = Counts::new();
    for (name, make) in work::ALL {
        let total = benches::budget::counted(home, name)?;
        let mut work = make().map_err(|unfit| format!("{name}: {unfit}"))?;
        work.prepare();
        let ops = work.run() as u64;
        counts.insert((*name).to_owned(), (total + ops / 2) / ops);
    }
    Ok(counts)
}

fn smoke() {
    for (name, make) in work::ALL {
        match make() {
            Ok(mut work) => {
                work.prepare();
                println!("instructions/{name}: {} operations a turn", work.run());
            }
            Err(unfit) => println!("instructions/{name}: {unfit}"),
        }
    }
}

fn measure() -> Result<Vec<Judged>, String> {
    let budget = Budget::read(&setting::root().join("benches/budget.toml"))?;
    let (commit, profile, load) = (setting::commit(), setting::profile(), setting::load());
    let counts = count(&results::directory().join("gungraun"))?;
    let judged = budget.judge(&counts);
    let kept = Kept { commit, profile: profile.clone(), load, rows: counts };
    results::keep("instructions", &kept)
        .and_then(|()| results::leave(&profile))
        .map_err(|error| format!("the counts are not kept: {error}"))?;
    Ok(judged)
}

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    if std::env::var_os(CHILD).is_some() || arguments.any(|one| one == "--gungraun-run") {
        counted::run();
        return ExitCode::SUCCESS;
    }
    if is_smoke() {
        smoke();
        return ExitCode::SUCCESS;
    }
    let asserted = std::env::args().any(|argument| argument == "--assert");
    match measure() {
        Ok(judged) => {
            println!("{}", benches::budget::table(&judged));
            let over = judged.iter().filter(|one| !one.met()).count();
            if over > 0 {
                println!("{over} over budget: make them shorter, or say in budget.toml why not");
            }
            ExitCode::from(u8::from(asserted && over > 0))
        }
        Err(why) => {
            println!("instructions: not counted: {why}");
            ExitCode::from(u8::from(asserted))
        }
    }
}
