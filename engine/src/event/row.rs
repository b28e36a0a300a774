//! The row itself: plain words, and the numbers of kinds and flags.

use super::body::Body;
use super::encode::encode;
use crate::id::{FeedId, InstrumentId, VenueId};
use crate::time::Nanos;

/// Bits of [`Event::flags`].
pub mod flag {
    /// Last row of its venue message: state is consistent, strategies run.
    pub const LAST: u8 = 1;
    /// Row of a book snapshot.
    pub const SNAPSHOT: u8 = 2;
    /// First row of its snapshot: the depth book is emptied before it is applied.
    pub const FIRST: u8 = 4;
    /// Learnt by asking (reconciliation, a query), not from the private stream.
    pub const ASKED: u8 = 8;
    /// Side of the order is sell.
    pub const SELL: u8 = 16;
    /// The fill was as maker.
    pub const MAKER: u8 = 32;
    /// The order waits for its price.
    pub const WAITS: u8 = 64;
    /// More rows of the same command follow: nothing is planned before the last of them.
    pub const MORE: u8 = 128;
}

/// One row. Plain words: any bit pattern is a row, [`Event::body`] tells whether it means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Event {
    /// When the engine took it; before that, when its last byte was read.
    pub at: Nanos,
    /// Update id, trade id or order id, by kind.
    pub id: u64,
    /// By kind.
    pub payload: [u64; 4],
    /// How long before `at` the last byte was read, ns.
    pub recv_delta_ns: u32,
    /// Read time minus the venue's own time stamp, µs; 0 when it gave none.
    pub venue_delta_us: i32,
    /// Instrument, where the kind has one; of links, balances, budgets and reconciliation the
    /// number of the venue (of a market link: of the feed).
    pub instrument: InstrumentId,
    /// Which [`Body`].
    pub kind: u8,
    /// Bits of [`flag`].
    pub flags: u8,
    /// CRC-32C of the bytes before it; filled in by the journal, 0 in rings.
    pub crc: u32,
}

const _: () = assert!(core::mem::size_of::<Event>() == 64);

/// Numbers of the kinds, fixed for ever: the journal keeps them.
pub mod kind {
    #![allow(missing_docs)]
    pub const LEVEL: u8 = 1;
    pub const BEST: u8 = 2;
    pub const TRADE: u8 = 3;
    pub const GAP: u8 = 4;
    pub const STATUS: u8 = 5;
    pub const FILTERS: u8 = 6;
    pub const LINK: u8 = 7;
    pub const MARK: u8 = 8;
    pub const FUNDING_RATE: u8 = 9;
    pub const LIQUIDATION: u8 = 10;
    pub const ACCEPTED: u8 = 16;
    pub const FILL: u8 = 17;
    pub const DONE: u8 = 18;
    pub const AMENDED: u8 = 19;
    pub const REFUSED: u8 = 20;
    pub const UNKNOWN: u8 = 21;
    pub const ABSENT: u8 = 22;
    pub const STANDING: u8 = 23;
    pub const BALANCE: u8 = 24;
    pub const RECONCILE: u8 = 25;
    pub const BUDGET: u8 = 26;
    pub const DOUBT: u8 = 27;
    pub const TRADES_TOLD: u8 = 28;
    pub const FUNDING: u8 = 29;
    pub const POSITION: u8 = 30;
    pub const TRIGGERED: u8 = 31;
    pub const TIMER: u8 = 32;
    pub const COMMAND: u8 = 33;
    pub const CONVERSION: u8 = 34;
    pub const SIGNAL: u8 = 35;
    pub const START: u8 = 36;
    pub const CLOCK_OFFSET: u8 = 37;
    pub const HOLD: u8 = 38;
    pub const RELEASE: u8 = 39;
}

impl Event {
    /// A row of this meaning; `at` is when its last byte was read.
    #[inline]
    pub fn new(at: Nanos, instrument: InstrumentId, id: u64, body: Body) -> Self {
        let (kind, payload, flags) = encode(body);
        let id = body.order().map_or(id, |order| order.0);
        Self { at, id, payload, instrument, kind, flags, ..Self::default() }
    }

    /// The venue that a row is about which is about no instrument.
    #[inline]
    pub const fn venue(&self) -> VenueId {
        VenueId(self.instrument.0 as u8)
    }

    /// The feed that a market link's row is about.
    #[inline]
    pub const fn feed(&self) -> FeedId {
        FeedId(self.instrument.0 as u8)
    }

    /// The same row with more flags.
    #[inline]
    #[must_use]
    pub const fn with(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// Whether all of these flags are set.
    #[inline]
    pub const fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// Whether rows of the same message follow, so that nothing can be decided yet.
    #[inline]
    pub const fn is_inner(&self) -> bool {
        self.kind == kind::LEVEL && self.flags & flag::LAST == 0
    }

    /// When the last byte of its message was read.
    #[inline]
    pub const fn read_at(&self) -> Nanos {
        Nanos(self.at.0.saturating_sub(self.recv_delta_ns as u64))
    }
}
