//! What one line of a file says, before anyone's steps: the form that all tables are brought to.

use super::number::{Exact, Fineness};
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::{Instrument, PRICE_MAX, QTY_MAX};
use engine::num::{Amount, Notional, Price, Qty};
use engine::time::Nanos;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Told {
    Level { side: Side, price: Exact, qty: Exact },
    Best { bid: Exact, bid_qty: Exact, ask: Exact, ask_qty: Exact },
    Trade { price: Exact, qty: Exact, taker: Side },
    Liquidation { price: Exact, qty: Exact, taker: Side },
    Mark { mark: Exact, index: Option<Exact> },
    Rate { rate: Exact, next_ms: u64 },
}

/// How a level belongs to its book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It changes the book.
    Change,
    /// It is of a whole book that begins where the one before it was none.
    Whole,
    /// It is of the whole book that this number names.
    Numbered(u64),
}

/// One line's worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record {
    /// Which line or row of its file.
    pub line: u64,
    /// When it was received, ns; 0 where nobody says.
    pub local: u64,
    /// When it happened at the venue, ns; 0 where nobody says.
    pub venue: u64,
    /// Of a trade; 0 where it has none.
    pub id: u64,
    pub part: Part,
    pub told: Told,
}

impl Record {
    /// Whether the other one, which follows, is of the same message.
    pub fn is_with(&self, next: &Self) -> bool {
        let levels = matches!((&self.told, &next.told), (Told::Level { .. }, Told::Level { .. }));
        levels && (self.local, self.venue, self.part) == (next.local, next.venue, next.part)
    }

    /// Shows its numbers to those who look for steps.
    pub fn measure(&self, prices: &mut Fineness, qtys: &mut Fineness) {
        match self.told {
            Told::Level { price, qty, .. }
            | Told::Trade { price, qty, .. }
            | Told::Liquidation { price, qty, .. } => {
                prices.see(price);
                qtys.see(qty);
            }
            Told::Best { bid, bid_qty, ask, ask_qty } => {
                [bid, ask].into_iter().for_each(|price| prices.see(price));
                [bid_qty, ask_qty].into_iter().for_each(|qty| qtys.see(qty));
            }
            Told::Mark { .. } | Told::Rate { .. } => {}
        }
    }

    /// When we received it: as the file says, or so long after the venue's time.
    pub fn received(&self, latency_ns: u64) -> Nanos {
        Nanos(if self.local > 0 { self.local } else { self.venue.saturating_add(latency_ns) })
    }

    /// As a row, last of its message.
    pub fn row(&self, instrument: &Instrument, latency_ns: u64) -> Result<Event, String> {
        let at = self.received(latency_ns);
        let id = if self.id > 0 { self.id } else { at.0 };
        let body = self.body(instrument)?;
        let row = Event::new(at, instrument.id, id, body).with(flag::LAST);
        Ok(Event { venue_delta_us: delta_us(at, self.venue), ..row })
    }

    fn body(&self, instrument: &Instrument) -> Result<Body, String> {
        let price = |exact| price(instrument, exact);
        let qty = |exact| qty(instrument, exact);
        Ok(match self.told {
            Told::Level { side, price: level, qty: lots } => {
                Body::Level { side, price: price(level)?, qty: qty(lots)? }
            }
            Told::Best { bid, bid_qty, ask, ask_qty } => Body::Best {
                bid: price(bid)?,
                bid_qty: qty(bid_qty)?,
                ask: price(ask)?,
                ask_qty: qty(ask_qty)?,
            },
            Told::Trade { price: level, qty: lots, taker } => {
                Body::Trade { price: price(level)?, qty: qty(lots)?, taker }
            }
            Told::Liquidation { price: level, qty: lots, taker } => {
                Body::Liquidation { price: price(level)?, qty: qty(lots)?, taker }
            }
            Told::Mark { mark, index } => {
                let index = index.map_or(Ok(Notional(0)), money)?;
                Body::Mark { mark: money(mark)?, index }
            }
            Told::Rate { rate, next_ms } => {
                Body::FundingRate { rate: Amount(money(rate)?.0), next_ms }
            }
        })
    }
}

fn money(exact: Exact) -> Result<Notional, String> {
    exact.hundred_millionths().map(Notional).ok_or_else(|| format!("{exact} is too large"))
}

fn price(instrument: &Instrument, exact: Exact) -> Result<Price, String> {
    let steps = exact.steps(instrument.tick).ok_or_else(|| {
        let tick = instrument.tick.decimal(1);
        format!("a price of {exact} is no multiple of the tick {tick}; give the right --tick")
    })?;
    if (0..=PRICE_MAX).contains(&steps) {
        return Ok(Price(steps));
    }
    Err(format!("a price of {exact} is below 0 or too large; is it the right column?"))
}

fn qty(instrument: &Instrument, exact: Exact) -> Result<Qty, String> {
    let steps = exact.steps(instrument.lot).ok_or_else(|| {
        let lot = instrument.lot.decimal(1);
        format!("a quantity of {exact} is no multiple of the lot {lot}; give the right --lot")
    })?;
    if (0..=QTY_MAX).contains(&steps) {
        return Ok(Qty(steps));
    }
    Err(format!("a quantity of {exact} is below 0 or too large; is it the right column?"))
}

/// Our reading minus the venue's time, µs; 0 where it has none; sticks at the ends.
pub(super) fn delta_us(at: Nanos, venue: u64) -> i32 {
    if venue == 0 {
        return 0;
    }
    let delta = (at.0 / 1_000) as i64 - (venue / 1_000) as i64;
    i32::try_from(delta).unwrap_or(if delta < 0 { i32::MIN } else { i32::MAX })
}
