//! Orders, trades and requests for orders, in words that belong to no protocol.

#[cfg(test)]
use serde::de::{
    IntoDeserializer,
    value::{Error as WordError, StrDeserializer},
};
use serde::{Deserialize, Serialize};

/// Position of an account in the venue's table.
pub(crate) type AccountId = u32;
/// Position of a symbol in the venue's table.
pub(crate) type SymbolId = u16;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub(crate) enum $name { #[default] $($(#[$item_doc])* $item),* }

        impl $name {
            /// The value that the ledger's word names, for tests in text.
            #[cfg(test)]
            #[allow(dead_code)] // Not every list of words is read by a test.
            pub(crate) fn word(text: &str) -> Option<Self> {
                let reader: StrDeserializer<'_, WordError> = text.into_deserializer();
                Self::deserialize(reader).ok()
            }

            /// The ledger's word, for tests in text.
            #[cfg(test)]
            #[allow(dead_code)]
            pub(crate) fn text(self) -> String {
                crate::json::text(&self).trim_matches('"').into()
            }
        }
    };
}

words!(
    /// Side of an order.
    Side { Buy, Sell }
);
words!(
    /// Whether an order has a worst price.
    Kind { Limit, Market }
);
words!(
    /// Time in force.
    Tif { Gtc, Ioc, Fok }
);
words!(
    /// What becomes of an order that would take although it must not.
    Post {
        /// It may take.
        No,
        /// It is refused and gets no id.
        Refuse,
        /// It is accepted and ends at once: for protocols that answer before they match.
        Cancel,
    }
);
words!(
    /// Self-trade prevention.
    Stp { None, ExpireMaker, ExpireTaker, ExpireBoth, Decrement }
);
words!(
    /// Which position of a symbol an order is for: the only one (one-way mode), or one of the two
    /// of hedge mode. Spot orders are `Net`.
    Leg { Net, Long, Short }
);
words!(
    /// Order status.
    Status {
        New,
        PartiallyFilled,
        Filled,
        Cancelled,
        Expired,
        /// It waits for the working order of its list, stands in no book and holds no money.
        Pending,
    }
);
words!(
    /// Why an order ended (or shrank) otherwise than by a trade.
    Why {
        /// Its owner cancelled it.
        User,
        /// Its owner cancelled all.
        UserAll,
        /// An IOC order's remainder.
        Ioc,
        /// A FOK order that could not be filled at once.
        Fok,
        /// A market order met an empty book.
        NoLiquidity,
        /// It was post-only and would have taken.
        PostOnly,
        /// Self-trade prevention.
        SelfTrade,
        /// It would no longer have reduced the position.
        ReduceOnly,
        /// The account was liquidated.
        Liquidation,
        /// A countdown ran out.
        Countdown,
        /// The account's private connections were gone for too long.
        Disconnect,
        /// The other order of its pair was executed.
        Pair,
        /// The working order of its list ended before it was filled.
        Working,
        /// Its trigger came, and the order it became could not be placed.
        Trigger,
    }
);

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// +1 for a purchase, −1 for a sale.
    pub(crate) fn sign(self) -> i64 {
        if self == Self::Buy { 1 } else { -1 }
    }
}

impl Status {
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::New | Self::PartiallyFilled | Self::Pending)
    }
}

impl Leg {
    /// Whether an order of this side on this leg can only close (hedge mode).
    pub(crate) fn closes(self, side: Side) -> bool {
        matches!((self, side), (Self::Long, Side::Sell) | (Self::Short, Side::Buy))
    }
}

/// The price at which an order wakes. Until then it is open and holds its money, but stands in no
/// book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stop {
    /// Ticks; zero where it only trails.
    pub price: i64,
    /// Whether it wakes when the last price rises to it; otherwise when it falls to it.
    pub rising: bool,
    /// When it woke.
    pub woke_ms: Option<u64>,
    /// Once the price has come to `price`, it wakes where the market comes back from its best.
    #[serde(default)]
    pub trail: Option<Trail>,
}

/// What a trailing stop follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trail {
    pub back: Back,
    /// The best price since it follows, in ticks; none before that.
    pub best: Option<i64>,
    /// Since when it follows.
    pub since_ms: Option<u64>,
    /// The price, in ticks, at which a market purchase sets its money aside.
    pub hold: i64,
}

/// How far a price comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Back {
    /// A share of the best price, in 1e-8.
    Share(i64),
    Ticks(i64),
}

impl Back {
    /// The distance from a price, in ticks.
    pub(crate) fn from(self, price: i64) -> i64 {
        let scale = i128::from(crate::symbol::SCALE);
        match self {
            Self::Ticks(ticks) => ticks,
            Self::Share(share) => (i128::from(price) * i128::from(share) / scale) as i64,
        }
    }

    /// Takes a price into the best one; whether the market has come back far enough. What is best
    /// is highest for a sale, lowest for a purchase.
    pub(crate) fn met(self, best: &mut Option<i64>, side: Side, price: i64) -> bool {
        match side {
            Side::Sell => {
                let top = best.map_or(price, |best| best.max(price));
                *best = Some(top);
                price <= top - self.from(top)
            }
            Side::Buy => {
                let bottom = best.map_or(price, |best| best.min(price));
                *best = Some(bottom);
                price >= bottom + self.from(bottom)
            }
        }
    }
}

impl Stop {
    /// Whether the market's price has come to its own.
    pub(crate) fn meets(&self, price: i64) -> bool {
        if self.rising { price >= self.price } else { price <= self.price }
    }

