//! Updates of a book and its best prices on the recorded USDⓈ-M streams and on a generated one:
//! ours beside two `BTreeMap`s and the array book of `hftbacktest`.
//!
//! The races on updates ask for both best prices after each level. Those on rows are the whole book
//! as the engine drives it: rows of 64 bytes are decoded and crossing is judged after each message.
//! Before a turn is timed every book takes some rows, so that it is as warm as one that is alone.

use benches::corpus::{self, Walk};
use benches::stage::{Bar, Contestant, Stage};
use engine::book::Book;
use engine::book::ladder::Ladder;
use engine::event::{Body, Event, flag};
use engine::id::Side;
use engine::instrument::Instrument;
use engine::num::{Price, Qty};
use engine::time::Nanos;
use feeds::binance::{Decoder, Flavour, Sizes};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::Message;
use hftbacktest::depth::{L2MarketDepth, MarketDepth, ROIVectorMarketDepth};
use std::collections::BTreeMap;
use std::hint::black_box;

/// Rows of one turn, and of the untimed ones before it.
const CHUNK: usize = 4096;
const WARM: usize = 2048;
const MAPS: &str = "BTreeMap book";
const ARRAY: &str = "hftbacktest's array book";

/// The obvious book: one ordered map a side.
#[derive(Default)]
struct MapBook {
    sides: [BTreeMap<i64, i64>; 2],
    crossed: bool,
    sum: i64,
}

impl MapBook {
    fn set(&mut self, side: Side, price: i64, qty: i64) {
        let levels = &mut self.sides[side.index()];
        if qty == 0 {
            levels.remove(&price);
        } else {
            levels.insert(price, qty);
        }
    }

    fn update(&mut self, update: &Update) {
        if update.is_first() {
            self.sides = <[BTreeMap<i64, i64>; 2]>::default();
        }
        self.set(update.side, update.price, update.qty);
        if let Some(((bid, bid_qty), (ask, ask_qty))) = self.touch() {
            self.sum = self.sum.rotate_left(1) ^ bid ^ bid_qty ^ ask ^ ask_qty;
        }
    }

    fn apply(&mut self, event: &Event) {
        if event.has(flag::FIRST | flag::SNAPSHOT) {
            self.sides = <[BTreeMap<i64, i64>; 2]>::default();
        }
        let Some(Body::Level { side, price, qty }) = event.body() else { return };
        self.set(side, price.0, qty.0);
        if event.has(flag::LAST) {
            self.crossed = self.touch().is_some_and(|((bid, _), (ask, _))| bid >= ask);
            black_box(self.touch());
        }
    }

    fn touch(&self) -> Option<((i64, i64), (i64, i64))> {
        let (bid, bid_qty) = self.sides[0].last_key_value()?;
        let (ask, ask_qty) = self.sides[1].first_key_value()?;
        Some(((*bid, *bid_qty), (*ask, *ask_qty)))
    }
}

/// Our sides without the book around them, as the other books are.
struct Sides {
    sides: [Ladder; 2],
    sum: i64,
}

impl Sides {
    fn new() -> Self {
        Self { sides: Side::BOTH.map(Ladder::new), sum: 0 }
    }

    fn update(&mut self, update: &Update) {
        if update.is_first() {
            self.sides.iter_mut().for_each(|side| side.clear(Price(update.price)));
        }
        self.sides[update.side.index()].set(Price(update.price), Qty(update.qty));
        if update.flags & flag::LAST != 0 {
            self.sides.iter_mut().for_each(|side| _ = side.follow());
        }
        if let (Some(bid), Some(ask)) = (self.sides[0].best(), self.sides[1].best()) {
            self.sum = self.sum.rotate_left(1) ^ bid.0.0 ^ bid.1.0 ^ ask.0.0 ^ ask.1.0;
        }
    }
}

/// The rival's book: a vector over a range of prices, here ±10 % of the first; what lies outside,
/// it leaves out.
struct ArrayBook {
    depth: ROIVectorMarketDepth,
    sum: i64,
}

impl ArrayBook {
    fn new(stream: &Stream) -> Self {
        let first = stream.floats.first().map_or(1.0, |update| update.price);
        let (tick, lot) = stream.steps;
        let depth = ROIVectorMarketDepth::new(tick, lot, first * 0.9, first * 1.1);
        Self { depth, sum: 0 }
    }

