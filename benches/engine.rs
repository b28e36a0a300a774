//! The engine's thread on a recorded market at full speed: books, Avellaneda–Stoikov,
//! reconciliation, risk gate, journal. A first pass over the recording lets the simulated venue
//! answer the orders; the second one, which is measured, gives a fresh engine the same events and
//! must decide the same.
//!
//! Processor time of the thread, not wall time: that is what one core can do, whatever else runs.
//! The journal's rows go to disk between the measured chunks, as they do on another thread.

use benches::corpus;
use benches::recorded::{Failed, Session, stream};
use benches::stage::{Bar, Row, Stage, median, quantile};
use engine::event::Event;
use feeds::binance::Flavour;
use rustix::time::{ClockId, clock_gettime};
use std::path::{Path, PathBuf};

/// 8 million rows a second.
const NS_MAX: f64 = 125.0;
const SEGMENT_ROWS: u64 = 1 << 17;
/// Rows of a measured chunk.
const CHUNK: usize = 1 << 14;
const ROWS: usize = 1_000_000;

/// Processor time of this thread so far, ns.
fn spent() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

fn folder(name: &str) -> Result<PathBuf, Failed> {
    let name = format!("peregrine-engine-bench-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("pool"))?;
    Ok(folder)
}

/// All events of a session over the recording, the venue's answers among them, and how many rows
/// its journal had.
fn events(folder: &Path, least: usize) -> Result<(Vec<Event>, u64), Failed> {
    let instrument = corpus::usdm();
    let messages = stream("usdm/btcusdt_20240808.gz", instrument, Flavour::Usdm);
    if messages.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let mut session = Session::begin(folder, instrument, (SEGMENT_ROWS, None))?;
    session.doors.seen = Some(Vec::with_capacity(least + CHUNK));
    let enough =
        |session: &Session| session.doors.seen.as_ref().is_none_or(|all| all.len() >= least);
    while !enough(&session) {
        for message in &messages {
            session.message(message)?;
        }
        session.again();
    }
    let events = session.doors.seen.take().unwrap_or_default();
    Ok((events, session.doors.writer.seq()))
}

/// ns a row of each chunk. Rows are those of the journal: events and what is sent.
fn run(folder: &Path, events: &[Event], rows: u64) -> Result<Vec<f64>, Failed> {
    let mut session = Session::begin(folder, corpus::usdm(), (SEGMENT_ROWS, None))?;
    session.doors.venue = None;
    let mut times = Vec::new();
    for chunk in events.chunks(CHUNK) {
        let (first, before) = (session.doors.writer.seq(), spent());
        for event in chunk {
            session.take(*event)?;
        }
        let took = spent() - before;
        times.push(took / (session.doors.writer.seq() - first) as f64);
        while session.drain.work(engine::time::Nanos(1))? > 0 {}
    }
    let made = session.doors.writer.seq();
    assert_eq!(made, rows, "the same events lead to the same orders");
    Ok(times)
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("engine");
    let (first, second) = (folder("first")?, folder("second")?);
    let least = if stage.smoke() { 1 } else { ROWS };
    let (events, rows) = events(&first, least)?;
    if !events.is_empty() {
        let times = run(&second, &events, rows)?;
        println!("engine: {} events, {rows} rows with what was sent", events.len());
        if !stage.smoke() {
            let p99_ns = Some(quantile(times.clone(), 0.99));
            let bar = Bar::NsMax(NS_MAX);
            let row = Row::new("engine", "recorded market, a row", median(times));
            stage.keep(Row { p99_ns, bar, ..row });
        }
    }
    for folder in [first, second] {
        std::fs::remove_dir_all(folder)?;
    }
    stage.finish();
    Ok(())
}
