//! Private events: `ORDER_TRADE_UPDATE`, `TRADE_LITE`, `ACCOUNT_UPDATE` and the rarer ones.

use super::tell::{self, Note};
use crate::account::Account;
use crate::binance::{places, words};
use crate::event::{Cause, Execution, Funding, Private, What};
use crate::json::{Object, array};
use crate::order::{AccountId, Fill, Leg, Order, Status, SymbolId, Why};
use crate::venue::{Position, Trigger, Venue};

/// Kinds of events, by the bit that stands for each.
pub(crate) const KINDS: [&str; 7] = [
    "listenKeyExpired",
    "ORDER_TRADE_UPDATE",
    "TRADE_LITE",
    "ACCOUNT_UPDATE",
    "ACCOUNT_CONFIG_UPDATE",
    "MARGIN_CALL",
    "ALGO_UPDATE",
];

/// The bit of a kind; none for a name that is no kind.
pub(crate) fn kind(name: &str) -> u32 {
    KINDS.iter().position(|one| *one == name).map_or(0, |n| 1 << n)
}

/// One event and the bit of its kind.
pub(crate) struct Event {
    pub kind: u32,
    pub json: String,
}

impl Event {
    fn new(name: &str, now_ms: u64, write: impl FnOnce(Object) -> Object) -> Self {
        let out = Object::new().put("e", name).put("E", now_ms);
        Self { kind: kind(name), json: write(out).end() }
    }
}

/// What becomes of a core event: none, one, or the fast and the full form of a trade.
pub(crate) fn events(venue: &Venue, account: AccountId, what: &Private, now_ms: u64) -> Vec<Event> {
    let holder = venue.account(account);
    match what {
        Private::Order(one) => {
            let mut all = Vec::new();
            if let What::Trade(fill) = &one.what {
                all.push(lite(venue, &one.order, fill, now_ms));
            }
            all.push(order(venue, one, now_ms));
            all.extend(super::algo::finished(venue, one).map(|one| algo(venue, one, now_ms)));
            all
        }
        // What these moved is told with its reason, by the next two.
        Private::Holdings { cause: Cause::Funding | Cause::Deposit, .. } => Vec::new(),
        Private::Holdings { assets, positions, .. } => {
            let assets: Vec<(&str, i64)> = assets.iter().map(|asset| (&**asset, 0)).collect();
            vec![holdings(venue, holder, "ORDER", &assets, positions, now_ms)]
        }
        Private::Funding(one) => vec![funding(venue, holder, one, now_ms)],
        Private::Deposit { asset, delta } => {
            let cause = if *delta < 0 { "WITHDRAW" } else { "DEPOSIT" };
            vec![holdings(venue, holder, cause, &[(asset, *delta)], &[], now_ms)]
        }
        Private::MarginCall { .. } => vec![margin_call(venue, holder, now_ms)],
        Private::Trigger(one) => vec![algo(venue, one, now_ms)],
        Private::List(_) => Vec::new(),
    }
}

/// The end of a listen key.
pub(crate) fn expired(key: &str, now_ms: u64) -> Event {
    Event::new("listenKeyExpired", now_ms, |out| out.put("listenKey", key))
}

/// Another leverage of a symbol.
pub(crate) fn leverage(symbol: &str, leverage: u32, now_ms: u64) -> Event {
    let config = Object::new().put("s", symbol).put("l", leverage).end();
    Event::new("ACCOUNT_CONFIG_UPDATE", now_ms, |out| out.put("T", now_ms).raw("ac", &config))
}

fn lite(venue: &Venue, order: &Order, fill: &Fill, now_ms: u64) -> Event {
    let spec = &venue.listing(order.symbol).symbol;
    let [price, qty] = places(spec);
    Event::new("TRADE_LITE", now_ms, |out| {
        out.put("T", fill.time_ms)
            .put("s", &spec.name)
            .fixed("q", order.qty * spec.lot, qty)
            .fixed("p", order.price * spec.tick, price)
            .put("m", fill.maker)
            .put("c", &order.client)
            .put("S", words::side(order.side))
            .fixed("L", fill.price, price)
            .fixed("l", fill.qty, qty)
            .put("t", fill.id)
            .put("i", order.id)
    })
}

