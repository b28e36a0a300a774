//! A new order's words: what it must have, may have and must not have.

use super::public::symbol;
use crate::binance::denial::Denial;
use crate::binance::params::{Params, number};
use crate::binance::words::{self, SpotType};
use crate::floor::Floor;
use crate::order::{Back, Kind, NewOrder, Post, Stop, Stp, Tif, Trail};
use crate::symbol::SCALE;
use std::ops::RangeInclusive;

/// Basis points that a trailing stop may stay behind.
pub(crate) const TRAILING_DELTA: RangeInclusive<u64> = 10..=2000;
/// A basis point in 1e-8.
const BASIS_POINT: i64 = SCALE / 10_000;

/// A client order id: the one sent, checked, or a new one.
pub(crate) fn client_id(floor: &mut Floor, params: &Params, name: &str) -> Result<String, Denial> {
    let Some(text) = params.get(name) else {
        floor.venue.next_execution += 1;
        let number = floor.venue.next_execution.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        return Ok(format!("sim{number:016x}{:04x}", floor.venue.next_order & 0xffff));
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if text.len() > 36 || !text.bytes().all(legal) {
        return Err(Denial::new(
            -1100,
            format!(
                "Illegal characters found in parameter '{name}'; legal range is \
                 '^[a-zA-Z0-9-_]{{1,36}}$'."
            ),
        ));
    }
    Ok(text.to_string())
}

/// How much an answer to a new order tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Ack,
    Result,
    Full,
}

/// Reads a new order's words, and how much of it the answer shall tell.
pub(crate) fn new_order(floor: &mut Floor, params: &Params) -> Result<(NewOrder, Reply), Denial> {
    let id = symbol(floor, params)?;
    let side = words::read_side(params.need("side")?)
        .ok_or_else(|| Denial::new(-1117, "Invalid side."))?;
    let word = params.need("type")?;
    let found = words::read_spot_type(word);
    let SpotType { kind, post, waits, .. } =
        found.ok_or_else(|| Denial::new(-1116, "Invalid orderType."))?;
    let stop = stop(floor, params, id, waits.map(|waits| waits.rising(side)))?;
    let tif = tif(params, kind == Kind::Limit && post == Post::No)?;
    let stp = match params.get("selfTradePreventionMode") {
        None => Stp::ExpireMaker,
        Some(text) => words::read_stp(text).ok_or_else(|| {
            Denial::new(
                -1013,
                "This symbol does not allow the specified self-trade prevention mode.",
            )
        })?,
    };
    for name in ["icebergQty", "pegPriceType"] {
        params.forbid(name)?;
    }
    let (price, qty, quote_qty) = amounts(floor, params, id, (kind, stop.is_some()))?;
    let reply = match params.get("newOrderRespType") {
        None if word == "LIMIT_MAKER" || stop.is_some() => Reply::Ack,
        None | Some("FULL") => Reply::Full,
        Some("ACK") => Reply::Ack,
        Some("RESULT") => Reply::Result,
        Some(_) => {
            return Err(Denial::new(
                -1130,
                "Data sent for parameter 'newOrderRespType' is not valid.",
            ));
        }
    };
    let client = client_id(floor, params, "newClientOrderId")?;
    let new = NewOrder {
        symbol: id,
        side,
        kind,
        tif,
        post,
        stp,
        price,
        qty,
        quote_qty,
        client,
        stop,
        ..NewOrder::default()
    };
    Ok((new, reply))
}

/// Time in force, which limit orders must have and no others may.
fn tif(params: &Params, has: bool) -> Result<Tif, Denial> {
    if !has {
        params.forbid("timeInForce")?;
        return Ok(Tif::Gtc);
    }
    let text = params.need("timeInForce")?;
    words::read_tif(text).ok_or_else(|| Denial::new(-1115, "Invalid timeInForce."))
}

/// The price that an order waits for or trails, and whether the market has to rise to it: none
/// where it does not wait.
fn stop(
    floor: &Floor,
    params: &Params,
    id: u16,
    rising: Option<bool>,
) -> Result<Option<Stop>, Denial> {
    let Some(rising) = rising else {
        params.forbid("stopPrice")?;
        params.forbid("trailingDelta")?;
        return Ok(None);
    };
    let price = params.decimal("stopPrice")?;
    let back = params.integer("trailingDelta")?;
    if price.is_none() && back.is_none() {
        return Err(either("stopPrice", "trailingDelta"));
    }
    if back.is_some_and(|bips| !TRAILING_DELTA.contains(&bips)) {
        return Err(Denial::filter("TRAILING_DELTA"));
    }
    let symbol = &floor.venue.listing(id).symbol;
    let price = price.map_or(Ok(0), |price| symbol.ticks(price))?;
    let trail = back.map(|bips| {
        let back = Back::Share(bips as i64 * BASIS_POINT);
        Trail { back, best: None, since_ms: None, hold: 0 }
    });
    Ok(Some(Stop { price, rising, woke_ms: None, trail }))
}

/// `trailingDelta`, in basis points, of a trailing stop.
pub(crate) fn trailing_delta(trail: &Trail) -> i64 {
    if let Back::Share(share) = trail.back { share / BASIS_POINT } else { 0 }
}

/// Price (ticks), quantity (lots) and quote amount, as the order type wants them.
fn amounts(
    floor: &Floor,
    params: &Params,
    id: u16,
    (kind, waits): (Kind, bool),
) -> Result<(i64, i64, i64), Denial> {
    let spec = &floor.venue.listing(id).symbol;
    if kind == Kind::Market {
        params.forbid("price")?;
        if waits {
            params.forbid("quoteOrderQty")?;
        }
        if let Some(amount) = params.decimal("quoteOrderQty")? {
            params.forbid("quantity")?;
            return Ok((0, 0, amount));
        }
        return Ok((0, spec.lots(needed(params, "quantity")?, kind)?, 0));
    }
    params.forbid("quoteOrderQty")?;
    let qty = spec.lots(needed(params, "quantity")?, kind)?;
    Ok((spec.ticks(needed(params, "price")?)?, qty, 0))
}

/// A mandatory decimal in 1e-8.
pub(crate) fn needed(params: &Params, name: &str) -> Result<i64, Denial> {
    number(name, params.need(name)?)
}

/// Neither of two parameters was sent, of which one is needed.
pub(crate) fn either(first: &str, second: &str) -> Denial {
    Denial::new(
        -1102,
        format!("Param '{first}' or '{second}' must be sent, but both were empty/null!"),
    )
}
