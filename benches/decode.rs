//! Bytes of one message to event rows: our decoder beside typed JSON libraries and simd-json's
//! tape. Each rival has to deliver the same: prices and quantities as ticks and lots, in rows.

use benches::corpus::{self, Arena, Market};
use benches::stage::{Bar, Contestant, Stage};
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Price, Qty};
use engine::time::Nanos;
use feeds::binance::{Decoder, Flavour, Sizes};
use feeds::net::Payload;
use feeds::protocol::Message;
use serde::Deserialize;
use simd_json::Tape;
use simd_json::prelude::*;
use std::hint::black_box;

const MESSAGES: usize = 256;
const AT: Nanos = Nanos(1_723_161_254_087_891_268);

#[derive(Deserialize)]
struct Wrapped<T> {
    data: T,
}

#[derive(Deserialize)]
struct BookTicker<'a> {
    u: u64,
    s: &'a str,
    b: &'a str,
    #[serde(rename = "B")]
    bid_qty: &'a str,
    a: &'a str,
    #[serde(rename = "A")]
    ask_qty: &'a str,
    #[serde(default, rename = "E")]
    time: u64,
}

#[derive(Deserialize)]
struct Trade<'a> {
    s: &'a str,
    t: u64,
    p: &'a str,
    q: &'a str,
    m: bool,
    #[serde(rename = "E")]
    time: u64,
}

#[derive(Deserialize)]
struct Depth<'a> {
    s: &'a str,
    #[serde(rename = "E")]
    time: u64,
    #[serde(rename = "U")]
    first: u64,
    u: u64,
    #[serde(borrow)]
    b: Vec<(&'a str, &'a str)>,
    #[serde(borrow)]
    a: Vec<(&'a str, &'a str)>,
}

/// A typed message that becomes rows.
trait Rows<'a>: Deserialize<'a> {
    /// False where a number is not on the grid or the symbol is another one.
    fn rows(&self, instrument: &Instrument, rows: &mut Vec<Event>) -> Option<()>;
}

fn known(symbol: &str, instrument: &Instrument) -> Option<()> {
    (symbol.as_bytes() == instrument.symbol.as_bytes()).then_some(())
}

fn price(text: &str, instrument: &Instrument) -> Option<Price> {
    instrument.price(text.as_bytes()).ok()
}

fn qty(text: &str, instrument: &Instrument) -> Option<Qty> {
    instrument.qty(text.as_bytes()).ok()
}

fn venue_delta_us(time_ms: u64) -> i32 {
    if time_ms == 0 {
        return 0;
    }
    i32::try_from((AT.0 / 1_000) as i64 - time_ms as i64 * 1_000).unwrap_or(0)
}

impl<'a> Rows<'a> for BookTicker<'a> {
    fn rows(&self, instrument: &Instrument, rows: &mut Vec<Event>) -> Option<()> {
        known(self.s, instrument)?;
        let body = Body::Best {
            bid: price(self.b, instrument)?,
            bid_qty: qty(self.bid_qty, instrument)?,
            ask: price(self.a, instrument)?,
            ask_qty: qty(self.ask_qty, instrument)?,
        };
        let row = Event::new(AT, instrument.id, self.u, body).with(flag::LAST);
        rows.push(Event { venue_delta_us: venue_delta_us(self.time), ..row });
        Some(())
    }
}

impl<'a> Rows<'a> for Trade<'a> {
    fn rows(&self, instrument: &Instrument, rows: &mut Vec<Event>) -> Option<()> {
        known(self.s, instrument)?;
        let body = Body::Trade {
            price: price(self.p, instrument)?,
            qty: qty(self.q, instrument)?,
            taker: if self.m { Side::Sell } else { Side::Buy },
        };
        let row = Event::new(AT, instrument.id, self.t, body).with(flag::LAST);
        rows.push(Event { venue_delta_us: venue_delta_us(self.time), ..row });
        Some(())
    }
}

