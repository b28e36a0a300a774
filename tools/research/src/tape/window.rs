//! Rows by receipt, a group at a time; and the groups themselves, decoded once for all who need
//! them at about the same time.

use super::columns::Columns;
use super::{Tape, TapeError, within};
use engine::event::Event;
use engine::time::Nanos;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Decoded groups that are kept for the other order.
const KEPT: usize = 4;

/// Groups of a window as they are decoded.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    pub tape: &'a Tape,
    pub from: Nanos,
    pub to: Nanos,
    pub range: Range<usize>,
    columns: Columns,
    kept: VecDeque<(usize, Arc<Vec<Event>>)>,
}

impl<'a> Groups<'a> {
    pub fn new(tape: &'a Tape, from: Nanos, to: Nanos) -> Self {
        let range = tape.groups_in(from, to);
        Self { tape, from, to, range, columns: Columns::default(), kept: VecDeque::new() }
    }

    /// The rows of a group, those outside the window too.
    pub fn rows(&mut self, place: usize) -> Result<Arc<Vec<Event>>, TapeError> {
        if let Some((_, rows)) = self.kept.iter().find(|(one, _)| *one == place) {
            return Ok(Arc::clone(rows));
        }
        let mut rows = self.spare();
        match Arc::get_mut(&mut rows) {
            Some(empty) => self.tape.decode(place, &mut self.columns, empty)?,
            None => {
                let mut empty = Vec::new();
                self.tape.decode(place, &mut self.columns, &mut empty)?;
                rows = Arc::new(empty);
            }
        }
        self.kept.push_back((place, Arc::clone(&rows)));
        Ok(rows)
    }

    /// The memory of the oldest group where nobody reads it any more.
    fn spare(&mut self) -> Arc<Vec<Event>> {
        if self.kept.len() < KEPT {
            return Arc::default();
        }
        let free = self.kept.iter().position(|(_, rows)| Arc::strong_count(rows) == 1);
        let taken = free.and_then(|place| self.kept.remove(place));
        taken.map_or_else(Arc::default, |(_, rows)| rows)
    }
}

/// Rows by receipt. One group is in memory at a time.
#[derive(Debug)]
pub struct Window<'a> {
    groups: Groups<'a>,
    next: usize,
    rows: Arc<Vec<Event>>,
}

impl<'a> Window<'a> {
    pub(super) fn new(tape: &'a Tape, from: Nanos, to: Nanos) -> Self {
        let groups = Groups::new(tape, from, to);
        Self { next: groups.range.start, groups, rows: Arc::default() }
    }

    /// The next rows, at most a group of them; `None` when the window is over.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn next_rows(&mut self) -> Result<Option<&[Event]>, TapeError> {
        while self.next < self.groups.range.end {
            self.rows = Arc::default();
            self.rows = self.groups.rows(self.next)?;
            self.next += 1;
            if !within(&self.rows, self.groups.from, self.groups.to).is_empty() {
                return Ok(Some(within(&self.rows, self.groups.from, self.groups.to)));
            }
        }
        Ok(None)
    }
}
