//! The disk's end: rows from memory into segment files, durable as asked for, closed and rotated;
//! memory that is on disk goes back to the writer.

use super::begin::{Sync, WriterSettings};
use super::directory::segment_path;
use super::error::{JournalError, io_error};
use super::header::HEADER_BYTES;
use super::memory::Memory;
use super::row::ROW_BYTES;
use super::writer::{Opened, Shared};
use engine::time::Nanos;
use rtrb::{Consumer, Producer};
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Rows of one turn.
const TURN_ROWS: usize = 16_384;
/// Pause after the disk refused.
const RETRY_AFTER: Nanos = Nanos(1_000_000_000);

/// What the drain has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DrainStatus {
    /// Rows below it are in files.
    pub on_disk: u64,
    /// Segments that were closed.
    pub closed: u64,
    /// Whether every page of memory is locked.
    pub locked: bool,
    /// How often the disk refused.
    pub refusals: u64,
}

struct Open {
    segment: Opened,
    file: File,
    path: PathBuf,
    since: Option<Nanos>,
}

/// Moves rows to disk.
pub struct Drain {
    shared: Arc<Shared>,
    memory: Arc<[Memory]>,
    ready: Producer<usize>,
    opened: Consumer<Opened>,
    settings: WriterSettings,
    open: Option<Open>,
    /// Rows below it are in files.
    done: u64,
    dirty: bool,
    synced_at: Nanos,
    retry_at: Nanos,
    status: DrainStatus,
}

impl Drain {
    pub(super) fn new(
        (shared, memory): (Arc<Shared>, Arc<[Memory]>),
        (ready, opened): (Producer<usize>, Consumer<Opened>),
        settings: WriterSettings,
    ) -> Self {
        let locked = memory.iter().all(Memory::is_locked);
        let done = shared.written.load(Ordering::Relaxed);
        let status = DrainStatus { on_disk: done, locked, ..DrainStatus::default() };
        Self {
            shared,
            memory,
            ready,
            opened,
            settings,
            open: None,
            done,
            dirty: false,
            synced_at: Nanos::ZERO,
            retry_at: Nanos::ZERO,
            status,
        }
    }

    pub(super) fn open_first(&mut self) -> Result<(), JournalError> {
        self.open_next().map(|_| ())
    }

    /// Takes the files in memory away: nothing is in them that is not on disk.
    pub(super) fn forget_memory(&self) {
        for memory in self.memory.iter() {
            // A file that stays is found and judged at the next start.
            let _ = fs::remove_file(memory.path());
        }
    }

    /// What was done so far.
    pub const fn status(&self) -> DrainStatus {
        self.status
    }

    /// One turn; returns the rows that were moved. What the disk refuses is tried again a second
    /// later; no row is lost while there is memory.
    pub fn work(&mut self, now: Nanos) -> Result<usize, JournalError> {
        if now < self.retry_at {
            return Ok(0);
        }
        let worked = self.turn(now);
        if worked.is_err() {
            self.retry_at = now.after(RETRY_AFTER);
            self.status.refusals += 1;
            self.shared.disk.store(1, Ordering::Relaxed);
        }
        worked
    }

    fn turn(&mut self, now: Nanos) -> Result<usize, JournalError> {
        if self.open.is_none() && !self.open_next()? {
            return Ok(0);
        }
        // In this order: rows of a later segment are published after that segment was.
        let written = self.shared.written.load(Ordering::Acquire);
        let next = self.opened.peek().ok().map(|opened| opened.header.first);
        let end = next.unwrap_or(written).min(written);
        let moved = self.copy(end)?;
        self.sync(now)?;
        self.status.on_disk = self.done;
        if next == Some(self.done) {
            self.close()?;
            return Ok(moved + 1);
        }
        self.ask_rotation(now);
        Ok(moved)
    }

