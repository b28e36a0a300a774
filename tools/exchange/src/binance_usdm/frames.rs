//! The market streams' events as JSON.

use crate::binance::places;
use crate::binance::words;
use crate::dialect::Best;
use crate::event::{Agg, Liquidation};
use crate::json::{Object, levels_in};
use crate::listing::Listing;

/// Contract class that events carry: 1 is USDⓈ-M.
const CLASS: u8 = 1;

fn event(name: &str, now_ms: u64) -> Object {
    Object::new().put("e", name).put("E", now_ms)
}

/// What several events end with: class and pair.
fn end(out: Object, listing: &Listing) -> String {
    out.put("st", CLASS).put("ps", &listing.symbol.name).end()
}

/// Update ids of a depth event: first, last, and the last of the event before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    pub first: u64,
    pub last: u64,
    pub before: u64,
}

/// One `depthUpdate`.
pub(crate) fn depth(
    listing: &Listing,
    ids: Ids,
    sides: &[Vec<(i64, i64)>; 2],
    now_ms: u64,
) -> Object {
    let places = places(&listing.symbol);
    event("depthUpdate", now_ms)
        .put("T", now_ms)
        .put("s", &listing.symbol.name)
        .put("U", ids.first)
        .put("u", ids.last)
        .put("pu", ids.before)
        .raw("b", &levels_in(&sides[0], places))
        .raw("a", &levels_in(&sides[1], places))
}

/// One `depthUpdate` of a partial-depth stream.
pub(crate) fn partial(
    listing: &Listing,
    ids: Ids,
    sides: &[Vec<(i64, i64)>; 2],
    now_ms: u64,
) -> String {
    end(depth(listing, ids, sides, now_ms), listing)
}

/// One `bookTicker`; an empty side has price and quantity zero.
pub(crate) fn best(listing: &Listing, update: u64, best: Best, now_ms: u64) -> String {
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let [bid, ask] = best.map(Option::unwrap_or_default);
    let out = Object::new()
        .put("e", "bookTicker")
        .put("u", update)
        .put("s", &spec.name)
        .fixed("b", bid.0 * spec.tick, price)
        .fixed("B", bid.1 * spec.lot, qty)
        .fixed("a", ask.0 * spec.tick, price)
        .fixed("A", ask.1 * spec.lot, qty)
        .put("T", now_ms)
        .put("E", now_ms);
    end(out, listing)
}

/// One `aggTrade`; there are no retail orders, so the quantity without them is the whole.
pub(crate) fn aggregate(listing: &Listing, agg: &Agg, now_ms: u64) -> String {
    let (spec, tick) = (&listing.symbol, &agg.sum);
    let [price, qty] = places(spec);
    let out = event("aggTrade", now_ms)
        .put("s", &spec.name)
        .put("a", agg.id)
        .fixed("p", tick.price * spec.tick, price)
        .fixed("q", tick.lots * spec.lot, qty)
        .fixed("nq", tick.lots * spec.lot, qty)
        .put("f", agg.first)
        .put("l", tick.id)
        .put("T", tick.time_ms)
        .put("m", tick.buyer_maker);
    end(out, listing)
}

/// One `markPriceUpdate`; none for a symbol without a mark price.
pub(crate) fn mark(listing: &Listing, now_ms: u64) -> Option<String> {
    let mark = listing.mark.as_ref()?;
    let out = event("markPriceUpdate", now_ms)
        .put("s", &listing.symbol.name)
        .dec("p", mark.price)
        .dec("ap", mark.price)
        .dec("P", mark.index)
        .dec("i", mark.index)
        .dec("r", mark.rate)
        .put("T", mark.next_ms);
    Some(end(out, listing))
}

/// One `forceOrder`.
pub(crate) fn forced(listing: &Listing, one: &Liquidation, now_ms: u64) -> String {
    let spec = &listing.symbol;
    let [price, qty] = places(spec);
    let order = Object::new()
        .put("s", &spec.name)
        .put("S", words::side(one.side))
        .put("o", "LIMIT")
        .put("f", "IOC")
        .fixed("q", one.lots * spec.lot, qty)
        .fixed("p", one.price * spec.tick, price)
        .fixed("ap", one.average * spec.tick, price)
        .put("X", "FILLED")
        .fixed("l", one.lots * spec.lot, qty)
        .fixed("z", one.lots * spec.lot, qty)
        .put("T", one.time_ms)
        .end();
    event("forceOrder", now_ms).raw("o", &order).end()
}