impl<'a> Rows<'a> for Depth<'a> {
    fn rows(&self, instrument: &Instrument, rows: &mut Vec<Event>) -> Option<()> {
        known(self.s, instrument)?;
        black_box(self.first);
        let venue_delta_us = venue_delta_us(self.time);
        for (side, levels) in [(Side::Buy, &self.b), (Side::Sell, &self.a)] {
            for level in levels {
                let price = price(level.0, instrument)?;
                let qty = qty(level.1, instrument)?;
                let body = Body::Level { side, price, qty };
                let row = Event::new(AT, instrument.id, self.u, body);
                rows.push(Event { venue_delta_us, ..row });
            }
        }
        if let Some(row) = rows.last_mut() {
            *row = row.with(flag::LAST);
        }
        Some(())
    }
}

/// Ours, with the venue's flavour.
fn ours<'a>(messages: &Arena, (instrument, flavour): (Instrument, Flavour)) -> Contestant<'a> {
    let state = (messages.clone(), decoder(instrument, flavour));
    Contestant::with(
        "ours",
        state,
        |(messages, _)| messages.restore(),
        |(messages, decoder)| {
            messages.each(|bytes, len| {
                let Some(payload) = Payload::new(bytes, len) else { return };
                let _ = black_box(decoder.decode(payload, AT, |_, _| true));
            });
        },
    )
}

fn decoder(instrument: Instrument, flavour: Flavour) -> Decoder {
    Decoder::new(flavour, &[instrument], Sizes::default())
}

/// simd-json with its buffers reused: typed, or its tape alone with the fields picked from it.
fn simd<'a, T>(name: &'static str, messages: &Arena, instrument: Instrument) -> Contestant<'a>
where
    T: Kind + 'a,
{
    let state = (messages.clone(), simd_json::Buffers::new(4096), Vec::with_capacity(1024));
    Contestant::with(
        name,
        state,
        |(messages, ..)| messages.restore(),
        move |(messages, buffers, rows)| {
            messages.each(|bytes, len| {
                let typed: Result<Wrapped<T::Of<'_>>, _> =
                    simd_json::serde::from_slice_with_buffers(&mut bytes[..len], buffers);
                if let Ok(typed) = typed {
                    rows.clear();
                    let _ = black_box(typed.data.rows(&instrument, rows));
                }
            });
        },
    )
}

/// simd-json's tape, in the buffer with spare bytes that it reads fastest from, and the message's
/// fields picked from it.
fn tape<'a, T>(messages: &Arena, instrument: Instrument) -> Contestant<'a>
where
    T: Kind + 'a,
{
    let buffers = (simd_json::Buffers::new(4096), Tape(Vec::new()));
    let state = (messages.clone(), buffers, Vec::with_capacity(1024));
    Contestant::with(
        "simd-json tape",
        state,
        |(messages, ..)| messages.restore(),
        move |(messages, (buffers, kept), rows)| {
            messages.each(|bytes, len| {
                let mut tape = std::mem::replace(kept, Tape(Vec::new())).reset();
                if simd_json::fill_tape_padded(bytes, len, buffers, &mut tape).is_ok() {
                    rows.clear();
                    let _ = black_box(picked::<T>(&tape, &instrument, rows));
                }
                *kept = tape.reset();
            });
        },
    )
}

/// The rows of the message on the tape.
fn picked<T: Kind>(tape: &Tape<'_>, instrument: &Instrument, rows: &mut Vec<Event>) -> Option<()> {
    let root = tape.as_value().as_object()?;
    let data = root.get("data")?;
    T::pick(data.as_object()?)?.rows(instrument, rows)
}

/// A library that reads from bytes that it leaves as they are.
fn reading<'a, T>(
    name: &'static str,
    messages: &Arena,
    instrument: Instrument,
    read: impl for<'m> Fn(&'m [u8]) -> Option<Wrapped<T::Of<'m>>> + 'a,
) -> Contestant<'a>
where
    T: Kind + 'a,
{
    let state = (messages.clone(), Vec::with_capacity(1024));
    Contestant::with(
        name,
        state,
        |(messages, _)| messages.restore(),
        move |(messages, rows)| {
            messages.each(|bytes, len| {
                if let Some(typed) = read(&bytes[..len]) {
                    rows.clear();
                    let _ = black_box(typed.data.rows(&instrument, rows));
                }
            });
        },
    )
}

