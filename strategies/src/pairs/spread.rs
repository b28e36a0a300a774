//! The spread of two prices: hedge ratio, z-score, and how fast it reverts.

use super::Parameters;
use crate::signal::regression::{Line, Regression};
use engine::state::{Sink, Source, State};

/// What is known of the spread at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// The regression of the first leg's log price on the second's.
    pub line: Line,
    /// Half-life of the spread in looks; endless where it does not revert.
    pub half_life: f64,
}

impl Found {
    /// How many deviations the first leg is dear by these log prices.
    pub fn z(&self, a: f64, b: f64) -> f64 {
        self.line.residual(b, a) / self.line.deviation.max(1e-12)
    }
}

/// What was learnt of both legs.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// ln a on ln b.
    prices: Regression,
    /// The spread on the one before.
    steps: Regression,
    last: Option<f64>,
    looks: u64,
}

impl Spread {
    /// Nothing seen yet.
    pub fn new(parameters: &Parameters) -> Self {
        let half_life = parameters.window_half_life_s / parameters.sample_s;
        let regression = Regression::new(half_life);
        Self { prices: regression, steps: regression, last: None, looks: 0 }
    }

    /// Takes another window over; what was seen stays.
    pub fn configure(&mut self, parameters: &Parameters) {
        let half_life = parameters.window_half_life_s / parameters.sample_s;
        self.prices.configure(half_life);
        self.steps.configure(half_life);
    }

    /// How many looks there were.
    pub const fn looks(&self) -> u64 {
        self.looks
    }

    /// A look at both log prices.
    pub fn look(&mut self, a: f64, b: f64) {
        self.prices.sample(b, a);
        self.looks += 1;
        let Some(line) = self.prices.line() else { return };
        let spread = line.residual(b, a);
        if let Some(last) = self.last.replace(spread) {
            self.steps.sample(last, spread);
        }
    }

    /// There was no look where one was due: the next spread does not follow on the last.
    pub const fn skip(&mut self) {
        self.last = None;
    }

    /// What is known; nothing while the prices have given no line.
    ///
    /// The spread is taken for an autoregression of first order, sₜ = c + φ·sₜ₋₁ + ε, whose
    /// half-life is −ln 2 / ln φ for φ between 0 and 1, none below, endless above.
    pub fn found(&self) -> Option<Found> {
        let line = self.prices.line()?;
        let phi = self.steps.line()?.slope;
        let half_life = if phi >= 1.0 {
            f64::INFINITY
        } else if phi <= 0.0 {
            0.0
        } else {
            -core::f64::consts::LN_2 / libm::log(phi)
        };
        Some(Found { line, half_life })
    }

    /// Gives every word of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        self.prices.save(sink);
        self.steps.save(sink);
        sink.flag(self.last.is_some());
        sink.float(self.last.unwrap_or(0.0));
        sink.word(self.looks);
    }

    /// Takes them back.
    pub fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.prices.load(source)?;
        self.steps.load(source)?;
        let there = source.flag()?;
        let last = source.float().filter(|spread| spread.is_finite())?;
        self.last = there.then_some(last);
        self.looks = source.word()?;
        Some(())
    }
}
