//! What comes in: market streams, from sockets to event rows.
//!
//! ```text
//!  net::dial ──▶ net::Socket ──▶ binance_spot ──▶ sequence ──▶ ring ──▶ engine
//!  (tokio)       frames          rows             order        whole messages
//!                └───────────────────── feed: keeps all of it going ─────────┘
//! ```
//!
//! **Invariant.** This crate must not know strategies, orders, shared memory, or what anyone does
//! with the rows. It starts no thread and owns no clock: agents are polled, and the tools decide
//! where.
//!
//! To add a venue: implement [`protocol::Protocol`] in one file beside [`binance_spot`]. It says
//! which URL subscribes to what and turns bytes into rows; connections, sequence numbers,
//! staleness, roll-over and full rings are [`feed`]'s and need no change.
#![deny(unsafe_code)]

pub mod binance;
pub mod binance_spot;
pub mod binance_usdm;
pub mod bybit;
mod checks;
pub mod feed;
pub mod net;
pub mod okx;
pub mod protocol;
mod reading;
pub mod sequence;
#[cfg(target_arch = "x86_64")]
mod simd;
mod window;
