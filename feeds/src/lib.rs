//! What comes in: market streams, from sockets to event rows.
//!
//! **Invariant.** This crate must not know strategies, orders, shared memory, or what anyone does with
//! the rows. It starts no thread and owns no clock: agents are polled, and the tools decide where.
#![forbid(unsafe_code)]

pub mod binance_spot;
pub mod feed;
pub mod net;
pub mod protocol;
pub mod sequence;
