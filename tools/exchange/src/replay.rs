//! A recorded market: its public book, and our own orders filled beside it by `venues::sim`.
//!
//! The recording goes out as it was, at its own pace or faster, with its times moved to now. Our
//! orders change nothing in it: they are seen in the private stream and the ledger only, and their
//! trade ids come from a range of their own. Where depth messages are missing, a later snapshot
//! mends the book.

mod mend;

use crate::dialect::Depth;
use crate::event::Agg;
use crate::floor::{Floor, SharedFloor, wall_ms};
use crate::listing::Tick;
use crate::matching::{Step, Taken, Taker, Want};
use crate::order::{Side, SymbolId};
use crate::recording::{Frame, Pair, Recording};
use crate::symbol::Symbol;
use engine::id::Side as SimSide;
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;
use mend::Mend;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use venues::sim::{Ask, Market, NewOrder, Refusal, Settings, Tif, What};

/// The public book of a recording, and the simulated market in which our orders stand.
pub(crate) struct Recorded {
    /// Id of the last depth message applied.
    pub update: u64,
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    market: Market,
    tick: i64,
    lot: i64,
    now: Nanos,
    mend: Mend,
}

/// A fill of a resting order: order id, price in ticks, lots.
pub(crate) type RestingFill = (u64, i64, i64);

fn sim_side(side: Side) -> SimSide {
    match side {
        Side::Buy => SimSide::Buy,
        Side::Sell => SimSide::Sell,
    }
}

fn grid(step: i64) -> Grid {
    Grid { decimals: 8, step }
}

impl Recorded {
    /// The book of the recording's first snapshot.
    pub(crate) fn new(spec: &Symbol, recording: &Recording) -> Self {
        let mut settings = Settings::new(grid(spec.tick), grid(spec.lot));
        // The exchange checks the number of orders itself.
        settings.orders_max = 100_000;
        let mut recorded = Self {
            update: 0,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            market: Market::new(settings),
            tick: spec.tick,
            lot: spec.lot,
            now: Nanos::ZERO,
            mend: Mend::default(),
        };
        if let Some((update, sides)) = recording.snapshot() {
            recorded.market.on_snapshot(Nanos::ZERO);
            recorded.depth(update, sides);
        }
        recorded
    }

    /// Best price that an order arriving now would meet.
    pub(crate) fn best(&self, side: Side) -> Option<(i64, i64)> {
        self.market.displayed().best(sim_side(side)).map(|(price, qty)| (price.0, qty.0))
    }

    /// Best price of our own resting orders of a side.
    pub(crate) fn own_best(&self, side: Side) -> Option<i64> {
        let own = self.market.open().filter(|order| order.side == sim_side(side));
        let prices = own.map(|order| order.price.0);
        if side == Side::Buy { prices.max() } else { prices.min() }
    }

    pub(crate) fn lots_at(&self, side: Side, price: i64) -> i64 {
        let levels = if side == Side::Buy { &self.bids } else { &self.asks };
        levels.get(&price).copied().unwrap_or(0)
    }

