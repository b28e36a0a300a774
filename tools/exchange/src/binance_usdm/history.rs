//! What became of an account's orders: queries, trades, income.

use super::denial::{no_id, no_order};
use super::public::symbol;
use super::tell;
use super::trading::tell_order;
use crate::binance::denial::Denial;
use crate::binance::params::Params;
use crate::binance::query::limit;
use crate::binance::{places, words};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Fill, Order};

/// Longest window of a query for trades or orders.
const WINDOW_MS: u64 = 7 * 86_400_000;

/// `GET order`, and `GET openOrder` where it has to be open.
pub(crate) fn order(
    floor: &Floor,
    params: &Params,
    account: AccountId,
    open: bool,
) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let (id, client) = (params.integer("orderId")?, params.get("origClientOrderId"));
    let own = |order: &&Order| order.account == account && order.symbol == symbol;
    let found = match (id, client) {
        (None, None) => return Err(no_id()),
        (Some(id), _) => floor.venue.orders.get(&id).filter(own),
        (None, Some(client)) => match floor.venue.account(account).clients.get(client) {
            Some(id) => floor.venue.orders.get(id).filter(own),
            None => floor.venue.orders.values().rev().filter(own).find(|o| o.client == client),
        },
    };
    let order = found.filter(|order| !open || order.status.is_open()).ok_or_else(no_order)?;
    Ok(tell_order(floor, order))
}

/// `GET openOrders`.
pub(crate) fn open_orders(
    floor: &Floor,
    params: &Params,
    account: AccountId,
) -> Result<String, Denial> {
    let symbol = params.get("symbol").map(|_| symbol(floor, params)).transpose()?;
    let fits = |order: &Order| symbol.is_none_or(|symbol| order.symbol == symbol);
    let open = floor.venue.open_orders(account, fits);
    let orders = open.iter().filter_map(|id| floor.venue.orders.get(id));
    Ok(array(orders.map(|order| tell_order(floor, order))))
}

/// `GET allOrders` and `GET forceOrders`: the newest, or those from an id on.
pub(crate) fn all_orders(
    floor: &Floor,
    params: &Params,
    account: AccountId,
    forced: bool,
) -> Result<String, Denial> {
    let symbol = params.get("symbol").map(|_| symbol(floor, params)).transpose()?;
    let limit = limit(params, if forced { 50 } else { 500 }, 1000)?;
    let (since, until) = window(params)?;
    let from = params.integer("orderId")?;
    let fits = |order: &&Order| {
        order.account == account
            && (!forced || order.forced)
            && symbol.is_none_or(|symbol| order.symbol == symbol)
            && (since..=until).contains(&order.created_ms)
    };
    let all = floor.venue.orders.range(from.unwrap_or(0)..).map(|(_, order)| order).filter(fits);
    let all: Vec<&Order> = all.collect();
    let forward = from.is_some() || params.get("startTime").is_some();
    let skip = if forward { 0 } else { all.len().saturating_sub(limit) };
    let chosen = all.into_iter().skip(skip).take(limit);
    Ok(array(chosen.map(|order| tell_order(floor, order))))
}

/// `startTime` and `endTime`, at most a week apart.
fn window(params: &Params) -> Result<(u64, u64), Denial> {
    let (since, until) = (params.integer("startTime")?, params.integer("endTime")?);
    if let (Some(since), Some(until)) = (since, until)
        && until.saturating_sub(since) > WINDOW_MS
    {
        return Err(Denial::new(-4166, "Search window is restricted to recent 7 days only."));
    }
    let week = since.map(|since| since.saturating_add(WINDOW_MS));
    Ok((since.unwrap_or(0), until.or(week).unwrap_or(u64::MAX)))
}

