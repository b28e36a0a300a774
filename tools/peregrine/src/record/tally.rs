//! What was recorded, counted by the threads that do it, and told to people and programs.

use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of a recording, of all its venues together.
#[derive(Debug, Default)]
pub struct Tally {
    /// Frames written.
    pub frames: AtomicU64,
    /// Snapshots written.
    pub snapshots: AtomicU64,
    /// Bytes of frames and snapshots, as the venue sent them.
    pub bytes_raw: AtomicU64,
    /// Bytes of files.
    pub bytes_written: AtomicU64,
    /// Files begun.
    pub files: AtomicU64,
    /// Frames that came and were not kept: the queue to the disk was full.
    pub dropped: AtomicU64,
    /// Marks of something missing.
    pub gaps: AtomicU64,
    /// Connections made after the first.
    pub reconnects: AtomicU64,
}

/// Adds to a counter. Nothing else is ordered by it.
pub fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// The counters at one time; see [`Tally`].
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub frames: u64,
    pub snapshots: u64,
    pub bytes_raw: u64,
    pub bytes_written: u64,
    pub files: u64,
    pub dropped: u64,
    pub gaps: u64,
    pub reconnects: u64,
}

impl Tally {
    /// The counters now.
    pub fn count(&self) -> Count {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Count {
            frames: load(&self.frames),
            snapshots: load(&self.snapshots),
            bytes_raw: load(&self.bytes_raw),
            bytes_written: load(&self.bytes_written),
            files: load(&self.files),
            dropped: load(&self.dropped),
            gaps: load(&self.gaps),
            reconnects: load(&self.reconnects),
        }
    }
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

impl Count {
    /// One line about the second since `last`.
    pub fn progress(&self, last: &Self) -> String {
        format!(
            "{} frames, {:.1} MB as {:.1} MB, {} frames/s, {} dropped",
            self.frames,
            mb(self.bytes_raw),
            mb(self.bytes_written),
            self.frames - last.frames,
            self.dropped
        )
    }
}

/// A recording that is over.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// What was recorded.
    pub count: Count,
    /// How long it took.
    pub elapsed: Duration,
}

impl Told {
    /// As one JSON object.
    pub fn json(&self) -> Value {
        let count = &self.count;
        json!({
            "frames": count.frames,
            "snapshots": count.snapshots,
            "bytes_raw": count.bytes_raw,
            "bytes_written": count.bytes_written,
            "files": count.files,
            "dropped": count.dropped,
            "gaps": count.gaps,
            "reconnects": count.reconnects,
            "seconds": self.elapsed.as_secs_f64(),
        })
    }

    /// For people.
    pub fn summary(&self, folder: &Path) -> String {
        let count = &self.count;
        format!(
            "{} frames and {} snapshots in {:.0} s: {:.1} MB as {:.1} MB in {} files in {}\n\
             {} frames dropped, {} reconnects",
            count.frames,
            count.snapshots,
            self.elapsed.as_secs_f64(),
            mb(count.bytes_raw),
            mb(count.bytes_written),
            count.files,
            folder.display(),
            count.dropped,
            count.reconnects
        )
    }
}