/// `x` and `X`. Prevention that takes the last of an order ends it.
fn state(one: &Execution) -> (&'static str, &'static str) {
    let status = words::status(&one.order);
    match &one.what {
        What::New => ("NEW", "NEW"),
        What::Trade(fill) if fill.liquidation => ("CALCULATED", status),
        What::Trade(_) => ("TRADE", status),
        What::Prevented { .. } => ("EXPIRED", "EXPIRED_IN_MATCH"),
        What::Cancelled { .. } => ("CANCELED", status),
        What::Expired => ("EXPIRED", status),
        What::Amended { .. } => ("AMENDMENT", status),
    }
}

/// `er`: why an order expired.
fn reason(one: &Execution) -> &'static str {
    match (&one.what, one.order.why) {
        (What::Prevented { .. }, _) | (_, Some(Why::SelfTrade)) => "1",
        (_, Some(Why::Ioc)) => "2",
        (_, Some(Why::ReduceOnly)) => "4",
        (_, Some(Why::Liquidation)) => "5",
        (_, Some(Why::NoLiquidity)) => "9",
        _ => "0",
    }
}

/// What an account's open orders of one side are worth, as orders' events tell it.
fn notional(venue: &Venue, order: &Order) -> [i64; 2] {
    let holder = venue.account(order.account);
    let open = holder.open.iter().filter_map(|id| venue.orders.get(id));
    let mut sums = [0_i64; 2];
    for one in open.filter(|one| one.symbol == order.symbol && one.status.is_open()) {
        let unit = venue.listing(one.symbol).symbol.unit();
        let sum = one.price.saturating_mul(one.left()).saturating_mul(unit);
        let side = usize::from(one.side != crate::order::Side::Buy);
        sums[side] = sums[side].saturating_add(sum);
    }
    sums
}

fn order(venue: &Venue, one: &Execution, now_ms: u64) -> Event {
    let order = &one.order;
    let spec = &venue.listing(order.symbol).symbol;
    let [price, qty] = places(spec);
    let note = Note::read(&order.note);
    let (what, status) = state(one);
    let fill = if let What::Trade(fill) = &one.what { Some(fill) } else { None };
    let [bids, asks] = notional(venue, order);
    let kind = tell::kind(order);
    let mut out = Object::new()
        .put("s", &spec.name)
        .put("c", &order.client)
        .put("S", words::side(order.side))
        .put("o", if order.forced { "LIQUIDATION" } else { kind })
        .put("f", tell::tif(order))
        .fixed("q", order.qty * spec.lot, qty)
        .fixed("p", order.price * spec.tick, price)
        .dec("ap", tell::average(spec, order))
        .put("sp", "0")
        .put("x", what)
        .put("X", status)
        .put("i", order.id)
        .fixed("l", fill.map_or(0, |fill| fill.qty), qty)
        .fixed("z", order.filled * spec.lot, qty)
        .fixed("L", fill.map_or(0, |fill| fill.price), price);
    if let Some(fill) = fill {
        out = out.put("N", &fill.fee_asset).dec("n", fill.fee);
    }
    out = out
        .put("T", order.updated_ms)
        .put("t", fill.map_or(0, |fill| fill.id))
        .dec("b", bids)
        .dec("a", asks)
        .put("m", fill.is_some_and(|fill| fill.maker))
        .put("R", order.reduce)
        .put("wt", "CONTRACT_PRICE")
        .put("ot", kind)
        .put("ps", tell::leg(order.leg))
        .put("cp", false)
        .dec("rp", fill.map_or(0, |fill| fill.realised))
        .put("pP", false)
        .put("si", 0)
        .put("ss", 0)
        .put("V", words::stp(order.stp))
        .put("pm", note.price_match())
        .put("gtd", note.good_till_ms)
        .put("er", if order.status == Status::Filled { "0" } else { reason(one) });
    let json = out.end();
    Event::new("ORDER_TRADE_UPDATE", now_ms, |out| out.put("T", order.updated_ms).raw("o", &json))
}

