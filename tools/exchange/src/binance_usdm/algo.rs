//! Orders that wait for a price: `/fapi/v1/algoOrder` and its companions.

use super::denial::{invalid, no_order, told};
use super::intake;
use super::public::symbol;
use super::tell;
use crate::binance::denial::Denial;
use crate::binance::params::{Params, number};
use crate::binance::query::limit;
use crate::binance::{places, words};
use crate::event::{Execution, What};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Back, Kind, NewOrder, Order, Post, Side, Tif, Why};
use crate::refusal::Refusal;
use crate::symbol::{SCALE, Symbol};
use crate::venue::trigger::{By, Fate, When};
use crate::venue::{Trigger, Venue};

/// Tag of an order that closes the whole position.
const CLOSES: &str = "close";
/// Least and largest callback of a trailing stop, as a share in 1e-8.
const CALLBACK: [i64; 2] = [SCALE / 1000, SCALE / 10];

/// `POST algoOrder`.
pub(crate) fn place(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    if params.need("algoType")? != "CONDITIONAL" {
        return Err(invalid("algoType"));
    }
    let id = symbol(floor, params)?;
    let side = intake::side(params)?;
    let word = params.need("type")?;
    let limit = matches!(word, "STOP" | "TAKE_PROFIT");
    let spec = floor.venue.listing(id).symbol.clone();
    let when = when(params, &spec, word, side)?;
    let by = match params.get("workingType") {
        None | Some("CONTRACT_PRICE") => By::Last,
        Some("MARK_PRICE") => By::Mark,
        Some(_) => return Err(invalid("workingType")),
    };
    let leg = intake::leg(params)?;
    let hedge = floor.venue.account(account).settings.hedge;
    let closes = intake::flag(params, "closePosition")?;
    if closes || hedge {
        params.forbid("reduceOnly")?;
    }
    let kind = if limit { Kind::Limit } else { Kind::Market };
    let qty = if closes {
        params.forbid("quantity")?;
        spec.market_qty_max / spec.lot
    } else {
        intake::quantity(floor, params, id, kind)?
    };
    let price =
        if limit { spec.ticks(number("price", params.need("price")?)?).map_err(told)? } else { 0 };
    let (tif, post) = match params.get("timeInForce") {
        None => (Tif::Gtc, Post::No),
        // What would take when it fires is accepted, and ends at once.
        Some("GTX") => (Tif::Gtc, Post::Cancel),
        Some(text) => {
            let tif = words::read_tif(text);
            (tif.ok_or_else(|| Denial::new(-1115, "Invalid timeInForce."))?, Post::No)
        }
    };
    let order = NewOrder {
        symbol: id,
        side,
        kind,
        tif,
        post,
        stp: intake::stp(params, crate::order::Stp::ExpireMaker)?,
        leg,
        reduce: intake::flag(params, "reduceOnly")? || (closes && !hedge),
        price,
        qty,
        client: intake::client_id(floor, params, "clientAlgoId")?,
        tag: if closes { CLOSES.into() } else { String::new() },
        ..NewOrder::default()
    };
    let placed = floor.venue.wait(account, (when, by), order, None, now_ms);
    let trigger = placed.map_err(|refusal| match refusal {
        Refusal::OpenOrders => Denial::new(-4045, "Reach max stop order limit."),
        other => told(other),
    })?;
    Ok(json(&floor.venue, &trigger))
}

/// When it fires.
fn when(params: &Params, spec: &Symbol, word: &str, side: Side) -> Result<When, Denial> {
    let ticks = |name: &str| -> Result<i64, Denial> {
        spec.ticks(number(name, params.need(name)?)?).map_err(told)
    };
    let up = match word {
        "TRAILING_STOP_MARKET" => {
            let share = number("callbackRate", params.need("callbackRate")?)? / 100;
            if !(CALLBACK[0]..=CALLBACK[1]).contains(&share) {
                return Err(Denial::new(-2007, "Invalid callBack rate."));
            }
            let from = params.get("activatePrice").map(|_| ticks("activatePrice")).transpose()?;
            return Ok(When::Trailing { back: Back::Share(share), from, best: None });
        }
        "STOP" | "STOP_MARKET" => side == Side::Buy,
        "TAKE_PROFIT" | "TAKE_PROFIT_MARKET" => side == Side::Sell,
        _ => return Err(Denial::new(-1116, "Invalid orderType.")),
    };
    let price = ticks("triggerPrice")?;
    Ok(if up { When::Above(price) } else { When::Below(price) })
}

