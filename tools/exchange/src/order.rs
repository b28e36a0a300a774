//! Orders, their words on the wire, and a request for one.

use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::{Deserialize, Serialize};

/// Position of an account in the venue's table.
pub(crate) type AccountId = u32;
/// Position of a symbol in the venue's table.
pub(crate) type SymbolId = u16;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub(crate) enum $name { $($(#[$item_doc])* $item),* }

        impl $name {
            /// The value that the venue's word names.
            #[allow(dead_code)]
            pub(crate) fn word(text: &str) -> Option<Self> {
                let reader: StrDeserializer<'_, WordError> = text.into_deserializer();
                Self::deserialize(reader).ok()
            }
        }
    };
}

words!(
    /// Side of an order.
    Side { Buy, Sell }
);
words!(
    /// Order types that this exchange offers.
    Kind { Limit, LimitMaker, Market }
);
words!(
    /// Time in force.
    Tif { Gtc, Ioc, Fok }
);
words!(
    /// Self-trade prevention.
    Stp { None, ExpireMaker, ExpireTaker, ExpireBoth, Decrement }
);
words!(
    /// Order status.
    Status { New, PartiallyFilled, Filled, Canceled, Expired, ExpiredInMatch }
);
words!(
    /// What a cancel insists on.
    Restriction { OnlyNew, OnlyPartiallyFilled }
);

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }
}

impl Status {
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::New | Self::PartiallyFilled)
    }
}

/// An order as the venue keeps it. Prices in ticks, quantities in lots, amounts in 1e-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub id: u64,
    pub account: AccountId,
    pub symbol: SymbolId,
    /// Client order id in force (an amend replaces it).
    pub client: String,
    pub side: Side,
    pub kind: Kind,
    pub tif: Tif,
    pub stp: Stp,
    pub price: i64,
    pub qty: i64,
    pub filled: i64,
    /// Lots that self-trade prevention took away.
    pub prevented: i64,
    pub quote_filled: i64,
    /// Quote amount asked for, where the order is by amount.
    pub quote_qty: i64,
    pub status: Status,
    pub created_ms: u64,
    pub updated_ms: u64,
    /// Whether it has rested in the book.
    pub working: bool,
    pub amends: u32,
}

impl Order {
    /// Lots that can still trade.
    pub(crate) fn left(&self) -> i64 {
        self.qty - self.filled - self.prevented
    }
}

/// How much an answer to a new order tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Ack,
    Result,
    Full,
}

/// A new order whose words have been read and put on the grid.
#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub symbol: SymbolId,
    pub side: Side,
    pub kind: Kind,
    pub tif: Tif,
    pub stp: Stp,
    /// Ticks; zero for a market order.
    pub price: i64,
    /// Lots; zero where the order is by quote amount.
    pub qty: i64,
    pub quote_qty: i64,
    pub client: String,
    pub reply: Reply,
}

/// A trade of an account, as `myTrades` and the ledger tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fill {
    pub symbol: SymbolId,
    pub id: u64,
    pub order: u64,
    pub client: String,
    pub price: i64,
    pub qty: i64,
    pub quote: i64,
    pub fee: i64,
    pub fee_asset: String,
    pub time_ms: u64,
    pub buyer: bool,
    pub maker: bool,
}

/// A refusal in the venue's words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub status: u16,
    pub code: i32,
    pub msg: String,
    /// JSON text of `data`, where there is one.
    pub data: Option<String>,
}

impl Refusal {
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

    /// `{"code":…,"msg":…}` with `data` where there is one.
    pub(crate) fn json(&self) -> String {
        let object = crate::json::Object::new().put("code", self.code).put("msg", &self.msg);
        match &self.data {
            Some(data) => object.raw("data", data).end(),
            None => object.end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_venues() {
        assert_eq!(Kind::word("LIMIT_MAKER"), Some(Kind::LimitMaker));
        assert_eq!(Kind::word("STOP_LOSS"), None);
        assert_eq!(Stp::word("EXPIRE_BOTH"), Some(Stp::ExpireBoth));
        assert_eq!(crate::json::text(&Status::ExpiredInMatch), "\"EXPIRED_IN_MATCH\"");
        assert_eq!(Tif::word("GTC"), Some(Tif::Gtc));
    }
}
