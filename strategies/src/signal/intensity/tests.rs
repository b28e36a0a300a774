//! The estimator against simulated markets, and against a naive maximum over real bins.

extern crate std;
use super::*;
use crate::random::Random;
use std::vec;
use std::vec::Vec;

const OPEN: Bounds = Bounds { floor: 1e-9, cap: 1e9 };

const PLAIN: IntensityConfig = IntensityConfig {
    distance_min: 0.0,
    bin_width: 0.05,
    bins: 100,
    half_life_s: 1e12,
    rate: OPEN,
    kappa: OPEN,
    start: None,
    warm_up_orders: 1.0,
};

/// Orders of a market with this (A, κ) over `seconds`: (time, distance).
fn market(seed: u64, rate: f64, kappa: f64, seconds: f64) -> Vec<(f64, f64)> {
    let mut random = Random::new(seed);
    let mut orders = Vec::new();
    let mut at = random.exponential(rate);
    while at < seconds {
        orders.push((at, random.exponential(kappa)));
        at += random.exponential(rate);
    }
    orders
}

/// Feeds a market, advancing each `turn` seconds.
fn feed(config: IntensityConfig, orders: &[(f64, f64)], seconds: f64, turn: f64) -> Intensity {
    let mut intensity = Intensity::new(config);
    intensity.resume(Nanos::ZERO);
    let mut timer = turn;
    for &(at, distance) in orders {
        while timer < at {
            intensity.advance(Nanos((timer * 1e9) as u64));
            timer += turn;
        }
        intensity.on_order(distance);
    }
    intensity.advance(Nanos((seconds * 1e9) as u64));
    intensity
}

/// How many of 100 seeds have A, κ and the pair inside the 95 % interval or region.
fn coverage(config: IntensityConfig, rate: f64, kappa: f64, seconds: f64) {
    let (mut missed_rate, mut missed_kappa, mut missed_both) = (vec![], vec![], vec![]);
    for seed in 1..=100 {
        let orders = market(seed, rate, kappa, seconds);
        let estimate = feed(config, &orders, seconds, 1.0).estimate().unwrap();
        let inside = |(low, high): (f64, f64), truth| low <= truth && truth <= high;
        if !inside(estimate.rate_95, rate) {
            missed_rate.push(seed);
        }
        if !inside(estimate.kappa_95, kappa) {
            missed_kappa.push(seed);
        }
        if !estimate.covers(rate, kappa) {
            missed_both.push(seed);
        }
    }
    std::println!(
        "A {rate} κ {kappa} over {seconds} s, δ₀ {}, half-life {}: missed A {missed_rate:?} \
         κ {missed_kappa:?} pair {missed_both:?}",
        config.distance_min,
        config.half_life_s
    );
    for (name, missed) in [("A", missed_rate), ("κ", missed_kappa), ("(A, κ)", missed_both)] {
        let covered = 100 - missed.len();
        assert!((90..=99).contains(&covered), "{name}: {covered} of 100, missed seeds {missed:?}");
    }
}

#[test]
fn the_interval_covers_the_truth_in_90_to_99_of_100_seeds() {
    coverage(PLAIN, 1.4, 1.5, 600.0);
}

#[test]
fn the_interval_covers_the_truth_with_decay() {
    coverage(IntensityConfig { half_life_s: 120.0, ..PLAIN }, 2.0, 1.5, 600.0);
}

#[test]
fn the_interval_covers_the_truth_beyond_a_least_distance() {
    coverage(IntensityConfig { distance_min: 0.4, ..PLAIN }, 3.0, 1.5, 600.0);
}

#[test]
fn the_interval_covers_the_truth_with_few_wide_bins() {
    coverage(IntensityConfig { bin_width: 0.5, bins: 3, ..PLAIN }, 1.4, 1.5, 600.0);
}

/// Newton over real bins, on (ln A, κ) jointly, from a poor start: the naive model.
fn naive(config: &IntensityConfig, orders: &[(f64, f64)], seconds: f64) -> (f64, f64) {
    let bins = config.bins as usize;
    let mut counts = vec![0.0; bins + 1];
    for (_, distance) in orders.iter().filter(|order| order.1 >= config.distance_min) {
        let bin = ((distance - config.distance_min) / config.bin_width) as usize;
        counts[bin.min(bins)] += 1.0;
    }
    let edge = |i: usize| config.distance_min + config.bin_width * i as f64;
    let score = |a: f64, k: f64| {
        let (mut by_a, mut by_k) = (0.0, 0.0);
        for (i, count) in counts.iter().enumerate() {
            let low = libm::exp(-k * edge(i));
            let (high, far) =
                if i < bins { (libm::exp(-k * edge(i + 1)), edge(i + 1)) } else { (0.0, 0.0) };
            let mean = seconds * a * (low - high);
            let slope = seconds * a * (far * high - edge(i) * low);
            by_a += (count / mean - 1.0) * mean;
            by_k += (count / mean - 1.0) * slope;
        }
        (by_a, by_k)
    };
    let (mut a, mut k) = (0.5, 0.8);
    for _ in 0..60 {
        let (h, (f, g)) = (1e-6, score(a, k));
        let (fa, ga) = score(a * (1.0 + h), k);
        let (fk, gk) = score(a, k + h);
        let (aa, ab, ba, bb) = ((fa - f) / h, (fk - f) / h, (ga - g) / h, (gk - g) / h);
        let determinant = aa * bb - ab * ba;
        let step_a = (-(f * bb) + g * ab) / determinant;
        let step_k = (-(g * aa) + f * ba) / determinant;
        a *= libm::exp(step_a.clamp(-0.5, 0.5));
        k += step_k.clamp(-0.3, 0.3);
    }
    (a, k)
}

