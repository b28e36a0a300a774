//! The way out of a feed: the ring, before it what became of the link, and a count of rows.
//!
//! A lost link blanks all books. So nothing overtakes a row that says so: while one waits for room,
//! everything does.

use crate::net::ring::RowSink;
use engine::event::Event;
use rtrb::Producer;
use std::collections::VecDeque;

/// Most changes of the link's state that wait for room.
const LINKS_MAX: usize = 16;

/// The ring, counting rows.
#[derive(Debug)]
pub(in crate::feed) struct Out {
    ring: Producer<Event>,
    rows: u64,
    links: VecDeque<Event>,
}

impl Out {
    pub fn new(ring: Producer<Event>) -> Self {
        Self { ring, rows: 0, links: VecDeque::with_capacity(LINKS_MAX) }
    }

    /// Rows that went out.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the reader of the ring is gone.
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }

    /// A change of the link's state, to go out as soon as there is room; false when an older one
    /// was left out for it.
    pub fn link(&mut self, row: Event) -> bool {
        let has_place = self.links.len() < LINKS_MAX;
        if !has_place {
            self.links.pop_front();
        }
        self.links.push_back(row);
        self.pump();
        has_place
    }

    /// Sends what became of the link; how many rows went.
    pub fn pump(&mut self) -> usize {
        let mut sent = 0;
        while let Some(row) = self.links.front()
            && self.ring.message(&[*row])
        {
            self.links.pop_front();
            sent += 1;
        }
        self.rows += sent as u64;
        sent
    }
}

impl RowSink for Out {
    #[inline]
    fn message(&mut self, rows: &[Event]) -> bool {
        if !self.links.is_empty() {
            self.pump();
        }
        let went = self.links.is_empty() && self.ring.message(rows);
        if went {
            self.rows += rows.len() as u64;
        }
        went
    }

    #[inline]
    fn has_room(&self, rows: usize) -> bool {
        self.ring.has_room(rows + self.links.len())
    }
}
