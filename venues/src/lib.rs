//! What goes out: orders to venues, and what the venues report of them.
//!
//! A [`Gateway`](gateway::Gateway) takes [`Outgoing`](engine::intent::Outgoing)s from the engine's
//! ring, encodes and sends them, and turns what comes back into event rows. It signs, counts the
//! venue's limits, reconciles after every connect, and cancels all by itself when the engine dies.
//!
//! **Invariant.** This crate must not know strategies, shared memory, or where its rings lead. Of
//! feeds it uses `net` alone. It starts no thread and owns no clock: agents are polled with one,
//! and the tools decide where. It decides nothing: what should stand is the engine's affair.
//!
//! **To add a dialect**, implement [`Wire`](wire::Wire) in a file of its own beside
//! [`binance_spot`]: requests to bytes, bytes to [`Heard`](wire::Heard)s. Everything else (pending
//! requests, time-outs, budget, reconciliation, guard) is here already and does not change. The
//! tests in `tests/wire.rs` are the conformance suite that it has to pass.
#![forbid(unsafe_code)]

mod binance;
pub mod binance_spot;
pub mod binance_usdm;
pub mod budget;
pub mod bybit;
mod client;
pub mod credentials;
mod cursors;
mod framed;
pub mod gateway;
pub mod guard;
mod json;
pub mod metadata;
mod names;
pub mod okx;
mod orders;
pub mod sign;
pub mod sim;
mod template;
pub mod timed;
pub mod wire;
