//! The strategy's parameters.
//!
//! A price unit is one unit of the quote asset for one of the base asset; an order unit is
//! `order_qty` of the base asset: holding one order's worth is q = 1.

use super::formula;
use crate::optimal::quoter::Model;
use crate::optimal::{Quoting, quoting_parameters};
use crate::parameter::{ParameterError, choices};
use engine::time::Nanos;

choices! {
    /// Which T − t the formulas see.
    Horizon {
        /// Sessions of `horizon_s` one after the other: T − t falls to 0 and starts again, so that
        /// inventory is worked off towards each end.
        Session = 0 "session",
        /// T − t stands at `horizon_s`: the same quotes at all times.
        Rolling = 1 "rolling",
        /// The paper's infinite horizon with its rate ω.
        Infinite = 2 "infinite",
    }
}

quoting_parameters! {
    1 gamma: f64 = 0.01, "1/(price·order)", 0.0 to 1e6,
        "γ, risk aversion: holding one order moves the quotes by γσ²(T − t).";
    2 horizon: Horizon = Horizon::Rolling, "name", 0.0 to 2.0,
        "Which T − t the formulas see: session, rolling or infinite.";
    3 horizon_s: f64 = 10.0, "s", 0.001 to 604800.0,
        "T, the length of a session, or T − t where it rolls.";
    4 omega: f64 = 0.0, "1/s", 0.0 to 1e9,
        "ω of the infinite horizon, raised where it allows under one order of inventory; 0 takes \
         the natural one, ½γ²σ²(inventory_max + 1)².";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        self.quoting_relations()?;
        if self.horizon == Horizon::Infinite && self.gamma <= 0.0 {
            return Err(ParameterError::Conflict(
                "horizon = \"infinite\" needs gamma above 0: raise gamma, or take \"rolling\"",
            ));
        }
        Ok(())
    }
}

impl Quoting for Parameters {
    /// T − t.
    fn left_s(&self, elapsed: Option<Nanos>) -> f64 {
        match (self.horizon, elapsed) {
            (Horizon::Session, Some(elapsed)) => {
                self.horizon_s - libm::fmod(elapsed.as_s_f64(), self.horizon_s)
            }
            _ => self.horizon_s,
        }
    }

    fn distances(&self, q: f64, model: &Model) -> [Option<f64>; 2] {
        let Self { gamma, horizon, .. } = *self;
        let Model { sigma, left_s, kappa: [kappa_bid, kappa_ask], .. } = *model;
        let bid_flow = formula::flow_half_spread(gamma, kappa_bid);
        let ask_flow = formula::flow_half_spread(gamma, kappa_ask);
        if horizon == Horizon::Infinite {
            let omega = if self.omega > 0.0 {
                self.omega.max(formula::omega(gamma, sigma, 1.0))
            } else {
                formula::omega(gamma, sigma, self.inventory_max)
            };
            // Beyond the range that ω allows the quotes are those at its end: the side that adds is
            // withdrawn, the one that reduces stays.
            let bound = formula::inventory_bound(gamma, sigma, omega);
            let q = q.clamp(-bound, bound);
            let bid = formula::infinite_bid(q, gamma, sigma, omega);
            let ask = formula::infinite_ask(q, gamma, sigma, omega);
            return [bid.map(|bid| bid_flow - bid), ask.map(|ask| ask_flow + ask)];
        }
        let lean = q * formula::skew(gamma, sigma, left_s);
        let risk = formula::risk_half_spread(gamma, sigma, left_s);
        [Some(risk + bid_flow - lean), Some(risk + ask_flow + lean)]
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::parameter::Table;
    use engine::plan::LEVELS_MAX;
    use std::string::ToString;

    #[test]
    fn levels_are_as_many_as_a_plan_takes() {
        assert_eq!(LEVELS_MAX as f64, Parameters::by_key("levels").unwrap().max);
    }

    #[test]
    fn errors_say_what_and_how_to_mend_it() {
        let check = |key: &str, value: f64, expect: &str| {
            let id = Parameters::by_key(key).unwrap().id;
            let result = Parameters::default().with(id, value);
            assert_eq!(result.map_or_else(|e| e.to_string(), |_| "ok".to_string()), expect);
        };
        check("gamma", 0.2, "ok");
        check("gamma", -1.0, "gamma = -1 1/(price·order): must be from 0 to 1000000");
        check("gamma", f64::NAN, "gamma = NaN 1/(price·order): must be from 0 to 1000000");
        check("levels", 1.5, "levels = 1.5 count: must be from 1 to 8, a whole number");
        check(
            "spread_min_bps",
            300.0,
            "spread_min_bps = 300 lies above spread_max_bps = 200: lower it, or raise \
             spread_max_bps",
        );
        check(
            "kappa_estimated",
            0.0,
            "kappa_estimated = false needs kappa_start above 0: give κ in 1/price, or let it be \
             estimated",
        );
        assert_eq!(
            Parameters::default().with(999, 0.0).unwrap_err().to_string(),
            "no parameter has number 999"
        );
    }
}
