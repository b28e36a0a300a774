//! Requests that wait for their answers: a bounded table, entered before the frame is written.
//!
//! Slots are used in turn, so the request id finds its slot and the oldest request is found without
//! a search. An entry that was given up stays until its slot comes round again: a late answer
//! still finds what it is about.

use crate::wire::{Ask, Cost, Kind, OrderTold, RequestId};
use engine::time::Nanos;

/// What follows an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Whatever its kind alone asks for.
    Nothing,
    /// Part of the reconciliation of this number.
    Reconcile(u32),
    /// Gives the name of orders whose trades are held back, in the reconciliation of this number.
    Name(u32),
    /// An order of a query is told once its trades are.
    Tell(OrderTold),
    /// Part of a halt.
    Halt,
    /// What it finds is cancelled.
    Doom,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub id: RequestId,
    pub ask: Ask,
    pub then: Then,
    pub cost: Cost,
    /// Which connection it went out on; see [`HTTP`].
    pub line: u8,
    pub sent_at: Nanos,
    /// The order that its answer told, until the answer ends.
    pub told: Option<OrderTold>,
    /// How many items its answer has told.
    pub items: u32,
    /// The page on which its answer goes on.
    pub more: Option<u64>,
    /// Given up: its outcome was told as unknown.
    pub late: bool,
}

/// The connection number of requests that went over HTTP.
pub(crate) const HTTP: u8 = u8::MAX;

/// The table.
#[derive(Debug)]
pub(crate) struct Pending {
    slots: Vec<Option<Entry>>,
    next: u64,
    oldest: u64,
    open: usize,
}

impl Pending {
    /// For about `capacity` requests (rounded up to a power of two).
    pub fn new(capacity: usize) -> Self {
        let slots = vec![None; capacity.max(2).next_power_of_two()];
        Self { slots, next: 1, oldest: 1, open: 0 }
    }

    #[inline]
    fn slot(&self, counter: u64) -> usize {
        (counter & (self.slots.len() as u64 - 1)) as usize
    }

    /// Whether the next request finds a slot.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.slots[self.slot(self.next)].is_none_or(|entry| entry.late)
    }

    /// Enters a request; `None` when the table is full.
    #[inline]
    pub fn enter(&mut self, ask: Ask, then: Then, cost: Cost, line: u8) -> Option<RequestId> {
        if !self.has_room() {
            return None;
        }
        let id = RequestId::new(self.next, ask.kind());
        let slot = self.slot(self.next);
        self.next += 1;
        self.open += 1;
        let sent_at = Nanos::ZERO;
        let (told, items, more, late) = (None, 0, None, false);
        let entry = Entry { id, ask, then, cost, line, sent_at, told, items, more, late };
        self.slots[slot] = Some(entry);
        Some(id)
    }

    /// The request of this id, given up or not.
    #[inline]
    pub fn get(&mut self, id: RequestId) -> Option<&mut Entry> {
        let slot = self.slot(id.counter());
        self.slots[slot].as_mut().filter(|entry| entry.id == id)
    }

    /// The oldest request of a kind that waits.
    pub fn oldest(&self, kind: Kind) -> Option<RequestId> {
        let waits = |entry: &&Entry| !entry.late && entry.id.kind() == Some(kind);
        self.slots.iter().flatten().filter(waits).map(|entry| entry.id).min()
    }

    /// The id of a request by the low half of its counter, as HTTP tags have it.
    pub fn by_tag(&self, tag: u32) -> Option<RequestId> {
        let entry = self.slots[self.slot(u64::from(tag))]?;
        (entry.id.counter() as u32 == tag).then_some(entry.id)
    }

    /// Takes a request out, because its answer came or because it was never sent.
    #[inline]
    pub fn close(&mut self, id: RequestId) -> Option<Entry> {
        let slot = self.slot(id.counter());
        let entry = self.slots[slot].filter(|entry| entry.id == id)?;
        self.slots[slot] = None;
        self.open -= usize::from(!entry.late);
        Some(entry)
    }

    /// Gives up the oldest request that was sent before `limit`; it stays for a late answer.
    #[inline]
    pub fn expire(&mut self, limit: Nanos) -> Option<Entry> {
        while self.oldest < self.next {
            let slot = self.slot(self.oldest);
            match &mut self.slots[slot] {
                Some(entry) if entry.id.counter() == self.oldest && !entry.late => {
                    if entry.sent_at > limit {
                        return None;
                    }
                    entry.late = true;
                    self.open -= 1;
                    self.oldest += 1;
                    return Some(*entry);
                }
                _ => self.oldest += 1,
            }
        }
        None
    }

    /// Gives up one request of a connection that is lost; `None` when there is no more.
    pub fn lose(&mut self, line: u8) -> Option<Entry> {
        let lost = |entry: &&mut Entry| entry.line == line && !entry.late;
        let entry = self.slots.iter_mut().flatten().find(lost)?;
        entry.late = true;
        self.open -= 1;
        Some(*entry)
    }

    /// How many wait.
    pub const fn open(&self) -> usize {
        self.open
    }

    /// How many of a connection wait.
    pub fn open_on(&self, line: u8) -> usize {
        self.slots.iter().flatten().filter(|entry| entry.line == line && !entry.late).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Against a map: whatever comes, each request is answered, expired or lost exactly once.
        #[test]
        fn it_agrees_with_a_map(turns in prop::collection::vec((0_u8..5, any::<u8>()), 1..300)) {
            let mut pending = Pending::new(16);
            let mut model: BTreeMap<RequestId, (Nanos, u8, bool)> = BTreeMap::new();
            let mut now = 100_u64;
            for (what, pick) in turns {
                now += u64::from(pick % 7);
                match what {
                    0 | 1 => {
                        let line = pick & 1;
                        let entered =
                            pending.enter(Ask::Time, Then::Nothing, Cost::default(), line);
                        if let Some(id) = entered {
                            pending.get(id).unwrap().sent_at = Nanos(now);
                            model.retain(|old, _| old.counter() + 16 != id.counter());
                            model.insert(id, (Nanos(now), line, false));
                        } else {
                            prop_assert!(model.values().any(|one| !one.2));
                        }
                    }
                    2 => {
                        let id = model.keys().nth(usize::from(pick)).copied();
                        let id = id.unwrap_or(RequestId::new(9_999, crate::wire::Kind::Time));
                        let expect = model.remove(&id).map(|one| one.2);
                        prop_assert_eq!(pending.close(id).map(|entry| entry.late), expect);
                    }
                    3 => {
                        let limit = Nanos(now.saturating_sub(10));
                        while let Some(entry) = pending.expire(limit) {
                            let one = model.get_mut(&entry.id).unwrap();
                            prop_assert!(!one.2 && one.0 <= limit);
                            one.2 = true;
                        }
                        prop_assert!(model.values().all(|one| one.2 || one.0 > limit));
                    }
                    _ => {
                        while let Some(entry) = pending.lose(pick & 1) {
                            let one = model.get_mut(&entry.id).unwrap();
                            prop_assert!(!one.2 && one.1 == pick & 1);
                            one.2 = true;
                        }
                    }
                }
                prop_assert_eq!(pending.open(), model.values().filter(|one| !one.2).count());
            }
        }
    }
}
