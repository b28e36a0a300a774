//! From an event to wishes: who is to plan, what quotes may do, and what differs from the plans.

use super::{Engine, scene};
use crate::book::BookState;
use crate::desk::Turn;
use crate::event::{Event, flag, kind};
use crate::id::{InstrumentId, Side};
use crate::instrument::Status;
use crate::market::Effect;
use crate::order::OrderState;
use crate::reconcile::{Wanted, reconcile};
use crate::session::Phase;
use crate::strategy::Strategy;
use crate::time::Nanos;

impl<S: Strategy> Engine<S> {
    /// Has the strategies plan where the event calls for it, and finds what differs. True when
    /// there is anything to approve.
    #[inline]
    pub fn decide(&mut self, event: &Event, effect: Effect) -> bool {
        self.wishing.clear();
        self.decide_plans(event, effect) | self.holds_work()
    }

    #[inline]
    fn decide_plans(&mut self, event: &Event, effect: Effect) -> bool {
        let instrument = match effect {
            Effect::Moved(id) | Effect::Blanked(id) | Effect::Resync(id) => id,
            Effect::Traded(_) | Effect::Referred(_) | Effect::Odd => return false,
            Effect::Link(_) => return self.decide_all(),
            // What became of an order concerns those who trade its instrument; others see what it
            // freed when their own market moves, or at the next timer.
            Effect::None
                if (kind::ACCEPTED..=kind::STANDING).contains(&event.kind)
                    && self.phase == Phase::Quoting =>
            {
                event.instrument
            }
            Effect::None if event.kind >= kind::ACCEPTED || event.kind == kind::LINK => {
                return event.kind != kind::BALANCE
                    && event.kind != kind::BUDGET
                    && !event.has(flag::MORE)
                    && self.decide_all();
            }
            Effect::None => return false,
        };
        if event.is_inner() {
            return false;
        }
        for at in 0..self.traders(instrument).len() {
            let place = self.traders(instrument)[at];
            self.find_wishes(place);
        }
        !self.wishing.is_empty()
    }

    fn decide_all(&mut self) -> bool {
        for place in 0..self.desks.len() {
            self.find_wishes(place as u8);
        }
        self.end_flattening();
        !self.wishing.is_empty()
    }

    /// Whether quotes may stand on an instrument now.
    #[inline]
    pub fn may_quote(&self, instrument: InstrumentId) -> bool {
        self.turn(instrument, Nanos(u64::MAX)).0 == Turn::Quote
    }

    /// What quotes of an instrument are to do, and whether that is because its data are too old.
    #[inline]
    fn turn(&self, instrument: InstrumentId, age_max: Nanos) -> (Turn, bool) {
        let Some(listing) = self.market.listing(instrument) else {
            return (Turn::Withdraw, false);
        };
        let open = self.phase == Phase::Quoting
            && self.can_send(instrument)
            && self.market.flows(listing.instrument.feed)
            && listing.instrument.status == Status::Trading;
        if !open {
            return (Turn::Withdraw, false);
        }
        let stale = self.now.since(listing.updated_at) > age_max;
        let turn = match listing.book.state() {
            _ if stale => Turn::Withdraw,
            BookState::Live => Turn::Quote,
            // Another ring's row came between the rows of a message: too early to judge.
            BookState::Partial => Turn::Hold,
            BookState::Blank | BookState::Crossed => Turn::Withdraw,
        };
        (turn, stale)
    }

    /// Has one desk plan and compares its orders with the plan, on all its instruments: a strategy
    /// may answer a move of one with quotes on another.
    #[inline]
    fn find_wishes(&mut self, number: u8) {
        let place = usize::from(number);
        let mut quotes = false;
        for index in 0..self.desks[place].lanes.len() {
            let instrument = self.desks[place].lanes[index].instrument;
            let age_max = self.desks[place].gate.limits(index).market_age_max;
            let (turn, stale) = self.turn(instrument, age_max);
            let desk = &mut self.desks[place];
            desk.lanes[index].turn = turn;
            quotes |= turn == Turn::Quote;
            if stale {
                let stand = Side::BOTH.map(|side| {
                    let orders = desk.orders.side(instrument, side);
                    let quotes = orders.filter(|order| !order.apart);
                    quotes.filter(|order| order.state == OrderState::Open).count() as u64
                });
                desk.counters.stale_withdrawals += stand[0] + stand[1];
            }
        }
        if quotes {
            let scene = scene(self.now, &self.market, &self.venues, &self.exposure);
            self.desks[place].plan(&scene);
        }
        let mut any = false;
        for index in 0..self.desks[place].lanes.len() {
            any |= self.find_lane_wishes(place, index);
        }
        if any {
            self.wishing.push(number);
        }
    }

    #[inline]
    fn find_lane_wishes(&mut self, place: usize, index: usize) -> bool {
        let (now, instrument) = (self.now, self.desks[place].lanes[index].instrument);
        let can_send = self.can_send(instrument);
        let ways = Side::BOTH.map(|side| self.makes_way(instrument, side));
        let desk = &mut self.desks[place];
        let lane = &mut desk.lanes[index];
        let Some(plan) = desk.plans.get_mut(instrument.index()) else { return false };
        match lane.turn {
            Turn::Hold => return false,
            Turn::Withdraw => plan.clear(),
            Turn::Quote => {}
        }
        if let Some(take) = plan.take.filter(|take| take.id > lane.last_take) {
            lane.last_take = take.id;
            lane.take = Some(take);
        }
        let amends =
            self.market.listing(instrument).is_some_and(|listing| listing.instrument.amends);
        let tolerance = lane.tolerance;
        if plan.keeps() && ways == [false; 2] && self.phase != Phase::Flattening {
            return lane.take.is_some();
        }
        let mut any = false;
        if can_send {
            for side in Side::BOTH {
                let quotes = if ways[side.index()] { &[] } else { plan.quotes(side) };
                let wanted = Wanted { side, quotes, tolerance, amends, now };
                let wishes = &mut lane.wishes[side.index()];
                let own = desk.orders.side(instrument, side).filter(|order| !order.apart);
                reconcile(&wanted, own, wishes);
                any |= !wishes.is_empty();
            }
        }
        let wanted = Side::BOTH.iter().all(|side| !plan.quotes(*side).is_empty());
        let stands = Side::BOTH.map(|side| desk.orders.side_len(instrument, side) > 0);
        // A book that should have two sides of ours and has one is counted in time.
        if let Some(since) = lane.one_sided_since.take() {
            desk.counters.one_sided_ns += now.since(since).0;
        }
        if wanted && stands[0] != stands[1] {
            lane.one_sided_since = Some(now);
        }
        any |= lane.take.is_some();
        if self.phase == Phase::Flattening {
            any |= self.plan_flatten(place, index);
        }
        any
    }
}
