//! Take-profits, stop-losses and trailing stops: attached to orders, and set on positions by
//! `position/trading-stop`.
//!
//! They are the venue's own orders, without an `orderLinkId`; `stopOrderType` stands in their tag.
//! A position has one of each kind for all of it, and any number for parts of it.

use super::denial::Denial;
use super::params::Params;
use super::words;
use crate::floor::Floor;
use crate::order::{AccountId, Back, Kind, Leg, NewOrder, Order, Side, SymbolId, Tif, Why};
use crate::refusal::Refusal;
use crate::symbol::Product;
use crate::venue::trigger::{By, Pair, When};
use crate::venue::{Follower, Trigger, Venue};

/// `stopOrderType` of what stands for a whole position.
const PROFIT: &str = "TakeProfit";
const LOSS: &str = "StopLoss";
const TRAIL: &str = "TrailingStop";
/// `stopOrderType` of a part's begins with this.
const PART: &str = "Partial";
/// `stopOrderType` on spot: alone, and as one of two.
const SPOT: &str = "tpslOrder";
const SPOT_BOTH: &str = "BidirectionalTpslOrder";

/// `createType` of an order with this tag.
pub(crate) fn create_type(tag: &str) -> Option<String> {
    let known = [PROFIT, LOSS, TRAIL].contains(&tag.trim_start_matches(PART));
    known.then(|| format!("CreateBy{tag}"))
}

/// `tpslMode` of an order with this tag.
pub(crate) fn mode(tag: &str) -> &'static str {
    match create_type(tag) {
        Some(_) if tag.starts_with(PART) => "Partial",
        Some(_) => "Full",
        None => "",
    }
}

fn by(params: &Params, name: &str) -> Result<By, Denial> {
    match params.get(name) {
        None | Some("LastPrice") => Ok(By::Last),
        Some("MarkPrice") => Ok(By::Mark),
        Some("IndexPrice") => Ok(By::Index),
        Some(_) => Err(Denial::params(format!("params error: {name} invalid"))),
    }
}

/// The position, and the side that closes it.
#[derive(Clone, Copy)]
struct Closing {
    symbol: SymbolId,
    leg: Leg,
    side: Side,
}

/// A take-profit or a stop-loss that a request names, without a quantity; none where it is not
/// named, or zero.
fn bracket(
    floor: &Floor,
    params: &Params,
    closing: Closing,
    (profit, part): (bool, bool),
) -> Result<Option<Follower>, Denial> {
    let [at, price_by, kind, own] = match profit {
        true => ["takeProfit", "tpTriggerBy", "tpOrderType", "tpLimitPrice"],
        false => ["stopLoss", "slTriggerBy", "slOrderType", "slLimitPrice"],
    };
    let spec = &floor.venue.listing(closing.symbol).symbol;
    let product = spec.product();
    let ticks = |value| spec.ticks(value).map_err(|refusal| Denial::refused(product, refusal));
    let Some(price) = params.decimal(at)?.filter(|price| *price > 0) else { return Ok(None) };
    let price = ticks(price)?;
    let limit = match (params.get(kind), product) {
        (Some("Limit"), Product::Perp) if !part => {
            return Err(Denial::params(format!("{kind}=Limit needs tpslMode=Partial")));
        }
        (Some("Limit"), _) => Some(ticks(params.decimal(own)?.unwrap_or(0))?),
        (None | Some("Market"), _) => None,
        (Some(_), _) => return Err(Denial::params(format!("params error: {kind} invalid"))),
    };
    let up = profit == (closing.side == Side::Sell);
    let name = if profit { PROFIT } else { LOSS };
    let order = NewOrder {
        symbol: closing.symbol,
        side: closing.side,
        leg: closing.leg,
        kind: if limit.is_some() { Kind::Limit } else { Kind::Market },
        tif: Tif::Gtc,
        reduce: product == Product::Perp,
        price: limit.unwrap_or(0),
        tag: match product {
            Product::Spot => SPOT.into(),
            Product::Perp if part => format!("{PART}{name}"),
            Product::Perp => name.into(),
        },
        ..NewOrder::default()
    };
    let when = if up { When::Above(price) } else { When::Below(price) };
    let (sole, tied) = (product == Product::Perp && !part, product == Product::Perp);
    Ok(Some(Follower { when, by: by(params, price_by)?, order, tied, sole }))
}

