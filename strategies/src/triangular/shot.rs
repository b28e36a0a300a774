//! How much goes around a cycle, and the takes that send it.

use super::{Cycle, STEPS_MAX, Step, Triangular, signed};
use crate::leg::Open;
use crate::takes::span;
use engine::id::Side;
use engine::num::{Amount, Price, Qty};
use engine::plan::Plan;
use engine::state::{Sink, Source};
use engine::strategy::View;
use engine::time::Nanos;

/// One leg of a shot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shell {
    pub step: Step,
    /// The price that it was sent at.
    pub price: Price,
    pub qty: Qty,
    /// The position that its leg is to reach.
    pub target: Amount,
}

/// Legs that were sent together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    pub shells: [Shell; STEPS_MAX],
    pub len: u8,
    pub at: Nanos,
    /// Whether it was decided what to do with broken legs.
    pub decided: bool,
}

impl Shot {
    /// Its legs.
    pub fn shells(&self) -> &[Shell] {
        &self.shells[..usize::from(self.len).min(STEPS_MAX)]
    }

    /// Gives every word of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        sink.word(self.shells().len() as u64);
        for shell in self.shells() {
            sink.word(u64::from(shell.step.leg));
            sink.flag(shell.step.side == Side::Sell);
            sink.int(shell.price.0);
            sink.int(shell.qty.0);
            sink.int(shell.target.0);
        }
        sink.word(self.at.0);
        sink.flag(self.decided);
    }

    /// Takes them back, for so many legs.
    pub fn load(source: &mut dyn Source, legs: usize) -> Option<Self> {
        let mut shot = Self { shells: [EMPTY; STEPS_MAX], len: 0, at: Nanos::ZERO, decided: false };
        shot.len = source.count(STEPS_MAX)? as u8;
        for shell in shot.shells.iter_mut().take(usize::from(shot.len)) {
            let leg = source.count(legs.checked_sub(1)?)? as u8;
            let side = if source.flag()? { Side::Sell } else { Side::Buy };
            let (price, qty) = (Price(source.int()?), Qty(source.int()?));
            let target = Amount(source.int()?);
            *shell = Shell { step: Step { leg, side }, price, qty, target };
        }
        shot.at = Nanos(source.word()?);
        shot.decided = source.flag()?;
        Some(shot)
    }
}

const EMPTY: Shell = Shell {
    step: Step { leg: 0, side: Side::Buy },
    price: Price(0),
    qty: Qty(0),
    target: Amount(0),
};

impl Triangular {
    /// Sends a cycle as large as it may be, where it still pays in whole lots.
    pub(super) fn shoot(&mut self, view: &View<'_>, number: usize, plans: &mut [Plan]) {
        let Some(cycle) = self.cycles.get(number).copied() else { return };
        let Some(shot) = self.size(view, &cycle) else { return };
        for shell in shot.shells() {
            let at = usize::from(shell.step.leg);
            let (Some(leg), Some(takes)) = (self.legs.get(at), self.takes.get_mut(at)) else {
                return;
            };
            let reach = self.parameters.reach_bps / 1e4 * shell.step.side.sign() as f64;
            let farther = leg.price(shell.price) * (1.0 + reach);
            let limit = match shell.step.side {
                Side::Buy => leg.below(farther).map(|limit| limit.max(shell.price)),
                Side::Sell => leg.above(farther).map(|limit| limit.min(shell.price)),
            };
            let plan = plans.get_mut(leg.id.index());
            if let (Some(plan), Some(limit)) = (plan, limit) {
                takes.fire(view.now, plan, (shell.step.side, limit, shell.qty));
            }
        }
        self.shot = Some(shot);
        self.shot_at = view.now;
    }

    fn size(&self, view: &View<'_>, cycle: &Cycle) -> Option<Shot> {
        let age_max = span(self.parameters.age_max_s);
        let most = self.most(view, cycle, age_max)?;
        let mut shot = Shot { shells: [EMPTY; STEPS_MAX], len: 0, at: view.now, decided: false };
        let (mut amount, mut spent) = (most, 0.0);
        for (place, step) in cycle.steps().iter().enumerate() {
            let leg = self.legs.get(usize::from(step.leg))?;
            let open = leg.ready(view, age_max)?;
            let (best, _) = open.best(step.side.opposite());
            let price = leg.price(best);
            let (qty, used, given) = match step.side {
                Side::Buy => {
                    let qty = leg.lots(amount / (price * (1.0 + leg.taker)));
                    (qty, leg.base(qty) * price * (1.0 + leg.taker), leg.base(qty))
                }
                Side::Sell => {
                    let qty = leg.lots(amount);
                    (qty, leg.base(qty), leg.base(qty) * price * (1.0 - leg.taker))
                }
            };
            if qty < leg.least(best) {
                return None;
            }
            spent = if place == 0 { used } else { spent };
            amount = given;
            let target = view.position(leg.id).saturating_add(signed(leg, step.side, qty));
            *shot.shells.get_mut(place)? = Shell { step: *step, price: best, qty, target };
            shot.len += 1;
        }
        let pays = amount >= spent * (1.0 + self.parameters.profit_min_bps / 1e4);
        pays.then_some(shot)
    }

    /// How much of its first asset may go around: by every leg's best quantity, the accounts and
    /// the value allowed.
    fn most(&self, view: &View<'_>, cycle: &Cycle, age_max: Nanos) -> Option<f64> {
        let mut most = self.parameters.value_max / self.value(view, cycle)?;
        // How much of the asset that a step takes there is for each unit that goes around.
        let mut flow = 1.0;
        for step in cycle.steps() {
            let leg = self.legs.get(usize::from(step.leg))?;
            let open = leg.ready(view, age_max)?;
            if leg.is_busy(view) {
                return None;
            }
            let (best, qty) = open.best(step.side.opposite());
            let price = leg.price(best);
            let depth = leg.base(qty) * self.parameters.depth_share;
            let affordable = leg.base(leg.affordable(view, step.side, price));
            let room = depth.min(affordable).min(leg.base(Qty(leg.scale.most())));
            let (takes, gives) = match step.side {
                Side::Buy => {
                    let cost = price * (1.0 + leg.taker);
                    (room * cost, 1.0 / cost)
                }
                Side::Sell => (room, price * (1.0 - leg.taker)),
            };
            most = most.min(takes / flow);
            flow *= gives;
        }
        Some(most)
    }

    /// What a unit of the asset that a cycle begins with is worth in the numeraire.
    fn value(&self, view: &View<'_>, cycle: &Cycle) -> Option<f64> {
        let Some((place, is_base)) = cycle.value else { return Some(1.0) };
        let leg = self.legs.get(usize::from(place))?;
        let Open { bid, ask, .. } = leg.open(view)?;
        let mid = (leg.price(bid.0) + leg.price(ask.0)) / 2.0;
        Some(if is_base { mid } else { 1.0 / mid })
    }
}
