//! Where the quotes of cross-exchange market making stand, how large they are, and when they move.

use super::{CrossMarket, Hedge, Parameters};
use crate::leg::{Leg, Open};
use crate::takes::span;
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::strategy::{Reading, View};
use engine::time::Nanos;

/// The price at which a fill of one unit on the maker venue and its hedge at `hedge` leave this
/// profit, of the maker's notional, after slippage and both fees.
pub fn quote_price(side: Side, hedge: f64, slippage: f64, fees: (f64, f64), profit: f64) -> f64 {
    let (maker, taker) = fees;
    let sign = side.sign() as f64;
    hedge * (1.0 - sign * slippage) * (1.0 - sign * taker) / (1.0 + sign * (maker + profit))
}

/// What a quote of one side could be.
#[derive(Clone, Copy)]
struct Offer {
    /// Where it would be put now.
    aim: Price,
    /// The most that it may give.
    limit: Price,
    /// How much of it.
    qty: Qty,
}

impl CrossMarket {
    /// Brings the sheet up to date.
    pub(super) fn quote(&mut self, view: &View<'_>, hedge: &Hedge) {
        let old = core::mem::take(&mut self.sheet);
        let age_max = span(self.parameters.age_max_s);
        let (Some(maker), Some(taker)) = (self.maker.open(view), self.taker.ready(view, age_max))
        else {
            return;
        };
        let mut hedged_at = [0.0; 2];
        for side in Side::BOTH {
            if hedge.is_late && hedge.held.0.signum() == side.sign() {
                continue;
            }
            let Some((offer, price)) = self.offer(view, (&maker, &taker), side) else { continue };
            hedged_at[side.index()] = price;
            let standing = old.side(side).first().map(|quote| quote.price);
            if let Some(price) = self.place(view, side, &offer, standing) {
                self.sheet.push(side, price, offer.qty);
            }
        }
        self.sheet.settle(&maker);
        self.show(hedged_at);
    }

    /// The price and size of a side, with the hedge price behind them; `None` where the taker venue
    /// has too little, or the balance of either leg, or the position's bound, leaves too little.
    fn offer(
        &self,
        view: &View<'_>,
        (maker, taker): (&Open<'_>, &Open<'_>),
        side: Side,
    ) -> Option<(Offer, f64)> {
        let p = &self.parameters;
        let near = self.maker.price(maker.best(side).0);
        let most = self.size(view, taker, side, near);
        let wanted = self.taker.lots(most);
        let taken = taker.listing.book.take_off(side, wanted);
        let mean = taken.mean()?;
        let hedge = mean.numerator as f64 / mean.denominator as f64 * self.taker.scale.tick;
        let price = |bps: f64| {
            let fees = (self.maker.maker, self.taker.taker);
            let price = quote_price(side, hedge, p.slippage_bps / 1e4, fees, bps / 1e4);
            self.maker.outward(side, price)
        };
        let (aim, limit) = (price(p.profit_bps)?, price(p.profit_min_bps)?);
        let qty = self.maker.lots(self.taker.base(taken.qty).min(most));
        let qty = qty.min(Qty(self.maker.scale.most()));
        let least = self.maker.least(aim);
        let hedgeable = self.taker.base(self.taker.least(taken.worst));
        let large = qty >= least && self.maker.base(qty) >= hedgeable;
        let aim = self.improve(view, maker, side, aim);
        large.then_some((Offer { aim, limit, qty }, hedge))
    }

    /// How much could be quoted, base units: by the order's quantity, the taker venue's depth, both
    /// balances and the bound of either position.
    fn size(&self, view: &View<'_>, taker: &Open<'_>, side: Side, price: f64) -> f64 {
        let p = &self.parameters;
        // A lot more than is asked for, so that rounding takes nothing off.
        let enough = Qty(self.taker.lots(p.order_qty / p.depth_share).0.saturating_add(1));
        let depth = taker.listing.book.depth_of(side, p.depth_levels as usize, enough);
        let room = |leg: &Leg, side: Side| p.position_max - leg.held(view) * side.sign() as f64;
        let most = p
            .order_qty
            .min(self.taker.base(depth) * p.depth_share)
            .min(room(&self.maker, side))
            .min(room(&self.taker, side.opposite()))
            .max(0.0);
        let most = self.maker.afford(view, side, price, most);
        self.taker.afford(view, side.opposite(), price, most)
    }

    /// A quote better than the best price of others by more than a tick earns less than it could.
    fn improve(&self, view: &View<'_>, maker: &Open<'_>, side: Side, aim: Price) -> Price {
        if !self.parameters.improve {
            return aim;
        }
        let Some(best) = maker.best_of_others(view, side, Qty(0)) else { return aim };
        let before = Price(best.0.saturating_add(side.sign()));
        match side {
            Side::Buy => aim.min(before),
            Side::Sell => aim.max(before),
        }
    }

    /// The price that stands from now on: the old one while it earns enough and lies near, or must
    /// wait; nothing where it earns too little and must wait.
    fn place(
        &mut self,
        view: &View<'_>,
        side: Side,
        offer: &Offer,
        standing: Option<Price>,
    ) -> Option<Price> {
        let Parameters { drift_bps, move_pause_s, .. } = self.parameters;
        let moved_at = &mut self.moved_at[side.index()];
        let may_move =
            *moved_at == Nanos::ZERO || view.now.since(*moved_at).0 >= span(move_pause_s).0;
        if let Some(old) = standing {
            let earns = (offer.limit.0 - old.0) * side.sign() >= 0;
            let off = (offer.aim.0 - old.0).unsigned_abs() as f64;
            let near = off <= offer.aim.0 as f64 * drift_bps / 1e4;
            if earns && (near || !may_move) {
                return Some(old);
            }
        }
        if !may_move {
            return None;
        }
        *moved_at = view.now;
        Some(offer.aim)
    }

    fn show(&mut self, hedged_at: [f64; 2]) {
        let [sell, buy] = hedged_at;
        if sell > 0.0 && buy > 0.0 {
            let milli = |price: f64| libm::round(price / self.maker.scale.tick * 1e3) as i64;
            let quotes = Side::BOTH.map(|side| self.sheet.side(side).first().map(|q| q.price));
            let half = match quotes {
                [Some(bid), Some(ask)] => self.maker.price(Price(ask.0 - bid.0)) / 2.0,
                _ => 0.0,
            };
            self.shown = Reading {
                reservation: milli((sell + buy) / 2.0),
                half_spread: milli(half),
                ..Reading::default()
            };
        }
    }
}
