//! Tickers: last price, day statistics, best prices, and a perpetual's mark, index and funding.
//!
//! The linear stream tells a snapshot and then only what changed; spot's is snapshots alone. Day
//! statistics begin when the exchange starts.

use super::tell;
use crate::json::Object;
use crate::listing::{Candle, Listing};
use crate::order::Side;
use crate::symbol::Product;

type Fields = Vec<(&'static str, String)>;

/// What the subscribers of a ticker have been told.
pub(crate) struct Ticker {
    told: Fields,
}

impl Ticker {
    pub(crate) fn new(listing: &Listing, now_ms: u64) -> Self {
        Self { told: fields(listing, now_ms) }
    }

    /// All that was told, for one who comes later.
    pub(crate) fn snapshot(&self, listing: &Listing, now_ms: u64) -> String {
        frame(listing, "snapshot", &self.told, now_ms)
    }

    /// The next message, if anything changed.
    pub(crate) fn next(&mut self, listing: &Listing, now_ms: u64) -> Option<String> {
        let now = fields(listing, now_ms);
        let before = std::mem::replace(&mut self.told, now);
        if listing.symbol.product() == Product::Spot {
            return (self.told != before).then(|| self.snapshot(listing, now_ms));
        }
        let changed = self.told.iter().zip(&before).filter(|(now, before)| now != before);
        let changed: Fields = changed.map(|(now, _)| now.clone()).collect();
        (!changed.is_empty()).then(|| frame(listing, "delta", &changed, now_ms))
    }
}

fn frame(listing: &Listing, kind: &str, fields: &[(&'static str, String)], now_ms: u64) -> String {
    let name = &listing.symbol.name;
    let data = fields
        .iter()
        .fold(Object::new().put("symbol", name), |out, (key, value)| out.put(key, value));
    let out = Object::new().put("topic", format!("tickers.{name}"));
    let out = match listing.symbol.product() {
        Product::Spot => out.put("ts", now_ms).put("type", kind),
        Product::Perp => out.put("type", kind),
    };
    let out = out.raw("data", &data.end()).put("cs", listing.update);
    match listing.symbol.product() {
        Product::Spot => out.end(),
        Product::Perp => out.put("ts", now_ms).end(),
    }
}

/// A listing's row in `GET /v5/market/tickers`.
pub(crate) fn row(listing: &Listing, now_ms: u64) -> String {
    let out = Object::new().put("symbol", &listing.symbol.name);
    let mut out =
        fields(listing, now_ms).into_iter().fold(out, |out, (key, value)| out.put(key, value));
    if listing.symbol.product() == Product::Spot {
        for (key, value) in best(listing) {
            out = out.put(key, value);
        }
    }
    out.end()
}

/// Which way the last trade went.
pub(crate) fn direction(listing: &Listing) -> &'static str {
    let mut last = listing.tape.iter().rev().map(|tick| tick.price);
    let Some(now) = last.next() else { return "ZeroPlusTick" };
    let same = listing.tape.iter().rev().nth(1).is_some_and(|tick| tick.price == now);
    let other = last.find(|price| *price != now).unwrap_or(now);
    match (now >= other, same) {
        (true, false) => "PlusTick",
        (true, true) => "ZeroPlusTick",
        (false, false) => "MinusTick",
        (false, true) => "ZeroMinusTick",
    }
}

fn best(listing: &Listing) -> Fields {
    let spec = &listing.symbol;
    let side = |side: Side| match listing.best(side) {
        Some((price, lots)) => (tell::price(spec, price), tell::qty(spec, lots)),
        None => (String::new(), String::new()),
    };
    let (bid, ask) = (side(Side::Buy), side(Side::Sell));
    vec![("bid1Price", bid.0), ("bid1Size", bid.1), ("ask1Price", ask.0), ("ask1Size", ask.1)]
}

fn fields(listing: &Listing, now_ms: u64) -> Fields {
    let spec = &listing.symbol;
    let price = |ticks: i64| tell::price(spec, ticks);
    let Candle { open, high, low, .. } = listing.day;
    let (first, high, low) = match listing.day.count {
        0 => (listing.last, listing.last, listing.last),
        _ => (open, high, low),
    };
    let rise = tell::with_places(tell::ratio(listing.last - first, first), 6);
    let mut out = vec![
        ("lastPrice", price(listing.last)),
        ("prevPrice24h", price(first)),
        ("price24hPcnt", rise),
        ("highPrice24h", price(high)),
        ("lowPrice24h", price(low)),
        ("turnover24h", tell::with_places(listing.day.quote, 4)),
        ("volume24h", tell::qty(spec, listing.day.lots)),
    ];
    match (&listing.mark, &spec.perp) {
        (Some(mark), Some(terms)) => {
            let next_ms = match mark.next_ms {
                0 => (now_ms / terms.funding_ms + 1) * terms.funding_ms,
                next_ms => next_ms,
            };
            out.extend([
                ("tickDirection", direction(listing).to_string()),
                ("prevPrice1h", price(first)),
                ("markPrice", tell::price8(spec, mark.price)),
                ("indexPrice", tell::price8(spec, mark.index)),
                ("openInterest", "0".into()),
                ("openInterestValue", "0".into()),
                ("nextFundingTime", next_ms.to_string()),
                ("fundingRate", tell::plain(mark.rate)),
                ("fundingIntervalHour", (terms.funding_ms / 3_600_000).max(1).to_string()),
                ("fundingCap", tell::plain(terms.funding_cap)),
            ]);
            out.extend(best(listing));
        }
        _ => out.push(("usdIndexPrice", usd(listing))),
    }
    out
}

/// Worth of the base asset in dollars, where the symbol tells it.
fn usd(listing: &Listing) -> String {
    match listing.symbol.quote.as_str() {
        "USDT" | "USDC" => tell::with_places(listing.last * listing.symbol.tick, 2),
        _ => String::new(),
    }
}
