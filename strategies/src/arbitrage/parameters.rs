//! The parameters of cross-exchange arbitrage.

use crate::parameter::{ParameterError, parameters};

parameters! {
    1 order_qty: f64 = 0.001, "base", 1e-9 to 1e9,
        "Largest quantity of one shot.";
    2 profit_min_bps: f64 = 2.0, "bp", 0.0 to 5000.0,
        "Least profit after fees and haircut, of what is bought.";
    3 rebalance_bps: f64 = 0.0, "bp", 0.0 to 1000.0,
        "How much less is asked for where both positions shrink.";
    4 depth_share: f64 = 0.8, "share", 0.001 to 1.0,
        "Share of what stands in the books that a shot may ask for.";
    5 reach_bps: f64 = 0.0, "bp", 0.0 to 500.0,
        "How far beyond the worst price that it needs a leg's limit may lie.";
    6 position_max: f64 = 0.1, "base", 1e-9 to 1e9,
        "Largest position on any venue, long or short.";
    7 age_max_s: f64 = 0.5, "s", 0.001 to 3600.0,
        "Age of a book beyond which it is not dealt on.";
    8 latency_s: f64 = 0.01, "s", 0.0 to 10.0,
        "Time from decision to the venue's book, in which the price goes on.";
    9 haircut_z: f64 = 1.0, "σ", 0.0 to 10.0,
        "Standard deviations of the move over latency and age that the edge must cover; 0 is none.";
    10 sigma_half_life_s: f64 = 60.0, "s", 0.1 to 86400.0,
        "Time in which a change of a mid loses half its weight in σ.";
    11 sigma_sample_s: f64 = 0.1, "s", 0.0 to 60.0,
        "Shortest time between two mids that are compared for σ.";
    12 sigma_warm_up_s: f64 = 5.0, "s", 0.0 to 86400.0,
        "Seconds of both books to be seen before a shot, where haircut_z is above 0.";
    13 pause_s: f64 = 0.2, "s", 0.0 to 3600.0,
        "Least time from one shot to the next.";
    14 repair_min: f64 = 0.0005, "base", 0.0 to 1e9,
        "Sum of all positions at which a leg counts as broken; below, dust of fees and lots.";
    15 repair_cap_bps: f64 = 10.0, "bp", 0.0 to 1000.0,
        "How far beyond the best price a repair may reach.";
    16 repair_s: f64 = 1.0, "s", 0.0 to 3600.0,
        "Time for which a leg may be broken; beyond, late_cap_bps holds.";
    17 late_cap_bps: f64 = 50.0, "bp", 0.0 to 5000.0,
        "How far beyond the best price a late repair may reach.";
    18 repair_pause_s: f64 = 0.02, "s", 0.0 to 60.0,
        "Least time between repairs on one venue.";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        ParameterError::ordered(&[(
            "repair_cap_bps",
            self.repair_cap_bps,
            "late_cap_bps",
            self.late_cap_bps,
        )])
    }
}
