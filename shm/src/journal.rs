//! The journal: every event before it is applied, and everything that is sent, as 64-byte rows.
//!
//! A row is an [`engine::event::Event`] with its checksum filled in. Kinds below
//! [`row::OUTGOING`] are what the engine learnt, kinds from there on what it sent; a sent row
//! follows the event that caused it. A row's `seq` is its position among all rows, going on
//! upwards over sessions.
//!
//! ```text
//! DIR/lock                        flock'd by the engine that writes
//! DIR/session.json                names and scales, for people and exporters
//! DIR/00000000000000000000.pgj    segment: header of 4096 bytes, then rows (.zst when compressed)
//! DIR/00000000000000000000.pgs    state of the engine before the row of that number
//! ```
//!
//! Each segment belongs to one session (epoch); the first segment of a session has a state file of
//! the same number: where replay begins.

mod begin;
mod crc;
pub mod directory;
mod disk;
mod drain;
pub mod error;
pub mod header;
pub mod keep;
mod memory;
pub mod reader;
pub mod row;
mod salvage;
pub mod segment;
pub mod sent;
pub mod snapshot;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

pub use begin::{Start, Sync, WriterSettings, begin};
pub use directory::{Directory, Place};
pub use drain::{Drain, DrainStatus};
pub use error::JournalError;
pub use header::SegmentHeader;
pub use reader::{JournalReader, Row};
pub use salvage::{Salvaged, salvage};
pub use segment::SegmentRows;
pub use sent::Sent;
pub use snapshot::StateFile;
pub use tail::Tail;
pub use writer::{JournalWriter, Trouble, roll};
