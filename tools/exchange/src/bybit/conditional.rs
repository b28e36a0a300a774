//! Conditional orders: `triggerPrice` with `triggerDirection` on linear, stop orders on spot.
//!
//! The order that one becomes keeps its `orderId`: the number stands in the order's note.

use super::denial::Denial;
use super::ids;
use super::params::Params;
use crate::floor::Floor;
use crate::json::Object;
use crate::order::{AccountId, Kind, NewOrder, Order, Stop};
use crate::symbol::Product;
use crate::venue::Trigger;
use crate::venue::trigger::{By, When};

/// Lets an order wait; returns its number.
pub(crate) fn wait(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    mut new: NewOrder,
    now_ms: u64,
) -> Result<u64, Denial> {
    let listing = floor.venue.listing(new.symbol);
    let spec = &listing.symbol;
    let product = spec.product();
    let refused = |refusal| Denial::refused(product, refusal);
    let price = params.decimal("triggerPrice")?.unwrap_or(0);
    let price = spec.ticks(price).map_err(refused)?;
    let by = match params.get("triggerBy") {
        None | Some("LastPrice") => By::Last,
        Some("MarkPrice") => By::Mark,
        Some("IndexPrice") => By::Index,
        Some(_) => return Err(Denial::params("params error: triggerBy invalid")),
    };
    let when = match (product, params.get("triggerDirection")) {
        (Product::Perp, Some("1")) => When::Above(price),
        (Product::Perp, Some("2")) => When::Below(price),
        (Product::Perp, _) => {
            return Err(Denial::params("TriggerDirection invalid"));
        }
        // Spot takes the direction from where the price stands.
        (Product::Spot, _) if price > listing.last => When::Above(price),
        (Product::Spot, _) => When::Below(price),
    };
    new.note = floor.venue.next_order.to_string();
    let told = floor.venue.wait(account, (when, by), new, None, now_ms);
    Ok(told.map_err(refused)?.id)
}

/// A spot `tpslOrder`'s price: such an order is open, and holds its money, from the start.
pub(crate) fn stop(floor: &Floor, params: &Params, new: &NewOrder) -> Result<Stop, Denial> {
    let listing = floor.venue.listing(new.symbol);
    let price = params.decimal("triggerPrice")?.unwrap_or(0);
    let price = listing.symbol.ticks(price);
    let price = price.map_err(|refusal| Denial::refused(Product::Spot, refusal))?;
    Ok(Stop { price, rising: price > listing.last, ..Stop::default() })
}

/// Whether an order is one of those that an `orderFilter` means. Conditional orders are not: they
/// are no orders yet.
pub(crate) fn is_of(order: &Order, filter: Option<&str>) -> bool {
    match filter {
        None => true,
        Some("Order") => !order.sleeps(),
        Some("tpslOrder") => order.stop.is_some(),
        Some(_) => false,
    }
}

/// Price that a conditional order waits for, in ticks, and whether it comes from below.
pub(crate) fn trigger_price(when: When) -> (i64, bool) {
    match when {
        When::Above(price) => (price, true),
        When::Below(price) => (price, false),
        When::Trailing { from, .. } => (from.unwrap_or(0), false),
    }
}

/// `stopOrderType` of an order or of what it was.
pub(crate) fn stop_type<'a>(order: &'a Order, trigger: Option<&Trigger>) -> &'a str {
    match (order.tag.as_str(), order.stop, trigger) {
        ("", Some(_), _) => "tpslOrder",
        ("", None, Some(_)) => "Stop",
        (tag, ..) => tag,
    }
}

/// `triggerBy`.
pub(crate) fn by(by: By) -> &'static str {
    match by {
        By::Last => "LastPrice",
        By::Mark => "MarkPrice",
        By::Index => "IndexPrice",
    }
}

/// Changes a waiting order.
pub(crate) fn amend(
    floor: &mut Floor,
    params: &Params,
    id: u64,
    now_ms: u64,
) -> Result<String, Denial> {
    let Some(trigger) = floor.venue.triggers.get(&id).cloned() else {
        return Err(Denial::no_order(Product::Perp));
    };
    let spec = &floor.venue.listing(trigger.order.symbol).symbol;
    let product = spec.product();
    let refused = |refusal| Denial::refused(product, refusal);
    let wanted = |name: &str| params.decimal(name).map(|value| value.filter(|value| *value > 0));
    let mut changed = trigger.clone();
    if let Some(qty) = wanted("qty")? {
        changed.order.qty = spec.lots(qty, trigger.order.kind).map_err(refused)?;
    }
    if let Some(price) = wanted("price")?.filter(|_| trigger.order.kind == Kind::Limit) {
        changed.order.price = spec.ticks(price).map_err(refused)?;
    }
    if let Some(price) = wanted("triggerPrice")? {
        let price = spec.ticks(price).map_err(refused)?;
        changed.when = match trigger.when {
            When::Above(_) => When::Above(price),
            When::Below(_) => When::Below(price),
            When::Trailing { back, best, .. } => When::Trailing { back, from: Some(price), best },
        };
    }
    if (changed.when, &changed.order) == (trigger.when, &trigger.order) {
        return Err(refused(crate::refusal::Refusal::Same));
    }
    let changed = floor.venue.change_trigger(id, changed.when, changed.order, now_ms);
    changed.ok_or_else(|| Denial::no_order(product))?;
    let out = Object::new().put("orderId", ids::order(product, id));
    Ok(out.put("orderLinkId", ids::link(&trigger.order.client)).end())
}
