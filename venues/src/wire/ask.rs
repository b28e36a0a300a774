//! Requests for a venue, their kinds, their ids on the wire, and what they cost.

use crate::client::hex_value;
use core::fmt;
use engine::condition::{By, Condition, Watched};
use engine::id::{ClientId, InstrumentId, OrderId, hex};
use engine::intent::{Intent, OrderRef, Place, Tif};
use engine::num::{Price, Qty};

/// A request for the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The venue's clock.
    Time,
    /// Authenticate the connection, once for all requests on it.
    Logon,
    /// The key that opens the private stream: made, or kept for longer.
    Key,
    /// Begin the private stream.
    Subscribe,
    /// A new order.
    Place(Place),
    /// Cancel one order and place another, stopping when the cancel fails.
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
    },
    /// Two conditional orders of which the first that fires ends the other, in one request: a stop
    /// and a take-profit of the same side and quantity.
    Pair {
        /// What the stop is to be.
        stop: Place,
        /// When that is.
        until: Condition,
        /// The take-profit.
        take: Twin,
    },
    /// A new order, and a stop and a take-profit of the other side and the same quantity, which
    /// sleep until all of it is filled.
    Bracket {
        /// What opens the position; the stop is named by the next number.
        entry: Place,
        /// The stop.
        stop: Twin,
        /// The take-profit.
        take: Twin,
    },
    /// Change price and quantity of an order in place, where the venue can.
    Move {
        /// Which order.
        old: OrderRef,
        /// What it is to be: the same client id, and the whole quantity, fills included.
        new: Place,
    },
    /// Cancel one order.
    Cancel(OrderRef),
    /// Make an order's whole quantity smaller, keeping its queue place.
    Amend {
        /// Which order.
        order: OrderRef,
        /// Its new whole quantity.
        qty: Qty,
    },
    /// Cancel all open orders of an instrument.
    CancelAll {
        /// Of what.
        instrument: InstrumentId,
        /// Those that wait for a price, where the venue keeps them apart; else the others.
        waiting: bool,
    },
    /// Cancel the orders of an instrument that [`Wire::doom`](super::Wire::doom) was told of.
    CancelSome(InstrumentId),
    /// What became of an order; by client id unless `by_venue_id`.
    Query {
        /// Which order.
        order: OrderRef,
        /// Ask by the venue's id of it.
        by_venue_id: bool,
        /// Look among orders that have ended, where the venue keeps them apart.
        ended: bool,
    },
    /// Open orders of an instrument.
    OpenOrders {
        /// Of what.
        instrument: InstrumentId,
        /// Which list of them, where the venue has several: 0 is that of the book, the others are
        /// of those that wait for a price.
        list: u8,
        /// Which page: 0, then as [`Heard::More`](super::Heard::More) says.
        page: u64,
    },
    /// All balances.
    Balances,
    /// The position in an instrument that is margined.
    Position(InstrumentId),
    /// Own trades of an instrument.
    Trades {
        /// Of what.
        instrument: InstrumentId,
        /// From which trade id on; `None` asks for the newest one alone.
        from: Option<u64>,
        /// Which page: 0, then as [`Heard::More`](super::Heard::More) says.
        page: u64,
    },
    /// Own trades of one order.
    TradesOf(OrderRef),
    /// Funding paid and received.
    Payments {
        /// From which payment on; `None` asks for the newest one alone.
        from: Option<u64>,
        /// Which page: 0, then as [`Heard::More`](super::Heard::More) says.
        page: u64,
    },
    /// Set or renew the dead-man's switch; of an instrument where each has its own.
    Renew(InstrumentId),
}

/// One of two linked orders, as far as it differs from the order that it is told of with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Limit price.
    pub price: Price,
    /// The price that it waits for.
    pub trigger: Price,
    /// Which price is watched.
    pub watched: Watched,
    /// [`Tif::Ioc`] takes when it fires, [`Tif::Gtc`] rests.
    pub tif: Tif,
    /// Whether it has a name of its own, by the next number; else the two are one order.
    pub is_named: bool,
}

impl Twin {
    /// One that nobody asks for.
    pub const NONE: Self = Self {
        price: Price(0),
        trigger: Price(0),
        watched: Watched::Last,
        tif: Tif::Ioc,
        is_named: false,
    };

    /// What it waits for.
    pub const fn until(&self, rises: bool) -> Condition {
        Condition { price: self.trigger, by: By::Price, watched: self.watched, rises }
    }
}

/// The name of the order that was made so many after this one, by the same event.
pub const fn following(client: ClientId, many: u32) -> ClientId {
    let id = client.order;
    ClientId { order: OrderId::new(id.epoch(), id.counter().saturating_add(many)), ..client }
}

/// Kinds of [`Ask`], as they travel inside a [`RequestId`].
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Time = 0,
    Logon = 1,
    Subscribe = 2,
    Place = 3,
    Replace = 4,
    Cancel = 5,
    Amend = 6,
    CancelAll = 7,
    Query = 8,
    OpenOrders = 9,
    Balances = 10,
    Trades = 11,
    TradesOf = 12,
    Move = 13,
    Key = 14,
    CancelSome = 15,
    Position = 16,
    Payments = 17,
    Renew = 18,
}

impl Kind {
    /// All kinds, by number.
    pub const ALL: [Self; 19] = [
        Self::Time,
        Self::Logon,
        Self::Subscribe,
        Self::Place,
        Self::Replace,
        Self::Cancel,
        Self::Amend,
        Self::CancelAll,
        Self::Query,
        Self::OpenOrders,
        Self::Balances,
        Self::Trades,
        Self::TradesOf,
        Self::Move,
        Self::Key,
        Self::CancelSome,
        Self::Position,
        Self::Payments,
        Self::Renew,
    ];

