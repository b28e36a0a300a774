//! Pairs trading: two assets whose prices go together, the one that has run ahead sold against the
//! one that has stayed behind.
//!
//! **Formula.** Both mids are looked at on a grid of time. With weights that halve every window
//! half-life, ln a is regressed on ln b, and the residual, in its own deviations, is the signal:
//!
//! ```text
//! ln a = α + β·ln b + s        z = s/σ_s
//! enter at |z| ≥ entry_z: against a, and β times its value with b
//! leave at |z| ≤ exit_z, give up at |z| ≥ stop_z, or after holding_max_s
//! ```
//!
//! An entry also wants the spread to revert: sₜ = c + φ·sₜ₋₁ + ε is fitted in the same window, and
//! its half-life −ln 2 / ln φ must lie within bounds. And it wants the way from here to the exit,
//! (|z| − exit_z)·σ_s, to pay both fees of both legs, and `edge_min_bps`.
//!
//! **Source.** E. Gatev, W. Goetzmann and K. Rouwenhorst, "Pairs trading: performance of a relative
//! value arbitrage rule", Review of Financial Studies 19(3), 2006; G. Vidyamurthy, "Pairs Trading",
//! 2004 (regression of log prices); E. Chan, "Algorithmic Trading", 2013 (half-life of mean
//! reversion).
//!
//! **Execution.** Both legs are taken at once toward their targets, and again until they are
//! there. A leg that is not there after `settle_s` undoes an entry; what is being left reaches
//! `late_cap_bps` then.
//!
//! **Edge.** Temporary flow into one of two things that are worth the same. **Fails** when they
//! part for good: the regression follows in its own time, and until then each dip is bought. The
//! stop and the longest holding bound one such loss, not a series of them. It fails too where the
//! window holds few half-lives of the spread: mean, slope and deviation are then those of a few
//! swings, and what looks far from the mean is the mean. Some ten half-lives pay, five do not.

mod parameters;
mod spread;

use crate::leg::{Leg, Open};
use crate::parameter::Table;
use crate::tactic::{BuildError, Role, Tactic};
use crate::takes::{Lapse, Reach, Takes, span};
use engine::event::{Event, kind};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::Amount;
use engine::plan::Plan;
use engine::state::{Sink, Source};
use engine::strategy::{Reading, View};
use engine::time::Nanos;

pub use parameters::{PARAMETERS, Parameters};
pub use spread::{Found, Spread};

/// A position in both legs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trade {
    /// 1 with the first leg bought, −1 with it sold.
    way: i64,
    targets: [Amount; 2],
    at: Nanos,
}

/// The strategy on its two legs.
#[derive(Clone, Debug)]
pub struct Pairs {
    parameters: Parameters,
    legs: [Leg; 2],
    takes: [Takes; 2],
    spread: Spread,
    /// When both prices are looked at next.
    look_at: Nanos,
    trade: Option<Trade>,
    /// No entry before.
    rest_until: Nanos,
    open: Lapse,
}

/// Middle of the best prices.
fn mid(leg: &Leg, open: &Open<'_>) -> f64 {
    (leg.price(open.bid.0) + leg.price(open.ask.0)) / 2.0
}

impl Pairs {
    /// What is known of the spread.
    pub fn spread(&self) -> &Spread {
        &self.spread
    }

    /// Both mids, where both books can be dealt on.
    fn mids(&self, view: &View<'_>) -> Option<[f64; 2]> {
        let age_max = span(self.parameters.age_max_s);
        let [a, b] = &self.legs;
        let (one, other) = (a.open(view)?, b.open(view)?);
        let fresh = one.age(view.now) <= age_max && other.age(view.now) <= age_max;
        fresh.then(|| [mid(a, &one), mid(b, &other)])
    }

    /// Looks at both prices where that is due.
    fn look(&mut self, view: &View<'_>) {
        if view.now < self.look_at {
            return;
        }
        let pause = span(self.parameters.sample_s);
        let due = self.look_at.after(pause);
        // The grid goes on where it was, and begins anew after a pause.
        self.look_at = if due > view.now { due } else { view.now.after(pause) };
        match self.mids(view) {
            Some([a, b]) => self.spread.look(libm::log(a), libm::log(b)),
            None => self.spread.skip(),
        }
    }

    /// Enters, leaves, or keeps.
    fn decide(&mut self, view: &View<'_>) {
        let Some(mids) = self.mids(view) else { return };
        let Some(found) = self.spread.found() else { return };
        let z = found.z(libm::log(mids[0]), libm::log(mids[1]));
        let p = self.parameters;
        match self.trade {
            Some(trade) => {
                // How far the spread still lies on the side that it was entered on.
                let left = -z * trade.way as f64;
                let is_old = view.now.since(trade.at) > span(p.holding_max_s);
                if left >= p.stop_z || is_old {
                    self.rest_until = view.now.after(span(p.rest_s));
                    self.trade = None;
                } else if left <= p.exit_z {
                    self.trade = None;
                }
            }
            None => self.trade = self.entry(view, mids, &found, z),
        }
    }

