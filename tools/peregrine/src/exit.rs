//! How a command ends: the exit codes, and the one error type that carries them.

use crate::config::Problems;
use serde_json::{Value, json};
use std::fmt;
use std::process::ExitCode;

/// Exit codes; the README lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Ok = 0,
    /// Something failed, or was refused.
    Error = 1,
    /// The command line is wrong.
    Usage = 2,
    /// No engine of that name runs.
    NotRunning = 3,
    /// The configuration is wrong.
    BadConfig = 4,
    /// Somebody did not answer in time.
    TimedOut = 5,
    /// The machine lacks something that low latency needs.
    Untuned = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed: what, where, and what to do, with the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    message: String,
    problems: Option<Problems>,
}

impl Failure {
    /// With this code and message.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string(), problems: None }
    }

    /// A plain error.
    pub fn error(message: impl fmt::Display) -> Self {
        Self::new(Exit::Error, message)
    }

    /// A command line that contradicts itself.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// For people: configuration faults with their lines.
    pub fn render(&self, colour: bool) -> String {
        match &self.problems {
            Some(problems) => problems.render(colour),
            None => format!("peregrine: {}", self.message),
        }
    }

    /// As one JSON object.
    pub fn json(&self) -> Value {
        match &self.problems {
            Some(problems) => problems.json(),
            None => json!({ "error": self.message, "exit": self.exit as u8 }),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let message = problems.to_string();
        Self { exit: Exit::BadConfig, message, problems: Some(problems) }
    }
}

impl From<shm::RegionError> for Failure {
    fn from(error: shm::RegionError) -> Self {
        use shm::RegionError as E;
        let exit = match error {
            E::NotRunning { .. } | E::OwnerGone { .. } => Exit::NotRunning,
            E::BadName { .. } => Exit::Usage,
            _ => Exit::Error,
        };
        Self::new(exit, error)
    }
}

impl From<shm::journal::JournalError> for Failure {
    fn from(error: shm::journal::JournalError) -> Self {
        Self::error(error)
    }
}

impl From<shm::CommandError> for Failure {
    fn from(error: shm::CommandError) -> Self {
        use shm::CommandError as E;
        match error {
            E::Region(error) => error.into(),
            E::NotAnAssignment { .. } | E::BadKey { .. } | E::BadValue { .. } => Self::usage(error),
            E::Busy | E::Full { .. } | E::TimedOut { .. } => Self::new(Exit::TimedOut, error),
            E::Overwritten { .. } => Self::error(error),
        }
    }
}

impl From<crate::arm::ArmError> for Failure {
    fn from(error: crate::arm::ArmError) -> Self {
        Self::error(error)
    }
}

impl From<exchange::Error> for Failure {
    fn from(error: exchange::Error) -> Self {
        match error {
            exchange::Error::Usage(_) => Self::usage(error),
            other => Self::error(other),
        }
    }
}
