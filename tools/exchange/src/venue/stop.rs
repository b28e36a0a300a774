//! Orders that are open but sleep until the last price has come to theirs.
//!
//! Unlike a trigger, such an order is an order from the start: it has its id, counts among the open
//! ones and holds its money. It wakes into the market as what it is. Sleepers are looked at where
//! triggers are.

use super::amend::order_again;
use super::*;

impl Venue {
    /// How many of an account's orders sleep.
    pub(super) fn sleepers(&self, account: AccountId, symbol: SymbolId) -> usize {
        let open = self.account(account).open.iter().filter_map(|id| self.orders.get(id));
        open.filter(|order| order.symbol == symbol && order.sleeps()).count()
    }

    /// Refuses a stop whose price is there already, or cannot be told from what is there.
    pub(super) fn check_stop(&self, symbol: SymbolId, stop: &Stop) -> Result<(), Refusal> {
        match self.listing(symbol).last {
            0 => Err(Refusal::Price),
            last if stop.meets((last, last)) => Err(Refusal::WouldTrigger),
            _ => Ok(()),
        }
    }

    /// Gives back all that a sleeping order holds.
    pub(super) fn give_back(&mut self, id: u64) {
        let Some(order) = self.orders.get(&id) else { return };
        let stop = order.stop.map_or(order.price, |stop| stop.price);
        let price = if order.kind == Kind::Market { stop } else { order.price };
        self.release(order.account, order.symbol, order.side, price, order.left());
    }

    /// Wakes every order whose price was among what was traded, oldest first. `swings` has the span
    /// of each symbol's prices since the last look, where there were any.
    pub(super) fn wake(&mut self, swings: &[Option<(i64, i64)>], now_ms: u64) {
        let open = self.accounts.iter().skip(USERS as usize).flat_map(|one| &one.open);
        let awake = |id: &&u64| {
            self.orders.get(*id).filter(|order| order.sleeps()).is_some_and(|order| {
                let last = self.listing(order.symbol).last;
                let seen = swings.get(usize::from(order.symbol)).copied().flatten();
                let seen = seen.or((last > 0).then_some((last, last)));
                let stop = order.stop.zip(seen);
                stop.is_some_and(|(stop, seen)| stop.meets(seen))
            })
        };
        let mut due: Vec<u64> = open.filter(awake).copied().collect();
        due.sort_unstable();
        for id in due {
            self.wake_one(id, now_ms);
        }
    }

    /// A limit order goes on with the money that it holds. A market order gives it back and pays as
    /// every market order does; it ends where there is too little.
    fn wake_one(&mut self, id: u64, now_ms: u64) {
        let Some(before) = self.orders.get(&id).filter(|order| order.sleeps()).cloned() else {
            return;
        };
        let new = order_again(&before, before.price, before.qty);
        let market = new.kind == Kind::Market;
        if market {
            self.give_back(id);
        }
        if let Some(order) = self.orders.get_mut(&id) {
            order.working = true;
            order.updated_ms = now_ms;
            order.stop = order.stop.map(|stop| Stop { woke_ms: Some(now_ms), ..stop });
        }
        self.report(id, What::New);
        if market && self.set_aside(before.account, &new).is_err() {
            self.end(id, Status::Expired, Some(Why::Trigger), now_ms);
            return;
        }
        self.meet(id, &new, now_ms);
        self.publish_changes(new.symbol);
    }
}
