//! How much of a best trial is luck: the deflated Sharpe ratio and the probability of backtest
//! overfitting.
//!
//! The best of many trials looks good even when none has an edge. Both measures ask how good it
//! would have looked by chance alone: one from how many were tried and how much they differ, the
//! other by choosing on one half of the time and looking at the other half.

use statrs::distribution::{ContinuousCDF as _, Normal};
use std::f64::consts::E;

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// Parts of the time that [`overfitting`] combines: 12 870 ways to choose half of 16.
pub const PARTS: usize = 16;

/// The moments of a series of returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// How many returns.
    pub count: usize,
    /// Mean over standard deviation, of one period: not annualised.
    pub sharpe: f64,
    /// The third standardised moment; 0 for a normal distribution.
    pub skew: f64,
    /// The fourth; 3 for a normal distribution.
    pub kurtosis: f64,
}

impl Moments {
    /// Of these returns; none where there are fewer than three, or they are all the same.
    pub fn of(returns: &[f64]) -> Option<Self> {
        let count = returns.len();
        let n = count as f64;
        let mean = returns.iter().sum::<f64>() / n;
        let central =
            |power: i32| returns.iter().map(|one| (one - mean).powi(power)).sum::<f64>() / n;
        let variance = central(2);
        if count < 3 || variance.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            return None;
        }
        Some(Self {
            count,
            sharpe: sharpe(returns)?,
            skew: central(3) / variance.powf(1.5),
            kurtosis: central(4) / (variance * variance),
        })
    }
}

/// Mean over sample standard deviation of one period; none where it has no meaning.
pub fn sharpe(returns: &[f64]) -> Option<f64> {
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    let variance = variance(returns).filter(|variance| *variance > 0.0)?;
    Some(mean / variance.sqrt())
}

fn standard() -> Normal {
    Normal::standard()
}

/// The Sharpe ratio that the best of `trials` reaches by chance, when their ratios vary with
/// `variance` around nothing; not annualised.
///
/// ```text
/// SR0 = √V · ((1 − γ) Φ⁻¹(1 − 1/N) + γ Φ⁻¹(1 − 1/(N e)))        γ: Euler's constant
/// ```
///
/// Bailey and López de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio Management, 2014.
pub fn expected_best(trials: usize, variance: f64) -> f64 {
    if trials < 2 {
        return 0.0;
    }
    let n = trials as f64;
    let quantile = |tail: f64| standard().inverse_cdf(1.0 - tail);
    variance.sqrt() * ((1.0 - EULER) * quantile(1.0 / n) + EULER * quantile(1.0 / (n * E)))
}

/// How likely the true Sharpe ratio is above `threshold`; neither is annualised.
///
/// ```text
/// PSR = Φ( (SR − SR*) √(T − 1) / √(1 − skew · SR + (kurtosis − 1)/4 · SR²) )
/// ```
///
/// Bailey and López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk, 2012.
pub fn probabilistic_sharpe(of: &Moments, threshold: f64) -> f64 {
    let Moments { count, sharpe, skew, kurtosis } = *of;
    let spread = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe;
    // Moments of few returns can contradict each other: then nothing is certain.
    let spread = spread.max(f64::EPSILON).sqrt();
    standard().cdf((sharpe - threshold) * (count as f64 - 1.0).sqrt() / spread)
}

/// How likely the best trial has an edge at all, after so many were tried: the probabilistic Sharpe
/// ratio over what chance would have reached. `ratios` are the Sharpe ratios of the trials that ran
/// whole, of one period; `tried` counts those that were cut short, too.
pub fn deflated_sharpe(best: &Moments, ratios: &[f64], tried: usize) -> f64 {
    probabilistic_sharpe(best, expected_best(tried, variance(ratios).unwrap_or(0.0)))
}

/// The sample variance; none of fewer than two.
pub fn variance(of: &[f64]) -> Option<f64> {
    let n = of.len() as f64;
    let mean = of.iter().sum::<f64>() / n;
    let sum = of.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
    (of.len() > 1).then(|| sum / (n - 1.0))
}

