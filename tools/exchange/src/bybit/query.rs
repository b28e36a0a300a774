//! What became of orders: open ones, ended ones, executions; newest first and in pages.

use super::denial::Denial;
use super::orders::{chosen, need_scope};
use super::params::Params;
use super::{conditional, fills, ids, sheet, tell, words};
use crate::floor::Floor;
use crate::json::array;
use crate::order::{AccountId, Order};
use crate::symbol::Product;
use crate::venue::trigger::Fate;

/// Longest span of a query by time.
const SPAN_MS: u64 = 7 * 86_400_000;

/// The number and the client id that a query asks for; an id that is none of ours finds nothing.
fn named(params: &Params, product: Product) -> Result<(Option<u64>, Option<&str>), Denial> {
    let number = params.get("orderId").map(|text| ids::read_order(product, text).unwrap_or(0));
    Ok((number, params.get("orderLinkId").filter(|_| number.is_none())))
}

/// Rows with their numbers, newest first: those of orders and those of conditional orders that fit.
fn rows(
    floor: &Floor,
    params: &Params,
    account: AccountId,
    fits: impl Fn(&Order) -> bool,
    waiting: impl Fn(Fate) -> bool,
) -> Result<Vec<(u64, String)>, Denial> {
    let product = params.category()?;
    let chosen = chosen(floor, params, product)?;
    let (number, client) = named(params, product)?;
    let filter = params.get("orderFilter");
    let triggers = !matches!(filter, Some("Order" | "tpslOrder"));
    let before = params.integer("cursor")?.unwrap_or(u64::MAX);
    let most = params.limit(20, 50)? + 1;
    let venue = &floor.venue;
    let is_named = |found: u64, name: &str| {
        number.is_none_or(|number| number == found) && client.is_none_or(|client| client == name)
    };
    let own = |order: &&Order| {
        order.account == account
            && chosen(order.symbol)
            && ids::number(order) < before
            && is_named(ids::number(order), &order.client)
            && conditional::is_of(order, filter)
            && fits(order)
    };
    let all = venue.orders.values().rev().filter(own).take(most);
    let mut out: Vec<(u64, String)> =
        all.map(|order| (ids::number(order), sheet::order(venue, order))).collect();
    if triggers {
        let all = venue.triggers.values().rev().filter(|one| {
            one.account == account
                && chosen(one.order.symbol)
                && one.id < before
                && is_named(one.id, &one.order.client)
                && waiting(one.fate)
        });
        out.extend(all.take(most).map(|one| (one.id, sheet::trigger(venue, one))));
    }
    out.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    Ok(out)
}

/// Cuts rows to a page; the cursor is the last row's number.
fn page(params: &Params, rows: Vec<(u64, String)>) -> Result<String, Denial> {
    let limit = params.limit(20, 50)?;
    let cursor = match rows.get(limit) {
        Some(_) => rows.get(limit - 1).map(|(number, _)| number.to_string()),
        None => None,
    };
    let list = array(rows.into_iter().take(limit).map(|(_, json)| json));
    let product = params.category()?;
    Ok(tell::page(words::category(product), &list, &cursor.unwrap_or_default()))
}

/// `GET /v5/order/realtime`: what stands; with an id (or `openOnly=1`) also what has just ended.
pub(crate) fn realtime(
    floor: &Floor,
    params: &Params,
    account: AccountId,
) -> Result<String, Denial> {
    let one = params.get("orderId").is_some() || params.get("orderLinkId").is_some();
    if !one {
        need_scope(params, params.category()?)?;
    }
    let closed = params.get("openOnly") == Some("1");
    let fits = |order: &Order| one || order.status.is_open() != closed;
    let waits = |fate: Fate| match fate {
        Fate::Waiting => one || !closed,
        Fate::Fired(_) => false,
        Fate::Failed(_) | Fate::Cancelled(_) => one || closed,
    };
    page(params, rows(floor, params, account, fits, waits)?)
}