/// `GET userTrades`.
pub(crate) fn trades(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let symbol = symbol(floor, params)?;
    let limit = limit(params, 500, 1000)?;
    let order = params.integer("orderId")?;
    let from = params.integer("fromId")?;
    if from.is_some() {
        params.forbid("startTime")?;
        params.forbid("endTime")?;
    }
    let (since, until) = window(params)?;
    let fits = |fill: &&Fill| {
        fill.symbol == symbol
            && order.is_none_or(|order| fill.order == order)
            && from.is_none_or(|from| fill.id >= from)
            && (since..=until).contains(&fill.time_ms)
    };
    let all: Vec<&Fill> = floor.venue.account(account).fills.iter().filter(fits).collect();
    let forward = from.is_some() || params.get("startTime").is_some();
    let skip = if forward { 0 } else { all.len().saturating_sub(limit) };
    Ok(array(all.into_iter().skip(skip).take(limit).map(|fill| trade(floor, fill))))
}

fn trade(floor: &Floor, fill: &Fill) -> String {
    let spec = &floor.venue.listing(fill.symbol).symbol;
    let [price, qty] = places(spec);
    let side = if fill.buyer { crate::order::Side::Buy } else { crate::order::Side::Sell };
    Object::new()
        .put("symbol", &spec.name)
        .put("id", fill.id)
        .put("orderId", fill.order)
        .put("side", words::side(side))
        .fixed("price", fill.price, price)
        .fixed("qty", fill.qty, qty)
        .dec("realizedPnl", fill.realised)
        .dec("quoteQty", fill.quote)
        .dec("commission", fill.fee)
        .put("commissionAsset", &fill.fee_asset)
        .put("time", fill.time_ms)
        .put("positionSide", tell::leg(fill.leg))
        .put("maker", fill.maker)
        .put("buyer", fill.buyer)
        .end()
}

/// One line of `income`.
struct Income {
    at_ms: u64,
    kind: &'static str,
    symbol: String,
    asset: String,
    amount: i64,
    trade: Option<u64>,
}

/// `GET income`: fees, realised profit and funding, oldest first.
pub(crate) fn income(floor: &Floor, params: &Params, account: AccountId) -> Result<String, Denial> {
    let limit = limit(params, 100, 1000)?;
    let (since, until) = window(params)?;
    let (kind, symbol) = (params.get("incomeType"), params.get("symbol"));
    let holder = floor.venue.account(account);
    let name = |id| floor.venue.listing(id).symbol.name.clone();
    let mut all = Vec::new();
    for fill in &holder.fills {
        let parts = [("REALIZED_PNL", fill.realised), ("COMMISSION", -fill.fee)];
        for (kind, amount) in parts.into_iter().filter(|(_, amount)| *amount != 0) {
            all.push(Income {
                at_ms: fill.time_ms,
                kind,
                symbol: name(fill.symbol),
                asset: fill.fee_asset.clone(),
                amount,
                trade: Some(fill.id),
            });
        }
    }
    for one in &holder.fundings {
        all.push(Income {
            at_ms: one.time_ms,
            kind: "FUNDING_FEE",
            symbol: name(one.symbol),
            asset: floor.venue.listing(one.symbol).symbol.quote.clone(),
            amount: one.amount,
            trade: None,
        });
    }
    all.sort_by_key(|one| one.at_ms);
    all.retain(|one| {
        kind.is_none_or(|kind| one.kind == kind)
            && symbol.is_none_or(|symbol| one.symbol == symbol)
            && (since..=until).contains(&one.at_ms)
    });
    let forward = params.get("startTime").is_some();
    let skip = if forward { 0 } else { all.len().saturating_sub(limit) };
    let lines = all.iter().enumerate().skip(skip).take(limit);
    Ok(array(lines.map(|(n, one)| {
        Object::new()
            .put("symbol", &one.symbol)
            .put("incomeType", one.kind)
            .dec("income", one.amount)
            .put("asset", &one.asset)
            .put("info", one.kind)
            .put("time", one.at_ms)
            .put("tranId", one.at_ms * 1000 + n as u64 % 1000)
            .put("tradeId", one.trade.map(|id| id.to_string()).unwrap_or_default())
            .end()
    })))
}
