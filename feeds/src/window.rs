//! The book of a venue that keeps us informed about its best N levels a side: held here, so that a
//! level that leaves the window leaves the book, a crossed book never goes out, and a venue's
//! checksum can be verified.
//!
//! ```text
//!  sequence ──rows in order──▶ Windowed ──rows, and what they pushed out──▶ ring
//!                                 └ crossed, or another checksum: nothing goes out, a new book
//!                                   is wanted
//! ```
//!
//! Levels lie in order with the best one last: near the touch, where most changes are, few move.

mod checksum;

use crate::net::ring::RowSink;
use crate::reading::{Places, stamp_us};
use engine::event::{Body, Event, flag, kind};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Price, Qty};

/// What the rows of a checked book say beyond their meaning until they leave the feed: how the
/// venue printed them, and in the last one what the checksum is then.
pub(crate) mod note {
    use super::{Event, Places};

    const PRINTED: u64 = 1 << 32;
    const EXPECTED: u64 = 1 << 32;

    /// The venue printed price and quantity with so many places.
    #[inline]
    pub fn set_printed(row: &mut Event, price: Places, qty: Places) {
        row.payload[3] = PRINTED | u64::from(price.0) << 8 | u64::from(qty.0);
    }

    /// After this row the book has this checksum.
    #[inline]
    pub fn set_checksum(row: &mut Event, checksum: u32) {
        row.payload[2] = EXPECTED | u64::from(checksum);
    }

    pub(super) const fn printed(row: &Event) -> Option<(Places, Places)> {
        let word = row.payload[3];
        if word & PRINTED == 0 {
            return None;
        }
        Some((Places((word >> 8) as u8), Places(word as u8)))
    }

    pub(super) const fn checksum(row: &Event) -> Option<u32> {
        let word = row.payload[2];
        if word & EXPECTED == 0 { None } else { Some(word as u32) }
    }
}

/// Why a book is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Bid at or above ask after a whole message.
    Crossed,
    /// The venue's checksum is another one.
    Checksum,
}

#[derive(Clone, Copy, Debug)]
struct Standing {
    /// The price, negated on the ask side: the best level is the highest key of either.
    key: i64,
    qty: i64,
    printed: Option<(Places, Places)>,
}

/// The best levels of one instrument.
#[derive(Debug)]
pub(crate) struct Window {
    instrument: Instrument,
    levels_max: usize,
    rows_max: usize,
    sides: [Vec<Standing>; 2],
    /// The venue's time of the last change.
    stamp_us: u64,
    rows: Vec<Event>,
    text: Vec<u8>,
    flaw: Option<Flaw>,
}

impl Window {
    /// Of so many levels a side, for messages of so many rows. All memory is reserved here.
    pub fn new(instrument: &Instrument, levels_max: usize, rows_max: usize) -> Self {
        let side = || Vec::with_capacity(levels_max + rows_max);
        Self {
            instrument: *instrument,
            levels_max,
            rows_max,
            sides: [side(), side()],
            stamp_us: 0,
            rows: Vec::with_capacity(rows_max * 2),
            text: Vec::with_capacity(checksum::TEXT_MAX),
            flaw: None,
        }
    }

    /// What is wrong with the book since this was asked last.
    pub fn flaw(&mut self) -> Option<Flaw> {
        self.flaw.take()
    }

    /// All levels as a snapshot, each row like this one; a row of nothing when there is none.
    pub fn snapshot(&mut self, like: &Event) -> &[Event] {
        self.rows.clear();
        for side in Side::BOTH {
            for standing in self.sides[side.index()].iter().rev() {
                let mut row = row_of(like, side, standing.key, standing.qty);
                if let Some((price, qty)) = standing.printed {
                    note::set_printed(&mut row, price, qty);
                }
                row.flags = (row.flags & flag::SELL) | flag::SNAPSHOT;
                self.rows.push(row);
            }
        }
        if self.rows.is_empty() {
            self.rows.push(row_of(like, Side::Buy, 1, 0).with(flag::SNAPSHOT));
        }
        if let Some(first) = self.rows.first_mut() {
            first.flags |= flag::FIRST;
        }
        if let Some(last) = self.rows.last_mut() {
            last.flags |= flag::LAST;
        }
        &self.rows
    }

    /// Whether these rows, each another level, are all that stands here, and of the same time.
    /// Books of other times may look alike.
    pub fn is(&self, rows: &[Event]) -> bool {
        let stands = |row: &&Event| match plain_level(row) {
            Some(Body::Level { side, price, qty }) => {
                let key = if side == Side::Buy { price.0 } else { -price.0 };
                let levels = &self.sides[side.index()];
                let place = levels.binary_search_by_key(&key, |standing| standing.key);
                let own = place.ok().and_then(|place| levels.get(place));
                own.map_or(0, |standing| standing.qty) == qty.0
            }
            _ => false,
        };
        let levels = rows.iter().filter(|row| row.payload[1] != 0).count();
        let held: usize = self.sides.iter().map(Vec::len).sum();
        let same_time = rows.first().map(stamp_us) == Some(self.stamp_us);
        same_time && levels == held && rows.iter().all(|row| stands(&row))
    }

