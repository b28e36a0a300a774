//! The quotes of one instrument while a strategy works on them, and what holds of all of them
//! before they become a plan: they rest, inner ones lie before outer ones, and none meets another.

use crate::leg::{Leg, Open};
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::plan::{LEVELS_MAX, Plan, Quote};
use engine::state::{Sink, Source};

/// Quotes of both sides, innermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sheet {
    quotes: [[Quote; LEVELS_MAX]; 2],
    len: [usize; 2],
}

impl Sheet {
    /// Adds one behind those of its side; more than a plan takes are left out.
    #[inline]
    pub fn push(&mut self, side: Side, price: Price, qty: Qty) {
        let at = side.index();
        if let Some(place) = self.quotes[at].get_mut(self.len[at])
            && price.0 > 0
            && qty.0 > 0
        {
            *place = Quote { price, qty };
            self.len[at] += 1;
        }
    }

    /// Adds one in its place among those of its side, inner ones first; one at the same price
    /// gives way.
    pub fn insert(&mut self, side: Side, price: Price, qty: Qty) {
        let old = *self;
        let is_inner = |one: Price| match side {
            Side::Buy => one > price,
            Side::Sell => one < price,
        };
        self.clear(side);
        let (inner, rest) = old
            .side(side)
            .split_at(old.side(side).iter().take_while(|quote| is_inner(quote.price)).count());
        inner.iter().for_each(|quote| self.push(side, quote.price, quote.qty));
        self.push(side, price, qty);
        let rest = rest.iter().filter(|quote| quote.price != price);
        rest.for_each(|quote| self.push(side, quote.price, quote.qty));
    }

    /// The quotes of a side.
    #[inline]
    pub fn side(&self, side: Side) -> &[Quote] {
        &self.quotes[side.index()][..self.len[side.index()].min(LEVELS_MAX)]
    }

    /// Takes all quotes of a side away.
    pub const fn clear(&mut self, side: Side) {
        self.len[side.index()] = 0;
    }

    /// Keeps the quotes of a side that pass, in their order.
    pub fn keep(&mut self, side: Side, mut passes: impl FnMut(&mut Quote) -> bool) {
        let old = *self;
        self.clear(side);
        for quote in old.side(side) {
            let mut quote = *quote;
            if passes(&mut quote) {
                self.push(side, quote.price, quote.qty);
            }
        }
    }

    /// Keeps no more of a side than this, inner quotes first, and nothing that the venue would not
    /// take.
    pub fn cut(&mut self, leg: &Leg, side: Side, mut room: Qty) {
        self.keep(side, |quote| {
            quote.qty = quote.qty.min(room);
            room = room.saturating_sub(quote.qty);
            quote.qty >= leg.least(quote.price)
        });
    }

    /// Brings it in order: a bid lies below the best ask, an ask above the best bid and above our
    /// bids, an outer quote at least one tick behind the inner one. Only ever moves a quote to a
    /// price that asks for more.
    #[inline]
    pub fn settle(&mut self, open: &Open<'_>) {
        let mut limit = open.ask.0.0.saturating_sub(1);
        self.keep(Side::Buy, |quote| {
            quote.price.0 = quote.price.0.min(limit);
            limit = quote.price.0 - 1;
            quote.price.0 > 0
        });
        let own = self.side(Side::Buy).first().map_or(0, |quote| quote.price.0);
        let mut limit = open.bid.0.0.max(own).saturating_add(1);
        self.keep(Side::Sell, |quote| {
            quote.price.0 = quote.price.0.max(limit);
            limit = quote.price.0.saturating_add(1);
            true
        });
    }

    /// Writes it into a plan.
    #[inline]
    pub fn write(&self, plan: &mut Plan) {
        for side in Side::BOTH {
            for quote in self.side(side) {
                plan.quote(side, quote.price, quote.qty);
            }
        }
    }

    /// Gives every word of it.
    pub fn save(&self, sink: &mut dyn Sink) {
        for side in Side::BOTH {
            sink.word(self.side(side).len() as u64);
            for quote in self.side(side) {
                sink.int(quote.price.0);
                sink.int(quote.qty.0);
            }
        }
    }

    /// Takes them back.
    pub fn load(source: &mut dyn Source) -> Option<Self> {
        let mut sheet = Self::default();
        for side in Side::BOTH {
            for _ in 0..source.count(LEVELS_MAX)? {
                sheet.push(side, Price(source.int()?), Qty(source.int()?));
            }
        }
        Some(sheet)
    }
}
