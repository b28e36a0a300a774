//! Orders: placed, modified, cancelled, one or several at a time, and the countdown.

use super::denial::{invalid, no_id, no_order, out_of_band, told};
use super::intake::{self, Reply};
use super::public::symbol;
use super::tell::{self, Note};
use crate::binance::denial::Denial;
use crate::binance::params::{Params, number};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Amend, Kind, Order, Post, Status, Stp, Tif, Why};
use crate::refusal::Refusal;
use crate::venue::Scope;
use serde_json::value::RawValue;

/// Orders of one batch that places or modifies, and of one that cancels.
const BATCH_MAX: usize = 5;
const CANCELS_MAX: usize = 10;

/// An order's state.
pub(crate) fn tell_order(floor: &Floor, order: &Order) -> String {
    tell::order(&floor.venue.listing(order.symbol).symbol, order)
}

/// `POST order`.
pub(crate) fn place(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    stp: Stp,
    now_ms: u64,
) -> Result<String, Denial> {
    let (new, reply) = intake::order(floor, params, account, stp, now_ms)?;
    if let Some(code) = floor.pending.reject.take() {
        return Err(rejection(code));
    }
    let ends = new.kind == Kind::Market || new.tif != Tif::Gtc;
    let (symbol, qty, price) = (new.symbol, new.qty, new.price);
    let placed = floor.venue.place(account, new, now_ms).map_err(|refusal| match refusal {
        Refusal::PriceBand => {
            let listing = floor.venue.listing(symbol);
            out_of_band(&listing.symbol, price, listing.last)
        }
        other => told(other),
    })?;
    if reply == Reply::Result && ends {
        return Ok(tell_order(floor, &placed.order));
    }
    // Otherwise the answer is from before the order met the book.
    let mut order = placed.order;
    (order.status, order.why) = (Status::New, None);
    (order.filled, order.quote_filled, order.prevented) = (0, 0, 0);
    order.qty = order.qty.min(qty);
    Ok(tell_order(floor, &order))
}

/// `POST order/test`.
pub(crate) fn test(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let (new, _) = intake::order(floor, params, account, Stp::ExpireMaker, now_ms)?;
    floor.venue.check(account, &new).map_err(told)?;
    Ok("{}".into())
}

/// The refusal that a fault asked for.
fn rejection(code: Option<i32>) -> Denial {
    match code.unwrap_or(-2019) {
        code @ -1008 => Denial::with_status(
            503,
            code,
            "Server is currently overloaded with other requests. Please try again in a few \
             minutes.",
        ),
        -2019 => told(Refusal::Margin),
        -5022 => told(Refusal::WouldTake),
        code => Denial::new(code, "Refused on demand."),
    }
}

/// The open order that a request names.
fn named(floor: &Floor, params: &Params, account: AccountId) -> Result<Option<u64>, Denial> {
    let symbol = symbol(floor, params)?;
    let (id, client) = (params.integer("orderId")?, params.get("origClientOrderId"));
    if id.is_none() && client.is_none() {
        return Err(no_id());
    }
    // Where both are sent, the order id decides.
    let client = if id.is_some() { None } else { client };
    Ok(floor.venue.find_open(account, symbol, id, client))
}

/// `DELETE order`.
pub(crate) fn cancel(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let unknown = || told(Refusal::UnknownOrder);
    let found = named(floor, params, account)?.ok_or_else(unknown)?;
    let order = floor.venue.cancel(found, Why::User, "", now_ms).ok_or_else(unknown)?;
    Ok(tell_order(floor, &order))
}

/// `PUT order`: another price and quantity; the order goes to the end of its queue.
pub(crate) fn modify(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let found = named(floor, params, account)?;
    let side = params.need("side")?;
    let id = symbol(floor, params)?;
    let qty = intake::quantity(floor, params, id, Kind::Limit)?;
    let order = found.and_then(|id| floor.venue.orders.get(&id)).ok_or_else(no_order)?;
    if crate::binance::words::side(order.side) != side {
        return Err(invalid("side"));
    }
    if order.kind != Kind::Limit {
        return Err(Denial::new(-5025, "Only limit order is supported."));
    }
    let (order_id, filled, post) = (order.id, order.filled, order.post);
    let price = match params.get("priceMatch").filter(|text| *text != "NONE") {
        Some(matched) => intake::match_price(floor, id, order.side, matched)?,
        None => {
            let price = number("price", params.need("price")?)?;
            floor.venue.listing(id).symbol.ticks(price).map_err(told)?
        }
    };
    if let Some(code) = floor.pending.reject.take() {
        return Err(rejection(code));
    }
    if filled > 0 && qty <= filled {
        return cancelled(floor, order_id, now_ms);
    }
    let to = Amend { qty: Some(qty), price: Some(price), requeue: true, ..Amend::default() };
    match floor.venue.amend(order_id, &to, now_ms) {
        Ok(_) => {
            let order = floor.venue.orders.get(&order_id).ok_or_else(no_order)?;
            Ok(tell_order(floor, order))
        }
        // A post-only order that would take has to go.
        Err(Refusal::WouldTake) if post != Post::No => cancelled(floor, order_id, now_ms),
        Err(refusal) => Err(told(refusal)),
    }
}

