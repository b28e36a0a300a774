//! The limit-order book: price–time priority over integers, and what an incoming order takes.
//!
//! Knows no balances, ids to hand out, clocks or text. Each level keeps its orders in arrival
//! order; every change of a level's total is noted for the update stream.

use crate::order::{AccountId, Side, Stp};
use std::collections::{BTreeMap, VecDeque};

/// An order waiting in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub id: u64,
    pub account: AccountId,
    pub lots: i64,
    /// Whoever takes from it stops there for once: what its owner still wants to sell or buy may
    /// depend on that trade.
    pub watched: bool,
}

/// One price: total and queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Level {
    pub lots: i64,
    queue: VecDeque<Entry>,
}

/// How much an incoming order wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Lots(i64),
    /// As many whole lots as this amount pays for; `unit` is the amount of one lot at one tick.
    Quote {
        amount: i64,
        unit: i64,
    },
}

/// An incoming order. `limit` is its worst price in ticks, none for a market order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub account: AccountId,
    pub side: Side,
    pub limit: Option<i64>,
    pub want: Want,
    pub stp: Stp,
}

/// One thing that happened while an incoming order met the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Trade {
        maker: u64,
        price: i64,
        lots: i64,
    },
    /// Self-trade prevention took `maker_lots` from the resting order and `taker_lots` from the
    /// incoming one.
    Prevented {
        maker: u64,
        price: i64,
        maker_lots: i64,
        taker_lots: i64,
        maker_gone: bool,
    },
}

impl Step {
    /// Lots that the step used up of the incoming order.
    pub(crate) fn taker_lots(&self) -> i64 {
        match self {
            Self::Trade { lots, .. } => *lots,
            Self::Prevented { taker_lots, .. } => *taker_lots,
        }
    }
}

/// What an incoming order found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub steps: Vec<Step>,
    /// Lots still wanted; zero where the order was by amount.
    pub left: i64,
    /// Self-trade prevention ended the incoming order.
    pub prevented: bool,
    /// A watched order was met: more may be taken once its owner has been looked at.
    pub paused: bool,
    /// An order by amount ended for want of the other side, not for want of money.
    pub dry: bool,
}

/// The book of one symbol.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    bids: BTreeMap<i64, Level>,
    asks: BTreeMap<i64, Level>,
    /// Levels whose total changed since the last [`Book::drain_dirty`], one entry a change.
    dirty: Vec<(Side, i64)>,
}

