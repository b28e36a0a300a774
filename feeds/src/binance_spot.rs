//! The dialect of Binance Spot's market streams: `bookTicker`, `depth@100ms` and `trade`, combined
//! (`/stream?streams=…`) or raw (`/ws/…`), with REST snapshots.
//!
//! USDⓈ-M futures speak a superset of it; with [`Flavour::Usdm`] diffs are chained by `pu` instead
//! of `U`, and the paths are the futures'. Unknown fields are passed over and fields may come in
//! any order, because the venue adds fields without notice.

mod decode;
#[cfg(target_arch = "x86_64")]
mod fast;
#[cfg(target_arch = "x86_64")]
mod look;
mod rows;
mod scan;
#[cfg(target_arch = "x86_64")]
mod streams;
mod tape;

pub use decode::{Decoder, Width};

use crate::net::{HttpRequest, Method, Payload};
use crate::protocol::{DecodeError, Intake, Protocol, Snapshot, Ways};
use engine::instrument::Instrument;
use engine::time::Nanos;
use std::sync::Arc;

/// Most streams that the venue carries on one connection.
const STREAMS_MAX: usize = 1_024;

/// Which of the venue's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Flavour {
    /// Spot.
    #[default]
    Spot,
    /// USDⓈ-margined futures.
    Usdm,
}

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
    /// Which market.
    pub flavour: Flavour,
    /// What is followed; ids need not begin at 0, but must be distinct.
    pub instruments: Vec<Instrument>,
    /// Which streams of each.
    pub streams: Streams,
    /// Levels a side that a snapshot asks for: 5 to 5000 (1000 for USDⓈ-M).
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
            flavour: Flavour::Spot,
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
        let (ws, rest) = (&self.ws_url, &self.rest_url);
        if !ws.starts_with("ws://") && !ws.starts_with("wss://") {
            wrong.push(format!("{ws}: streams are at a ws:// or wss:// URL"));
        }
        if !rest.starts_with("http://") && !rest.starts_with("https://") {
            wrong.push(format!("{rest}: snapshots are at an http:// or https:// URL"));
        }
        if self.instruments.is_empty() {
            wrong.push("no instrument is followed; name at least one".to_string());
        }
        for (place, one) in self.instruments.iter().enumerate() {
            let twice = |two: &&Instrument| two.id == one.id || two.symbol == one.symbol;
            if let Some(two) = self.instruments[..place].iter().find(twice) {
                wrong.push(format!("{} and {} share an id or a name", two.symbol, one.symbol));
            }
        }
        if !self.streams.depth {
            wrong.push("the depth stream is left out; without it no book is whole".to_string());
        }
        let levels_max = if self.flavour == Flavour::Spot { 5_000 } else { 1_000 };
        if self.snapshot_levels == 0 || self.snapshot_levels > levels_max {
            let levels = self.snapshot_levels;
            wrong.push(format!("snapshots of {levels} levels; the venue gives 1 to {levels_max}"));
        }
        let streams = self.instruments.len() * 3;
        if streams > STREAMS_MAX {
            wrong.push(format!("{streams} streams; a connection carries {STREAMS_MAX}"));
        }
        wrong
    }

    /// Most rows that one snapshot becomes.
    pub fn snapshot_rows_max(&self) -> usize {
        usize::from(self.snapshot_levels) * 2
    }

    fn stream_url(&self) -> String {
        let mut names = Vec::new();
        for instrument in &self.instruments {
            let symbol = instrument.symbol.as_str().to_lowercase();
            let Streams { best, depth, trade } = self.streams;
            for (wanted, name) in [(best, "bookTicker"), (depth, "depth@100ms"), (trade, "trade")] {
                if wanted {
                    names.push(format!("{symbol}@{name}"));
                }
            }
        }
        format!("{}/stream?streams={}", self.ws_url, names.join("/"))
    }

    fn snapshot_request(&self, instrument: &Instrument) -> HttpRequest {
        let path = match self.flavour {
            Flavour::Spot => "/api/v3/depth",
            Flavour::Usdm => "/fapi/v1/depth",
        };
        let (base, symbol) = (&self.rest_url, instrument.symbol);
        HttpRequest {
            method: Method::Get,
            url: format!("{base}{path}?symbol={symbol}&limit={}", self.snapshot_levels),
            headers: Vec::new(),
            body: None,
            timeout_ms: self.snapshot_timeout_ms,
        }
    }
}

/// The dialect, with the requests made ready.
#[derive(Debug)]
pub struct BinanceSpot {
    decoder: Decoder,
    stream_url: String,
    snapshots: Option<Vec<Arc<HttpRequest>>>,
}

impl BinanceSpot {
    /// All memory that reading needs is reserved and touched here.
    pub fn new(config: &BinanceSpotConfig) -> Self {
        let snapshots = config.instruments.iter().map(|i| Arc::new(config.snapshot_request(i)));
        Self {
            decoder: Decoder::new(config),
            stream_url: config.stream_url(),
            snapshots: if config.streams.depth { Some(snapshots.collect()) } else { None },
        }
    }

    /// The decoder alone.
    pub fn decoder(&mut self) -> &mut Decoder {
        &mut self.decoder
    }
}

impl Protocol for BinanceSpot {
    fn stream_url(&self) -> &str {
        &self.stream_url
    }

    fn instruments(&self) -> &[Instrument] {
        self.decoder.instruments()
    }

    fn snapshot_request(&self, place: usize) -> Option<Arc<HttpRequest>> {
        self.snapshots.as_ref()?.get(place).cloned()
    }

    #[inline]
    fn on_bytes<I: Intake>(
        &mut self,
        frame: Payload<'_>,
        at: Nanos,
        intake: &mut I,
    ) -> Result<(), DecodeError> {
        let message = self.decoder.decode(frame, at, |which, id| intake.wants_best(which, id))?;
        intake.take(message);
        Ok(())
    }

    fn ways(&self) -> Ways {
        self.decoder.ways()
    }

    fn on_snapshot(
        &mut self,
        place: usize,
        body: &mut Vec<u8>,
        at: Nanos,
    ) -> Result<Snapshot<'_>, DecodeError> {
        self.decoder.snapshot(place, body, at)
    }
}

#[cfg(test)]
mod tests;
