//! The orders of one desk: bounded, found by id, live ones listed in the order they were placed,
//! all together and by side of an instrument.
//!
//! What an event asks of orders costs the same however many stand: sums over a side are kept, and
//! the lists run through the table itself.

mod list;
mod saved;

use crate::event::Fill;
use crate::exposure::Exposure;
use crate::id::{InstrumentId, OrderId, Side};
use crate::num::{Notional, Price, Qty};
use crate::order::{Order, OrderState};
use alloc::vec::Vec;
use list::{Links, List};

/// Orders kept for each of its instruments (for [`OWN_MAX`] at most), terminal ones until their
/// place is needed.
const KEPT_EACH: usize = 2048;
/// Of them, how many may be live at once.
const LIVE_EACH: usize = 64;
/// Of the live ones, how many are kept for ended orders that turn out to stand.
const SPARE_EACH: usize = 8;
/// Instruments of a desk beyond which its table grows no more.
const OWN_MAX: usize = 16;
/// Trades remembered so that each is applied once.
pub const TRADES_MAX: usize = 4096;
const PROBES: usize = 8;

/// One side of one instrument.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    list: List,
    remaining: i64,
    unknown: u32,
    notional: i128,
}

/// A table of orders.
#[derive(Debug)]
pub struct Orders {
    /// Ids by place, zero where there is none: eight of them are one cache line.
    ids: Vec<OrderId>,
    slots: Vec<Option<Order>>,
    /// By place: neighbours among all live orders, and among those of the same side.
    links: Vec<[Links; 2]>,
    live: List,
    lanes: Vec<[Lane; 2]>,
    live_max: usize,
    spare: usize,
    notional: i128,
    trades: Vec<(InstrumentId, Side, u64)>,
    trade_next: usize,
    trade_high: u64,
    untracked: u64,
}

/// What of an order is in the sums.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Share {
    price: Price,
    remaining: Qty,
    unknown: bool,
}

impl Share {
    #[inline]
    fn of(order: &Order) -> Self {
        let unknown = order.state == OrderState::Unknown;
        let remaining = if order.covered { Qty(0) } else { order.remaining() };
        Self { price: order.highest_price(), remaining, unknown }
    }

    const fn none(price: Price) -> Self {
        Self { price, remaining: Qty(0), unknown: false }
    }
}

impl Orders {
    /// An empty table for so many own instruments among `instruments`; allocates all it will ever
    /// need.
    pub fn new(own: usize, instruments: usize) -> Self {
        let own = own.clamp(1, OWN_MAX);
        // A power of two, so that a place is found by a mask.
        let kept = (KEPT_EACH * own.div_ceil(4)).next_power_of_two();
        Self {
            ids: alloc::vec![OrderId(0); kept],
            slots: alloc::vec![None; kept],
            links: alloc::vec![[Links::default(); 2]; kept],
            live: List::default(),
            lanes: alloc::vec![[Lane::default(); 2]; instruments],
            live_max: LIVE_EACH * own,
            spare: SPARE_EACH,
            notional: 0,
            trades: Vec::with_capacity(TRADES_MAX),
            trade_next: 0,
            trade_high: 0,
            untracked: 0,
        }
    }

    #[inline]
    fn places(&self, id: OrderId) -> impl Iterator<Item = usize> + use<> {
        let (start, mask) = (id.counter() as usize, self.ids.len() - 1);
        (0..PROBES).map(move |probe| (start + probe) & mask)
    }

    #[inline]
    fn place_of(&self, id: OrderId) -> Option<usize> {
        self.places(id).find(|place| self.ids[*place] == id).filter(|_| id != OrderId(0))
    }

    /// Whether an order of this id would find room.
    #[inline]
    pub fn has_room(&self, id: OrderId) -> bool {
        self.live.len() + self.spare < self.live_max && self.vacancy(id).is_some()
    }

    /// The same of the last of so many, which leave together.
    pub fn has_room_for(&self, last: OrderId, many: usize) -> bool {
        self.live.len() + self.spare + many <= self.live_max && self.vacancy(last).is_some()
    }

