//! A full grid: every combination of each parameter's points, in an order shuffled by the seed, so
//! that a search that ends early has looked everywhere and not only into one corner.

use super::{Sampler, SamplerError};
use crate::tune::space::{Range, Space};
use rand10::SeedableRng as _;
use rand10::rngs::StdRng;
use rand10::seq::SliceRandom as _;

/// Most points: their order is kept in memory.
pub const LEN_MAX: usize = 1_000_000;

/// See the file.
#[derive(Debug)]
pub struct Grid {
    /// The coordinates of each parameter's points.
    axes: Vec<Vec<f64>>,
    order: Vec<u32>,
}

impl Grid {
    /// The grid of a space, unless it is too large.
    pub fn new(space: &Space, seed: u64) -> Result<Self, SamplerError> {
        let axes = space.params().iter().map(|param| axis(&param.range, param.points)).collect();
        match space.grid_len() {
            Some(len) if len <= LEN_MAX => {
                let mut order: Vec<u32> = (0..len as u32).collect();
                order.shuffle(&mut StdRng::seed_from_u64(seed));
                Ok(Self { axes, order })
            }
            len => Err(SamplerError::Grid(len)),
        }
    }
}

/// From bound to bound; for values that are counted, the middle of their share of the cube.
fn axis(range: &Range, points: usize) -> Vec<f64> {
    let even = |at: usize| if points > 1 { at as f64 / (points - 1) as f64 } else { 0.5 };
    let spread = 0..points;
    match (range, range.count()) {
        (Range::Int { log: true, .. }, _) | (_, None) => spread.map(even).collect(),
        (_, Some(count)) => spread
            .map(|at| ((even(at) * (count - 1) as f64).round() + 0.5) / count as f64)
            .collect(),
    }
}

impl Sampler for Grid {
    fn ask(&mut self, trial: usize) -> Vec<f64> {
        let mut rest = self.order[trial % self.order.len()] as usize;
        let mut unit = Vec::with_capacity(self.axes.len());
        for axis in &self.axes {
            unit.push(axis[rest % axis.len()]);
            rest /= axis.len();
        }
        unit
    }

    fn tell(&mut self, _unit: &[f64], _scores: Option<&[f64]>) {}

    fn limit(&self) -> Option<usize> {
        Some(self.order.len())
    }
}
