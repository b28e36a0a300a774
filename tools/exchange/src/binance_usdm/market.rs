//! The market streams: which there are, on which path, and when each speaks.

use super::frames::{self, Ids};
use super::{MARKET, PUBLIC, listen, private};
use crate::binance::{changed_levels, stats, streams, wrapped};
use crate::dialect::{Best, Dialect};
use crate::event::{Agg, Liquidation, Private};
use crate::floor::{App, Floor};
use crate::json::array;
use crate::order::{AccountId, Side, SymbolId};
use std::collections::BTreeMap;

/// Levels of a partial-depth stream.
const PARTIAL: [usize; 3] = [5, 10, 20];
/// The beat, and the views of a listing's changes: beats between messages, and the stream's suffix.
const BEAT_MS: u64 = 50;
const VIEWS: [(u64, &str); 3] = [(2, "@100ms"), (5, ""), (10, "@500ms")];
/// The view that `rpiDepth` repeats: no retail orders are in this book.
const SLOW: usize = 2;
/// Beats of a second.
const SECOND: u64 = 20;

/// Binance USDⓈ-M's protocol.
#[derive(Default)]
pub(crate) struct Usdm {
    /// Last update id of each view's last message.
    told: BTreeMap<(SymbolId, usize), u64>,
    /// The largest liquidation of the second.
    forced: BTreeMap<SymbolId, Liquidation>,
}

impl Dialect for Usdm {
    fn routes(&self, app: App) -> axum::Router {
        super::routes(app)
    }

    fn views(&self) -> usize {
        VIEWS.len()
    }

    fn beat_ms(&self) -> u64 {
        BEAT_MS
    }

    fn beat(&mut self, floor: &mut Floor, count: u64, now_ms: u64) {
        let count = count + 1;
        for symbol in 0..floor.venue.listings.len() as SymbolId {
            for (view, (beats, _)) in VIEWS.iter().enumerate() {
                if count.is_multiple_of(*beats) {
                    self.tell_depth(floor, symbol, view, now_ms);
                }
            }
        }
        if count.is_multiple_of(SECOND) {
            self.tell_seconds(floor, count / SECOND, now_ms);
            listen::expire(floor, now_ms);
            super::trading::expire(floor, now_ms);
        }
    }

    fn aggregate(&mut self, floor: &mut Floor, symbol: SymbolId, agg: &Agg, now_ms: u64) {
        tell(floor, MARKET, &stream(floor, symbol, "aggTrade"), None, |floor| {
            Some(frames::aggregate(floor.venue.listing(symbol), agg, now_ms))
        });
    }

    fn best(&mut self, floor: &mut Floor, symbol: SymbolId, update: u64, best: Best, now_ms: u64) {
        tell(floor, PUBLIC, &stream(floor, symbol, "bookTicker"), Some(update), |floor| {
            Some(frames::best(floor.venue.listing(symbol), update, best, now_ms))
        });
    }

    fn liquidation(&mut self, _floor: &mut Floor, symbol: SymbolId, one: &Liquidation, _: u64) {
        let largest = self.forced.entry(symbol).or_insert(*one);
        if one.lots > largest.lots {
            *largest = *one;
        }
    }

    fn private(&mut self, floor: &mut Floor, account: AccountId, what: &Private, now_ms: u64) {
        for event in private::events(&floor.venue, account, what, now_ms) {
            listen::publish(floor, account, &event);
        }
    }

    fn malformed(&self) -> &'static str {
        r#"{"e":"depthUpdate","E":17,"T":17,"s":"BT"#
    }
}

