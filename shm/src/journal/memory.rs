//! Memory that rows are written to: a file of the memory file system, mapped, present and locked.
//!
//! The only place of the journal where memory is touched by address. One thread writes rows in
//! order, another reads those that the first has published; nothing else has the mapping, and the
//! file is writable by its owner only.
//!
//! ```text
//!     0  header of the segment, as on disk
//!   256  rows that are whole, for those who come after a death
//!  4096  rows
//! ```

use super::error::{JournalError, io_error};
use super::header::HEADER_BYTES;
use super::row::{Bytes, ROW_BYTES};
use memmap2::{MmapOptions, MmapRaw};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// Bytes of a page; larger ones are touched more than once.
const PAGE: usize = 4096;
/// Where the count of rows lies.
const COUNT_AT: usize = 256;

/// How many rows a file in memory says are whole.
pub(super) fn committed(bytes: &[u8]) -> u64 {
    let count = bytes.get(COUNT_AT..).and_then(|rest| rest.first_chunk());
    count.map_or(0, |count| u64::from_le_bytes(*count))
}

/// The header of a file in memory as the disk has it: without the count.
pub(super) fn header(bytes: &[u8]) -> Option<[u8; HEADER_BYTES]> {
    let mut header: [u8; HEADER_BYTES] = *bytes.first_chunk()?;
    header[COUNT_AT..COUNT_AT + size_of::<u64>()].fill(0);
    Some(header)
}

/// One segment in memory.
#[derive(Debug)]
pub(super) struct Memory {
    map: MmapRaw,
    rows: usize,
    path: PathBuf,
    locked: bool,
}

impl Memory {
    /// Makes the file, which must not exist, with room for a header and so many rows, and brings
    /// every page of it in.
    pub fn create(path: PathBuf, rows: usize) -> Result<Self, JournalError> {
        let bytes = HEADER_BYTES + rows * ROW_BYTES;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(&path).map_err(io_error("create", &path))?;
        let made = Self::map(&file, &path, (rows, bytes));
        if made.is_err() {
            // It is of no use to anybody, and the reason is told.
            let _ = std::fs::remove_file(&path);
        }
        made
    }

    fn map(file: &File, path: &Path, (rows, bytes): (usize, usize)) -> Result<Self, JournalError> {
        let flags = rustix::fs::FallocateFlags::empty();
        // Room that is missing shows here, and not as a signal at the first touch of a page.
        rustix::fs::fallocate(file, flags, 0, bytes as u64)
            .map_err(|error| io_error("make room in memory for", path)(error.into()))?;
        let map = MmapOptions::new().len(bytes).populate().map_raw(file);
        let map = map.map_err(io_error("map", path))?;
        let locked = map.lock().is_ok();
        let memory = Self { map, rows, path: path.into(), locked };
        for page in 0..bytes.div_ceil(PAGE) {
            let byte = memory.map.as_mut_ptr().wrapping_add(page * PAGE);
            // SAFETY: inside the mapping, which nobody else has yet.
            unsafe { byte.write_volatile(0) };
        }
        Ok(memory)
    }

    /// Rows that fit.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the pages stay in memory whatever the system is short of.
    pub const fn is_locked(&self) -> bool {
        self.locked
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the header.
    ///
    /// Only the writer calls it, while it alone has the segment.
    pub fn put_header(&self, header: &[u8; HEADER_BYTES]) {
        self.count().store(0, Ordering::Relaxed);
        // A death from here on must not find the new header with the count of the old one.
        fence(Ordering::Release);
        let place = self.map.as_mut_ptr().cast::<[u8; HEADER_BYTES]>();
        // SAFETY: the mapping begins with a header, bytes have no alignment, and the drain reads no
        // header from memory.
        unsafe { place.write_unaligned(*header) };
    }

    /// Writes a row; one that does not fit is not written.
    ///
    /// Only the writer calls it, and publishes the row after.
    #[inline]
    pub fn put(&self, place: usize, row: &Bytes) {
        if place >= self.rows {
            return;
        }
        let at = self.map.as_mut_ptr().wrapping_add(HEADER_BYTES + place * ROW_BYTES);
        // SAFETY: inside the mapping by the check above. The drain reads only places below the
        // published count, and this one is not below it yet.
        unsafe { at.cast::<Bytes>().write_unaligned(*row) };
        ahead(at.wrapping_add(AHEAD));
        // Release: whoever finds the count after a death finds the row.
        self.count().store((place as u64 + 1).to_le(), Ordering::Release);
    }

    #[inline]
    fn count(&self) -> &AtomicU64 {
        let at = self.map.as_mut_ptr().wrapping_add(COUNT_AT).cast::<u64>();
        // SAFETY: inside the mapping, aligned as the page is, and for as long as `self` lives. Only
        // the writer's thread touches these bytes, here and, while no reference is held, as part of
        // the header.
        unsafe { AtomicU64::from_ptr(at) }
    }

    /// The bytes of published rows.
    ///
    /// Only the drain calls it, for rows below the count that it has read with acquire ordering,
    /// and before it gives the segment back for use.
    pub fn published(&self, from: usize, to: usize) -> &[u8] {
        let (from, to) = (from.min(self.rows), to.min(self.rows));
        let at = self.map.as_ptr().wrapping_add(HEADER_BYTES + from * ROW_BYTES);
        let bytes = to.saturating_sub(from) * ROW_BYTES;
        // SAFETY: inside the mapping by the clamps above. The writer has published these rows and
        // writes them no more until the drain has given the segment back, which ends the borrow.
        unsafe { std::slice::from_raw_parts(at, bytes) }
    }
}

/// How far ahead of the writer lines are fetched, bytes.
const AHEAD: usize = 8 * ROW_BYTES;

/// Asks for a line that will be written soon: a segment comes back after all others, when its lines
/// have left the caches.
#[inline]
fn ahead(at: *mut u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint; no address is accessed, none can fault.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_ET0 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
