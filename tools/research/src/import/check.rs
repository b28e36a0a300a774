//! What is wrong with the rows of an import, counted and placed, and which of it is left out.

use super::source::Place;
use crate::tape::venue_at;
use engine::event::{Body, Event, flag, kind};
use engine::id::{InstrumentId, Side};
use engine::num::{Price, Qty};
use engine::time::Nanos;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Faults whose place is kept, of each kind.
const PLACES_MAX: usize = 5;
/// Latencies of two messages that follow each other may differ by so much.
const JUMP: i64 = 1_000_000_000;
/// Trade ids that are remembered.
const IDS_MAX: usize = 10_000;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Something is missing: update ids, trades, frames.
    Gap,
    /// A bid that is not below an ask, after a whole message.
    Crossed,
    /// One of the two clocks was set: latency changes by over a second from message to message.
    ClockJump,
    /// The same again. It is left out.
    Duplicate,
    /// Received before it happened.
    NegativeLatency,
    /// Received before the line above it. It is given the time of that line.
    OutOfOrder,
    /// Prices or quantities that no market has. The row is left out.
    Senseless,
}

impl Fault {
    /// All of them, with their names in reports.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Gap, "gaps"),
        (Self::Crossed, "crossed_books"),
        (Self::ClockJump, "clock_jumps"),
        (Self::Duplicate, "duplicates"),
        (Self::NegativeLatency, "negative_latency"),
        (Self::OutOfOrder, "out_of_order"),
        (Self::Senseless, "senseless_rows"),
    ];
}

/// Where a fault was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// File and line.
    pub place: String,
    /// When, by the clock that received it.
    pub at: Nanos,
    /// What exactly.
    pub what: String,
}

/// How often one kind was found, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// How often.
    pub count: u64,
    /// The first ones.
    pub first: Vec<Found>,
}

impl Faults {
    /// As JSON.
    pub fn json(&self) -> Value {
        let first: Vec<Value> = self
            .first
            .iter()
            .map(|one| json!({ "place": one.place, "at_ns": one.at.0, "what": one.what }))
            .collect();
        json!({ "count": self.count, "first": first })
    }
}

/// What is remembered of one instrument.
#[derive(Debug, Default)]
struct Watched {
    sides: [BTreeMap<Price, Qty>; 2],
    is_crossed: bool,
    /// Receive time minus venue time of the last stamped message, ns.
    latency: Option<i64>,
    ids: BTreeSet<u64>,
    /// The last message of levels, of best prices, of trades without an id.
    last: BTreeMap<u8, Vec<Event>>,
    /// Whether its book ever began.
    began: bool,
}

/// Looks at every message.
#[derive(Debug, Default)]
pub(super) struct Check {
    pub faults: BTreeMap<Fault, Faults>,
    watched: BTreeMap<InstrumentId, Watched>,
    /// Rows that carry the venue's time, and the least of their latencies by venue, µs.
    pub stamped: u64,
    pub unstamped: u64,
}

fn name(place: &Place) -> String {
    format!("{}:{}", place.path.display(), place.line)
}

impl Check {
    /// Counts one.
    pub fn found(&mut self, fault: Fault, place: &Place, at: Nanos, what: String) {
        let faults = self.faults.entry(fault).or_default();
        faults.count += 1;
        if faults.first.len() < PLACES_MAX {
            faults.first.push(Found { place: name(place), at, what });
        }
    }

    /// Looks at a message, and takes out what is not to be kept.
    pub fn message(&mut self, rows: &mut Vec<Event>, place: &Place) {
        self.sense(rows, place);
        let Some(first) = rows.first().copied() else { return };
        let mut watched = self.watched.remove(&first.instrument).unwrap_or_default();
        if let Some(again) = duplicate(&mut watched, rows) {
            self.found(Fault::Duplicate, place, first.at, again);
            rows.clear();
        } else {
            self.clock(&mut watched, &first, place);
            self.book(&mut watched, rows, place);
        }
        self.watched.insert(first.instrument, watched);
    }

