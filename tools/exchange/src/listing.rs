//! One symbol's market: its book, ids, tape, day statistics and candles.

use crate::event::Agg;
use crate::matching::{Book, Taken, Taker};
use crate::order::Side;
use crate::replay::Recorded;
use crate::symbol::Symbol;
use crate::venue::Mark;
use std::collections::{BTreeSet, VecDeque};

/// One public trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub id: u64,
    pub price: i64,
    pub lots: i64,
    pub time_ms: u64,
    pub buyer_maker: bool,
}

/// One candle of a minute; prices in ticks, volumes in lots and 1e-8 of the quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candle {
    pub open_ms: u64,
    pub open: i64,
    pub high: i64,
    pub low: i64,
    pub close: i64,
    pub lots: i64,
    pub quote: i64,
    pub count: u64,
    pub taker_lots: i64,
    pub taker_quote: i64,
    pub first_id: u64,
    pub last_id: u64,
}

impl Candle {
    pub(crate) fn add(&mut self, tick: &Tick, unit: i64) {
        if self.count == 0 {
            (self.open, self.high, self.low) = (tick.price, tick.price, tick.price);
            self.first_id = tick.id;
        }
        let quote = tick.price.saturating_mul(tick.lots).saturating_mul(unit);
        self.high = self.high.max(tick.price);
        self.low = self.low.min(tick.price);
        self.close = tick.price;
        self.lots = self.lots.saturating_add(tick.lots);
        self.quote = self.quote.saturating_add(quote);
        self.count += 1;
        self.last_id = tick.id;
        if !tick.buyer_maker {
            self.taker_lots = self.taker_lots.saturating_add(tick.lots);
            self.taker_quote = self.taker_quote.saturating_add(quote);
        }
    }

    /// Takes in the candle that follows it.
    fn extend(&mut self, next: &Self) {
        self.high = self.high.max(next.high);
        self.low = self.low.min(next.low);
        self.close = next.close;
        self.lots = self.lots.saturating_add(next.lots);
        self.quote = self.quote.saturating_add(next.quote);
        self.count += next.count;
        self.taker_lots = self.taker_lots.saturating_add(next.taker_lots);
        self.taker_quote = self.taker_quote.saturating_add(next.taker_quote);
        self.last_id = next.last_id;
    }
}

/// Public trades and minutes kept for queries.
const TAPE_MAX: usize = 1000;
/// Prices kept for triggers between two looks.
const PATH_MAX: usize = 1024;
const CANDLES_MAX: usize = 1500;

/// One symbol's market.
pub(crate) struct Listing {
    pub symbol: Symbol,
    pub book: Book,
    /// Set where the market is a recording: its levels are the public book, `book` is empty.
    pub recorded: Option<Recorded>,
    /// Mark price and funding of a perpetual.
    pub mark: Option<Mark>,
    /// Id of the last book change.
    pub update: u64,
    /// Id of the next trade.
    pub trade: u64,
    /// Id of the next aggregated trade.
    pub agg: u64,
    /// Last traded price in ticks.
    pub last: i64,
    /// Prices traded since triggers were looked at, in their order, none twice in a row.
    pub path: Vec<i64>,
    pub tape: VecDeque<Tick>,
    pub aggs: VecDeque<Agg>,
    pub day: Candle,
    pub candles: VecDeque<Candle>,
    /// Levels changed since each of the protocol's views was last told; as many as it has.
    pub views: Vec<Changed>,
    /// Trades and book changes so far.
    pub trades: u64,
    pub updates: u64,
}

/// Levels changed since a view was last told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changed {
    /// First update id among the changes; zero where there are none.
    pub first: u64,
    pub levels: BTreeSet<(Side, i64)>,
}

impl Changed {
    pub(crate) fn note(&mut self, update: u64, side: Side, price: i64) {
        if self.first == 0 {
            self.first = update;
        }
        self.levels.insert((side, price));
    }
}

impl Listing {
    pub(crate) fn new(symbol: Symbol, update: u64, trade: u64) -> Self {
        let last = symbol.start_price / symbol.tick;
        let mark = symbol.perp.as_ref().map(|_| Mark::new(symbol.start_price));
        Self {
            mark,
            symbol,
            book: Book::default(),
            recorded: None,
            update,
            trade,
            agg: trade / 3 + 1,
            last,
            path: Vec::new(),
            tape: VecDeque::with_capacity(TAPE_MAX),
            aggs: VecDeque::with_capacity(TAPE_MAX),
            day: Candle::default(),
            candles: VecDeque::new(),
            views: Vec::new(),
            trades: 0,
            updates: 0,
        }
    }

    /// Best public price and lots of a side.
    pub(crate) fn best(&self, side: Side) -> Option<(i64, i64)> {
        match &self.recorded {
            Some(recorded) => recorded.best(side),
            None => self.book.best(side),
        }
    }

