//! One segment in memory, judged row by row.

use super::error::{JournalError, io_error};
use super::header::{HEADER_BYTES, SegmentHeader};
use super::row::{self, ROW_BYTES};
use engine::event::Event;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a segment that are read at most: a compressed file may claim anything.
const BYTES_MAX: u64 = 1 << 30;
/// First bytes of a compressed file. Source: RFC 8878, 3.1.1.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// A segment as read from its file.
#[derive(Debug)]
pub struct SegmentRows {
    /// What it says of itself.
    pub header: SegmentHeader,
    /// Its file.
    pub path: PathBuf,
    /// The rows, and behind them whatever the file ends with.
    bytes: Vec<u8>,
}

impl SegmentRows {
    /// Reads a file, compressed or not, by its first bytes. One that was compressed since its
    /// name was looked up is found by its new name.
    pub fn read(path: &Path) -> Result<Self, JournalError> {
        let mut file = open(path).map_err(io_error("open", path))?;
        let mut start = [0; 4];
        let mut have = 0;
        while have < start.len() {
            match file.read(&mut start[have..]).map_err(io_error("read", path))? {
                0 => break,
                more => have += more,
            }
        }
        let whole = start[..have].chain(file);
        if start == ZSTD_MAGIC {
            let decoder =
                zstd::stream::read::Decoder::new(whole).map_err(io_error("read", path))?;
            Self::from(decoder, path)
        } else {
            Self::from(whole, path)
        }
    }

    fn from(mut source: impl Read, path: &Path) -> Result<Self, JournalError> {
        let mut header = [0; HEADER_BYTES];
        source.read_exact(&mut header).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => JournalError::Foreign { path: path.into() },
            _ => io_error("read", path)(error),
        })?;
        let header = SegmentHeader::parse(&header, path)?;
        let mut bytes = Vec::new();
        source.take(BYTES_MAX).read_to_end(&mut bytes).map_err(io_error("read", path))?;
        Ok(Self { header, path: path.into(), bytes })
    }

    /// Whole rows in the file, good or not.
    pub fn len(&self) -> u64 {
        (self.bytes.len() / ROW_BYTES) as u64
    }

    /// Good rows: as far as [`Self::row`] goes. What is damaged, and not only torn, is an error.
    pub fn good_rows(&self) -> Result<u64, JournalError> {
        let mut seq = self.header.first;
        while self.row(seq)?.is_some() {
            seq += 1;
        }
        Ok(seq - self.header.first)
    }

    /// Whether both hold the same bytes.
    pub fn same(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of this `seq`: `None` behind the last one. A rest of nothing but zeros, and a
    /// part of a row, is an end too: space was reserved there, or a power cut took the rest.
    #[inline]
    pub fn row(&self, seq: u64) -> Result<Option<Event>, JournalError> {
        let place = (seq - self.header.first) as usize;
        let Some(bytes) = self.bytes.as_chunks::<ROW_BYTES>().0.get(place) else {
            return Ok(None);
        };
        match row::open(bytes, seq) {
            Some(event) => Ok(Some(event)),
            None => self.judge(seq, place),
        }
    }

    #[cold]
    fn judge(&self, seq: u64, place: usize) -> Result<Option<Event>, JournalError> {
        if self.bytes[place * ROW_BYTES..].iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let byte = (HEADER_BYTES + place * ROW_BYTES) as u64;
        Err(JournalError::Row { path: self.path.clone(), seq, byte })
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    File::open(path).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound if path.extension().is_some_and(|last| last == "pgj") => {
            File::open(path.with_extension("pgj.zst")).map_err(|_| error)
        }
        _ => Err(error),
    })
}