    fn update(&mut self, update: &FloatUpdate) {
        if update.flags & flag::FIRST != 0 {
            self.depth.clear_depth(hftbacktest::types::Side::None, f64::NAN);
        }
        match update.side {
            Side::Buy => self.depth.update_bid_depth(update.price, update.qty, 0),
            Side::Sell => self.depth.update_ask_depth(update.price, update.qty, 0),
        };
        let quantities = [self.depth.best_bid_qty(), self.depth.best_ask_qty()].map(f64::to_bits);
        self.sum = self.sum.rotate_left(1)
            ^ self.depth.best_bid_tick()
            ^ self.depth.best_ask_tick()
            ^ (quantities[0] ^ quantities[1]) as i64;
    }
}

/// A level, decoded.
#[derive(Clone, Copy)]
struct Update {
    price: i64,
    qty: i64,
    side: Side,
    flags: u8,
}

impl Update {
    const fn is_first(&self) -> bool {
        self.flags & flag::FIRST != 0
    }
}

/// The same as `hftbacktest` takes it.
#[derive(Clone, Copy)]
struct FloatUpdate {
    price: f64,
    qty: f64,
    side: Side,
    flags: u8,
}

/// A snapshot and the diffs behind it, in order, in each form that a contestant takes.
struct Stream {
    rows: Vec<Event>,
    updates: Vec<Update>,
    floats: Vec<FloatUpdate>,
    steps: (f64, f64),
}

impl Stream {
    /// From messages and the answers of REST among them; diffs older than the snapshot are left
    /// out.
    fn read(messages: &[Vec<u8>], instrument: Instrument, flavour: Flavour) -> Self {
        let rows = rows(messages, instrument, flavour);
        let steps = (instrument.tick.step_f64(), instrument.lot.step_f64());
        let update = |row: &Event| match row.body() {
            Some(Body::Level { side, price, qty }) => {
                Some(Update { price: price.0, qty: qty.0, side, flags: row.flags })
            }
            _ => None,
        };
        let updates: Vec<Update> = rows.iter().filter_map(update).collect();
        let float = |update: &Update| FloatUpdate {
            price: update.price as f64 * steps.0,
            qty: update.qty as f64 * steps.1,
            side: update.side,
            flags: update.flags,
        };
        Self { floats: updates.iter().map(float).collect(), updates, rows, steps }
    }
}

fn rows(messages: &[Vec<u8>], instrument: Instrument, flavour: Flavour) -> Vec<Event> {
    let mut decoder = Decoder::new(flavour, &[instrument], Sizes::default());
    let is_answer = |message: &&Vec<u8>| message.starts_with(b"{\"lastUpdateId\"");
    let mut rows = Vec::new();
    let mut newest = 0;
    if let Some(answer) = messages.iter().find(is_answer)
        && let Ok(snapshot) = decoder.snapshot(0, &mut answer.clone(), Nanos(1))
    {
        newest = snapshot.last;
        rows.extend_from_slice(snapshot.rows);
    }
    for message in messages.iter().filter(|message| !is_answer(message)) {
        let mut bytes = message.clone();
        bytes.resize(message.len() + SPARE, 0);
        let Some(payload) = Payload::new(&mut bytes, message.len()) else { continue };
        let decoded = decoder.decode(payload, Nanos(1), |_, _| true);
        if let Ok(Message::Depth { head, rows: levels, .. }) = decoded
            && head.last > newest
        {
            rows.extend_from_slice(levels);
        }
    }
    rows
}

/// Reads a stream in turns, over and over.
struct Reader<'a, B, U, F> {
    book: B,
    all: &'a [U],
    at: usize,
    /// What stands before this is the snapshot.
    snapshot: usize,
    take: F,
}

impl<'a, B: 'a, U, F: Fn(&mut B, &U) + 'a> Reader<'a, B, U, F> {
    fn contestant(
        name: &'static str,
        (all, snapshot): (&'a [U], usize),
        (book, take): (B, F),
    ) -> Contestant<'a> {
        let reader = Self { book, all, at: all.len(), snapshot, take };
        Contestant::with(name, reader, Self::warm, |reader| reader.read(CHUNK))
    }

    /// Sees to it that a whole turn follows, and takes what comes before it.
    fn warm(&mut self) {
        if self.at + WARM + CHUNK > self.all.len() {
            self.at = 0;
            self.read(self.snapshot);
        }
        self.read(WARM);
    }

