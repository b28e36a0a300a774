//! CMA-ES (Hansen and Ostermeier, 2001), by the crate `optimizer`: a normal cloud of points, whose
//! middle, width and shape follow the better half of each generation.
//!
//! Names are searched as places of the unit interval, like numbers: the cloud needs a direction.

use super::Sampler;
use optimizer::distribution::{Distribution, FloatDistribution};
use optimizer::param::ParamValue;
use optimizer::sampler::{CmaEsSampler, CompletedTrial, Sampler as _};

/// A trial number that no trial has: the library learns the dimensions from it.
const NOBODY: u64 = u64::MAX;

/// Where a trial stands that has no score: behind all that have one.
const WORST: f64 = f64::MAX;

/// See the file.
pub struct CmaEs {
    dims: usize,
    generation: usize,
    cloud: CmaEsSampler,
    told: usize,
    /// What the last generation came to.
    history: Vec<CompletedTrial>,
}

impl CmaEs {
    /// A cloud in so many dimensions. Its generations are even, so that two jobs share them.
    pub fn new(dims: usize, seed: u64) -> Self {
        let advised = 4 + (3.0 * (dims as f64).ln()) as usize;
        let generation = advised.next_multiple_of(2);
        let cloud = CmaEsSampler::builder().seed(seed).population_size(generation).build();
        let mut new = Self { dims, generation, cloud, told: 0, history: Vec::new() };
        new.draw(NOBODY);
        new
    }

    fn draw(&mut self, trial: u64) -> Vec<f64> {
        let unit = Distribution::Float(FloatDistribution {
            low: 0.0,
            high: 1.0,
            log_scale: false,
            step: None,
        });
        let coordinate = |_| match self.cloud.sample(&unit, trial, &self.history) {
            ParamValue::Float(at) => at,
            _ => 0.5,
        };
        (0..self.dims).map(coordinate).collect()
    }
}

impl Sampler for CmaEs {
    fn horizon(&self, trial: usize) -> usize {
        trial / self.generation * self.generation
    }

    fn ask(&mut self, trial: usize) -> Vec<f64> {
        self.draw(trial as u64)
    }

    fn tell(&mut self, _unit: &[f64], scores: Option<&[f64]>) {
        if self.told.is_multiple_of(self.generation) {
            self.history.clear();
        }
        let loss = scores.and_then(<[f64]>::first).map_or(WORST, |score| -score);
        let nothing = Default::default;
        let trial = self.told as u64;
        self.history.push(CompletedTrial::new(
            trial,
            nothing(),
            Default::default(),
            Default::default(),
            loss,
        ));
        self.told += 1;
    }
}
