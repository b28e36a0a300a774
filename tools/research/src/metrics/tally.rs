//! Quantiles of a stream of values in bounded memory: values are counted in steps, and when there
//! are too many different ones, neighbours are counted together.

use serde::Serialize;
use std::collections::BTreeMap;

/// Different steps that are told apart.
const STEPS_MAX: usize = 4_096;

/// Counts by value.
#[derive(Clone, Debug)]
pub struct Tally {
    step: f64,
    counts: BTreeMap<i64, u64>,
    total: u64,
    sum: f64,
    range: (f64, f64),
}

/// How values lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantiles {
    /// The least.
    pub min: f64,
    /// 5 % are below it.
    pub p05: f64,
    /// 25 % are below it.
    pub p25: f64,
    /// Half are below it.
    pub p50: f64,
    /// 75 % are below it.
    pub p75: f64,
    /// 95 % are below it.
    pub p95: f64,
    /// The most.
    pub max: f64,
    /// The mean.
    pub mean: f64,
}

impl Tally {
    /// That tells values apart by this step at first.
    pub fn new(step: f64) -> Self {
        let step = if step.is_finite() && step > 0.0 { step } else { 1.0 };
        let range = (f64::INFINITY, f64::NEG_INFINITY);
        Self { step, counts: BTreeMap::new(), total: 0, sum: 0.0, range }
    }

    /// Counts a value; what is not a number is left out.
    pub fn push(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        *self.counts.entry((value / self.step).round() as i64).or_default() += 1;
        self.total += 1;
        self.sum += value;
        self.range = (self.range.0.min(value), self.range.1.max(value));
        while self.counts.len() > STEPS_MAX {
            self.step *= 2.0;
            let mut counts = BTreeMap::new();
            for (place, count) in &self.counts {
                *counts.entry(place.div_euclid(2)).or_default() += count;
            }
            self.counts = counts;
        }
    }

    /// How many values there were.
    pub const fn len(&self) -> u64 {
        self.total
    }

    /// Whether there was none.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The value of this rank, to half a step.
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = (share.clamp(0.0, 1.0) * self.total.saturating_sub(1) as f64).round() as u64;
        let mut below = 0;
        for (place, count) in &self.counts {
            below += count;
            if below > rank {
                return (*place as f64 * self.step).clamp(self.range.0, self.range.1);
            }
        }
        f64::NAN
    }

    /// Several of them; not numbers where there was no value.
    pub fn quantiles(&self) -> Quantiles {
        let (min, max) = if self.is_empty() { (f64::NAN, f64::NAN) } else { self.range };
        let at = |share| self.quantile(share);
        Quantiles {
            min,
            p05: at(0.05),
            p25: at(0.25),
            p50: at(0.5),
            p75: at(0.75),
            p95: at(0.95),
            max,
            mean: self.sum / self.total as f64,
        }
    }

    /// Values and how often they came, gathered into at most so many bars of even width: where each
    /// begins, its width, and its count.
    pub fn bars(&self, bars_max: usize) -> Vec<(f64, f64, u64)> {
        let (Some((first, _)), Some((last, _))) =
            (self.counts.first_key_value(), self.counts.last_key_value())
        else {
            return Vec::new();
        };
        let steps = (last - first + 1) as u64;
        let wide = steps.div_ceil(bars_max.max(1) as u64).max(1);
        let count = steps.div_ceil(wide) as usize;
        let width = wide as f64 * self.step;
        let begin = |bar: usize| *first as f64 * self.step - self.step / 2.0 + bar as f64 * width;
        let mut bars: Vec<(f64, f64, u64)> = (0..count).map(|bar| (begin(bar), width, 0)).collect();
        for (place, count) in &self.counts {
            if let Some(bar) = bars.get_mut(((place - first) as u64 / wide) as usize) {
                bar.2 += count;
            }
        }
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn few_values_are_told_exactly() {
        let mut tally = Tally::new(0.01);
        [0.03, -0.02, 0.0, 0.0, 0.05].into_iter().for_each(|value| tally.push(value));
        tally.push(f64::NAN);
        let found = tally.quantiles();
        assert_eq!((tally.len(), found.min, found.p50, found.max), (5, -0.02, 0.0, 0.05));
        assert!((found.mean - 0.012).abs() < 1e-12);
        assert_eq!(tally.bars(100).iter().map(|bar| bar.2).collect::<Vec<_>>().len(), 8);
    }

    #[test]
    fn values_far_apart_take_no_more_room() {
        let mut tally = Tally::new(0.001);
        for value in 0..2 * STEPS_MAX {
            tally.push(value as f64 * 1e6);
            assert!(tally.counts.len() <= STEPS_MAX, "{value}");
        }
    }

    proptest! {
        #[test]
        fn quantiles_are_near_those_of_all_values(
            values in proptest::collection::vec(-1e6..1e6_f64, 1..20_000),
            share in 0.0..=1.0_f64,
        ) {
            let mut tally = Tally::new(0.001);
            values.iter().for_each(|value| tally.push(*value));
            prop_assert!(tally.counts.len() <= STEPS_MAX);
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            let exact = sorted[(share * (sorted.len() - 1) as f64).round() as usize];
            let found = tally.quantile(share);
            // Halving shifts a value by up to a step each time: two steps in all.
            prop_assert!((found - exact).abs() <= 2.0 * tally.step, "{found} is not {exact}");
            let bars: u64 = tally.bars(60).iter().map(|bar| bar.2).sum();
            prop_assert_eq!(bars, tally.len());
            prop_assert!(tally.bars(60).len() <= 60);
        }
    }
}
