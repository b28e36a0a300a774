//! Request weight per address, order count per account, and a venue's other buckets, in fixed
//! windows.

use crate::order::AccountId;
use crate::refusal::Limited;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A venue's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Request weight per minute and address.
    pub weight_1m: u64,
    /// Orders per ten seconds and account.
    pub orders_10s: u64,
    /// Orders per minute and account.
    pub orders_1m: u64,
    /// Orders per day and account.
    pub orders_1d: u64,
    /// Orders that the first fill of an order gives back, as maker and as taker.
    pub credit: [u64; 2],
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            weight_1m: 6000,
            orders_10s: 100,
            orders_1m: u64::MAX,
            orders_1d: 200_000,
            credit: [5, 1],
        }
    }
}

/// A counter that starts anew with each window.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    start_ms: u64,
    used: u64,
}

impl Window {
    fn at(&mut self, now_ms: u64, length_ms: u64) -> &mut u64 {
        let start_ms = now_ms / length_ms * length_ms;
        if self.start_ms != start_ms {
            *self = Self { start_ms, used: 0 };
        }
        &mut self.used
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Address {
    weight: Window,
    /// Requests sent although told to stop.
    ignored: u32,
    banned_until_ms: u64,
}

const MINUTE: u64 = 60_000;
const TEN_SECONDS: u64 = 10_000;
const DAY: u64 = 86_400_000;
/// Requests that may ignore a 429 before the address is banned, and for how long.
const IGNORED_MAX: u32 = 50;
const BAN_MS: u64 = 120_000;
/// Spans of the order counts.
pub(crate) const ORDER_SPANS: [u64; 3] = [TEN_SECONDS, MINUTE, DAY];
/// Addresses, accounts and buckets remembered.
const TABLE_MAX: usize = 4096;

/// Who has used how much.
pub(crate) struct Limits {
    pub rates: Rates,
    addresses: BTreeMap<IpAddr, Address>,
    orders: BTreeMap<AccountId, [Window; 3]>,
    buckets: BTreeMap<(AccountId, String), Window>,
    /// Set by a fault: everyone is told to stop until then.
    pub stop_until_ms: u64,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        Self {
            rates,
            addresses: BTreeMap::new(),
            orders: BTreeMap::new(),
            buckets: BTreeMap::new(),
            stop_until_ms: 0,
        }
    }

    /// Charges a request, or says until when to stop.
    pub(crate) fn charge(&mut self, ip: IpAddr, weight: u64, now_ms: u64) -> Result<(), Limited> {
        if self.addresses.len() > TABLE_MAX {
            self.addresses.clear();
        }
        let limit = self.rates.weight_1m;
        let address = self.addresses.entry(ip).or_default();
        if now_ms < address.banned_until_ms {
            return Err(Limited::Weight { until_ms: address.banned_until_ms, banned: true });
        }
        let used = address.weight.at(now_ms, MINUTE);
        *used += weight;
        let mut until = self.stop_until_ms;
        if *used > limit {
            until = until.max((now_ms / MINUTE + 1) * MINUTE);
        }
        if now_ms >= until {
            address.ignored = 0;
            return Ok(());
        }
        address.ignored += 1;
        if address.ignored > IGNORED_MAX {
            address.banned_until_ms = now_ms + BAN_MS;
        }
        Err(Limited::Weight { until_ms: until, banned: false })
    }

    /// Gives weight back (an order that succeeded costs none).
    pub(crate) fn refund(&mut self, ip: IpAddr, weight: u64, now_ms: u64) {
        if let Some(address) = self.addresses.get_mut(&ip) {
            let used = address.weight.at(now_ms, MINUTE);
            *used = used.saturating_sub(weight);
        }
    }

    /// The order counts' limits, in the order of [`ORDER_SPANS`].
    pub(crate) fn order_limits(&self) -> [u64; 3] {
        [self.rates.orders_10s, self.rates.orders_1m, self.rates.orders_1d]
    }

    /// Whether an account may send one more order; does not count it.
    pub(crate) fn may_order(&mut self, account: AccountId, now_ms: u64) -> Result<(), Limited> {
        let limits = self.order_limits();
        let used = self.orders_used(account, now_ms);
        for ((used, limit), span_ms) in used.into_iter().zip(limits).zip(ORDER_SPANS) {
            if used >= limit {
                return Err(Limited::Orders { limit, span_ms });
            }
        }
        Ok(())
    }

    fn order_windows(&mut self, account: AccountId, now_ms: u64) -> [&mut u64; 3] {
        let [short, minute, day] = self.orders.entry(account).or_default();
        [short.at(now_ms, TEN_SECONDS), minute.at(now_ms, MINUTE), day.at(now_ms, DAY)]
    }

    /// Counts one order.
    pub(crate) fn count_order(&mut self, account: AccountId, now_ms: u64) {
        self.count_orders(account, [1; 3], now_ms);
    }

    /// Counts so many orders in each of [`ORDER_SPANS`].
    pub(crate) fn count_orders(&mut self, account: AccountId, orders: [u64; 3], now_ms: u64) {
        for (used, orders) in self.order_windows(account, now_ms).into_iter().zip(orders) {
            *used += orders;
        }
    }

    /// The first fill of an order gives count back.
    pub(crate) fn credit(&mut self, account: AccountId, maker: bool, now_ms: u64) {
        let credit = self.rates.credit[usize::from(!maker)];
        for used in self.order_windows(account, now_ms) {
            *used = used.saturating_sub(credit);
        }
    }

    /// Orders counted in each of [`ORDER_SPANS`].
    pub(crate) fn orders_used(&mut self, account: AccountId, now_ms: u64) -> [u64; 3] {
        self.order_windows(account, now_ms).map(|used| *used)
    }

    /// Takes `cost` out of an account's bucket of this name, which holds `limit` per `span_ms`;
    /// returns what is left, or until when it is empty (nothing is taken then).
    pub(crate) fn take(
        &mut self,
        (account, name): (AccountId, &str),
        cost: u64,
        (limit, span_ms): (u64, u64),
        now_ms: u64,
    ) -> Result<u64, Limited> {
        let until_ms = (now_ms / span_ms + 1) * span_ms;
        if now_ms < self.stop_until_ms {
            return Err(Limited::Bucket { limit, until_ms: self.stop_until_ms });
        }
        if self.buckets.len() > TABLE_MAX {
            self.buckets.clear();
        }
        let used = self.buckets.entry((account, name.into())).or_default().at(now_ms, span_ms);
        if *used + cost > limit {
            return Err(Limited::Bucket { limit, until_ms });
        }
        *used += cost;
        Ok(limit - *used)
    }

    pub(crate) fn weight_used(&mut self, ip: IpAddr, now_ms: u64) -> u64 {
        self.addresses.get_mut(&ip).map_or(0, |a| *a.weight.at(now_ms, MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_is_limited_per_minute_and_ignoring_it_bans() {
        let mut limits = Limits::new(Rates { weight_1m: 10, ..Rates::default() });
        let ip = IpAddr::from([127, 0, 0, 1]);
        assert!(limits.charge(ip, 10, 1).is_ok());
        let stop = Limited::Weight { until_ms: 60_000, banned: false };
        assert_eq!(limits.charge(ip, 1, 2), Err(stop));
        for _ in 0..IGNORED_MAX {
            let _ = limits.charge(ip, 1, 3);
        }
        let banned = Limited::Weight { until_ms: 3 + BAN_MS, banned: true };
        assert_eq!(limits.charge(ip, 1, 60_001), Err(banned));
        assert!(limits.charge(ip, 1, 240_001).is_ok());
    }

    #[test]
    fn first_fill_gives_order_count_back() {
        let mut limits = Limits::new(Rates { orders_10s: 3, ..Rates::default() });
        for _ in 0..3 {
            assert!(limits.may_order(2, 5).is_ok());
            limits.count_order(2, 5);
        }
        let over = Limited::Orders { limit: 3, span_ms: 10_000 };
        assert_eq!(limits.may_order(2, 6), Err(over));
        limits.credit(2, false, 7);
        assert!(limits.may_order(2, 8).is_ok());
        assert_eq!(limits.orders_used(2, 10_000), [0, 2, 2]);
    }

    #[test]
    fn buckets_are_per_account_and_name_and_fill_up_again() {
        let mut limits = Limits::new(Rates::default());
        assert_eq!(limits.take((2, "create"), 2, (3, 1000), 10), Ok(1));
        let empty = Limited::Bucket { limit: 3, until_ms: 1000 };
        assert_eq!(limits.take((2, "create"), 2, (3, 1000), 11), Err(empty));
        assert_eq!(limits.take((2, "create"), 1, (3, 1000), 11), Ok(0));
        assert_eq!(limits.take((3, "create"), 3, (3, 1000), 11), Ok(0));
        assert_eq!(limits.take((2, "cancel"), 3, (3, 1000), 11), Ok(0));
        assert_eq!(limits.take((2, "create"), 3, (3, 1000), 1000), Ok(0));
    }
}
