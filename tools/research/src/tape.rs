//! Tapes: what markets did, as the engine's own rows in columns on disk. Whatever is recorded or
//! bought becomes one, and backtests read nothing else.
//!
//! A tape is a parquet file (zstd), so that others read it too: one line of `pandas.read_parquet`
//! or DuckDB. Its columns are the fields of [`Event`], one row a level, best price, trade, gap,
//! mark, funding rate, liquidation or change of status:
//!
//! | column | type | meaning |
//! |---|---|---|
//! | `at` | timestamp ns UTC | when the row was taken; never decreases |
//! | `id` | u64 | update id, trade id, or the venue's time in ms, by kind |
//! | `p0` … `p3` | u64 | payload words by kind: ticks, lots, 1e-8 of the quote asset |
//! | `recv_delta_ns` | u32 | how long before `at` its last byte was read |
//! | `venue_delta_us` | i32 | read time minus the venue's own, µs; 0 when it gave none |
//! | `instrument` | u16 | id of the instrument in the metadata |
//! | `kind`, `flags` | u8 | [`engine::event::kind`], [`engine::event::flag`] |
//!
//! A row's checksum is the journal's and is not kept: it is 0 in rows that are read.
//!
//! Metadata: `peregrine.version`; `peregrine.instruments`, a JSON array with every fact of each
//! instrument; `peregrine.groups`, a JSON array with what is known of each group of rows, by which
//! those outside a window are skipped without being decoded. Every byte is under a checksum, which
//! is looked at before it is read.
//!
//! **Two orders.** A strategy lives in the order of receipt, which is the tape's; the simulated
//! venue in the order of the venue's own time ([`venue_at`]). [`Tape::window`] gives the first,
//! [`Tape::by_venue`] the second. Memory is bounded by a few groups, whatever the length of the
//! tape.

mod books;
mod columns;
mod error;
mod listed;
mod order;
mod seal;
#[cfg(test)]
mod tests;
mod window;
mod writer;

pub use error::TapeError;
pub use listed::Listed;
pub use order::ByVenue;
pub use window::Window;
pub use writer::TapeWriter;

use bytes::Bytes;
use engine::event::{Event, flag, kind};
use engine::time::Nanos;
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde::{Deserialize, Serialize};
use shm::FileBytes;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows of a group: 4 MiB of them when decoded.
pub(crate) const GROUP: usize = 1 << 16;
/// Rows of a group whose last message is long.
const GROUP_MAX: usize = 2 * GROUP;

/// Keys of the metadata.
mod keys {
    pub const VERSION: &str = "peregrine.version";
    pub const INSTRUMENTS: &str = "peregrine.instruments";
    pub const GROUPS: &str = "peregrine.groups";
    /// Version of the format that this writes and reads.
    pub const THIS: &str = "2";
}

/// What is known of a group of rows without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Group {
    /// `at` of its first row.
    first: Nanoseconds,
    /// `at` of its last row.
    last: Nanoseconds,
    /// The earliest time of the venue in it.
    venue: Nanoseconds,
    /// Instruments of which a whole book begins in it.
    books: Vec<u16>,
    rows: usize,
    /// Where its bytes end; they begin where those before it end.
    end: u64,
    /// Their checksum.
    crc: u32,
}

type Nanoseconds = u64;

impl Default for Group {
    fn default() -> Self {
        Self {
            first: u64::MAX,
            last: 0,
            venue: u64::MAX,
            books: Vec::new(),
            rows: 0,
            end: 0,
            crc: 0,
        }
    }
}

impl Group {
    fn take(&mut self, row: &Event, venue: Nanos) {
        self.first = self.first.min(row.at.0);
        self.last = self.last.max(row.at.0);
        self.venue = self.venue.min(venue.0);
        self.rows += 1;
        let begins = row.kind == kind::LEVEL && row.has(flag::FIRST);
        if begins && !self.books.contains(&row.instrument.0) {
            self.books.push(row.instrument.0);
        }
    }
}

/// When the venue says that a row happened; where it does not say, when it was read.
#[inline]
pub const fn venue_at(row: &Event) -> Nanos {
    let read = row.read_at().0;
    if row.venue_delta_us == 0 {
        return Nanos(read);
    }
    // The inverse of how feeds make the difference: of whole microseconds.
    let us = (read / 1_000).saturating_add_signed(-(row.venue_delta_us as i64));
    Nanos(us.saturating_mul(1_000))
}

/// A tape on disk, mapped into memory.
pub struct Tape {
    path: PathBuf,
    bytes: Bytes,
    reader: SerializedFileReader<Bytes>,
    instruments: Vec<Listed>,
    groups: Vec<Group>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tape").field("path", &self.path).field("rows", &self.rows()).finish()
    }
}

