//! Bybit's protocol over loopback: market streams, orders, the private stream, faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests, too.

#[path = "../common/mod.rs"]
mod common;

mod books;
mod faults;
mod market;
mod orders;
mod rest;
mod rig;
mod session;
mod stops;
