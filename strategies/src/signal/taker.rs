//! Public trades put together to taker orders, and how far from the mid each one reached.
//!
//! A taker order that is larger than the best level trades through several, and the venue prints
//! one trade for each. The arrival model counts *orders*, and asks of each how deep it reached:
//! trades of one side that the venue executed in the same millisecond are one order, and its
//! **distance** is that of its deepest price from the mid that stood before it,
//!
//! ```text
//! buy taker:  highest price − mid        sell taker:  mid − lowest price        (below 0: 0)
//! ```
//!
//! Two orders of one side in one millisecond are counted as one; at the rates of liquid spot
//! markets (tens a second) that is under 2 % of them.
//!
//! The book's own stream may show an order's effect before the trade stream tells of it. The mid is
//! therefore taken from [`TakerOrders::on_mid`] as of `lag` before the trade's first print.

use engine::id::Side;
use engine::num::Price;
use engine::state::{Sink, Source, State};
use engine::time::Nanos;

/// How many changes of the mid are remembered; with more within the lag, the oldest one serves.
pub const MIDS_KEPT: usize = 32;

/// After this long no more prints of an order are waited for.
const SETTLED: Nanos = Nanos::from_ms(10);

/// One taker order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakerOrder {
    /// Its side: a buy reaches into the asks.
    pub side: Side,
    /// How far from the mid it reached, in half ticks; never below 0.
    pub distance: i64,
}

/// A public trade, with the venue's own time of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// Event time.
    pub at: Nanos,
    /// The venue's time stamp, milliseconds since 1970.
    pub venue_ms: u64,
    /// Who took.
    pub side: Side,
    /// At which price.
    pub price: Price,
}

/// Puts prints together. Bounded memory, no allocation.
#[derive(Clone, Debug)]
pub struct TakerOrders {
    lag: Nanos,
    mids: [Mid; MIDS_KEPT],
    newest: usize,
    pending: Option<Pending>,
}

/// A mid in half ticks (bid plus ask), and since when; `at` of `None` is an empty place.
#[derive(Clone, Copy, Debug)]
struct Mid {
    at: Option<Nanos>,
    value: i64,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Nanos,
    venue_ms: u64,
    side: Side,
    mid: i64,
    deepest: Price,
}

impl TakerOrders {
    /// With no mid seen. `lag` is how long the mid has to have stood before a trade to be taken as
    /// the one before it.
    pub fn new(lag: Nanos) -> Self {
        let none = Mid { at: None, value: 0 };
        Self { lag, mids: [none; MIDS_KEPT], newest: 0, pending: None }
    }

    /// Takes another lag over.
    pub fn configure(&mut self, lag: Nanos) {
        self.lag = lag;
    }

    /// The mid in half ticks (best bid plus best ask) from this event on.
    #[inline]
    pub fn on_mid(&mut self, at: Nanos, mid: i64) {
        let newest = &self.mids[self.newest];
        if newest.at.is_some() && newest.value == mid {
            return;
        }
        self.newest = (self.newest + 1) % MIDS_KEPT;
        self.mids[self.newest] = Mid { at: Some(at), value: mid };
    }

    /// The book is blank: what was seen of it says nothing about what comes. Gives the order that
    /// was being put together.
    pub fn pause(&mut self) -> Option<TakerOrder> {
        self.mids = [Mid { at: None, value: 0 }; MIDS_KEPT];
        self.flush()
    }

    /// One trade. Gives the order before it when this trade begins another one.
    pub fn on_print(&mut self, print: Print) -> Option<TakerOrder> {
        if let Some(pending) = &mut self.pending
            && pending.venue_ms == print.venue_ms
            && pending.side == print.side
        {
            pending.deepest = match print.side {
                Side::Buy => pending.deepest.max(print.price),
                Side::Sell => pending.deepest.min(print.price),
            };
            return None;
        }
        let done = self.flush();
        self.pending = self.mid_before(print.at).map(|mid| Pending {
            at: print.at,
            venue_ms: print.venue_ms,
            side: print.side,
            mid,
            deepest: print.price,
        });
        done
    }

    /// Ends the order that is being put together.
    pub fn flush(&mut self) -> Option<TakerOrder> {
        self.pending.take().map(|pending| {
            let reach = pending.deepest.0.saturating_mul(2).saturating_sub(pending.mid);
            let distance = reach.saturating_mul(pending.side.sign()).max(0);
            TakerOrder { side: pending.side, distance }
        })
    }

