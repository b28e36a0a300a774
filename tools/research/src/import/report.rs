//! What an import came to: what is on the tape, and what was wrong on the way.

use super::check::{Fault, Faults};
use crate::tape::Listed;
use engine::event::{Event, flag, kind};
use engine::id::InstrumentId;
use engine::time::Nanos;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What an import came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The tape.
    pub out: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// Its instruments.
    pub instruments: Vec<Listed>,
    /// Its rows.
    pub rows: u64,
    /// Messages that they are of.
    pub messages: u64,
    /// Rows by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Times of the first and the last row.
    pub span: Option<(Nanos, Nanos)>,
    /// Faults, by kind.
    pub faults: BTreeMap<Fault, Faults>,
    /// Messages with a time of the venue, and without.
    pub stamped: u64,
    /// Messages without a time of the venue.
    pub unstamped: u64,
    /// The least latency of each instrument, µs, as it is on the tape.
    pub latencies: BTreeMap<InstrumentId, i64>,
    /// What was added to latencies, µs.
    pub shift_us: Vec<(InstrumentId, i64)>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// Names of the kinds that a tape has.
const KINDS: [(u8, &str); 9] = [
    (kind::LEVEL, "levels"),
    (kind::BEST, "best_prices"),
    (kind::TRADE, "trades"),
    (kind::GAP, "gaps"),
    (kind::STATUS, "status"),
    (kind::FILTERS, "filters"),
    (kind::MARK, "marks"),
    (kind::FUNDING_RATE, "funding_rates"),
    (kind::LIQUIDATION, "liquidations"),
];

impl Report {
    pub(super) fn latency(&mut self, row: &Event) {
        if row.venue_delta_us != 0 && !row.has(flag::SNAPSHOT) {
            let us = i64::from(row.venue_delta_us);
            let least = self.latencies.entry(row.instrument).or_insert(us);
            *least = us.min(*least);
        }
    }

    pub(super) fn message(&mut self, rows: &[Event]) {
        self.messages += 1;
        self.rows += rows.len() as u64;
        for row in rows {
            let name = KINDS.iter().find(|(kind, _)| *kind == row.kind).map(|(_, name)| *name);
            *self.kinds.entry(name.unwrap_or("others")).or_default() += 1;
        }
    }

    /// How often a fault was found.
    pub fn count(&self, fault: Fault) -> u64 {
        self.faults.get(&fault).map_or(0, |faults| faults.count)
    }

    fn name(&self, id: InstrumentId) -> &str {
        let found = self.instruments.iter().find(|listed| listed.instrument.id == id);
        found.map_or("?", |listed| listed.name.as_str())
    }

    /// As one JSON object; every kind of fault is there, with its count.
    pub fn json(&self) -> Value {
        let faults = Fault::ALL.iter().map(|(fault, name)| {
            let none = Faults::default();
            ((*name).to_owned(), self.faults.get(fault).unwrap_or(&none).json())
        });
        let faults: serde_json::Map<String, Value> = faults.collect();
        let instruments = self.instruments.iter().map(|listed| {
            let one = &listed.instrument;
            json!({
                "name": listed.name,
                "base": listed.base,
                "quote": listed.quote,
                "tick": one.tick.decimal(1).to_string(),
                "lot": one.lot.decimal(1).to_string(),
                "kind": format!("{:?}", one.kind).to_lowercase(),
                "least_latency_us": self.latencies.get(&one.id),
                "shift_us": self.shift_us.iter().find(|(id, _)| *id == one.id).map(|(_, us)| us),
            })
        });
        json!({
            "out": self.out,
            "bytes": self.bytes,
            "rows": self.rows,
            "messages": self.messages,
            "kinds": self.kinds,
            "from_ns": self.span.map(|(first, _)| first.0),
            "to_ns": self.span.map(|(_, last)| last.0),
            "instruments": instruments.collect::<Vec<_>>(),
            "faults": faults,
            "stamped": self.stamped,
            "unstamped": self.unstamped,
            "notes": self.notes,
        })
    }

    /// As text: a table of faults with the places of the first ones, then what else is to be
    /// known.
    pub fn text(&self) -> String {
        let mib = self.bytes as f64 / f64::from(1 << 20);
        let mut text = format!("{}: {} rows, {mib:.1} MiB\n", self.out.display(), self.rows);
        if let Some((first, last)) = self.span {
            let seconds = last.since(first).as_s_f64();
            text += &format!("  from {} ns on, {seconds:.1} s\n", first.0);
        }
        let kinds: Vec<String> =
            self.kinds.iter().map(|(name, count)| format!("{count} {name}")).collect();
        text += &format!("  {}\n", kinds.join(", "));
        for listed in &self.instruments {
            let one = &listed.instrument;
            let (tick, lot) = (one.tick.decimal(1), one.lot.decimal(1));
            text += &format!("  {}: tick {tick}, lot {lot}", listed.name);
            if let Some(us) = self.latencies.get(&one.id) {
                text += &format!(", least latency {us} µs");
            }
            text += "\n";
        }
        text += "\n  fault              count  first at\n";
        for (fault, name) in Fault::ALL {
            let faults = self.faults.get(&fault).cloned().unwrap_or_default();
            let first = faults.first.first();
            let place = first.map_or(String::new(), |one| format!("{}: {}", one.place, one.what));
            text += format!("  {name:<17} {:>6}  {place}", faults.count).trim_end();
            text += "\n";
            for one in faults.first.iter().skip(1) {
                text += &format!("  {:<17} {:>6}  {}: {}\n", "", "", one.place, one.what);
            }
        }
        for (id, us) in &self.shift_us {
            let name = self.name(*id);
            text += &format!("\n  {name}: the venue's times were moved: latency {us:+} µs");
        }
        for note in &self.notes {
            text += &format!("\n  {note}");
        }
        text
    }
}
