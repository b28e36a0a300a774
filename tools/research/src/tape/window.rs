//! Rows by receipt, a group at a time.

use super::columns::Columns;
use super::{Tape, TapeError, within};
use engine::event::Event;
use engine::time::Nanos;
use std::ops::Range;

/// Groups of a window, one of them decoded.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    pub tape: &'a Tape,
    pub range: Range<usize>,
    from: Nanos,
    to: Nanos,
    columns: Columns,
    rows: Vec<Event>,
}

impl<'a> Groups<'a> {
    pub fn new(tape: &'a Tape, from: Nanos, to: Nanos) -> Self {
        let range = tape.groups_in(from, to);
        Self { tape, from, to, range, columns: Columns::default(), rows: Vec::new() }
    }

    /// Decodes a group.
    pub fn read(&mut self, place: usize) -> Result<(), TapeError> {
        self.tape.decode(place, &mut self.columns, &mut self.rows)
    }

    /// Its rows inside the window.
    pub fn rows(&self) -> &[Event] {
        within(&self.rows, self.from, self.to)
    }
}

/// Rows by receipt. One group is in memory at a time.
#[derive(Debug)]
pub struct Window<'a> {
    groups: Groups<'a>,
    next: usize,
}

impl<'a> Window<'a> {
    pub(super) fn new(tape: &'a Tape, from: Nanos, to: Nanos) -> Self {
        let groups = Groups::new(tape, from, to);
        Self { next: groups.range.start, groups }
    }

    /// The next rows, at most a group of them; `None` when the window is over.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn next_rows(&mut self) -> Result<Option<&[Event]>, TapeError> {
        while self.next < self.groups.range.end {
            self.groups.read(self.next)?;
            self.next += 1;
            if !self.groups.rows().is_empty() {
                return Ok(Some(self.groups.rows()));
            }
        }
        Ok(None)
    }
}
