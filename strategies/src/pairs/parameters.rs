//! The parameters of pairs trading.

use crate::parameter::{ParameterError, parameters};

parameters! {
    1 notional: f64 = 100.0, "quote", 1e-6 to 1e12,
        "Value of the position in the first leg; the second has β times as much.";
    2 sample_s: f64 = 10.0, "s", 0.01 to 86400.0,
        "Time between two looks at both prices.";
    3 window_half_life_s: f64 = 3600.0, "s", 1.0 to 8640000.0,
        "Time in which a look loses half its weight in the hedge ratio and the deviation.";
    4 warm_up_s: f64 = 3600.0, "s", 0.0 to 8640000.0,
        "Time to be looked at before the first entry.";
    5 entry_z: f64 = 2.0, "σ", 0.1 to 100.0,
        "Distance of the spread from its mean at which it is entered.";
    6 exit_z: f64 = 0.5, "σ", -100.0 to 100.0,
        "Distance at which it is left; below 0, beyond the mean.";
    7 stop_z: f64 = 4.0, "σ", 0.2 to 1000.0,
        "Distance at which it is given up.";
    8 holding_max_s: f64 = 14400.0, "s", 1.0 to 8640000.0,
        "Longest time that it is held.";
    9 rest_s: f64 = 600.0, "s", 0.0 to 8640000.0,
        "Time without entries after it was given up or held too long.";
    10 reversion_min_s: f64 = 0.0, "s", 0.0 to 8640000.0,
        "Shortest half-life of the spread that is believed in.";
    11 reversion_max_s: f64 = 3600.0, "s", 0.1 to 8640000.0,
        "Longest half-life of the spread that is worth waiting for.";
    12 beta_min: f64 = 0.1, "ratio", 0.001 to 1000.0,
        "Least hedge ratio.";
    13 beta_max: f64 = 10.0, "ratio", 0.001 to 1000.0,
        "Largest hedge ratio.";
    14 edge_min_bps: f64 = 0.0, "bp", -1000.0 to 5000.0,
        "Least gain after fees of both legs both ways, from here to the exit, of the first leg.";
    15 cap_bps: f64 = 5.0, "bp", 0.0 to 1000.0,
        "How far beyond the best price a take may reach.";
    16 pause_s: f64 = 0.05, "s", 0.0 to 60.0,
        "Least time between takes of one leg.";
    17 settle_s: f64 = 2.0, "s", 0.0 to 3600.0,
        "Time for which the legs may be short of their targets; beyond, an entry is undone, and \
         late_cap_bps holds.";
    18 late_cap_bps: f64 = 50.0, "bp", 0.0 to 5000.0,
        "How far beyond the best price a late take may reach.";
    19 age_max_s: f64 = 5.0, "s", 0.001 to 3600.0,
        "Age of a book beyond which it is neither looked at nor entered on.";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        ParameterError::ordered(&[
            ("exit_z", self.exit_z, "entry_z", self.entry_z),
            ("entry_z", self.entry_z, "stop_z", self.stop_z),
            ("beta_min", self.beta_min, "beta_max", self.beta_max),
            ("reversion_min_s", self.reversion_min_s, "reversion_max_s", self.reversion_max_s),
            ("cap_bps", self.cap_bps, "late_cap_bps", self.late_cap_bps),
        ])
    }
}
