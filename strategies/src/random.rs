//! Seeded random numbers for simulations: xoshiro256++ (Blackman & Vigna, 2019), seeded by
//! SplitMix64.
//!
//! Own code because a simulation's table must stay the same bit for bit when a dependency is
//! raised, and because nothing in this crate may be able to reach the operating system's entropy.

/// A generator; the same seed gives the same sequence on every machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// From any seed, 0 included.
    pub fn new(seed: u64) -> Self {
        let mut counter = seed;
        let state = core::array::from_fn(|_| {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = counter;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^ (word >> 31)
        });
        Self { state }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let c = c ^ a;
        let d = d ^ b;
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in [0, 1), on a grid of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Exponential with this rate: the waiting time of a Poisson process; rate above 0.
    pub fn exponential(&mut self, rate: f64) -> f64 {
        -libm::log1p(-self.unit()) / rate
    }

    /// True with this probability; below 0 never, above 1 always.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First outputs of the published C code (xoshiro256plusplus.c over splitmix64.c, seed 0).
    #[test]
    fn it_is_the_published_generator() {
        let mut plain = Random { state: [1, 2, 3, 4] };
        assert_eq!(plain.bits(), 41_943_041);
        assert_eq!(plain.bits(), 58_720_359);
        assert_eq!(plain.bits(), 3_588_806_011_781_223);
        assert_eq!(Random::new(0).state[0], 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn draws_have_the_moments_that_they_claim() {
        let mut random = Random::new(1);
        let n = 100_000;
        let unit = (0..n).map(|_| random.unit()).sum::<f64>() / f64::from(n);
        let wait = (0..n).map(|_| random.exponential(4.0)).sum::<f64>() / f64::from(n);
        assert!((unit - 0.5).abs() < 0.005, "{unit}");
        assert!((wait - 0.25).abs() < 0.005, "{wait}");
    }
}
