//! The folder of a journal: its segments and state files by number, and the lock of its writer.

use super::error::{JournalError, io_error};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// One file with a number for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number: of its first row, or of the row that its state comes before.
    pub seq: u64,
    /// The file.
    pub path: PathBuf,
    /// Whether it is compressed.
    pub compressed: bool,
}

/// What lies in the folder of a journal.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The folder.
    pub path: PathBuf,
    /// Segments, by number.
    pub segments: Vec<Place>,
    /// State files, by number.
    pub states: Vec<Place>,
}

/// Suffixes of the files.
const SEGMENT: &str = "pgj";
const STATE: &str = "pgs";
const DIGITS: usize = 20;

/// Where the segment of this first row lies.
pub fn segment_path(folder: &Path, seq: u64) -> PathBuf {
    folder.join(format!("{seq:0DIGITS$}.{SEGMENT}"))
}

/// Where the state before this row lies.
pub fn state_path(folder: &Path, seq: u64) -> PathBuf {
    folder.join(format!("{seq:0DIGITS$}.{STATE}"))
}

impl Directory {
    /// Looks into a folder. A segment that is there both ways counts once: compressing it was cut
    /// short after the new file got its name.
    pub fn read(folder: &Path) -> Result<Self, JournalError> {
        let mut directory = Self { path: folder.into(), segments: Vec::new(), states: Vec::new() };
        for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
            let path = entry.map_err(io_error("list", folder))?.path();
            let Some((seq, kind, compressed)) = parse(&path) else { continue };
            let place = Place { seq, path, compressed };
            match kind {
                SEGMENT => directory.segments.push(place),
                _ => directory.states.push(place),
            }
        }
        directory.segments.sort_by_key(|place| (place.seq, place.compressed));
        directory.segments.dedup_by_key(|place| place.seq);
        directory.states.sort_by_key(|place| place.seq);
        Ok(directory)
    }

    /// The same, for those who cannot begin without a segment.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let directory = Self::read(folder)?;
        if directory.segments.is_empty() {
            return Err(JournalError::Empty { path: folder.into() });
        }
        Ok(directory)
    }

    /// The last segment that begins at or before this row.
    pub fn segment_of(&self, seq: u64) -> Option<usize> {
        self.segments.partition_point(|place| place.seq <= seq).checked_sub(1)
    }

    /// The last state at or before this row.
    pub fn state_before(&self, seq: u64) -> Option<&Place> {
        let next = self.states.partition_point(|place| place.seq <= seq);
        self.states.get(next.checked_sub(1)?)
    }
}

fn parse(path: &Path) -> Option<(u64, &'static str, bool)> {
    let name = path.file_name()?.to_str()?;
    let (digits, suffix) = name.split_once('.')?;
    let (kind, compressed) = match suffix {
        "pgj" => (SEGMENT, false),
        "pgj.zst" => (SEGMENT, true),
        "pgs" => (STATE, false),
        _ => return None,
    };
    let good = digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((digits.parse().ok().filter(|_| good)?, kind, compressed))
}

/// The right to write one journal, for as long as it lives; the kernel ends it with the process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of this file, which is made where it is missing and never removed.
    pub fn take(path: &Path) -> Result<Self, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(io_error("open", path))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut pid = String::new();
            // Who it is only helps: an unreadable file is no other error.
            let _ = (&mut file).take(20).read_to_string(&mut pid);
            let pid = if pid.is_empty() { "?".into() } else { pid };
            return Err(JournalError::InUse { path: path.into(), pid });
        }
        file.set_len(0).map_err(io_error("write", path))?;
        write!(file, "{}", std::process::id()).map_err(io_error("write", path))?;
        Ok(Self { _file: file })
    }
}
