//! A recorded market without the orders that we had in it ourselves: what a venue is to show when
//! the session that recorded it is traded again.
//!
//! Quantities of levels lose what was ours. Where the best price was ours alone, the best of the
//! others is what depth showed behind it. Trades stay: what met our order meets the one that the
//! backtest has there.

use super::rows::{Failed, Rows};
use crate::session::Shown;
use engine::event::{Body, Event, flag};
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::time::Nanos;
use std::collections::BTreeMap;

/// Venues stamp in whole milliseconds: what has a stamp may have happened so much later.
const STAMP: u64 = 1_000_000;

/// Rows without our own orders; with none to take out they are handed through.
#[derive(Debug)]
pub struct Others<R> {
    rows: R,
    shown: Shown,
    books: BTreeMap<InstrumentId, [BTreeMap<i64, i64>; 2]>,
    /// How long the newest stamped row took to be read, ns.
    lag: u64,
    batch: Vec<Event>,
}

impl<R: Rows> Others<R> {
    /// Rows by the venue's time, of which this much was ours.
    pub const fn new(rows: R, shown: Shown) -> Self {
        Self { rows, shown, books: BTreeMap::new(), lag: 0, batch: Vec::new() }
    }

    fn without(&mut self, row: &Event) -> Event {
        if row.venue_delta_us > 0 {
            self.lag = u64::from(row.venue_delta_us.unsigned_abs()) * 1_000;
        }
        let body = match row.body() {
            Some(Body::Level { side, price, qty }) => self.level(row, side, price, qty),
            Some(Body::Best { bid, bid_qty, ask, ask_qty }) => {
                // It has no stamp: it happened some time before it was read.
                let span = (Nanos(row.at.0.saturating_sub(self.lag)), row.at);
                let [bid, ask] = [(Side::Buy, (bid, bid_qty)), (Side::Sell, (ask, ask_qty))]
                    .map(|(side, best)| self.best((row.instrument, side), best, span));
                Body::Best { bid: bid.0, bid_qty: bid.1, ask: ask.0, ask_qty: ask.1 }
            }
            Some(Body::Gap { .. }) => {
                self.books.remove(&row.instrument);
                return *row;
            }
            _ => return *row,
        };
        Event { payload: Event::new(row.at, row.instrument, row.id, body).payload, ..*row }
    }

    fn level(&mut self, row: &Event, side: Side, price: Price, qty: Qty) -> Body {
        // What has the same stamp may have happened before or after.
        let span = (Nanos(row.at.0.saturating_sub(1)), row.at);
        let own = self.shown.part((row.instrument, side.index(), price), qty.0, row.at, span);
        let books = self.books.entry(row.instrument).or_default();
        if row.has(flag::FIRST) {
            books.iter_mut().for_each(BTreeMap::clear);
        }
        let (book, left) = (&mut books[side.index()], qty.0 - own);
        if left > 0 {
            book.insert(price.0, left);
        } else {
            book.remove(&price.0);
        }
        Body::Level { side, price, qty: Qty(left) }
    }

    /// The best price of others.
    fn best(
        &mut self,
        (id, side): (InstrumentId, Side),
        (price, qty): (Price, Qty),
        span: (Nanos, Nanos),
    ) -> (Price, Qty) {
        let (at, level) = (span.0, (id, side.index(), price));
        let span = (Nanos(at.0.saturating_sub(STAMP)), span.1);
        let left = qty.0 - self.shown.part(level, qty.0, at, span);
        let book = &mut self.books.entry(id).or_default()[side.index()];
        // Nothing of others is better, and nothing stands here but what is left.
        match side {
            Side::Buy => drop(book.split_off(&price.0)),
            Side::Sell => *book = book.split_off(&(price.0 + 1)),
        }
        if left > 0 || qty.0 == 0 {
            if left > 0 {
                book.insert(price.0, left);
            }
            return (price, Qty(left));
        }
        let next = match side {
            Side::Buy => book.last_key_value(),
            Side::Sell => book.first_key_value(),
        };
        next.map_or((price, Qty::ZERO), |(price, qty)| (Price(*price), Qty(*qty)))
    }
}

impl<R: Rows> Rows for Others<R> {
    #[inline]
    fn rows(&self) -> &[Event] {
        if self.shown.is_empty() { self.rows.rows() } else { &self.batch }
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        let any = self.rows.turn()?;
        if self.shown.is_empty() {
            return Ok(any);
        }
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        for place in 0..self.rows.rows().len() {
            let row = self.rows.rows()[place];
            batch.push(self.without(&row));
        }
        self.batch = batch;
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::Held;

    const ID: InstrumentId = InstrumentId(0);

    fn row(ms: u64, body: Body) -> Event {
        Event::new(Nanos::from_ms(ms), ID, 0, body)
    }

    fn bid(price: i64, qty: i64) -> Body {
        Body::Level { side: Side::Buy, price: Price(price), qty: Qty(qty) }
    }

    fn best(price: i64, qty: i64) -> Body {
        let (bid, ask) = (Price(price), Price(110));
        Body::Best { bid, bid_qty: Qty(qty), ask, ask_qty: Qty(7) }
    }

    #[test]
    fn what_was_ours_is_taken_out() {
        // 10 lots of ours stood at 100 for a tenth of a second.
        let steps = vec![(Nanos::from_ms(1_000), 10), (Nanos::from_ms(1_100), 0)];
        let shown = Shown::standing((ID, Side::Buy.index(), Price(100)), steps);
        let rows = [
            row(1_010, bid(100, 30)).with(flag::FIRST),
            row(1_010, bid(99, 5)).with(flag::LAST),
            row(1_020, best(100, 30)),
            row(1_030, best(100, 10)),
            row(1_040, bid(100, 10)).with(flag::LAST),
            row(1_200, best(100, 10)),
        ];
        let told = |shown: Shown| {
            let mut others = Others::new(Held::new(rows), shown);
            assert_eq!(others.turn(), Ok(true));
            others.rows().iter().map(|row| row.body().unwrap()).collect::<Vec<_>>()
        };
        let expected =
            [bid(100, 20), bid(99, 5), best(100, 20), best(99, 5), bid(100, 0), best(100, 10)];
        assert_eq!(told(shown), expected);
        assert_eq!(told(Shown::default()), rows.map(|row| row.body().unwrap()));
    }
}
