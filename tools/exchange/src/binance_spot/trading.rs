//! Answers that need an account: orders, cancels, amends, and what the account holds.

use super::call::Call;
use super::public::symbol;
use crate::account::Fees;
use crate::binance::denial::Denial;
use crate::binance::params::{Params, number};
use crate::binance::query::limit;
use crate::binance::words;
use crate::binance::{entry, usage};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Amend, Fill, Kind, NewOrder, Order, Stp, Tif, Why};
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
    let (kind, post) =
        words::read_spot_type(word).ok_or_else(|| Denial::new(-1116, "Invalid orderType."))?;
    let tif = match params.get("timeInForce") {
        None if word == "LIMIT" => {
            return Err(params.need("timeInForce").err().unwrap_or_else(|| {
                Denial::new(-1102, "Mandatory parameter 'timeInForce' was not sent.")
            }));
        }
        None => Tif::Gtc,
        Some(_) if word != "LIMIT" => {
            params.forbid("timeInForce")?;
            Tif::Gtc
        }
        Some(text) => {
            words::read_tif(text).ok_or_else(|| Denial::new(-1115, "Invalid timeInForce."))?
        }
    };
    let stp = match params.get("selfTradePreventionMode") {
        None => Stp::ExpireMaker,
        Some(text) => words::read_stp(text).ok_or_else(|| {
            Denial::new(
                -1013,
                "This symbol does not allow the specified self-trade prevention mode.",
            )
        })?,
    };
    for name in ["icebergQty", "stopPrice", "trailingDelta", "pegPriceType"] {
        params.forbid(name)?;
    }
    let (price, qty, quote_qty) = amounts(floor, params, id, kind)?;
    let reply = match params.get("newOrderRespType") {
        None if word == "LIMIT_MAKER" => Reply::Ack,
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
        ..NewOrder::default()
    };
    Ok((new, reply))
}

/// Price (ticks), quantity (lots) and quote amount, as the order type wants them.
fn amounts(floor: &Floor, params: &Params, id: u16, kind: Kind) -> Result<(i64, i64, i64), Denial> {
    let spec = &floor.venue.listing(id).symbol;
    if kind == Kind::Market {
        params.forbid("price")?;
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
fn needed(params: &Params, name: &str) -> Result<i64, Denial> {
    number(name, params.need(name)?)
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
        .put("orderListId", -1)
        .put("clientOrderId", &order.client)
        .put("transactTime", order.updated_ms);
    if reply == Reply::Ack {
        return out.end();
    }
    out = state(out, floor, order).put("workingTime", order.created_ms);
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

/// The keys that every telling of an order's state shares.
fn state(out: Object, floor: &Floor, order: &Order) -> Object {
    let spec = &floor.venue.listing(order.symbol).symbol;
    out.dec("price", order.price * spec.tick)
        .dec("origQty", order.qty * spec.lot)
        .dec("executedQty", order.filled * spec.lot)
        .dec("origQuoteOrderQty", order.quote_qty)
        .dec("cummulativeQuoteQty", order.quote_filled)
        .put("status", words::status(order))
        .put("timeInForce", words::tif(order.tif))
        .put("type", words::spot_type(order.kind, order.post))
        .put("side", words::side(order.side))
}

/// A cancelled order; `client` is the cancel's own id.
pub(crate) fn cancelled_json(floor: &Floor, order: &Order, client: &str) -> String {
    let out = Object::new()
        .put("symbol", &floor.venue.listing(order.symbol).symbol.name)
        .put("origClientOrderId", &order.client)
        .put("orderId", order.id)
        .put("orderListId", -1)
        .put("clientOrderId", client)
        .put("transactTime", order.updated_ms);
    state(out, floor, order).put("selfTradePreventionMode", words::stp(order.stp)).end()
}

fn order_json(floor: &Floor, order: &Order) -> String {
    let out = Object::new()
        .put("symbol", &floor.venue.listing(order.symbol).symbol.name)
        .put("orderId", order.id)
        .put("orderListId", -1)
        .put("clientOrderId", &order.client);
    let mut out = state(out, floor, order)
        .dec("stopPrice", 0)
        .dec("icebergQty", 0)
        .put("time", order.created_ms)
        .put("updateTime", order.updated_ms)
        .put("isWorking", order.working)
        .put("workingTime", order.created_ms)
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
    let order = floor.venue.cancel(found, Why::User, &cancel_client, now_ms).ok_or_else(unknown)?;
    Ok(cancelled_json(floor, &order, &cancel_client))
}

fn either(first: &str, second: &str) -> Denial {
    Denial::new(
        -1102,
        format!("Param '{first}' or '{second}' must be sent, but both were empty/null!"),
    )
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
        let client = client_id(floor, &Params::default(), "newClientOrderId")?;
        if let Some(order) = floor.venue.cancel(id, Why::UserAll, &client, now_ms) {
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
        .put("orderListId", -1)
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
        .put("type", words::spot_type(order.kind, order.post))
        .put("side", words::side(order.side))
        .put("workingTime", order.created_ms)
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
        .put("orderListId", -1)
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
