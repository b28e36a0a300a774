//! A run in a folder: kept as it goes, read again in the same order.
//!
//! ```text
//!  DIR/run.json          format, markets, equity at the start, when it ended
//!     /looks.parquet     markets at even steps: best prices, ours, position, equity
//!     /sent.parquet      orders
//!     /fills.parquet     fills
//!     /marked.parquet    mids after fills
//!     /delays.parquet    how long messages and orders took
//!     /funding.parquet   payments of funding
//! ```
//!
//! What is being kept lies in `.DIR.part` beside it and gets its name when it is whole: whatever
//! ends before leaves nothing under the name. A batch of rows of each table is all that is held.

use super::kept::{COLUMNS, FILES, Told};
use super::table::{Cell, TableReader, TableWriter};
use super::{Delayed, Filled, Funded, Look, Marked, Meta, Sent, Witness};
use engine::time::Nanos;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Name of the file of facts.
pub const FACTS: &str = "run.json";
/// Number of the format.
const FORMAT: u32 = 1;

/// The facts of a kept run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Facts {
    format: u32,
    #[serde(flatten)]
    meta: Meta,
    ends_at: u64,
}

/// Why a run cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Something is there that would be overwritten.
    #[error("{}: is there already; name another folder, or move it away", .0.display())]
    Exists(PathBuf),
    /// Writing failed.
    #[error("{}: cannot be written: {why}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Reading failed.
    #[error("{}: cannot be read as a run: {why}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Nothing ever began.
    #[error("{}: nothing was kept, for the run never began", .0.display())]
    Empty(PathBuf),
}

fn writing(path: &Path, error: &dyn std::fmt::Display) -> RunError {
    RunError::Write { path: path.to_owned(), why: error.to_string() }
}

fn reading(path: &Path, error: &dyn std::fmt::Display) -> RunError {
    RunError::Read { path: path.to_owned(), why: error.to_string() }
}

/// Keeps a run.
pub struct Recorder {
    folder: PathBuf,
    part: PathBuf,
    tables: Vec<TableWriter>,
    row: Vec<Cell>,
    seq: u64,
    meta: Option<Meta>,
    ends_at: Nanos,
    failed: Option<RunError>,
    is_whole: bool,
}

impl Recorder {
    /// Begins to keep one in a folder that is not there yet.
    pub fn create(folder: &Path) -> Result<Self, RunError> {
        if folder.exists() {
            return Err(RunError::Exists(folder.to_owned()));
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let part = folder.with_file_name(format!(".{name}.part"));
        // What somebody who was killed has left.
        let _ = fs::remove_dir_all(&part);
        fs::create_dir_all(&part).map_err(|error| writing(&part, &error))?;
        let mut recorder = Self {
            folder: folder.to_owned(),
            part,
            tables: Vec::new(),
            row: Vec::new(),
            seq: 0,
            meta: None,
            ends_at: Nanos::ZERO,
            failed: None,
            is_whole: false,
        };
        for (name, columns) in FILES.iter().zip(COLUMNS) {
            let path = recorder.part.join(name);
            let file = File::create(&path).map_err(|error| writing(&path, &error))?;
            let table =
                TableWriter::begin(file, columns).map_err(|error| writing(&path, &error))?;
            recorder.tables.push(table);
        }
        Ok(recorder)
    }

    fn keep(&mut self, told: &Told) {
        if self.failed.is_some() {
            return;
        }
        told.cells(self.seq, &mut self.row);
        self.seq += 1;
        let Some(table) = self.tables.get_mut(told.table()) else { return };
        if let Err(error) = table.push(&self.row) {
            self.failed = Some(writing(&self.part.join(FILES[told.table()]), &error));
        }
    }

    /// Ends it, and gives the folder its name.
    pub fn finish(mut self) -> Result<PathBuf, RunError> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        let meta = self.meta.take().ok_or_else(|| RunError::Empty(self.folder.clone()))?;
        for (table, name) in self.tables.drain(..).zip(FILES) {
            table.finish().map_err(|error| writing(&self.part.join(name), &error))?;
        }
        let facts = Facts { format: FORMAT, meta, ends_at: self.ends_at.0 };
        let path = self.part.join(FACTS);
        let text = serde_json::to_string_pretty(&facts).map_err(|error| writing(&path, &error))?;
        fs::write(&path, text + "\n").map_err(|error| writing(&path, &error))?;
        fs::rename(&self.part, &self.folder).map_err(|error| writing(&self.folder, &error))?;
        self.is_whole = true;
        Ok(self.folder.clone())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.is_whole {
            let _ = fs::remove_dir_all(&self.part);
        }
    }
}

