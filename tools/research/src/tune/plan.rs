//! A whole tuning: folds, the choice in each, and what is said about the last one's winner.

use super::choose::{front, importance, ranked};
use super::ground::{Ground, Luck, Outcome, Stretch};
use super::monte::{self, Disturbed, Resampled, Shuffled};
use super::objective::{Numbers, Objective};
use super::overfit::{Moments, Overfitting, deflated_sharpe, expected_best, overfitting};
use super::overfit::{sharpe, variance};
use super::prune::{Pruning, mean};
use super::sampler::{SamplerError, SamplerKind};
use super::search::{Search, Stop, judge, run};
use super::space::{Space, Value};
use super::study::{Ended, Head, StudyError, StudyFile, Trial, kept};
use super::walk::Fold;
use rand10::rngs::StdRng;
use rand10::{RngExt as _, SeedableRng as _};
use serde::Serialize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many of a search are compared on the validation stretch.
const CANDIDATES: usize = 5;

/// How far the noise of latency goes: the standard deviation of its logarithm, from run to run.
const LATENCY_NOISE: f64 = 0.3;

/// The same from trip to trip.
const TRIP_NOISE: f64 = 0.25;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The parameters.
    pub space: Space,
    /// Where new points come from.
    pub sampler: SamplerKind,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// What is looked for.
    pub objective: Objective,
    /// When trials are cut short.
    pub pruning: Pruning,
    /// Parts that the training stretch is run in.
    pub parts: usize,
    /// Fewest fills of a run that counts.
    pub fills_min: u64,
    /// Trials of each fold.
    pub trials: usize,
    /// How many run at once.
    pub jobs: usize,
    /// The stretches, at least one.
    pub folds: Vec<Fold>,
    /// Runs of Monte Carlo on the winner's trades and returns.
    pub runs: usize,
    /// Runs of the winner with other latencies and fills.
    pub noise: usize,
    /// SHA-256 of the configuration, in hex.
    pub config: String,
    /// What is run on: names or hashes.
    pub tapes: Vec<String>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Which fold, from 0.
    pub fold: usize,
    /// Of how many.
    pub folds: usize,
    /// What is under way.
    pub stage: &'static str,
    /// Runs that are done of it.
    pub done: usize,
    /// Of how many.
    pub of: usize,
    /// The best score so far.
    pub best: Option<f64>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// See [`SamplerError`].
    #[error("{0}")]
    Sampler(#[from] SamplerError),
    /// See [`StudyError`].
    #[error("{0}")]
    Study(#[from] StudyError),
    /// No trial has a score.
    #[error(
        "none of {trials} trials of fold {fold} has a score, the first because: {error}; widen \
         the space, take more data, or lower --fills-min"
    )]
    Nothing {
        /// Trials that were run.
        trials: usize,
        /// In which fold.
        fold: usize,
        /// Why the first failed.
        error: String,
    },
}

/// What a fold came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Its stretches.
    pub fold: Fold,
    /// Trials that ran whole, were cut short, and failed.
    pub ended: [usize; 3],
    /// The number of the chosen trial.
    pub trial: usize,
    /// Its parameters, in the order of the space.
    pub values: Vec<Value>,
    /// Its scores where it was searched.
    pub train: Vec<f64>,
    /// Its scores where it was chosen; none without such a stretch, or without a score there.
    pub validate: Option<Vec<f64>>,
    /// Its scores where nothing had been seen.
    pub test: Option<Vec<f64>>,
    /// The scores there of the configuration as it was given.
    pub given: Option<Vec<f64>>,
    /// Its metrics: of the test, or of training without one.
    pub metrics: Numbers,
}

/// What the winner might have come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MonteCarlo {
    /// Its trades in other orders, some missed.
    pub shuffled: Option<Shuffled>,
    /// Its returns drawn again.
    pub resampled: Option<Resampled>,
    /// Backtests of it with other latencies and fills.
    pub noise: Option<Disturbed>,
}

