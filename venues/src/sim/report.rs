//! What the simulated market tells about our orders.

use super::fee::FeeIn;
use engine::id::Side;
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;

/// Why a request was refused or an order ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Post-only, and it would have taken at once.
    WouldTake,
    /// No such open order.
    UnknownOrder,
    /// An open order has this key already.
    Duplicate,
    /// Quantity or price is not positive, or an amend does not make the order smaller.
    Invalid,
    /// The market holds as many orders as it can.
    TooMany,
    /// It would have met an own order.
    SelfTrade,
    /// Time-in-force ran out, or too little was there to take.
    Expired,
    /// The cancel before it failed.
    NotAttempted,
}

impl Refusal {
    /// Its name in messages and tests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WouldTake => "would-take",
            Self::UnknownOrder => "unknown-order",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::TooMany => "too-many",
            Self::SelfTrade => "self-trade",
            Self::Expired => "expired",
            Self::NotAttempted => "not-attempted",
        }
    }
}

/// One fill of one of our orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FillReport {
    /// The caller's name for the order.
    pub key: u64,
    /// The market's id of the order.
    pub venue_order: u64,
    /// Trade id, from the market's own range, going upwards.
    pub trade: u64,
    /// Side of our order.
    pub side: Side,
    /// Price in ticks.
    pub price: Price,
    /// Quantity in lots.
    pub qty: Qty,
    /// Filled of the order so far, this fill included.
    pub filled: Qty,
    /// Still to be filled; at zero the order is done and no [`What::Done`] follows.
    pub leaves: Qty,
    /// Whether our order rested.
    pub maker: bool,
    /// Fee paid, in 1e-8 of the asset that `fee_in` names; negative is a rebate.
    pub fee: Amount,
    /// The asset of the fee.
    pub fee_in: FeeIn,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The market has the order.
    Accepted {
        /// The caller's name for it.
        key: u64,
        /// The market's id of it.
        venue_order: u64,
    },
    /// The order never stood.
    Rejected {
        /// The caller's name for it.
        key: u64,
        /// Why.
        why: Refusal,
    },
    /// A fill.
    Fill(FillReport),
    /// The order ended other than by being filled: cancelled when `why` is `None`.
    Done {
        /// The caller's name for it.
        key: u64,
        /// The market's id of it.
        venue_order: u64,
        /// How much of it was filled.
        filled: Qty,
        /// Why it ended, when it was not by a cancel.
        why: Option<Refusal>,
    },
    /// The order's whole quantity, and its price where it is another, are now these.
    Amended {
        /// The caller's name for it.
        key: u64,
        /// Its new price in ticks, where it changed.
        price: Option<Price>,
        /// Whole quantity in lots.
        qty: Qty,
    },
    /// A cancel was refused.
    CancelRefused {
        /// The order that was meant.
        key: u64,
        /// Why.
        why: Refusal,
    },
    /// An amend was refused; the order is as it was.
    AmendRefused {
        /// The order that was meant.
        key: u64,
        /// Why.
        why: Refusal,
    },
}

/// What happened, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// When it happened in the market.
    pub at: Nanos,
    /// What.
    pub what: What,
}
