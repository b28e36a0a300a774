//! Takes toward a position: numbered, paced, priced within a reach, and how long something has been
//! open that should not be.

use crate::leg::Leg;
use engine::id::Side;
use engine::num::{Amount, Price, Qty};
use engine::plan::{Plan, Take};
use engine::state::{Sink, Source};
use engine::strategy::View;
use engine::time::Nanos;

/// How far a take may reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Farthest that its limit may lie beyond the best price, of the price.
    pub cap: f64,
    /// Largest quantity, base units.
    pub clip: f64,
    /// Least time since the take before.
    pub pause: Nanos,
}

/// What came of a wish to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is left that the venue would take.
    Done,
    /// It is written, or waits for the pause to end.
    Waiting,
    /// The instrument cannot be dealt in, or what is left cannot be afforded.
    Blocked,
}

/// The takes of one instrument: each gets a number above all before it, also those of earlier
/// sessions, and comes no sooner than the pause after the last. A take that did not leave is thus
/// written again, and the venue's budget is not spent on one price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Takes {
    id: u64,
    at: Nanos,
}

impl Takes {
    /// Whether the pause since the last one is over.
    #[inline]
    pub const fn is_rested(&self, now: Nanos, pause: Nanos) -> bool {
        self.id == 0 || now.since(self.at).0 >= pause.0
    }

    /// Writes one.
    #[inline]
    pub fn fire(&mut self, now: Nanos, plan: &mut Plan, (side, price, qty): (Side, Price, Qty)) {
        self.id = self.id.saturating_add(1).max(now.0);
        self.at = now;
        plan.take = Some(Take { id: self.id, side, price, qty });
    }

    /// Takes what is left (bought above 0, sold below), as far as it reaches and can be afforded.
    pub fn close(
        &mut self,
        view: &View<'_>,
        leg: &Leg,
        left: Amount,
        reach: &Reach,
        plans: &mut [Plan],
    ) -> Progress {
        let lots = leg.lots_of(left.abs());
        if lots.is_zero() {
            return Progress::Done;
        }
        let side = if left.0 > 0 { Side::Buy } else { Side::Sell };
        let Some(open) = leg.ready(view, Nanos(u64::MAX)) else { return Progress::Blocked };
        let (best, _) = open.best(side.opposite());
        let least = leg.least(best);
        if lots < least {
            return Progress::Done;
        }
        let Some(limit) = limit(leg, side, best, reach.cap) else { return Progress::Blocked };
        let affordable = leg.affordable(view, side, leg.price(limit));
        let qty = lots.min(affordable).min(leg.lots(reach.clip).max(least));
        let qty = qty.min(Qty(leg.scale.most()));
        let Some(plan) = plans.get_mut(leg.id.index()) else { return Progress::Blocked };
        if qty < least {
            return Progress::Blocked;
        }
        if self.is_rested(view.now, reach.pause) {
            self.fire(view.now, plan, (side, limit, qty));
        }
        Progress::Waiting
    }

    /// Gives both words of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.id);
        sink.word(self.at.0);
    }

    /// Takes them back.
    pub fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.id = source.word()?;
        self.at = Nanos(source.word()?);
        Some(())
    }
}

/// The limit of a take: so far beyond the best price, inward to the grid, never short of it.
fn limit(leg: &Leg, side: Side, best: Price, cap: f64) -> Option<Price> {
    let price = leg.price(best);
    match side {
        Side::Buy => leg.below(price * (1.0 + cap)).map(|limit| limit.max(best)),
        Side::Sell => leg.above(price * (1.0 - cap)).map(|limit| limit.min(best)),
    }
}

/// How long something has been so that should not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lapse {
    since: Option<Nanos>,
}

impl Lapse {
    /// It is so now, or not: for how long it has been, zero when it is not.
    pub fn watch(&mut self, now: Nanos, is_so: bool) -> Nanos {
        self.since = if is_so { self.since.or(Some(now)) } else { None };
        self.since.map_or(Nanos::ZERO, |since| now.since(since))
    }

    /// Gives the words of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        sink.maybe(self.since.map(|at| at.0));
    }

    /// Takes them back.
    pub fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.since = source.maybe()?.map(Nanos);
        Some(())
    }
}

/// A span of seconds.
pub fn span(seconds: f64) -> Nanos {
    Nanos((seconds * 1e9) as u64)
}