#[test]
fn the_closed_form_is_the_maximum_that_newton_finds() {
    for seed in 1..=20 {
        for distance_min in [0.0, 0.3] {
            let config = IntensityConfig { distance_min, bins: 20, bin_width: 0.11, ..PLAIN };
            let orders = market(seed, 2.0, 1.2, 300.0);
            let fast = feed(config, &orders, 300.0, 7.0).estimate().unwrap();
            let slow = naive(&config, &orders, 300.0);
            assert!((fast.rate / slow.0 - 1.0).abs() < 1e-6, "seed {seed}: {fast:?} {slow:?}");
            assert!((fast.kappa / slow.1 - 1.0).abs() < 1e-6, "seed {seed}: {fast:?} {slow:?}");
        }
    }
}

#[test]
fn a_start_value_is_given_back_and_then_pushed_out() {
    let start = Some((3.0, 2.0));
    let config = IntensityConfig { start, half_life_s: 60.0, distance_min: 0.2, bins: 7, ..PLAIN };
    let before = Intensity::new(config).estimate().unwrap();
    assert!((before.rate - 3.0).abs() < 1e-9 && (before.kappa - 2.0).abs() < 1e-9);
    assert_eq!(before.confidence, 0.0);
    let after = feed(config, &market(5, 30.0, 1.0, 1200.0), 1200.0, 1.0).estimate().unwrap();
    assert!((after.rate / 30.0 - 1.0).abs() < 0.2 && (after.kappa - 1.0).abs() < 0.2, "{after:?}");
    assert!(after.confidence > 0.95);
}

#[test]
fn one_sided_data_give_bounds_and_no_nonsense() {
    let kappa = Bounds { floor: 0.1, cap: 50.0 };
    let config = IntensityConfig { kappa, rate: Bounds { floor: 0.5, cap: 2.0 }, ..PLAIN };
    let near: Vec<_> = (0..100).map(|i| (f64::from(i), 0.01)).collect();
    let far: Vec<_> = (0..1000).map(|i| (f64::from(i) / 10.0, 99.0)).collect();
    let near = feed(config, &near, 100.0, 1.0).estimate().unwrap();
    assert_eq!(near.kappa, 50.0);
    assert!((near.rate - 1.0).abs() < 1e-9);
    assert!(near.kappa_95.0 > 10.0 && near.kappa_95.1 == 50.0, "{near:?}");
    let far = feed(config, &far, 100.0, 1.0).estimate().unwrap();
    assert_eq!((far.kappa, far.rate), (0.1, 2.0));
    assert!(far.kappa_95.1 < 0.01, "{far:?}");
    assert_eq!(Intensity::new(config).estimate(), None);
}

#[test]
fn a_blank_book_is_no_exposure() {
    let mut intensity = Intensity::new(PLAIN);
    intensity.on_order(0.1);
    intensity.resume(Nanos::from_s(100));
    intensity.on_order(0.1);
    intensity.on_order(0.3);
    intensity.pause(Nanos::from_s(104));
    intensity.on_order(0.1);
    intensity.advance(Nanos::from_s(200));
    assert!((intensity.estimate().unwrap().rate - 0.5).abs() < 1e-9);
}

#[test]
fn what_is_saved_is_loaded() {
    struct Words(Vec<u64>);
    impl Sink for Words {
        fn word(&mut self, word: u64) {
            self.0.push(word);
        }
    }
    impl Source for Words {
        fn word(&mut self) -> Option<u64> {
            if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
        }
    }
    let config = IntensityConfig { half_life_s: 30.0, ..PLAIN };
    let first = feed(config, &market(9, 5.0, 1.0, 60.0), 60.0, 1.0);
    let mut words = Words(vec![]);
    first.save(&mut words);
    let mut second = Intensity::new(config);
    assert_eq!(second.load(&mut words), Some(()));
    assert_eq!(second.estimate(), first.estimate());
    let mut bad = Words(vec![f64::NAN.to_bits(); 20]);
    assert_eq!(second.load(&mut bad), None);
}
