//! Bybit v5: spot or linear perpetuals, everything by subscription over one public connection.
//!
//! | stream | topic | becomes |
//! |---|---|---|
//! | best price | `orderbook.1.SYMBOL` | `Best`; whole each time |
//! | depth | `orderbook.50.SYMBOL` (or 200, 1000) | a whole book, then levels |
//! | trades | `publicTrade.SYMBOL` | `Trade`, many a message |
//! | mark | `tickers.SYMBOL` (linear) | `Mark` and `FundingRate`, where they changed |
//! | liquidations | `allLiquidation.SYMBOL` (linear) | `Liquidation` |
//!
//! **Books.** Diffs are chained by `u`, one id each; one with `u` 1 is a whole book whose ids start
//! anew, whatever its type says (a restart of the service, a new tick size). A book has N levels a
//! side, and a best price is never merged into it. (Bybit v5 API, "Orderbook".)
//!
//! **Ids of rows** are the cross sequence `seq`, which both depths of a symbol and its trades
//! share: a best price overlays the depth when its `seq` is higher. Trades are told apart by their
//! id `i`, a UUID or a number, which is no sequence.

mod reader;
mod tape;
mod text;

use crate::checks;
use crate::net::{HttpRequest, Payload};
use crate::protocol::{
    Asks, BookRules, DecodeError, Endpoint, Intake, Ping, Protocol, Request, Silence, Snapshot,
    Stream, Topic, Ways,
};
use crate::reading::{Parser, op_request};
use engine::instrument::Instrument;
use engine::time::Nanos;
use reader::Reader;
use std::sync::Arc;

/// What the venue wants to hear each 20 s; answered by `"op":"ping"` with `"ret_msg":"pong"`, or by
/// `"op":"pong"`.
const PING: Ping = Ping::Text(r#"{"req_id":"ping","op":"ping"}"#, Nanos::from_s(20));
/// Most topics of a request (the venue's limit on spot).
const REQUEST_TOPICS: usize = 10;
/// Longest list of topics of a connection, characters.
const TOPICS_LEN_MAX: usize = 21_000;
/// Depths that have snapshots and diffs.
const DEPTHS: [u16; 3] = [50, 200, 1_000];

/// Which of the venue's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market {
    /// Spot.
    Spot,
    /// Perpetuals that are margined in the quote asset.
    Linear,
}

/// Which streams of each instrument are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Best bid and ask, each 10 ms.
    pub best: bool,
    /// The book.
    pub depth: bool,
    /// Public trades.
    pub trade: bool,
    /// Mark price, index and funding rate; perpetuals only.
    pub mark: bool,
    /// All liquidations, each 500 ms; perpetuals only.
    pub liquidation: bool,
}

/// Where the venue is and what is followed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BybitConfig {
    /// Base of the streams, such as `wss://stream.bybit.com`.
    pub ws_url: String,
    /// Which market.
    pub market: Market,
    /// What is followed; ids need not begin at 0, but must be distinct.
    pub instruments: Vec<Instrument>,
    /// Which streams of each.
    pub streams: Streams,
    /// Levels a side of the book: 50 (each 20 ms), 200 (each 100 ms) or 1000 (each 200 ms).
    pub levels: u16,
}

impl BybitConfig {
    /// All streams that the market has, with books of 50 levels a side.
    pub fn new(ws_url: &str, market: Market, instruments: Vec<Instrument>) -> Self {
        let perpetual = market == Market::Linear;
        let streams = Streams {
            best: true,
            depth: true,
            trade: true,
            mark: perpetual,
            liquidation: perpetual,
        };
        let ws_url = ws_url.trim_end_matches('/').to_string();
        Self { ws_url, market, instruments, streams, levels: 50 }
    }

    /// What is wrong with this; empty when nothing is.
    pub fn check(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        checks::socket_url(&self.ws_url, &mut wrong);
        checks::instruments(&self.instruments, &mut wrong);
        checks::depth(self.streams.depth, &mut wrong);
        if !DEPTHS.contains(&self.levels) {
            wrong.push(format!("books of {} levels; the venue has {DEPTHS:?}", self.levels));
        }
        if self.market == Market::Spot && (self.streams.mark || self.streams.liquidation) {
            let why = "spot has no mark price and no liquidations; leave those streams out";
            wrong.push(why.to_string());
        }
        let len = self.topics().iter().map(|topic| topic.arg.len() + 1).sum();
        checks::count("characters of topics", len, TOPICS_LEN_MAX, &mut wrong);
        wrong
    }

