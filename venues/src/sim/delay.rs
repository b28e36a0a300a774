//! What is on its way: first in, first out, nothing overtakes.

use engine::time::Nanos;
use std::collections::VecDeque;

/// A bounded queue whose items come out at their times, in the order in which they went in: one
/// that would come sooner than the one before it comes with that one.
#[derive(Clone, Debug)]
pub struct Delay<T> {
    items: VecDeque<(Nanos, T)>,
    capacity: usize,
}

impl<T> Delay<T> {
    /// An empty one.
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::with_capacity(capacity.min(4096)), capacity }
    }

    /// Puts an item in that is due at `due`; gives it back when there is no room.
    pub fn push(&mut self, due: Nanos, item: T) -> Result<(), T> {
        if self.items.len() >= self.capacity {
            return Err(item);
        }
        let due = due.max(self.items.back().map_or(Nanos::ZERO, |last| last.0));
        self.items.push_back((due, item));
        Ok(())
    }

    /// The next item whose time has come, with that time.
    #[inline]
    pub fn pop(&mut self, now: Nanos) -> Option<(Nanos, T)> {
        if self.next_at()? > now { None } else { self.items.pop_front() }
    }

    /// When the next item comes out.
    #[inline]
    pub fn next_at(&self) -> Option<Nanos> {
        self.items.front().map(|item| item.0)
    }

    /// How many are on the way.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none is on the way.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many more fit.
    #[inline]
    pub fn room(&self) -> usize {
        self.capacity - self.items.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn things_come_out_later_and_in_order() {
        let mut delay = Delay::new(2);
        assert_eq!(delay.push(Nanos(15), 'a'), Ok(()));
        assert_eq!(delay.push(Nanos(13), 'b'), Ok(()), "an earlier time does not overtake");
        assert_eq!(delay.push(Nanos(16), 'c'), Err('c'), "full");
        assert_eq!(delay.pop(Nanos(14)), None);
        assert_eq!(delay.pop(Nanos(15)), Some((Nanos(15), 'a')));
        assert_eq!(delay.pop(Nanos(15)), Some((Nanos(15), 'b')));
        assert_eq!(delay.pop(Nanos(99)), None);
        assert!(delay.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn nothing_overtakes(dues in prop::collection::vec(0..1_000_u64, 1..50)) {
            let mut delay = Delay::new(64);
            let mut latest = 0;
            let mut expect = Vec::new();
            for (item, due) in dues.into_iter().enumerate() {
                delay.push(Nanos(due), item).unwrap();
                latest = latest.max(due);
                expect.push((Nanos(latest), item));
            }
            let out: Vec<_> = std::iter::from_fn(|| delay.pop(Nanos(1_000))).collect();
            prop_assert_eq!(out, expect);
        }
    }
}
