//! What the core tells: public events of a listing and private events of an account. Each protocol
//! renders them in its own JSON.

use crate::listing::Tick;
use crate::order::{AccountId, Fill, Leg, Order, Side, SymbolId};
use crate::venue::{OrderList, Trigger};

/// Something that others may see, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// One maker's part of a trade.
    Trade { symbol: SymbolId, tick: Tick },
    /// All of one taker's trades at one price.
    Agg { symbol: SymbolId, agg: Agg },
    /// A level changed; the best price may have.
    Touch { symbol: SymbolId },
    /// Mark price, index price or funding rate of a perpetual moved.
    Mark { symbol: SymbolId },
    /// A position was liquidated.
    Liquidation { symbol: SymbolId, liquidation: Liquidation },
    /// Something of one account.
    Private { account: AccountId, what: Private },
}

/// Trades of one taker at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agg {
    pub id: u64,
    /// Id of the first trade; `sum.id` is the last one's.
    pub first: u64,
    pub sum: Tick,
}

/// A liquidation order that the venue carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Liquidation {
    /// Side of the liquidation order: a sale closes a long position.
    pub side: Side,
    /// Bankruptcy price in ticks: the order's limit.
    pub price: i64,
    /// Average price of what was filled, in ticks.
    pub average: i64,
    pub lots: i64,
    pub time_ms: u64,
}

/// A private event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Private {
    /// An order changed, or was accepted.
    Order(Box<Execution>),
    /// An order that waits for a price was accepted, fired, failed or was cancelled.
    Trigger(Box<Trigger>),
    /// A list of orders was placed, went on, or ended.
    List(Box<OrderList>),
    /// Balances and positions that a transaction touched; they are read as they stand.
    Holdings { assets: Vec<String>, positions: Vec<(SymbolId, Leg)>, cause: Cause },
    /// Money that came or went otherwise than by a trade.
    Deposit { asset: String, delta: i64 },
    /// A funding payment; positive was received.
    Funding(Funding),
    /// Margin is short: below this, positions are liquidated.
    MarginCall { equity: i64, maintenance: i64 },
}

/// What moved an account's holdings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cause {
    #[default]
    Order,
    Funding,
    Deposit,
    Liquidation,
}

/// One funding payment of one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Funding {
    pub symbol: SymbolId,
    pub leg: Leg,
    /// Position in lots, signed.
    pub lots: i64,
    /// Rate in 1e-8; longs pay shorts where it is positive.
    pub rate: i64,
    /// Mark price in 1e-8.
    pub mark: i64,
    /// What the account received, in 1e-8 of the settlement asset.
    pub amount: i64,
    pub time_ms: u64,
}

/// An order after a change, and the change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Execution {
    /// Number of the change; they only go up.
    pub id: u64,
    pub order: Order,
    pub what: What,
}

/// What happened to an order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// It was accepted.
    New,
    Trade(Fill),
    /// Self-trade prevention took lots at a price, against another order.
    Prevented {
        lots: i64,
        price: i64,
        counter: u64,
    },
    /// It was cancelled; the client id of the cancel itself, where it has one.
    Cancelled {
        client: String,
    },
    /// It ended without its owner; `order.why` says why.
    Expired,
    /// It was changed; the client id that it had before.
    Amended {
        original: String,
    },
}