    /// Ends the order that is being put together once its first print is so old that no more
    /// of its millisecond come.
    pub fn flush_before(&mut self, at: Nanos) -> Option<TakerOrder> {
        let over = self.pending.is_some_and(|pending| at.since(pending.at) >= SETTLED);
        if over { self.flush() } else { None }
    }

    /// The youngest mid that had stood for the lag; else the oldest one remembered.
    fn mid_before(&self, at: Nanos) -> Option<i64> {
        let mut oldest = None;
        for back in 0..MIDS_KEPT {
            let mid = self.mids[(self.newest + MIDS_KEPT - back) % MIDS_KEPT];
            let Some(since) = mid.at else { break };
            oldest = Some(mid.value);
            if since.after(self.lag) <= at {
                break;
            }
        }
        oldest
    }
}

impl State for TakerOrders {
    fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.newest as u64);
        for mid in &self.mids {
            sink.word(u64::from(mid.at.is_some()));
            sink.word(mid.at.unwrap_or_default().0);
            sink.int(mid.value);
        }
        let none =
            Pending { at: Nanos::ZERO, venue_ms: 0, side: Side::Buy, mid: 0, deepest: Price::ZERO };
        let pending = self.pending.unwrap_or(none);
        sink.word(u64::from(self.pending.is_some()));
        sink.word(pending.at.0);
        sink.word(pending.venue_ms);
        sink.word(pending.side.index() as u64);
        sink.int(pending.mid);
        sink.int(pending.deepest.0);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        let newest = usize::try_from(source.word()?).ok()?;
        self.newest = Some(newest).filter(|newest| *newest < MIDS_KEPT)?;
        for mid in &mut self.mids {
            let full = source.word()? == 1;
            let at = Nanos(source.word()?);
            *mid = Mid { at: full.then_some(at), value: source.int()? };
        }
        let full = source.word()? == 1;
        let pending = Pending {
            at: Nanos(source.word()?),
            venue_ms: source.word()?,
            side: if source.word()? == 0 { Side::Buy } else { Side::Sell },
            mid: source.int()?,
            deepest: Price(source.int()?),
        };
        self.pending = full.then_some(pending);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;
    use std::string::String;

    /// Lines `mid MS BID ASK`, `buy|sell MS PRICE`, `pause` in; orders out.
    fn check(lag_ms: u64, text: &str, expect: &str) {
        let mut orders = TakerOrders::new(Nanos::from_ms(lag_ms));
        let mut out = String::new();
        let mut say = |order: Option<TakerOrder>| {
            if let Some(TakerOrder { side, distance }) = order {
                out += &format!("{side:?} {distance} ");
            }
        };
        for line in text.split('/') {
            let mut words = line.split_whitespace();
            let verb = words.next().unwrap();
            let n: [u64; 3] =
                core::array::from_fn(|_| words.next().map_or(0, |word| word.parse().unwrap()));
            let at = Nanos::from_ms(n[0]);
            let (venue_ms, price) = (n[0], Price(n[1] as i64));
            match verb {
                "mid" => orders.on_mid(at, (n[1] + n[2]) as i64),
                "buy" => say(orders.on_print(Print { at, venue_ms, side: Side::Buy, price })),
                "sell" => say(orders.on_print(Print { at, venue_ms, side: Side::Sell, price })),
                "pause" => say(orders.pause()),
                _ => panic!("{verb}"),
            }
        }
        say(orders.flush());
        assert_eq!(out.trim(), expect, "{text}");
    }

    #[test]
    fn prints_of_one_millisecond_and_side_are_one_order() {
        check(0, "mid 1 100 101 / buy 5 101 / buy 5 103 / buy 5 102", "Buy 5");
        check(0, "mid 1 100 101 / sell 5 100 / sell 5 97 / sell 6 100", "Sell 7 Sell 1");
        check(0, "mid 1 100 101 / buy 5 101 / sell 5 100", "Buy 1 Sell 1");
        check(0, "mid 1 100 101 / buy 5 99", "Buy 0");
    }

    #[test]
    fn the_mid_is_the_one_before_the_order() {
        check(0, "mid 1 100 101 / buy 5 101 / mid 5 110 111 / buy 5 105", "Buy 9");
        check(0, "mid 1 100 101 / mid 5 110 111 / buy 6 105", "Buy 0");
        check(3, "mid 1 100 101 / mid 5 110 111 / buy 6 105", "Buy 9");
        check(3, "mid 5 100 101 / buy 6 105", "Buy 9");
    }

    #[test]
    fn without_a_book_nothing_is_counted() {
        check(0, "buy 5 101", "");
        check(0, "mid 1 100 101 / buy 5 101 / pause / buy 6 101", "Buy 1");
    }
}
