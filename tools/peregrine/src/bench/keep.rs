//! What is kept of each turn: a row in the journal, a span in a histogram.

use super::work::{Unfit, Work};
use crate::clock::TscClock;
use crate::latency::{Probe, Scale, Tally, pair};
use engine::event::{Body, Event};
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::time::{Clock as _, Nanos, Stage, Trace as _};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use shm::journal::{Drain, JournalWriter, Start, Sync, WriterSettings, begin};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const OPS: usize = 1_024;
/// Histograms as the product's.
pub const SCALE: Scale = Scale { span_max: Nanos::from_s(60), digits: 3 };

/// A journal in a folder of its own, which goes with it.
pub struct Scratch {
    /// Its writing end.
    pub writer: JournalWriter,
    drain: Drain,
    folder: PathBuf,
}

impl Scratch {
    /// Begins one.
    pub fn begin() -> Result<Self, Unfit> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-bench-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        let memory = Path::new("/dev/shm");
        let pool = if memory.is_dir() { memory.join(&name) } else { folder.join("pool") };
        fs::create_dir_all(&folder).and_then(|()| fs::create_dir_all(&pool)).map_err(|error| {
            Unfit::new(format_args!("no folder for a journal at {}: {error}", folder.display()))
        })?;
        let settings = WriterSettings {
            folder: folder.clone(),
            pool_folder: pool,
            segment_rows: 1 << 15,
            pool: 3,
            reserve_rows: 1_024,
            rotate_every: Nanos::from_s(3_600),
            sync: Sync::Off,
        };
        let start = Start {
            journal: None,
            config: 0,
            binary: 0,
            epoch: 1,
            first: 0,
            started_at: Nanos(1),
            digest: 0,
            words: &[],
        };
        let (writer, drain) = begin(settings, &start).map_err(Unfit::new)?;
        Ok(Self { writer, drain, folder })
    }

    /// Moves what was written to disk, so that there is room again.
    pub fn empty(&mut self) {
        while self.drain.work(Nanos(1)).is_ok_and(|rows| rows > 0) {}
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let pool = Path::new("/dev/shm").join(self.folder.file_name().unwrap_or_default());
        for folder in [&self.folder, &pool] {
            // What cannot be removed is the system's to clear: both are temporary places.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Rows into a journal, sealed and published.
pub struct JournalRow {
    scratch: Scratch,
    rows: Vec<Event>,
}

impl JournalRow {
    /// Level rows.
    pub fn new() -> Result<Self, Unfit> {
        let mut random = SmallRng::seed_from_u64(5);
        let row = |_| {
            let price = Price(random.random_range(6_000_000..6_200_000));
            let qty = Qty(random.random_range(0..1_000_000));
            let body = Body::Level { side: Side::Buy, price, qty };
            let at = Nanos(random.random_range(1..1 << 60));
            Event::new(at, InstrumentId(1), random.random(), body)
        };
        Ok(Self { scratch: Scratch::begin()?, rows: (0..OPS).map(row).collect() })
    }
}

impl Work for JournalRow {
    fn prepare(&mut self) {
        self.scratch.empty();
    }

    fn run(&mut self) -> usize {
        for row in &self.rows {
            black_box(self.scratch.writer.record(black_box(row)));
        }
        self.rows.len()
    }
}

/// A time stamp, and the span since the last one into a stage's histogram.
pub struct Span {
    clock: TscClock,
    probe: Probe,
    _tally: Tally,
}

impl Span {
    /// An empty histogram.
    pub fn new() -> Self {
        let (probe, tally) = pair(1, SCALE);
        Self { clock: TscClock::start(), probe, _tally: tally }
    }
}

impl Default for Span {
    fn default() -> Self {
        Self::new()
    }
}

impl Work for Span {
    fn run(&mut self) -> usize {
        let mut last = self.clock.now();
        for _ in 0..OPS {
            let now = self.clock.now();
            self.probe.record(Stage::TickToOrder, now.since(last));
            last = now;
        }
        OPS
    }
}
