//! The search: asks a sampler, runs the trials on all cores, and tells what came of them, in order.
//!
//! The sampler is told up to its horizon before each point, no more and no less, and what a job is
//! faster than that waits. So the study is the same for any number of jobs.

use super::ground::{Ground, Luck, Outcome, Stretch};
use super::objective::{Numbers, Objective};
use super::prune::{Pruning, mean};
use super::sampler::Sampler;
use super::space::{Space, Value};
use super::study::{Ended, StudyError, Trial, kept};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is searched for, and where.
pub struct Search<'a> {
    /// The parameters.
    pub space: &'a Space,
    /// Where trials are run.
    pub ground: &'a dyn Ground,
    /// What is looked for.
    pub objective: Objective,
    /// When trials are cut short.
    pub pruning: Pruning,
    /// The stretch that all trials run on.
    pub stretch: Stretch,
    /// Parts that it is run in.
    pub parts: usize,
    /// Fewest fills of a trial that counts.
    pub fills_min: u64,
    /// How many trials.
    pub trials: usize,
    /// How many run at once.
    pub jobs: usize,
    /// Which fold the trials belong to.
    pub fold: usize,
}

/// Who is told of each trial, in order.
pub type Told<'a> = dyn FnMut(&Trial) -> Result<(), StudyError> + Send + 'a;

/// Why a search ended early.
#[derive(Debug)]
pub enum Stop {
    /// What was known already is not what this sampler asks for, from this trial on.
    Foreign(usize),
    /// Whoever was told a trial wants no more.
    Told(StudyError),
}

/// A trial that is asked for: what a job needs.
struct Asked {
    trial: usize,
    unit: Vec<f64>,
    bars: Vec<f64>,
}

struct Desk<'a> {
    sampler: Box<dyn Sampler>,
    /// Trials in order, without holes.
    done: Vec<Trial>,
    /// Trials that are done before one of lower number.
    early: BTreeMap<usize, Trial>,
    asked: usize,
    /// How many of `done` the sampler knows.
    told: usize,
    on: &'a mut Told<'a>,
    stop: Option<StudyError>,
}

impl Search<'_> {
    /// Goes on from the trials that are known, which `on` is not told of again, and gives all.
    pub fn run(
        &self,
        sampler: Box<dyn Sampler>,
        known: Vec<Trial>,
        on: &mut Told<'_>,
    ) -> Result<Vec<Trial>, Stop> {
        let limit = sampler.limit().map_or(self.trials, |limit| limit.min(self.trials));
        let (done, early) = (Vec::new(), BTreeMap::new());
        let mut desk = Desk { sampler, done, early, asked: 0, told: 0, on, stop: None };
        for trial in known.into_iter().take(limit) {
            let asked = desk.ask(self, desk.asked);
            if asked.unit != trial.unit || trial.trial != asked.trial {
                return Err(Stop::Foreign(asked.trial));
            }
            desk.done.push(trial);
        }
        let (desk, news) = (Mutex::new(desk), Condvar::new());
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, limit.max(1)) {
                scope.spawn(|| self.work(limit, &desk, &news));
            }
        });
        let desk = desk.into_inner().unwrap_or_else(PoisonError::into_inner);
        desk.stop.map_or(Ok(desk.done), |error| Err(Stop::Told(error)))
    }

    fn work(&self, limit: usize, desk: &Mutex<Desk<'_>>, news: &Condvar) {
        let mut held = lock(desk);
        while held.stop.is_none() && held.asked < limit {
            if held.sampler.horizon(held.asked) > held.done.len() {
                held = news.wait(held).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let next = held.asked;
            let asked = held.ask(self, next);
            drop(held);
            let trial = self.trial(&asked);
            held = lock(desk);
            held.take(trial);
            news.notify_all();
        }
    }

    fn trial(&self, asked: &Asked) -> Trial {
        let values = self.space.values(&asked.unit);
        let mut trial = Trial {
            fold: self.fold,
            trial: asked.trial,
            ended: Ended::Whole,
            unit: asked.unit.clone(),
            values,
            scores: Vec::new(),
            parts: Vec::new(),
            metrics: Numbers::new(),
            returns: Vec::new(),
            error: None,
        };
        let mut scores = Vec::new();
        let mut metrics = Vec::new();
        for part in 0..self.parts {
            match self.part(&trial, part) {
                Ok((of_part, outcome)) => {
                    trial.parts.push(kept(of_part[0]));
                    scores.push(of_part);
                    metrics.push(outcome.metrics);
                    trial.returns.extend(outcome.returns);
                }
                Err(error) => {
                    trial.ended = Ended::Failed;
                    trial.error = Some(error);
                    break;
                }
            }
            if asked.bars.get(part).is_some_and(|&bar| mean(&trial.parts) < bar) {
                trial.ended = Ended::Pruned;
                break;
            }
        }
        trial.metrics = means(&metrics);
        if trial.ended != Ended::Failed {
            let objectives = self.objective.scores().len();
            let of = |at: usize| mean(&scores.iter().map(|one| one[at]).collect::<Vec<_>>());
            trial.scores = (0..objectives).map(of).collect();
        }
        trial.kept()
    }

    fn part(&self, trial: &Trial, part: usize) -> Result<(Vec<f64>, Outcome), String> {
        let (part, parts) = (part as u64, self.parts as u64);
        let stretch = self.stretch.part(part, part + 1, parts);
        let outcome = run(self.ground, &trial.values, stretch, Luck::NONE)?;
        let scores = judge(&outcome, self.objective, self.fills_min)?;
        Ok((scores, outcome))
    }
}