/// One `ACCOUNT_UPDATE` of assets (each with what came or went otherwise than by a trade) and
/// positions.
fn holdings(
    venue: &Venue,
    holder: &Account,
    cause: &str,
    assets: &[(&str, i64)],
    positions: &[(SymbolId, Leg)],
    now_ms: u64,
) -> Event {
    let balances = array(assets.iter().map(|(asset, delta)| balance(holder, asset, *delta)));
    let positions = array(positions.iter().map(|(symbol, leg)| {
        let one = holder.position(*symbol, *leg);
        position(venue, &one)
    }));
    let inner = Object::new().put("m", cause).raw("B", &balances).raw("P", &positions).end();
    Event::new("ACCOUNT_UPDATE", now_ms, |out| out.put("T", now_ms).raw("a", &inner))
}

fn balance(holder: &Account, asset: &str, delta: i64) -> String {
    let balance = holder.balance(asset);
    let wallet = balance.free + balance.locked;
    let out = Object::new().put("a", asset).dec("wb", wallet).dec("cw", wallet);
    out.dec("bc", delta).end()
}

fn position(venue: &Venue, one: &Position) -> String {
    let listing = venue.listing(one.symbol);
    let spec = &listing.symbol;
    let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
    Object::new()
        .put("s", &spec.name)
        .fixed("pa", one.lots * spec.lot, places(spec)[1])
        .dec("ep", one.entry(spec))
        .dec("bep", one.entry(spec))
        .dec("cr", one.realised)
        .dec("up", one.unrealised(spec, mark))
        .put("mt", "cross")
        .put("iw", "0")
        .put("ps", tell::leg(one.leg))
        .put("ma", &spec.quote)
        .end()
}

/// A funding payment: in cross margin it tells the balance only.
fn funding(venue: &Venue, holder: &Account, one: &Funding, now_ms: u64) -> Event {
    let spec = &venue.listing(one.symbol).symbol;
    let balances = array([balance(holder, &spec.quote, one.amount)]);
    let inner = Object::new().put("m", "FUNDING_FEE").put("S", &spec.name);
    let inner = inner.raw("B", &balances).raw("P", "[]").end();
    Event::new("ACCOUNT_UPDATE", now_ms, |out| out.put("T", one.time_ms).raw("a", &inner))
}

/// A waiting order that was accepted, fired, failed or was cancelled.
fn algo(venue: &Venue, one: &Trigger, now_ms: u64) -> Event {
    let json = super::algo::event(venue, one);
    Event::new("ALGO_UPDATE", now_ms, |out| out.put("T", one.updated_ms).raw("o", &json))
}

fn margin_call(venue: &Venue, holder: &Account, now_ms: u64) -> Event {
    let held = holder.positions.iter().filter(|one| one.lots != 0);
    let positions = array(held.map(|one| {
        let listing = venue.listing(one.symbol);
        let spec = &listing.symbol;
        let mark = listing.mark.as_ref().map_or(0, |mark| mark.price);
        Object::new()
            .put("s", &spec.name)
            .put("ps", tell::leg(one.leg))
            .fixed("pa", one.lots * spec.lot, places(spec)[1])
            .put("mt", "CROSSED")
            .put("iw", "0")
            .dec("mp", mark)
            .dec("up", one.unrealised(spec, mark))
            .dec("mm", tell::maintenance(spec, one.worth(spec, mark)))
            .end()
    }));
    let wallet = holder.balance("USDT");
    Event::new("MARGIN_CALL", now_ms, |out| {
        out.dec("cw", wallet.free + wallet.locked).raw("p", &positions)
    })
}
