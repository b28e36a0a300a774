//! The process's clock: the TSC, anchored once to UTC, never going backwards.

use engine::time::{Clock, Nanos};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970 by the TSC. Clone it for each thread.
#[derive(Clone, Debug)]
pub struct TscClock {
    clock: quanta::Clock,
    anchor_raw: u64,
    anchor_utc: u64,
    /// The system's clock minus this one, ns: shared by all clones.
    ahead: Arc<AtomicI64>,
}

/// The system's clock, UTC.
fn system() -> u64 {
    let utc = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(utc.as_nanos()).unwrap_or(0)
}

impl TscClock {
    /// Calibrates the TSC (a few milliseconds, once per process) and anchors it to the system
    /// clock.
    pub fn start() -> Self {
        let clock = quanta::Clock::new();
        let anchor_raw = clock.raw();
        Self { clock, anchor_raw, anchor_utc: system(), ahead: Arc::default() }
    }

    /// Learns how far the system's clock, which others discipline and may set, is from this one: by
    /// the closest of some looks. To be called now and then, by a thread that is not hot.
    pub fn compare(&self) {
        let looks = (0..4).map(|_| {
            let (before, utc, after) = (self.now(), system(), self.now());
            let middle = before.0 + after.since(before).0 / 2;
            (after.since(before), utc.wrapping_sub(middle).cast_signed())
        });
        if let Some((_, ahead)) = looks.min() {
            // The number stands alone, so no ordering with another is needed.
            self.ahead.store(ahead, Ordering::Relaxed);
        }
    }
}

impl Clock for TscClock {
    #[inline]
    fn now(&self) -> Nanos {
        Nanos(self.anchor_utc + self.clock.delta_as_nanos(self.anchor_raw, self.clock.raw()))
    }

    #[inline]
    fn of_system(&self, at: Nanos) -> Nanos {
        let ahead = self.ahead.load(Ordering::Relaxed);
        Nanos(at.0.saturating_add_signed(ahead.saturating_neg()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_stamps_are_told_in_our_own_time() {
        let clock = TscClock::start();
        let late = TscClock { anchor_utc: clock.anchor_utc - 5_000_000_000, ..clock };
        late.clone().compare();
        let (before, stamp, after) = (late.now(), Nanos(system()), late.now());
        let told = late.of_system(stamp);
        // The two clocks were compared to within the span of a look; a millisecond is generous.
        let slack = 1_000_000;
        assert!(told.0 + slack >= before.0 && told.0 <= after.0 + slack, "{before:?} {told:?}");
    }
}