/// The order's type, which its trigger and its side make.
fn kind(one: &Trigger) -> &'static str {
    let stops = match one.when {
        When::Trailing { .. } => return "TRAILING_STOP_MARKET",
        When::Above(_) => one.order.side == Side::Buy,
        When::Below(_) => one.order.side == Side::Sell,
    };
    match (stops, one.order.kind) {
        (true, Kind::Limit) => "STOP",
        (true, Kind::Market) => "STOP_MARKET",
        (false, Kind::Limit) => "TAKE_PROFIT",
        (false, Kind::Market) => "TAKE_PROFIT_MARKET",
    }
}

/// The order that an algo order became.
fn became<'a>(venue: &'a Venue, one: &Trigger) -> Option<&'a Order> {
    if let Fate::Fired(id) = one.fate { venue.orders.get(&id) } else { None }
}

/// The algo order that an order was, where this change ended it after it was placed. One that ended
/// at once is told by its trigger.
pub(crate) fn finished<'a>(venue: &'a Venue, change: &Execution) -> Option<&'a Trigger> {
    let order = &change.order;
    if order.status.is_open() {
        return None;
    }
    let rested = match &change.what {
        What::Trade(fill) => fill.maker,
        What::Cancelled { .. } => true,
        _ => false,
    };
    let found = venue.triggers.values().rev().find(|one| one.fate == Fate::Fired(order.id));
    found.filter(|one| rested || one.updated_ms < order.updated_ms)
}

fn status(venue: &Venue, one: &Trigger) -> &'static str {
    match one.fate {
        Fate::Waiting => "NEW",
        Fate::Fired(_) if became(venue, one).is_some_and(|order| order.status.is_open()) => {
            "TRIGGERED"
        }
        Fate::Fired(_) => "FINISHED",
        Fate::Failed(_) => "REJECTED",
        Fate::Cancelled(_) => "CANCELED",
    }
}

fn working(by: By) -> &'static str {
    if by == By::Mark { "MARK_PRICE" } else { "CONTRACT_PRICE" }
}

fn tif(order: &NewOrder) -> &'static str {
    if order.post == Post::No { words::tif(order.tif) } else { "GTX" }
}

/// Trigger price, activation price and callback in percent, each zero where there is none.
fn prices(one: &Trigger, spec: &Symbol) -> (i64, i64, i64) {
    match one.when {
        When::Above(ticks) | When::Below(ticks) => (ticks * spec.tick, 0, 0),
        When::Trailing { back, from, .. } => {
            let share = if let Back::Share(share) = back { share * 100 } else { 0 };
            (0, from.unwrap_or(0) * spec.tick, share)
        }
    }
}

/// An algo order as answers tell it.
fn json(venue: &Venue, one: &Trigger) -> String {
    let order = &one.order;
    let spec = &venue.listing(order.symbol).symbol;
    let [price, qty] = places(spec);
    let (trigger, activate, callback) = prices(one, spec);
    let closes = order.tag == CLOSES;
    let fired = if let Fate::Fired(id) = one.fate { id.to_string() } else { String::new() };
    Object::new()
        .put("algoId", one.id)
        .put("clientAlgoId", &order.client)
        .put("algoType", "CONDITIONAL")
        .put("orderType", kind(one))
        .put("symbol", &spec.name)
        .put("side", words::side(order.side))
        .put("positionSide", tell::leg(order.leg))
        .put("timeInForce", tif(order))
        .fixed("quantity", if closes { 0 } else { order.qty * spec.lot }, qty)
        .put("algoStatus", status(venue, one))
        .put("actualOrderId", &fired)
        .fixed("triggerPrice", trigger, price)
        .fixed("price", order.price * spec.tick, price)
        .put("icebergQuantity", None::<u8>)
        .put("selfTradePreventionMode", words::stp(order.stp))
        .put("workingType", working(one.by))
        .put("priceMatch", "NONE")
        .put("closePosition", closes)
        .put("priceProtect", false)
        .put("reduceOnly", order.reduce && !closes)
        .fixed("activatePrice", activate, price)
        .fixed("callbackRate", callback, 1)
        .put("createTime", one.created_ms)
        .put("updateTime", one.updated_ms)
        .put("triggerTime", if fired.is_empty() { 0 } else { one.updated_ms })
        .put("goodTillDate", 0)
        .end()
}

