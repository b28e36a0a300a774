//! Volatility of the mid price, σ in price per √second, from event-time changes.
//!
//! With weights w that halve every half-life, the variance rate is the ratio of two decayed sums,
//!
//! ```text
//! σ² = Σ w·(mid change)² / Σ w·(elapsed seconds)
//! ```
//!
//! which is the maximum-likelihood estimate for a driftless Brownian mid seen at irregular times:
//! silence counts, as time without change, and a burst of ticks weighs by what it moved and not by
//! how many they were. Changes are summed as they come (a few nanoseconds) and decayed in blocks by
//! [`Volatility::advance`], which the owner calls on a timer; a block has one weight.
//!
//! Bid–ask bounce moves the mid without risk; `sample_s` thins the changes (the mid is then
//! compared with the one at least that long before), which removes bounce faster than itself. Time
//! while the book is blank counts as nothing, and the change across it is dropped.

use super::{Bounds, LN_2, remaining, weight};
use engine::state::{Sink, Source, State};
use engine::time::Nanos;

/// How volatility is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolatilityConfig {
    /// Time in which a change loses half its weight, seconds; above 0.
    pub half_life_s: f64,
    /// Shortest time between two mids that are compared, seconds; 0 compares all.
    pub sample_s: f64,
    /// Range of σ given out, price per √second.
    pub bounds: Bounds,
    /// σ believed before anything is seen, price per √second. It fills the window at first and is
    /// pushed out by data at the pace of the half-life.
    pub start: Option<f64>,
    /// Without a start value: seconds to be seen before [`Volatility::sigma`] answers.
    pub warm_up_s: f64,
}

/// The estimator. See the module for the formula.
#[derive(Clone, Debug)]
pub struct Volatility {
    config: VolatilityConfig,
    sample: Nanos,
    squares: f64,
    seconds: f64,
    seen_s: f64,
    lived_s: f64,
    pending: f64,
    since: Nanos,
    last: Option<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Nanos,
    mid: f64,
}

impl Volatility {
    /// Starts with nothing seen, or with a window full of the start value.
    pub fn new(config: VolatilityConfig) -> Self {
        let mut volatility = Self {
            config,
            sample: Nanos((config.sample_s * 1e9) as u64),
            squares: 0.0,
            seconds: 0.0,
            seen_s: 0.0,
            lived_s: 0.0,
            pending: 0.0,
            since: Nanos::ZERO,
            last: None,
        };
        if let Some(sigma) = config.start {
            volatility.seconds = volatility.window_s();
            volatility.squares = sigma * sigma * volatility.seconds;
        }
        volatility
    }

    /// Takes other settings over; what was seen stays, and fades at the new half-life.
    pub fn configure(&mut self, config: VolatilityConfig) {
        let full = config.half_life_s / LN_2;
        if self.seconds > full {
            let share = full / self.seconds;
            self.squares *= share;
            self.seen_s *= share;
            self.seconds = full;
        }
        self.sample = Nanos((config.sample_s * 1e9) as u64);
        self.config = config;
    }

    /// The mid as of an event; equal mids may be left out or given, the result is the same.
    #[inline]
    pub fn on_mid(&mut self, at: Nanos, mid: f64) {
        match &mut self.last {
            Some(last) if at.since(last.at) >= self.sample => {
                let change = mid - last.mid;
                self.pending += change * change;
                *last = Sample { at, mid };
            }
            Some(_) => {}
            None => {
                self.last = Some(Sample { at, mid });
                self.since = at;
            }
        }
    }

    /// The book is blank from here on: time stops counting until the next mid.
    pub fn pause(&mut self, at: Nanos) {
        self.advance(at);
        self.last = None;
    }

    /// Decays what is summed and takes in what came since the last call.
    pub fn advance(&mut self, at: Nanos) {
        if self.last.is_none() {
            return;
        }
        let elapsed = at.since(self.since).as_s_f64();
        let keep = remaining(elapsed, self.config.half_life_s);
        self.squares = self.squares * keep + self.pending;
        self.seconds = self.seconds * keep + elapsed;
        self.seen_s = self.seen_s * keep + elapsed;
        self.lived_s += elapsed;
        self.pending = 0.0;
        self.since = self.since.max(at);
    }

    /// σ in price per √second as of the last [`Volatility::advance`], held to its bounds; `None`
    /// while warming up.
    pub fn sigma(&self) -> Option<f64> {
        let warm = self.config.start.is_some() || self.lived_s >= self.config.warm_up_s;
        if !warm || self.seconds <= 0.0 {
            return None;
        }
        Some(self.config.bounds.hold(libm::sqrt(self.squares / self.seconds)))
    }

    /// How much of the window is filled with what was seen, from 0 to 1: 0.5 after one half-life.
    pub fn confidence(&self) -> f64 {
        (self.seen_s / self.window_s()).min(1.0)
    }

    /// The weight of a full window in seconds: the integral of 2^(-t/half-life).
    fn window_s(&self) -> f64 {
        self.config.half_life_s / LN_2
    }
}

