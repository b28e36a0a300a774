//! What a venue's protocol is to the core: it renders events, speaks by the clock, and brings its
//! routes.

use crate::event::{Agg, Liquidation, Private};
use crate::floor::{App, Floor};
use crate::kind::VenueKind;
use crate::listing::Tick;
use crate::order::{AccountId, SymbolId};

/// Best bid and ask: price in ticks and lots; none where a side is empty.
pub(crate) type Best = [Option<(i64, i64)>; 2];

/// A recorded depth message: first and last update id, and its levels in 1e-8, bids then asks.
pub(crate) struct Depth<'a> {
    pub ids: (u64, u64),
    pub sides: &'a [Vec<(i64, i64)>; 2],
}

/// A venue's protocol. The floor calls it after the journal was written; what it publishes goes
/// out in that order. It must not end a transaction itself.
#[allow(unused_variables)] // Defaults do nothing.
pub(crate) trait Dialect: Send {
    /// The venue's routes; the paths of the four protocols are disjoint. The floor is locked while
    /// this is called.
    fn routes(&self, app: App) -> axum::Router {
        axum::Router::new()
    }

    /// Views whose changed levels each listing notes ([`crate::listing::Listing::views`]).
    fn views(&self) -> usize {
        0
    }

    /// Time between calls of [`Dialect::beat`].
    fn beat_ms(&self) -> u64 {
        100
    }

    /// Streams that speak by the clock; `count` beats came before.
    fn beat(&mut self, floor: &mut Floor, count: u64, now_ms: u64) {}

    /// One maker's part of a trade.
    fn trade(&mut self, floor: &mut Floor, symbol: SymbolId, tick: &Tick, now_ms: u64) {}

    /// All of one taker's trades at one price.
    fn aggregate(&mut self, floor: &mut Floor, symbol: SymbolId, agg: &Agg, now_ms: u64) {}

    /// Best price or quantity changed.
    fn best(&mut self, floor: &mut Floor, symbol: SymbolId, update: u64, best: Best, now_ms: u64) {}

    /// A recording's depth message, as it was.
    fn depth(&mut self, floor: &mut Floor, symbol: SymbolId, depth: &Depth<'_>, event_ms: u64) {}

    /// Mark price, index price or funding rate moved.
    fn mark(&mut self, floor: &mut Floor, symbol: SymbolId, now_ms: u64) {}

    /// A position was liquidated.
    fn liquidation(&mut self, floor: &mut Floor, symbol: SymbolId, one: &Liquidation, now_ms: u64) {
    }

    /// A private event of an account.
    fn private(&mut self, floor: &mut Floor, account: AccountId, what: &Private, now_ms: u64) {}

    /// A connection is about to have a topic: what it is told first.
    fn join(&mut self, floor: &mut Floor, connection: u64, topic: &str, now_ms: u64) {}

    /// A market frame that cannot be read, for the fault of that name.
    fn malformed(&self) -> &'static str {
        "{"
    }

    /// Announces that connections will be closed, where the venue does.
    fn farewell(&mut self, floor: &mut Floor, now_ms: u64) {}
}

/// A venue whose protocol nobody speaks here: its market runs, and only `/sim/` shows it.
pub(crate) struct Silent;

impl Dialect for Silent {}

/// The protocol of a venue.
pub(crate) fn of(kind: VenueKind) -> Box<dyn Dialect> {
    match kind {
        VenueKind::BinanceSpot => Box::new(crate::binance_spot::Spot),
        VenueKind::BinanceUsdm => Box::new(crate::binance_usdm::Usdm::default()),
        VenueKind::Okx => Box::new(crate::okx::Okx::default()),
        VenueKind::Bybit => Box::new(Silent),
    }
}
