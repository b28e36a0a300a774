//! State that must outlive the process, as a walk over 64-bit words.
//!
//! The same walk feeds snapshots and digests, so what is saved is what is compared.

/// Takes words.
pub trait Sink {
    /// One word.
    fn word(&mut self, word: u64);
    /// A signed number.
    fn int(&mut self, value: i64) {
        self.word(value as u64);
    }
    /// A float, by its bits.
    fn float(&mut self, value: f64) {
        self.word(value.to_bits());
    }
}

/// Gives words back in the order they were taken.
pub trait Source {
    /// The next word; `None` at the end.
    fn word(&mut self) -> Option<u64>;
    /// A signed number.
    fn int(&mut self) -> Option<i64> {
        self.word().map(|word| word as i64)
    }
    /// A float, by its bits.
    fn float(&mut self) -> Option<f64> {
        self.word().map(f64::from_bits)
    }
}

/// Can be saved and restored.
pub trait State {
    /// Gives every word of the state, in a fixed order.
    fn save(&self, sink: &mut dyn Sink);
    /// Takes them back; `None` (state undefined, discard it) when the words do not fit.
    fn load(&mut self, source: &mut dyn Source) -> Option<()>;
}

/// Hashes the walk: FNV-1a over words, enough to see that two states differ.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Of one state.
    pub fn of(state: &impl State) -> u64 {
        let mut digest = Self::default();
        state.save(&mut digest);
        digest.0
    }

    /// The hash so far.
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl Sink for Digest {
    fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }
}
