//! Linked orders at the venue: a stop and a take-profit of which the first that fires ends the
//! other, by themselves or behind the entry of a bracket.
//!
//! Only one of the two can be filled, so that only the stop is counted: the take-profit is covered
//! by it until one of them is no more. Behind an entry both are dormant, and neither counts. Where
//! the venue keeps the two as one order, the stop has it and the take-profit stands beside it.

use super::Engine;
use super::conditional::at_trigger;
use crate::condition::{Condition, Pairs, Tie};
use crate::held::{Held, HeldState, Hold, Trigger};
use crate::id::{ClientId, OrderId};
use crate::intent::{Approved, Intent, Outgoing, Place, Tif};
use crate::num::{Amount, Price, Qty};
use crate::order::{Order, OrderState, Wake};
use crate::risk::Facts;
use crate::strategy::Strategy;
use crate::time::Nanos;

/// The take-profit that is a pair with a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Partner {
    /// There is none, or it cannot go to the venue.
    None,
    /// The venue ended it a moment after the stop: it may go there soon.
    Soon,
    /// It may go there now, and is held at this place.
    Ready(usize),
}

/// Refusals in a row after which a stop goes to the venue by itself.
const REFUSALS_MAX: u8 = 3;

/// Most orders of one request.
const PARTS_MAX: usize = 3;

/// One order of a request, with what it is judged by besides.
struct Part {
    order: Place,
    until: Option<Condition>,
    tie: Tie,
    /// It is no order of its own.
    is_same: bool,
    /// What it would lock comes of the entry before it.
    is_behind: bool,
}

impl Part {
    const fn intent(&self) -> Intent {
        let (order, tie) = (self.order, self.tie);
        match self.until {
            Some(until) => Intent::Conditional { order, until, tie },
            None => Intent::Entry(order),
        }
    }

    /// What it is judged by: as things will be when it fires, and behind an entry with what that
    /// brings.
    fn facts<'a>(&self, facts: &Facts<'a>) -> Facts<'a> {
        let Some(until) = self.until else { return *facts };
        let facts = at_trigger(facts, until.price);
        let spendable = if self.is_behind { Amount(i64::MAX) } else { facts.spendable };
        Facts { spendable, ..facts }
    }
}

impl<S: Strategy> Engine<S> {
    /// Who goes to the venue together with this stop, which may go there now.
    pub(super) fn partner(&self, place: usize) -> Partner {
        let fits = |held: &Held| {
            matches!(held.state, HeldState::Armed(_))
                && held.hold.after == 0
                && held.refused < REFUSALS_MAX
        };
        match self.twin(place) {
            Some(other) if fits(&self.held[place]) && fits(&self.held[other]) => {
                let is_early = self.now < self.held[other].not_before;
                if is_early { Partner::Soon } else { Partner::Ready(other) }
            }
            _ => Partner::None,
        }
    }

    /// The take-profit that makes a pair with this stop, by what was asked for.
    fn twin(&self, place: usize) -> Option<usize> {
        let stop = &self.held[place];
        let keeps = self.market.listing(stop.instrument)?.instrument.keeps;
        keeps.pairs()?;
        let of_group = |held: &&(usize, &Held)| held.1.hold.group == stop.hold.group;
        let all = || self.held.iter().enumerate();
        let mut others = all().filter(|one| of_group(&one)).filter(|(at, _)| *at != place);
        let (other, None) = (others.next()?, others.next()) else { return None };
        let (one, two) = (&stop.hold, &other.1.hold);
        let kept = |held: &Held| held.hold.condition().is_some_and(|one| keeps.waits_for(&one));
        let fits = one.group != 0
            && (one.trigger, two.trigger) == (Trigger::Stop, Trigger::TakeProfit)
            && (one.side, one.qty, one.watched) == (two.side, two.qty, two.watched)
            && stop.instrument == other.1.instrument
            && kept(stop)
            && kept(other.1);
        fits.then_some(other.0)
    }

