//! The files of segments while they are written: room reserved ahead, named when they begin.
//!
//! Room for a segment is reserved before it is needed, under a name that no reader looks at, so
//! that a full disk shows while the segment before it still has room. A file gets its own name when
//! its header is durable: a segment is there with its header, or not at all.

use super::directory::segment_path;
use super::error::{JournalError, io_error};
use super::header::{HEADER_BYTES, SegmentHeader};
use super::row::ROW_BYTES;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Byte of a row in its file, by its place in the segment.
pub(super) const fn offset(place: u64) -> u64 {
    HEADER_BYTES as u64 + place * ROW_BYTES as u64
}

/// A file that will be a segment. What is left of one after a death, `salvage` removes.
#[derive(Debug)]
pub(super) struct Spare {
    file: File,
    path: PathBuf,
}

impl Spare {
    /// Reserves room for so many rows.
    pub fn reserve(folder: &Path, rows: u64) -> Result<Self, JournalError> {
        let path = folder.join("next.pgj.part");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        let file = options.open(&path).map_err(io_error("create", &path))?;
        match fallocate(&file, FallocateFlags::KEEP_SIZE, 0, offset(rows)) {
            // Some file systems reserve nothing ahead; a full disk shows later there.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(Self { file, path }),
            Err(errno) => {
                // What it took of the last room is given back to the segment that is written.
                let _ = fs::remove_file(&path);
                Err(io_error("make room for", &path)(errno.into()))
            }
        }
    }

    /// Makes it the segment of this header, durably.
    pub fn name(
        &self,
        folder: &Path,
        header: &SegmentHeader,
    ) -> Result<(File, PathBuf), JournalError> {
        let (from, to) = (&self.path, segment_path(folder, header.first));
        self.file.write_all_at(&header.to_bytes(), 0).map_err(io_error("write", from))?;
        self.file.sync_all().map_err(io_error("flush", from))?;
        let file = self.file.try_clone().map_err(io_error("open", from))?;
        fs::rename(from, &to).map_err(io_error("name", &to))?;
        sync_folder(folder)?;
        Ok((file, to))
    }

    /// It is not needed.
    pub fn remove(self) {
        // One that stays is no segment.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("flush", folder))
}
