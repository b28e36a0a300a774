//! How orders end: cancelled, amended smaller, expired, filled.

use super::*;

impl Venue {
    /// Ends an order that is not (or no longer) in the book.
    pub(super) fn end(&mut self, id: u64, status: Status, why: Option<&str>, now_ms: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.status = status;
        let (account, symbol, side) = (order.account, order.symbol, order.side);
        let (kind, price, left) = (order.kind, order.price, order.left());
        if left > 0 && kind != Kind::Market {
            self.release(account, symbol, side, price, left);
        }
        if matches!(status, Status::Expired | Status::ExpiredInMatch) {
            let what = if why.is_none() && left == 0 { "TRADE_PREVENTION" } else { "EXPIRED" };
            if what == "EXPIRED" {
                self.report(id, &Execution { what, expiry: why, ..Default::default() }, now_ms);
            }
        }
        self.retire(id);
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

    /// Cancels an open order; the answer carries the order as it ended.
    pub(crate) fn cancel(&mut self, id: u64, client: &str, now_ms: u64) -> Option<Order> {
        let order = self.orders.get_mut(&id)?;
        let (symbol, side, price) = (order.symbol, order.side, order.price);
        order.status = Status::Canceled;
        order.updated_ms = now_ms;
        let (account, left) = (order.account, order.left());
        let original = order.client.clone();
        let listing = self.listing_mut(symbol);
        match &mut listing.recorded {
            Some(recorded) => recorded.cancel(id),
            None => {
                listing.book.remove(side, price, id)?;
            }
        }
        if account == HOUSE {
            self.orders.remove(&id);
            self.publish_changes(symbol);
            return None;
        }
        self.release(account, symbol, side, price, left);
        let execution = Execution {
            what: "CANCELED",
            client: Some(client),
            original: &original,
            ..Default::default()
        };
        self.report(id, &execution, now_ms);
        self.retire(id);
        self.publish_changes(symbol);
        self.orders.get(&id).cloned()
    }

    /// Lowers an open order's quantity to `qty` lots, its place in the queue kept. Returns the
    /// execution id.
    pub(crate) fn amend(
        &mut self,
        id: u64,
        qty: i64,
        client: &str,
        now_ms: u64,
    ) -> Result<u64, Refusal> {
        let refuse = || Refusal::new(-2038, "The requested order amendment is not allowed.");
        let order = self.orders.get_mut(&id).ok_or_else(refuse)?;
        let less = order.qty - qty;
        if less <= 0 || order.left() - less <= 0 {
            return Err(refuse());
        }
        if order.amends >= crate::symbol::AMENDS_MAX {
            return Err(Refusal::filter("MAX_NUM_ORDER_AMENDS"));
        }
        order.qty = qty;
        order.amends += 1;
        order.updated_ms = now_ms;
        let original = std::mem::replace(&mut order.client, client.to_string());
        let (account, symbol, side) = (order.account, order.symbol, order.side);
        let (price, left) = (order.price, order.left());
        let listing = self.listing_mut(symbol);
        match &mut listing.recorded {
            Some(recorded) => recorded.shrink(id, left),
            None => {
                listing.book.shrink(side, price, id, left);
            }
        }
        self.release(account, symbol, side, price, less);
        let clients = &mut self.account_mut(account).clients;
        clients.remove(&original);
        clients.insert(client.to_string(), id);
        let execution = self.next_execution;
        let what = Execution { what: "REPLACED", original: &original, ..Default::default() };
        self.report(id, &what, now_ms);
        self.publish_changes(symbol);
        Ok(execution)
    }
}
