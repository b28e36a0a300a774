//! The parameters of execution.

use crate::parameter::{ParameterError, choices, parameters};

choices! {
    /// How an order is spread.
    Algorithm {
        /// Evenly over time.
        Twap = 0 "twap",
        /// As the day's volume is expected.
        Vwap = 1 "vwap",
        /// As a share of the volume that trades.
        Pov = 2 "pov",
        /// Quoted, little of it shown.
        Iceberg = 3 "iceberg",
        /// Quoted at the best price, wherever that goes.
        Chaser = 4 "chaser",
    }
}

choices! {
    /// What is to be done.
    Way {
        /// Bought.
        Buy = 0 "buy",
        /// Sold.
        Sell = 1 "sell",
    }
}

parameters! {
    1 algorithm: Algorithm = Algorithm::Twap, "name", 0.0 to 4.0,
        "How it is spread: twap, vwap, pov, iceberg or chaser.";
    2 side: Way = Way::Buy, "name", 0.0 to 1.0,
        "buy or sell.";
    3 qty: f64 = 0.001, "base", 1e-9 to 1e9,
        "How much in all.";
    4 limit: f64 = 0.0, "price", 0.0 to 1e12,
        "Price beyond which nothing is dealt; 0 is none.";
    5 duration_s: f64 = 600.0, "s", 0.1 to 2592000.0,
        "Time for all of it.";
    6 slices: u32 = 20, "count", 1.0 to 10000.0,
        "Parts that the time is cut into.";
    7 participation: f64 = 0.1, "share", 0.0001 to 1.0,
        "Share of all that trades, for pov.";
    8 display_qty: f64 = 0.001, "base", 1e-9 to 1e9,
        "How much an iceberg shows.";
    9 passive: bool = true, "name", 0.0 to 1.0,
        "Whether a slice is quoted before it is taken.";
    10 take_rest: bool = true, "name", 0.0 to 1.0,
        "Whether what is left at the end is taken.";
    11 reach_bps: f64 = 2.0, "bp", 0.0 to 1000.0,
        "How far beyond the worst price that it needs a take's limit may lie.";
    12 pause_s: f64 = 0.1, "s", 0.0 to 3600.0,
        "Least time between takes on one venue.";
    13 run: bool = false, "name", 0.0 to 1.0,
        "Whether it is worked on; false takes quotes away, true after false begins a new order.";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        Ok(())
    }
}
