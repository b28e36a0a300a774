//! A refusal in Binance's words: HTTP status, code and text.

use crate::json::Object;
use crate::keys::KeyFault;
use crate::refusal::{Limited, Refusal};

/// What Binance answers instead of what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Denial {
    /// HTTP status.
    pub status: u16,
    pub code: i32,
    pub msg: String,
    /// JSON text of `data`, where there is one.
    pub data: Option<String>,
}

impl Denial {
    pub(crate) fn new(code: i32, msg: impl Into<String>) -> Self {
        Self { status: 400, code, msg: msg.into(), data: None }
    }

    pub(crate) fn with_status(status: u16, code: i32, msg: impl Into<String>) -> Self {
        Self { status, code, msg: msg.into(), data: None }
    }

    pub(crate) fn filter(name: &str) -> Self {
        Self::new(-1013, format!("Filter failure: {name}"))
    }

    pub(crate) fn insufficient() -> Self {
        Self::new(-2010, "Account has insufficient balance for requested action.")
    }

    /// The API key is missing or not in its form.
    pub(crate) fn no_key() -> Self {
        Self::with_status(401, -2014, "API-key format invalid.")
    }

    /// The API key is not known here, or may not do this.
    pub(crate) fn wrong_key() -> Self {
        Self::with_status(401, -2015, "Invalid API-key, IP, or permissions for action.")
    }

    /// Too many requests: 429, or 418 for an address that is banned.
    pub(crate) fn limited(limited: Limited, now_ms: u64) -> Self {
        let (status, until_ms, msg) = match limited {
            Limited::Orders { limit, span_ms } => {
                let span = match span_ms {
                    10_000 => "10 SECOND",
                    60_000 => "1 MINUTE",
                    _ => "1 DAY",
                };
                let msg =
                    format!("Too many new orders; current limit is {limit} orders per {span}.");
                return Self::with_status(429, -1015, msg);
            }
            Limited::Weight { until_ms, banned: true } => {
                (418, until_ms, "Way too much request weight used; IP banned")
            }
            Limited::Weight { until_ms, .. } | Limited::Bucket { until_ms, .. } => (
                429,
                until_ms,
                "Too much request weight used; current limit is reached; please use WebSocket \
                 Streams for live updates to avoid polling the API",
            ),
        };
        let data = Object::new().put("serverTime", now_ms).put("retryAfter", until_ms).end();
        let msg = format!("{msg}. Retry after {until_ms}.");
        Self { status, code: -1003, msg, data: Some(data) }
    }

    /// `{"code":…,"msg":…}` with `data` where there is one.
    pub(crate) fn json(&self) -> String {
        let object = Object::new().put("code", self.code).put("msg", &self.msg);
        match &self.data {
            Some(data) => object.raw("data", data).end(),
            None => object.end(),
        }
    }
}

impl From<Refusal> for Denial {
    /// Spot's words; what only derivatives know has theirs from USDⓈ-M.
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Price => Self::filter("PRICE_FILTER"),
            Refusal::Quantity => Self::filter("LOT_SIZE"),
            Refusal::MarketQuantity => Self::filter("MARKET_LOT_SIZE"),
            Refusal::PriceBand => Self::filter("PERCENT_PRICE_BY_SIDE"),
            Refusal::Notional => Self::filter("NOTIONAL"),
            Refusal::OpenOrders => Self::filter("MAX_NUM_ORDERS"),
            Refusal::StopOrders => Self::filter("MAX_NUM_ALGO_ORDERS"),
            Refusal::Lists => Self::filter("MAX_NUM_ORDER_LISTS"),
            Refusal::PairPrices => {
                Self::new(-2010, "The relationship of the prices for the orders is not correct.")
            }
            Refusal::Amends => Self::filter("MAX_NUM_ORDER_AMENDS"),
            Refusal::Duplicate => Self::new(-2010, "Duplicate order sent."),
            Refusal::WouldTake => Self::new(-2010, "Order would immediately match and take."),
            Refusal::Balance => Self::insufficient(),
            Refusal::UnknownOrder => Self::new(-2011, "Unknown order sent."),
            Refusal::Amend => Self::new(-2038, "The requested order amendment is not allowed."),
            Refusal::Same => Self::new(-2039, "The requested order amendment changes nothing."),
            Refusal::WouldTrigger => Self::new(-2010, "Stop price would trigger immediately."),
            Refusal::Margin => Self::new(-2019, "Margin is insufficient."),
            Refusal::ReduceOnly => Self::new(-2022, "ReduceOnly Order is rejected."),
            Refusal::Leg => {
                Self::new(-4061, "Order's position side does not match user's setting.")
            }
            Refusal::Leverage => Self::new(-4028, "Leverage is not valid."),
            Refusal::PositionMode => {
                Self::new(-4068, "Position side cannot be changed if there exists position.")
            }
        }
    }
}

impl From<KeyFault> for Denial {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::Unknown => Self::wrong_key(),
            KeyFault::Signature => Self::new(-1022, "Signature for this request is not valid."),
        }
    }
}
