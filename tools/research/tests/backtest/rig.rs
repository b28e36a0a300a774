//! A market drawn from a seed, and an engine with Avellaneda–Stoikov that trades on it.

use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings};
use engine::event::{Body, Event, flag};
use engine::id::{AssetId, FeedId, InstrumentId, Side, VenueId};
use engine::instrument::{Instrument, Symbol};
use engine::num::{Amount, Grid, Notional, Price, Qty};
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::time::Nanos;
use research::backtest::{Failed, Rhythm, Rows};
use research::run::{Meta, market as market_of};
use strategies::any::Any;
use strategies::avellaneda_stoikov::{AvellanedaStoikov, Parameters};
use strategies::random::Random;
use venues::sim::{Latency, Opening, SimVenues, VenueSettings};

pub const BEGAN: Nanos = Nanos(1_700_000_000_000_000_000);

pub fn instrument(place: u16) -> Instrument {
    let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    Instrument {
        qty_min: Qty(1),
        venue: VenueId(0),
        feed: FeedId(0),
        ..Instrument::new(InstrumentId(place), symbol, (AssetId(0), AssetId(1)), grids)
    }
}

pub fn engine() -> Engine<Any> {
    let tolerance =
        Tolerance { price_ticks: 0, excess_ppm: 0, shortage_ppm: 0, life_min: Nanos::ZERO };
    let limits = Limits {
        collar_mid_ppm: 20_000,
        collar_trade_ppm: 30_000,
        order_qty_max: Qty(100_000),
        order_notional_max: Notional(10_000_000_000_000),
        position_max: Amount(1_000_000_000_000),
        open_orders_max: 64,
        gross_notional_max: Notional(i64::MAX / 2),
        orders_per_s: 100_000_000,
        orders_burst: 1_000_000,
        market_age_max: Nanos::from_s(10),
        daily_loss_max: Notional(1_000_000_000_000_000),
    };
    let parameters = Parameters {
        kappa_estimated: false,
        kappa_start: 5.0,
        sigma_start: 1.0,
        spread_min_bps: 0.0,
        ..Parameters::default()
    };
    let one = instrument(0);
    let desk = DeskSettings::alike(&[one.id], tolerance, limits);
    let strategy = Any::AvellanedaStoikov(AvellanedaStoikov::new(parameters, &one).unwrap());
    Engine::new(vec![one], vec![(desk, strategy)], Settings::default())
}

pub fn balances() -> Vec<(AssetId, Amount)> {
    vec![(AssetId(0), Amount(10_000_000_000)), (AssetId(1), Amount(1 << 50))]
}

pub fn meta() -> Meta {
    let markets = vec![market_of(&instrument(0), "sim:BTCUSDT", "BTC", "USDT")];
    Meta { name: "test".into(), markets, equity: 0.0, asset: "USDT".into(), utc_ns: 0 }
}

pub fn rhythm() -> Rhythm {
    Rhythm {
        began: BEGAN,
        timer_every: Nanos::from_ms(10),
        resync_after: Nanos::from_ms(20),
        epoch: 7,
        config_hash: 1,
        feeds: 1,
        instruments: 1,
    }
}

pub fn venues() -> SimVenues {
    let latency = Latency { entry: Nanos(2_000_000), response: Nanos(3_000_000) };
    let settings =
        VenueSettings { latency: latency.into(), fee_in_quote: true, ..VenueSettings::default() };
    let opening = Opening { settings, balances: balances(), positions: Vec::new() };
    SimVenues::new(BEGAN, &[instrument(0)], vec![opening])
}

