//! What becomes of held orders: armed, fired, worked until filled, released.

use super::Engine;
use crate::condition::Watched;
use crate::event::Event;
use crate::held::{HELD_MAX, Held, HeldState, Hold, Trigger};
use crate::id::{InstrumentId, OrderId, Side};
use crate::intent::Tif;
use crate::num::{Price, Qty};
use crate::order::{Order, OrderState, Wake};
use crate::plan::Quote;
use crate::session::Phase;
use crate::strategy::Strategy;
use crate::time::Nanos;

/// How long after an order of it ended short of its quantity the next one is sent.
const AGAIN: Nanos = Nanos::from_ms(250);

impl<S: Strategy> Engine<S> {
    /// Orders that are held now, the oldest first.
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// Takes one to hold; one whose number is taken, or that comes after none that is held, or
    /// whose instrument no desk trades, is counted and not taken.
    pub(super) fn hold(&mut self, event: &Event, hold: Hold) {
        let number = |held: &Held| held.hold.number;
        let known = self.held.iter().any(|held| number(held) == hold.number);
        let parent = hold.after == 0 || self.held.iter().any(|held| number(held) == hold.after);
        let traded = !self.traders(event.instrument).is_empty();
        if known || !parent || !traded || self.held.len() >= HELD_MAX {
            self.counters.holds_refused += 1;
            return;
        }
        self.held.push(Held::new(hold, event.instrument));
        self.rejoin(hold.group);
        self.watch_held(event.instrument);
    }

    /// Lets one go, or all (0), with those that come after it; what it has at the venue is
    /// cancelled first.
    pub(super) fn release(&mut self, number: u16) {
        let mut place = 0;
        while let Some(held) = self.held.get_mut(place) {
            if number != 0 && held.hold.number != number {
                place += 1;
                continue;
            }
            let attached = held.is_attached();
            match held.state {
                HeldState::Working(Some(id), _) | HeldState::AtVenue(id) => {
                    held.state = HeldState::Releasing(id);
                    // What sleeps behind an entry goes when that is no more.
                    if !attached {
                        self.cancel_of(id);
                    }
                    place += 1;
                }
                // It wakes with the other one of the order, and is taken back then.
                HeldState::Beside(id) if number != 0 && attached => {
                    held.state = HeldState::Releasing(id);
                    place += 1;
                }
                HeldState::Beside(id) => {
                    self.held.remove(place);
                    // The other one of the order is given anew.
                    if number != 0 {
                        self.cancel_of(id);
                    }
                }
                HeldState::Releasing(_) => place += 1,
                _ => {
                    self.held.remove(place);
                }
            }
        }
        if number != 0 {
            self.drop_children(number);
        }
    }

    /// Those that waited for one that is not coming go with it, and theirs.
    pub(super) fn drop_children(&mut self, number: u16) {
        let waits = |held: &Held| held.hold.after == number && held.state == HeldState::Waiting;
        while let Some(place) = self.held.iter().position(waits) {
            let child = self.held.remove(place);
            self.drop_children(child.hold.number);
        }
    }

    /// The order of one that is let go: cancelled again where a cancel was lost or came to nothing,
    /// and forgotten once it is no more. True when it is.
    fn let_go(&mut self, place: usize, id: OrderId) -> bool {
        let order = self.order_of(id);
        let Some(order) = order.filter(|order| !order.state.is_terminal()) else {
            let Hold { number, group, .. } = self.held.remove(place).hold;
            let filled = order.map_or((Qty(0), false), |one| (one.filled, one.filled >= one.qty));
            self.uncover(group);
            self.part_from_entry(number, filled);
            return true;
        };
        if order.wake == Wake::Dormant {
            return false;
        }
        let late = self.now.since(order.sent_at.max(order.refused_at)) >= AGAIN;
        if order.state == OrderState::Open && late && self.can_send(order.instrument) {
            self.cancel_of(id);
        }
        false
    }

    /// An order of any desk.
    pub(super) fn order_of(&self, id: OrderId) -> Option<Order> {
        self.desks.iter().find_map(|desk| desk.orders.get(id)).copied()
    }

    pub(super) fn cancel_of(&mut self, id: OrderId) {
        let owner = (0..self.desks.len()).find(|place| self.desks[*place].knows(id));
        if let Some(place) = owner {
            self.cancel(place, id);
        }
    }

