//! Binance's words for what the core says in its own.

use crate::order::{Kind, Order, Post, Side, Status, Stp, Tif, Why};

pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

pub(crate) fn read_side(text: &str) -> Option<Side> {
    [Side::Buy, Side::Sell].into_iter().find(|one| side(*one) == text)
}

pub(crate) fn tif(tif: Tif) -> &'static str {
    match tif {
        Tif::Gtc => "GTC",
        Tif::Ioc => "IOC",
        Tif::Fok => "FOK",
    }
}

pub(crate) fn read_tif(text: &str) -> Option<Tif> {
    [Tif::Gtc, Tif::Ioc, Tif::Fok].into_iter().find(|one| tif(*one) == text)
}

pub(crate) fn stp(stp: Stp) -> &'static str {
    match stp {
        Stp::None => "NONE",
        Stp::ExpireMaker => "EXPIRE_MAKER",
        Stp::ExpireTaker => "EXPIRE_TAKER",
        Stp::ExpireBoth => "EXPIRE_BOTH",
        Stp::Decrement => "DECREMENT",
    }
}

/// Every self-trade prevention mode of spot.
pub(crate) const STP: [Stp; 5] =
    [Stp::None, Stp::ExpireTaker, Stp::ExpireMaker, Stp::ExpireBoth, Stp::Decrement];

pub(crate) fn read_stp(text: &str) -> Option<Stp> {
    STP.into_iter().find(|one| stp(*one) == text)
}

/// Order status; an order that self-trade prevention ended expired in the match.
pub(crate) fn status(order: &Order) -> &'static str {
    match order.status {
        Status::New => "NEW",
        Status::PartiallyFilled => "PARTIALLY_FILLED",
        Status::Filled => "FILLED",
        Status::Cancelled => "CANCELED",
        Status::Expired if order.why == Some(Why::SelfTrade) => "EXPIRED_IN_MATCH",
        Status::Expired => "EXPIRED",
    }
}

/// Spot's order type.
pub(crate) fn spot_type(kind: Kind, post: Post) -> &'static str {
    match (kind, post) {
        (Kind::Market, _) => "MARKET",
        (Kind::Limit, Post::No) => "LIMIT",
        (Kind::Limit, _) => "LIMIT_MAKER",
    }
}

/// Kind and post-only of a spot order type.
pub(crate) fn read_spot_type(text: &str) -> Option<(Kind, Post)> {
    let all = [(Kind::Limit, Post::No), (Kind::Limit, Post::Refuse), (Kind::Market, Post::No)];
    all.into_iter().find(|(kind, post)| spot_type(*kind, *post) == text)
}

/// The reason that an `executionReport` gives for an expiry, where it gives one.
pub(crate) fn expiry(order: &Order) -> Option<&'static str> {
    match order.why? {
        Why::Fok => Some("UNFILLED_FOK_ORDER_EXPIRED"),
        Why::Ioc => Some("UNFILLED_IOC_QUANTITY_EXPIRED"),
        Why::NoLiquidity => Some("INSUFFICIENT_LIQUIDITY"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        assert_eq!(read_spot_type("LIMIT_MAKER"), Some((Kind::Limit, Post::Refuse)));
        assert_eq!(read_spot_type("STOP_LOSS"), None);
        assert_eq!(read_stp("EXPIRE_BOTH"), Some(Stp::ExpireBoth));
        assert_eq!((read_side("SELL"), read_tif("FOK")), (Some(Side::Sell), Some(Tif::Fok)));
        assert_eq!(read_side("sell"), None);
    }
}