/// Refuses a take-profit or stop-loss on the wrong side of a price.
fn check_side(legs: &[Follower], base: i64) -> Result<(), Denial> {
    for one in legs {
        let (fits, name) = match one.when {
            When::Above(price) => (price > base, "higher"),
            When::Below(price) => (price < base, "lower"),
            When::Trailing { .. } => (true, ""),
        };
        if !fits {
            let name = format!("the trigger price should be {name} than base_price:{base}");
            return Err(Denial::params(name));
        }
    }
    Ok(())
}

fn is_part(params: &Params) -> Result<bool, Denial> {
    match params.get("tpslMode") {
        None | Some("Full") => Ok(false),
        Some("Partial") => Ok(true),
        Some(_) => Err(Denial::params("params error: tpslMode invalid")),
    }
}

/// What a request attaches to its order.
pub(crate) fn attached(
    floor: &Floor,
    params: &Params,
    new: &NewOrder,
) -> Result<Vec<Follower>, Denial> {
    let listing = floor.venue.listing(new.symbol);
    let part = is_part(params)?;
    let closing = Closing { symbol: new.symbol, leg: new.leg, side: new.side.other() };
    let both = [true, false].map(|profit| bracket(floor, params, closing, (profit, part)));
    let [profit, loss] = both;
    let mut legs: Vec<Follower> = [profit?, loss?].into_iter().flatten().collect();
    check_side(&legs, if new.price > 0 { new.price } else { listing.last })?;
    let whole = listing.symbol.qty_max / listing.symbol.lot;
    let pair = legs.len() == 2 && listing.symbol.product() == Product::Spot;
    for one in &mut legs {
        if one.sole {
            one.order.qty = whole;
        }
        if pair {
            one.order.tag = SPOT_BOTH.into();
        }
    }
    Ok(legs)
}

/// What stands of a kind for the whole of a position.
fn standing<'a>(
    venue: &'a Venue,
    account: AccountId,
    (symbol, leg): (SymbolId, Leg),
    tag: &str,
) -> Option<&'a Trigger> {
    venue
        .waiting(account)
        .find(|one| (one.order.symbol, one.order.leg) == (symbol, leg) && one.order.tag == tag)
}

/// Take-profit, stop-loss and trailing stop of a whole position: price or distance, in ticks.
pub(crate) fn of_position(
    venue: &Venue,
    account: AccountId,
    place: (SymbolId, Leg),
) -> [Option<i64>; 3] {
    [PROFIT, LOSS, TRAIL].map(|tag| {
        standing(venue, account, place, tag).map(|one| match one.when {
            When::Above(price) | When::Below(price) => price,
            When::Trailing { back, best, .. } => back.from(best.unwrap_or(0)),
        })
    })
}

/// Prices, in ticks, of the take-profit and the stop-loss attached to an order.
pub(crate) fn of_order(venue: &Venue, order: &Order) -> [Option<i64>; 2] {
    let legs = venue.attached.get(&order.id).map_or(&[][..], |one| &one.legs);
    [order.side, order.side.other()].map(|side| {
        legs.iter().find_map(|one| match one.when {
            When::Above(price) if side == Side::Buy => Some(price),
            When::Below(price) if side == Side::Sell => Some(price),
            _ => None,
        })
    })
}

/// `tpslMode` of an order: its own, or of what is attached to it.
pub(crate) fn mode_of(venue: &Venue, order: &Order) -> &'static str {
    let legs = venue.attached.get(&order.id).and_then(|one| one.legs.first());
    mode(legs.map_or(&order.tag, |leg| &leg.order.tag))
}

/// `POST /v5/position/trading-stop`.
pub(crate) fn set(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    if params.category()? != Product::Perp {
        return Err(Denial::params("params error: category invalid"));
    }
    let symbol = params.symbol(floor, Product::Perp)?;
    let leg = match params.get("positionIdx") {
        None => Leg::Net,
        Some(text) => words::read_position_idx(text)
            .ok_or_else(|| Denial::params("params error: positionIdx invalid"))?,
    };
    let position = floor.venue.account(account).position(symbol, leg);
    let side = position.closing();
    let side = side.ok_or_else(|| Denial::params("can not set tp/sl/ts for zero position"))?;
    let closing = Closing { symbol, leg, side };
    let part = is_part(params)?;
    let changed = match part {
        true => add_parts(floor, params, account, closing, now_ms)?,
        false => set_whole(floor, params, account, closing, now_ms)?,
    };
    if !changed {
        return Err(Denial::new(34040, "not modified"));
    }
    floor.venue.touch_position(account, symbol, leg);
    Ok("{}".into())
}

