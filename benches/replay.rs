//! A journal replayed: rows a second of processor time on one core, with books, Avellaneda–Stoikov,
//! reconciliation and risk, every sent row compared. The journal is that of an engine over recorded
//! streams (levels, best prices, trades as they came) with the simulated venue answering its
//! orders; it lies on disk and is read from there each time, checksums and all.
//!
//! Processor time of the thread, not wall time: that is what one core can do, whatever else runs.

use benches::corpus;
use benches::recorded::{Failed, Session, stream};
use benches::stage::{Bar, Row, Stage, median};
use engine::event::Event;
use engine::instrument::Instrument;
use engine::time::Nanos;
use feeds::binance::Flavour;
use peregrine::replay::walk::{Replay, Totals};
use rustix::time::{ClockId, clock_gettime};
use shm::journal::keep;
use std::path::{Path, PathBuf};
use strategies::any::Any;

/// 5 million rows a second.
const NS_MAX: f64 = 200.0;
const SEGMENT_ROWS: u64 = 1 << 17;
const ROUNDS: usize = 9;

/// Records at least so many rows; the folder.
fn record(
    messages: &[Vec<Event>],
    (instrument, least): (Instrument, u64),
) -> Result<PathBuf, Failed> {
    let name = format!("peregrine-replay-bench-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("pool"))?;
    let mut session = Session::begin(&folder, instrument, (SEGMENT_ROWS, None))?;
    while session.doors.writer.seq() < least {
        for message in messages {
            session.message(message)?;
        }
        session.again();
    }
    session.doors.writer.end();
    drop(session.doors);
    session.drain.finish()?;
    Ok(folder)
}

/// Processor time of this thread so far, ns.
fn spent() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// ns a row.
fn replay(folder: &Path) -> Result<(f64, Totals), Failed> {
    let before = spent();
    let mut replay = Replay::<Any>::open(folder, 0, u64::MAX - 1)?;
    if let Some(found) = replay.run(&mut ())? {
        return Err(format!("{found:?}").into());
    }
    let took = spent() - before;
    let totals = replay.totals();
    Ok((took / (totals.end - totals.first) as f64, totals.clone()))
}

fn measure(
    stage: &mut Stage,
    (title, flavour): (&str, Flavour),
    (name, instrument): (&str, Instrument),
) -> Result<(), Failed> {
    let messages = stream(name, instrument, flavour);
    if messages.is_empty() {
        return Ok(());
    }
    let least = if stage.smoke() { 1 } else { 2_000_000 };
    let folder = record(&messages, (instrument, least))?;
    let (_, totals) = replay(&folder)?;
    let Totals { events, intents, end, .. } = totals;
    println!("replay/{title}: {end} rows, {events} events, {intents} sent rows compared");
    if !stage.smoke() {
        let rounds = || -> Result<f64, Failed> {
            let all: Result<Vec<f64>, Failed> =
                (0..ROUNDS).map(|_| replay(&folder).map(|(ns, _)| ns)).collect();
            Ok(median(all?))
        };
        let plain = rounds()?;
        keep_row(stage, title.to_owned(), plain, Bar::NsMax(NS_MAX));
        let place = shm::journal::directory::state_path(&folder, end);
        // A state behind the last row, so that all segments count as closed.
        let start = shm::journal::StateFile { seq: end, ..Default::default() };
        start.write(&folder)?;
        while keep::tidy(&folder, (0, None), Nanos(0))?.compressed > 0 {}
        std::fs::remove_file(place)?;
        let packed = rounds()?;
        keep_row(stage, format!("{title}, compressed"), packed, Bar::None);
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn keep_row(stage: &mut Stage, title: String, ns: f64, bar: Bar) {
    stage.keep(Row { bar, ..Row::new("replay", title, ns) });
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("replay");
    let usdm = ("usdm/btcusdt_20240808.gz", corpus::usdm());
    measure(&mut stage, ("USDM BTCUSDT, a row", Flavour::Usdm), usdm)?;
    let spot = ("spot/btcusdt_20240808.gz", corpus::spot());
    measure(&mut stage, ("spot BTCUSDT, a row", Flavour::Spot), spot)?;
    stage.finish();
    Ok(())
}
