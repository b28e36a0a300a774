//! Orders that wait for a price: stops, take-profits, trailing stops, and pairs of which one
//! cancels the other.
//!
//! A trigger is no order: it stands in no book and holds no money. When its price comes, an order
//! is placed as if its owner had sent it then. Triggers are looked at with the venue's pulse; what
//! was traded in between counts with its highest and lowest price.

use super::*;
use crate::order::Back;
use serde::{Deserialize, Serialize};

/// The price that a trigger watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum By {
    #[default]
    Last,
    Mark,
    Index,
}

/// When a trigger fires; prices in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum When {
    /// The price is this or higher: a stop to buy, a take-profit to sell.
    Above(i64),
    /// The price is this or lower: a stop to sell, a take-profit to buy.
    Below(i64),
    /// The price has come back from its best by so much, after it has reached `from`.
    Trailing {
        back: Back,
        from: Option<i64>,
        /// The best price since: highest for a sale, lowest for a purchase; none before `from`.
        best: Option<i64>,
    },
}

/// What a trigger's fate is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pair {
    /// Another trigger.
    Trigger(u64),
    /// An order: once it trades or ends, the trigger goes; when the trigger fires, the order goes.
    Order(u64),
}

/// How a trigger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fate {
    Waiting,
    /// It fired and became this order.
    Fired(u64),
    /// It fired, and its order was refused.
    Failed(Refusal),
    Cancelled(Why),
}

/// An order that waits for a price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trigger {
    /// From the same counter as orders.
    pub id: u64,
    pub account: AccountId,
    pub when: When,
    pub by: By,
    pub pair: Option<Pair>,
    /// The order that it was attached to.
    #[serde(default)]
    pub parent: Option<u64>,
    /// Whether it goes with the position that it would close.
    #[serde(default)]
    pub tied: bool,
    /// What is placed when it fires.
    pub order: NewOrder,
    pub fate: Fate,
    pub created_ms: u64,
    pub updated_ms: u64,
}

/// Triggers of one account that may wait at a time, and ended ones kept for queries.
const WAITING_MAX: usize = 200;
const ENDED_MAX: usize = 2_000;

impl When {
    /// Whether a price fires an order of this side; a trailing one follows it.
    fn meets(&mut self, side: Side, price: i64) -> bool {
        match self {
            Self::Above(at) => price >= *at,
            Self::Below(at) => price <= *at,
            Self::Trailing { back, from, best } => {
                let reached = |from| if side == Side::Sell { price >= from } else { price <= from };
                if best.is_none() && !from.is_none_or(reached) {
                    return false;
                }
                back.met(best, side, price)
            }
        }
    }
}

impl Venue {
    /// The price, in ticks, that a trigger sees now; none before there is one.
    fn seen(&self, symbol: SymbolId, by: By) -> Option<i64> {
        let listing = self.listing(symbol);
        let tick = listing.symbol.tick;
        match by {
            By::Last => (listing.last > 0).then_some(listing.last),
            By::Mark => listing.mark.as_ref().map(|mark| mark.price / tick),
            By::Index => listing.mark.as_ref().map(|mark| mark.index / tick),
        }
    }

    /// Lets an order wait for a price. Refused where that price is there already, or where the
    /// order itself could never be right.
    pub(crate) fn wait(
        &mut self,
        account: AccountId,
        (when, by): (When, By),
        order: NewOrder,
        pair: Option<Pair>,
        now_ms: u64,
    ) -> Result<Trigger, Refusal> {
        let client = &order.client;
        let taken = self.account(account).clients.contains_key(client)
            || self.waiting(account).any(|trigger| trigger.order.client == *client);
        if taken && !client.is_empty() {
            return Err(Refusal::Duplicate);
        }
        if self.is_there((when, by), &order)? {
            return Err(Refusal::WouldTrigger);
        }
        let id = self.enter(account, (when, by), order, (pair, (None, false)), now_ms)?;
        self.triggers.get(&id).cloned().ok_or(Refusal::UnknownOrder)
    }

    /// Whether the price that an order is to wait for is there already.
    pub(crate) fn is_there(
        &self,
        (mut when, by): (When, By),
        order: &NewOrder,
    ) -> Result<bool, Refusal> {
        let seen = self.seen(order.symbol, by).ok_or(Refusal::Price)?;
        Ok(when.meets(order.side, seen))
    }

    /// Enters an order that waits, with what it is tied to; it is placed at once where its price is
    /// there already. Returns its number.
    pub(crate) fn enter(
        &mut self,
        account: AccountId,
        (mut when, by): (When, By),
        mut order: NewOrder,
        (pair, (parent, tied)): (Option<Pair>, (Option<u64>, bool)),
        now_ms: u64,
    ) -> Result<u64, Refusal> {
        if self.waiting(account).count() >= WAITING_MAX {
            return Err(Refusal::OpenOrders);
        }
        self.check_leg(account, &order)?;
        // What was traded before it came does not fire it.
        self.fire(now_ms);
        let seen = self.seen(order.symbol, by).ok_or(Refusal::Price)?;
        let is_there = when.meets(order.side, seen);
        let id = self.next_order;
        self.next_order += 1;
        if order.client.is_empty() {
            // No client may write the sign.
            order.client = format!("~{id}");
        }
        if let Some(Pair::Trigger(other)) = pair
            && let Some(other) = self.triggers.get_mut(&other)
        {
            other.pair = Some(Pair::Trigger(id));
            self.touched.triggers.insert(other.id);
        }
        let (created_ms, updated_ms, fate) = (now_ms, now_ms, Fate::Waiting);
        let trigger = Trigger {
            id,
            account,
            when,
            by,
            pair,
            parent,
            tied,
            order,
            fate,
            created_ms,
            updated_ms,
        };
        self.triggers.insert(id, trigger);
        self.tell_trigger(id);
        if is_there {
            self.shoot(id, now_ms);
        }
        Ok(id)
    }

