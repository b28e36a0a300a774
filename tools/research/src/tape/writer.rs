//! Writing a tape: rows are gathered into groups, and nothing has the tape's name before all of it
//! is there.

use super::columns::{self, Columns};
use super::error::TapeError;
use super::listed::{self, Listed};
use super::seal::{HEAD, Summed};
use super::{GROUP, GROUP_MAX, Group, keys, venue_at};
use engine::event::{Event, flag};
use engine::time::Nanos;
use parquet::file::metadata::KeyValue;
use parquet::file::writer::SerializedFileWriter;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A tape that is being written. What is dropped unfinished leaves nothing.
pub struct TapeWriter {
    /// `None` once it is finished.
    writer: Option<SerializedFileWriter<Summed>>,
    path: PathBuf,
    part: PathBuf,
    columns: Columns,
    groups: Vec<Group>,
    group: Group,
    rows: u64,
    last: Nanos,
}

impl std::fmt::Debug for TapeWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TapeWriter").field("path", &self.path).field("rows", &self.rows).finish()
    }
}

impl TapeWriter {
    /// Where one is until it is finished: `PATH.part`.
    pub fn part(path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    }

    /// Begins one, as [`TapeWriter::part`] until it is finished.
    ///
    /// # Errors
    /// When there is such a file already, or none can be made.
    pub fn create(path: &Path, instruments: &[Listed]) -> Result<Self, TapeError> {
        if path.exists() {
            return Err(TapeError::Exists { path: path.into() });
        }
        let part = Self::part(path);
        let options = OpenOptions::new().write(true).create(true).truncate(true).open(&part);
        let file = options.map_err(TapeError::io("create", &part))?;
        let begun = || {
            let properties = Arc::new(columns::properties()?);
            let file = Summed::new(file);
            let mut writer = SerializedFileWriter::new(file, columns::schema()?, properties)?;
            writer.write_all(&HEAD)?;
            writer.flush()?;
            writer.inner_mut().part();
            Ok(writer)
        };
        let mut made = Self {
            writer: None,
            path: path.into(),
            part: part.clone(),
            columns: Columns::default(),
            groups: Vec::new(),
            group: Group::default(),
            rows: 0,
            last: Nanos::ZERO,
        };
        let mut writer = begun().map_err(TapeError::format(&part))?;
        let listed = listed::to_json(instruments).map_err(|why| TapeError::foreign(&part, why))?;
        let mut say = |key: &str, value| {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), Some(value)));
        };
        say(keys::VERSION, keys::THIS.to_owned());
        say(keys::INSTRUMENTS, listed);
        made.writer = Some(writer);
        Ok(made)
    }

    /// Rows so far.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When it is older than the one before it, or the disk refuses.
    pub fn push(&mut self, row: &Event) -> Result<(), TapeError> {
        if row.at < self.last {
            let (at, last) = (row.at.0, self.last.0);
            return Err(TapeError::Order { row: self.rows, at, last });
        }
        self.last = row.at;
        self.group.take(row, venue_at(row));
        self.columns.push(row);
        self.rows += 1;
        let rows = self.columns.len();
        // A group ends with a message, but for one that is larger than any.
        if rows >= GROUP && row.has(flag::LAST) || rows >= GROUP_MAX {
            self.flush()?;
        }
        Ok(())
    }

    /// Adds rows.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn extend(&mut self, rows: &[Event]) -> Result<(), TapeError> {
        rows.iter().try_for_each(|row| self.push(row))
    }

    fn flush(&mut self) -> Result<(), TapeError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if self.columns.len() == 0 {
            return Ok(());
        }
        let group = writer.next_row_group().map_err(TapeError::format(&self.part))?;
        self.columns.write(group).map_err(TapeError::format(&self.part))?;
        // Its bytes are all that is written now.
        writer.flush().map_err(TapeError::io("write", &self.part))?;
        (self.group.end, self.group.crc) = writer.inner_mut().part();
        self.groups.push(std::mem::take(&mut self.group));
        Ok(())
    }

    /// Ends it, waits until the disk has it, and gives it its name.
    ///
    /// # Errors
    /// When the disk refuses; then nothing is left of it.
    pub fn finish(mut self) -> Result<(), TapeError> {
        self.flush()?;
        let groups = serde_json::to_string(&self.groups);
        let groups = groups.map_err(|why| TapeError::foreign(&self.part, why.to_string()))?;
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        writer.append_key_value_metadata(KeyValue::new(keys::GROUPS.to_owned(), Some(groups)));
        let metadata = writer.inner_mut().part().0;
        let ended = (|| {
            writer.finish().map_err(TapeError::format(&self.part))?;
            writer.inner().seal(metadata).map_err(TapeError::io("write", &self.part))?;
            std::fs::rename(&self.part, &self.path).map_err(TapeError::io("rename", &self.part))
        })();
        if ended.is_err() {
            // It has no name yet: what is left is of no use to anyone.
            let _ = std::fs::remove_file(&self.part);
        }
        ended
    }
}

impl Drop for TapeWriter {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            let _ = std::fs::remove_file(&self.part);
        }
    }
}
