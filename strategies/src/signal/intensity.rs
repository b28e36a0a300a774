//! Arrival intensity of taker orders, λ(δ) = A·exp(−κδ): how many orders a second reach at least
//! the distance δ from the mid. One estimator for each side of the book.
//!
//! **Model.** Orders come as a Poisson process; each reaches an exponential depth. So the orders
//! whose depth falls into the bin [δᵢ, δᵢ₊₁) are, over the exposure E seconds, independent Poisson
//! counts nᵢ with means E·A·(exp(−κδᵢ) − exp(−κδᵢ₊₁)). Bins have one width w and start at δ₀
//! (distances below are not counted); the last, K, is open and holds all that reached beyond the
//! range.
//!
//! **Likelihood.** The means add up to E·A·exp(−κδ₀), so with B = A·exp(−κδ₀), x = exp(−κw),
//! N = Σnᵢ, D = Σ_{i<K} nᵢ and S = Σ i·nᵢ
//!
//! ```text
//! ℓ(B, κ) = N·ln B − E·B  +  S·ln x + D·ln(1 − x)  + constant
//! ```
//!
//! which splits: B̂ = N/E, and x̂ = S/(S + D), that is κ̂ = ln(1 + D/S)/w. Equal widths thus give
//! the maximum in closed form, without iteration and without a case that fails to converge, and
//! three sums are all that need be kept of the bins. (A test finds the same maximum by Newton steps
//! over real bins.)
//!
//! **Precision.** The Fisher information is diagonal in (ln B, κ): N and D·w²·x/(1 − x)². As sums
//! are decayed with weights v ≤ 1, the variance of a score is that of Σv² while its slope is that
//! of Σv, so each variance is multiplied by φ = ∫v²/∫v (1 without decay, ½ in the steady state); ln
//! A = ln B + κδ₀ adds δ₀²·var κ. Intervals are Wald's on ln A and ln κ; the joint 95 % region is
//! the ellipse of both. They hold for the model: flow that comes in bursts is less certain than
//! they say.
//!
//! Prices lie on a grid, so a depth is seen rounded down to it; a bin width that is a multiple of
//! half a tick makes that exact.

use super::{Bounds, LN_2, remaining, weight};
use engine::state::{Sink, Source, State};
use engine::time::Nanos;

/// Two-sided 95 % point of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;
/// 95 % point of χ² with two degrees of freedom: −2·ln 0.05.
const CHI2_95: f64 = 5.991_464_547_107_979;
/// −ln 0.025: the one-sided exact bound where all counts are at one end.
const LN_40: f64 = 3.688_879_454_113_936;
/// Effective orders at which half of the exposure's confidence is given.
const ORDERS_HALF: f64 = 10.0;

/// How an intensity is measured. Distances are in any one unit; κ is in its inverse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntensityConfig {
    /// δ₀: orders that reach less are not counted; 0 or more.
    pub distance_min: f64,
    /// w: width of a bin; above 0.
    pub bin_width: f64,
    /// K: bins before the open one; at least 1.
    pub bins: u32,
    /// Time in which an order loses half its weight, seconds; above 0.
    pub half_life_s: f64,
    /// Range of A given out, orders per second.
    pub rate: Bounds,
    /// Range of κ given out, per unit of distance.
    pub kappa: Bounds,
    /// (A, κ) believed before anything is seen. It fills the window at first, as that many seconds
    /// of a market with exactly these, and is pushed out by data at the pace of the half-life.
    pub start: Option<(f64, f64)>,
    /// Without a start value: orders to be seen before [`Intensity::estimate`] answers.
    pub warm_up_orders: f64,
}

/// What is known of an intensity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// A: orders per second that reach the mid or beyond, held to its bounds.
    pub rate: f64,
    /// κ: decay per unit of distance, held to its bounds.
    pub kappa: f64,
    /// 95 % interval of A.
    pub rate_95: (f64, f64),
    /// 95 % interval of κ.
    pub kappa_95: (f64, f64),
    /// From 0 (start value only) to 1: how much of the window was seen, times n/(n + 10) for n
    /// effective orders.
    pub confidence: f64,
    /// Effective number of orders behind it, the start value's included: N/φ.
    pub orders: f64,
    fit: Fit,
}

