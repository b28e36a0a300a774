//! Which two venues to shoot at, how much, and to which price.

use super::{Arbitrage, Venue};
use crate::leg::Open;
use crate::takes::span;
use engine::book::Level;
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::plan::Plan;
use engine::strategy::View;

/// Levels of each book that one shot goes through.
const LEVELS: usize = 64;

/// A trade on two venues that pays for itself.
#[derive(Clone, Copy, Debug)]
struct Shot {
    /// Places of the venues: bought at, sold at.
    places: [usize; 2],
    /// Worst prices that it needs.
    worst: [Price; 2],
    qty: [Qty; 2],
    /// What it earns after fees and haircut, quote units.
    profit: f64,
}

impl Arbitrage {
    /// Takes both legs of the pair that earns the most, if any does.
    pub(super) fn shoot(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        let mut best: Option<Shot> = None;
        for buy in 0..self.venues.len() {
            for sell in 0..self.venues.len() {
                let shot = self.shot(view, [buy, sell]);
                let is_best = |shot: &Shot| best.is_none_or(|best| shot.profit > best.profit);
                best = shot.filter(is_best).or(best);
            }
        }
        let Some(Shot { places, worst, qty, .. }) = best else { return };
        for (at, side) in Side::BOTH.into_iter().enumerate() {
            let Some(one) = self.venues.get_mut(places[at]) else { return };
            let reach = self.parameters.reach_bps / 1e4 * side.sign() as f64;
            let farther = one.leg.price(worst[at]) * (1.0 + reach);
            let limit = match side {
                Side::Buy => one.leg.below(farther).map(|price| price.max(worst[at])),
                Side::Sell => one.leg.above(farther).map(|price| price.min(worst[at])),
            };
            let plan = plans.get_mut(one.leg.id.index());
            if let (Some(plan), Some(limit)) = (plan, limit) {
                one.takes.fire(view.now, plan, (side, limit, qty[at]));
            }
        }
        self.shot_at = view.now;
    }

    fn shot(&self, view: &View<'_>, places: [usize; 2]) -> Option<Shot> {
        let [buy, sell] = [self.venues.get(places[0])?, self.venues.get(places[1])?];
        if places[0] == places[1] {
            return None;
        }
        let age_max = span(self.parameters.age_max_s);
        let asked = buy.leg.ready(view, age_max)?;
        let bid = sell.leg.ready(view, age_max)?;
        let margin = self.margin(view, [(buy, &asked), (sell, &bid)]);
        // Most ticks end here: the best prices do not pay.
        let cost = |price: Price| buy.net(Side::Buy, price) * (1.0 + margin.0);
        let gain = |price: Price| sell.net(Side::Sell, price);
        if cost(asked.ask.0) >= gain(bid.bid.0) {
            return None;
        }
        let haircut = margin.1?;
        let most = self.most(view, [(buy, asked.ask.0), (sell, bid.bid.0)]);
        let mut asks = asked.listing.book.levels(Side::Sell).take(LEVELS);
        let mut bids = bid.listing.book.levels(Side::Buy).take(LEVELS);
        let share = self.parameters.depth_share;
        let base = |one: &Venue, (price, qty): Level| (price, one.leg.base(qty) * share);
        let (mut ask, mut here) = base(buy, asks.next()?);
        let (mut hit, mut there) = base(sell, bids.next()?);
        let (mut sum, mut profit, mut worst) = (0.0, 0.0, None);
        while sum < most {
            let each = gain(hit) - cost(ask) - haircut;
            if each <= 0.0 {
                break;
            }
            let part = here.min(there).min(most - sum);
            sum += part;
            profit += part * each;
            worst = Some([ask, hit]);
            here -= part;
            there -= part;
            if here <= 0.0 {
                let Some(level) = asks.next() else { break };
                (ask, here) = base(buy, level);
            }
            if there <= 0.0 {
                let Some(level) = bids.next() else { break };
                (hit, there) = base(sell, level);
            }
        }
        let worst = worst?;
        // Whole lots of both venues: down on one, on the other, and on the first again.
        let sold = sell.leg.lots(sum);
        let bought = buy.leg.lots(sell.leg.base(sold)).min(Qty(buy.leg.scale.most()));
        let sold = sell.leg.lots(buy.leg.base(bought)).min(Qty(sell.leg.scale.most()));
        let large = bought >= buy.leg.least(worst[0]) && sold >= sell.leg.least(worst[1]);
        let shot = Shot { places, worst, qty: [bought, sold], profit };
        large.then_some(shot)
    }

    /// The least profit asked for, of what is bought, and the haircut in price units; no haircut
    /// while a volatility that it needs is not known.
    fn margin(&self, view: &View<'_>, legs: [(&Venue, &Open<'_>); 2]) -> (f64, Option<f64>) {
        let p = &self.parameters;
        let shrinks = legs
            .iter()
            .zip(Side::BOTH)
            .all(|((one, _), side)| view.position(one.leg.id).0.signum() == -side.sign());
        let profit = p.profit_min_bps - if shrinks { p.rebalance_bps } else { 0.0 };
        if p.haircut_z == 0.0 {
            return (profit / 1e4, Some(0.0));
        }
        let variance = legs.iter().try_fold(0.0, |sum, (one, open)| {
            let time_s = p.latency_s + open.age(view.now).as_s_f64();
            one.volatility.sigma().map(|sigma| sum + sigma * sigma * time_s)
        });
        (profit / 1e4, variance.map(|variance| p.haircut_z * libm::sqrt(variance)))
    }

    /// How much could be shot at most, base units: by the order's bound, both accounts and both
    /// positions.
    fn most(&self, view: &View<'_>, legs: [(&Venue, Price); 2]) -> f64 {
        let p = &self.parameters;
        let mut most = p.order_qty;
        for ((one, price), side) in legs.into_iter().zip(Side::BOTH) {
            let price = one.leg.price(price);
            let room = p.position_max - one.leg.held(view) * side.sign() as f64;
            most = most.min(room).min(one.leg.base(one.leg.affordable(view, side, price)));
        }
        most
    }
}
