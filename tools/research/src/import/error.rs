//! What can be wrong with an import, said with file and line to the person who asked for it.

use crate::tape::TapeError;
use std::fmt;
use std::path::{Path, PathBuf};

/// Why nothing was imported.
#[derive(Debug)]
pub enum ImportError {
    /// A file is not what it should be.
    File {
        /// Which file.
        path: PathBuf,
        /// Which line or row of it, from 1.
        line: Option<u64>,
        /// What is wrong, and what to do.
        why: String,
    },
    /// What was asked for does not fit together.
    Usage(String),
    /// The tape could not be written.
    Tape(TapeError),
}

impl ImportError {
    pub(super) fn file(path: &Path, why: impl fmt::Display) -> Self {
        Self::File { path: path.into(), line: None, why: why.to_string() }
    }

    pub(super) fn line(path: &Path, line: u64, why: impl fmt::Display) -> Self {
        Self::File { path: path.into(), line: Some(line), why: why.to_string() }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: Some(line), why } => {
                write!(f, "{}:{line}: {why}", path.display())
            }
            Self::File { path, line: None, why } => write!(f, "{}: {why}", path.display()),
            Self::Usage(why) => f.write_str(why),
            Self::Tape(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for ImportError {}

impl From<TapeError> for ImportError {
    fn from(error: TapeError) -> Self {
        Self::Tape(error)
    }
}
