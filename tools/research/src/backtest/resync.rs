//! Snapshots that the engine asks for: taken of the venue's book when the answer is due. Rows that
//! are still on their way then, and older than it, are left out, as a feed does.

use super::ports::is_no_newer;
use engine::event::{Body, Event, flag, kind};
use engine::id::{InstrumentId, Side};
use engine::time::Nanos;
use std::collections::VecDeque;
use venues::sim::{Market, SimVenues};

/// Snapshots on their way, and rows that are told no more.
#[derive(Debug)]
pub struct Resyncs {
    due: VecDeque<(Nanos, InstrumentId)>,
    rows: VecDeque<Event>,
    /// By instrument: rows that happened until then are in its snapshot.
    until: Vec<Nanos>,
    any: bool,
}

impl Resyncs {
    /// None, for so many instruments.
    pub fn new(instruments: usize) -> Self {
        Self {
            due: VecDeque::new(),
            rows: VecDeque::new(),
            until: vec![Nanos::ZERO; instruments],
            any: false,
        }
    }

    /// Has one come at this time, unless one is on its way.
    pub fn ask(&mut self, id: InstrumentId, at: Nanos) {
        if !self.due.iter().any(|(_, asked)| *asked == id) {
            self.due.push_back((at, id));
        }
    }

    /// When the next one comes.
    #[inline]
    pub fn next_at(&self) -> Nanos {
        self.due.front().map_or(Nanos(u64::MAX), |due| due.0)
    }

    /// Takes the one that is due from its venue's book.
    pub fn take(&mut self, now: Nanos, venues: &SimVenues) {
        let Some((_, id)) = self.due.pop_front() else { return };
        let shown = venues.of(id).and_then(|venue| venue.market(id)).map(Market::displayed);
        let Some(shown) = shown else { return };
        let of = |side: Side| shown.levels(side).map(move |(price, qty)| (side, price, qty));
        let count = Side::BOTH.into_iter().flat_map(of).count();
        for (place, (side, price, qty)) in Side::BOTH.into_iter().flat_map(of).enumerate() {
            let first = if place == 0 { flag::FIRST } else { 0 };
            let last = if place + 1 == count { flag::LAST } else { 0 };
            let row = Event::new(now, id, 0, Body::Level { side, price, qty });
            self.rows.push_back(row.with(flag::SNAPSHOT | first | last));
        }
        if let Some(until) = self.until.get_mut(id.index())
            && count > 0
        {
            *until = now;
            self.any = true;
        }
    }

    /// The next row of a snapshot that has come.
    #[inline]
    pub fn row(&mut self, now: Nanos) -> Option<Event> {
        self.rows.pop_front().map(|row| Event { at: now, ..row })
    }

    /// Whether rows may be older than a snapshot.
    #[inline]
    pub const fn any_stale(&self) -> bool {
        self.any
    }

    /// Whether a row is in a snapshot already.
    pub fn is_stale(&mut self, row: &Event) -> bool {
        let is_book = row.kind == kind::LEVEL || row.kind == kind::BEST;
        let until = self.until.get_mut(row.instrument.index()).filter(|_| is_book);
        let Some(until) = until.filter(|until| **until > Nanos::ZERO) else { return false };
        if row.has(flag::FIRST) || !is_no_newer(row, *until) {
            // From here on the stream goes on alone.
            *until = Nanos::ZERO;
            self.any = self.until.iter().any(|until| *until > Nanos::ZERO);
            return false;
        }
        true
    }
}
