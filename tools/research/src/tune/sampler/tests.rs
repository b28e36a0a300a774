//! Samplers on functions whose optimum is known: each does better than chance with the same budget.

use super::*;
use crate::tune::space::Space;
use std::f64::consts::PI;

fn cube(dims: usize) -> Space {
    let text: String =
        (0..dims).map(|at| format!("[\"x{at}\"]\nlow = 0.0\nhigh = 1.0\n")).collect();
    Space::parse(&text).expect("a space")
}

/// Runs a search as one job does, and gives every trial's point with its scores.
fn search(
    kind: SamplerKind,
    space: &Space,
    (trials, seed): (usize, u64),
    objective: &dyn Fn(&[f64]) -> Option<Vec<f64>>,
    objectives: usize,
) -> Vec<(Vec<f64>, Option<Vec<f64>>)> {
    let mut sampler = kind.build(space, objectives, seed).expect("a sampler");
    let mut done: Vec<(Vec<f64>, Option<Vec<f64>>)> = Vec::new();
    let mut told = 0;
    for trial in 0..trials {
        let horizon = sampler.horizon(trial);
        assert!(horizon <= trial && horizon >= told, "{kind:?}: horizon {horizon} of {trial}");
        while told < horizon {
            let (unit, scores) = &done[told];
            sampler.tell(unit, scores.as_deref());
            told += 1;
        }
        let unit = sampler.ask(trial);
        assert!(unit.iter().all(|at| (0.0..=1.0).contains(at)), "{kind:?}: {unit:?}");
        let scores = objective(&unit);
        done.push((unit, scores));
    }
    done
}

/// The loss of the best trial, the middle of five seeds.
fn best(kind: SamplerKind, dims: usize, trials: usize, loss: fn(&[f64]) -> f64) -> f64 {
    let space = cube(dims);
    let of_seed = |seed| {
        let done = search(kind, &space, (trials, seed), &|unit| Some(vec![-loss(unit)]), 1);
        done.iter()
            .filter_map(|(_, scores)| scores.as_ref())
            .map(|one| -one[0])
            .fold(f64::MAX, f64::min)
    };
    let mut bests: Vec<f64> = (1..=5).map(of_seed).collect();
    bests.sort_by(f64::total_cmp);
    bests[2]
}

/// Zero at 0.3 everywhere.
fn sphere(unit: &[f64]) -> f64 {
    unit.iter().map(|at| (at - 0.3).powi(2)).sum()
}

/// Branin's function less its least value: zero at three points.
fn branin(unit: &[f64]) -> f64 {
    let (x, y) = (15.0 * unit[0] - 5.0, 15.0 * unit[1]);
    let valley = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0 - 0.397_887
}

#[test]
fn learning_samplers_beat_chance() {
    for (name, loss, dims) in [("sphere", sphere as fn(&[f64]) -> f64, 5), ("branin", branin, 2)] {
        // A population needs some generations before it beats chance.
        for (kind, trials) in
            [(SamplerKind::Tpe, 150), (SamplerKind::CmaEs, 150), (SamplerKind::Nsga2, 600)]
        {
            let chance = best(SamplerKind::Random, dims, trials, loss);
            let found = best(kind, dims, trials, loss);
            assert!(found < chance / 3.0, "{name}: {kind:?} {found}, by chance {chance}");
        }
    }
}

#[test]
fn cma_es_converges() {
    assert!(best(SamplerKind::CmaEs, 4, 400, sphere) < 1e-6);
}

#[test]
fn a_grid_visits_every_point_once() {
    let space = Space::parse(
        "[\"a\"]\nlow = 1\nhigh = 3\n[\"b\"]\nchoice = [\"x\", \"y\"]\n\
         [\"c\"]\nlow = 0.0\nhigh = 1.0\npoints = 4\n[\"d\"]\nlow = 1\nhigh = 100\npoints = 3",
    )
    .expect("a space");
    let sampler = SamplerKind::Grid.build(&space, 1, 7).expect("a grid");
    assert_eq!(sampler.limit(), Some(3 * 2 * 4 * 3));
    let done = search(SamplerKind::Grid, &space, (72, 7), &|_| None, 1);
    let text = |unit: &Vec<f64>| {
        let values = space.values(unit);
        values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    let seen: std::collections::BTreeSet<String> =
        done.iter().map(|(unit, _)| text(unit)).collect();
    assert_eq!(seen.len(), 72);
    assert!(seen.contains("1 x 0 1") && seen.contains("3 y 1 100") && seen.contains("2 x 1 51"));
}

#[test]
fn a_grid_too_large_is_refused() {
    let text: String =
        (0..12).map(|at| format!("[\"x{at}\"]\nlow = 0.0\nhigh = 1.0\npoints = 10\n")).collect();
    let space = Space::parse(&text).expect("a space");
    let refused = SamplerKind::Grid.build(&space, 1, 7).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|text| text.contains("1000000000000 points")));
}

