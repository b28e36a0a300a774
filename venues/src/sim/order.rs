//! What can be asked of the simulated market, and an order while it stands.

use engine::id::Side;
use engine::num::{Price, Qty};

/// How long an order stands and whether it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tif {
    /// Rests or is refused; never takes.
    PostOnly,
    /// Good till cancelled: takes what it can, the rest rests.
    Gtc,
    /// Immediate or cancel: takes what it can, the rest expires.
    Ioc,
    /// Fill or kill: takes all of it or nothing.
    Fok,
}

/// A new order. The key is the caller's own name for it and must not be that of an open order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The caller's name for it.
    pub key: u64,
    /// Buy or sell.
    pub side: Side,
    /// Limit in ticks; `None` is a market order, which never rests whatever its `tif`.
    pub limit: Option<Price>,
    /// Quantity in lots; must be positive.
    pub qty: Qty,
    /// How long it stands.
    pub tif: Tif,
}

/// A request to the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A new order.
    New(NewOrder),
    /// Cancel the order of this key.
    Cancel(u64),
    /// Make an order's whole quantity smaller (fills included); by the venue's
    /// [`Priority`](super::Priority) it keeps its queue place.
    Amend {
        /// Which order.
        key: u64,
        /// Its new whole quantity in lots.
        qty: Qty,
    },
    /// Change price and whole quantity (fills included) of an order; by the venue's
    /// [`Priority`](super::Priority) it keeps its queue place or not.
    Move {
        /// Which order.
        key: u64,
        /// Its new price.
        price: Price,
        /// Its new whole quantity in lots.
        qty: Qty,
    },
    /// Cancel, then place; when the cancel fails nothing is placed.
    Replace {
        /// Which order is cancelled.
        old: u64,
        /// What is placed.
        new: NewOrder,
    },
    /// Cancel all open orders.
    CancelAll,
}

/// An order that rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The caller's name for it.
    pub key: u64,
    /// The market's id of it.
    pub venue_order: u64,
    /// Buy or sell.
    pub side: Side,
    /// Limit in ticks.
    pub price: Price,
    /// Whole quantity in lots.
    pub qty: Qty,
    /// Of it filled, in lots.
    pub filled: Qty,
    /// Quantity of others ahead of it at its price, as it is estimated, in whole lots upwards;
    /// `Qty(i64::MAX)` while the book is unknown.
    pub ahead: Qty,
}

impl Open {
    /// What is still to be filled.
    pub const fn leaves(&self) -> Qty {
        Qty(self.qty.0 - self.filled.0)
    }
}
