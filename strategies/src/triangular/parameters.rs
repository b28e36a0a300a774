//! The parameters of triangular arbitrage.

use crate::parameter::{ParameterError, parameters};

parameters! {
    1 value_max: f64 = 100.0, "quote", 1e-9 to 1e12,
        "Largest value that goes around at once, in the quote asset of the first instrument.";
    2 profit_min_bps: f64 = 2.0, "bp", 0.0 to 5000.0,
        "Least profit after fees and rounding, of what goes around.";
    3 length_max: u32 = 3, "count", 3.0 to 4.0,
        "Longest cycle looked for.";
    4 same_venue: bool = true, "name", 0.0 to 1.0,
        "Whether all legs of a cycle must lie on one venue.";
    5 depth_share: f64 = 0.8, "share", 0.001 to 1.0,
        "Share of what stands at the best price that a leg may ask for.";
    6 reach_bps: f64 = 0.0, "bp", 0.0 to 500.0,
        "How far beyond the best price a leg's limit may lie.";
    7 age_max_s: f64 = 1.0, "s", 0.001 to 3600.0,
        "Age of a book beyond which it is not dealt on.";
    8 pause_s: f64 = 0.2, "s", 0.0 to 3600.0,
        "Least time from one shot to the next.";
    9 dust_share: f64 = 0.02, "share", 0.0 to 1.0,
        "Part of a leg's quantity that may be missing: fees taken in kind, and lots.";
    10 repair_cap_bps: f64 = 10.0, "bp", 0.0 to 1000.0,
        "How far beyond the best price a repair may reach.";
    11 repair_s: f64 = 1.0, "s", 0.0 to 3600.0,
        "Time for which a leg may be broken; beyond, late_cap_bps holds.";
    12 late_cap_bps: f64 = 50.0, "bp", 0.0 to 5000.0,
        "How far beyond the best price a late repair may reach.";
    13 repair_pause_s: f64 = 0.02, "s", 0.0 to 60.0,
        "Least time between repairs of one leg.";
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
