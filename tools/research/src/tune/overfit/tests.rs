//! Published numbers, noise and edges.

use super::*;
use rand10::rngs::StdRng;
use rand10::{RngExt as _, SeedableRng as _};

/// Sums of uniform draws: normal enough.
fn normal(rng: &mut StdRng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

fn near(found: f64, want: f64, within: f64) {
    assert!((found - want).abs() <= within, "{found}, not {want}");
}

#[test]
fn the_published_example_comes_out() {
    // The example of the paper: a ratio of 2.5 a year over five years of 250 days, skew -3,
    // kurtosis 10, variance of the trials' ratios 1/2 a year.
    let day = 1.0 / 250.0;
    let best = Moments { count: 1_250, sharpe: 2.5 * f64::sqrt(day), skew: -3.0, kurtosis: 10.0 };
    let by_chance = expected_best(100, 0.5 * day);
    near(by_chance, 0.1132, 5e-5);
    near(probabilistic_sharpe(&best, by_chance), 0.9004, 5e-5);
    near(probabilistic_sharpe(&best, expected_best(46, 0.5 * day)), 0.9505, 5e-5);
}

#[test]
fn moments_by_hand() {
    // Mean 2, deviations -1 -1 -1 3: variance 3, third moment 6, fourth 21.
    let found = Moments::of(&[1.0, 1.0, 1.0, 5.0]).expect("moments");
    assert_eq!(found.count, 4);
    near(found.sharpe, 1.0, 1e-12);
    near(found.skew, 6.0 / 27.0_f64.sqrt(), 1e-12);
    near(found.kurtosis, 21.0 / 9.0, 1e-12);
    assert_eq!(Moments::of(&[1.0; 9]), None);
    assert_eq!(Moments::of(&[1.0, 2.0]), None);
    assert_eq!(Moments::of(&[]), None);
}

#[test]
fn one_trial_is_not_deflated() {
    let best = Moments { count: 101, sharpe: 0.1, skew: 0.0, kurtosis: 3.0 };
    assert_eq!(deflated_sharpe(&best, &[0.1], 1), probabilistic_sharpe(&best, 0.0));
    near(probabilistic_sharpe(&best, 0.0), 0.84, 0.005);
    let tried: Vec<f64> = (0..50).map(|at| f64::from(at) / 500.0).collect();
    assert!(deflated_sharpe(&best, &tried, 50) < 0.8);
    let more = deflated_sharpe(&best, &tried, 500);
    assert!(more < deflated_sharpe(&best, &tried, 50), "trials that were cut short count");
}

fn noise(trials: usize, edge: f64, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut returns = |shift: f64| (0..480).map(|_| normal(&mut rng) + shift).collect::<Vec<f64>>();
    (0..trials).map(|trial| returns(if trial == 0 { edge } else { 0.0 })).collect()
}

fn measured(trials: &[Vec<f64>]) -> Overfitting {
    let trials: Vec<&[f64]> = trials.iter().map(Vec::as_slice).collect();
    overfitting(&trials).expect("enough returns")
}

#[test]
fn noise_overfits_and_an_edge_does_not() {
    let seeds = 1..=8;
    let of = |edge| {
        let each = seeds.clone().map(|seed| measured(&noise(40, edge, seed)).probability);
        each.sum::<f64>() / 8.0
    };
    let (chance, edge) = (of(0.0), of(0.5));
    assert!((0.35..0.65).contains(&chance), "noise: {chance}");
    assert!(edge < 0.01, "edge: {edge}");
}

#[test]
fn deflation_leaves_an_edge_and_takes_luck() {
    let of_best = |edge, seed| {
        let trials = noise(40, edge, seed);
        let ratios: Vec<f64> = trials.iter().filter_map(|one| sharpe(one)).collect();
        let best = (0..40).max_by(|&a, &b| ratios[a].total_cmp(&ratios[b])).expect("forty");
        let moments = Moments::of(&trials[best]).expect("varies");
        deflated_sharpe(&moments, &ratios, 40)
    };
    let mean = |edge| (1..=8).map(|seed| of_best(edge, seed)).sum::<f64>() / 8.0;
    let (edge, luck) = (mean(0.35), mean(0.0));
    assert!(edge > 0.95 && luck < 0.8, "an edge: {edge}, luck: {luck}");
}

#[test]
fn overfitting_agrees_with_the_definition() {
    // The same in plain words: for each half, sort everything, take the best, look it up.
    let trials = noise(7, 0.1, 3);
    let (mut under, mut ways, mut losses) = (0, 0, 0);
    for chosen in 0_u32..1 << PARTS {
        if chosen.count_ones() != 8 {
            continue;
        }
        let of = |trial: &Vec<f64>, inside: bool| {
            let part = |at: usize| chosen >> (at / 30) & 1 == 1;
            let half: Vec<f64> =
                (0..480).filter(|&at| part(at) == inside).map(|at| trial[at]).collect();
            sharpe(&half).expect("varies")
        };
        let inside: Vec<f64> = trials.iter().map(|trial| of(trial, true)).collect();
        let outside: Vec<f64> = trials.iter().map(|trial| of(trial, false)).collect();
        let best = (0..7).max_by(|&a, &b| inside[a].total_cmp(&inside[b])).expect("seven");
        let rank = outside.iter().filter(|&&one| one <= outside[best]).count();
        ways += 1;
        under += usize::from(rank <= 4);
        losses += usize::from(outside[best] < 0.0);
    }
    let found = measured(&trials);
    assert_eq!(found.splits, ways);
    assert_eq!(found.probability, f64::from(under as u32) / f64::from(ways as u32));
    assert_eq!(found.loss_probability, f64::from(losses as u32) / f64::from(ways as u32));
    assert!(found.logits.is_sorted());
}

#[test]
fn little_can_be_said_of_little() {
    let returns = [0.5; 31];
    assert_eq!(overfitting(&[&returns, &returns]), None);
    assert_eq!(overfitting(&[&[1.0; 64]]), None);
    let idle = [0.0; 64];
    assert_eq!(overfitting(&[&idle, &idle]).map(|found| found.probability), Some(1.0));
}
