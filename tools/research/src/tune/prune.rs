//! When a trial is cut short: what it came to in the first parts of its stretch is compared with
//! what others had come to there.
//!
//! Only trials that every job has been told of count, so that the number of jobs changes nothing.

use super::study::Trial;
use serde::{Deserialize, Serialize};

/// Whole trials that must have been told before any is cut short.
const START: usize = 5;

/// Of so many trials, successive halving lets one go on.
const ETA: usize = 3;

/// The rules by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pruning {
    /// Every trial runs whole.
    None,
    /// A trial goes on while it is no worse than the middle of the others at the same part
    /// (Golovin et al., 2017).
    Median,
    /// After 1, 2, 4, … parts a trial goes on when it is in the best third of the others
    /// (Li et al., 2020, asynchronous successive halving).
    Halving,
}

impl Pruning {
    /// The names that people use.
    pub const NAMES: [(&'static str, Self); 3] =
        [("none", Self::None), ("median", Self::Median), ("halving", Self::Halving)];

    /// The name that people use.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }

    /// The least mean score after each part but the last with which a trial goes on, from those
    /// that were told. Minus infinity lets all go on.
    pub fn bars(self, told: &[Trial], parts: usize) -> Vec<f64> {
        let whole = told.iter().filter(|trial| trial.parts.len() == parts).count();
        let bar = |part: usize| {
            let done = part + 1;
            if self == Self::None
                || whole < START
                || (self == Self::Halving && !done.is_power_of_two())
            {
                return f64::NEG_INFINITY;
            }
            let mut means: Vec<f64> = told
                .iter()
                .filter(|trial| trial.parts.len() >= done)
                .map(|trial| mean(&trial.parts[..done]))
                .collect();
            means.sort_by(|a, b| b.total_cmp(a));
            let place = if self == Self::Median { means.len() / 2 } else { means.len() / ETA };
            means.get(place).copied().unwrap_or(f64::NEG_INFINITY)
        };
        (0..parts.saturating_sub(1)).map(bar).collect()
    }
}

/// The mean; not a number of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
