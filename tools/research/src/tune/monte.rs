//! Monte Carlo: what the same strategy might have come to with other luck.
//!
//! Three kinds of luck: the order of the trades (shuffled, and some of them missed), the stretch
//! of market it met (blocks of returns drawn again), and the venue (other latencies and fills, each
//! of which is a backtest that is run elsewhere). Each gives percentiles, of its ends and of its
//! way.
//!
//! Returns are changes of equity over the equity at the start, so that they add up.

use rand10::rngs::StdRng;
use rand10::seq::SliceRandom as _;
use rand10::{RngExt as _, SeedableRng as _};
use serde::Serialize;

/// How likely a trade is missed: in a shuffled run one of ours, in a run with other fills one of
/// the market's, which passes our orders by.
pub const MISSED: f64 = 0.1;

/// Points of time that bands are drawn at.
const BAND_POINTS: usize = 60;

/// Percentiles of what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// One in twenty is below.
    pub p5: f64,
    /// One in four is below.
    pub p25: f64,
    /// The middle.
    pub p50: f64,
    /// One in four is above.
    pub p75: f64,
    /// One in twenty is above.
    pub p95: f64,
}

impl Spread {
    /// Of these numbers, between neighbours in proportion; none where there is none.
    pub fn of(mut seen: Vec<f64>) -> Option<Self> {
        seen.retain(|one| one.is_finite());
        seen.sort_by(f64::total_cmp);
        let last = seen.len().checked_sub(1)?;
        let at = |share: f64| {
            let place = share * last as f64;
            let low = place as usize;
            let above = seen[(low + 1).min(last)];
            seen[low] + (above - seen[low]) * (place - low as f64)
        };
        Some(Self { p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) })
    }
}

/// The trades in other orders, one in ten missed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shuffled {
    /// Trades that there were.
    pub trades: usize,
    /// Total return.
    pub total: Spread,
    /// Deepest fall of equity from its peak.
    pub drawdown: Spread,
    /// The way of the total return, at even steps from the first trade to the last.
    pub path: Vec<Spread>,
}

/// Blocks of returns, drawn again with replacement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resampled {
    /// Returns in one block.
    pub block: usize,
    /// Total return.
    pub total: Spread,
    /// Sharpe ratio of one period, not annualised; none where nothing varies.
    pub sharpe: Option<Spread>,
    /// Deepest fall of equity from its peak.
    pub drawdown: Spread,
    /// How many runs lost.
    pub loss_probability: f64,
    /// The way of the total return, at even steps of time from the start to the end.
    pub path: Vec<Spread>,
}

/// Backtests with other latencies and fills.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disturbed {
    /// Backtests.
    pub runs: usize,
    /// Those of them that have a score; the others had too few fills, or failed.
    pub scored: usize,
    /// The first score of these.
    pub score: Option<Spread>,
    /// Total return.
    pub total: Spread,
    /// Deepest fall of equity from its peak.
    pub drawdown: Spread,
    /// The way of the total return, at even steps of time from the start to the end.
    pub path: Vec<Spread>,
}

/// The deepest fall of a running sum from its highest point, which counts from 0.
pub fn drawdown(changes: impl IntoIterator<Item = f64>) -> f64 {
    let (mut level, mut peak, mut deepest) = (0.0_f64, 0.0_f64, 0.0_f64);
    for change in changes {
        level += change;
        peak = peak.max(level);
        deepest = deepest.max(peak - level);
    }
    deepest
}

/// What several runs came to.
struct Ends {
    totals: Vec<f64>,
    falls: Vec<f64>,
    /// For each step of the way, where each run stood.
    steps: Vec<Vec<f64>>,
}

impl Ends {
    /// Of runs with about so many changes.
    fn new(length: usize) -> Self {
        let steps = vec![Vec::new(); BAND_POINTS.min(length)];
        Self { totals: Vec::new(), falls: Vec::new(), steps }
    }

    fn add(&mut self, changes: &[f64]) {
        let (mut level, mut done, points) = (0.0, 0, self.steps.len());
        for (point, step) in self.steps.iter_mut().enumerate() {
            let until = (point + 1) * changes.len() / points;
            level += changes[done..until].iter().sum::<f64>();
            done = until;
            step.push(level);
        }
        self.totals.push(level);
        self.falls.push(drawdown(changes.iter().copied()));
    }

    /// Total, drawdown and way.
    fn spreads(self) -> Option<(Spread, Spread, Vec<Spread>)> {
        let path = self.steps.into_iter().filter_map(Spread::of).collect();
        Some((Spread::of(self.totals)?, Spread::of(self.falls)?, path))
    }
}

/// Shuffles trades so often. None where there are fewer than two.
pub fn shuffled(trades: &[f64], runs: usize, seed: u64) -> Option<Shuffled> {
    if trades.len() < 2 {
        return None;
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut order, mut ends) = (trades.to_vec(), Ends::new(trades.len()));
    for _ in 0..runs {
        order.shuffle(&mut rng);
        let kept: Vec<f64> =
            order.iter().filter(|_| rng.random::<f64>() >= MISSED).copied().collect();
        ends.add(&kept);
    }
    let (total, drawdown, path) = ends.spreads()?;
    Some(Shuffled { trades: trades.len(), total, drawdown, path })
}