    /// Levels of the depth stream, best first.
    pub(crate) fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (i64, i64)> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(|(p, l)| (*p, *l))),
            Side::Sell => Box::new(self.asks.iter().map(|(p, l)| (*p, *l))),
        }
    }

    fn takeable(&self, taker: &Taker) -> impl Iterator<Item = (i64, i64)> + '_ {
        let limit = taker.limit.map(Price);
        let side = sim_side(taker.side.other());
        self.market.displayed().takeable(side, limit).map(|(price, qty)| (price.0, qty.0))
    }

    pub(crate) fn available(&self, taker: &Taker) -> i64 {
        self.takeable(taker).fold(0_i64, |sum, (_, lots)| sum.saturating_add(lots))
    }

    /// Price × lots of taking this many from the best outward.
    pub(crate) fn cost(&self, taker: &Taker, lots: i64) -> i64 {
        let mut left = lots;
        let mut cost = 0_i64;
        for (price, here) in self.takeable(taker) {
            let part = left.min(here);
            cost = cost.saturating_add(price.saturating_mul(part));
            left -= part;
        }
        cost
    }

    /// Price of the last level that taking this many touches.
    fn reach(&self, taker: &Taker, lots: i64) -> Option<i64> {
        let mut left = lots;
        let mut reach = None;
        for (price, here) in self.takeable(taker) {
            if left <= 0 {
                break;
            }
            left -= here;
            reach = Some(price);
        }
        reach
    }

    /// An order arrives. One that `rests` stays in the simulated market with what it did not get.
    pub(crate) fn take(&mut self, id: u64, taker: &Taker, rests: bool) -> Taken {
        let mut out = Taken::default();
        let lots = match taker.want {
            Want::Lots(lots) => lots,
            Want::Quote { amount, unit } => {
                let mut left = amount;
                let mut lots = 0;
                out.dry = true;
                for (price, here) in self.takeable(taker) {
                    let part = here.min(left / (price * unit).max(1));
                    lots += part;
                    left -= part * price * unit;
                    if part < here {
                        out.dry = false;
                        break;
                    }
                }
                lots
            }
        };
        // An order that does not rest goes no further than it must, so that it meets our own
        // resting orders only where their turn has come.
        let limit = if rests { taker.limit } else { self.reach(taker, lots).or(taker.limit) };
        let new = NewOrder {
            key: id,
            side: sim_side(taker.side),
            limit: limit.map(Price),
            qty: Qty(lots),
            tif: if rests { Tif::Gtc } else { Tif::Ioc },
        };
        let by_lots = matches!(taker.want, Want::Lots(_));
        out.left = if by_lots { lots } else { 0 };
        if lots == 0 || self.market.apply(self.now, Ask::New(new)).is_err() {
            return out;
        }
        while let Some(report) = self.market.report() {
            match report.what {
                What::Fill(fill) if fill.key == id => {
                    out.left -= if by_lots { fill.qty.0 } else { 0 };
                    out.steps.push(Step::Trade { maker: 0, price: fill.price.0, lots: fill.qty.0 });
                }
                What::Done { why: Some(Refusal::SelfTrade), .. } => out.prevented = true,
                _ => {}
            }
        }
        out
    }

    /// Puts an order back after a restart.
    pub(crate) fn reopen(&mut self, id: u64, side: Side, price: i64, lots: i64) {
        let new = NewOrder {
            key: id,
            side: sim_side(side),
            limit: Some(Price(price)),
            qty: Qty(lots),
            tif: Tif::PostOnly,
        };
        let _ = self.market.apply(self.now, Ask::New(new));
        while self.market.report().is_some() {}
    }

    pub(crate) fn cancel(&mut self, id: u64) {
        let _ = self.market.apply(self.now, Ask::Cancel(id));
        while self.market.report().is_some() {}
    }

    /// Lowers an order to `left` lots still to fill.
    pub(crate) fn shrink(&mut self, id: u64, left: i64) {
        let Some(filled) = self.market.order(id).map(|order| order.filled) else { return };
        let _ = self.market.apply(self.now, Ask::Amend { key: id, qty: Qty(filled.0 + left) });
        while self.market.report().is_some() {}
    }

    fn steps(&self, (price, qty): Pair) -> (Price, Qty) {
        (Price(price / self.tick), Qty(qty / self.lot))
    }

    /// A depth message: the public book and the displayed market follow it.
    fn depth(&mut self, update: u64, sides: &[Vec<Pair>; 2]) {
        for (side, levels) in [Side::Buy, Side::Sell].into_iter().zip(sides) {
            for level in levels {
                let (price, qty) = self.steps(*level);
                let book = if side == Side::Buy { &mut self.bids } else { &mut self.asks };
                if qty.0 == 0 {
                    book.remove(&price.0);
                } else {
                    book.insert(price.0, qty.0);
                }
                self.market.on_level(self.now, update, (sim_side(side), price, qty));
            }
        }
        self.update = update;
        self.market.on_depth_end(self.now);
    }

    /// A later snapshot: where depth messages are missing before it, the book becomes its.
    fn snapshot(&mut self, update: u64, sides: &[Vec<Pair>; 2]) {
        let Some(whole) = self.mend.close(update, sides) else { return };
        let mut changes = [Vec::new(), Vec::new()];
        for ((side, whole), changes) in [Side::Buy, Side::Sell].iter().zip(whole).zip(&mut changes)
        {
            let levels = self.levels(*side).map(|(price, _)| price * self.tick);
            let gone = levels.filter(|price| !whole.contains_key(price)).map(|price| (price, 0));
            changes.extend(gone);
            changes.extend(
                whole.into_iter().filter(|(price, qty)| {
                    self.lots_at(*side, price / self.tick) != qty / self.lot
                }),
            );
        }
        self.mend.keep(&changes);
        self.depth(self.update, &changes);
    }

    fn fills(&mut self) -> Vec<RestingFill> {
        let mut fills = Vec::new();
        while let Some(report) = self.market.report() {
            if let What::Fill(fill) = report.what {
                fills.push((fill.key, fill.price.0, fill.qty.0));
            }
        }
        fills
    }

    /// Lets one recorded message act on our orders; returns the fills of resting ones.
    pub(crate) fn on_frame(&mut self, at_ns: u64, frame: &Frame) -> Vec<RestingFill> {
        self.now = Nanos(at_ns).max(self.now);
        match frame {
            Frame::Best { update, bid, ask } if *update > self.update => {
                let (bid, ask) = (self.steps(*bid), self.steps(*ask));
                self.market.on_best(self.now, *update, bid, ask);
            }
            Frame::Depth { first, last, prev, sides, .. } if *last > self.update => {
                let chained = *first <= self.update + 1 || *prev == Some(self.update);
                self.mend.on_depth(chained, (*first, *last), sides);
                self.depth(*last, sides);
            }
            Frame::Snapshot { update, sides } => self.snapshot(*update, sides),
            Frame::Trade { price, qty, buyer_maker, .. } => {
                let (price, qty) = self.steps((*price, *qty));
                let taker = if *buyer_maker { SimSide::Sell } else { SimSide::Buy };
                self.market.on_trade(self.now, price, qty, taker);
            }
            _ => {}
        }
        self.fills()
    }
}