    /// How the venue of a held order keeps pairs.
    fn pairs_of(&self, held: &Held) -> Option<Pairs> {
        self.market.listing(held.instrument)?.instrument.keeps.pairs()
    }

    /// Both of a pair that just came together, of which the stop went to the venue before: it is
    /// taken back, to go there with the other.
    pub(super) fn rejoin(&mut self, group: u16) {
        let stop = |held: &Held| held.hold.group == group && held.hold.trigger == Trigger::Stop;
        let Some(place) = self.held.iter().position(stop).filter(|_| group != 0) else { return };
        let held = self.held[place];
        if let (HeldState::AtVenue(id), Some(_), 0) =
            (held.state, self.twin(place), held.hold.after)
            && held.refused < REFUSALS_MAX
            && self.order_of(id).is_some_and(|order| order.wake == Wake::Asleep)
        {
            self.cancel_of(id);
        }
    }

    /// Gives a stop and a take-profit to the venue as a pair, where the gate lets both pass. True
    /// when they are on their way.
    pub(super) fn entrust_pair(
        &mut self,
        desk: usize,
        places: [usize; 2],
        (cause, read_at): (u64, Nanos),
    ) -> bool {
        let pairs = self.pairs_of(&self.held[places[0]]);
        let parts = pairs.and_then(|pairs| self.legs(desk, places, (pairs, 0), cause));
        let sent = parts.as_ref().is_some_and(|parts| self.send_linked(desk, parts, read_at));
        if let (Some(parts), true) = (parts, sent) {
            self.are_there(places, &parts);
        }
        sent
    }

    /// The two orders of a pair, the first of which is named by the number so many after the next.
    fn legs(
        &self,
        desk: usize,
        [stop, take]: [usize; 2],
        (pairs, after): (Pairs, u32),
        cause: u64,
    ) -> Option<[Part; 2]> {
        let leg = |place: usize, many: u32, tie: Tie| {
            let held = &self.held[place];
            let until = held.hold.condition()?;
            let mut order = self.conditional(desk, held, until, (cause, Nanos::ZERO))?;
            let counter = self.next_counter.checked_add(after + many)?;
            order.client = ClientId { order: OrderId::new(self.epoch, counter), cause };
            let (is_same, is_behind) = (tie == Tie::Second && many == 0, after > 0);
            Some(Part { order, until: Some(until), tie, is_same, is_behind })
        };
        let second = u32::from(pairs == Pairs::Two);
        let both = [leg(stop, 0, Tie::First)?, leg(take, second, Tie::Second)?];
        // Of a taking order the gate may allow less than is held: then they are no pair.
        (both[0].order.qty == both[1].order.qty).then_some(both)
    }

    /// The two are at the venue.
    fn are_there(&mut self, places: [usize; 2], legs: &[Part]) {
        for (place, part) in places.into_iter().zip(legs) {
            let id = part.order.client.order;
            self.held[place].state =
                if part.is_same { HeldState::Beside(id) } else { HeldState::AtVenue(id) };
            self.counters.held_at_venue += 1;
        }
    }

    /// Sends the orders of one request, when the gate lets all of them pass. First it is only
    /// asked, so that nothing is refused or counted in vain.
    fn send_linked(&mut self, desk: usize, parts: &[Part], read_at: Nanos) -> bool {
        let last = parts.last().map(|part| part.order.client.order);
        let fits = last.is_some_and(|id| self.desks[desk].orders.has_room_for(id, parts.len()));
        if self.outbox.room() < parts.len() || !fits {
            return false;
        }
        for (others, part) in (0..).zip(parts) {
            let passes = self.with_facts(desk, &part.order, read_at, |gate, facts| {
                let facts = part.facts(facts);
                let open_orders = facts.open_orders + others as usize;
                gate.would_pass_after(others, &part.order, &Facts { open_orders, ..facts })
            });
            if passes != Some(true) {
                // What was fired is refused by name.
                if part.until.is_none() {
                    let _ = self.with_facts(desk, &part.order, read_at, |gate, facts| {
                        gate.check(part.intent(), facts).is_ok()
                    });
                }
                return false;
            }
        }
        let mut tokens = [const { None }; PARTS_MAX];
        for (part, token) in parts.iter().zip(&mut tokens) {
            *token = self
                .with_facts(desk, &part.order, read_at, |gate, facts| {
                    gate.check(part.intent(), &part.facts(facts)).ok()
                })
                .flatten();
            if token.is_none() {
                return false;
            }
        }
        for (part, approved) in parts.iter().zip(tokens.into_iter().flatten()) {
            self.send_part(desk, part, approved);
        }
        true
    }