    /// The price that a held order looks at.
    pub(super) fn watched(&self, held: &Held) -> Option<Price> {
        let listing = self.market.listing(held.instrument)?;
        match held.hold.watched {
            Watched::Last => listing.last_trade.map(|trade| trade.price),
            Watched::Mid => listing.book.mid_twice().map(|twice| Price(twice / 2)),
            Watched::Mark => {
                let ticks = listing.instrument.tick.steps_in(listing.reference.mark.0);
                Some(Price(ticks)).filter(|price| price.0 > 0)
            }
        }
    }

    /// An instrument's prices moved: what is armed looks at them.
    #[inline]
    pub(super) fn watch_held(&mut self, instrument: InstrumentId) {
        if !self.held.is_empty() {
            self.look(instrument);
        }
    }

    #[cold]
    fn look(&mut self, instrument: InstrumentId) {
        let mut place = 0;
        while let Some(held) = self.held.get(place).copied() {
            let own = held.instrument == instrument
                && !held.is_attached()
                && match held.state {
                    HeldState::Armed(_) => !self.waits_for_others(&held),
                    state => matches!(state, HeldState::AtVenue(_) | HeldState::Beside(_)),
                };
            let price = match held.hold.trigger {
                Trigger::Now => Some(Price(0)),
                _ => self.watched(&held),
            };
            place += 1;
            if !own {
                continue;
            }
            let Some(price) = price else { continue };
            if !self.held[place - 1].sees(price) {
                continue;
            }
            if let HeldState::AtVenue(id) | HeldState::Beside(id) = held.state {
                self.due(id);
            } else if !self.is_doubtful(&held) {
                self.fired(place - 1, None);
                // Others may have gone from before it.
                place = self
                    .held
                    .iter()
                    .position(|one| one.hold.number == held.hold.number)
                    .map_or(0, |at| at + 1);
            }
        }
    }

    /// Whether an entry waits until all that is to come after it is there.
    fn waits_for_others(&self, held: &Held) -> bool {
        let others = self.held.iter().filter(|one| one.hold.after == held.hold.number).count();
        held.hold.trigger == Trigger::Now && (others as i64) < held.hold.price.0
    }

    /// The others of a group go away when one fires.
    pub(super) fn release_others(&mut self, group: u16, number: u16) {
        if group == 0 {
            return;
        }
        let other = |held: &Held| {
            held.hold.group == group
                && held.hold.number != number
                && !matches!(held.state, HeldState::Releasing(_))
        };
        while let Some(held) = self.held.iter().find(|held| other(held)).copied() {
            self.release(held.hold.number);
        }
    }

    /// Whether something has to be worked: what fired, what is at the venue or is to go there.
    #[inline]
    pub(super) fn holds_work(&self) -> bool {
        let works = |held: &Held| match held.state {
            HeldState::Working(..)
            | HeldState::AtVenue(_)
            | HeldState::Beside(_)
            | HeldState::Releasing(_) => true,
            HeldState::Armed(_) => self.now >= held.not_before && self.condition(held).is_some(),
            HeldState::Waiting => false,
        };
        !self.held.is_empty() && self.held.iter().any(works)
    }

    /// Whether quotes of a side make way for one that fired.
    #[inline]
    pub(super) fn makes_way(&self, instrument: InstrumentId, side: Side) -> bool {
        let against = |held: &Held| {
            held.instrument == instrument
                && held.hold.side != side
                && match held.state {
                    HeldState::Working(None, _) => true,
                    // What rests at its limit is an order like others.
                    HeldState::Working(Some(_), _) => held.hold.limit.is_none(),
                    HeldState::AtVenue(id) | HeldState::Beside(id) => {
                        held.hold.limit.is_none() && self.is_due(id)
                    }
                    _ => false,
                }
        };
        !self.held.is_empty() && self.held.iter().any(against)
    }

    /// Sends orders of what fired, and takes up what became of them.
    pub(super) fn work_held(&mut self, origin: (u64, Nanos)) {
        let mut place = 0;
        while let Some(held) = self.held.get(place).copied() {
            match held.state {
                HeldState::Waiting => {}
                HeldState::Armed(_) => self.entrust(place, origin),
                HeldState::AtVenue(id) | HeldState::Beside(id) => self.follow(place, id),
                HeldState::Releasing(id) => {
                    if self.let_go(place, id) {
                        continue;
                    }
                }
                HeldState::Working(Some(id), _) => {
                    if self.settle(place, id) {
                        continue;
                    }
                }
                HeldState::Working(None, at) => {
                    let may = matches!(self.phase, Phase::Quoting | Phase::Paused);
                    if may && self.now >= at {
                        self.fire(place, &held, origin);
                    }
                }
            }
            place += 1;
        }
    }

