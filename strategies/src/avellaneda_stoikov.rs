//! The Avellaneda–Stoikov market maker (2008): quotes around a reservation price that leans against
//! inventory, as far apart as risk and the reach of the flow ask for.
//!
//! ```text
//! mids ──▶ σ ─────────┐
//! trades ─▶ A, κ by side ─▶ model, on a timer ─▶ offsets from the mid ─▶ bid and ask, on each tick
//! fills ──▶ q ───────────────────────────────────────┘
//! ```
//!
//! Parts: [`formula`] the paper's formulas, [`parameters`] what can be set, [`quoter`] offsets and
//! grid. This file feeds the estimators, holds the clock of the session and refreshes the model.
//!
//! Own trades are public trades too: what takers did to our quotes is part of the flow that is
//! measured, as it should be. The mid is that of the whole book, our own quotes included.

pub mod formula;
pub mod parameters;
pub mod quoter;
mod strategy;

use crate::parameter::{ParameterError, Table};
use crate::signal::Bounds;
use crate::signal::intensity::{Estimate, Intensity, IntensityConfig};
use crate::signal::taker::{Print, TakerOrder, TakerOrders};
use crate::signal::volatility::{Volatility, VolatilityConfig};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Price, Qty};
use engine::state::{Sink, Source, State};
use engine::strategy::Reading;
use engine::time::Nanos;
use quoter::{Model, Quoter, Scale};

pub use parameters::{Horizon, PARAMETERS, Parameters};

/// Most bins of the distances that κ is fitted over.
const BINS_MAX: f64 = 256.0;
/// The bins are laid anew when the mid has moved by this share since they were.
const REBASE: f64 = 0.2;

/// Why nothing is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// There is no book that can be believed.
    Blank,
    /// σ has no start value and too little was seen.
    Volatility,
    /// κ of this side's quotes has no start value and too few taker orders were seen.
    Intensity(Side),
}

/// One strategy on one instrument. Allocates nothing.
#[derive(Clone, Debug)]
pub struct AvellanedaStoikov {
    instrument: InstrumentId,
    parameters: Parameters,
    scale: Scale,
    quoter: Quoter,
    volatility: Volatility,
    /// Of the flow that fills the quotes of each side: sell takers for our bids.
    intensity: [Intensity; 2],
    takers: TakerOrders,
    /// Best bid plus best ask, half ticks; `None` while the book is blank.
    mid: Option<i64>,
    /// The mid that the bins were laid for, half ticks; 0 before the first.
    bins_mid: i64,
    /// From when on a timer refreshes the model.
    refresh_at: Nanos,
    /// From when on a tick does, because no timer did.
    overdue_at: Nanos,
    session_at: Option<Nanos>,
    /// σ, κ and A as of the last refresh, for display.
    shown: Reading,
}

impl AvellanedaStoikov {
    /// For an instrument; refuses parameters that are not valid.
    pub fn new(parameters: Parameters, instrument: &Instrument) -> Result<Self, ParameterError> {
        parameters.validate()?;
        let scale = Scale::of(instrument);
        let bins = intensity_config(&parameters, &scale, 0);
        Ok(Self {
            instrument: instrument.id,
            parameters,
            scale,
            quoter: Quoter::new(parameters, scale),
            volatility: Volatility::new(volatility_config(&parameters)),
            intensity: [Intensity::new(bins), Intensity::new(bins)],
            takers: TakerOrders::new(nanos(parameters.trade_lag_s)),
            mid: None,
            bins_mid: 0,
            refresh_at: Nanos::ZERO,
            overdue_at: Nanos::ZERO,
            session_at: None,
            shown: Reading::default(),
        })
    }

    /// The parameters as they are now.
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The instrument has other grids: prices in ticks mean something else from here on.
    pub fn rebase(&mut self, at: Nanos, instrument: &Instrument) {
        self.blank(at);
        self.scale = Scale::of(instrument);
        self.bins_mid = 0;
        self.configure();
    }

    /// The book has these best prices from this event on.
    #[inline]
    pub fn on_best(&mut self, at: Nanos, bid: Price, ask: Price) {
        let mid = bid.0.saturating_add(ask.0);
        if self.mid != Some(mid) {
            if self.mid.is_none() {
                self.wake(at, mid);
            }
            self.mid = Some(mid);
            self.volatility.on_mid(at, mid as f64 * 0.5 * self.scale.tick);
            self.takers.on_mid(at, mid);
        }
        self.catch_up(at);
    }

    /// Refreshes the model when it is overdue: in a silent market, plans are still asked for.
    #[inline]
    fn catch_up(&mut self, now: Nanos) {
        if now >= self.overdue_at && self.mid.is_some() {
            self.refresh(now);
        }
    }

    /// Time passed: refreshes the model when that is due, so that ticks need not wait for it.
    pub fn on_time(&mut self, at: Nanos) {
        if at >= self.refresh_at {
            self.refresh(at);
        }
    }

