//! Orders placed as one: a pair of which one ends the other, alone or behind a working order.
//!
//! The legs of a pair share their money: together they hold what the dearer one needs. Whatever
//! trades or wakes first ends the other before it is booked, and goes on as any order does. A pair
//! behind a working order is pending: it holds nothing and stands nowhere until that one is filled.

use super::*;
use crate::symbol::LISTS_MAX;
use serde::{Deserialize, Serialize};

/// A list of orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OrderList {
    /// From the same counter as orders.
    pub id: u64,
    pub account: AccountId,
    pub symbol: SymbolId,
    /// Its owner's name for it.
    pub client: String,
    /// The order that the pair waits for, where it waits.
    pub working: Option<u64>,
    pub pair: [u64; 2],
    /// Whether all of its orders have ended.
    pub done: bool,
    pub created_ms: u64,
    pub updated_ms: u64,
}

/// A new list, its orders' words read.
pub(crate) struct NewList {
    pub client: String,
    pub working: Option<NewOrder>,
    /// The upper and the lower leg.
    pub pair: [NewOrder; 2],
}

/// Ended lists kept for queries.
const ENDED_LISTS_MAX: usize = 20_000;

impl OrderList {
    /// All of its orders, oldest first.
    pub(crate) fn orders(&self) -> impl Iterator<Item = u64> + '_ {
        self.working.into_iter().chain(self.pair)
    }
}

impl Venue {
    /// Accepts a list, or refuses it with nothing changed. What was placed comes as it stood before
    /// a pending pair followed its working order.
    pub(crate) fn place_list(
        &mut self,
        account: AccountId,
        new: NewList,
        now_ms: u64,
    ) -> Result<(OrderList, Vec<Placed>), Refusal> {
        self.fire(now_ms);
        let NewList { client, working, mut pair } = new;
        for leg in &mut pair {
            self.arm(leg, now_ms);
        }
        self.check_list(account, (&client, working.as_ref(), &pair))?;
        match &working {
            Some(new) => {
                self.check_match(account, new)?;
                self.set_aside(account, new)?;
            }
            None => {
                self.check_pair(&pair)?;
                let refs = pair.each_ref();
                self.lock_pair(account, refs.map(|leg| self.need(leg)), refs[0])?;
            }
        }
        // The leg that waits for its price comes first.
        if pair[0].stop.is_none() {
            pair.swap(0, 1);
        }
        let list = self.enter_list(account, client, (working.as_ref(), &pair), now_ms);
        let mut placed = Vec::with_capacity(3);
        let first = list.working.map_or(list.pair[1], |id| id);
        let entering = working.unwrap_or_else(|| pair[1].clone());
        let before = self.touched.fills.len();
        if entering.stop.is_none() {
            self.meet(first, &entering, now_ms);
        }
        let fills = self.touched.fills[before..].iter().filter(|(_, fill)| fill.order == first);
        let fills: Vec<Fill> = fills.map(|(_, fill)| fill.clone()).collect();
        for id in list.orders() {
            let order = self.orders.get(&id).cloned().ok_or(Refusal::UnknownOrder)?;
            let fills = if id == first { fills.clone() } else { Vec::new() };
            placed.push(Placed { order, fills });
        }
        self.publish_changes(entering.symbol);
        Ok((list, placed))
    }

    /// Words, filters and counts of a whole list.
    fn check_list(
        &self,
        account: AccountId,
        (client, working, pair): (&str, Option<&NewOrder>, &[NewOrder; 2]),
    ) -> Result<(), Refusal> {
        let symbol = pair[0].symbol;
        let open = self.open_lists(account);
        if open.clone().any(|list| list.client == client) {
            return Err(Refusal::Duplicate);
        }
        if open.filter(|list| list.symbol == symbol).count() >= LISTS_MAX {
            return Err(Refusal::Lists);
        }
        let all: Vec<&NewOrder> = working.into_iter().chain(pair).collect();
        for (n, one) in all.iter().enumerate() {
            self.check(account, one)?;
            let again = all[..n].iter().any(|other| other.client == one.client);
            if again || self.account(account).clients.contains_key(&one.client) {
                return Err(Refusal::Duplicate);
            }
        }
        let stops = all.iter().filter(|one| one.stop.is_some()).count();
        let here = self.account(account).open.iter().filter_map(|id| self.orders.get(id));
        let here = here.filter(|order| order.symbol == symbol).count();
        if here + all.len() > self.listing(symbol).symbol.orders_max {
            return Err(Refusal::OpenOrders);
        }
        if self.sleepers(account, symbol) + stops > STOPS_MAX {
            return Err(Refusal::StopOrders);
        }
        Ok(())
    }

