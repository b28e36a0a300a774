//! Trades that one connection brought while others may still bring those before them: kept in the
//! order of their ids, a few of them, for a short time.

use engine::event::Event;
use std::collections::VecDeque;

/// Most trades held of one instrument.
pub(super) const TRADES_MAX: usize = 256;

/// Trades by id, each once.
#[derive(Debug)]
pub(super) struct Ahead {
    trades: VecDeque<Event>,
}

impl Ahead {
    /// Holds none; all memory is reserved here.
    pub fn new() -> Self {
        Self { trades: VecDeque::with_capacity(TRADES_MAX) }
    }

    /// Whether none is held.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.trades.is_empty()
    }

    /// Holds one at its place; false when it is held already. There must be room.
    pub fn hold(&mut self, trade: Event) -> bool {
        let after = self.trades.iter().rev().take_while(|held| held.id >= trade.id).count();
        let place = self.trades.len() - after;
        if self.trades.get(place).is_some_and(|held| held.id == trade.id) {
            return false;
        }
        self.trades.insert(place, trade);
        true
    }

    /// Whether one more may be held.
    pub fn has_room(&self) -> bool {
        self.trades.len() < TRADES_MAX
    }

    /// The one of the lowest id.
    #[inline]
    pub fn first(&self) -> Option<Event> {
        self.trades.front().copied()
    }

    /// Takes it out.
    pub fn pop(&mut self) {
        self.trades.pop_front();
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.trades.clear();
    }
}
