//! The first 4096 bytes of a segment.
//!
//! ```text
//!  byte
//!     0  magic           "PGJOURNL"
//!     8  version         of rows and headers
//!    16  layout hash     of what rows of each kind mean, and of the walk of the state
//!    24  journal id      random, the same in all segments of a folder
//!    32  config hash     of the configuration of the session
//!    40  binary id       of the program that wrote it: information only
//!    48  epoch           of the session; part of each client order id
//!    56  first           seq of the first row
//!    64  epoch first     seq of the first row of the session
//!    72  sent            rows of what was sent, of the session, before this segment
//!    80  sent digest     rolling digest of them
//!    88  start digest    of the state that the session began with
//!    96  started at      nanoseconds since 1970 UTC
//!   104  checksum        CRC-32C of the bytes before it
//!   112  (zero)
//!  4096
//! ```

use super::error::JournalError;
use crate::words::{HASH_START, hash_text, hash_word};
use engine::time::Nanos;
use std::path::Path;

/// Bytes of the header: rows begin on a page.
pub const HEADER_BYTES: usize = 4096;
/// First word of a segment.
pub const MAGIC: u64 = u64::from_le_bytes(*b"PGJOURNL");
/// Version of the format.
pub const VERSION: u64 = 1;
/// Version of the walk over the state of the engine.
const STATE_WALK: u64 = 1;
const WORDS: usize = 13;

/// Changes whenever rows or states come to mean something else.
pub const LAYOUT: u64 = {
    let hash = hash_text(HASH_START, "at id payload*4 recv venue instrument kind flags crc32c+seq");
    let hash = hash_text(hash, "place 128 .. resync 136, end 255");
    hash_word(hash, STATE_WALK)
};

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SegmentHeader {
    /// The same in all segments of a folder.
    pub journal: u64,
    /// Of the configuration of the session.
    pub config: u64,
    /// Of the program that wrote it.
    pub binary: u64,
    /// Of the session.
    pub epoch: u32,
    /// `seq` of the first row.
    pub first: u64,
    /// `seq` of the first row of the session.
    pub epoch_first: u64,
    /// Rows of what was sent by the session before this segment.
    pub sent: u64,
    /// Rolling digest of them.
    pub sent_digest: u64,
    /// Digest of the state that the session began with.
    pub start_digest: u64,
    /// When the session began, UTC.
    pub started_at: Nanos,
}

impl SegmentHeader {
    /// As it lies in the file.
    pub fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let words = [
            MAGIC,
            VERSION,
            LAYOUT,
            self.journal,
            self.config,
            self.binary,
            u64::from(self.epoch),
            self.first,
            self.epoch_first,
            self.sent,
            self.sent_digest,
            self.start_digest,
            self.started_at.0,
        ];
        let mut bytes = [0; HEADER_BYTES];
        for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        let crc = crc32c::crc32c(&bytes[..WORDS * 8]);
        bytes[WORDS * 8..WORDS * 8 + 4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads and judges it.
    pub fn parse(bytes: &[u8; HEADER_BYTES], path: &Path) -> Result<Self, JournalError> {
        let mut words = [0; WORDS];
        for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*chunk);
        }
        let path = || path.to_path_buf();
        if words[0] != MAGIC {
            return Err(JournalError::Foreign { path: path() });
        }
        let crc = crc32c::crc32c(&bytes[..WORDS * 8]).to_le_bytes();
        let is_blank = bytes[WORDS * 8 + 4..].iter().all(|byte| *byte == 0);
        if bytes[WORDS * 8..WORDS * 8 + 4] != crc || !is_blank {
            return Err(JournalError::Damaged { path: path(), part: "header" });
        }
        let versions = [("format", words[1], VERSION), ("layout", words[2], LAYOUT)];
        for (what, found, expected) in versions {
            if found != expected {
                return Err(JournalError::OtherVersion { path: path(), what, found, expected });
            }
        }
        Ok(Self {
            journal: words[3],
            config: words[4],
            binary: words[5],
            epoch: words[6] as u32,
            first: words[7],
            epoch_first: words[8],
            sent: words[9],
            sent_digest: words[10],
            start_digest: words[11],
            started_at: Nanos(words[12]),
        })
    }
}
