//! Lists of orders: `orderList.place.oco` and `.otoco`, their cancel and queries, and `listStatus`.
//!
//! A leg's words are a single order's with a prefix (`abovePrice`, `workingTimeInForce`): they are
//! read as one, and what is refused is named as it was sent.

use super::call::Call;
use super::intake::{Reply, client_id, either, new_order};
use super::public::symbol;
use super::trading::{cancelled_json, placed_json, rejection};
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::query::limit;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, NewOrder, Order, Why};
use crate::venue::list::NewList;
use crate::venue::{OrderList, Venue};

/// The words of a leg, as a single order has them, and what each ends with on the wire.
const WORDS: [(&str, &str); 8] = [
    ("type", "Type"),
    ("newClientOrderId", "ClientOrderId"),
    ("price", "Price"),
    ("stopPrice", "StopPrice"),
    ("trailingDelta", "TrailingDelta"),
    ("timeInForce", "TimeInForce"),
    ("icebergQty", "IcebergQty"),
    ("pegPriceType", "PegPriceType"),
];

/// `orderListId`: −1 where an order belongs to no list.
pub(crate) fn list_id(order: &Order) -> i64 {
    order.list.map_or(-1, |id| id as i64)
}

/// Reads a leg: `prefix` stands before its own words, `shared` before side and quantity.
fn leg(
    floor: &mut Floor,
    params: &Params,
    prefix: &str,
    (side, quantity): (&str, &str),
) -> Result<NewOrder, Denial> {
    let mut names: Vec<(&str, String)> =
        WORDS.iter().map(|(own, end)| (*own, format!("{prefix}{end}"))).collect();
    names.push(("side", side.into()));
    names.push(("quantity", quantity.into()));
    names.push(("symbol", "symbol".into()));
    names.push(("selfTradePreventionMode", "selfTradePreventionMode".into()));
    let words = names.iter().filter_map(|(own, sent)| Some((*own, params.get(sent)?)));
    let read = new_order(floor, &Params::of(words));
    read.map(|(order, _)| order).map_err(|mut denial| {
        let msg = std::mem::take(&mut denial.msg);
        let renamed = names.iter().filter(|(own, sent)| own != sent);
        let found = renamed.into_iter().find(|(own, _)| msg.contains(&format!("'{own}'")));
        denial.msg = match found {
            // Two names where either would do.
            Some(("stopPrice", _)) => msg
                .replace("'stopPrice'", &format!("'{prefix}StopPrice'"))
                .replace("'trailingDelta'", &format!("'{prefix}TrailingDelta'")),
            Some((own, sent)) => msg.replace(&format!("'{own}'"), &format!("'{sent}'")),
            None => msg,
        };
        denial
    })
}

/// The types that a pair may have, above and below.
fn check_types(params: &Params, names: [&str; 2], is_buy: bool) -> Result<(), Denial> {
    let [above, below] = [params.need(names[0])?, params.need(names[1])?];
    let is_loss = |word: &str| word.starts_with("STOP_LOSS");
    let is_profit = |word: &str| word.starts_with("TAKE_PROFIT");
    let is_limit = |word: &str| word == "LIMIT_MAKER";
    let known = |word: &&str| is_loss(word) || is_profit(word) || is_limit(word);
    if ![above, below].iter().all(known) {
        return Err(Denial::new(-1158, "Order type not supported in OCO."));
    }
    let faults = [
        (is_limit(above) && is_limit(below), -1168, "At least one OCO order must be contingent."),
        (is_buy && is_limit(above), -1165, "A limit order in a buy OCO must be below."),
        (!is_buy && is_limit(below), -1166, "A limit order in a sell OCO must be above."),
        (is_buy && is_loss(below), -1196, "A stop loss order in a buy OCO must be above."),
        (!is_buy && is_loss(above), -1197, "A stop loss order in a sell OCO must be below."),
        (is_buy && is_profit(above), -1198, "A take profit order in a buy OCO must be below."),
        (!is_buy && is_profit(below), -1199, "A take profit order in a sell OCO must be above."),
    ];
    match faults.into_iter().find(|(fault, ..)| *fault) {
        Some((_, code, msg)) => Err(Denial::new(code, msg)),
        None => Ok(()),
    }
}

/// Places a list.
pub(crate) fn place(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    symbol(floor, params)?;
    let pending = call == Call::Otoco;
    let (shared, names, prefixes) = match pending {
        false => (("side", "quantity"), ["aboveType", "belowType"], ["above", "below"]),
        true => (
            ("pendingSide", "pendingQuantity"),
            ["pendingAboveType", "pendingBelowType"],
            ["pendingAbove", "pendingBelow"],
        ),
    };
    check_types(params, names, params.need(shared.0)? == "BUY")?;
    let working = if pending {
        if !matches!(params.need("workingType")?, "LIMIT" | "LIMIT_MAKER") {
            return Err(Denial::new(-1116, "Invalid orderType."));
        }
        Some(leg(floor, params, "working", ("workingSide", "workingQuantity"))?)
    } else {
        None
    };
    let above = leg(floor, params, prefixes[0], shared)?;
    let below = leg(floor, params, prefixes[1], shared)?;
    let reply = match params.get("newOrderRespType") {
        Some("ACK") => Reply::Ack,
        Some("FULL") => Reply::Full,
        _ => Reply::Result,
    };
    let client = client_id(floor, params, "listClientOrderId")?;
    if let Some(code) = floor.pending.reject.take() {
        return Err(rejection(code));
    }
    let new = NewList { client, working, pair: [above, below] };
    let (list, placed) = floor.venue.place_list(account, new, now_ms)?;
    let reports = placed.iter().map(|one| placed_json(floor, one, reply));
    Ok(head(&floor.venue, &list).raw("orderReports", &array(reports)).end())
}

