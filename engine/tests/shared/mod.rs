//! What the tests from outside have in common: an instrument, limits, a strategy that is never
//! quiet, ports that keep what passes them.
#![allow(dead_code, clippy::unwrap_used)]

pub mod venue;

use engine::desk::DeskSettings;
use engine::engine::{Engine, Found, Settings};
use engine::event::Event;
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::intent::Outgoing;
use engine::num::{Amount, Grid, Notional, Price, Qty};
use engine::plan::{Plan, Take};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::state::{Restore, Sink, Source, State};
use engine::strategy::{Reading, Strategy, View};
use engine::time::{Nanos, Stage};

pub const ONE: i64 = 100_000_000;

/// A small generator, so that a seed names a run.
#[derive(Clone, Copy, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % limit.max(1)
    }
    /// Once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

pub fn instrument() -> Instrument {
    let grids = (Grid { decimals: 0, step: 1 }, Grid { decimals: 2, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    Instrument {
        qty_min: Qty(1),
        ..Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids)
    }
}

pub fn limits() -> Limits {
    Limits {
        collar_mid_ppm: 50_000,
        collar_trade_ppm: 100_000,
        order_qty_max: Qty(50),
        order_notional_max: Notional(1_000_000 * ONE),
        position_max: Amount(60 * ONE / 100),
        open_orders_max: 12,
        gross_notional_max: Notional(10_000_000 * ONE),
        orders_per_s: 200,
        orders_burst: 50,
        market_age_max: Nanos::from_s(2),
        daily_loss_max: Notional(1_000_000 * ONE),
    }
}

/// Quotes two levels a side whose places and sizes follow the update id, and takes now and then.
#[derive(Debug, Default)]
pub struct Restless {
    pub quiet: bool,
    pub takes: bool,
    shift: i64,
}

impl State for Restless {
    fn save(&self, sink: &mut dyn Sink) {
        sink.flag(self.quiet);
        sink.flag(self.takes);
        sink.int(self.shift);
    }
    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.quiet = source.flag()?;
        self.takes = source.flag()?;
        self.shift = source.int()?;
        Some(())
    }
}

impl Restore for Restless {
    fn restore(source: &mut dyn Source, _: &[Instrument]) -> Option<Self> {
        let mut strategy = Self::default();
        strategy.load(source).map(|()| strategy)
    }
}

impl Strategy for Restless {
    fn learn(&mut self, _: &Event, _: &View<'_>) {}
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let Some(listing) = view.listing(InstrumentId(0)) else { return };
        let Some(((bid, _), (ask, _))) = listing.book.touch() else { return };
        let id = if self.quiet { 1 } else { listing.book.update_id() };
        let shift = self.shift + (id / 3 % 4) as i64;
        let qty = Qty(1 + (id / 5 % 9) as i64 * 3);
        for level in 0..2 {
            if !id.is_multiple_of(11) {
                plans[0].quote(Side::Buy, Price(bid.0 - shift - 3 * level), qty);
            }
            if !id.is_multiple_of(13) {
                plans[0].quote(Side::Sell, Price(ask.0 + shift + 3 * level), qty);
            }
        }
        if self.takes && id.is_multiple_of(97) {
            let side = if id % 2 == 0 { Side::Buy } else { Side::Sell };
            let price = if side == Side::Buy { Price(ask.0 + 5) } else { Price(bid.0 - 5) };
            plans[0].take = Some(Take { id, side, price, qty: Qty(5) });
        }
    }
    fn set(&mut self, _: u64, value: i64) -> bool {
        self.shift = value & 1;
        true
    }
    fn reading(&self, _: InstrumentId) -> Reading {
        Reading::default()
    }
}

pub fn engine(found: Found) -> Engine<Restless> {
    let tolerance = Tolerance {
        price_ticks: 1,
        excess_ppm: 200_000,
        shortage_ppm: 400_000,
        life_min: Nanos::ZERO,
    };
    let desk = DeskSettings::alike(&[InstrumentId(0)], tolerance, limits());
    let strategy = Restless { takes: true, ..Restless::default() };
    let settings = Settings { found, ..Settings::default() };
    Engine::new(vec![instrument()], vec![(desk, strategy)], settings)
}

/// One event at a time; keeps what was recorded and sent.
#[derive(Debug, Default)]
pub struct Doors {
    pub now: Nanos,
    pub next: Option<Event>,
    pub recorded: Vec<Event>,
    pub sent: Vec<Outgoing>,
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }
    fn record(&mut self, event: &Event) {
        self.recorded.push(*event);
    }
    fn send(&mut self, item: Outgoing) {
        self.sent.push(item);
    }
    fn mark(&mut self, _: Stage) {}
}
