//! The parameters of pure market making.

use crate::parameter::{ParameterError, choices, parameters};

choices! {
    /// The price that quotes lie around.
    Reference {
        /// Half-way between the best prices.
        Mid = 0 "mid",
        /// The best prices weighted by the quantities across.
        MicroPrice = 1 "micro-price",
        /// The last public trade, the mid before the first.
        LastTrade = 2 "last-trade",
    }
}

choices! {
    /// What inventory is compared with.
    Inventory {
        /// Nothing: quotes do not lean.
        None = 0 "none",
        /// The desk's position with a target position.
        Position = 1 "position",
        /// The account's base asset with a share of what the account is worth.
        Ratio = 2 "ratio",
    }
}

choices! {
    /// What is done with a quote that is better than the best price of others.
    Join {
        /// It stays.
        Off = 0 "off",
        /// It goes to the best price of others.
        Join = 1 "join",
        /// It goes one tick before it.
        Improve = 2 "improve",
    }
}

parameters! {
    1 order_qty: f64 = 0.001, "base", 1e-9 to 1e9,
        "Quantity of the first level.";
    2 levels: u32 = 1, "count", 1.0 to 8.0,
        "Levels on each side.";
    3 bid_spread_bps: f64 = 10.0, "bp", 0.0 to 5000.0,
        "How far the first bid lies below the centre.";
    4 ask_spread_bps: f64 = 10.0, "bp", 0.0 to 5000.0,
        "How far the first ask lies above the centre.";
    5 level_spacing_bps: f64 = 5.0, "bp", 0.0 to 1000.0,
        "Distance between levels, of the centre; at least one tick.";
    6 level_growth: f64 = 1.0, "factor", 0.1 to 10.0,
        "Quantity of a level, of the one before it.";
    7 spread_min_bps: f64 = 0.0, "bp", 0.0 to 5000.0,
        "Least spread between the first levels, of the centre; widened evenly.";
    8 fees_added: bool = false, "name", 0.0 to 1.0,
        "Whether the maker fee is added to each distance, so that the spread is after fees.";
    9 reference: Reference = Reference::Mid, "name", 0.0 to 2.0,
        "The price that quotes lie around: mid, micro-price or last-trade.";
    10 imbalance_bps: f64 = 0.0, "bp", -1000.0 to 1000.0,
        "How far the centre moves with a book that has bids alone, of the reference.";
    11 imbalance_levels: u32 = 5, "count", 1.0 to 100.0,
        "Levels of each side of the book that the imbalance is taken over.";
    12 inventory: Inventory = Inventory::Position, "name", 0.0 to 2.0,
        "What inventory is compared with: none, position or ratio.";
    13 inventory_target: f64 = 0.0, "base", -1e9 to 1e9,
        "Position that is aimed at.";
    14 inventory_max: f64 = 0.01, "base", 1e-9 to 1e9,
        "Distance from the target that no quote may lead beyond; q is 1 there.";
    15 inventory_ratio: f64 = 0.5, "share", 0.0 to 1.0,
        "Share of the account's value to be held in the base asset, where inventory = \"ratio\".";
    16 inventory_range: f64 = 10.0, "orders", 0.1 to 1e6,
        "Distance from that share, in orders, at which q is 1.";
    17 inventory_skew_bps: f64 = 0.0, "bp", 0.0 to 1000.0,
        "How far the centre moves against inventory where q is 1.";
    18 price_ceiling: f64 = 0.0, "price", 0.0 to 1e12,
        "No bid stands above it; 0 is none.";
    19 price_floor: f64 = 0.0, "price", 0.0 to 1e12,
        "No ask stands below it.";
    20 ping_pong: bool = false, "name", 0.0 to 1.0,
        "Whether, after a fill, only the other side is quoted until the target is reached again.";
    21 refresh_s: f64 = 0.0, "s", 0.0 to 86400.0,
        "How long prices stand before they follow.";
    22 tolerance_bps: f64 = 0.0, "bp", 0.0 to 1000.0,
        "Prices this near to the fresh ones stay.";
    23 fill_pause_s: f64 = 0.0, "s", 0.0 to 3600.0,
        "How long a side is left without quotes after a fill of it.";
    24 join: Join = Join::Off, "name", 0.0 to 2.0,
        "What a quote better than the best of others does: off, join or improve.";
    25 join_depth: f64 = 0.0, "base", 0.0 to 1e9,
        "Quantity of others that is looked past to find their best price.";
    26 hanging: bool = false, "name", 0.0 to 1.0,
        "Whether, after a fill, the quotes of the other side stay where they are until filled.";
    27 hanging_max_bps: f64 = 100.0, "bp", 0.1 to 5000.0,
        "Distance from the mid at which such a quote is given up.";
    28 spacing_growth: f64 = 1.0, "factor", 0.1 to 10.0,
        "Distance between two levels, of the one before it.";
}

impl Parameters {
    fn relations(&self) -> Result<(), ParameterError> {
        if self.price_ceiling > 0.0 && self.price_floor > self.price_ceiling {
            return Err(ParameterError::Order {
                low: "price_floor",
                low_value: self.price_floor,
                high: "price_ceiling",
                high_value: self.price_ceiling,
            });
        }
        if self.hanging && self.ping_pong {
            return Err(ParameterError::Conflict(
                "hanging and ping_pong contradict each other: choose one",
            ));
        }
        Ok(())
    }
}