/// What choosing by the past is worth.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Overfitting {
    /// How often the trial that is best in one half of the time is below the median in the other
    /// half: near 0 for a real edge, about a half when there is none.
    pub probability: f64,
    /// How often it loses in the other half.
    pub loss_probability: f64,
    /// The logit of its relative rank in the other half, in ten equal counts: what is below 0 was
    /// overfitted. Each is the middle of its tenth.
    pub logits: Vec<f64>,
    /// Ways to halve the time that were looked at.
    pub splits: usize,
}

/// Sums of one trial over one part of the time.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sums {
    fn sharpe(self) -> f64 {
        let mean = self.sum / self.count;
        let variance = self.squares / self.count - mean * mean;
        // A trial that never traded in this half has no ratio: it is worth nothing.
        if variance > mean * mean * 1e-18 { mean / variance.sqrt() } else { 0.0 }
    }
}

/// The probability of backtest overfitting by combinatorially symmetric cross-validation.
///
/// The time is cut into [`PARTS`] equal parts. For each way to take half of them: which trial has
/// the best Sharpe ratio there, and at which relative rank ω it stands in the other half. The
/// probability is the share of ways with ln(ω / (1 − ω)) ≤ 0. None with fewer than two trials, or
/// fewer returns than two for each part.
///
/// Bailey, Borwein, López de Prado and Zhu, "The Probability of Backtest Overfitting", Journal of
/// Computational Finance, 2017.
pub fn overfitting(trials: &[&[f64]]) -> Option<Overfitting> {
    let length = trials.iter().map(|one| one.len()).min()?;
    if trials.len() < 2 || length < 2 * PARTS {
        return None;
    }
    let parts: Vec<[Sums; PARTS]> = trials.iter().map(|one| sums(&one[..length])).collect();
    let (mut logits, mut losses) = (Vec::new(), 0);
    let mut ratios = vec![(0.0, 0.0); trials.len()];
    for chosen in 0_u32..1 << PARTS {
        if chosen.count_ones() as usize != PARTS / 2 {
            continue;
        }
        for (ratio, parts) in ratios.iter_mut().zip(&parts) {
            *ratio = halves(parts, chosen);
        }
        let Some(best) = (0..ratios.len()).max_by(|&a, &b| {
            // Of equals the first: the order of trials is part of the study.
            ratios[a].0.total_cmp(&ratios[b].0).then(b.cmp(&a))
        }) else {
            continue;
        };
        let outside = ratios[best].1;
        let below = ratios.iter().filter(|ratio| ratio.1 < outside).count() as f64;
        let equal = ratios.iter().filter(|ratio| ratio.1 == outside).count() as f64;
        let rank = (below + (equal + 1.0) / 2.0) / (ratios.len() as f64 + 1.0);
        logits.push((rank / (1.0 - rank)).ln());
        losses += usize::from(outside < 0.0);
    }
    logits.sort_by(f64::total_cmp);
    let splits = logits.len();
    let share = |count: usize| count as f64 / splits as f64;
    Some(Overfitting {
        probability: share(logits.partition_point(|&logit| logit <= 0.0)),
        loss_probability: share(losses),
        logits: (0..10).map(|tenth| logits[(2 * tenth + 1) * splits / 20]).collect(),
        splits,
    })
}

fn sums(returns: &[f64]) -> [Sums; PARTS] {
    let mut parts = [Sums::default(); PARTS];
    for (at, one) in returns.iter().enumerate() {
        let part = &mut parts[at * PARTS / returns.len()];
        part.count += 1.0;
        part.sum += one;
        part.squares += one * one;
    }
    parts
}

/// The ratio inside the chosen parts, and in the others.
fn halves(parts: &[Sums; PARTS], chosen: u32) -> (f64, f64) {
    let mut both = [Sums::default(); 2];
    for (at, part) in parts.iter().enumerate() {
        let half = &mut both[usize::from(chosen & 1 << at == 0)];
        half.count += part.count;
        half.sum += part.sum;
        half.squares += part.squares;
    }
    (both[0].sharpe(), both[1].sharpe())
}

#[cfg(test)]
mod tests;
