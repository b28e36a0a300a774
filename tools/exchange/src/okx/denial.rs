//! A refusal in OKX's words: code, text, and the HTTP status that goes with the code.

use crate::json::Object;
use crate::refusal::{Limited, Refusal};

/// What OKX answers instead of what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Denial {
    pub code: i32,
    pub msg: String,
}

impl Denial {
    pub(crate) fn new(code: i32, msg: impl Into<String>) -> Self {
        Self { code, msg: msg.into() }
    }

    /// A parameter that cannot be what it is.
    pub(crate) fn parameter(name: &str) -> Self {
        Self::new(51000, format!("Parameter {name} error"))
    }

    /// A parameter that is not there.
    pub(crate) fn missing(name: &str) -> Self {
        Self::new(50014, format!("Parameter {name} can not be empty."))
    }

    /// No such instrument.
    pub(crate) fn instrument() -> Self {
        Self::new(51001, "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
    }

    /// No such order.
    pub(crate) fn no_order() -> Self {
        Self::new(51603, "Order does not exist")
    }

    /// Whether a request was carried out is not known.
    pub(crate) fn unknown() -> Self {
        Self::new(
            50004,
            "API endpoint request timeout (does not mean that the request was successful or \
             failed, please check the request result).",
        )
    }

    /// The refusal that a fault asked for.
    pub(crate) fn on_demand(code: Option<i32>) -> Self {
        match code {
            None => Refusal::PriceBand.into(),
            Some(51008) => Refusal::Balance.into(),
            Some(code) => Self::new(code, "Refused on demand."),
        }
    }

    /// HTTP status of a REST answer with this code.
    pub(crate) fn status(&self) -> u16 {
        match self.code {
            50011 | 50061 => 429,
            50001 | 50026 => 503,
            50004 | 50014 | 50000 => 400,
            50100..=50119 => 401,
            50404 => 404,
            50405 => 405,
            _ => 200,
        }
    }

    /// `{"code":…,"msg":…,"data":[]}`.
    pub(crate) fn json(&self) -> String {
        Object::new()
            .put("code", self.code.to_string())
            .raw("data", "[]")
            .put("msg", &self.msg)
            .end()
    }
}

impl From<Limited> for Denial {
    fn from(limited: Limited) -> Self {
        match limited {
            Limited::Orders { .. } => {
                Self::new(50061, "Sub-account rate limit reached. Please slow down.")
            }
            Limited::Weight { .. } | Limited::Bucket { .. } => {
                Self::new(50011, "Too Many Requests")
            }
        }
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        let (code, msg) = match refusal {
            Refusal::Price => return Self::parameter("px"),
            Refusal::Quantity => (51121, "Order quantity must be a multiple of the lot size."),
            Refusal::MarketQuantity => (51202, "Market order amount exceeds the maximum amount."),
            Refusal::PriceBand => (51006, "Order price is not within the price limit."),
            Refusal::Notional => {
                (51020, "Your order should meet or exceed the minimum order amount.")
            }
            Refusal::OpenOrders | Refusal::StopOrders | Refusal::Lists => {
                (51025, "Order failed. Your pending order count has reached its limit.")
            }
            Refusal::Amends => (51513, "Number of modification requests exceeds the limit."),
            Refusal::Duplicate => (51016, "Duplicated client order ID"),
            Refusal::WouldTake => (
                51511,
                "Operation failed as the order price doesn't meet the requirement for Post Only.",
            ),
            Refusal::Balance => (51008, "Order failed. Insufficient balance in account."),
            Refusal::Margin => (51008, "Order failed. Insufficient USDT margin in account."),
            Refusal::UnknownOrder => return Self::no_order(),
            Refusal::Amend => return Self::parameter("newSz"),
            Refusal::Same => (51500, "You must enter a price, quantity, or TP/SL"),
            Refusal::WouldTrigger | Refusal::PairPrices => {
                (51280, "SL trigger price must be less than the last price.")
            }
            Refusal::ReduceOnly => (
                51169,
                "Order failed because you don't have any positions in this direction for this \
                 contract to reduce or close.",
            ),
            Refusal::Leg => return Self::parameter("posSide"),
            Refusal::Leverage => (59102, "Leverage exceeds the maximum limit."),
            Refusal::PositionMode => (
                59000,
                "Setting failed. Cancel any open orders, close positions, and stop trading bots \
                 first.",
            ),
        };
        Self::new(code, msg)
    }
}
