//! What Binance's two protocols share: the way in, parameters, refusals, words, market queries, and
//! connections.

use crate::listing::{Changed, Listing};
use crate::order::Side;
use crate::symbol::{Product, Symbol};

pub(crate) mod api;
pub(crate) mod denial;
pub(crate) mod entry;
pub(crate) mod params;
pub(crate) mod query;
pub(crate) mod rest;
pub(crate) mod stats;
pub(crate) mod streams;
pub(crate) mod usage;
pub(crate) mod words;
pub(crate) mod ws_api;

/// Decimal places of a symbol's prices and quantities: eight on spot; of a perpetual as many as its
/// grid has, and at least two of a price.
pub(crate) fn places(symbol: &Symbol) -> [u8; 2] {
    let decimals = |step: i64| {
        let zeros = (0..8).take_while(|n| step % 10_i64.pow(n + 1) == 0).count();
        8_u8.saturating_sub(zeros as u8)
    };
    match symbol.product() {
        Product::Spot => [8, 8],
        Product::Perp => [decimals(symbol.tick).max(2), decimals(symbol.lot)],
    }
}

/// Price and quantity, in 1e-8, of the levels that changed: bids and asks, from the best outward.
pub(crate) fn changed_levels(listing: &Listing, changed: &Changed) -> [Vec<(i64, i64)>; 2] {
    let spec = &listing.symbol;
    let level =
        |side: Side, price: i64| (price * spec.tick, listing.lots_at(side, price) * spec.lot);
    let of = |side: Side| {
        let own = changed.levels.iter().filter(move |(one, _)| *one == side);
        own.map(move |(_, price)| level(side, *price))
    };
    [of(Side::Buy).rev().collect(), of(Side::Sell).collect()]
}

/// A market event as a connection wants it: bare, or with its stream's name around it.
pub(crate) fn wrapped(wrapping: u8, stream: &str, json: &str) -> String {
    match wrapping {
        streams::COMBINED => format!(r#"{{"stream":"{stream}","data":{json}}}"#),
        _ => json.into(),
    }
}
