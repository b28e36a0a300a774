//! What can be wrong with a tape, said to the person who uses it.

use parquet::errors::ParquetError;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a tape could not be read or written.
#[derive(Debug, Error)]
pub enum TapeError {
    /// The file system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not a tape, or a damaged one.
    #[error("{}: {source}; a tape is what `peregrine import` writes", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What the reader of its format said.
        source: ParquetError,
    },
    /// A file of the format that is no tape, or one of another version.
    #[error("{}: {what}; import the recording again", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// A row that is older than the one before it.
    #[error("row {row} is of {at} ns, the one before it of {last} ns: rows must be in order")]
    Order {
        /// Which row, from 0.
        row: u64,
        /// Its time.
        at: u64,
        /// The time before it.
        last: u64,
    },
    /// There is a file already.
    #[error("{} exists already; remove it or give another --out", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
}

impl TapeError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { doing, path, source }
    }

    pub(super) fn format(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Format { path, source }
    }

    pub(super) fn foreign(path: &Path, what: impl Into<String>) -> Self {
        Self::Foreign { path: path.into(), what: what.into() }
    }
}
