//! Tuning: which parameters of a configuration serve an objective best on recorded markets, and how
//! much of that is luck.
//!
//! ```text
//!  space ─▶ sampler ─▶ trials on all cores ─▶ best five ─▶ best of them ─▶ its score  Monte Carlo,
//!              ▲             │  (train)        (validate)     (test)      on what it  deflated
//!              └── told ◀────┴─▶ study file                                never saw  Sharpe, PBO
//! ```
//!
//! **Invariant.** Nothing here reads a clock or knows how many jobs there are but [`search`], which
//! makes the result independent of it: the same plan and seed give the same study, byte for byte.

pub mod choose;
pub mod ground;
pub mod monte;
pub mod objective;
pub mod overfit;
pub mod page;
pub mod pictures;
pub mod plan;
pub mod prune;
pub mod sampler;
pub mod search;
pub mod space;
pub mod study;
pub mod table;
pub mod walk;
pub mod winner;