    /// Whether it concerns orders that stand or are to stand: what the transport is chosen for.
    #[inline]
    pub const fn is_order(self) -> bool {
        matches!(
            self,
            Self::Place
                | Self::Replace
                | Self::Move
                | Self::Cancel
                | Self::Amend
                | Self::CancelAll
                | Self::CancelSome
        )
    }
}

impl Ask {
    /// Its kind.
    #[inline]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Time => Kind::Time,
            Self::Logon => Kind::Logon,
            Self::Key => Kind::Key,
            Self::Subscribe => Kind::Subscribe,
            // Told and answered as any new order.
            Self::Place(_)
            | Self::Conditional { .. }
            | Self::Pair { .. }
            | Self::Bracket { .. } => Kind::Place,
            Self::Replace { .. } => Kind::Replace,
            Self::Move { .. } => Kind::Move,
            Self::Cancel(_) => Kind::Cancel,
            Self::Amend { .. } => Kind::Amend,
            Self::CancelAll { .. } => Kind::CancelAll,
            Self::CancelSome(_) => Kind::CancelSome,
            Self::Query { .. } => Kind::Query,
            Self::OpenOrders { .. } => Kind::OpenOrders,
            Self::Balances => Kind::Balances,
            Self::Position(_) => Kind::Position,
            Self::Trades { .. } => Kind::Trades,
            Self::TradesOf(_) => Kind::TradesOf,
            Self::Payments { .. } => Kind::Payments,
            Self::Renew(_) => Kind::Renew,
        }
    }

    /// The instrument that it is about, where it is about one.
    #[inline]
    pub const fn instrument(&self) -> InstrumentId {
        match self {
            Self::Time
            | Self::Logon
            | Self::Key
            | Self::Subscribe
            | Self::Balances
            | Self::Payments { .. } => InstrumentId(0),
            Self::Place(order)
            | Self::Conditional { order, .. }
            | Self::Pair { stop: order, .. }
            | Self::Bracket { entry: order, .. } => order.instrument,
            Self::Replace { new, .. } | Self::Move { new, .. } => new.instrument,
            Self::Cancel(order)
            | Self::Amend { order, .. }
            | Self::TradesOf(order)
            | Self::Query { order, .. } => order.instrument,
            Self::CancelAll { instrument, .. }
            | Self::CancelSome(instrument)
            | Self::Position(instrument)
            | Self::Renew(instrument)
            | Self::OpenOrders { instrument, .. }
            | Self::Trades { instrument, .. } => *instrument,
        }
    }

    /// The new orders in it: the first, and how many are named by the numbers after its own.
    #[inline]
    pub const fn places(&self) -> Option<(&Place, u32)> {
        match self {
            Self::Place(new) | Self::Conditional { order: new, .. } | Self::Replace { new, .. } => {
                Some((new, 0))
            }
            Self::Pair { stop, take, .. } => Some((stop, take.is_named as u32)),
            Self::Bracket { entry, take, .. } => Some((entry, 1 + take.is_named as u32)),
            _ => None,
        }
    }

    /// The next page of the same question; itself where there are no pages.
    pub const fn turned(self, next: u64) -> Self {
        match self {
            Self::OpenOrders { instrument, list, .. } => {
                Self::OpenOrders { instrument, list, page: next }
            }
            Self::Trades { instrument, from, .. } => Self::Trades { instrument, from, page: next },
            Self::Payments { from, .. } => Self::Payments { from, page: next },
            other => other,
        }
    }
}

impl From<Intent> for Ask {
    /// What an approved intent asks of the venue by itself.
    #[inline]
    fn from(intent: Intent) -> Self {
        match intent {
            Intent::Place(place) | Intent::Entry(place) => Self::Place(place),
            Intent::Conditional { order, until, .. } => Self::Conditional { order, until },
            Intent::Replace { old, new } => Self::Replace { old, new },
            Intent::Move { old, new } => Self::Move { old, new },
        }
    }
}

/// A request's id: a counter that only goes up, with the kind in the low five bits. On the wire it
/// is 16 hexadecimal digits, always, so that a template is patched and never laid out anew.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct RequestId(u64);

/// Length of a request id's text.
pub const REQUEST_ID_LEN: usize = 16;

impl RequestId {
    /// From a counter and a kind.
    #[inline]
    pub const fn new(counter: u64, kind: Kind) -> Self {
        Self(counter << 5 | kind as u64)
    }

    /// How many requests were made before it.
    #[inline]
    pub const fn counter(self) -> u64 {
        self.0 >> 5
    }

    /// What was asked; `None` for an id that is not ours.
    #[inline]
    pub fn kind(self) -> Option<Kind> {
        Kind::ALL.get((self.0 & 31) as usize).copied()
    }

    /// Its text.
    #[inline]
    pub fn write(self, out: &mut [u8; REQUEST_ID_LEN]) {
        *out = hex(self.0);
    }

    /// From its text; `None` when it is not one of ours.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != REQUEST_ID_LEN {
            return None;
        }
        hex_value(text).map(Self)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind(), self.counter())
    }
}

/// What a request costs of the venue's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cost {
    /// Request weight.
    pub weight: u32,
    /// New orders.
    pub orders: u32,
    /// Changes of orders.
    pub amends: u32,
    /// Cancels.
    pub cancels: u32,
    /// Which limits it counts toward besides those of all: see [`Usage::bucket`](super::Usage).
    pub bucket: u16,
}
