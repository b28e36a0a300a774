//! Answers that need an account: orders, cancels, amends, and what the account holds.

use super::call::Call;
use super::intake::{Reply, client_id, either, needed, new_order, trailing_delta};
use super::lists::{self, list_id};
use super::public::symbol;
use crate::account::Fees;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::query::limit;
use crate::binance::words;
use crate::binance::{entry, usage};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Amend, Fill, Kind, Order, Why};
use crate::refusal::Refusal;
use crate::symbol::Product;
use crate::venue::Placed;

/// Answers a signed call; the caller has checked key, signature, time and limits.
pub(crate) fn answer(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    match call {
        Call::Place => place(floor, params, account, now_ms),
        Call::Test => test(floor, params, account, now_ms),
        Call::Oco | Call::Otoco => lists::place(floor, call, params, account, now_ms),
        Call::CancelList => lists::cancel_named(floor, params, account, now_ms),
        Call::ListStatus => lists::status(floor, params, account),
        Call::OpenLists => Ok(lists::open(floor, account)),
        Call::AllLists => lists::all(floor, params, account),
        Call::Cancel => cancel(floor, params, account, now_ms),
        Call::CancelReplace => super::replace::cancel_replace(floor, params, account, now_ms),
        Call::Amend => amend(floor, params, account, now_ms),
        Call::CancelAll => cancel_all(floor, params, account, now_ms),
        Call::Status => status(floor, params, account),
        Call::OpenOrders => open_orders(floor, params, account),
        Call::AllOrders => all_orders(floor, params, account),
        Call::Account => Ok(account_json(floor, params, account)),
        Call::Commission => commission(floor, params, account),
        Call::MyTrades => my_trades(floor, params, account),
        Call::OrderLimits => Ok(array(usage::orders::<Call>(&mut floor.limits, account, now_ms))),
        _ => Err(Denial::new(-1000, "An unknown error occurred while processing the request.")),
    }
}

fn place(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let (new, reply) = new_order(floor, params)?;
    if let Some(code) = floor.pending.reject.take() {
        return Err(rejection(code));
    }
    let placed = floor.venue.place(account, new, now_ms)?;
    Ok(placed_json(floor, &placed, reply))
}

/// The refusal that a fault asked for.
pub(crate) fn rejection(code: Option<i32>) -> Denial {
    match code.unwrap_or(-1013) {
        -1013 => Denial::filter("PERCENT_PRICE_BY_SIDE"),
        code @ -1008 => Denial::with_status(
            503,
            code,
            "Server is currently overloaded with other requests. Please try again in a few \
             minutes.",
        ),
        -2010 => Denial::insufficient(),
        code => Denial::new(code, "Refused on demand."),
    }
}

fn test(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let (new, _) = new_order(floor, params)?;
    floor.venue.check(account, &new)?;
    entry::may_order(floor, account, now_ms)?;
    if params.get("computeCommissionRates") != Some("true") {
        return Ok("{}".into());
    }
    let fees = &floor.venue.account(account).rates(Product::Spot);
    let rates = |maker, taker| Object::new().dec("maker", maker).dec("taker", taker).end();
    Ok(Object::new()
        .raw("standardCommissionForOrder", &rates(fees.maker, fees.taker))
        .raw("specialCommissionForOrder", &rates(0, 0))
        .raw("taxCommissionForOrder", &rates(0, 0))
        .raw("discount", &discount(fees))
        .end())
}

/// An accepted order in the detail asked for.
pub(crate) fn placed_json(floor: &Floor, placed: &Placed, reply: Reply) -> String {
    let order = &placed.order;
    let spec = &floor.venue.listing(order.symbol).symbol;
    let mut out = Object::new()
        .put("symbol", &spec.name)
        .put("orderId", order.id)
        .put("orderListId", list_id(order))
        .put("clientOrderId", &order.client)
        .put("transactTime", order.updated_ms);
    if reply == Reply::Ack {
        return out.end();
    }
    out = state(out, floor, order).put("workingTime", working_time(order));
    if reply == Reply::Full {
        let fills = placed.fills.iter().map(|fill| {
            Object::new()
                .dec("price", fill.price)
                .dec("qty", fill.qty)
                .dec("commission", fill.fee)
                .put("commissionAsset", &fill.fee_asset)
                .put("tradeId", fill.id)
                .end()
        });
        out = out.raw("fills", &array(fills));
    }
    out = out.put("selfTradePreventionMode", words::stp(order.stp));
    if order.prevented > 0 {
        out = out.dec("preventedQuantity", order.prevented * spec.lot);
    }
    out.end()
}

