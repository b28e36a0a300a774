//! Stops and take-profits that the venue keeps: given to it, followed, taken back.

use super::Engine;
use super::pairs::Partner;
use crate::condition::{Condition, Tie};
use crate::held::{Held, HeldState, Hold, Trigger};
use crate::id::{ClientId, OrderId};
use crate::intent::{Intent, Place, Tif};
use crate::num::Price;
use crate::order::{OrderState, Wake};
use crate::risk::Facts;
use crate::session::Phase;
use crate::strategy::Strategy;
use crate::time::Nanos;

/// What stands at the venue for so long was not refused after all.
const STAYS: Nanos = Nanos::from_s(60);

impl<S: Strategy> Engine<S> {
    /// What the venue is to watch for, of one that it keeps.
    pub(super) fn condition(&self, held: &Held) -> Option<Condition> {
        let until = held.hold.condition()?;
        // Of a group one alone is there: two would lock the same money twice.
        let alone = held.hold.trigger == Trigger::Stop || held.hold.group == 0;
        let keeps = self.market.listing(held.instrument)?.instrument.keeps;
        (alone && keeps.waits_for(&until)).then_some(until)
    }

    /// Gives an armed one to the venue where that keeps it. Where the gate would not let it pass
    /// now, it is held here and tried again with the next event.
    pub(super) fn entrust(&mut self, place: usize, origin: (u64, Nanos)) {
        let held = self.held[place];
        let Some(until) = self.condition(&held).filter(|_| self.now >= held.not_before) else {
            return;
        };
        let Some(desk) = self.traders(held.instrument).first().map(|desk| usize::from(*desk))
        else {
            return;
        };
        let may = matches!(self.phase, Phase::Quoting | Phase::Paused)
            && self.can_send(held.instrument)
            && self.outbox.room() > 0
            && self.next_counter < u32::MAX;
        match self.partner(place) {
            Partner::Ready(other) if may => {
                // Where the gate has something against the other one, the stop goes by itself.
                if self.entrust_pair(desk, [place, other], origin) {
                    return;
                }
            }
            Partner::Soon => return,
            Partner::Ready(_) | Partner::None => {}
        }
        let Some(order) = may.then(|| self.conditional(desk, &held, until, origin)).flatten()
        else {
            return;
        };
        let at = self.trigger(&held, until);
        let intent = Intent::Conditional { order, until, tie: Tie::Alone };
        let judged = self.with_facts(desk, &order, origin.1, |gate, facts| {
            let facts = at_trigger(facts, at);
            gate.would_pass(&order, &facts).then(|| gate.check(intent, &facts))
        });
        let Some(Some(Ok(approved))) = judged else { return };
        let id = order.client.order;
        self.admit(desk, &order, approved);
        self.desks[desk].counters.places += 1;
        self.desks[desk].orders.update(id, &mut self.exposure, |order| {
            order.apart = true;
            order.wake = Wake::Asleep;
        });
        self.held[place].state = HeldState::AtVenue(id);
        self.counters.held_at_venue += 1;
    }

    /// The order that it is to become: at its limit, or taking as far from its trigger as the
    /// collar allows orders to reach.
    pub(super) fn conditional(
        &self,
        desk: usize,
        held: &Held,
        until: Condition,
        (cause, _): (u64, Nanos),
    ) -> Option<Place> {
        let Hold { side, qty, limit, .. } = held.hold;
        let limits = self.desks[desk].gate.limits(self.desks[desk].lane(held.instrument)?);
        let (price, tif, qty) = match limit {
            Some(price) => (price, Tif::Gtc, qty),
            None => {
                let at = self.trigger(held, until);
                let price = self.reach_from(desk, held.instrument, (side, at))?;
                (price, Tif::Ioc, qty.min(limits.order_qty_max))
            }
        };
        let client = ClientId { order: OrderId::new(self.epoch, self.next_counter), cause };
        Some(Place { client, instrument: held.instrument, side, price, qty, tif })
    }

    /// The price at which it would fire as things are.
    pub(super) fn trigger(&self, held: &Held, until: Condition) -> Price {
        self.watched(held).map_or(until.price, |price| until.trigger(price))
    }

    /// What has become of one at the venue: it fired when the venue or a fill says so; one that
    /// ended without is given anew, later each time.
    pub(super) fn follow(&mut self, place: usize, id: OrderId) {
        if self.held[place].is_attached() {
            return;
        }
        let (now, order) = (self.now, self.order_of(id));
        match order {
            Some(order) if order.filled.0 > 0 || order.wake == Wake::Awake => {
                match self.held[place].state {
                    // Which of the two fired is found out at the one that has the order.
                    HeldState::Beside(_) => self.forget_beside(place, id),
                    _ => {
                        let place = self.which_fired(place, id);
                        self.fired(place, Some(id));
                    }
                }
            }
            Some(order) if !order.state.is_terminal() => {
                if now.since(order.sent_at) > STAYS {
                    self.held[place].refused = 0;
                }
            }
            _ => {
                self.held[place].take_back(now);
                self.uncover(self.held[place].hold.group);
            }
        }
    }

    /// The price of one at the venue was seen here: its order is about to take. Whether it fired
    /// the venue says.
    pub(super) fn due(&mut self, id: OrderId) {
        let now = self.now;
        if let Some(desk) = self.desks.iter_mut().find(|desk| desk.knows(id)) {
            desk.orders.update(id, &mut self.exposure, |order| {
                if order.wake == Wake::Asleep {
                    // From now on it is late.
                    (order.wake, order.sent_at) = (Wake::Due, now);
                }
            });
        }
    }

    /// Whether the price of one at the venue was seen here.
    pub(super) fn is_due(&self, id: OrderId) -> bool {
        self.order_of(id).is_some_and(|order| order.wake == Wake::Due)
    }

    /// Whether another of its group may have fired at the venue without our knowing.
    pub(super) fn is_doubtful(&self, held: &Held) -> bool {
        let (group, number) = (held.hold.group, held.hold.number);
        let unknown = |id| self.order_of(id).is_none_or(|one| one.state == OrderState::Unknown);
        let others = self.held.iter().filter(|one| one.hold.group == group);
        group != 0
            && (!self.can_send(held.instrument)
                || others.filter(|one| one.hold.number != number).any(|one| match one.state {
                    HeldState::AtVenue(id) | HeldState::Beside(id) => unknown(id),
                    _ => false,
                }))
    }

    /// It fired: with an order at the venue, or with one that is to be sent.
    pub(super) fn fired(&mut self, place: usize, order: Option<OrderId>) {
        let held = &mut self.held[place];
        held.state = HeldState::Working(order, self.now);
        let (group, number) = (held.hold.group, held.hold.number);
        self.counters.held_fired += 1;
        self.part(group, order);
        self.release_others(group, number);
    }
}

/// The facts as they will be when the trigger price is reached: it is the reference of the collars,
/// and what stands in the book by then is not known.
pub(super) fn at_trigger<'a>(facts: &Facts<'a>, at: Price) -> Facts<'a> {
    Facts {
        mid_twice: facts.mid_twice.map(|_| at.0.saturating_mul(2)),
        last_trade: facts.last_trade.map(|_| at),
        own_opposite: None,
        ..*facts
    }
}