impl Usdm {
    /// The changes since the view's last message, and the best levels with the same ids.
    fn tell_depth(&mut self, floor: &mut Floor, symbol: SymbolId, view: usize, now_ms: u64) {
        let listing = floor.venue.listing_mut(symbol);
        let last = listing.update;
        let Some(changed) = listing.views.get_mut(view).map(std::mem::take) else { return };
        if changed.first == 0 {
            return;
        }
        let before = self.told.insert((symbol, view), last).unwrap_or(changed.first - 1);
        let ids = Ids { first: changed.first, last, before };
        let (_, suffix) = VIEWS[view];
        let mut names = vec![stream(floor, symbol, &format!("depth{suffix}"))];
        if view == SLOW {
            names.push(stream(floor, symbol, "rpiDepth@500ms"));
        }
        names.retain(|name| floor.hub.wants(&PUBLIC.topic(name)));
        if !names.is_empty() {
            let sides = changed_levels(floor.venue.listing(symbol), &changed);
            let json = frames::depth(floor.venue.listing(symbol), ids, &sides, now_ms).end();
            for name in &names {
                for _ in 0..floor.pending.copies() {
                    tell(floor, PUBLIC, name, Some(last), |_| Some(json.clone()));
                }
            }
        }
        for limit in PARTIAL {
            let name = stream(floor, symbol, &format!("depth{limit}{suffix}"));
            tell(floor, PUBLIC, &name, Some(last), |floor| {
                let listing = floor.venue.listing(symbol);
                let sides = [Side::Buy, Side::Sell].map(|side| listing.depth(side, limit));
                Some(frames::partial(listing, ids, &sides, now_ms))
            });
        }
    }

    /// What is told each second, or each few.
    fn tell_seconds(&mut self, floor: &mut Floor, second: u64, now_ms: u64) {
        let symbols = 0..floor.venue.listings.len() as SymbolId;
        let slow = second.is_multiple_of(3);
        let suffixes: &[&str] = if slow { &["@1s", ""] } else { &["@1s"] };
        for suffix in suffixes {
            let mark = |floor: &Floor, symbol| frames::mark(floor.venue.listing(symbol), now_ms);
            for symbol in symbols.clone() {
                let name = stream(floor, symbol, &format!("markPrice{suffix}"));
                tell(floor, MARKET, &name, None, |floor| mark(floor, symbol));
            }
            tell(floor, MARKET, &format!("!markPrice@arr{suffix}"), None, |floor| {
                Some(array(symbols.clone().filter_map(|symbol| mark(floor, symbol))))
            });
        }
        for (kind, mini) in [("ticker", false), ("miniTicker", true)] {
            let ticker = |floor: &Floor, symbol| {
                stats::ticker_event(floor.venue.listing(symbol), mini, now_ms)
            };
            for symbol in symbols.clone() {
                let name = stream(floor, symbol, kind);
                tell(floor, MARKET, &name, None, |floor| Some(ticker(floor, symbol)));
            }
            tell(floor, MARKET, &format!("!{kind}@arr"), None, |floor| {
                Some(array(symbols.clone().map(|symbol| ticker(floor, symbol))))
            });
        }
        for symbol in symbols {
            for interval in stats::INTERVALS {
                let name = stream(floor, symbol, &format!("kline_{}", interval.0));
                tell(floor, MARKET, &name, None, |floor| {
                    stats::kline_event(floor.venue.listing(symbol), interval, now_ms)
                });
            }
            if second.is_multiple_of(5) {
                tell_best(floor, symbol, now_ms);
            }
        }
        for (symbol, one) in std::mem::take(&mut self.forced) {
            for name in [stream(floor, symbol, "forceOrder"), "!forceOrder@arr".into()] {
                tell(floor, MARKET, &name, None, |floor| {
                    Some(frames::forced(floor.venue.listing(symbol), &one, now_ms))
                });
            }
        }
    }
}

/// `!bookTicker`: every symbol's best prices, each few seconds.
fn tell_best(floor: &mut Floor, symbol: SymbolId, now_ms: u64) {
    tell(floor, PUBLIC, "!bookTicker", None, |floor| {
        let listing = floor.venue.listing(symbol);
        let best = [Side::Buy, Side::Sell].map(|side| listing.best(side));
        Some(frames::best(listing, listing.update, best, now_ms))
    });
}

fn stream(floor: &Floor, symbol: SymbolId, suffix: &str) -> String {
    format!("{}@{suffix}", floor.venue.listing(symbol).symbol.name.to_lowercase())
}

/// Publishes what `write` writes, where anybody wants it.
fn tell(
    floor: &mut Floor,
    path: streams::Path,
    stream: &str,
    update: Option<u64>,
    write: impl FnOnce(&Floor) -> Option<String>,
) {
    let topic = path.topic(stream);
    if floor.hub.wants(&topic)
        && let Some(json) = write(floor)
    {
        floor.hub.publish(&topic, update, |wrapping| wrapped(wrapping, stream, &json));
    }
}