/// The result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tuned {
    /// What was looked for.
    pub objective: Objective,
    /// What its scores are called.
    pub scores: Vec<String>,
    /// Where points came from.
    pub sampler: SamplerKind,
    /// The seed.
    pub seed: u64,
    /// The names of the parameters.
    pub params: Vec<String>,
    /// How much of the scores' variance each explains by itself, in the last fold.
    pub importance: Vec<f64>,
    /// What each fold came to; the last one's winner is the result.
    pub folds: Vec<Found>,
    /// Mean first score of the tests over mean first score of training: how much of what was
    /// found is left on what was not seen.
    pub efficiency: Option<f64>,
    /// The trials of the last fold that none beats in every objective.
    pub front: Vec<usize>,
    /// The Sharpe ratio of one period that the best of so many trials reaches by chance.
    pub sharpe_by_chance: Option<f64>,
    /// That of the winner.
    pub sharpe_of_period: Option<f64>,
    /// How likely the winner's Sharpe ratio is more than luck.
    pub deflated_sharpe: Option<f64>,
    /// How often the best of the past is bad in the future.
    pub overfitting: Option<Overfitting>,
    /// Other luck.
    pub monte_carlo: MonteCarlo,
}

/// Who watches.
pub type Watch<'a> = dyn FnMut(Progress) + Send + 'a;

impl Plan {
    /// What the study file begins with.
    fn head(&self) -> Head {
        Head {
            peregrine_study: Head::VERSION,
            sampler: self.sampler,
            seed: self.seed,
            objective: self.objective,
            pruning: self.pruning,
            parts: self.parts,
            fills_min: self.fills_min,
            train: self.folds.iter().map(|fold| fold.train).collect(),
            trials: (self.folds.len() > 1).then_some(self.trials),
            config: self.config.clone(),
            tapes: self.tapes.clone(),
            space: self.space.clone(),
        }
    }

