//! What strategies that quote by σ, A and κ have in common to set: quantities, levels, spreads, and
//! how the market is measured. Written once; each of them adds its first four.
//!
//! A price unit is one unit of the quote asset for one of the base asset; an order unit is
//! `order_qty` of the base asset: holding one order's worth is q = 1.

/// As `parameters!`, with the common ones behind the strategy's own (numbers 1 to 4).
macro_rules! quoting_parameters {
    ($($own:tt)*) => {
        $crate::parameter::parameters! {
$($own)*
        5 order_qty: f64 = 0.001, "base", 1e-9 to 1e9,
            "Quantity of the first level; the unit in which inventory is measured.";
        6 inventory_target: f64 = 0.0, "base", -1e9 to 1e9,
            "Position that is aimed at.";
        7 inventory_max: f64 = 10.0, "orders", 1.0 to 1e6,
            "Distance from the target at which the side that would add to it is withdrawn.";
        8 eta: f64 = 0.0, "1/order", 0.0 to 100.0,
            "η, shape of the quantity: the side that adds to inventory q is cut by exp(−η·|q|).";
        9 levels: u32 = 1, "count", 1.0 to 8.0,
            "Levels on each side.";
        10 level_spacing_bps: f64 = 1.0, "bp", 0.0 to 1000.0,
            "Distance between levels, of the mid; at least one tick.";
        11 level_growth: f64 = 1.0, "factor", 0.1 to 10.0,
            "Quantity of a level, of the one before it.";
        12 spread_min_bps: f64 = 0.0, "bp", 0.0 to 5000.0,
            "Least spread between the first levels, of the mid.";
        13 spread_max_bps: f64 = 200.0, "bp", 0.01 to 10000.0,
        "Largest spread between the first levels, of the mid, before rounding outward to ticks.";
        14 refresh_s: f64 = 0.1, "s", 0.001 to 60.0,
            "How often σ, κ and T − t are taken over into the quotes.";
        15 sigma_half_life_s: f64 = 60.0, "s", 0.1 to 86400.0,
            "Time in which a change of the mid loses half its weight.";
        16 sigma_sample_s: f64 = 0.0, "s", 0.0 to 60.0,
            "Shortest time between two mids that are compared, against bid-ask bounce.";
        17 sigma_floor: f64 = 1e-9, "price/√s", 1e-12 to 1e9,
            "Least σ believed.";
        18 sigma_cap: f64 = 1e9, "price/√s", 1e-12 to 1e9,
            "Largest σ believed.";
        19 sigma_start: f64 = 0.0, "price/√s", 0.0 to 1e9,
            "σ believed at the start; 0: none, quotes wait for sigma_warm_up_s.";
        20 sigma_warm_up_s: f64 = 10.0, "s", 0.0 to 86400.0,
            "Seconds to be seen before quoting where there is no start value.";
        21 kappa_estimated: bool = true, "name", 0.0 to 1.0,
            "Whether A and κ are estimated for each side; else kappa_start stands.";
        22 kappa_half_life_s: f64 = 300.0, "s", 1.0 to 86400.0,
            "Time in which a taker order loses half its weight.";
        23 kappa_range_bps: f64 = 20.0, "bp", 0.01 to 1000.0,
        "Distances from the mid over which κ is fitted, of the mid; beyond, orders are counted.";
        24 kappa_distance_bps: f64 = 0.0, "bp", 0.0 to 1000.0,
            "Distance from the mid below which orders are left out of the fit.";
        25 kappa_floor: f64 = 1e-9, "1/price", 1e-12 to 1e12,
            "Least κ believed.";
        26 kappa_cap: f64 = 1e9, "1/price", 1e-12 to 1e12,
            "Largest κ believed.";
        27 kappa_start: f64 = 0.0, "1/price", 0.0 to 1e12,
            "κ believed at the start; 0: none, quotes wait for kappa_warm_up_orders.";
        28 rate_floor: f64 = 1e-6, "1/s", 1e-12 to 1e6,
            "Least A believed.";
        29 rate_cap: f64 = 1e6, "1/s", 1e-12 to 1e6,
            "Largest A believed.";
        30 rate_start: f64 = 1.0, "1/s", 1e-9 to 1e6,
            "A believed at the start, where κ has a start value.";
        31 kappa_warm_up_orders: f64 = 30.0, "orders", 1.0 to 1e6,
            "Taker orders to be seen on each side before quoting where there is no start value.";
        32 trade_lag_s: f64 = 0.005, "s", 0.0 to 1.0,
        "How long a mid must have stood before a trade to be the one that it reached away from.";
        }

        impl Parameters {
            /// What must hold between the common ones.
            fn quoting_relations(&self) -> Result<(), $crate::parameter::ParameterError> {
                use $crate::parameter::ParameterError;
                ParameterError::ordered(&[
                    ("spread_min_bps", self.spread_min_bps, "spread_max_bps", self.spread_max_bps),
                    ("sigma_floor", self.sigma_floor, "sigma_cap", self.sigma_cap),
                    ("kappa_floor", self.kappa_floor, "kappa_cap", self.kappa_cap),
                    ("rate_floor", self.rate_floor, "rate_cap", self.rate_cap),
                ])?;
                if !self.kappa_estimated && self.kappa_start <= 0.0 {
                    return Err(ParameterError::Conflict(
                        "kappa_estimated = false needs kappa_start above 0: give κ in 1/price, \
                         or let it be estimated",
                    ));
                }
                Ok(())
            }
        }

        impl $crate::optimal::Setup for Parameters {
            fn shape(&self) -> $crate::optimal::Shape {
                $crate::optimal::Shape {
                    order_qty: self.order_qty,
                    inventory_target: self.inventory_target,
                    inventory_max: self.inventory_max,
                    eta: self.eta,
                    levels: self.levels,
                    level_spacing_bps: self.level_spacing_bps,
                    level_growth: self.level_growth,
                    spread_min_bps: self.spread_min_bps,
                    spread_max_bps: self.spread_max_bps,
                }
            }

            fn flow(&self) -> $crate::signal::flow::FlowConfig {
                use $crate::signal::Bounds;
                let start = |value: f64| (value > 0.0).then_some(value);
                $crate::signal::flow::FlowConfig {
                    refresh_s: self.refresh_s,
                    trade_lag_s: self.trade_lag_s,
                    volatility: $crate::signal::volatility::VolatilityConfig {
                        half_life_s: self.sigma_half_life_s,
                        sample_s: self.sigma_sample_s,
                        bounds: Bounds { floor: self.sigma_floor, cap: self.sigma_cap },
                        start: start(self.sigma_start),
                        warm_up_s: self.sigma_warm_up_s,
                    },
                    kappa_estimated: self.kappa_estimated,
                    kappa_start: self.kappa_start,
                    range_bps: self.kappa_range_bps,
                    distance_bps: self.kappa_distance_bps,
                    half_life_s: self.kappa_half_life_s,
                    rate: Bounds { floor: self.rate_floor, cap: self.rate_cap },
                    rate_start: self.rate_start,
                    kappa: Bounds { floor: self.kappa_floor, cap: self.kappa_cap },
                    warm_up_orders: self.kappa_warm_up_orders,
                }
            }
        }
    };
}

pub(crate) use quoting_parameters;
