//! OKX's words for what the core says in its own.

use crate::order::{Kind, Leg, Order, Post, Side, Status, Stp, Tif, Why};
use crate::symbol::{Product, Symbol};

pub(crate) fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

pub(crate) fn read_side(text: &str) -> Option<Side> {
    [Side::Buy, Side::Sell].into_iter().find(|one| side(*one) == text)
}

/// `posSide`; spot has none.
pub(crate) fn leg(symbol: &Symbol, leg: Leg) -> &'static str {
    match leg {
        _ if symbol.perp.is_none() => "",
        Leg::Net => "net",
        Leg::Long => "long",
        Leg::Short => "short",
    }
}

/// `instType`.
pub(crate) fn product(product: Product) -> &'static str {
    match product {
        Product::Spot => "SPOT",
        Product::Perp => "SWAP",
    }
}

pub(crate) fn read_product(text: &str) -> Option<Product> {
    [Product::Spot, Product::Perp].into_iter().find(|one| product(*one) == text)
}

/// A market order of a swap by another name; the order remembers that it was given.
pub(crate) const OPTIMAL: &str = "optimal_limit_ioc";

/// What an order type means: kind, time in force, post-only. A post-only order that would take is
/// accepted and then cancelled.
pub(crate) fn read_type(text: &str) -> Option<(Kind, Tif, Post)> {
    Some(match text {
        "limit" => (Kind::Limit, Tif::Gtc, Post::No),
        "post_only" => (Kind::Limit, Tif::Gtc, Post::Cancel),
        "fok" => (Kind::Limit, Tif::Fok, Post::No),
        "ioc" => (Kind::Limit, Tif::Ioc, Post::No),
        "market" | OPTIMAL => (Kind::Market, Tif::Ioc, Post::No),
        _ => return None,
    })
}

/// `ordType`.
pub(crate) fn order_type(order: &Order) -> &'static str {
    match (order.kind, order.post, order.tif) {
        (Kind::Market, ..) if order.note == OPTIMAL => OPTIMAL,
        (Kind::Market, ..) => "market",
        (_, Post::No, Tif::Gtc) => "limit",
        (_, Post::No, Tif::Ioc) => "ioc",
        (_, Post::No, Tif::Fok) => "fok",
        _ => "post_only",
    }
}

pub(crate) fn stp(stp: Stp) -> &'static str {
    match stp {
        Stp::ExpireMaker => "cancel_maker",
        Stp::ExpireTaker => "cancel_taker",
        Stp::ExpireBoth => "cancel_both",
        Stp::None | Stp::Decrement => "",
    }
}

pub(crate) fn read_stp(text: &str) -> Option<Stp> {
    let all = [Stp::ExpireMaker, Stp::ExpireTaker, Stp::ExpireBoth];
    all.into_iter().find(|one| stp(*one) == text)
}

/// `state`.
pub(crate) fn state(status: Status) -> &'static str {
    match status {
        Status::New | Status::Pending => "live",
        Status::PartiallyFilled => "partially_filled",
        Status::Filled => "filled",
        Status::Cancelled | Status::Expired => "canceled",
    }
}

/// `cancelSource`.
pub(crate) fn cancel_source(why: Option<Why>) -> &'static str {
    match why {
        None => "",
        Some(Why::User | Why::UserAll) => "1",
        Some(Why::Liquidation) => "3",
        Some(Why::Fok) => "13",
        Some(Why::Ioc | Why::NoLiquidity) => "14",
        Some(Why::Countdown) => "20",
        Some(Why::ReduceOnly) => "22",
        Some(Why::PostOnly) => "31",
        Some(Why::SelfTrade) => "32",
        Some(Why::Disconnect | Why::Pair | Why::Trigger | Why::Working) => "0",
    }
}

/// Where a client id would be of an order that was given none: no client may use the sign.
const NAMELESS: char = '~';

/// An id in place of the client's; it is never told.
pub(crate) fn nameless(number: u64) -> String {
    format!("{NAMELESS}{number}")
}

/// `clOrdId`.
pub(crate) fn client(client: &str) -> &str {
    if client.starts_with(NAMELESS) { "" } else { client }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_as_written() {
        for one in [Side::Buy, Side::Sell] {
            assert_eq!(read_side(side(one)), Some(one));
        }
        assert_eq!(read_type("post_only"), Some((Kind::Limit, Tif::Gtc, Post::Cancel)));
        assert_eq!((read_type("mmp"), read_stp("")), (None, None));
        assert_eq!(read_product("SWAP"), Some(Product::Perp));
        assert_eq!((client(&nameless(7)), client("mine")), ("", "mine"));
    }
}
