//! The trading floor: the venue with its keys, limits, connections and faults, behind one lock.
//!
//! Whoever changes the venue ends with [`Floor::flush`]: the journal is written first, then every
//! event leaves for those who subscribed to it.

use crate::cause::Causes;
use crate::fault::{Fault, FaultKind};
use crate::hub::{Hub, Out};
use crate::json::{Object, levels};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::listing::{Listing, Tick};
use crate::order::{Side, SymbolId};
use crate::venue::{Event, Venue};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Levels of a partial-depth stream.
const PARTIAL: [usize; 3] = [5, 10, 20];

/// What the next order meets instead of the venue's ordinary ways.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pending {
    pub reject: Option<i32>,
    pub timeout: bool,
    pub lost: bool,
    skip: bool,
    duplicate: bool,
}

/// Everything that connections share.
pub(crate) struct Floor {
    pub venue: Venue,
    pub hub: Hub,
    pub keys: Keys,
    pub limits: Limits,
    pub causes: Arc<Causes>,
    pub pending: Pending,
    /// Faults carried out so far, as text.
    pub faults_done: Vec<String>,
    /// Best prices and quantities last told, per symbol.
    told: Vec<[Option<(i64, i64)>; 2]>,
}

/// The floor behind its lock.
#[derive(Clone)]
pub(crate) struct SharedFloor(Arc<Mutex<Floor>>);

