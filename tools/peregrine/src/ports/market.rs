//! The engine's end of the market ring. Every row comes out in its order, but for best prices: when
//! the engine is behind, one that a newer one further back already replaces is left out. Trades,
//! levels, gaps and links never are, and a row that makes the engine decide finds the best price
//! that came before it.
//!
//! What is left out is counted and was never taken: the journal holds what the engine saw, and its
//! replay sees the same.

use engine::event::{Event, kind};
use rtrb::Consumer;

/// Rows that are looked through for a newer best price.
const LOOK_AHEAD: usize = 32;

/// Rows from the feed.
#[derive(Debug)]
pub struct MarketRing {
    ring: Consumer<Event>,
    behind: usize,
    waiting: usize,
    conflated: u64,
}

impl MarketRing {
    /// The end of a ring. With `behind` rows waiting or more, replaced best prices are left out; 0:
    /// never.
    pub const fn new(ring: Consumer<Event>, behind: usize) -> Self {
        Self { ring, behind, waiting: 0, conflated: 0 }
    }

    /// The next row that is still of use.
    #[inline]
    pub fn pop(&mut self) -> Option<Event> {
        let event = self.ring.pop().ok()?;
        // How many wait is asked when those of the last time are gone, not for each row: in the
        // pipelined layout the answer lies in the other core's cache.
        self.waiting = self.waiting.checked_sub(1).unwrap_or_else(|| self.ring.slots());
        if self.is_behind() { self.newest(event) } else { Some(event) }
    }

    #[inline]
    const fn is_behind(&self) -> bool {
        self.waiting >= self.behind && self.behind > 0
    }

    /// The first of the waiting rows, this one before them, that is no replaced best price.
    #[cold]
    fn newest(&mut self, mut first: Event) -> Option<Event> {
        while first.kind == kind::BEST && self.is_behind() && self.is_replaced(&first) {
            self.conflated += 1;
            self.waiting = self.waiting.saturating_sub(1);
            first = self.ring.pop().ok()?;
        }
        Some(first)
    }

    fn is_replaced(&mut self, best: &Event) -> bool {
        let Ok(ahead) = self.ring.read_chunk(self.waiting.min(LOOK_AHEAD)) else { return false };
        let (near, far) = ahead.as_slices();
        let mut own = near.iter().chain(far).filter(|row| row.instrument == best.instrument);
        let next = own.find(|row| row.kind == kind::BEST || decides(row));
        next.is_some_and(|row| row.kind == kind::BEST && row.id >= best.id)
    }

    /// Best prices that were left out.
    pub const fn conflated(&self) -> u64 {
        self.conflated
    }

    /// Whether the feed is gone.
    pub fn is_abandoned(&self) -> bool {
        self.ring.is_abandoned()
    }
}

/// Whether a row that is no best price makes the engine decide. A trade is only learnt from.
#[inline]
fn decides(row: &Event) -> bool {
    row.kind != kind::TRADE && !row.is_inner()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::event::flag;
    use engine::id::InstrumentId;
    use proptest::prelude::*;

    const KINDS: [(u8, u8); 6] = [
        (kind::BEST, flag::LAST),
        (kind::BEST, flag::LAST),
        (kind::TRADE, flag::LAST),
        (kind::LEVEL, 0),
        (kind::LEVEL, flag::LAST),
        (kind::GAP, flag::LAST),
    ];

    fn row(id: usize, (which, instrument): (usize, u16)) -> Event {
        let ((kind, flags), instrument) = (KINDS[which], InstrumentId(instrument));
        Event { id: id as u64, kind, flags, instrument, ..Event::default() }
    }

    /// What is to come out, by the definition.
    fn model(rows: &[Event], behind: usize) -> Vec<Event> {
        let is_kept = |place: usize| {
            let (row, waiting) = (&rows[place], &rows[place + 1..]);
            let mut newer = false;
            for next in waiting.iter().take(LOOK_AHEAD) {
                match (next.instrument == row.instrument, next.kind, next.flags) {
                    (true, kind::BEST, _) => newer = true,
                    (false, ..) | (_, kind::TRADE, _) | (_, kind::LEVEL, 0) => continue,
                    _ => {}
                }
                break;
            }
            row.kind != kind::BEST || behind == 0 || waiting.len() < behind || !newer
        };
        (0..rows.len()).filter(|place| is_kept(*place)).map(|place| rows[place]).collect()
    }

    fn drain(ring: &mut MarketRing) -> Vec<Event> {
        std::iter::from_fn(|| ring.pop()).collect()
    }

    proptest! {
        #[test]
        fn trades_and_levels_all_come_and_the_newest_best_of_each(
            rows in prop::collection::vec((0..KINDS.len(), 0..3_u16), 0..200),
            behind in 0..20_usize,
        ) {
            let rows = rows.into_iter().enumerate();
            let rows: Vec<_> = rows.map(|(id, row_of)| row(id, row_of)).collect();
            let (mut feed, ring) = rtrb::RingBuffer::new(256);
            rows.iter().for_each(|row| feed.push(*row).unwrap());
            let mut ring = MarketRing::new(ring, behind);
            let out = drain(&mut ring);
            prop_assert_eq!(&out, &model(&rows, behind));
            prop_assert_eq!(out.len() as u64 + ring.conflated(), rows.len() as u64);
            for instrument in 0..3 {
                let last = |rows: &[Event]| {
                    let mut bests = rows.iter().rev().filter(|row| row.kind == kind::BEST);
                    bests.find(|row| row.instrument.0 == instrument).map(|row| row.id)
                };
                prop_assert_eq!(last(&out), last(&rows), "the newest best price comes");
            }
        }
    }

    #[test]
    fn a_diff_between_two_best_prices_finds_the_first() {
        let (mut feed, ring) = rtrb::RingBuffer::new(8);
        let rows = [(100, 0), (98, 3), (98, 4), (101, 0)];
        rows.into_iter().for_each(|(id, which)| feed.push(row(id, (which, 0))).unwrap());
        assert_eq!(drain(&mut MarketRing::new(ring, 1)).len(), 4);
    }

    #[test]
    fn a_best_price_is_not_replaced_by_an_older_one() {
        let (mut feed, ring) = rtrb::RingBuffer::new(8);
        [9, 3].into_iter().for_each(|id| feed.push(row(id, (0, 0))).unwrap());
        assert_eq!(drain(&mut MarketRing::new(ring, 1)).len(), 2);
    }
}