    /// An order of a held one ended: it is done, or its rest is sent again. True when it is gone.
    fn settle(&mut self, place: usize, id: OrderId) -> bool {
        let order = self.order_of(id);
        let Some(order) = order.filter(|order| order.state.is_terminal()) else { return false };
        let (now, again) = (self.now, self.now.after(AGAIN));
        let held = &mut self.held[place];
        let entry = held.hold.trigger == Trigger::Now;
        if order.filled.0 == 0 && order.state == OrderState::Rejected && !entry {
            // The venue would not have it now.
            held.take_back(now);
            held.state = HeldState::Working(None, held.not_before);
            return false;
        }
        held.filled = held.filled.saturating_add(order.filled);
        held.hold.qty = held.hold.qty.saturating_sub(order.filled);
        let over = held.hold.qty.0 <= 0 || held.hold.limit.is_some();
        if !over {
            held.state = HeldState::Working(None, again);
            return false;
        }
        let (number, filled, group) = (held.hold.number, held.filled, held.hold.group);
        let whole = held.hold.qty.0 <= 0;
        self.held.remove(place);
        self.uncover(group);
        self.part_from_entry(number, (filled, whole));
        self.arm_children(number, filled);
        true
    }

    /// Those that come after one that is done: armed with what it filled, or gone with it.
    fn arm_children(&mut self, number: u16, filled: Qty) {
        if filled.0 <= 0 {
            return self.drop_children(number);
        }
        let waits =
            |held: &&mut Held| held.hold.after == number && held.state == HeldState::Waiting;
        for held in self.held.iter_mut().filter(waits) {
            held.hold.qty = held.hold.qty.min(filled);
            held.hold.after = 0;
            held.state = HeldState::Armed(None);
        }
    }

    /// Sends an order of one that fired: resting at its limit, or taking inside the collar.
    fn fire(&mut self, place: usize, held: &Held, origin: (u64, Nanos)) {
        let Some(desk) = self.traders(held.instrument).first().map(|desk| usize::from(*desk))
        else {
            return;
        };
        let Hold { side, qty, limit, .. } = held.hold;
        let (price, tif) = match limit {
            Some(price) => (price, Tif::Gtc),
            None => match self.reach(desk, held.instrument, side) {
                Some(price) => (price, Tif::Ioc),
                None => return,
            },
        };
        // Quotes of ours that it would meet are being withdrawn.
        let meets = self.own_best(held.instrument, side.opposite()).is_some_and(|own| match side {
            Side::Buy => price >= own,
            Side::Sell => price <= own,
        });
        if meets {
            return;
        }
        if held.hold.trigger == Trigger::Now
            && limit.is_some()
            && let Some(sent) = self.send_bracket(desk, place, price, origin)
        {
            self.held[place].state = HeldState::Working(sent, self.now.after(AGAIN));
            return;
        }
        let most = self.desks[desk]
            .lane(held.instrument)
            .map_or(qty, |lane| self.desks[desk].gate.limits(lane).order_qty_max);
        let qty = if limit.is_some() { qty } else { qty.min(most) };
        let id = OrderId::new(self.epoch, self.next_counter);
        let quote = Quote { price, qty };
        let sent = self.submit(desk, held.instrument, (side, quote), None, (origin, tif));
        let again = self.now.after(AGAIN);
        let placed = sent.is_ok() && self.desks[desk].knows(id);
        self.held[place].state = HeldState::Working(placed.then_some(id), again);
        if placed {
            self.desks[desk].orders.update(id, &mut self.exposure, |order| order.apart = true);
        }
    }

    /// How far a taking order may reach: half-way from the mid to the nearer collar.
    pub(super) fn reach(&self, desk: usize, id: InstrumentId, side: Side) -> Option<Price> {
        let mid = self.market.listing(id)?.book.mid_twice()? / 2;
        self.reach_from(desk, id, (side, Price(mid)))
    }

    /// The same from another price than the mid.
    pub(super) fn reach_from(
        &self,
        desk: usize,
        id: InstrumentId,
        (side, from): (Side, Price),
    ) -> Option<Price> {
        let limits = self.desks[desk].gate.limits(self.desks[desk].lane(id)?);
        let collar = limits.collar_mid_ppm.min(limits.collar_trade_ppm) / 2;
        let reach = i128::from(from.0) * i128::from(collar) / 1_000_000;
        let reach = i64::try_from(reach).unwrap_or(0);
        Some(Price(from.0.saturating_add(reach.saturating_mul(side.sign()))))
    }
}
