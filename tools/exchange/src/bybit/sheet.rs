//! Orders and conditional orders as REST and the private stream tell them.

use super::tell::{plain, price, price8, qty};
use super::words;
use super::{conditional, stops};
use super::{ids, tell};
use crate::json::Object;
use crate::order::{NewOrder, Order, Status, Why};
use crate::symbol::{Product, Symbol};
use crate::venue::trigger::{By, Fate};
use crate::venue::{Trigger, Venue};

/// One order, every documented key.
pub(crate) fn order(venue: &Venue, order: &Order) -> String {
    let product = venue.listing(order.symbol).symbol.product();
    let trigger = venue.triggers.get(&ids::number(order));
    let unwoken = order.stop.is_some_and(|stop| stop.woke_ms.is_none());
    let status = match unwoken {
        true if order.status.is_open() => "Untriggered",
        true => "Deactivated",
        false => words::status(order, product),
    };
    sheet(venue, order, trigger, status)
}

/// A conditional order that has not become an order.
pub(crate) fn trigger(venue: &Venue, one: &Trigger) -> String {
    let status = match one.fate {
        Fate::Waiting => "Untriggered",
        Fate::Fired(_) => "Triggered",
        Fate::Failed(_) => "Rejected",
        Fate::Cancelled(_) => "Deactivated",
    };
    sheet(venue, &as_order(one), Some(one), status)
}

/// A conditional order as the order that it would be.
pub(crate) fn as_order(one: &Trigger) -> Order {
    let NewOrder { symbol, side, kind, tif, post, stp, leg, reduce, price, qty, .. } = one.order;
    let why = match one.fate {
        Fate::Cancelled(why) => Some(why),
        Fate::Failed(_) => Some(Why::Trigger),
        _ => None,
    };
    let waits = matches!(one.fate, Fate::Waiting | Fate::Fired(_));
    Order {
        id: one.id,
        account: one.account,
        symbol,
        client: one.order.client.clone(),
        side,
        kind,
        tif,
        post,
        stp,
        leg,
        reduce,
        forced: false,
        price,
        qty,
        filled: 0,
        prevented: 0,
        quote_filled: 0,
        quote_qty: one.order.quote_qty,
        fee: 0,
        fee_asset: String::new(),
        realised: 0,
        status: if waits { Status::New } else { Status::Cancelled },
        why,
        created_ms: one.created_ms,
        updated_ms: one.updated_ms,
        working: false,
        amends: 0,
        tag: one.order.tag.clone(),
        note: one.id.to_string(),
        stop: None,
        list: None,
        entered_ms: None,
    }
}

/// Average price of what was filled; empty where nothing was.
fn average(symbol: &Symbol, order: &Order) -> String {
    let base = order.filled * symbol.lot;
    match base {
        0 => String::new(),
        base => price8(symbol, tell::ratio(order.quote_filled, base)),
    }
}

/// `qty`: an order by amount has none of its own, and what waits for a whole position is as large
/// as that.
fn asked(venue: &Venue, order: &Order, trigger: Option<&Trigger>) -> String {
    let spec = &venue.listing(order.symbol).symbol;
    let held = venue.account(order.account).position(order.symbol, order.leg).lots.abs();
    match (order.quote_qty, trigger) {
        (0, Some(one)) if one.tied && one.id == order.id => qty(spec, order.qty.min(held)),
        (0, _) => qty(spec, order.qty),
        (amount, _) => plain(amount),
    }
}