/// The unbounded maximum with its variances; what the joint region is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fit {
    rate: f64,
    kappa: f64,
    distance_min: f64,
    rate_ln_variance: f64,
    kappa_ln_variance: f64,
}

impl Estimate {
    /// Whether a pair lies in the joint 95 % region. Always false where the data do not bound κ.
    pub fn covers(&self, rate: f64, kappa: f64) -> bool {
        let fit = &self.fit;
        let far = libm::log(rate / fit.rate) - (kappa - fit.kappa) * fit.distance_min;
        let steep = libm::log(kappa / fit.kappa);
        far * far / fit.rate_ln_variance + steep * steep / fit.kappa_ln_variance <= CHI2_95
    }
}

/// The estimator of one side. Bounded memory, no allocation, a few nanoseconds an order.
#[derive(Clone, Debug)]
pub struct Intensity {
    config: IntensityConfig,
    counts: Counts,
    pending: Counts,
    exposure_s: f64,
    exposure_squared_s: f64,
    seen_s: f64,
    seen_orders: f64,
    lived_orders: f64,
    since: Option<Nanos>,
}

/// N, D and S of the module's head.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    all: f64,
    inside: f64,
    indices: f64,
}

impl Intensity {
    /// Starts with nothing seen, or with a window full of the start value.
    pub fn new(config: IntensityConfig) -> Self {
        let mut intensity = Self {
            config,
            counts: Counts::default(),
            pending: Counts::default(),
            exposure_s: 0.0,
            exposure_squared_s: 0.0,
            seen_s: 0.0,
            seen_orders: 0.0,
            lived_orders: 0.0,
            since: None,
        };
        if let Some((rate, kappa)) = config.start {
            intensity.fill(rate, kappa);
        }
        intensity
    }

    /// Takes other settings over. Sums stay when the bins do; with other bins the window is filled
    /// anew with the estimate so far, and confidence begins at 0.
    pub fn configure(&mut self, config: IntensityConfig) {
        let old = self.config;
        let same_bins = old.bin_width == config.bin_width
            && old.bins == config.bins
            && old.distance_min == config.distance_min;
        let estimate = self.estimate();
        let (since, lived_orders) = (self.since, self.lived_orders);
        self.config = config;
        if !same_bins {
            *self = Self { since, lived_orders, ..Self::new(config) };
            if let Some(Estimate { rate, kappa, .. }) = estimate {
                self.fill(rate, kappa);
            }
        }
    }

    /// An order that reached this far. Not counted while exposure is not running.
    #[inline]
    pub fn on_order(&mut self, distance: f64) {
        let beyond = distance - self.config.distance_min;
        if beyond < 0.0 || self.since.is_none() {
            return;
        }
        let bin = ((beyond / self.config.bin_width) as u32).min(self.config.bins);
        self.pending.all += 1.0;
        self.pending.inside += f64::from(u8::from(bin < self.config.bins));
        self.pending.indices += f64::from(bin);
    }

    /// The book is there: exposure runs from here on, if it did not already.
    #[inline]
    pub fn resume(&mut self, at: Nanos) {
        if self.since.is_none() {
            self.since = Some(at);
        }
    }

    /// The book is blank: exposure stops.
    pub fn pause(&mut self, at: Nanos) {
        self.advance(at);
        self.since = None;
    }

    /// Decays what is summed and takes in what came since the last call.
    pub fn advance(&mut self, at: Nanos) {
        let Some(since) = self.since else { return };
        let elapsed = at.since(since).as_s_f64();
        let keep = remaining(elapsed, self.config.half_life_s);
        self.seen_orders = self.seen_orders * keep + self.pending.all;
        self.lived_orders += self.pending.all;
        self.counts.all = self.counts.all * keep + self.pending.all;
        self.counts.inside = self.counts.inside * keep + self.pending.inside;
        self.counts.indices = self.counts.indices * keep + self.pending.indices;
        self.exposure_s = self.exposure_s * keep + elapsed;
        self.exposure_squared_s = self.exposure_squared_s * keep * keep + elapsed;
        self.seen_s = self.seen_s * keep + elapsed;
        self.pending = Counts::default();
        self.since = Some(since.max(at));
    }

