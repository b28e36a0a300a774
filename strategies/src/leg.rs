//! One instrument as a strategy deals with it: whether it can be dealt in now, prices and
//! quantities between its grids and floats, what can be afforded.
//!
//! Prices cross to ticks by names that say the rounding: [`Leg::below`] and [`Leg::above`].
//! Positions stay whole amounts, so that sums over legs with different lots are exact.

use crate::scale::{AMOUNT_ONE, Scale, ceil, floor};
use engine::book::Level;
use engine::id::{InstrumentId, Side};
use engine::instrument::{Instrument, Kind, PRICE_MAX, QTY_MAX, Status};
use engine::market::Listing;
use engine::num::{Amount, Price, Qty};
use engine::strategy::View;
use engine::time::Nanos;

/// So much more than is needed is there when nothing has to be counted exactly.
const PLENTY: f64 = 1.001;

/// One instrument of a strategy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Which.
    pub id: InstrumentId,
    /// What owning it means.
    pub kind: Kind,
    /// Its grids and limits.
    pub scale: Scale,
    /// Fee of an order that rests, of its notional; negative is a rebate.
    pub maker: f64,
    /// Fee of an order that takes, of its notional.
    pub taker: f64,
    /// Initial margin of a perpetual, of the notional; at least a millionth.
    margin: f64,
    /// One lot of the base asset; at least 1.
    lot: Amount,
}

/// An instrument that can be dealt in, with its best prices: bid below ask, both above 0.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    /// All that is known of it.
    pub listing: &'a Listing,
    /// Best bid.
    pub bid: Level,
    /// Best ask.
    pub ask: Level,
}

impl Open<'_> {
    /// The best price of a side.
    pub const fn best(&self, side: Side) -> Level {
        match side {
            Side::Buy => self.bid,
            Side::Sell => self.ask,
        }
    }

    /// The best price of a side at which others have more than `depth` up to it; nothing where they
    /// have not within a few levels.
    pub fn best_of_others(&self, view: &View<'_>, side: Side, depth: Qty) -> Option<Price> {
        /// Levels that are looked at.
        const LOOK: usize = 32;
        let id = self.listing.instrument.id;
        let own = |price: Price| -> i64 {
            let at = view.orders.side(id, side).filter(|order| order.price == price);
            at.map(|order| order.remaining().0).sum()
        };
        let mut others = 0_i64;
        self.listing.book.levels(side).take(LOOK).find_map(|(price, qty)| {
            others = others.saturating_add(qty.0.saturating_sub(own(price)).max(0));
            (others > depth.0).then_some(price)
        })
    }

    /// How long ago its book was last heard of.
    pub const fn age(&self, now: Nanos) -> Nanos {
        now.since(self.listing.updated_at)
    }
}

impl Leg {
    /// Of an instrument.
    pub fn of(instrument: &Instrument) -> Self {
        Self {
            id: instrument.id,
            kind: instrument.kind,
            scale: Scale::of(instrument),
            maker: instrument.fees.maker_ppm as f64 / 1e6,
            taker: instrument.fees.taker_ppm as f64 / 1e6,
            margin: instrument.margin_ppm.max(1) as f64 / 1e6,
            lot: Amount(instrument.base_amount(Qty(1)).0.max(1)),
        }
    }

