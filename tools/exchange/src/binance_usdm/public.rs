//! Answers that need no account: clock, metadata, books, trades, mark prices, funding.

use super::call::Call;
use super::symbols;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::query::{self, agg_trades, klines, limit, many, selected, trades};
use crate::binance::{places, stats, usage};
use crate::floor::Floor;
use crate::json::{Object, array, levels_in};
use crate::listing::Listing;
use crate::order::{Side, SymbolId};
use crate::symbol::Product;

/// Levels that a snapshot of the book may have.
const DEPTHS: [u64; 7] = [5, 10, 20, 50, 100, 500, 1000];

pub(crate) fn answer(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    now_ms: u64,
) -> Result<String, Denial> {
    match call {
        Call::Ping => Ok("{}".into()),
        Call::Time => Ok(Object::new().put("serverTime", now_ms).end()),
        Call::ExchangeInfo => Ok(exchange_info(floor, now_ms)),
        Call::Depth => depth(floor, params, now_ms),
        Call::Trades => {
            let limit = limit(params, 500, 1000)?;
            Ok(trades(one(floor, params)?, limit, params.integer("fromId")?))
        }
        Call::AggTrades => {
            let limit = limit(params, 500, 1000)?;
            Ok(agg_trades(one(floor, params)?, limit, params.integer("fromId")?))
        }
        Call::Klines => klines(one(floor, params)?, params),
        Call::Premium => many(floor, Product::Perp, params, |one| premium(one, now_ms)),
        Call::FundingRate => funding_rates(floor, params),
        Call::FundingInfo => Ok(funding_info(floor)),
        Call::Ticker24 => {
            many(floor, Product::Perp, params, |listing| stats::day_json(listing, now_ms))
        }
        Call::TickerPrice => many(floor, Product::Perp, params, |listing| price(listing, now_ms)),
        Call::TickerBook => many(floor, Product::Perp, params, |listing| best(listing, now_ms)),
        Call::OpenInterest => open_interest(floor, params, now_ms),
        _ => Err(Denial::new(-1000, "An unknown error occurred while processing the request.")),
    }
}

/// The symbol that a request names.
pub(crate) fn symbol(floor: &Floor, params: &Params) -> Result<SymbolId, Denial> {
    query::symbol(floor, Product::Perp, params)
}

fn one<'a>(floor: &'a Floor, params: &Params) -> Result<&'a Listing, Denial> {
    query::one(floor, Product::Perp, params)
}

fn exchange_info(floor: &Floor, now_ms: u64) -> String {
    let perps = || floor.venue.symbols(Product::Perp).map(|id| &floor.venue.listing(id).symbol);
    let symbols = array(perps().map(symbols::info));
    let mut assets: Vec<&str> = perps().map(|one| one.quote.as_str()).collect();
    assets.sort_unstable();
    assets.dedup();
    let assets = array(assets.into_iter().map(|asset| {
        let out = Object::new().put("asset", asset).put("marginAvailable", true);
        out.put("autoAssetExchange", "-10000").end()
    }));
    Object::new()
        .put("timezone", "UTC")
        .put("serverTime", now_ms)
        .put("futuresType", "U_MARGINED")
        .raw("rateLimits", &usage::info::<Call>(&floor.limits))
        .raw("exchangeFilters", "[]")
        .raw("assets", &assets)
        .raw("symbols", &symbols)
        .end()
}

fn depth(floor: &Floor, params: &Params, now_ms: u64) -> Result<String, Denial> {
    let limit = params.integer("limit")?.unwrap_or(500);
    if !DEPTHS.contains(&limit) {
        return Err(Denial::new(-4021, "Invalid depth limit."));
    }
    let listing = one(floor, params)?;
    let places = places(&listing.symbol);
    let side = |side| levels_in(&listing.depth(side, limit as usize), places);
    Ok(Object::new()
        .put("lastUpdateId", listing.update)
        .put("E", now_ms)
        .put("T", now_ms)
        .raw("bids", &side(Side::Buy))
        .raw("asks", &side(Side::Sell))
        .end())
}

fn premium(listing: &Listing, now_ms: u64) -> String {
    let terms = listing.symbol.perp.as_ref();
    let out = Object::new().put("symbol", &listing.symbol.name);
    let Some(mark) = &listing.mark else { return out.end() };
    out.dec("markPrice", mark.price)
        .dec("indexPrice", mark.index)
        .dec("estimatedSettlePrice", mark.index)
        .dec("lastFundingRate", mark.rate)
        .dec("interestRate", terms.map_or(0, |terms| terms.interest))
        .put("nextFundingTime", mark.next_ms)
        .put("time", now_ms)
        .end()
}

/// The last payment's rate of each symbol; older ones are not kept.
fn funding_rates(floor: &Floor, params: &Params) -> Result<String, Denial> {
    let paid = selected(floor, Product::Perp, params)?.into_iter().filter_map(|listing| {
        let (mark, terms) = (listing.mark.as_ref()?, listing.symbol.perp.as_ref()?);
        let at_ms = mark.next_ms.checked_sub(terms.funding_ms)?;
        let out = Object::new()
            .put("symbol", &listing.symbol.name)
            .put("fundingTime", at_ms)
            .dec("fundingRate", mark.last_rate)
            .dec("markPrice", mark.price);
        Some(out.end())
    });
    Ok(array(paid))
}

fn funding_info(floor: &Floor) -> String {
    array(floor.venue.symbols(Product::Perp).filter_map(|id| {
        let spec = &floor.venue.listing(id).symbol;
        let terms = spec.perp.as_ref()?;
        let out = Object::new()
            .put("symbol", &spec.name)
            .dec("adjustedFundingRateCap", terms.funding_cap)
            .dec("adjustedFundingRateFloor", -terms.funding_cap)
            .put("fundingIntervalHours", (terms.funding_ms / 3_600_000).max(1))
            .put("disclaimer", false);
        Some(out.end())
    }))
}

fn price(listing: &Listing, now_ms: u64) -> String {
    let spec = &listing.symbol;
    let out = Object::new().put("symbol", &spec.name);
    let out = out.fixed("price", listing.last * spec.tick, places(spec)[0]);
    out.put("time", now_ms).end()
}

fn best(listing: &Listing, now_ms: u64) -> String {
    let out = Object::new().put("symbol", &listing.symbol.name);
    let out = stats::best(out, listing, ["bidPrice", "bidQty", "askPrice", "askQty"]);
    out.put("time", now_ms).put("lastUpdateId", listing.update).end()
}

/// Lots that are held long, over all accounts.
fn open_interest(floor: &Floor, params: &Params, now_ms: u64) -> Result<String, Denial> {
    let id = symbol(floor, params)?;
    let spec = &floor.venue.listing(id).symbol;
    let held = floor.venue.accounts.iter().flat_map(|account| &account.positions);
    let long: i64 = held.filter(|one| one.symbol == id).map(|one| one.lots.max(0)).sum();
    let out = Object::new().fixed("openInterest", long * spec.lot, places(spec)[1]);
    Ok(out.put("symbol", &spec.name).put("time", now_ms).end())
}
