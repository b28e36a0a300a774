//! The simulated venue: what a row of the recorded market costs with no own order and with a grid
//! of them, and what the way of an order there and back does. No rival: the bar is a time.

use benches::stage::{Bar, Contestant, Stage};
use benches::{corpus, recorded};
use engine::event::{Body, Event, flag};
use engine::id::{AssetId, Side};
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;
use feeds::binance::Flavour;
use std::hint::black_box;
use venues::sim::{
    Ask, Latency, Line, Market, NewOrder, Opening, QueueModel, Settings, SimVenues, Tif,
};

/// Rows of one turn.
const CHUNK: usize = 4096;
/// For a row that comes near no order of ours.
const NS_MAX: f64 = 25.0;
/// Orders a side of the grid, and how many ticks lie between them.
const GRID: u64 = 8;
const APART: i64 = 10;

/// All rows of a recording, one message after another.
fn rows() -> Vec<Event> {
    recorded::stream("usdm/btcusdt_20240808.gz", corpus::usdm(), Flavour::Usdm).concat()
}

/// Goes through the rows in turns, over and over; each round begins with the snapshot.
struct Round<'a, S> {
    sim: S,
    rows: &'a [Event],
    at: usize,
    shift: Nanos,
}

impl<'a, S> Round<'a, S> {
    fn new(sim: S, rows: &'a [Event]) -> Self {
        Self { sim, rows, at: 0, shift: Nanos::ZERO }
    }

    /// Sees to it that a whole turn follows.
    fn ready(&mut self) {
        if self.at + CHUNK > self.rows.len() {
            self.at = 0;
            let span = self.rows.last().map_or(0, |last| last.at.0 - self.rows[0].at.0);
            self.shift = self.shift.after(Nanos(span));
        }
    }

    fn turn(&mut self, take: impl Fn(&mut S, Nanos, &Event)) {
        for row in &self.rows[self.at..self.at + CHUNK] {
            take(&mut self.sim, row.at.after(self.shift), row);
        }
        self.at += CHUNK;
    }
}

/// A row to a market, as the simulated venue hands it on.
fn hand(market: &mut Market, at: Nanos, row: &Event) {
    match row.body() {
        Some(Body::Level { side, price, qty }) => {
            if row.has(flag::FIRST) {
                market.on_snapshot(at);
            }
            market.on_level(at, row.id, (side, price, qty));
            if row.has(flag::LAST) {
                market.on_depth_end(at);
            }
        }
        Some(Body::Best { bid, bid_qty, ask, ask_qty }) => {
            market.on_best(at, row.id, (bid, bid_qty), (ask, ask_qty));
        }
        Some(Body::Trade { price, qty, taker }) => market.on_trade(at, price, qty, taker),
        _ => {}
    }
}

/// Cancels what stands and quotes a grid around the touch; reports are thrown away.
fn requote(market: &mut Market, next: &mut u64) {
    let _ = market.apply(Nanos::ZERO, Ask::CancelAll);
    for side in Side::BOTH {
        let Some((touch, _)) = market.displayed().best(side) else { continue };
        for step in 0..GRID {
            *next += 1;
            let price = Price(touch.0 - side.sign() * step as i64 * APART);
            let (limit, tif) = (Some(price), Tif::PostOnly);
            let new = NewOrder { key: *next, side, limit, qty: Qty(1), tif };
            let _ = market.apply(Nanos::ZERO, Ask::New(new));
        }
    }
    while market.report().is_some() {}
}

fn settings(queue: QueueModel) -> Settings {
    let instrument = corpus::usdm();
    Settings { queue, ..Settings::new(instrument.tick, instrument.lot) }
}

/// The whole venue, with nothing of ours in it.
fn alone(stage: &mut Stage, rows: &[Event]) {
    let balances = vec![(AssetId(1), Amount(1 << 50))];
    let opening = Opening { balances, ..Opening::default() };
    let mut venues = SimVenues::new(Nanos::ZERO, &[corpus::usdm()], vec![opening]);
    while venues.poll(Nanos(1)).is_some() {}
    let run = |round: &mut Round<'_, SimVenues>| {
        round.turn(|venues, at, row| {
            venues.on_row(at, row);
            black_box(venues.next_at());
        });
    };
    let round = Round::new(venues, rows);
    let ours = Contestant::with("ours", round, Round::ready, run);
    stage.duel("row, no order", Bar::NsMax(NS_MAX), CHUNK, vec![ours]);
}

/// One market, with a grid around its touch that is set anew before each turn.
fn among_orders(stage: &mut Stage, rows: &[Event], (title, queue): (&str, QueueModel)) {
    let mut next = 0;
    let prepare = move |round: &mut Round<'_, Market>| {
        round.ready();
        if round.at == 0 {
            // The grid is set around a market that is known.
            let snapshot = rows.iter().take_while(|row| row.has(flag::SNAPSHOT)).count();
            rows[..snapshot].iter().for_each(|row| hand(&mut round.sim, row.at, row));
        }
        requote(&mut round.sim, &mut next);
    };
    let run = |round: &mut Round<'_, Market>| {
        round.turn(hand);
        while round.sim.report().is_some() {}
    };
    let round = Round::new(Market::new(settings(queue)), rows);
    let ours = Contestant::with("ours", round, prepare, run);
    stage.duel(title, Bar::None, CHUNK, vec![ours]);
}

/// An order there, its acceptance back, its cancel there, its end back.
fn way(stage: &mut Stage, rows: &[Event]) {
    let latency = Latency { entry: Nanos(1_000), response: Nanos(1_000) };
    let mut line = Line::new(settings(QueueModel::RiskAverse), latency, 64);
    let mut now = Nanos::ZERO;
    for row in rows.iter().take_while(|row| row.has(flag::SNAPSHOT)) {
        if let Some(Body::Level { side, price, qty }) = row.body() {
            line.on_level(now, row.id, (side, price, qty));
        }
    }
    line.on_depth_end(now);
    let touch = line.market().displayed().best(Side::Buy).map_or(1, |level| level.0.0);
    let mut key = 0;
    let run = move || {
        for _ in 0..CHUNK {
            key += 1;
            let (side, limit, tif) = (Side::Buy, Some(Price(touch)), Tif::PostOnly);
            let new = NewOrder { key, side, limit, qty: Qty(1), tif };
            for ask in [Ask::New(new), Ask::Cancel(key)] {
                let _ = line.submit(now, ask);
                now = now.after(Nanos(2_000));
                black_box(line.poll(now));
            }
        }
    };
    stage.duel("order there and back", Bar::None, CHUNK, vec![Contestant::new("ours", run)]);
}

fn main() {
    let mut stage = Stage::new("sim");
    let rows = rows();
    if rows.len() > 4 * CHUNK {
        alone(&mut stage, &rows);
        let power = QueueModel::Power(2.0);
        among_orders(&mut stage, &rows, ("row, 16 orders", QueueModel::RiskAverse));
        among_orders(&mut stage, &rows, ("row, 16 orders, power queue", power));
        way(&mut stage, &rows);
    }
    stage.finish();
}
