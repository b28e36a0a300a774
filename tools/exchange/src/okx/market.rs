//! The public channels: what is sent when, and the dialect that the floor calls.

use super::books::{BEAT_MS, Books, view};
use super::channels::{arg, index};
use super::size::{plain, text};
use super::{books, instruments, public, pushes, words};
use crate::dialect::{Best, Dialect};
use crate::event::{Agg, Liquidation, Private};
use crate::floor::{App, Floor};
use crate::json::{Object, array};
use crate::listing::Tick;
use crate::order::{AccountId, Side, SymbolId};
use std::collections::BTreeMap;

/// Channels that tell how something stands, and beats between looks at it.
const STANDING: [(&str, u64); 7] = [
    ("books5", 100 / BEAT_MS),
    ("tickers", 100 / BEAT_MS),
    ("index-tickers", 100 / BEAT_MS),
    ("mark-price", 200 / BEAT_MS),
    ("price-limit", 200 / BEAT_MS),
    ("open-interest", 3_000 / BEAT_MS),
    ("funding-rate", 30_000 / BEAT_MS),
];
/// Beats after which one that has not changed is told again.
const AGAIN_BEATS: u64 = 10_000 / BEAT_MS;
/// Beats between regular tellings of accounts and positions.
const REGULAR_BEATS: u64 = 5_000 / BEAT_MS;
/// Time between two liquidations of one instrument that are told.
const SAMPLE_MS: u64 = 1_000;

/// OKX's protocol.
#[derive(Default)]
pub(crate) struct Okx {
    books: Books,
    /// What each standing channel told last, without its time, and at which beat.
    stood: BTreeMap<String, (String, u64)>,
    liquidated: BTreeMap<SymbolId, u64>,
    /// Trades since an account's holdings were last told.
    traded: BTreeMap<AccountId, Vec<String>>,
}

impl Dialect for Okx {
    fn routes(&self, app: App) -> axum::Router {
        super::routes(app)
    }

    fn beat_ms(&self) -> u64 {
        BEAT_MS
    }

    fn beat(&mut self, floor: &mut Floor, count: u64, now_ms: u64) {
        self.books.beat(floor, count, now_ms);
        for (channel, every) in STANDING {
            if count.is_multiple_of(every) {
                self.stand(floor, channel, count, now_ms);
            }
        }
        if count.is_multiple_of(500 / BEAT_MS) {
            self.candles(floor, count, now_ms);
        }
        if count.is_multiple_of(REGULAR_BEATS) {
            pushes::regular(floor, now_ms);
        }
    }

    fn trade(&mut self, floor: &mut Floor, symbol: SymbolId, tick: &Tick, _now_ms: u64) {
        let listing = floor.venue.listing(symbol);
        let topic = books::topic("trades-all", &listing.symbol.name);
        if floor.hub.wants(&topic) {
            let row = public::trade_row(listing, tick, None);
            publish(floor, &topic, &row, None);
        }
    }

    fn aggregate(&mut self, floor: &mut Floor, symbol: SymbolId, agg: &Agg, _now_ms: u64) {
        let listing = floor.venue.listing(symbol);
        let topic = books::topic("trades", &listing.symbol.name);
        if floor.hub.wants(&topic) {
            let row = public::trade_row(listing, &agg.sum, Some(agg));
            publish(floor, &topic, &row, None);
        }
    }

    fn best(&mut self, floor: &mut Floor, symbol: SymbolId, update: u64, _: Best, now_ms: u64) {
        let listing = floor.venue.listing(symbol);
        let topic = books::topic("bbo-tbt", &listing.symbol.name);
        if floor.hub.wants(&topic) {
            let row = public::book_row(listing, 1, now_ms);
            publish(floor, &topic, &row, Some(update));
        }
    }

    fn liquidation(&mut self, floor: &mut Floor, symbol: SymbolId, one: &Liquidation, now_ms: u64) {
        let last = self.liquidated.get(&symbol).copied().unwrap_or(0);
        if now_ms >= last + SAMPLE_MS {
            self.liquidated.insert(symbol, now_ms);
            let row = liquidation_row(floor, symbol, one);
            publish(floor, "liquidation-orders|SWAP", &row, None);
        }
    }

    fn private(&mut self, floor: &mut Floor, account: AccountId, what: &Private, now_ms: u64) {
        let traded = self.traded.entry(account).or_default();
        pushes::event(floor, account, what, traded, now_ms);
    }

