//! Measurement: our stages and their rivals on the same bytes, in the same process, by turns.
//!
//! One bench a stage lies beside this crate's manifest; `inline` is all of them from bytes in to
//! order bytes out, `instructions` counts instead of timing. `cargo bench -p benches` prints each
//! ratio and leaves `benches/runs/<date>-<machine>/bench.json`; `cargo run --profile production -p
//! benches --bin record` builds with the production profile, runs all and keeps a summary beside
//! it.
//!
//! **Invariant.** Nothing depends on this crate. Rivals live here and nowhere else.
#![forbid(unsafe_code)]

pub mod budget;
pub mod corpus;
pub mod fleet;
pub mod numbers;
pub mod recorded;
pub mod results;
pub mod rig;
pub mod row;
pub mod setting;
pub mod stage;
pub mod venue;

/// The benches that leave rows, in the order of the way of the data.
pub const STAGES: [&str; 22] = [
    "sockets",
    "decode",
    "book",
    "ring",
    "quote",
    "risk",
    "encode",
    "inline",
    "wire",
    "engine",
    "triangular",
    "cross",
    "venues",
    "resync",
    "growth",
    "journal",
    "telemetry",
    "replay",
    "recovery",
    "sim",
    "backtest",
    "tune",
];
