//! Binance Spot: `bookTicker`, `depth@100ms` and `trade`, all named by the URL of one combined
//! stream, with REST snapshots.
//!
//! Diffs cover the ids from `U` to `u`, without a hole between one diff and the next; those of
//! bests are of the same numbering. (Binance Spot API, "How to manage a local order book
//! correctly".)

use crate::binance::{self, Binance, Flavour, Sizes};
use crate::checks;
use crate::net::HttpRequest;
use crate::protocol::{Silence, Stream};
use engine::instrument::Instrument;

/// The market of [`BinanceSpot`].
#[derive(Debug)]
pub struct Spot;

/// The dialect, with the requests made ready.
pub type BinanceSpot = Binance<Spot>;

/// Which streams of each instrument are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    /// Best bid and ask, each change.
    pub best: bool,
    /// Diffs of the book, with its snapshots.
    pub depth: bool,
    /// Public trades.
    pub trade: bool,
}

impl Default for Streams {
    fn default() -> Self {
        Self { best: true, depth: true, trade: true }
    }
}

/// Where the venue is and what is followed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinanceSpotConfig {
    /// Base of the streams, such as `wss://stream.binance.com:9443`.
    pub ws_url: String,
    /// Base of REST, such as `https://api.binance.com`.
    pub rest_url: String,
    /// What is followed; ids need not begin at 0, but must be distinct.
    pub instruments: Vec<Instrument>,
    /// Which streams of each.
    pub streams: Streams,
    /// Levels a side that a snapshot asks for: 1 to 5000.
    pub snapshot_levels: u16,
    /// Most levels taken in one diff.
    pub diff_levels_max: usize,
    /// How long a snapshot may take, ms.
    pub snapshot_timeout_ms: u32,
}

impl BinanceSpotConfig {
    /// All streams of these instruments at these bases, with the venue's largest snapshots.
    pub fn new(ws_url: &str, rest_url: &str, instruments: Vec<Instrument>) -> Self {
        Self {
            ws_url: ws_url.trim_end_matches('/').to_string(),
            rest_url: rest_url.trim_end_matches('/').to_string(),
            instruments,
            streams: Streams::default(),
            snapshot_levels: 5_000,
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
        let levels = usize::from(self.snapshot_levels);
        checks::count("levels of a snapshot", levels, 5_000, &mut wrong);
        let streams = self.instruments.len() * self.names().len();
        checks::count("streams of a connection", streams, binance::STREAMS_MAX, &mut wrong);
        wrong
    }

    /// Most rows that one snapshot becomes.
    pub fn snapshot_rows_max(&self) -> usize {
        usize::from(self.snapshot_levels) * 2
    }

    fn names(&self) -> Vec<binance::Name> {
        let Streams { best, depth, trade } = self.streams;
        let all = [
            (best, "bookTicker", Stream::Best),
            (depth, "depth@100ms", Stream::Depth),
            (trade, "trade", Stream::Trade),
        ];
        let followed = all.into_iter().filter(|(wanted, ..)| *wanted);
        followed.map(|(_, name, stream)| (name, stream, Silence::Rest)).collect()
    }
}

impl BinanceSpot {
    /// All memory that reading needs is reserved and touched here.
    pub fn new(config: &BinanceSpotConfig) -> Self {
        let sizes = Sizes {
            snapshot_levels: config.snapshot_levels,
            diff_levels_max: config.diff_levels_max,
        };
        let names = config.names();
        let endpoint = binance::endpoint(&config.ws_url, &config.instruments, &names);
        let (base, levels) = (&config.rest_url, config.snapshot_levels);
        let request = |instrument: &Instrument| {
            let symbol = instrument.symbol;
            let url = format!("{base}/api/v3/depth?symbol={symbol}&limit={levels}");
            HttpRequest::get(url, config.snapshot_timeout_ms)
        };
        let snapshots = config.instruments.iter().map(request).collect();
        Self::assemble(Flavour::Spot, (&config.instruments, sizes), vec![endpoint], snapshots)
    }
}

#[cfg(test)]
mod tests;
