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
        Status::Pending => "PENDING_NEW",
        Status::PartiallyFilled => "PARTIALLY_FILLED",
        Status::Filled => "FILLED",
        Status::Cancelled => "CANCELED",
        Status::Expired if order.why == Some(Why::SelfTrade) => "EXPIRED_IN_MATCH",
        Status::Expired => "EXPIRED",
    }
}

/// One of spot's order types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpotType {
    pub word: &'static str,
    pub kind: Kind,
    pub post: Post,
    /// What it waits for, where it waits.
    pub waits: Option<Waits>,
}

/// Which way the price goes that an order waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Against the order: up for a purchase, down for a sale.
    Loss,
    /// Its owner's way: down for a purchase, up for a sale.
    Profit,
}

const fn spot(word: &'static str, kind: Kind, post: Post, waits: Option<Waits>) -> SpotType {
    SpotType { word, kind, post, waits }
}

/// Every order type of spot.
pub(crate) const SPOT_TYPES: [SpotType; 7] = [
    spot("LIMIT", Kind::Limit, Post::No, None),
    spot("LIMIT_MAKER", Kind::Limit, Post::Refuse, None),
    spot("MARKET", Kind::Market, Post::No, None),
    spot("STOP_LOSS", Kind::Market, Post::No, Some(Waits::Loss)),
    spot("STOP_LOSS_LIMIT", Kind::Limit, Post::No, Some(Waits::Loss)),
    spot("TAKE_PROFIT", Kind::Market, Post::No, Some(Waits::Profit)),
    spot("TAKE_PROFIT_LIMIT", Kind::Limit, Post::No, Some(Waits::Profit)),
];

impl Waits {
    /// Whether such an order waits for a higher price.
    pub(crate) fn rising(self, side: Side) -> bool {
        (self == Self::Loss) == (side == Side::Buy)
    }
}

/// Spot's order type; one that waited for a price keeps its own when it has come.
pub(crate) fn spot_type(order: &Order) -> &'static str {
    let waits = order.stop.map(|stop| match stop.rising == Waits::Loss.rising(order.side) {
        true => Waits::Loss,
        false => Waits::Profit,
    });
    let all = SPOT_TYPES.iter().filter(|one| (one.kind, one.waits) == (order.kind, waits));
    let fits = |one: &&SpotType| (one.post == Post::No) == (order.post == Post::No);
    all.into_iter().find(fits).map_or("MARKET", |one| one.word)
}

/// The spot order type of this word.
pub(crate) fn read_spot_type(text: &str) -> Option<SpotType> {
    SPOT_TYPES.into_iter().find(|one| one.word == text)
}

/// The reason that an `executionReport` gives for an expiry, where it gives one.
pub(crate) fn expiry(order: &Order) -> Option<&'static str> {
    match order.why? {
        Why::Fok => Some("UNFILLED_FOK_ORDER_EXPIRED"),
        Why::Ioc => Some("UNFILLED_IOC_QUANTITY_EXPIRED"),
        Why::NoLiquidity => Some("INSUFFICIENT_LIQUIDITY"),
        Why::Trigger => Some("REJECTED"),
        Why::Pair => Some("OCO_TRIGGER"),
        Why::Working => Some("OTO_PHASE_ONE_EXPIRED"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        let maker = read_spot_type("LIMIT_MAKER").unwrap();
        assert_eq!((maker.kind, maker.post, maker.waits), (Kind::Limit, Post::Refuse, None));
        assert_eq!(read_spot_type("STOP"), None);
        assert_eq!(read_stp("EXPIRE_BOTH"), Some(Stp::ExpireBoth));
        assert_eq!((read_side("SELL"), read_tif("FOK")), (Some(Side::Sell), Some(Tif::Fok)));
        assert_eq!(read_side("sell"), None);
    }
}
