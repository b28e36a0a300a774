//! Amendments: less of an order keeps its place in the queue; another price or more of it goes to
//! the end of the queue, and may trade on the way.

use super::*;

impl Venue {
    /// Changes an open order; refused, it stands as it stood. Returns the execution's number.
    pub(crate) fn amend(&mut self, id: u64, to: &Amend, now_ms: u64) -> Result<u64, Refusal> {
        let order = self.orders.get(&id).filter(|order| order.status.is_open());
        let order = order.ok_or(Refusal::UnknownOrder)?;
        let (qty, price) = (to.qty.unwrap_or(order.qty), to.price.unwrap_or(order.price));
        let left = qty - order.filled - order.prevented;
        let symbol = order.symbol;
        let spec = &self.listing(symbol).symbol;
        if left <= 0 || order.is_off_book() || order.list.is_some() {
            return Err(Refusal::Amend);
        }
        if (qty, price) == (order.qty, order.price) {
            return Err(Refusal::Same);
        }
        if order.amends >= spec.amends_max {
            return Err(Refusal::Amends);
        }
        let new_client = to.client.as_ref().filter(|client| **client != order.client);
        if new_client.is_some_and(|client| self.account(order.account).clients.contains_key(client))
        {
            return Err(Refusal::Duplicate);
        }
        let mut new = order_again(order, price, left);
        let whole = NewOrder { qty, ..new.clone() };
        spec.check(&whole, self.listing(symbol).last)?;
        if price == order.price && qty < order.qty && !to.requeue {
            return Ok(self.amend_down(id, qty, to, now_ms));
        }
        self.amend_anew(id, qty, to, &mut new, now_ms)
    }

    /// Writes the new client id down; returns the one before.
    fn rename(&mut self, id: u64, to: &Amend, now_ms: u64) -> String {
        let Some(order) = self.orders.get_mut(&id) else { return String::new() };
        order.amends += 1;
        order.updated_ms = now_ms;
        let original = order.client.clone();
        if let Some(client) = &to.client {
            order.client.clone_from(client);
            let clients = &mut self.accounts[order.account as usize].clients;
            clients.remove(&original);
            clients.insert(client.clone(), id);
        }
        original
    }

    fn amend_down(&mut self, id: u64, qty: i64, to: &Amend, now_ms: u64) -> u64 {
        let original = self.rename(id, to, now_ms);
        let execution = self.next_execution;
        let Some(order) = self.orders.get_mut(&id) else { return execution };
        let less = order.qty - qty;
        order.qty = qty;
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
        self.report(id, What::Amended { original });
        self.publish_changes(symbol);
        execution
    }

    /// Takes the order out of the book and lets it come in again.
    fn amend_anew(
        &mut self,
        id: u64,
        qty: i64,
        to: &Amend,
        new: &mut NewOrder,
        now_ms: u64,
    ) -> Result<u64, Refusal> {
        let Some(before) = self.orders.get(&id).cloned() else {
            return Err(Refusal::UnknownOrder);
        };
        let (account, symbol) = (before.account, before.symbol);
        if self.would_take(new) {
            return Err(Refusal::WouldTake);
        }
        // What the order holds now is free for what it is to become.
        self.account_mut(account).open.remove(&id);
        self.release(account, symbol, before.side, before.price, before.left());
        let wanted = new.qty;
        let money = self.cut(account, new).and_then(|()| {
            if self.is_perp(symbol) {
                self.check_margin(account, new)
            } else {
                self.set_aside(account, new)
            }
        });
        if let Err(refusal) = money {
            if !self.is_perp(symbol) {
                let held = order_again(&before, before.price, before.left());
                // It was held a moment ago, so it is there.
                let _ = self.set_aside(account, &held);
            }
            self.account_mut(account).open.insert(id);
            return Err(refusal);
        }
        self.account_mut(account).open.insert(id);
        let listing = self.listing_mut(symbol);
        match &mut listing.recorded {
            Some(recorded) => recorded.cancel(id),
            None => {
                listing.book.remove(before.side, before.price, id);
            }
        }
        let original = self.rename(id, to, now_ms);
        if let Some(order) = self.orders.get_mut(&id) {
            order.qty = qty - (wanted - new.qty);
            order.price = new.price;
        }
        let execution = self.next_execution;
        self.report(id, What::Amended { original });
        self.meet(id, new, now_ms);
        if self.is_perp(symbol) {
            self.trim(account, symbol, before.leg, now_ms);
        }
        self.publish_changes(symbol);
        Ok(execution)
    }
}

/// An order as if it came in with so many lots at a price.
pub(super) fn order_again(order: &Order, price: i64, qty: i64) -> NewOrder {
    NewOrder {
        symbol: order.symbol,
        side: order.side,
        kind: order.kind,
        tif: order.tif,
        post: order.post,
        stp: order.stp,
        leg: order.leg,
        reduce: order.reduce,
        price,
        qty,
        quote_qty: 0,
        client: order.client.clone(),
        tag: order.tag.clone(),
        note: String::new(),
        stop: None,
    }
}
