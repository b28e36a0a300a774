//! The way to the venue and back: first in, first out, each thing after a constant time.

use engine::time::Nanos;
use std::collections::VecDeque;

/// Constant latency, each way on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Latency {
    /// From our decision to the order's arrival in the market.
    pub entry: Nanos,
    /// From what happened in the market to our learning of it.
    pub response: Nanos,
}

/// A bounded queue whose items come out a constant time after they went in, in the order in which
/// they went in.
#[derive(Clone, Debug)]
pub struct Delay<T> {
    span: Nanos,
    items: VecDeque<(Nanos, T)>,
    capacity: usize,
}

impl<T> Delay<T> {
    /// An empty one.
    pub fn new(span: Nanos, capacity: usize) -> Self {
        Self { span, items: VecDeque::with_capacity(capacity.min(4096)), capacity }
    }

    /// Puts an item in at `now`; gives it back when there is no room.
    pub fn push(&mut self, now: Nanos, item: T) -> Result<(), T> {
        if self.items.len() >= self.capacity {
            return Err(item);
        }
        let due = now.after(self.span).max(self.items.back().map_or(Nanos::ZERO, |last| last.0));
        self.items.push_back((due, item));
        Ok(())
    }

    /// The next item whose time has come, with that time.
    pub fn pop(&mut self, now: Nanos) -> Option<(Nanos, T)> {
        if self.next_at()? > now { None } else { self.items.pop_front() }
    }

    /// When the next item comes out.
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
    pub fn room(&self) -> usize {
        self.capacity - self.items.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_out_later_and_in_order() {
        let mut delay = Delay::new(Nanos(10), 2);
        assert_eq!(delay.push(Nanos(5), 'a'), Ok(()));
        assert_eq!(delay.push(Nanos(3), 'b'), Ok(()), "an earlier time does not overtake");
        assert_eq!(delay.push(Nanos(6), 'c'), Err('c'), "full");
        assert_eq!(delay.pop(Nanos(14)), None);
        assert_eq!(delay.pop(Nanos(15)), Some((Nanos(15), 'a')));
        assert_eq!(delay.pop(Nanos(15)), Some((Nanos(15), 'b')));
        assert_eq!(delay.pop(Nanos(99)), None);
        assert!(delay.is_empty());
    }
}