#[test]
fn sobol_points_fill_the_cube_evenly() {
    let count = |kind| {
        let done = search(kind, &cube(2), (256, 3), &|_| None, 1);
        let mut cells = [0; 256];
        for (unit, _) in &done {
            let cell = |at: f64| ((at * 16.0) as usize).min(15);
            cells[cell(unit[0]) * 16 + cell(unit[1])] += 1;
        }
        cells.iter().filter(|&&count| count == 1).count()
    };
    assert_eq!(count(SamplerKind::Sobol), 256, "one point in each of 256 cells");
    assert!(count(SamplerKind::Random) < 200, "chance leaves holes");
}

#[test]
fn the_front_of_zdt1_is_found_and_covered() {
    // Zitzler, Deb, Thiele (2000): on the front, all but the first coordinate are zero and
    // f2 = 1 - sqrt(f1).
    let zdt1 = |unit: &[f64]| {
        let rest: f64 = unit[1..].iter().sum();
        let g = 1.0 + 9.0 * rest / (unit.len() - 1) as f64;
        Some(vec![-unit[0], -g * (1.0 - (unit[0] / g).sqrt())])
    };
    let volume = |kind| {
        let done = search(kind, &cube(6), (2_400, 5), &zdt1, 2);
        let scores: Vec<Vec<f64>> = done.into_iter().filter_map(|(_, scores)| scores).collect();
        let up = [optimizer::Direction::Maximize; 2];
        let front = optimizer::pareto::pareto_front_indices(&scores, &up);
        let front: Vec<Vec<f64>> = front.into_iter().map(|at| scores[at].clone()).collect();
        optimizer::pareto::hypervolume(&front, &[-1.1, -1.1], &up)
    };
    // The whole front dominates 1.21 - 1/3 of what lies before (1.1, 1.1).
    let (found, chance) = (volume(SamplerKind::Nsga2), volume(SamplerKind::Random));
    assert!(found > 0.85 && found < 0.8767, "volume {found}");
    assert!(chance < 0.2, "by chance {chance}");
}

#[test]
fn failed_trials_are_left_behind() {
    let space = cube(2);
    for kind in [SamplerKind::Tpe, SamplerKind::CmaEs, SamplerKind::Nsga2] {
        // Half of the cube fails; the best of the rest is at its border.
        let objective =
            |unit: &[f64]| (unit[0] < 0.5).then(|| vec![unit[0] - (unit[1] - 0.5).abs()]);
        let done = search(kind, &space, (300, 11), &objective, 1);
        let failed = done[150..].iter().filter(|(_, scores)| scores.is_none()).count();
        let best = done.iter().filter_map(|(_, scores)| scores.as_ref().map(|one| one[0]));
        let best = best.fold(f64::MIN, f64::max);
        assert!(best > 0.45, "{kind:?}: best {best}");
        assert!(failed < 110, "{kind:?}: {failed} of the last 150 failed");
    }
}

#[test]
fn the_same_seed_gives_the_same_points() {
    let space = Space::parse(
        "[\"a\"]\nlow = 1\nhigh = 30\n[\"b\"]\nchoice = [\"x\", \"y\", \"z\"]\n\
         [\"c\"]\nlow = 0.0\nhigh = 1.0",
    )
    .expect("a space");
    for (name, kind) in SamplerKind::NAMES {
        let run = |seed| search(kind, &space, (60, seed), &|unit| Some(vec![-sphere(unit)]), 1);
        assert_eq!(run(1), run(1), "{name}");
        assert_ne!(run(1), run(2), "{name}");
    }
}

#[test]
fn one_objective_samplers_refuse_several() {
    let said = SamplerKind::Tpe.build(&cube(1), 2, 1).err().map(|error| error.to_string());
    assert!(said.is_some_and(|text| text.contains("tpe searches for one objective")));
}
