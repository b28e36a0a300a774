//! `/sim/ledger`: everything that an account holds and did, in the exchange's own words, for
//! whoever compares books with it.

use crate::account::Account;
use crate::event::Funding;
use crate::json::{Object, array, dec8};
use crate::order::{AccountId, Fill, Order};
use crate::venue::Venue;
use std::collections::BTreeMap;

/// The whole ledger of an account.
pub(crate) fn json(venue: &Venue, account: AccountId) -> String {
    let holder = venue.account(account);
    let open = holder.open.iter().filter_map(|id| venue.orders.get(id));
    Object::new()
        .put("account", &holder.name)
        .raw("balances", &balances(holder))
        .raw("openOrders", &array(open.map(|order| order_json(venue, order))))
        .raw("fees", &fees(holder))
        .raw("trades", &array(holder.fills.iter().map(|fill| fill_json(venue, fill))))
        .raw("positions", &positions(venue, account))
        .raw("funding", &array(holder.fundings.iter().map(|one| funding_json(venue, one))))
        .end()
}

/// Every position that was ever held, with what it has brought so far.
fn positions(venue: &Venue, account: AccountId) -> String {
    array(venue.account(account).positions.iter().map(|one| {
        let listing = venue.listing(one.symbol);
        let spec = &listing.symbol;
        let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
        Object::new()
            .put("symbol", &spec.name)
            .put("leg", one.leg)
            .dec("qty", one.lots * spec.lot)
            .dec("contracts", spec.contracts_of(one.lots))
            .dec("entryPrice", one.entry(spec))
            .dec("markPrice", mark)
            .dec("cost", one.cost)
            .dec("unrealised", one.unrealised(spec, mark))
            .dec("realised", one.realised)
            .dec("funding", one.funding)
            .end()
    }))
}

fn funding_json(venue: &Venue, one: &Funding) -> String {
    let spec = &venue.listing(one.symbol).symbol;
    Object::new()
        .put("symbol", &spec.name)
        .put("leg", one.leg)
        .dec("qty", one.lots * spec.lot)
        .dec("rate", one.rate)
        .dec("markPrice", one.mark)
        .dec("amount", one.amount)
        .put("time", one.time_ms)
        .end()
}

fn balances(holder: &Account) -> String {
    array(holder.balances.iter().map(|(asset, balance)| {
        Object::new()
            .put("asset", asset)
            .dec("total", balance.free + balance.locked)
            .dec("free", balance.free)
            .dec("locked", balance.locked)
            .dec("start", holder.start.get(asset).copied().unwrap_or(0))
            .end()
    }))
}

fn fees(holder: &Account) -> String {
    let mut fees = BTreeMap::<&str, i64>::new();
    for fill in &holder.fills {
        *fees.entry(&fill.fee_asset).or_default() += fill.fee;
    }
    let tell = |(asset, fee): (&&str, &i64)| {
        Object::new().put("asset", asset).put("amount", dec8(*fee)).end()
    };
    array(fees.iter().map(tell))
}

fn order_json(venue: &Venue, order: &Order) -> String {
    let spec = &venue.listing(order.symbol).symbol;
    Object::new()
        .put("symbol", &spec.name)
        .put("product", spec.product())
        .put("orderId", order.id)
        .put("clientOrderId", &order.client)
        .dec("price", order.price * spec.tick)
        .dec("origQty", order.qty * spec.lot)
        .dec("executedQty", order.filled * spec.lot)
        .put("status", order.status)
        .put("timeInForce", order.tif)
        .put("type", order.kind)
        .put("side", order.side)
        .put("leg", order.leg)
        .put("reduceOnly", order.reduce)
        .put("time", order.created_ms)
        .put("updateTime", order.updated_ms)
        .end()
}

fn fill_json(venue: &Venue, fill: &Fill) -> String {
    let spec = &venue.listing(fill.symbol).symbol;
    Object::new()
        .put("symbol", &spec.name)
        .put("product", spec.product())
        .put("id", fill.id)
        .put("orderId", fill.order)
        .dec("price", fill.price)
        .dec("qty", fill.qty)
        .dec("quoteQty", fill.quote)
        .dec("commission", fill.fee)
        .put("commissionAsset", &fill.fee_asset)
        .put("time", fill.time_ms)
        .put("isBuyer", fill.buyer)
        .put("isMaker", fill.maker)
        .put("clientOrderId", &fill.client)
        .put("leg", fill.leg)
        .dec("realised", fill.realised)
        .put("liquidation", fill.liquidation)
        .end()
}
