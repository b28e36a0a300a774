//! Answers that need no account: clock, metadata, books, trades, statistics.

use super::call::Call;
use super::market::depth_json;
use super::stats;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::event::Agg;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::listing::{Listing, Tick};
use crate::order::{Side, SymbolId};
use crate::symbol::Product;

pub(crate) fn answer(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    now_ms: u64,
) -> Result<String, Denial> {
    match call {
        Call::Ping => Ok("{}".into()),
        Call::Time => Ok(Object::new().put("serverTime", now_ms).end()),
        Call::ExchangeInfo => exchange_info(floor, params, now_ms),
        Call::Depth => {
            let limit = limit(params, 100, 5000)?;
            Ok(depth_json(one(floor, params)?, limit))
        }
        Call::Trades => {
            let limit = limit(params, 500, 1000)?;
            Ok(trades(one(floor, params)?, limit, params.integer("fromId")?))
        }
        Call::AggTrades => {
            let limit = limit(params, 500, 1000)?;
            Ok(agg_trades(one(floor, params)?, limit, params.integer("fromId")?))
        }
        Call::Klines => klines(one(floor, params)?, params),
        Call::AvgPrice => {
            let listing = one(floor, params)?;
            let out = Object::new().put("mins", 5).dec("price", listing.last * listing.symbol.tick);
            Ok(out.put("closeTime", now_ms).end())
        }
        Call::Ticker24 => many(floor, params, |listing| stats::day_json(listing, now_ms)),
        Call::TickerPrice => many(floor, params, |listing| {
            let price = listing.last * listing.symbol.tick;
            Object::new().put("symbol", &listing.symbol.name).dec("price", price).end()
        }),
        Call::TickerBook => many(floor, params, best),
        _ => Err(Denial::new(-1000, "An unknown error occurred while processing the request.")),
    }
}

fn unknown() -> Denial {
    Denial::new(-1121, "Invalid symbol.")
}

/// The symbol that a request names.
pub(crate) fn symbol(floor: &Floor, params: &Params) -> Result<SymbolId, Denial> {
    floor.venue.symbol_id(Product::Spot, params.need("symbol")?).ok_or_else(unknown)
}

fn one<'a>(floor: &'a Floor, params: &Params) -> Result<&'a Listing, Denial> {
    Ok(floor.venue.listing(symbol(floor, params)?))
}

/// `limit` between 1 and a maximum; more counts as the maximum.
pub(crate) fn limit(params: &Params, default: u64, max: u64) -> Result<usize, Denial> {
    match params.integer("limit")?.unwrap_or(default) {
        0 => Err(Denial::new(-1130, "Data sent for parameter 'limit' is not valid.")),
        limit => Ok(limit.min(max) as usize),
    }
}

/// One object for `symbol`, an array for `symbols` or for none.
fn many(
    floor: &Floor,
    params: &Params,
    tell: impl Fn(&Listing) -> String,
) -> Result<String, Denial> {
    if params.get("symbol").is_some() {
        return Ok(tell(one(floor, params)?));
    }
    Ok(array(selected(floor, params)?.into_iter().map(tell)))
}

fn selected<'a>(floor: &'a Floor, params: &Params) -> Result<Vec<&'a Listing>, Denial> {
    let names: Vec<String> = match (params.get("symbol"), params.get("symbols")) {
        (Some(symbol), _) => vec![symbol.to_string()],
        (None, Some(list)) => serde_json::from_str(list)
            .map_err(|_| Denial::new(-1100, "Illegal characters found in parameter 'symbols'."))?,
        (None, None) => return Ok(floor.venue.listings.iter().collect()),
    };
    names
        .iter()
        .map(|name| {
            floor
                .venue
                .symbol_id(Product::Spot, name)
                .map(|id| floor.venue.listing(id))
                .ok_or_else(unknown)
        })
        .collect()
}

fn exchange_info(floor: &Floor, params: &Params, now_ms: u64) -> Result<String, Denial> {
    let symbols =
        array(selected(floor, params)?.iter().map(|listing| super::symbols::info(&listing.symbol)));
    Ok(Object::new()
        .put("timezone", "UTC")
        .put("serverTime", now_ms)
        .raw("rateLimits", &super::usage::info(&floor.limits))
        .raw("exchangeFilters", "[]")
        .raw("symbols", &symbols)
        .end())
}

fn best(listing: &Listing) -> String {
    let spec = &listing.symbol;
    let [bid, ask] = [Side::Buy, Side::Sell].map(|side| listing.best(side).unwrap_or_default());
    Object::new()
        .put("symbol", &spec.name)
        .dec("bidPrice", bid.0 * spec.tick)
        .dec("bidQty", bid.1 * spec.lot)
        .dec("askPrice", ask.0 * spec.tick)
        .dec("askQty", ask.1 * spec.lot)
        .end()
}

fn trades(listing: &Listing, limit: usize, from: Option<u64>) -> String {
    let spec = &listing.symbol;
    let tell = |tick: &Tick| {
        Object::new()
            .put("id", tick.id)
            .dec("price", tick.price * spec.tick)
            .dec("qty", tick.lots * spec.lot)
            .dec("quoteQty", tick.price * tick.lots * spec.unit())
            .put("time", tick.time_ms)
            .put("isBuyerMaker", tick.buyer_maker)
            .put("isBestMatch", true)
            .end()
    };
    match from {
        Some(from) => array(listing.tape.iter().filter(|t| t.id >= from).take(limit).map(tell)),
        None => {
            let skip = listing.tape.len().saturating_sub(limit);
            array(listing.tape.iter().skip(skip).map(tell))
        }
    }
}

fn agg_trades(listing: &Listing, limit: usize, from: Option<u64>) -> String {
    let spec = &listing.symbol;
    let tell = |Agg { id, first, sum }: &Agg| {
        Object::new()
            .put("a", id)
            .dec("p", sum.price * spec.tick)
            .dec("q", sum.lots * spec.lot)
            .put("f", first)
            .put("l", sum.id)
            .put("T", sum.time_ms)
            .put("m", sum.buyer_maker)
            .put("M", true)
            .end()
    };
    match from {
        Some(from) => array(listing.aggs.iter().filter(|a| a.id >= from).take(limit).map(tell)),
        None => {
            let skip = listing.aggs.len().saturating_sub(limit);
            array(listing.aggs.iter().skip(skip).map(tell))
        }
    }
}

fn klines(listing: &Listing, params: &Params) -> Result<String, Denial> {
    let name = params.need("interval")?;
    let interval = stats::INTERVALS.iter().find(|(interval, _)| *interval == name);
    let (_, span_ms) = interval.ok_or_else(|| Denial::new(-1120, "Invalid interval."))?;
    Ok(stats::klines_json(listing, *span_ms, limit(params, 500, 1000)?))
}
