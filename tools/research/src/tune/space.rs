//! The search space: which parameters of a configuration may change, and between which bounds.
//!
//! A space is a TOML file with one table for each parameter, named by its place in the
//! configuration (`config/space.toml` is an example). Samplers know nothing of it: they work on
//! the unit cube, and this file turns a point of the cube into values and back.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Digits that a float parameter keeps: more would only make configurations hard to read.
const DIGITS: usize = 6;

/// Most parameters of one space.
const PARAMS_MAX: usize = 64;

/// Most choices, and most points of a grid in one direction.
const CHOICES_MAX: usize = 1_000;

/// One value of a parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A name.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}

/// What values a parameter may take.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Range {
    /// Numbers between two bounds, both inside.
    Float {
        /// The least.
        low: f64,
        /// The greatest.
        high: f64,
        /// Whether equal ratios count as equal steps.
        log: bool,
        /// Only `low` and whole steps above it.
        step: Option<f64>,
    },
    /// Whole numbers between two bounds, both inside.
    Int {
        /// The least.
        low: i64,
        /// The greatest.
        high: i64,
        /// Whether equal ratios count as equal steps.
        log: bool,
        /// Only `low` and whole steps above it.
        step: i64,
    },
    /// One of these.
    Choice(Vec<Value>),
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Param {
    /// Its place in the configuration, such as `strategy.gamma`.
    pub key: String,
    /// What it may be.
    pub range: Range,
    /// Points that a grid has in its direction.
    pub points: usize,
}

/// Why a space cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpaceError {
    /// It is not TOML, or a key is unknown: said with its line.
    #[error("{0}")]
    Text(String),
    /// It has no parameter.
    #[error("the space has no parameter: add a table such as [\"strategy.gamma\"] with low, high")]
    Empty,
    /// It has too many.
    #[error("the space has {0} parameters; at most {PARAMS_MAX} can be searched at once")]
    Many(usize),
    /// A parameter contradicts itself.
    #[error("parameter {key}: {message}")]
    Param {
        /// Which.
        key: String,
        /// What is wrong, and what to do.
        message: String,
    },
}

/// All parameters, in the order of their names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Space {
    params: Vec<Param>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParam {
    low: Option<Value>,
    high: Option<Value>,
    step: Option<Value>,
    #[serde(default)]
    log: bool,
    choice: Option<Vec<Value>>,
    points: Option<usize>,
}

impl Space {
    /// Reads a space file.
    pub fn parse(text: &str) -> Result<Self, SpaceError> {
        let raw: BTreeMap<String, RawParam> =
            toml::from_str(text).map_err(|error| SpaceError::Text(error.to_string()))?;
        match raw.len() {
            0 => return Err(SpaceError::Empty),
            count if count > PARAMS_MAX => return Err(SpaceError::Many(count)),
            _ => {}
        }
        let params = raw.into_iter().map(|(key, raw)| {
            raw.build(key.clone()).map_err(|message| SpaceError::Param { key, message })
        });
        Ok(Self { params: params.collect::<Result<_, _>>()? })
    }

    /// The parameters.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// How many there are: the dimensions of the unit cube.
    pub fn dims(&self) -> usize {
        self.params.len()
    }

    /// The values at a point of the unit cube; coordinates outside are moved to its border.
    pub fn values(&self, unit: &[f64]) -> Vec<Value> {
        assert_eq!(unit.len(), self.params.len(), "a point has one coordinate for each parameter");
        self.params.iter().zip(unit).map(|(param, &at)| param.range.value(at)).collect()
    }

    /// How many points the grid has; none when they are more than can be counted.
    pub fn grid_len(&self) -> Option<usize> {
        self.params.iter().try_fold(1_usize, |all, param| all.checked_mul(param.points))
    }
}

impl Range {
    /// The value at a coordinate from 0 to 1. Whole numbers and choices share it evenly.
    pub fn value(&self, at: f64) -> Value {
        let at = at.clamp(0.0, 1.0);
        match self {
            Self::Float { low, high, log: true, .. } => {
                let value = (low.ln() + at * (high.ln() - low.ln())).exp();
                Value::Float(rounded(value).clamp(*low, *high))
            }
            Self::Float { low, high, step: None, .. } => {
                Value::Float(rounded(low + at * (high - low)).clamp(*low, *high))
            }
            Self::Float { low, high, step: Some(step), .. } => {
                let count = ((high - low) / step + 1e-9).floor();
                Value::Float(rounded(low + slot(at, count + 1.0) * step).clamp(*low, *high))
            }
            Self::Int { low, high, log: true, .. } => {
                let (first, last) = ((*low as f64 - 0.5).ln(), (*high as f64 + 0.5).ln());
                let value = (first + at * (last - first)).exp().round() as i64;
                Value::Int(value.clamp(*low, *high))
            }
            Self::Int { low, high, step, .. } => {
                let count = (high - low) / step;
                Value::Int(low + slot(at, count as f64 + 1.0) as i64 * step)
            }
            Self::Choice(values) => values[slot(at, values.len() as f64) as usize].clone(),
        }
    }

