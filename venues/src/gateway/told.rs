//! What has been told already: own trades of an instrument, or payments of funding, each once.
//!
//! Where ids go up in the order in which they are told, one number is enough: from here on they are
//! new. Ids made of time and text ([`crate::timed`]) are in no order within some span, and answers
//! lag: there the ids of the last span are remembered one by one, in a table in which the lowest
//! gives way, and what is below all that gave way counts as told.

const WAYS: usize = 8;
const SETS: usize = 512;

/// Ids that have been told.
#[derive(Debug)]
pub(crate) struct Told {
    next: Option<u64>,
    overlap: u64,
    /// Everything below it counts as told.
    floor: u64,
    /// The highest that an unfinished answer held.
    marked: u64,
    /// Empty where one number is enough; 0 is a free place.
    seen: Vec<[u64; WAYS]>,
}

impl Told {
    /// From this id on they are new; `overlap` is how far below the newest one another may still be
    /// new.
    pub fn new(next: Option<u64>, overlap: u64) -> Self {
        let sets = if overlap > 0 { SETS } else { 0 };
        Self { next, overlap, floor: 0, marked: 0, seen: vec![[0; WAYS]; sets] }
    }

    /// From which id on they are new; `None` until learnt.
    pub const fn next(&self) -> Option<u64> {
        self.next
    }

    /// From which id on to ask.
    pub fn from(&self) -> Option<u64> {
        self.next.map(|next| next.saturating_sub(self.overlap))
    }

    /// Whether it has not been told.
    #[inline]
    pub fn is_new(&self, id: u64) -> bool {
        let above = self.from().is_none_or(|from| id >= from);
        above && id >= self.floor && !self.holds(id)
    }

    /// Whether it is known one by one to have been told.
    #[inline]
    pub fn holds(&self, id: u64) -> bool {
        self.seen.get(Self::set(id)).is_some_and(|set| set.contains(&id))
    }

    /// It is told.
    #[inline]
    pub fn tell(&mut self, id: u64) {
        self.remember(id);
        let next = id.saturating_add(1);
        self.next = Some(self.next.map_or(next, |known| known.max(next)));
    }

    /// It is told as part of an answer that may end before it is whole. Where answers begin with
    /// the newest, what comes before it stays new until [`Told::finish`].
    pub fn mark(&mut self, id: u64) {
        if self.overlap == 0 {
            return self.tell(id);
        }
        self.remember(id);
        self.marked = self.marked.max(id.saturating_add(1));
    }

    /// The answer is whole; without any, whatever comes from now on is new.
    pub fn finish(&mut self) {
        let next = self.next.unwrap_or(0).max(self.marked);
        self.next = Some(next);
        self.marked = 0;
    }

    /// It was not told after all.
    pub fn forget(&mut self, id: u64) {
        match self.seen.get_mut(Self::set(id)) {
            Some(set) => set.iter_mut().filter(|one| **one == id).for_each(|one| *one = 0),
            None => self.next = self.next.map(|next| next.min(id)),
        }
    }

    #[inline]
    fn remember(&mut self, id: u64) {
        if self.holds(id) {
            return;
        }
        let Some(set) = self.seen.get_mut(Self::set(id)) else { return };
        if let Some(lowest) = set.iter_mut().min() {
            if *lowest > id {
                self.floor = self.floor.max(id.saturating_add(1));
                return;
            }
            if *lowest > 0 {
                self.floor = self.floor.max(lowest.saturating_add(1));
            }
            *lowest = id;
        }
    }

    #[inline]
    const fn set(id: u64) -> usize {
        (id as usize ^ (id >> 34) as usize) & (SETS - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timed::OVERLAP;
    use proptest::prelude::*;

    #[test]
    fn numbers_in_order_need_no_memory() {
        let mut told = Told::new(Some(5), 0);
        assert!(!told.is_new(4) && told.is_new(5));
        told.mark(7);
        assert!(!told.is_new(6) && told.is_new(8) && told.from() == Some(8));
        told.forget(6);
        assert!(told.is_new(6));
    }

    #[test]
    fn an_answer_that_breaks_off_hides_nothing() {
        let mut told = Told::new(Some(OVERLAP * 10), OVERLAP);
        let (newest, older) = (OVERLAP * 15, OVERLAP * 12);
        told.mark(newest);
        assert!(told.is_new(older) && !told.is_new(newest));
        assert_eq!(told.from(), Some(OVERLAP * 9), "asked for anew from where it was");
        told.mark(older);
        told.finish();
        assert_eq!(told.from(), Some(OVERLAP * 14 + 1));
        assert!(!told.is_new(older), "below what is asked for");
    }

    proptest! {
        /// In whatever order the ids of a span come, each is new once.
        #[test]
        fn each_is_new_once(ids in prop::collection::vec(0_u64..2_000, 1..400)) {
            let mut told = Told::new(Some(OVERLAP * 4), OVERLAP);
            let mut model = std::collections::BTreeSet::new();
            for id in ids {
                // Spread over the span as hashes are.
                let id = OVERLAP * 4 + id * (OVERLAP / 2_000) + (id * 7_919) % 512;
                prop_assert_eq!(told.is_new(id), model.insert(id));
                told.tell(id);
            }
        }
    }
}
