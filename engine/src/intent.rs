//! What goes out: orders that the risk gate approved, and requests that only reduce.

use crate::condition::{Condition, Tie};
use crate::id::{ClientId, InstrumentId, OrderId, Side, VenueId};
use crate::num::{Price, Qty};
use crate::time::Nanos;

/// How long an order stands and whether it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tif {
    /// Rests or is refused; never takes.
    PostOnly = 0,
    /// Good till cancelled; may take, the rest rests.
    Gtc = 1,
    /// Immediate or cancel.
    Ioc = 2,
    /// Fill or kill.
    Fok = 3,
}

impl Tif {
    /// Whether the venue ends it at once, filled or not.
    #[inline]
    pub const fn is_immediate(self) -> bool {
        matches!(self, Self::Ioc | Self::Fok)
    }
}

/// A new limit order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Our id and the update id that caused it.
    pub client: ClientId,
    /// What is traded.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// How long it stands.
    pub tif: Tif,
}

/// An order of ours as both sides name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderRef {
    /// Our id and its cause: the client order id that the venue knows.
    pub client: ClientId,
    /// The venue's id; 0 while we do not know it.
    pub venue_order: u64,
    /// What is traded.
    pub instrument: InstrumentId,
    /// Whether it is a conditional order whose price has not come yet, as far as was told.
    pub waits: bool,
}

impl OrderRef {
    /// Our id of it.
    pub const fn order(&self) -> OrderId {
        self.client.order
    }
}

/// What the engine wants placed: needs the risk gate's approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// A new order.
    Place(Place),
    /// A cancel and a new order in one request that stops when the cancel fails.
    Replace {
        /// What is cancelled.
        old: OrderRef,
        /// What is placed.
        new: Place,
    },
    /// A new order that the venue keeps until a price is reached.
    Conditional {
        /// What it is to be then.
        order: Place,
        /// When that is.
        until: Condition,
        /// Whether it is one of two. The second is named as the first where the venue keeps both
        /// as one order.
        tie: Tie,
    },
    /// A new order that opens a position, with the two linked orders that follow it at once: they
    /// sleep until all of it is filled.
    Entry(Place),
    /// A change of price and quantity in place, on venues that can.
    Move {
        /// Which order.
        old: OrderRef,
        /// What it is to be: the same client id, and the whole quantity, fills included.
        new: Place,
    },
}

impl Intent {
    /// The order that it would place.
    #[inline]
    pub const fn place(&self) -> &Place {
        match self {
            Self::Place(place)
            | Self::Entry(place)
            | Self::Conditional { order: place, .. }
            | Self::Replace { new: place, .. }
            | Self::Move { new: place, .. } => place,
        }
    }
}

/// An intent that passed the risk gate. Only the gate can make one, and it is consumed by sending.
#[derive(Debug, PartialEq, Eq)]
pub struct Approved {
    intent: Intent,
    read_at: Nanos,
    at: Nanos,
}

impl Approved {
    pub(crate) const fn new(intent: Intent, read_at: Nanos, at: Nanos) -> Self {
        Self { intent, read_at, at }
    }

    /// What was approved.
    #[inline]
    pub const fn intent(&self) -> &Intent {
        &self.intent
    }

    /// When the last byte of the message that caused it was read.
    #[inline]
    pub const fn read_at(&self) -> Nanos {
        self.read_at
    }

    /// The event time at which it was decided.
    #[inline]
    pub const fn at(&self) -> Nanos {
        self.at
    }
}

/// Requests that only ever reduce what stands, so that no limit refuses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// Cancel one order.
    Cancel(OrderRef),
    /// Make the order's whole quantity smaller, keeping its queue place.
    Amend {
        /// Which order.
        order: OrderRef,
        /// Its new whole quantity, fills included.
        qty: Qty,
    },
    /// Cancel all open orders of an instrument.
    CancelAll(InstrumentId),
    /// Ask what became of an order, by client id.
    Query(OrderRef),
    /// Reconcile with a venue again: open orders, balances, missed trades.
    Reconcile(VenueId),
    /// Renew a venue's dead-man's switch, where it has one.
    Renew(VenueId),
}

/// Everything the engine sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// To the gateway, by token.
    Place(Approved),
    /// To the gateway, needs no token.
    Reduce(Reduce),
    /// To the feed: fetch a new snapshot of this book.
    Resync(InstrumentId),
}

/// A bounded list of what one event sends. Full is a counter, never a panic.
#[derive(Debug)]
pub struct Outbox {
    items: alloc::vec::Vec<Outgoing>,
    capacity: usize,
    refused: u64,
}

impl Outbox {
    /// An empty one that holds at most `capacity` items.
    pub fn new(capacity: usize) -> Self {
        Self { items: alloc::vec::Vec::with_capacity(capacity), capacity, refused: 0 }
    }

    /// Adds an item; false (and counted) when full.
    #[inline]
    pub fn push(&mut self, item: Outgoing) -> bool {
        if self.items.len() >= self.capacity {
            self.refused += 1;
            return false;
        }
        self.items.push(item);
        true
    }

    /// How many more fit.
    #[inline]
    pub fn room(&self) -> usize {
        self.capacity - self.items.len()
    }

    /// Takes all items out, in order.
    #[inline]
    pub fn drain(&mut self) -> alloc::vec::Drain<'_, Outgoing> {
        self.items.drain(..)
    }

    /// What it holds.
    pub fn items(&self) -> &[Outgoing] {
        &self.items
    }

    /// How many items found it full.
    pub const fn refused(&self) -> u64 {
        self.refused
    }
}
