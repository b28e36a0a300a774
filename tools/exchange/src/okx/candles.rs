//! Candles of any length, made from the listing's minutes.

use super::size::{plain, price, text};
use crate::json::array;
use crate::listing::{Candle, Listing};

/// Candle lengths offered: name and milliseconds.
pub(crate) const BARS: [(&str, u64); 9] = [
    ("1m", 60_000),
    ("3m", 180_000),
    ("5m", 300_000),
    ("15m", 900_000),
    ("30m", 1_800_000),
    ("1H", 3_600_000),
    ("2H", 7_200_000),
    ("4H", 14_400_000),
    ("1D", 86_400_000),
];

/// Length in milliseconds of a bar; `1Dutc` is `1D`.
pub(crate) fn length(bar: &str) -> Option<u64> {
    let bar = bar.strip_suffix("utc").unwrap_or(bar);
    BARS.iter().find(|(name, _)| *name == bar).map(|(_, length)| *length)
}

/// The last candles, newest first.
pub(crate) fn last(listing: &Listing, length: u64, limit: usize, now_ms: u64) -> Vec<String> {
    let all = listing.candles_of(length);
    let newest = all.iter().rev().take(limit);
    newest.map(|one| row(listing, one, now_ms >= one.open_ms + length)).collect()
}

/// `[ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm]`.
fn row(listing: &Listing, candle: &Candle, done: bool) -> String {
    let spec = &listing.symbol;
    let fields = [
        candle.open_ms.to_string(),
        price(spec, candle.open),
        price(spec, candle.high),
        price(spec, candle.low),
        price(spec, candle.close),
        text(spec, candle.lots),
        plain(candle.lots * spec.lot),
        plain(candle.quote),
        u8::from(done).to_string(),
    ];
    array(fields.map(|field| format!("\"{field}\"")))
}
