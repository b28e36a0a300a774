//! The parameters of basis and funding arbitrage.

use crate::parameter::{ParameterError, choices, parameters};

choices! {
    /// What is expected to be earned.
    Signal {
        /// The basis, as it goes to where it is expected.
        Basis = 0 "basis",
        /// The fundings within the horizon.
        Funding = 1 "funding",
        /// Both together.
        Both = 2 "both",
    }
}

choices! {
    /// How clips are traded.
    Execution {
        /// Both legs are taken at once.
        Taker = 0 "taker",
        /// The spot is quoted, its fills are hedged by taking the perpetual.
        MakerSpot = 1 "maker-spot",
        /// The perpetual is quoted, its fills are hedged by taking the spot.
        MakerPerp = 2 "maker-perp",
    }
}

parameters! {
    1 order_qty: f64 = 0.001, "base", 1e-9 to 1e9,
        "Quantity of one clip.";
    2 position_max: f64 = 0.01, "base", 1e-9 to 1e9,
        "Largest position of either leg.";
    3 signal: Signal = Signal::Both, "name", 0.0 to 2.0,
        "What is expected to be earned: basis, funding or both.";
    4 threshold_bps: f64 = 5.0, "bp", -1000.0 to 5000.0,
        "Least gain expected after fees of both legs both ways, to enter.";
    5 annual_min: f64 = 0.0, "share/year", 0.0 to 100.0,
        "Least such gain a year, if one follows another, to enter.";
    6 exit_bps: f64 = 0.0, "bp", -5000.0 to 5000.0,
        "Gain still expected at which it is left, before the fees of leaving.";
    7 turn_bps: f64 = 1.0, "bp", 0.0 to 1000.0,
        "Funding over the horizon against the position at which it is left, where funding counts.";
    8 basis_target_bps: f64 = 0.0, "bp", -1000.0 to 1000.0,
        "The basis that is expected in the end.";
    9 horizon_h: f64 = 24.0, "h", 0.01 to 8760.0,
        "How long a position is expected to be held.";
    10 funding_interval_h: f64 = 8.0, "h", 0.01 to 24.0,
        "Time from one funding to the next.";
    11 reverse: bool = false, "name", 0.0 to 1.0,
        "Whether spot may be sold against a long perpetual, from what the account holds.";
    12 execution: Execution = Execution::Taker, "name", 0.0 to 2.0,
        "How clips are traded: taker, maker-spot or maker-perp.";
    13 slippage_bps: f64 = 1.0, "bp", 0.0 to 500.0,
        "How much worse than seen both legs together are reckoned, each way.";
    14 reach_bps: f64 = 2.0, "bp", 0.0 to 500.0,
        "How far beyond the worst price that it needs a clip's limit may lie.";
    15 pause_s: f64 = 1.0, "s", 0.0 to 86400.0,
        "Least time from one clip to the next.";
    16 age_max_s: f64 = 1.0, "s", 0.001 to 3600.0,
        "Age of a book beyond which no clip begins.";
    17 imbalance_max: f64 = 0.0001, "base", 0.0 to 1e9,
        "What both legs may hold together: dust of fees and lots.";
    18 hedge_cap_bps: f64 = 10.0, "bp", 0.0 to 1000.0,
        "How far beyond the best price a hedge may reach.";
    19 hedge_pause_s: f64 = 0.02, "s", 0.0 to 60.0,
        "Least time between hedges of one leg.";
    20 repair_s: f64 = 2.0, "s", 0.0 to 3600.0,
        "Time for which the legs may differ; beyond, late_cap_bps holds.";
    21 late_cap_bps: f64 = 50.0, "bp", 0.0 to 5000.0,
        "How far beyond the best price a late hedge may reach.";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        ParameterError::ordered(&[
            ("order_qty", self.order_qty, "position_max", self.position_max),
            ("exit_bps", self.exit_bps, "threshold_bps", self.threshold_bps),
            ("hedge_cap_bps", self.hedge_cap_bps, "late_cap_bps", self.late_cap_bps),
        ])
    }
}
