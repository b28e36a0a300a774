//! The process's clock: the TSC, anchored once to UTC, never going backwards.

use engine::time::{Clock, Nanos};
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970 by the TSC. Clone it for each thread.
#[derive(Clone, Debug)]
pub struct TscClock {
    clock: quanta::Clock,
    anchor_raw: u64,
    anchor_utc: u64,
}

impl TscClock {
    /// Calibrates the TSC (a few milliseconds, once per process) and anchors it to the system
    /// clock.
    pub fn start() -> Self {
        let clock = quanta::Clock::new();
        let anchor_raw = clock.raw();
        let utc = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { clock, anchor_raw, anchor_utc: u64::try_from(utc.as_nanos()).unwrap_or(0) }
    }
}

impl Clock for TscClock {
    #[inline]
    fn now(&self) -> Nanos {
        Nanos(self.anchor_utc + self.clock.delta_as_nanos(self.anchor_raw, self.clock.raw()))
    }
}