fn refused(refusal: Refusal) -> Denial {
    Denial::refused(Product::Perp, refusal)
}

/// Refuses what would fire at once.
fn check_there(floor: &Floor, one: &Follower) -> Result<(), Denial> {
    match floor.venue.is_there((one.when, one.by), &one.order).map_err(refused)? {
        true => Err(Denial::params("the trigger price is there already")),
        false => Ok(()),
    }
}

/// Sets, changes or removes what stands for the whole position; whether anything changed.
fn set_whole(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    closing: Closing,
    now_ms: u64,
) -> Result<bool, Denial> {
    let spec = &floor.venue.listing(closing.symbol).symbol;
    let whole = spec.qty_max / spec.lot;
    let wanted = [
        ("takeProfit", PROFIT, bracket(floor, params, closing, (true, false))?),
        ("stopLoss", LOSS, bracket(floor, params, closing, (false, false))?),
        ("trailingStop", TRAIL, trailing(floor, params, closing)?),
    ];
    for (_, _, one) in &wanted {
        if let Some(one) = one {
            check_there(floor, one)?;
        }
    }
    let mut changed = false;
    for (name, tag, one) in wanted {
        if params.get(name).is_none() {
            continue;
        }
        let place = (closing.symbol, closing.leg);
        let old = standing(&floor.venue, account, place, tag);
        let old = old.map(|one| (one.id, one.when, one.by, one.order.clone()));
        match (old, one) {
            (None, None) => {}
            (Some((_, when, by, _)), Some(one)) if (when, by) == (one.when, one.by) => {}
            (Some((id, _, by, order)), Some(one)) if by == one.by => {
                floor.venue.change_trigger(id, one.when, order, now_ms);
                changed = true;
            }
            (old, one) => {
                if let Some((id, ..)) = old {
                    floor.venue.cancel_trigger(id, Why::User, now_ms);
                }
                if let Some(one) = one {
                    let order = NewOrder { qty: whole, ..one.order };
                    let ties = (None, (None, true));
                    let entered =
                        floor.venue.enter(account, (one.when, one.by), order, ties, now_ms);
                    entered.map_err(refused)?;
                }
                changed = true;
            }
        }
    }
    Ok(changed)
}

/// A trailing stop that a request names; none where it is not named, or zero.
fn trailing(floor: &Floor, params: &Params, closing: Closing) -> Result<Option<Follower>, Denial> {
    let spec = &floor.venue.listing(closing.symbol).symbol;
    let Some(back) = params.decimal("trailingStop")?.filter(|back| *back > 0) else {
        return Ok(None);
    };
    let back = Back::Ticks(spec.ticks(back).map_err(refused)?);
    let from = params.decimal("activePrice")?.filter(|price| *price > 0);
    let from = from.map(|price| spec.ticks(price)).transpose().map_err(refused)?;
    let order = NewOrder {
        symbol: closing.symbol,
        side: closing.side,
        leg: closing.leg,
        kind: Kind::Market,
        reduce: true,
        tag: TRAIL.into(),
        ..NewOrder::default()
    };
    let when = When::Trailing { back, from, best: None };
    Ok(Some(Follower { when, by: By::Last, order, tied: true, sole: true }))
}

/// Adds a take-profit, a stop-loss or both for a part of the position.
fn add_parts(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    closing: Closing,
    now_ms: u64,
) -> Result<bool, Denial> {
    let both = [true, false].map(|profit| bracket(floor, params, closing, (profit, true)));
    let [profit, loss] = both;
    let legs = [(profit?, "tpSize"), (loss?, "slSize")];
    let mut ready = Vec::new();
    let spec = &floor.venue.listing(closing.symbol).symbol;
    for (one, size) in legs {
        let Some(mut one) = one else { continue };
        params.need(size)?;
        let qty = params.decimal(size)?.unwrap_or(0);
        one.order.qty = spec.lots(qty, one.order.kind).map_err(refused)?;
        check_there(floor, &one)?;
        ready.push(one);
    }
    if let [first, second] = ready.as_slice()
        && first.order.qty != second.order.qty
    {
        return Err(Denial::params("tpSize and slSize must be equal"));
    }
    let mut first = None;
    let any = !ready.is_empty();
    for one in ready {
        let ties = (first.map(Pair::Trigger), (None, true));
        let entered = floor.venue.enter(account, (one.when, one.by), one.order, ties, now_ms);
        first = first.or(Some(entered.map_err(refused)?));
    }
    Ok(any)
}
