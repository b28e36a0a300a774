//! A token bucket in whole numbers.

use crate::state::{Sink, Source, State};
use crate::time::Nanos;

const TOKEN: u64 = 1_000_000_000;

/// Refills at a rate up to a burst; one order takes one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    per_s: u64,
    full: u64,
    level: u64,
    at: Nanos,
}

impl Bucket {
    /// A full bucket.
    pub const fn new(per_s: u32, burst: u32) -> Self {
        let full = burst as u64 * TOKEN;
        Self { per_s: per_s as u64, full, level: full, at: Nanos::ZERO }
    }

    /// As empty as another one is, within its own bounds.
    pub fn carry(&mut self, old: &Self) {
        self.level = self.full.saturating_sub(old.full.saturating_sub(old.level));
        self.at = old.at;
    }

    /// Whether a token is there at this time.
    #[inline]
    pub fn has(&mut self, now: Nanos) -> bool {
        let span = now.since(self.at).0;
        self.at = now;
        self.level = self.level.saturating_add(span.saturating_mul(self.per_s)).min(self.full);
        self.level >= TOKEN
    }

    /// Takes one; call after [`Bucket::has`] said yes.
    #[inline]
    pub fn take(&mut self) {
        self.level = self.level.saturating_sub(TOKEN);
    }
}

impl State for Bucket {
    fn save(&self, sink: &mut dyn Sink) {
        [self.per_s, self.full, self.level, self.at.0].into_iter().for_each(|word| sink.word(word));
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.per_s = source.word()?;
        self.full = source.word()?;
        self.level = source.word()?;
        self.at = Nanos(source.word()?);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refills_at_its_rate_and_no_higher_than_its_burst() {
        let mut bucket = Bucket::new(2, 3);
        let mut taken_at = |ms: u64| {
            let mut taken = 0;
            while bucket.has(Nanos::from_ms(ms)) {
                bucket.take();
                taken += 1;
            }
            taken
        };
        assert_eq!([taken_at(1000), taken_at(1499), taken_at(1500)], [3, 0, 1]);
        assert_eq!([taken_at(2500), taken_at(99_000)], [2, 3]);
    }
}