    fn copy(&mut self, end: u64) -> Result<usize, JournalError> {
        let Some(open) = &mut self.open else { return Ok(0) };
        let first = open.segment.header.first;
        let rows = (end.saturating_sub(self.done) as usize).min(TURN_ROWS);
        if rows == 0 {
            return Ok(0);
        }
        let place = (self.done - first) as usize;
        let bytes = self.memory[open.segment.slot].published(place, place + rows);
        let offset = (HEADER_BYTES + place * ROW_BYTES) as u64;
        open.file.write_all_at(bytes, offset).map_err(io_error("write", &open.path))?;
        self.done += rows as u64;
        self.dirty = true;
        Ok(rows)
    }

    /// Makes durable what is due, and says so to the writer.
    fn sync(&mut self, now: Nanos) -> Result<(), JournalError> {
        let due = match self.settings.sync {
            Sync::Off => false,
            Sync::Every(every) => now.since(self.synced_at) >= every,
            Sync::Each => true,
        };
        if self.dirty && due {
            self.flush()?;
            self.synced_at = now;
        }
        if !self.dirty || self.settings.sync != Sync::Each {
            self.shared.durable.store(self.done, Ordering::Release);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        if let Some(open) = &self.open {
            open.file.sync_data().map_err(io_error("flush", &open.path))?;
        }
        self.dirty = false;
        Ok(())
    }

    /// The segment's file gets its true length and is durable; its memory goes back.
    fn close(&mut self) -> Result<(), JournalError> {
        let Some(open) = &self.open else { return Ok(()) };
        let rows = self.done - open.segment.header.first;
        let length = HEADER_BYTES as u64 + rows * ROW_BYTES as u64;
        open.file.set_len(length).map_err(io_error("shorten", &open.path))?;
        open.file.sync_all().map_err(io_error("flush", &open.path))?;
        self.dirty = false;
        if let Some(open) = self.open.take() {
            self.status.closed += 1;
            // The ring has room for all slots.
            let _ = self.ready.push(open.segment.slot);
        }
        Ok(())
    }

    /// Begins the file of the next segment; false when there is none.
    fn open_next(&mut self) -> Result<bool, JournalError> {
        let Ok(segment) = self.opened.peek().copied() else { return Ok(false) };
        let path = segment_path(&self.settings.folder, segment.header.first);
        let file = self.create(&segment, &path)?;
        let _ = self.opened.pop();
        self.open = Some(Open { segment, file, path, since: None });
        Ok(true)
    }

    /// Beside its place first, so that a segment file always has its header.
    fn create(&self, segment: &Opened, path: &Path) -> Result<File, JournalError> {
        let beside = path.with_extension("pgj.part");
        let made = (|| {
            let file = File::create(&beside).map_err(io_error("create", &beside))?;
            let rows = self.memory[segment.slot].rows();
            let bytes = (HEADER_BYTES + rows * ROW_BYTES) as u64;
            match fallocate(&file, FallocateFlags::KEEP_SIZE, 0, bytes) {
                // Some file systems reserve nothing ahead; a full disk shows later there.
                Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
                Err(error) => return Err(io_error("make room for", path)(error.into())),
            }
            let header = segment.header.to_bytes();
            file.write_all_at(&header, 0).map_err(io_error("write", &beside))?;
            file.sync_all().map_err(io_error("flush", &beside))?;
            fs::rename(&beside, path).map_err(io_error("name", path))?;
            let folder = &self.settings.folder;
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(io_error("flush", folder))?;
            Ok(file)
        })();
        if made.is_err() {
            let _ = fs::remove_file(&beside);
        }
        made
    }

    fn ask_rotation(&mut self, now: Nanos) {
        let (every, done) = (self.settings.rotate_every, self.done);
        let Some(open) = &mut self.open else { return };
        let since = *open.since.get_or_insert(now);
        let first = open.segment.header.first;
        if done > first && now.since(since) >= every {
            self.shared.rotate.store(first + 1, Ordering::Relaxed);
        }
    }

    /// Everything to disk, after the writer is gone; the memory is given up only then.
    pub fn finish(mut self) -> Result<(), JournalError> {
        self.retry_at = Nanos::ZERO;
        loop {
            let moved = self.turn(Nanos(u64::MAX))?;
            let written = self.shared.written.load(Ordering::Acquire);
            if moved == 0 && self.done == written && self.opened.is_empty() {
                break;
            }
        }
        self.close()?;
        self.forget_memory();
        Ok(())
    }
}
