//! A rolling regression: y = α + β·x by least squares over samples whose weight halves every
//! half-life.
//!
//! With weights w, β = cov(x, y)/var(x), α = ȳ − β·x̄ and the residual variance is
//! var(y) − β·cov(x, y), all from five decayed sums. Samples are counted from the first one's
//! values, so that little is lost where prices are large and their moves small.

use super::{LN_2, weight};
use engine::state::{Sink, Source, State};

/// What a regression says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// β.
    pub slope: f64,
    /// α.
    pub intercept: f64,
    /// Standard deviation of y about the line.
    pub deviation: f64,
}

impl Line {
    /// How far a point lies above the line.
    pub fn residual(&self, x: f64, y: f64) -> f64 {
        y - self.intercept - self.slope * x
    }
}

/// The sums of a rolling regression.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regression {
    keep: f64,
    origin: Option<(f64, f64)>,
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Regression {
    /// Weights halve every so many samples.
    pub fn new(half_life: f64) -> Self {
        Self { keep: libm::exp2(-1.0 / half_life.max(1e-6)), ..Self::default() }
    }

    /// Another half-life; what was seen stays.
    pub fn configure(&mut self, half_life: f64) {
        self.keep = Self::new(half_life).keep;
    }

    /// One more sample.
    pub fn sample(&mut self, x: f64, y: f64) {
        let (x0, y0) = *self.origin.get_or_insert((x, y));
        let (x, y) = (x - x0, y - y0);
        let sums = [&mut self.count, &mut self.x, &mut self.y];
        for (sum, value) in sums.into_iter().zip([1.0, x, y]) {
            *sum = *sum * self.keep + value;
        }
        let sums = [&mut self.xx, &mut self.xy, &mut self.yy];
        for (sum, value) in sums.into_iter().zip([x * x, x * y, y * y]) {
            *sum = *sum * self.keep + value;
        }
    }

    /// The line so far; nothing while x has not varied.
    pub fn line(&self) -> Option<Line> {
        let (x0, y0) = self.origin?;
        let n = self.count;
        let (x, y) = (self.x / n, self.y / n);
        let variance = self.xx / n - x * x;
        if self.count < 2.0 * LN_2 || variance <= 1e-300 {
            return None;
        }
        let covariance = self.xy / n - x * y;
        let slope = covariance / variance;
        let rest = (self.yy / n - y * y - slope * covariance).max(0.0);
        let intercept = y + y0 - slope * (x + x0);
        let line = Line { slope, intercept, deviation: libm::sqrt(rest) };
        (slope.is_finite() && intercept.is_finite() && rest.is_finite()).then_some(line)
    }
}

impl State for Regression {
    fn save(&self, sink: &mut dyn Sink) {
        sink.flag(self.origin.is_some());
        let (x0, y0) = self.origin.unwrap_or((0.0, 0.0));
        for value in [x0, y0, self.count, self.x, self.y, self.xx, self.xy, self.yy] {
            sink.float(value);
        }
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let there = source.flag()?;
        let mut finite = || source.float().filter(|value| value.is_finite());
        let origin = (finite()?, finite()?);
        self.origin = there.then_some(origin);
        self.count = finite().filter(|count| *count >= 0.0)?;
        (self.x, self.y) = (finite()?, finite()?);
        self.xx = weight(source)?;
        self.xy = source.float().filter(|value| value.is_finite())?;
        self.yy = weight(source)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn it_finds_the_line_and_follows_a_new_one() {
        let mut random = Random::new(3);
        let mut regression = Regression::new(200.0);
        assert_eq!(regression.line(), None);
        let mut x = 11.0;
        for (slope, intercept) in [(1.5, 2.0), (0.5, -1.0)] {
            for _ in 0..10_000 {
                x += (random.unit() - 0.5) * 1e-3;
                let noise = (random.unit() - 0.5) * 2e-4;
                regression.sample(x, intercept + slope * x + noise);
            }
            let line = regression.line().unwrap();
            assert!((line.slope / slope - 1.0).abs() < 0.05, "{line:?}");
            // Uniform over 2e-4: a deviation of 2e-4/√12.
            assert!((line.deviation / 5.77e-5 - 1.0).abs() < 0.15, "{line:?}");
            assert!(line.residual(x, intercept + slope * x).abs() < 5e-5, "{line:?}");
        }
    }

    #[test]
    fn a_constant_gives_no_line() {
        let mut regression = Regression::new(10.0);
        (0..100).for_each(|_| regression.sample(4.0, 5.0));
        assert_eq!(regression.line(), None);
    }
}
