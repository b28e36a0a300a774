//! What everybody may know: tickers, prices, funding, trades; for channels and REST alike.

use super::args::Args;
use super::denial::Denial;
use super::endpoints::{Asked, Reply};
use super::size::{plain, price, text};
use super::{books, candles, channels, instruments, words};
use crate::event::Agg;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::listing::{Listing, Tick};
use crate::order::{Side, SymbolId};
use crate::symbol::BAND;

/// The instrument that a call is about.
fn one<'a>(floor: &'a Floor, args: &Args) -> Result<&'a Listing, Denial> {
    let id = instruments::named(&floor.venue, args.need("instId")?);
    id.map(|id| floor.venue.listing(id)).ok_or_else(Denial::instrument)
}

/// `public/time`.
pub(crate) fn time(_: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    Reply::one(Object::new().put("ts", asked.now_ms.to_string()).end())
}

/// `public/instruments`, `account/instruments`.
pub(crate) fn instruments(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    Reply::rows(instruments::list(floor, asked.args())?)
}

/// `public/position-tiers`.
pub(crate) fn tiers(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    Reply::rows(instruments::tiers(floor, asked.args())?)
}

/// `market/books` and `market/books-full`: `sz` levels of each side.
pub(crate) fn book(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let listing = one(floor, asked.args())?;
    let depth = asked.args().integer("sz")?.unwrap_or(1).clamp(1, asked.rows_max());
    Reply::one(book_row(listing, depth as usize, asked.now_ms))
}

/// The whole of a book's best levels.
pub(crate) fn book_row(listing: &Listing, depth: usize, now_ms: u64) -> String {
    let [asks, bids] = books::best_levels(listing, depth);
    let out = Object::new().raw("asks", &asks).raw("bids", &bids).put("ts", now_ms.to_string());
    out.put("seqId", listing.update).end()
}

/// `market/ticker`.
pub(crate) fn ticker(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    Reply::one(ticker_row(one(floor, asked.args())?, asked.now_ms))
}

/// `market/tickers`.
pub(crate) fn tickers(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    asked.args().need("instType")?;
    let product = instruments::product(asked.args())?;
    let all = floor.venue.listings.iter().filter(|one| instruments::fits(product, &one.symbol));
    Reply::rows(array(all.map(|listing| ticker_row(listing, asked.now_ms))))
}

/// One row of `tickers`; the day begins when the exchange starts.
pub(crate) fn ticker_row(listing: &Listing, now_ms: u64) -> String {
    let (spec, day) = (&listing.symbol, &listing.day);
    let [bid, ask] = [Side::Buy, Side::Sell].map(|side| listing.best(side));
    let px = |level: Option<(i64, i64)>| level.map_or(String::new(), |(p, _)| price(spec, p));
    let sz = |level: Option<(i64, i64)>| level.map_or(String::new(), |(_, l)| text(spec, l));
    let base = plain(day.lots * spec.lot);
    let volume = if spec.perp.is_some() { base } else { plain(day.quote) };
    Object::new()
        .put("instType", words::product(spec.product()))
        .put("instId", &spec.name)
        .put("last", price(spec, listing.last))
        .put("lastSz", listing.tape.back().map_or("0".into(), |tick| text(spec, tick.lots)))
        .put("askPx", px(ask))
        .put("askSz", sz(ask))
        .put("bidPx", px(bid))
        .put("bidSz", sz(bid))
        .put("open24h", price(spec, day.open))
        .put("high24h", price(spec, day.high))
        .put("low24h", price(spec, day.low))
        .put("volCcy24h", volume)
        .put("vol24h", text(spec, day.lots))
        .put("ts", now_ms.to_string())
        .put("sodUtc0", price(spec, day.open))
        .put("sodUtc8", price(spec, day.open))
        .end()
}

/// `market/trades`, newest first.
pub(crate) fn trades(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let limit = asked.args().integer("limit")?.unwrap_or(100).clamp(1, asked.rows_max());
    let listing = one(floor, asked.args())?;
    let newest = listing.tape.iter().rev().take(limit as usize);
    Reply::rows(array(newest.map(|tick| trade_row(listing, tick, None))))
}

/// One maker's part of a trade, or (with `agg`) all of a taker's at one price.
pub(crate) fn trade_row(listing: &Listing, tick: &Tick, agg: Option<&Agg>) -> String {
    let spec = &listing.symbol;
    let out = Object::new()
        .put("instId", &spec.name)
        .put("tradeId", tick.id.to_string())
        .put("px", price(spec, tick.price))
        .put("sz", text(spec, tick.lots))
        .put("side", words::side(if tick.buyer_maker { Side::Sell } else { Side::Buy }))
        .put("ts", tick.time_ms.to_string());
    match agg {
        None => out.put("source", "0").end(),
        Some(agg) => {
            let count = tick.id - agg.first + 1;
            out.put("count", count.to_string())
                .put("source", "0")
                .put("seqId", listing.update)
                .end()
        }
    }
}

/// `market/candles`, `market/history-candles`.
pub(crate) fn candles(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let listing = one(floor, asked.args())?;
    let bar = asked.args().get("bar").unwrap_or("1m");
    let length = candles::length(bar).ok_or_else(|| Denial::parameter("bar"))?;
    let limit = asked.args().integer("limit")?.unwrap_or(100).clamp(1, asked.rows_max());
    Reply::rows(array(candles::last(listing, length, limit as usize, asked.now_ms)))
}

