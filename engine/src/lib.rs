//! What Peregrine decides: a deterministic state machine from events to orders.
//!
//! **Invariant.** This crate must not know clocks, threads, files, sockets, JSON, venue names,
//! bytes on disk, or floats in prices. Same events and configuration in, same orders out, byte for
//! byte.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod account;
pub mod asset;
pub mod book;
pub mod condition;
pub mod desk;
pub mod engine;
pub mod event;
pub mod exposure;
pub mod held;
pub mod id;
pub mod instrument;
pub mod intent;
pub mod market;
pub mod num;
pub mod order;
pub mod orders;
pub mod plan;
pub mod ports;
pub mod position;
pub mod reconcile;
pub mod risk;
pub mod session;
pub mod state;
pub mod strategy;
pub mod time;
pub mod venue;
