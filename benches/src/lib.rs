//! Measurement: our stages and their rivals on the same bytes, in the same process, by turns.
//!
//! One bench a stage lies beside this crate's manifest: `decode`, `book`, `risk`, `encode`, and
//! `inline`, which is all of them from bytes in to order bytes out. `cargo bench -p benches` prints
//! each ratio; `cargo run --profile production -p benches --bin record` builds with the production
//! profile, runs all and keeps what was measured under `benches/runs/`.
//!
//! **Invariant.** Nothing depends on this crate. Rivals live here and nowhere else.
#![forbid(unsafe_code)]

pub mod corpus;
pub mod recorded;
pub mod row;
pub mod stage;