/// The kinds of message, so that a contestant can be made for each lifetime of it.
trait Kind {
    type Of<'a>: Rows<'a>;
    /// From a tape.
    fn pick<'t, 'i>(data: Object<'t, 'i>) -> Option<Self::Of<'t>>
    where
        'i: 't;
}

type Object<'t, 'i> = simd_json::tape::Object<'t, 'i>;

fn text<'t, 'i: 't>(data: &Object<'t, 'i>, key: &str) -> Option<&'t str> {
    data.get(key)?.into_string()
}

fn integer(data: &Object<'_, '_>, key: &str) -> Option<u64> {
    data.get(key)?.as_u64()
}

struct Best;
impl Kind for Best {
    type Of<'a> = BookTicker<'a>;
    fn pick<'t, 'i: 't>(data: Object<'t, 'i>) -> Option<BookTicker<'t>> {
        Some(BookTicker {
            u: integer(&data, "u")?,
            s: text(&data, "s")?,
            b: text(&data, "b")?,
            bid_qty: text(&data, "B")?,
            a: text(&data, "a")?,
            ask_qty: text(&data, "A")?,
            time: integer(&data, "E").unwrap_or(0),
        })
    }
}
struct Print;
impl Kind for Print {
    type Of<'a> = Trade<'a>;
    fn pick<'t, 'i: 't>(data: Object<'t, 'i>) -> Option<Trade<'t>> {
        Some(Trade {
            s: text(&data, "s")?,
            t: integer(&data, "t")?,
            p: text(&data, "p")?,
            q: text(&data, "q")?,
            m: data.get("m")?.as_bool()?,
            time: integer(&data, "E")?,
        })
    }
}
struct Diff;
impl Kind for Diff {
    type Of<'a> = Depth<'a>;
    fn pick<'t, 'i: 't>(data: Object<'t, 'i>) -> Option<Depth<'t>> {
        let levels = |key: &str| -> Option<Vec<(&'t str, &'t str)>> {
            let level = |level: simd_json::tape::Value<'t, 'i>| {
                let level = level.as_array()?;
                Some((level.get(0)?.into_string()?, level.get(1)?.into_string()?))
            };
            data.get(key)?.as_array()?.iter().map(level).collect()
        };
        Some(Depth {
            s: text(&data, "s")?,
            time: integer(&data, "E")?,
            first: integer(&data, "U")?,
            u: integer(&data, "u")?,
            b: levels("b")?,
            a: levels("a")?,
        })
    }
}

/// What a race is about.
struct Course<'a> {
    title: &'a str,
    market: (Instrument, Flavour),
    bar: Bar,
}

const fn course(title: &str, market: (Instrument, Flavour), bar: Bar) -> Course<'_> {
    Course { title, market, bar }
}

fn race<T: Kind + 'static>(stage: &mut Stage, course: Course<'_>, messages: &[Vec<u8>]) {
    let Course { title, market: (instrument, flavour), bar } = course;
    if messages.is_empty() {
        return;
    }
    let on_grid = messages.iter().filter(|message| readable::<T>(message, &instrument)).cloned();
    let arena = Arena::new(&on_grid.collect::<Vec<_>>());
    if arena.len() < messages.len() {
        let (raced, all) = (arena.len(), messages.len());
        println!("{title}: {raced} of {all} messages, in the rest are quantities off the lot grid");
    }
    check::<T>(title, arena.clone(), (instrument, flavour));
    let all = vec![
        ours(&arena, (instrument, flavour)),
        tape::<T>(&arena, instrument),
        simd::<T>("simd-json typed", &arena, instrument),
        reading::<T>("sonic-rs typed", &arena, instrument, |b| sonic_rs::from_slice(b).ok()),
        reading::<T>("serde_json", &arena, instrument, |b| serde_json::from_slice(b).ok()),
    ];
    stage.duel(title, bar, arena.len(), all);
}

/// Whether the rivals can read it: unlike ours, they know no quantity finer than the lot.
fn readable<T: Kind>(message: &[u8], instrument: &Instrument) -> bool {
    let typed: Option<Wrapped<T::Of<'_>>> = serde_json::from_slice(message).ok();
    typed.and_then(|typed| typed.data.rows(instrument, &mut Vec::new())).is_some()
}

