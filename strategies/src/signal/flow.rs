//! What one instrument's market is like, for strategies that quote by it: σ of its mid, and A and κ
//! of the taker orders that reach each side, taken over on a timer.
//!
//! Own trades are public trades too: what takers did to our quotes is part of the flow that is
//! measured, as it should be. The mid is that of the whole book, our own quotes included.

use super::Bounds;
use super::intensity::{Estimate, Intensity, IntensityConfig};
use super::taker::{Print, TakerOrder, TakerOrders};
use super::volatility::{Volatility, VolatilityConfig};
use crate::takes::span;
use engine::id::Side;
use engine::num::Price;
use engine::state::{Sink, Source, State};
use engine::time::Nanos;

/// Most bins of the distances that κ is fitted over.
const BINS_MAX: f64 = 256.0;
/// The bins are laid anew when the mid has moved by this share since they were.
const REBASE: f64 = 0.2;

/// How a market is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlowConfig {
    /// How often estimates are taken over, seconds.
    pub refresh_s: f64,
    /// How long a mid must have stood before a trade to be the one that it reached away from,
    /// seconds.
    pub trade_lag_s: f64,
    /// How σ is measured.
    pub volatility: VolatilityConfig,
    /// Whether A and κ are estimated; else `kappa_start` stands.
    pub kappa_estimated: bool,
    /// κ believed at the start, 1/price; 0: none.
    pub kappa_start: f64,
    /// A believed at the start, where κ has a start value, 1/s.
    pub rate_start: f64,
    /// Distances over which κ is fitted, bp of the mid.
    pub range_bps: f64,
    /// Distance below which orders are left out of the fit, bp of the mid.
    pub distance_bps: f64,
    /// Time in which a taker order loses half its weight, seconds.
    pub half_life_s: f64,
    /// Range of A given out, 1/s.
    pub rate: Bounds,
    /// Range of κ given out, 1/price.
    pub kappa: Bounds,
    /// Taker orders to be seen on each side where there is no start value.
    pub warm_up_orders: f64,
}

/// Why nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// There is no book that can be believed.
    Blank,
    /// σ has no start value and too little was seen.
    Volatility,
    /// κ of this side's quotes has no start value and too few taker orders were seen.
    Intensity(Side),
}

/// What was found of a market at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// σ, price per √second.
    pub sigma: f64,
    /// κ of the flow that fills our bid and our ask, 1/price.
    pub kappa: [f64; 2],
    /// A of the same, 1/s.
    pub rate: [f64; 2],
    /// Twice the mid, ticks.
    pub mid: i64,
}

/// The estimators of one instrument and their clock.
#[derive(Clone, Debug)]
pub struct Flow {
    config: FlowConfig,
    /// Price units in one tick.
    tick: f64,
    volatility: Volatility,
    /// Of the flow that fills the quotes of each side: sell takers for our bids.
    intensity: [Intensity; 2],
    takers: TakerOrders,
    /// Best bid plus best ask, half ticks; `None` while the book is blank.
    mid: Option<i64>,
    /// The mid that the bins were laid for, half ticks; 0 before the first.
    bins_mid: i64,
    /// From when on a timer takes estimates over.
    refresh_at: Nanos,
    /// From when on a tick does, because no timer did.
    overdue_at: Nanos,
    /// When the first book was there.
    began_at: Option<Nanos>,
}

impl Flow {
    /// Nothing seen yet, of an instrument with this tick.
    pub fn new(config: FlowConfig, tick: f64) -> Self {
        let bins = bins(&config, tick, 0);
        Self {
            config,
            tick,
            volatility: Volatility::new(config.volatility),
            intensity: [Intensity::new(bins), Intensity::new(bins)],
            takers: TakerOrders::new(span(config.trade_lag_s)),
            mid: None,
            bins_mid: 0,
            refresh_at: Nanos::ZERO,
            overdue_at: Nanos::ZERO,
            began_at: None,
        }
    }

    /// Takes other settings over; what was seen stays as far as it means the same.
    pub fn configure(&mut self, config: FlowConfig) {
        self.config = config;
        self.volatility.configure(config.volatility);
        self.lay_bins(self.bins_mid);
        self.takers.configure(span(config.trade_lag_s));
        self.refresh_at = Nanos::ZERO;
        self.overdue_at = Nanos::ZERO;
    }

    /// Prices in ticks mean something else from here on.
    pub fn rebase(&mut self, at: Nanos, tick: f64) {
        self.blank(at);
        self.tick = tick;
        self.configure(self.config);
        self.lay_bins(0);
    }

    /// Best bid plus best ask, half ticks; `None` while the book is blank.
    pub const fn mid(&self) -> Option<i64> {
        self.mid
    }

    /// When the first book was there.
    pub const fn began_at(&self) -> Option<Nanos> {
        self.began_at
    }

