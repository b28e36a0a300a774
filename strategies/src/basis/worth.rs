//! What a basis position is worth: what entering would earn, what holding still does.

use super::{Aim, Basis, Execution, Parameters, Signal};
use crate::leg::{Leg, Open};
use engine::id::Side;
use engine::num::Qty;
use engine::strategy::View;
use engine::time::Nanos;

/// How many fundings fall into the horizon: the next one, told in ms since 1970, and one an
/// interval after it.
pub fn fundings(now: Nanos, next_ms: u64, horizon_h: f64, interval_h: f64) -> f64 {
    let hour_ms = 3_600_000.0;
    let until = next_ms.saturating_sub(now.as_ms()) as f64 / hour_ms;
    if next_ms == 0 || until > horizon_h {
        return 0.0;
    }
    1.0 + libm::floor((horizon_h - until) / interval_h)
}

/// The size-weighted price of taking so much off a side; nothing where there is less.
fn price(leg: &Leg, open: &Open<'_>, side: Side, base: f64) -> Option<f64> {
    let qty = leg.lots(base).max(Qty(1));
    let taken = open.listing.book.take_off(side.opposite(), qty);
    let mean = taken.mean().filter(|_| taken.qty >= qty)?;
    Some(mean.numerator as f64 / mean.denominator as f64 * leg.scale.tick)
}

impl Basis {
    /// Builds what pays, reduces what no longer does.
    pub(super) fn judge(&mut self, view: &View<'_>, legs: (&Open<'_>, &Open<'_>)) -> Aim {
        let mid =
            |leg: &Leg, open: &Open<'_>| (leg.price(open.bid.0) + leg.price(open.ask.0)) / 2.0;
        let (spot, perp) = (mid(&self.spot, legs.0), mid(&self.perp, legs.1));
        self.shown = (perp - spot) / spot;
        let held = self.held(view);
        if held != 0 && self.is_over(view, legs, held) {
            return Aim::Reduce(held);
        }
        let full = self.spot.held(view).abs().max(self.perp.held(view).abs());
        let room = self.parameters.position_max - full;
        if room < self.spot.base(self.spot.least(legs.0.bid.0)) {
            return Aim::Hold;
        }
        let ways: &[i64] = match (held, self.parameters.reverse) {
            (0, true) => &[1, -1],
            (0, false) | (1, _) => &[1],
            _ => &[-1],
        };
        let pays = |way: &&i64| self.entry(view, legs, **way).is_some_and(|gain| self.pays(gain));
        ways.iter().find(pays).map_or(Aim::Hold, |way| Aim::Build(*way))
    }

    fn pays(&self, gain: f64) -> bool {
        let p = &self.parameters;
        gain >= p.threshold_bps / 1e4 && gain * 8760.0 / p.horizon_h >= p.annual_min
    }

    /// Funding over the horizon for this direction.
    fn carry(&self, view: &View<'_>, way: i64) -> f64 {
        let Parameters { horizon_h, funding_interval_h, .. } = self.parameters;
        let Some(listing) = view.listing(self.perp.id) else { return 0.0 };
        let reference = listing.reference;
        let count = fundings(view.now, reference.funding_at_ms, horizon_h, funding_interval_h);
        way as f64 * count * reference.funding.0 as f64 / 1e8
    }

    fn counted(&self, basis: f64, carry: f64) -> f64 {
        match self.parameters.signal {
            Signal::Basis => basis,
            Signal::Funding => carry,
            Signal::Both => basis + carry,
        }
    }

    /// What entering one clip in a direction would earn, of the spot price.
    fn entry(&self, view: &View<'_>, legs: (&Open<'_>, &Open<'_>), way: i64) -> Option<f64> {
        let p = &self.parameters;
        let sides = sides(way);
        let at = |leg: &Leg, open: &Open<'_>, side: Side, makes: bool| {
            if makes {
                Some(leg.price(open.best(side).0))
            } else {
                price(leg, open, side, p.order_qty)
            }
        };
        let spot = at(&self.spot, legs.0, sides[0], p.execution == Execution::MakerSpot)?;
        let perp = at(&self.perp, legs.1, sides[1], p.execution == Execution::MakerPerp)?;
        let basis = way as f64 * ((perp - spot) / spot - p.basis_target_bps / 1e4);
        let one_way = match p.execution {
            Execution::Taker => self.spot.taker + self.perp.taker,
            Execution::MakerSpot => self.spot.maker + self.perp.taker,
            Execution::MakerPerp => self.spot.taker + self.perp.maker,
        };
        let cost = 2.0 * (one_way + p.slippage_bps / 1e4);
        Some(self.counted(basis, self.carry(view, way)) - cost)
    }

    /// Whether what is held in a direction is to be left.
    fn is_over(&self, view: &View<'_>, legs: (&Open<'_>, &Open<'_>), way: i64) -> bool {
        let p = &self.parameters;
        // Getting out of a long is selling.
        let sides = sides(-way);
        let at = |leg: &Leg, open: &Open<'_>, side: Side| leg.price(open.best(side.opposite()).0);
        let spot = at(&self.spot, legs.0, sides[0]);
        let perp = at(&self.perp, legs.1, sides[1]);
        let basis = way as f64 * ((perp - spot) / spot - p.basis_target_bps / 1e4);
        let carry = self.carry(view, way);
        let turned = p.signal != Signal::Basis && carry < -p.turn_bps / 1e4;
        turned || self.counted(basis, carry) <= p.exit_bps / 1e4
    }
}

/// What is done with spot and perpetual to go in a direction.
pub fn sides(way: i64) -> [Side; 2] {
    if way > 0 { [Side::Buy, Side::Sell] } else { [Side::Sell, Side::Buy] }
}
