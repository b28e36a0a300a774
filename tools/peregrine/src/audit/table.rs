//! Tables of typed columns, written row by row into a file that gets its name when it is whole.

use super::parquet::Columns;
use crate::exit::Failure;
use crate::print::Utc;
use engine::num::Decimal;
use engine::time::Nanos;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Int,
    /// Text.
    Text,
    /// Nanoseconds since 1970 UTC.
    Time,
    /// A decimal number, exactly.
    Decimal,
    /// Yes or no.
    Flag,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// There is none.
    None,
    /// See [`Kind`].
    Int(i64),
    /// See [`Kind`].
    Text(String),
    /// See [`Kind`].
    Time(Nanos),
    /// See [`Kind`].
    Decimal(Decimal),
    /// See [`Kind`].
    Flag(bool),
}

impl Value {
    /// A number that fits.
    pub fn int(value: u64) -> Self {
        i64::try_from(value).map_or(Self::None, Self::Int)
    }

    /// Text, or nothing.
    pub fn text(value: impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    fn csv(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Int(value) => value.to_string(),
            Self::Text(value) => value.clone(),
            Self::Time(at) => Utc(*at).to_string(),
            Self::Decimal(value) => value.to_string(),
            Self::Flag(value) => value.to_string(),
        }
    }
}

/// Name and kind of each column.
pub type Schema = &'static [(&'static str, Kind)];

/// Which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text, a line a row, names in the first.
    Csv,
    /// Columns, compressed with zstd.
    Parquet,
}

impl Format {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

enum Out {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    Parquet(Box<Columns>),
}

/// A table that is being written. One that is not finished leaves nothing behind.
pub struct Table {
    out: Option<Out>,
    path: PathBuf,
    beside: PathBuf,
    rows: u64,
}

impl Table {
    /// Begins a file in a folder; one that is there is not overwritten without `force`.
    pub fn begin(
        folder: &Path,
        name: &str,
        (schema, format): (Schema, Format),
        force: bool,
    ) -> Result<Self, Failure> {
        let path = folder.join(format!("{name}.{}", format.suffix()));
        let beside = folder.join(format!("{name}.{}.part", format.suffix()));
        let failed = |error: &dyn std::fmt::Display| {
            Failure::error(format!("cannot write {}: {error}", beside.display()))
        };
        if path.exists() && !force {
            let text = format!("{} is there already: --force writes it anew", path.display());
            return Err(Failure::error(text));
        }
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let file = File::create(&beside).map_err(|error| failed(&error))?;
        let out = match format {
            Format::Csv => {
                let mut out = csv::Writer::from_writer(BufWriter::new(file));
                let names = schema.iter().map(|(name, _)| *name);
                out.write_record(names).map_err(|error| failed(&error))?;
                Out::Csv(Box::new(out))
            }
            Format::Parquet => {
                Out::Parquet(Box::new(Columns::begin(file, schema).map_err(|e| failed(&e))?))
            }
        };
        Ok(Self { out: Some(out), path, beside, rows: 0 })
    }

    /// Adds a row, a value a column.
    pub fn push(&mut self, row: &[Value]) -> Result<(), Failure> {
        self.rows += 1;
        let written = match &mut self.out {
            Some(Out::Csv(out)) => {
                out.write_record(row.iter().map(Value::csv)).map_err(|error| error.to_string())
            }
            Some(Out::Parquet(out)) => out.push(row).map_err(|error| error.to_string()),
            None => Ok(()),
        };
        written.map_err(|error| self.failed(&error))
    }

    /// Ends the file and names it; its path and rows.
    pub fn finish(mut self) -> Result<(PathBuf, u64), Failure> {
        let ended = match self.out.take() {
            Some(Out::Csv(mut out)) => out.flush().map_err(|error| error.to_string()),
            Some(Out::Parquet(out)) => out.finish().map_err(|error| error.to_string()),
            None => Ok(()),
        };
        ended
            .and_then(|()| fs::rename(&self.beside, &self.path).map_err(|error| error.to_string()))
            .map_err(|error| self.failed(&error))?;
        Ok((self.path.clone(), self.rows))
    }

    fn failed(&self, error: &str) -> Failure {
        Failure::error(format!("cannot write {}: {error}", self.beside.display()))
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // Whole ones have another name by now.
        let _ = fs::remove_file(&self.beside);
    }
}
