//! Execution of one large order: TWAP, VWAP, POV, iceberg and chaser, on the best venue by price
//! after fee.
//!
//! **Schedules.** Of a quantity Q to be traded over a time T in n slices, t after the beginning,
//! each algorithm says how much must be done by now and how much may be:
//!
//! ```text
//! twap     slice k of n: may Q·(k + 1)/n                      evenly over time
//! vwap     may Q·share of the volume expected until slice k ends   by the curve of the day
//! pov      may participation · volume traded since the beginning
//! iceberg  may what is done and display_qty more              quoted at the limit
//! chaser   may Q                                              quoted at the best price of others
//! ```
//!
//! What must be done and is not is taken; what may be done is quoted on the first venue. TWAP, VWAP
//! and POV take at once what they may, or, where `passive`, quote it and take what is left of a
//! slice when the next begins. At the end of T the rest is taken, where `take_rest` says so, and
//! given up else. No price beyond `limit` is dealt at.
//!
//! **Routing.** What is taken goes through the levels of all venues in the order of their prices
//! after taker fee, so that each venue gets the part for which it is the cheapest.
//!
//! **Volume curve.** Public trades are summed by quarter of an hour of the day (UTC); a day's sum
//! counts half as much the next day. Quarters that were never seen count as the mean of those that
//! were, so that without any history VWAP is TWAP.
//!
//! **Source.** R. Kissell, "The Science of Algorithmic Trading and Portfolio Management", 2013
//! (schedules, arrival price as benchmark); Hummingbot's `twap`.
//!
//! **Measured** is the slippage of the mean price against the mid on arrival ([`Progress`]): above
//! 0 is worse. **Fails** where the schedule is seen: equal clips at equal times are waited for.

mod curve;
mod parameters;
mod progress;
mod route;
mod schedule;

use crate::leg::{Leg, Open, base_of};
use crate::parameter::Table;
use crate::tactic::{BuildError, Role, Tactic};
use crate::takes::{Takes, span};
use alloc::vec::Vec;
use curve::Curve;
use engine::event::{Body, Event, kind};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::{Amount, Price, Qty};
use engine::plan::Plan;
use engine::state::{Sink, Source, State};
use engine::strategy::{Reading, View};
use engine::time::Nanos;

pub use parameters::{Algorithm, PARAMETERS, Parameters, Way};
pub use progress::Progress;
pub use route::{Part, route};

/// Most venues.
pub const VENUES_MAX: usize = 8;

/// The strategy over its venues.
#[derive(Clone, Debug)]
pub struct Execution {
    parameters: Parameters,
    legs: Vec<Leg>,
    takes: Vec<Takes>,
    curve: Curve,
    /// The order under way, or the last one.
    parent: Option<Parent>,
}

/// One order that is worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Parent {
    at: Nanos,
    /// Sum of all positions at the beginning.
    start: Amount,
    /// Base units traded by anybody since.
    volume: f64,
    progress: Progress,
    /// Whether nothing more is done.
    is_over: bool,
}

impl Execution {
    /// How the order under way stands, or how the last one ended.
    pub fn progress(&self) -> Option<Progress> {
        self.parent.map(|parent| parent.progress)
    }

    fn side(&self) -> Side {
        match self.parameters.side {
            Way::Buy => Side::Buy,
            Way::Sell => Side::Sell,
        }
    }

    fn held(&self, view: &View<'_>) -> Amount {
        let positions = self.legs.iter().map(|leg| view.position(leg.id));
        positions.fold(Amount(0), Amount::saturating_add)
    }

    /// The order, begun where it is to be and can be.
    fn parent(&mut self, view: &View<'_>) -> Option<Parent> {
        if self.parent.is_none() && self.parameters.run {
            let home = self.legs.first()?;
            let open = home.ready(view, Nanos(u64::MAX))?;
            let mid = (home.price(open.bid.0) + home.price(open.ask.0)) / 2.0;
            let progress = Progress { arrival: mid, ..Progress::default() };
            let start = self.held(view);
            self.parent = Some(Parent { at: view.now, start, progress, ..Parent::default() });
        }
        self.parent.filter(|parent| self.parameters.run && !parent.is_over)
    }

