//! From wishes to requests: what reduces goes at once, what places passes the risk gate.

use super::Engine;
use crate::desk::Desk;
use crate::id::{AssetId, ClientId, InstrumentId, OrderId, Side, VenueId};
use crate::instrument::{Instrument, Kind};
use crate::intent::{Approved, Intent, OrderRef, Outgoing, Place, Reduce, Tif};
use crate::num::{Amount, Notional, Price, Qty};
use crate::order::{Order, OrderState};
use crate::plan::Quote;
use crate::reconcile::Wish;
use crate::risk::{Facts, Gate, Refusal};
use crate::session::Phase;
use crate::strategy::Strategy;
use crate::time::Nanos;
use crate::venue::Venue;

impl<S: Strategy> Engine<S> {
    /// Sends what one desk wishes: first what reduces, so that a limit is freed before it is used;
    /// then what takes, on all its instruments, because a hedge must not wait; then what quotes.
    #[inline]
    pub(super) fn approve_desk(&mut self, place: usize, origin: (u64, Nanos)) {
        let lanes = self.desks[place].lanes.len();
        for index in 0..lanes {
            self.reduce_lane(place, index);
        }
        for index in 0..lanes {
            if let Some(take) = self.desks[place].lanes[index].take.take() {
                let instrument = self.desks[place].lanes[index].instrument;
                let quote = (take.side, Quote { price: take.price, qty: take.qty });
                let _ = self.submit(place, instrument, quote, None, (origin, Tif::Ioc));
            }
        }
        for index in 0..lanes {
            self.quote_lane(place, index, origin);
        }
    }

    #[inline]
    fn reduce_lane(&mut self, place: usize, index: usize) {
        for side in Side::BOTH {
            let mut at = 0;
            while let Some(wish) = self.desks[place].lanes[index].wishes[side.index()].get(at) {
                at += 1;
                match wish {
                    Wish::Cancel(id) => self.cancel(place, id),
                    Wish::Amend(id, qty) => self.amend(place, id, qty),
                    Wish::Replace(..) | Wish::Place(_) => {}
                }
            }
        }
    }

    #[inline]
    fn quote_lane(&mut self, place: usize, index: usize, origin: (u64, Nanos)) {
        let instrument = self.desks[place].lanes[index].instrument;
        for side in Side::BOTH {
            let mut at = 0;
            while let Some(wish) = self.desks[place].lanes[index].wishes[side.index()].get(at) {
                at += 1;
                let (old, quote) = match wish {
                    Wish::Replace(id, quote) => (Some(id), quote),
                    Wish::Place(quote) => (None, quote),
                    _ => continue,
                };
                self.want(place, instrument, (side, quote), old, origin);
            }
            self.desks[place].lanes[index].wishes[side.index()].clear();
        }
    }

    pub(super) fn cancel(&mut self, place: usize, id: OrderId) {
        let now = self.now;
        let desk = &mut self.desks[place];
        let Some(order) = desk.orders.get(id) else { return };
        if !self.outbox.push(Outgoing::Reduce(Reduce::Cancel(order.reference()))) {
            return;
        }
        desk.counters.cancels += 1;
        desk.orders.update(id, &mut self.exposure, |order| {
            order.sent_at = now;
            if order.state != OrderState::Unknown {
                order.state = OrderState::PendingCancel;
            }
        });
    }

    fn amend(&mut self, place: usize, id: OrderId, qty: crate::num::Qty) {
        let now = self.now;
        let desk = &mut self.desks[place];
        let Some(order) = desk.orders.get(id) else { return };
        if !self.outbox.push(Outgoing::Reduce(Reduce::Amend { order: order.reference(), qty })) {
            return;
        }
        desk.counters.amends += 1;
        desk.orders.update(id, &mut self.exposure, |order| {
            order.sent_at = now;
            order.state = OrderState::PendingAmend;
        });
    }

    /// A quote that should stand. Where the rate or the venue's budget does not allow it now, it
    /// waits for a later turn without counting as refused.
    #[inline]
    fn want(
        &mut self,
        place: usize,
        instrument: InstrumentId,
        quote: (Side, Quote),
        old: Option<OrderId>,
        origin: (u64, Nanos),
    ) {
        let now = self.now;
        let result = if self.budget(instrument).is_some_and(|orders| *orders == 0) {
            self.counters.budget_deferred += 1;
            None
        } else if !self.desks[place].gate.has_token(now) {
            self.counters.rate_deferred += 1;
            None
        } else {
            match self.submit(place, instrument, quote, old, (origin, Tif::PostOnly)) {
                Ok(()) => return,
                Err(refusal) => refusal,
            }
        };
        if let Some(old) = old {
            self.withdraw_unmoved(place, old, quote, result);
        }
    }

