//! How long a start takes after a death: 20 random moments of a session of 10 million rows, with
//! segments and checkpoints as shipped. Rows that only memory has are brought to disk, the newest
//! state is read, the tail is replayed; the worst of the 20 counts.

use benches::corpus;
use benches::recorded::{Failed, GoesOn, Session, stream};
use benches::stage::{Bar, Row, Stage};
use engine::event::Event;
use engine::instrument::Instrument;
use feeds::binance::Flavour;
use peregrine::journal::follow::Follower;
use peregrine::journal::{Recovered, recover};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use shm::journal::{Salvaged, salvage};
use std::path::Path;
use std::time::{Duration, Instant};

/// Rows of a segment: 16 MiB, as shipped.
const SEGMENT_ROWS: u64 = 262_144;
const DEATHS: usize = 20;
const ROWS: u64 = 10_000_000;
const NS_MAX: f64 = 1e9;

/// A session up to this row, its follower never far behind; then it is dead.
fn live(
    (folder, messages): (&Path, &[Vec<Event>]),
    (instrument, goes_on): (Instrument, Option<GoesOn>),
    end: u64,
) -> Result<Session, Failed> {
    let mut session = Session::begin(folder, instrument, (SEGMENT_ROWS, goes_on))?;
    let mut follower = Follower::open(folder)?;
    let mut closed = 0;
    while session.doors.writer.seq() < end {
        for message in messages {
            session.message(message)?;
            if session.drain.status().closed > closed {
                closed = session.drain.status().closed;
                while follower.work()? > 0 {}
            }
            if session.doors.writer.seq() >= end {
                break;
            }
        }
        session.again();
    }
    Ok(session)
}

/// The start after a death, and how long it took.
fn start(folder: &Path) -> Result<(Salvaged, Recovered, Duration), Failed> {
    let began = Instant::now();
    let salvaged = salvage(folder, &folder.join("pool"))?;
    let recovered = recover(folder).map_err(|failure| failure.to_string())?;
    Ok((salvaged, recovered, began.elapsed()))
}

fn measure(folder: &Path, (rows, deaths): (u64, usize)) -> Result<(f64, f64), Failed> {
    let instrument = corpus::usdm();
    let messages = stream("usdm/btcusdt_20240808.gz", instrument, Flavour::Usdm);
    if messages.is_empty() {
        return Err("the recordings are not there: nothing to recover from".into());
    }
    let mut random = SmallRng::seed_from_u64(20);
    let mut ends: Vec<u64> = (0..deaths).map(|_| random.random_range(1..=rows)).collect();
    ends.sort_unstable();
    let mut goes_on: Option<GoesOn> = None;
    let mut times = Vec::new();
    for (number, end) in ends.into_iter().enumerate() {
        let session = live((folder, &messages), (instrument, goes_on.take()), end)?;
        let shift = session.shift;
        // As kill -9 leaves it: nothing of it runs any more, nothing is given back.
        std::mem::forget(session);
        let (salvaged, recovered, took) = start(folder)?;
        let Recovered { engine, epoch, next, journal, .. } = recovered;
        println!(
            "recovery: death {number} at row {next}, {} rows in memory only: {took:?}",
            salvaged.rows_from_memory
        );
        times.push(took.as_nanos() as f64);
        let old = engine.ok_or("no engine was recovered")?;
        goes_on = Some(GoesOn { journal, first: next, epoch: epoch + 1, old, shift });
    }
    let worst = times.iter().copied().fold(0.0, f64::max);
    Ok((benches::stage::median(times), worst))
}

fn main() -> Result<(), Failed> {
    let mut stage = Stage::new("recovery");
    let name = format!("peregrine-recovery-bench-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("pool"))?;
    let size = if stage.smoke() { (3_000, 2) } else { (ROWS, DEATHS) };
    let measured = measure(&folder, size);
    std::fs::remove_dir_all(&folder)?;
    match measured {
        Ok((median, worst)) => {
            for (title, ns, bar) in [
                ("worst of 20 deaths in 10 million rows", worst, Bar::NsMax(NS_MAX)),
                ("median of them", median, Bar::None),
            ] {
                stage.keep(Row { bar, ..Row::new("recovery", title, ns) });
            }
        }
        Err(failed) if stage.smoke() => println!("skipped: {failed}"),
        Err(failed) => return Err(failed),
    }
    stage.finish();
    Ok(())
}
