//! What Binance's markets have in common: the layout of frames, their readers, and REST snapshots.
//!
//! USDⓈ-M futures speak a superset of spot's dialect: diffs are chained by `pu` instead of `U`, and
//! there are trades in bundles, mark prices, funding rates and liquidations. Unknown fields are
//! passed over and fields may come in any order, because the venue adds fields without notice.

mod decode;
#[cfg(target_arch = "x86_64")]
mod fast;
mod fields;
#[cfg(target_arch = "x86_64")]
mod look;
mod scan;
#[cfg(target_arch = "x86_64")]
mod streams;

pub use decode::{Decoder, Sizes, Width};

use crate::net::{HttpRequest, Payload};
use crate::protocol::{
    Asks, BookRules, DecodeError, Endpoint, Intake, Message, Ping, Protocol, Silence, Snapshot,
    Stream, Topic, Ways,
};
use engine::instrument::Instrument;
use engine::time::Nanos;
use std::marker::PhantomData;
use std::sync::Arc;

/// Most streams that the venue carries on one connection.
pub(crate) const STREAMS_MAX: usize = 1_024;

/// A stream's name behind the symbol, what it tells, and what its silence means.
pub(crate) type Name = (&'static str, Stream, Silence);

/// Which of the venue's markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// Spot.
    Spot,
    /// USDⓈ-margined futures.
    Usdm,
}

/// The streams of these names of all instruments, on one combined connection.
pub(crate) fn endpoint(url: &str, instruments: &[Instrument], names: &[Name]) -> Endpoint {
    let mut topics = Vec::new();
    for (place, instrument) in instruments.iter().enumerate() {
        let symbol = instrument.symbol.as_str().to_lowercase();
        for (name, stream, silence) in names {
            let name = format!("{symbol}@{name}");
            let topic = Topic::new(name.clone(), name, place, *stream);
            topics.push(Topic { silence: *silence, ..topic });
        }
    }
    let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let url = format!("{url}/stream?streams={}", names.join("/"));
    Endpoint { url, topics, asks: Asks::Url, ping: Ping::Frame }
}

/// The dialect of one of the markets, with the requests made ready.
#[derive(Debug)]
pub struct Binance<M> {
    decoder: Decoder,
    endpoints: Vec<Endpoint>,
    snapshots: Vec<Arc<HttpRequest>>,
    market: PhantomData<M>,
}

impl<M> Binance<M> {
    pub(crate) fn assemble(
        flavour: Flavour,
        (instruments, sizes): (&[Instrument], Sizes),
        endpoints: Vec<Endpoint>,
        snapshots: Vec<HttpRequest>,
    ) -> Self {
        Self {
            decoder: Decoder::new(flavour, instruments, sizes),
            endpoints,
            snapshots: snapshots.into_iter().map(Arc::new).collect(),
            market: PhantomData,
        }
    }

    /// The decoder alone.
    pub fn decoder(&mut self) -> &mut Decoder {
        &mut self.decoder
    }
}

impl<M> Protocol for Binance<M> {
    fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    fn instruments(&self) -> &[Instrument] {
        self.decoder.instruments()
    }

    /// All levels are told, over REST first; each id is told once and none ever starts anew.
    fn rules(&self) -> BookRules {
        BookRules { window: None, streamed: false, strict: false, rows_max: 0 }
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
        let message = self.decoder.decode(frame, at, |which, id| intake.wants_best(which, id))?;
        intake.take(message);
        if let Some(row) = self.decoder.also() {
            intake.take(Message::Reference(row));
        }
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