    /// What a pair must satisfy to go into the market: its legs stand on both sides of the last
    /// price, and neither would wake or take at once.
    fn check_pair(&self, pair: &[NewOrder; 2]) -> Result<(), Refusal> {
        let last = self.listing(pair[0].symbol).last;
        for (leg, is_above) in pair.iter().zip([true, false]) {
            let beyond = |price: i64| if is_above { price > last } else { price < last };
            let own = leg.stop.filter(|stop| stop.price > 0).map(|stop| stop.price);
            // The limit of a take-profit lies on its side as well.
            let profit = leg.stop.is_some_and(|stop| stop.rising == (leg.side == Side::Sell));
            let limit = (leg.stop.is_none() || profit) && leg.kind == Kind::Limit;
            let limit = limit.then_some(leg.price);
            if !own.into_iter().chain(limit).all(beyond) {
                return Err(Refusal::PairPrices);
            }
            if let Some(stop) = leg.stop {
                self.check_stop(leg.symbol, &stop)?;
            } else if self.would_take(leg) {
                return Err(Refusal::WouldTake);
            }
        }
        Ok(())
    }

    /// Sets aside what the dearer leg needs.
    fn lock_pair(
        &mut self,
        account: AccountId,
        needs: [i64; 2],
        leg: &NewOrder,
    ) -> Result<(), Refusal> {
        let asset = self.listing(leg.symbol).symbol.pays(leg.side).to_string();
        self.account_mut(account).lock(&asset, needs[0].max(needs[1]))?;
        self.touch_balance(account, &asset);
        Ok(())
    }

    /// Gives a list and its orders their ids, and tells them.
    fn enter_list(
        &mut self,
        account: AccountId,
        client: String,
        (working, pair): (Option<&NewOrder>, &[NewOrder; 2]),
        now_ms: u64,
    ) -> OrderList {
        let id = self.next_order;
        self.next_order += 1;
        let working = working.map(|new| self.open(account, new, now_ms));
        let pair = pair.each_ref().map(|leg| self.open(account, leg, now_ms));
        let list = OrderList {
            id,
            account,
            symbol: self.orders.get(&pair[0]).map_or(0, |order| order.symbol),
            client,
            working,
            pair,
            done: false,
            created_ms: now_ms,
            updated_ms: now_ms,
        };
        for one in list.orders() {
            let Some(order) = self.orders.get_mut(&one) else { continue };
            order.list = Some(id);
            if working.is_some_and(|working| working != one) {
                order.status = Status::Pending;
                order.working = false;
            }
            self.report(one, What::New);
        }
        self.lists.insert(id, list.clone());
        self.tell_list(id);
        list
    }

    fn tell_list(&mut self, id: u64) {
        let Some(list) = self.lists.get(&id).cloned() else { return };
        self.touched.lists.insert(id);
        self.tell(list.account, Private::List(Box::new(list)));
    }