/// `workingTime`: −1 where an order has not come into the market.
fn working_time(order: &Order) -> i64 {
    order.working_ms().map_or(-1, |time_ms| time_ms as i64)
}

/// The keys that every telling of an order's state shares.
fn state(out: Object, floor: &Floor, order: &Order) -> Object {
    let spec = &floor.venue.listing(order.symbol).symbol;
    let out = out
        .dec("price", order.price * spec.tick)
        .dec("origQty", order.qty * spec.lot)
        .dec("executedQty", order.filled * spec.lot)
        .dec("origQuoteOrderQty", order.quote_qty)
        .dec("cummulativeQuoteQty", order.quote_filled)
        .put("status", words::status(order))
        .put("timeInForce", words::tif(order.tif))
        .put("type", words::spot_type(order))
        .put("side", words::side(order.side));
    let Some(stop) = order.stop else { return out };
    let out = out.dec("stopPrice", stop.price * spec.tick);
    let Some(trail) = stop.trail else { return out };
    let since = trail.since_ms.map_or(-1, |since_ms| since_ms as i64);
    out.put("trailingDelta", trailing_delta(&trail)).put("trailingTime", since)
}

/// A cancelled order; `client` is the cancel's own id.
pub(crate) fn cancelled_json(floor: &Floor, order: &Order, client: &str) -> String {
    let out = Object::new()
        .put("symbol", &floor.venue.listing(order.symbol).symbol.name)
        .put("origClientOrderId", &order.client)
        .put("orderId", order.id)
        .put("orderListId", list_id(order))
        .put("clientOrderId", client)
        .put("transactTime", order.updated_ms);
    state(out, floor, order).put("selfTradePreventionMode", words::stp(order.stp)).end()
}

fn order_json(floor: &Floor, order: &Order) -> String {
    let out = Object::new()
        .put("symbol", &floor.venue.listing(order.symbol).symbol.name)
        .put("orderId", order.id)
        .put("orderListId", list_id(order))
        .put("clientOrderId", &order.client);
    let out = state(out, floor, order);
    let out = if order.stop.is_none() { out.dec("stopPrice", 0) } else { out };
    let mut out = out
        .dec("icebergQty", 0)
        .put("time", order.created_ms)
        .put("updateTime", order.updated_ms)
        .put("isWorking", order.working)
        .put("workingTime", working_time(order))
        .put("selfTradePreventionMode", words::stp(order.stp));
    if order.prevented > 0 {
        let lot = floor.venue.listing(order.symbol).symbol.lot;
        out = out.put("preventedMatchId", 0).dec("preventedQuantity", order.prevented * lot);
    }
    out.end()
}

/// Cancels the order that `id_name` or `client_name` names.
pub(crate) fn cancel_named(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    names: [&str; 3],
    now_ms: u64,
) -> Result<String, Denial> {
    let unknown = || Denial::new(-2011, "Unknown order sent.");
    let symbol = symbol(floor, params)?;
    let (id, client) = (params.integer(names[0])?, params.get(names[1]));
    if id.is_none() && client.is_none() {
        return Err(either(names[1], names[0]));
    }
    let found = floor.venue.find_open(account, symbol, id, client).ok_or_else(unknown)?;
    let filled = floor.venue.orders.get(&found).is_some_and(|order| order.filled > 0);
    let kept = match params.get("cancelRestrictions") {
        None => false,
        Some("ONLY_NEW") => filled,
        Some("ONLY_PARTIALLY_FILLED") => !filled,
        Some(_) => {
            let msg = "Data sent for parameter 'cancelRestrictions' is not valid.";
            return Err(Denial::new(-1130, msg));
        }
    };
    if kept {
        return Err(Denial::new(-2011, "Order was not canceled due to cancel restrictions."));
    }
    let cancel_client = client_id(floor, params, names[2])?;
    if let Some(list) = floor.venue.orders.get(&found).and_then(|order| order.list) {
        return lists::cancel(floor, list, (Why::User, &cancel_client), now_ms);
    }
    let order = floor.venue.cancel(found, Why::User, &cancel_client, now_ms).ok_or_else(unknown)?;
    Ok(cancelled_json(floor, &order, &cancel_client))
}

fn cancel(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let names = ["orderId", "origClientOrderId", "newClientOrderId"];
    cancel_named(floor, params, account, names, now_ms)
}

