//! How volume is spread over the day, from the trades that were seen.

use crate::signal::weight;
use engine::state::{Sink, Source, State};
use engine::time::Nanos;

/// Quarters of an hour in a day.
const QUARTERS: usize = 96;
const QUARTER_NS: u64 = 900_000_000_000;
/// What is left of a day's volume a day later.
const KEEP: f64 = 0.5;

/// Volume by quarter of an hour of the day, UTC, in base units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// Decayed sum, and the weight of the days in it; a weight of 0 is never seen.
    sums: [(f64, f64); QUARTERS],
    /// The quarter since 1970 that was last seen; all ones before the first.
    last: u64,
}

impl Default for Curve {
    fn default() -> Self {
        Self { sums: [(0.0, 0.0); QUARTERS], last: u64::MAX }
    }
}

impl Curve {
    /// A public trade.
    pub fn trade(&mut self, at: Nanos, base: f64) {
        let quarter = at.0 / QUARTER_NS;
        let place = (quarter % QUARTERS as u64) as usize;
        if let Some((sum, days)) = self.sums.get_mut(place) {
            if quarter != self.last {
                *sum *= KEEP;
                *days = *days * KEEP + 1.0;
                self.last = quarter;
            }
            *sum += base;
        }
    }

    /// The volume expected from one moment to another; of quarters that were never seen, the mean
    /// of those that were, and the same of all where none was.
    pub fn volume(&self, from: Nanos, to: Nanos) -> f64 {
        let seen = self.sums.iter().filter(|(_, days)| *days > 0.0);
        let (sum, count) =
            seen.fold((0.0, 0.0), |(sum, count), (one, days)| (sum + one / days, count + 1.0));
        let mean = if sum > 0.0 { sum / count } else { 1.0 };
        let of = |quarter: u64| match self.sums.get((quarter % QUARTERS as u64) as usize) {
            Some((sum, days)) if *days > 0.0 => sum / days,
            _ => mean,
        };
        let (first, last) = (from.0 / QUARTER_NS, to.0 / QUARTER_NS);
        let part = |at: Nanos| (at.0 % QUARTER_NS) as f64 / QUARTER_NS as f64;
        // Whole days are all the same.
        let quarters = last.saturating_sub(first);
        let (days, rest) = (quarters / QUARTERS as u64, quarters % QUARTERS as u64);
        let day: f64 = (0..QUARTERS as u64).map(of).sum();
        let whole: f64 = (first..first + rest).map(of).sum();
        days as f64 * day + whole + of(last) * part(to) - of(first) * part(from)
    }
}

impl State for Curve {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.last);
        for (sum, days) in &self.sums {
            sink.float(*sum);
            sink.float(*days);
        }
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.last = source.word()?;
        for one in &mut self.sums {
            *one = (weight(source)?, weight(source)?);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_learnt_and_what_was_not_seen_is_the_mean() {
        let mut curve = Curve::default();
        let at = |hours: f64| Nanos((hours * 3600e9) as u64);
        assert_eq!(curve.volume(at(1.0), at(2.0)), 4.0);
        for day in 0..5 {
            for minute in 0..120 {
                let base = if minute < 60 { 1.0 } else { 3.0 };
                curve.trade(Nanos::from_s((day * 1440 + minute) * 60), base);
            }
        }
        let near = |left: f64, right: f64| assert!((left - right).abs() < 1e-6, "{left} {right}");
        near(curve.volume(at(240.0), at(241.0)), 60.0);
        near(curve.volume(at(240.5), at(241.5)), 30.0 + 90.0);
        near(curve.volume(at(241.0), at(241.1)), 18.0);
        // Hours that were never seen have 120 an hour, the mean of both.
        near(curve.volume(at(245.0), at(246.0)), 120.0);
        near(curve.volume(at(240.0), at(288.0)), 2.0 * (240.0 + 22.0 * 120.0));
    }
}
