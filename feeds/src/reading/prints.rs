//! Where the trades or liquidations of one message are gathered, so that nothing goes out before
//! all of the message was read.

use crate::protocol::DecodeError;
use engine::event::Event;

/// Rows of one message, each with what tells it from others.
#[derive(Debug)]
pub struct Prints {
    all: Vec<(Event, u64)>,
    max: usize,
}

impl Prints {
    /// At most so many; all memory is reserved here.
    pub fn new(max: usize) -> Self {
        Self { all: Vec::with_capacity(max), max }
    }

    /// Empties it.
    #[inline]
    pub fn clear(&mut self) {
        self.all.clear();
    }

    /// Adds one, unless there are as many as may be.
    #[inline]
    pub fn push(&mut self, row: Event, print: u64) -> Result<(), DecodeError> {
        if self.all.len() >= self.max {
            return Err(DecodeError::Levels(self.max));
        }
        self.all.push((row, print));
        Ok(())
    }

    /// All of them.
    #[inline]
    pub fn as_slice(&self) -> &[(Event, u64)] {
        &self.all
    }
}
