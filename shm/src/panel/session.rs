//! The engine as a whole and its connections.

use crate::words::{Text, cell_enum, cells};
use engine::time::Nanos;

cell_enum! {
    /// Where the engine stands between start and stop.
    pub enum EngineState {
        /// Threads and connections are being made.
        Starting = "starting",
        /// The venue is asked for orders, balances and trades; nothing is quoted yet.
        Reconciling = "reconciling",
        /// The strategy may quote.
        Quoting = "quoting",
        /// An operator paused it: standing orders are withdrawn, commands go on.
        Paused = "paused",
        /// A limit or a fault stopped it; only an operator starts it again.
        Halted = "halted",
        /// It ended in order; nothing will change any more.
        Stopped = "stopped",
    }
}

cell_enum! {
    /// Whether a connection can be relied upon.
    pub enum LinkState {
        /// Not connected, and waiting to try again.
        Down = "down",
        /// Look-up, TCP, TLS or log-on under way.
        Connecting = "connecting",
        /// Connected and heard from within its limit.
        Up = "up",
        /// Connected, but silent for longer than its limit.
        Stale = "stale",
    }
}

cells! {
    /// The engine as a whole. Its heartbeat is in the region's header.
    pub struct SessionPanel {
        /// Where it stands.
        pub state: EngineState,
        /// `paper`, `testnet` or `live`, in the configuration's own words.
        pub mode: Text<16>,
        /// Thread layout: `inline` or `pipelined`.
        pub layout: Text<16>,
        /// Wait strategy: `spin`, `yield` or `park`.
        pub wait: Text<16>,
        /// The strategy that quotes.
        pub strategy: Text<24>,
        /// The account's name.
        pub account: Text<32>,
        /// The cores that threads are pinned to, such as `2,3`; empty when none is.
        pub cores: Text<32>,
        /// When the process started, UTC.
        pub started_at: Nanos,
        /// Time of the last event applied, UTC; the engine's only clock.
        pub at: Nanos,
        /// Events applied since the start.
        pub events: u64,
        /// Why it is halted, by the engine's own numbering; 0 when it is not.
        pub halt_code: u16,
        /// The same in words; empty when it is not halted.
        pub halt_reason: Text<64>,
    }

    /// One connection.
    pub struct LinkPanel {
        /// Such as `market`, `orders`, `user`.
        pub name: Text<24>,
        /// Whether it can be relied upon.
        pub state: LinkState,
        /// When the last message came, UTC; zero before the first. A reader subtracts it from its
        /// own clock, so that the age grows also when the engine hangs.
        pub message_at: Nanos,
        /// How long it may be silent before it is stale.
        pub age_limit: Nanos,
        /// Round trip of the last ping; zero before the first answer.
        pub round_trip: Nanos,
        /// Messages received.
        pub messages: u64,
        /// Bytes received.
        pub bytes: u64,
        /// Connections made after the first.
        pub reconnects: u64,
        /// Holes found in the stream's sequence.
        pub gaps: u64,
    }
}
