//! What may not be passed, and the names of what refuses.

use crate::num::{Amount, Notional, Qty};
use crate::time::Nanos;

/// Limits of one desk. There is no value that switches a limit off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Limits {
    /// Farthest an order's price may lie from mid, in millionths of mid.
    pub collar_mid_ppm: i64,
    /// Farthest an order's price may lie from the last trade, in millionths of it.
    pub collar_trade_ppm: i64,
    /// Largest quantity of one order.
    pub order_qty_max: Qty,
    /// Largest price times quantity of one order.
    pub order_notional_max: Notional,
    /// Largest position, long or short, if every live order of a side filled.
    pub position_max: Amount,
    /// Most live orders, unknown and cancelling ones included.
    pub open_orders_max: u32,
    /// Largest sum of the position's value and all live orders' notionals.
    pub gross_notional_max: Notional,
    /// Orders a second, in the long run.
    pub orders_per_s: u32,
    /// Orders at once after a pause.
    pub orders_burst: u32,
    /// Oldest market data that may be quoted on.
    pub market_age_max: Nanos,
    /// Loss since the start of the day (UTC) at which trading halts.
    pub daily_loss_max: Notional,
}

/// Why an order did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Refusal {
    /// The kill switch is set.
    Killed = 0,
    /// Orders are not allowed in this phase of the session.
    NotQuoting = 1,
    /// The instrument does not trade.
    Closed = 2,
    /// The book waits for a snapshot, is crossed or one-sided.
    BlankBook = 3,
    /// Market data is too old.
    StaleBook = 4,
    /// Too far from mid.
    CollarMid = 5,
    /// Too far from the last trade.
    CollarTrade = 6,
    /// Price, quantity or notional breaks a filter of the venue.
    Filter = 7,
    /// Quantity too large.
    OrderQty = 8,
    /// Notional too large.
    OrderNotional = 9,
    /// The spendable balance does not suffice.
    Balance = 10,
    /// The position could become too large.
    Position = 11,
    /// Too many live orders.
    OpenOrders = 12,
    /// Too much gross notional.
    GrossNotional = 13,
    /// Too many orders a second.
    Rate = 14,
    /// This order id was used before.
    DuplicateId = 15,
    /// It would meet an order of ours.
    SelfCross = 16,
    /// The day's loss is at its limit.
    DailyLoss = 17,
    /// An unknown order blocks this side.
    UnknownSide = 18,
    /// Too much gross notional of all desks together.
    SharedGross = 19,
    /// Too many live orders of all desks together.
    SharedOrders = 20,
    /// Too many orders a second of all desks together.
    SharedRate = 21,
}

impl Limits {
    /// What lets no order pass.
    pub const NOTHING: Self = Self {
        collar_mid_ppm: 0,
        collar_trade_ppm: 0,
        order_qty_max: Qty(0),
        order_notional_max: Notional(0),
        position_max: Amount(0),
        open_orders_max: 0,
        gross_notional_max: Notional(0),
        orders_per_s: 0,
        orders_burst: 0,
        market_age_max: Nanos(0),
        daily_loss_max: Notional(0),
    };
}

impl Refusal {
    /// All of them with the names that reports use.
    pub const ALL: [(Self, &'static str); 22] = [
        (Self::Killed, "killed"),
        (Self::NotQuoting, "not_quoting"),
        (Self::Closed, "closed"),
        (Self::BlankBook, "blank_book"),
        (Self::StaleBook, "stale_book"),
        (Self::CollarMid, "collar_mid"),
        (Self::CollarTrade, "collar_trade"),
        (Self::Filter, "filter"),
        (Self::OrderQty, "order_qty"),
        (Self::OrderNotional, "order_notional"),
        (Self::Balance, "balance"),
        (Self::Position, "position"),
        (Self::OpenOrders, "open_orders"),
        (Self::GrossNotional, "gross_notional"),
        (Self::Rate, "rate"),
        (Self::DuplicateId, "duplicate_id"),
        (Self::SelfCross, "self_cross"),
        (Self::DailyLoss, "daily_loss"),
        (Self::UnknownSide, "unknown_side"),
        (Self::SharedGross, "shared_gross"),
        (Self::SharedOrders, "shared_orders"),
        (Self::SharedRate, "shared_rate"),
    ];

    /// As an index into a dense table.
    pub const fn index(self) -> usize {
        self as usize
    }
}
