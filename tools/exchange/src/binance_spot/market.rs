//! The market streams' events, and when each is sent.

use super::private;
use crate::binance::{changed_levels, stats, streams, wrapped};
use crate::dialect::{Best, Depth, Dialect};
use crate::event::{Agg, Private};
use crate::floor::{App, Floor};
use crate::json::{Object, levels};
use crate::listing::{Listing, Tick};
use crate::order::{AccountId, Side, SymbolId};

/// Levels of a partial-depth stream.
const PARTIAL: [usize; 3] = [5, 10, 20];
/// Views of a listing's changes: of the depth stream each 100 ms, and each second.
const FAST: usize = 0;
const SLOW: usize = 1;

/// Binance Spot's protocol.
pub(crate) struct Spot;

impl Dialect for Spot {
    fn routes(&self, app: App) -> axum::Router {
        super::routes(app)
    }

    fn views(&self) -> usize {
        2
    }

    fn beat(&mut self, floor: &mut Floor, count: u64, now_ms: u64) {
        tick(floor, true, now_ms);
        if (count + 1).is_multiple_of(10) {
            tick(floor, false, now_ms);
        }
    }

    fn trade(&mut self, floor: &mut Floor, symbol: SymbolId, tick: &Tick, now_ms: u64) {
        let stream = stream(floor, symbol, "trade");
        if floor.hub.wants(&stream) {
            let json = trade_json(floor.venue.listing(symbol), tick, now_ms);
            publish(floor, &stream, &json, None);
        }
    }

    fn aggregate(&mut self, floor: &mut Floor, symbol: SymbolId, agg: &Agg, now_ms: u64) {
        let stream = stream(floor, symbol, "aggTrade");
        if floor.hub.wants(&stream) {
            let json = agg_json(floor.venue.listing(symbol), agg, now_ms);
            publish(floor, &stream, &json, None);
        }
    }

    fn best(&mut self, floor: &mut Floor, symbol: SymbolId, update: u64, best: Best, _now_ms: u64) {
        let stream = stream(floor, symbol, "bookTicker");
        if floor.hub.wants(&stream) {
            let json = best_json(floor.venue.listing(symbol), update, best);
            publish(floor, &stream, &json, Some(update));
        }
    }

    fn depth(&mut self, floor: &mut Floor, symbol: SymbolId, depth: &Depth<'_>, event_ms: u64) {
        let stream = stream(floor, symbol, "depth@100ms");
        let name = &floor.venue.listing(symbol).symbol.name;
        let json = diff_json(name, depth.ids, depth.sides, event_ms);
        send_diff(floor, &stream, &json, depth.ids.1);
    }