/// `o` of an `ALGO_UPDATE`.
pub(crate) fn event(venue: &Venue, one: &Trigger) -> String {
    let order = &one.order;
    let spec = &venue.listing(order.symbol).symbol;
    let [price, qty] = places(spec);
    let (trigger, activate, callback) = prices(one, spec);
    let closes = order.tag == CLOSES;
    let fired = if let Fate::Fired(id) = one.fate { id.to_string() } else { String::new() };
    let order_now = became(venue, one);
    let filled = order_now.map_or(0, |order| order.filled * spec.lot);
    let average = order_now.map_or(0, |order| tell::average(spec, order));
    let actual = match order_now.map(|order| order.kind) {
        None => "0",
        Some(Kind::Limit) => "LIMIT",
        Some(Kind::Market) => "MARKET",
    };
    let reason = match one.fate {
        Fate::Failed(refusal) => told(refusal).msg,
        _ => String::new(),
    };
    Object::new()
        .put("caid", &order.client)
        .put("aid", one.id)
        .put("at", "CONDITIONAL")
        .put("o", kind(one))
        .put("s", &spec.name)
        .put("S", words::side(order.side))
        .put("ps", tell::leg(order.leg))
        .put("f", tif(order))
        .fixed("q", if closes { 0 } else { order.qty * spec.lot }, qty)
        .put("X", status(venue, one))
        .put("ai", &fired)
        .fixed("ap", average, price)
        .fixed("aq", filled, qty)
        .put("act", actual)
        .fixed("AP", activate, price)
        .fixed("cr", callback, 1)
        .fixed("tp", trigger, price)
        .fixed("p", order.price * spec.tick, price)
        .put("V", words::stp(order.stp))
        .put("wt", working(one.by))
        .put("pm", "NONE")
        .put("cp", closes)
        .put("pP", false)
        .put("R", order.reduce && !closes)
        .put("tt", if fired.is_empty() { 0 } else { one.updated_ms })
        .put("gtd", 0)
        .put("rm", reason)
        .end()
}

/// The algo order that a request names.
fn named<'a>(
    floor: &'a Floor,
    params: &Params,
    account: AccountId,
) -> Result<Option<&'a Trigger>, Denial> {
    let (id, client) = (params.integer("algoId")?, params.get("clientAlgoId"));
    let mut all = floor.venue.triggers.values().rev().filter(|one| one.account == account);
    match (id, client) {
        (Some(id), _) => Ok(all.find(|one| one.id == id)),
        (None, Some(client)) => Ok(all.find(|one| one.order.client == client)),
        (None, None) => Err(Denial::new(
            -1102,
            "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!",
        )),
    }
}

/// `DELETE algoOrder`.
pub(crate) fn cancel(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let unknown = || told(Refusal::UnknownOrder);
    let id = named(floor, params, account)?.ok_or_else(unknown)?.id;
    let one = floor.venue.cancel_trigger(id, Why::User, now_ms).ok_or_else(unknown)?;
    let out = Object::new().put("algoId", id).put("clientAlgoId", &one.order.client);
    Ok(out.put("code", "200").put("msg", "success").end())
}

/// `DELETE algoOpenOrders`.
pub(crate) fn cancel_all(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let all = floor.venue.waiting(account).filter(|one| one.order.symbol == symbol);
    let ids: Vec<u64> = all.map(|one| one.id).collect();
    for id in ids {
        floor.venue.cancel_trigger(id, Why::UserAll, now_ms);
    }
    Ok(super::trading::all_gone())
}

/// `GET algoOrder`.
pub(crate) fn one(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let one = named(floor, params, account)?.ok_or_else(no_order)?;
    Ok(json(&floor.venue, one))
}

/// `GET openAlgoOrders`, or `GET allAlgoOrders`: the newest.
pub(crate) fn list(
    floor: &Floor,
    params: &Params,
    account: AccountId,
    open: bool,
) -> Result<String, Denial> {
    let symbol = params.get("symbol").map(|_| symbol(floor, params)).transpose()?;
    let limit = limit(params, 500, 1000)?;
    let fits = |one: &&Trigger| {
        one.account == account
            && (!open || one.fate == Fate::Waiting)
            && symbol.is_none_or(|symbol| one.order.symbol == symbol)
    };
    let all: Vec<&Trigger> = floor.venue.triggers.values().filter(fits).collect();
    let newest = all.iter().skip(all.len().saturating_sub(limit));
    Ok(array(newest.map(|one| json(&floor.venue, one))))
}
