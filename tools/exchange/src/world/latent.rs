//! Latent prices: what each base asset is worth, apart from any market.
//!
//! A latent price jumps with the sizes of the measured market; its jumps lean one way for a while
//! with a heavy-tailed length, as large orders do (Lillo, Mike and Farmer 2005). It may follow
//! another: log p = β · log q + s, where s is an Ornstein–Uhlenbeck process (the two are then
//! cointegrated) or a walk of the same speed.

use super::text::{FollowText, LatentText};
use crate::order::Side;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Share of jumps that go the way in which the price leans.
const WITH_LEAN: f64 = 0.8;
/// Shortest time that it leans one way, Pareto exponent of those times, longest.
const LEAN_S: f64 = 0.4;
const LEAN_ALPHA: f64 = 1.2;
const LEAN_MAX_S: f64 = 100.0;
/// Least share of a jump that comes back, and the mean wait for that in µs.
const BACK_LEAST: f64 = 0.3;
const BACK_US: f64 = 5000.0;
const BP: f64 = 1e-4;

/// A mean-reverting process, stepped exactly (Uhlenbeck and Ornstein 1930), or a walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    pub value: f64,
    /// Standard deviation in the long run.
    deviation: f64,
    /// Speed of the return, per second.
    speed: f64,
    stationary: bool,
}

impl Noise {
    pub(super) fn new(deviation_bp: f64, half_life_s: f64, stationary: bool) -> Self {
        let speed = std::f64::consts::LN_2 / half_life_s;
        Self { value: 0.0, deviation: deviation_bp * BP, speed, stationary }
    }

    /// Whether it moves at all.
    pub(super) fn is_silent(&self) -> bool {
        self.deviation == 0.0
    }

    /// Goes on by `span_s` seconds.
    pub(super) fn step(&mut self, span_s: f64, normal: f64) {
        if self.stationary {
            let keep = (-self.speed * span_s).exp();
            let spread = self.deviation * (1.0 - keep * keep).sqrt();
            self.value = self.value * keep + spread * normal;
        } else {
            self.value += self.deviation * (2.0 * self.speed * span_s).sqrt() * normal;
        }
    }
}

/// One asset's latent price.
pub(super) struct Latent {
    pub asset: String,
    /// Log price at the start.
    start: f64,
    /// Own jumps so far, in logs.
    jumped: f64,
    shape: LatentText,
    /// The latent price that this one follows: its place, β, and the spread.
    pub follows: Option<(usize, f64, Noise)>,
    random: StdRng,
    lean: Side,
    lean_until_us: u64,
}

/// A jump: its size in logs, and how much of it comes back after so many µs.
pub(super) struct Jump {
    pub size: f64,
    pub back: Option<(f64, u64)>,
    pub next_us: f64,
}

impl Latent {
    pub(super) fn new(
        asset: &str,
        text: &LatentText,
        place: impl Fn(&str) -> Option<usize>,
        seed: u64,
    ) -> Self {
        let follow = |text: &FollowText| {
            let spread = Noise::new(text.spread_bp, text.half_life_s, text.stationary);
            place(&text.asset).map(|other| (other, text.beta, spread))
        };
        Self {
            asset: asset.into(),
            start: text.price.ln(),
            jumped: 0.0,
            shape: text.clone(),
            follows: text.follows.as_ref().and_then(follow),
            random: StdRng::seed_from_u64(seed ^ stream(asset)),
            lean: Side::Buy,
            lean_until_us: 0,
        }
    }

    /// How far the log price is from its start, without what it follows.
    pub(super) fn own(&self) -> f64 {
        self.jumped + self.follows.map_or(0.0, |(_, _, spread)| spread.value)
    }

    pub(super) fn start(&self) -> f64 {
        self.start
    }

    /// Which way it leans now.
    pub(super) fn lean(&self) -> Side {
        self.lean
    }