    /// How many values there are, where they can be counted.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Float { low, high, step: Some(step), .. } => {
                Some(((high - low) / step + 1e-9) as usize + 1)
            }
            Self::Float { .. } => None,
            Self::Int { low, high, step, .. } => Some(((high - low) / step) as usize + 1),
            Self::Choice(values) => Some(values.len()),
        }
    }

    /// The coordinate of a value on an axis that is drawn: from 0 to 1.
    pub fn place(&self, value: &Value) -> f64 {
        let share = |low: f64, high: f64, at: f64, log: bool| match (high > low, log) {
            (false, _) => 0.5,
            (true, false) => (at - low) / (high - low),
            (true, true) => (at / low).ln() / (high / low).ln(),
        };
        match (self, value) {
            (Self::Float { low, high, log, .. }, Value::Float(at)) => share(*low, *high, *at, *log),
            (Self::Float { low, high, log, .. }, Value::Int(at)) => {
                share(*low, *high, *at as f64, *log)
            }
            (Self::Int { low, high, log, .. }, Value::Int(at)) => {
                share(*low as f64, *high as f64, *at as f64, *log)
            }
            (Self::Choice(values), value) => {
                let place = values.iter().position(|one| one == value).unwrap_or(0);
                share(0.0, (values.len() - 1) as f64, place as f64, false)
            }
            _ => 0.5,
        }
    }
}

/// Which of so many equal slots a coordinate falls into.
fn slot(at: f64, count: f64) -> f64 {
    (at * count).floor().min(count - 1.0)
}

/// A number with six significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

impl RawParam {
    fn build(self, key: String) -> Result<Param, String> {
        toml_edit::Key::parse(&key)
            .map_err(|_| "its name is no place in a configuration, such as strategy.gamma")?;
        let points = self.points;
        if points.is_some_and(|points| !(1..=CHOICES_MAX).contains(&points)) {
            return Err(format!("points must be from 1 to {CHOICES_MAX}"));
        }
        let range = match self.choice {
            Some(values) => {
                if self.low.is_some() || self.high.is_some() || self.step.is_some() || self.log {
                    return Err("choice stands alone: remove low, high, step and log".to_owned());
                }
                if values.is_empty() || values.len() > CHOICES_MAX {
                    return Err(format!("choice needs 1 to {CHOICES_MAX} values"));
                }
                Range::Choice(values)
            }
            None => self.bounds()?,
        };
        let points = match (range.count(), points) {
            (Some(count), Some(points)) => count.min(points),
            (Some(count), None) if matches!(range, Range::Choice(_)) => count,
            (Some(count), None) => count.min(5),
            (None, points) => points.unwrap_or(5),
        };
        Ok(Param { key, range, points })
    }

    fn bounds(&self) -> Result<Range, String> {
        let (Some(low), Some(high)) = (&self.low, &self.high) else {
            return Err("needs low and high, or choice".to_owned());
        };
        let range = match (low, high, &self.step) {
            (Value::Int(low), Value::Int(high), None | Some(Value::Int(_))) => {
                let step = match self.step {
                    Some(Value::Int(step)) => step,
                    _ => 1,
                };
                Range::Int { low: *low, high: *high, log: self.log, step }
            }
            _ => {
                let step = self.step.as_ref().map(number).transpose()?;
                Range::Float { low: number(low)?, high: number(high)?, log: self.log, step }
            }
        };
        let (low, high, step) = match range {
            Range::Int { low, high, step, .. } => (low as f64, high as f64, step as f64),
            Range::Float { low, high, step, .. } => (low, high, step.unwrap_or(1.0)),
            Range::Choice(_) => return Ok(range),
        };
        if !low.is_finite() || !high.is_finite() || low > high || high > 9e15 || low < -9e15 {
            return Err(format!("low {low} must not be above high {high}"));
        }
        if self.log && (low <= 0.0 || self.step.is_some()) {
            return Err("log needs low above 0, and no step".to_owned());
        }
        if !step.is_finite() || step <= 0.0 || (self.step.is_some() && step > high - low) {
            return Err(format!("step {step} must be above 0 and at most high - low"));
        }
        Ok(range)
    }
}

fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Int(value) => Ok(*value as f64),
        Value::Float(value) => Ok(*value),
        _ => Err("low, high and step are numbers; for names and flags use choice".to_owned()),
    }
}

#[cfg(test)]
mod tests;
