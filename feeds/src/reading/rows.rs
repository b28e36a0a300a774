//! Where the rows of one message are gathered: all memory from the start, a limit, and room to
//! write whole groups.

use super::venue_delta_us;
use crate::protocol::DecodeError;
use engine::event::{Body, Event, flag};
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::time::Nanos;

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

    /// They become those of a message of this number and venue's stamp (us); `whole` when it is a
    /// whole book, which has a row even when it is empty.
    #[inline]
    pub fn complete(
        &mut self,
        instrument: InstrumentId,
        (number, stamp): (u64, u64),
        whole: bool,
        at: Nanos,
    ) {
        if whole && self.len == 0 {
            let nothing = Body::Level { side: Side::Buy, price: Price(1), qty: Qty(0) };
            self.push(Event::new(at, instrument, number, nothing));
        }
        let delta = venue_delta_us(at, stamp);
        for row in self.as_mut_slice() {
            (row.id, row.venue_delta_us) = (number, delta);
            row.flags |= if whole { flag::SNAPSHOT } else { 0 };
        }
        if whole {
            self.flag_first(flag::FIRST);
        }
        self.flag_last();
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

/// The row of a best bid and ask of this number and venue's stamp (us); a side that is empty is 0.
/// `field` is named where they cross.
#[inline]
pub fn best_row(
    instrument: InstrumentId,
    [bid, ask]: [(Price, Qty); 2],
    (number, stamp): (u64, u64),
    (at, field): (Nanos, &'static str),
) -> Result<Event, DecodeError> {
    if bid.0 >= ask.0 && !ask.0.is_zero() {
        return Err(DecodeError::Range(field));
    }
    let body = Body::Best { bid: bid.0, bid_qty: bid.1, ask: ask.0, ask_qty: ask.1 };
    let row = Event::new(at, instrument, number, body).with(flag::LAST);
    Ok(Event { venue_delta_us: venue_delta_us(at, stamp), ..row })
}