/// How recorded times become times of now.
#[derive(Clone, Copy)]
struct Shift {
    event_ms: u64,
    wall_ms: u64,
    speed: f64,
}

impl Shift {
    fn at(&self, event_ms: u64) -> u64 {
        let since = (event_ms as f64 - self.event_ms as f64) / self.speed;
        (self.wall_ms as f64 + since).max(0.0) as u64
    }
}

/// Publishes a recording from the first subscriber on; at its end the book stands still.
pub(crate) async fn run(floor: SharedFloor, recording: Recording, speed: f64) {
    while !floor.lock().hub.watched {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let start = Instant::now();
    let first_ns = recording.frames.first().map_or(0, |(at, _)| *at);
    let event_ms = recording.frames.iter().find_map(|(_, frame)| match frame {
        Frame::Depth { event_ms, .. } | Frame::Trade { event_ms, .. } => Some(*event_ms),
        _ => None,
    });
    let shift = Shift { event_ms: event_ms.unwrap_or(0), wall_ms: wall_ms(), speed };
    for (at_ns, frame) in &recording.frames {
        let since = Duration::from_nanos(at_ns.saturating_sub(first_ns)).div_f64(speed);
        let due = start + since;
        if due > Instant::now() {
            tokio::time::sleep_until(due).await;
        }
        step(&mut floor.lock(), 0, *at_ns, frame, shift);
    }
    std::future::pending().await
}

/// One recorded message: our fills first, then the message itself, as a venue would.
fn step(floor: &mut Floor, symbol: SymbolId, at_ns: u64, frame: &Frame, shift: Shift) {
    let now_ms = wall_ms();
    let listing = floor.venue.listing_mut(symbol);
    let (tick, lot) = (listing.symbol.tick, listing.symbol.lot);
    let Some(recorded) = &mut listing.recorded else { return };
    let before = recorded.update;
    let fills = recorded.on_frame(at_ns, frame);
    let patched = match frame {
        Frame::Depth { last, sides, .. } if *last > before && recorded.mend.is_waiting() => {
            Some(recorded.mend.patched(sides))
        }
        _ => None,
    };
    if let Frame::Depth { first, last, sides, .. } = frame
        && *last > before
    {
        listing.update = *last;
        listing.updates += last.saturating_sub(*first) + 1;
        let sides = patched.as_ref().unwrap_or(sides);
        for (side, levels) in [Side::Buy, Side::Sell].into_iter().zip(sides) {
            for (price, _) in levels {
                for view in &mut listing.views {
                    view.note(before + 1, side, price / tick);
                }
            }
        }
    }
    for (order, price, lots) in fills {
        floor.venue.recorded_fill(order, price, lots, now_ms);
    }
    match frame {
        Frame::Best { update, bid, ask } => {
            let best = [bid, ask].map(|(p, q)| (*q > 0).then_some((p / tick, q / lot)));
            floor.speak(|dialect, floor| dialect.best(floor, symbol, *update, best, now_ms));
        }
        Frame::Depth { event_ms, first, last, sides, .. } => {
            let depth = Depth { ids: (*first, *last), sides: patched.as_ref().unwrap_or(sides) };
            let event_ms = shift.at(*event_ms);
            floor.speak(|dialect, floor| dialect.depth(floor, symbol, &depth, event_ms));
        }
        Frame::Trade { event_ms, trade_ms, id, price, qty, buyer_maker } => {
            let tick = Tick {
                id: *id,
                price: price / tick,
                lots: qty / lot,
                time_ms: shift.at(*trade_ms),
                buyer_maker: *buyer_maker,
            };
            let agg = Agg { id: *id, first: *id, sum: tick };
            floor.venue.listing_mut(symbol).print(tick);
            floor.venue.listing_mut(symbol).aggregate(agg);
            let event_ms = shift.at(*event_ms);
            floor.speak(|dialect, floor| {
                dialect.trade(floor, symbol, &tick, event_ms);
                dialect.aggregate(floor, symbol, &agg, event_ms);
            });
        }
        Frame::Snapshot { .. } => {}
    }
    floor.flush(now_ms);
}

#[cfg(test)]
mod tests;