    /// Whether a price wakes an order of this side; a trailing stop follows it.
    pub(crate) fn wakes(&mut self, side: Side, price: i64, now_ms: u64) -> bool {
        let reached = self.meets(price);
        let Some(trail) = &mut self.trail else { return reached };
        if trail.best.is_none() && !reached {
            return false;
        }
        trail.since_ms = trail.since_ms.or(Some(now_ms));
        trail.back.met(&mut trail.best, side, price)
    }

    /// The price, in ticks, at which a market purchase sets its money aside.
    pub(crate) fn holds_at(&self) -> i64 {
        self.trail.map_or(self.price, |trail| trail.hold)
    }
}

/// An order as the venue keeps it. Prices in ticks, quantities in lots, amounts in 1e-8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    pub id: u64,
    pub account: AccountId,
    pub symbol: SymbolId,
    /// Client order id in force (an amend may replace it).
    pub client: String,
    pub side: Side,
    pub kind: Kind,
    pub tif: Tif,
    pub post: Post,
    pub stp: Stp,
    pub leg: Leg,
    /// Whether it may only make a position smaller.
    pub reduce: bool,
    /// Whether the venue sent it to liquidate a position.
    pub forced: bool,
    pub price: i64,
    pub qty: i64,
    pub filled: i64,
    /// Lots that self-trade prevention took away.
    pub prevented: i64,
    pub quote_filled: i64,
    /// Quote amount asked for, where the order is by amount.
    pub quote_qty: i64,
    /// Fees so far, in `fee_asset`.
    pub fee: i64,
    pub fee_asset: String,
    /// Profit realised so far, without fees.
    pub realised: i64,
    pub status: Status,
    pub why: Option<Why>,
    pub created_ms: u64,
    pub updated_ms: u64,
    /// Whether it has rested in the book.
    pub working: bool,
    pub amends: u32,
    /// Its owner's mark on a group of orders.
    pub tag: String,
    /// What its protocol wants to remember of it.
    pub note: String,
    #[serde(default)]
    pub stop: Option<Stop>,
    /// The list that it belongs to.
    #[serde(default)]
    pub list: Option<u64>,
    /// When it came into the market, where that is not when it was created.
    #[serde(default)]
    pub entered_ms: Option<u64>,
}

impl Order {
    /// Whether it still waits for its price.
    pub(crate) fn sleeps(&self) -> bool {
        self.status.is_open() && self.stop.is_some_and(|stop| stop.woke_ms.is_none())
    }

    /// Since when it has been in the market; none where it waited to its end.
    pub(crate) fn working_ms(&self) -> Option<u64> {
        match self.stop {
            Some(stop) => stop.woke_ms,
            None => self.working.then_some(self.entered_ms.unwrap_or(self.created_ms)),
        }
    }

    /// Whether it stands in no book: it waits for its price or for its list's working order.
    pub(crate) fn is_off_book(&self) -> bool {
        self.status == Status::Pending || self.sleeps()
    }

    /// Lots that can still trade.
    pub(crate) fn left(&self) -> i64 {
        self.qty - self.filled - self.prevented
    }

    /// Whether it can only make a position smaller, by flag or by its leg.
    pub(crate) fn only_reduces(&self) -> bool {
        self.reduce || self.leg.closes(self.side)
    }
}

/// A new order whose words have been read and put on the grid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NewOrder {
    pub symbol: SymbolId,
    pub side: Side,
    pub kind: Kind,
    pub tif: Tif,
    pub post: Post,
    pub stp: Stp,
    pub leg: Leg,
    pub reduce: bool,
    /// Ticks; zero for a market order.
    pub price: i64,
    /// Lots; zero where the order is by quote amount.
    pub qty: i64,
    pub quote_qty: i64,
    pub client: String,
    pub tag: String,
    pub note: String,
    pub stop: Option<Stop>,
}

impl NewOrder {
    /// Whether it can only make a position smaller, by flag or by its leg.
    pub(crate) fn only_reduces(&self) -> bool {
        self.reduce || self.leg.closes(self.side)
    }
}

/// A change of an open order; what is none stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Amend {
    /// New total quantity in lots, what is filled included.
    pub qty: Option<i64>,
    /// New price in ticks.
    pub price: Option<i64>,
    /// New client id.
    pub client: Option<String>,
    /// Goes to the end of the queue even where it only becomes less.
    pub requeue: bool,
}

/// A trade of an account. Price, quantity (base asset) and amounts in 1e-8.
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
    pub leg: Leg,
    /// Profit that the trade realised on a position, without its fee.
    pub realised: i64,
    /// Whether a liquidation sent the order.
    pub liquidation: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        assert_eq!(Kind::word("LIMIT"), Some(Kind::Limit));
        assert_eq!(Kind::word("STOP_LOSS"), None);
        assert_eq!(Stp::word("EXPIRE_BOTH"), Some(Stp::ExpireBoth));
        assert_eq!(Status::PartiallyFilled.text(), "PARTIALLY_FILLED");
        assert_eq!(Tif::word("GTC"), Some(Tif::Gtc));
    }

    #[test]
    fn hedge_legs_close_on_their_other_side() {
        assert!(Leg::Long.closes(Side::Sell) && !Leg::Long.closes(Side::Buy));
        assert!(Leg::Short.closes(Side::Buy) && !Leg::Net.closes(Side::Buy));
    }
}