    /// When estimates are to be taken over next.
    pub const fn refresh_at(&self) -> Nanos {
        self.refresh_at
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
            self.volatility.on_mid(at, mid as f64 * 0.5 * self.tick);
            self.takers.on_mid(at, mid);
        }
    }

    /// A public trade, with the venue's time of it in milliseconds.
    #[inline]
    pub fn on_trade(&mut self, at: Nanos, venue_ms: u64, side: Side, price: Price) {
        let order = self.takers.on_print(Print { at, venue_ms, side, price });
        self.count(order);
    }

    /// The book cannot be believed from this event on: no time counts.
    pub fn blank(&mut self, at: Nanos) {
        let order = self.takers.pause();
        self.count(order);
        self.mid = None;
        self.volatility.pause(at);
        self.intensity.iter_mut().for_each(|intensity| intensity.pause(at));
    }

    /// Whether a timer is to take estimates over.
    #[inline]
    pub fn is_due(&self, now: Nanos) -> bool {
        now >= self.refresh_at
    }

    /// Whether a tick is to do it, because no timer did: in a silent market, plans are still asked
    /// for.
    #[inline]
    pub fn is_overdue(&self, now: Nanos) -> bool {
        now >= self.overdue_at && self.mid.is_some()
    }

    /// Brings the estimators up to this moment; what they say, or why they say nothing.
    pub fn refresh(&mut self, at: Nanos) -> Result<Found, Silence> {
        let pause = span(self.config.refresh_s);
        self.refresh_at = at.after(pause);
        self.overdue_at = self.refresh_at.after(pause);
        let mid = self.mid.ok_or(Silence::Blank)?;
        let order = self.takers.flush_before(at);
        self.count(order);
        self.volatility.advance(at);
        self.intensity.iter_mut().for_each(|intensity| intensity.advance(at));
        if libm::fabs(mid as f64 / self.bins_mid as f64 - 1.0) > REBASE {
            self.lay_bins(mid);
        }
        self.found()
    }

    /// What the estimators say as of the last refresh, or why they say nothing.
    pub fn found(&self) -> Result<Found, Silence> {
        let mid = self.mid.ok_or(Silence::Blank)?;
        let sigma = self.volatility.sigma().ok_or(Silence::Volatility)?;
        let side = |side: Side| match self.intensity(side) {
            found if !self.config.kappa_estimated => {
                let rate = found.map_or(self.config.rate_start, |found| found.rate);
                Ok((rate, self.config.kappa_start))
            }
            Some(found) => Ok((found.rate, found.kappa)),
            None => Err(Silence::Intensity(side)),
        };
        let (bid, ask) = (side(Side::Buy)?, side(Side::Sell)?);
        Ok(Found { sigma, kappa: [bid.1, ask.1], rate: [bid.0, ask.0], mid })
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

    /// The book came (back): clocks run again, and estimates are taken over before they are quoted
    /// from.
    fn wake(&mut self, at: Nanos, mid: i64) {
        if self.bins_mid == 0 {
            self.lay_bins(mid);
        }
        self.intensity.iter_mut().for_each(|intensity| intensity.resume(at));
        self.began_at = self.began_at.or(Some(at));
        self.refresh_at = at;
        self.overdue_at = at;
    }

    fn lay_bins(&mut self, mid: i64) {
        self.bins_mid = mid;
        let bins = bins(&self.config, self.tick, mid);
        self.intensity.iter_mut().for_each(|intensity| intensity.configure(bins));
    }

    fn count(&mut self, order: Option<TakerOrder>) {
        if let Some(TakerOrder { side, distance }) = order {
            let distance = distance as f64 * 0.5 * self.tick;
            self.intensity[side.opposite().index()].on_order(distance);
        }
    }
}

/// Bins for a mid in half ticks: whole ticks wide, so that prices on the grid fall into them
/// exactly, and at most [`BINS_MAX`] over the range asked for. Before the first mid, bins of one
/// tick.
fn bins(config: &FlowConfig, tick: f64, mid: i64) -> IntensityConfig {
    let ticks = |bps: f64| bps / 10_000.0 * mid as f64 * 0.5;
    let range = libm::ceil(ticks(config.range_bps)).max(1.0);
    let width = libm::ceil(range / BINS_MAX).max(1.0);
    IntensityConfig {
        distance_min: libm::floor(ticks(config.distance_bps)) * tick,
        bin_width: width * tick,
        bins: libm::ceil(range / width) as u32,
        half_life_s: config.half_life_s,
        rate: config.rate,
        kappa: config.kappa,
        start: (config.kappa_start > 0.0).then_some((config.rate_start, config.kappa_start)),
        warm_up_orders: config.warm_up_orders,
    }
}

impl State for Flow {
    fn save(&self, sink: &mut dyn Sink) {
        sink.int(self.bins_mid);
        sink.flag(self.mid.is_some());
        sink.int(self.mid.unwrap_or(0));
        sink.maybe(self.began_at.map(|at| at.0));
        sink.word(self.refresh_at.0);
        sink.word(self.overdue_at.0);
        self.volatility.save(sink);
        self.intensity.iter().for_each(|intensity| intensity.save(sink));
        self.takers.save(sink);
    }

    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.bins_mid = source.int()?;
        self.configure(self.config);
        let there = source.flag()?;
        let mid = source.int()?;
        self.mid = there.then_some(mid);
        self.began_at = source.maybe()?.map(Nanos);
        self.refresh_at = Nanos(source.word()?);
        self.overdue_at = Nanos(source.word()?);
        self.volatility.load(source)?;
        self.intensity.iter_mut().try_for_each(|intensity| intensity.load(source))?;
        self.takers.load(source)
    }
}
