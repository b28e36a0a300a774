//! Whether the other end is still there: when to ping it, and when its silence means that it is
//! not.
//!
//! Pure: it is fed with our own clock's readings. The peer's clock plays no part.

use engine::time::Nanos;

/// What the last look at a connection showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// As before.
    Same,
    /// Silent for the limit, not even a pong came.
    Stale,
    /// Something came after a stale spell.
    Fresh,
}

/// The pulse of one connection.
#[derive(Clone, Debug)]
pub struct Liveness {
    ping_every: Nanos,
    limit: Nanos,
    heard_at: Nanos,
    pinged_at: Nanos,
    stale: bool,
}

impl Liveness {
    /// A connection that came up at `now`: pinged each `ping_every`, stale after `limit` of
    /// silence.
    pub fn new(ping_every: Nanos, limit: Nanos, now: Nanos) -> Self {
        Self { ping_every, limit, heard_at: now, pinged_at: now, stale: false }
    }

    /// Something came, of whatever kind.
    #[inline]
    pub fn heard(&mut self, now: Nanos) {
        self.heard_at = now;
    }

    /// Whether to send a ping now; saying so counts as having sent it.
    #[inline]
    pub fn ping_due(&mut self, now: Nanos) -> bool {
        let due = now.since(self.pinged_at) >= self.ping_every;
        if due {
            self.pinged_at = now;
        }
        due
    }

    /// What changed since the last look.
    #[inline]
    pub fn look(&mut self, now: Nanos) -> Pulse {
        let stale = now.since(self.heard_at) >= self.limit;
        let pulse = match (self.stale, stale) {
            (false, true) => Pulse::Stale,
            (true, false) => Pulse::Fresh,
            _ => Pulse::Same,
        };
        self.stale = stale;
        pulse
    }

    /// Whether the last look found it silent.
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// When something last came.
    pub const fn heard_at(&self) -> Nanos {
        self.heard_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pong_keeps_it_fresh_and_silence_makes_it_stale_once() {
        let mut beat = Liveness::new(Nanos(2), Nanos(5), Nanos(100));
        assert!(!beat.ping_due(Nanos(101)));
        assert!(beat.ping_due(Nanos(102)) && !beat.ping_due(Nanos(103)));
        beat.heard(Nanos(103));
        assert_eq!(beat.look(Nanos(107)), Pulse::Same);
        assert_eq!(beat.look(Nanos(108)), Pulse::Stale);
        assert_eq!(beat.look(Nanos(109)), Pulse::Same);
        beat.heard(Nanos(110));
        assert_eq!(beat.look(Nanos(110)), Pulse::Fresh);
        assert!(!beat.is_stale());
    }
}
