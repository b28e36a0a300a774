//! The Guéant–Lehalle–Fernandez-Tapia market maker: closed-form quotes of the long run, with bounds
//! on inventory.
//!
//! **Formula.** With q the inventory in orders, γ the risk aversion, σ the volatility, μ the drift
//! of the mid, A and κ the intensity λ(δ) = A·exp(−κδ) of each side, and ξ = γ (expected utility)
//! or ξ = 0 (expected gain less a running penalty on the variance of inventory),
//!
//! ```text
//! c₁ = (1/ξ)·ln(1 + ξ/κ)                          or 1/κ at ξ = 0
//! c₂ = √( γσ²/(2Aκ) · (1 + ξ/κ)^(κ/ξ + 1) )       or √( γσ²e/(2Aκ) ) at ξ = 0
//! bid below the mid by  c₁ + c₂·( (2q + 1)/2 − μ/(γσ²) )
//! ask above the mid by  c₁ − c₂·( (2q − 1)/2 − μ/(γσ²) )
//! ```
//!
//! and no bid at q ≥ Q, no ask at q ≤ −Q (`inventory_max`). c₁ is each side's own; c₂, which prices
//! a unit of inventory whichever side it leaves by, takes the mean A and κ of both.
//!
//! **Source.** O. Guéant, C.-A. Lehalle and J. Fernandez-Tapia, "Dealing with the inventory risk: a
//! solution to the market making problem", Mathematics and Financial Economics 7(4), 2013 (ξ = γ,
//! the asymptotic quotes of section 4, with drift); O. Guéant, "Optimal market making", Applied
//! Mathematical Finance 24(2), 2017 (general ξ). As in hftbacktest's tutorial on the model.
//!
//! **Unlike Avellaneda–Stoikov** there is no horizon, and the skew follows from how fast flow would
//! take inventory away (A), not from a chosen time. `skew_factor` scales the inventory's term.
//!
//! **Edge.** The spread, as there. **Fails** as there, and where A and κ are measured on a quiet
//! stretch: quotes are then too wide and inventory is priced as if it could not be got rid of.

mod parameters;

pub use parameters::{Objective, PARAMETERS, Parameters};

/// The strategy on one instrument.
pub type GueantLehalle = crate::optimal::Optimal<Parameters>;

/// c₁: half of the spread that the flow's reach pays for, price units.
pub fn flow_half_spread(xi: f64, kappa: f64) -> f64 {
    let ratio = xi / kappa;
    if ratio < 1e-12 { 1.0 / kappa } else { libm::log1p(ratio) / xi }
}

/// c₂: what one order of inventory moves each quote by, price units.
pub fn skew(gamma: f64, xi: f64, sigma: f64, rate: f64, kappa: f64) -> f64 {
    let ratio = xi / kappa;
    let power = if ratio < 1e-9 {
        core::f64::consts::E
    } else {
        libm::exp((1.0 / ratio + 1.0) * libm::log1p(ratio))
    };
    libm::sqrt(gamma * sigma * sigma / (2.0 * rate * kappa) * power)
}

#[cfg(test)]
mod tests;
