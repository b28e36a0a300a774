//! Named numbers: counters that only grow, gauges that move, and latency by stage.

use crate::words::{Text, cells};
use arrayvec::ArrayVec;
use engine::id::InstrumentId;

cells! {
    /// A number that only grows.
    pub struct Counter {
        /// What is counted, such as `ring_full.market`.
        pub name: Text<32>,
        /// How often.
        pub count: u64,
    }

    /// What is counted.
    pub struct CountersPanel {
        /// Named ones.
        pub counters: ArrayVec<Counter, 64>,
    }

    /// A number that a strategy wants seen, in units of 10^-`decimals`.
    pub struct Gauge {
        /// What it is, its unit last, such as `volatility_per_sqrt_s`.
        pub name: Text<32>,
        /// The instrument it is for; none when it is for all.
        pub instrument: Option<InstrumentId>,
        /// The number.
        pub value: i64,
        /// Places behind the point.
        pub decimals: u8,
    }

    /// What strategies want seen.
    pub struct GaugesPanel {
        /// Named ones.
        pub gauges: ArrayVec<Gauge, 64>,
    }

    /// How long one stage took, in nanoseconds.
    pub struct StageLatency {
        /// The stage.
        pub name: Text<24>,
        /// How often it was measured.
        pub count: u64,
        /// Median.
        pub p50_ns: u64,
        /// 90 in 100 were shorter.
        pub p90_ns: u64,
        /// 99 in 100 were shorter.
        pub p99_ns: u64,
        /// 999 in 1000 were shorter.
        pub p999_ns: u64,
        /// The longest.
        pub max_ns: u64,
    }

    /// How long things took.
    pub struct LatencyPanel {
        /// One per stage, in the order of the way of the data.
        pub stages: ArrayVec<StageLatency, 16>,
    }
}