    fn read(&mut self, count: usize) {
        for update in &self.all[self.at..self.at + count] {
            (self.take)(&mut self.book, update);
        }
        self.at += count;
    }
}

fn race(stage: &mut Stage, (title, bar): (&str, Bar), stream: &Stream) {
    if stream.rows.len() < 4 * (WARM + CHUNK) {
        return;
    }
    check(title, stream);
    let snapshot = stream.rows.iter().take_while(|row| row.has(flag::SNAPSHOT)).count();
    let updates = (&stream.updates[..], snapshot);
    let floats = (&stream.floats[..], snapshot);
    let all = vec![
        Reader::contestant("ours", updates, (Sides::new(), Sides::update)),
        Reader::contestant(MAPS, updates, (MapBook::default(), MapBook::update)),
        Reader::contestant(ARRAY, floats, (ArrayBook::new(stream), ArrayBook::update)),
    ];
    stage.duel(title, bar, CHUNK, all);
    let rows = (&stream.rows[..], snapshot);
    let ours = |book: &mut Book, event: &Event| {
        book.apply(event);
        if event.has(flag::LAST) {
            black_box(book.touch());
        }
    };
    let all = vec![
        Reader::contestant("ours", rows, (Book::new(), ours)),
        Reader::contestant(MAPS, rows, (MapBook::default(), MapBook::apply)),
    ];
    stage.duel(&format!("{title}, rows"), Bar::None, CHUNK, all);
}

/// All books have the same best prices: ours and the maps after each update, the rival's after
/// nearly each message (it forgets a level that was crossed), and ours and the maps the same
/// nearest levels at the end.
fn check(title: &str, stream: &Stream) {
    let (mut mine, mut book, mut maps) = (Sides::new(), Book::new(), MapBook::default());
    let mut rival = ArrayBook::new(stream);
    let (mut messages, mut agreed) = (0, 0);
    for ((row, update), float) in stream.rows.iter().zip(&stream.updates).zip(&stream.floats) {
        mine.update(update);
        maps.update(update);
        rival.update(float);
        book.apply(row);
        assert_eq!(mine.sum, maps.sum, "{title}: best prices at {}", row.id);
        if row.has(flag::LAST) && book.is_live() {
            messages += 1;
            let plain =
                |((bid, a), (ask, b)): ((Price, Qty), (Price, Qty))| ((bid.0, a.0), (ask.0, b.0));
            assert_eq!(book.touch().map(plain), maps.touch(), "{title}: {}", row.id);
            let theirs = (rival.depth.best_bid_tick(), rival.depth.best_ask_tick());
            agreed += u32::from(maps.touch().map(|(bid, ask)| (bid.0, ask.0)) == Some(theirs));
        }
    }
    assert!(messages > 1_000, "{title}: the book was live after {messages} messages only");
    assert!(agreed > messages / 10 * 9, "{title}: {ARRAY} agreed after {agreed} of {messages}");
    let nearest = |side| book.levels(side).take(1_000).collect::<Vec<_>>();
    let level = |(price, qty): (&i64, &i64)| (Price(*price), Qty(*qty));
    let bids: Vec<_> = maps.sides[0].iter().rev().take(1_000).map(level).collect();
    let asks: Vec<_> = maps.sides[1].iter().take(1_000).map(level).collect();
    assert_eq!(nearest(Side::Buy), bids, "{title}: bids");
    assert_eq!(nearest(Side::Sell), asks, "{title}: asks");
}

fn main() {
    let mut stage = Stage::new("book");
    let bar = || Bar::All(vec![Bar::times(5.0, MAPS), Bar::times(1.8, ARRAY)]);
    for (name, instrument) in [
        ("usdm/btcusdt_20240808.gz", corpus::usdm()),
        ("usdm/ethusdt_20240808.gz", corpus::usdm_eth()),
    ] {
        let stream = Stream::read(&corpus::recording(name), instrument, Flavour::Usdm);
        let title = name.split('_').next().unwrap_or(name);
        race(&mut stage, (title, bar()), &stream);
    }
    let mut walk = Walk::new(2);
    let mut messages = vec![walk.snapshot(1_000)];
    messages.extend((0..20_000).map(|_| walk.depth()));
    let stream = Stream::read(&messages, corpus::spot(), Flavour::Spot);
    // Few levels, close together: an easy stream for every book, so the bar is not on it.
    race(&mut stage, ("generated", Bar::None), &stream);
    stage.finish();
}
