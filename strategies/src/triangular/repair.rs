//! What becomes of a shot: done, completed or undone.

use super::shot::{Shell, Shot};
use super::{Triangular, signed};
use crate::leg::Leg;
use crate::takes::{Progress, Reach, span};
use engine::id::Side;
use engine::num::Amount;
use engine::plan::Plan;
use engine::strategy::View;

impl Triangular {
    /// Works on a shot; nothing when it is over.
    pub(super) fn repair(
        &mut self,
        view: &View<'_>,
        mut shot: Shot,
        plans: &mut [Plan],
    ) -> Option<Shot> {
        let p = self.parameters;
        let is_late = view.now.since(shot.at) > span(p.repair_s);
        let busy = shot.shells().iter().any(|shell| {
            self.legs.get(usize::from(shell.step.leg)).is_some_and(|leg| leg.is_busy(view))
        });
        if busy && !is_late {
            return Some(shot);
        }
        if !shot.decided && shot.shells().iter().any(|shell| self.left(view, shell).is_some()) {
            self.decide(view, &mut shot);
            shot.decided = true;
        }
        let cap = if is_late { p.late_cap_bps } else { p.repair_cap_bps } / 1e4;
        let reach = Reach { cap, clip: f64::MAX, pause: span(p.repair_pause_s) };
        let mut open = false;
        for shell in shot.shells() {
            let Some(left) = self.left(view, shell) else { continue };
            let at = usize::from(shell.step.leg);
            if let (Some(leg), Some(takes)) = (self.legs.get(at), self.takes.get_mut(at)) {
                open |= takes.close(view, leg, left, &reach, plans) != Progress::Done;
            }
        }
        (open || busy).then_some(shot)
    }

    /// What a leg is short of its target (bought above 0), where that is more than dust.
    fn left(&self, view: &View<'_>, shell: &Shell) -> Option<Amount> {
        let leg = self.legs.get(usize::from(shell.step.leg))?;
        let left = shell.target.saturating_sub(leg.heading(view));
        let dust = leg.base(shell.qty) * self.parameters.dust_share;
        let is_more = leg.base(leg.lots_of(left.abs())) > dust;
        is_more.then_some(left)
    }

    /// Completes or undoes, whichever costs less by the prices of now: all legs are worth the same,
    /// so that costs are counted as shares of it.
    fn decide(&self, view: &View<'_>, shot: &mut Shot) {
        let (mut complete, mut undo) = (0.0, 0.0);
        for shell in shot.shells() {
            let Some(leg) = self.legs.get(usize::from(shell.step.leg)) else { continue };
            let whole = leg.base(shell.qty);
            let sign = shell.step.side.sign();
            let short = shell.target.saturating_sub(view.position(leg.id)).0.saturating_mul(sign);
            let missing = (crate::leg::base_of(Amount(short)) / whole).clamp(0.0, 1.0);
            complete += missing * cost(view, leg, shell, shell.step.side);
            undo += (1.0 - missing) * cost(view, leg, shell, shell.step.side.opposite());
        }
        if undo < complete {
            for shell in &mut shot.shells {
                if let Some(leg) = self.legs.get(usize::from(shell.step.leg)) {
                    let whole = signed(leg, shell.step.side, shell.qty);
                    shell.target = shell.target.saturating_sub(whole);
                }
            }
        }
    }
}

/// What trading a leg on this side costs now against the price that it was sent at, fee included,
/// of its value; endless where it cannot be dealt in.
fn cost(view: &View<'_>, leg: &Leg, shell: &Shell, side: Side) -> f64 {
    let Some(open) = leg.open(view) else { return 1e9 };
    let (best, _) = open.best(side.opposite());
    let moved = best.0.saturating_sub(shell.price.0) as f64 / shell.price.0.max(1) as f64;
    moved * side.sign() as f64 + leg.taker
}