/// The data of a channel that tells how something stands; none where it has no such.
pub(crate) fn standing(
    floor: &Floor,
    channel: &str,
    symbol: SymbolId,
    now_ms: u64,
) -> Option<String> {
    let listing = floor.venue.listing(symbol);
    Some(match channel {
        "bbo-tbt" => book_row(listing, 1, now_ms),
        "books5" => book_row(listing, 5, now_ms),
        "tickers" => ticker_row(listing, now_ms),
        "price-limit" => limit_row(listing, now_ms),
        "mark-price" => mark_row(listing, now_ms)?,
        "funding-rate" => funding_row(listing, now_ms)?,
        "open-interest" => interest_row(floor, symbol, now_ms),
        "index-tickers" => index_row(listing, now_ms)?,
        _ => {
            let length = candles::length(channel.strip_prefix("candle")?)?;
            candles::last(listing, length, 1, now_ms).pop()?
        }
    })
}

/// REST's way to [`standing`]: the rows of one instrument, or of all swaps.
pub(crate) fn swaps(floor: &mut Floor, asked: &Asked<'_>, channel: &str) -> Result<Reply, Denial> {
    let wanted = instruments::optional(floor, asked.args())?;
    let product = instruments::product(asked.args())?;
    let all = (0..floor.venue.listings.len() as SymbolId).filter(|id| {
        wanted.is_none_or(|wanted| wanted == *id)
            && instruments::fits(product, &floor.venue.listing(*id).symbol)
            && (channel == "price-limit" || floor.venue.listing(*id).mark.is_some())
    });
    Reply::rows(array(all.filter_map(|id| standing(floor, channel, id, asked.now_ms))))
}

/// `market/index-tickers`.
pub(crate) fn index_tickers(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let symbol = channels::index(floor, asked.args().need("instId")?);
    let listing = symbol.map(|id| floor.venue.listing(id)).ok_or_else(Denial::instrument)?;
    Reply::rows(array(index_row(listing, asked.now_ms)))
}

/// `public/funding-rate-history`: the last payment, where there was one.
pub(crate) fn funding_history(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let listing = one(floor, asked.args())?;
    let (Some(mark), Some(terms)) = (&listing.mark, &listing.symbol.perp) else {
        return Err(Denial::instrument());
    };
    let rate = plain(mark.last_rate);
    let row = Object::new()
        .put("instType", "SWAP")
        .put("instId", &listing.symbol.name)
        .put("fundingRate", &rate)
        .put("realizedRate", &rate)
        .put("fundingTime", mark.next_ms.saturating_sub(terms.funding_ms).to_string())
        .put("method", "current_period")
        .put("formulaType", "withRate")
        .end();
    Reply::rows(array((mark.last_rate != 0).then_some(row)))
}

fn mark_row(listing: &Listing, now_ms: u64) -> Option<String> {
    let out = Object::new().put("instType", "SWAP").put("instId", &listing.symbol.name);
    let mark = listing.mark.as_ref()?;
    Some(out.put("markPx", plain(mark.price)).put("ts", now_ms.to_string()).end())
}

fn index_row(listing: &Listing, now_ms: u64) -> Option<String> {
    let (spec, day) = (&listing.symbol, &listing.day);
    let out = Object::new()
        .put("instId", instruments::underlying(spec))
        .put("idxPx", plain(listing.mark.as_ref()?.index))
        .put("high24h", price(spec, day.high))
        .put("low24h", price(spec, day.low))
        .put("open24h", price(spec, day.open))
        .put("sodUtc0", price(spec, day.open))
        .put("sodUtc8", price(spec, day.open));
    Some(out.put("ts", now_ms.to_string()).end())
}

fn limit_row(listing: &Listing, now_ms: u64) -> String {
    let spec = &listing.symbol;
    Object::new()
        .put("instType", words::product(spec.product()))
        .put("instId", &spec.name)
        .put("buyLmt", price(spec, listing.last.saturating_mul(BAND)))
        .put("sellLmt", price(spec, listing.last / BAND))
        .put("enabled", true)
        .put("ts", now_ms.to_string())
        .end()
}

fn funding_row(listing: &Listing, now_ms: u64) -> Option<String> {
    let (mark, terms) = (listing.mark.as_ref()?, listing.symbol.perp.as_ref()?);
    let out = Object::new()
        .put("instType", "SWAP")
        .put("instId", &listing.symbol.name)
        .put("method", "current_period")
        .put("formulaType", "withRate")
        .put("fundingRate", plain(mark.rate))
        .put("nextFundingRate", "")
        .put("fundingTime", mark.next_ms.to_string())
        .put("nextFundingTime", (mark.next_ms + terms.funding_ms).to_string())
        .put("minFundingRate", plain(-terms.funding_cap))
        .put("maxFundingRate", plain(terms.funding_cap))
        .put("interestRate", plain(terms.interest))
        .put("impactValue", "")
        .put("premium", "")
        .put("settState", "settled")
        .put("settFundingRate", plain(mark.last_rate));
    Some(out.put("ts", now_ms.to_string()).end())
}

fn interest_row(floor: &Floor, symbol: SymbolId, now_ms: u64) -> String {
    let spec = &floor.venue.listing(symbol).symbol;
    let held = floor.venue.accounts.iter().flat_map(|account| &account.positions);
    let lots: i64 = held.filter(|one| one.symbol == symbol).map(|one| one.lots.max(0)).sum();
    let last = floor.venue.listing(symbol).last;
    Object::new()
        .put("instType", "SWAP")
        .put("instId", &spec.name)
        .put("oi", text(spec, lots))
        .put("oiCcy", plain(lots * spec.lot))
        .put("oiUsd", plain(last.saturating_mul(lots).saturating_mul(spec.unit())))
        .put("ts", now_ms.to_string())
        .end()
}

/// `system/status`: nothing is planned.
pub(crate) fn status(_: &mut Floor, _: &Asked<'_>) -> Result<Reply, Denial> {
    Reply::rows("[]".into())
}
