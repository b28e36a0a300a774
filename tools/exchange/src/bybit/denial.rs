//! A refusal in Bybit's words: `retCode` and `retMsg`, and an HTTP status where it is not 200.

use crate::keys::KeyFault;
use crate::refusal::{Limited, Refusal};
use crate::symbol::Product;

/// What Bybit answers instead of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    /// HTTP status; 200 for nearly everything.
    pub status: u16,
    pub code: i64,
    pub msg: String,
    /// When a rate limit starts anew, in milliseconds since 1970, and what it is.
    pub until: Option<(u64, u64)>,
}

impl Denial {
    pub(crate) fn new(code: i64, msg: impl Into<String>) -> Self {
        Self { status: 200, code, msg: msg.into(), until: None }
    }

    /// A request that is wrong in itself.
    pub(crate) fn params(msg: impl Into<String>) -> Self {
        Self::new(10001, msg)
    }

    /// The fate of an order is unknown.
    pub(crate) fn unknown_fate() -> Self {
        Self::new(10000, "Server Timeout")
    }

    /// No such open order.
    pub(crate) fn no_order(product: Product) -> Self {
        Self::refused(product, Refusal::UnknownOrder)
    }

    /// The refusal that a fault asked for; without a code, a price that is out of bounds.
    pub(crate) fn on_demand(product: Product, code: Option<i32>) -> Self {
        match code {
            None => Self::refused(product, Refusal::PriceBand),
            Some(10016) => Self::new(10016, "Internal server error."),
            Some(code) => Self::new(code.into(), "Refused on demand."),
        }
    }

    /// Too many requests: of the address (HTTP 403), or of the account.
    pub(crate) fn limited(limited: Limited) -> Self {
        match limited {
            Limited::Weight { until_ms, .. } => Self {
                status: 403,
                code: 10018,
                msg: "access too frequent".into(),
                until: Some((until_ms, 0)),
            },
            Limited::Orders { limit, .. } => {
                Self { until: Some((0, limit)), ..Self::new(10006, "Too many visits!") }
            }
            Limited::Bucket { limit, until_ms } => Self {
                until: Some((until_ms, limit)),
                ..Self::new(10006, "Too many visits! Exceeded the API Rate Limit.")
            },
        }
    }

    /// The core's refusal.
    pub(crate) fn refused(product: Product, refusal: Refusal) -> Self {
        let (code, msg) = match product {
            Product::Spot => spot(refusal),
            Product::Perp => linear(refusal),
        };
        Self::new(code, msg)
    }
}

fn linear(refusal: Refusal) -> (i64, &'static str) {
    match refusal {
        Refusal::Price => (10001, "Price invalid"),
        Refusal::Quantity => (10001, "Qty invalid"),
        Refusal::MarketQuantity => (10001, "The number of contracts exceeds maximum limit allowed"),
        Refusal::PriceBand => (110003, "Order price exceeds the allowable range."),
        Refusal::Notional => (110094, "Order does not meet minimum order value"),
        Refusal::OpenOrders | Refusal::StopOrders | Refusal::Lists => {
            (110020, "You can't have more than 500 active orders")
        }
        Refusal::Amends => (10001, "The order was amended too often"),
        Refusal::Duplicate => (110072, "OrderLinkedID is duplicate"),
        Refusal::WouldTake => (110103, "Post-only order would take liquidity"),
        Refusal::Balance | Refusal::Margin => (110007, "ab not enough for new order"),
        Refusal::UnknownOrder => (110001, "order not exists or too late to cancel"),
        Refusal::Amend => (110064, "The modified order quantity is not more than the filled one"),
        Refusal::Same => (10001, "The order remains unchanged as the parameters entered match"),
        Refusal::WouldTrigger | Refusal::PairPrices => {
            (110092, "expect Rising, but trigger_price <= current")
        }
        Refusal::ReduceOnly => {
            (110017, "current position is zero, cannot fix reduce-only order qty")
        }
        Refusal::Leg => (10001, "position idx not match position mode"),
        Refusal::Leverage => (110013, "cannot set leverage gt maxLeverage by risk limit"),
        Refusal::PositionMode => {
            (110024, "You have an existing position, so the position mode cannot be switched")
        }
    }
}

fn spot(refusal: Refusal) -> (i64, &'static str) {
    match refusal {
        Refusal::Price => (170134, "Order price has too many decimals."),
        Refusal::Quantity => (170137, "Order quantity has too many decimals."),
        Refusal::MarketQuantity => (170124, "Order amount too large."),
        Refusal::PriceBand => (170132, "Order price too high or too low."),
        Refusal::Notional => (170140, "Order value exceeded lower limit."),
        Refusal::OpenOrders => (170810, "Cannot exceed maximum of 500 active orders."),
        Refusal::Duplicate => (170141, "Duplicate clientOrderId"),
        Refusal::WouldTake => (170218, "The LIMIT-MAKER order is rejected due to invalid price."),
        Refusal::Balance | Refusal::Margin => (170131, "Insufficient balance."),
        Refusal::UnknownOrder => (170213, "Order does not exist."),
        Refusal::Amend => (170313, "The quantity is not more than what was executed."),
        other => linear(other),
    }
}

impl From<KeyFault> for Denial {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::Unknown => Self::new(10003, "API key is invalid."),
            KeyFault::Signature => {
                Self::new(10004, "error sign! please check your signature generation algorithm.")
            }
        }
    }
}
