//! When each endpoint may be dialled: one dial at a time, and a wait that grows after each failure.

use super::FeedLimits;
use crate::net::Backoff;
use engine::time::Nanos;

#[derive(Debug)]
struct Door {
    dialling: bool,
    dial_at: Nanos,
    backoff: Backoff,
}

/// The endpoints of a feed, as places to be dialled.
#[derive(Debug)]
pub(super) struct Doors(Vec<Door>);

impl Doors {
    pub fn new(count: usize, limits: &FeedLimits) -> Self {
        let door = |number| Door {
            dialling: false,
            dial_at: Nanos::ZERO,
            backoff: limits.reconnect(number),
        };
        Self((0..count).map(door).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether it may be dialled now.
    pub fn opens(&self, number: usize, now: Nanos) -> bool {
        self.0.get(number).is_some_and(|door| !door.dialling && now >= door.dial_at)
    }

    /// It is being dialled.
    pub fn dialled(&mut self, number: usize) {
        if let Some(door) = self.0.get_mut(number) {
            door.dialling = true;
        }
    }

    /// It was answered, well or not.
    pub fn answered(&mut self, number: usize) {
        if let Some(door) = self.0.get_mut(number) {
            door.dialling = false;
        }
    }

    /// Something failed there: it is left alone for a while.
    pub fn wait(&mut self, number: usize, now: Nanos) {
        if let Some(door) = self.0.get_mut(number) {
            door.dial_at = now.after(door.backoff.next());
        }
    }

    /// All is well there: the next wait is a short one again.
    pub fn well(&mut self, number: usize) {
        if let Some(door) = self.0.get_mut(number) {
            door.backoff.reset();
        }
    }
}
