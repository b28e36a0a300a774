//! Answers that need no account: clock, instruments, books, tickers, trades, candles, funding.

use super::call::Call;
use super::denial::Denial;
use super::params::Params;
use super::words::{category, side};
use super::{candles, ids, instruments, market, tell, ticker};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{Side, SymbolId};
use crate::symbol::Product;

pub(crate) fn answer(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    now_ms: u64,
) -> Result<String, Denial> {
    match call {
        Call::Time => Ok(Object::new()
            .put("timeSecond", (now_ms / 1000).to_string())
            .put("timeNano", format!("{now_ms}000000"))
            .end()),
        Call::Instruments => rows(floor, params, "list", instruments::row),
        Call::RiskLimit => {
            let tier = |id, symbol: &crate::symbol::Symbol| match &symbol.perp {
                Some(terms) => instruments::tier(id, symbol, terms),
                None => "{}".into(),
            };
            rows(floor, params, "list", tier)
        }
        Call::OrderBook => book(floor, params, now_ms),
        Call::FullBook => {
            let symbol = params.symbol(floor, params.category()?)?;
            Ok(standing(floor, symbol, "full", 10_000, now_ms))
        }
        Call::Tickers => {
            let product = params.category()?;
            let list = array(
                chosen(floor, params, product)?
                    .into_iter()
                    .map(|id| ticker::row(floor.venue.listing(id), now_ms)),
            );
            Ok(Object::new().put("category", category(product)).raw("list", &list).end())
        }
        Call::Trades => trades(floor, params),
        Call::Kline => candles::klines(floor, params),
        Call::FundingHistory => funding(floor, params),
        Call::PriceLimit => {
            let product =
                params.get("category").map_or(Ok(Product::Perp), |_| params.category())?;
            let listing = floor.venue.listing(params.symbol(floor, product)?);
            let (buy, sell) = market::limits(listing);
            Ok(Object::new()
                .put("symbol", &listing.symbol.name)
                .put("buyLmt", tell::price(&listing.symbol, buy))
                .put("sellLmt", tell::price(&listing.symbol, sell))
                .put("ts", now_ms.to_string())
                .end())
        }
        _ => Err(Denial::params("request not supported")),
    }
}

/// The symbols of a category that a request names: one, those of a base coin, or all.
fn chosen(floor: &Floor, params: &Params, product: Product) -> Result<Vec<SymbolId>, Denial> {
    if let Some(symbol) = params.symbol_if_any(floor, product)? {
        return Ok(vec![symbol]);
    }
    let base = params.get("baseCoin");
    let fits = |id: &SymbolId| base.is_none_or(|base| floor.venue.listing(*id).symbol.base == base);
    Ok(floor.venue.symbols(product).filter(fits).collect())
}

/// One row for each symbol that is named. Categories that nothing is listed in have none;
/// perpetuals come in pages.
fn rows(
    floor: &Floor,
    params: &Params,
    name: &str,
    row: impl Fn(SymbolId, &crate::symbol::Symbol) -> String,
) -> Result<String, Denial> {
    let text = params.need("category")?;
    if matches!(text, "inverse" | "option") {
        return Ok(tell::page(text, "[]", ""));
    }
    let product = params.category()?;
    let all = chosen(floor, params, product)?;
    let all: Vec<SymbolId> = match params.get("status") {
        None | Some("Trading") => all,
        Some(_) => Vec::new(),
    };
    let limit = if product == Product::Spot { all.len() } else { params.limit(500, 1000)? };
    let from = params.integer("cursor")?.unwrap_or(0) as usize;
    let list = array(
        all.iter().skip(from).take(limit).map(|id| row(*id, &floor.venue.listing(*id).symbol)),
    );
    let next = from.saturating_add(limit);
    let cursor = if next < all.len() { next.to_string() } else { String::new() };
    let out = Object::new().put("category", text).raw(name, &list);
    Ok(if product == Product::Spot { out.end() } else { out.put("nextPageCursor", cursor).end() })
}

fn book(floor: &mut Floor, params: &Params, now_ms: u64) -> Result<String, Denial> {
    let product = params.category()?;
    let symbol = params.symbol(floor, product)?;
    let limit = params.limit(if product == Product::Spot { 1 } else { 25 }, 1000)?;
    Ok(standing(floor, symbol, "1000", limit, now_ms))
}

/// A book with the ids of its stream, as many levels a side as `limit` says.
fn standing(floor: &mut Floor, symbol: SymbolId, depth: &str, limit: usize, now_ms: u64) -> String {
    let name = format!("book.{depth}-{limit}");
    let topic = market::topic(floor.venue.listing(symbol), &name);
    floor.first(&topic, now_ms).unwrap_or_else(|| "{}".into())
}

fn trades(floor: &Floor, params: &Params) -> Result<String, Denial> {
    let product = params.category()?;
    let symbol = params.symbol(floor, product)?;
    let limit = params.limit(if product == Product::Spot { 60 } else { 500 }, 1000)?;
    let listing = floor.venue.listing(symbol);
    let spec = &listing.symbol;
    let list = array(listing.tape.iter().rev().take(limit).map(|tick| {
        Object::new()
            .put("execId", ids::trade(product, symbol, tick.id, false))
            .put("symbol", &spec.name)
            .put("price", tell::price(spec, tick.price))
            .put("size", tell::qty(spec, tick.lots))
            .put("side", side(if tick.buyer_maker { Side::Sell } else { Side::Buy }))
            .put("time", tick.time_ms.to_string())
            .put("isBlockTrade", false)
            .put("isRPITrade", false)
            .put("seq", listing.update.to_string())
            .end()
    }));
    Ok(Object::new().put("category", category(product)).raw("list", &list).end())
}

/// The last payment's rate, where there was one.
fn funding(floor: &Floor, params: &Params) -> Result<String, Denial> {
    let listing = floor.venue.listing(params.symbol(floor, Product::Perp)?);
    let row = match (&listing.mark, &listing.symbol.perp) {
        (Some(mark), Some(terms)) if mark.last_rate != 0 => vec![
            Object::new()
                .put("symbol", &listing.symbol.name)
                .put("fundingRate", tell::plain(mark.last_rate))
                .put(
                    "fundingRateTimestamp",
                    mark.next_ms.saturating_sub(terms.funding_ms).to_string(),
                )
                .end(),
        ],
        _ => Vec::new(),
    };
    Ok(Object::new().put("category", "linear").raw("list", &array(row)).end())
}
