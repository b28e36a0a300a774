//! Why the core refuses something. Each protocol says it in its own code and words.

use serde::{Deserialize, Serialize};

/// Why an order, a cancel or a setting was refused; nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Refusal {
    /// The price is off the grid or out of the symbol's range.
    Price,
    /// The quantity is off the grid or out of the symbol's range.
    Quantity,
    /// More than a market order may have.
    MarketQuantity,
    /// Too far from the last (or mark) price.
    PriceBand,
    /// Price × quantity is too small or too large.
    Notional,
    /// The account has as many open orders as the symbol allows.
    OpenOrders,
    /// The account has as many orders waiting for a price as the symbol allows.
    StopOrders,
    /// The account has as many open lists of orders as the symbol allows.
    Lists,
    /// The prices of a pair do not stand on both sides of the last one.
    PairPrices,
    /// The order was amended as often as the symbol allows.
    Amends,
    /// Another open order has this client id.
    Duplicate,
    /// A post-only order would take.
    WouldTake,
    /// Not enough of the asset that the order pays with.
    Balance,
    /// Not enough margin.
    Margin,
    /// No such open order.
    UnknownOrder,
    /// The order cannot become what the amendment asks for.
    Amend,
    /// The amendment changes nothing.
    Same,
    /// The trigger's price is there already.
    WouldTrigger,
    /// Nothing reduces: no position on the other side.
    ReduceOnly,
    /// The leg does not fit the account's position mode or the product.
    Leg,
    /// Leverage out of range, or not enough margin for it.
    Leverage,
    /// Open orders or positions stand in the way of another position mode.
    PositionMode,
}

/// Why a request was not let in: too many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    /// The address has used its weight, or ignored that it had and is banned.
    Weight { until_ms: u64, banned: bool },
    /// The account has sent as many orders as this span allows.
    Orders { limit: u64, span_ms: u64 },
    /// A bucket of [`crate::limits::Limits::take`] is empty until then.
    Bucket { limit: u64, until_ms: u64 },
}
