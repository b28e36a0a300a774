//! Phases of a session, what reconciliation mended, and why trading halted.

use crate::id::{AssetId, OrderId};
use crate::num::Amount;
use crate::time::Nanos;

/// What the engine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// Waiting for the venue to tell orders and balances.
    Reconciling = 0,
    /// Quoting.
    Quoting = 1,
    /// Paused by the operator: no quotes.
    Paused = 2,
    /// Bringing the position to zero.
    Flattening = 3,
    /// Halted: no quotes until an operator resumes (never after a kill).
    Halted = 4,
    /// Shutting down: cancelling all.
    Stopping = 5,
    /// Shut down: nothing of ours stands.
    Stopped = 6,
}

impl Phase {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Reconciling,
        Self::Quoting,
        Self::Paused,
        Self::Flattening,
        Self::Halted,
        Self::Stopping,
        Self::Stopped,
    ];

    /// The name that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reconciling => "reconciling",
            Self::Quoting => "quoting",
            Self::Paused => "paused",
            Self::Flattening => "flattening",
            Self::Halted => "halted",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

/// Why trading halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Halt {
    /// It did not.
    None = 0,
    /// The day's loss reached its limit.
    DailyLoss = 1,
    /// The operator's kill switch.
    Killed = 2,
    /// Our balances differ from the venue's and stay so.
    BalanceDifference = 3,
    /// A report ring was full: reports may be late.
    ReportsLate = 4,
    /// The journal cannot be written.
    Journal = 5,
    /// Another engine trades on the account.
    OtherEngine = 6,
    /// A position differs from the venue's and stays so.
    PositionDifference = 7,
}

impl Halt {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::DailyLoss,
        Self::Killed,
        Self::BalanceDifference,
        Self::ReportsLate,
        Self::Journal,
        Self::OtherEngine,
        Self::PositionDifference,
    ];

    /// The name that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::DailyLoss => "daily loss limit",
            Self::Killed => "kill switch",
            Self::BalanceDifference => "balance difference",
            Self::ReportsLate => "reports late",
            Self::Journal => "journal full",
            Self::OtherEngine => "another engine trades on this account",
            Self::PositionDifference => "position difference",
        }
    }
}

/// What reconciliation had to mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RepairKind {
    /// A fill that the private stream had not brought.
    MissedFill = 0,
    /// An order that had ended without our hearing of it.
    OrderEnded = 1,
    /// An order of unknown outcome that the venue never had.
    OrderAbsent = 2,
    /// An order of unknown outcome that stands.
    OrderFound = 3,
    /// An order at the venue that we did not know, adopted.
    OrderAdopted = 4,
    /// An order at the venue that we did not know, cancelled.
    OrderCancelled = 5,
    /// A fill of an order that we did not know.
    FillOfUnknownOrder = 6,
    /// Our balance differs from the venue's by this much.
    BalanceDifference = 7,
    /// A position differs from the venue's by so many lots; the asset's number is the instrument's.
    PositionDifference = 8,
    /// Fills were told in another order than the venue's: so much more of a result is realised, and
    /// what is open cost so much more.
    CostBasis = 9,
}

impl RepairKind {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::MissedFill,
        Self::OrderEnded,
        Self::OrderAbsent,
        Self::OrderFound,
        Self::OrderAdopted,
        Self::OrderCancelled,
        Self::FillOfUnknownOrder,
        Self::BalanceDifference,
        Self::PositionDifference,
        Self::CostBasis,
    ];

    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissedFill => "missed_fill",
            Self::OrderEnded => "order_ended",
            Self::OrderAbsent => "order_absent",
            Self::OrderFound => "order_found",
            Self::OrderAdopted => "order_adopted",
            Self::OrderCancelled => "order_cancelled",
            Self::FillOfUnknownOrder => "fill_of_unknown_order",
            Self::BalanceDifference => "balance_difference",
            Self::PositionDifference => "position_difference",
            Self::CostBasis => "cost_basis",
        }
    }
}

/// One thing that was mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repair {
    /// What.
    pub kind: RepairKind,
    /// When.
    pub at: Nanos,
    /// Which order, if one.
    pub order: OrderId,
    /// Which asset, if one.
    pub asset: AssetId,
    /// Trade id, or the amount of a difference.
    pub detail: Amount,
}
