//! OKX v5: spot and perpetual swaps, everything by subscription over one public connection.
//!
//! | stream | channel | becomes |
//! |---|---|---|
//! | best price | `bbo-tbt` | `Best`; whole each time |
//! | depth | `books` | a whole book of 400 levels a side, then levels |
//! | trades | `trades` | `Trade`, one for each price that a taker reached |
//! | mark | `mark-price`, `index-tickers` (swaps) | `Mark` |
//! | funding | `funding-rate` (swaps) | `FundingRate` |
//! | liquidations | `liquidation-orders` (all swaps at once) | `Liquidation` |
//!
//! **Books.** Diffs are chained by `prevSeqId` and `seqId`. Equal ones with no level are a sign of
//! life. A `seqId` below its `prevSeqId` is a restart of the numbers without a snapshot: so each
//! message of a connection has to follow on the one before it, even where it looks old, and the
//! book that is held here goes out anew with the new numbers. A checksum that is not 0 is verified;
//! since June 2026 all are. (OKX API v5, "Order book channel".) Where the subscription brings no
//! book, it is asked for over REST, whose `seqId` is of the same numbers.
//!
//! **Ids of rows** are `seqId`, of which the venue has one set for each instrument: a best price
//! overlays the depth when its `seqId` is higher. A trade's is `tradeId`, the last of the `count`
//! that it stands for. Quantities of swaps are contracts, which the instrument's `size` makes lots.

mod reader;
mod tape;
mod text;

use crate::checks;
use crate::net::{HttpRequest, Payload};
use crate::protocol::{
    Asks, BookRules, DecodeError, Endpoint, Intake, Message, Ping, Protocol, Request, Silence,
    Snapshot, Stream, Topic, Ways,
};
use crate::reading::{Parser, op_request};
use engine::instrument::{Instrument, Kind};
use engine::time::Nanos;
use reader::Reader;
use std::sync::Arc;

/// What is sent when nothing came for a while, at most 30 s; answered by the text `pong`.
const PING: Ping = Ping::Text("ping", Nanos::from_s(20));
/// Most topics of a request: one counts as one of the 480 an hour, however many it names.
const REQUEST_TOPICS: usize = 20;
/// Longest list of topics of a connection, bytes.
const TOPICS_LEN_MAX: usize = 64 * 1024;
/// Levels a side of `books`.
const LEVELS: usize = 400;
/// Most rows of a message: all levels of both sides gone, and as many new ones.
const ROWS_MAX: usize = LEVELS * 4;
/// How long a book that rests may be silent: it says so each 60 s.
const BOOK_QUIET: Nanos = Nanos::from_s(90);

/// Which streams of each instrument are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Best bid and ask, each change.
    pub best: bool,
    /// The book.
    pub depth: bool,
    /// Public trades.
    pub trade: bool,
    /// Mark price and index; of swaps.
    pub mark: bool,
    /// Funding rate; of swaps.
    pub funding: bool,
    /// Liquidations, one a second of each contract; of swaps.
    pub liquidation: bool,
}

impl Default for Streams {
    fn default() -> Self {
        Self { best: true, depth: true, trade: true, mark: true, funding: true, liquidation: true }
    }
}

/// Where the venue is and what is followed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OkxConfig {
    /// Base of the streams, such as `wss://ws.okx.com`.
    pub ws_url: String,
    /// Base of REST, such as `https://openapi.okx.com`.
    pub rest_url: String,
    /// Whether it is the venue's demonstration.
    pub demo: bool,
    /// What is followed; ids need not begin at 0, but must be distinct.
    pub instruments: Vec<Instrument>,
    /// Which streams of each, where it has them.
    pub streams: Streams,
    /// How long a snapshot may take, ms.
    pub snapshot_timeout_ms: u32,
}

impl OkxConfig {
    /// All streams of these instruments at these bases.
    pub fn new(ws_url: &str, rest_url: &str, instruments: Vec<Instrument>) -> Self {
        Self {
            ws_url: ws_url.trim_end_matches('/').to_string(),
            rest_url: rest_url.trim_end_matches('/').to_string(),
            demo: false,
            instruments,
            streams: Streams::default(),
            snapshot_timeout_ms: 10_000,
        }
    }

    /// What is wrong with this; empty when nothing is.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        checks::socket_url(&self.ws_url, &mut wrong);
        checks::rest_url(&self.rest_url, &mut wrong);
        checks::instruments(&self.instruments, &mut wrong);
        checks::depth(self.streams.depth, &mut wrong);
        let len = self.channels().iter().map(|channel| channel.arg().len() + 1).sum();
        checks::count("bytes of topics", len, TOPICS_LEN_MAX, &mut wrong);
        wrong
    }

    /// Most rows that a ring must have room for at once.
    pub const fn snapshot_rows_max(&self) -> usize {
        ROWS_MAX * 2
    }

    fn channels(&self) -> Vec<Channel> {
        let Streams { best, depth, trade, mark, funding, liquidation } = self.streams;
        let mut channels = Vec::new();
        for (place, instrument) in self.instruments.iter().enumerate() {
            let symbol = instrument.symbol.as_str();
            let swap = instrument.kind == Kind::Linear;
            let all = [
                (best, "bbo-tbt", symbol, Stream::Best, Silence::Mended),
                (depth, "books", symbol, Stream::Depth, Silence::Mended),
                (trade, "trades", symbol, Stream::Trade, Silence::Told),
                (mark && swap, "mark-price", symbol, Stream::Mark, Silence::Mended),
                (mark && swap, "index-tickers", index_of(symbol), Stream::Index, Silence::Told),
                (funding && swap, "funding-rate", symbol, Stream::Funding, Silence::Told),
            ];
            for (_, name, of, stream, silence) in all.into_iter().filter(|(wanted, ..)| *wanted) {
                let of = of.to_string();
                channels.push(Channel { name, of, place: Some(place), stream, silence });
            }
        }
        if liquidation && self.instruments.iter().any(|one| one.kind == Kind::Linear) {
            let (name, of) = ("liquidation-orders", "SWAP".to_string());
            let (stream, silence) = (Stream::Liquidation, Silence::Rest);
            channels.push(Channel { name, of, place: None, stream, silence });
        }
        channels
    }

    fn snapshot_request(&self, instrument: &Instrument) -> HttpRequest {
        let (base, symbol) = (&self.rest_url, instrument.symbol);
        let url = format!("{base}/api/v5/market/books?instId={symbol}&sz={LEVELS}");
        let mut request = HttpRequest::get(url, self.snapshot_timeout_ms);
        if self.demo {
            request.headers.push(("x-simulated-trading".to_string(), "1".to_string()));
        }
        request
    }
}

