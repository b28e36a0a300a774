//! How a session's journal begins: its start state, its memory, its first segment.

use super::directory::Directory;
use super::drain::Drain;
use super::error::JournalError;
use super::header::SegmentHeader;
use super::memory::Memory;
use super::salvage::files_of;
use super::segment::SegmentRows;
use super::snapshot::StateFile;
use super::writer::{JournalWriter, Shared};
use engine::time::Nanos;
use rtrb::RingBuffer;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// When rows are made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// When a segment is closed.
    Off,
    /// At this interval.
    Every(Nanos),
    /// After each batch of rows.
    Each,
}

/// How a journal is written.
#[derive(Clone, Debug)]
pub struct WriterSettings {
    /// Its folder.
    pub folder: PathBuf,
    /// Where the files in memory lie.
    pub pool_folder: PathBuf,
    /// Rows of one segment.
    pub segment_rows: u64,
    /// Segments in memory; at least three.
    pub pool: usize,
    /// Rows of them that are kept for recording the shutdown.
    pub reserve_rows: u64,
    /// Longest time that one segment is written to.
    pub rotate_every: Nanos,
    /// When rows are made durable.
    pub sync: Sync,
}

/// What a session begins with.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Of the journal; none for a new one.
    pub journal: Option<u64>,
    /// Hash of the configuration.
    pub config: u64,
    /// Of the program.
    pub binary: u64,
    /// Of the session.
    pub epoch: u32,
    /// Place of the first row.
    pub first: u64,
    /// When it begins, UTC.
    pub started_at: Nanos,
    /// Digest of the engine's state.
    pub digest: u64,
    /// The state itself.
    pub words: &'a [u64],
}

/// Name of a file in memory.
pub(super) fn memory_path(folder: &Path, journal: u64, slot: usize) -> PathBuf {
    folder.join(format!("peregrine-journal-{journal:016x}-{slot}"))
}

/// Begins a session. The caller holds the lock of the folder, and has salvaged what a dead one
/// left.
pub fn begin(
    settings: WriterSettings,
    start: &Start<'_>,
) -> Result<(JournalWriter, Drain), JournalError> {
    let journal = start.journal.unwrap_or_else(|| fresh_id(start));
    goes_on(&settings, start, journal)?;
    let state = StateFile {
        journal,
        seq: start.first,
        epoch: start.epoch,
        sent: 0,
        sent_digest: 0,
        digest: start.digest,
        words: start.words.to_vec(),
    };
    state.write(&settings.folder)?;
    let header = SegmentHeader {
        journal,
        config: start.config,
        binary: start.binary,
        epoch: start.epoch,
        first: start.first,
        epoch_first: start.first,
        sent: 0,
        sent_digest: 0,
        start_digest: start.digest,
        started_at: start.started_at,
    };
    let memory = memory(&settings, journal)?;
    let slots = memory.len();
    let shared = Arc::new(Shared::default());
    let (mut give, ready) = RingBuffer::new(slots);
    let (opened, taken) = RingBuffer::new(slots);
    for slot in 1..slots {
        // The ring has room for all.
        let _ = give.push(slot);
    }
    let both = (shared.clone(), memory.clone());
    let writer = JournalWriter::new(both, (ready, opened), (0, header), settings.reserve_rows);
    let mut drain = Drain::new((shared, memory), (give, taken), settings);
    // The first segment is on disk before anything trades: a disk that is full shows here.
    if let Err(error) = drain.open_first() {
        drain.forget_memory();
        return Err(error);
    }
    Ok((writer, drain))
}

/// The segments in memory: all of them, or none and the reason.
fn memory(settings: &WriterSettings, journal: u64) -> Result<Arc<[Memory]>, JournalError> {
    let rows = settings.segment_rows.clamp(1, 1 << 24) as usize;
    let mut memory: Vec<Memory> = Vec::new();
    for slot in 0..settings.pool.max(3) {
        let path = memory_path(&settings.pool_folder, journal, slot);
        match Memory::create(path, rows) {
            Ok(one) => memory.push(one),
            Err(error) => {
                for one in memory {
                    let _ = std::fs::remove_file(one.path());
                }
                return Err(error);
            }
        }
    }
    Ok(memory.into())
}

/// Whether what lies in the folder ends where the session begins, and nothing lies in memory.
fn goes_on(settings: &WriterSettings, start: &Start<'_>, journal: u64) -> Result<(), JournalError> {
    if let Some(path) = files_of(&settings.pool_folder, journal)?.into_iter().next() {
        return Err(JournalError::Unsalvaged { path });
    }
    let known = Directory::read(&settings.folder)?;
    let Some(last) = known.segments.last() else { return Ok(()) };
    let (path, rows) = (last.path.clone(), SegmentRows::read(&last.path)?);
    if rows.header.journal != journal {
        return Err(JournalError::Mixed { path });
    }
    let (seq, end) = (last.seq, last.seq + rows.good_rows()?);
    match end.cmp(&start.first) {
        std::cmp::Ordering::Equal if seq < end => Ok(()),
        std::cmp::Ordering::Less => {
            Err(JournalError::Truncated { path, seq: end, expected: start.first })
        }
        // A segment without a row is taken away by `salvage`.
        _ => Err(JournalError::Occupied { path, seq }),
    }
}

/// A number that no other journal has, in all likelihood: from the time, the process and the
/// address space of the moment.
fn fresh_id(start: &Start<'_>) -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u64(start.started_at.0);
    hasher.write_u32(std::process::id());
    hasher.finish()
}
