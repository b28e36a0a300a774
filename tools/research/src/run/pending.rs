//! Fills that wait for the mid after them.
//!
//! One queue for each of [`AFTER`]: what is due is at its front, so that an event which nothing
//! waits for costs one comparison. It holds the fills of the last minute and no more.

use super::{AFTER, Filled, Marked, Witness};
use engine::time::Nanos;
use std::collections::VecDeque;

/// Fills whose markouts are still to be told.
#[derive(Clone, Debug)]
pub struct Pending {
    queues: [VecDeque<(Nanos, Filled)>; AFTER.len()],
    due: Nanos,
}

/// Nothing is due.
const NEVER: Nanos = Nanos(u64::MAX);

impl Default for Pending {
    fn default() -> Self {
        Self { queues: Default::default(), due: NEVER }
    }
}

impl Pending {
    /// When the next one is due; the end of time where none waits.
    #[inline]
    pub const fn due(&self) -> Nanos {
        self.due
    }

    /// A fill begins to wait.
    pub fn add(&mut self, fill: &Filled) {
        for (queue, after) in self.queues.iter_mut().zip(AFTER) {
            // Venues' own times may go back a little: a queue stays in order.
            let last = queue.back().map_or(Nanos::ZERO, |(at, _)| *at);
            let due = fill.at.after(after).max(last);
            queue.push_back((due, *fill));
            self.due = self.due.min(due);
        }
    }

    /// Time is `now`, and what happens at it has not been applied: tells what is due, with the mids
    /// as they have been until now.
    #[inline]
    pub fn tell<W: Witness>(&mut self, now: Nanos, mid: impl Fn(usize) -> f64, witness: &mut W) {
        if now >= self.due {
            self.tell_due(now, mid, witness);
        }
    }

    #[cold]
    fn tell_due<W: Witness>(&mut self, now: Nanos, mid: impl Fn(usize) -> f64, witness: &mut W) {
        for (after, queue) in self.queues.iter_mut().enumerate() {
            while let Some((at, fill)) = queue.pop_front_if(|(due, _)| *due <= now) {
                let Filled { market, side, price, qty, mid: mid_then, .. } = fill;
                let mid = mid(market);
                witness.marked(&Marked { at, market, side, price, qty, mid_then, after, mid });
            }
        }
        let fronts = self.queues.iter().filter_map(|queue| queue.front());
        self.due = fronts.map(|(due, _)| *due).min().unwrap_or(NEVER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Look, Meta};
    use engine::id::Side;

    #[derive(Default)]
    struct Heard(Vec<(u64, usize, f64)>);

    impl Witness for Heard {
        const LOOKS: bool = false;

        fn begins(&mut self, _: &Meta) {}

        fn looks(&mut self, _: &Look) {}

        fn marked(&mut self, marked: &Marked) {
            self.0.push((marked.at.as_ms(), marked.after, marked.mid));
        }
    }

    fn fill(ms: u64) -> Filled {
        Filled {
            at: Nanos::from_ms(ms),
            market: 0,
            desk: 0,
            order: 1,
            side: Side::Buy,
            price: 100.0,
            qty: 1.0,
            fee: 0.0,
            is_maker: true,
            mid: 100.5,
        }
    }

    #[test]
    fn each_fill_is_told_of_once_at_each_distance_with_the_mid_of_that_moment() {
        let (mut pending, mut heard) = (Pending::default(), Heard::default());
        pending.add(&fill(1_000));
        pending.add(&fill(1_050));
        assert_eq!(pending.due(), Nanos::from_ms(1_100));
        for ms in (1_000..=70_000).step_by(50) {
            pending.tell(Nanos::from_ms(ms), |_| ms as f64, &mut heard);
        }
        assert_eq!(pending.due(), NEVER);
        heard.0.sort_by_key(|(at, after, _)| (*after, *at));
        let expected = [
            (1_100, 0, 1_100.0),
            (1_150, 0, 1_150.0),
            (2_000, 1, 2_000.0),
            (2_050, 1, 2_050.0),
            (11_000, 2, 11_000.0),
            (11_050, 2, 11_050.0),
            (61_000, 3, 61_000.0),
            (61_050, 3, 61_050.0),
        ];
        assert_eq!(heard.0, expected);
    }
}
