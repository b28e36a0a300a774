//! Trades that one connection brought while others may still bring those before them: kept in the
//! order of their ids, a few of them, for a short time.

use engine::event::Event;
use std::collections::VecDeque;

/// Most trades held of one instrument.
pub(super) const TRADES_MAX: usize = 256;

/// A row, and the first of the trade ids that it stands for.
pub(super) type Held = (Event, u64);

/// Trades by id, each once.
#[derive(Debug)]
pub(super) struct Ahead {
    trades: VecDeque<Held>,
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
    pub fn hold(&mut self, trade: Held) -> bool {
        let id = trade.0.id;
        let after = self.trades.iter().rev().take_while(|held| held.0.id >= id).count();
        let place = self.trades.len() - after;
        if self.trades.get(place).is_some_and(|held| held.0.id == id) {
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
    pub fn first(&self) -> Option<Held> {
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