    fn private(&mut self, floor: &mut Floor, account: AccountId, what: &Private, now_ms: u64) {
        let Some(json) = private::event(&floor.venue, account, what, now_ms) else { return };
        floor.hub.publish_private(account, |_, number| {
            Some(format!(r#"{{"subscriptionId":{number},"event":{json}}}"#))
        });
    }

    fn malformed(&self) -> &'static str {
        r#"{"e":"depthUpdate","E":17,"s":"BT"#
    }

    fn farewell(&mut self, floor: &mut Floor, now_ms: u64) {
        let event = format!(r#"{{"e":"serverShutdown","E":{now_ms}}}"#);
        floor.hub.announce(|market, wrapping| match (market, wrapping) {
            (true, streams::COMBINED) => {
                format!(r#"{{"stream":"!serverShutdown","data":{event}}}"#)
            }
            (true, _) => event.clone(),
            (false, _) => format!(r#"{{"event":{event}}}"#),
        });
    }
}

fn stream(floor: &Floor, symbol: SymbolId, suffix: &str) -> String {
    format!("{}@{suffix}", floor.venue.listing(symbol).symbol.name.to_lowercase())
}

fn publish(floor: &mut Floor, stream: &str, json: &str, update: Option<u64>) {
    floor.hub.publish(stream, update, |wrapping| wrapped(wrapping, stream, json));
}

/// The timed streams: `fast` each 100 ms, otherwise those of each second.
fn tick(floor: &mut Floor, fast: bool, now_ms: u64) {
    for symbol in 0..floor.venue.listings.len() as SymbolId {
        publish_diff(floor, symbol, fast, now_ms);
        publish_partial(floor, symbol, fast);
        if !fast {
            publish_seconds(floor, symbol, now_ms);
        }
    }
}

fn publish_diff(floor: &mut Floor, symbol: SymbolId, fast: bool, now_ms: u64) {
    let listing = floor.venue.listing_mut(symbol);
    let view = if fast { FAST } else { SLOW };
    let Some(changed) = listing.views.get_mut(view).map(std::mem::take) else { return };
    // A recording brings its own 100 ms messages.
    if changed.first == 0 || (fast && listing.recorded.is_some()) {
        return;
    }
    let update = listing.update;
    let spec = &listing.symbol;
    let sides = changed_levels(listing, &changed);
    let json = diff_json(&spec.name, (changed.first, update), &sides, now_ms);
    let stream = stream(floor, symbol, if fast { "depth@100ms" } else { "depth" });
    send_diff(floor, &stream, &json, update);
}

/// One depth message, unless a fault skips or doubles it.
fn send_diff(floor: &mut Floor, stream: &str, json: &str, update: u64) {
    if floor.hub.wants(stream) {
        for _ in 0..floor.pending.copies() {
            publish(floor, stream, json, Some(update));
        }
    }
}

fn publish_partial(floor: &mut Floor, symbol: SymbolId, fast: bool) {
    for limit in PARTIAL {
        let suffix = format!("depth{limit}{}", if fast { "@100ms" } else { "" });
        let stream = stream(floor, symbol, &suffix);
        if floor.hub.wants(&stream) {
            let listing = floor.venue.listing(symbol);
            let (json, update) = (depth_json(listing, limit), listing.update);
            publish(floor, &stream, &json, Some(update));
        }
    }
}

fn publish_seconds(floor: &mut Floor, symbol: SymbolId, now_ms: u64) {
    for (suffix, mini) in [("ticker", false), ("miniTicker", true)] {
        let stream = stream(floor, symbol, suffix);
        if floor.hub.wants(&stream) {
            let json = stats::ticker_event(floor.venue.listing(symbol), mini, now_ms);
            publish(floor, &stream, &json, None);
        }
    }
    for interval in stats::INTERVALS {
        let stream = stream(floor, symbol, &format!("kline_{}", interval.0));
        if floor.hub.wants(&stream)
            && let Some(json) = stats::kline_event(floor.venue.listing(symbol), interval, now_ms)
        {
            publish(floor, &stream, &json, None);
        }
    }
}

/// One `trade` event.
fn trade_json(listing: &Listing, tick: &Tick, now_ms: u64) -> String {
    let spec = &listing.symbol;
    Object::new()
        .put("e", "trade")
        .put("E", now_ms)
        .put("s", &spec.name)
        .put("t", tick.id)
        .dec("p", tick.price * spec.tick)
        .dec("q", tick.lots * spec.lot)
        .put("T", tick.time_ms)
        .put("m", tick.buyer_maker)
        .put("M", true)
        .end()
}

/// One `aggTrade` event.
fn agg_json(listing: &Listing, agg: &Agg, now_ms: u64) -> String {
    let (spec, tick) = (&listing.symbol, &agg.sum);
    Object::new()
        .put("e", "aggTrade")
        .put("E", now_ms)
        .put("s", &spec.name)
        .put("a", agg.id)
        .dec("p", tick.price * spec.tick)
        .dec("q", tick.lots * spec.lot)
        .put("f", agg.first)
        .put("l", tick.id)
        .put("T", tick.time_ms)
        .put("m", tick.buyer_maker)
        .put("M", true)
        .end()
}

/// One `bookTicker` event; an empty side has price and quantity zero.
fn best_json(listing: &Listing, update: u64, best: Best) -> String {
    let spec = &listing.symbol;
    let [bid, ask] = best.map(Option::unwrap_or_default);
    Object::new()
        .put("u", update)
        .put("s", &spec.name)
        .dec("b", bid.0 * spec.tick)
        .dec("B", bid.1 * spec.lot)
        .dec("a", ask.0 * spec.tick)
        .dec("A", ask.1 * spec.lot)
        .end()
}

/// One `depthUpdate` event.
fn diff_json(
    symbol: &str,
    (first, last): (u64, u64),
    sides: &[Vec<(i64, i64)>; 2],
    now_ms: u64,
) -> String {
    Object::new()
        .put("e", "depthUpdate")
        .put("E", now_ms)
        .put("s", symbol)
        .put("U", first)
        .put("u", last)
        .raw("b", &levels(&sides[0]))
        .raw("a", &levels(&sides[1]))
        .end()
}

/// The book as REST and the partial-depth streams tell it.
pub(crate) fn depth_json(listing: &Listing, limit: usize) -> String {
    let update = listing.recorded.as_ref().map_or(listing.update, |recorded| recorded.update);
    Object::new()
        .put("lastUpdateId", update)
        .raw("bids", &levels(&listing.depth(Side::Buy, limit)))
        .raw("asks", &levels(&listing.depth(Side::Sell, limit)))
        .end()
}
