//! Checksums (CRC-32C) over every byte of a tape, so that none is traded on that the disk changed.
//!
//! Each group's is in the metadata, of the bytes between the group before it and its own end. The
//! rest, the metadata, is what the head vouches for: 16 bytes behind parquet's own magic, which
//! other readers pass over.
//!
//! ```text
//!  PAR1 ─ tape ─ where the metadata begins (u64) ─ its checksum (u32) ─ groups … ─ metadata ─ PAR1
//! ```

use super::{TapeError, keys};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

const MAGIC: &[u8; 4] = b"PAR1";
const MARK: &[u8; 4] = b"tape";
/// What the head takes behind parquet's magic.
pub(super) const HEAD: [u8; 16] = [0; 16];
/// Where the first group begins.
pub(super) const START: usize = MAGIC.len() + HEAD.len();

/// A file that sums up what is written to it.
#[derive(Debug)]
pub(super) struct Summed {
    file: File,
    crc: u32,
    end: u64,
}

impl Summed {
    pub const fn new(file: File) -> Self {
        Self { file, crc: 0, end: 0 }
    }

    /// Where what was written ends, and the checksum of what came since this was asked before.
    pub const fn part(&mut self) -> (u64, u32) {
        (self.end, std::mem::replace(&mut self.crc, 0))
    }

    /// Writes the head, of metadata that begins there and was all that came since
    /// [`Summed::part`], and waits until the disk has everything.
    pub fn seal(&self, metadata: u64) -> io::Result<()> {
        let [start, crc] = [&metadata.to_le_bytes()[..], &self.crc.to_le_bytes()[..]];
        self.file.write_all_at(&[MARK, start, crc].concat(), MAGIC.len() as u64)?;
        self.file.sync_all()
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.crc = crc32c::crc32c_append(self.crc, bytes.get(..count).unwrap_or_default());
        self.end += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Looks whether a file begins as a tape, and its metadata is as it was written.
///
/// # Errors
/// When not.
pub(super) fn check(path: &Path, bytes: &[u8]) -> Result<(), TapeError> {
    let Some((MAGIC, rest)) = bytes.split_first_chunk() else {
        let what = "it is no tape: a tape is what `peregrine import` writes";
        return Err(TapeError::foreign(path, what));
    };
    let head =
        rest.split_first_chunk::<4>().filter(|(mark, _)| *mark == MARK).and_then(|(_, rest)| {
            let (start, rest) = rest.split_first_chunk()?;
            let (crc, _) = rest.split_first_chunk()?;
            Some((u64::from_le_bytes(*start), u32::from_le_bytes(*crc)))
        });
    let Some((start, crc)) = head else {
        let what = format!("it is no tape of version {}, or its head is damaged", keys::THIS);
        return Err(TapeError::foreign(path, what));
    };
    let metadata = usize::try_from(start).ok().and_then(|start| bytes.get(start..));
    if metadata.is_none_or(|metadata| crc32c::crc32c(metadata) != crc) {
        return Err(TapeError::foreign(
            path,
            "it is damaged: its metadata is not what was written",
        ));
    }
    Ok(())
}
