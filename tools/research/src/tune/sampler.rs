//! Samplers: which point of the unit cube is tried next.
//!
//! All share one rule, by which a study is the same for any number of jobs: before trial k is
//! asked for, exactly the first [`Sampler::horizon`]`(k)` trials have been told, in their order.
//! Those behind it may still run.

mod cmaes;
mod grid;
mod nsga2;
mod random;
mod sobol;
mod tpe;

use super::space::Space;
use serde::{Deserialize, Serialize};

/// How many trials may be under way at once where a sampler learns from each: enough for the jobs
/// of a large machine, few enough that the next point knows nearly all that was found.
pub const LAG: usize = 8;

/// Where new points come from.
pub trait Sampler: Send {
    /// How many trials must have been told before trial `trial` is asked for; never more than
    /// `trial`, and never fewer than for the one before.
    fn horizon(&self, trial: usize) -> usize {
        (trial + 1).saturating_sub(LAG)
    }

    /// The point of trial `trial`, a coordinate from 0 to 1 for each parameter. Trials are asked
    /// for in their order, each once.
    fn ask(&mut self, trial: usize) -> Vec<f64>;

    /// What came of a trial: its scores, larger being better; none where it failed or was cut
    /// short. Trials are told in their order, each once.
    fn tell(&mut self, unit: &[f64], scores: Option<&[f64]>);

    /// How many different trials there are, where they end.
    fn limit(&self) -> Option<usize> {
        None
    }
}

/// The samplers by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamplerKind {
    /// Every point of a grid, in a shuffled order.
    Grid,
    /// Independent points.
    Random,
    /// Points that fill the cube evenly.
    Sobol,
    /// Tree-structured Parzen estimator: where good trials are dense and bad ones are not.
    Tpe,
    /// Covariance matrix adaptation: a cloud that moves and stretches towards what is good.
    CmaEs,
    /// Non-dominated sorting: a front of trials, none of which is beaten in every objective.
    Nsga2,
}

/// Why a sampler cannot search a space.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SamplerError {
    /// Too many points.
    #[error(
        "the grid has {} points; at most {} are searched: give parameters fewer points, or \
         choose another sampler",
        .0.map_or_else(|| "countless".to_owned(), |count| count.to_string()),
        grid::LEN_MAX
    )]
    Grid(Option<usize>),
    /// It knows one objective only.
    #[error("{0} searches for one objective; several need nsga2, sobol, random or grid")]
    Multi(&'static str),
    /// A library refused what it was given.
    #[error("{0}")]
    Library(String),
}

impl SamplerKind {
    /// The names that people use.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("grid", Self::Grid),
        ("random", Self::Random),
        ("sobol", Self::Sobol),
        ("tpe", Self::Tpe),
        ("cma-es", Self::CmaEs),
        ("nsga2", Self::Nsga2),
    ];

    /// The name that people use.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// A new one for this space. The same seed gives the same points.
    pub fn build(
        self,
        space: &Space,
        objectives: usize,
        seed: u64,
    ) -> Result<Box<dyn Sampler>, SamplerError> {
        let dims = space.dims();
        Ok(match self {
            Self::Tpe | Self::CmaEs if objectives > 1 => {
                return Err(SamplerError::Multi(self.name()));
            }
            Self::Grid => Box::new(grid::Grid::new(space, seed)?),
            Self::Random => Box::new(random::Random::new(dims, seed)),
            Self::Sobol => Box::new(sobol::Sobol::new(dims, seed)),
            Self::Tpe => Box::new(tpe::Tpe::new(space, seed)?),
            Self::CmaEs => Box::new(cmaes::CmaEs::new(dims, seed)),
            Self::Nsga2 => Box::new(nsga2::Nsga2::new(dims, objectives, seed)),
        })
    }
}

#[cfg(test)]
mod tests;
