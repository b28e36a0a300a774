//! What can go wrong between processes, said with the place and with what to do about it.

use std::{io, path::PathBuf};

/// Why a region cannot be created, opened or read.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// There is no such region.
    #[error(
        "no engine named `{name}` is running: {path} does not exist; start one or check the name"
    )]
    NotRunning {
        /// The instance.
        name: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Its process is gone.
    #[error("the engine named `{name}` (process {pid}) is not running any more; start it again")]
    OwnerGone {
        /// The instance.
        name: String,
        /// The process that was.
        pid: u64,
    },
    /// Another engine holds the name.
    #[error(
        "an engine named `{name}` is running already (process {pid}); \
         stop it or choose another name"
    )]
    InUse {
        /// The instance.
        name: String,
        /// Its process, as far as known.
        pid: String,
    },
    /// The name cannot be part of a file name.
    #[error("`{name}` cannot name an instance: use 1 to 48 of a-z, A-Z, 0-9, `-` and `_`")]
    BadName {
        /// What was given.
        name: String,
    },
    /// Somebody else made the file.
    #[error("{path} belongs to another user; run as that user or choose another name")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The first bytes are not ours.
    #[error("{path} is not a Peregrine region; remove it or choose another name")]
    NotARegion {
        /// The file.
        path: PathBuf,
    },
    /// Another release made it.
    #[error(
        "{path} was made by another release (format {found}, this one reads {expected}); \
         use the release that the engine runs, or restart the engine"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// The same version with other panels.
    #[error(
        "{path} was made by another build (layout {found:016x}, this one reads {expected:016x}); \
         use the build that the engine runs, or restart the engine"
    )]
    OtherLayout {
        /// The file.
        path: PathBuf,
        /// Its layout hash.
        found: u64,
        /// Ours.
        expected: u64,
    },
    /// Shorter than it says or must be.
    #[error("{path} is cut short ({bytes} bytes of {expected}); restart the engine")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What there is.
        bytes: u64,
        /// What there should be.
        expected: u64,
    },
    /// The operating system said no.
    #[error("cannot {doing} {path}: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Why a command did not get through, or why its outcome is not known.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// `SET` needs `KEY=VALUE`.
    #[error("`{given}` is not KEY=VALUE; write for example `min_spread_bps=5`")]
    NotAnAssignment {
        /// What was given.
        given: String,
    },
    /// The key does not fit.
    #[error("the key `{key}` is empty or longer than {max} bytes")]
    BadKey {
        /// What was given.
        key: String,
        /// How long it may be.
        max: usize,
    },
    /// The value does not fit.
    #[error("the value `{value}` is empty or longer than {max} bytes")]
    BadValue {
        /// What was given.
        value: String,
        /// How long it may be.
        max: usize,
    },
    /// Another operator's process holds the lock and does not let go.
    #[error("another process is sending commands and does not finish; stop it and try again")]
    Busy,
    /// The engine does not take commands out.
    #[error("{waiting} commands wait and the engine takes none; it hangs or is not running")]
    Full {
        /// How many fit.
        waiting: usize,
    },
    /// The engine was not heard in time: whether the command works is not known.
    #[error("no answer to command {sequence} in time; it may still be applied")]
    TimedOut {
        /// The command's number.
        sequence: u64,
    },
    /// So many commands came after it that its answer is gone.
    #[error("the answer to command {sequence} was overwritten by later ones")]
    Overwritten {
        /// The command's number.
        sequence: u64,
    },
    /// The region is gone, or is not one.
    #[error(transparent)]
    Region(#[from] RegionError),
}
