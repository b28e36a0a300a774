//! Open orders, balances, and what risk control makes of them.

use crate::words::{Text, cells};
use arrayvec::ArrayVec;
use engine::{
    id::{InstrumentId, OrderId, Side},
    num::{Amount, Price, Qty},
    time::Nanos,
};

cells! {
    /// One order that is not terminal.
    pub struct OpenOrder {
        /// Ours.
        pub id: OrderId,
        /// Which instrument.
        pub instrument: InstrumentId,
        /// Which side.
        pub side: Side,
        /// In ticks.
        pub price: Price,
        /// As placed, in lots.
        pub qty: Qty,
        /// Of it, in lots.
        pub filled: Qty,
        /// The engine's name of its state, such as `open`, `cancelling`, `unknown`.
        pub state: Text<24>,
        /// When it was decided, UTC.
        pub placed_at: Nanos,
    }

    /// The orders that are not terminal.
    pub struct OrdersPanel {
        /// How many there are, shown here or not.
        pub open: u64,
        /// The first of them.
        pub orders: ArrayVec<OpenOrder, 64>,
    }

    /// What we hold of one asset at one venue.
    pub struct Balance {
        /// Its name at the venue; `VENUE:ASSET` where there are several venues.
        pub asset: Text<32>,
        /// May be used.
        pub free: Amount,
        /// Bound by open orders and as margin.
        pub locked: Amount,
        /// Bound by orders in flight, say we.
        pub reserved: Amount,
    }

    /// What we hold.
    pub struct BalancesPanel {
        /// One per venue and asset.
        pub balances: ArrayVec<Balance, 32>,
    }

    /// A limit and how much of it is used, both in units of 10^-`decimals`.
    pub struct LimitUse {
        /// The configuration's key.
        pub name: Text<32>,
        /// The instrument it is for; none when it is for all.
        pub instrument: Option<InstrumentId>,
        /// How much there may be.
        pub limit: i64,
        /// How much there is.
        pub used: i64,
        /// Places behind the point, of both.
        pub decimals: u8,
    }

    /// How often the gate refused for one reason.
    pub struct Refusal {
        /// The reason's name.
        pub reason: Text<32>,
        /// How often.
        pub count: u64,
    }

    /// The gate.
    pub struct RiskPanel {
        /// Whether the kill switch is thrown.
        pub killed: bool,
        /// Orders that passed.
        pub approved: u64,
        /// Orders that did not.
        pub refused: u64,
        /// Limits and their use.
        pub limits: ArrayVec<LimitUse, 32>,
        /// Refusals by reason.
        pub refusals: ArrayVec<Refusal, 32>,
    }
}
