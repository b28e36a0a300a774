//! What strategies estimate from the market: each signal is fed by event time alone, costs a few
//! nanoseconds an event, holds bounded memory and allocates nothing.
//!
//! Signals take and give floats. A price unit is one unit of the quote asset per unit of the base
//! asset; time enters as [`engine::time::Nanos`] of events and counts in seconds.

pub mod flow;
pub mod intensity;
pub mod regression;
pub mod taker;
pub mod volatility;

use engine::state::Source;

/// ln 2, the link between a half-life and the mean life of an exponentially weighted window.
pub const LN_2: f64 = core::f64::consts::LN_2;

/// The range that an estimate is held to, whatever the data say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Lowest value given out.
    pub floor: f64,
    /// Highest value given out; not below the floor.
    pub cap: f64,
}

impl Bounds {
    /// The value, held to the range; not-a-number becomes the floor.
    #[inline]
    pub fn hold(self, value: f64) -> f64 {
        value.max(self.floor).min(self.cap)
    }
}

/// How much of a weight is left after `seconds` with this half-life.
pub(crate) fn remaining(seconds: f64, half_life_s: f64) -> f64 {
    libm::exp2(-seconds / half_life_s)
}

/// A saved sum of weights: finite and not below 0, or the saved state is not ours.
pub(crate) fn weight(source: &mut dyn Source) -> Option<f64> {
    source.float().filter(|value| value.is_finite() && *value >= 0.0)
}