/// Times between which a query looks.
fn span(params: &Params) -> Result<(u64, u64), Denial> {
    let (since, until) = (params.integer("startTime")?, params.integer("endTime")?);
    match (since, until) {
        (Some(since), Some(until)) if until.saturating_sub(since) > SPAN_MS => {
            Err(Denial::params("The time range between startTime and endTime cannot exceed 7 days"))
        }
        (since, until) => Ok((since.unwrap_or(0), until.unwrap_or(u64::MAX))),
    }
}

/// `GET /v5/order/history`: what has ended.
pub(crate) fn history(
    floor: &Floor,
    params: &Params,
    account: AccountId,
) -> Result<String, Denial> {
    let (since, until) = span(params)?;
    let word = params.get("orderStatus");
    let venue = &floor.venue;
    let fits = |order: &Order| {
        let product = venue.listing(order.symbol).symbol.product();
        !order.status.is_open()
            && (since..=until).contains(&order.created_ms)
            && word.is_none_or(|word| words::status(order, product) == word)
    };
    let ended = |fate: Fate| matches!(fate, Fate::Failed(_) | Fate::Cancelled(_));
    let ended = |fate: Fate| word.is_none() && ended(fate);
    page(params, rows(floor, params, account, fits, ended)?)
}

/// Where an execution stands: its time, whether it is a trade, and its place in the account's list.
type Place = (u64, bool, usize);

fn read_place(text: &str) -> Option<Place> {
    let mut parts = text.split('-').map(str::parse::<u64>);
    let (time_ms, trade, index) = (parts.next()?, parts.next()?, parts.next()?);
    Some((time_ms.ok()?, trade.ok()? == 1, index.ok()? as usize))
}

/// `GET /v5/execution/list`: trades and funding payments.
pub(crate) fn executions(
    floor: &Floor,
    params: &Params,
    account: AccountId,
) -> Result<String, Denial> {
    let product = params.category()?;
    let chosen = chosen(floor, params, product)?;
    let (number, client) = named(params, product)?;
    let (since, until) = span(params)?;
    let limit = params.limit(50, 100)?;
    let kind = params.get("execType");
    let venue = &floor.venue;
    let holder = venue.account(account);
    let mut places: Vec<Place> = Vec::new();
    if kind.is_none_or(|kind| kind == "Trade" || kind == "BustTrade") {
        let all = holder.fills.iter().enumerate().filter(|(_, fill)| {
            let order = venue.orders.get(&fill.order).map_or(fill.order, ids::number);
            chosen(fill.symbol)
                && number.is_none_or(|number| number == order)
                && client.is_none_or(|client| client == fill.client)
                && kind.is_none_or(|kind| (kind == "BustTrade") == fill.liquidation)
        });
        places.extend(all.map(|(n, fill)| (fill.time_ms, true, n)));
    }
    if product == Product::Perp
        && number.is_none()
        && client.is_none()
        && kind.is_none_or(|kind| kind == "Funding")
    {
        let all = holder.fundings.iter().enumerate().filter(|(_, one)| chosen(one.symbol));
        places.extend(all.map(|(n, one)| (one.time_ms, false, n)));
    }
    let before = params
        .get("cursor")
        .map(|text| read_place(text).ok_or_else(|| Denial::params("params error: cursor invalid")));
    let before = before.transpose()?;
    places.retain(|place| {
        (since..=until).contains(&place.0) && before.is_none_or(|before| *place < before)
    });
    places.sort_unstable_by(|a, b| b.cmp(a));
    let cursor = match (places.len() > limit, places.get(limit - 1)) {
        (true, Some((time, trade, index))) => format!("{time}-{}-{index}", u8::from(*trade)),
        _ => String::new(),
    };
    let list = array(places.into_iter().take(limit).map(|(_, trade, n)| match trade {
        true => fills::execution(venue, &holder.fills[n]),
        false => fills::funding(venue, &holder.fundings[n]),
    }));
    Ok(tell::page(words::category(product), &list, &cursor))
}
