//! The formulas of M. Avellaneda and S. Stoikov, "High-frequency trading in a limit order book",
//! Quantitative Finance 8(3), 2008, as pure functions.
//!
//! Symbols: s mid price; q inventory in units of one order; γ risk aversion, per price unit and
//! order unit; σ volatility, price per √second; τ = T − t remaining seconds; κ decay of the arrival
//! intensity λ(δ) = A·exp(−κδ), per price unit; ω rate of the infinite horizon, per second.
//! The paper's own time unit is free; here it is the second.

/// How far the reservation price lies above the mid for each order unit held: −γσ²τ, so that
/// r = s − qγσ²τ, the middle of the reservation bid and ask of the finite horizon.
pub fn skew(gamma: f64, sigma: f64, tau: f64) -> f64 {
    -gamma * sigma * sigma * tau
}

/// The part of the half-spread that pays for holding one order more or less: γσ²τ/2.
pub fn risk_half_spread(gamma: f64, sigma: f64, tau: f64) -> f64 {
    gamma * sigma * sigma * tau / 2.0
}

/// The part of the half-spread that pays for the flow's reach: (1/γ)·ln(1 + γ/κ), and its limit 1/κ
/// without risk aversion.
pub fn flow_half_spread(gamma: f64, kappa: f64) -> f64 {
    let ratio = gamma / kappa;
    if ratio < 1e-12 { 1.0 / kappa } else { libm::log1p(ratio) / gamma }
}

/// The optimal spread of both sides together: γσ²τ + (2/γ)·ln(1 + γ/κ).
pub fn spread(gamma: f64, sigma: f64, tau: f64, kappa: f64) -> f64 {
    2.0 * (risk_half_spread(gamma, sigma, tau) + flow_half_spread(gamma, kappa))
}

/// The natural ω for an inventory of at most `inventory_max` orders: ½γ²σ²(q_max + 1)². It keeps
/// the infinite-horizon reservation prices finite on the whole range.
pub fn omega(gamma: f64, sigma: f64, inventory_max: f64) -> f64 {
    let reach = gamma * sigma * (inventory_max + 1.0);
    reach * reach / 2.0
}

/// The inventory that an ω allows, the inverse of [`omega`]; not below 0.
pub fn inventory_bound(gamma: f64, sigma: f64, omega: f64) -> f64 {
    (libm::sqrt(2.0 * omega) / (gamma * sigma) - 1.0).max(0.0)
}

/// Infinite horizon: how far the reservation ask lies above the mid,
/// (1/γ)·ln(1 + (1 − 2q)γ²σ² / (2ω − γ²q²σ²)). `None` beyond the range that ω allows. The paper's
/// pair is not a mirror image in q: it bounds the long side by itself, the short side only by ω.
pub fn infinite_ask(q: f64, gamma: f64, sigma: f64, omega: f64) -> Option<f64> {
    infinite(1.0 - 2.0 * q, q, gamma, sigma, omega)
}

/// Infinite horizon: how far the reservation bid lies above the mid (mostly below 0), (1/γ)·ln(1 +
/// (−1 − 2q)γ²σ² / (2ω − γ²q²σ²)). `None` where no price is low enough to buy at, which is reached
/// at the long end of the range.
pub fn infinite_bid(q: f64, gamma: f64, sigma: f64, omega: f64) -> Option<f64> {
    infinite(-1.0 - 2.0 * q, q, gamma, sigma, omega)
}

fn infinite(numerator: f64, q: f64, gamma: f64, sigma: f64, omega: f64) -> Option<f64> {
    let variance = gamma * gamma * sigma * sigma;
    let denominator = 2.0 * omega - variance * q * q;
    let change = numerator * variance / denominator;
    (denominator > 0.0 && change > -1.0 + 1e-9).then(|| libm::log1p(change) / gamma)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-9, "{left} is not {right}");
    }

    #[test]
    fn the_paper_s_own_numbers_come_out() {
        // σ = 2, T = 1, k = 1.5: average spreads of tables 1 and 2.
        for (gamma, mean) in [(0.1, 1.49), (0.01, 1.35)] {
            let open = spread(gamma, 2.0, 1.0, 1.5);
            let close = spread(gamma, 2.0, 0.0, 1.5);
            assert!(((open + close) / 2.0 - mean).abs() < 0.005, "γ {gamma}: {open} to {close}");
        }
        near(skew(0.1, 2.0, 1.0), -0.4);
    }

    #[test]
    fn without_risk_aversion_the_spread_is_two_over_kappa() {
        near(flow_half_spread(0.0, 1.5), 1.0 / 1.5);
        near(flow_half_spread(1e-9, 1.5), libm::log1p(1e-9 / 1.5) / 1e-9);
    }

    #[test]
    fn the_infinite_horizon_falls_with_inventory_and_ends_at_its_bound() {
        let (gamma, sigma) = (0.1, 2.0);
        let omega = omega(gamma, sigma, 5.0);
        near(inventory_bound(gamma, sigma, omega), 5.0);
        let mut last = (f64::INFINITY, f64::INFINITY);
        for q in -5..=4 {
            let bid = infinite_bid(f64::from(q), gamma, sigma, omega).unwrap();
            let ask = infinite_ask(f64::from(q), gamma, sigma, omega).unwrap();
            assert!(bid < ask && bid < last.0 && ask < last.1, "q {q}: {bid} {ask}");
            last = (bid, ask);
        }
        assert_eq!(infinite_bid(5.0, gamma, sigma, omega), None);
        assert!(infinite_ask(5.0, gamma, sigma, omega).unwrap() < last.1);
        assert_eq!(infinite_ask(6.0, gamma, sigma, omega), None);
        near(infinite_ask(0.0, gamma, sigma, omega).unwrap(), libm::log1p(1.0 / 36.0) / gamma);
    }
}
