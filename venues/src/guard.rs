//! Whether the engine still lives, and what to do when it does not: cancel all and halt.
//!
//! Spot venues have no dead-man's switch, so we carry our own. The engine's thread beats a
//! [`Heartbeat`]; whoever holds the [`Watch`] looks at it. Where engine and gateway have threads of
//! their own the gateway watches; in one thread a [`Guard`] with a connection of its own, on a
//! thread of its own, does.

use crate::gateway::{Config, Counters, Gateway, GatewayFault, GatewayState};
use crate::wire::Wire;
use engine::time::{Clock, Nanos, NoTrace};
use feeds::net::DialPort;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The value of a beat before the first one.
const NOT_BEGUN: u64 = 0;
/// The value of a beat after an orderly end.
const ENDED: u64 = u64::MAX;
/// The value of a beat after a panic, or after a silence beyond the limit.
const PANICKED: u64 = u64::MAX - 1;

/// Beats within this part of the limit are not written down: the line lies in the watcher's cache,
/// and taking it back each turn would cost more than the turn.
const QUIET_PART: u64 = 64;

/// On lines of its own, with the one beside it that processors fetch along.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shared {
    beat: AtomicU64,
    halted: AtomicBool,
    limit: Nanos,
}

/// The engine's end.
#[derive(Clone, Debug)]
pub struct Heartbeat(Arc<Shared>);

/// The watching end.
#[derive(Clone, Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    limit: Nanos,
}

/// A heartbeat and its watch; older than `limit` means dead.
pub fn heartbeat(limit: Nanos) -> (Heartbeat, Watch) {
    let shared = Arc::new(Shared { limit, ..Shared::default() });
    (Heartbeat(Arc::clone(&shared)), Watch { shared, limit })
}

impl Heartbeat {
    /// The engine's thread is alive at `now`, which is told to 1/64 of the limit. The first beat
    /// starts the watch. A beat that comes after the limit does not undo the silence: what slept is
    /// not trusted any more, whether or not a watcher looked meanwhile.
    #[inline]
    pub fn beat(&self, now: Nanos) {
        // Relaxed: the value is all that is told, nothing is published with it.
        let before = self.0.beat.load(Ordering::Relaxed);
        if before >= PANICKED {
            return;
        }
        if before != NOT_BEGUN && now.since(Nanos(before)).0 < self.0.limit.0 / QUIET_PART {
            return;
        }
        let late = before != NOT_BEGUN && now.since(Nanos(before)) > self.0.limit;
        self.0.beat.store(if late { PANICKED } else { now.0 }, Ordering::Relaxed);
    }

    /// An orderly end: its orders are cancelled already, nothing is to be done.
    pub fn end(&self) {
        self.0.beat.store(ENDED, Ordering::Relaxed);
    }

    /// The engine panicked: whoever caught it says so, and nobody waits for the limit.
    pub fn panicked(&self) {
        self.0.beat.store(PANICKED, Ordering::Relaxed);
    }

    /// Whether a watcher has halted: no order is to be sent any more.
    pub fn halted(&self) -> bool {
        // Pairs with the store in `Watch::halt`.
        self.0.halted.load(Ordering::Acquire)
    }
}

impl Watch {
    /// Whether the engine is dead at `now`.
    #[inline]
    pub fn dead(&self, now: Nanos) -> bool {
        match self.shared.beat.load(Ordering::Relaxed) {
            NOT_BEGUN | ENDED => false,
            PANICKED => true,
            at => now.since(Nanos(at)) > self.limit,
        }
    }

    /// Whether the engine has ended in order.
    pub fn ended(&self) -> bool {
        self.shared.beat.load(Ordering::Relaxed) == ENDED
    }

    /// Whether some watcher has halted.
    #[inline]
    pub fn halted(&self) -> bool {
        // Pairs with the store in `Watch::halt`.
        self.shared.halted.load(Ordering::Acquire)
    }

    /// Tells all that hold this heartbeat that no order is to be sent any more.
    pub fn halt(&self) {
        // Pairs with the loads in `halted`.
        self.shared.halted.store(true, Ordering::Release);
    }
}

/// An agent that only watches: it keeps a connection logged on, and when the engine is dead it
/// cancels all, waits for the confirmation and halts.
#[derive(Debug)]
pub struct Guard<W: Wire> {
    gateway: Gateway<W>,
}

impl<W: Wire> Guard<W> {
    /// With a dialect and a dialer of its own.
    pub fn new(wire: W, config: Config, dial: DialPort, watch: Watch) -> Self {
        Self { gateway: Gateway::guard(wire, config, dial, watch) }
    }

    /// One turn; returns the amount of work done.
    pub fn work<C: Clock>(&mut self, clock: &C) -> usize {
        self.gateway.work(clock, &mut NoTrace)
    }

    /// What it is doing; [`GatewayState::Ready`] while all is well.
    pub fn state(&self) -> GatewayState {
        self.gateway.state()
    }

    /// Counts since the start.
    pub fn counters(&self) -> Counters {
        self.gateway.counters()
    }

    /// What makes it useless, if something does.
    pub fn fault(&self) -> Option<&GatewayFault> {
        self.gateway.fault()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_that_tell_nothing_new_are_not_written_down() {
        let (heart, watch) = heartbeat(Nanos(6_400));
        let told = || watch.shared.beat.load(Ordering::Relaxed);
        heart.beat(Nanos(1_000));
        heart.beat(Nanos(1_099));
        assert_eq!(told(), 1_000);
        heart.beat(Nanos(1_100));
        assert_eq!(told(), 1_100);
        assert!(align_of::<Shared>() >= 128, "nothing else lies on its lines");
    }

    #[test]
    fn only_a_begun_heart_can_stop() {
        let (heart, watch) = heartbeat(Nanos(10));
        assert!(!watch.dead(Nanos(1_000)), "not begun");
        heart.beat(Nanos(1_000));
        assert!(!watch.dead(Nanos(1_010)));
        assert!(watch.dead(Nanos(1_011)));
        heart.beat(Nanos(1_010));
        assert!(!watch.dead(Nanos(1_012)));
        heart.beat(Nanos(1_021));
        assert!(watch.dead(Nanos(1_021)), "a beat after the limit does not undo the silence");
        heart.beat(Nanos(1_022));
        assert!(watch.dead(Nanos(1_022)), "nor do later ones");
        heart.panicked();
        assert!(watch.dead(Nanos(1_012)));
        heart.end();
        assert!(!watch.dead(Nanos(9_999)) && watch.ended());
        watch.halt();
        assert!(heart.halted());
    }
}
