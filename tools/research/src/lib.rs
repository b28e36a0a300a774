//! Research: what was recorded becomes a tape, a tape is traded on by the very engine that trades
//! live, and what came of it is measured, drawn and tuned.
//!
//! ```text
//!  recordings, dumps ─import─▶ tape ─▶ backtest ─▶ run (what happened) ─▶ metrics ─▶ report
//!                                         ▲                                 │
//!                                         └───────── tune (parameters) ◀────┘
//! ```
//!
//! **Invariant.** Everything here is off the hot path: floats are allowed in results, never in what
//! an engine decides by. The command line lies in `tools/peregrine`; this crate prints nothing.
#![forbid(unsafe_code)]

pub mod backtest;
pub mod import;
pub mod metrics;
pub mod report;
pub mod run;
pub mod session;
pub mod tape;
pub mod tune;
