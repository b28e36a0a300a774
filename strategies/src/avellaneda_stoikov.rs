//! The Avellaneda–Stoikov market maker (2008): quotes around a reservation price that leans against
//! inventory, as far apart as risk and the reach of the flow ask for.
//!
//! **Formula** (see [`formula`]). With s the mid, q the inventory in orders, γ the risk aversion, σ
//! the volatility, T − t the remaining time and κ the decay of the flow's reach,
//!
//! ```text
//! r = s − q·γσ²(T − t)        bid, ask = r ∓ ( γσ²(T − t)/2 + (1/γ)·ln(1 + γ/κ) )
//! ```
//!
//! **Source.** M. Avellaneda and S. Stoikov, "High-frequency trading in a limit order book",
//! Quantitative Finance 8(3), 2008; the infinite horizon is the paper's own. Measuring, quoting and
//! the rules between formula and grid are [`crate::optimal`]'s.
//!
//! **Edge.** The spread, from flow whose reach is exponential, paid for the risk of holding what it
//! leaves. **Fails** where mids trend or jump: the model's mid is a driftless Brownian motion.

pub mod formula;
pub mod parameters;

pub use parameters::{Horizon, PARAMETERS, Parameters};

/// The strategy on one instrument.
pub type AvellanedaStoikov = crate::optimal::Optimal<Parameters>;
