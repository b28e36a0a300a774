//! The market streams' events, and when each is sent.

use super::book::{DEPTHS, Depth, View};
use super::candles::{Candles, INTERVALS};
use super::stream::STATUS;
use super::ticker::Ticker;
use super::words::{category, side};
use super::{ids, private, tell, ticker};
use crate::dialect::Dialect;
use crate::event::{Liquidation, Private};
use crate::floor::{App, Floor};
use crate::json::{Object, array};
use crate::listing::{Listing, Tick};
use crate::order::{AccountId, Side, SymbolId};
use crate::symbol::{BAND, Product};
use std::collections::BTreeMap;

/// Time between beats: that of the fastest stream.
const BEAT_MS: u64 = 10;
/// Time between messages of liquidations, of candles and of price limits.
const LIQUIDATIONS_MS: u64 = 500;
const CANDLES_MS: u64 = 1000;
const LIMITS_MS: u64 = 300;

/// Bybit's protocol: what each topic's subscribers have been told.
#[derive(Default)]
pub(crate) struct Bybit {
    books: BTreeMap<(SymbolId, &'static str), View>,
    tickers: BTreeMap<SymbolId, Ticker>,
    liquidations: BTreeMap<SymbolId, Vec<Liquidation>>,
    candles: Candles,
}

impl Dialect for Bybit {
    fn routes(&self, app: App) -> axum::Router {
        super::routes(app)
    }

    fn beat_ms(&self) -> u64 {
        BEAT_MS
    }

    fn beat(&mut self, floor: &mut Floor, count: u64, now_ms: u64) {
        let due = |every_ms: u64| count.is_multiple_of(every_ms / BEAT_MS);
        for symbol in 0..floor.venue.listings.len() as SymbolId {
            for depth in DEPTHS.iter().filter(|depth| due(depth.every_ms)) {
                self.publish_book(floor, symbol, *depth, now_ms);
            }
            let product = floor.venue.listing(symbol).symbol.product();
            if due(if product == Product::Spot { 50 } else { 100 }) {
                self.publish_ticker(floor, symbol, now_ms);
            }
            if due(LIQUIDATIONS_MS) {
                self.publish_liquidations(floor, symbol, now_ms);
            }
            if due(CANDLES_MS) {
                self.publish_candles(floor, symbol, now_ms);
            }
            if due(LIMITS_MS) {
                publish_limits(floor, symbol, now_ms);
            }
        }
    }

    fn trade(&mut self, floor: &mut Floor, symbol: SymbolId, tick: &Tick, now_ms: u64) {
        let topic = topic(floor.venue.listing(symbol), "publicTrade");
        if floor.hub.wants(&topic) {
            let json = trade_json(floor.venue.listing(symbol), symbol, tick, now_ms);
            floor.hub.publish(&topic, None, |_| json.clone());
        }
    }

    fn liquidation(
        &mut self,
        floor: &mut Floor,
        symbol: SymbolId,
        one: &Liquidation,
        _now_ms: u64,
    ) {
        if floor.hub.wants(&topic(floor.venue.listing(symbol), "allLiquidation")) {
            self.liquidations.entry(symbol).or_default().push(*one);
        }
    }

    fn private(&mut self, floor: &mut Floor, account: AccountId, what: &Private, now_ms: u64) {
        private::publish(floor, account, what, now_ms);
    }

    fn first(&mut self, floor: &mut Floor, topic: &str, now_ms: u64) -> Option<String> {
        let (symbol, name) = read_topic(floor, topic)?;
        if name == "tickers" {
            let fresh = Ticker::new(floor.venue.listing(symbol), now_ms);
            let ticker = self.tickers.entry(symbol).or_insert(fresh);
            return Some(ticker.snapshot(floor.venue.listing(symbol), now_ms));
        }
        let (limit, depth) = match name.strip_prefix("book.").and_then(|one| one.split_once('-')) {
            Some((depth, limit)) => (limit.parse().ok(), depth),
            None => (None, name.strip_prefix("orderbook.")?),
        };
        let depth = *DEPTHS.iter().find(|one| one.name == depth)?;
        let listing = floor.venue.listing(symbol);
        if let Some(limit) = limit {
            // REST asks; what nobody follows is told as it stands.
            let fresh = View::new(listing, depth, now_ms);
            let view = self.books.get(&(symbol, depth.name)).unwrap_or(&fresh);
            return Some(view.answer(listing, limit, now_ms));
        }
        let fresh = || View::new(listing, depth, now_ms);
        let view = self.books.entry((symbol, depth.name)).or_insert_with(fresh);
        depth.snapshots.then(|| view.snapshot(listing, now_ms))
    }

    fn malformed(&self) -> &'static str {
        r#"{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":17,"data":{"s":"BT"#
    }

    fn farewell(&mut self, floor: &mut Floor, now_ms: u64) {
        let json = status_json(now_ms);
        floor.hub.publish(STATUS, None, |_| json.clone());
    }
}

/// The hub's name of a symbol's topic.
pub(crate) fn topic(listing: &Listing, name: &str) -> String {
    let spec = &listing.symbol;
    format!("{}:{name}.{}", category(spec.product()), spec.name)
}

/// Symbol and name of a hub topic.
pub(crate) fn read_topic<'a>(floor: &Floor, topic: &'a str) -> Option<(SymbolId, &'a str)> {
    let (category, rest) = topic.split_once(':')?;
    let (name, symbol) = rest.rsplit_once('.')?;
    let product = super::words::read_category(category)?;
    Some((floor.venue.symbol_id(product, symbol)?, name))
}

