//! What a hot thread does when it finds nothing to do: looks again, steps aside or sleeps; and,
//! where it does not sleep, walks the order's way now and then, so that caches and branch
//! predictors have it ready when an order comes.

use super::{Crew, Sockets};
use crate::config::Wait;
use engine::time::Nanos;
use rustix::event::{Timespec, poll};
use std::time::Duration;

/// Turns without work before a parking thread sleeps.
const PARK_AFTER: u32 = 16;
/// Longest sleep of a thread that has no sockets: rings do not wake it. Several times what a sleep
/// costs, so that a thread that sleeps at every chance is not busy with sleeping.
pub const PARK: Duration = Duration::from_micros(200);
/// Longest sleep of a thread that its sockets wake: timers and commands wait for so long.
const PARK_SOCKETS: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// What a hot thread does when it finds nothing to do.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    wait: Wait,
    empty: u32,
    rehearse_every: Nanos,
    rehearse_at: Nanos,
    turn: usize,
}

impl Idle {
    /// Waits by this strategy, and rehearses after each such span without work; zero is never, and
    /// so it is for a thread that sleeps.
    pub const fn new(wait: Wait, rehearse_every: Nanos) -> Self {
        let never = matches!(wait, Wait::Park);
        let rehearse_every = if never { Nanos::ZERO } else { rehearse_every };
        Self { wait, empty: 0, rehearse_every, rehearse_at: Nanos::ZERO, turn: 0 }
    }

    /// One turn that ended at `now` did this much; where it parks, these agents' sockets wake it.
    /// Returns the number of the rehearsal that is due.
    #[inline]
    pub fn turn(&mut self, work: usize, now: Nanos, agents: &Crew) -> Option<usize> {
        if work > 0 {
            self.empty = 0;
            self.rehearse_at = now.after(self.rehearse_every);
            return None;
        }
        self.empty = self.empty.saturating_add(1);
        match self.wait {
            Wait::Spin => std::hint::spin_loop(),
            Wait::Yield => std::thread::yield_now(),
            Wait::Park if self.empty >= PARK_AFTER => park(agents),
            Wait::Park => std::hint::spin_loop(),
        }
        self.due(now)
    }

    #[inline]
    fn due(&mut self, now: Nanos) -> Option<usize> {
        if self.rehearse_every == Nanos::ZERO || now < self.rehearse_at {
            return None;
        }
        self.rehearse_at = now.after(self.rehearse_every);
        self.turn = self.turn.wrapping_add(1);
        Some(self.turn)
    }
}

/// Sleeps until a socket has something, or for a little while.
fn park(agents: &Crew) {
    let mut sockets = Sockets::new();
    agents.iter().for_each(|agent| agent.sockets(&mut sockets));
    if sockets.is_empty() || poll(&mut sockets, Some(&PARK_SOCKETS)).is_err() {
        std::thread::park_timeout(PARK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(us: u64) -> Nanos {
        Nanos(us * 1_000)
    }

    #[test]
    fn a_spinning_thread_rehearses_when_it_has_been_idle_for_the_span() {
        let mut idle = Idle::new(Wait::Spin, at(50));
        assert_eq!(idle.turn(1, at(1_000), &Crew::default()), None, "there was work");
        assert_eq!(idle.turn(0, at(1_049), &Crew::default()), None, "a moment ago");
        assert_eq!(idle.turn(0, at(1_050), &Crew::default()), Some(1));
        assert_eq!(idle.turn(0, at(1_051), &Crew::default()), None, "just rehearsed");
        assert_eq!(idle.turn(0, at(1_100), &Crew::default()), Some(2));
        assert_eq!(idle.turn(3, at(1_150), &Crew::default()), None, "work comes first");
    }

    #[test]
    fn who_sleeps_or_was_not_asked_does_not_rehearse() {
        for mut idle in [Idle::new(Wait::Park, at(50)), Idle::new(Wait::Spin, Nanos::ZERO)] {
            assert_eq!(idle.turn(0, at(1_000_000), &Crew::default()), None);
        }
    }
}
