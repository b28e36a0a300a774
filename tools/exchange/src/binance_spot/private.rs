//! Private events: `executionReport` and its companions, with every documented key.

use super::intake::trailing_delta;
use super::lists::list_id;
use crate::account::Account;
use crate::binance::words;
use crate::event::{Execution, Private, What};
use crate::json::{Object, array};
use crate::order::{AccountId, Kind, Order};
use crate::symbol::Symbol;
use crate::venue::Venue;

/// A private event as Binance Spot tells it; none where it has no such event.
pub(crate) fn event(
    venue: &Venue,
    account: AccountId,
    what: &Private,
    now_ms: u64,
) -> Option<String> {
    match what {
        Private::Order(one) => {
            Some(execution(&venue.listing(one.order.symbol).symbol, one, now_ms))
        }
        Private::Holdings { assets, .. } => {
            Some(position(venue.account(account), assets.iter().map(String::as_str), now_ms))
        }
        Private::Deposit { asset, delta } => Some(balance_update(asset, *delta, now_ms)),
        Private::List(list) => Some(super::lists::event(venue, list, now_ms)),
        Private::Trigger(_) | Private::Funding(_) | Private::MarginCall { .. } => None,
    }
}

/// `x`, and `c` and `C` where they differ from the order's own client id.
fn names(what: &What) -> (&'static str, Option<&str>, Option<&str>) {
    match what {
        What::New => ("NEW", None, None),
        What::Trade(_) => ("TRADE", None, None),
        What::Prevented { .. } => ("TRADE_PREVENTION", None, None),
        What::Cancelled { client } => ("CANCELED", Some(client), None),
        What::Expired => ("EXPIRED", None, None),
        What::Amended { original } => ("REPLACED", None, Some(original)),
    }
}

/// `w`: not before an order's stop price has come. A market order counts only where it had one.
fn is_on_book(order: &Order) -> bool {
    let lasts = order.kind != Kind::Market || order.stop.is_some();
    order.status.is_open() && lasts && !order.is_off_book()
}

/// One `executionReport`.
fn execution(symbol: &Symbol, execution: &Execution, now_ms: u64) -> String {
    let (order, what) = (&execution.order, &execution.what);
    let (lot, tick) = (symbol.lot, symbol.tick);
    let fill = if let What::Trade(fill) = what { Some(fill) } else { None };
    let (word, client, original) = names(what);
    // A cancel has an id of its own; the order's is then the original one.
    let original = original.or(client.map(|_| order.client.as_str())).unwrap_or("");
    let mut out = Object::new()
        .put("e", "executionReport")
        .put("E", now_ms)
        .put("s", &symbol.name)
        .put("c", client.unwrap_or(&order.client))
        .put("S", words::side(order.side))
        .put("o", words::spot_type(order))
        .put("f", words::tif(order.tif))
        .dec("q", order.qty * lot)
        .dec("p", order.price * tick)
        .dec("P", order.stop.map_or(0, |stop| stop.price * tick))
        .dec("F", 0)
        .put("g", list_id(order))
        .put("C", original)
        .put("x", word)
        .put("X", words::status(order))
        .put("r", "NONE")
        .put("i", order.id)
        .dec("l", fill.map_or(0, |fill| fill.qty))
        .dec("z", order.filled * lot)
        .dec("L", fill.map_or(0, |fill| fill.price))
        .dec("n", fill.map_or(0, |fill| fill.fee))
        .put("N", fill.map(|fill| &fill.fee_asset))
        .put("T", order.updated_ms)
        .put("t", fill.map_or(-1, |fill| fill.id as i64));
    if let Some(trail) = order.stop.and_then(|stop| stop.trail) {
        out = out.put("d", trailing_delta(&trail));
        out = out.put("D", trail.since_ms.map_or(-1, |since_ms| since_ms as i64));
    }
    if let What::Prevented { lots, price, counter } = *what {
        out = out.put("v", execution.id).dec("A", order.prevented * lot).dec("B", lots * lot);
        out = out.put("u", 1).put("U", counter).put("Cs", &symbol.name);
        out = out.dec("pl", lots * lot).dec("pL", price * tick);
        out = out.dec("pY", lots * price * symbol.unit());
    }
    out = out
        .put("I", execution.id)
        .put("w", is_on_book(order))
        .put("m", fill.is_some_and(|fill| fill.maker))
        .put("M", false)
        .put("O", order.created_ms)
        .dec("Z", order.quote_filled)
        .dec("Y", fill.map_or(0, |fill| fill.quote))
        .dec("Q", order.quote_qty);
    if let Some(time_ms) = order.working_ms() {
        out = out.put("W", time_ms);
    }
    out = out.put("V", words::stp(order.stp));
    if let Some(why) = words::expiry(order).filter(|_| *what == What::Expired) {
        out = out.put("eR", why);
    }
    out.end()
}

/// One `outboundAccountPosition` of the assets named.
fn position<'a>(account: &Account, assets: impl Iterator<Item = &'a str>, now_ms: u64) -> String {
    let balances = array(assets.map(|asset| {
        let balance = account.balance(asset);
        Object::new().put("a", asset).dec("f", balance.free).dec("l", balance.locked).end()
    }));
    Object::new()
        .put("e", "outboundAccountPosition")
        .put("E", now_ms)
        .put("u", now_ms)
        .raw("B", &balances)
        .end()
}

/// One `balanceUpdate`: money that came or went otherwise than by a trade.
fn balance_update(asset: &str, delta: i64, now_ms: u64) -> String {
    Object::new()
        .put("e", "balanceUpdate")
        .put("E", now_ms)
        .put("a", asset)
        .dec("d", delta)
        .put("T", now_ms)
        .end()
}
