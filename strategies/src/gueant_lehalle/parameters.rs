//! The parameters of Guéant–Lehalle–Fernandez-Tapia, and the formula over them.

use super::{flow_half_spread, skew};
use crate::optimal::quoter::Model;
use crate::optimal::{Quoting, quoting_parameters};
use crate::parameter::{ParameterError, choices};
use engine::time::Nanos;

choices! {
    /// What is maximised.
    Objective {
        /// Expected exponential utility: ξ = γ.
        Utility = 0 "utility",
        /// Expected gain less a running penalty on the variance of inventory: ξ = 0.
        Variance = 1 "variance",
    }
}

quoting_parameters! {
    1 gamma: f64 = 0.01, "1/(price·order)", 1e-12 to 1e6,
        "γ, risk aversion: what holding an order costs.";
    2 objective: Objective = Objective::Utility, "name", 0.0 to 1.0,
        "What is maximised: utility (ξ = γ) or variance (ξ = 0).";
    3 drift: f64 = 0.0, "price/s", -1e6 to 1e6,
        "μ, the drift of the mid that is believed in.";
    4 skew_factor: f64 = 1.0, "factor", 0.0 to 100.0,
        "By how much the term of inventory is scaled.";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        self.quoting_relations()
    }
}

impl Quoting for Parameters {
    /// The quotes of the long run know no horizon.
    fn left_s(&self, _: Option<Nanos>) -> f64 {
        0.0
    }

    fn distances(&self, q: f64, model: &Model) -> [Option<f64>; 2] {
        let Self { gamma, drift, skew_factor, .. } = *self;
        let Model { sigma, kappa, rate, .. } = *model;
        let xi = match self.objective {
            Objective::Utility => gamma,
            Objective::Variance => 0.0,
        };
        let mean = |pair: [f64; 2]| (pair[0] + pair[1]) / 2.0;
        let unit = skew(gamma, xi, sigma, mean(rate), mean(kappa));
        let lean = q * skew_factor - drift / (gamma * sigma * sigma);
        let [bid, ask] = kappa.map(|kappa| flow_half_spread(xi, kappa));
        [Some(bid + unit * (lean + 0.5)), Some(ask - unit * (lean - 0.5))]
    }
}
