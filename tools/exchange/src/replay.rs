//! A recorded market: its public book, and the fills of our own orders beside it.

use crate::matching::{Taken, Taker};
use crate::order::Side;
use std::collections::BTreeMap;

/// The public book of a recording, and our orders in it.
pub(crate) struct Recorded {
    pub update: u64,
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
}

impl Recorded {
    pub(crate) fn best(&self, side: Side) -> Option<(i64, i64)> {
        self.levels(side).next()
    }

    pub(crate) fn lots_at(&self, side: Side, price: i64) -> i64 {
        let levels = if side == Side::Buy { &self.bids } else { &self.asks };
        levels.get(&price).copied().unwrap_or(0)
    }

    pub(crate) fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (i64, i64)> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(|(p, l)| (*p, *l))),
            Side::Sell => Box::new(self.asks.iter().map(|(p, l)| (*p, *l))),
        }
    }

    pub(crate) fn available(&self, _taker: &Taker) -> i64 {
        0
    }

    pub(crate) fn take(&mut self, _id: u64, _taker: &Taker) -> Taken {
        Taken::default()
    }

    pub(crate) fn rest(&mut self, _id: u64, _side: Side, _price: i64, _lots: i64) {}

    pub(crate) fn cancel(&mut self, _id: u64) {}

    pub(crate) fn shrink(&mut self, _id: u64, _left: i64) {}
}
