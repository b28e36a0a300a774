//! Who writes what happens at a venue in the venue's own words.

use crate::protocol::Protocol;
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::Grid;

/// A level that changed: side, price, quantity.
pub type Level = (Side, i64, i64);

/// What a venue has that others have not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Has {
    /// Books come over the stream, behind their subscription.
    pub streamed: bool,
    /// Topics are asked for by requests.
    pub requests: bool,
    /// Levels beyond a window are dropped.
    pub window: bool,
    /// Mark prices, funding rates, liquidations.
    pub perpetual: bool,
    /// Numbers may start anew.
    pub restarts: bool,
    /// Messages without a change say that all is well.
    pub life: bool,
    /// A message that is repeated is known by its id alone; else it breaks the chain.
    pub lenient: bool,
    /// Several trades come in one message.
    pub many: bool,
    /// A word before a connection is closed.
    pub notice: bool,
    /// Books may have a checksum.
    pub checksum: bool,
    /// How many addresses its streams have.
    pub endpoints: usize,
}

/// What is asked of a venue by one request.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub id: String,
    pub leaves: bool,
    /// As the request has them.
    pub args: Vec<serde_json::Value>,
}

/// Writes frames.
pub trait Scribe {
    type Dialect: Protocol;

    fn has(&self) -> Has;
    fn dialect(&self) -> Self::Dialect;
    /// A whole book: over the stream, or as the answer to a request.
    fn book(&self, id: u64, levels: &[Level]) -> String;
    /// A change that follows on the one at `before`.
    fn diff(&self, before: u64, id: u64, levels: &[Level]) -> String;
    /// A change after which the numbers are new ones, from `id` on. `whole` is the book then.
    fn restart(&self, _before: u64, _id: u64, _levels: &[Level], _whole: &[Level]) -> String {
        String::new()
    }
    /// A best price; 0 is an empty side.
    fn best(&self, id: u64, levels: [(i64, i64); 2]) -> String;
    /// Trades of these ids: price, quantity, taker.
    fn trades(&self, all: &[(u64, i64, i64, Side)]) -> Vec<String>;
    /// Mark and index.
    fn mark(&self, _stamp: u64, _mark: &str, _index: &str) -> Vec<String> {
        Vec::new()
    }
    /// Funding rate and when it is paid.
    fn funding(&self, _stamp: u64, _rate: &str, _next_ms: u64) -> Vec<String> {
        Vec::new()
    }
    /// A liquidation whose order is of this side.
    fn liquidation(&self, _stamp: u64, _price: i64, _qty: i64, _taker: Side) -> Vec<String> {
        Vec::new()
    }
    /// The venue does what was asked for.
    fn grant(&self, _wanted: &Wanted) -> Vec<String> {
        Vec::new()
    }
    /// The venue does not.
    fn refuse(&self, _wanted: &Wanted) -> Vec<String> {
        Vec::new()
    }
    /// Frames that say nothing new: answers to pings and to other requests.
    fn answers(&self) -> Vec<String>;
    /// Frames that nobody asked for.
    fn strangers(&self) -> Vec<String>;
    /// The connection is closed soon.
    fn notice(&self) -> String {
        String::new()
    }
    /// A field that nobody knows, put into a frame.
    fn adorned(&self, frame: &str) -> String {
        frame.replacen('{', r#"{"new":{"x":[1,null,"\"]}"]},"#, 1)
    }
    /// What makes a frame of levels one of nonsense.
    fn spoilt(&self, frame: &str) -> Vec<String> {
        let price = "\"5\"";
        assert!(frame.contains(price), "{frame}");
        let other = |with: &str| frame.replacen(price, with, 1);
        vec![other("\"-5\""), other("\"5.5\""), other("\"x\""), other("5"), other("\"0\"")]
    }
}

/// The instrument of all scripts, under the venue's name of it.
pub fn instrument(symbol: &str, kind: Kind) -> Instrument {
    let grids = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });
    let symbol = Symbol::new(symbol).unwrap();
    let one = Instrument::new(InstrumentId(2), symbol, (AssetId(0), AssetId(1)), grids);
    Instrument { kind, ..one }
}

/// `["5","1"],["4","2"]` of one side, with what stands behind the quantity.
pub fn side_text(levels: &[Level], side: Side, behind: &str) -> String {
    let own = levels.iter().filter(|level| level.0 == side);
    let texts: Vec<String> =
        own.map(|(_, price, qty)| format!(r#"["{price}","{qty}"{behind}]"#)).collect();
    format!("[{}]", texts.join(","))
}
