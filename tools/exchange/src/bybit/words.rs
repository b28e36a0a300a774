//! Bybit's words for what the core names neutrally.

use crate::order::{Kind, Leg, Order, Post, Side, Status, Stp, Tif, Why};
use crate::symbol::Product;

/// The category of a product.
pub(crate) fn category(product: Product) -> &'static str {
    match product {
        Product::Spot => "spot",
        Product::Perp => "linear",
    }
}

/// The product of a category; inverse contracts and options are not listed here.
pub(crate) fn read_category(text: &str) -> Option<Product> {
    [Product::Spot, Product::Perp].into_iter().find(|one| category(*one) == text)
}

pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "Buy",
        Side::Sell => "Sell",
    }
}

pub(crate) fn read_side(text: &str) -> Option<Side> {
    [Side::Buy, Side::Sell].into_iter().find(|one| side(*one) == text)
}

pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Limit => "Limit",
        Kind::Market => "Market",
    }
}

pub(crate) fn read_kind(text: &str) -> Option<Kind> {
    [Kind::Limit, Kind::Market].into_iter().find(|one| kind(*one) == text)
}

/// `timeInForce`; a market order is always IOC.
pub(crate) fn tif(order: &Order) -> &'static str {
    match (order.kind, order.post, order.tif) {
        (Kind::Market, ..) | (_, _, Tif::Ioc) => "IOC",
        (_, Post::Refuse | Post::Cancel, _) => "PostOnly",
        (_, _, Tif::Fok) => "FOK",
        (_, _, Tif::Gtc) => "GTC",
    }
}

pub(crate) fn smp(stp: Stp) -> &'static str {
    match stp {
        Stp::None | Stp::Decrement => "None",
        Stp::ExpireMaker => "CancelMaker",
        Stp::ExpireTaker => "CancelTaker",
        Stp::ExpireBoth => "CancelBoth",
    }
}

pub(crate) fn read_smp(text: &str) -> Option<Stp> {
    let all = [Stp::None, Stp::ExpireMaker, Stp::ExpireTaker, Stp::ExpireBoth];
    all.into_iter().find(|one| smp(*one) == text)
}

/// `positionIdx`.
pub(crate) fn position_idx(leg: Leg) -> u8 {
    match leg {
        Leg::Net => 0,
        Leg::Long => 1,
        Leg::Short => 2,
    }
}

pub(crate) fn read_position_idx(text: &str) -> Option<Leg> {
    [Leg::Net, Leg::Long, Leg::Short].into_iter().find(|leg| position_idx(*leg).to_string() == text)
}

/// `orderStatus`. Only spot has a word of its own for an order that was cancelled after it traded.
pub(crate) fn status(order: &Order, product: Product) -> &'static str {
    match order.status {
        Status::New | Status::Pending => "New",
        Status::PartiallyFilled => "PartiallyFilled",
        Status::Filled => "Filled",
        Status::Cancelled | Status::Expired if order.filled > 0 && product == Product::Spot => {
            "PartiallyFilledCanceled"
        }
        Status::Cancelled | Status::Expired => "Cancelled",
    }
}

/// `cancelType`.
pub(crate) fn cancel_type(why: Option<Why>) -> &'static str {
    match why {
        Some(Why::User | Why::UserAll | Why::Countdown | Why::Pair | Why::Working) => {
            "CancelByUser"
        }
        Some(Why::ReduceOnly) => "CancelByReduceOnly",
        Some(Why::Liquidation) => "CancelByPrepareLiq",
        Some(Why::Disconnect) => "CancelByDCP",
        Some(Why::SelfTrade) => "CancelBySmp",
        Some(Why::Ioc | Why::Fok | Why::NoLiquidity | Why::PostOnly | Why::Trigger) | None => {
            "UNKNOWN"
        }
    }
}

/// `rejectReason`.
pub(crate) fn reject_reason(why: Option<Why>) -> &'static str {
    match why {
        None => "EC_NoError",
        Some(Why::Ioc | Why::NoLiquidity) => "EC_NoImmediateQtyToFill",
        Some(Why::Fok) => "EC_CancelForNoFullFill",
        Some(Why::PostOnly) => "EC_PostOnlyWillTakeLiquidity",
        Some(Why::Trigger) => "EC_Others",
        Some(_) => "EC_PerCancelRequest",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        assert_eq!(read_category("linear"), Some(Product::Perp));
        assert_eq!(read_category("inverse"), None);
        assert_eq!(read_side("buy"), None);
        assert_eq!(read_kind("Market"), Some(Kind::Market));
        assert_eq!(read_smp("CancelBoth"), Some(Stp::ExpireBoth));
        assert_eq!(read_position_idx("2"), Some(Leg::Short));
        assert_eq!(read_position_idx("3"), None);
    }
}
