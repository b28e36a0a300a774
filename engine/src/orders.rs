//! The orders of one desk: bounded, found by id, live ones listed in the order they were placed.

use crate::event::Fill;
use crate::id::{InstrumentId, OrderId, Side};
use crate::num::Qty;
use crate::order::Order;
use alloc::vec::Vec;

/// Orders kept, terminal ones until their place is needed.
pub const ORDERS_MAX: usize = 2048;
/// Orders that may be live at once.
pub const LIVE_MAX: usize = 64;
/// Of them, how many may be placed or adopted; the rest is for ended orders that turn out to stand.
pub const PLACE_MAX: usize = 56;
/// Trades remembered so that each is applied once.
pub const TRADES_MAX: usize = 4096;
const PROBES: usize = 8;

/// A table of orders.
#[derive(Debug)]
pub struct Orders {
    slots: Vec<Option<Order>>,
    live: Vec<u16>,
    trades: Vec<(InstrumentId, Side, u64)>,
    trade_next: usize,
    trade_high: u64,
    untracked: u64,
}

impl Orders {
    /// An empty table; allocates all it will ever need.
    pub fn new() -> Self {
        Self {
            slots: alloc::vec![None; ORDERS_MAX],
            live: Vec::with_capacity(LIVE_MAX),
            trades: Vec::with_capacity(TRADES_MAX),
            trade_next: 0,
            trade_high: 0,
            untracked: 0,
        }
    }

    fn places(id: OrderId) -> impl Iterator<Item = usize> {
        let start = id.counter() as usize;
        (0..PROBES).map(move |probe| (start + probe) % ORDERS_MAX)
    }

    fn place_of(&self, id: OrderId) -> Option<usize> {
        Self::places(id).find(|place| self.slots[*place].is_some_and(|order| order.id() == id))
    }

    /// Whether an order of this id would find room.
    #[inline]
    pub fn has_room(&self, id: OrderId) -> bool {
        self.live.len() < PLACE_MAX && self.vacancy(id).is_some()
    }

    fn vacancy(&self, id: OrderId) -> Option<usize> {
        Self::places(id).find(|place| self.slots[*place].is_none_or(|o| o.state.is_terminal()))
    }

    /// Adds a live order; false when the table is full or has this id.
    pub fn insert(&mut self, order: Order) -> bool {
        if self.live.len() >= PLACE_MAX || self.place_of(order.id()).is_some() {
            return false;
        }
        let Some(place) = self.vacancy(order.id()) else { return false };
        self.slots[place] = Some(order);
        self.live.push(place as u16);
        true
    }

    /// An order by id, live or still remembered.
    #[inline]
    pub fn get(&self, id: OrderId) -> Option<&Order> {
        self.place_of(id).and_then(|place| self.slots[place].as_ref())
    }

    /// Changes an order; it joins or leaves the live ones as its state says. One that should join
    /// them when they are full stays ended and is counted. False when unknown.
    pub fn update(&mut self, id: OrderId, change: impl FnOnce(&mut Order)) -> bool {
        let Some(place) = self.place_of(id) else { return false };
        let Some(order) = self.slots[place].as_mut() else { return false };
        let state = order.state;
        let was_live = !state.is_terminal();
        change(order);
        let is_live = !order.state.is_terminal();
        if was_live && !is_live {
            self.live.retain(|index| usize::from(*index) != place);
        } else if !was_live && is_live {
            if self.live.len() < LIVE_MAX {
                self.live.push(place as u16);
            } else {
                order.state = state;
                self.untracked += 1;
            }
        }
        true
    }

    /// How many ended orders turned out to stand when no more could be live.
    pub const fn untracked(&self) -> u64 {
        self.untracked
    }

    /// Live orders, oldest first.
    #[inline]
    pub fn live(&self) -> impl DoubleEndedIterator<Item = &Order> + Clone {
        self.live.iter().filter_map(|place| self.slots[usize::from(*place)].as_ref())
    }

    /// Live orders of one side of an instrument, oldest first.
    #[inline]
    pub fn side(
        &self,
        instrument: InstrumentId,
        side: Side,
    ) -> impl Iterator<Item = &Order> + Clone {
        self.live().filter(move |order| order.instrument == instrument && order.side == side)
    }

    /// How many are live.
    #[inline]
    pub fn live_len(&self) -> usize {
        self.live.len()
    }

    /// What all live orders of a side could still fill, pending and unknown ones included.
    pub fn remaining(&self, instrument: InstrumentId, side: Side) -> Qty {
        self.side(instrument, side).fold(Qty(0), |sum, order| sum.saturating_add(order.remaining()))
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

mod saved;

impl Default for Orders {
    fn default() -> Self {
        Self::new()
    }
}
