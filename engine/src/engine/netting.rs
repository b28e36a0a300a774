//! Two desks that would trade with each other: the position passes inside, no order meets another.

use super::{Engine, Netting};
use crate::id::{InstrumentId, OrderId, Side};
use crate::num::{Amount, Price, Qty};
use crate::order::{Order, OrderState, Wake};
use crate::plan::Quote;
use crate::strategy::Strategy;

impl<S: Strategy> Engine<S> {
    /// What is left of an order after all that other desks offer at its price or better passed
    /// inside; `None` when nothing is. With [`Netting::Refuse`] the order is left as it is.
    #[inline]
    pub(super) fn net(
        &mut self,
        place: usize,
        instrument: InstrumentId,
        (side, quote): (Side, Quote),
    ) -> Option<Quote> {
        if self.settings.netting == Netting::Refuse {
            return Some(quote);
        }
        let mut left = quote;
        while let Some((other, id)) = self.meets(place, instrument, (side, left.price)) {
            let passed = self.pass(place, other, (instrument, side), (id, left.qty));
            left.qty = left.qty.saturating_sub(passed);
            if left.qty.0 <= 0 {
                return None;
            }
            if passed.is_zero() {
                break;
            }
        }
        Some(left)
    }

    /// How much a desk may still take over without passing its largest position.
    fn room(&self, place: usize, instrument: InstrumentId, side: Side) -> Qty {
        let desk = &self.desks[place];
        let (Some(lane), Some(listing)) = (desk.lane(instrument), self.market.listing(instrument))
        else {
            return Qty(0);
        };
        let held = desk.positions.get(instrument.index()).map_or(0, |position| position.base.0);
        let most = desk.gate.limits(lane).position_max.0;
        let left = most.saturating_sub(held.saturating_mul(side.sign())).max(0);
        listing.instrument.lots(Amount(left))
    }

    /// Another desk and its open order of the other side that an order at this price would meet,
    /// the best first.
    fn meets(
        &self,
        place: usize,
        instrument: InstrumentId,
        (side, price): (Side, Price),
    ) -> Option<(usize, OrderId)> {
        let other = |desk: &u8| usize::from(*desk) != place;
        let desks = self.traders(instrument).iter().filter(|desk| other(desk));
        let orders = desks.flat_map(|desk| {
            let number = usize::from(*desk);
            let orders = self.desks[number].orders.side(instrument, side.opposite());
            orders.map(move |order| (number, order))
        });
        let stands = |order: &Order| order.state == OrderState::Open && order.wake == Wake::Awake;
        let open = orders.filter(|(_, order)| stands(order));
        let crossing = open.filter(|(_, order)| match side {
            Side::Buy => order.price <= price,
            Side::Sell => order.price >= price,
        });
        let best = crossing.min_by_key(|(_, order)| match side {
            Side::Buy => order.price.0,
            Side::Sell => -order.price.0,
        });
        best.map(|(desk, order)| (desk, order.id()))
    }

    /// Passes as much as both want from one desk to the other at the resting order's price, and
    /// cancels that order; how much it was.
    fn pass(
        &mut self,
        place: usize,
        other: usize,
        (instrument, side): (InstrumentId, Side),
        (id, wanted): (OrderId, Qty),
    ) -> Qty {
        let Some(order) = self.desks[other].orders.get(id).copied() else { return Qty(0) };
        let Some(listing) = self.market.listing(instrument) else { return Qty(0) };
        let qty = wanted.min(order.remaining()).min(self.room(place, instrument, side));
        if qty.0 <= 0 || self.outbox.room() == 0 {
            return Qty(0);
        }
        for (desk, side) in [(place, side), (other, side.opposite())] {
            let desk = &mut self.desks[desk];
            if let Some(position) = desk.positions.get_mut(instrument.index()) {
                position.pass(&listing.instrument, side, (order.price, qty));
            }
            desk.mark(listing);
        }
        self.counters.netted += 1;
        self.cancel(other, id);
        qty
    }
}
