//! State files: all words of the engine's state before one row.
//!
//! ```text
//!  byte
//!     0  magic "PGSTATE1"   8  layout hash   16  journal id   24  seq   32  epoch
//!    40  sent rows of the session so far      48  rolling digest of them
//!    56  digest of the state                  64  count of words        72  CRC-32C of all others
//!    80  words
//! ```
//!
//! A file is written beside its place, made durable, and then given its name: it is whole or
//! absent.

use super::directory::state_path;
use super::error::{JournalError, io_error};
use super::header::LAYOUT;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

const MAGIC: u64 = u64::from_le_bytes(*b"PGSTATE1");
const HEADER_WORDS: usize = 10;
const CRC_WORD: usize = 9;
/// Words of a state at most: 512 MiB.
const WORDS_MAX: u64 = 1 << 26;

/// The state of an engine before one row.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct StateFile {
    /// Of the journal it belongs to.
    pub journal: u64,
    /// The row before which it holds.
    pub seq: u64,
    /// The session of that row.
    pub epoch: u32,
    /// Sent rows of the session before it.
    pub sent: u64,
    /// Rolling digest of them.
    pub sent_digest: u64,
    /// Digest of the words as the engine has it.
    pub digest: u64,
    /// What `State::save` gave.
    pub words: Vec<u64>,
}

impl StateFile {
    /// Writes it into the folder under its number.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, JournalError> {
        let head = [
            MAGIC,
            LAYOUT,
            self.journal,
            self.seq,
            u64::from(self.epoch),
            self.sent,
            self.sent_digest,
            self.digest,
            self.words.len() as u64,
        ];
        let mut bytes = Vec::with_capacity((HEADER_WORDS + self.words.len()) * 8);
        head.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        bytes.extend_from_slice(&[0; 8]);
        self.words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
        let crc = u64::from(checksum(&bytes));
        bytes[CRC_WORD * 8..CRC_WORD * 8 + 8].copy_from_slice(&crc.to_le_bytes());
        let path = state_path(folder, self.seq);
        let beside = path.with_extension("pgs.part");
        let mut file = File::create(&beside).map_err(io_error("create", &beside))?;
        file.write_all(&bytes).map_err(io_error("write", &beside))?;
        file.sync_all().map_err(io_error("write", &beside))?;
        fs::rename(&beside, &path).map_err(io_error("name", &path))?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(io_error("sync", folder))?;
        Ok(path)
    }

    /// Reads and judges one.
    pub fn read(path: &Path) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(io_error("open", path))?;
        let mut bytes = Vec::new();
        let limit = (HEADER_WORDS as u64 + WORDS_MAX) * 8;
        file.take(limit).read_to_end(&mut bytes).map_err(io_error("read", path))?;
        let damaged = || JournalError::Damaged { path: path.into(), part: "state" };
        let words = bytes.as_chunks::<8>().0;
        let Some((head, words)) = words.split_first_chunk::<HEADER_WORDS>() else {
            return Err(JournalError::Foreign { path: path.into() });
        };
        let head = head.map(u64::from_le_bytes);
        if head[0] != MAGIC {
            return Err(JournalError::Foreign { path: path.into() });
        }
        if head[CRC_WORD] != u64::from(checksum(&bytes)) {
            return Err(damaged());
        }
        if head[1] != LAYOUT {
            let (found, expected) = (head[1], LAYOUT);
            let what = "layout";
            return Err(JournalError::OtherVersion { path: path.into(), what, found, expected });
        }
        if head[8] != words.len() as u64 {
            return Err(damaged());
        }
        Ok(Self {
            journal: head[2],
            seq: head[3],
            epoch: head[4] as u32,
            sent: head[5],
            sent_digest: head[6],
            digest: head[7],
            words: words.iter().map(|word| u64::from_le_bytes(*word)).collect(),
        })
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&bytes[..CRC_WORD * 8]);
    crc32c::crc32c_append(crc, &bytes[HEADER_WORDS * 8..])
}