impl Bybit {
    fn publish_book(&mut self, floor: &mut Floor, symbol: SymbolId, depth: Depth, now_ms: u64) {
        let Some(view) = self.books.get_mut(&(symbol, depth.name)) else { return };
        let listing = floor.venue.listing(symbol);
        let topic = topic(listing, &format!("orderbook.{}", depth.name));
        if !floor.hub.wants(&topic) {
            self.books.remove(&(symbol, depth.name));
            return;
        }
        let Some(json) = view.next(listing, now_ms) else { return };
        let seq = view.seq;
        // Snapshots repeat themselves; only what builds on the message before can have a gap.
        let copies = if depth.levels > 1 { floor.pending.copies() } else { 1 };
        for _ in 0..copies {
            floor.hub.publish(&topic, Some(seq), |_| json.clone());
        }
    }

    fn publish_ticker(&mut self, floor: &mut Floor, symbol: SymbolId, now_ms: u64) {
        let Some(ticker) = self.tickers.get_mut(&symbol) else { return };
        let listing = floor.venue.listing(symbol);
        let topic = topic(listing, "tickers");
        if !floor.hub.wants(&topic) {
            self.tickers.remove(&symbol);
            return;
        }
        if let Some(json) = ticker.next(listing, now_ms) {
            floor.hub.publish(&topic, None, |_| json.clone());
        }
    }

    fn publish_candles(&mut self, floor: &mut Floor, symbol: SymbolId, now_ms: u64) {
        for (interval, _) in INTERVALS {
            let listing = floor.venue.listing(symbol);
            let topic = topic(listing, &format!("kline.{interval}"));
            if !floor.hub.wants(&topic) {
                self.candles.forget(&topic);
                continue;
            }
            for json in self.candles.next(&topic, (listing, interval), now_ms) {
                floor.hub.publish(&topic, None, |_| json.clone());
            }
        }
    }

    fn publish_liquidations(&mut self, floor: &mut Floor, symbol: SymbolId, now_ms: u64) {
        let Some(all) = self.liquidations.remove(&symbol).filter(|all| !all.is_empty()) else {
            return;
        };
        let listing = floor.venue.listing(symbol);
        let spec = &listing.symbol;
        let list = array(all.iter().map(|one| {
            Object::new()
                .put("T", one.time_ms)
                .put("s", &spec.name)
                // The position's side: a sale closes a long one.
                .put("S", side(one.side.other()))
                .put("v", tell::qty(spec, one.lots))
                .put("p", tell::price(spec, one.price))
                .end()
        }));
        let json = snapshot_json(&format!("allLiquidation.{}", spec.name), &list, now_ms);
        let topic = topic(listing, "allLiquidation");
        floor.hub.publish(&topic, None, |_| json.clone());
    }
}

fn snapshot_json(topic: &str, data: &str, now_ms: u64) -> String {
    let out = Object::new().put("topic", topic).put("type", "snapshot").put("ts", now_ms);
    out.raw("data", data).end()
}

/// Highest price of a purchase and lowest of a sale, in ticks.
pub(crate) fn limits(listing: &Listing) -> (i64, i64) {
    (listing.last.saturating_mul(BAND), listing.last / BAND)
}

fn publish_limits(floor: &mut Floor, symbol: SymbolId, now_ms: u64) {
    let listing = floor.venue.listing(symbol);
    let topic = topic(listing, "priceLimit");
    if !floor.hub.wants(&topic) {
        return;
    }
    let spec = &listing.symbol;
    let (buy, sell) = limits(listing);
    let data = Object::new()
        .put("symbol", &spec.name)
        .put("buyLmt", tell::price(spec, buy))
        .put("sellLmt", tell::price(spec, sell));
    let out = Object::new().put("topic", format!("priceLimit.{}", spec.name)).put("ts", now_ms);
    let json = out.raw("data", &data.end()).end();
    floor.hub.publish(&topic, None, |_| json.clone());
}

/// One trade as its stream tells it.
fn trade_json(listing: &Listing, symbol: SymbolId, tick: &Tick, now_ms: u64) -> String {
    let spec = &listing.symbol;
    let product = spec.product();
    let taker = if tick.buyer_maker { Side::Sell } else { Side::Buy };
    let mut data = Object::new()
        .put("T", tick.time_ms)
        .put("s", &spec.name)
        .put("S", side(taker))
        .put("v", tell::qty(spec, tick.lots))
        .put("p", tell::price(spec, tick.price));
    if product == Product::Perp {
        data = data.put("L", ticker::direction(listing));
    }
    let data = data
        .put("i", ids::trade(product, symbol, tick.id, false))
        .put("BT", false)
        .put("RPI", false)
        .put("seq", listing.update)
        .end();
    snapshot_json(&format!("publicTrade.{}", spec.name), &format!("[{data}]"), now_ms)
}

/// The announcement that the venue goes down for a moment.
fn status_json(now_ms: u64) -> String {
    let data = Object::new()
        .put("id", format!("sim-{now_ms}"))
        .put("title", "Restart of the simulated exchange")
        .put("state", "ongoing")
        .put("begin", now_ms.to_string())
        .put("end", (now_ms + 60_000).to_string())
        .put("href", "")
        .put("serviceTypes", [1, 2, 5])
        .put("product", [1, 2])
        .put("uidSuffix", [0; 0])
        .put("maintainType", 3)
        .put("env", 1);
    let out = Object::new().put("topic", STATUS).put("ts", now_ms);
    out.raw("data", &format!("[{}]", data.end())).end()
}
