//! The pre-trade risk gate: every order passes here or does not leave.

mod bucket;
mod gate;
mod limits;
mod shared;

pub use bucket::Bucket;
pub use gate::{Facts, Gate};
pub use limits::{Limits, Refusal};
pub use shared::{Shared, SharedLimits};
