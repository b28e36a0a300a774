//! The journal of a session: taken over from an earlier one or begun, drained beside the trading,
//! and followed by checkpoints.
//!
//! Opening one takes its lock and finishes what a dead engine left: rows that only memory holds go
//! to disk, a torn tail is cut. Then the newest checkpoint and the rows behind it give back the
//! engine as it was; nothing of what that regenerates is sent.

mod facts;
pub mod follow;
mod recover;
mod threads;

pub use facts::{Facts, assets, binary_id, instruments};
pub use recover::{Recovered, recover};
pub use threads::JournalWork;

use crate::config::{Config, JournalSync};
use crate::exit::Failure;
use engine::asset::Assets;
use engine::engine::Engine;
use engine::state::{Digest, State};
use engine::time::Nanos;
use shm::journal::directory::{Directory, Lock};
use shm::journal::{Drain, JournalWriter, Start, Sync, WriterSettings, begin, salvage};
use std::fs;
use std::path::{Path, PathBuf};
use strategies::any::Any;

/// Where segments lie while they are written: memory that outlives the process.
const POOL: &str = "/dev/shm";

/// A journal that this process alone may write.
pub struct Journal {
    folder: PathBuf,
    lock: Lock,
    /// What the sessions before left; none in a new folder.
    pub recovered: Option<Recovered>,
    /// The number of a new one, where it is not to be drawn.
    number: Option<u64>,
}

impl Journal {
    /// Takes the folder, which is made where it is missing, and recovers what it holds.
    pub fn open(folder: &Path, config: &Config) -> Result<Self, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::error(format!("cannot create the journal {}: {error}", folder.display()))
        })?;
        let lock = Lock::take(&folder.join("lock")).map_err(Failure::error)?;
        facts::check(folder, config)?;
        let directory = Directory::read(folder).map_err(Failure::error)?;
        let recovered = match directory.segments.is_empty() {
            true => None,
            false => {
                let salvaged = salvage(folder, Path::new(POOL)).map_err(Failure::error)?;
                if salvaged.rows_from_memory > 0 || salvaged.bytes_cut > 0 {
                    tracing::info!(
                        "journal: {} rows of a dead engine were saved from memory, {} bytes of a \
                         torn tail were cut",
                        salvaged.rows_from_memory,
                        salvaged.bytes_cut
                    );
                }
                Some(recover(folder)?)
            }
        };
        Ok(Self { folder: folder.into(), lock, recovered, number: None })
    }

    /// The same for what can be made again: a new one has this number, so that the same rows make
    /// the same bytes, and its memory lies in its folder and goes with it.
    #[must_use]
    pub const fn repeatable(mut self, number: u64) -> Self {
        self.number = Some(number);
        self
    }

    /// Where it lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Assets by the numbers that they had in the session before.
    pub fn assets(&self) -> Assets {
        facts::assets(&self.folder)
    }

    /// Has a fresh engine take over what was recovered.
    pub fn carry(&mut self, engine: &mut Engine<Any>) -> Result<(), Failure> {
        let Some(recovered) = &mut self.recovered else { return Ok(()) };
        let Some(old) = recovered.engine.take() else { return Ok(()) };
        let carried = engine.carry(old, !recovered.ended).map_err(Failure::error)?;
        tracing::info!("journal: {carried}");
        Ok(())
    }

    /// The number that the next session may have at least.
    pub fn epoch_min(&self) -> u32 {
        self.recovered.as_ref().map_or(0, |recovered| recovered.epoch.saturating_add(1))
    }

    /// Begins a session with this engine, which has taken over what was recovered.
    pub fn begin(
        self,
        (config, engine): (&Config, &Engine<Any>),
        (facts, epoch, now): (Facts, u32, Nanos),
    ) -> Result<(JournalWriter, JournalWork), Failure> {
        let settings = &config.journal;
        let mut words: Vec<u64> = Vec::new();
        engine.save(&mut words);
        let start = Start {
            journal: self.recovered.as_ref().map(|recovered| recovered.journal).or(self.number),
            config: config.hash(),
            binary: facts::binary_id(),
            epoch,
            first: self.recovered.as_ref().map_or(0, |recovered| recovered.next),
            started_at: now,
            digest: Digest::of(engine),
            words: &words,
        };
        facts.append(&self.folder, start.first)?;
        let writer = WriterSettings {
            folder: self.folder.clone(),
            pool_folder: self.number.map_or_else(|| PathBuf::from(POOL), |_| self.folder.clone()),
            segment_rows: settings.segment_rows(),
            pool: settings.segments,
            reserve_rows: settings.reserve_rows(),
            rotate_every: settings.rotate_every,
            sync: match settings.sync {
                JournalSync::Off => Sync::Off,
                JournalSync::Interval => Sync::Every(settings.interval),
                JournalSync::Each => Sync::Each,
            },
        };
        let (writer, drain): (JournalWriter, Drain) =
            begin(writer, &start).map_err(Failure::error)?;
        let work = JournalWork::new(self.folder, (self.lock, drain), settings);
        Ok((writer, work))
    }
}