    fn send_part(&mut self, desk: usize, part: &Part, approved: Approved) {
        if part.is_same {
            self.outbox.push(Outgoing::Place(approved));
            return;
        }
        self.admit(desk, &part.order, approved);
        self.desks[desk].counters.places += 1;
        let id = part.order.client.order;
        self.desks[desk].orders.update(id, &mut self.exposure, |order| {
            order.apart = true;
            if part.until.is_none() {
                return;
            }
            order.covered = part.is_behind || part.tie == Tie::Second;
            order.wake = if part.is_behind { Wake::Dormant } else { Wake::Asleep };
            if part.is_behind {
                order.state = OrderState::Open;
            }
        });
    }

    /// Sends an entry that rests with what comes after it, where the venue keeps such brackets;
    /// `None` where it does not, else the order where it was sent.
    pub(super) fn send_bracket(
        &mut self,
        desk: usize,
        place: usize,
        price: Price,
        (cause, read_at): (u64, Nanos),
    ) -> Option<Option<OrderId>> {
        let entry = self.held[place];
        let keeps = self.market.listing(entry.instrument)?.instrument.keeps;
        let own = |held: &Held| held.hold.after == entry.hold.number;
        let mut own = self.held.iter().enumerate().filter(|(_, held)| own(held));
        let (one, two, None) = (own.next()?.0, own.next()?.0, own.next()) else { return None };
        let stop = if self.held[one].hold.trigger == Trigger::Stop { one } else { two };
        let Hold { side, qty, .. } = entry.hold;
        let behind = &self.held[stop].hold;
        let fits = keeps.brackets()
            && self.twin(stop).is_some_and(|take| take == one || take == two)
            && (behind.side, behind.qty) == (side.opposite(), qty)
            && entry.refused < REFUSALS_MAX;
        if !fits {
            return None;
        }
        let take = if stop == one { two } else { one };
        let counter = self.next_counter;
        let client = ClientId { order: OrderId::new(self.epoch, counter), cause };
        let order = Place { client, instrument: entry.instrument, side, price, qty, tif: Tif::Gtc };
        let entry = Part { order, until: None, tie: Tie::Alone, is_same: false, is_behind: false };
        let [first, second] = self.legs(desk, [stop, take], (keeps.pairs()?, 1), cause)?;
        let parts = [entry, first, second];
        let sent = self.send_linked(desk, &parts, read_at);
        if sent {
            self.are_there([stop, take], &parts[1..]);
            return Some(Some(client.order));
        }
        // Where the gate has something against those behind it alone, it goes by itself.
        let passes =
            self.with_facts(desk, &order, read_at, |gate, facts| gate.would_pass(&order, facts));
        (passes != Some(true)).then_some(None)
    }

