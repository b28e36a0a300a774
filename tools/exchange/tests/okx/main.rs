//! OKX v5 over loopback: public channels, orders, an account's own channels, faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

#[path = "../common/mod.rs"]
mod common;

mod attached;
mod faults;
mod market;
mod orders;
mod party;
mod session;
