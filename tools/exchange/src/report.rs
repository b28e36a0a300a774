//! Private events: `executionReport` and `outboundAccountPosition`, with every documented key.

use crate::account::Account;
use crate::json::{Object, array};
use crate::order::{Fill, Kind, Order};
use crate::symbol::Symbol;

/// What an execution report tells beside the order as it stands.
#[derive(Default)]
pub(crate) struct Execution<'a> {
    /// `x`: NEW, CANCELED, REPLACED, TRADE, EXPIRED, TRADE_PREVENTION.
    pub what: &'a str,
    pub id: u64,
    /// `c` and `C` where they differ from the order's own client id.
    pub client: Option<&'a str>,
    pub original: &'a str,
    pub fill: Option<&'a Fill>,
    /// Lots that self-trade prevention took just now, and at which price.
    pub prevented: Option<(i64, i64)>,
    pub counter_order: u64,
    /// `eR`.
    pub expiry: Option<&'a str>,
}

/// One `executionReport`.
pub(crate) fn execution(order: &Order, symbol: &Symbol, ex: &Execution<'_>, now_ms: u64) -> String {
    let (lot, tick) = (symbol.lot, symbol.tick);
    let fill = ex.fill;
    let mut out = Object::new()
        .put("e", "executionReport")
        .put("E", now_ms)
        .put("s", &symbol.name)
        .put("c", ex.client.unwrap_or(&order.client))
        .put("S", order.side)
        .put("o", order.kind)
        .put("f", order.tif)
        .dec("q", order.qty * lot)
        .dec("p", order.price * tick)
        .dec("P", 0)
        .dec("F", 0)
        .put("g", -1)
        .put("C", ex.original)
        .put("x", ex.what)
        .put("X", order.status)
        .put("r", "NONE")
        .put("i", order.id)
        .dec("l", fill.map_or(0, |fill| fill.qty))
        .dec("z", order.filled * lot)
        .dec("L", fill.map_or(0, |fill| fill.price))
        .dec("n", fill.map_or(0, |fill| fill.fee))
        .put("N", fill.map(|fill| &fill.fee_asset))
        .put("T", order.updated_ms)
        .put("t", fill.map_or(-1, |fill| fill.id as i64));
    if let Some((lots, price)) = ex.prevented {
        out = out.put("v", ex.id).dec("A", order.prevented * lot).dec("B", lots * lot);
        out = out.put("u", 1).put("U", ex.counter_order).put("Cs", &symbol.name);
        out = out.dec("pl", lots * lot).dec("pL", price * tick);
        out = out.dec("pY", lots * price * symbol.unit());
    }
    out = out
        .put("I", ex.id)
        .put("w", order.status.is_open() && order.kind != Kind::Market)
        .put("m", fill.is_some_and(|fill| fill.maker))
        .put("M", false)
        .put("O", order.created_ms)
        .dec("Z", order.quote_filled)
        .dec("Y", fill.map_or(0, |fill| fill.quote))
        .dec("Q", order.quote_qty);
    if order.working {
        out = out.put("W", order.created_ms);
    }
    out = out.put("V", order.stp);
    if let Some(why) = ex.expiry {
        out = out.put("eR", why);
    }
    out.end()
}

/// One `outboundAccountPosition` of the assets named.
pub(crate) fn position<'a>(
    account: &Account,
    assets: impl Iterator<Item = &'a str>,
    now_ms: u64,
) -> String {
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
pub(crate) fn balance_update(asset: &str, delta: i64, now_ms: u64) -> String {
    Object::new()
        .put("e", "balanceUpdate")
        .put("E", now_ms)
        .put("a", asset)
        .dec("d", delta)
        .put("T", now_ms)
        .end()
}
