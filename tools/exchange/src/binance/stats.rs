//! Day statistics and candles, as queries and as stream events.

use super::places;
use crate::json::{Object, array, dec8, fixed, text};
use crate::listing::{Candle, Listing};
use crate::order::Side;
use crate::symbol::{Product, SCALE};

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

/// `ticker/24hr`, of the time since the exchange started. Spot tells best prices with it.
pub(crate) fn day_json(listing: &Listing, now_ms: u64) -> String {
    let (spec, day) = (&listing.symbol, &listing.day);
    let tick = spec.tick;
    let [price, qty] = places(spec);
    let spot = spec.product() == Product::Spot;
    let change = day.close - day.open;
    let mut out = Object::new()
        .put("symbol", &spec.name)
        .fixed("priceChange", change * tick, price)
        .put("priceChangePercent", percent(change, day.open))
        .fixed("weightedAvgPrice", weighted(day, listing), price);
    if spot {
        out = out.dec("prevClosePrice", day.open * tick);
    }
    out = out.fixed("lastPrice", listing.last * tick, price).fixed(
        "lastQty",
        listing.tape.back().map_or(0, |t| t.lots * spec.lot),
        qty,
    );
    if spot {
        out = best(out, listing, ["bidPrice", "bidQty", "askPrice", "askQty"]);
    }
    out.fixed("openPrice", day.open * tick, price)
        .fixed("highPrice", day.high * tick, price)
        .fixed("lowPrice", day.low * tick, price)
        .fixed("volume", day.lots * spec.lot, qty)
        .dec("quoteVolume", day.quote)
        .put("openTime", if day.open_ms == 0 { now_ms } else { day.open_ms })
        .put("closeTime", now_ms)
        .put("firstId", if day.count == 0 { -1 } else { day.first_id as i64 })
        .put("lastId", if day.count == 0 { -1 } else { day.last_id as i64 })
        .put("count", day.count)
        .end()
}

/// Adds best prices and quantities; an empty side has zeros.
pub(crate) fn best(out: Object, listing: &Listing, keys: [&str; 4]) -> Object {
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let [bid, ask] = [Side::Buy, Side::Sell].map(|side| listing.best(side).unwrap_or_default());
    out.fixed(keys[0], bid.0 * spec.tick, price)
        .fixed(keys[1], bid.1 * spec.lot, qty)
        .fixed(keys[2], ask.0 * spec.tick, price)
        .fixed(keys[3], ask.1 * spec.lot, qty)
}

fn percent(change: i64, open: i64) -> String {
    if open == 0 { "0.000".into() } else { format!("{:.3}", change as f64 * 100.0 / open as f64) }
}

/// A `24hrTicker` or `24hrMiniTicker` event.
pub(crate) fn ticker_event(listing: &Listing, mini: bool, now_ms: u64) -> String {
    let (spec, day) = (&listing.symbol, &listing.day);
    let tick = spec.tick;
    let [price, qty] = places(spec);
    let spot = spec.product() == Product::Spot;
    let name = if mini { "24hrMiniTicker" } else { "24hrTicker" };
    let range = |out: Object| {
        out.fixed("o", day.open * tick, price)
            .fixed("h", day.high * tick, price)
            .fixed("l", day.low * tick, price)
            .fixed("v", day.lots * spec.lot, qty)
            .dec("q", day.quote)
    };
    let out = Object::new().put("e", name).put("E", now_ms).put("s", &spec.name);
    if mini {
        return range(out.fixed("c", listing.last * tick, price)).end();
    }
    let mut out = out
        .fixed("p", (day.close - day.open) * tick, price)
        .put("P", percent(day.close - day.open, day.open))
        .fixed("w", weighted(day, listing), price);
    if spot {
        out = out.dec("x", day.open * tick);
    }
    out = out.fixed("c", listing.last * tick, price).fixed(
        "Q",
        listing.tape.back().map_or(0, |t| t.lots * spec.lot),
        qty,
    );
    if spot {
        out = best(out, listing, ["b", "B", "a", "A"]);
    }
    range(out)
        .put("O", if day.open_ms == 0 { now_ms } else { day.open_ms })
        .put("C", now_ms)
        .put("F", if day.count == 0 { -1 } else { day.first_id as i64 })
        .put("L", if day.count == 0 { -1 } else { day.last_id as i64 })
        .put("n", day.count)
        .end()
}

/// `klines`.
pub(crate) fn klines_json(listing: &Listing, span_ms: u64, limit: usize) -> String {
    let all = listing.candles_of(span_ms);
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let price = |ticks: i64| text(&fixed(ticks * spec.tick, price));
    let qty = |lots: i64| text(&fixed(lots * spec.lot, qty));
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
    let candle = listing.candles_of(span_ms).pop()?;
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let inner = Object::new()
        .put("t", candle.open_ms)
        .put("T", candle.open_ms + span_ms - 1)
        .put("s", &spec.name)
        .put("i", name)
        .put("f", candle.first_id)
        .put("L", candle.last_id)
        .fixed("o", candle.open * spec.tick, price)
        .fixed("c", candle.close * spec.tick, price)
        .fixed("h", candle.high * spec.tick, price)
        .fixed("l", candle.low * spec.tick, price)
        .fixed("v", candle.lots * spec.lot, qty)
        .put("n", candle.count)
        .put("x", now_ms >= candle.open_ms + span_ms)
        .dec("q", candle.quote)
        .fixed("V", candle.taker_lots * spec.lot, qty)
        .dec("Q", candle.taker_quote)
        .put("B", "0")
        .end();
    let out = Object::new().put("e", "kline").put("E", now_ms).put("s", &spec.name);
    Some(out.raw("k", &inner).end())
}
