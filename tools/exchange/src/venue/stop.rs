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
        let trails = stop.trail.is_some_and(|trail| trail.best.is_some());
        match self.listing(symbol).last {
            0 => Err(Refusal::Price),
            last if !trails && stop.meets(last) => Err(Refusal::WouldTrigger),
            _ => Ok(()),
        }
    }

    /// Lets a trailing stop without a price of its own follow from the last one, and notes the
    /// price at which a market purchase sets its money aside.
    pub(super) fn arm(&self, new: &mut NewOrder, now_ms: u64) {
        let last = self.listing(new.symbol).last;
        let Some(stop) = &mut new.stop else { return };
        let Some(trail) = &mut stop.trail else { return };
        let start = if stop.price > 0 { stop.price } else { last };
        trail.hold = start + trail.back.from(start);
        if stop.price == 0 && last > 0 {
            (trail.best, trail.since_ms) = (Some(last), Some(now_ms));
        }
    }

    /// Wakes every order whose price was among what was traded, oldest first. `paths` has each
    /// symbol's prices since the last look.
    pub(super) fn wake(&mut self, paths: &[Vec<i64>], now_ms: u64) {
        let open = self.accounts.iter().skip(USERS as usize).flat_map(|one| &one.open);
        let waits = |order: &&Order| order.sleeps() && order.status != Status::Pending;
        let asleep = open.filter_map(|id| self.orders.get(id)).filter(waits);
        let mut asleep: Vec<u64> = asleep.map(|order| order.id).collect();
        asleep.sort_unstable();
        let mut due = Vec::new();
        for id in asleep {
            let Some(order) = self.orders.get_mut(&id) else { continue };
            let last = [self.listings[usize::from(order.symbol)].last];
            let path = paths.get(usize::from(order.symbol)).filter(|path| !path.is_empty());
            let path = path.map_or(&last[..], |path| path);
            let Some(stop) = &mut order.stop else { continue };
            let before = stop.trail;
            if path.iter().any(|price| *price > 0 && stop.wakes(order.side, *price, now_ms)) {
                due.push(id);
            }
            if stop.trail != before {
                self.touched.orders.insert(id);
            }
        }
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
        self.part(id, now_ms);
        let new = order_again(&before, before.price, before.qty);
        let market = new.kind == Kind::Market;
        if market {
            self.let_go(id);
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
