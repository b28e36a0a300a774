//! The incremental book channels: snapshots, differences, and their sequence numbers.
//!
//! A channel shows the best levels of each side. What it told last is kept, so that a level that
//! comes in from below the edge is told as new; `prevSeqId` is the `seqId` of the message before.

use super::size::{price, text};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::listing::Listing;
use crate::order::{Side, SymbolId};
use crate::symbol::Symbol;
use std::collections::BTreeMap;

/// An incremental channel: levels a side, and beats between messages.
pub(crate) struct View {
    pub channel: &'static str,
    pub depth: usize,
    every: u64,
    /// Whether rows tell the quantity that is not RPI.
    rpi: bool,
}

/// Time between the dialect's beats.
pub(crate) const BEAT_MS: u64 = 10;

/// All of them, in the order in which they are pushed.
pub(crate) const VIEWS: [View; 4] = [
    View { channel: "books-l2-tbt", depth: 400, every: 1, rpi: false },
    View { channel: "books50-l2-tbt", depth: 50, every: 1, rpi: false },
    View { channel: "books", depth: 400, every: 10, rpi: false },
    View { channel: "books-rpi", depth: 400, every: 10, rpi: true },
];

/// Beats after which a quiet book says that it lives.
const QUIET_BEATS: u64 = 60_000 / BEAT_MS;

/// Lots and number of orders by price, bids and asks.
type Sides = [BTreeMap<i64, (i64, usize)>; 2];

/// What a channel has told of a symbol.
#[derive(Default)]
struct Told {
    seq: u64,
    sides: Sides,
    quiet: u64,
}

/// What every channel has told.
#[derive(Default)]
pub(crate) struct Books(BTreeMap<(SymbolId, usize), Told>);

/// The channel's topic for an instrument.
pub(crate) fn topic(channel: &str, name: &str) -> String {
    format!("{channel}|{name}")
}

/// The incremental channel of this name.
pub(crate) fn view(channel: &str) -> Option<usize> {
    VIEWS.iter().position(|view| view.channel == channel)
}

impl Books {
    /// Sends what has changed on every channel that is due and that somebody wants.
    pub(crate) fn beat(&mut self, floor: &mut Floor, count: u64, now_ms: u64) {
        for symbol in 0..floor.venue.listings.len() as SymbolId {
            for (n, view) in VIEWS.iter().enumerate() {
                if count.is_multiple_of(view.every) {
                    self.tell(floor, symbol, n, view.every, now_ms);
                }
            }
        }
    }

    /// Sends what has changed since the channel's last message.
    fn tell(&mut self, floor: &mut Floor, symbol: SymbolId, n: usize, beats: u64, now_ms: u64) {
        let view = &VIEWS[n];
        let listing = floor.venue.listing(symbol);
        let topic = topic(view.channel, &listing.symbol.name);
        if !floor.hub.wants(&topic) {
            return;
        }
        let Some(told) = self.0.get_mut(&(symbol, n)) else { return };
        told.quiet += beats;
        let now =
            if listing.update == told.seq { told.sides.clone() } else { sides(listing, view) };
        let [bids, asks] = [0, 1].map(|side| changed(&told.sides[side], &now[side]));
        let still = bids.is_empty() && asks.is_empty();
        if still && told.quiet < QUIET_BEATS {
            return;
        }
        let seq = if still { told.seq } else { listing.update };
        let levels = [rows(listing, view, asks, Side::Sell), rows(listing, view, bids, Side::Buy)];
        let checksum = if floor.pending.bad_checksum() { -1 } else { 0 };
        let json = message(("update", &topic), &levels, (told.seq as i64, seq, checksum), now_ms);
        (told.seq, told.sides, told.quiet) = (seq, now, 0);
        for _ in 0..floor.pending.copies() {
            floor.hub.publish(&topic, Some(seq), |_| json.clone());
        }
    }

    /// The snapshot for somebody who is about to subscribe; the others are told first what has
    /// changed, so that all go on from the same message.
    pub(crate) fn join(
        &mut self,
        floor: &mut Floor,
        symbol: SymbolId,
        n: usize,
        now_ms: u64,
    ) -> String {
        self.tell(floor, symbol, n, 0, now_ms);
        let view = &VIEWS[n];
        let listing = floor.venue.listing(symbol);
        let topic = topic(view.channel, &listing.symbol.name);
        let told = self.0.entry((symbol, n)).or_default();
        if !floor.hub.wants(&topic) {
            *told = Told { seq: listing.update, sides: sides(listing, view), quiet: 0 };
        }
        let all = |side: usize| told.sides[side].iter().map(|(p, level)| (*p, *level)).collect();
        let levels =
            [rows(listing, view, all(1), Side::Sell), rows(listing, view, all(0), Side::Buy)];
        message(("snapshot", &topic), &levels, (-1, told.seq, 0), now_ms)
    }
}

/// The best levels as they are.
fn sides(listing: &Listing, view: &View) -> Sides {
    [Side::Buy, Side::Sell].map(|side| {
        let levels = listing.book.queues(side).take(view.depth);
        levels.map(|(price, lots, orders)| (price, (lots, orders))).collect()
    })
}

/// Levels that differ, gone ones with nothing left, by ascending price.
fn changed(
    before: &BTreeMap<i64, (i64, usize)>,
    now: &BTreeMap<i64, (i64, usize)>,
) -> Vec<(i64, (i64, usize))> {
    let gone = before.keys().filter(|price| !now.contains_key(price)).map(|p| (*p, (0, 0)));
    let new = now.iter().filter(|(price, level)| before.get(price) != Some(level));
    let mut all: Vec<_> = gone.chain(new.map(|(price, level)| (*price, *level))).collect();
    all.sort_unstable_by_key(|(price, _)| *price);
    all
}

fn rows(
    listing: &Listing,
    view: &View,
    mut levels: Vec<(i64, (i64, usize))>,
    side: Side,
) -> String {
    if side == Side::Buy {
        levels.reverse();
    }
    let spec = &listing.symbol;
    array(levels.iter().map(|(price, level)| row(spec, *price, *level, view.rpi)))
}

/// `[px,sz,"0",orders]`; with RPI `[px,sz,sz without RPI,orders]`, of which there is none here.
fn row(spec: &Symbol, ticks: i64, (lots, orders): (i64, usize), rpi: bool) -> String {
    let (px, sz) = (price(spec, ticks), text(spec, lots));
    let third = if rpi { &sz } else { "0" };
    format!(r#"["{px}","{sz}","{third}","{orders}"]"#)
}

/// The best levels of both sides, asks first, for the channels and calls that tell them whole.
pub(crate) fn best_levels(listing: &Listing, depth: usize) -> [String; 2] {
    [Side::Sell, Side::Buy].map(|side| {
        let levels = listing.book.queues(side).take(depth);
        array(levels.map(|(p, lots, orders)| row(&listing.symbol, p, (lots, orders), false)))
    })
}

fn message(
    (action, topic): (&str, &str),
    [asks, bids]: &[String; 2],
    (before, seq, checksum): (i64, u64, i64),
    now_ms: u64,
) -> String {
    let data = Object::new()
        .raw("asks", asks)
        .raw("bids", bids)
        .put("ts", now_ms.to_string())
        .put("checksum", checksum)
        .put("seqId", seq)
        .put("prevSeqId", before)
        .end();
    let arg = super::channels::arg(topic);
    format!(r#"{{"arg":{arg},"action":"{action}","data":[{data}]}}"#)
}
