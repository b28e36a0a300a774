//! What a dead engine left is brought to disk: rows that only memory has are appended, a torn tail
//! is cut, and nothing else is touched. Doing it twice does nothing the second time.

use super::directory::{Directory, segment_path};
use super::error::{JournalError, io_error};
use super::header::{HEADER_BYTES, SegmentHeader};
use super::row::{self, END, ROW_BYTES};
use super::segment::SegmentRows;
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

/// One segment as memory has it.
struct Kept {
    header: SegmentHeader,
    bytes: Vec<u8>,
}

impl Kept {
    /// The row of this `seq`, if it is whole and of this segment.
    fn row(&self, seq: u64) -> Option<&row::Bytes> {
        let place = usize::try_from(seq.checked_sub(self.header.first)?).ok()?;
        let rows = self.bytes.get(HEADER_BYTES..)?.as_chunks::<ROW_BYTES>().0;
        rows.get(place).filter(|bytes| row::open(bytes, seq).is_some())
    }
}

/// The last segment on disk, while it is completed.
struct Tail {
    file: File,
    path: PathBuf,
    header: SegmentHeader,
    next: u64,
}

/// Completes a folder. The caller holds its lock, so that nobody writes.
pub fn salvage(folder: &Path, pool_folder: &Path) -> Result<Salvaged, JournalError> {
    forget_parts(folder)?;
    let directory = Directory::read(folder)?;
    let Some(last) = directory.segments.last() else { return Ok(Salvaged::default()) };
    let rows = SegmentRows::read(&last.path)?;
    if rows.header.first != last.seq {
        return Err(JournalError::Misplaced { path: last.path.clone(), seq: rows.header.first });
    }
    let mut salvaged = Salvaged::default();
    let mut next = rows.header.first;
    let mut kind = 0;
    while let Some(event) = rows.row(next)? {
        (next, kind) = (next + 1, event.kind);
    }
    salvaged.ended_in_order = kind == END;
    let header = rows.header;
    drop(rows);
    if !last.compressed {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).open(&last.path);
        let file = file.map_err(io_error("open", &last.path))?;
        let mut tail = Tail { file, path: last.path.clone(), header, next };
        salvaged.bytes_cut = tail.cut()?;
        if !salvaged.ended_in_order {
            salvaged.ended_in_order = append(folder, pool_folder, &mut tail, &mut salvaged)?;
        }
        next = tail.next;
        tail.file.sync_all().map_err(io_error("flush", &tail.path))?;
        if tail.next == tail.header.first {
            // A session that died before its first row: its place is free again.
            fs::remove_file(&tail.path).map_err(io_error("remove", &tail.path))?;
        }
    }
    for (path, _) in kept(pool_folder, header.journal)? {
        fs::remove_file(&path).map_err(io_error("remove", &path))?;
    }
    let left = !Directory::read(folder)?.segments.is_empty();
    salvaged.end = left.then_some(next);
    Ok(salvaged)
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

/// The files in memory of a journal, with what they hold where that can be read.
fn kept(pool_folder: &Path, journal: u64) -> Result<Vec<(PathBuf, Option<Kept>)>, JournalError> {
    let prefix = format!("peregrine-journal-{journal:016x}-");
    let mut all = Vec::new();
    let Ok(entries) = fs::read_dir(pool_folder) else { return Ok(all) };
    for entry in entries {
        let path = entry.map_err(io_error("list", pool_folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with(&prefix) {
            continue;
        }
        let bytes = fs::read(&path).map_err(io_error("read", &path))?;
        let header = bytes.first_chunk::<HEADER_BYTES>();
        // A header that was being written belongs to a segment without a row.
        let header = header.and_then(|header| SegmentHeader::parse(header, &path).ok());
        let header = header.filter(|header| header.journal == journal);
        all.push((path, header.map(|header| Kept { header, bytes })));
    }
    Ok(all)
}

/// Appends what only memory has; whether that ends the session in order.
fn append(
    folder: &Path,
    pool_folder: &Path,
    tail: &mut Tail,
    salvaged: &mut Salvaged,
) -> Result<bool, JournalError> {
    let mut segments: Vec<Kept> =
        kept(pool_folder, tail.header.journal)?.into_iter().filter_map(|(_, kept)| kept).collect();
    segments.retain(|kept| kept.header.epoch == tail.header.epoch);
    segments.sort_by_key(|kept| kept.header.first);
    let mut ended = false;
    for kept in &segments {
        if kept.header.first < tail.header.first || kept.row(tail.next).is_none() {
            continue;
        }
        if kept.header.first > tail.header.first {
            if kept.header.first != tail.next {
                continue;
            }
            tail.file.sync_all().map_err(io_error("flush", &tail.path))?;
            *tail = Tail::create(folder, kept.header)?;
        }
        while let Some(bytes) = kept.row(tail.next) {
            ended = bytes[58] == END;
            tail.push(bytes)?;
            salvaged.rows_from_memory += 1;
        }
    }
    Ok(ended)
}

impl Tail {
    fn create(folder: &Path, header: SegmentHeader) -> Result<Self, JournalError> {
        let path = segment_path(folder, header.first);
        let beside = path.with_extension("pgj.part");
        let file = File::create(&beside).map_err(io_error("create", &beside))?;
        file.write_all_at(&header.to_bytes(), 0).map_err(io_error("write", &beside))?;
        file.sync_all().map_err(io_error("flush", &beside))?;
        fs::rename(&beside, &path).map_err(io_error("name", &path))?;
        Ok(Self { file, path, header, next: header.first })
    }

    fn offset(&self) -> u64 {
        HEADER_BYTES as u64 + (self.next - self.header.first) * ROW_BYTES as u64
    }

    /// Cuts what is behind the last whole row.
    fn cut(&mut self) -> Result<u64, JournalError> {
        let length = self.file.metadata().map_err(io_error("examine", &self.path))?.len();
        let cut = length.saturating_sub(self.offset());
        if cut > 0 {
            self.file.set_len(self.offset()).map_err(io_error("shorten", &self.path))?;
        }
        Ok(cut)
    }

    fn push(&mut self, bytes: &row::Bytes) -> Result<(), JournalError> {
        self.file.write_all_at(bytes, self.offset()).map_err(io_error("write", &self.path))?;
        self.next += 1;
        Ok(())
    }
}
