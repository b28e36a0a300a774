//! What a dead engine left is brought to disk: rows that only memory has are appended, a torn tail
//! is cut, and nothing else is touched. Doing it twice does nothing the second time.
//!
//! All is judged before anything is written: what is damaged, or does not go on from what the disk
//! has, is an error with its place, and both disk and memory stay as they are.

use super::directory::{Directory, Place};
use super::disk::{Spare, offset, sync_folder};
use super::error::{JournalError, io_error};
use super::header::{HEADER_BYTES, SegmentHeader};
use super::memory::{self, committed};
use super::row::{self, END, ROW_BYTES};
use super::segment::SegmentRows;
use super::snapshot::StateFile;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Salvaged {
    /// Rows that were in memory only.
    pub rows_from_memory: u64,
    /// Bytes behind the last whole row that were cut.
    pub bytes_cut: u64,
    /// Place of the next row; none where there is no row at all.
    pub end: Option<u64>,
    /// Whether the last session ended in order.
    pub ended_in_order: bool,
}

/// The last segment on disk, while it is completed.
struct Tail {
    path: PathBuf,
    header: SegmentHeader,
    compressed: bool,
    /// Place behind its last good row, and whether that row is an end.
    next: u64,
    ended: bool,
}

/// One segment as memory has it.
struct Kept {
    path: PathBuf,
    header: SegmentHeader,
    bytes: Vec<u8>,
    /// Place behind its last good row, and whether that row is an end.
    next: u64,
    ended: bool,
}

/// Completes a folder. The caller holds its lock, so that nobody writes.
pub fn salvage(folder: &Path, pool_folder: &Path) -> Result<Salvaged, JournalError> {
    let directory = Directory::read(folder)?;
    let Some(last) = directory.segments.last() else {
        forget_parts(folder)?;
        forget_unbegun(&directory, pool_folder)?;
        return Ok(Salvaged::default());
    };
    let mut tail = Tail::read(last)?;
    let files = files_of(pool_folder, tail.header.journal)?;
    let kept = read(&files, &tail)?;
    forget_parts(folder)?;
    let mut salvaged = Salvaged { bytes_cut: tail.cut()?, ..Salvaged::default() };
    for kept in &kept {
        salvaged.rows_from_memory += kept.next - tail.next;
        tail = tail.take(folder, kept)?;
    }
    if tail.next == tail.header.first {
        // A session that died before its first row: its place is free again.
        fs::remove_file(&tail.path).map_err(io_error("remove", &tail.path))?;
    }
    sync_folder(folder)?;
    forget(&files)?;
    let left = tail.next > tail.header.first || directory.segments.len() > 1;
    salvaged.end = left.then_some(tail.next);
    salvaged.ended_in_order = tail.ended;
    Ok(salvaged)
}

fn forget(files: &[PathBuf]) -> Result<(), JournalError> {
    files.iter().try_for_each(|path| fs::remove_file(path).map_err(io_error("remove", path)))
}