/// Draws circular blocks of about the cube root of the length, which keeps what hangs together in
/// time together (Politis and Romano, 1992). None with fewer than eight returns.
pub fn resampled(returns: &[f64], runs: usize, seed: u64) -> Option<Resampled> {
    let length = returns.len();
    if length < 8 {
        return None;
    }
    let block = (length as f64).cbrt().ceil() as usize;
    let mut rng = StdRng::seed_from_u64(seed);
    let (mut ends, mut ratios) = (Ends::new(length), Vec::new());
    let mut drawn = Vec::with_capacity(length + block);
    for _ in 0..runs {
        drawn.clear();
        while drawn.len() < length {
            let start = rng.random_range(0..length);
            drawn.extend((start..start + block).map(|at| returns[at % length]));
        }
        drawn.truncate(length);
        ends.add(&drawn);
        ratios.extend(super::overfit::sharpe(&drawn));
    }
    let losses = ends.totals.iter().filter(|&&total| total < 0.0).count();
    let (total, drawdown, path) = ends.spreads()?;
    Some(Resampled {
        block,
        total,
        sharpe: Spread::of(ratios),
        drawdown,
        loss_probability: losses as f64 / runs as f64,
        path,
    })
}

/// Of backtests with other latencies and fills: the score of each, where it has one, and its
/// returns. None without any.
pub fn disturbed(runs: &[(Option<f64>, &[f64])]) -> Option<Disturbed> {
    let longest = runs.iter().map(|(_, returns)| returns.len()).max()?;
    let mut ends = Ends::new(longest);
    for (_, returns) in runs {
        ends.add(returns);
    }
    let scores: Vec<f64> = runs.iter().filter_map(|(score, _)| *score).collect();
    let (scored, score) = (scores.len(), Spread::of(scores));
    let (total, drawdown, path) = ends.spreads()?;
    Some(Disturbed { runs: runs.len(), scored, score, total, drawdown, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        let spread = Spread::of((0..=100).map(f64::from).rev().collect()).expect("numbers");
        assert_eq!(spread, Spread { p5: 5.0, p25: 25.0, p50: 50.0, p75: 75.0, p95: 95.0 });
        assert_eq!(Spread::of(vec![1.0, 2.0]).map(|spread| spread.p50), Some(1.5));
        assert_eq!(Spread::of(vec![f64::NAN]), None);
    }

    #[test]
    fn the_deepest_fall_counts_from_the_start() {
        assert_eq!(drawdown([1.0, -3.0, 1.0, -1.5, 9.0]), 3.5);
        assert_eq!(drawdown([-2.0, 1.0]), 2.0);
        assert_eq!(drawdown([1.0, 1.0]), 0.0);
    }

    #[test]
    fn shuffling_changes_the_way_and_misses_a_tenth() {
        // All losses first: hardly any other order is as deep.
        let trades: Vec<f64> = (0..200).map(|at| if at < 100 { -1.0 } else { 1.1 }).collect();
        let found = shuffled(&trades, 400, 1).expect("trades");
        assert!((found.total.p50 - 9.0).abs() < 2.5, "{found:?}");
        assert!(found.drawdown.p95 < 40.0 && found.drawdown.p5 > 3.0, "{found:?}");
        assert_eq!((found.path.len(), found.path.last()), (BAND_POINTS, Some(&found.total)));
        assert_eq!(shuffled(&trades, 400, 1), Some(found));
        assert_eq!(shuffled(&[1.0], 10, 1), None);
    }

    #[test]
    fn bootstrapped_totals_spread_as_theory_says() {
        // Independent returns of deviation 1: the total of 400 has deviation 20, so that 5 % lie
        // below the sum less 1.645 x 20.
        let mut rng = StdRng::seed_from_u64(5);
        let draw = |rng: &mut StdRng| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let returns: Vec<f64> = (0..400).map(|_| draw(&mut rng) + 0.05).collect();
        let sum: f64 = returns.iter().sum();
        let found = resampled(&returns, 2_000, 9).expect("returns");
        assert_eq!((found.block, found.path.len()), (8, BAND_POINTS));
        assert!((found.total.p50 - sum).abs() < 3.0, "{found:?} {sum}");
        assert!((found.total.p5 - (sum - 32.9)).abs() < 7.0, "{found:?} {sum}");
        assert_eq!(found.path.last(), Some(&found.total));
        let widths: Vec<f64> = found.path.iter().map(|one| one.p95 - one.p5).collect();
        assert!(widths.first() < widths.last(), "the band widens");
    }

    #[test]
    fn backtests_of_other_luck_are_spread_as_they_are() {
        let runs: Vec<Vec<f64>> = (0..=100).map(|at| vec![1.0, f64::from(at), -0.5]).collect();
        let scored = |at: usize| (at > 0).then_some(at as f64);
        let runs: Vec<(Option<f64>, &[f64])> =
            runs.iter().enumerate().map(|(at, run)| (scored(at), run.as_slice())).collect();
        let found = disturbed(&runs).expect("runs");
        assert_eq!((found.runs, found.scored), (101, 100));
        assert_eq!((found.total.p5, found.total.p50, found.total.p95), (5.5, 50.5, 95.5));
        assert_eq!((found.drawdown.p5, found.drawdown.p95), (0.5, 0.5));
        assert_eq!(found.score.map(|score| score.p50), Some(50.5), "of those with a score");
        assert_eq!(found.path.iter().map(|one| one.p50).collect::<Vec<_>>(), [1.0, 51.0, 50.5]);
        assert_eq!(disturbed(&[]), None);
        assert_eq!(disturbed(&[(None, &[1.0])]).and_then(|found| found.score), None);
    }
}
