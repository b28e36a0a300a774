//! NSGA-II (Deb et al., 2002): a population that moves towards the front on which no objective can
//! gain without another losing, and spreads along it.
//!
//! Fronts and crowding distances come from the crate `optimizer`. The generations are our own: its
//! sampler forgets the parents when it selects, and so loses what was found.

use super::Sampler;
use optimizer::Direction;
use optimizer::pareto::{crowding_distance, non_dominated_sort};
use rand10::rngs::StdRng;
use rand10::{RngExt as _, SeedableRng as _};
use std::cmp::Ordering;

/// How likely two parents are mixed.
const CROSSOVER: f64 = 0.9;

/// Distribution index of simulated binary crossover: larger keeps children nearer to parents.
const CROSSOVER_ETA: f64 = 15.0;

/// The same for polynomial mutation.
const MUTATION_ETA: f64 = 20.0;

/// Where a trial without scores stands: beaten by all that have some.
const WORST: f64 = -f64::MAX / 4.0;

#[derive(Clone, Debug)]
struct Member {
    unit: Vec<f64>,
    scores: Vec<f64>,
    rank: usize,
    crowding: f64,
}

/// See the file.
#[derive(Debug)]
pub struct Nsga2 {
    dims: usize,
    objectives: usize,
    size: usize,
    rng: StdRng,
    parents: Vec<Member>,
    told: Vec<Member>,
    children: Vec<Vec<f64>>,
}

impl Nsga2 {
    /// A population for so many dimensions and objectives: four for each dimension, 16 to 64.
    pub fn new(dims: usize, objectives: usize, seed: u64) -> Self {
        let size = (4 * dims).clamp(16, 64);
        let rng = StdRng::seed_from_u64(seed);
        let (parents, told, children) = (Vec::new(), Vec::new(), Vec::new());
        Self { dims, objectives, size, rng, parents, told, children }
    }

    /// Parents and children compete; the better half are the next parents.
    fn select(&mut self) {
        let mut all = std::mem::take(&mut self.parents);
        all.append(&mut self.told);
        let scores: Vec<Vec<f64>> = all.iter().map(|member| member.scores.clone()).collect();
        let up = vec![Direction::Maximize; self.objectives];
        for (rank, front) in non_dominated_sort(&scores, &up).into_iter().enumerate() {
            let of_front: Vec<Vec<f64>> = front.iter().map(|&at| scores[at].clone()).collect();
            for (&at, crowding) in front.iter().zip(crowding_distance(&of_front, &up)) {
                (all[at].rank, all[at].crowding) = (rank, crowding);
            }
        }
        all.sort_by(better);
        all.truncate(self.size);
        self.parents = all;
    }

    fn breed(&mut self) {
        let mut children = Vec::with_capacity(self.size + 1);
        while children.len() < self.size {
            let (mother, father) = (self.tournament(), self.tournament());
            let (mut one, mut two) = self.cross(&mother, &father);
            self.mutate(&mut one);
            self.mutate(&mut two);
            children.extend([one, two]);
        }
        self.children = children;
    }

    fn tournament(&mut self) -> Vec<f64> {
        let count = self.parents.len();
        let (one, two) = (self.rng.random_range(0..count), self.rng.random_range(0..count));
        let wins = better(&self.parents[one], &self.parents[two]) != Ordering::Greater;
        self.parents[if wins { one } else { two }].unit.clone()
    }

    /// Simulated binary crossover: children spread about their parents as one-point crossover of
    /// their bits would.
    fn cross(&mut self, mother: &[f64], father: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut one, mut two) = (mother.to_vec(), father.to_vec());
        if self.rng.random::<f64>() > CROSSOVER {
            return (one, two);
        }
        for at in 0..self.dims {
            let (mixes, u) = (self.rng.random::<f64>() < 0.5, self.rng.random::<f64>());
            if !mixes {
                continue;
            }
            let power = 1.0 / (CROSSOVER_ETA + 1.0);
            let spread =
                if u <= 0.5 { (2.0 * u).powf(power) } else { (0.5 / (1.0 - u)).powf(power) };
            let (sum, difference) = (mother[at] + father[at], spread * (mother[at] - father[at]));
            one[at] = (0.5 * (sum + difference)).clamp(0.0, 1.0);
            two[at] = (0.5 * (sum - difference)).clamp(0.0, 1.0);
        }
        (one, two)
    }

    /// Polynomial mutation, of one coordinate on average.
    fn mutate(&mut self, unit: &mut [f64]) {
        let rate = 1.0 / unit.len() as f64;
        for at in unit {
            let (hit, u) = (self.rng.random::<f64>() < rate, self.rng.random::<f64>());
            if hit {
                let power = 1.0 / (MUTATION_ETA + 1.0);
                let step = if u < 0.5 {
                    (2.0 * u).powf(power) - 1.0
                } else {
                    1.0 - (2.0 * (1.0 - u)).powf(power)
                };
                *at = (*at + step).clamp(0.0, 1.0);
            }
        }
    }
}

/// The lower front first; within one, who has more room.
fn better(one: &Member, two: &Member) -> Ordering {
    one.rank.cmp(&two.rank).then(two.crowding.total_cmp(&one.crowding))
}

impl Sampler for Nsga2 {
    fn horizon(&self, trial: usize) -> usize {
        trial / self.size * self.size
    }

    fn ask(&mut self, trial: usize) -> Vec<f64> {
        if trial < self.size {
            return (0..self.dims).map(|_| self.rng.random()).collect();
        }
        if trial.is_multiple_of(self.size) {
            self.select();
            self.breed();
        }
        self.children[trial % self.size].clone()
    }

    fn tell(&mut self, unit: &[f64], scores: Option<&[f64]>) {
        let scores = scores.map_or_else(|| vec![WORST; self.objectives], <[f64]>::to_vec);
        self.told.push(Member { unit: unit.to_vec(), scores, rank: 0, crowding: 0.0 });
    }
}
