//! Request weight per address and order count per account, in the venue's fixed windows.

use crate::json::{Object, array};
use crate::order::{AccountId, Refusal};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The venue's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Request weight per minute and address.
    pub weight_1m: u64,
    /// Orders per ten seconds and account.
    pub orders_10s: u64,
    /// Orders per day and account.
    pub orders_1d: u64,
}

impl Default for Rates {
    fn default() -> Self {
        Self { weight_1m: 6000, orders_10s: 100, orders_1d: 200_000 }
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
/// First fills give this many orders back: maker, taker.
const CREDIT: [u64; 2] = [5, 1];
/// Addresses and accounts remembered.
const TABLE_MAX: usize = 4096;

/// Who has used how much.
pub(crate) struct Limits {
    pub rates: Rates,
    addresses: BTreeMap<IpAddr, Address>,
    orders: BTreeMap<AccountId, [Window; 2]>,
    /// Set by a fault: everyone is told to stop until then.
    pub stop_until_ms: u64,
}

impl Limits {
    pub(crate) fn new(rates: Rates) -> Self {
        Self { rates, addresses: BTreeMap::new(), orders: BTreeMap::new(), stop_until_ms: 0 }
    }

    /// Charges a request, or refuses it with 429 or 418.
    pub(crate) fn charge(&mut self, ip: IpAddr, weight: u64, now_ms: u64) -> Result<(), Refusal> {
        if self.addresses.len() > TABLE_MAX {
            self.addresses.clear();
        }
        let limit = self.rates.weight_1m;
        let address = self.addresses.entry(ip).or_default();
        if now_ms < address.banned_until_ms {
            return Err(stop(
                418,
                address.banned_until_ms,
                now_ms,
                "Way too much request weight \
                used; IP banned",
            ));
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
        Err(stop(
            429,
            until,
            now_ms,
            "Too much request weight used; current limit is reached; \
            please use WebSocket Streams for live updates to avoid polling the API",
        ))
    }

    /// Gives weight back (an order that succeeded costs none).
    pub(crate) fn refund(&mut self, ip: IpAddr, weight: u64, now_ms: u64) {
        if let Some(address) = self.addresses.get_mut(&ip) {
            let used = address.weight.at(now_ms, MINUTE);
            *used = used.saturating_sub(weight);
        }
    }

    /// Whether an account may send one more order; does not count it.
    pub(crate) fn may_order(&mut self, account: AccountId, now_ms: u64) -> Result<(), Refusal> {
        let [short, day] = self.orders_used(account, now_ms);
        let refuse = |limit, span| {
            Err(Refusal::with_status(
                429,
                -1015,
                format!("Too many new orders; current limit is {limit} orders per {span}."),
            ))
        };
        if short >= self.rates.orders_10s {
            return refuse(self.rates.orders_10s, "10 SECOND");
        }
        if day >= self.rates.orders_1d {
            return refuse(self.rates.orders_1d, "1 DAY");
        }
        Ok(())
    }

    /// Counts one order.
    pub(crate) fn count_order(&mut self, account: AccountId, now_ms: u64) {
        let [short, day] = self.orders.entry(account).or_default();
        *short.at(now_ms, TEN_SECONDS) += 1;
        *day.at(now_ms, DAY) += 1;
    }

    /// The first fill of an order gives count back.
    pub(crate) fn credit(&mut self, account: AccountId, maker: bool, now_ms: u64) {
        let credit = CREDIT[usize::from(!maker)];
        let [short, day] = self.orders.entry(account).or_default();
        for used in [short.at(now_ms, TEN_SECONDS), day.at(now_ms, DAY)] {
            *used = used.saturating_sub(credit);
        }
    }

    pub(crate) fn orders_used(&mut self, account: AccountId, now_ms: u64) -> [u64; 2] {
        let [short, day] = self.orders.entry(account).or_default();
        [*short.at(now_ms, TEN_SECONDS), *day.at(now_ms, DAY)]
    }

    pub(crate) fn weight_used(&mut self, ip: IpAddr, now_ms: u64) -> u64 {
        self.addresses.get_mut(&ip).map_or(0, |a| *a.weight.at(now_ms, MINUTE))
    }

    /// `rateLimits` of `exchangeInfo`: the limits without usage.
    pub(crate) fn info(&self) -> String {
        array([
            limit("REQUEST_WEIGHT", "MINUTE", 1, self.rates.weight_1m, None),
            limit("ORDERS", "SECOND", 10, self.rates.orders_10s, None),
            limit("ORDERS", "DAY", 1, self.rates.orders_1d, None),
            limit("RAW_REQUESTS", "MINUTE", 5, 300_000, None),
        ])
    }

    /// `rateLimits` of an answer: the weight used, and the order count where an account is known.
    pub(crate) fn usage(&mut self, ip: IpAddr, account: Option<AccountId>, now_ms: u64) -> String {
        let weight = self.weight_used(ip, now_ms);
        let mut all =
            vec![limit("REQUEST_WEIGHT", "MINUTE", 1, self.rates.weight_1m, Some(weight))];
        if let Some(account) = account {
            all.splice(0..0, self.order_usage(account, now_ms));
        }
        array(all)
    }

    /// The order-count limits with usage.
    pub(crate) fn order_usage(&mut self, account: AccountId, now_ms: u64) -> Vec<String> {
        let [short, day] = self.orders_used(account, now_ms);
        vec![
            limit("ORDERS", "SECOND", 10, self.rates.orders_10s, Some(short)),
            limit("ORDERS", "DAY", 1, self.rates.orders_1d, Some(day)),
        ]
    }
}

fn limit(kind: &str, interval: &str, number: u32, limit: u64, count: Option<u64>) -> String {
    let object = Object::new()
        .put("rateLimitType", kind)
        .put("interval", interval)
        .put("intervalNum", number)
        .put("limit", limit);
    match count {
        Some(count) => object.put("count", count).end(),
        None => object.end(),
    }
}

fn stop(status: u16, until_ms: u64, now_ms: u64, msg: &str) -> Refusal {
    let data = Object::new().put("serverTime", now_ms).put("retryAfter", until_ms).end();
    let msg = format!("{msg}. Retry after {until_ms}.");
    Refusal { status, code: -1003, msg, data: Some(data) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_is_limited_per_minute_and_ignoring_it_bans() {
        let mut limits = Limits::new(Rates { weight_1m: 10, ..Rates::default() });
        let ip = IpAddr::from([127, 0, 0, 1]);
        assert!(limits.charge(ip, 10, 1).is_ok());
        let refusal = limits.charge(ip, 1, 2).unwrap_err();
        assert_eq!((refusal.status, refusal.code), (429, -1003));
        assert!(refusal.data.unwrap().contains("\"retryAfter\":60000"));
        for _ in 0..IGNORED_MAX {
            let _ = limits.charge(ip, 1, 3);
        }
        assert_eq!(limits.charge(ip, 1, 60_001).unwrap_err().status, 418);
        assert!(limits.charge(ip, 1, 240_001).is_ok());
    }

    #[test]
    fn first_fill_gives_order_count_back() {
        let mut limits = Limits::new(Rates { orders_10s: 3, ..Rates::default() });
        for _ in 0..3 {
            assert!(limits.may_order(2, 5).is_ok());
            limits.count_order(2, 5);
        }
        assert_eq!(limits.may_order(2, 6).unwrap_err().code, -1015);
        limits.credit(2, false, 7);
        assert!(limits.may_order(2, 8).is_ok());
        assert_eq!(limits.orders_used(2, 10_000), [0, 2]);
    }
}