impl Tape {
    /// Opens one; no row of it is read yet.
    ///
    /// # Errors
    /// When there is none, or it is no tape of this version, or its metadata is damaged.
    pub fn open(path: &Path) -> Result<Self, TapeError> {
        let file = File::open(path).map_err(TapeError::io("open", path))?;
        let map = FileBytes::map(&file).map_err(TapeError::io("map", path))?;
        let bytes = Bytes::from_owner(map);
        seal::check(path, &bytes)?;
        let reader = SerializedFileReader::new(bytes.clone()).map_err(TapeError::format(path))?;
        let said = |key: &str| {
            let all = reader.metadata().file_metadata().key_value_metadata();
            let found = all.and_then(|all| all.iter().find(|one| one.key == key));
            let value = found.and_then(|one| one.value.as_deref());
            value.ok_or_else(|| TapeError::foreign(path, format!("it has no {key}: no tape")))
        };
        let version = said(keys::VERSION)?;
        if version != keys::THIS {
            let what = format!("a tape of version {version}, this reads {}", keys::THIS);
            return Err(TapeError::foreign(path, what));
        }
        let wrong = |key: &str, why: String| TapeError::foreign(path, format!("{key}: {why}"));
        let instruments = listed::from_json(said(keys::INSTRUMENTS)?)
            .map_err(|why| wrong(keys::INSTRUMENTS, why))?;
        let groups: Vec<Group> = serde_json::from_str(said(keys::GROUPS)?)
            .map_err(|why| wrong(keys::GROUPS, why.to_string()))?;
        let found = reader.metadata().row_groups();
        let fits = |(group, found): (&Group, &parquet::file::metadata::RowGroupMetaData)| {
            i64::try_from(group.rows) == Ok(found.num_rows()) && group.rows <= GROUP_MAX
        };
        if groups.len() != found.len() || !groups.iter().zip(found).all(fits) {
            return Err(wrong(keys::GROUPS, "does not fit the groups that are there".into()));
        }
        Ok(Self { path: path.into(), bytes, reader, instruments, groups })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its instruments, in the order of their ids.
    pub fn instruments(&self) -> &[Listed] {
        &self.instruments
    }

    /// The times of its first and its last row; `None` when it has none.
    pub fn span(&self) -> Option<(Nanos, Nanos)> {
        let (first, last) = (self.groups.first()?, self.groups.last()?);
        Some((Nanos(first.first), Nanos(last.last)))
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows as u64).sum()
    }

    /// The rows received from `from` on and before `to`, in that order, a group at a time.
    pub fn window(&self, from: Nanos, to: Nanos) -> Window<'_> {
        Window::new(self, from, to)
    }

    /// The rows of that window in the order of the venue's own time, those of one time in that of
    /// receipt.
    pub fn by_venue(&self, from: Nanos, to: Nanos) -> ByVenue<'_> {
        ByVenue::new(self, from, to)
    }

    /// Groups of which a row may lie in the window.
    fn groups_in(&self, from: Nanos, to: Nanos) -> std::ops::Range<usize> {
        let start = self.groups.partition_point(|group| group.last < from.0);
        let end = self.groups.partition_point(|group| group.first < to.0);
        start..end.max(start)
    }

    /// Looks whether a group's bytes are what was written.
    fn check(&self, place: usize) -> Result<(), TapeError> {
        let group = self.groups.get(place);
        let before = place.checked_sub(1).and_then(|place| self.groups.get(place));
        let offset = |group: &Group| usize::try_from(group.end).unwrap_or(usize::MAX);
        let bytes = group.and_then(|group| {
            let start = before.map_or(seal::START, offset);
            self.bytes.get(start..offset(group)).filter(|bytes| crc32c::crc32c(bytes) == group.crc)
        });
        let what = || format!("it is damaged: its group {place} of rows is not what was written");
        bytes.map(|_| ()).ok_or_else(|| TapeError::foreign(&self.path, what()))
    }

    /// Decodes a group; its rows replace what was in `rows`.
    fn decode(
        &self,
        place: usize,
        columns: &mut columns::Columns,
        rows: &mut Vec<Event>,
    ) -> Result<(), TapeError> {
        self.check(place)?;
        let group = self.reader.get_row_group(place).map_err(TapeError::format(&self.path))?;
        columns.read(group.as_ref(), rows).map_err(TapeError::format(&self.path))
    }
}

/// Takes those out of a group's rows that lie outside a window, which is at its ends only.
fn within(rows: &[Event], from: Nanos, to: Nanos) -> &[Event] {
    let start = rows.partition_point(|row| row.at < from);
    let end = rows.partition_point(|row| row.at < to);
    rows.get(start..end).unwrap_or_default()
}
