//! What others see: the one crate that turns events into bytes.
//!
//! An engine creates a [`Region`] in `/dev/shm` and publishes [`panel`]s in it; any number of
//! [`Reader`]s look at them without the engine noticing; operators' processes speak back through a
//! ring of [`Command`]s. Nobody waits for anybody, and every process may die at any time.
//!
//! **Invariant.** This crate must not know feeds, venues, strategies, threads or clocks: times are
//! given by the caller. `unsafe` is in five places: `mapping`, where a file becomes a structure
//! of atomics, `file`, where one that nobody changes becomes bytes, `journal::memory`, where rows
//! are copied into a mapping, `journal::crc` and `ahead`, where the processor's own instructions
//! are called.

pub mod seqlock;
mod sync;

mod ring;

#[cfg(not(all(loom, test)))]
mod ahead;
#[cfg(not(all(loom, test)))]
mod command;
#[cfg(not(all(loom, test)))]
mod error;
#[cfg(not(all(loom, test)))]
mod file;
#[cfg(not(all(loom, test)))]
pub mod header;
#[cfg(not(all(loom, test)))]
pub mod journal;
#[cfg(not(all(loom, test)))]
pub mod layout;
#[cfg(not(all(loom, test)))]
mod mapping;
#[cfg(not(all(loom, test)))]
pub mod panel;
#[cfg(not(all(loom, test)))]
mod reader;
#[cfg(not(all(loom, test)))]
mod region;
#[cfg(not(all(loom, test)))]
mod snapshot;
#[cfg(not(all(loom, test)))]
pub mod words;

#[cfg(not(all(loom, test)))]
pub use {
    ahead::bring_near,
    command::{
        Answer, COMMANDS_MAX, Command, CommandReader, CommandWriter, Key, Kind, Received, Target,
        Value,
    },
    error::{CommandError, RegionError},
    file::FileBytes,
    reader::{Freshness, Reader},
    region::{Birth, Heartbeat, PanelWriter, Region, RegionPath, Writers},
    snapshot::Snapshot,
};
