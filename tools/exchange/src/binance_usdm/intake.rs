//! Reads a new order's words, and puts it on the grid.

use super::denial::{invalid, told, unfillable};
use super::public::symbol;
use super::tell::{self, Note};
use crate::binance::denial::Denial;
use crate::binance::params::{Params, number};
use crate::binance::words;
use crate::floor::Floor;
use crate::matching::{Taker, Want};
use crate::order::{AccountId, Kind, Leg, NewOrder, Post, Side, Stp, SymbolId, Tif};

/// Longest client order id.
const CLIENT_MAX: usize = 36;
/// A GTD order lives at least this long.
const GOOD_TILL_MIN_MS: u64 = 600_000;
/// Types that only the algo endpoints take.
const ALGO: [&str; 5] =
    ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"];
/// Price matches: name, whether the other side's price, and how many levels deep.
const MATCHES: [(&str, bool, usize); 6] = [
    ("OPPONENT", true, 1),
    ("OPPONENT_5", true, 5),
    ("QUEUE", false, 1),
    ("QUEUE_5", false, 5),
    ("QUEUE_10", false, 10),
    ("QUEUE_20", false, 20),
];
/// Modes of self-trade prevention.
const STP: [Stp; 4] = [Stp::None, Stp::ExpireTaker, Stp::ExpireMaker, Stp::ExpireBoth];

/// Whether the answer waits for the end of an order that ends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Ack,
    Result,
}

/// Reads a new order. `stp` is meant where it names no self-trade prevention.
pub(crate) fn order(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    stp: Stp,
    now_ms: u64,
) -> Result<(NewOrder, Reply), Denial> {
    let id = symbol(floor, params)?;
    let side = side(params)?;
    let kind = kind(params)?;
    let (tif, post, good_till_ms) = tif(params, kind, now_ms)?;
    let leg = leg(params)?;
    let hedge = floor.venue.account(account).settings.hedge;
    if hedge {
        params.forbid("reduceOnly")?;
    }
    let reduce = flag(params, "reduceOnly")?;
    let stp = self::stp(params, stp)?;
    let matched = params.get("priceMatch").filter(|text| *text != "NONE");
    let price = price(floor, params, (id, side, kind), matched)?;
    let qty = quantity(floor, params, id, kind)?;
    let reply = match params.get("newOrderRespType") {
        None | Some("ACK") => Reply::Ack,
        Some("RESULT") => Reply::Result,
        Some(_) => return Err(invalid("newOrderRespType")),
    };
    let client = client_id(floor, params, "newClientOrderId")?;
    let note = Note::new(matched.unwrap_or_default(), good_till_ms).write();
    let new = NewOrder {
        symbol: id,
        side,
        kind,
        tif,
        post,
        stp,
        leg,
        reduce,
        price,
        qty,
        client,
        note,
        ..NewOrder::default()
    };
    if tif == Tif::Fok && !is_fillable(floor, account, &new) {
        return Err(unfillable());
    }
    Ok((new, reply))
}

pub(crate) fn side(params: &Params) -> Result<Side, Denial> {
    words::read_side(params.need("side")?).ok_or_else(|| Denial::new(-1117, "Invalid side."))
}

/// Self-trade prevention; `stp` where none is named.
pub(crate) fn stp(params: &Params, stp: Stp) -> Result<Stp, Denial> {
    let Some(text) = params.get("selfTradePreventionMode") else { return Ok(stp) };
    let found = STP.into_iter().find(|one| words::stp(*one) == text);
    found.ok_or_else(|| Denial::new(-5039, "Invalid self trade prevention mode."))
}

fn is_fillable(floor: &Floor, account: AccountId, new: &NewOrder) -> bool {
    let (side, stp) = (new.side, new.stp);
    let want = Want::Lots(new.qty);
    let taker = Taker { account, side, limit: Some(new.price), want, stp };
    floor.venue.listing(new.symbol).available(&taker) >= new.qty
}

fn kind(params: &Params) -> Result<Kind, Denial> {
    match params.need("type")? {
        "LIMIT" => Ok(Kind::Limit),
        "MARKET" => Ok(Kind::Market),
        other if ALGO.contains(&other) => Err(Denial::new(
            -4120,
            "Order type not supported for this endpoint. Please use the Algo Order API endpoints \
             instead.",
        )),
        _ => Err(Denial::new(-1116, "Invalid orderType.")),
    }
}

