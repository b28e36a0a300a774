//! Where the rows of one message are gathered: all memory from the start, a limit, and room to
//! write whole groups.

use engine::event::{Event, flag};

/// Rows that may be written beyond the limit and mean nothing.
const SLACK: usize = 8;

/// Rows of one message.
#[derive(Debug)]
pub struct Rows {
    all: Vec<Event>,
    len: usize,
    max: usize,
}

impl Rows {
    /// At most so many.
    pub fn new(max: usize) -> Self {
        Self { all: vec![Event::default(); max + SLACK], len: 0, max }
    }

    /// Empties it.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds a row; false when there are as many as may be.
    #[inline]
    pub fn push(&mut self, row: Event) -> bool {
        match self.all.get_mut(self.len) {
            Some(place) if self.len < self.max => *place = row,
            _ => return false,
        }
        self.len += 1;
        true
    }

    /// Room for `count` rows and the rest of the last one's group of four; `None` when there would
    /// be more than may be.
    #[inline(always)]
    pub fn room(&mut self, count: usize) -> Option<&mut [Event]> {
        if count > self.max - self.len { None } else { self.all.get_mut(self.len..) }
    }

    /// So many were written into [`Rows::room`].
    #[inline(always)]
    pub fn wrote(&mut self, count: usize) {
        self.len = self.len.wrapping_add(count).min(self.max);
    }

    /// Flags the first of them.
    pub fn flag_first(&mut self, flags: u8) {
        if let Some(row) = self.all[..self.len].first_mut() {
            *row = row.with(flags);
        }
    }

    /// Flags the last of them as such.
    #[inline]
    pub fn flag_last(&mut self) {
        if let Some(row) = self.len.checked_sub(1).and_then(|last| self.all.get_mut(last)) {
            row.flags |= flag::LAST;
        }
    }

    /// The rows, to be completed.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [Event] {
        self.all.get_mut(..self.len).unwrap_or_default()
    }

    /// The rows.
    #[inline]
    pub fn as_slice(&self) -> &[Event] {
        self.all.get(..self.len).unwrap_or_default()
    }

    /// How many there are.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }
}
