//! Day statistics and candles, as queries and as stream events.

use crate::json::{Object, array, dec8, text};
use crate::listing::{Candle, Listing};
use crate::order::Side;
use crate::symbol::SCALE;

/// Candle intervals offered: name and milliseconds.
pub(crate) const INTERVALS: [(&str, u64); 7] = [
    ("1m", 60_000),
    ("3m", 180_000),
    ("5m", 300_000),
    ("15m", 900_000),
    ("1h", 3_600_000),
    ("4h", 14_400_000),
    ("1d", 86_400_000),
];

fn weighted(candle: &Candle, listing: &Listing) -> i64 {
    let base = i128::from(candle.lots) * i128::from(listing.symbol.lot);
    if base == 0 {
        return 0;
    }
    (i128::from(candle.quote) * i128::from(SCALE) / base) as i64
}

/// `ticker/24hr`, of the time since the exchange started.
pub(crate) fn day_json(listing: &Listing, now_ms: u64) -> String {
    let (spec, day) = (&listing.symbol, &listing.day);
    let tick = spec.tick;
    let [bid, ask] = [Side::Buy, Side::Sell].map(|s| listing.best(s).unwrap_or_default());
    let change = day.close - day.open;
    Object::new()
        .put("symbol", &spec.name)
        .dec("priceChange", change * tick)
        .put("priceChangePercent", percent(change, day.open))
        .dec("weightedAvgPrice", weighted(day, listing))
        .dec("prevClosePrice", day.open * tick)
        .dec("lastPrice", listing.last * tick)
        .dec("lastQty", listing.tape.back().map_or(0, |t| t.lots * spec.lot))
        .dec("bidPrice", bid.0 * tick)
        .dec("bidQty", bid.1 * spec.lot)
        .dec("askPrice", ask.0 * tick)
        .dec("askQty", ask.1 * spec.lot)
        .dec("openPrice", day.open * tick)
        .dec("highPrice", day.high * tick)
        .dec("lowPrice", day.low * tick)
        .dec("volume", day.lots * spec.lot)
        .dec("quoteVolume", day.quote)
        .put("openTime", if day.open_ms == 0 { now_ms } else { day.open_ms })
        .put("closeTime", now_ms)
        .put("firstId", if day.count == 0 { -1 } else { day.first_id as i64 })
        .put("lastId", if day.count == 0 { -1 } else { day.last_id as i64 })
        .put("count", day.count)
        .end()
}

fn percent(change: i64, open: i64) -> String {
    if open == 0 { "0.000".into() } else { format!("{:.3}", change as f64 * 100.0 / open as f64) }
}

/// A `24hrTicker` or `24hrMiniTicker` event.
pub(crate) fn ticker_event(listing: &Listing, mini: bool, now_ms: u64) -> String {
    let (spec, day) = (&listing.symbol, &listing.day);
    let tick = spec.tick;
    let name = if mini { "24hrMiniTicker" } else { "24hrTicker" };
    let out = Object::new().put("e", name).put("E", now_ms).put("s", &spec.name);
    if mini {
        return out
            .dec("c", listing.last * tick)
            .dec("o", day.open * tick)
            .dec("h", day.high * tick)
            .dec("l", day.low * tick)
            .dec("v", day.lots * spec.lot)
            .dec("q", day.quote)
            .end();
    }
    let [bid, ask] = [Side::Buy, Side::Sell].map(|s| listing.best(s).unwrap_or_default());
    out.dec("p", (day.close - day.open) * tick)
        .put("P", percent(day.close - day.open, day.open))
        .dec("w", weighted(day, listing))
        .dec("x", day.open * tick)
        .dec("c", listing.last * tick)
        .dec("Q", listing.tape.back().map_or(0, |t| t.lots * spec.lot))
        .dec("b", bid.0 * tick)
        .dec("B", bid.1 * spec.lot)
        .dec("a", ask.0 * tick)
        .dec("A", ask.1 * spec.lot)
        .dec("o", day.open * tick)
        .dec("h", day.high * tick)
        .dec("l", day.low * tick)
        .dec("v", day.lots * spec.lot)
        .dec("q", day.quote)
        .put("O", if day.open_ms == 0 { now_ms } else { day.open_ms })
        .put("C", now_ms)
        .put("F", if day.count == 0 { -1 } else { day.first_id as i64 })
        .put("L", if day.count == 0 { -1 } else { day.last_id as i64 })
        .put("n", day.count)
        .end()
}

/// Minutes put together into candles of `span_ms`, oldest first.
fn candles(listing: &Listing, span_ms: u64) -> Vec<Candle> {
    let mut out: Vec<Candle> = Vec::new();
    for minute in &listing.candles {
        let open_ms = minute.open_ms / span_ms * span_ms;
        match out.last_mut() {
            Some(candle) if candle.open_ms == open_ms => {
                candle.high = candle.high.max(minute.high);
                candle.low = candle.low.min(minute.low);
                candle.close = minute.close;
                candle.lots += minute.lots;
                candle.quote = candle.quote.saturating_add(minute.quote);
                candle.count += minute.count;
                candle.taker_lots += minute.taker_lots;
                candle.taker_quote = candle.taker_quote.saturating_add(minute.taker_quote);
                candle.last_id = minute.last_id;
            }
            _ => out.push(Candle { open_ms, ..*minute }),
        }
    }
    out
}

/// `klines`.
pub(crate) fn klines_json(listing: &Listing, span_ms: u64, limit: usize) -> String {
    let all = candles(listing, span_ms);
    let spec = &listing.symbol;
    let price = |ticks: i64| text(&dec8(ticks * spec.tick));
    let qty = |lots: i64| text(&dec8(lots * spec.lot));
    array(all[all.len().saturating_sub(limit)..].iter().map(|c| {
        format!(
            "[{},{},{},{},{},{},{},{},{},{},{},\"0\"]",
            c.open_ms,
            price(c.open),
            price(c.high),
            price(c.low),
            price(c.close),
            qty(c.lots),
            c.open_ms + span_ms - 1,
            text(&dec8(c.quote)),
            c.count,
            qty(c.taker_lots),
            text(&dec8(c.taker_quote)),
        )
    }))
}

/// A `kline` event of the candle under way.
pub(crate) fn kline_event(
    listing: &Listing,
    (name, span_ms): (&str, u64),
    now_ms: u64,
) -> Option<String> {
    let candle = candles(listing, span_ms).pop()?;
    let spec = &listing.symbol;
    let inner = Object::new()
        .put("t", candle.open_ms)
        .put("T", candle.open_ms + span_ms - 1)
        .put("s", &spec.name)
        .put("i", name)
        .put("f", candle.first_id)
        .put("L", candle.last_id)
        .dec("o", candle.open * spec.tick)
        .dec("c", candle.close * spec.tick)
        .dec("h", candle.high * spec.tick)
        .dec("l", candle.low * spec.tick)
        .dec("v", candle.lots * spec.lot)
        .put("n", candle.count)
        .put("x", now_ms >= candle.open_ms + span_ms)
        .dec("q", candle.quote)
        .dec("V", candle.taker_lots * spec.lot)
        .dec("Q", candle.taker_quote)
        .put("B", "0")
        .end();
    let out = Object::new().put("e", "kline").put("E", now_ms).put("s", &spec.name);
    Some(out.raw("k", &inner).end())
}
