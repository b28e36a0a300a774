//! `rateLimits`: what may be used and what has been.

use crate::json::{Object, array};
use crate::limits::Limits;
use crate::order::AccountId;
use std::net::IpAddr;

/// `rateLimits` of `exchangeInfo`: the limits without usage.
pub(crate) fn info(limits: &Limits) -> String {
    array([
        limit("REQUEST_WEIGHT", "MINUTE", 1, limits.rates.weight_1m, None),
        limit("ORDERS", "SECOND", 10, limits.rates.orders_10s, None),
        limit("ORDERS", "DAY", 1, limits.rates.orders_1d, None),
        limit("RAW_REQUESTS", "MINUTE", 5, 300_000, None),
    ])
}

/// `rateLimits` of an answer: the weight used, and the order count where an account is known.
pub(crate) fn usage(
    limits: &mut Limits,
    ip: IpAddr,
    account: Option<AccountId>,
    now_ms: u64,
) -> String {
    let mut all = account.map(|account| orders(limits, account, now_ms)).unwrap_or_default();
    let weight = limits.weight_used(ip, now_ms);
    all.push(limit("REQUEST_WEIGHT", "MINUTE", 1, limits.rates.weight_1m, Some(weight)));
    array(all)
}

/// The order-count limits with usage.
pub(crate) fn orders(limits: &mut Limits, account: AccountId, now_ms: u64) -> Vec<String> {
    let [short, _, day] = limits.orders_used(account, now_ms);
    vec![
        limit("ORDERS", "SECOND", 10, limits.rates.orders_10s, Some(short)),
        limit("ORDERS", "DAY", 1, limits.rates.orders_1d, Some(day)),
    ]
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