fn cancelled(floor: &mut Floor, id: u64, now_ms: u64) -> Result<String, Denial> {
    let order = floor.venue.cancel(id, Why::User, "", now_ms).ok_or_else(no_order)?;
    Ok(tell_order(floor, &order))
}

/// `DELETE allOpenOrders`.
pub(crate) fn cancel_all(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    floor.venue.cancel_all(account, |order| order.symbol == symbol, Why::UserAll, now_ms);
    Ok(all_gone())
}

/// The answer to a cancel of all.
pub(crate) fn all_gone() -> String {
    let msg = "The operation of cancel all open order is done.";
    Object::new().put("code", 200).put("msg", msg).end()
}

/// `POST countdownCancelAll`: a symbol's orders go unless this is sent again in time; zero stops
/// it.
pub(crate) fn countdown(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    params.need("countdownTime")?;
    let span_ms = params.integer("countdownTime")?.unwrap_or(0);
    let scope = Scope { account, symbol: Some(symbol), tag: String::new() };
    let deadline_ms = (span_ms > 0).then(|| now_ms.saturating_add(span_ms));
    if !floor.venue.countdown(scope, deadline_ms) {
        return Err(Denial::new(-1000, "Too many countdowns are running."));
    }
    let name = &floor.venue.listing(symbol).symbol.name;
    Ok(Object::new().put("symbol", name).put("countdownTime", span_ms.to_string()).end())
}

/// What is done to each order of a batch.
type Deed = fn(&mut Floor, &Params, AccountId, u64) -> Result<String, Denial>;

/// `POST batchOrders`: each order by itself; without a word on it, nothing prevents self-trades.
pub(crate) fn place_all(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let one: Deed =
        |floor, params, account, now_ms| place(floor, params, account, Stp::None, now_ms);
    batch(floor, params, account, now_ms, one)
}

/// `PUT batchOrders`.
pub(crate) fn modify_all(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    batch(floor, params, account, now_ms, modify)
}

fn batch(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
    deed: Deed,
) -> Result<String, Denial> {
    let list: Vec<&RawValue> =
        serde_json::from_str(params.need("batchOrders")?).map_err(|_| invalid("batchOrders"))?;
    if list.is_empty() || list.len() > BATCH_MAX {
        let msg = format!("Invalid batch place order count {}.", list.len());
        return Err(Denial::new(-4082, msg));
    }
    let mut all = Vec::with_capacity(list.len());
    for item in list {
        let result = Params::from_json(Some(item));
        let result = result.and_then(|params| deed(floor, &params, account, now_ms));
        all.push(result.unwrap_or_else(|denial| denial.json()));
    }
    Ok(array(all))
}

/// `DELETE batchOrders`: several cancels, by order ids or by client ids.
pub(crate) fn cancel_several(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    // The parameter's name is matched without its case, as the venue does.
    let ids = params.get("orderIdList").or_else(|| params.get("orderidlist"));
    let clients = params.get("origClientOrderIdList");
    let clients = clients.or_else(|| params.get("origclientorderidlist"));
    let found: Vec<Option<u64>> = match (ids, clients) {
        (Some(text), _) => {
            let list: Vec<u64> = serde_json::from_str(text).map_err(|_| invalid("orderIdList"))?;
            let find = |id| floor.venue.find_open(account, symbol, Some(id), None);
            list.into_iter().map(find).collect()
        }
        (None, Some(text)) => {
            let list: Vec<String> =
                serde_json::from_str(text).map_err(|_| invalid("origClientOrderIdList"))?;
            let find = |client: &String| {
                floor.venue.find_open(account, symbol, None, Some(client.as_str()))
            };
            list.iter().map(find).collect()
        }
        (None, None) => return Err(no_id()),
    };
    if found.is_empty() || found.len() > CANCELS_MAX {
        let msg = format!("Invalid number of orders to cancel: {}.", found.len());
        return Err(Denial::new(-4083, msg));
    }
    let mut all = Vec::with_capacity(found.len());
    for id in found {
        let order = id.and_then(|id| floor.venue.cancel(id, Why::User, "", now_ms));
        all.push(match order {
            Some(order) => tell_order(floor, &order),
            None => told(Refusal::UnknownOrder).json(),
        });
    }
    Ok(array(all))
}

/// Cancels the GTD orders whose time is over; the next transaction tells of it.
pub(crate) fn expire(floor: &mut Floor, now_ms: u64) {
    let over = |order: &Order| {
        let till = Note::read(&order.note).good_till_ms;
        till != 0 && till <= now_ms
    };
    let accounts = floor.venue.accounts.iter();
    let open = accounts.flat_map(|account| account.open.iter().copied());
    let ids: Vec<u64> = open.filter(|id| floor.venue.orders.get(id).is_some_and(over)).collect();
    for id in ids {
        floor.venue.cancel(id, Why::Countdown, "", now_ms);
    }
}