/// Time in force, post-only, and the end of a GTD order.
fn tif(params: &Params, kind: Kind, now_ms: u64) -> Result<(Tif, Post, u64), Denial> {
    if kind == Kind::Market {
        return Ok((Tif::Gtc, Post::No, 0));
    }
    let text = params.need("timeInForce")?;
    if text != "GTD" && params.get("goodTillDate").is_some_and(|till| till != "0") {
        params.forbid("goodTillDate")?;
    }
    match text {
        "GTX" => Ok((Tif::Gtc, Post::Refuse, 0)),
        "GTD" => {
            params.need("goodTillDate")?;
            let till = params.integer("goodTillDate")?.unwrap_or(0) / 1000 * 1000;
            if till <= now_ms + GOOD_TILL_MIN_MS {
                return Err(Denial::new(
                    -5040,
                    "The goodTillDate timestamp must be greater than the current time plus 600 \
                     seconds.",
                ));
            }
            Ok((Tif::Gtc, Post::No, till))
        }
        other => {
            let tif = words::read_tif(other);
            let tif = tif.ok_or_else(|| Denial::new(-1115, "Invalid timeInForce."))?;
            Ok((tif, Post::No, 0))
        }
    }
}

/// Position side; the only one where none is named.
pub(crate) fn leg(params: &Params) -> Result<Leg, Denial> {
    match params.get("positionSide") {
        None => Ok(Leg::Net),
        Some(text) => tell::read_leg(text).ok_or_else(|| invalid("positionSide")),
    }
}

/// An optional `true` or `false`.
pub(crate) fn flag(params: &Params, name: &str) -> Result<bool, Denial> {
    match params.get(name).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(invalid(name)),
    }
}

/// Price in ticks; zero for a market order.
fn price(
    floor: &Floor,
    params: &Params,
    (id, side, kind): (SymbolId, Side, Kind),
    matched: Option<&str>,
) -> Result<i64, Denial> {
    let spec = &floor.venue.listing(id).symbol;
    let Some(matched) = matched else {
        if kind == Kind::Market {
            params.forbid("price")?;
            return Ok(0);
        }
        let price = number("price", params.need("price")?)?;
        if price <= 0 {
            return Err(Denial::new(-4001, "Price less than 0."));
        }
        return spec.ticks(price).map_err(told);
    };
    if kind == Kind::Market {
        return Err(Denial::new(
            -5038,
            "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT.",
        ));
    }
    params.forbid("price")?;
    match_price(floor, id, side, matched)
}

/// The price of a level of the book, in ticks.
pub(crate) fn match_price(
    floor: &Floor,
    id: SymbolId,
    side: Side,
    matched: &str,
) -> Result<i64, Denial> {
    let found = MATCHES.iter().find(|(name, ..)| *name == matched);
    let (_, opponent, deep) = *found.ok_or_else(|| Denial::new(-5037, "Invalid price match."))?;
    let from = if opponent { side.other() } else { side };
    let listing = floor.venue.listing(id);
    let level = listing.depth(from, deep).pop();
    let (price, _) = level.ok_or_else(|| Denial::new(-5041, "No depth matches this BBO order."))?;
    Ok(price / listing.symbol.tick)
}

/// Quantity in lots.
pub(crate) fn quantity(
    floor: &Floor,
    params: &Params,
    id: SymbolId,
    kind: Kind,
) -> Result<i64, Denial> {
    let spec = &floor.venue.listing(id).symbol;
    let qty = number("quantity", params.need("quantity")?)?;
    if qty <= 0 {
        return Err(Denial::new(-4003, "Quantity less than or equal to zero."));
    }
    if qty % spec.lot != 0 {
        return Err(Denial::new(-1111, "Precision is over the maximum defined for this asset."));
    }
    if qty < spec.lot {
        return Err(Denial::new(-4004, "Quantity less than min quantity."));
    }
    if qty > spec.qty_max {
        return Err(Denial::new(-4005, "Quantity greater than max quantity."));
    }
    spec.lots(qty, kind).map_err(told)
}

/// A client order id: the one sent, checked, or a new one.
pub(crate) fn client_id(floor: &mut Floor, params: &Params, name: &str) -> Result<String, Denial> {
    let Some(text) = params.get(name) else {
        floor.venue.next_execution += 1;
        let number = floor.venue.next_execution.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        return Ok(format!("web_{number:016x}"));
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b".:/_-".contains(&b);
    if text.len() > CLIENT_MAX {
        let msg = "Client order id length should be less than 36 chars";
        return Err(Denial::new(-4015, msg));
    }
    if !text.bytes().all(legal) {
        return Err(Denial::new(-4015, "Client order id is not valid."));
    }
    Ok(text.to_string())
}