    /// Those that came with an entry that is no more: awake where it was filled whole. Else the
    /// venue ends them: of what was filled of it they are given anew.
    pub(super) fn part_from_entry(&mut self, number: u16, (filled, whole): (Qty, bool)) {
        let mut place = 0;
        while let Some(held) = self.held.get(place).copied() {
            place += 1;
            if held.hold.after != number || !held.is_attached() {
                continue;
            }
            let (HeldState::AtVenue(id) | HeldState::Releasing(id) | HeldState::Beside(id)) =
                held.state
            else {
                continue;
            };
            let (now, first) = (self.now, held.hold.trigger == Trigger::Stop);
            let is_same = matches!(held.state, HeldState::Beside(_));
            self.change_order(id, |order| {
                // One that has fired already, by what was told before the entry's end, stays awake.
                if order.wake == Wake::Dormant {
                    order.wake = Wake::Asleep;
                }
                order.sent_at = now;
                order.covered &= !first;
                if filled.0 <= 0 {
                    order.state = OrderState::Expired;
                }
            });
            let goes = matches!(held.state, HeldState::Releasing(_));
            if filled.0 > 0 && (goes || !whole) && !is_same {
                self.cancel_of(id);
            }
            let held = &mut self.held[place - 1];
            held.hold.after = 0;
            held.hold.qty = held.hold.qty.min(filled);
            if filled.0 <= 0 {
                held.state = HeldState::Releasing(id);
            }
        }
    }

    /// Of a group each counts for itself again: one of them is at the venue no more.
    pub(super) fn uncover(&mut self, group: u16) {
        if group == 0 {
            return;
        }
        for place in 0..self.held.len() {
            let held = self.held[place];
            if let (HeldState::AtVenue(id) | HeldState::Releasing(id), true) =
                (held.state, held.hold.group == group)
            {
                self.change_order(id, |order| order.covered &= order.wake == Wake::Dormant);
            }
        }
    }

    /// An order of a group fired at the venue, which ends the one that it was a pair with: that is
    /// waited for, and only cancelled when it goes on standing.
    pub(super) fn part(&mut self, group: u16, fired: Option<OrderId>) {
        let Some(fired) = fired.filter(|_| group != 0) else { return };
        let covered = |id| self.order_of(id).is_some_and(|order: Order| order.covered);
        let mut other = None;
        for held in self.held.iter().filter(|held| held.hold.group == group) {
            if let HeldState::AtVenue(id) = held.state
                && id != fired
                && (covered(id) || covered(fired))
            {
                other = Some(held.hold.number);
            }
        }
        self.change_order(fired, |order| order.covered = false);
        let now = self.now;
        let beside =
            |held: &Held| held.hold.group == group && held.state == HeldState::Beside(fired);
        while let Some(place) = self.held.iter().position(beside) {
            let number = self.held.remove(place).hold.number;
            self.drop_children(number);
        }
        let Some(place) = self.held.iter().position(|held| Some(held.hold.number) == other) else {
            return;
        };
        if let HeldState::AtVenue(id) = self.held[place].state {
            self.held[place].state = HeldState::Releasing(id);
            self.change_order(id, |order| order.sent_at = now);
            self.drop_children(self.held[place].hold.number);
        }
    }

    /// Of two that are one order, where the one is that fired: the one whose price is nearer. It
    /// has the order from then on, which rests or takes as that one does.
    pub(super) fn which_fired(&mut self, place: usize, id: OrderId) -> usize {
        let beside = |held: &Held| held.state == HeldState::Beside(id);
        let (Some(other), Some(price)) =
            (self.held.iter().position(beside), self.watched(&self.held[place]))
        else {
            return place;
        };
        let gap = |place: usize| self.held[place].hold.price.0.abs_diff(price.0);
        if gap(place) <= gap(other) {
            return place;
        }
        self.held[place].state = HeldState::Beside(id);
        self.held[other].state = HeldState::AtVenue(id);
        let limit = self.held[other].hold.limit;
        self.change_order(id, |order| {
            (order.price, order.tif) = match limit {
                Some(limit) => (limit, Tif::Gtc),
                None => (order.price, Tif::Ioc),
            };
        });
        other
    }

    /// The order that one stood beside fired after the other one of them was let go.
    pub(super) fn forget_beside(&mut self, place: usize, id: OrderId) {
        if !self.held.iter().any(|held| held.state == HeldState::AtVenue(id)) {
            self.held.remove(place);
        }
    }

    fn change_order(&mut self, id: OrderId, change: impl FnOnce(&mut Order)) {
        if let Some(desk) = self.desks.iter_mut().find(|desk| desk.knows(id)) {
            desk.orders.update(id, &mut self.exposure, change);
        }
    }
}
