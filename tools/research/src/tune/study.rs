//! The study file: what was searched and what each trial came to, so that a search goes on where it
//! was cut off.
//!
//! JSON lines: the head says what is searched, each further line is a trial, in order. Lines are
//! only added. A last line that was cut off is dropped; a study of something else is refused. There
//! is no time of day in it and no duration: the same search writes the same bytes.

use super::ground::Stretch;
use super::objective::{Numbers, Objective};
use super::prune::Pruning;
use super::sampler::SamplerKind;
use super::space::{Space, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// The version of the format.
const VERSION: u32 = 1;

/// Digits that a study keeps of every number. What is computed from a study sees these numbers and
/// no others, so that a search that goes on is the same as one that was never cut off.
const DIGITS: usize = 12;

/// A number as a study keeps it.
pub fn kept(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

/// What is searched. A study is for one of these.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Head {
    /// The version of the format.
    pub peregrine_study: u32,
    /// Where new points come from.
    pub sampler: SamplerKind,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// What is looked for.
    pub objective: Objective,
    /// When trials are cut short.
    pub pruning: Pruning,
    /// Parts that the training stretch is run in.
    pub parts: usize,
    /// Fewest fills of a trial that counts.
    pub fills_min: u64,
    /// The stretches that are searched, one a fold.
    pub train: Vec<Stretch>,
    /// Trials of one fold, where there are several: each fold begins behind the one before.
    pub trials: Option<usize>,
    /// SHA-256 of the configuration, in hex.
    pub config: String,
    /// What the trials are run on: names or hashes.
    pub tapes: Vec<String>,
    /// The parameters.
    pub space: Space,
}

impl Head {
    /// The version that is written.
    pub const VERSION: u32 = VERSION;
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It ran all parts.
    Whole,
    /// It was cut short, as others had been better by then.
    Pruned,
    /// It has no score.
    Failed,
}

/// One trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Which fold it belongs to.
    pub fold: usize,
    /// Its number in the fold, from 0.
    pub trial: usize,
    /// How it ended.
    pub ended: Ended,
    /// Its point of the unit cube.
    pub unit: Vec<f64>,
    /// Its parameters, in the order of the space.
    pub values: Vec<Value>,
    /// The mean of the parts' scores, larger being better; empty when it failed.
    pub scores: Vec<f64>,
    /// The first score of each part that was run.
    pub parts: Vec<f64>,
    /// Means of the parts' metrics that are numbers.
    pub metrics: Numbers,
    /// The returns of all parts, one behind the other.
    pub returns: Vec<f64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Trial {
    /// Every number as a study keeps it.
    pub fn kept(mut self) -> Self {
        let numbers = self.unit.iter_mut().chain(&mut self.scores).chain(&mut self.parts);
        for number in numbers.chain(self.metrics.values_mut()).chain(&mut self.returns) {
            *number = kept(*number);
        }
        self
    }

    /// Its scores, where they count for a sampler.
    pub fn told(&self) -> Option<&[f64]> {
        (self.ended == Ended::Whole).then_some(self.scores.as_slice())
    }
}

/// Why a study cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StudyError {
    /// The file cannot be read or written.
    #[error("study {path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is no study.
    #[error(
        "study {path}, line {line}: {error}; name another file with --study, or remove this one"
    )]
    Line {
        /// Which.
        path: PathBuf,
        /// Where.
        line: usize,
        /// What is wrong.
        error: String,
    },
    /// It is a study of something else.
    #[error(
        "study {path} was made with another {field} ({found}, now {now}): name another file with \
         --study, or ask for what it was made with"
    )]
    Other {
        /// Which.
        path: PathBuf,
        /// What differs.
        field: String,
        /// Its own.
        found: String,
        /// What was asked for.
        now: String,
    },
}

/// A study on disk that is added to.
#[derive(Debug)]
pub struct StudyFile {
    path: PathBuf,
    file: File,
}

impl StudyFile {
    /// Begins a study, or goes on with the one that is there: with the trials that it has.
    pub fn open(path: &Path, head: &Head) -> Result<(Self, Vec<Trial>), StudyError> {
        let failed = |error| StudyError::Io { path: path.to_owned(), error };
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        file.try_lock().map_err(|_| {
            failed(io::Error::new(io::ErrorKind::WouldBlock, "another search writes it"))
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        file.set_len(whole as u64).map_err(failed)?;
        file.seek(SeekFrom::Start(whole as u64)).map_err(failed)?;
        let mut study = Self { path: path.to_owned(), file };
        let trials = match whole {
            0 => {
                study.line(&serde_json::to_string(head).map_err(|error| failed(error.into()))?)?;
                Vec::new()
            }
            _ => study.read(&String::from_utf8_lossy(&text[..whole]), head)?,
        };
        Ok((study, trials))
    }

    fn read(&self, text: &str, head: &Head) -> Result<Vec<Trial>, StudyError> {
        let wrong = |line: usize, error: String| StudyError::Line {
            path: self.path.clone(),
            line: line + 1,
            error,
        };
        let mut lines = text.lines().enumerate();
        let first = lines.next().map_or("", |(_, line)| line);
        let found: Json = serde_json::from_str(first)
            .map_err(|error| wrong(0, format!("not the head of a study ({error})")))?;
        let now = serde_json::to_value(head).unwrap_or_default();
        self.compare(&found, &now)?;
        let trials = lines.map(|(at, line)| {
            let trial = serde_json::from_str::<Trial>(line);
            trial.map(Trial::kept).map_err(|error| wrong(at, format!("not a trial ({error})")))
        });
        trials.collect()
    }

    fn compare(&self, found: &Json, now: &Json) -> Result<(), StudyError> {
        let fields = now.as_object().into_iter().flatten();
        for (field, now) in fields {
            let found = found.get(field).unwrap_or(&Json::Null);
            if found != now {
                let shown = |value: &Json| {
                    let text = value.to_string();
                    let long = text.chars().count() > 60;
                    text.chars().take(60).chain(if long { "…" } else { "" }.chars()).collect()
                };
                return Err(StudyError::Other {
                    path: self.path.clone(),
                    field: field.clone(),
                    found: shown(found),
                    now: shown(now),
                });
            }
        }
        Ok(())
    }

    /// Adds a trial.
    pub fn add(&mut self, trial: &Trial) -> Result<(), StudyError> {
        let line = serde_json::to_string(trial).map_err(|error| self.failed(error.into()))?;
        self.line(&line)
    }

    fn line(&mut self, line: &str) -> Result<(), StudyError> {
        let written = writeln!(self.file, "{line}").and_then(|()| self.file.flush());
        written.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> StudyError {
        StudyError::Io { path: self.path.clone(), error }
    }

    /// That the trials of a file are not those that this version asks for.
    pub fn foreign(&self, trial: usize) -> StudyError {
        StudyError::Other {
            path: self.path.clone(),
            field: "version of the samplers".to_owned(),
            found: format!("trial {trial} differs"),
            now: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
