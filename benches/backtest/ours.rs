//! The same run with us: the engine with its risk gate, a tape in memory, the simulated venue.

use super::grid::{EVERY, Grid, Quoter};
use super::theirs::{Fill, Terms};
use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings};
use engine::event::Event;
use engine::id::AssetId;
use engine::instrument::Instrument;
use engine::num::{Amount, Notional, Qty};
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::time::Nanos;
use research::backtest::{
    About, Backtest, Came, Failed, Held, HeldMoments, Rhythm, TapePorts, Unkept,
};
use research::run::{Filled, Meta, Witness};
use venues::sim::{Latency, Opening, QueueModel, RuleCounts, Rules, SimVenues, VenueSettings};

/// Fills as they happened.
#[derive(Debug, Default)]
pub struct Fills {
    /// All of them.
    pub all: Vec<Fill>,
    /// Requests sent.
    pub sent: u64,
    /// Requests that the risk gate kept, as they would have met an own order.
    pub refused: u64,
    /// What our rules changed.
    pub counts: RuleCounts,
    tick: f64,
}

impl Fills {
    /// None yet, of a market with this tick.
    pub fn new(tick: f64) -> Self {
        Self { tick, ..Self::default() }
    }
}

impl Witness for Fills {
    const LOOKS: bool = false;
    fn filled(&mut self, filled: &Filled) {
        let price = (filled.price / self.tick).round() as i64;
        self.all.push((filled.at.0 as i64, filled.side, price));
    }
}

/// Doors over rows in memory.
pub type Ports<'a> = TapePorts<Held<&'a [Event]>, HeldMoments<'a>, Unkept>;

/// What a run is made of, before it.
pub fn build<'a>(
    (received, order): (&'a [Event], &'a [(Nanos, u32)]),
    instrument: Instrument,
    (grid, terms, rules): (&Grid, &Terms, Rules),
) -> Backtest<Quoter, Ports<'a>> {
    let happened = HeldMoments::new(received, order);
    let began = happened.first().unwrap_or(Nanos::ZERO);
    let rhythm = Rhythm {
        began,
        timer_every: EVERY,
        resync_after: Nanos::from_ms(100),
        epoch: 1,
        config_hash: 0,
        feeds: 1,
        instruments: 1,
    };
    let venues = venues(began, instrument, (terms, rules));
    let ports = TapePorts::new((Held::new(received), happened), (venues, Unkept), rhythm);
    Backtest { engine: engine(instrument, *grid), ports }
}

fn venues(began: Nanos, instrument: Instrument, (terms, rules): (&Terms, Rules)) -> SimVenues {
    let latency =
        Latency { entry: Nanos(terms.entry as u64), response: Nanos(terms.response as u64) };
    let settings = VenueSettings {
        latency: latency.into(),
        fee_in_quote: true,
        queue: QueueModel::Power(terms.power),
        rules,
        ..VenueSettings::default()
    };
    let big = Amount(1_000_000_000_000_000_000);
    let balances = vec![(AssetId(0), big), (AssetId(1), big)];
    SimVenues::new(
        began,
        &[instrument],
        vec![Opening { settings, balances, positions: Vec::new() }],
    )
}

fn engine(instrument: Instrument, grid: Grid) -> Engine<Quoter> {
    let limits = Limits {
        collar_mid_ppm: 100_000,
        collar_trade_ppm: 100_000,
        order_qty_max: Qty(1_000_000),
        order_notional_max: Notional(i64::MAX / 4),
        position_max: Amount(i64::MAX / 4),
        open_orders_max: 64,
        gross_notional_max: Notional(i64::MAX / 2),
        orders_per_s: 1_000_000,
        orders_burst: 1_000_000,
        market_age_max: Nanos::from_s(100),
        daily_loss_max: Notional(i64::MAX / 2),
    };
    let tolerance =
        Tolerance { price_ticks: 0, excess_ppm: 0, shortage_ppm: 0, life_min: Nanos::ZERO };
    let desk = DeskSettings::alike(&[instrument.id], tolerance, limits);
    Engine::new(vec![instrument], vec![(desk, Quoter::new(grid))], Settings::default())
}

/// Runs it to the end.
///
/// # Errors
///
/// Never: its rows are in memory.
pub fn run<T: Witness>(
    backtest: &mut Backtest<Quoter, Ports<'_>>,
    witness: &mut T,
) -> Result<Came, Failed> {
    let meta = Meta {
        name: String::new(),
        markets: Vec::new(),
        equity: 0.0,
        asset: String::new(),
        utc_ns: 0,
    };
    let (look_every, sign) = (Nanos::from_s(1), &mut |_, _| {});
    backtest.run(About { witness, meta, balances: &[], look_every, sign })
}
