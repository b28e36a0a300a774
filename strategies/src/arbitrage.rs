//! Cross-exchange arbitrage: buys where it is cheap and sells where it is dear, both at once, from
//! balances that are already there.
//!
//! **Formula.** With a the ask of one venue and b the bid of another, each taken level by level as
//! long as it pays, f the taker fees, σ the volatility of either mid, L the latency and t the age
//! of each book,
//!
//! ```text
//! b · (1 − f_b) ≥ a · (1 + f_a) · (1 + profit_min) + h
//! h = z · √( σ_a² · (L + t_a) + σ_b² · (L + t_b) )
//! ```
//!
//! The haircut h is z standard deviations of what the two prices move, independently, between what
//! is seen and what is hit. A quantity is the least of depth, the order's bound, what either
//! account affords and the bound of either position, in whole lots of both venues.
//!
//! **Source.** The profit test of Hummingbot's `arbitrage` and `amm_arb`, walked through the depth;
//! the haircut is the standard deviation of a driftless Brownian mid over a time.
//!
//! **Broken legs.** After a shot, all positions together are zero but for dust. Where one leg was
//! not filled, or not whole, what is left (live takes counted as filled) is traded at once on
//! whichever venue now gives the best price after its fee, be it the one that failed (which
//! completes the shot) or another (which unwinds it), within `repair_cap_bps`, and after
//! `repair_s` within `late_cap_bps`. Until then nothing else is shot.
//!
//! **Edge.** Venues that follow one another with a delay. **Fails** against those who are faster:
//! the leg that is right is gone, the leg that is wrong is filled, and each repair costs a spread
//! and two fees. Positions also pile up on one side where a difference lasts; they come back only
//! when it turns.

mod parameters;
mod shot;

use crate::leg::{Leg, base_of};
use crate::parameter::Table;
use crate::signal::Bounds;
use crate::signal::volatility::{Volatility, VolatilityConfig};
use crate::tactic::{BuildError, Role, Tactic};
use crate::takes::{Lapse, Reach, Takes, span};
use alloc::vec::Vec;
use engine::event::{Event, kind};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Price};
use engine::plan::Plan;
use engine::state::{Sink, Source, State};
use engine::strategy::{Reading, View};
use engine::time::Nanos;

pub use parameters::{PARAMETERS, Parameters};

/// Most venues.
pub const VENUES_MAX: usize = 8;

/// One venue of it.
#[derive(Clone, Debug)]
struct Venue {
    leg: Leg,
    takes: Takes,
    volatility: Volatility,
}

/// The strategy over its venues.
#[derive(Clone, Debug)]
pub struct Arbitrage {
    parameters: Parameters,
    venues: Vec<Venue>,
    shot_at: Nanos,
    broken: Lapse,
}

fn volatility(parameters: &Parameters) -> VolatilityConfig {
    VolatilityConfig {
        half_life_s: parameters.sigma_half_life_s,
        sample_s: parameters.sigma_sample_s,
        bounds: Bounds { floor: 0.0, cap: f64::MAX },
        start: None,
        warm_up_s: parameters.sigma_warm_up_s,
    }
}

impl Arbitrage {
    /// Trades what is left of all positions together, where there is more than dust; true while
    /// there is.
    fn repair(&mut self, view: &View<'_>, plans: &mut [Plan]) -> bool {
        let p = self.parameters;
        let sum = |of: &dyn Fn(&Leg) -> Amount| {
            self.venues.iter().fold(Amount(0), |sum, one| sum.saturating_add(of(&one.leg)))
        };
        let (held, left) = (sum(&|leg| view.position(leg.id)), sum(&|leg| leg.heading(view)));
        let is_more = |amount: Amount| !amount.is_zero() && base_of(amount.abs()) > p.repair_min;
        let late = self.broken.watch(view.now, is_more(held)) > span(p.repair_s);
        if !is_more(left) {
            return is_more(held);
        }
        let side = if left.0 > 0 { Side::Sell } else { Side::Buy };
        let lots = |leg: &Leg, price| leg.lots_of(left.abs()) >= leg.least(price);
        let best = self.venues.iter().enumerate().filter_map(|(place, one)| {
            let open = one.leg.ready(view, Nanos(u64::MAX))?;
            let (price, _) = open.best(side.opposite());
            let affords = one.leg.affordable(view, side, one.leg.price(price));
            let able = lots(&one.leg, price) && affords >= one.leg.least(price);
            able.then(|| (place, one.net(side, price)))
        });
        let sign = side.sign() as f64;
        let best = best.min_by(|one, other| (one.1 * sign).total_cmp(&(other.1 * sign)));
        let Some(one) = best.and_then(|(place, _)| self.venues.get_mut(place)) else {
            return true;
        };
        let cap = if late { p.late_cap_bps } else { p.repair_cap_bps } / 1e4;
        let reach = Reach { cap, clip: f64::MAX, pause: span(p.repair_pause_s) };
        let back = Amount(left.0.saturating_neg());
        one.takes.close(view, &one.leg, back, &reach, plans);
        true
    }
}

