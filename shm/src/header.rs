//! The first 256 bytes of each file: what it is, whose it is, and whether its owner still breathes.
//!
//! ```text
//!  byte
//!     0  magic           "PEREGRIN" a region, "PEREGCMD" a command file
//!     8  version         of this header and of how panels are written
//!    16  layout hash     of every panel's fields, types and counts, in order
//!    24  bytes           length of the file
//!    32  process id      of the engine
//!    40  process start   clock ticks after boot, as in /proc: tells apart processes of one id
//!    48  started at      nanoseconds since 1970 UTC
//!    56  epoch           number of the session; part of each client order id
//!    64  (reserved, zero)
//!   128  heartbeat       nanoseconds since 1970 UTC, by the engine's thread
//!   136  beats           how many
//!   144  ended           1 when the owner let go of the region in order
//!   152  (reserved, zero)
//!   256
//! ```
//!
//! All but the second half is written before the file gets its name and never again.

use crate::{
    error::RegionError,
    layout::{LAYOUT_HASH, Segment},
    sync::{AtomicU64, Ordering},
};
use engine::time::Nanos;
use std::{fs::File, mem::offset_of, os::unix::fs::FileExt, path::Path};

/// Bytes of the header.
pub const HEADER_BYTES: usize = 256;
/// Version of the format.
pub const VERSION: u64 = 1;
/// First word of a region.
pub const MAGIC_REGION: u64 = u64::from_le_bytes(*b"PEREGRIN");
/// First word of a command file.
pub const MAGIC_COMMANDS: u64 = u64::from_le_bytes(*b"PEREGCMD");

/// The header as it lies in the file.
#[repr(C, align(128))]
#[derive(Debug)]
pub struct Header {
    magic: AtomicU64,
    version: AtomicU64,
    layout_hash: AtomicU64,
    bytes: AtomicU64,
    pid: AtomicU64,
    pid_start: AtomicU64,
    started_at: AtomicU64,
    epoch: AtomicU64,
    reserved: [AtomicU64; 8],
    heartbeat: AtomicU64,
    beats: AtomicU64,
    ended: AtomicU64,
    reserved_too: [AtomicU64; 13],
}

const _: () = {
    assert!(size_of::<Header>() == HEADER_BYTES);
    assert!(offset_of!(Header, epoch) == 56);
    assert!(offset_of!(Header, heartbeat) == 128);
    assert!(offset_of!(Header, ended) == 144);
    assert!(offset_of!(Segment, header) == 0);
};

/// The part of the header that does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The engine's process.
    pub pid: u64,
    /// When that process started, in clock ticks after boot.
    pub pid_start: u64,
    /// When the engine started, UTC.
    pub started_at: Nanos,
    /// Number of the session.
    pub epoch: u64,
}

impl Identity {
    /// Whether the process still lives. Known on the machine it runs on only, and not from within
    /// a container of its own: there, look at the heartbeat.
    pub fn is_alive(&self) -> bool {
        process_start(self.pid).is_some_and(|start| start == self.pid_start)
    }
}

impl Header {
    /// Fills in what does not change. Called before the file has its name, by its only user.
    pub(crate) fn write(&self, magic: u64, bytes: usize, identity: &Identity) {
        // Relaxed throughout: renaming the file publishes it, and no reader maps it before.
        let words = [
            (&self.magic, magic),
            (&self.version, VERSION),
            (&self.layout_hash, LAYOUT_HASH),
            (&self.bytes, bytes as u64),
            (&self.pid, identity.pid),
            (&self.pid_start, identity.pid_start),
            (&self.started_at, identity.started_at.0),
            (&self.epoch, identity.epoch),
        ];
        for (word, value) in words {
            word.store(value, Ordering::Relaxed);
        }
    }

    /// Relaxed: a heartbeat carries nothing but itself; panels have their own order.
    pub(crate) fn beat(&self, at: Nanos) {
        self.heartbeat.store(at.0, Ordering::Relaxed);
        // One thread beats, so a load and a store are no lost update.
        let beats = self.beats.load(Ordering::Relaxed);
        self.beats.store(beats.wrapping_add(1), Ordering::Relaxed);
    }

    /// Relaxed: the panels before it may be read late, and are read again.
    pub(crate) fn end(&self) {
        self.ended.store(1, Ordering::Relaxed);
    }

    pub(crate) fn heartbeat(&self) -> Nanos {
        Nanos(self.heartbeat.load(Ordering::Relaxed))
    }

    pub(crate) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    pub(crate) fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed) == 1
    }
}

/// Reads and judges the header with plain reads, before anything is mapped: a file that is too
/// short is an error here, where touching a mapping of it would kill the process.
pub(crate) fn validate(
    file: &File,
    path: &Path,
    magic: u64,
    bytes: usize,
) -> Result<Identity, RegionError> {
    let length = file
        .metadata()
        .map_err(|source| RegionError::Io { doing: "examine", path: path.into(), source })?
        .len();
    let truncated =
        |expected| RegionError::Truncated { path: path.into(), bytes: length, expected };
    let mut raw = [0; 64];
    if length < raw.len() as u64 {
        return Err(truncated(bytes as u64));
    }
    file.read_exact_at(&mut raw, 0).map_err(|source| RegionError::Io {
        doing: "read",
        path: path.into(),
        source,
    })?;
    let mut words = [0; 8];
    for (word, chunk) in words.iter_mut().zip(raw.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*chunk);
    }
    let [found_magic, version, layout, said, pid, pid_start, started_at, epoch] = words;
    if found_magic != magic {
        return Err(RegionError::NotARegion { path: path.into() });
    }
    if version != VERSION {
        let path = path.into();
        return Err(RegionError::OtherVersion { path, found: version, expected: VERSION });
    }
    if layout != LAYOUT_HASH || said != bytes as u64 {
        let path = path.into();
        return Err(RegionError::OtherLayout { path, found: layout, expected: LAYOUT_HASH });
    }
    if length < said {
        return Err(truncated(said));
    }
    Ok(Identity { pid, pid_start, started_at: Nanos(started_at), epoch })
}

/// When a process started, in clock ticks after boot; `None` when there is none, or when it is
/// dead and only waits for its parent to notice. Source: proc(5), `/proc/pid/stat`.
pub(crate) fn process_start(pid: u64) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in brackets that may itself hold blanks and brackets.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    // Field 22 of the line; the state was field 3.
    fields.nth(18)?.parse().ok()
}