    fn sense(&mut self, rows: &mut Vec<Event>, place: &Place) {
        let before = rows.len();
        let crossed = |row: &Event| row.kind == kind::BEST && row.payload[0] >= row.payload[2];
        let senseless = rows.iter().find(|row| row.body().is_none()).copied();
        let Some(one) = senseless else { return };
        let flags = rows.first().map_or(0, |row| row.flags & (flag::FIRST | flag::SNAPSHOT));
        rows.retain(|row| row.body().is_some());
        if let Some(first) = rows.first_mut() {
            first.flags |= flags;
        }
        if let Some(last) = rows.last_mut() {
            last.flags |= flag::LAST;
        }
        if crossed(&one) {
            let [bid, _, ask, _] = one.payload;
            let what = format!("best bid {bid} ticks, best ask {ask}; left out");
            return self.found(Fault::Crossed, place, one.at, what);
        }
        let what =
            format!("{} rows of kind {}, words {:?}", before - rows.len(), one.kind, one.payload);
        self.found(Fault::Senseless, place, one.at, what);
    }

    fn clock(&mut self, watched: &mut Watched, row: &Event, place: &Place) {
        if row.venue_delta_us == 0 {
            self.unstamped += 1;
            return;
        }
        self.stamped += 1;
        if row.has(flag::SNAPSHOT) {
            // A whole book is as old as its making and its way together.
            return;
        }
        let latency = row.read_at().0 as i64 - venue_at(row).0 as i64;
        let text = |ns: i64| format!("{} ms", ns / 1_000_000);
        if latency < 0 {
            let what = format!("received {} before it happened", text(-latency));
            self.found(Fault::NegativeLatency, place, row.at, what);
        }
        let before = watched.latency.replace(latency);
        if let Some(before) = before.filter(|before| (latency - before).abs() > JUMP) {
            let what = format!("latency goes from {} to {}", text(before), text(latency));
            self.found(Fault::ClockJump, place, row.at, what);
        }
    }

    fn book(&mut self, watched: &mut Watched, rows: &[Event], place: &Place) {
        for row in rows {
            match row.body() {
                Some(Body::Level { side, price, qty }) => {
                    if row.has(flag::FIRST) {
                        watched.sides = Default::default();
                        watched.began = true;
                    }
                    let levels = &mut watched.sides[side.index()];
                    match qty.0 {
                        0 => levels.remove(&price),
                        _ => levels.insert(price, qty),
                    };
                }
                Some(Body::Gap { reason, .. }) => {
                    watched.sides = Default::default();
                    watched.is_crossed = false;
                    // Another session may count its trades anew.
                    watched.ids.clear();
                    let what = format!("the book breaks: {reason:?}").to_lowercase();
                    self.found(Fault::Gap, place, row.at, what);
                }
                _ => {}
            }
        }
        let Some(last) = rows.last().filter(|row| row.kind == kind::LEVEL) else { return };
        if !std::mem::replace(&mut watched.began, true) {
            let what = "levels before the first whole book".to_owned();
            self.found(Fault::Gap, place, last.at, what);
        }
        let bid = watched.sides[Side::Buy.index()].last_key_value();
        let ask = watched.sides[Side::Sell.index()].first_key_value();
        let crossed = bid.zip(ask).filter(|((bid, _), (ask, _))| bid >= ask);
        let was = std::mem::replace(&mut watched.is_crossed, crossed.is_some());
        if let Some(((bid, _), (ask, _))) = crossed.filter(|_| !was) {
            let what = format!("best bid {} ticks, best ask {}", bid.0, ask.0);
            self.found(Fault::Crossed, place, last.at, what);
        }
    }
}

/// What comes again, if this message does: a trade's id, or the whole message.
fn duplicate(watched: &mut Watched, rows: &[Event]) -> Option<String> {
    let first = rows.first()?;
    if first.kind == kind::TRADE && first.id == first.at.0 {
        // Without a number of its own: two that are alike may well be two.
        return None;
    }
    if first.kind == kind::TRADE {
        if !watched.ids.insert(first.id) {
            return Some(format!("trade {} again", first.id));
        }
        if watched.ids.len() > IDS_MAX {
            watched.ids.pop_first();
        }
        return None;
    }
    let last = watched.last.entry(first.kind).or_default();
    if first.kind != kind::GAP && last == rows {
        return Some(format!("the message of {} rows above again", rows.len()));
    }
    last.clear();
    last.extend_from_slice(rows);
    None
}
