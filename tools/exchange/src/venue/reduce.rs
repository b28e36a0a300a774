//! Reduce-only: such an order is cut to what it can reduce, and resting ones never add up to more
//! than the position that they reduce; the worst placed go first.

use super::*;

impl Venue {
    /// Whether leg, flags and kind of quantity of a new order fit its product and its account's
    /// mode.
    pub(super) fn check_leg(&self, account: AccountId, new: &NewOrder) -> Result<(), Refusal> {
        let holder = self.account(account);
        let hedged = self.is_perp(new.symbol) && holder.settings.hedge;
        if hedged == (new.leg == Leg::Net) || (!self.is_perp(new.symbol) && new.reduce) {
            return Err(Refusal::Leg);
        }
        if self.is_perp(new.symbol) && new.quote_qty > 0 {
            return Err(Refusal::Quantity);
        }
        Ok(())
    }

    /// Lots that an order of this side could take off a position.
    pub(crate) fn reducible(
        &self,
        account: AccountId,
        symbol: SymbolId,
        leg: Leg,
        side: Side,
    ) -> i64 {
        let position = self.account(account).position(symbol, leg);
        if position.closing() == Some(side) { position.lots.abs() } else { 0 }
    }

    /// Cuts a reduce-only order to the position; refuses one that would reduce nothing.
    pub(super) fn cut(&self, account: AccountId, new: &mut NewOrder) -> Result<(), Refusal> {
        if !new.only_reduces() {
            return Ok(());
        }
        let most = self.reducible(account, new.symbol, new.leg, new.side);
        if most == 0 {
            return Err(Refusal::ReduceOnly);
        }
        new.qty = new.qty.min(most);
        Ok(())
    }

    /// Brings the resting reduce-only orders of a leg down to its position. An order that is being
    /// matched is left alone.
    pub(super) fn trim(&mut self, account: AccountId, symbol: SymbolId, leg: Leg, now_ms: u64) {
        if self.account(account).house {
            return;
        }
        let position = self.account(account).position(symbol, leg);
        let open = self.account(account).open.iter().filter_map(|id| self.orders.get(id));
        let fits = |order: &&Order| {
            order.symbol == symbol
                && order.leg == leg
                && order.only_reduces()
                && Some(order.id) != self.taking
        };
        let mut orders: Vec<(i64, u64, Side, i64)> = open
            .filter(fits)
            .map(|order| (-order.price * order.side.sign(), order.id, order.side, order.left()))
            .collect();
        // Sales from the lowest price up, purchases from the highest down, then by age.
        orders.sort_by_key(|(rank, id, ..)| (*rank, *id));
        let mut room = position.lots.abs();
        for (_, id, side, left) in orders {
            let most = if position.closing() == Some(side) { room } else { 0 };
            if most == 0 {
                self.cancel(id, Why::ReduceOnly, "", now_ms);
            } else if left > most {
                self.shrink(id, most, now_ms);
            }
            room -= left.min(most);
        }
    }

    /// Lowers a resting order to so many lots, its place in the queue kept.
    fn shrink(&mut self, id: u64, left: i64, now_ms: u64) {
        let Some(order) = self.orders.get_mut(&id) else { return };
        order.qty -= order.left() - left;
        order.updated_ms = now_ms;
        let (symbol, side, price) = (order.symbol, order.side, order.price);
        let original = order.client.clone();
        self.listing_mut(symbol).book.shrink(side, price, id, left);
        self.report(id, What::Amended { original });
        self.publish_changes(symbol);
    }
}