    /// The instrument while it trades, its data flow and its book is whole, two-sided and not
    /// crossed.
    #[inline]
    pub fn open<'a>(&self, view: &View<'a>) -> Option<Open<'a>> {
        let listing = view.listing(self.id)?;
        let instrument = &listing.instrument;
        if instrument.status != Status::Trading || !view.market.flows(instrument.feed) {
            return None;
        }
        let (bid, ask) = listing.book.touch()?;
        let sound = bid.0.0 >= 1 && bid.0 < ask.0 && ask.0.0 <= PRICE_MAX;
        sound.then_some(Open { listing, bid, ask })
    }

    /// The same, where orders can be sent too and the book is no older than this.
    #[inline]
    pub fn ready<'a>(&self, view: &View<'a>, age_max: Nanos) -> Option<Open<'a>> {
        let open = self.open(view)?;
        (view.can_send(self.id) && open.age(view.now) <= age_max).then_some(open)
    }

    /// A price in price units.
    #[inline]
    pub fn price(&self, price: Price) -> f64 {
        price.0 as f64 * self.scale.tick
    }

    /// The highest price on the grid that is not above; `None` below one tick, or beyond what rows
    /// carry, or for not-a-number.
    #[inline]
    pub fn below(&self, price: f64) -> Option<Price> {
        ticks(floor(price / self.scale.tick + 1e-6))
    }

    /// The lowest price on the grid that is not below; at least one tick. `None` as for
    /// [`Leg::below`].
    #[inline]
    pub fn above(&self, price: f64) -> Option<Price> {
        ticks(ceil(price / self.scale.tick - 1e-6).max(1.0))
    }

    /// Rounded so that the side gives less away: bids down, asks up.
    #[inline]
    pub fn outward(&self, side: Side, price: f64) -> Option<Price> {
        match side {
            Side::Buy => self.below(price),
            Side::Sell => self.above(price),
        }
    }

    /// A base quantity in lots, toward zero, held to what rows carry.
    #[inline]
    pub fn lots(&self, base: f64) -> Qty {
        Qty(self.scale.lots(base).clamp(-QTY_MAX, QTY_MAX))
    }

    /// Lots in base units.
    #[inline]
    pub fn base(&self, qty: Qty) -> f64 {
        qty.0 as f64 * self.scale.lot
    }

    /// An amount of the base asset in whole lots, toward zero.
    #[inline]
    pub const fn lots_of(&self, amount: Amount) -> Qty {
        Qty(amount.0 / self.lot.0)
    }

    /// Lots as an amount of the base asset.
    #[inline]
    pub const fn amount(&self, qty: Qty) -> Amount {
        Amount(qty.0.saturating_mul(self.lot.0))
    }

    /// Fewest lots that the venue takes at a price.
    #[inline]
    pub fn least(&self, price: Price) -> Qty {
        Qty(self.scale.least(self.price(price)))
    }

    /// What the desk holds, base units.
    #[inline]
    pub fn held(&self, view: &View<'_>) -> f64 {
        base_of(view.position(self.id))
    }

    /// What the desk holds with its live takes counted as filled, whole and unknown ones too.
    #[inline]
    pub fn heading(&self, view: &View<'_>) -> Amount {
        let flying = |side: Side| {
            let takes = view.orders.side(self.id, side).filter(|order| order.tif.is_immediate());
            takes.map(|order| order.remaining().0).fold(0, i64::saturating_add)
        };
        let net = Qty(flying(Side::Buy).saturating_sub(flying(Side::Sell)));
        view.position(self.id).saturating_add(self.amount(net))
    }

    /// Whether a take of it is live.
    #[inline]
    pub fn is_taking(&self, view: &View<'_>) -> bool {
        let takes = |side| view.orders.side(self.id, side).any(|order| order.tif.is_immediate());
        Side::BOTH.into_iter().any(takes)
    }

    /// Whether any order of it is live.
    #[inline]
    pub fn is_busy(&self, view: &View<'_>) -> bool {
        Side::BOTH.iter().any(|side| view.orders.side_len(self.id, *side) > 0)
    }

    /// As much of a base quantity as could stand on a side at this price: all of it in most cases,
    /// which is seen at once.
    #[inline]
    pub fn afford(&self, view: &View<'_>, side: Side, price: f64, wanted: f64) -> f64 {
        let spendable = base_of(view.spendable(self.id, side));
        let needed = match (self.kind, side) {
            (Kind::Spot, Side::Sell) => wanted,
            _ => wanted * self.bound(price),
        };
        if spendable > needed * PLENTY {
            return wanted;
        }
        wanted.min(self.base(self.affordable(view, side, price)))
    }

    /// How many lots could stand on a side at this price, those that stand now included: by the
    /// balance, and for perpetuals by the margin, what only closes the desk's position being free.
    pub fn affordable(&self, view: &View<'_>, side: Side, price: f64) -> Qty {
        let spendable = view.spendable(self.id, side);
        let orders = view.orders.side(self.id, side);
        if (self.kind, side) == (Kind::Spot, Side::Sell) {
            let own = view.in_flight(self.id, side);
            return Qty(self.lots_of(spendable).0.saturating_add(own.0).clamp(0, QTY_MAX));
        }
        let own: f64 =
            orders.map(|o| self.price(o.highest_price()) * self.base(o.remaining())).sum();
        let closes = match self.kind {
            Kind::Spot => 0,
            Kind::Linear => {
                let against = view.position(self.id).0.saturating_mul(side.sign());
                self.lots_of(Amount(against.saturating_neg().max(0))).0
            }
        };
        let funds = base_of(spendable) + own * self.share();
        let lots = self.lots(funds / self.bound(price));
        Qty(lots.0.saturating_add(closes).clamp(0, QTY_MAX))
    }

    /// Share of the notional that an order binds.
    #[inline]
    const fn share(&self) -> f64 {
        match self.kind {
            Kind::Spot => 1.0,
            Kind::Linear => self.margin,
        }
    }

    /// What one base unit binds of the quote asset at a price, a taker's fee included.
    #[inline]
    fn bound(&self, price: f64) -> f64 {
        price * (self.share() + self.taker.max(0.0))
    }
}

/// An amount in units of its asset.
#[inline]
pub fn base_of(amount: Amount) -> f64 {
    amount.0 as f64 / AMOUNT_ONE
}

#[inline]
fn ticks(whole: f64) -> Option<Price> {
    (whole >= 1.0 && whole <= PRICE_MAX as f64).then_some(Price(whole as i64))
}
