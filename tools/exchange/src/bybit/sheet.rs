//! Orders and conditional orders as REST and the private stream tell them.

use super::conditional;
use super::tell::{plain, price, price8, qty};
use super::words;
use super::{ids, tell};
use crate::json::Object;
use crate::order::{NewOrder, Order, Status};
use crate::symbol::{Product, Symbol};
use crate::venue::trigger::Fate;
use crate::venue::{Trigger, Venue};

/// One order, every documented key.
pub(crate) fn order(venue: &Venue, order: &Order) -> String {
    let product = venue.listing(order.symbol).symbol.product();
    let trigger = order.note.parse().ok().and_then(|id: u64| venue.triggers.get(&id));
    sheet(venue, order, trigger, words::status(order, product))
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
        Fate::Failed(_) => Some(crate::order::Why::Trigger),
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
        tag: String::new(),
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

fn sheet(venue: &Venue, order: &Order, trigger: Option<&Trigger>, status: &str) -> String {
    let spec = &venue.listing(order.symbol).symbol;
    let product = spec.product();
    let left = if order.status.is_open() { order.left() } else { 0 };
    let fees = Object::new();
    let fees = match order.fee_asset.as_str() {
        "" => fees,
        asset => fees.put(asset, plain(order.fee)),
    };
    // An order by amount has no quantity of its own.
    let asked = match order.quote_qty {
        0 => qty(spec, order.qty),
        amount => plain(amount),
    };
    let out = Object::new()
        .put("category", words::category(product))
        .put("symbol", &spec.name)
        .put("orderId", ids::order(product, ids::number(order)))
        .put("orderLinkId", ids::link(&order.client))
        .put("blockTradeId", "")
        .put("side", words::side(order.side))
        .put("positionIdx", words::position_idx(order.leg))
        .put("orderStatus", status)
        .put("cancelType", if left > 0 { "UNKNOWN" } else { words::cancel_type(order.why) })
        .put("rejectReason", words::reject_reason(order.why))
        .put("timeInForce", words::tif(order))
        .put("isLeverage", if product == Product::Spot { "0" } else { "" })
        .put("price", price(spec, order.price))
        .put("qty", asked)
        .put("avgPrice", average(spec, order))
        .put("leavesQty", qty(spec, left))
        .put("leavesValue", plain(left * order.price * spec.unit()))
        .put("cumExecQty", qty(spec, order.filled))
        .put("cumExecValue", plain(order.quote_filled))
        .put("cumExecFee", plain(order.fee))
        .put("closedPnl", plain(order.realised))
        .put("feeCurrency", if product == Product::Spot { order.fee_asset.as_str() } else { "" });
    trigger_keys(out, spec, trigger)
        .put("orderType", words::kind(order.kind))
        .put(
            "marketUnit",
            match (order.quote_qty, product) {
                (0, _) => "baseCoin",
                _ => "quoteCoin",
            },
        )
        .put("createType", if order.forced { "CreateByLiq" } else { "CreateByUser" })
        .put("reduceOnly", order.reduce)
        .put("closeOnTrigger", false)
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

/// What a conditional order has beside the rest; empty for others.
fn trigger_keys(out: Object, spec: &Symbol, trigger: Option<&Trigger>) -> Object {
    let (at, rises) = trigger.map_or((0, false), |one| conditional::trigger_price(one.when));
    let text = if at > 0 { price(spec, at) } else { String::new() };
    let direction = trigger.map_or(0, |_| if rises { 1 } else { 2 });
    let kind = trigger.map_or("", |_| conditional::stop_type(spec.product()));
    let out = out
        .put("stopOrderType", kind)
        .put("orderIv", "")
        .put("triggerPrice", text)
        .put("triggerBy", trigger.map_or("", |one| conditional::by(one.by)))
        .put("triggerDirection", direction)
        .put("takeProfit", "")
        .put("stopLoss", "")
        .put("tpTriggerBy", "")
        .put("slTriggerBy", "");
    // Clients tell a contract's order by this key.
    match spec.product() {
        Product::Spot => out,
        Product::Perp => out.put("tpslMode", ""),
    }
}