    fn entry(&self, view: &View<'_>, mids: [f64; 2], found: &Found, z: f64) -> Option<Trade> {
        let p = &self.parameters;
        let warm = self.spread.looks() as f64 * p.sample_s >= p.warm_up_s;
        let flat = self.legs.iter().all(|leg| {
            let held = leg.lots_of(view.position(leg.id).abs());
            !leg.is_busy(view) && leg.open(view).is_some_and(|open| held < leg.least(open.bid.0))
        });
        if !warm || !flat || view.now < self.rest_until {
            return None;
        }
        let beta = found.line.slope;
        let half_life_s = found.half_life * p.sample_s;
        let far = libm::fabs(z);
        let way_home = (far - p.exit_z) * found.line.deviation;
        let [a, b] = &self.legs;
        let fees = 2.0 * (a.taker + beta * b.taker);
        let good = far >= p.entry_z
            && far < p.stop_z
            && (p.beta_min..=p.beta_max).contains(&beta)
            && (p.reversion_min_s..=p.reversion_max_s).contains(&half_life_s)
            && way_home >= fees + p.edge_min_bps / 1e4;
        if !good {
            return None;
        }
        let way: i64 = if z > 0.0 { -1 } else { 1 };
        let sizes = [p.notional / mids[0], p.notional * beta / mids[1]];
        let mut targets = [Amount(0); 2];
        for (at, (leg, way)) in self.legs.iter().zip([way, -way]).enumerate() {
            let side = if way > 0 { Side::Buy } else { Side::Sell };
            let lots = leg.lots(sizes[at]);
            let open = leg.ready(view, span(p.age_max_s))?;
            let can = lots >= leg.least(open.bid.0) && leg.affordable(view, side, mids[at]) >= lots;
            if !can {
                return None;
            }
            targets[at] = Amount(leg.amount(lots).0.saturating_mul(way));
        }
        Some(Trade { way, targets, at: view.now })
    }

    /// Takes both legs toward where they are to be.
    fn follow(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let p = self.parameters;
        let mut targets = self.trade.map_or([Amount(0); 2], |trade| trade.targets);
        let off = |targets: [Amount; 2]| {
            self.legs.iter().zip(targets).any(|(leg, target)| {
                let left = target.saturating_sub(view.position(leg.id));
                let best = view.listing(leg.id).and_then(|one| one.book.best(Side::Buy));
                let least = best.map_or(leg.scale.qty_min, |(price, _)| leg.least(price));
                leg.lots_of(left.abs()) >= least.max(engine::num::Qty(1))
            })
        };
        let is_off = off(targets);
        let late = self.open.watch(view.now, is_off) > span(p.settle_s);
        if late && self.trade.is_some() {
            self.trade = None;
            self.rest_until = view.now.after(span(p.rest_s));
            self.open = Lapse::default();
            targets = [Amount(0); 2];
        }
        let cap = if late { p.late_cap_bps } else { p.cap_bps } / 1e4;
        let reach = Reach { cap, clip: f64::MAX, pause: span(p.pause_s) };
        for ((leg, takes), target) in self.legs.iter().zip(&mut self.takes).zip(targets) {
            let left = target.saturating_sub(leg.heading(view));
            takes.close(view, leg, left, &reach, plans);
        }
    }
}

impl Tactic for Pairs {
    type Parameters = Parameters;
    const ROLES: &'static [Role] = &[
        Role::any("leg_a", "whose price is explained"),
        Role::any("leg_b", "which explains it and hedges"),
    ];

    fn build(parameters: Parameters, instruments: &[Instrument]) -> Result<Self, BuildError> {
        parameters.validate()?;
        let legs: [Instrument; 2] = BuildError::exactly(Self::ROLES, instruments)?;
        if legs[0].quote != legs[1].quote {
            let (one, other) = (legs[0].symbol, legs[1].symbol);
            let why = "both must have the same quote asset: their values are balanced";
            return Err(BuildError::Mismatch { one, other, why });
        }
        Ok(Self {
            parameters,
            legs: legs.map(|leg| Leg::of(&leg)),
            takes: [Takes::default(); 2],
            spread: Spread::new(&parameters),
            look_at: Nanos::ZERO,
            trade: None,
            rest_until: Nanos::ZERO,
            open: Lapse::default(),
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Looks at another distance say other things: with another grid all is learnt anew.
    fn configure(&mut self, parameters: Parameters) {
        let same = parameters.sample_s == self.parameters.sample_s;
        self.parameters = parameters;
        if same {
            self.spread.configure(&parameters);
        } else {
            self.spread = Spread::new(&parameters);
        }
    }

    fn learn(&mut self, event: &Event, view: &View<'_>) {
        match event.kind {
            kind::TIMER => self.look(view),
            kind::FILTERS => {
                let leg = self.legs.iter_mut().find(|leg| leg.id == event.instrument);
                if let (Some(leg), Some(listing)) = (leg, view.listing(event.instrument)) {
                    *leg = Leg::of(&listing.instrument);
                }
            }
            _ => {}
        }
    }

    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        self.decide(view);
        self.follow(view, plans);
    }

    /// It believes in no price of a single leg; see [`Pairs::spread`].
    fn reading(&self, _: InstrumentId) -> Reading {
        Reading::default()
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        self.takes.iter().for_each(|takes| takes.save(sink));
        self.spread.save(sink);
        sink.word(self.look_at.0);
        let none = Trade { way: 0, targets: [Amount(0); 2], at: Nanos::ZERO };
        let trade = self.trade.unwrap_or(none);
        sink.int(trade.way);
        trade.targets.iter().for_each(|target| sink.int(target.0));
        sink.word(trade.at.0);
        sink.word(self.rest_until.0);
        self.open.save(sink);
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.takes.iter_mut().try_for_each(|takes| takes.load(source))?;
        self.spread.load(source)?;
        self.look_at = Nanos(source.word()?);
        let way = source.int()?;
        let targets = [Amount(source.int()?), Amount(source.int()?)];
        let trade = Trade { way, targets, at: Nanos(source.word()?) };
        self.trade = (way != 0).then_some(trade);
        self.rest_until = Nanos(source.word()?);
        self.open.load(source)
    }

    /// The time between the sessions is no look.
    fn wake(&mut self) {
        self.spread.skip();
        self.open = Lapse::default();
    }
}

#[cfg(test)]
mod tests;