/// Rows of a market, drawn one message after the other.
#[derive(Clone, Debug)]
pub struct Draw {
    random: Random,
    id: InstrumentId,
    at: u64,
    bid: i64,
    depth_bid: i64,
    update: u64,
    messages: u64,
    /// How long a row is on its way, µs: the venue's time is so much before receipt.
    way_us: i32,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            id: InstrumentId(0),
            at: BEGAN.0,
            bid: 6_183_763,
            depth_bid: 6_183_763,
            update: 1,
            messages: 0,
            way_us: 500,
        }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.bits() % limit
    }

    /// The rows of the next message.
    pub fn message(&mut self, out: &mut Vec<Event>) {
        self.messages += 1;
        let pause = self.below(4) * 1_000_000 + self.below(1_000);
        self.at += pause;
        self.update += 1 + self.below(5);
        self.way_us = 300 + self.below(400) as i32;
        let step = self.below(7) as i64 - 3;
        if self.messages == 1 {
            return self.snapshot(out);
        }
        match self.below(8) {
            0 => {
                let taker = Side::BOTH[self.below(2) as usize];
                let reach = self.below(60) as i64;
                let at = if taker == Side::Buy { self.bid + 2 + reach } else { self.bid - reach };
                out.push(self.row(Body::Trade { price: Price(at), qty: Qty(900), taker }));
            }
            1 if self.below(40) == 0 => self.snapshot(out),
            2 => self.depth(step, out),
            _ => {
                self.bid += step;
                let (bid, ask) = (Price(self.bid), Price(self.bid + 2));
                let (bid_qty, ask_qty) = (Qty(400), Qty(700));
                out.push(self.row(Body::Best { bid, bid_qty, ask, ask_qty }));
            }
        }
    }

    fn row(&self, body: Body) -> Event {
        let row = Event::new(Nanos(self.at), self.id, self.update, body).with(flag::LAST);
        Event { venue_delta_us: self.way_us, ..row }
    }

    fn levels(&self, rows: &[Body], flags: u8, out: &mut Vec<Event>) {
        for (place, body) in rows.iter().enumerate() {
            let first = if place == 0 && flags != 0 { flag::FIRST } else { 0 };
            let mut row = self.row(*body).with(flags | first);
            if place + 1 < rows.len() {
                row.flags &= !flag::LAST;
            }
            out.push(row);
        }
    }

    fn snapshot(&mut self, out: &mut Vec<Event>) {
        self.depth_bid = self.bid;
        let mut rows = Vec::new();
        for away in 0..8 {
            let (bid, ask) = (Price(self.bid - away), Price(self.bid + 2 + away));
            rows.push(Body::Level { side: Side::Buy, price: bid, qty: Qty(20_000) });
            rows.push(Body::Level { side: Side::Sell, price: ask, qty: Qty(20_000) });
        }
        self.levels(&rows, flag::SNAPSHOT, out);
    }

    fn depth(&mut self, step: i64, out: &mut Vec<Event>) {
        let before = self.depth_bid;
        self.bid += step;
        self.depth_bid = self.bid;
        let (top, low) = (before.max(self.bid), before.min(self.bid));
        let mut rows = Vec::new();
        for price in low - 2..=top + 4 {
            let qty = |stands: bool| Qty(if stands { 300 + price % 7 } else { 0 });
            let (bids, asks) = (qty(price <= self.bid), qty(price >= self.bid + 2));
            rows.push(Body::Level { side: Side::Buy, price: Price(price), qty: bids });
            rows.push(Body::Level { side: Side::Sell, price: Price(price), qty: asks });
        }
        self.levels(&rows, 0, out);
    }
}

/// All rows of so many messages, by receipt.
pub fn market(seed: u64, messages: usize) -> Vec<Event> {
    let (mut draw, mut rows) = (Draw::new(seed), Vec::new());
    (0..messages).for_each(|_| draw.message(&mut rows));
    rows
}

/// The same, some at a time, never more than a batch in memory.
#[derive(Debug)]
pub struct Stream {
    draw: Draw,
    left: usize,
    batch: Vec<Event>,
    at_venue: bool,
}

impl Stream {
    pub fn new(seed: u64, messages: usize, at_venue: bool) -> Self {
        let draw = Draw::new(seed);
        Self { draw, left: messages, batch: Vec::with_capacity(4_096), at_venue }
    }
}

impl Rows for Stream {
    fn rows(&self) -> &[Event] {
        &self.batch
    }

    fn turn(&mut self) -> Result<bool, Failed> {
        self.batch.clear();
        let messages = self.left.min(100);
        self.left -= messages;
        for _ in 0..messages {
            self.draw.way_us = 0;
            self.draw.message(&mut self.batch);
        }
        if self.at_venue {
            self.batch.iter_mut().for_each(|row| row.at.0 -= 700_000);
        }
        Ok(!self.batch.is_empty())
    }
}
