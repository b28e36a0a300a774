//! Quotes by an optimal-control formula: what strategies have in common that measure σ, A and κ,
//! put them and the inventory into a formula, and quote the offsets from the mid that come of it.
//!
//! ```text
//! mids ──▶ σ ─────────┐
//! trades ─▶ A, κ by side ─▶ model, on a timer ─▶ offsets from the mid ─▶ bid and ask, on each tick
//! fills ──▶ q ───────────────────────────────────────┘
//! ```
//!
//! A formula is a [`Quoting`]: Avellaneda–Stoikov and Guéant–Lehalle–Fernandez-Tapia are two of
//! them. Parts: [`quoter`] offsets and grid, [`crate::signal::flow`] the estimators.

mod parameters;
pub mod quoter;
mod strategy;

use crate::parameter::{ParameterError, Table};
use crate::scale::Scale;
use crate::signal::flow::{Flow, FlowConfig, Silence};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Price, Qty};
use engine::state::{Sink, Source, State};
use engine::strategy::Reading;
use engine::time::Nanos;
use quoter::{Model, Quoter};

pub(crate) use parameters::quoting_parameters;

/// Quantities, levels and spreads that formulas leave open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Quantity of the first level, base units; the unit of inventory.
    pub order_qty: f64,
    /// Position that is aimed at, base units.
    pub inventory_target: f64,
    /// Distance from it at which the side that adds is withdrawn, orders.
    pub inventory_max: f64,
    /// The side that adds to inventory q is cut by exp(−η·|q|), 1/order.
    pub eta: f64,
    /// Levels on each side.
    pub levels: u32,
    /// Distance between levels, bp of the mid.
    pub level_spacing_bps: f64,
    /// Quantity of a level, of the one before it.
    pub level_growth: f64,
    /// Least spread between the first levels, bp of the mid.
    pub spread_min_bps: f64,
    /// Largest spread between the first levels, bp of the mid.
    pub spread_max_bps: f64,
}

/// What all formulas have to set.
pub trait Setup {
    /// Quantities, levels and spreads.
    fn shape(&self) -> Shape;
    /// How the market is measured.
    fn flow(&self) -> FlowConfig;
}

/// A formula with its parameters.
pub trait Quoting: Setup + Table {
    /// The remaining time that the formula sees, seconds, so long after the first book.
    fn left_s(&self, elapsed: Option<Nanos>) -> f64;
    /// How far the bid lies below the mid and the ask above it with this inventory in orders,
    /// price units; nothing where the formula has no quote.
    fn distances(&self, q: f64, model: &Model) -> [Option<f64>; 2];
}

/// One formula on one instrument. Allocates nothing.
#[derive(Clone, Debug)]
pub struct Optimal<P: Quoting> {
    instrument: InstrumentId,
    parameters: P,
    quoter: Quoter<P>,
    flow: Flow,
    /// σ, κ and A as of the last refresh, for display.
    shown: Reading,
}

impl<P: Quoting> Optimal<P> {
    /// For an instrument; refuses parameters that are not valid.
    pub fn new(parameters: P, instrument: &Instrument) -> Result<Self, ParameterError> {
        parameters.validate()?;
        let scale = Scale::of(instrument);
        Ok(Self {
            instrument: instrument.id,
            parameters,
            quoter: Quoter::new(parameters, scale),
            flow: Flow::new(parameters.flow(), scale.tick),
            shown: Reading::default(),
        })
    }

    /// The parameters as they are now.
    pub const fn parameters(&self) -> &P {
        &self.parameters
    }

    /// What its market is like.
    pub const fn flow(&self) -> &Flow {
        &self.flow
    }

    /// The instrument has other grids: prices in ticks mean something else from here on.
    pub fn rebase(&mut self, at: Nanos, instrument: &Instrument) {
        let scale = Scale::of(instrument);
        self.flow.rebase(at, scale.tick);
        self.quoter.configure(self.parameters, scale);
    }

    /// The book has these best prices from this event on.
    #[inline]
    pub fn on_best(&mut self, at: Nanos, bid: Price, ask: Price) {
        self.flow.on_best(at, bid, ask);
        self.catch_up(at);
    }

    #[inline]
    fn catch_up(&mut self, now: Nanos) {
        if self.flow.is_overdue(now) {
            self.refresh(now);
        }
    }

    /// Time passed: refreshes the model when that is due, so that ticks need not wait for it.
    pub fn on_time(&mut self, at: Nanos) {
        if self.flow.is_due(at) {
            self.refresh(at);
        }
    }

    /// Gives the quotes that should stand beside this best bid and ask with this position.
    #[inline]
    pub fn quote(
        &mut self,
        position: Amount,
        bid: Price,
        ask: Price,
        put: impl FnMut(Side, Price, Qty),
    ) {
        self.quoter.set_position(position);
        if self.flow.mid().is_some() {
            self.quoter.quote(bid, ask, put);
        }
    }

    /// What it believes: σ, κ and A as of the last refresh, prices as of now; for display.
    pub fn shown(&self) -> Reading {
        let Some(mid) = self.flow.mid() else { return self.shown };
        let Some((reservation, half_spread)) = self.quoter.centre(mid) else { return self.shown };
        let milli = |ticks: f64| libm::round(ticks * 1e3) as i64;
        Reading { reservation: milli(reservation), half_spread: milli(half_spread), ..self.shown }
    }

    /// Why nothing is quoted, where the reason is the strategy's own.
    pub fn silence(&self) -> Option<Silence> {
        self.flow.found().err()
    }

    /// Takes over what the estimators and the session's clock say.
    fn refresh(&mut self, at: Nanos) {
        let found = self.flow.refresh(at);
        if found == Err(Silence::Blank) {
            self.quoter.set_model(None);
            return;
        }
        let elapsed = self.flow.began_at().map(|start| at.since(start));
        let left_s = self.parameters.left_s(elapsed);
        self.quoter.set_model(found.ok().map(|found| Model {
            sigma: found.sigma,
            left_s,
            kappa: found.kappa,
            rate: found.rate,
            mid: found.mid,
        }));
        self.show();
    }

    fn show(&mut self) {
        let nano = |value: f64| libm::round(value * 1e9) as i64;
        let sides = Side::BOTH.map(|side| self.flow.intensity(side));
        let config = self.parameters.flow();
        self.shown.sigma = self.flow.volatility().map_or(0, |(sigma, _)| nano(sigma));
        self.shown.arrival = sides.map(|side| side.map_or(0, |found| nano(found.rate)));
        self.shown.kappa = sides.map(|side| match side {
            _ if !config.kappa_estimated => nano(config.kappa_start),
            found => found.map_or(0, |found| nano(found.kappa)),
        });
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        self.flow.save(sink);
        self.quoter.save(sink);
        let Reading { reservation, half_spread, sigma, kappa, arrival } = self.shown;
        let [bid, ask] = kappa;
        let shown = [reservation, half_spread, sigma, bid, ask, arrival[0], arrival[1]];
        shown.into_iter().for_each(|value| sink.int(value));
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.flow.load(source)?;
        self.quoter.load(source)?;
        self.shown = Reading {
            reservation: source.int()?,
            half_spread: source.int()?,
            sigma: source.int()?,
            kappa: [source.int()?, source.int()?],
            arrival: [source.int()?, source.int()?],
        };
        Some(())
    }
}

impl<P: Quoting> State for Optimal<P> {
    fn save(&self, sink: &mut dyn Sink) {
        Table::save(&self.parameters, sink);
        self.save_learnt(sink);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.configure_as(P::load(source)?);
        self.load_learnt(source)
    }
}

#[cfg(test)]
mod tests;
