//! `rateLimits`: what may be used and what has been.

use super::api::Api;
use crate::json::{Object, array};
use crate::limits::Limits;
use crate::order::AccountId;
use std::net::IpAddr;

/// Interval and number of each of [`crate::limits::ORDER_SPANS`].
const SPANS: [(&str, u32); 3] = [("SECOND", 10), ("MINUTE", 1), ("DAY", 1)];

/// `rateLimits` of `exchangeInfo`: the limits without usage.
pub(crate) fn info<C: Api>(limits: &Limits) -> String {
    let mut all = vec![limit("REQUEST_WEIGHT", ("MINUTE", 1), limits.rates.weight_1m, None)];
    let orders = limits.order_limits();
    all.extend(C::SPANS.iter().map(|n| limit("ORDERS", SPANS[*n], orders[*n], None)));
    all.extend(C::RAW_REQUESTS.map(|most| limit("RAW_REQUESTS", ("MINUTE", 5), most, None)));
    array(all)
}

/// `rateLimits` of an answer: the weight used, and the order count where an account is known.
pub(crate) fn usage<C: Api>(
    limits: &mut Limits,
    ip: IpAddr,
    account: Option<AccountId>,
    now_ms: u64,
) -> String {
    let mut all = account.map(|one| orders::<C>(limits, one, now_ms)).unwrap_or_default();
    let weight = limits.weight_used(ip, now_ms);
    all.push(limit("REQUEST_WEIGHT", ("MINUTE", 1), limits.rates.weight_1m, Some(weight)));
    array(all)
}

/// The order-count limits with usage.
pub(crate) fn orders<C: Api>(limits: &mut Limits, account: AccountId, now_ms: u64) -> Vec<String> {
    let (used, most) = (limits.orders_used(account, now_ms), limits.order_limits());
    let tell = |n: &usize| limit("ORDERS", SPANS[*n], most[*n], Some(used[*n]));
    C::SPANS.iter().map(tell).collect()
}

fn limit(kind: &str, (interval, number): (&str, u32), limit: u64, count: Option<u64>) -> String {
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