fn cancel_all(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let open: Vec<u64> = open_ids(floor, account, Some(symbol));
    if open.is_empty() {
        return Err(Denial::new(-2011, "Unknown order sent."));
    }
    let mut all = Vec::with_capacity(open.len());
    for id in open {
        let Some(list) = floor.venue.orders.get(&id).filter(|order| order.status.is_open()) else {
            continue;
        };
        let list = list.list;
        let client = client_id(floor, &Params::default(), "newClientOrderId")?;
        if let Some(list) = list {
            all.push(lists::cancel(floor, list, (Why::UserAll, &client), now_ms)?);
        } else if let Some(order) = floor.venue.cancel(id, Why::UserAll, &client, now_ms) {
            all.push(cancelled_json(floor, &order, &client));
        }
    }
    Ok(array(all))
}

fn amend(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let (id, client) = (params.integer("orderId")?, params.get("origClientOrderId"));
    if id.is_none() && client.is_none() {
        return Err(either("origClientOrderId", "orderId"));
    }
    let spec = floor.venue.listing(symbol).symbol.clone();
    let qty = spec.lots(needed(params, "newQty")?, Kind::Limit)?;
    let found = floor.venue.find_open(account, symbol, id, client);
    let found = found.ok_or_else(|| Denial::new(-2013, "Order does not exist."))?;
    let before = floor.venue.orders.get(&found);
    if before.is_some_and(|order| qty >= order.qty) {
        // Only less of it keeps its place in the queue, and only that is offered.
        return Err(Refusal::Amend.into());
    }
    let original = before.map(|order| order.client.clone()).unwrap_or_default();
    let client = client_id(floor, params, "newClientOrderId")?;
    let to = Amend { qty: Some(qty), client: Some(client), ..Amend::default() };
    let execution = floor.venue.amend(found, &to, now_ms)?;
    let Some(order) = floor.venue.orders.get(&found) else {
        return Err(Denial::new(-2013, "Order does not exist."));
    };
    let amended = Object::new()
        .put("symbol", &spec.name)
        .put("orderId", order.id)
        .put("orderListId", list_id(order))
        .put("origClientOrderId", original)
        .put("clientOrderId", &order.client)
        .dec("price", order.price * spec.tick)
        .dec("qty", order.qty * spec.lot)
        .dec("executedQty", order.filled * spec.lot)
        .dec("preventedQty", order.prevented * spec.lot)
        .dec("quoteOrderQty", order.quote_qty)
        .dec("cumulativeQuoteQty", order.quote_filled)
        .put("status", words::status(order))
        .put("timeInForce", words::tif(order.tif))
        .put("type", words::spot_type(order))
        .put("side", words::side(order.side))
        .put("workingTime", working_time(order))
        .put("selfTradePreventionMode", words::stp(order.stp))
        .end();
    let out = Object::new().put("transactTime", now_ms).put("executionId", execution);
    Ok(out.raw("amendedOrder", &amended).end())
}

fn status(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let (id, client) = (params.integer("orderId")?, params.get("origClientOrderId"));
    let own = |order: &&Order| order.account == account && order.symbol == symbol;
    let found = match (id, client) {
        (None, None) => return Err(either("origClientOrderId", "orderId")),
        (Some(id), client) => floor
            .venue
            .orders
            .get(&id)
            .filter(own)
            .filter(|order| client.is_none_or(|client| order.client == client)),
        (None, Some(client)) => match floor.venue.account(account).clients.get(client) {
            Some(id) => floor.venue.orders.get(id).filter(own),
            None => floor.venue.orders.values().rev().filter(own).find(|o| o.client == client),
        },
    };
    let order = found.ok_or_else(|| Denial::new(-2013, "Order does not exist."))?;
    Ok(order_json(floor, order))
}

fn open_ids(floor: &Floor, account: AccountId, symbol: Option<u16>) -> Vec<u64> {
    let open = floor.venue.account(account).open.iter().copied();
    open.filter(|id| {
        let order = floor.venue.orders.get(id);
        order.is_some_and(|order| symbol.is_none_or(|symbol| order.symbol == symbol))
    })
    .collect()
}

fn open_orders(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let symbol = params.get("symbol").map(|_| symbol(floor, params)).transpose()?;
    let open = open_ids(floor, account, symbol);
    let orders = open.iter().filter_map(|id| floor.venue.orders.get(id));
    Ok(array(orders.map(|order| order_json(floor, order))))
}

fn all_orders(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let limit = limit(params, 500, 1000)?;
    let own = |order: &&Order| order.account == account && order.symbol == symbol;
    let since = params.integer("startTime")?.unwrap_or(0);
    let until = params.integer("endTime")?.unwrap_or(u64::MAX);
    let timed = |o: &&Order| (since..=until).contains(&o.created_ms);
    let orders: Vec<&Order> = match params.integer("orderId")? {
        Some(from) => {
            floor.venue.orders.range(from..).map(|(_, o)| o).filter(own).take(limit).collect()
        }
        None => {
            let newest = floor.venue.orders.values().rev().filter(own).filter(timed).take(limit);
            let mut newest: Vec<&Order> = newest.collect();
            newest.reverse();
            newest
        }
    };
    Ok(array(orders.into_iter().map(|order| order_json(floor, order))))
}

