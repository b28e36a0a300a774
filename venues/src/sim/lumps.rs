//! A queue followed as single orders, as far as depth and trades tell of them.
//!
//! Rows of the engine tell no single orders, so they are inferred: what a level grows by is one
//! order at the back; a trade takes from the front; what a level shrinks by without a trade is the
//! newest order of exactly that size, and where none is, what stands at the back. What was there
//! before we came is one lump, for nothing tells of its parts.

use std::collections::VecDeque;

/// Most lumps of a side of us; the newest ones flow together beyond it.
const LUMPS_MAX: usize = 256;

/// Orders of others at our price, oldest first, in lots.
#[derive(Clone, Debug, Default)]
pub(super) struct Lumps {
    ahead: VecDeque<i64>,
    behind: VecDeque<i64>,
}

impl Lumps {
    /// Behind this much.
    pub fn joining(lots: i64) -> Self {
        let ahead = if lots > 0 { VecDeque::from([lots]) } else { VecDeque::new() };
        Self { ahead, behind: VecDeque::new() }
    }

    /// So many lots were traded, from the front.
    pub fn trade(&mut self, lots: i64) {
        let mut left = lots;
        for queue in [&mut self.ahead, &mut self.behind] {
            while left > 0
                && let Some(first) = queue.front_mut()
            {
                let part = left.min(*first);
                *first -= part;
                left -= part;
                if *first == 0 {
                    queue.pop_front();
                }
            }
        }
    }

    /// All that was ahead is gone.
    pub fn first(&mut self) {
        self.ahead.clear();
    }

    /// The level shrank (or grew, below 0) by so many lots that did not trade, and displays this
    /// now: how many lots are ahead.
    pub fn depth(&mut self, shrunk: i64, displayed: i64) -> i64 {
        if shrunk < 0 {
            self.join(-shrunk);
        } else if shrunk > 0 && !self.leave(shrunk) {
            self.shorten(shrunk);
        }
        let ahead: i64 = self.ahead.iter().sum();
        if ahead > displayed {
            self.behind.clear();
            self.shorten(ahead - displayed);
        }
        ahead.min(displayed)
    }

    fn join(&mut self, lots: i64) {
        let is_full = self.behind.len() >= LUMPS_MAX;
        match self.behind.back_mut() {
            Some(last) if is_full => *last += lots,
            _ => self.behind.push_back(lots),
        }
    }

    /// The newest order of exactly this size leaves.
    fn leave(&mut self, lots: i64) -> bool {
        for queue in [&mut self.behind, &mut self.ahead] {
            if let Some(place) = queue.iter().rposition(|lump| *lump == lots) {
                queue.remove(place);
                return true;
            }
        }
        false
    }

    fn shorten(&mut self, lots: i64) {
        let mut left = lots;
        for queue in [&mut self.behind, &mut self.ahead] {
            while left > 0
                && let Some(last) = queue.back_mut()
            {
                let part = left.min(*last);
                *last -= part;
                left -= part;
                if *last == 0 {
                    queue.pop_back();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_is_known_leaves_from_where_it_stands() {
        let mut lumps = Lumps::joining(10);
        assert_eq!(lumps.depth(-4, 14), 10, "grows behind us");
        assert_eq!(lumps.depth(-3, 17), 10);
        assert_eq!(lumps.depth(4, 13), 10, "the order of 4 was behind us");
        assert_eq!(lumps.depth(10, 3), 0, "the order of 10 was ahead");
    }

    #[test]
    fn an_unknown_size_leaves_from_the_back() {
        let mut lumps = Lumps::joining(10);
        assert_eq!(lumps.depth(-4, 14), 10);
        assert_eq!(lumps.depth(5, 9), 9, "4 from behind, 1 from ahead");
        lumps.trade(3);
        assert_eq!(lumps.depth(0, 6), 6);
        lumps.first();
        assert_eq!(lumps.depth(0, 6), 0);
    }
}
