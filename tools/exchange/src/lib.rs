//! A simulated Binance Spot exchange: a process of its own that speaks the venue's real protocol.
#![forbid(unsafe_code)]

mod account;
mod args;
mod call;
mod cause;
mod describe;
mod entry;
mod error;
mod fault;
mod floor;
mod flow;
mod hub;
mod journal;
mod json;
mod keys;
mod limits;
mod listing;
mod matching;
mod order;
mod params;
mod public;
mod recording;
mod replace;
mod replay;
mod report;
mod rest;
mod server;
mod socket;
mod stats;
mod streams;
mod symbol;
mod trading;
mod venue;
mod ws_api;

pub use account::Fees;
pub use args::{Args, Faults};
pub use describe::{Description, Measure, describe};
pub use error::Error;
pub use fault::{Fault, FaultError, FaultKind};
pub use keys::{KEY_FILES, KeyFile, demo_keys, read_keys, write_demo_keys};
pub use limits::Rates;
pub use server::{Options, Summary, serve};
pub use socket::Heartbeat;
pub use symbol::Symbol;