    /// An order could not be moved. It may stay where it asks for more than the plan does; it is
    /// taken away where it gives more away, or where only the sum of its old and new place is
    /// too much.
    fn withdraw_unmoved(
        &mut self,
        place: usize,
        old: OrderId,
        (side, quote): (Side, Quote),
        refusal: Option<Refusal>,
    ) {
        let Some(order) = self.desks[place].orders.get(old) else { return };
        let generous = match side {
            Side::Buy => order.price > quote.price,
            Side::Sell => order.price < quote.price,
        };
        let double = matches!(
            refusal,
            Some(
                Refusal::Balance
                    | Refusal::Position
                    | Refusal::OpenOrders
                    | Refusal::GrossNotional
                    | Refusal::DuplicateId
            )
        );
        if generous || double {
            self.cancel(place, old);
        }
    }

    /// Has the gate judge an order and sends it. The error is the gate's reason, none where there
    /// was no room to send it.
    pub(super) fn submit(
        &mut self,
        place: usize,
        instrument: InstrumentId,
        (side, quote): (Side, Quote),
        old: Option<OrderId>,
        ((cause, read_at), tif): ((u64, Nanos), Tif),
    ) -> Result<(), Option<Refusal>> {
        if self.next_counter == u32::MAX {
            return Err(None);
        }
        if self.outbox.room() == 0 {
            self.counters.orders_full += 1;
            return Err(None);
        }
        let quote = match self.net(place, instrument, (side, quote)) {
            Some(rest) => rest,
            None => return Ok(()),
        };
        let order = OrderId::new(self.epoch, self.next_counter);
        let new = Place {
            client: ClientId { order, cause },
            instrument,
            side,
            price: quote.price,
            qty: quote.qty,
            tif,
        };
        let reference = match old {
            Some(id) => match self.desks[place].orders.get(id) {
                Some(order) => Some(order.reference()),
                None => return Err(None),
            },
            None => None,
        };
        let moves = self.market.listing(instrument).is_some_and(|one| one.instrument.moves);
        let intent = match reference {
            None => Intent::Place(new),
            Some(old) if moves => return self.move_order(place, old, new, read_at),
            Some(old) => Intent::Replace { old, new },
        };
        let judged = self.with_facts(place, &new, read_at, |gate, facts| gate.check(intent, facts));
        let approved = judged.unwrap_or(Err(Refusal::Closed)).map_err(Some)?;
        let now = self.now;
        self.admit(place, &new, approved);
        let desk = &mut self.desks[place];
        if let Some(old) = old {
            desk.counters.replaces += 1;
            desk.orders.update(old, &mut self.exposure, |order| {
                order.sent_at = now;
                order.state = OrderState::PendingCancel;
            });
        } else {
            desk.counters.places += 1;
        }
        Ok(())
    }

    /// Sends an approved order of a new id, and enters it among the orders.
    #[inline]
    pub(super) fn admit(&mut self, place: usize, new: &Place, approved: Approved) {
        let now = self.now;
        self.next_counter = self.next_counter.saturating_add(1);
        if let Some(shared) = &mut self.shared {
            shared.take(now);
        }
        self.desks[place].orders.insert(Order::new(new, now), &mut self.exposure);
        if let Some(orders) = self.budget(new.instrument) {
            *orders = orders.saturating_sub(1);
        }
        self.outbox.push(Outgoing::Place(approved));
    }

    /// Has the gate judge an order at another price and quantity and sends the change.
    fn move_order(
        &mut self,
        place: usize,
        old: OrderRef,
        new: Place,
        read_at: Nanos,
    ) -> Result<(), Option<Refusal>> {
        let (now, id) = (self.now, old.order());
        let filled = self.desks[place].orders.get(id).map_or(Qty(0), |order| order.filled);
        // A plan's quantity is what should be open, the venue's is the whole one.
        let qty = new.qty.saturating_add(filled);
        let new = Place { client: old.client, qty, ..new };
        let intent = Intent::Move { old, new };
        let judged = self.with_facts(place, &new, read_at, |gate, facts| gate.check(intent, facts));
        let approved = judged.unwrap_or(Err(Refusal::Closed)).map_err(Some)?;
        if let Some(shared) = &mut self.shared {
            shared.take(now);
        }
        let desk = &mut self.desks[place];
        desk.counters.moves += 1;
        desk.orders.update(id, &mut self.exposure, |order| {
            order.sent_at = now;
            order.state = OrderState::PendingAmend;
            order.moving = Some((new.price, new.qty));
        });
        if let Some(orders) = self.budget(new.instrument) {
            *orders = orders.saturating_sub(1);
        }
        self.outbox.push(Outgoing::Place(approved));
        Ok(())
    }