/// Files that were being made: they hold nothing that is not elsewhere.
fn forget_parts(folder: &Path) -> Result<(), JournalError> {
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let path = entry.map_err(io_error("list", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ours = [".pgj.part", ".pgj.zst.part", ".pgs.part"];
        if ours.iter().any(|suffix| name.ends_with(suffix)) {
            fs::remove_file(&path).map_err(io_error("remove", &path))?;
        }
    }
    Ok(())
}

/// Memory of a session that died before its first segment was on disk: it holds no row, and only
/// the state file tells whose it is.
fn forget_unbegun(directory: &Directory, pool_folder: &Path) -> Result<(), JournalError> {
    let Some(state) = directory.states.last() else { return Ok(()) };
    let files = files_of(pool_folder, StateFile::read(&state.path)?.journal)?;
    for path in &files {
        if committed(&fs::read(path).map_err(io_error("read", path))?) > 0 {
            return Err(JournalError::Empty { path: directory.path.clone() });
        }
    }
    forget(&files)
}

/// The files in memory of a journal.
pub(super) fn files_of(pool_folder: &Path, journal: u64) -> Result<Vec<PathBuf>, JournalError> {
    let prefix = format!("peregrine-journal-{journal:016x}-");
    let mut files = Vec::new();
    for entry in fs::read_dir(pool_folder).map_err(io_error("list", pool_folder))? {
        let path = entry.map_err(io_error("list", pool_folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(&prefix) {
            files.push(path);
        }
    }
    Ok(files)
}

/// The segments in memory that have rows which the disk lacks, in order; each goes on where the one
/// before it ends.
fn read(files: &[PathBuf], tail: &Tail) -> Result<Vec<Kept>, JournalError> {
    let mut all = Vec::new();
    for path in files {
        all.extend(Kept::read(path, tail.header.journal)?);
    }
    all.retain(|kept| kept.next > tail.next && kept.next > kept.header.first);
    all.sort_by_key(|kept| kept.header.first);
    let (mut first, mut next) = (tail.header.first, tail.next);
    for kept in &all {
        let path = kept.path.clone();
        if kept.header.epoch != tail.header.epoch {
            return Err(JournalError::Mixed { path });
        }
        if kept.header.first > next {
            return Err(JournalError::Truncated { path, seq: next, expected: kept.header.first });
        }
        if kept.header.first != first && kept.header.first != next {
            return Err(JournalError::Misplaced { path, seq: kept.header.first });
        }
        (first, next) = (kept.header.first, kept.next);
    }
    Ok(all)
}

impl Kept {
    /// None where the file holds no segment: its header was being written, which is before its
    /// first row.
    fn read(path: &Path, journal: u64) -> Result<Option<Self>, JournalError> {
        let mut bytes = fs::read(path).map_err(io_error("read", path))?;
        let committed = committed(&bytes);
        let parsed = memory::header(&bytes).map(|header| SegmentHeader::parse(&header, path));
        let header = match parsed {
            Some(Ok(header)) if header.journal == journal => header,
            Some(Err(error)) if committed > 0 => return Err(error),
            _ => return Ok(None),
        };
        bytes.drain(..HEADER_BYTES);
        let (mut next, mut ended) = (header.first, false);
        for bytes in bytes.as_chunks::<ROW_BYTES>().0 {
            let Some(row) = row::open(bytes, next) else { break };
            (next, ended) = (next + 1, row.kind == END);
        }
        if next - header.first < committed {
            let byte = offset(next - header.first);
            return Err(JournalError::Row { path: path.into(), seq: next, byte });
        }
        Ok(Some(Self { path: path.into(), header, bytes, next, ended }))
    }

    /// The bytes of its rows from this one on.
    fn rows(&self, from: u64) -> &[u8] {
        let place = |seq: u64| (seq - self.header.first) as usize * ROW_BYTES;
        &self.bytes[place(from)..place(self.next)]
    }
}

impl Tail {
    fn read(place: &Place) -> Result<Self, JournalError> {
        let rows = SegmentRows::read(&place.path)?;
        let (header, path) = (rows.header, place.path.clone());
        if header.first != place.seq {
            return Err(JournalError::Misplaced { path, seq: header.first });
        }
        let next = header.first + rows.good_rows()?;
        let last = if next > header.first { rows.row(next - 1)? } else { None };
        let ended = last.is_some_and(|row| row.kind == END);
        Ok(Self { path, header, compressed: place.compressed, next, ended })
    }

    fn open(&self) -> Result<File, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).open(&self.path).map_err(io_error("open", &self.path))
    }

    /// Cuts what is behind the last whole row, and gives back what was reserved there.
    fn cut(&self) -> Result<u64, JournalError> {
        if self.compressed {
            return Ok(0);
        }
        let file = self.open()?;
        let length = file.metadata().map_err(io_error("examine", &self.path))?.len();
        let good = offset(self.next - self.header.first);
        file.set_len(good).map_err(io_error("shorten", &self.path))?;
        file.sync_all().map_err(io_error("flush", &self.path))?;
        Ok(length - good)
    }

    /// Takes what only memory has, into this segment or a new one. The caller has seen that it goes
    /// on from here.
    fn take(self, folder: &Path, kept: &Kept) -> Result<Self, JournalError> {
        let header = kept.header;
        let (file, path) = if header.first == self.header.first {
            (self.open()?, self.path)
        } else {
            Spare::reserve(folder, kept.next - header.first)?.name(folder, &header)?
        };
        let from = self.next.max(header.first);
        file.write_all_at(kept.rows(from), offset(from - header.first))
            .map_err(io_error("write", &path))?;
        file.sync_all().map_err(io_error("flush", &path))?;
        Ok(Self { path, header, compressed: false, next: kept.next, ended: kept.ended })
    }
}