    /// Wait for the first or next jump in µs; none where there are no jumps.
    pub(super) fn wait_us(&mut self) -> Option<f64> {
        (self.shape.jumps > 0.0).then(|| exponential(&mut self.random, 1e6 / self.shape.jumps))
    }

    /// Jumps once.
    pub(super) fn jump(&mut self, now_us: u64) -> Jump {
        if now_us >= self.lean_until_us {
            let up = self.random.random_bool(0.5);
            self.lean = if up { Side::Buy } else { Side::Sell };
            let u: f64 = self.random.random_range(f64::EPSILON..1.0);
            let span_s = (LEAN_S * u.powf(-1.0 / LEAN_ALPHA)).min(LEAN_MAX_S);
            self.lean_until_us = now_us + (span_s * 1e6) as u64;
        }
        let size = self.shape.jump_bp * (self.shape.jump_sigma * normal(&mut self.random)).exp();
        let size = size.min(self.shape.jump_max_bp) * BP;
        let with = self.random.random_bool(WITH_LEAN);
        let size = if (self.lean == Side::Buy) == with { size } else { -size };
        let back = self.random.random_bool(self.shape.back).then(|| {
            let part = self.random.random_range(BACK_LEAST..1.0);
            (-size * part, exponential(&mut self.random, BACK_US) as u64)
        });
        self.jumped += size;
        let next_us = self.wait_us().unwrap_or(f64::MAX);
        Jump { size, back, next_us }
    }

    /// Moves by so much.
    pub(super) fn shift(&mut self, size: f64) {
        self.jumped += size;
    }

    /// Lets the spread to what it follows go on; whether there is one that moves.
    pub(super) fn step(&mut self, span_s: f64) -> bool {
        let draw = normal(&mut self.random);
        match &mut self.follows {
            Some((_, _, spread)) if !spread.is_silent() => {
                spread.step(span_s, draw);
                true
            }
            _ => false,
        }
    }
}

/// A number of its own for each name, so that adding one changes no other's draws (FNV-1a).
pub(super) fn stream(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

pub(super) fn exponential(random: &mut StdRng, mean: f64) -> f64 {
    let u: f64 = random.random_range(f64::EPSILON..1.0);
    -u.ln() * mean
}

/// A standard normal variate (Box–Muller).
pub(super) fn normal(random: &mut StdRng) -> f64 {
    let u: f64 = random.random_range(f64::EPSILON..1.0);
    let v: f64 = random.random_range(0.0..std::f64::consts::TAU);
    (-2.0 * u.ln()).sqrt() * v.cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(noise: Noise, steps: usize) -> Vec<f64> {
        let mut random = StdRng::seed_from_u64(5);
        let mut noise = noise;
        let mut out = Vec::new();
        for _ in 0..steps {
            noise.step(0.1, normal(&mut random));
            out.push(noise.value);
        }
        out
    }

    #[test]
    fn noise_has_its_deviation_and_half_life() {
        let path = run(Noise::new(10.0, 2.0, true), 200_000);
        let variance = path.iter().map(|x| x * x).sum::<f64>() / path.len() as f64;
        assert!((variance.sqrt() / (10.0 * BP) - 1.0).abs() < 0.05, "{}", variance.sqrt());
        // After a half-life (20 steps) half of a deviation is left.
        let lagged = path.windows(21).map(|w| w[0] * w[20]).sum::<f64>() / path.len() as f64;
        assert!((lagged / variance - 0.5).abs() < 0.05, "{}", lagged / variance);
    }

    #[test]
    fn a_walk_is_as_fast_and_does_not_come_back() {
        let speed = |path: &[f64]| {
            path.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum::<f64>() / path.len() as f64
        };
        let stays = run(Noise::new(10.0, 2.0, true), 50_000);
        let walks = run(Noise::new(10.0, 2.0, false), 50_000);
        assert!((speed(&walks) / speed(&stays) - 1.0).abs() < 0.05);
        let far = walks.iter().fold(0.0_f64, |far, x| far.max(x.abs()));
        assert!(far > 20.0 * 10.0 * BP, "{far}");
    }
}
