//! Rows in an order, some at a time: what a tape gives, and what stays in memory.

use crate::tape::venue_at;
use engine::event::Event;
use std::fmt;

/// Why a run could not go on: for people, with the file and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed(pub String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

/// Rows by growing `at`, a batch at a time.
pub trait Rows {
    /// The batch at hand; empty before the first [`Rows::turn`] and at the end.
    fn rows(&self) -> &[Event];

    /// Goes on to the next batch, which is not empty; false at the end, and then the batch is
    /// empty.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn turn(&mut self) -> Result<bool, Failed>;
}

/// Rows as the venue has them: each at its moment there, those of an instant in the order of their
/// receipt.
pub fn happened(received: &[Event]) -> Vec<Event> {
    let moment = |row: &Event| Event { at: venue_at(row), recv_delta_ns: 0, ..*row };
    let mut rows: Vec<Event> = received.iter().map(moment).collect();
    rows.sort_by_key(|row| row.at);
    rows
}

/// Rows that are all in memory.
#[derive(Clone, Debug)]
pub struct Held<T> {
    all: T,
    begun: bool,
    over: bool,
}

impl<T: AsRef<[Event]>> Held<T> {
    /// These, which are in order.
    pub const fn new(all: T) -> Self {
        Self { all, begun: false, over: false }
    }
}

impl<T: AsRef<[Event]>> Rows for Held<T> {
    #[inline]
    fn rows(&self) -> &[Event] {
        if self.begun && !self.over { self.all.as_ref() } else { &[] }
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        self.over = self.begun || self.all.as_ref().is_empty();
        self.begun = true;
        Ok(!self.over)
    }
}
