//! Candles: the REST query, and the `kline` topics.

use super::denial::Denial;
use super::params::Params;
use super::tell;
use super::words::category;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::listing::{Candle, Listing};
use crate::symbol::Product;
use std::collections::BTreeMap;

const MINUTE_MS: u64 = 60_000;

/// Intervals and their minutes.
pub(crate) const INTERVALS: [(&str, u64); 11] = [
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

/// Length of an interval in milliseconds.
pub(crate) fn length(name: &str) -> Option<u64> {
    INTERVALS.iter().find(|(one, _)| *one == name).map(|(_, minutes)| minutes * MINUTE_MS)
}

/// `GET /v5/market/kline`, newest first.
pub(crate) fn klines(floor: &Floor, params: &Params) -> Result<String, Denial> {
    let product = params.get("category").map_or(Ok(Product::Perp), |_| params.category())?;
    let listing = floor.venue.listing(params.symbol(floor, product)?);
    let span_ms = length(params.need("interval")?);
    let span_ms = span_ms.ok_or_else(|| Denial::params("Invalid period!"))?;
    let since = params.integer("start")?.unwrap_or(0);
    let until = params.integer("end")?.unwrap_or(u64::MAX);
    let limit = params.limit(200, 1000)?;
    let spec = &listing.symbol;
    let price = |ticks: i64| tell::price(spec, ticks);
    let all = listing.candles_of(span_ms);
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

/// What the `kline` topics have told: opening, trades and whether it was the last word, by topic.
#[derive(Default)]
pub(crate) struct Candles(BTreeMap<String, (u64, u64, bool)>);

impl Candles {
    /// What is new in a topic: the candle under way, after the last word on the one before it.
    pub(crate) fn next(
        &mut self,
        topic: &str,
        (listing, interval): (&Listing, &str),
        now_ms: u64,
    ) -> Vec<String> {
        let Some(span_ms) = length(interval) else { return Vec::new() };
        let all = listing.candles_of(span_ms);
        let Some(last) = all.last() else { return Vec::new() };
        let since_ms = self.0.get(topic).map_or(last.open_ms, |told| told.0);
        let mut out = Vec::new();
        for candle in all.iter().filter(|candle| candle.open_ms >= since_ms) {
            let end_ms = candle.open_ms + span_ms;
            let state = (candle.open_ms, candle.count, now_ms >= end_ms);
            if self.0.get(topic) != Some(&state) {
                self.0.insert(topic.into(), state);
                out.push(frame(listing, candle, (interval, end_ms), now_ms));
            }
        }
        out
    }

    /// Nobody follows a topic any more.
    pub(crate) fn forget(&mut self, topic: &str) {
        self.0.remove(topic);
    }
}

fn frame(
    listing: &Listing,
    candle: &Candle,
    (interval, end_ms): (&str, u64),
    now_ms: u64,
) -> String {
    let spec = &listing.symbol;
    let data = Object::new()
        .put("start", candle.open_ms)
        .put("end", end_ms - 1)
        .put("interval", interval)
        .put("open", tell::price(spec, candle.open))
        .put("close", tell::price(spec, candle.close))
        .put("high", tell::price(spec, candle.high))
        .put("low", tell::price(spec, candle.low))
        .put("volume", tell::qty(spec, candle.lots))
        .put("turnover", tell::with_places(candle.quote, 4))
        .put("confirm", now_ms >= end_ms)
        .put("timestamp", now_ms)
        .end();
    Object::new()
        .put("topic", format!("kline.{interval}.{}", spec.name))
        .raw("data", &array([data]))
        .put("ts", now_ms)
        .put("type", "snapshot")
        .end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listing::Tick;
    use crate::symbol::Symbol;

    /// Trades and times as text; what the topic tells of each, as `start close volume confirm`.
    fn told(candles: &mut Candles, listing: &Listing, now_ms: u64) -> String {
        let all = candles.next("t", (listing, "1"), now_ms);
        let tell = |frame: String| {
            let frame: serde_json::Value = serde_json::from_str(&frame).unwrap();
            let one = &frame["data"][0];
            let text = |name: &str| one[name].as_str().unwrap().to_string();
            format!("{} {} {} {}", one["start"], text("close"), text("volume"), one["confirm"])
        };
        all.into_iter().map(tell).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_candle_is_told_as_it_grows_and_once_when_it_is_over() {
        let mut listing = Listing::new(Symbol::btcusdt(), 1, 1);
        let mut candles = Candles::default();
        let mut id = 0;
        let mut trade = |listing: &mut Listing, price: i64, time_ms: u64| {
            id += 1;
            listing.print(Tick { id, price, lots: 100_000, time_ms, buyer_maker: false });
        };
        assert_eq!(told(&mut candles, &listing, 60_000), "");
        trade(&mut listing, 6_000_000, 60_500);
        assert_eq!(told(&mut candles, &listing, 61_000), "60000 60000.00 1.00000 false");
        assert_eq!(told(&mut candles, &listing, 62_000), "", "nothing happened");
        trade(&mut listing, 6_000_100, 119_500);
        trade(&mut listing, 6_000_200, 120_500);
        assert_eq!(
            told(&mut candles, &listing, 121_000),
            "60000 60001.00 2.00000 true, 120000 60002.00 1.00000 false"
        );
        assert_eq!(told(&mut candles, &listing, 180_000), "120000 60002.00 1.00000 true");
        assert_eq!(told(&mut candles, &listing, 181_000), "");
        candles.forget("t");
        assert_eq!(told(&mut candles, &listing, 182_000), "120000 60002.00 1.00000 true");
    }
}