    /// Public lots at a price.
    pub(crate) fn lots_at(&self, side: Side, price: i64) -> i64 {
        match &self.recorded {
            Some(recorded) => recorded.lots_at(side, price),
            None => self.book.lots_at(side, price),
        }
    }

    /// Up to `limit` public levels from the best outward, price and quantity in 1e-8.
    pub(crate) fn depth(&self, side: Side, limit: usize) -> Vec<(i64, i64)> {
        let scale = |(price, lots): (i64, i64)| (price * self.symbol.tick, lots * self.symbol.lot);
        match &self.recorded {
            Some(recorded) => recorded.levels(side).take(limit).map(scale).collect(),
            None => self.book.levels(side).take(limit).map(scale).collect(),
        }
    }

    /// Meets an incoming order with the book, or with the recorded market.
    pub(crate) fn take(&mut self, id: u64, taker: &Taker, rests: bool) -> Taken {
        match &mut self.recorded {
            Some(recorded) => recorded.take(id, taker, rests),
            None => self.book.take(taker),
        }
    }

    /// Whether a limit order at this price would meet an order of the other side.
    pub(crate) fn crosses(&self, side: Side, price: i64) -> bool {
        let reaches = |best: i64| match side {
            Side::Buy => price >= best,
            Side::Sell => price <= best,
        };
        let own = self.recorded.as_ref().and_then(|recorded| recorded.own_best(side.other()));
        own.is_some_and(reaches) || self.best(side.other()).is_some_and(|(best, _)| reaches(best))
    }

    /// Amount, in units of one lot at one tick, that a market purchase of `lots` costs.
    pub(crate) fn cost(&self, taker: &Taker, lots: i64) -> i64 {
        match &self.recorded {
            Some(recorded) => recorded.cost(taker, lots),
            None => self.book.cost(taker.side, lots),
        }
    }

    /// Lots that an incoming order could take at once.
    pub(crate) fn available(&self, taker: &Taker) -> i64 {
        match &self.recorded {
            Some(recorded) => recorded.available(taker),
            None => self.book.available(taker),
        }
    }

    /// Numbers the book's changes; returns whether any happened.
    pub(crate) fn number_changes(&mut self) -> bool {
        let before = self.update;
        for (side, price) in self.book.drain_dirty() {
            self.update += 1;
            self.updates += 1;
            for view in &mut self.views {
                view.note(self.update, side, price);
            }
        }
        self.update != before
    }

    /// The minutes put together into candles of `span_ms`, oldest first.
    pub(crate) fn candles_of(&self, span_ms: u64) -> Vec<Candle> {
        let mut out: Vec<Candle> = Vec::new();
        for minute in &self.candles {
            let open_ms = minute.open_ms / span_ms * span_ms;
            match out.last_mut() {
                Some(candle) if candle.open_ms == open_ms => candle.extend(minute),
                _ => out.push(Candle { open_ms, ..*minute }),
            }
        }
        out
    }

    /// Notes an aggregated trade.
    pub(crate) fn aggregate(&mut self, agg: Agg) {
        if self.aggs.len() == TAPE_MAX {
            self.aggs.pop_front();
        }
        self.aggs.push_back(agg);
    }

    /// Notes a public trade.
    pub(crate) fn print(&mut self, tick: Tick) {
        let unit = self.symbol.unit();
        self.trades += 1;
        self.last = tick.price;
        self.step_to(tick.price);
        self.day.add(&tick, unit);
        if self.day.open_ms == 0 {
            self.day.open_ms = tick.time_ms;
        }
        let minute = tick.time_ms / 60_000 * 60_000;
        if self.candles.back().is_none_or(|candle| candle.open_ms != minute) {
            if self.candles.len() == CANDLES_MAX {
                self.candles.pop_front();
            }
            self.candles.push_back(Candle { open_ms: minute, ..Candle::default() });
        }
        if let Some(candle) = self.candles.back_mut() {
            candle.add(&tick, unit);
        }
        if self.tape.len() == TAPE_MAX {
            self.tape.pop_front();
        }
        self.tape.push_back(tick);
    }

    /// Notes a price on the path. Of a long one lowest, highest and last are kept.
    fn step_to(&mut self, price: i64) {
        if self.path.last() == Some(&price) {
            return;
        }
        self.path.push(price);
        if self.path.len() > PATH_MAX {
            let at = |wanted: Option<&i64>| self.path.iter().position(|one| Some(one) == wanted);
            let mut kept = [at(self.path.iter().min()), at(self.path.iter().max())];
            kept.sort_unstable();
            let kept = kept.into_iter().flatten().map(|n| self.path[n]).chain([price]);
            self.path = kept.collect();
        }
    }
}
