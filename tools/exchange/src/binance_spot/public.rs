//! Answers that need no account: clock, metadata, books, trades, statistics.

use super::call::Call;
use super::market::depth_json;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::query::{self, agg_trades, klines, limit, many, selected, trades};
use crate::binance::{stats, usage};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::listing::Listing;
use crate::order::SymbolId;
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
        Call::Ticker24 => {
            many(floor, Product::Spot, params, |listing| stats::day_json(listing, now_ms))
        }
        Call::TickerPrice => many(floor, Product::Spot, params, |listing| {
            let price = listing.last * listing.symbol.tick;
            Object::new().put("symbol", &listing.symbol.name).dec("price", price).end()
        }),
        Call::TickerBook => many(floor, Product::Spot, params, best),
        _ => Err(Denial::new(-1000, "An unknown error occurred while processing the request.")),
    }
}

/// The symbol that a request names.
pub(crate) fn symbol(floor: &Floor, params: &Params) -> Result<SymbolId, Denial> {
    query::symbol(floor, Product::Spot, params)
}

fn one<'a>(floor: &'a Floor, params: &Params) -> Result<&'a Listing, Denial> {
    query::one(floor, Product::Spot, params)
}

fn exchange_info(floor: &Floor, params: &Params, now_ms: u64) -> Result<String, Denial> {
    let symbols = array(
        selected(floor, Product::Spot, params)?
            .iter()
            .map(|listing| super::symbols::info(&listing.symbol)),
    );
    Ok(Object::new()
        .put("timezone", "UTC")
        .put("serverTime", now_ms)
        .raw("rateLimits", &usage::info::<Call>(&floor.limits))
        .raw("exchangeFilters", "[]")
        .raw("symbols", &symbols)
        .end())
}

fn best(listing: &Listing) -> String {
    let out = Object::new().put("symbol", &listing.symbol.name);
    stats::best(out, listing, ["bidPrice", "bidQty", "askPrice", "askQty"]).end()
}
