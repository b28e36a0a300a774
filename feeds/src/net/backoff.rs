//! How long to wait before the next try: exponential with jitter, seeded and without a clock, so
//! that many clients that lost the same server do not come back in step, and a test can repeat it.

use engine::time::Nanos;

/// Waits that grow from `floor` to `cap`, each shortened by a random part.
#[derive(Clone, Debug)]
pub struct Backoff {
    floor: Nanos,
    cap: Nanos,
    factor: u32,
    jitter_percent: u32,
    bound: Nanos,
    random: u64,
}

impl Backoff {
    /// Each wait is drawn between `bound * (100 - jitter_percent) / 100` and `bound`, where the
    /// bound starts at `floor` and is multiplied by `factor` up to `cap`.
    pub fn new(floor: Nanos, cap: Nanos, factor: u32, jitter_percent: u32, seed: u64) -> Self {
        let floor = Nanos(floor.0.max(1));
        let cap = Nanos(cap.0.max(floor.0));
        let (factor, jitter_percent) = (factor.max(1), jitter_percent.min(100));
        Self { floor, cap, factor, jitter_percent, bound: floor, random: seed }
    }

    /// The next wait.
    #[allow(clippy::should_implement_trait)] // it never ends, and nobody iterates over waits
    pub fn next(&mut self) -> Nanos {
        let bound = self.bound.0;
        self.bound = Nanos(bound.saturating_mul(u64::from(self.factor)).min(self.cap.0));
        let part = bound / 100 * u64::from(self.jitter_percent)
            + bound % 100 * u64::from(self.jitter_percent) / 100;
        Nanos(bound - self.draw() % (part + 1))
    }

    /// After a success: the next wait starts from the floor again.
    pub fn reset(&mut self) {
        self.bound = self.floor;
    }

    fn draw(&mut self) -> u64 {
        self.random = split_mix(self.random);
        self.random ^ self.random >> 29
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014): spreads any seed over 64 bits.
pub(crate) const fn split_mix(seed: u64) -> u64 {
    let mut word = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_start_again() {
        let mut backoff = Backoff::new(Nanos(100), Nanos(1_000), 2, 0, 1);
        let waits: Vec<u64> = (0..6).map(|_| backoff.next().0).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
        backoff.reset();
        assert_eq!(backoff.next(), Nanos(100));
    }

    #[test]
    fn jitter_only_shortens_and_repeats_by_seed() {
        for seed in 0..100 {
            let mut one = Backoff::new(Nanos(1_000), Nanos(64_000), 2, 50, seed);
            let mut two = one.clone();
            let mut bound = 1_000;
            for _ in 0..10 {
                let wait = one.next();
                assert!(wait.0 >= bound / 2 && wait.0 <= bound, "seed {seed}: {wait:?} of {bound}");
                assert_eq!(wait, two.next());
                bound = (bound * 2).min(64_000);
            }
        }
    }
}
