//! The books as they stand at a moment inside a tape, for windows that do not begin where a whole
//! book does.

use super::columns::Columns;
use super::{Tape, TapeError, within};
use engine::event::{Body, Event, flag, kind};
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::time::Nanos;
use std::collections::BTreeMap;

/// Both sides of one book, and its newest row.
#[derive(Debug, Default)]
struct Depth {
    sides: [BTreeMap<Price, Qty>; 2],
    newest: Option<Event>,
}

impl Depth {
    fn take(&mut self, row: &Event) {
        match row.body() {
            Some(Body::Gap { .. }) => *self = Self::default(),
            Some(Body::Level { side, price, qty }) => {
                let begins = row.has(flag::FIRST);
                if begins {
                    *self = Self::default();
                }
                if !begins && self.newest.is_none() {
                    // Nothing is known of this book yet.
                    return;
                }
                self.newest = Some(*row);
                if let Some(levels) = self.sides.get_mut(side.index()) {
                    match qty.0 {
                        0 => levels.remove(&price),
                        _ => levels.insert(price, qty),
                    };
                }
            }
            _ => {}
        }
    }

    /// It as a message: a whole book, at this moment.
    fn rows(&self, at: Nanos, instrument: InstrumentId, out: &mut Vec<Event>) {
        let Some(newest) = self.newest else { return };
        let start = out.len();
        for side in Side::BOTH {
            let levels = self.sides.get(side.index()).into_iter().flatten();
            out.extend(levels.map(|(price, qty)| {
                let body = Body::Level { side, price: *price, qty: *qty };
                Event::new(at, instrument, newest.id, body).with(flag::SNAPSHOT)
            }));
        }
        if let Some(first) = out.get_mut(start) {
            *first = first.with(flag::FIRST);
            if let Some(last) = out.last_mut() {
                *last = last.with(flag::LAST);
            }
        }
    }
}

impl Tape {
    /// The book of each instrument as it was received before `at`, as whole books of that moment;
    /// of an instrument whose book was not whole then, nothing.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn books(&self, at: Nanos) -> Result<Vec<Event>, TapeError> {
        let end = self.groups_in(Nanos::ZERO, at).end;
        let groups = self.groups.get(..end).unwrap_or_default();
        // Everything before the last whole book of each instrument is of no matter.
        let begins = |id: InstrumentId| groups.iter().rposition(|one| one.books.contains(&id.0));
        let ids = self.instruments.iter().map(|listed| listed.instrument.id);
        let start = ids.filter_map(begins).min().unwrap_or(end);
        let mut books: BTreeMap<InstrumentId, Depth> = BTreeMap::new();
        let (mut columns, mut rows) = (Columns::default(), Vec::new());
        for place in start..end {
            self.decode(place, &mut columns, &mut rows)?;
            for row in within(&rows, Nanos::ZERO, at) {
                if matches!(row.kind, kind::LEVEL | kind::GAP) {
                    books.entry(row.instrument).or_default().take(row);
                }
            }
        }
        let mut out = Vec::new();
        for (id, book) in &books {
            book.rows(at, *id, &mut out);
        }
        Ok(out)
    }
}
