//! Ids as Bybit writes them: UUIDs for perpetuals, long numbers for spot. Each names the core's
//! number, so nothing has to be looked up.

use crate::order::{Fill, Order, SymbolId};
use crate::symbol::Product;

/// Where spot's numbers begin: orders', and trades'.
const SPOT_ORDERS: u64 = 1_900_000_000_000_000_000;
const SPOT_TRADES: u64 = 2_200_000_000_000_000_000;
/// Distance of the trade numbers of two spot symbols.
const SYMBOL_STEP: u64 = 100_000_000_000_000;

/// A UUID of version 4's form whose last group is the number.
fn uuid(number: u64, salt: u64) -> String {
    let mut mixed = (number ^ salt.rotate_left(40)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        mixed >> 32,
        (mixed >> 16) & 0xffff,
        mixed & 0xfff,
        salt & 0xfff,
        number & 0xffff_ffff_ffff
    )
}

/// An order's number; that of the conditional order which it was, where it was one.
pub(crate) fn number(order: &Order) -> u64 {
    // The venue's own orders are named after what they were.
    let own = order.client.strip_prefix('~').filter(|_| !order.tag.is_empty());
    order.note.parse().ok().or(own.and_then(|text| text.parse().ok())).unwrap_or(order.id)
}

/// `orderId` of an order or of a conditional order.
pub(crate) fn order(product: Product, number: u64) -> String {
    match product {
        Product::Spot => (SPOT_ORDERS + number).to_string(),
        Product::Perp => uuid(number, 0),
    }
}

/// The number that an `orderId` names; none where it is not one of ours.
pub(crate) fn read_order(product: Product, text: &str) -> Option<u64> {
    let number = match product {
        Product::Spot => text.parse::<u64>().ok()?.checked_sub(SPOT_ORDERS)?,
        Product::Perp => u64::from_str_radix(text.rsplit('-').next()?, 16).ok()?,
    };
    (order(product, number) == text).then_some(number)
}

/// Id of one side of a trade. The public tape tells the taker's.
pub(crate) fn trade(product: Product, symbol: SymbolId, number: u64, maker: bool) -> String {
    let (symbol, maker) = (u64::from(symbol), u64::from(maker));
    match product {
        Product::Spot => (SPOT_TRADES + symbol * SYMBOL_STEP + number * 2 + maker).to_string(),
        Product::Perp => uuid(number, 1 + symbol * 2 + maker),
    }
}

/// `execId` of a fill.
pub(crate) fn fill(product: Product, fill: &Fill) -> String {
    trade(product, fill.symbol, fill.id, fill.maker)
}

/// `execId` of a funding payment.
pub(crate) fn funding(symbol: SymbolId, time_ms: u64) -> String {
    uuid(time_ms, 0x800 + u64::from(symbol))
}

/// What stands in for a client id where the client gave none; no client can write it.
pub(crate) fn nameless(number: u64) -> String {
    format!("~{number}")
}

/// `orderLinkId`: empty where the client gave none, and of the venue's own orders.
pub(crate) fn link(client: &str) -> &str {
    if client.starts_with('~') || client.starts_with("autoclose-") { "" } else { client }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_name_their_number() {
        for product in [Product::Spot, Product::Perp] {
            for number in [1, 1_000_001, 0xffff_ffff] {
                assert_eq!(read_order(product, &order(product, number)), Some(number));
            }
            for text in ["", "x", "1", "00000000-0000-4000-8000-0000000f4241"] {
                assert_eq!(read_order(product, text), None, "{text}");
            }
        }
        assert_eq!(order(Product::Perp, 1_000_001).len(), 36);
    }

    #[test]
    fn sides_and_symbols_have_ids_of_their_own() {
        for product in [Product::Spot, Product::Perp] {
            let all = [(0, 7, true), (0, 7, false), (1, 7, true), (0, 8, true)];
            let ids = all.map(|(symbol, number, maker)| trade(product, symbol, number, maker));
            let unique: std::collections::BTreeSet<&String> = ids.iter().collect();
            assert_eq!(unique.len(), ids.len());
        }
    }
}
