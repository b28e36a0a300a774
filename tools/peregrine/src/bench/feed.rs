//! The way in: bytes of a message to rows, and level rows to a book with its best prices.

use super::corpus::{self, Arena, Market, Walk};
use super::work::{Unfit, Work};
use engine::book::Book;
use engine::event::{Event, flag};
use engine::time::Nanos;
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::net::Payload;
use feeds::net::frame::SPARE;
use feeds::protocol::{Message, Protocol};
use std::hint::black_box;

const MESSAGES: usize = 256;
/// Most messages of a turn of the book.
const DIFFS: usize = 512;
/// Levels a side of the snapshot.
const LEVELS: i64 = 1_000;
const AT: Nanos = Nanos(1_723_161_254_087_891_268);

fn protocol() -> BinanceSpot {
    let instruments = vec![corpus::spot()];
    BinanceSpot::new(&BinanceSpotConfig::new("wss://host", "https://host", instruments))
}

/// Decodes messages of one kind, 256 different ones.
pub struct Decode {
    messages: Arena,
    protocol: BinanceSpot,
}

impl Decode {
    fn of(mut make: impl FnMut(&mut Market) -> Vec<u8>) -> Self {
        let mut market = Market::new(1);
        let messages: Vec<Vec<u8>> = (0..MESSAGES).map(|_| make(&mut market)).collect();
        Self { messages: Arena::new(&messages), protocol: protocol() }
    }

    /// Best bids and asks.
    pub fn book_tickers() -> Self {
        Self::of(Market::book_ticker)
    }

    /// Public trades.
    pub fn trades() -> Self {
        Self::of(Market::trade)
    }

    /// Diffs of so many levels.
    pub fn diffs(levels: usize) -> Self {
        Self::of(|market| market.depth(levels))
    }
}

impl Work for Decode {
    fn prepare(&mut self) {
        self.messages.restore();
    }

    fn run(&mut self) -> usize {
        let protocol = &mut self.protocol;
        self.messages.each(|bytes, len| {
            let Some(payload) = Payload::new(bytes, len) else { return };
            let _ = black_box(protocol.decoder().decode(payload, AT, |_, _| true));
        });
        self.messages.len()
    }
}

/// Applies level rows to a book and reads its best prices after each message. An operation is a
/// row.
pub struct Update {
    book: Book,
    snapshot: Vec<Event>,
    rows: Vec<Event>,
}

impl Update {
    /// A book of a thousand levels a side, and diffs of twenty levels around its touch.
    pub fn new() -> Result<Self, Unfit> {
        let (mut protocol, mut walk) = (protocol(), Walk::new(2));
        let told = protocol.on_snapshot(0, &mut walk.snapshot(LEVELS), AT);
        let snapshot = told.map_err(|error| Unfit::new(format!("{error:?}")))?.rows.to_vec();
        let mut rows = Vec::new();
        for _ in 0..DIFFS {
            let mut bytes = walk.depth();
            let len = bytes.len();
            bytes.resize(len + SPARE, 0);
            let Some(payload) = Payload::new(&mut bytes, len) else { continue };
            if let Ok(Message::Depth { rows: levels, .. }) =
                protocol.decoder().decode(payload, AT, |_, _| true)
            {
                rows.extend_from_slice(levels);
            }
        }
        let mut update = Self { book: Book::new(), snapshot, rows };
        update.prepare();
        update.run();
        let (live, rows) = (update.book.is_live(), update.rows.len());
        if live && rows > DIFFS { Ok(update) } else { Err(Unfit::new("the book is not live")) }
    }
}

impl Work for Update {
    fn prepare(&mut self) {
        for row in &self.snapshot {
            self.book.apply(row);
        }
    }

    fn run(&mut self) -> usize {
        for row in &self.rows {
            self.book.apply(row);
            if row.has(flag::LAST) {
                black_box(self.book.touch());
            }
        }
        self.rows.len()
    }
}
