//! Imports from small files written here, and of real recordings where they are at hand: text in,
//! text out.
#![allow(clippy::unwrap_used, clippy::panic)]

mod faults;
mod formats;
mod recorded;
mod rig;
