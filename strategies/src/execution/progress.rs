//! How an order stands: what is done, at which mean price, against the price on arrival.

use crate::signal::weight;
use engine::id::Side;
use engine::state::{Sink, Source};

/// How an order stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Mid of the first venue when it began, price units.
    pub arrival: f64,
    /// Filled, base units.
    pub done: f64,
    /// Mean price of it; 0 before the first fill.
    pub mean: f64,
    /// How much worse that is than on arrival, basis points, fees not counted.
    pub slippage_bps: f64,
}

impl Progress {
    /// A fill of it.
    pub fn fill(&mut self, side: Side, price: f64, base: f64) {
        let before = self.done;
        self.done += base;
        if self.done > 0.0 {
            self.mean = (self.mean * before + price * base) / self.done;
        }
        if self.arrival > 0.0 {
            let worse = (self.mean / self.arrival - 1.0) * side.sign() as f64;
            self.slippage_bps = worse * 1e4;
        }
    }

    /// Gives every word of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        for value in [self.arrival, self.done, self.mean, self.slippage_bps] {
            sink.float(value);
        }
    }

    /// Takes them back.
    pub fn load(source: &mut dyn Source) -> Option<Self> {
        let (arrival, done, mean) = (weight(source)?, weight(source)?, weight(source)?);
        let slippage_bps = source.float().filter(|value| value.is_finite())?;
        Some(Self { arrival, done, mean, slippage_bps })
    }
}
