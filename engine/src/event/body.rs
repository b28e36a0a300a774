//! What a row means, decoded.

use super::word::{Command, End, GapReason, Link, LinkState, Reason, Request};
use crate::held::Hold;
use crate::id::{AssetId, OrderId, Side};
use crate::instrument::Status;
use crate::num::{Amount, Grid, Notional, Price, Qty};
use crate::time::Nanos;

/// A fill as the venue reports it. The order is the row's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The order that was filled.
    pub order: OrderId,
    /// Unique per instrument.
    pub trade: u64,
    /// Side of our order.
    pub side: Side,
    /// Price of the trade.
    pub price: Price,
    /// Quantity of the trade.
    pub qty: Qty,
    /// Fee paid; negative is a rebate.
    pub fee: Amount,
    /// In which asset.
    pub fee_asset: AssetId,
    /// Whether our order rested.
    pub maker: bool,
}

/// An order as the venue has it now, told by an answer to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Our id of it; foreign ones have [`OrderId::FOREIGN_EPOCH`].
    pub order: OrderId,
    /// The venue's id of it.
    pub venue_order: u64,
    /// Its side.
    pub side: Side,
    /// Its price.
    pub price: Price,
    /// Its whole quantity.
    pub qty: Qty,
    /// How much of that is filled (at most 2^47 lots).
    pub filled: Qty,
    /// Whether it is a conditional order whose price has not come yet.
    pub waits: bool,
}

/// What a row means. The fields are named by the types and the line above each.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Absolute quantity of one level (0: gone). Row id: last update id of the message.
    Level { side: Side, price: Price, qty: Qty },
    /// Best bid and ask. Row id: update id, comparable with that of levels.
    Best { bid: Price, bid_qty: Qty, ask: Price, ask_qty: Qty },
    /// A public trade. Row id: trade id.
    Trade { price: Price, qty: Qty, taker: Side },
    /// The book is not to be trusted until the next snapshot. Row id: update id that came.
    Gap { reason: GapReason, expected: u64 },
    /// Trading status of the instrument.
    Status(Status),
    /// New grids and limits of the instrument: the book is blanked and re-based.
    Filters { tick: Grid, lot: Grid, size: Grid, notional_min: Notional },
    /// Mark price and index of a perpetual, in 1e-8 of the quote asset; an index that was not told
    /// is 0.
    Mark { mark: Notional, index: Notional },
    /// The rate that the next funding will have as things stand (longs pay when above 0), in 1e-8
    /// of the notional, and when that is, ms since 1970.
    FundingRate { rate: Amount, next_ms: u64 },
    /// Somebody's position was liquidated by an order of this side.
    Liquidation { price: Price, qty: Qty, taker: Side },
    /// State of a link changed.
    Link { link: Link, state: LinkState },
    /// The venue has the order (answer to a place). Row id: order.
    Accepted { order: OrderId, venue_order: u64 },
    /// The price of a conditional order came: it is in the book, by this id of the venue. Row id:
    /// order.
    Triggered { order: OrderId, venue_order: u64 },
    /// A fill. Row id: order.
    Fill(Fill),
    /// The order is no more; `filled` as the venue counts, if it says. Row id: order.
    Done { order: OrderId, end: End, reason: Reason, filled: Option<Qty> },
    /// The order's whole quantity, and its price where one is told, are now these. Row id: order.
    Amended { order: OrderId, price: Option<Price>, qty: Qty },
    /// A cancel or amend was refused by the venue; the order may or may not stand. Row id: order.
    Refused { order: OrderId, request: Request, reason: Reason },
    /// No answer in time, or one that leaves the outcome open. Row id: order.
    Unknown { order: OrderId, request: Request },
    /// The venue, asked by client id after its window for late arrivals, knows no such order.
    Absent { order: OrderId },
    /// The order as the venue has it.
    Standing(Standing),
    /// A balance as the venue has it. Row id: asset. Copied at the first reconciliation, compared
    /// after.
    Balance { asset: AssetId, free: Amount, locked: Amount },
    /// Reconciliation of a link begins (`done: false`) or has told everything (`done: true`).
    Reconcile { done: bool },
    /// Every own trade of the instrument below this id has been told, or was before the start.
    TradesTold { next: u64 },
    /// Funding of our position: received when above 0, paid when below. Row id: the venue's number
    /// of the payment, unique per venue; its time where it has none.
    Funding { asset: AssetId, amount: Amount },
    /// Our position as the venue has it: lots, negative when short, and average price in 1e-8 of
    /// the quote asset. Compared with ours, never copied after the start.
    Position { lots: i64, entry: Notional },
    /// Reports may have come late, because their ring was full: everything live is in doubt.
    Doubt,
    /// What the gateway may still send before it has to refuse.
    Budget { orders: u32, weight: u32 },
    /// Time passed; sent at a fixed cadence. Row id: count.
    Timer,
    /// An operator's command; for `Set`, row id is the parameter and its desk, value in units of
    /// 1e-9.
    Command { command: Command, value: i64 },
    /// The value of one unit of an asset in the quote asset of the account, 1e-8.
    Conversion { asset: AssetId, price: Notional },
    /// A value from outside, valid for `ttl`. Row id: key.
    Signal { source: u64, value: i64, ttl: Nanos },
    /// The session begins. Row id: epoch.
    Start { epoch: u32, config_hash: u64 },
    /// An order to hold until its price is reached. Row id: its number.
    Hold(Hold),
    /// A held order (0: all) is to be forgotten.
    Release { number: u16 },
    /// The venue's clock minus ours, µs.
    ClockOffset { us: i64 },
}

impl Body {
    /// The order that a report is about.
    pub const fn order(&self) -> Option<OrderId> {
        match self {
            Self::Accepted { order, .. }
            | Self::Triggered { order, .. }
            | Self::Done { order, .. }
            | Self::Amended { order, .. }
            | Self::Refused { order, .. }
            | Self::Unknown { order, .. }
            | Self::Absent { order }
            | Self::Fill(Fill { order, .. })
            | Self::Standing(Standing { order, .. }) => Some(*order),
            _ => None,
        }
    }
}
