//! A curve of any length as a fixed number of points that keep its extremes.
//!
//! Time is cut into buckets of one width; of each only its first, least, most and last value are
//! kept. When there are too many, neighbours become one and the width doubles.

use engine::time::Nanos;

/// Buckets that a curve has at most.
pub const BUCKETS: usize = 1_024;
/// Their width at first, ns.
const WIDTH: u64 = 1_000_000;

/// A value and when it was.
pub type Point = (u64, f64);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    first: Point,
    least: Point,
    most: Point,
    last: Point,
}

impl Bucket {
    const fn new(point: Point) -> Self {
        Self { first: point, least: point, most: point, last: point }
    }

    fn push(&mut self, point: Point) {
        if point.1 < self.least.1 {
            self.least = point;
        }
        if point.1 > self.most.1 {
            self.most = point;
        }
        self.last = point;
    }

    fn join(&mut self, later: &Self) {
        if later.least.1 < self.least.1 {
            self.least = later.least;
        }
        if later.most.1 > self.most.1 {
            self.most = later.most;
        }
        self.last = later.last;
    }
}

/// A curve.
#[derive(Clone, Debug)]
pub struct Thinned {
    most: usize,
    start: Option<u64>,
    width: u64,
    buckets: Vec<Option<Bucket>>,
}

impl Default for Thinned {
    fn default() -> Self {
        Self::new(BUCKETS)
    }
}

impl Thinned {
    /// Of at most so many buckets.
    pub const fn new(most: usize) -> Self {
        Self { most, start: None, width: WIDTH, buckets: Vec::new() }
    }

    /// One more value, not before the last one; what is not a number is left out.
    pub fn push(&mut self, at: Nanos, value: f64) {
        if !value.is_finite() {
            return;
        }
        let start = *self.start.get_or_insert(at.0);
        let mut place = at.0.saturating_sub(start) / self.width;
        while place >= self.most as u64 {
            self.halve();
            place = at.0.saturating_sub(start) / self.width;
        }
        let place = place as usize;
        if place >= self.buckets.len() {
            self.buckets.resize(place + 1, None);
        }
        if let Some(bucket) = self.buckets.get_mut(place) {
            match bucket {
                Some(bucket) => bucket.push((at.0, value)),
                None => *bucket = Some(Bucket::new((at.0, value))),
            }
        }
    }

    fn halve(&mut self) {
        self.width = self.width.saturating_mul(2);
        let pairs = self.buckets.chunks(2).map(|pair| match pair {
            [Some(one), Some(two)] => {
                let mut one = *one;
                one.join(two);
                Some(one)
            }
            pair => pair.iter().flatten().next().copied(),
        });
        self.buckets = pairs.collect();
    }

    /// Its points in order of time, four a bucket at most.
    pub fn points(&self) -> Vec<Point> {
        let mut points = Vec::new();
        for bucket in self.buckets.iter().flatten() {
            let mut four = [bucket.first, bucket.least, bucket.most, bucket.last];
            four.sort_by_key(|(at, _)| *at);
            points.extend(four);
        }
        points.dedup();
        points
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.start.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_curve_stays_as_it_is() {
        let mut curve = Thinned::default();
        let points: Vec<Point> = (0..100).map(|ms| (ms * WIDTH, (ms % 7) as f64)).collect();
        points.iter().for_each(|(at, value)| curve.push(Nanos(*at), *value));
        curve.push(Nanos(100 * WIDTH), f64::NAN);
        assert_eq!(curve.points(), points);
    }

    proptest! {
        #[test]
        fn extremes_and_ends_are_kept(
            steps in proptest::collection::vec((0..5_000_000_000_u64, -1e9..1e9_f64), 1..5_000),
        ) {
            let mut curve = Thinned::default();
            let (mut at, mut all) = (0, Vec::new());
            for (step, value) in steps {
                at += step;
                curve.push(Nanos(at), value);
                all.push((at, value));
            }
            let points = curve.points();
            prop_assert!(points.len() <= 4 * BUCKETS);
            prop_assert!(points.iter().all(|point| all.contains(point)));
            prop_assert!(points.windows(2).all(|two| two[0].0 <= two[1].0));
            let values = |points: &[Point]| points.iter().map(|point| point.1).collect::<Vec<_>>();
            let (kept, full) = (values(&points), values(&all));
            let most = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
            let least = |values: &[f64]| values.iter().copied().fold(f64::MAX, f64::min);
            prop_assert_eq!(most(&kept), most(&full));
            prop_assert_eq!(least(&kept), least(&full));
            prop_assert_eq!(points.first(), all.first());
            prop_assert_eq!(points.last(), all.last());
        }
    }
}
