//! How long a request takes to the venue, and an answer back: models, each way on its own.

use super::recorded::{Cursor, Recorded};
use engine::time::Nanos;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1, StandardNormal};
use std::sync::Arc;

/// Constant latency, each way on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Latency {
    /// From our decision to the order's arrival in the market.
    pub entry: Nanos,
    /// From what happened in the market to our learning of it.
    pub response: Nanos,
}

/// Latency that follows a log-normal distribution, with spikes over it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of all trips take less.
    pub median: Nanos,
    /// Standard deviation of the logarithm: 0.25 spreads by about a quarter each way.
    pub sigma: f64,
    /// How many trips of a million meet a spike.
    pub spike_ppm: u32,
    /// How much longer those take, on average; exponentially distributed.
    pub spike: Nanos,
}

/// One way's time.
#[derive(Clone, Debug)]
pub enum Way {
    /// Always the same.
    Constant(Nanos),
    /// As long as the newest market row took to us, times a factor, and so much more.
    Feed {
        /// The factor, in millionths.
        factor_ppm: u64,
        /// What is added, ns; the sum is at least 0.
        offset_ns: i64,
    },
    /// Between recorded requests and their answers.
    Recorded(Arc<Recorded>),
    /// At random, by the venue's seed.
    Spread(Spread),
}

impl Default for Way {
    fn default() -> Self {
        Self::Constant(Nanos::ZERO)
    }
}

/// Both ways.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// From our decision to the order's arrival in the market.
    pub entry: Way,
    /// From what happened in the market to our learning of it.
    pub response: Way,
}

impl From<Latency> for Ways {
    fn from(latency: Latency) -> Self {
        let (entry, response) = (latency.entry, latency.response);
        Self { entry: Way::Constant(entry), response: Way::Constant(response) }
    }
}

/// What becomes of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// It arrives after this time.
    Arrives(Nanos),
    /// The venue's gates refused it; we learn that after this time.
    Refused(Nanos),
}

impl Trip {
    /// How long it takes, either way.
    pub const fn span(self) -> Nanos {
        match self {
            Self::Arrives(span) | Self::Refused(span) => span,
        }
    }
}

/// One way in use: the model with its place in a recording and its source of chance.
#[derive(Clone, Debug)]
pub struct Course {
    way: Way,
    cursor: Cursor,
    random: StdRng,
}

impl Course {
    /// A way; the same seed gives the same times.
    pub fn new(way: Way, seed: u64) -> Self {
        Self { way, cursor: Cursor::default(), random: StdRng::seed_from_u64(seed) }
    }

    /// A request that leaves at `at`, while market rows take `feed` to us.
    pub fn entry(&mut self, at: Nanos, feed: Nanos) -> Trip {
        match &self.way {
            Way::Recorded(recorded) => recorded.entry(at, &mut self.cursor),
            _ => Trip::Arrives(self.time(feed)),
        }
    }

    /// An answer to what happened at `at`.
    pub fn response(&mut self, at: Nanos, feed: Nanos) -> Nanos {
        match &self.way {
            Way::Recorded(recorded) => recorded.response(at, &mut self.cursor),
            _ => self.time(feed),
        }
    }

    fn time(&mut self, feed: Nanos) -> Nanos {
        match &self.way {
            Way::Constant(span) => *span,
            Way::Feed { factor_ppm, offset_ns } => {
                let scaled = u128::from(feed.0) * u128::from(*factor_ppm) / 1_000_000;
                let scaled = i64::try_from(scaled).unwrap_or(i64::MAX);
                Nanos(scaled.saturating_add(*offset_ns).max(0).unsigned_abs())
            }
            Way::Spread(spread) => spread.draw(&mut self.random),
            // Both callers ask the recording itself.
            Way::Recorded(_) => Nanos::ZERO,
        }
    }
}

impl Spread {
    fn draw(&self, random: &mut StdRng) -> Nanos {
        let normal: f64 = StandardNormal.sample(random);
        let body = self.median.0 as f64 * libm::exp(self.sigma * normal);
        let spiked = random.random_range(0..1_000_000) < self.spike_ppm;
        let longer: f64 = Exp1.sample(random);
        let spike = if spiked { self.spike.0 as f64 * longer } else { 0.0 };
        Nanos((body + spike) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPREAD: Spread = Spread {
        median: Nanos(1_000_000),
        sigma: 0.3,
        spike_ppm: 20_000,
        spike: Nanos(50_000_000),
    };

    fn draws(seed: u64) -> Vec<u64> {
        let mut course = Course::new(Way::Spread(SPREAD), seed);
        (0..20_000).map(|_| course.response(Nanos::ZERO, Nanos::ZERO).0).collect()
    }

    #[test]
    fn the_feed_s_own_delay_is_scaled_and_shifted() {
        let time = |factor_ppm, offset_ns| {
            let mut course = Course::new(Way::Feed { factor_ppm, offset_ns }, 1);
            course.entry(Nanos::ZERO, Nanos(4_000)).span()
        };
        assert_eq!(time(1_500_000, 100), Nanos(6_100));
        assert_eq!(time(1_000_000, -9_000), Nanos(0), "never before it left");
    }

    #[test]
    fn chance_is_the_seed_s_and_has_the_median_and_the_spikes_asked_for() {
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        let mut sorted = draws(7);
        sorted.sort_unstable();
        let median = sorted[sorted.len() / 2] as f64;
        assert!((median / 1e6 - 1.0).abs() < 0.03, "median {median}");
        let spikes = sorted.iter().filter(|span| **span > 10_000_000).count();
        assert!((200..600).contains(&spikes), "{spikes} spikes of about 330");
    }
}