    #[inline]
    fn vacancy(&self, id: OrderId) -> Option<usize> {
        self.places(id).find(|place| {
            self.ids[*place] == OrderId(0)
                || self.slots[*place].is_none_or(|order| order.state.is_terminal())
        })
    }

    /// Adds a live order; false when the table is full or has this id, or knows no such instrument.
    pub fn insert(&mut self, order: Order, exposure: &mut Exposure) -> bool {
        let id = order.id();
        let is_full = self.live.len() + self.spare >= self.live_max;
        let is_strange = order.instrument.index() >= self.lanes.len();
        if is_full || is_strange || self.place_of(id).is_some() {
            return false;
        }
        let Some(place) = self.vacancy(id) else { return false };
        self.ids[place] = id;
        self.slots[place] = Some(order);
        self.join(place, (order.instrument, order.side));
        self.weigh(&order, Share::none(order.price), exposure);
        true
    }

    /// An order by id, live or still remembered.
    #[inline]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.place_of(id).and_then(|place| self.slots[place].as_ref())
    }

    /// Changes an order; it joins or leaves the live ones as its state says. One that should join
    /// them when they are full stays ended and is counted. False when unknown.
    #[inline]
    pub fn update(
        &mut self,
        id: OrderId,
        exposure: &mut Exposure,
        change: impl FnOnce(&mut Order),
    ) -> bool {
        let Some(place) = self.place_of(id) else { return false };
        let Some(order) = self.slots[place].as_mut() else { return false };
        let (state, before) = (order.state, Share::of(order));
        change(order);
        let lane = (order.instrument, order.side);
        match (state.is_terminal(), order.state.is_terminal()) {
            (false, true) => self.leave(place, lane),
            (true, false) if self.live.len() < self.live_max => self.join(place, lane),
            (true, false) => {
                order.state = state;
                self.untracked += 1;
            }
            _ => {}
        }
        if let Some(order) = self.slots[place] {
            self.weigh(&order, before, exposure);
        }
        true
    }

    fn join(&mut self, place: usize, (instrument, side): (InstrumentId, Side)) {
        self.live.push(&mut self.links, 0, place as u16);
        let lane = &mut self.lanes[instrument.index()][side.index()];
        lane.list.push(&mut self.links, 1, place as u16);
    }

    fn leave(&mut self, place: usize, (instrument, side): (InstrumentId, Side)) {
        self.live.remove(&mut self.links, 0, place as u16);
        let lane = &mut self.lanes[instrument.index()][side.index()];
        lane.list.remove(&mut self.links, 1, place as u16);
    }

    /// Takes what changed of an order into the sums.
    #[inline]
    fn weigh(&mut self, order: &Order, before: Share, exposure: &mut Exposure) {
        let after = Share::of(order);
        if before == after {
            return;
        }
        let lane = &mut self.lanes[order.instrument.index()][order.side.index()];
        lane.unknown = lane.unknown - u32::from(before.unknown) + u32::from(after.unknown);
        if (before.price, before.remaining) != (after.price, after.remaining) {
            lane.remaining += after.remaining.0 - before.remaining.0;
            let change = exposure.moves(
                (order.instrument, order.side),
                (before.price, before.remaining),
                (after.price, after.remaining),
            );
            lane.notional += change;
            self.notional += change;
        }
    }

    /// Adds everything that stands to an exposure that has restarted.
    pub(crate) fn expose(&mut self, exposure: &mut Exposure) {
        self.notional = 0;
        self.lanes.iter_mut().flatten().for_each(|lane| lane.notional = 0);
        let mut at = self.live.first();
        while let Some(order) = self.slots.get(usize::from(at)).copied().flatten() {
            at = self.links[usize::from(at)][0].next;
            let change = exposure.moves(
                (order.instrument, order.side),
                (order.price, Qty(0)),
                (order.highest_price(), Share::of(&order).remaining),
            );
            self.lanes[order.instrument.index()][order.side.index()].notional += change;
            self.notional += change;
        }
    }

    /// Notional of all live orders, by what they could still fill, each in its own quote asset;
    /// sticks at the end of the range.
    #[inline]
    pub fn notional(&self) -> Notional {
        Notional(i64::try_from(self.notional).unwrap_or(i64::MAX))
    }

    /// The same of one instrument.
    pub fn notional_of(&self, instrument: InstrumentId) -> Notional {
        let sides = Side::BOTH.map(|side| self.lane(instrument, side).notional);
        Notional(i64::try_from(sides[0] + sides[1]).unwrap_or(i64::MAX))
    }

    /// How many ended orders turned out to stand when no more could be live.
    pub const fn untracked(&self) -> u64 {
        self.untracked
    }

    /// Live orders, oldest first.
    #[inline]
    pub fn live(&self) -> impl Iterator<Item = &Order> + Clone {
        self.listed(self.live.first(), 0)
    }

    /// Live orders of one side of an instrument, oldest first.
    #[inline]
    pub fn side(
        &self,
        instrument: InstrumentId,
        side: Side,
    ) -> impl Iterator<Item = &Order> + Clone {
        self.listed(self.lane(instrument, side).list.first(), 1)
    }

    #[inline]
    fn listed(&self, first: u16, which: usize) -> impl Iterator<Item = &Order> + Clone {
        let mut at = first;
        core::iter::from_fn(move || {
            let order = self.slots.get(usize::from(at))?.as_ref();
            at = self.links[usize::from(at)][which].next;
            order
        })
    }

    #[inline]
    fn lane(&self, instrument: InstrumentId, side: Side) -> &Lane {
        const EMPTY: Lane = Lane { list: List::EMPTY, remaining: 0, unknown: 0, notional: 0 };
        self.lanes.get(instrument.index()).map_or(&EMPTY, |lanes| &lanes[side.index()])
    }

    /// The live orders one after another, each of which may be changed when it was given:
    /// `None` to begin with, and what it gave to go on.
    #[inline]
    pub fn walk(&self, cursor: &mut Cursor) -> Option<OrderId> {
        let at = cursor.next.unwrap_or(self.live.first());
        let id = self.ids.get(usize::from(at))?;
        cursor.next = Some(self.links[usize::from(at)][0].next);
        Some(*id)
    }

    /// How many are live.
    #[inline]
    pub const fn live_len(&self) -> usize {
        self.live.len()
    }

    /// How many of a side are live.
    #[inline]
    pub fn side_len(&self, instrument: InstrumentId, side: Side) -> usize {
        self.lane(instrument, side).list.len()
    }

    /// Whether an order of a side is unknown.
    #[inline]
    pub fn is_unknown(&self, instrument: InstrumentId, side: Side) -> bool {
        self.lane(instrument, side).unknown > 0
    }

    /// What all live orders of a side could still fill, pending and unknown ones included.
    #[inline]
    pub fn remaining(&self, instrument: InstrumentId, side: Side) -> Qty {
        Qty(self.lane(instrument, side).remaining)
    }

    /// Whether this trade is remembered. A trade against ourselves has two sides under one id. Ids
    /// mostly rise, so that a new one is seldom searched for.
    pub fn has_seen(&self, instrument: InstrumentId, fill: &Fill) -> bool {
        fill.trade <= self.trade_high && self.trades.contains(&(instrument, fill.side, fill.trade))
    }

    /// Remembers a trade; false when it was seen before.
    pub fn first_sight(&mut self, instrument: InstrumentId, fill: &Fill) -> bool {
        if self.has_seen(instrument, fill) {
            return false;
        }
        let trade = (instrument, fill.side, fill.trade);
        self.trade_high = self.trade_high.max(fill.trade);
        if self.trades.len() < TRADES_MAX {
            self.trades.push(trade);
        } else {
            self.trades[self.trade_next] = trade;
            self.trade_next = (self.trade_next + 1) % TRADES_MAX;
        }
        true
    }
}

/// Where a walk over the live orders is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cursor {
    next: Option<u16>,
}

#[cfg(test)]
mod tests;
