//! Random search: every point by itself, so that any other sampler has something to beat.

use super::Sampler;
use rand10::rngs::StdRng;
use rand10::{RngExt as _, SeedableRng as _};

/// See the file.
#[derive(Debug)]
pub struct Random {
    dims: usize,
    rng: StdRng,
}

impl Random {
    /// Points of so many coordinates.
    pub fn new(dims: usize, seed: u64) -> Self {
        Self { dims, rng: StdRng::seed_from_u64(seed) }
    }
}

impl Sampler for Random {
    fn ask(&mut self, _trial: usize) -> Vec<f64> {
        (0..self.dims).map(|_| self.rng.random()).collect()
    }

    fn tell(&mut self, _unit: &[f64], _scores: Option<&[f64]>) {}
}