    fn join(&mut self, floor: &mut Floor, connection: u64, topic: &str, now_ms: u64) {
        let (channel, name) = topic.split_once('|').unwrap_or((topic, ""));
        let symbol = match channel {
            "index-tickers" => index(floor, name),
            _ => instruments::named(&floor.venue, name),
        };
        let text = match (view(channel), symbol) {
            (Some(n), Some(symbol)) => Some(self.books.join(floor, symbol, n, now_ms)),
            (None, Some(symbol)) => {
                let row = public::standing(floor, channel, symbol, now_ms);
                row.map(|row| frame(topic, &row))
            }
            _ if channel == "instruments" => instruments_frame(floor, topic, name),
            _ => None,
        };
        if let Some(text) = text {
            floor.hub.post(connection, text);
        }
    }

    fn malformed(&self) -> &'static str {
        r#"{"arg":{"channel":"books","instId":"BT"#
    }

    fn farewell(&mut self, floor: &mut Floor, _now_ms: u64) {
        for id in floor.hub.ids() {
            let notice = Object::new()
                .put("event", "notice")
                .put("code", "64008")
                .put(
                    "msg",
                    "The connection will soon be closed for a service upgrade. Please reconnect.",
                )
                .put("connId", super::socket::connection_id(id));
            floor.hub.post(id, notice.end());
        }
    }
}

impl Okx {
    /// Tells a channel's state to those who want it, where it has changed or is old.
    fn stand(&mut self, floor: &mut Floor, channel: &str, count: u64, now_ms: u64) {
        for symbol in 0..floor.venue.listings.len() as SymbolId {
            let spec = &floor.venue.listing(symbol).symbol;
            let name = match channel {
                "index-tickers" => instruments::underlying(spec),
                _ => spec.name.clone(),
            };
            self.stand_one(floor, &books::topic(channel, &name), (channel, symbol), count, now_ms);
        }
    }

    fn stand_one(
        &mut self,
        floor: &mut Floor,
        topic: &str,
        (channel, symbol): (&str, SymbolId),
        count: u64,
        now_ms: u64,
    ) {
        if !floor.hub.wants(topic) {
            return;
        }
        let Some(timeless) = public::standing(floor, channel, symbol, 0) else { return };
        let before = self.stood.get(topic);
        let same = before.is_some_and(|(text, _)| *text == timeless);
        let old = before.is_none_or(|(_, told)| count >= told + AGAIN_BEATS);
        let repeats = !matches!(channel, "books5" | "tickers") && !channel.starts_with("candle");
        if same && !(repeats && old) {
            return;
        }
        self.stood.insert(topic.into(), (timeless, count));
        let update = (channel == "books5").then(|| floor.venue.listing(symbol).update);
        if let Some(row) = public::standing(floor, channel, symbol, now_ms) {
            publish(floor, topic, &row, update);
        }
    }

    fn candles(&mut self, floor: &mut Floor, count: u64, now_ms: u64) {
        for (bar, _) in super::candles::BARS {
            self.stand(floor, &format!("candle{bar}"), count, now_ms);
        }
    }
}

/// A data frame of a topic.
fn frame(topic: &str, row: &str) -> String {
    format!(r#"{{"arg":{},"data":[{row}]}}"#, arg(topic))
}

fn publish(floor: &mut Floor, topic: &str, row: &str, update: Option<u64>) {
    floor.hub.publish(topic, update, |_| frame(topic, row));
}

fn instruments_frame(floor: &Floor, topic: &str, product: &str) -> Option<String> {
    let product = words::read_product(product)?;
    let all = floor.venue.symbols(product);
    let rows = array(all.map(|id| instruments::info(&floor.venue.listing(id).symbol, id)));
    Some(format!(r#"{{"arg":{},"data":{rows}}}"#, arg(topic)))
}

fn liquidation_row(floor: &Floor, symbol: SymbolId, one: &Liquidation) -> String {
    let spec = &floor.venue.listing(symbol).symbol;
    let details = Object::new()
        .put("side", words::side(one.side))
        .put("posSide", if one.side == Side::Sell { "long" } else { "short" })
        .put("bkPx", plain(one.price * spec.tick))
        .put("sz", text(spec, one.lots))
        .put("bkLoss", "0")
        .put("ccy", "")
        .put("ts", one.time_ms.to_string())
        .end();
    let under = instruments::underlying(spec);
    Object::new()
        .put("instType", "SWAP")
        .put("instId", &spec.name)
        .put("instFamily", &under)
        .put("uly", &under)
        .raw("details", &array([details]))
        .end()
}