impl SharedFloor {
    pub(crate) fn new(floor: Floor) -> Self {
        Self(Arc::new(Mutex::new(floor)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Floor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since 1970.
pub(crate) fn wall_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis() as u64
}

impl Floor {
    pub(crate) fn new(venue: Venue, keys: Keys, limits: Limits) -> Self {
        let causes = Arc::new(Causes::new());
        let told = vec![[None; 2]; venue.listings.len()];
        Self {
            venue,
            hub: Hub::new(causes.clone()),
            keys,
            limits,
            causes,
            pending: Pending::default(),
            faults_done: Vec::new(),
            told,
        }
    }

    /// Ends a change: journal, then events.
    pub(crate) fn flush(&mut self, now_ms: u64) {
        self.venue.commit(now_ms);
        for (account, maker) in std::mem::take(&mut self.venue.credits) {
            self.limits.credit(account, maker, now_ms);
        }
        for event in std::mem::take(&mut self.venue.events) {
            match event {
                Event::Private { account, json } => self.hub.publish_private(account, &json),
                Event::Trade { symbol, tick } => self.publish_trade(symbol, &tick, now_ms),
                Event::Agg { symbol, id, first, tick } => {
                    self.publish_agg(symbol, id, first, &tick, now_ms);
                }
                Event::Touch { symbol } => self.publish_touch(symbol),
            }
        }
    }

    fn stream(&self, symbol: SymbolId, suffix: &str) -> String {
        format!("{}@{suffix}", self.venue.listing(symbol).symbol.name.to_lowercase())
    }

    pub(crate) fn publish_trade(&mut self, symbol: SymbolId, tick: &Tick, now_ms: u64) {
        let stream = self.stream(symbol, "trade");
        if self.hub.wants(&stream) {
            let json = trade_json(self.venue.listing(symbol), tick, now_ms);
            self.hub.publish(&stream, &json, None);
        }
    }

    pub(crate) fn publish_agg(
        &mut self,
        symbol: SymbolId,
        id: u64,
        first: u64,
        tick: &Tick,
        now_ms: u64,
    ) {
        let stream = self.stream(symbol, "aggTrade");
        if self.hub.wants(&stream) {
            let spec = &self.venue.listing(symbol).symbol;
            let json = Object::new()
                .put("e", "aggTrade")
                .put("E", now_ms)
                .put("s", &spec.name)
                .put("a", id)
                .dec("p", tick.price * spec.tick)
                .dec("q", tick.lots * spec.lot)
                .put("f", first)
                .put("l", tick.id)
                .put("T", tick.time_ms)
                .put("m", tick.buyer_maker)
                .put("M", true)
                .end();
            self.hub.publish(&stream, &json, None);
        }
    }

    fn publish_touch(&mut self, symbol: SymbolId) {
        let listing = self.venue.listing(symbol);
        let best = [listing.best(Side::Buy), listing.best(Side::Sell)];
        let update = listing.update;
        if best == self.told[usize::from(symbol)] {
            return;
        }
        self.told[usize::from(symbol)] = best;
        self.publish_best(symbol, update, best);
    }

    /// `bookTicker` with these bests (ticks and lots).
    pub(crate) fn publish_best(
        &mut self,
        symbol: SymbolId,
        update: u64,
        best: [Option<(i64, i64)>; 2],
    ) {
        let stream = self.stream(symbol, "bookTicker");
        if self.hub.wants(&stream) {
            let json = best_json(self.venue.listing(symbol), update, best);
            self.hub.publish(&stream, &json, Some(update));
        }
    }

    /// The timed streams: `fast` each 100 ms, otherwise those of each second.
    pub(crate) fn tick(&mut self, fast: bool, now_ms: u64) {
        for symbol in 0..self.venue.listings.len() as SymbolId {
            self.publish_diff(symbol, fast, now_ms);
            self.publish_partial(symbol, fast);
            if !fast {
                self.publish_seconds(symbol, now_ms);
            }
        }
    }

    fn publish_diff(&mut self, symbol: SymbolId, fast: bool, now_ms: u64) {
        let listing = self.venue.listing_mut(symbol);
        if fast && listing.recorded.is_some() {
            return; // A recording brings its own 100 ms messages.
        }
        let changed = std::mem::take(if fast { &mut listing.fast } else { &mut listing.slow });
        if changed.first == 0 {
            return;
        }
        let update = listing.update;
        let spec = &listing.symbol;
        let side_levels = |side: Side| -> Vec<(i64, i64)> {
            let mut all: Vec<(i64, i64)> = changed
                .levels
                .iter()
                .filter(|(s, _)| *s == side)
                .map(|(_, price)| (price * spec.tick, listing.lots_at(side, *price) * spec.lot))
                .collect();
            if side == Side::Buy {
                all.reverse();
            }
            all
        };
        let sides = [side_levels(Side::Buy), side_levels(Side::Sell)];
        let json = diff_json(&spec.name, (changed.first, update), &sides, now_ms);
        let stream = self.stream(symbol, if fast { "depth@100ms" } else { "depth" });
        self.send_diff(&stream, &json, update);
    }

    /// One depth message, unless a fault skips or doubles it.
    pub(crate) fn send_diff(&mut self, stream: &str, json: &str, update: u64) {
        if !self.hub.wants(stream) {
            return;
        }
        if std::mem::take(&mut self.pending.skip) {
            return;
        }
        self.hub.publish(stream, json, Some(update));
        if std::mem::take(&mut self.pending.duplicate) {
            self.hub.publish(stream, json, Some(update));
        }
    }

    fn publish_partial(&mut self, symbol: SymbolId, fast: bool) {
        for limit in PARTIAL {
            let suffix = format!("depth{limit}{}", if fast { "@100ms" } else { "" });
            let stream = self.stream(symbol, &suffix);
            if self.hub.wants(&stream) {
                let listing = self.venue.listing(symbol);
                let json = depth_json(listing, limit);
                let update = listing.update;
                self.hub.publish(&stream, &json, Some(update));
            }
        }
    }

    fn publish_seconds(&mut self, symbol: SymbolId, now_ms: u64) {
        for (suffix, mini) in [("ticker", false), ("miniTicker", true)] {
            let stream = self.stream(symbol, suffix);
            if self.hub.wants(&stream) {
                let json = crate::stats::ticker_event(self.venue.listing(symbol), mini, now_ms);
                self.hub.publish(&stream, &json, None);
            }
        }
        for interval in crate::stats::INTERVALS {
            let stream = self.stream(symbol, &format!("kline_{}", interval.0));
            if self.hub.wants(&stream) {
                let json = crate::stats::kline_event(self.venue.listing(symbol), interval, now_ms);
                if let Some(json) = json {
                    self.hub.publish(&stream, &json, None);
                }
            }
        }
    }

    /// Carries out one fault now.
    pub(crate) fn fault(&mut self, fault: &Fault, now_ms: u64) {
        self.faults_done.push(fault.to_string());
        match fault.kind {
            FaultKind::Drop => self.hub.tell_all(false, &Out::Abort),
            FaultKind::Stall(span) => self.hub.tell_all(false, &Out::Pause(span)),
            FaultKind::Delay(span) => self.hub.tell_all(true, &Out::Pause(span)),
            FaultKind::Skip => self.pending.skip = true,
            FaultKind::Duplicate => self.pending.duplicate = true,
            FaultKind::Reject(code) => self.pending.reject = Some(code),
            FaultKind::TooMany(span) => {
                self.limits.stop_until_ms = now_ms + span.as_millis() as u64;
            }
            FaultKind::Timeout => self.pending.timeout = true,
            FaultKind::Lost => self.pending.lost = true,
            FaultKind::Malformed => {
                let garbage = Out::Text(r#"{"e":"depthUpdate","E":17,"s":"BT"#.into(), None);
                self.hub.tell_all(true, &garbage);
            }
            FaultKind::Shutdown(_) => self.hub.announce_shutdown(now_ms),
            FaultKind::ExchangeKill | FaultKind::Restart => {}
        }
    }
}

/// One `trade` event.
pub(crate) fn trade_json(listing: &Listing, tick: &Tick, now_ms: u64) -> String {
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

/// One `bookTicker` event; an empty side has price and quantity zero.
pub(crate) fn best_json(listing: &Listing, update: u64, best: [Option<(i64, i64)>; 2]) -> String {
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
pub(crate) fn diff_json(
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
