//! The best of several: by one score, or by how near a trial comes to the best of all objectives.

use super::space::{Range, Space};
use super::study::{Ended, Trial};
use optimizer::Direction;
use optimizer::pareto::non_dominated_sort;

/// Bins in which [`importance`] compares the values of a smooth parameter.
const BINS: usize = 6;

/// Places in the order of merit, the best first. With several objectives: front by front, and in
/// each front who is nearest to the best of every objective, distances being shares of what the
/// front spans. Of equals the first comes first.
pub fn ranked(scores: &[&[f64]]) -> Vec<usize> {
    let objectives = scores.first().map_or(0, |one| one.len());
    if objectives < 2 {
        let mut places: Vec<usize> = (0..scores.len()).collect();
        places.sort_by(|&a, &b| scores[b][0].total_cmp(&scores[a][0]));
        return places;
    }
    let owned: Vec<Vec<f64>> = scores.iter().map(|one| one.to_vec()).collect();
    let fronts = non_dominated_sort(&owned, &vec![Direction::Maximize; objectives]);
    let mut places = Vec::with_capacity(scores.len());
    for mut front in fronts {
        front.sort_unstable();
        let bounds: Vec<(f64, f64)> = (0..objectives)
            .map(|at| {
                let of = front.iter().map(|&place| scores[place][at]);
                of.fold((f64::MAX, f64::MIN), |(low, high), one| (low.min(one), high.max(one)))
            })
            .collect();
        let distance = |place: usize| -> f64 {
            let short = |(at, &(low, high)): (usize, &(f64, f64))| match high > low {
                true => ((high - scores[place][at]) / (high - low)).powi(2),
                false => 0.0,
            };
            bounds.iter().enumerate().map(short).sum()
        };
        front.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        places.extend(front);
    }
    places
}

/// The places of the trials that ran whole and that no other beats in every objective.
pub fn front(trials: &[Trial]) -> Vec<usize> {
    let whole: Vec<usize> =
        (0..trials.len()).filter(|&at| trials[at].ended == Ended::Whole).collect();
    let scores: Vec<Vec<f64>> = whole.iter().map(|&at| trials[at].scores.clone()).collect();
    let objectives = scores.first().map_or(1, Vec::len);
    let fronts = non_dominated_sort(&scores, &vec![Direction::Maximize; objectives]);
    let mut front: Vec<usize> = fronts.into_iter().next().unwrap_or_default();
    front.sort_unstable();
    front.into_iter().map(|at| whole[at]).collect()
}

/// How much of the scores' variance each parameter explains by itself, from 0 to 1: the correlation
/// ratio without its bias, which makes few trials in many bins explain everything.
///
/// ```text
/// ε² = 1 − (1 − η²) (n − 1) / (n − k)      n: trials, k: values of them (a smooth one in six bins)
/// ```
///
/// η² is the variance of the values' means over the variance of all. Kelley, "An unbiased
/// correlation ratio measure", Proceedings of the National Academy of Sciences, 1935.
pub fn importance(space: &Space, trials: &[Trial]) -> Vec<f64> {
    let whole: Vec<&Trial> = trials.iter().filter(|trial| trial.ended == Ended::Whole).collect();
    let scores: Vec<f64> = whole.iter().map(|trial| trial.scores[0]).collect();
    let mean = super::prune::mean(&scores);
    let all: f64 = scores.iter().map(|one| (one - mean).powi(2)).sum();
    let of = |at: usize| {
        let range = &space.params()[at].range;
        let bins = match range {
            Range::Choice(values) => values.len(),
            _ => range.count().map_or(BINS, |count| count.min(BINS)),
        };
        let mut sums = vec![(0.0, 0.0); bins];
        for (trial, score) in whole.iter().zip(&scores) {
            let place = range.place(&trial.values[at]) * (bins - 1) as f64;
            let bin = &mut sums[(place.round() as usize).min(bins - 1)];
            bin.0 += score;
            bin.1 += 1.0;
        }
        sums.retain(|(_, count)| *count > 0.0);
        let between: f64 = sums.iter().map(|(sum, n)| n * (sum / n - mean).powi(2)).sum();
        if all <= 0.0 || scores.len() <= sums.len() {
            return 0.0;
        }
        let free = (scores.len() - 1) as f64 / (scores.len() - sums.len()) as f64;
        (1.0 - (1.0 - between / all) * free).clamp(0.0, 1.0)
    };
    (0..space.dims()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_score_ranks_by_itself() {
        assert_eq!(ranked(&[&[1.0], &[3.0], &[2.0], &[3.0]]), [1, 3, 2, 0]);
        assert_eq!(ranked(&[]), [0; 0]);
    }

    #[test]
    fn a_parameter_explains_what_follows_from_it_and_no_more() {
        let space = Space::parse("[a]\nchoice = [1, 2]\n[b]\nlow = 0.0\nhigh = 1.0").expect("fine");
        let trials = |count: usize| -> Vec<Trial> {
            let trial = |trial: usize| {
                let unit = vec![(trial % 2) as f64, (trial * 7 % count) as f64 / count as f64];
                let scores = vec![(trial % 2) as f64];
                Trial {
                    fold: 0,
                    trial,
                    ended: Ended::Whole,
                    values: space.values(&unit),
                    unit,
                    parts: scores.clone(),
                    scores,
                    metrics: Default::default(),
                    returns: Vec::new(),
                    error: None,
                }
            };
            (0..count).map(trial).collect()
        };
        let found = importance(&space, &trials(101));
        assert!(found[0] > 0.999 && found[1] < 0.1, "{found:?}");
        assert_eq!(importance(&space, &trials(5))[1], 0.0, "a bin for each trial explains nothing");
    }

    #[test]
    fn a_front_ranks_by_its_knee() {
        // The third is nearly as good in both; the last is beaten by it.
        let scores: [&[f64]; 4] = [&[10.0, -5.0], &[0.0, 0.0], &[9.0, -0.5], &[8.0, -1.0]];
        assert_eq!(ranked(&scores), [2, 0, 1, 3]);
    }
}
