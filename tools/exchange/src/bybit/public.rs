//! Answers that need no account: clock, instruments, books, tickers, trades, candles, funding.

use super::call::Call;
use super::denial::Denial;
use super::params::Params;
use super::words::{category, side};
use super::{ids, instruments, market, tell, ticker};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::listing::{Candle, Listing};
use crate::order::{Side, SymbolId};
use crate::symbol::Product;
use std::collections::BTreeMap;

/// Intervals of candles and their minutes.
const INTERVALS: [(&str, u64); 11] = [
    ("1", 1),
    ("3", 3),
    ("5", 5),
    ("15", 15),
    ("30", 30),
    ("60", 60),
    ("120", 120),
    ("240", 240),
    ("360", 360),
    ("720", 720),
    ("D", 1440),
];

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
        Call::Kline => klines(floor, params),
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

/// Minutes of an interval, put together; oldest first.
fn candles(listing: &Listing, span_ms: u64) -> Vec<Candle> {
    let mut out = BTreeMap::<u64, Candle>::new();
    for one in &listing.candles {
        let open_ms = one.open_ms / span_ms * span_ms;
        let slot = out.entry(open_ms).or_insert(Candle { open_ms, lots: 0, quote: 0, ..*one });
        slot.high = slot.high.max(one.high);
        slot.low = slot.low.min(one.low);
        slot.close = one.close;
        slot.lots += one.lots;
        slot.quote += one.quote;
    }
    out.into_values().collect()
}

fn klines(floor: &Floor, params: &Params) -> Result<String, Denial> {
    let product = params.get("category").map_or(Ok(Product::Perp), |_| params.category())?;
    let listing = floor.venue.listing(params.symbol(floor, product)?);
    let name = params.need("interval")?;
    let minutes = INTERVALS.iter().find(|(one, _)| *one == name).map(|(_, minutes)| *minutes);
    let minutes = minutes.ok_or_else(|| Denial::params("Invalid period!"))?;
    let since = params.integer("start")?.unwrap_or(0);
    let until = params.integer("end")?.unwrap_or(u64::MAX);
    let limit = params.limit(200, 1000)?;
    let spec = &listing.symbol;
    let price = |ticks: i64| tell::price(spec, ticks);
    let all = candles(listing, minutes * 60_000);
    let fits = |one: &&Candle| (since..=until).contains(&one.open_ms);
    let list = array(all.iter().rev().filter(fits).take(limit).map(|one| {
        crate::json::text(&[
            one.open_ms.to_string(),
            price(one.open),
            price(one.high),
            price(one.low),
            price(one.close),
            tell::qty(spec, one.lots),
            tell::with_places(one.quote, 4),
        ])
    }));
    let out = Object::new().put("category", category(product)).put("symbol", &spec.name);
    Ok(out.raw("list", &list).end())
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
