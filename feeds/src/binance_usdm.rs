//! Binance USDⓈ-M Futures: best prices and depth from the venue's *public* path, trades, mark
//! prices, funding rates and liquidations from its *market* path, all named by the URLs, with REST
//! snapshots.
//!
//! ```text
//!  …/public/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms
//!  …/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s/btcusdt@forceOrder
//! ```
//!
//! A path that does not carry a stream takes its subscription and says nothing, so all are watched
//! from the start. Mark prices always speak: where they do not, or nothing comes at all, the
//! connection is made anew; other silence may be a market at rest, and is told.
//!
//! Diffs are chained by `pu`, the last id of the one before; ids are of the whole venue, so that
//! `U` is seldom `pu + 1`. The venue's rule for the first diff behind a snapshot, `U <=
//! lastUpdateId <= u`, is met by `pu <= lastUpdateId < u` wherever it is met at all: between `pu`
//! and `U` this book does not change. (Binance USDⓈ-M Futures API, "How to manage a local order
//! book correctly".) `bookTicker` shares the ids, so that a best price overlays a book of a lower
//! one.

use crate::binance::{self, Binance, Flavour, Sizes};
use crate::checks;
use crate::net::HttpRequest;
use crate::protocol::{Silence, Stream};
use engine::instrument::Instrument;

/// Levels of a snapshot that the venue gives.
const SNAPSHOTS: [u16; 7] = [5, 10, 20, 50, 100, 500, 1_000];

/// The market of [`BinanceUsdm`].
#[derive(Debug)]
pub struct Usdm;

/// The dialect, with the requests made ready.
pub type BinanceUsdm = Binance<Usdm>;

/// Which streams of each instrument are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Best bid and ask, each change.
    pub best: bool,
    /// Diffs of the book, with its snapshots.
    pub depth: bool,
    /// Public trades, bundled by price and taker.
    pub trade: bool,
    /// Mark price, index and funding rate, each second.
    pub mark: bool,
    /// The largest liquidation of each second.
    pub liquidation: bool,
}

impl Default for Streams {
    fn default() -> Self {
        Self { best: true, depth: true, trade: true, mark: true, liquidation: true }
    }
}

/// Where the venue is and what is followed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinanceUsdmConfig {
    /// Base of the streams, such as `wss://fstream.binance.com`.
    pub ws_url: String,
    /// Base of REST, such as `https://fapi.binance.com`.
    pub rest_url: String,
    /// Whether the streams lie on two paths; the venue's test network has one.
    pub routed: bool,
    /// What is followed; ids need not begin at 0, but must be distinct.
    pub instruments: Vec<Instrument>,
    /// Which streams of each.
    pub streams: Streams,
    /// Levels a side that a snapshot asks for: 5, 10, 20, 50, 100, 500 or 1000.
    pub snapshot_levels: u16,
    /// Most levels taken in one diff.
    pub diff_levels_max: usize,
    /// How long a snapshot may take, ms.
    pub snapshot_timeout_ms: u32,
}

impl BinanceUsdmConfig {
    /// All streams of these instruments at these bases, with the venue's largest snapshots.
    pub fn new(ws_url: &str, rest_url: &str, instruments: Vec<Instrument>) -> Self {
        Self {
            ws_url: ws_url.trim_end_matches('/').to_string(),
            rest_url: rest_url.trim_end_matches('/').to_string(),
            routed: true,
            instruments,
            streams: Streams::default(),
            snapshot_levels: 1_000,
            diff_levels_max: 20_000,
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
        if !SNAPSHOTS.contains(&self.snapshot_levels) {
            let levels = self.snapshot_levels;
            wrong.push(format!("snapshots of {levels} levels; the venue gives {SNAPSHOTS:?}"));
        }
        for (_, names) in self.paths() {
            let streams = self.instruments.len() * names.len();
            checks::count("streams of a connection", streams, binance::STREAMS_MAX, &mut wrong);
        }
        wrong
    }

    /// Most rows that one snapshot becomes.
    pub fn snapshot_rows_max(&self) -> usize {
        usize::from(self.snapshot_levels) * 2
    }

    /// The paths that carry something of what is followed.
    fn paths(&self) -> Vec<(&'static str, Vec<binance::Name>)> {
        let Streams { best, depth, trade, mark, liquidation } = self.streams;
        let followed = |all: &[(bool, &'static str, Stream, Silence)]| -> Vec<binance::Name> {
            let wanted = all.iter().filter(|(wanted, ..)| *wanted);
            wanted.map(|(_, name, stream, silence)| (*name, *stream, *silence)).collect()
        };
        let mut public = followed(&[
            (best, "bookTicker", Stream::Best, Silence::Told),
            (depth, "depth@100ms", Stream::Depth, Silence::Told),
        ]);
        let market = followed(&[
            (trade, "aggTrade", Stream::Trade, Silence::Told),
            (mark, "markPrice@1s", Stream::Mark, Silence::Mended),
            (liquidation, "forceOrder", Stream::Liquidation, Silence::Rest),
        ]);
        if !self.routed {
            public.extend(market);
            return vec![("", public)];
        }
        let all = [("/public", public), ("/market", market)];
        all.into_iter().filter(|(_, names)| !names.is_empty()).collect()
    }
}

impl BinanceUsdm {
    /// All memory that reading needs is reserved and touched here.
    pub fn new(config: &BinanceUsdmConfig) -> Self {
        let sizes = Sizes {
            snapshot_levels: config.snapshot_levels,
            diff_levels_max: config.diff_levels_max,
        };
        let endpoint = |(path, names): (&str, Vec<binance::Name>)| {
            let url = format!("{}{path}", config.ws_url);
            binance::endpoint(&url, &config.instruments, &names)
        };
        let (base, levels) = (&config.rest_url, config.snapshot_levels);
        let request = |instrument: &Instrument| {
            let symbol = instrument.symbol;
            let url = format!("{base}/fapi/v1/depth?symbol={symbol}&limit={levels}");
            HttpRequest::get(url, config.snapshot_timeout_ms)
        };
        let endpoints = config.paths().into_iter().map(endpoint).collect();
        let snapshots = config.instruments.iter().map(request).collect();
        Self::assemble(Flavour::Usdm, (&config.instruments, sizes), endpoints, snapshots)
    }
}

#[cfg(test)]
mod tests;
