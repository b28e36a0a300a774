//! The way in, shared by REST and WebSocket API: weight, key, signature, time, order count, answer.

use super::call::Call;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::cause::Message;
use crate::floor::Floor;
use crate::keys::Form;
use crate::order::AccountId;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970.
pub(crate) fn wall_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_micros() as u64
}

/// A request that has passed the door.
pub(crate) struct Admitted {
    pub call: Call,
    pub params: Params,
    pub account: Option<AccountId>,
    pub ip: IpAddr,
}

/// What a signature covers and where it stands, as each transport knows.
pub(crate) struct Proof<'a> {
    pub api_key: &'a str,
    pub payload: &'a [u8],
    pub signature: &'a str,
}

/// Charges the weight and checks time and signature. `session` stands in for key and signature.
pub(crate) fn admit(
    floor: &mut Floor,
    call: Call,
    params: Params,
    proof: Option<Proof<'_>>,
    session: Option<AccountId>,
    ip: IpAddr,
) -> Result<Admitted, Denial> {
    let now_us = wall_us();
    charge(floor, ip, call.weight(&params), now_us / 1000)?;
    let account = if call.is_signed() {
        let account = match (&proof, session) {
            (Some(proof), _) => verify(floor, proof)?,
            (None, Some(account)) => account,
            (None, None) => return Err(no_key(&params)),
        };
        params.check_time(now_us)?;
        Some(account)
    } else {
        None
    };
    Ok(Admitted { call, params, account, ip })
}

fn no_key(params: &Params) -> Denial {
    match params.need("apiKey").and_then(|_| params.need("signature")) {
        Err(denial) => denial,
        Ok(_) => Denial::no_key(),
    }
}

/// Charges an address, or says how long to stay away.
pub(crate) fn charge(
    floor: &mut Floor,
    ip: IpAddr,
    weight: u64,
    now_ms: u64,
) -> Result<(), Denial> {
    floor.limits.charge(ip, weight, now_ms).map_err(|limited| Denial::limited(limited, now_ms))
}

/// The account of an API key.
pub(crate) fn account(floor: &Floor, api_key: &str) -> Result<AccountId, Denial> {
    if api_key.is_empty() || !api_key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Denial::no_key());
    }
    Ok(floor.keys.account(api_key)?)
}

/// Checks a signature; returns its key's account.
pub(crate) fn verify(floor: &Floor, proof: &Proof<'_>) -> Result<AccountId, Denial> {
    account(floor, proof.api_key)?;
    Ok(floor.keys.verify(proof.api_key, proof.payload, proof.signature, Form::Hex)?)
}

/// Notes when an order came in, for the time from its cause.
pub(crate) fn stamp(floor: &Floor, call: Call, params: &Params, at_ns: u64) {
    if call.places() {
        floor.causes.order(params.get("newClientOrderId").unwrap_or(""), at_ns);
    }
}

/// Answers an admitted request; everything it caused has left when this returns.
pub(crate) fn answer(floor: &mut Floor, request: &Admitted) -> Result<String, Denial> {
    let now_us = wall_us();
    let now_ms = now_us / 1000;
    let Some(account) = request.account else {
        return super::public::answer(floor, request.call, &request.params, now_ms);
    };
    request.params.check_time(now_us)?;
    let places = request.call.places();
    if places && request.params.get("orderRateLimitExceededMode") != Some("CANCEL_ONLY") {
        may_order(floor, account, now_ms)?;
    }
    if places && std::mem::take(&mut floor.pending.lost) {
        return Err(unknown());
    }
    let result = super::trading::answer(floor, request.call, &request.params, account, now_ms);
    // Words and filters are checked before an order counts.
    let counts = result.as_ref().map_or_else(|denial| denial.code <= -2000, |_| true);
    if places && counts {
        floor.limits.count_order(account, now_ms);
    }
    floor.flush(now_ms);
    if result.is_ok() && request.call.is_free() {
        let weight = request.call.weight(&request.params);
        floor.limits.refund(request.ip, weight, now_ms);
    }
    if places && std::mem::take(&mut floor.pending.timeout) {
        return Err(unknown());
    }
    result
}

/// Refuses an order that is one too many.
pub(crate) fn may_order(floor: &mut Floor, account: AccountId, now_ms: u64) -> Result<(), Denial> {
    floor.limits.may_order(account, now_ms).map_err(|limited| Denial::limited(limited, now_ms))
}

fn unknown() -> Denial {
    Denial::with_status(
        504,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status \
         unknown.",
    )
}

/// Counts a message.
pub(crate) fn count(floor: &Floor, message: Message) {
    floor.causes.count(message);
}
