//! Equity as returns of even periods, and how deep it fell below its peak: both as it goes.
//!
//! How long a run will be is not known while it goes, and a ratio needs some dozens of returns. So
//! returns are gathered by the second, minute, hour and day at once, and a finer series is dropped
//! as soon as the next one is long enough: 1800 seconds, 1800 minutes and 720 hours are the most
//! that are ever held, and one number a day.

use super::formulas::defined;
use engine::time::Nanos;

/// Returns that a series must have before a finer one is dropped for it.
pub const RETURNS_MIN: usize = 30;
/// Periods, seconds.
const PERIODS_S: [u64; 4] = [1, 60, 3_600, 86_400];

#[derive(Clone, Debug)]
struct Rung {
    period: Nanos,
    /// When its running period ends, and the equity when it began.
    next: Nanos,
    from: f64,
    returns: Vec<f64>,
}

impl Rung {
    fn push(&mut self, at: Nanos, (before, equity): (f64, f64)) {
        while at >= self.next {
            let now = if at == self.next { equity } else { before };
            self.returns.push(if self.from > 0.0 { now / self.from - 1.0 } else { f64::NAN });
            self.from = now;
            self.next = self.next.after(self.period);
        }
    }
}

/// Returns by even periods.
#[derive(Clone, Debug, Default)]
pub struct Returns {
    /// From the finest.
    rungs: Vec<Rung>,
    last: f64,
}

impl Returns {
    /// Equity at an instant; instants rise.
    pub fn push(&mut self, at: Nanos, equity: f64) {
        if self.rungs.is_empty() {
            let rung = |s: &u64| {
                let period = Nanos::from_s(*s);
                Rung { period, next: at.after(period), from: equity, returns: Vec::new() }
            };
            self.rungs = PERIODS_S.iter().map(rung).collect();
        }
        // From the longest period, so that a silence of days is not cut into seconds first.
        for place in (0..self.rungs.len()).rev() {
            self.rungs[place].push(at, (self.last, equity));
            if self.rungs[place].returns.len() >= RETURNS_MIN {
                self.rungs.drain(..place);
                break;
            }
        }
        self.last = equity;
    }

    /// The returns, and their period in seconds: the longest period that has enough of them.
    pub fn series(&self) -> (&[f64], f64) {
        self.rungs
            .first()
            .map_or((&[], 1.0), |rung| (&rung.returns, rung.period.as_ms() as f64 / 1e3))
    }
}

/// How far equity is below its highest so far.
#[derive(Clone, Debug, Default)]
pub struct Drawdown {
    peak: f64,
    peak_at: Nanos,
    is_below: bool,
    points: u64,
    squares: f64,
    /// The deepest, as a share of the peak.
    pub depth: f64,
    /// The deepest, in money.
    pub money: f64,
    /// The longest time from a peak until equity was as high again, or to the end.
    pub length: Nanos,
}

impl Drawdown {
    /// Equity at an instant; gives how far it is below its peak now, as a share of the peak.
    pub fn push(&mut self, at: Nanos, equity: f64) -> f64 {
        if self.points == 0 || equity >= self.peak {
            if self.is_below {
                self.length = self.length.max(at.since(self.peak_at));
            }
            (self.peak, self.peak_at, self.is_below) = (equity, at, false);
        }
        self.points += 1;
        let money = self.peak - equity;
        let share = if self.peak > 0.0 { defined(money, self.peak) } else { 0.0 };
        if money > 0.0 {
            self.is_below = true;
            self.length = self.length.max(at.since(self.peak_at));
        }
        self.money = self.money.max(money);
        self.depth = self.depth.max(share);
        self.squares += share * share;
        share
    }

    /// Ulcer index: the root of the mean square of all drawdowns from the highest so far, as a
    /// fraction (Martin & McCann 1989, who write it in percent).
    pub fn ulcer(&self) -> f64 {
        (self.squares / self.points as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_run_is_cut_into_seconds_and_a_long_one_into_longer_periods() {
        for (span_s, period, count) in
            [(100, 1.0, 100), (1_799, 1.0, 1_799), (1_800, 60.0, 30), (200_000, 3_600.0, 55)]
        {
            let mut returns = Returns::default();
            for s in 0..=span_s {
                returns.push(Nanos::from_s(1_000 + s), 100.0 + s as f64);
            }
            let (series, found) = returns.series();
            assert_eq!((series.len(), found), (count, period), "{span_s} s");
            let whole = series.iter().fold(1.0, |product, one| product * (1.0 + one));
            let last = (count as f64 * period) as u64;
            assert!((whole * 100.0 - (100 + last) as f64).abs() < 1e-6, "{span_s} s");
        }
    }

    #[test]
    fn a_silence_is_one_return_and_zeros() {
        let mut returns = Returns::default();
        returns.push(Nanos::from_s(0), 100.0);
        returns.push(Nanos::from_s(5), 110.0);
        returns.push(Nanos::from_s(6), 121.0);
        let (series, _) = returns.series();
        assert_eq!(series.len(), 6);
        assert!(series[..4].iter().all(|one| *one == 0.0));
        assert!(series[4..].iter().all(|one| (one - 0.1).abs() < 1e-12), "{series:?}");
    }

    #[test]
    fn a_hundred_days_hold_no_more_than_one_number_a_day() {
        let (mut returns, mut most) = (Returns::default(), 0);
        for step in 0..100 * 8_640_u64 {
            returns.push(Nanos::from_s(step * 10), 100.0 + (step % 7) as f64);
            let held = returns.rungs.iter().map(|rung| rung.returns.len()).sum::<usize>();
            most = most.max(held);
        }
        assert!(most <= 2 * 1_800, "{most}");
        assert_eq!(returns.series().0.len(), 99);
    }

    #[test]
    fn days_of_silence_cost_no_memory() {
        let mut returns = Returns::default();
        returns.push(Nanos::from_s(0), 100.0);
        returns.push(Nanos::from_s(400 * 86_400), 110.0);
        let (series, period) = returns.series();
        assert_eq!((series.len(), period), (400, 86_400.0));
    }

    #[test]
    fn drawdowns_are_from_the_highest_so_far() {
        let mut drawdown = Drawdown::default();
        let equity = [100.0, 110.0, 99.0, 104.5, 110.0, 121.0, 108.9, 115.0];
        let shares: Vec<f64> = equity
            .iter()
            .enumerate()
            .map(|(s, equity)| drawdown.push(Nanos::from_s(s as u64), *equity))
            .collect();
        let expected = [0.0, 0.0, 0.1, 0.05, 0.0, 0.0, 0.1, 6.0 / 121.0];
        for (one, two) in shares.iter().zip(expected) {
            assert!((one - two).abs() < 1e-12, "{shares:?}");
        }
        assert!((drawdown.depth - 0.1).abs() < 1e-12);
        assert!((drawdown.money - 12.1).abs() < 1e-9);
        assert_eq!(drawdown.length, Nanos::from_s(3));
        let squares: f64 = expected.iter().map(|one| one * one).sum();
        assert!((drawdown.ulcer() - (squares / 8.0).sqrt()).abs() < 1e-12);
    }
}