fn sheet(venue: &Venue, order: &Order, trigger: Option<&Trigger>, status: &str) -> String {
    let spec = &venue.listing(order.symbol).symbol;
    let product = spec.product();
    let left = if order.status.is_open() { order.left() } else { 0 };
    let fees = Object::new();
    let fees = match order.fee_asset.as_str() {
        "" => fees,
        asset => fees.put(asset, plain(order.fee)),
    };
    let parent = trigger.and_then(|one| one.parent).and_then(|id| venue.orders.get(&id));
    let cancelled = match (trigger, order.why) {
        _ if left > 0 => "UNKNOWN",
        (Some(one), Some(Why::ReduceOnly)) if one.tied => "CancelByTpSlTsClear",
        (_, why) => words::cancel_type(why),
    };
    let created = stops::create_type(&order.tag).unwrap_or_else(|| "CreateByUser".into());
    let out = Object::new()
        .put("category", words::category(product))
        .put("symbol", &spec.name)
        .put("orderId", ids::order(product, ids::number(order)))
        .put("orderLinkId", ids::link(&order.client))
        .put("parentOrderLinkId", parent.map_or("", |order| ids::link(&order.client)))
        .put("blockTradeId", "")
        .put("side", words::side(order.side))
        .put("positionIdx", words::position_idx(order.leg))
        .put("orderStatus", status)
        .put("cancelType", cancelled)
        .put("rejectReason", words::reject_reason(order.why))
        .put("timeInForce", words::tif(order))
        .put("isLeverage", if product == Product::Spot { "0" } else { "" })
        .put("price", price(spec, order.price))
        .put("qty", asked(venue, order, trigger))
        .put("avgPrice", average(spec, order))
        .put("leavesQty", qty(spec, left))
        .put("leavesValue", plain(left * order.price * spec.unit()))
        .put("cumExecQty", qty(spec, order.filled))
        .put("cumExecValue", plain(order.quote_filled))
        .put("cumExecFee", plain(order.fee))
        .put("closedPnl", plain(order.realised))
        .put("feeCurrency", if product == Product::Spot { order.fee_asset.as_str() } else { "" });
    trigger_keys(out, venue, order, trigger)
        .put("orderType", words::kind(order.kind))
        .put("marketUnit", if order.quote_qty == 0 { "baseCoin" } else { "quoteCoin" })
        .put("createType", if order.forced { "CreateByLiq" } else { &created })
        .put("reduceOnly", order.reduce)
        .put("closeOnTrigger", order.reduce && !order.tag.is_empty())
        .put("smpType", words::smp(order.stp))
        .put("smpGroup", 0)
        .put("smpOrderId", "")
        .put("placeType", "")
        .put("lastPriceOnCreated", "")
        .raw("cumFeeDetail", &fees.end())
        .put("rpiTakerAccess", false)
        .put("createdTime", order.created_ms.to_string())
        .put("updatedTime", order.updated_ms.to_string())
        .end()
}

/// What a conditional order has beside the rest, and what is attached to an order.
fn trigger_keys(out: Object, venue: &Venue, order: &Order, trigger: Option<&Trigger>) -> Object {
    let spec = &venue.listing(order.symbol).symbol;
    let waits = trigger.map(|one| conditional::trigger_price(one.when));
    let waits = waits.or(order.stop.map(|stop| (stop.price, stop.rising)));
    let at = |ticks: Option<i64>| {
        ticks.filter(|at| *at > 0).map(|at| price(spec, at)).unwrap_or_default()
    };
    let by = trigger.map(|one| one.by).or(order.stop.map(|_| By::Last));
    let [profit, loss] = stops::of_order(venue, order);
    let out = out
        .put("stopOrderType", conditional::stop_type(order, trigger))
        .put("orderIv", "")
        .put("triggerPrice", at(waits.map(|(price, _)| price)))
        .put("triggerBy", by.map_or("", conditional::by))
        .put("triggerDirection", waits.map_or(0, |(_, rises)| if rises { 1 } else { 2 }))
        .put("takeProfit", at(profit))
        .put("stopLoss", at(loss))
        .put("tpTriggerBy", "")
        .put("slTriggerBy", "");
    // Clients tell a contract's order by this key.
    match spec.product() {
        Product::Spot => out,
        Product::Perp => out.put("tpslMode", stops::mode_of(venue, order)),
    }
}