/// `listStatusType` and `listOrderStatus`.
fn statuses(list: &OrderList) -> (&'static str, &'static str) {
    if list.done { ("ALL_DONE", "ALL_DONE") } else { ("EXEC_STARTED", "EXECUTING") }
}

fn contingency(list: &OrderList) -> &'static str {
    if list.working.is_some() { "OTO" } else { "OCO" }
}

/// What every telling of a list begins with.
fn head(venue: &Venue, list: &OrderList) -> Object {
    let name = &venue.listing(list.symbol).symbol.name;
    let orders = list.orders().filter_map(|id| venue.orders.get(&id)).map(|order| {
        let out = Object::new().put("symbol", name).put("orderId", order.id);
        out.put("clientOrderId", &order.client).end()
    });
    let (kind, status) = statuses(list);
    Object::new()
        .put("orderListId", list.id)
        .put("contingencyType", contingency(list))
        .put("listStatusType", kind)
        .put("listOrderStatus", status)
        .put("listClientOrderId", &list.client)
        .put("transactionTime", list.updated_ms)
        .put("symbol", name)
        .raw("orders", &array(orders))
}

/// One `listStatus`.
pub(crate) fn event(venue: &Venue, list: &OrderList, now_ms: u64) -> String {
    let name = &venue.listing(list.symbol).symbol.name;
    let orders = list.orders().filter_map(|id| venue.orders.get(&id));
    let orders = orders
        .map(|order| Object::new().put("s", name).put("i", order.id).put("c", &order.client).end());
    let (kind, status) = statuses(list);
    Object::new()
        .put("e", "listStatus")
        .put("E", now_ms)
        .put("s", name)
        .put("g", list.id)
        .put("c", contingency(list))
        .put("l", kind)
        .put("L", status)
        .put("r", "NONE")
        .put("C", &list.client)
        .put("T", list.updated_ms)
        .raw("O", &array(orders))
        .end()
}

/// Cancels a list; `client` is the cancel's own id. Every order that it ended is told.
pub(crate) fn cancel(
    floor: &mut Floor,
    id: u64,
    (why, client): (Why, &str),
    now_ms: u64,
) -> Result<String, Denial> {
    let unknown = || Denial::new(-2011, "Unknown order sent.");
    let open = floor.venue.lists.get(&id).ok_or_else(unknown)?;
    let open = open.orders().filter_map(|one| floor.venue.orders.get(&one));
    let open: Vec<u64> = open.filter(|one| one.status.is_open()).map(|one| one.id).collect();
    let list = floor.venue.cancel_list(id, why, client, now_ms).ok_or_else(unknown)?;
    let reports = open.iter().filter_map(|one| floor.venue.orders.get(one));
    let reports = reports.map(|order| cancelled_json(floor, order, client));
    Ok(head(&floor.venue, &list).raw("orderReports", &array(reports)).end())
}

/// The list that a request names by its id or by its client's name for it.
fn named(
    floor: &Floor,
    account: AccountId,
    params: &Params,
    client_name: &str,
) -> Result<Option<OrderList>, Denial> {
    let (id, client) = (params.integer("orderListId")?, params.get(client_name));
    if id.is_none() && client.is_none() {
        return Err(either(client_name, "orderListId"));
    }
    let fits = |list: &&OrderList| {
        list.account == account
            && id.is_none_or(|id| list.id == id)
            && client.is_none_or(|client| list.client == client)
    };
    Ok(floor.venue.lists.values().rev().find(fits).cloned())
}

pub(crate) fn cancel_named(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let found = named(floor, account, params, "listClientOrderId")?;
    let found = found.filter(|list| list.symbol == symbol && !list.done);
    let found = found.ok_or_else(|| Denial::new(-2011, "Unknown order list sent."))?;
    let client = client_id(floor, params, "newClientOrderId")?;
    cancel(floor, found.id, (Why::User, &client), now_ms)
}

pub(crate) fn status(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let found = named(floor, account, params, "origClientOrderId")?;
    let found = found.ok_or_else(|| Denial::new(-2018, "Order list does not exist."))?;
    Ok(head(&floor.venue, &found).end())
}

pub(crate) fn open(floor: &Floor, account: AccountId) -> String {
    array(floor.venue.open_lists(account).map(|list| head(&floor.venue, list).end()))
}

pub(crate) fn all(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let limit = limit(params, 500, 1000)?;
    let from = params.integer("fromId")?;
    let since = params.integer("startTime")?.unwrap_or(0);
    let until = params.integer("endTime")?.unwrap_or(u64::MAX);
    let fits = |list: &&OrderList| {
        list.account == account
            && from.is_none_or(|from| list.id >= from)
            && (since..=until).contains(&list.updated_ms)
    };
    let all: Vec<&OrderList> = floor.venue.lists.values().filter(fits).collect();
    let skip = if from.is_some() { 0 } else { all.len().saturating_sub(limit) };
    let told = all.into_iter().skip(skip).take(limit);
    Ok(array(told.map(|list| head(&floor.venue, list).end())))
}