/// A race is between equals: ours and the rivals read the same rows from every message.
fn check<T: Kind>(title: &str, mut messages: Arena, (instrument, flavour): (Instrument, Flavour)) {
    let mut decoder = decoder(instrument, flavour);
    messages.each(|bytes, len| {
        let typed: Option<Wrapped<T::Of<'_>>> = serde_json::from_slice(&bytes[..len]).ok();
        let mut theirs = Vec::new();
        let read = typed.and_then(|typed| typed.data.rows(&instrument, &mut theirs));
        assert!(read.is_some(), "{title}: the rival cannot read a message");
        let decoded =
            Payload::new(bytes, len).map(|payload| decoder.decode(payload, AT, |_, _| true));
        let ours = match decoded {
            Some(Ok(Message::Best(row) | Message::Trade(row))) => vec![row],
            Some(Ok(Message::Depth { rows, .. })) => rows.to_vec(),
            other => {
                assert!(other.is_none(), "{title}: ours reads {other:?}");
                Vec::new()
            }
        };
        assert_eq!(ours, theirs, "{title}: ours and the rival's");
        let (mut buffers, mut tape) = (simd_json::Buffers::new(4096), Tape(Vec::new()));
        let filled = simd_json::fill_tape_padded(bytes, len, &mut buffers, &mut tape);
        let mut theirs = Vec::new();
        let read = filled.ok().and_then(|()| picked::<T>(&tape, &instrument, &mut theirs));
        assert!(read.is_some() && ours == theirs, "{title}: ours and the tape's");
    });
}

/// Of small messages.
fn message_bar() -> Bar {
    let [serde, tape, sonic] =
        [(8.0, "serde_json"), (6.0, "simd-json tape"), (5.0, "sonic-rs typed")];
    Bar::All([serde, tape, sonic].map(|(times, rival)| Bar::times(times, rival)).to_vec())
}

/// Of diffs.
fn diff_bar() -> Bar {
    Bar::All(vec![Bar::times(8.0, "serde_json"), Bar::times(5.0, "sonic-rs typed")])
}

fn generated(stage: &mut Stage) {
    let mut market = Market::new(1);
    let made = |mut make: Box<dyn FnMut() -> Vec<u8> + '_>| -> Vec<Vec<u8>> {
        (0..MESSAGES).map(|_| make()).collect()
    };
    let spot = (corpus::spot(), Flavour::Spot);
    let tickers = made(Box::new(|| market.book_ticker()));
    race::<Best>(stage, course("bookTicker", spot, message_bar()), &tickers);
    let trades = made(Box::new(|| market.trade()));
    race::<Print>(stage, course("trade", spot, message_bar()), &trades);
    for levels in [5, 20, 100] {
        let depths = made(Box::new(|| market.depth(levels)));
        let title = format!("depth of {levels} levels");
        race::<Diff>(stage, course(&title, spot, diff_bar()), &depths);
    }
}

fn recorded(stage: &mut Stage, name: &str, market: (Instrument, Flavour), suffix: &str) {
    let recorded = corpus::recording(name);
    let picked = |text| corpus::pick(&recorded, text, MESSAGES);
    let title = |kind: &str| format!("{kind}, {suffix}");
    let (best, trade, depth) = (title("bookTicker"), title("trade"), title("depth"));
    race::<Best>(stage, course(&best, market, message_bar()), &picked("@bookTicker"));
    race::<Print>(stage, course(&trade, market, message_bar()), &picked("@trade"));
    race::<Diff>(stage, course(&depth, market, diff_bar()), &picked("@depth"));
}

fn main() {
    let mut stage = Stage::new("decode");
    generated(&mut stage);
    let spot = (corpus::spot(), Flavour::Spot);
    recorded(&mut stage, "spot/btcusdt_20240808.gz", spot, "recorded");
    let usdm = (corpus::usdm(), Flavour::Usdm);
    recorded(&mut stage, "usdm/btcusdt_20240808.gz", usdm, "recorded USDⓈ-M");
    stage.finish();
}
