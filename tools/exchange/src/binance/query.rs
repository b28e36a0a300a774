//! Queries of market data that both APIs answer alike: which symbol is meant, trades, candles.

use super::denial::Denial;
use super::params::Params;
use super::{places, stats};
use crate::event::Agg;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::listing::{Listing, Tick};
use crate::order::SymbolId;
use crate::symbol::Product;

fn unknown() -> Denial {
    Denial::new(-1121, "Invalid symbol.")
}

/// The symbol that a request names.
pub(crate) fn symbol(floor: &Floor, product: Product, params: &Params) -> Result<SymbolId, Denial> {
    floor.venue.symbol_id(product, params.need("symbol")?).ok_or_else(unknown)
}

/// The listing that a request names.
pub(crate) fn one<'a>(
    floor: &'a Floor,
    product: Product,
    params: &Params,
) -> Result<&'a Listing, Denial> {
    Ok(floor.venue.listing(symbol(floor, product, params)?))
}

/// `limit` between 1 and a maximum; more counts as the maximum.
pub(crate) fn limit(params: &Params, default: u64, max: u64) -> Result<usize, Denial> {
    match params.integer("limit")?.unwrap_or(default) {
        0 => Err(Denial::new(-1130, "Data sent for parameter 'limit' is not valid.")),
        limit => Ok(limit.min(max) as usize),
    }
}

/// One object for `symbol`, an array for `symbols` or for none.
pub(crate) fn many(
    floor: &Floor,
    product: Product,
    params: &Params,
    tell: impl Fn(&Listing) -> String,
) -> Result<String, Denial> {
    if params.get("symbol").is_some() {
        return Ok(tell(one(floor, product, params)?));
    }
    Ok(array(selected(floor, product, params)?.into_iter().map(tell)))
}

/// The listings that a request names: all of the product where it names none.
pub(crate) fn selected<'a>(
    floor: &'a Floor,
    product: Product,
    params: &Params,
) -> Result<Vec<&'a Listing>, Denial> {
    let names: Vec<String> = match (params.get("symbol"), params.get("symbols")) {
        (Some(symbol), _) => vec![symbol.to_string()],
        (None, Some(list)) => serde_json::from_str(list)
            .map_err(|_| Denial::new(-1100, "Illegal characters found in parameter 'symbols'."))?,
        (None, None) => {
            return Ok(floor.venue.symbols(product).map(|id| floor.venue.listing(id)).collect());
        }
    };
    names
        .iter()
        .map(|name| {
            floor
                .venue
                .symbol_id(product, name)
                .map(|id| floor.venue.listing(id))
                .ok_or_else(unknown)
        })
        .collect()
}

/// The last trades, or those from an id on.
pub(crate) fn trades(listing: &Listing, limit: usize, from: Option<u64>) -> String {
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let spot = spec.product() == Product::Spot;
    let tell = |tick: &Tick| {
        let out = Object::new()
            .put("id", tick.id)
            .fixed("price", tick.price * spec.tick, price)
            .fixed("qty", tick.lots * spec.lot, qty)
            .dec("quoteQty", tick.price * tick.lots * spec.unit())
            .put("time", tick.time_ms)
            .put("isBuyerMaker", tick.buyer_maker);
        if spot { out.put("isBestMatch", true).end() } else { out.end() }
    };
    match from {
        Some(from) => array(listing.tape.iter().filter(|t| t.id >= from).take(limit).map(tell)),
        None => {
            let skip = listing.tape.len().saturating_sub(limit);
            array(listing.tape.iter().skip(skip).map(tell))
        }
    }
}

/// The last aggregated trades, or those from an id on.
pub(crate) fn agg_trades(listing: &Listing, limit: usize, from: Option<u64>) -> String {
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let spot = spec.product() == Product::Spot;
    let tell = |Agg { id, first, sum }: &Agg| {
        let out = Object::new()
            .put("a", id)
            .fixed("p", sum.price * spec.tick, price)
            .fixed("q", sum.lots * spec.lot, qty)
            .put("f", first)
            .put("l", sum.id)
            .put("T", sum.time_ms)
            .put("m", sum.buyer_maker);
        if spot { out.put("M", true).end() } else { out.end() }
    };
    match from {
        Some(from) => array(listing.aggs.iter().filter(|a| a.id >= from).take(limit).map(tell)),
        None => {
            let skip = listing.aggs.len().saturating_sub(limit);
            array(listing.aggs.iter().skip(skip).map(tell))
        }
    }
}

/// Candles of the interval that a request names.
pub(crate) fn klines(listing: &Listing, params: &Params) -> Result<String, Denial> {
    let name = params.need("interval")?;
    let interval = stats::INTERVALS.iter().find(|(interval, _)| *interval == name);
    let (_, span_ms) = interval.ok_or_else(|| Denial::new(-1120, "Invalid interval."))?;
    Ok(stats::klines_json(listing, *span_ms, limit(params, 500, 1000)?))
}
