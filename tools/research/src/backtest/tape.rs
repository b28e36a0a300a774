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
    /// By the tape's feed number.
    pub feeds: Vec<Option<InstrumentId>>,
}

impl Numbers {
    /// The row as the run has it; none where it is of no concern.
    #[inline]
    fn of(&self, row: &Event) -> Option<InstrumentId> {
        let numbers = if row.kind == kind::LINK { &self.feeds } else { &self.instruments };
        numbers.get(row.instrument.index()).copied().flatten()
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
        Self { order, numbers, rows: Vec::new(), at: Nanos::ZERO }
    }
}

impl Rows for TapeRows<'_> {
    #[inline]
    fn rows(&self) -> &[Event] {
        &self.rows
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        self.rows.clear();
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
                let at = if is_happened { venue_at(row).max(self.at) } else { row.at };
                let recv_delta_ns = if is_happened { 0 } else { row.recv_delta_ns };
                self.at = at;
                self.rows.push(Event { at, instrument, recv_delta_ns, ..*row });
            }
        }
        Ok(true)
    }
}