    /// What the gate judges an order of this desk by, handed to the gate; `None` where the order's
    /// instrument is not listed.
    #[inline]
    pub(super) fn with_facts<R>(
        &mut self,
        place: usize,
        new: &Place,
        read_at: Nanos,
        judge: impl FnOnce(&mut Gate, &Facts<'_>) -> R,
    ) -> Option<R> {
        let listing = self.market.listing(new.instrument)?;
        let instrument = &listing.instrument;
        let venue = self.venues.get(instrument.venue.index())?;
        let lock = instrument.locks(new.side);
        let spendable =
            venue.account.free(lock).saturating_sub(self.exposure.locked(instrument.venue, lock));
        let desk = &self.desks[place];
        let notional =
            (listing.rate != 0).then(|| listing.counted(instrument.notional(new.price, new.qty)));
        let shared = self.shared.as_ref().map_or([false; 3], |shared| {
            let gross = self.desks.iter().map(|desk| desk.kept().1);
            let gross = gross.fold(Notional(0), Notional::saturating_add);
            let open = self.desks.iter().map(|desk| desk.orders.live_len()).sum();
            shared.passes(notional.unwrap_or_default(), (gross, open), self.now)
        });
        let (day_pnl, gross) = desk.kept();
        let reduces = self.phase == Phase::Flattening && reduces(desk, &listing.instrument, new);
        let facts = Facts {
            now: self.now,
            read_at,
            instrument: &listing.instrument,
            lane: desk.lane(new.instrument)?,
            notional,
            shared,
            // A stop that was held is to work while quotes are paused.
            quoting: (matches!(self.phase, Phase::Quoting | Phase::Flattening)
                || self.phase == Phase::Paused && new.tif != Tif::PostOnly)
                && venue.is_reconciled(),
            mid_twice: listing
                .book
                .mid_twice()
                .filter(|_| self.market.flows(listing.instrument.feed)),
            last_trade: listing.last_trade.map(|trade| trade.price),
            market_at: listing.updated_at,
            position: desk.positions.get(new.instrument.index()).map_or(Amount(0), |p| p.base),
            remaining: desk.orders.remaining(new.instrument, new.side),
            closes: self.closes(venue, instrument, new),
            open_orders: desk.orders.live_len(),
            // What only brings the position to zero is let pass by what has already gone too far.
            gross: if reduces { Notional(0) } else { gross },
            spendable,
            own_opposite: self.own_best(new.instrument, new.side.opposite()),
            day_pnl: if reduces { Notional(0) } else { day_pnl },
            side_unknown: desk.orders.is_unknown(new.instrument, new.side),
            id_free: desk.orders.has_room(new.client.order),
        };
        Some(judge(&mut self.desks[place].gate, &facts))
    }

    /// Best price of all desks' live orders of a side.
    pub(super) fn own_best(&self, instrument: InstrumentId, side: Side) -> Option<Price> {
        let desks = self.traders(instrument).iter().map(|place| &self.desks[usize::from(*place)]);
        let prices = desks.filter_map(|desk| desk.own_best(instrument, side));
        match side {
            Side::Buy => prices.max(),
            Side::Sell => prices.min(),
        }
    }

    /// How many orders the gateway of an instrument's venue may still send.
    #[inline]
    fn budget(&mut self, instrument: InstrumentId) -> Option<&mut u32> {
        let venue = self.market.listing(instrument)?.instrument.venue;
        self.venues.get_mut(venue.index()).map(|venue| &mut venue.budget_orders)
    }

    /// How much of an order only closes the account's margined position, with all that stands on
    /// its side taken off.
    #[inline]
    fn closes(&self, venue: &Venue, instrument: &Instrument, new: &Place) -> Qty {
        if instrument.kind == Kind::Spot {
            return Qty(0);
        }
        let held = instrument.lots(venue.account.holding(new.instrument).position.base).0;
        let against = match new.side {
            Side::Buy => held.saturating_neg(),
            Side::Sell => held,
        };
        let desks =
            self.traders(new.instrument).iter().map(|place| &self.desks[usize::from(*place)]);
        let stand: i64 = desks.map(|desk| desk.orders.remaining(new.instrument, new.side).0).sum();
        Qty(against.saturating_sub(stand).clamp(0, new.qty.0.max(0)))
    }

    /// What all live orders of all desks lock of an asset of a venue's account, pending and unknown
    /// ones included.
    #[inline]
    pub fn reserved(&self, venue: VenueId, asset: AssetId) -> Amount {
        self.exposure.locked(venue, asset)
    }

    /// Sums over all orders and positions anew, after grids changed or a state was taken over.
    pub(super) fn recount(&mut self) {
        let listings = self.market.listings();
        self.exposure.restart(listings.iter().map(|listing| &listing.instrument));
        for desk in &mut self.desks {
            desk.orders.expose(&mut self.exposure);
            desk.mark_all(&self.market);
        }
    }
}

/// Whether an order can only bring the position nearer to zero.
fn reduces<S: Strategy>(desk: &Desk<S>, instrument: &Instrument, new: &Place) -> bool {
    let held = desk.positions.get(new.instrument.index()).map_or(Amount(0), |p| p.base);
    let against = match new.side {
        Side::Buy => held.0 < 0,
        Side::Sell => held.0 > 0,
    };
    let alone = desk.orders.remaining(new.instrument, new.side).is_zero();
    against && alone && instrument.base_amount(new.qty) <= held.abs()
}