impl Witness for Recorder {
    const LOOKS: bool = true;

    fn begins(&mut self, meta: &Meta) {
        self.meta = Some(meta.clone());
    }

    fn looks(&mut self, look: &Look) {
        self.keep(&Told::Look(*look));
    }

    fn sent(&mut self, sent: &Sent) {
        self.keep(&Told::Sent(*sent));
    }

    fn filled(&mut self, filled: &Filled) {
        self.keep(&Told::Filled(*filled));
    }

    fn marked(&mut self, marked: &Marked) {
        self.keep(&Told::Marked(*marked));
    }

    fn delayed(&mut self, delayed: &Delayed) {
        self.keep(&Told::Delayed(*delayed));
    }

    fn funded(&mut self, funded: &Funded) {
        self.keep(&Told::Funded(*funded));
    }

    fn ends(&mut self, at: Nanos) {
        self.ends_at = at;
    }
}

/// A run that was kept.
#[derive(Clone, Debug)]
pub struct Run {
    folder: PathBuf,
    facts: Facts,
}

impl Run {
    /// Whether a folder holds one.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(FACTS).is_file()
    }

    /// Opens the run of a folder.
    pub fn open(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(FACTS);
        let file = File::open(&path).map_err(|error| reading(&path, &error))?;
        let facts: Facts = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| reading(&path, &error))?;
        if facts.format != FORMAT {
            let why = format!("its format is {}, this program reads {FORMAT}", facts.format);
            return Err(RunError::Read { path, why });
        }
        Ok(Self { folder: folder.to_owned(), facts })
    }

    /// The facts that hold for all of it.
    pub const fn meta(&self) -> &Meta {
        &self.facts.meta
    }

    /// Tells all of it again, as it was told.
    pub fn play<W: Witness>(&self, witness: &mut W) -> Result<(), RunError> {
        witness.begins(&self.facts.meta);
        let mut tables = Vec::with_capacity(FILES.len());
        for (place, (name, columns)) in FILES.iter().zip(COLUMNS).enumerate() {
            if place == 0 && !W::LOOKS {
                continue;
            }
            let path = self.folder.join(name);
            let file = File::open(&path).map_err(|error| reading(&path, &error))?;
            let table = TableReader::open(file, columns).map_err(|error| reading(&path, &error))?;
            tables.push((place, path, table));
        }
        loop {
            let mut first: Option<(u64, usize)> = None;
            for (place, (_, path, table)) in tables.iter_mut().enumerate() {
                let row = table.peek().map_err(|error| reading(path, &error))?;
                let seq = row.and_then(|row| row.first()).map(|cell| cell.int());
                if let Some(seq) = seq.filter(|seq| first.is_none_or(|(least, _)| *seq < least)) {
                    first = Some((seq, place));
                }
            }
            let Some((_, next)) = first else { break };
            let Some((place, path, table)) = tables.get_mut(next) else { break };
            let row = table.pop().unwrap_or_default();
            let told = Told::read(*place, row.get(1..).unwrap_or_default());
            told.ok_or_else(|| reading(path, &"a row of it means nothing"))?.tell(witness);
        }
        witness.ends(Nanos(self.facts.ends_at));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