    /// A and κ as of the last [`Intensity::advance`]; `None` while warming up.
    pub fn estimate(&self) -> Option<Estimate> {
        let Counts { all, inside, indices } = self.counts;
        let warm = self.config.start.is_some() || self.lived_orders >= self.config.warm_up_orders;
        if !warm || all <= 0.0 || self.exposure_s <= 0.0 {
            return None;
        }
        let phi = self.exposure_squared_s / self.exposure_s;
        let orders = all / phi;
        let fit = self.fit(phi);
        let spread = |value: f64, variance: f64| {
            let factor = libm::exp(Z_95 * libm::sqrt(variance));
            (value / factor, value * factor)
        };
        let far = fit.kappa * fit.distance_min;
        let variance = fit.rate_ln_variance + far * far * fit.kappa_ln_variance;
        let width = self.config.bin_width;
        let kappa_95 = if indices <= 0.0 {
            (-libm::log(-libm::expm1(-LN_40 / orders)) / width, self.config.kappa.cap)
        } else if inside <= 0.0 {
            let steps = orders * f64::from(self.config.bins);
            (self.config.kappa.floor, LN_40 / (steps * width))
        } else {
            spread(fit.kappa, fit.kappa_ln_variance)
        };
        let seen = (self.seen_s * LN_2 / self.config.half_life_s).min(1.0);
        let seen_orders = self.seen_orders / phi;
        Some(Estimate {
            rate: self.config.rate.hold(fit.rate),
            kappa: self.config.kappa.hold(fit.kappa),
            rate_95: spread(fit.rate, variance),
            kappa_95,
            confidence: seen * seen_orders / (seen_orders + ORDERS_HALF),
            orders,
            fit,
        })
    }

    /// The maximum. At the ends (all orders in the first bin, or all beyond the range) κ is its cap
    /// or floor, with no variance of its own.
    fn fit(&self, phi: f64) -> Fit {
        let Counts { all, inside, indices } = self.counts;
        let width = self.config.bin_width;
        let (kappa, kappa_ln_variance) = if indices <= 0.0 {
            (self.config.kappa.cap, 0.0)
        } else if inside <= 0.0 {
            (self.config.kappa.floor, 0.0)
        } else {
            let kappa = libm::log1p(inside / indices) / width;
            let x = indices / (indices + inside);
            let information = inside * width * width * x / ((1.0 - x) * (1.0 - x));
            (kappa, phi / (information * kappa * kappa))
        };
        let distance_min = self.config.distance_min;
        let rate = all / self.exposure_s * libm::exp(kappa * distance_min);
        Fit { rate, kappa, distance_min, rate_ln_variance: phi / all, kappa_ln_variance }
    }

    /// Fills the window with what a market of exactly these would show on average.
    fn fill(&mut self, rate: f64, kappa: f64) {
        let x = libm::exp(-kappa * self.config.bin_width);
        let beyond = libm::exp(-kappa * self.config.bin_width * f64::from(self.config.bins));
        self.exposure_s = self.config.half_life_s / LN_2;
        self.exposure_squared_s = self.exposure_s / 2.0;
        let all = rate * libm::exp(-kappa * self.config.distance_min) * self.exposure_s;
        let inside = all * (1.0 - beyond);
        self.counts = Counts { all, inside, indices: inside * x / (1.0 - x) };
        self.pending = Counts::default();
        self.seen_s = 0.0;
        self.seen_orders = 0.0;
    }
}

impl State for Intensity {
    fn save(&self, sink: &mut dyn Sink) {
        for counts in [&self.counts, &self.pending] {
            sink.float(counts.all);
            sink.float(counts.inside);
            sink.float(counts.indices);
        }
        sink.float(self.exposure_s);
        sink.float(self.exposure_squared_s);
        sink.float(self.seen_s);
        sink.float(self.seen_orders);
        sink.float(self.lived_orders);
        sink.word(u64::from(self.since.is_some()));
        sink.word(self.since.unwrap_or_default().0);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        for counts in [&mut self.counts, &mut self.pending] {
            counts.all = weight(source)?;
            counts.inside = weight(source)?;
            counts.indices = weight(source)?;
        }
        self.exposure_s = weight(source)?;
        self.exposure_squared_s = weight(source)?;
        self.seen_s = weight(source)?;
        self.seen_orders = weight(source)?;
        self.lived_orders = weight(source)?;
        let running = source.word()? == 1;
        let since = Nanos(source.word()?);
        self.since = running.then_some(since);
        Some(())
    }
}

#[cfg(test)]
mod tests;
