//! New orders, amendments and cancels: one, several, and all.

use super::call::Call;
use super::conditional;
use super::denial::Denial;
use super::ids;
use super::open::{self, Found};
use super::params::Params;
use super::stops;
use super::words;
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{
    AccountId, Amend, Kind, Leg, NewOrder, Order, Post, Side, Stp, SymbolId, Tif, Why,
};
use crate::refusal::Refusal;
use crate::symbol::Product;

/// Fields that the venue knows and that are not offered here; an order that uses one is refused
/// rather than misunderstood.
const NOT_OFFERED: [&str; 2] = ["slippageTolerance", "orderIv"];

/// One order, amendment or cancel.
pub(crate) fn one(
    floor: &mut Floor,
    call: Call,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    match call {
        Call::Create => create(floor, params, account, now_ms),
        Call::Amend => amend(floor, params, account, now_ms),
        _ => cancel(floor, params, account, now_ms),
    }
}

/// Both ids of an order.
fn names(product: Product, number: u64, client: &str) -> String {
    Object::new()
        .put("orderId", ids::order(product, number))
        .put("orderLinkId", ids::link(client))
        .end()
}

fn create(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let product = params.category()?;
    let mut new = new_order(floor, params, product, account)?;
    let legs = stops::attached(floor, params, &new)?;
    if let Some(code) = floor.pending.reject.take() {
        return Err(Denial::on_demand(product, code));
    }
    let client = new.client.clone();
    let waits = params.get("triggerPrice").is_some();
    if waits && !legs.is_empty() {
        return Err(Denial::params(
            "a conditional order with takeProfit or stopLoss is not offered",
        ));
    }
    if waits && product == Product::Spot && params.get("orderFilter") == Some("tpslOrder") {
        new.stop = Some(conditional::stop(floor, params, &new)?);
    } else if waits {
        let number = conditional::wait(floor, params, account, new, now_ms)?;
        return Ok(names(product, number, &client));
    }
    let placed = floor.venue.place_with(account, new, (legs, false), now_ms);
    let placed = placed.map_err(|refusal| Denial::refused(product, refusal))?;
    Ok(names(product, placed.order.id, &client))
}

/// A client's name for an order; none given, one that no client can write.
fn client_id(floor: &Floor, params: &Params) -> Result<String, Denial> {
    let Some(text) = params.get("orderLinkId") else {
        return Ok(ids::nameless(floor.venue.next_order));
    };
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if text.len() > 36 || !text.bytes().all(legal) {
        return Err(Denial::params("params error: The orderLinkId is invalid"));
    }
    Ok(text.to_string())
}

fn new_order(
    floor: &Floor,
    params: &Params,
    product: Product,
    account: AccountId,
) -> Result<NewOrder, Denial> {
    let symbol = params.symbol(floor, product)?;
    let side = words::read_side(params.need("side")?)
        .ok_or_else(|| Denial::params("params error: Side invalid"))?;
    let kind = words::read_kind(params.need("orderType")?)
        .ok_or_else(|| Denial::params("params error: OrderType invalid"))?;
    if let Some(name) = NOT_OFFERED.iter().find(|name| params.get(name).is_some_and(|v| v != "0")) {
        return Err(Denial::params(format!("params error: {name} is not supported here")));
    }
    let (tif, post) = tif(params, product, kind)?;
    let stp = match params.get("smpType") {
        None => Stp::None,
        Some(text) => {
            words::read_smp(text).ok_or_else(|| Denial::params("params error: smpType invalid"))?
        }
    };
    let leg = match params.get("positionIdx") {
        None => Leg::Net,
        Some(text) => words::read_position_idx(text)
            .ok_or_else(|| Denial::params("params error: positionIdx invalid"))?,
    };
    let mut new = NewOrder {
        symbol,
        side,
        kind,
        tif,
        post,
        stp,
        leg,
        reduce: params.flag("reduceOnly") || params.flag("closeOnTrigger"),
        client: client_id(floor, params)?,
        ..NewOrder::default()
    };
    amounts(floor, params, account, &mut new)?;
    Ok(new)
}

