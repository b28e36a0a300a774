//! Smart routing: which venue gets how much of what is taken.

use super::VENUES_MAX;
use crate::leg::Leg;
use engine::book::Level;
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::strategy::View;
use engine::time::Nanos;

/// Levels of all venues together that one order goes through.
const LEVELS: usize = 256;

/// What one venue gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// How much.
    pub qty: Qty,
    /// The worst price that it needs.
    pub worst: Price,
}

/// Splits a quantity over venues, level by level in the order of prices after taker fee, none
/// beyond the limit (0 is none); each venue's part in whole lots, no more than its account affords,
/// and nothing below what it takes.
pub fn route(
    view: &View<'_>,
    legs: &[Leg],
    side: Side,
    base: f64,
    limit: f64,
) -> [Option<Part>; VENUES_MAX] {
    let sign = side.sign() as f64;
    let open = |at: usize| legs.get(at).and_then(|leg| leg.ready(view, Nanos(u64::MAX)));
    let opens: [_; VENUES_MAX] = core::array::from_fn(open);
    let mut levels: [_; VENUES_MAX] = core::array::from_fn(|at| {
        let open = opens[at].as_ref();
        open.map(|open| open.listing.book.levels(side.opposite()).take(LEVELS))
    });
    let mut next: [Option<Level>; VENUES_MAX] =
        core::array::from_fn(|at| levels[at].as_mut().and_then(Iterator::next));
    let mut rooms: [f64; VENUES_MAX] = core::array::from_fn(|at| {
        let (Some(leg), Some((price, _))) = (legs.get(at), next[at]) else { return 0.0 };
        leg.base(leg.affordable(view, side, leg.price(price)).min(Qty(leg.scale.most())))
    });
    let (mut sums, mut worst) = ([0.0; VENUES_MAX], [Price(0); VENUES_MAX]);
    let mut rest = base;
    for _ in 0..LEVELS {
        let net = |at: usize| {
            let (leg, (price, _)) = (legs.get(at)?, next[at]?);
            let price = leg.price(price);
            let inside = limit <= 0.0 || (price - limit) * sign <= limit * 1e-12;
            (inside && rooms[at] > 0.0).then_some((at, price * (1.0 + sign * leg.taker)))
        };
        let cheapest = (0..legs.len().min(VENUES_MAX)).filter_map(net);
        let cheapest = cheapest.min_by(|one, other| (one.1 * sign).total_cmp(&(other.1 * sign)));
        let Some((at, _)) = cheapest.filter(|_| rest > 0.0) else { break };
        let (Some(leg), Some((price, qty))) = (legs.get(at), next[at]) else { break };
        let part = leg.base(qty).min(rest).min(rooms[at]);
        (sums[at], worst[at]) = (sums[at] + part, price);
        rest -= part;
        rooms[at] -= part;
        next[at] = levels[at].as_mut().and_then(Iterator::next);
    }
    core::array::from_fn(|at| {
        let leg = legs.get(at)?;
        let part = Part { qty: leg.lots(sums[at]), worst: worst[at] };
        (worst[at].0 > 0 && part.qty >= leg.least(worst[at])).then_some(part)
    })
}
