//! What a set of parameters is tried on: a stretch of recorded market, or a formula in tests.

use super::objective::Numbers;
use super::space::Value;
use serde::{Deserialize, Serialize};

/// A stretch of event time, nanoseconds; the end is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// The first moment.
    pub from: u64,
    /// The moment behind the last.
    pub to: u64,
}

impl Stretch {
    /// How long it is.
    pub const fn len(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// Whether nothing fits into it.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part from one share of it to another, in `of` shares.
    pub fn part(&self, first: u64, last: u64, of: u64) -> Self {
        let at = |share: u64| {
            let offset = u128::from(self.len()) * u128::from(share) / u128::from(of);
            self.from + offset as u64
        };
        Self { from: at(first), to: at(last) }
    }
}

/// How the simulated venue differs from what the configuration says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Luck {
    /// Seed of everything that the venue draws; none for the configuration's own.
    pub seed: Option<u64>,
    /// What all its latencies are multiplied by.
    pub latency: f64,
    /// How far one trip differs from another where the latency is constant: the standard deviation
    /// of its logarithm.
    pub jitter: f64,
    /// The share of recorded trades that pass our orders by.
    pub missed: f64,
}

impl Luck {
    /// As the configuration says.
    pub const NONE: Self = Self { seed: None, latency: 1.0, jitter: 0.0, missed: 0.0 };
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Its metrics.
    pub metrics: Numbers,
    /// Changes of equity over even steps of time, over the equity at the start. Every run of one
    /// stretch gives the same number of them.
    pub returns: Vec<f64>,
    /// What each round trip earned, over the equity at the start.
    pub trades: Vec<f64>,
}

/// Where trials are run, by several threads at once.
pub trait Ground: Sync {
    /// Runs one set of parameters, in the order of the space. The same arguments give the same
    /// outcome. An error is a fault of these parameters: the trial counts as failed.
    fn run(&self, values: &[Value], stretch: Stretch, luck: Luck) -> Result<Outcome, String>;
}