    /// A public trade, with the venue's time of it in milliseconds.
    #[inline]
    pub fn on_trade(&mut self, at: Nanos, venue_ms: u64, side: Side, price: Price) {
        let order = self.takers.on_print(Print { at, venue_ms, side, price });
        self.count(order);
    }

    /// The book cannot be believed from this event on: nothing is quoted and no time counts.
    pub fn blank(&mut self, at: Nanos) {
        let order = self.takers.pause();
        self.count(order);
        self.mid = None;
        self.volatility.pause(at);
        self.intensity.iter_mut().for_each(|intensity| intensity.pause(at));
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
        if self.mid.is_some() {
            self.quoter.quote(bid, ask, put);
        }
    }

    /// What it believes: σ, κ and A as of the last refresh, prices as of now; for display.
    pub fn shown(&self) -> Reading {
        let Some(mid) = self.mid else { return self.shown };
        let Some((reservation, half_spread)) = self.quoter.centre(mid) else { return self.shown };
        let milli = |ticks: f64| libm::round(ticks * 1e3) as i64;
        Reading { reservation: milli(reservation), half_spread: milli(half_spread), ..self.shown }
    }

    /// A, κ and their 95 % intervals for the flow that fills the quotes of this side; `None` while
    /// too little was seen.
    pub fn intensity(&self, side: Side) -> Option<Estimate> {
        self.intensity[side.index()].estimate()
    }

    /// σ in price per √second, and the share of its window that was seen.
    pub fn volatility(&self) -> Option<(f64, f64)> {
        self.volatility.sigma().map(|sigma| (sigma, self.volatility.confidence()))
    }

    /// Why nothing is quoted, where the reason is the strategy's own.
    pub fn silence(&self) -> Option<Silence> {
        let estimates = [self.intensity(Side::Buy), self.intensity(Side::Sell)];
        self.model(0.0, &estimates).err()
    }

    fn configure(&mut self) {
        self.volatility.configure(volatility_config(&self.parameters));
        let bins = intensity_config(&self.parameters, &self.scale, self.bins_mid);
        self.intensity.iter_mut().for_each(|intensity| intensity.configure(bins));
        self.takers.configure(nanos(self.parameters.trade_lag_s));
        self.quoter.configure(self.parameters, self.scale);
        self.refresh_at = Nanos::ZERO;
        self.overdue_at = Nanos::ZERO;
    }

    /// The book came (back): clocks run again, and the model is refreshed before it is quoted from.
    fn wake(&mut self, at: Nanos, mid: i64) {
        if self.bins_mid == 0 {
            self.lay_bins(mid);
        }
        self.intensity.iter_mut().for_each(|intensity| intensity.resume(at));
        self.session_at = self.session_at.or(Some(at));
        self.refresh_at = at;
        self.overdue_at = at;
    }

    fn lay_bins(&mut self, mid: i64) {
        self.bins_mid = mid;
        let bins = intensity_config(&self.parameters, &self.scale, mid);
        self.intensity.iter_mut().for_each(|intensity| intensity.configure(bins));
    }

    fn count(&mut self, order: Option<TakerOrder>) {
        if let Some(TakerOrder { side, distance }) = order {
            let distance = distance as f64 * 0.5 * self.scale.tick;
            self.intensity[side.opposite().index()].on_order(distance);
        }
    }

    /// Takes over what the estimators and the session's clock say.
    fn refresh(&mut self, at: Nanos) {
        let pause = nanos(self.parameters.refresh_s);
        self.refresh_at = at.after(pause);
        self.overdue_at = self.refresh_at.after(pause);
        let Some(mid) = self.mid else {
            self.quoter.set_model(None);
            return;
        };
        let order = self.takers.flush_before(at);
        self.count(order);
        self.volatility.advance(at);
        self.intensity.iter_mut().for_each(|intensity| intensity.advance(at));
        if libm::fabs(mid as f64 / self.bins_mid as f64 - 1.0) > REBASE {
            self.lay_bins(mid);
        }
        let estimates = [self.intensity(Side::Buy), self.intensity(Side::Sell)];
        let model = self.model(self.left_s(at), &estimates).ok();
        self.quoter.set_model(model);
        self.show(&estimates);
    }

    fn show(&mut self, estimates: &[Option<Estimate>; 2]) {
        let nano = |value: f64| libm::round(value * 1e9) as i64;
        let [bid, ask] = estimates;
        let rate = |side: &Option<Estimate>| side.map_or(0, |estimate| nano(estimate.rate));
        let kappa = |side: &Option<Estimate>| side.map_or(0, |estimate| nano(estimate.kappa));
        self.shown.sigma = self.volatility.sigma().map_or(0, nano);
        self.shown.arrival = [rate(bid), rate(ask)];
        self.shown.kappa = [kappa(bid), kappa(ask)];
        if !self.parameters.kappa_estimated {
            self.shown.kappa = [nano(self.parameters.kappa_start); 2];
        }
    }

