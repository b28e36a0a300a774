//! Cancels of many orders at once: asked for, or by a countdown that its owner no longer renews.

use super::*;

/// Which orders a countdown is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    pub account: AccountId,
    /// One symbol; all where it is none.
    pub symbol: Option<SymbolId>,
    /// Orders with this tag; all where it is empty.
    pub tag: String,
}

/// Countdowns that may run at a time.
const COUNTDOWNS_MAX: usize = 4096;

impl Venue {
    /// Ids of an account's open orders that fit, oldest first.
    pub(crate) fn open_orders(
        &self,
        account: AccountId,
        fits: impl Fn(&Order) -> bool,
    ) -> Vec<u64> {
        let open = self.account(account).open.iter().copied();
        open.filter(|id| self.orders.get(id).is_some_and(&fits)).collect()
    }

    /// Cancels an account's open orders that fit; returns them as they ended.
    pub(crate) fn cancel_all(
        &mut self,
        account: AccountId,
        fits: impl Fn(&Order) -> bool,
        why: Why,
        now_ms: u64,
    ) -> Vec<Order> {
        let open = self.open_orders(account, fits);
        open.into_iter().filter_map(|id| self.cancel(id, why, "", now_ms)).collect()
    }

    /// Cancels the scope's orders at `deadline_ms`, unless this is called again before; none stops
    /// the countdown. Orders that wait for a trigger stay. False where too many are running.
    pub(crate) fn countdown(&mut self, scope: Scope, deadline_ms: Option<u64>) -> bool {
        match deadline_ms {
            None => {
                self.countdowns.remove(&scope);
            }
            Some(deadline_ms) => {
                if self.countdowns.len() >= COUNTDOWNS_MAX && !self.countdowns.contains_key(&scope)
                {
                    return false;
                }
                self.countdowns.insert(scope, deadline_ms);
            }
        }
        true
    }

    /// When a countdown ends, if one runs.
    pub(crate) fn deadline(&self, scope: &Scope) -> Option<u64> {
        self.countdowns.get(scope).copied()
    }

    /// Countdowns of an account that run.
    pub(crate) fn deadlines(&self, account: AccountId) -> usize {
        self.countdowns.keys().filter(|scope| scope.account == account).count()
    }

    /// Carries out the countdowns that have ended.
    pub(super) fn count_down(&mut self, now_ms: u64) {
        let ended = self.countdowns.iter().filter(|(_, deadline_ms)| **deadline_ms <= now_ms);
        let ended: Vec<Scope> = ended.map(|(scope, _)| scope.clone()).collect();
        for scope in ended {
            self.countdowns.remove(&scope);
            let fits = |order: &Order| {
                scope.symbol.is_none_or(|symbol| order.symbol == symbol)
                    && (scope.tag.is_empty() || order.tag == scope.tag)
            };
            self.cancel_all(scope.account, fits, Why::Countdown, now_ms);
        }
    }
}
