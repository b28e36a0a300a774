//! Spot–perpetual basis and funding arbitrage: long the one and short the other, for what the
//! perpetual trades above (or below) spot, and for the funding that its holders pay meanwhile.
//!
//! **Formula.** With P the perpetual's and S the spot's size-weighted prices to trade at, t the
//! basis that is expected in the end, r the next funding rate (longs pay when above 0), n the
//! fundings within the horizon, d = 1 for long spot and short perpetual, −1 for the reverse, and
//! all as a share of the spot price,
//!
//! ```text
//! basis   = d · ((P − S)/S − t)          carry = d · n · r
//! enter:    basis + carry − fees of both legs, both ways − slippage ≥ threshold
//! hold:     basis (at the prices to get out at) + carry > exit
//! ```
//!
//! of which `signal` takes the one, the other or their sum. What is gained by an entry is also
//! held against `annual_min`, over the horizon. Out of it goes what fell to the exit threshold,
//! and, where funding counts, what funding has turned against by more than `turn_bps`.
//!
//! **Source.** The cash-and-carry trade; funding as in S. He, A. Manela, O. Ross and V. von
//! Wachter, "Fundamentals of perpetual futures", 2022, whose no-arbitrage bounds are the entry
//! rule with fees; Hummingbot's `spot_perpetual_arbitrage` for the execution.
//!
//! **Execution** in clips: both legs taken at once, or one leg quoted at the best price of its side
//! and each fill hedged by taking the other. What both legs hold together is kept at zero: when a
//! clip is built the smaller leg is completed, when it is reduced the larger one is, within
//! `hedge_cap_bps`; after `repair_s` within `late_cap_bps`, and by the other leg where the first
//! cannot be dealt in. Until then no clip begins.
//!
//! **Edge.** Those who want leverage pay for it. **Fails** when the basis widens first, which is a
//! loss on the perpetual that has to be margined while the spot's gain cannot be used for it
//! (liquidation is the end of the hedge); and when funding turns sooner than fees are earned.

mod clips;
mod parameters;
mod worth;

use crate::leg::{Leg, base_of};
use crate::parameter::Table;
use crate::tactic::{BuildError, Role, Tactic};
use crate::takes::{Lapse, Progress, Reach, Takes, span};
use engine::event::{Event, kind};
use engine::id::InstrumentId;
use engine::instrument::{Instrument, Kind};
use engine::num::Amount;
use engine::plan::Plan;
use engine::state::{Sink, Source};
use engine::strategy::{Reading, View};
use engine::time::Nanos;

pub use parameters::{Execution, PARAMETERS, Parameters, Signal};
pub use worth::fundings;

/// What is done with the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// Nothing.
    Hold,
    /// More of it: long spot (1) or short spot (−1).
    Build(i64),
    /// Less of what is held in this direction.
    Reduce(i64),
}

/// The strategy on its two legs.
#[derive(Clone, Debug)]
pub struct Basis {
    parameters: Parameters,
    spot: Leg,
    perp: Leg,
    takes: [Takes; 2],
    clip_at: Nanos,
    open: Lapse,
    aim: Aim,
    /// The basis as of the last look, of the spot price.
    shown: f64,
}

impl Basis {
    /// The perpetual's mid less the spot's, of the spot's, in basis points; 0 before both books
    /// were there.
    pub fn basis_bps(&self) -> f64 {
        self.shown * 1e4
    }

    /// The direction that is held: 1 long spot, −1 short spot, 0 neither by as much as an order.
    fn held(&self, view: &View<'_>) -> i64 {
        let (spot, perp) = (view.position(self.spot.id).0, view.position(self.perp.id).0);
        let half = Amount(spot.saturating_sub(perp) / 2);
        let Some(open) = self.spot.open(view) else { return half.0.signum() };
        let least = self
            .spot
            .least(open.bid.0)
            .max(self.perp.lots_of(self.spot.amount(self.spot.scale.qty_min)));
        if self.spot.lots_of(half.abs()) < least { 0 } else { half.0.signum() }
    }

