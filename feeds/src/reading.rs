//! What all dialects read with: the tape of simd-json for documents of any shape, a cursor for text
//! in the order in which a venue always writes it, and the rows that both leave.
//!
//! A dialect reads a frame with its cursor and, when that gives up, with the tape: the cursor
//! accepts nothing that the tape would not read the same (`tests/fuzz.rs` holds them to it).

mod cursor;
mod numbers;
mod prints;
mod request;
mod rows;
mod tape;

pub(crate) use cursor::Cursor;
pub(crate) use numbers::{
    Places, floor_price, hundred_millionths, print_of, stamp_us, venue_delta_us,
};
pub(crate) use prints::Prints;
pub(crate) use request::op_request;
pub(crate) use rows::{Rows, best_row};
pub(crate) use tape::{Nodes, Parser, find};
