//! What comes in: market streams, from sockets to event rows.
//!
//! ```text
//!  net::dial ──▶ net::Socket ──▶ dialect ──▶ sequence ──▶ window ──▶ ring ──▶ engine
//!  (tokio)       frames          rows        order        best N     whole messages
//!                └─────────────────── feed: keeps all of it going ────┘
//!                     subscriptions, redundancy, silence, roll-over
//! ```
//!
//! **Invariant.** This crate must not know strategies, orders, shared memory, or what anyone does
//! with the rows. It starts no thread and owns no clock: agents are polled, and the tools decide
//! where.
//!
//! # Venues
//!
//! | dialect | endpoints | books | ids of rows |
//! |---|---|---|---|
//! | [`binance_spot`] | 1, by URL | REST, then diffs `U..u` | update id |
//! | [`binance_usdm`] | 2, by URL | REST, then diffs chained by `pu` | update id |
//! | [`bybit`] | 1, by requests | over the stream, 50 to 1000 levels | `seq` |
//! | [`okx`] | 1, by requests | over the stream, 400 levels; REST if it must | `seqId` |
//!
//! # To add a venue
//!
//! A dialect is one file of data and small functions; nothing else changes, here or in the engine.
//! [`bybit`] is the worked example, in the order in which it is best written:
//!
//! 1. **Where the streams are.** `BybitConfig` has what an operator says, and a `check` that
//!    names each fault at once. From it an [`Endpoint`](protocol::Endpoint) is made, with a
//!    [`Topic`](protocol::Topic) for each stream of each instrument: its name for people, how
//!    requests name it (`"orderbook.50.BTCUSDT"`), which instrument it is of, what it tells, what
//!    its silence means, and how the venue is pinged (`{"req_id":"ping","op":"ping"}` each 20 s).
//! 2. **What is asked for.** `write_request` writes a subscription with its number. An answer
//!    becomes [`Granted`](protocol::Message::Granted) or [`Refused`](protocol::Message::Refused)
//!    with that number, or with the topic where the venue says that instead (OKX). Trying again,
//!    time-outs and silence are the feed's.
//! 3. **Which rules its books follow.** [`BookRules`](protocol::BookRules): a window of 50
//!    levels, books over the stream. A diff with `u` 7 becomes a [`DiffHead`](sequence::DiffHead)
//!    of `before: 6` and `last: 7`; one with `u` 1 a whole [`Book`](protocol::Message::Book)
//!    whose ids start anew. Rows carry `seq`, for best prices have it too. Gaps, asking again,
//!    windows, crossed books and several connections are the feed's.
//! 4. **Frames of any shape** (`bybit/tape.rs`), by the tape of simd-json: fields in any order,
//!    more fields than known. Prices and quantities go through the instrument's grids, its `size`
//!    for quantities; nothing is a float, nothing is allocated.
//! 5. **Frames as they always are** (`bybit/text.rs`), by one pass over the text, for the streams
//!    that matter. It gives up at anything unusual; `tests/fuzz_v5.rs` holds both to the same
//!    rows.
//! 6. **Its scribe** in `feed/conformance/scribes.rs` writes what happens at the venue in its
//!    words: then every case of the suite, the table of faults, and random faults over one
//!    connection and two, are run for it.
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
