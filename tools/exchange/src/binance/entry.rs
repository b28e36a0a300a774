//! The way in, shared by REST and WebSocket API: weight, key, signature, time, order count, answer.

use super::api::Api;
use super::denial::Denial;
use super::params::Params;
use crate::cause::Message;
use crate::floor::Floor;
use crate::keys::Form;
use crate::order::AccountId;
use serde::Deserialize;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970.
pub(crate) fn wall_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_micros() as u64
}

/// A request that has passed the door.
pub(crate) struct Admitted<C> {
    pub call: C,
    pub params: Params,
    pub account: Option<AccountId>,
    pub ip: IpAddr,
}

/// What a signature covers and where it stands, as each transport knows.
#[derive(Clone, Copy)]
pub(crate) struct Proof<'a> {
    pub api_key: &'a str,
    pub payload: &'a [u8],
    pub signature: &'a str,
}

/// Who asks, as each transport knows.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asker<'a> {
    pub key: Option<&'a str>,
    pub proof: Option<Proof<'a>>,
    /// A session stands in for key and signature.
    pub session: Option<AccountId>,
}

/// Charges the weight and checks time and signature.
pub(crate) fn admit<C: Api>(
    floor: &mut Floor,
    call: C,
    params: Params,
    asker: Asker<'_>,
    ip: IpAddr,
) -> Result<Admitted<C>, Denial> {
    let now_us = wall_us();
    charge(floor, ip, call.weight(&params), now_us / 1000)?;
    let account = if call.is_signed() {
        let account = match (&asker.proof, asker.session) {
            (Some(proof), _) => verify(floor, proof)?,
            (None, Some(account)) => account,
            (None, None) => return Err(no_key(&params)),
        };
        params.check_time(now_us)?;
        Some(account)
    } else if call.is_keyed() {
        Some(self::account(floor, asker.key.unwrap_or_default())?)
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

/// What names a new order, alone or in a batch.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "newClientOrderId")]
    client: Option<String>,
}

/// Notes when new orders came in, for the time from their cause. A modification brings none.
pub(crate) fn stamp<C: Api>(floor: &Floor, call: C, params: &Params, at_ns: u64) {
    let changes = ["orderId", "origClientOrderId"].iter().any(|name| params.get(name).is_some());
    if call.orders().is_none() || changes {
        return;
    }
    let Some(batch) = params.get("batchOrders") else {
        // A list has the cause of its first order.
        let names = ["newClientOrderId", "workingClientOrderId", "aboveClientOrderId"];
        let client = names.iter().find_map(|name| params.get(name));
        floor.causes.order(client.unwrap_or(""), at_ns);
        return;
    };
    let batch: Vec<Named> = serde_json::from_str(batch).unwrap_or_default();
    for client in batch.iter().filter_map(|one| one.client.as_deref()) {
        floor.causes.order(client, at_ns);
    }
}

/// Answers an admitted request; everything it caused has left when this returns.
pub(crate) fn answer<C: Api>(floor: &mut Floor, request: &Admitted<C>) -> Result<String, Denial> {
    let now_us = wall_us();
    let now_ms = now_us / 1000;
    let (call, params) = (request.call, &request.params);
    let Some(account) = request.account else {
        return call.answer(floor, params, None, now_ms);
    };
    if call.is_signed() {
        params.check_time(now_us)?;
    }
    let orders = call.orders();
    let places = orders.is_some();
    if places && params.get("orderRateLimitExceededMode") != Some("CANCEL_ONLY") {
        may_order(floor, account, now_ms)?;
    }
    if places && std::mem::take(&mut floor.pending.lost) {
        return Err(unknown(C::TIMEOUT));
    }
    let result = call.answer(floor, params, Some(account), now_ms);
    // Words and filters are checked before an order counts.
    let counts = result.as_ref().map_or_else(|denial| denial.code <= -2000, |_| true);
    if let Some(orders) = orders.filter(|_| counts) {
        floor.limits.count_orders(account, orders, now_ms);
    }
    floor.flush(now_ms);
    if result.is_ok() && call.is_free() {
        floor.limits.refund(request.ip, call.weight(params), now_ms);
    }
    if places && std::mem::take(&mut floor.pending.timeout) {
        return Err(unknown(C::TIMEOUT));
    }
    result
}

/// Refuses an order that is one too many.
pub(crate) fn may_order(floor: &mut Floor, account: AccountId, now_ms: u64) -> Result<(), Denial> {
    floor.limits.may_order(account, now_ms).map_err(|limited| Denial::limited(limited, now_ms))
}

fn unknown(status: u16) -> Denial {
    Denial::with_status(
        status,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status \
         unknown.",
    )
}

/// Counts a message.
pub(crate) fn count(floor: &Floor, message: Message) {
    floor.causes.count(message);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Keys, demo_keys};

    #[test]
    fn hmac_vectors_of_the_usdm_notes() {
        let mut key = demo_keys(0)[0].clone();
        key.api_key = "K".into();
        key.secret =
            Some("2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9".into());
        let mut keys = Keys::default();
        keys.add(&key, 3).unwrap();
        let check = |payload: &str, tag: &str| {
            assert_eq!(keys.verify("K", payload.as_bytes(), tag, Form::Hex), Ok(3), "{payload}");
        };
        check(
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC\
             &recvWindow=5000&timestamp=1591702613943",
            "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
        );
        // Query and body stand side by side, with nothing between.
        check(
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=9000\
             &recvWindow=5000&timestamp=1591702613943",
            "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4",
        );
    }
}
