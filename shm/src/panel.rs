//! What an engine shows: one struct per panel, plain values, money as integers in stated units.
//!
//! A panel is published whole and read whole. Lists have a limit and say how much of it is used;
//! what does not fit is the publisher's to choose, and should be shown as a counter. Names are
//! carried in the panels, so that a reader needs no configuration to print them.

mod account;
mod instrument;
mod meter;
mod session;
mod shadow;

pub use account::{Balance, BalancesPanel, LimitUse, OpenOrder, OrdersPanel, Refusal, RiskPanel};
pub use instrument::{BookState, InstrumentPanel, LastTrade, Level, Quote};
pub use meter::{Counter, CountersPanel, Gauge, GaugesPanel, LatencyPanel, StageLatency};
pub use session::{EngineState, LinkPanel, LinkState, SessionPanel};
pub use shadow::{ShadowsPanel, VARIANTS_MAX, Variant};

use crate::words::Cells;

/// A struct that has its own seqlock, or a row of them, in the region.
pub trait Panel: Cells {
    /// How many of them a region holds.
    const COUNT: usize;
    /// What it is called in messages.
    const NAME: &'static str;
}

macro_rules! panels {
    ($($type:ty, $count:expr, $name:literal;)*) => {$(
        impl Panel for $type {
            const COUNT: usize = $count;
            const NAME: &'static str = $name;
        }
    )*};
}

panels! {
    SessionPanel, 1, "session";
    LinkPanel, 16, "link";
    InstrumentPanel, 64, "instrument";
    OrdersPanel, 1, "orders";
    BalancesPanel, 1, "balances";
    RiskPanel, 1, "risk";
    CountersPanel, 1, "counters";
    GaugesPanel, 1, "gauges";
    LatencyPanel, 1, "latency";
    ShadowsPanel, 1, "shadows";
}

#[cfg(test)]
mod tests;