    /// Does it. Gives the result with the trials of the last fold.
    pub fn run(
        &self,
        ground: &dyn Ground,
        study: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<(Tuned, Vec<Trial>), TuneError> {
        let (mut file, known) = StudyFile::open(study, &self.head())?;
        let (mut founds, mut last, mut shown) = (Vec::new(), Vec::new(), Outcome::default());
        for at in 0..self.folds.len() {
            let known = known.iter().filter(|trial| trial.fold == at).cloned().collect();
            last = self.search(ground, at, (&mut file, known), watch)?;
            let (found, outcome) = self.choose(ground, at, &last, watch)?;
            founds.push(found);
            shown = outcome;
        }
        let Some(winner) = founds.last() else {
            return Err(self.nothing(0, &[]));
        };
        let monte_carlo = self.monte_carlo(ground, winner, &shown, watch);
        Ok((self.tuned(founds, &last, monte_carlo), last))
    }

    fn search(
        &self,
        ground: &dyn Ground,
        at: usize,
        (file, known): (&mut StudyFile, Vec<Trial>),
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Trial>, TuneError> {
        let objectives = self.objective.scores().len();
        let seed = self.seed.wrapping_add(at as u64);
        let sampler = self.sampler.build(&self.space, objectives, seed)?;
        let of = sampler.limit().map_or(self.trials, |limit| limit.min(self.trials));
        let search = Search {
            space: &self.space,
            ground,
            objective: self.objective,
            pruning: self.pruning,
            stretch: self.folds[at].train,
            parts: self.parts,
            fills_min: self.fills_min,
            trials: self.trials,
            jobs: self.jobs,
            fold: at,
        };
        let first = |trial: &Trial| trial.told().map(|scores| scores[0]);
        let mut progress = Progress {
            fold: at,
            folds: self.folds.len(),
            stage: "search",
            done: known.len().min(of),
            of,
            best: known.iter().filter_map(first).reduce(f64::max),
        };
        watch(progress);
        let mut on = |trial: &Trial| {
            file.add(trial)?;
            progress.done += 1;
            progress.best = progress.best.into_iter().chain(first(trial)).reduce(f64::max);
            watch(progress);
            Ok(())
        };
        let ran = search.run(sampler, known, &mut on);
        ran.map_err(|stop| match stop {
            Stop::Foreign(trial) => file.foreign(trial).into(),
            Stop::Told(error) => TuneError::Study(error),
        })
    }

    fn nothing(&self, fold: usize, trials: &[Trial]) -> TuneError {
        let error = trials.iter().find_map(|trial| trial.error.clone());
        let error = error.unwrap_or_else(|| "no trial was run".to_owned());
        TuneError::Nothing { trials: trials.len(), fold, error }
    }

    fn choose(
        &self,
        ground: &dyn Ground,
        at: usize,
        trials: &[Trial],
        watch: &mut Watch<'_>,
    ) -> Result<(Found, Outcome), TuneError> {
        let fold = self.folds[at];
        let whole: Vec<&Trial> =
            trials.iter().filter(|trial| trial.ended == Ended::Whole).collect();
        let scores: Vec<&[f64]> = whole.iter().map(|trial| trial.scores.as_slice()).collect();
        let best: Vec<&Trial> = ranked(&scores).into_iter().map(|at| whole[at]).collect();
        let Some(&first) = best.first() else {
            return Err(self.nothing(at, trials));
        };
        let mut candidates: Vec<&Trial> = Vec::new();
        for trial in best {
            // The same values twice would only be compared with themselves.
            if candidates.len() < CANDIDATES
                && candidates.iter().all(|known| known.values != trial.values)
            {
                candidates.push(trial);
            }
        }
        let values: Vec<&[Value]> = candidates.iter().map(|trial| &trial.values[..]).collect();
        let validated = match fold.validate.is_empty() {
            true => Vec::new(),
            false => self.runs(ground, &values, fold.validate, ("validate", at), watch),
        };
        let judged: Vec<(usize, Vec<f64>)> = validated
            .iter()
            .enumerate()
            .filter_map(|(place, outcome)| Some((place, self.scores(outcome.as_ref()?)?)))
            .collect();
        let judged_scores: Vec<&[f64]> = judged.iter().map(|(_, one)| one.as_slice()).collect();
        let chosen = ranked(&judged_scores).first().map(|&place| &judged[place]);
        let trial = chosen.map_or(first, |(place, _)| candidates[*place]);
        let stretch = if fold.test.is_empty() { fold.train } else { fold.test };
        let both: [&[Value]; 2] = [&trial.values, &[]];
        let mut shown = self.runs(ground, &both, stretch, ("test", at), watch);
        let given = shown.pop().flatten();
        let outcome = shown.pop().flatten().unwrap_or_default();
        let count = |ended| trials.iter().filter(|trial| trial.ended == ended).count();
        let found = Found {
            fold,
            ended: [count(Ended::Whole), count(Ended::Pruned), count(Ended::Failed)],
            trial: trial.trial,
            values: trial.values.clone(),
            train: trial.scores.clone(),
            validate: chosen.map(|(_, scores)| scores.clone()),
            test: if fold.test.is_empty() { None } else { self.scores(&outcome) },
            given: given.as_ref().and_then(|given| self.scores(given)),
            metrics: outcome.metrics.clone(),
        };
        Ok((found, outcome))
    }

    fn scores(&self, outcome: &Outcome) -> Option<Vec<f64>> {
        let scores = judge(outcome, self.objective, self.fills_min).ok()?;
        Some(scores.into_iter().map(kept).collect())
    }

    /// Runs sets of parameters on one stretch, as the configuration says the venue is.
    fn runs(
        &self,
        ground: &dyn Ground,
        values: &[&[Value]],
        stretch: Stretch,
        (stage, fold): (&'static str, usize),
        watch: &mut Watch<'_>,
    ) -> Vec<Option<Outcome>> {
        let runs: Vec<(&[Value], Luck)> = values.iter().map(|one| (*one, Luck::NONE)).collect();
        self.each(ground, &runs, stretch, (stage, fold), watch)
    }

    /// Runs several on all jobs, and gives what they came to in their order.
    fn each(
        &self,
        ground: &dyn Ground,
        runs: &[(&[Value], Luck)],
        stretch: Stretch,
        (stage, fold): (&'static str, usize),
        watch: &mut Watch<'_>,
    ) -> Vec<Option<Outcome>> {
        let (next, of) = (AtomicUsize::new(0), runs.len());
        let done = Mutex::new((vec![None; of], 0, watch));
        let work = || {
            loop {
                // The counter only hands out places; the lock below orders what was done.
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((values, luck)) = runs.get(at) else { break };
                let outcome = run(ground, values, stretch, *luck).ok();
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.0[at] = outcome;
                done.1 += 1;
                let (count, folds) = (done.1, self.folds.len());
                (done.2)(Progress { fold, folds, stage, done: count, of, best: None });
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, of.max(1)) {
                scope.spawn(work);
            }
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner).0
    }

    fn monte_carlo(
        &self,
        ground: &dyn Ground,
        winner: &Found,
        shown: &Outcome,
        watch: &mut Watch<'_>,
    ) -> MonteCarlo {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut luck = || {
            // Twelve uniform draws: a normal one.
            let normal = (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
            Luck {
                seed: Some(rng.random()),
                latency: (LATENCY_NOISE * normal).exp(),
                jitter: TRIP_NOISE,
                missed: monte::MISSED,
            }
        };
        let runs: Vec<(&[Value], Luck)> =
            (0..self.noise).map(|_| (winner.values.as_slice(), luck())).collect();
        let fold = winner.fold;
        let stretch = if fold.test.is_empty() { fold.train } else { fold.test };
        let at = self.folds.len().saturating_sub(1);
        let noisy = self.each(ground, &runs, stretch, ("noise", at), watch);
        let score = |one: &Outcome| self.scores(one).map(|scores| scores[0]);
        let noisy: Vec<(Option<f64>, &[f64])> =
            noisy.iter().flatten().map(|one| (score(one), one.returns.as_slice())).collect();
        MonteCarlo {
            shuffled: monte::shuffled(&shown.trades, self.runs, self.seed),
            resampled: monte::resampled(&shown.returns, self.runs, self.seed),
            noise: monte::disturbed(&noisy),
        }
    }

    fn tuned(&self, folds: Vec<Found>, last: &[Trial], monte_carlo: MonteCarlo) -> Tuned {
        let whole = || last.iter().filter(|trial| trial.ended == Ended::Whole);
        let ratios: Vec<f64> = whole().filter_map(|trial| sharpe(&trial.returns)).collect();
        let tried = last.iter().filter(|trial| trial.ended != Ended::Failed).count();
        let winner = folds.last().and_then(|found| last.get(found.trial));
        let moments = winner.and_then(|trial| Moments::of(&trial.returns));
        let returns: Vec<&[f64]> = whole().map(|trial| trial.returns.as_slice()).collect();
        let first = |of: &dyn Fn(&Found) -> Option<f64>| {
            let seen: Vec<f64> = folds.iter().filter_map(of).collect();
            (!seen.is_empty()).then(|| mean(&seen))
        };
        let tested = first(&|found| found.test.as_ref().map(|scores| scores[0]));
        let trained = first(&|found| found.train.first().copied()).filter(|mean| *mean > 0.0);
        Tuned {
            objective: self.objective,
            scores: self.objective.scores().iter().map(|&name| name.to_owned()).collect(),
            sampler: self.sampler,
            seed: self.seed,
            params: self.space.params().iter().map(|param| param.key.clone()).collect(),
            importance: importance(&self.space, last),
            efficiency: tested.zip(trained).map(|(tested, trained)| tested / trained),
            front: front(last),
            sharpe_by_chance: variance(&ratios).map(|of| expected_best(tried, of)),
            sharpe_of_period: moments.map(|moments| moments.sharpe),
            deflated_sharpe: moments.map(|moments| deflated_sharpe(&moments, &ratios, tried)),
            overfitting: overfitting(&returns),
            monte_carlo,
            folds,
        }
    }
}

#[cfg(test)]
mod tests;