fn tif(params: &Params, product: Product, kind: Kind) -> Result<(Tif, Post), Denial> {
    Ok(match params.get("timeInForce") {
        _ if kind == Kind::Market => (Tif::Gtc, Post::No),
        None | Some("GTC") => (Tif::Gtc, Post::No),
        Some("IOC") => (Tif::Ioc, Post::No),
        Some("FOK") => (Tif::Fok, Post::No),
        Some("PostOnly") => (Tif::Gtc, Post::Cancel),
        Some("RPI") => {
            let code = if product == Product::Spot { 170355 } else { 110119 };
            return Err(Denial::new(code, "RPI orders need an approval."));
        }
        Some(_) => return Err(Denial::params("params error: timeInForce invalid")),
    })
}

/// Price and quantity. A spot market order may be by amount, and a purchase is where nothing else
/// is said.
fn amounts(
    floor: &Floor,
    params: &Params,
    account: AccountId,
    new: &mut NewOrder,
) -> Result<(), Denial> {
    let spec = &floor.venue.listing(new.symbol).symbol;
    let product = spec.product();
    let refused = |refusal| Denial::refused(product, refusal);
    params.need("qty")?;
    let qty = params.decimal("qty")?.unwrap_or(0);
    let by_amount = match params.get("marketUnit") {
        _ if product == Product::Perp || new.kind != Kind::Market => false,
        None => new.side == Side::Buy,
        Some("quoteCoin") => true,
        Some("baseCoin") => false,
        Some(_) => return Err(Denial::params("params error: marketUnit invalid")),
    };
    if by_amount {
        new.quote_qty = qty;
    } else if qty == 0 && product == Product::Perp && new.reduce {
        // Nothing means all of the position.
        new.qty = floor.venue.reducible(account, new.symbol, new.leg, new.side).max(1);
    } else {
        new.qty = spec.lots(qty, new.kind).map_err(refused)?;
    }
    if new.kind == Kind::Market {
        return Ok(());
    }
    new.price = match params.get("bboSideType") {
        Some(which) => best(floor, params, new, which)?,
        None => {
            params.need("price")?;
            spec.ticks(params.decimal("price")?.unwrap_or(0)).map_err(refused)?
        }
    };
    Ok(())
}

/// The price of a level of the book: the order's own side, or the other.
fn best(floor: &Floor, params: &Params, new: &NewOrder, which: &str) -> Result<i64, Denial> {
    let side = match which {
        "Queue" => new.side,
        "Counterparty" => new.side.other(),
        _ => return Err(Denial::params("params error: bboSideType invalid")),
    };
    let level = params.integer("bboLevel")?.unwrap_or(1).clamp(1, 5) as usize;
    let price = floor.venue.listing(new.symbol).book.levels(side).nth(level - 1);
    price.map(|(price, _)| price).ok_or_else(|| Denial::params("params error: no such level"))
}

fn amend(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let product = params.category()?;
    let symbol = params.symbol(floor, product)?;
    let found = open::find(floor, params, account, product, symbol)?;
    let id = match found {
        Found::Order(id) => id,
        Found::Trigger(id) => return conditional::amend(floor, params, id, now_ms),
    };
    let spec = &floor.venue.listing(symbol).symbol;
    let refused = |refusal| Denial::refused(product, refusal);
    let wanted = |name: &str| params.decimal(name).map(|v| v.filter(|v| *v > 0));
    let qty = wanted("qty")?.map(|qty| spec.lots(qty, Kind::Limit)).transpose();
    let price = wanted("price")?.map(|price| spec.ticks(price)).transpose();
    let (qty, price) = (qty.map_err(refused)?, price.map_err(refused)?);
    let to = Amend { qty, price, ..Amend::default() };
    if to.qty.is_none() && to.price.is_none() {
        return Err(refused(Refusal::Same));
    }
    match floor.venue.amend(id, &to, now_ms) {
        // The venue answers before it matches: such an order is cancelled then.
        Err(Refusal::WouldTake) => {
            floor.venue.cancel(id, Why::PostOnly, "", now_ms);
        }
        Err(refusal) => return Err(refused(refusal)),
        Ok(_) => {}
    }
    told(floor, product, id)
}

