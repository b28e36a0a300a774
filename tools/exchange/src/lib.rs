//! A simulated Binance Spot exchange: a process of its own that speaks the venue's real protocol.
//!
//! **Invariant.** It shares no dialect, signing or JSON code with the product: an exchange built on
//! our own codecs would agree with our errors. It may know `engine`'s number types and
//! `venues::sim` (which fills our orders beside a recording), nothing else of ours.
//!
//! ```text
//!  sockets ──▶ rest, ws_api ──▶ entry (weight, key, signature, time) ──▶ trading, public
//!     ▲            streams                                                   │
//!     │                                                                      ▼
//!    hub ◀── floor.flush ◀── journal ◀── venue (balances, orders, ids) ──▶ matching
//!                                          ▲
//!                          flow (generated traders) or replay (a recording, venues::sim)
//! ```
//!
//! # How it is used
//!
//! `peregrine exchange` flattens [`Args`]; a program calls [`serve`] with [`Options`] on a
//! current-thread tokio runtime (it parks, and is content with one core). By itself:
//! `cargo run -p exchange --example exchange -- --listen 127.0.0.1:0 --ledger DIR`, which prints
//! `listening on http://ADDRESS` once it is ready.
//!
//! * REST is at `/api/v3/…`, market streams at `/ws`, `/ws/<stream>` and `/stream?streams=…`, the
//!   WebSocket API at `/ws-api/v3`.
//! * Outside the venue's API: `GET /sim/ledger?apiKey=…` (balances with their start, open orders,
//!   every trade with its fee), `GET /sim/report` (tick-out → order-in, message counters, faults),
//!   `POST /sim/deposit?apiKey=…&asset=…&amount=…`.
//! * The demonstration account has an HMAC and an Ed25519 key, made from the seed ([`demo_keys`])
//!   and left, mode 600, in the ledger directory ([`KEY_FILES`]); what lies there is used again.
//! * With a ledger directory, balances, open orders, trades and ids survive `kill -9`: each
//!   transaction is written before its answer or event leaves. Ids go on upwards.
//! * Orders reach the matching engine `latency` after they came in; so does a cancel, and what
//!   trades in between is a fill during a cancel.
//! * Faults come on demand: see [`Fault`].
//! * [`describe`] measures the generated market beside a recording.
//!
//! # What it does not offer
//!
//! Stop, iceberg, pegged and list orders; SBE and FIX; `timeUnit=MICROSECOND`; margin and wallet
//! endpoints. Day statistics begin when the exchange starts.
#![forbid(unsafe_code)]
// The core offers what four protocols ask for; each asks for a part.
#![allow(dead_code)]

mod account;
mod args;
mod binance;
mod binance_spot;
mod bybit;
mod cause;
mod describe;
mod dialect;
mod error;
mod event;
mod fault;
mod floor;
mod flow;
mod hub;
mod journal;
mod json;
mod keys;
mod kind;
mod ledger;
mod limits;
mod listing;
mod matching;
mod order;
mod recording;
mod refusal;
mod replay;
mod server;
mod sim;
mod socket;
mod symbol;
mod venue;
mod world;

pub use account::Fees;
pub use args::{Args, Edge, Faults};
pub use describe::{Description, Measure, describe};
pub use error::Error;
pub use fault::{Fault, FaultError, FaultKind};
pub use keys::{KEY_FILES, KeyFile, demo_keys, read_keys, venue_keys, write_demo_keys};
pub use kind::{UnknownVenue, VenueKind};
pub use limits::Rates;
pub use server::{Options, Summary, serve};
pub use socket::Heartbeat;
pub use symbol::{Product, Symbol, Terms};
pub use world::{FollowText, LatentText, ListingText, SCENARIOS, VenueText, WorldText};