    /// Brings both legs together back to zero: nothing when they are, else whether it is late.
    fn repair(&mut self, view: &View<'_>, plans: &mut [Plan]) -> Option<bool> {
        let p = self.parameters;
        let held = view.position(self.spot.id).saturating_add(view.position(self.perp.id));
        let left = self.spot.heading(view).saturating_add(self.perp.heading(view));
        let is_more = |amount: Amount| {
            base_of(amount.abs()) > p.imbalance_max
                && !(self.spot.lots_of(amount).is_zero() && self.perp.lots_of(amount).is_zero())
        };
        let is_late = self.open.watch(view.now, is_more(held)) > span(p.repair_s);
        if !is_more(left) {
            return is_more(held).then_some(is_late);
        }
        let cap = if is_late { p.late_cap_bps } else { p.hedge_cap_bps } / 1e4;
        let reach = Reach { cap, clip: f64::MAX, pause: span(p.hedge_pause_s) };
        let size = |leg: &Leg| view.position(leg.id).0.unsigned_abs();
        let perp_is_smaller = size(&self.perp) < size(&self.spot);
        let reduces = matches!(self.aim, Aim::Reduce(_));
        let first = usize::from(perp_is_smaller != reduces);
        let legs = [self.spot, self.perp];
        let back = Amount(left.0.saturating_neg());
        for (turn, at) in [first, 1 - first].into_iter().enumerate() {
            let progress = self.takes[at].close(view, &legs[at], back, &reach, plans);
            if progress != Progress::Blocked || !is_late || turn == 1 {
                break;
            }
        }
        Some(is_late)
    }
}

impl Tactic for Basis {
    type Parameters = Parameters;
    const ROLES: &'static [Role] = &[
        Role::of(Kind::Spot, "spot", "the asset itself"),
        Role::of(Kind::Linear, "perp", "the perpetual on it"),
    ];

    fn build(parameters: Parameters, instruments: &[Instrument]) -> Result<Self, BuildError> {
        parameters.validate()?;
        let [spot, perp] = BuildError::exactly(Self::ROLES, instruments)?;
        BuildError::same_assets(&spot, &perp)?;
        Ok(Self {
            parameters,
            spot: Leg::of(&spot),
            perp: Leg::of(&perp),
            takes: [Takes::default(); 2],
            clip_at: Nanos::ZERO,
            open: Lapse::default(),
            aim: Aim::Hold,
            shown: 0.0,
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn configure(&mut self, parameters: Parameters) {
        self.parameters = parameters;
    }

    fn learn(&mut self, event: &Event, view: &View<'_>) {
        if event.kind != kind::FILTERS {
            return;
        }
        for leg in [&mut self.spot, &mut self.perp] {
            if let Some(listing) = view.listing(leg.id).filter(|_| leg.id == event.instrument) {
                *leg = Leg::of(&listing.instrument);
            }
        }
    }

    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let age_max = span(self.parameters.age_max_s);
        let legs = (self.spot.ready(view, age_max), self.perp.ready(view, age_max));
        let (Some(spot), Some(perp)) = legs else {
            self.aim = Aim::Hold;
            self.repair(view, plans);
            return;
        };
        self.aim = self.judge(view, (&spot, &perp));
        let open = self.repair(view, plans);
        // Beside what their own fills left open, quotes may stand until it is late.
        let takes = self.parameters.execution == Execution::Taker;
        if open.is_none_or(|is_late| !takes && !is_late) {
            self.clip(view, (&spot, &perp), plans);
        }
    }

    /// It believes in no price of a single leg; see [`Basis::basis_bps`].
    fn reading(&self, _: InstrumentId) -> Reading {
        Reading::default()
    }

    fn save_learnt(&self, sink: &mut dyn Sink) {
        self.takes.iter().for_each(|takes| takes.save(sink));
        sink.word(self.clip_at.0);
        self.open.save(sink);
        let (kind, side) = match self.aim {
            Aim::Hold => (0, 0),
            Aim::Build(side) => (1, side),
            Aim::Reduce(side) => (2, side),
        };
        sink.word(kind);
        sink.int(side);
        sink.float(self.shown);
    }

    fn load_learnt(&mut self, source: &mut dyn Source) -> Option<()> {
        self.takes.iter_mut().try_for_each(|takes| takes.load(source))?;
        self.clip_at = Nanos(source.word()?);
        self.open.load(source)?;
        let (kind, side) = (source.word()?, source.int()?);
        self.aim = match (kind, side) {
            (0, 0) => Aim::Hold,
            (1, -1 | 1) => Aim::Build(side),
            (2, -1 | 1) => Aim::Reduce(side),
            _ => return None,
        };
        self.shown = source.float().filter(|basis| basis.is_finite())?;
        Some(())
    }

    fn wake(&mut self) {
        self.open = Lapse::default();
    }
}

#[cfg(test)]
mod tests;
