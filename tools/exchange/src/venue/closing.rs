//! How orders end: cancelled, amended smaller, expired, filled.

use super::*;

impl Venue {
    /// Ends an order that is not (or no longer) in the book.
    pub(super) fn end(&mut self, id: u64, status: Status, why: Option<Why>, now_ms: u64) {
        self.let_go(id);
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.status = status;
        order.why = why;
        order.updated_ms = now_ms;
        let left = order.left();
        // An order that prevention used up to the last lot has told so already.
        if status == Status::Expired && (why != Some(Why::SelfTrade) || left > 0) {
            self.report(id, What::Expired);
        }
        self.retire(id);
    }

    /// Takes an order out of the book; none where it does not stand there.
    pub(super) fn take_out(&mut self, id: u64) -> Option<()> {
        let order = self.orders.get(&id)?;
        let (symbol, side, price) = (order.symbol, order.side, order.price);
        let listing = self.listing_mut(symbol);
        match &mut listing.recorded {
            Some(recorded) => recorded.cancel(id),
            None => {
                listing.book.remove(side, price, id)?;
            }
        }
        Some(())
    }

    /// Moves an order from the open ones to the ended ones.
    pub(super) fn retire(&mut self, id: u64) {
        let Some(order) = self.orders.get(&id) else { return };
        let holder = &mut self.accounts[order.account as usize];
        if holder.house {
            // The caller still reads a taker's order; commit drops it.
            self.ended.push_front(id);
            return;
        }
        holder.clients.remove(&order.client);
        holder.open.remove(&id);
        self.touched.lists.extend(order.list);
        if self.attached.contains_key(&id) {
            self.touched.attached.insert(id);
        }
        self.touched.orders.insert(id);
        self.ended.push_back(id);
    }

    /// The open order that a request names, by id, by client id, or by both.
    pub(crate) fn find_open(
        &self,
        account: AccountId,
        symbol: SymbolId,
        id: Option<u64>,
        client: Option<&str>,
    ) -> Option<u64> {
        let holder = self.account(account);
        let id = match (id, client) {
            (Some(id), None) => id,
            (None, Some(client)) => *holder.clients.get(client)?,
            (Some(id), Some(client)) => {
                holder.clients.get(client).copied().filter(|found| *found == id)?
            }
            (None, None) => return None,
        };
        let order = self.orders.get(&id)?;
        (holder.open.contains(&id) && order.symbol == symbol).then_some(id)
    }

    /// Cancels an open order; the answer carries the order as it ended. `client` is the cancel's
    /// own id, where it has one.
    pub(crate) fn cancel(&mut self, id: u64, why: Why, client: &str, now_ms: u64) -> Option<Order> {
        let order = self.orders.get(&id)?;
        let (symbol, account) = (order.symbol, order.account);
        if !order.is_off_book() {
            self.take_out(id)?;
        }
        if account < USERS {
            self.orders.remove(&id);
            self.publish_changes(symbol);
            return None;
        }
        self.let_go(id);
        let order = self.orders.get_mut(&id)?;
        order.status = Status::Cancelled;
        order.why = Some(why);
        order.updated_ms = now_ms;
        self.report(id, What::Cancelled { client: client.into() });
        self.retire(id);
        self.publish_changes(symbol);
        self.orders.get(&id).cloned()
    }
}
