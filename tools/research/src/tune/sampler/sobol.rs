//! Sobol's sequence, scrambled: points that fill the cube evenly, with no clusters and no holes.

use super::Sampler;

/// Points that the generator tells apart.
const LEN_MAX: usize = 1 << 16;

/// See the file.
#[derive(Debug)]
pub struct Sobol {
    dims: usize,
    seed: u32,
}

impl Sobol {
    /// Points of so many coordinates; both halves of the seed count.
    pub fn new(dims: usize, seed: u64) -> Self {
        Self { dims, seed: (seed ^ (seed >> 32)) as u32 }
    }
}

impl Sampler for Sobol {
    fn ask(&mut self, trial: usize) -> Vec<f64> {
        let point = (trial % LEN_MAX) as u32;
        (0..self.dims)
            .map(|dim| f64::from(sobol_burley::sample(point, dim as u32, self.seed)))
            .collect()
    }

    fn tell(&mut self, _unit: &[f64], _scores: Option<&[f64]>) {}

    fn limit(&self) -> Option<usize> {
        Some(LEN_MAX)
    }
}
