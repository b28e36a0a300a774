//! Events: everything the engine ever learns, each one 64-byte row.
//!
//! [`Event`] is the row as it travels through rings and lies in the journal; [`Body`] is its
//! decoded view. A venue message of n levels becomes n level rows, the last one flagged
//! [`flag::LAST`].
//!
//! ```text
//!  0        8        16                        48       52       56    58   59    60
//!  ├ at ns ─┼─ id ───┼─ payload, 4 words ──────┼─ recv ─┼─ venue ┼ ins ┼ kind ┼ flags ┼ crc ┤ 64
//! ```
//!
//! Rows are checked where they are decoded: a body carries prices, quantities and ids in the ranges
//! that the rest of the engine counts on, and words outside them have no body.

mod body;
mod decode;
mod encode;
mod row;
#[cfg(test)]
mod tests;
mod word;

pub use body::{Body, Fill, Standing};
pub use row::{Event, flag, kind};
pub use word::{Command, End, GapReason, Link, LinkState, Reason, Request};
