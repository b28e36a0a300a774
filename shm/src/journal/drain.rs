//! The disk's end: rows from memory into segment files, durable as asked for, closed and rotated;
//! memory that is on disk goes back to the writer.

use super::begin::{Sync, WriterSettings};
use super::disk::{Spare, offset};
use super::error::{JournalError, io_error};
use super::memory::Memory;
use super::row::{END, ROW_BYTES};
use super::writer::{Opened, Shared};
use engine::time::Nanos;
use rtrb::{Consumer, Producer};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
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
    /// Rows below it are durable, whatever `sync` promises.
    pub durable: u64,
    /// Segments that were closed.
    pub closed: u64,
    /// Bytes of rows that were written.
    pub bytes: u64,
    /// Whether every page of memory is locked.
    pub locked: bool,
    /// How often the disk refused.
    pub refusals: u64,
}

#[derive(Debug)]
struct Open {
    segment: Opened,
    file: File,
    path: PathBuf,
    since: Option<Nanos>,
}

/// Moves rows to disk.
#[derive(Debug)]
pub struct Drain {
    shared: Arc<Shared>,
    memory: Arc<[Memory]>,
    ready: Producer<usize>,
    opened: Consumer<Opened>,
    settings: WriterSettings,
    open: Option<Open>,
    spare: Option<Spare>,
    /// Rows below it are in files, and durable.
    done: u64,
    synced: u64,
    synced_at: Nanos,
    /// What was refused last, and when it is tried again: rows, and room for the next segment.
    rows_refused: Option<(String, Nanos)>,
    room_refused: Option<(String, Nanos)>,
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
        shared.durable.store(done, Ordering::Release);
        let status = DrainStatus { on_disk: done, durable: done, locked, ..Default::default() };
        Self {
            shared,
            memory,
            ready,
            opened,
            settings,
            open: None,
            spare: None,
            done,
            synced: done,
            synced_at: Nanos::ZERO,
            rows_refused: None,
            room_refused: None,
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

    /// What the disk refuses at present, if anything.
    pub fn refused(&self) -> Option<&str> {
        let refused = self.rows_refused.as_ref().or(self.room_refused.as_ref());
        refused.map(|(text, _)| text.as_str())
    }

    /// One turn; returns the rows that were moved. What the disk refuses is tried again a second
    /// later, and the writer is told until it takes it; no row is lost while there is memory. Room
    /// for the next segment is made ahead: that this fails is told like any other error, while rows
    /// still find room in the present one.
    pub fn work(&mut self, now: Nanos) -> Result<usize, JournalError> {
        let mut moved = Ok(0);
        if is_due(&self.rows_refused, now) {
            moved = self.turn(now);
            self.rows_refused = self.judge(moved.as_ref().err(), now);
        }
        let mut room = Ok(());
        if self.spare.is_none() && is_due(&self.room_refused, now) {
            room = self.make_room();
            self.room_refused = self.judge(room.as_ref().err(), now);
        }
        self.shared.disk.store(u64::from(self.refused().is_some()), Ordering::Relaxed);
        let moved = moved?;
        room.map(|()| moved)
    }

    fn judge(&mut self, error: Option<&JournalError>, now: Nanos) -> Option<(String, Nanos)> {
        let error = error?;
        self.status.refusals += 1;
        Some((error.to_string(), now.after(RETRY_AFTER)))
    }

    fn make_room(&mut self) -> Result<(), JournalError> {
        self.spare = Some(Spare::reserve(&self.settings.folder, self.settings.segment_rows)?);
        Ok(())
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
        open.file
            .write_all_at(bytes, offset(place as u64))
            .map_err(io_error("write", &open.path))?;
        self.done += rows as u64;
        self.status.on_disk = self.status.on_disk.max(self.done);
        self.status.bytes += (rows * ROW_BYTES) as u64;
        Ok(rows)
    }

    /// Makes durable what is due, and says so to the writer.
    fn sync(&mut self, now: Nanos) -> Result<(), JournalError> {
        let due = match self.settings.sync {
            Sync::Off => false,
            Sync::Every(every) => now.since(self.synced_at) >= every,
            Sync::Each => true,
        };
        if due && self.done > self.synced {
            self.flush(File::sync_data)?;
            self.synced_at = now;
        }
        self.promise();
        Ok(())
    }

    /// Makes all that is in the file durable. When the disk fails at that, nobody knows which rows
    /// it kept: all since the last time are written again.
    fn flush(&mut self, how: impl Fn(&File) -> std::io::Result<()>) -> Result<(), JournalError> {
        if let Some(open) = &self.open
            && let Err(error) = how(&open.file)
        {
            self.done = self.synced;
            return Err(io_error("flush", &open.path)(error));
        }
        self.synced = self.done;
        Ok(())
    }

    fn promise(&mut self) {
        self.status.durable = self.synced;
        let off = self.settings.sync == Sync::Off;
        let good = if off { self.status.on_disk } else { self.synced };
        // Pairs with the writer's acquire.
        self.shared.durable.store(good, Ordering::Release);
    }

    /// The segment's file gets its true length and is durable; its memory goes back.
    fn close(&mut self) -> Result<(), JournalError> {
        let Some(open) = &self.open else { return Ok(()) };
        let length = offset(self.done - open.segment.header.first);
        open.file.set_len(length).map_err(io_error("shorten", &open.path))?;
        self.flush(File::sync_all)?;
        self.promise();
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
        if self.spare.is_none() {
            self.make_room()?;
        }
        let Some(spare) = self.spare.take() else { return Ok(false) };
        // Where this fails, another spare is made; a file that has its name already holds no row.
        let (file, path) = spare.name(&self.settings.folder, &segment.header)?;
        let _ = self.opened.pop();
        self.open = Some(Open { segment, file, path, since: None });
        Ok(true)
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

    /// Everything to disk, after the writer is gone or has written its end. The memory is given up
    /// only then: when the disk refuses, or more rows may come, it stays for `salvage`.
    pub fn finish(mut self) -> Result<(), JournalError> {
        // Asked before the rows are: what a writer wrote that is gone is found below.
        let gone = self.opened.is_abandoned();
        loop {
            let moved = self.turn(Nanos(u64::MAX))?;
            let written = self.shared.written.load(Ordering::Acquire);
            if moved == 0 && self.done == written && self.opened.is_empty() {
                break;
            }
        }
        let ended = self.is_ended();
        self.close()?;
        if let Some(spare) = self.spare.take() {
            spare.remove();
        }
        if gone || ended {
            self.forget_memory();
        }
        Ok(())
    }

    /// Whether the last row in the file is the end of the session.
    fn is_ended(&self) -> bool {
        let Some(open) = &self.open else { return false };
        let rows = (self.done - open.segment.header.first) as usize;
        let last = self.memory[open.segment.slot].published(rows.saturating_sub(1), rows);
        last.get(58).is_some_and(|kind| *kind == END)
    }
}

fn is_due(refused: &Option<(String, Nanos)>, now: Nanos) -> bool {
    refused.as_ref().is_none_or(|(_, retry_at)| now >= *retry_at)
}
