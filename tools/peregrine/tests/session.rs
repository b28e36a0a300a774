//! Whole sessions: engines as processes of their own over a simulated exchange, seen from outside.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

#[path = "session/harness.rs"]
mod harness;

#[path = "session/found.rs"]
mod found;
#[path = "session/guard.rs"]
mod guard;
#[path = "session/hold.rs"]
mod hold;
#[path = "session/links.rs"]
mod links;
#[path = "session/operate.rs"]
mod operate;
#[path = "session/paper.rs"]
mod paper;
#[path = "session/start.rs"]
mod start;
#[path = "session/venues.rs"]
mod venues;