/// Both ids of an order that stands or stood.
fn told(floor: &Floor, product: Product, id: u64) -> Result<String, Denial> {
    let order = floor.venue.orders.get(&id).ok_or_else(|| Denial::no_order(product))?;
    Ok(names(product, ids::number(order), &order.client))
}

fn cancel(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let product = params.category()?;
    let symbol = params.symbol(floor, product)?;
    match open::find(floor, params, account, product, symbol)? {
        Found::Order(id) => {
            floor.venue.cancel(id, Why::User, "", now_ms);
            told(floor, product, id)
        }
        Found::Trigger(id) => {
            let gone = floor.venue.cancel_trigger(id, Why::User, now_ms);
            let gone = gone.ok_or_else(|| Denial::no_order(product))?;
            Ok(names(product, gone.id, &gone.order.client))
        }
    }
}

/// Whether a request for several symbols means this one.
pub(crate) fn chosen<'a>(
    floor: &'a Floor,
    params: &'a Params,
    product: Product,
) -> Result<impl Fn(SymbolId) -> bool + 'a, Denial> {
    let symbol = params.symbol_if_any(floor, product)?;
    let (base, settle) = (params.get("baseCoin"), params.get("settleCoin"));
    Ok(move |id: SymbolId| {
        let spec = &floor.venue.listing(id).symbol;
        spec.product() == product
            && symbol.is_none_or(|symbol| symbol == id)
            && base.is_none_or(|base| spec.base == base)
            && settle.is_none_or(|settle| spec.quote == settle)
    })
}

/// Refuses a request for all perpetuals that does not say which.
pub(crate) fn need_scope(params: &Params, product: Product) -> Result<(), Denial> {
    let named = ["symbol", "baseCoin", "settleCoin"].iter().any(|name| params.get(name).is_some());
    if product == Product::Perp && !named {
        let msg =
            "Missing some parameters that must be filled in, symbol or settleCoin or baseCoin";
        return Err(Denial::params(msg));
    }
    Ok(())
}

/// Cancels all orders of a category that the request means.
pub(crate) fn cancel_all(
    floor: &mut Floor,
    params: &Params,
    account: AccountId,
    now_ms: u64,
) -> Result<String, Denial> {
    let product = params.category()?;
    need_scope(params, product)?;
    let filter = params.get("orderFilter");
    let (orders, triggers) = {
        let fits = chosen(floor, params, product)?;
        let orders = floor.venue.open_orders(account, |order: &Order| {
            fits(order.symbol) && conditional::is_of(order, filter)
        });
        let waiting = floor.venue.waiting(account).filter(|one| fits(one.order.symbol));
        let wanted = !matches!(filter, Some("Order" | "tpslOrder"));
        let triggers: Vec<u64> = waiting.filter(|_| wanted).map(|one| one.id).collect();
        (orders, triggers)
    };
    let mut list = Vec::with_capacity(orders.len() + triggers.len());
    for id in orders {
        if let Some(order) = floor.venue.cancel(id, Why::UserAll, "", now_ms) {
            list.push(names(product, ids::number(&order), &order.client));
        }
    }
    for id in triggers {
        if let Some(gone) = floor.venue.cancel_trigger(id, Why::UserAll, now_ms) {
            list.push(names(product, gone.id, &gone.order.client));
        }
    }
    Ok(Object::new().raw("list", &array(list)).put("success", "1").end())
}
