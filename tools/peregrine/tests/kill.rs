//! Kill -9, at 200 moments of a fixed list of seeds, and what comes after: recovery,
//! reconciliation, and three ledgers that agree to the last unit.
//!
//! `cargo test -p peregrine --test kill` does the first 20; all of them, some ten minutes:
//!
//! ```text
//! PEREGRINE_KILLS=200 cargo test -p peregrine --test kill battery
//! ```
//!
//! The state at each kill goes to standard error, one line each. With `PEREGRINE_KEEP=1` the
//! folder of a test that failed stays.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

#[path = "session/harness.rs"]
mod harness;

#[path = "kill/battery.rs"]
mod battery;
#[path = "kill/books.rs"]
mod books;
#[path = "kill/compare.rs"]
mod compare;
#[path = "kill/exchange.rs"]
mod exchange;
#[path = "kill/plan.rs"]
mod plan;
#[path = "kill/refusals.rs"]
mod refusals;
#[path = "kill/room.rs"]
mod room;
#[path = "kill/stops.rs"]
mod stops;
#[path = "kill/trader.rs"]
mod trader;
#[path = "kill/wire.rs"]
mod wire;
