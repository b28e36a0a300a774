//! The parameters of cross-exchange market making.

use crate::parameter::{ParameterError, parameters};

parameters! {
    1 order_qty: f64 = 0.001, "base", 1e-9 to 1e9,
        "Quantity of a quote, where depth and balances allow it.";
    2 profit_bps: f64 = 5.0, "bp", -100.0 to 5000.0,
        "Profit after fees and slippage at which a quote is put, of the maker's notional.";
    3 profit_min_bps: f64 = 2.0, "bp", -100.0 to 5000.0,
        "Profit below which a quote is taken away at once.";
    4 slippage_bps: f64 = 1.0, "bp", 0.0 to 500.0,
        "How much worse than the size-weighted price the hedge is reckoned.";
    5 drift_bps: f64 = 1.0, "bp", 0.0 to 500.0,
        "Distance from where it would be put now within which a quote stays.";
    6 move_pause_s: f64 = 0.0, "s", 0.0 to 60.0,
        "Least time between moves of one side: the maker venue's rate budget.";
    7 improve: bool = false, "name", 0.0 to 1.0,
        "Whether a quote goes back to one tick before the best price of others.";
    8 depth_levels: u32 = 20, "count", 1.0 to 1000.0,
        "Levels of the taker venue's book whose depth is counted on.";
    9 depth_share: f64 = 0.5, "share", 0.001 to 1.0,
        "Share of that depth that a quote may ask for.";
    10 position_max: f64 = 0.1, "base", 1e-9 to 1e9,
        "Largest position on either venue, long or short.";
    11 age_max_s: f64 = 1.0, "s", 0.001 to 3600.0,
        "Age of the taker venue's book beyond which nothing is quoted.";
    12 hedge_cap_bps: f64 = 10.0, "bp", 0.0 to 1000.0,
        "How far beyond the taker venue's best price a hedge may reach.";
    13 hedge_pause_s: f64 = 0.01, "s", 0.0 to 60.0,
        "Least time between hedges: the taker venue's rate budget.";
    14 hedge_clip: f64 = 1e9, "base", 1e-9 to 1e9,
        "Largest quantity of one hedge.";
    15 unhedged_max: f64 = 0.01, "base", 0.0 to 1e9,
        "Open position of both legs together at which the side that adds is not quoted.";
    16 unhedged_s: f64 = 1.0, "s", 0.0 to 3600.0,
        "Time for which anything may be open; beyond, as for unhedged_max, and hedges reach far.";
    17 late_cap_bps: f64 = 50.0, "bp", 0.0 to 5000.0,
        "How far beyond the best price a late hedge may reach.";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        ParameterError::ordered(&[
            ("profit_min_bps", self.profit_min_bps, "profit_bps", self.profit_bps),
            ("hedge_cap_bps", self.hedge_cap_bps, "late_cap_bps", self.late_cap_bps),
        ])
    }
}