/// Runs once. A fault of the ground fails the trial, and not the search that waits for it.
pub fn run(
    ground: &dyn Ground,
    values: &[Value],
    stretch: Stretch,
    luck: Luck,
) -> Result<Outcome, String> {
    let ran = catch_unwind(AssertUnwindSafe(|| ground.run(values, stretch, luck)));
    ran.unwrap_or_else(|_| Err("the run ended in a fault of Peregrine".to_owned()))
}

/// The scores of an outcome, or why it has none.
pub fn judge(outcome: &Outcome, objective: Objective, fills_min: u64) -> Result<Vec<f64>, String> {
    let fills = outcome.metrics.get("fills").copied().unwrap_or(0.0);
    if fills < fills_min as f64 {
        return Err(format!("{fills} fills; {fills_min} are needed to judge it"));
    }
    let name = objective.name();
    objective.of(&outcome.metrics).ok_or_else(|| format!("its {name} is no number"))
}

/// The mean of each metric over the parts that have it.
fn means(parts: &[Numbers]) -> Numbers {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (name, &value) in parts.iter().flatten().filter(|(_, value)| value.is_finite()) {
        let (sum, count) = sums.entry(name).or_default();
        *sum += value;
        *count += 1.0;
    }
    sums.into_iter().map(|(name, (sum, count))| (name.to_owned(), sum / count)).collect()
}

fn lock<'m, 'a>(desk: &'m Mutex<Desk<'a>>) -> MutexGuard<'m, Desk<'a>> {
    // A job that ended in a panic has changed nothing half: what is there is whole.
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk<'_> {
    fn ask(&mut self, search: &Search<'_>, trial: usize) -> Asked {
        let horizon = self.sampler.horizon(trial);
        while self.told < horizon {
            let known = &self.done[self.told];
            self.sampler.tell(&known.unit, known.told());
            self.told += 1;
        }
        let unit = self.sampler.ask(trial).into_iter().map(kept).collect();
        let bars = search.pruning.bars(&self.done[..horizon], search.parts);
        self.asked = trial + 1;
        Asked { trial, unit, bars }
    }

    fn take(&mut self, trial: Trial) {
        self.early.insert(trial.trial, trial);
        while let Some(next) = self.early.remove(&self.done.len()) {
            if self.stop.is_none() {
                self.stop = (self.on)(&next).err();
            }
            self.done.push(next);
        }
    }
}

#[cfg(test)]
mod tests;