    fn work(&mut self, view: &View<'_>, parent: &Parent, plans: &mut [Plan]) {
        let p = self.parameters;
        let sign = self.side().sign();
        let done = |amount: Amount| base_of(amount.saturating_sub(parent.start)) * sign as f64;
        let traded = done(self.held(view));
        let heading =
            self.legs.iter().map(|leg| leg.heading(view)).fold(Amount(0), Amount::saturating_add);
        let sure = done(heading);
        let elapsed_s = view.now.since(parent.at).as_s_f64();
        let clock = schedule::Clock { elapsed_s, volume: parent.volume, done: traded };
        let share = |from_s: f64, to_s: f64| {
            let at = |seconds: f64| parent.at.after(span(seconds));
            self.curve.volume(at(from_s), at(to_s))
        };
        let due = schedule::due(&p, &clock, share);
        let home = self.legs.first();
        let least = home.and_then(|leg| {
            leg.open(view).map(|open| leg.base(leg.least(open.best(self.side()).0)))
        });
        let is_done = p.qty - traded < least.unwrap_or(0.0).max(1e-12);
        let is_busy = self.legs.iter().any(|leg| leg.is_busy(view));
        if is_done || due.is_over {
            if !is_busy && let Some(parent) = &mut self.parent {
                parent.is_over = true;
            }
            return;
        }
        let must = (due.must.min(p.qty) - sure).max(0.0);
        let may = (due.may.min(p.qty) - sure - must).max(0.0);
        if must > 0.0 {
            self.take(view, must, plans);
        }
        if may > 0.0 {
            self.quote(view, may, plans);
        }
    }

    /// Takes so much wherever it is best.
    fn take(&mut self, view: &View<'_>, base: f64, plans: &mut [Plan]) {
        let (p, side) = (self.parameters, self.side());
        let parts = route(view, &self.legs, side, base, p.limit);
        for ((leg, takes), part) in self.legs.iter().zip(&mut self.takes).zip(parts) {
            let Some(Part { qty, worst }) = part else { continue };
            let reach = leg.price(worst) * (1.0 + side.sign() as f64 * p.reach_bps / 1e4);
            let limit = match side {
                Side::Buy => leg.below(within(side, reach, p.limit)).map(|one| one.max(worst)),
                Side::Sell => leg.above(within(side, reach, p.limit)).map(|one| one.min(worst)),
            };
            let plan = plans.get_mut(leg.id.index());
            if let (Some(plan), Some(limit)) = (plan, limit)
                && takes.is_rested(view.now, span(p.pause_s))
            {
                takes.fire(view.now, plan, (side, limit, qty));
            }
        }
    }

    /// Quotes so much on the first venue: at the limit for an iceberg, else at the best price of
    /// others.
    fn quote(&self, view: &View<'_>, base: f64, plans: &mut [Plan]) {
        let (p, side) = (self.parameters, self.side());
        let Some(leg) = self.legs.first() else { return };
        let Some(open) = leg.open(view) else { return };
        let best = open.best_of_others(view, side, Qty(0)).unwrap_or(open.best(side).0);
        let at = if p.algorithm == Algorithm::Iceberg && p.limit > 0.0 {
            p.limit
        } else {
            within(side, leg.price(best), p.limit)
        };
        let Some(price) = leg.outward(side, at) else { return };
        let price = rest(&open, side, price);
        let most = leg.affordable(view, side, leg.price(price)).min(Qty(leg.scale.most()));
        let qty = leg.lots(base).min(most);
        if let Some(plan) = plans.get_mut(leg.id.index())
            && qty >= leg.least(price)
        {
            plan.quote(side, price, qty);
        }
    }
}

/// A price that does not go beyond the limit; 0 is none.
fn within(side: Side, price: f64, limit: f64) -> f64 {
    match side {
        _ if limit <= 0.0 => price,
        Side::Buy => price.min(limit),
        Side::Sell => price.max(limit),
    }
}

