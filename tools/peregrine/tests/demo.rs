//! The demo as a process: what it prints, in every layout and wait strategy, and under every fault.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

#[path = "session/harness.rs"]
mod harness;

#[path = "session/faults.rs"]
mod faults;
#[path = "session/replay.rs"]
mod replay;
#[path = "session/report.rs"]
mod report;
#[path = "session/scenarios.rs"]
mod scenarios;
#[path = "session/shadow.rs"]
mod shadow;
#[path = "session/stops.rs"]
mod stops;
#[path = "session/venue_faults.rs"]
mod venue_faults;
