//! The pre-trade risk gate: every order passes here or does not leave.

mod bucket;
mod gate;
mod limits;

pub use bucket::Bucket;
pub use gate::{Facts, Gate};
pub use limits::{Limits, Refusal};
