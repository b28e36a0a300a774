//! Level rows to a book and its best prices: ours beside two `BTreeMap`s, on the recorded USDⓈ-M
//! stream and on a generated one. Both judge crossing after each whole message, and at the end they
//! must hold the same levels.

use benches::corpus::{self, Walk};
use benches::stage::{Bar, Contestant, Stage};
use engine::book::Book;
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Price, Qty};
use engine::time::Nanos;
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig, Flavour};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::{Message, Protocol};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;

/// Rows of one turn.
const CHUNK: usize = 4096;
const BAR: &str = "BTreeMap book";

/// The obvious book: one ordered map a side.
#[derive(Default)]
struct MapBook {
    bids: BTreeMap<Price, Qty>,
    asks: BTreeMap<Price, Qty>,
    crossed: bool,
}

impl MapBook {
    fn apply(&mut self, event: &Event) {
        if event.has(flag::FIRST | flag::SNAPSHOT) {
            self.bids.clear();
            self.asks.clear();
        }
        let Some(Body::Level { side, price, qty }) = event.body() else { return };
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if qty.0 == 0 {
            levels.remove(&price);
        } else {
            levels.insert(price, qty);
        }
        if event.has(flag::LAST) {
            self.crossed = match self.touch() {
                Some(((bid, _), (ask, _))) => bid >= ask,
                None => false,
            };
        }
    }

    fn touch(&self) -> Option<((Price, Qty), (Price, Qty))> {
        let bid = self.bids.last_key_value()?;
        let ask = self.asks.first_key_value()?;
        Some(((*bid.0, *bid.1), (*ask.0, *ask.1)))
    }
}

/// Rows of a snapshot and of the diffs behind it, in order.
struct Stream {
    rows: Vec<Event>,
}

impl Stream {
    /// From messages and the answers of REST among them; diffs older than the snapshot are left
    /// out.
    fn read(messages: &[Vec<u8>], instrument: Instrument, flavour: Flavour) -> Self {
        let mut config = BinanceSpotConfig::new("wss://host", "https://host", vec![instrument]);
        config.flavour = flavour;
        let mut protocol = BinanceSpot::new(&config);
        let is_answer = |message: &&Vec<u8>| message.starts_with(b"{\"lastUpdateId\"");
        let mut rows = Vec::new();
        let mut newest = 0;
        if let Some(answer) = messages.iter().find(is_answer)
            && let Ok(snapshot) = protocol.on_snapshot(0, &mut answer.clone(), Nanos(1))
        {
            newest = snapshot.last;
            rows.extend_from_slice(snapshot.rows);
        }
        for message in messages.iter().filter(|message| !is_answer(message)) {
            let mut bytes = message.clone();
            bytes.resize(message.len() + SPARE, 0);
            let Some(payload) = Payload::new(&mut bytes, message.len()) else { continue };
            let decoded = protocol.decoder().decode(payload, Nanos(1), |_, _| true);
            if let Ok(Message::Depth { head, rows: levels, .. }) = decoded
                && head.last > newest
            {
                rows.extend_from_slice(levels);
            }
        }
        Self { rows }
    }
}

/// Reads a stream in turns, over and over.
struct Reader<'a, B> {
    book: B,
    rows: &'a [Event],
    at: usize,
    /// The rows before this are the snapshot.
    snapshot: usize,
}

impl<'a, B> Reader<'a, B> {
    fn new(book: B, rows: &'a [Event]) -> Self {
        let snapshot = rows.iter().take_while(|row| row.has(flag::SNAPSHOT)).count();
        Self { book, rows, at: rows.len(), snapshot }
    }

    /// Makes sure that a whole turn follows; the snapshot is applied outside of turns.
    fn rewind(&mut self, mut apply: impl FnMut(&mut B, &Event)) {
        if self.at + CHUNK > self.rows.len() {
            for row in &self.rows[..self.snapshot] {
                apply(&mut self.book, row);
            }
            self.at = self.snapshot;
        }
    }

    fn turn(&mut self, mut apply: impl FnMut(&mut B, &Event)) {
        for row in &self.rows[self.at..self.at + CHUNK] {
            apply(&mut self.book, row);
        }
        self.at += CHUNK;
    }
}

fn ours(book: &mut Book, event: &Event) {
    book.apply(event);
    if event.has(flag::LAST) {
        black_box(book.touch());
    }
}

fn maps(book: &mut MapBook, event: &Event) {
    book.apply(event);
    if event.has(flag::LAST) {
        black_box(book.touch());
    }
}

fn race(stage: &mut Stage, (title, bar): (&str, Bar), stream: &Stream) {
    if stream.rows.len() < 4 * CHUNK {
        return;
    }
    check(title, stream);
    let (mine, theirs) = (
        RefCell::new(Reader::new(Book::new(), &stream.rows)),
        RefCell::new(Reader::new(MapBook::default(), &stream.rows)),
    );
    let all = vec![
        Contestant::with(
            "ours",
            &mine,
            |reader| reader.borrow_mut().rewind(ours),
            |reader| reader.borrow_mut().turn(ours),
        ),
        Contestant::with(
            BAR,
            &theirs,
            |reader| reader.borrow_mut().rewind(maps),
            |reader| reader.borrow_mut().turn(maps),
        ),
    ];
    stage.duel(title, bar, CHUNK, all);
}

/// After each message both books have the same best prices, and at the end the same nearest levels.
fn check(title: &str, stream: &Stream) {
    let (mut mine, mut theirs) = (Book::new(), MapBook::default());
    let mut live = 0;
    for row in &stream.rows {
        mine.apply(row);
        theirs.apply(row);
        if row.has(flag::LAST) && mine.is_live() {
            live += 1;
            assert_eq!(mine.touch(), theirs.touch(), "{title}: best prices at {}", row.id);
        }
    }
    assert!(live > 1_000, "{title}: the book was live after {live} messages only");
    let nearest = |side| mine.levels(side).take(100).collect::<Vec<_>>();
    let bids: Vec<_> = theirs.bids.iter().rev().take(100).map(|(p, q)| (*p, *q)).collect();
    let asks: Vec<_> = theirs.asks.iter().take(100).map(|(p, q)| (*p, *q)).collect();
    assert_eq!(nearest(Side::Buy), bids, "{title}: bids");
    assert_eq!(nearest(Side::Sell), asks, "{title}: asks");
}

fn main() {
    let mut stage = Stage::new("book");
    for (name, instrument) in [
        ("usdm/btcusdt_20240808.gz", corpus::usdm()),
        ("usdm/ethusdt_20240808.gz", corpus::usdm_eth()),
    ] {
        let stream = Stream::read(&corpus::recording(name), instrument, Flavour::Usdm);
        let title = name.split('_').next().unwrap_or(name);
        race(&mut stage, (title, Bar::TimesFaster(3.0, BAR.to_owned())), &stream);
    }
    let mut walk = Walk::new(2);
    let mut messages = vec![walk.snapshot(1_000)];
    messages.extend((0..20_000).map(|_| walk.depth()));
    let stream = Stream::read(&messages, corpus::spot(), Flavour::Spot);
    // Few levels, close together: an easy stream for an ordered map, so the bar is not on it.
    race(&mut stage, ("generated", Bar::None), &stream);
    stage.finish();
}
