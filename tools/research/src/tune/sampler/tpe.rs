//! The tree-structured Parzen estimator (Bergstra et al., 2011), by the crate `tpe`: one density of
//! the best tenth of the trials and one of the rest for each parameter, and the next point where
//! the first is high and the second low.
//!
//! A parameter of few values is counted by a histogram, any other smoothed by kernels.

use super::{Sampler, SamplerError};
use crate::tune::space::Space;
use ::tpe::density_estimation::DefaultEstimatorBuilder;
use ::tpe::{TpeOptimizer, categorical_range, histogram_estimator, parzen_estimator, range};
use rand10::rngs::StdRng;
use rand10::{RngExt as _, SeedableRng as _};

/// Most values that are counted one by one.
const COUNTED_MAX: usize = 12;

/// Points that are drawn at random before the first density.
const START: usize = 8;

/// See the file.
#[derive(Debug)]
pub struct Tpe {
    axes: Vec<Axis>,
    rng: StdRng,
}

#[derive(Debug)]
struct Axis {
    /// The values that are counted; none where it is smooth.
    slots: Option<f64>,
    search: TpeOptimizer<DefaultEstimatorBuilder>,
}

impl Tpe {
    /// One estimator for each parameter.
    pub fn new(space: &Space, seed: u64) -> Result<Self, SamplerError> {
        let refused = |error: ::tpe::range::RangeError| SamplerError::Library(error.to_string());
        let axis = |count: Option<usize>| {
            Ok(match count.filter(|count| *count <= COUNTED_MAX) {
                Some(count) => Axis {
                    slots: Some(count as f64),
                    search: TpeOptimizer::new(
                        histogram_estimator(),
                        categorical_range(count).map_err(refused)?,
                    ),
                },
                None => Axis {
                    slots: None,
                    search: TpeOptimizer::new(
                        parzen_estimator(),
                        range(0.0, 1.0).map_err(refused)?,
                    ),
                },
            })
        };
        let axes = space.params().iter().map(|param| axis(param.range.count()));
        Ok(Self { axes: axes.collect::<Result<_, _>>()?, rng: StdRng::seed_from_u64(seed) })
    }
}

impl Sampler for Tpe {
    fn ask(&mut self, trial: usize) -> Vec<f64> {
        let rng = &mut self.rng;
        let ask = |axis: &mut Axis| {
            let drawn = rng.random::<f64>();
            if trial < START {
                return drawn;
            }
            // Without a density, which needs one trial, what was drawn will do.
            match (axis.search.ask(rng), axis.slots) {
                (Ok(slot), Some(slots)) => (slot.floor() + 0.5) / slots,
                (Ok(at), None) => at,
                (Err(_), _) => drawn,
            }
        };
        self.axes.iter_mut().map(ask).collect()
    }

    fn tell(&mut self, unit: &[f64], scores: Option<&[f64]>) {
        let loss = scores.and_then(<[f64]>::first).map_or(f64::INFINITY, |score| -score);
        for (axis, &at) in self.axes.iter_mut().zip(unit) {
            // The border itself is outside of the estimator's range.
            let at = match axis.slots {
                Some(slots) => (at * slots).floor().min(slots - 1.0),
                None => at.min(1.0 - f64::EPSILON),
            };
            let told = axis.search.tell(at, loss);
            debug_assert!(told.is_ok(), "inside its range, and a number");
        }
    }
}