/// A price that rests.
fn rest(open: &Open<'_>, side: Side, price: Price) -> Price {
    match side {
        Side::Buy => price.min(Price(open.ask.0.0 - 1)),
        Side::Sell => price.max(Price(open.bid.0.0 + 1)),
    }
}

impl Tactic for Execution {
    type Parameters = Parameters;
    const ROLES: &'static [Role] =
        &[Role::any("venue", "quotes stand on the first one, takes go to any")];
    const INSTRUMENTS_MAX: usize = VENUES_MAX;

    fn build(parameters: Parameters, instruments: &[Instrument]) -> Result<Self, BuildError> {
        parameters.validate()?;
        BuildError::check(Self::ROLES, Self::INSTRUMENTS_MAX, instruments)?;
        for (one, other) in instruments.iter().zip(instruments.iter().skip(1)) {
            BuildError::same_assets(one, other)?;
        }
        Ok(Self {
            parameters,
            legs: instruments.iter().map(Leg::of).collect(),
            takes: alloc::vec![Takes::default(); instruments.len()],
            curve: Curve::default(),
            parent: None,
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Running again, after it was not, is a new order.
    fn configure(&mut self, parameters: Parameters) {
        if parameters.run && !self.parameters.run {
            self.parent = None;
        }
        self.parameters = parameters;
    }

    fn learn(&mut self, event: &Event, view: &View<'_>) {
        let Some(leg) = self.legs.iter_mut().find(|leg| leg.id == event.instrument) else {
            return;
        };
        match (event.kind, event.body()) {
            (kind::TRADE, Some(Body::Trade { qty, .. })) => {
                let base = leg.base(qty);
                self.curve.trade(event.at, base);
                if let Some(parent) = &mut self.parent {
                    parent.volume += base;
                }
            }
            (kind::FILL, Some(Body::Fill(fill))) => {
                let (price, base, side) = (leg.price(fill.price), leg.base(fill.qty), self.side());
                if let Some(parent) = self.parent.as_mut().filter(|_| fill.side == side) {
                    parent.progress.fill(side, price, base);
                }
            }
            (kind::FILTERS, _) => {
                if let Some(listing) = view.listing(leg.id) {
                    *leg = Leg::of(&listing.instrument);
                }
            }
            _ => {}
        }
    }

    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        if let Some(parent) = self.parent(view) {
            self.work(view, &parent, plans);
        }
    }

    /// On the first venue: the arrival price as reservation price, and as half-spread how much
    /// worse the mean price is.
    fn reading(&self, instrument: InstrumentId) -> Reading {
        let home = self.legs.first().filter(|leg| leg.id == instrument);
        let (Some(leg), Some(progress)) = (home, self.progress()) else {
            return Reading::default();
        };
        let milli = |price: f64| libm::round(price / leg.scale.tick * 1e3) as i64;
        let worse = progress.slippage_bps / 1e4 * progress.arrival;
        let (reservation, half_spread) = (milli(progress.arrival), milli(worse));
        Reading { reservation, half_spread, ..Reading::default() }
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        self.takes.iter().for_each(|takes| takes.save(sink));
        self.curve.save(sink);
        sink.flag(self.parent.is_some());
        let parent = self.parent.unwrap_or_default();
        sink.word(parent.at.0);
        sink.int(parent.start.0);
        sink.float(parent.volume);
        parent.progress.save(sink);
        sink.flag(parent.is_over);
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.takes.iter_mut().try_for_each(|takes| takes.load(source))?;
        self.curve.load(source)?;
        let there = source.flag()?;
        let parent = Parent {
            at: Nanos(source.word()?),
            start: Amount(source.int()?),
            volume: crate::signal::weight(source)?,
            progress: Progress::load(source)?,
            is_over: source.flag()?,
        };
        self.parent = there.then_some(parent);
        Some(())
    }
}

#[cfg(test)]
mod tests;
