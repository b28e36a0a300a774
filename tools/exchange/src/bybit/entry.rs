//! The way in, shared by REST and the trade socket: key, signature, time, rates, and the answer.

use super::call::Call;
use super::denial::Denial;
use super::params::Params;
use super::{account, batch, orders, query, stops};
use crate::floor::Floor;
use crate::keys::Form;
use crate::order::AccountId;
use crate::symbol::Product;

/// Default and largest time that a request may be under way.
const WINDOW_MS: u64 = 5000;
/// How far a clock may be ahead of the venue's.
const AHEAD_MS: u64 = 1000;

/// What an answer says of the rate limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub limit: u64,
    pub left: u64,
    pub reset_ms: u64,
}

/// A result, and what its items say where it was a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub result: String,
    /// `retExtInfo`.
    pub ext: String,
}

impl From<String> for Answer {
    fn from(result: String) -> Self {
        Self { result, ext: "{}".into() }
    }
}

/// The account of a key whose signature over `payload` is right.
pub(crate) fn verify(
    floor: &Floor,
    key: &str,
    payload: &str,
    signature: &str,
) -> Result<AccountId, Denial> {
    Ok(floor.keys.verify(key, payload.as_bytes(), signature, Form::Hex)?)
}

/// Checks a request's time: `server − window ≤ stamp < server + 1 s`.
pub(crate) fn check_time(stamp: &str, window: Option<&str>, now_ms: u64) -> Result<(), Denial> {
    let wrong = |name: &str| Denial::params(format!("params error: {name} invalid"));
    let at = stamp.parse::<u64>().map_err(|_| wrong("timestamp"))?;
    let window = match window.filter(|text| !text.is_empty()) {
        None => WINDOW_MS,
        Some(text) => text.parse().map_err(|_| wrong("recv_window"))?,
    };
    if at >= now_ms + AHEAD_MS || at < now_ms.saturating_sub(window) {
        return Err(Denial::new(
            10002,
            format!(
                "invalid request, please check your server timestamp or recv_window param. \
                 req_timestamp[{at}],server_timestamp[{now_ms}],recv_window[{window}]"
            ),
        ));
    }
    Ok(())
}

/// Requests a second that a call may have: the venue's, or the one that was set for all orders.
fn rate(floor: &Floor, call: Call, product: Product) -> (&'static str, u64) {
    let (name, usual) = call.rate(product);
    match floor.limits.rates.orders_10s {
        u64::MAX => (name, usual),
        _ if !call.is_order() => (name, usual),
        set => (name, (set / 10).max(1)),
    }
}

/// Takes one request out of a call's bucket.
pub(crate) fn take(
    floor: &mut Floor,
    (account, call, product): (AccountId, Call, Product),
    now_ms: u64,
) -> Result<Usage, Denial> {
    let (name, limit) = rate(floor, call, product);
    let left = floor.limits.take((account, name), 1, (limit, 1000), now_ms);
    let left = left.map_err(Denial::limited)?;
    Ok(Usage { limit, left, reset_ms: (now_ms / 1000 + 1) * 1000 })
}

/// Answers a signed call; everything it caused has left when this returns. The usage is told even
/// where the call is refused.
pub(crate) fn answer(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> (Result<Answer, Denial>, Option<Usage>) {
    let product = params.category().unwrap_or(Product::Perp);
    if call.single().is_some() {
        let (result, usage) = batch::answer(floor, call, params, account, now_ms);
        return (fate(floor, call, result, now_ms), usage);
    }
    let usage = match take(floor, (account, call, product), now_ms) {
        Ok(usage) => usage,
        Err(denial) => return (Err(denial), None),
    };
    if call.places() && std::mem::take(&mut floor.pending.lost) {
        return (Err(Denial::unknown_fate()), Some(usage));
    }
    let result = carry_out(floor, call, params, account, now_ms).map(Answer::from);
    (fate(floor, call, result, now_ms), Some(usage))
}

/// Lets what happened leave; a fault may keep its result back.
fn fate(
    floor: &mut Floor,
    call: Call,
    result: Result<Answer, Denial>,
    now_ms: u64,
) -> Result<Answer, Denial> {
    floor.flush(now_ms);
    if call.places() && std::mem::take(&mut floor.pending.timeout) {
        return Err(Denial::unknown_fate());
    }
    result
}

fn carry_out(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    match call {
        Call::Create | Call::Amend | Call::Cancel => {
            orders::one(floor, call, params, account, now_ms)
        }
        Call::CancelAll => orders::cancel_all(floor, params, account, now_ms),
        Call::TradingStop => stops::set(floor, params, account, now_ms),
        Call::OpenOrders => query::realtime(floor, params, account),
        Call::OrderHistory => query::history(floor, params, account),
        Call::Executions => query::executions(floor, params, account),
        _ => account::answer(floor, call, params, account, now_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_window_is_the_venues() {
        let check = |stamp: &str, window: Option<&str>, now_ms: u64, code: Option<i64>| {
            let got = check_time(stamp, window, now_ms).err().map(|denial| denial.code);
            assert_eq!(got, code, "{stamp} {window:?} {now_ms}");
        };
        check("10000", None, 10_000, None);
        check("10999", None, 10_000, None);
        check("11000", None, 10_000, Some(10002));
        check("10000", None, 15_000, None);
        check("10000", None, 15_001, Some(10002));
        check("10000", Some("1000"), 11_000, None);
        check("10000", Some("1000"), 11_001, Some(10002));
        check("x", None, 1, Some(10001));
    }
}