fn account_json(floor: &Floor, params: &Params, account: AccountId) -> String {
    let holder = floor.venue.account(account);
    let no_zeros = params.get("omitZeroBalances") == Some("true");
    let shown = holder.balances.iter().filter(|(_, b)| !no_zeros || b.free != 0 || b.locked != 0);
    let balances = array(shown.map(|(asset, balance)| {
        let out = Object::new().put("asset", asset).dec("free", balance.free);
        out.dec("locked", balance.locked).end()
    }));
    let fees = holder.rates(Product::Spot);
    let rates = Object::new()
        .dec("maker", fees.maker)
        .dec("taker", fees.taker)
        .dec("buyer", 0)
        .dec("seller", 0)
        .end();
    Object::new()
        .put("makerCommission", fees.maker / 10_000)
        .put("takerCommission", fees.taker / 10_000)
        .put("buyerCommission", 0)
        .put("sellerCommission", 0)
        .raw("commissionRates", &rates)
        .put("canTrade", true)
        .put("canWithdraw", false)
        .put("canDeposit", false)
        .put("brokered", false)
        .put("requireSelfTradePrevention", false)
        .put("preventSor", false)
        .put("updateTime", holder.updated_ms)
        .put("accountType", "SPOT")
        .raw("balances", &balances)
        .put("permissions", ["SPOT"])
        .put("uid", 1000 + account)
        .end()
}

/// What paying the fee in a third asset is worth.
fn discount(fees: &Fees) -> String {
    let third = fees.third.as_ref();
    Object::new()
        .put("enabledForAccount", third.is_some())
        .put("enabledForSymbol", third.is_some())
        .put("discountAsset", third.map_or("BNB", |(asset, _)| asset))
        .put("discount", "0.75000000")
        .end()
}

fn commission(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let fees = &floor.venue.account(account).rates(Product::Spot);
    let rates = |maker: i64, taker: i64| {
        let out = Object::new().dec("maker", maker).dec("taker", taker);
        out.dec("buyer", 0).dec("seller", 0).end()
    };
    Ok(Object::new()
        .put("symbol", &floor.venue.listing(symbol).symbol.name)
        .raw("standardCommission", &rates(fees.maker, fees.taker))
        .raw("specialCommission", &rates(0, 0))
        .raw("taxCommission", &rates(0, 0))
        .raw("discount", &discount(fees))
        .end())
}

fn my_trades(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let limit = limit(params, 500, 1000)?;
    let order = params.integer("orderId")?;
    let since = params.integer("startTime")?;
    let until = params.integer("endTime")?;
    if let (Some(since), Some(until)) = (since, until)
        && until.saturating_sub(since) > 86_400_000
    {
        return Err(Denial::new(-1127, "More than 24 hours between startTime and endTime."));
    }
    let from = params.integer("fromId")?;
    let fits = |fill: &&Fill| {
        fill.symbol == symbol
            && order.is_none_or(|order| fill.order == order)
            && since.is_none_or(|since| fill.time_ms >= since)
            && until.is_none_or(|until| fill.time_ms <= until)
            && from.is_none_or(|from| fill.id >= from)
    };
    let all: Vec<&Fill> = floor.venue.account(account).fills.iter().filter(fits).collect();
    let forward = from.is_some() || since.is_some();
    let skip = if forward { 0 } else { all.len().saturating_sub(limit) };
    Ok(array(all.into_iter().skip(skip).take(limit).map(|fill| fill_json(floor, fill))))
}

/// A trade as `myTrades` tells it.
pub(crate) fn fill_json(floor: &Floor, fill: &Fill) -> String {
    Object::new()
        .put("symbol", &floor.venue.listing(fill.symbol).symbol.name)
        .put("id", fill.id)
        .put("orderId", fill.order)
        .put("orderListId", floor.venue.orders.get(&fill.order).map_or(-1, list_id))
        .dec("price", fill.price)
        .dec("qty", fill.qty)
        .dec("quoteQty", fill.quote)
        .dec("commission", fill.fee)
        .put("commissionAsset", &fill.fee_asset)
        .put("time", fill.time_ms)
        .put("isBuyer", fill.buyer)
        .put("isMaker", fill.maker)
        .put("isBestMatch", true)
        .end()
}