    /// Changes levels as these rows say, without a word about it; false when the message is too
    /// large.
    pub fn apply(&mut self, rows: &[Event]) -> bool {
        if rows.len() > self.rows_max {
            return false;
        }
        self.rows.clear();
        self.stamp_us = rows.last().map_or(self.stamp_us, stamp_us);
        for row in rows {
            if row.has(flag::FIRST) {
                self.sides.iter_mut().for_each(Vec::clear);
            }
            self.set(row);
            let mut plain = *row;
            (plain.payload[2], plain.payload[3]) = (0, 0);
            plain.flags &= !flag::LAST;
            self.rows.push(plain);
        }
        for side in Side::BOTH {
            self.cut(side);
        }
        if let Some(last) = self.rows.last_mut() {
            last.flags |= flag::LAST;
        }
        true
    }

    fn set(&mut self, row: &Event) {
        let Some(Body::Level { side, price, qty }) = plain_level(row) else { return };
        let key = if side == Side::Buy { price.0 } else { -price.0 };
        let levels = &mut self.sides[side.index()];
        let standing = Standing { key, qty: qty.0, printed: note::printed(row) };
        // Most changes are near the touch, which is at the end.
        match levels.binary_search_by_key(&key, |standing| standing.key) {
            Ok(place) if qty.is_zero() => {
                levels.remove(place);
            }
            Ok(place) => levels[place] = standing,
            Err(_) if qty.is_zero() => {}
            Err(place) => levels.insert(place, standing),
        }
    }

    /// Drops the levels beyond the window, and says so.
    fn cut(&mut self, side: Side) {
        let levels = &mut self.sides[side.index()];
        let Some(over) = levels.len().checked_sub(self.levels_max).filter(|over| *over > 0) else {
            return;
        };
        let Some(like) = self.rows.last().copied() else { return };
        for standing in levels.drain(..over) {
            let mut row = row_of(&like, side, standing.key, 0);
            row.flags |= like.flags & flag::SNAPSHOT;
            self.rows.push(row);
        }
    }

    fn is_crossed(&self) -> bool {
        let best = |side: Side| self.sides[side.index()].last().map(|standing| standing.key);
        match (best(Side::Buy), best(Side::Sell)) {
            (Some(bid), Some(ask)) => bid >= -ask,
            _ => false,
        }
    }

    /// Judges the book after a whole message whose last row this is.
    fn judge(&mut self, last: &Event) {
        if self.is_crossed() {
            self.flaw = Some(Flaw::Crossed);
        } else if let Some(expected) = note::checksum(last) {
            let own = checksum::of(&self.instrument, &self.sides, &mut self.text);
            if own.is_some_and(|own| own != expected) {
                self.flaw = Some(Flaw::Checksum);
            }
        }
    }
}

/// The meaning of a level's row that may carry a note.
fn plain_level(row: &Event) -> Option<Body> {
    let [price, qty, ..] = row.payload;
    Event { payload: [price, qty, 0, 0], ..*row }.body()
}

fn row_of(like: &Event, side: Side, key: i64, qty: i64) -> Event {
    let price = Price(if side == Side::Buy { key } else { -key });
    let level = Body::Level { side, price, qty: Qty(qty) };
    let row = Event::new(like.at, like.instrument, like.id, level);
    Event { venue_delta_us: like.venue_delta_us, ..row }
}

/// A way out through a window, where there is one.
pub(crate) struct Windowed<'a, O> {
    pub window: Option<&'a mut Window>,
    pub out: &'a mut O,
}

impl<O: RowSink> RowSink for Windowed<'_, O> {
    #[inline]
    fn message(&mut self, rows: &[Event]) -> bool {
        match &mut self.window {
            Some(window) if rows.first().is_some_and(|row| row.kind == kind::LEVEL) => {
                through(window, rows, self.out)
            }
            _ => self.out.message(rows),
        }
    }

    fn has_room(&self, rows: usize) -> bool {
        self.out.has_room(rows)
    }
}

/// Applies a message and hands it on. Of a flawed book nothing goes out any more: that counts as
/// taken, so that whoever sent it looks at the flaw.
fn through(window: &mut Window, rows: &[Event], out: &mut impl RowSink) -> bool {
    if window.flaw.is_some() {
        return true;
    }
    // Each row pushes out one at most. Asked before, for a message that is tried twice would tell
    // only once what it pushed out.
    if !out.has_room(rows.len() * 2) || !window.apply(rows) {
        return false;
    }
    if let Some(last) = rows.last() {
        window.judge(last);
    }
    window.flaw.is_some() || out.message(&window.rows)
}

#[cfg(test)]
mod tests;