impl Book {
    fn side(&self, side: Side) -> &BTreeMap<i64, Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Best price and total of a side.
    pub(crate) fn best(&self, side: Side) -> Option<(i64, i64)> {
        let level = match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        };
        level.map(|(price, level)| (*price, level.lots))
    }

    /// Total at a price.
    pub(crate) fn lots_at(&self, side: Side, price: i64) -> i64 {
        self.side(side).get(&price).map_or(0, |level| level.lots)
    }

    /// Levels from the best outward.
    pub(crate) fn levels(&self, side: Side) -> Box<dyn Iterator<Item = (i64, i64)> + '_> {
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(|(p, l)| (*p, l.lots))),
            Side::Sell => Box::new(self.asks.iter().map(|(p, l)| (*p, l.lots))),
        }
    }

    /// Levels from the best outward, each with the number of its orders.
    pub(crate) fn queues(&self, side: Side) -> Box<dyn Iterator<Item = (i64, i64, usize)> + '_> {
        let tell = |(price, level): (&i64, &Level)| (*price, level.lots, level.queue.len());
        match side {
            Side::Buy => Box::new(self.bids.iter().rev().map(tell)),
            Side::Sell => Box::new(self.asks.iter().map(tell)),
        }
    }

    /// Orders from the best outward, in time priority within a price.
    pub(crate) fn entries(&self, side: Side) -> Box<dyn Iterator<Item = (i64, &Entry)> + '_> {
        match side {
            Side::Buy => Box::new(
                self.bids.iter().rev().flat_map(|(p, l)| l.queue.iter().map(move |e| (*p, e))),
            ),
            Side::Sell => {
                Box::new(self.asks.iter().flat_map(|(p, l)| l.queue.iter().map(move |e| (*p, e))))
            }
        }
    }

    /// Puts an order at the end of its level's queue.
    pub(crate) fn rest(&mut self, side: Side, price: i64, entry: Entry) {
        let level = self.side_mut(side).entry(price).or_default();
        level.lots += entry.lots;
        level.queue.push_back(entry);
        self.dirty.push((side, price));
    }

    /// Takes an order out; returns the lots it had left.
    pub(crate) fn remove(&mut self, side: Side, price: i64, id: u64) -> Option<i64> {
        let levels = self.side_mut(side);
        let level = levels.get_mut(&price)?;
        let place = level.queue.iter().position(|entry| entry.id == id)?;
        let entry = level.queue.remove(place)?;
        level.lots -= entry.lots;
        if level.queue.is_empty() {
            levels.remove(&price);
        }
        self.dirty.push((side, price));
        Some(entry.lots)
    }

    /// Lowers an order's quantity where it stands in the queue.
    pub(crate) fn shrink(&mut self, side: Side, price: i64, id: u64, lots: i64) -> bool {
        let Some(level) = self.side_mut(side).get_mut(&price) else { return false };
        let Some(entry) = level.queue.iter_mut().find(|entry| entry.id == id) else { return false };
        if lots <= 0 || lots > entry.lots {
            return false;
        }
        level.lots -= entry.lots - lots;
        entry.lots = lots;
        self.dirty.push((side, price));
        true
    }

    /// Lots that `taker` could take at once, its own account's orders left out when self-trade
    /// prevention would stop them.
    pub(crate) fn available(&self, taker: &Taker) -> i64 {
        let mut total = 0_i64;
        for (price, entry) in self.entries(taker.side.other()) {
            if !reaches(taker, price) {
                break;
            }
            if taker.stp == Stp::None || entry.account != taker.account {
                total = total.saturating_add(entry.lots);
            }
        }
        total
    }

    /// Amount that buying `lots` from the best outward costs, in units of one lot at one tick; none
    /// beyond the book's depth is counted.
    pub(crate) fn cost(&self, side: Side, lots: i64) -> i64 {
        let mut left = lots;
        let mut cost = 0_i64;
        for (price, here) in self.levels(side.other()) {
            let part = left.min(here);
            cost = cost.saturating_add(price.saturating_mul(part));
            left -= part;
            if left == 0 {
                break;
            }
        }
        cost
    }

    /// Meets an incoming order with the book.
    pub(crate) fn take(&mut self, taker: &Taker) -> Taken {
        let mut out = Taken::default();
        let mut want = taker.want;
        let side = taker.side.other();
        loop {
            let Some((price, _)) = self.best(side) else {
                out.dry = match want {
                    Want::Lots(lots) => lots > 0,
                    Want::Quote { amount, .. } => amount > 0,
                };
                break;
            };
            let lots = match want {
                Want::Lots(lots) => lots,
                Want::Quote { amount, unit } => amount / unit.saturating_mul(price).max(1),
            };
            if lots == 0 || !reaches(taker, price) {
                break;
            }
            let front = self.side(side).get(&price).and_then(|level| level.queue.front());
            out.paused = front.is_some_and(|entry| entry.watched);
            let (step, traded, stop) = self.meet(taker, side, price, lots);
            out.steps.push(step);
            want = match want {
                Want::Lots(lots) => Want::Lots(lots - traded),
                Want::Quote { amount, unit } => {
                    Want::Quote { amount: amount - traded * price * unit, unit }
                }
            };
            if stop {
                out.prevented = true;
                break;
            }
            if out.paused {
                break;
            }
        }
        if let Want::Lots(lots) = want {
            out.left = lots;
        }
        out.paused &= !out.prevented && out.left > 0;
        out
    }

    /// The incoming order meets the first order at the best price: what happened, the lots it used
    /// up, and whether prevention ends it.
    fn meet(&mut self, taker: &Taker, side: Side, price: i64, lots: i64) -> (Step, i64, bool) {
        let levels = self.side_mut(side);
        let Some(level) = levels.get_mut(&price) else {
            return (Step::Trade { maker: 0, price, lots: 0 }, lots, true);
        };
        let Some(front) = level.queue.front_mut() else {
            levels.remove(&price);
            return (Step::Trade { maker: 0, price, lots: 0 }, 0, true);
        };
        let maker = front.id;
        let part = front.lots.min(lots);
        let own = taker.stp != Stp::None && front.account == taker.account;
        let (gone, taker_lots, stop) = match taker.stp {
            _ if !own => (part, part, false),
            Stp::ExpireMaker => (front.lots, 0, false),
            Stp::ExpireBoth => (front.lots, 0, true),
            Stp::Decrement => (part, part, part == lots),
            Stp::None | Stp::ExpireTaker => (0, 0, true),
        };
        front.lots -= gone;
        level.lots -= gone;
        let maker_gone = front.lots == 0;
        if maker_gone {
            level.queue.pop_front();
        }
        if level.queue.is_empty() {
            levels.remove(&price);
        }
        if gone > 0 {
            self.dirty.push((side, price));
        }
        let step = if own {
            Step::Prevented { maker, price, maker_lots: gone, taker_lots, maker_gone }
        } else {
            Step::Trade { maker, price, lots: part }
        };
        (step, taker_lots, stop)
    }

    /// Levels that changed, one entry a change, oldest first.
    pub(crate) fn drain_dirty(&mut self) -> std::vec::Drain<'_, (Side, i64)> {
        self.dirty.drain(..)
    }
}

fn reaches(taker: &Taker, price: i64) -> bool {
    match (taker.limit, taker.side) {
        (None, _) => true,
        (Some(limit), Side::Buy) => price <= limit,
        (Some(limit), Side::Sell) => price >= limit,
    }
}

#[cfg(test)]
mod tests;
