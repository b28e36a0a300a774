//! The formulas over a series of returns, as the Python package `empyrical` computes them, on a
//! market that never closes: a year has 365 days of 24 hours.
//!
//! Returns are fractions of the equity at the start of their period; the riskless rate is zero.

/// Seconds of a year of a market that never closes.
pub const YEAR_S: f64 = 365.0 * 86_400.0;

/// The arithmetic mean; not a number where there is nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation of a sample (n - 1); not a number below two values.
pub fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Sharpe ratio: mean over standard deviation of the returns, times the root of how many of their
/// periods a year has (Sharpe 1994, "The Sharpe Ratio"). Not a number where nothing varies.
pub fn sharpe(returns: &[f64], periods_a_year: f64) -> f64 {
    defined(mean(returns), deviation(returns)) * periods_a_year.sqrt()
}

/// Sortino ratio: as Sharpe's, with the root of the mean square of the losing returns (gains count
/// as zero, over all n) below the line (Sortino & Price 1994).
pub fn sortino(returns: &[f64], periods_a_year: f64) -> f64 {
    let squares: f64 = returns.iter().map(|value| value.min(0.0).powi(2)).sum();
    let downside = (squares / returns.len() as f64).sqrt();
    defined(mean(returns), downside) * periods_a_year.sqrt()
}

/// Return a year, compounded: (1 + total)^(year / span) - 1. A loss of everything is -1. Of a run
/// shorter than a day it says what nobody should expect.
pub fn annualised(total: f64, span_s: f64) -> f64 {
    if total <= -1.0 { -1.0 } else { (1.0 + total).powf(YEAR_S / span_s) - 1.0 }
}

/// Value at risk by history: the return that is undercut in this share of periods, between ranks
/// linearly. It is negative where money was lost.
pub fn value_at_risk(returns: &[f64], share: f64) -> f64 {
    quantile(&sorted(returns), share)
}

/// Conditional value at risk: the mean of the worst returns, of which there are
/// floor((n - 1) x share) + 1 (Rockafellar & Uryasev 2000).
pub fn conditional_value_at_risk(returns: &[f64], share: f64) -> f64 {
    let sorted = sorted(returns);
    let last = (sorted.len().saturating_sub(1) as f64 * share) as usize;
    sorted.get(..=last).map_or(f64::NAN, mean)
}

/// A quantile of values in rising order, between ranks linearly; not a number where there is none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let rank = last as f64 * share.clamp(0.0, 1.0);
    let (below, above) = (rank.floor() as usize, rank.ceil() as usize);
    let (low, high) = (sorted[below], sorted[above]);
    low + (high - low) * (rank - below as f64)
}

/// A quotient; not a number where nothing is below the line.
pub fn defined(over: f64, under: f64) -> f64 {
    if under == 0.0 { f64::NAN } else { over / under }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETURNS: [f64; 5] = [0.02, -0.01, 0.03, -0.02, 0.01];

    fn near(one: f64, two: f64) {
        assert!((one - two).abs() < 1e-12, "{one} is not {two}");
    }

    #[test]
    fn ratios_are_as_computed_by_hand() {
        // Mean 0.006; squares about it 0.000196 + 0.000256 + 0.000576 + 0.000676 + 0.000016.
        near(mean(&RETURNS), 0.006);
        near(deviation(&RETURNS), (0.00172_f64 / 4.0).sqrt());
        near(sharpe(&RETURNS, 4.0), 0.006 / (0.00172_f64 / 4.0).sqrt() * 2.0);
        // Losses squared: 0.0001 + 0.0004, over five.
        near(sortino(&RETURNS, 4.0), 0.006 / 0.0001_f64.sqrt() * 2.0);
    }

    #[test]
    fn quantiles_lie_between_ranks() {
        near(quantile(&[1.0, 2.0, 4.0], 0.5), 2.0);
        near(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        near(value_at_risk(&RETURNS, 0.05), -0.02 + 0.01 * 0.2);
        near(conditional_value_at_risk(&RETURNS, 0.05), -0.02);
        near(conditional_value_at_risk(&RETURNS, 0.25), -0.015);
    }

    #[test]
    fn what_is_not_defined_is_not_a_number() {
        assert!(sharpe(&[0.01, 0.01], 365.0).is_nan());
        assert!(sharpe(&[], 365.0).is_nan());
        assert!(sortino(&[0.01, 0.02], 365.0).is_nan());
        assert!(value_at_risk(&[], 0.05).is_nan());
        assert!(conditional_value_at_risk(&[], 0.05).is_nan());
    }

    #[test]
    fn a_year_compounds() {
        near(annualised(0.1, YEAR_S), 0.1);
        near(annualised(0.1, YEAR_S / 2.0), 0.21);
        near(annualised(-1.5, YEAR_S), -1.0);
    }
}