impl Venue {
    /// What a unit taken at a price costs or brings after the fee.
    fn net(&self, side: Side, price: Price) -> f64 {
        self.leg.price(price) * (1.0 + side.sign() as f64 * self.leg.taker)
    }
}

impl Tactic for Arbitrage {
    type Parameters = Parameters;
    const ROLES: &'static [Role] =
        &[Role::any("venue", "where it is bought or sold"), Role::any("venue", "and another one")];
    const INSTRUMENTS_MAX: usize = VENUES_MAX;

    fn build(parameters: Parameters, instruments: &[Instrument]) -> Result<Self, BuildError> {
        parameters.validate()?;
        BuildError::check(Self::ROLES, Self::INSTRUMENTS_MAX, instruments)?;
        for (one, other) in instruments.iter().zip(instruments.iter().skip(1)) {
            BuildError::same_assets(one, other)?;
        }
        let venue = |instrument: &Instrument| Venue {
            leg: Leg::of(instrument),
            takes: Takes::default(),
            volatility: Volatility::new(volatility(&parameters)),
        };
        Ok(Self {
            parameters,
            venues: instruments.iter().map(venue).collect(),
            shot_at: Nanos::ZERO,
            broken: Lapse::default(),
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn configure(&mut self, parameters: Parameters) {
        self.parameters = parameters;
        for one in &mut self.venues {
            one.volatility.configure(volatility(&parameters));
        }
    }

    fn learn(&mut self, event: &Event, view: &View<'_>) {
        if event.kind == kind::TIMER {
            self.venues.iter_mut().for_each(|one| one.volatility.advance(event.at));
            return;
        }
        let Some(one) = self.venues.iter_mut().find(|one| one.leg.id == event.instrument) else {
            return;
        };
        match event.kind {
            kind::LEVEL | kind::BEST => match one.leg.open(view) {
                Some(open) => {
                    let mid = (one.leg.price(open.bid.0) + one.leg.price(open.ask.0)) / 2.0;
                    one.volatility.on_mid(event.at, mid);
                }
                None => one.volatility.pause(event.at),
            },
            kind::GAP | kind::STATUS => one.volatility.pause(event.at),
            kind::FILTERS => {
                one.volatility.pause(event.at);
                if let Some(listing) = view.listing(one.leg.id) {
                    one.leg = Leg::of(&listing.instrument);
                }
            }
            _ => {}
        }
    }

    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        if self.repair(view, plans) {
            return;
        }
        let rested = self.shot_at == Nanos::ZERO
            || view.now.since(self.shot_at).0 >= span(self.parameters.pause_s).0;
        if rested && !self.venues.iter().any(|one| one.leg.is_busy(view)) {
            self.shoot(view, plans);
        }
    }

    /// σ of its venue's mid.
    fn reading(&self, instrument: InstrumentId) -> Reading {
        let one = self.venues.iter().find(|one| one.leg.id == instrument);
        let sigma = one.and_then(|one| one.volatility.sigma()).unwrap_or(0.0);
        Reading { sigma: libm::round(sigma * 1e9) as i64, ..Reading::default() }
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        sink.word(self.shot_at.0);
        self.broken.save(sink);
        for one in &self.venues {
            one.takes.save(sink);
            one.volatility.save(sink);
        }
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.shot_at = Nanos(source.word()?);
        self.broken.load(source)?;
        for one in &mut self.venues {
            one.takes.load(source)?;
            one.volatility.load(source)?;
        }
        Some(())
    }

    /// The time without a market does not count.
    fn wake(&mut self) {
        self.broken = Lapse::default();
        let at = self.shot_at;
        self.venues.iter_mut().for_each(|one| one.volatility.pause(at));
    }
}

#[cfg(test)]
mod tests;
