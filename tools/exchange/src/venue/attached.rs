//! Orders that follow another: they are set waiting for their prices once it has been filled.

use super::trigger::{By, Fate, Pair, When};
use super::*;
use serde::{Deserialize, Serialize};

/// An order that follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Follower {
    pub when: When,
    pub by: By,
    /// What is placed at its price; without a quantity, for as much as its parent got.
    pub order: NewOrder,
    /// Whether it goes with the position that it would close.
    pub tied: bool,
    /// Whether it is the only one of its tag on that position: it takes the place of what waits
    /// there, and is not paired.
    #[serde(default)]
    pub sole: bool,
}

/// All that follow one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attached {
    /// The order that they follow.
    pub parent: u64,
    /// From the same counter as orders.
    pub id: u64,
    /// One alone, or two of which one cancels the other.
    pub legs: Vec<Follower>,
    /// Whether they follow an order that was filled to the last lot only.
    pub whole: bool,
    /// Whether the parent has traded.
    #[serde(default)]
    pub started: bool,
    /// Whether the parent has ended.
    pub done: bool,
}

/// Ended ones kept for queries.
const DONE_MAX: usize = 10_000;

impl Venue {
    /// Places an order that others follow; refused, nothing has changed.
    pub(crate) fn place_with(
        &mut self,
        account: AccountId,
        new: NewOrder,
        (legs, whole): (Vec<Follower>, bool),
        now_ms: u64,
    ) -> Result<Placed, Refusal> {
        let placed = self.place(account, new, now_ms)?;
        if !legs.is_empty() {
            let (parent, id) = (placed.order.id, self.next_order);
            self.next_order += 1;
            let (started, done) = (false, false);
            let all = Attached { parent, id, legs, whole, started, done };
            self.attached.insert(parent, all);
            self.touched.attached.insert(parent);
        }
        Ok(placed)
    }

    /// Sets waiting whatever follows an order that has ended.
    pub(super) fn settle_attached(&mut self, now_ms: u64) {
        while let Some(parent) = self.touched.attached.pop_first() {
            let order = self.orders.get(&parent).filter(|order| order.filled > 0).cloned();
            let ended = self.orders.get(&parent).is_none_or(|order| !order.status.is_open());
            let Some(one) = self.attached.get_mut(&parent) else { continue };
            let starts = order.is_some() && !std::mem::replace(&mut one.started, order.is_some());
            let ends = ended && !std::mem::replace(&mut one.done, ended);
            let (sole, rest): (Vec<_>, Vec<_>) = one.legs.iter().cloned().partition(|leg| leg.sole);
            let whole = one.whole;
            if let Some(order) = order {
                // A position is watched from its first lot, a part of it for what it came to.
                if starts {
                    self.follow(&order, sole, now_ms);
                }
                if ends && (!whole || order.status == Status::Filled) {
                    self.follow(&order, rest, now_ms);
                }
            }
            self.touched.told.insert(parent);
        }
        while self.attached.len() > DONE_MAX {
            let Some(parent) = self.attached.values().find(|one| one.done).map(|one| one.parent)
            else {
                return;
            };
            self.attached.remove(&parent);
        }
    }

    fn follow(&mut self, parent: &Order, legs: Vec<Follower>, now_ms: u64) {
        let mut first = None;
        for Follower { when, by, mut order, tied, sole } in legs {
            if order.qty == 0 {
                order.qty = self.got(parent);
            }
            let ends = (Some(parent.id), tied);
            if sole {
                self.clear_place(parent.account, &order, now_ms);
            }
            let pair = first.filter(|_| !sole).map(Pair::Trigger);
            let entered = self.enter(parent.account, (when, by), order, (pair, ends), now_ms);
            match entered {
                // Its price is there already: what it was paired with has no place.
                Ok(id) if self.triggers.get(&id).is_none_or(|one| one.fate != Fate::Waiting) => {
                    return;
                }
                Ok(id) => first = first.or(Some(id)),
                Err(_) => {}
            }
        }
    }

    /// Cancels what waits on the same position with the same tag.
    fn clear_place(&mut self, account: AccountId, order: &NewOrder, now_ms: u64) {
        let same = |one: &&Trigger| {
            let other = &one.order;
            (other.symbol, other.leg, &other.tag) == (order.symbol, order.leg, &order.tag)
        };
        let old: Vec<u64> = self.waiting(account).filter(same).map(|one| one.id).collect();
        for id in old {
            self.cancel_trigger(id, Why::User, now_ms);
        }
    }

    /// Lots that an order brought in, what the venue kept of them left out.
    fn got(&self, order: &Order) -> i64 {
        let spec = &self.listing(order.symbol).symbol;
        let kept = order.side == Side::Buy && order.fee_asset == spec.base && spec.perp.is_none();
        let kept = if kept { order.fee.max(0) } else { 0 };
        (order.filled * spec.lot - kept) / spec.lot
    }
}