    /// An account's lists that have not ended, oldest first.
    pub(crate) fn open_lists(
        &self,
        account: AccountId,
    ) -> impl Iterator<Item = &OrderList> + Clone + '_ {
        self.lists.values().filter(move |list| list.account == account && !list.done)
    }

    /// The other leg of an order's pair, where it is open.
    fn twin(&self, order: &Order) -> Option<&Order> {
        let list = self.lists.get(&order.list?)?;
        let place = list.pair.iter().position(|id| *id == order.id)?;
        self.orders.get(&list.pair[1 - place]).filter(|twin| twin.status.is_open())
    }

    /// What an order needs as long as it is open, in 1e-8 of what it pays with.
    fn needs(&self, order: &Order) -> i64 {
        let spec = &self.listing(order.symbol).symbol;
        let waits = order.stop.filter(|_| order.sleeps());
        let price = match (order.kind, order.status, waits) {
            (_, Status::Pending, _) | (Kind::Market, _, None) => return 0,
            (Kind::Market, _, Some(stop)) => stop.holds_at(),
            (Kind::Limit, ..) => order.price,
        };
        match order.side {
            Side::Buy => price * order.left() * spec.unit(),
            Side::Sell => order.left() * spec.lot,
        }
    }

    /// Gives back what an open order holds, beyond what the other leg of its pair needs.
    pub(super) fn let_go(&mut self, id: u64) {
        let Some(order) = self.orders.get(&id) else { return };
        let (account, symbol, side) = (order.account, order.symbol, order.side);
        if account < USERS || self.is_perp(symbol) || !order.status.is_open() {
            return;
        }
        let shared = self.twin(order).map_or(0, |twin| self.needs(twin));
        let amount = self.needs(order).saturating_sub(shared).max(0);
        if amount > 0 {
            let asset = self.listing(symbol).symbol.pays(side).to_string();
            self.accounts[account as usize].unlock(&asset, amount);
            self.touch_balance(account, &asset);
        }
    }

    /// An order is about to trade or to wake: the other leg of its pair ends first.
    pub(super) fn part(&mut self, id: u64, now_ms: u64) {
        let Some(order) = self.orders.get(&id).filter(|order| order.list.is_some()) else { return };
        let Some(twin) = self.twin(order) else { return };
        let (twin, off_book) = (twin.id, twin.is_off_book());
        if !off_book {
            self.take_out(twin);
        }
        self.end(twin, Status::Expired, Some(Why::Pair), now_ms);
    }

    /// Cancels all that is open of a list; returns it as it ended.
    pub(crate) fn cancel_list(
        &mut self,
        id: u64,
        why: Why,
        client: &str,
        now_ms: u64,
    ) -> Option<OrderList> {
        let list = self.lists.get(&id).filter(|list| !list.done)?.clone();
        for one in list.orders() {
            if self.orders.get(&one).is_some_and(|order| order.status.is_open()) {
                self.cancel(one, why, client, now_ms);
            }
        }
        self.settle_list(id, now_ms);
        self.lists.get(&id).cloned()
    }

    /// Carries on every list of which an order ended since the last look.
    pub(super) fn settle_lists(&mut self, now_ms: u64) {
        for id in self.touched.lists.clone() {
            self.settle_list(id, now_ms);
        }
        while self.lists.len() > ENDED_LISTS_MAX {
            let Some(id) = self.lists.values().find(|list| list.done).map(|list| list.id) else {
                return;
            };
            self.lists.remove(&id);
        }
    }

    fn settle_list(&mut self, id: u64, now_ms: u64) {
        let Some(list) = self.lists.get(&id).filter(|list| !list.done).cloned() else { return };
        let status = |venue: &Self, id: u64| venue.orders.get(&id).map(|order| order.status);
        match list.working.and_then(|working| status(self, working)) {
            Some(Status::Filled) if self.is_pending(list.pair[0]) => {
                self.release_pair(&list, now_ms);
                self.tell_list(id);
            }
            Some(Status::Cancelled | Status::Expired) if self.is_pending(list.pair[0]) => {
                self.end_pair(&list, Why::Working, now_ms);
            }
            _ => {}
        }
        let open = |venue: &Self, id| status(venue, id).is_some_and(Status::is_open);
        // A leg that ended without a trade has not parted with the other.
        for (one, other) in [(list.pair[0], list.pair[1]), (list.pair[1], list.pair[0])] {
            if !open(self, one) && open(self, other) && self.untouched(one) {
                if self.orders.get(&other).is_some_and(|order| !order.is_off_book()) {
                    self.take_out(other);
                }
                self.end(other, Status::Expired, Some(Why::Pair), now_ms);
                self.publish_changes(list.symbol);
            }
        }
        if list.orders().any(|one| open(self, one)) {
            return;
        }
        if let Some(list) = self.lists.get_mut(&id) {
            (list.done, list.updated_ms) = (true, now_ms);
        }
        self.tell_list(id);
    }

    fn is_pending(&self, id: u64) -> bool {
        self.orders.get(&id).is_some_and(|order| order.status == Status::Pending)
    }

    /// Whether an order ended as it was placed, and not for its twin's sake.
    fn untouched(&self, id: u64) -> bool {
        let order = self.orders.get(&id);
        order.is_none_or(|one| one.filled + one.prevented == 0 && one.why != Some(Why::Pair))
    }

    fn end_pair(&mut self, list: &OrderList, why: Why, now_ms: u64) {
        for id in list.pair {
            self.end(id, Status::Expired, Some(why), now_ms);
        }
    }

    /// The working order is filled: its pair goes into the market, or ends where it cannot.
    fn release_pair(&mut self, list: &OrderList, now_ms: u64) {
        let legs = list.pair.map(|id| self.orders.get(&id).cloned());
        let [Some(waiting), Some(other)] = legs else { return };
        let again = |order: &Order| {
            let new = super::amend::order_again(order, order.price, order.qty);
            NewOrder { stop: order.stop, ..new }
        };
        let mut pair = [&waiting, &other].map(again);
        for leg in &mut pair {
            self.arm(leg, now_ms);
        }
        let needs = pair.each_ref().map(|leg| self.need(leg));
        // The upper leg first, as a pair is checked.
        let waits_above = pair[0].stop.is_some_and(|stop| stop.rising);
        let ordered = if waits_above { pair.clone() } else { [pair[1].clone(), pair[0].clone()] };
        let fits = self.check_pair(&ordered);
        let fits = fits.and_then(|()| self.lock_pair(list.account, needs, &pair[0]));
        if fits.is_err() {
            self.end_pair(list, Why::Trigger, now_ms);
            return;
        }
        for (id, leg) in list.pair.iter().zip(&pair) {
            let Some(order) = self.orders.get_mut(id) else { continue };
            (order.status, order.updated_ms) = (Status::New, now_ms);
            (order.working, order.stop) = (leg.stop.is_none(), leg.stop);
            order.entered_ms = leg.stop.is_none().then_some(now_ms);
        }
        for (id, leg) in list.pair.iter().zip(&pair) {
            self.report(*id, What::New);
            if leg.stop.is_none() {
                self.meet(*id, leg, now_ms);
            }
        }
        self.publish_changes(list.symbol);
    }
}
