//! State that must outlive the process, as a walk over 64-bit words.
//!
//! The same walk feeds snapshots and digests, so what is saved is what is compared.

use alloc::vec::Vec;

/// Version of the walk over an engine's state; a journal is read by the same one only.
pub const STATE_VERSION: u64 = 5;

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
    /// Yes or no.
    fn flag(&mut self, value: bool) {
        self.word(u64::from(value));
    }
    /// A number that may be missing.
    fn maybe(&mut self, value: Option<u64>) {
        self.flag(value.is_some());
        self.word(value.unwrap_or(0));
    }
}

impl Sink for Vec<u64> {
    fn word(&mut self, word: u64) {
        self.push(word);
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
    /// Yes or no; `None` for anything else.
    fn flag(&mut self) -> Option<bool> {
        self.word().filter(|word| *word <= 1).map(|word| word == 1)
    }
    /// A number that may be missing.
    fn maybe(&mut self) -> Option<Option<u64>> {
        let there = self.flag()?;
        let value = self.word()?;
        Some(there.then_some(value))
    }
    /// A count; `None` when it is more than there can be.
    fn count(&mut self, most: usize) -> Option<usize> {
        usize::try_from(self.word()?).ok().filter(|count| *count <= most)
    }
}

/// Words that were saved.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a>(&'a [u64]);

impl<'a> Words<'a> {
    /// All of these.
    pub const fn new(words: &'a [u64]) -> Self {
        Self(words)
    }

    /// Whether all were taken.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Source for Words<'_> {
    fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*word)
    }
}

/// Can be saved and restored.
pub trait State {
    /// Gives every word of the state, in a fixed order.
    fn save(&self, sink: &mut dyn Sink);
    /// Takes them back; `None` (state undefined, discard it) when the words do not fit.
    fn load(&mut self, source: &mut dyn Source) -> Option<()>;
}

/// A strategy that can be made from words alone: its kind, its parameters, what it has learnt.
pub trait Restore: Sized {
    /// Takes what [`State::save`] gave, for the desk of these instruments; `None` when the words do
    /// not fit.
    fn restore(
        source: &mut dyn Source,
        instruments: &[crate::instrument::Instrument],
    ) -> Option<Self>;
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
