//! Recorded real streams through decoder and sequence, compared with a book that serde_json and a
//! `BTreeMap` build. Skipped, and said so, where the recordings are not at hand.
#![allow(clippy::unwrap_used, clippy::panic)]

use engine::event::{Body, Event, flag};
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::num::Grid;
use engine::time::Nanos;
use feeds::binance::{Decoder, Flavour, Sizes};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::{Message, Ways};
use feeds::sequence::{Loaded, Sequence, SequenceLimits, Taken};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

type Side2 = [BTreeMap<i64, i64>; 2];

fn lines(file: &str) -> Option<impl Iterator<Item = (u64, String)>> {
    let path = format!("{}/../../shared/data/{file}", env!("CARGO_MANIFEST_DIR"));
    let Ok(file) = std::fs::File::open(&path) else {
        println!("skipped: no recording at ../shared/data/{file}");
        return None;
    };
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    Some(lines.map(|line| {
        let line = line.unwrap();
        let (time, frame) = line.split_once(' ').unwrap();
        (time.parse().unwrap(), frame.to_string())
    }))
}

/// What rows say, applied the simplest way.
#[derive(Default)]
struct Book {
    sides: Side2,
    whole: bool,
    gaps: u64,
}

impl Book {
    fn apply(&mut self, row: &Event) {
        match row.body() {
            Some(Body::Gap { .. }) => {
                self.whole = false;
                self.gaps += 1;
            }
            Some(Body::Level { side, price, qty }) => {
                if row.has(flag::FIRST) {
                    self.sides = Side2::default();
                    self.whole = true;
                }
                let side = &mut self.sides[side.index()];
                match qty.0 {
                    0 => side.remove(&price.0),
                    qty => side.insert(price.0, qty),
                };
            }
            _ => {}
        }
    }
}

/// The venue's own rule with text and serde_json alone.
#[derive(Default)]
struct Naive {
    sides: [BTreeMap<String, String>; 2],
    held: Vec<Value>,
    last: Option<u64>,
}

