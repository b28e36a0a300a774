//! Bytes of one message to event rows: our decoder beside typed JSON libraries. Each rival has to
//! deliver the same: prices and quantities as ticks and lots. How long it takes for the text fields
//! alone, which is not yet a decoded message, is shown for simd-json too.

use benches::corpus::{self, Arena, Market};
use benches::stage::{Bar, Contestant, Stage};
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Price, Qty};
use engine::time::Nanos;
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::net::Payload;
use feeds::protocol::Message;
use serde::Deserialize;
use std::hint::black_box;

const MESSAGES: usize = 256;
const AT: Nanos = Nanos(1_723_161_254_087_891_268);
const BAR: &str = "simd-json typed to rows";

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
        rows.push(Event::new(AT, instrument.id, self.u, body).with(flag::LAST));
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

/// Ours.
fn ours<'a>(messages: &Arena, instrument: Instrument) -> Contestant<'a> {
    let config = BinanceSpotConfig::new("wss://host", "https://host", vec![instrument]);
    let state = (messages.clone(), BinanceSpot::new(&config));
    Contestant::with(
        "ours",
        state,
        |(messages, _)| messages.restore(),
        |(messages, protocol)| {
            messages.each(|bytes, len| {
                let Some(payload) = Payload::new(bytes, len) else { return };
                let _ = black_box(protocol.decoder().decode(payload, AT, |_, _| true));
            });
        },
    )
}

/// simd-json with its buffers reused, and what is done with the typed message.
fn simd<'a, T>(
    name: &'static str,
    messages: &Arena,
    mut done: impl for<'m> FnMut(T::Of<'m>) + 'a,
) -> Contestant<'a>
where
    T: Kind + 'a,
{
    let state = (messages.clone(), simd_json::Buffers::new(4096));
    Contestant::with(
        name,
        state,
        |(messages, _)| messages.restore(),
        move |(messages, buffers)| {
            messages.each(|bytes, len| {
                let typed: Result<Wrapped<T::Of<'_>>, _> =
                    simd_json::serde::from_slice_with_buffers(&mut bytes[..len], buffers);
                if let Ok(typed) = typed {
                    done(typed.data);
                }
            });
        },
    )
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
}

struct Best;
impl Kind for Best {
    type Of<'a> = BookTicker<'a>;
}
struct Print;
impl Kind for Print {
    type Of<'a> = Trade<'a>;
}
struct Diff;
impl Kind for Diff {
    type Of<'a> = Depth<'a>;
}

fn race<T: Kind + 'static>(stage: &mut Stage, title: &str, messages: &[Vec<u8>]) {
    if messages.is_empty() {
        return;
    }
    let instrument = corpus::spot();
    let on_grid = messages.iter().filter(|message| readable::<T>(message, &instrument)).cloned();
    let arena = Arena::new(&on_grid.collect::<Vec<_>>());
    if arena.len() < messages.len() {
        let (raced, all) = (arena.len(), messages.len());
        println!("{title}: {raced} of {all} messages, in the rest are quantities off the lot grid");
    }
    check::<T>(title, arena.clone(), instrument);
    let mut rows = Vec::with_capacity(1024);
    let all = vec![
        ours(&arena, instrument),
        simd::<T>(BAR, &arena, move |typed| {
            rows.clear();
            let _ = black_box(typed.rows(&instrument, &mut rows));
        }),
        simd::<T>("simd-json typed, text only", &arena, |typed| {
            black_box(&typed);
        }),
        reading::<T>("sonic-rs to rows", &arena, instrument, |b| sonic_rs::from_slice(b).ok()),
        reading::<T>("serde_json to rows", &arena, instrument, |b| serde_json::from_slice(b).ok()),
    ];
    stage.duel(title, Bar::TimesFaster(1.2, BAR.to_owned()), arena.len(), all);
}

/// Whether the rivals can read it: unlike ours, they know no quantity finer than the lot.
fn readable<T: Kind>(message: &[u8], instrument: &Instrument) -> bool {
    let typed: Option<Wrapped<T::Of<'_>>> = serde_json::from_slice(message).ok();
    typed.and_then(|typed| typed.data.rows(instrument, &mut Vec::new())).is_some()
}

/// A race is between equals: ours and a rival read the same rows from every message.
fn check<T: Kind>(title: &str, mut messages: Arena, instrument: Instrument) {
    let config = BinanceSpotConfig::new("wss://host", "https://host", vec![instrument]);
    let mut protocol = BinanceSpot::new(&config);
    messages.each(|bytes, len| {
        let typed: Option<Wrapped<T::Of<'_>>> = serde_json::from_slice(&bytes[..len]).ok();
        let mut theirs = Vec::new();
        let read = typed.and_then(|typed| typed.data.rows(&instrument, &mut theirs));
        assert!(read.is_some(), "{title}: the rival cannot read a message");
        let decoded = Payload::new(bytes, len)
            .map(|payload| protocol.decoder().decode(payload, AT, |_, _| true));
        let ours = match decoded {
            Some(Ok(Message::Best(row) | Message::Trade(row))) => vec![row],
            Some(Ok(Message::Depth { rows, .. })) => rows.to_vec(),
            other => {
                assert!(other.is_none(), "{title}: ours reads {other:?}");
                Vec::new()
            }
        };
        assert_eq!(ours, theirs, "{title}: ours and the rival's");
    });
}

fn main() {
    let mut stage = Stage::new("decode");
    let mut market = Market::new(1);
    let made = |mut make: Box<dyn FnMut() -> Vec<u8> + '_>| -> Vec<Vec<u8>> {
        (0..MESSAGES).map(|_| make()).collect()
    };
    let tickers = made(Box::new(|| market.book_ticker()));
    race::<Best>(&mut stage, "bookTicker", &tickers);
    let trades = made(Box::new(|| market.trade()));
    race::<Print>(&mut stage, "trade", &trades);
    let depths = made(Box::new(|| market.depth(20)));
    race::<Diff>(&mut stage, "depth of 20 levels", &depths);
    let recorded = corpus::recording("spot/btcusdt_20240808.gz");
    let tickers = corpus::pick(&recorded, "@bookTicker", MESSAGES);
    race::<Best>(&mut stage, "bookTicker, recorded", &tickers);
    let trades = corpus::pick(&recorded, "@trade", MESSAGES);
    race::<Print>(&mut stage, "trade, recorded", &trades);
    let depths = corpus::pick(&recorded, "@depth", MESSAGES);
    race::<Diff>(&mut stage, "depth, recorded", &depths);
    stage.finish();
}