    /// The model of this moment, or why there is none.
    fn model(&self, left_s: f64, estimates: &[Option<Estimate>; 2]) -> Result<Model, Silence> {
        let mid = self.mid.ok_or(Silence::Blank)?;
        let sigma = self.volatility.sigma().ok_or(Silence::Volatility)?;
        let kappa = |side: Side| match estimates[side.index()] {
            _ if !self.parameters.kappa_estimated => Ok(self.parameters.kappa_start),
            Some(estimate) => Ok(estimate.kappa),
            None => Err(Silence::Intensity(side)),
        };
        let (kappa_bid, kappa_ask) = (kappa(Side::Buy)?, kappa(Side::Sell)?);
        Ok(Model { sigma, left_s, kappa_bid, kappa_ask, mid })
    }

    /// T − t in seconds.
    fn left_s(&self, at: Nanos) -> f64 {
        let length_s = self.parameters.horizon_s;
        match (self.parameters.horizon, self.session_at) {
            (Horizon::Session, Some(start)) => {
                length_s - libm::fmod(at.since(start).as_s_f64(), length_s)
            }
            _ => length_s,
        }
    }
}

fn nanos(seconds: f64) -> Nanos {
    Nanos((seconds * 1e9) as u64)
}

fn volatility_config(parameters: &Parameters) -> VolatilityConfig {
    VolatilityConfig {
        half_life_s: parameters.sigma_half_life_s,
        sample_s: parameters.sigma_sample_s,
        bounds: Bounds { floor: parameters.sigma_floor, cap: parameters.sigma_cap },
        start: (parameters.sigma_start > 0.0).then_some(parameters.sigma_start),
        warm_up_s: parameters.sigma_warm_up_s,
    }
}

/// Bins for a mid in half ticks: whole ticks wide, so that prices on the grid fall into them
/// exactly, and at most [`BINS_MAX`] over the range asked for. Before the first mid, bins of one
/// tick.
fn intensity_config(parameters: &Parameters, scale: &Scale, mid: i64) -> IntensityConfig {
    let ticks = |bps: f64| bps / 10_000.0 * mid as f64 * 0.5;
    let range = libm::ceil(ticks(parameters.kappa_range_bps)).max(1.0);
    let width = libm::ceil(range / BINS_MAX).max(1.0);
    IntensityConfig {
        distance_min: libm::floor(ticks(parameters.kappa_distance_bps)) * scale.tick,
        bin_width: width * scale.tick,
        bins: libm::ceil(range / width) as u32,
        half_life_s: parameters.kappa_half_life_s,
        rate: Bounds { floor: parameters.rate_floor, cap: parameters.rate_cap },
        kappa: Bounds { floor: parameters.kappa_floor, cap: parameters.kappa_cap },
        start: (parameters.kappa_start > 0.0)
            .then_some((parameters.rate_start, parameters.kappa_start)),
        warm_up_orders: parameters.kappa_warm_up_orders,
    }
}

impl AvellanedaStoikov {
    fn save_learnt(&self, sink: &mut dyn Sink) {
        sink.int(self.bins_mid);
        sink.word(u64::from(self.mid.is_some()));
        sink.int(self.mid.unwrap_or(0));
        sink.word(u64::from(self.session_at.is_some()));
        sink.word(self.session_at.unwrap_or_default().0);
        sink.word(self.refresh_at.0);
        sink.word(self.overdue_at.0);
        self.volatility.save(sink);
        self.intensity.iter().for_each(|intensity| intensity.save(sink));
        self.takers.save(sink);
        self.quoter.save(sink);
        let Reading { reservation, half_spread, sigma, kappa, arrival } = self.shown;
        let [bid, ask] = kappa;
        let shown = [reservation, half_spread, sigma, bid, ask, arrival[0], arrival[1]];
        shown.into_iter().for_each(|value| sink.int(value));
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.bins_mid = source.int()?;
        self.configure();
        let there = source.word()? == 1;
        let mid = source.int()?;
        self.mid = there.then_some(mid);
        let started = source.word()? == 1;
        let session_at = Nanos(source.word()?);
        self.session_at = started.then_some(session_at);
        self.refresh_at = Nanos(source.word()?);
        self.overdue_at = Nanos(source.word()?);
        self.volatility.load(source)?;
        self.intensity.iter_mut().try_for_each(|intensity| intensity.load(source))?;
        self.takers.load(source)?;
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

impl State for AvellanedaStoikov {
    fn save(&self, sink: &mut dyn Sink) {
        self.parameters.save(sink);
        self.save_learnt(sink);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.parameters = Parameters::load(source)?;
        self.load_learnt(source)
    }
}

#[cfg(test)]
mod tests;