/// The name of the index that a swap follows: `BTC-USDT` of `BTC-USDT-SWAP`.
fn index_of(symbol: &str) -> &str {
    symbol.strip_suffix("-SWAP").unwrap_or(symbol)
}

/// A channel of an instrument, or of a type of instruments.
#[derive(Clone, Debug)]
struct Channel {
    name: &'static str,
    of: String,
    place: Option<usize>,
    stream: Stream,
    silence: Silence,
}

impl Channel {
    fn arg(&self) -> String {
        let key = if self.place.is_some() { "instId" } else { "instType" };
        format!(r#"{{"channel":"{}","{key}":"{}"}}"#, self.name, self.of)
    }

    fn topic(&self) -> Topic {
        let name = format!("{} {}", self.name, self.of);
        let quiet_max = match self.stream {
            Stream::Best => Topic::RESTS,
            Stream::Depth => BOOK_QUIET,
            _ => Nanos::ZERO,
        };
        let topic = Topic::new(name, self.arg(), self.place.unwrap_or(usize::MAX), self.stream);
        Topic { silence: self.silence, quiet_max, ..topic }
    }
}

/// The dialect, with its memory reserved.
pub struct Okx {
    endpoints: [Endpoint; 1],
    snapshots: Vec<Arc<HttpRequest>>,
    frames: Parser,
    reader: Reader,
    ways: Ways,
}

impl std::fmt::Debug for Okx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Okx").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl Okx {
    /// All memory that reading needs is reserved and touched here.
    pub fn new(config: &OkxConfig) -> Self {
        let channels = config.channels();
        let endpoint = Endpoint {
            url: format!("{}/ws/v5/public", config.ws_url),
            topics: channels.iter().map(Channel::topic).collect(),
            asks: Asks::Requests(REQUEST_TOPICS),
            ping: PING,
        };
        let request = |instrument| Arc::new(config.snapshot_request(instrument));
        let mut okx = Self {
            endpoints: [endpoint],
            snapshots: config.instruments.iter().map(request).collect(),
            frames: Parser::new(256 * 1024),
            reader: Reader::new(&config.instruments, channels),
            ways: Ways::default(),
        };
        okx.frames.warm_up(&tape::largest(ROWS_MAX));
        okx
    }

    /// Reads a frame of any shape: fields in any order, more fields than known.
    pub fn read_any<I: Intake>(
        &mut self,
        frame: Payload<'_>,
        at: Nanos,
        intake: &mut I,
    ) -> Result<(), DecodeError> {
        if *frame == *b"pong" {
            intake.take(Message::Answer);
            return Ok(());
        }
        let reader = &mut self.reader;
        self.frames.parse(frame.padded(), |nodes| tape::read(nodes, at, reader, intake))
    }
}

impl Protocol for Okx {
    fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    fn instruments(&self) -> &[Instrument] {
        &self.reader.instruments
    }

    fn rules(&self) -> BookRules {
        BookRules { window: Some(LEVELS), streamed: true, strict: true, rows_max: ROWS_MAX }
    }

    fn write_request(&self, request: &Request<'_>, out: &mut Vec<u8>) {
        op_request("id", request, out);
    }

    fn snapshot_request(&self, place: usize) -> Option<Arc<HttpRequest>> {
        self.snapshots.get(place).cloned()
    }

    #[inline]
    fn on_bytes<I: Intake>(
        &mut self,
        frame: Payload<'_>,
        at: Nanos,
        intake: &mut I,
    ) -> Result<(), DecodeError> {
        if let Some(seen) = text::read(&frame, at, &mut self.reader, intake) {
            self.reader.hand_on(seen, at, intake);
            return Ok(());
        }
        self.ways.general += u64::from(*frame != *b"pong");
        self.read_any(frame, at, intake)
    }

    fn ways(&self) -> Ways {
        self.ways
    }

    fn on_snapshot(
        &mut self,
        place: usize,
        body: &mut Vec<u8>,
        at: Nanos,
    ) -> Result<Snapshot<'_>, DecodeError> {
        let reader = &mut self.reader;
        let instrument = *reader.instruments.get(place).ok_or(DecodeError::Field("instId"))?;
        let len = body.len();
        body.resize(len + crate::net::frame::SPARE, 0);
        let last = self
            .frames
            .parse((body, len), |nodes| tape::snapshot(nodes, &instrument, at, reader))?;
        Ok(Snapshot { last, rows: self.reader.rows.as_slice() })
    }
}

#[cfg(test)]
mod tests;