impl Naive {
    fn levels(&mut self, levels: &Value, side: usize) {
        for level in levels.as_array().unwrap() {
            let [price, qty] = [0, 1].map(|place| level[place].as_str().unwrap().to_string());
            if qty.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
                self.sides[side].remove(&price);
            } else {
                self.sides[side].insert(price, qty);
            }
        }
    }

    fn diff(&mut self, data: Value) {
        match self.last {
            None => self.held.push(data),
            Some(last) if data["u"].as_u64().unwrap() > last => {
                self.levels(&data["b"], 0);
                self.levels(&data["a"], 1);
                self.last = data["u"].as_u64();
            }
            Some(_) => {}
        }
    }

    fn frame(&mut self, text: &str) {
        let mut frame: Value = serde_json::from_str(text).unwrap();
        if let Some(last) = frame["lastUpdateId"].as_u64() {
            self.levels(&frame["bids"], 0);
            self.levels(&frame["asks"], 1);
            self.last = Some(last);
            let held = std::mem::take(&mut self.held);
            held.into_iter().for_each(|data| self.diff(data));
        } else if frame["data"]["e"] == "depthUpdate" {
            self.diff(frame["data"].take());
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whole lots of a text, a remainder cut off, but never all of it.
fn lots(instrument: &Instrument, text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap();
    let (cut, _) = fraction.split_at(fraction.len().min(instrument.lot.decimals.into()));
    instrument.qty(format!("{whole}.{cut}").as_bytes()).unwrap().0.max(1)
}

struct Recording {
    file: &'static str,
    symbol: &'static str,
    flavour: Flavour,
    grids: (&'static str, &'static str),
    /// bookTickers, diffs and trades in it.
    frames: [u64; 3],
}

fn decoder_of(recording: &Recording, instrument: Instrument) -> Decoder {
    Decoder::new(recording.flavour, &[instrument], Sizes::default())
}

/// Says what was in a recording, and how it was read.
fn told(file: &str, [best, diffs, trades]: [u64; 3], (gaps, ways): (u64, Ways)) {
    println!("{file}: {best} best prices, {diffs} diffs, {trades} trades; {gaps} gaps");
    println!("{file}: {ways:?} of {} frames were unusual", best + diffs + trades);
}

fn run(recording: &Recording) {
    let Some(lines) = lines(recording.file) else { return };
    let grid = |text: &str| Grid::from_step(text.as_bytes()).unwrap();
    let grids = (grid(recording.grids.0), grid(recording.grids.1));
    let (symbol, assets) = (Symbol::new(recording.symbol).unwrap(), (AssetId(0), AssetId(1)));
    let instrument = Instrument::new(InstrumentId(0), symbol, assets, grids);
    let mut venue = decoder_of(recording, instrument);
    let mut general = decoder_of(recording, instrument);
    let mut sequence = Sequence::new(InstrumentId(0), SequenceLimits::default());
    sequence.start();
    let (mut book, mut naive, mut seen) = (Book::default(), Naive::default(), [0; 3]);
    let (mut rows, mut last_trade) = (Vec::new(), 0);
    for (at, text) in lines {
        let at = Nanos(at);
        naive.frame(&text);
        if text.starts_with("{\"lastUpdateId\"") {
            let snapshot = venue.snapshot(0, &mut text.into_bytes(), at).unwrap();
            let loaded = sequence.on_snapshot(snapshot.last, snapshot.rows, &mut rows);
            assert_eq!(loaded, Loaded::Base);
        } else {
            let len = text.len();
            let mut bytes = text.into_bytes();
            bytes.resize(len + SPARE, 0);
            let mut copy = bytes.clone();
            let frame = Payload::new(&mut copy, len).unwrap();
            let expect = general.decode_any(frame, at, |_, _| true).unwrap();
            let frame = Payload::new(&mut bytes, len).unwrap();
            let message = venue.decode(frame, at, |_, _| true).unwrap();
            assert_eq!(message, expect, "both readers of {text}", text = text_of(&copy));
            match message {
                Message::Best(row) => {
                    assert!(matches!(row.body(), Some(Body::Best { .. })));
                    seen[0] += 1;
                }
                Message::Depth { head, rows: levels, .. } => {
                    let taken = sequence.on_diff(head, levels, &mut rows);
                    assert!(!matches!(taken, Taken::Gap | Taken::Full | Taken::Crowded));
                    seen[1] += 1;
                }
                Message::Trade(row) => {
                    assert!(matches!(row.body(), Some(Body::Trade { .. })) && row.id > last_trade);
                    last_trade = row.id;
                    seen[2] += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        for row in rows.drain(..) {
            assert!(row.body().is_some());
            book.apply(&row);
        }
    }
    let ways = venue.ways();
    told(recording.file, seen, (book.gaps, ways));
    let unusual = ways.plain + ways.general;
    assert!(unusual * 50 < seen.iter().sum(), "{ways:?}: too many frames are not read fast");
    assert_eq!((seen, book.gaps, book.whole), (recording.frames, 0, true));
    assert_eq!(sequence.book_id(), naive.last);
    for side in Side::BOTH {
        let expect: BTreeMap<i64, i64> = naive.sides[side.index()]
            .iter()
            .map(|(price, qty)| {
                let price = instrument.price(price.as_bytes()).unwrap().0;
                (price, lots(&instrument, qty))
            })
            .collect();
        assert!(!expect.is_empty());
        assert_eq!(book.sides[side.index()], expect, "{side:?}");
    }
}

#[test]
fn spot_btcusdt_is_read_whole() {
    run(&Recording {
        file: "spot/btcusdt_20240808.gz",
        symbol: "BTCUSDT",
        flavour: Flavour::Spot,
        grids: ("0.01", "0.00001"),
        frames: [28_040, 3_451, 9_757],
    });
}

#[test]
fn usdm_btcusdt_is_read_whole() {
    run(&Recording {
        file: "usdm/btcusdt_20240808.gz",
        symbol: "BTCUSDT",
        flavour: Flavour::Usdm,
        grids: ("0.10", "0.001"),
        frames: [66_089, 6_551, 21_313],
    });
}

#[test]
fn usdm_ethusdt_is_read_whole() {
    run(&Recording {
        file: "usdm/ethusdt_20240808.gz",
        symbol: "ETHUSDT",
        flavour: Flavour::Usdm,
        grids: ("0.01", "0.001"),
        frames: [53_992, 6_586, 14_076],
    });
}
