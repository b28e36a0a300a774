//! The rows of a journal while it is written: what is on disk is read on from where the last look
//! ended, a bounded number at a time. It takes no lock and waits for nobody.
//!
//! A segment that was opened stays readable when it is compressed or removed meanwhile; one that is
//! compressed before it is opened is read whole.

use super::directory::{Directory, segment_path};
use super::error::{JournalError, io_error};
use super::header::{HEADER_BYTES, SegmentHeader};
use super::reader::Row;
use super::row::{self, ROW_BYTES};
use super::segment::SegmentRows;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Most rows of one look.
const LOOK_ROWS: usize = 4_096;

/// A segment that is read.
#[derive(Debug)]
enum Segment {
    /// As it grows.
    Growing { file: File, path: PathBuf, first: u64 },
    /// Compressed, and in memory.
    Whole(SegmentRows),
}

/// Reads the end of a journal that is written.
#[derive(Debug)]
pub struct Tail {
    folder: PathBuf,
    segment: Option<Segment>,
    next: u64,
    bytes: Vec<u8>,
}

impl Tail {
    /// From this row on, which is the first of a segment.
    pub fn new(folder: &Path, from: u64) -> Self {
        let bytes = vec![0; LOOK_ROWS * ROW_BYTES];
        Self { folder: folder.into(), segment: None, next: from, bytes }
    }

    /// Place of the next row.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Adds rows that came, some thousand at most; false when none has.
    ///
    /// # Errors
    ///
    /// When the disk refuses, or a file is no segment of this journal. A row that is not whole is
    /// looked for again: whether it stays so, [`Tail::behind`] shows.
    pub fn look(&mut self, rows: &mut Vec<Row>) -> Result<bool, JournalError> {
        if self.segment.is_none() && !self.enter()? {
            return Ok(false);
        }
        let before = self.next;
        match &self.segment {
            Some(Segment::Growing { file, path, first }) => {
                let place = (self.next - first) * ROW_BYTES as u64;
                let at = HEADER_BYTES as u64 + place;
                let read = file.read_at(&mut self.bytes, at).map_err(io_error("read", path))?;
                for bytes in self.bytes[..read].as_chunks::<ROW_BYTES>().0 {
                    // One that is not whole is still on its way.
                    let Some(event) = row::open(bytes, self.next) else { break };
                    rows.push(Row { seq: self.next, event });
                    self.next += 1;
                }
            }
            Some(Segment::Whole(whole)) => {
                for _ in 0..LOOK_ROWS {
                    let Some(event) = whole.row(self.next)? else { break };
                    rows.push(Row { seq: self.next, event });
                    self.next += 1;
                }
            }
            None => {}
        }
        if self.next > before {
            return Ok(true);
        }
        // Nothing more here: perhaps the next segment has begun.
        Ok(self.enter()? && self.look(rows)?)
    }

    /// Opens the segment that begins with the next row, if there is one.
    fn enter(&mut self) -> Result<bool, JournalError> {
        let path = segment_path(&self.folder, self.next);
        if self.first() == Some(self.next) {
            return Ok(false);
        }
        match File::open(&path) {
            Ok(file) => {
                let mut header = [0; HEADER_BYTES];
                file.read_exact_at(&mut header, 0).map_err(io_error("read", &path))?;
                let first = SegmentHeader::parse(&header, &path)?.first;
                if first != self.next {
                    return Err(JournalError::Misplaced { path, seq: first });
                }
                self.segment = Some(Segment::Growing { file, path, first });
                Ok(true)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if !path.with_extension("pgj.zst").exists() {
                    return Ok(false);
                }
                self.segment = Some(Segment::Whole(SegmentRows::read(&path)?));
                Ok(true)
            }
            Err(error) => Err(io_error("open", &path)(error)),
        }
    }

    const fn first(&self) -> Option<u64> {
        match &self.segment {
            Some(Segment::Growing { first, .. }) => Some(*first),
            Some(Segment::Whole(whole)) => Some(whole.header.first),
            None => None,
        }
    }

    /// Rows on disk that were not read yet.
    pub fn behind(&self) -> u64 {
        let Ok(directory) = Directory::read(&self.folder) else { return 0 };
        let Some(last) = directory.segments.last() else { return 0 };
        let bytes = fs::metadata(&last.path).map_or(0, |found| found.len());
        let rows = bytes.saturating_sub(HEADER_BYTES as u64) / ROW_BYTES as u64;
        (last.seq + rows).saturating_sub(self.next)
    }
}