    /// Most rows that a ring must have room for at once.
    pub fn snapshot_rows_max(&self) -> usize {
        self.rows_max() * 2
    }

    /// Most rows of a message: all levels of both sides gone, and as many new ones.
    fn rows_max(&self) -> usize {
        usize::from(self.levels) * 4
    }

    fn topics(&self) -> Vec<Topic> {
        let Streams { best, depth, trade, mark, liquidation } = self.streams;
        let levels = self.levels;
        let mut topics = Vec::new();
        for (place, instrument) in self.instruments.iter().enumerate() {
            let symbol = instrument.symbol;
            let all = [
                (best, format!("orderbook.1.{symbol}"), Stream::Best, Silence::Mended),
                (depth, format!("orderbook.{levels}.{symbol}"), Stream::Depth, Silence::Mended),
                (trade, format!("publicTrade.{symbol}"), Stream::Trade, Silence::Told),
                (mark, format!("tickers.{symbol}"), Stream::Mark, Silence::Mended),
                (
                    liquidation,
                    format!("allLiquidation.{symbol}"),
                    Stream::Liquidation,
                    Silence::Rest,
                ),
            ];
            for (_, name, stream, silence) in all.into_iter().filter(|(wanted, ..)| *wanted) {
                let topic = Topic::new(name.clone(), format!("\"{name}\""), place, stream);
                topics.push(Topic { silence, ..topic });
            }
        }
        topics
    }
}

/// The dialect, with its memory reserved.
pub struct Bybit {
    endpoints: [Endpoint; 1],
    rules: BookRules,
    frames: Parser,
    reader: Reader,
    ways: Ways,
}

impl std::fmt::Debug for Bybit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bybit").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl Bybit {
    /// All memory that reading needs is reserved and touched here.
    pub fn new(config: &BybitConfig) -> Self {
        let path = match config.market {
            Market::Spot => "spot",
            Market::Linear => "linear",
        };
        let url = format!("{}/v5/public/{path}", config.ws_url);
        let asks = Asks::Requests(REQUEST_TOPICS);
        let rules = BookRules {
            window: Some(usize::from(config.levels)),
            streamed: true,
            strict: false,
            rows_max: config.rows_max(),
        };
        let mut bybit = Self {
            endpoints: [Endpoint { url, topics: config.topics(), asks, ping: PING }],
            rules,
            frames: Parser::new(256 * 1024),
            reader: Reader::new(config),
            ways: Ways::default(),
        };
        bybit.frames.warm_up(&tape::largest(rules.rows_max));
        bybit
    }

    /// Reads a frame of any shape: fields in any order, more fields than known.
    pub fn read_any<I: Intake>(
        &mut self,
        frame: Payload<'_>,
        at: Nanos,
        intake: &mut I,
    ) -> Result<(), DecodeError> {
        let reader = &mut self.reader;
        self.frames.parse(frame.padded(), |nodes| tape::read(nodes, at, reader, intake))
    }
}

impl Protocol for Bybit {
    fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    fn instruments(&self) -> &[Instrument] {
        &self.reader.instruments
    }

    fn rules(&self) -> BookRules {
        self.rules
    }

    fn write_request(&self, request: &Request<'_>, out: &mut Vec<u8>) {
        op_request("req_id", request, out);
    }

    /// None: what REST tells is numbered as the deepest stream alone.
    fn snapshot_request(&self, _place: usize) -> Option<Arc<HttpRequest>> {
        None
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
        self.ways.general += 1;
        self.read_any(frame, at, intake)
    }

    fn ways(&self) -> Ways {
        self.ways
    }

    fn on_snapshot(
        &mut self,
        _place: usize,
        _body: &mut Vec<u8>,
        _at: Nanos,
    ) -> Result<Snapshot<'_>, DecodeError> {
        Err(DecodeError::Ids)
    }
}

#[cfg(test)]
mod tests;
