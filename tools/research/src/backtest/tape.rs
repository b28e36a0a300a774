//! A tape as rows of a run: its instruments by the numbers that the run gives them, in either
//! order.

use super::rows::{Failed, Rows};
use crate::tape::{ByVenue, Tape, TapeError, Window, venue_at};
use engine::event::{Event, kind};
use engine::id::InstrumentId;
use engine::time::Nanos;

/// What a tape's instrument and feed numbers are in the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// By the tape's instrument id; rows of one that the run has not are left out.
    pub instruments: Vec<Option<InstrumentId>>,
}

impl Numbers {
    /// The number of a row's instrument in the run; none where it is of no concern. Tapes have no
    /// links: a run's feeds are up.
    #[inline]
    fn of(&self, row: &Event) -> Option<InstrumentId> {
        let number = self.instruments.get(row.instrument.index()).copied().flatten();
        number.filter(|_| row.kind != kind::LINK)
    }
}

enum Order<'a> {
    Received(Window<'a>),
    Happened(ByVenue<'a>),
}

/// Rows of a window of a tape. Those of a group are in memory at a time.
pub struct TapeRows<'a> {
    order: Order<'a>,
    numbers: &'a Numbers,
    rows: Vec<Event>,
    /// What stands before the first row.
    books: Vec<Event>,
    at: Nanos,
}

impl<'a> TapeRows<'a> {
    /// By receipt.
    pub fn received(tape: &'a Tape, span: (Nanos, Nanos), numbers: &'a Numbers) -> Self {
        Self::new(Order::Received(tape.window(span.0, span.1)), numbers)
    }

    /// By the venue's time.
    pub fn happened(tape: &'a Tape, span: (Nanos, Nanos), numbers: &'a Numbers) -> Self {
        Self::new(Order::Happened(tape.by_venue(span.0, span.1)), numbers)
    }

    const fn new(order: Order<'a>, numbers: &'a Numbers) -> Self {
        Self { order, numbers, rows: Vec::new(), books: Vec::new(), at: Nanos::ZERO }
    }

    /// The same with books that stand when it begins, at this time; nothing comes before it.
    #[must_use]
    pub fn after(mut self, books: &[Event], began: Nanos) -> Self {
        self.at = began;
        let row = |row: &Event| {
            let instrument = self.numbers.of(row)?;
            Some(Event { at: began, instrument, recv_delta_ns: 0, venue_delta_us: 0, ..*row })
        };
        self.books = books.iter().filter_map(row).collect();
        self
    }
}

impl Rows for TapeRows<'_> {
    #[inline]
    fn rows(&self) -> &[Event] {
        &self.rows
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        self.rows.clear();
        self.rows.append(&mut self.books);
        while self.rows.is_empty() {
            let failed = |error: TapeError| Failed(error.to_string());
            let (rows, is_happened) = match &mut self.order {
                Order::Received(window) => (window.next_rows().map_err(failed)?, false),
                Order::Happened(by_venue) => (by_venue.next_rows().map_err(failed)?, true),
            };
            let Some(rows) = rows else { return Ok(false) };
            for row in rows {
                let Some(instrument) = self.numbers.of(row) else { continue };
                // Rows that came too late for their place come when they came.
                let at = if is_happened { venue_at(row) } else { row.at }.max(self.at);
                let recv_delta_ns = if is_happened { 0 } else { row.recv_delta_ns };
                self.at = at;
                self.rows.push(Event { at, instrument, recv_delta_ns, ..*row });
            }
        }
        Ok(true)
    }
}
