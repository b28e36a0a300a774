//! Where the journal goes, how durable it is, and how much of it is kept.

use super::section::{At, Section};
use engine::time::Nanos;
use std::path::PathBuf;

/// When rows are made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalSync {
    /// When a segment is closed; the system writes the rest when it likes.
    Off,
    /// At an interval.
    Interval,
    /// At once; an order leaves only when its cause is on disk.
    Each,
}

/// Settings of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalSettings {
    /// Its folder; none where no journal is kept.
    pub folder: Option<PathBuf>,
    /// When rows are made durable.
    pub sync: JournalSync,
    /// Time between two syncs, with [`JournalSync::Interval`].
    pub interval: Nanos,
    /// Size of one segment, MiB.
    pub segment_mib: u64,
    /// Segments in memory.
    pub segments: usize,
    /// Longest time that one segment is written to.
    pub rotate_every: Nanos,
    /// Days that closed segments are kept; zero: for ever.
    pub keep_days: u64,
    /// MiB of closed segments that are kept; zero: all.
    pub keep_mib: u64,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            folder: None,
            sync: JournalSync::Interval,
            interval: Nanos::from_ms(50),
            segment_mib: 16,
            segments: 4,
            rotate_every: Nanos::from_s(3_600),
            keep_days: 30,
            keep_mib: 20_000,
        }
    }
}

/// Bytes of one MiB.
const MIB: u64 = 1 << 20;
/// Bytes of one row.
const ROW: u64 = shm::journal::row::ROW_BYTES as u64;

impl JournalSettings {
    pub(super) fn read(section: Section<'_>) -> Self {
        let names = [
            ("off", JournalSync::Off),
            ("interval-ms", JournalSync::Interval),
            ("each", JournalSync::Each),
        ];
        let base = Self::default();
        let whole = |key, range, unit, default| section.whole(key, range, unit).unwrap_or(default);
        let settings = Self {
            folder: section
                .text("folder")
                .filter(|at| !at.value.is_empty())
                .map(|at: At<String>| PathBuf::from(at.value)),
            sync: section.choice("sync", &names).map_or(base.sync, |choice| choice.value),
            interval: Nanos::from_ms(whole("interval_ms", 1..=60_000, "ms", 50)),
            segment_mib: whole("segment_mib", 1..=512, "MiB", base.segment_mib),
            segments: whole("segments", 3..=64, "segments", 4) as usize,
            rotate_every: Nanos::from_s(whole("rotate_s", 1..=86_400, "s", 3_600)),
            keep_days: whole("keep_days", 0..=36_500, "days (0: for ever)", base.keep_days),
            keep_mib: whole("keep_mib", 0..=100_000_000, "MiB (0: all)", base.keep_mib),
        };
        section.finish();
        settings
    }

    /// Rows of one segment.
    pub const fn segment_rows(&self) -> u64 {
        self.segment_mib * MIB / ROW
    }

    /// Rows that are kept free for recording the shutdown: half a segment.
    pub const fn reserve_rows(&self) -> u64 {
        self.segment_rows() / 2
    }

    /// Bytes of closed segments that are kept, if there is a limit.
    pub fn keep_bytes(&self) -> Option<u64> {
        (self.keep_mib > 0).then_some(self.keep_mib.saturating_mul(MIB))
    }
}