    /// An account's waiting triggers, oldest first.
    pub(crate) fn waiting(&self, account: AccountId) -> impl Iterator<Item = &Trigger> + '_ {
        let all = self.triggers.values();
        all.filter(move |one| one.account == account && one.fate == Fate::Waiting)
    }

    /// Cancels a waiting trigger; returns it as it ended.
    pub(crate) fn cancel_trigger(&mut self, id: u64, why: Why, now_ms: u64) -> Option<Trigger> {
        let trigger = self.triggers.get_mut(&id).filter(|one| one.fate == Fate::Waiting)?;
        trigger.fate = Fate::Cancelled(why);
        trigger.updated_ms = now_ms;
        self.tell_trigger(id);
        self.triggers.get(&id).cloned()
    }

    /// Changes a waiting trigger; returns it as it stands.
    pub(crate) fn change_trigger(
        &mut self,
        id: u64,
        when: When,
        order: NewOrder,
        now_ms: u64,
    ) -> Option<Trigger> {
        let trigger = self.triggers.get_mut(&id).filter(|one| one.fate == Fate::Waiting)?;
        (trigger.when, trigger.order, trigger.updated_ms) = (when, order, now_ms);
        self.tell_trigger(id);
        self.triggers.get(&id).cloned()
    }

    fn tell_trigger(&mut self, id: u64) {
        let Some(trigger) = self.triggers.get(&id).cloned() else { return };
        self.touched.triggers.insert(id);
        let account = trigger.account;
        self.tell(account, Private::Trigger(Box::new(trigger)));
    }

    /// Fires what has met its price, and drops what its pair has made void.
    pub(super) fn fire(&mut self, now_ms: u64) {
        // What firing trades is for the next look.
        let paths: Vec<Vec<i64>> =
            self.listings.iter_mut().map(|one| std::mem::take(&mut one.path)).collect();
        let waiting: Vec<u64> = self.waiting_ids();
        for id in waiting {
            let Some(trigger) = self.triggers.get(&id) else { continue };
            if trigger.fate != Fate::Waiting {
                continue;
            }
            if trigger.tied && self.closes_nothing(trigger) {
                self.cancel_trigger(id, Why::ReduceOnly, now_ms);
                continue;
            }
            if self.is_void(trigger) {
                self.cancel_trigger(id, Why::Pair, now_ms);
                continue;
            }
            let path = &paths[usize::from(trigger.order.symbol)];
            let follows = trigger.by == By::Last && !path.is_empty();
            let seen = self.seen(trigger.order.symbol, trigger.by);
            let Some(seen) = seen.map(|seen| [seen]) else { continue };
            let path = if follows { &path[..] } else { &seen[..] };
            let before = trigger.when;
            let Some(trigger) = self.triggers.get_mut(&id) else { continue };
            let side = trigger.order.side;
            let fires = path.iter().any(|price| trigger.when.meets(side, *price));
            if trigger.when != before {
                self.touched.triggers.insert(id);
            }
            if fires {
                self.shoot(id, now_ms);
            }
        }
        self.wake(&paths, now_ms);
        self.forget_triggers();
    }

    fn waiting_ids(&self) -> Vec<u64> {
        let waiting = self.triggers.values().filter(|one| one.fate == Fate::Waiting);
        waiting.map(|one| one.id).collect()
    }

    /// Whether the position is gone that an order would make smaller.
    fn closes_nothing(&self, one: &Trigger) -> bool {
        let position = self.account(one.account).position(one.order.symbol, one.order.leg);
        position.closing() != Some(one.order.side)
    }

    /// Whether the other of its pair has been executed or is gone.
    fn is_void(&self, trigger: &Trigger) -> bool {
        match trigger.pair {
            None => false,
            Some(Pair::Order(order)) => self
                .orders
                .get(&order)
                .is_none_or(|order| !order.status.is_open() || order.filled > 0),
            Some(Pair::Trigger(other)) => {
                self.triggers.get(&other).is_none_or(|other| other.fate != Fate::Waiting)
            }
        }
    }

    /// Places a trigger's order; its pair goes first.
    fn shoot(&mut self, id: u64, now_ms: u64) {
        let Some(trigger) = self.triggers.get(&id).cloned() else { return };
        match trigger.pair {
            Some(Pair::Order(order)) => {
                self.cancel(order, Why::Pair, "", now_ms);
            }
            Some(Pair::Trigger(other)) => {
                self.cancel_trigger(other, Why::Pair, now_ms);
            }
            None => {}
        }
        let fate = match self.place(trigger.account, trigger.order, now_ms) {
            Ok(placed) => Fate::Fired(placed.order.id),
            Err(refusal) => Fate::Failed(refusal),
        };
        if let Some(trigger) = self.triggers.get_mut(&id) {
            trigger.fate = fate;
            trigger.updated_ms = now_ms;
        }
        self.tell_trigger(id);
    }

    /// Drops the oldest ended triggers where there are too many.
    fn forget_triggers(&mut self) {
        while self.triggers.len() > ENDED_MAX {
            let mut ended = self.triggers.values().filter(|one| one.fate != Fate::Waiting);
            let Some(id) = ended.next().map(|one| one.id) else { return };
            self.triggers.remove(&id);
        }
    }
}
