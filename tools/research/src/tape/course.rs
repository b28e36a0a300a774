//! Both orders of a tape as one course of time: each message as it happens at the venue, and again
//! as it is received. This is what a backtest walks along.

use super::order::Sorted;
use super::window::Groups;
use super::{Tape, TapeError, within};
use engine::event::{Event, flag};
use engine::time::Nanos;
use std::sync::Arc;

/// By whom a message is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// By the venue, where it happens.
    AtVenue,
    /// By us, who receive it.
    Received,
}

/// One message, seen once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<'a> {
    /// When.
    pub at: Nanos,
    /// By whom.
    pub seen: Seen,
    /// Its rows.
    pub rows: &'a [Event],
}

/// Steps in the order of time; of one time, the venue comes first.
#[derive(Debug)]
pub struct Course<'a> {
    groups: Groups<'a>,
    venue: Sorted,
    /// The group of receipt, the next row of the window in it, and the end of the window.
    rows: Arc<Vec<Event>>,
    next: usize,
    end: usize,
    place: usize,
}

impl<'a> Course<'a> {
    pub(super) fn new(tape: &'a Tape, from: Nanos, to: Nanos) -> Self {
        let groups = Groups::new(tape, from, to);
        let (venue, place) = (Sorted::new(&groups), groups.range.start);
        Self { groups, venue, rows: Arc::default(), next: 0, end: 0, place }
    }

    /// When the next step is, and who sees it; `None` when the window is over.
    ///
    /// # Errors
    /// When the file is damaged.
    #[inline]
    pub fn peek(&mut self) -> Result<Option<(Nanos, Seen)>, TapeError> {
        if self.next >= self.end || self.venue.ready().0.is_empty() {
            self.fill()?;
        }
        let venue = self.venue.ready().0.first().copied();
        let received = self.rows.get(self.next).filter(|_| self.next < self.end);
        Ok(match (venue, received.map(|row| row.at)) {
            (Some(venue), Some(received)) if venue <= received => Some((venue, Seen::AtVenue)),
            (_, Some(received)) => Some((received, Seen::Received)),
            (Some(venue), None) => Some((venue, Seen::AtVenue)),
            (None, None) => None,
        })
    }

    /// The next step.
    ///
    /// # Errors
    /// As [`Self::peek`].
    #[inline]
    pub fn next_step(&mut self) -> Result<Option<Step<'_>>, TapeError> {
        let Some((at, seen)) = self.peek()? else { return Ok(None) };
        let rows = match seen {
            Seen::AtVenue => {
                let len = message(self.venue.ready().1);
                self.venue.pass(len)
            }
            Seen::Received => {
                let start = self.next;
                self.next += message(self.rows.get(start..self.end).unwrap_or_default());
                self.rows.get(start..self.next).unwrap_or_default()
            }
        };
        Ok(Some(Step { at, seen, rows }))
    }

    /// Rows that came too late for their place in the venue's order so far.
    pub const fn late(&self) -> u64 {
        self.venue.late
    }

    #[cold]
    fn fill(&mut self) -> Result<(), TapeError> {
        self.venue.fill(&mut self.groups)?;
        while self.next >= self.end && self.place < self.groups.range.end {
            self.rows = Arc::default();
            self.rows = self.groups.rows(self.place)?;
            self.place += 1;
            let inside = within(&self.rows, self.groups.from, self.groups.to);
            let before = self.rows.partition_point(|row| row.at < self.groups.from);
            (self.next, self.end) = (before, before + inside.len());
        }
        Ok(())
    }
}

/// How many rows the first message of some has: up to the one that is flagged as its last.
#[inline]
fn message(rows: &[Event]) -> usize {
    let Some(first) = rows.first() else { return 0 };
    let of_it = |row: &&Event| row.at == first.at && row.instrument == first.instrument;
    let inner = rows.iter().take_while(|row| of_it(row) && !row.has(flag::LAST)).count();
    let ends = rows.get(inner).is_some_and(|row| of_it(&row) && row.has(flag::LAST));
    inner + usize::from(ends)
}
