//! One clip of a basis position: both legs taken at once, or one quoted.

use super::worth::sides;
use super::{Aim, Basis, Execution};
use crate::leg::{Leg, Open};
use crate::takes::span;
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::plan::Plan;
use engine::strategy::View;

impl Basis {
    /// Trades a clip toward the aim.
    pub(super) fn clip(
        &mut self,
        view: &View<'_>,
        legs: (&Open<'_>, &Open<'_>),
        plans: &mut [Plan],
    ) {
        let p = self.parameters;
        let (way, most) = match self.aim {
            Aim::Hold => return,
            Aim::Build(way) => {
                let full = self.spot.held(view).abs().max(self.perp.held(view).abs());
                (way, p.position_max - full)
            }
            Aim::Reduce(way) => {
                let held = self.spot.held(view).abs().min(self.perp.held(view).abs());
                (-way, held)
            }
        };
        let sides = sides(way);
        let size = self.size(view, legs, sides, p.order_qty.min(most));
        let Some(qty) = size else { return };
        match p.execution {
            Execution::Taker => self.take_both(view, legs, (sides, qty), plans),
            Execution::MakerSpot => quote(&self.spot, legs.0, (sides[0], qty[0]), plans),
            Execution::MakerPerp => quote(&self.perp, legs.1, (sides[1], qty[1]), plans),
        }
    }

    /// The clip in whole lots of both legs; nothing below what either venue takes.
    fn size(
        &self,
        view: &View<'_>,
        legs: (&Open<'_>, &Open<'_>),
        sides: [Side; 2],
        most: f64,
    ) -> Option<[Qty; 2]> {
        let mut base = most;
        for (leg, open, side) in [(&self.spot, legs.0, sides[0]), (&self.perp, legs.1, sides[1])] {
            let price = leg.price(open.best(side.opposite()).0);
            base = base.min(leg.base(leg.affordable(view, side, price)));
            base = base.min(leg.base(Qty(leg.scale.most())));
        }
        let perp = self.perp.lots(base);
        let spot = self.spot.lots(self.perp.base(perp));
        let perp = self.perp.lots(self.spot.base(spot));
        let large = spot >= self.spot.least(legs.0.bid.0) && perp >= self.perp.least(legs.1.bid.0);
        large.then_some([spot, perp])
    }

    fn take_both(
        &mut self,
        view: &View<'_>,
        legs: (&Open<'_>, &Open<'_>),
        (sides, qty): ([Side; 2], [Qty; 2]),
        plans: &mut [Plan],
    ) {
        let pairs = [(self.spot, legs.0), (self.perp, legs.1)];
        let busy = pairs.iter().any(|(leg, _)| leg.is_busy(view));
        let rested = self.clip_at.0 == 0
            || view.now.since(self.clip_at).0 >= span(self.parameters.pause_s).0;
        if busy || !rested {
            return;
        }
        for (at, (leg, open)) in pairs.iter().enumerate() {
            let taken = open.listing.book.take_off(sides[at].opposite(), qty[at]);
            let limit = self.limit(leg, sides[at], taken.worst);
            let plan = plans.get_mut(leg.id.index());
            if let (Some(plan), Some(limit)) = (plan, limit) {
                self.takes[at].fire(view.now, plan, (sides[at], limit, qty[at]));
            }
        }
        self.clip_at = view.now;
    }

    fn limit(&self, leg: &Leg, side: Side, worst: Price) -> Option<Price> {
        let reach = 1.0 + side.sign() as f64 * self.parameters.reach_bps / 1e4;
        let price = leg.price(worst) * reach;
        match side {
            Side::Buy => leg.below(price).map(|limit| limit.max(worst)),
            Side::Sell => leg.above(price).map(|limit| limit.min(worst)),
        }
    }
}

/// Quotes at the best price of its side.
fn quote(leg: &Leg, open: &Open<'_>, (side, qty): (Side, Qty), plans: &mut [Plan]) {
    if let Some(plan) = plans.get_mut(leg.id.index()) {
        plan.quote(side, open.best(side).0, qty);
    }
}