impl State for Volatility {
    fn save(&self, sink: &mut dyn Sink) {
        for value in [self.squares, self.seconds, self.seen_s, self.lived_s, self.pending] {
            sink.float(value);
        }
        sink.word(self.since.0);
        sink.word(u64::from(self.last.is_some()));
        let last = self.last.unwrap_or(Sample { at: Nanos::ZERO, mid: 0.0 });
        sink.word(last.at.0);
        sink.float(last.mid);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.squares = weight(source)?;
        self.seconds = weight(source)?;
        self.seen_s = weight(source)?;
        self.lived_s = weight(source)?;
        self.pending = weight(source)?;
        self.since = Nanos(source.word()?);
        let running = source.word()?;
        let last = Sample { at: Nanos(source.word()?), mid: source.float()? };
        self.last = (running == 1 && last.mid.is_finite()).then_some(last);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::random::Random;

    const OPEN: VolatilityConfig = VolatilityConfig {
        half_life_s: 100.0,
        sample_s: 0.0,
        bounds: Bounds { floor: 0.0, cap: f64::INFINITY },
        start: None,
        warm_up_s: 10.0,
    };

    /// A walk of ±`step` at random times, `rate` a second: σ = step·√rate.
    fn walk(seed: u64, seconds: f64, rate: f64, step: f64, volatility: &mut Volatility) {
        let mut random = Random::new(seed);
        let (mut at, mut mid, mut timer) = (1000.0, 50.0, 1000.0);
        volatility.on_mid(Nanos((at * 1e9) as u64), mid);
        while at < 1000.0 + seconds {
            at += random.exponential(rate);
            mid += if random.chance(0.5) { step } else { -step };
            volatility.on_mid(Nanos((at * 1e9) as u64), mid);
            if at - timer > 0.1 {
                timer = at;
                volatility.advance(Nanos((at * 1e9) as u64));
            }
        }
    }

    #[test]
    fn it_finds_the_sigma_of_a_walk() {
        for seed in 1..=10 {
            let mut volatility = Volatility::new(OPEN);
            walk(seed, 1000.0, 20.0, 0.5, &mut volatility);
            let (sigma, truth) = (volatility.sigma().unwrap(), 0.5 * libm::sqrt(20.0));
            assert!((sigma / truth - 1.0).abs() < 0.1, "seed {seed}: {sigma} for {truth}");
            assert!(volatility.confidence() > 0.99);
        }
    }

    #[test]
    fn a_thinned_walk_has_the_same_sigma_and_bounce_has_less() {
        let mut volatility = Volatility::new(VolatilityConfig { sample_s: 0.5, ..OPEN });
        walk(3, 1000.0, 20.0, 0.5, &mut volatility);
        let truth = 0.5 * libm::sqrt(20.0);
        assert!((volatility.sigma().unwrap() / truth - 1.0).abs() < 0.2);

        let mut all = Volatility::new(OPEN);
        let mut thinned = Volatility::new(VolatilityConfig { sample_s: 1.0, ..OPEN });
        for tick in 0..10_000_u64 {
            let (at, mid) = (Nanos::from_ms(tick * 100), 100.0 + (tick % 2) as f64);
            all.on_mid(at, mid);
            thinned.on_mid(at, mid);
        }
        all.advance(Nanos::from_s(1000));
        thinned.advance(Nanos::from_s(1000));
        assert!((all.sigma().unwrap() - libm::sqrt(10.0)).abs() < 0.01);
        assert!(thinned.sigma().unwrap() < 0.01);
    }

    #[test]
    fn a_start_value_is_believed_and_then_pushed_out() {
        let mut volatility = Volatility::new(VolatilityConfig { start: Some(3.0), ..OPEN });
        assert_eq!(volatility.sigma(), Some(3.0));
        assert_eq!(volatility.confidence(), 0.0);
        volatility.on_mid(Nanos::ZERO, 1.0);
        volatility.advance(Nanos::from_s(100));
        let half = volatility.sigma().unwrap();
        assert!((volatility.confidence() - LN_2).abs() < 1e-9);
        volatility.advance(Nanos::from_s(200));
        assert!(half < 3.0 && volatility.sigma().unwrap() < half);
    }

    #[test]
    fn without_a_start_value_it_waits_and_bounds_hold() {
        let bounds = Bounds { floor: 0.5, cap: 2.0 };
        let mut volatility = Volatility::new(VolatilityConfig { bounds, ..OPEN });
        volatility.on_mid(Nanos::ZERO, 100.0);
        volatility.advance(Nanos::from_s(9));
        assert_eq!(volatility.sigma(), None);
        volatility.advance(Nanos::from_s(10));
        assert_eq!(volatility.sigma(), Some(0.5));
        volatility.on_mid(Nanos::from_s(11), 900.0);
        volatility.advance(Nanos::from_s(11));
        assert_eq!(volatility.sigma(), Some(2.0));
    }

    #[test]
    fn a_blank_book_counts_neither_as_time_nor_as_change() {
        let mut volatility = Volatility::new(OPEN);
        volatility.on_mid(Nanos::ZERO, 100.0);
        volatility.on_mid(Nanos::from_s(5), 101.0);
        volatility.pause(Nanos::from_s(10));
        volatility.on_mid(Nanos::from_s(500), 900.0);
        volatility.advance(Nanos::from_s(510));
        let keep = remaining(10.0, 100.0);
        let expect = libm::sqrt(keep / (10.0 * keep + 10.0));
        assert!((volatility.sigma().unwrap() - expect).abs() < 1e-9);
    }
}
