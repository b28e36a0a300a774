//! Orders that wait for a price: `trigger`, `conditional` (take-profit or stop-loss), `oco` (both,
//! of which one cancels the other) and `move_order_stop` (a trailing stop).

use super::args::Args;
use super::denial::Denial;
use super::endpoints::{Asked, Reply};
use super::instruments::{self, Naming};
use super::size::{plain, price, text};
use super::{attached, orders, words};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{Back, Kind, NewOrder, Order, Side, SymbolId, Tif, Why};
use crate::refusal::Refusal;
use crate::symbol::SCALE;
use crate::venue::trigger::{By, Fate, Pair, When};
use crate::venue::{Trigger, Venue};

/// Algo orders that one request may cancel.
const CANCELS_MAX: usize = 10;
/// What an order's note begins with while it waits; the kind and `algoClOrdId` follow.
pub(crate) const NOTE: &str = "algo:";

/// Kind and client id of a waiting order.
fn noted(one: &Trigger) -> (&str, &str) {
    let note = one.order.note.strip_prefix(NOTE).unwrap_or("trigger:");
    note.split_once(':').unwrap_or((note, ""))
}

/// `algoClOrdId`.
pub(crate) fn client(one: &Trigger) -> &str {
    noted(one).1
}

/// The algo order that an order was before its price came.
pub(crate) fn parent<'a>(venue: &'a Venue, order: &Order) -> Option<&'a Trigger> {
    let found = venue.triggers.values().rev().find(|one| one.fate == Fate::Fired(order.id));
    found.map(|one| head(venue, one))
}

/// The other one of a pair.
fn other<'a>(venue: &'a Venue, one: &Trigger) -> Option<&'a Trigger> {
    match one.pair {
        Some(Pair::Trigger(id)) => venue.triggers.get(&id),
        _ => None,
    }
}

/// The one whose number a pair has; any other stands for itself.
fn head<'a>(venue: &'a Venue, one: &'a Trigger) -> &'a Trigger {
    other(venue, one).filter(|other| other.id < one.id).unwrap_or(one)
}

/// The one of a pair that says how the pair stands: what was executed before what waits, and that
/// before what was cancelled.
fn decisive<'a>(venue: &'a Venue, one: &'a Trigger) -> &'a Trigger {
    let rank = |one: &Trigger| match one.fate {
        Fate::Fired(_) => 0,
        Fate::Failed(_) => 1,
        Fate::Waiting => 2,
        Fate::Cancelled(_) => 3,
    };
    match other(venue, one) {
        Some(other) if rank(other) < rank(one) => other,
        _ => one,
    }
}

/// Whether an event is told: those of a pair are told once, when both are entered.
pub(crate) fn is_told(venue: &Venue, event: &Trigger) -> bool {
    let Some(now) = venue.triggers.get(&event.id) else { return true };
    let Some(other) = other(venue, now) else { return true };
    match event.fate {
        Fate::Waiting => event.pair.is_some() && (other.id < now.id || event.pair != now.pair),
        Fate::Cancelled(Why::Pair) => false,
        Fate::Cancelled(_) => now.id < other.id,
        Fate::Fired(_) | Fate::Failed(_) => true,
    }
}

/// `ordType`.
fn kind(one: &Trigger) -> &'static str {
    match (noted(one).0, one.pair) {
        ("move", _) => "move_order_stop",
        ("tp" | "sl", Some(Pair::Trigger(_))) => "oco",
        ("tp" | "sl", _) => "conditional",
        _ => "trigger",
    }
}

/// Price of `name` in ticks; none where it is not given, or where −1 asks for a market order.
fn ticks(floor: &Floor, symbol: SymbolId, args: &Args, name: &str) -> Result<Option<i64>, Denial> {
    match args.get(name) {
        None | Some("-1") => Ok(None),
        Some(_) => orders::limit_price(floor, symbol, args, name).map(Some),
    }
}

fn by(args: &Args, name: &str) -> Result<By, Denial> {
    match args.get(name) {
        None | Some("last") => Ok(By::Last),
        Some("mark") => Ok(By::Mark),
        Some("index") => Ok(By::Index),
        Some(_) => Err(Denial::parameter(name)),
    }
}

/// One waiting order that a request asks for: kind, price and condition, and the order's own price.
pub(crate) type Wish = (&'static str, (When, By), Option<i64>);

/// A take-profit or a stop-loss, where the request has it.
pub(crate) fn bracket(
    floor: &Floor,
    symbol: SymbolId,
    args: &Args,
    side: Side,
    profit: bool,
) -> Result<Option<Wish>, Denial> {
    let names = match profit {
        true => ("tp", "tpTriggerPx", "tpOrdPx", "tpTriggerPxType"),
        false => ("sl", "slTriggerPx", "slOrdPx", "slTriggerPxType"),
    };
    let Some(at) = ticks(floor, symbol, args, names.1)? else { return Ok(None) };
    args.need(names.2)?;
    let up = profit == (side == Side::Sell);
    let when = if up { When::Above(at) } else { When::Below(at) };
    Ok(Some((names.0, (when, by(args, names.3)?), ticks(floor, symbol, args, names.2)?)))
}

fn trailing(floor: &Floor, symbol: SymbolId, args: &Args) -> Result<Wish, Denial> {
    let share = args.decimal("callbackRatio")?;
    let back = match share {
        Some(Ok(share)) if share > 0 && share < SCALE => Back::Share(share),
        Some(_) => return Err(Denial::parameter("callbackRatio")),
        None => match ticks(floor, symbol, args, "callbackSpread")? {
            Some(ticks) => Back::Ticks(ticks),
            None => return Err(Denial::missing("callbackRatio or callbackSpread")),
        },
    };
    let from = ticks(floor, symbol, args, "activePx")?;
    Ok(("move", (When::Trailing { back, from, best: None }, By::Last), None))
}

/// What a request asks for: one waiting order, or two of which one cancels the other.
fn wishes(floor: &Floor, symbol: SymbolId, args: &Args, side: Side) -> Result<Vec<Wish>, Denial> {
    let sides = |profit| bracket(floor, symbol, args, side, profit);
    let wishes: Vec<Wish> = match args.need("ordType")? {
        "trigger" => {
            let at = ticks(floor, symbol, args, "triggerPx")?;
            let at = at.ok_or_else(|| Denial::missing("triggerPx"))?;
            args.need("orderPx")?;
            let up = at > floor.venue.listing(symbol).last;
            let when = if up { When::Above(at) } else { When::Below(at) };
            let own = ticks(floor, symbol, args, "orderPx")?;
            vec![("trigger", (when, by(args, "triggerPxType")?), own)]
        }
        "conditional" => sides(true)?.or(sides(false)?).into_iter().collect(),
        "oco" => {
            let both: Vec<Wish> = [sides(true)?, sides(false)?].into_iter().flatten().collect();
            if both.len() < 2 {
                return Err(Denial::missing("tpTriggerPx and slTriggerPx"));
            }
            both
        }
        "move_order_stop" => vec![trailing(floor, symbol, args)?],
        _ => return Err(Denial::parameter("ordType")),
    };
    if wishes.is_empty() {
        return Err(Denial::missing("tpTriggerPx or slTriggerPx"));
    }
    Ok(wishes)
}

/// `trade/order-algo`.
pub(crate) fn place(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let args = asked.args();
    let client = orders::name(args, "algoClOrdId", 32)?.unwrap_or("").to_string();
    let (id, denial) = match place_all(floor, asked, &client) {
        Ok(id) => (id.to_string(), None),
        Err(denial) => (String::new(), Some(denial)),
    };
    let (code, msg) = denial.map_or((0, String::new()), |denial| (denial.code, denial.msg));
    let row = Object::new()
        .put("algoId", id)
        .put("algoClOrdId", client)
        .put("clOrdId", "")
        .put("sCode", code.to_string())
        .put("sMsg", msg)
        .put("tag", args.get("tag").unwrap_or(""));
    let reply = Reply::one(row.end())?;
    let failed = Reply { code: "1", msg: "All operations failed", ..reply.clone() };
    Ok(if code == 0 { reply } else { failed })
}

fn place_all(floor: &mut Floor, asked: &Asked<'_>, client: &str) -> Result<u64, Denial> {
    let args = asked.args();
    let symbol = instruments::addressed(floor, args, Naming::Id)?;
    let side = words::read_side(args.need("side")?).ok_or_else(|| Denial::parameter("side"))?;
    let wishes = wishes(floor, symbol, args, side)?;
    let advance = match args.get("advanceOrdType") {
        None | Some("") => Tif::Gtc,
        Some("ioc") => Tif::Ioc,
        Some("fok") => Tif::Fok,
        Some(_) => return Err(Denial::parameter("advanceOrdType")),
    };
    let own = |one: &Trigger| noted(one).1 == client;
    if !client.is_empty() && floor.venue.waiting(asked.account).any(own) {
        return Err(Denial::new(51065, "algoClOrdId already exists."));
    }
    let asks = NewOrder { symbol, side, ..NewOrder::default() };
    for (_, when, _) in &wishes {
        // Both of a pair are looked at before one is entered.
        if floor.venue.is_there(*when, &asks)? {
            return Err(Refusal::WouldTrigger.into());
        }
    }
    let mut first = None;
    for (kind, when, own) in wishes {
        let order_kind = if own.is_some() { Kind::Limit } else { Kind::Market };
        let base = orders::frame(floor, asked.account, symbol, args, order_kind)?;
        let order = NewOrder {
            tif: if own.is_some() { advance } else { Tif::Ioc },
            price: own.unwrap_or(0),
            note: format!("{NOTE}{kind}:{client}"),
            ..base
        };
        let pair = first.map(Pair::Trigger);
        match floor.venue.wait(asked.account, when, order, pair, asked.now_ms) {
            Ok(trigger) => first = first.or(Some(trigger.id)),
            Err(refusal) => {
                if let Some(id) = first {
                    floor.venue.cancel_trigger(id, Why::User, asked.now_ms);
                }
                return Err(refusal.into());
            }
        }
    }
    first.ok_or_else(|| Denial::parameter("ordType"))
}

/// An account's algo order by `algoId` or `algoClOrdId`.
fn named<'a>(floor: &'a Floor, asked: &Asked<'_>, args: &Args) -> Result<&'a Trigger, Denial> {
    let (id, client) = (args.integer("algoId")?, args.get("algoClOrdId"));
    let mut all = floor.venue.triggers.values().rev();
    let found = all.find(|one| {
        one.account == asked.account
            && match id {
                Some(id) => one.id == id,
                None => client.is_some_and(|client| noted(one).1 == client),
            }
    });
    found.ok_or_else(Denial::no_order)
}

/// `trade/cancel-algos`.
pub(crate) fn cancel(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    if asked.items.len() > CANCELS_MAX {
        return Err(Denial::new(50002, "JSON syntax error"));
    }
    let mut done = 0;
    let mut rows = Vec::new();
    for args in asked.items {
        let found = named(floor, asked, args).map(|one| (one.id, one.pair));
        let told = named(floor, asked, args).map(|one| head(&floor.venue, one).id.to_string());
        let gone = found.ok().and_then(|(id, pair)| {
            if let Some(Pair::Trigger(other)) = pair {
                floor.venue.cancel_trigger(other, Why::User, asked.now_ms);
            }
            floor.venue.cancel_trigger(id, Why::User, asked.now_ms)
        });
        done += usize::from(gone.is_some());
        let (code, msg) = match gone {
            Some(_) => ("0", ""),
            None => ("51400", "Cancellation failed as the order does not exist."),
        };
        let told = told.unwrap_or_else(|_| args.get("algoId").unwrap_or("").into());
        let row = Object::new().put("algoId", told);
        let row = row.put("algoClOrdId", args.get("algoClOrdId").unwrap_or(""));
        rows.push(row.put("sCode", code).put("sMsg", msg).put("tag", "").end());
    }
    let (code, msg) = match done {
        all if all == rows.len() => ("0", ""),
        0 => ("1", "All operations failed"),
        _ => ("2", "Bulk operation partially succeeded."),
    };
    Ok(Reply { code, msg, rows: array(rows) })
}

/// `trade/order-algo` by id.
pub(crate) fn one(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    Reply::one(row(&floor.venue, named(floor, asked, asked.args())?))
}

/// `trade/orders-algo-pending` and `-history`, newest first; a pair is told once.
pub(crate) fn list(floor: &mut Floor, asked: &Asked<'_>, live: bool) -> Result<Reply, Denial> {
    let args = asked.args();
    let wanted = args.need("ordType")?.split(',').map(String::from).collect::<Vec<_>>();
    let (symbol, product) = (instruments::optional(floor, args)?, instruments::product(args)?);
    let (after, state) = (args.integer("after")?, args.get("state"));
    let all = floor.venue.triggers.values().rev().filter(|one| {
        let later = matches!(one.pair, Some(Pair::Trigger(other)) if other < one.id);
        one.account == asked.account
            && !later
            && (one.fate == Fate::Waiting) == live
            && wanted.iter().any(|kinds| kinds == kind(one))
            && symbol.is_none_or(|symbol| symbol == one.order.symbol)
            && instruments::fits(product, &floor.venue.listing(one.order.symbol).symbol)
            && after.is_none_or(|after| one.id < after)
            && state.is_none_or(|wanted| wanted == state_of(decisive(&floor.venue, one)))
    });
    Reply::rows(array(all.take(args.limit()?).map(|one| row(&floor.venue, one))))
}

fn state_of(one: &Trigger) -> &'static str {
    match one.fate {
        Fate::Waiting => "live",
        Fate::Fired(_) => "effective",
        Fate::Failed(_) => "order_failed",
        Fate::Cancelled(_) => "canceled",
    }
}

/// An algo order as queries and the `orders-algo` channel tell it.
pub(crate) fn row(venue: &Venue, one: &Trigger) -> String {
    let one = head(venue, venue.triggers.get(&one.id).unwrap_or(one));
    let decisive = decisive(venue, one);
    let (spec, order) = (&venue.listing(one.order.symbol).symbol, &one.order);
    let became = match decisive.fate {
        Fate::Fired(id) => venue.orders.get(&id),
        _ => None,
    };
    let (fails, fired) = match decisive.fate {
        Fate::Failed(refusal) => (Denial::from(refusal).code.to_string(), true),
        fate => (String::new(), matches!(fate, Fate::Fired(_))),
    };
    let perp = spec.perp.is_some();
    let sz = if order.quote_qty > 0 { plain(order.quote_qty) } else { text(spec, order.qty) };
    let id = became.map(|order| order.id.to_string());
    let parent = one.parent.map(|id| id.to_string()).unwrap_or_default();
    let actual = match noted(decisive).0 {
        side @ ("tp" | "sl") if fired => side,
        _ => "",
    };
    let out = Object::new()
        .put("instType", words::product(spec.product()))
        .put("instId", &spec.name)
        .put("algoId", one.id.to_string())
        .put("algoClOrdId", noted(one).1)
        .put("clOrdId", "")
        .put("ordId", id.clone().unwrap_or_default())
        .put("ordIdList", id.into_iter().collect::<Vec<_>>())
        .raw("linkedOrd", &Object::new().put("ordId", parent).end())
        .put("ordType", kind(one))
        .put("side", words::side(order.side))
        .put("posSide", words::leg(spec, order.leg))
        .put("tdMode", if perp { "cross" } else { "cash" })
        .put("sz", sz)
        .put("state", state_of(decisive))
        .put("actualSide", actual)
        .put("actualSz", became.map(|order| text(spec, order.qty)).unwrap_or_default())
        .put("actualPx", became.map(|order| price(spec, order.price)).unwrap_or_default())
        .put("failCode", fails)
        .put("triggerTime", if fired { decisive.updated_ms.to_string() } else { String::new() });
    prices(out, venue, one)
        .put("reduceOnly", if order.reduce { "true" } else { "false" })
        .put("tag", &order.tag)
        .put("cTime", one.created_ms.to_string())
        .put("uTime", decisive.updated_ms.to_string())
        .end()
}

/// What an algo order waits for, and at which prices its orders are placed.
fn prices(mut out: Object, venue: &Venue, one: &Trigger) -> Object {
    let spec = &venue.listing(one.order.symbol).symbol;
    let both = [Some(one), other(venue, one)].into_iter().flatten();
    let names = [
        ("trigger", "triggerPx", "ordPx", "triggerPxType"),
        ("tp", "tpTriggerPx", "tpOrdPx", "tpTriggerPxType"),
        ("sl", "slTriggerPx", "slOrdPx", "slTriggerPxType"),
    ];
    for (kind, at, own, by) in names {
        let part = both.clone().find(|part| noted(part).0 == kind);
        let when = part.map(|part| match part.when {
            When::Above(at) | When::Below(at) => price(spec, at),
            When::Trailing { .. } => String::new(),
        });
        let limit = part.map(|part| match part.order.kind {
            Kind::Market => "-1".to_string(),
            Kind::Limit => price(spec, part.order.price),
        });
        out = out
            .put(at, when.unwrap_or_default())
            .put(own, limit.unwrap_or_default())
            .put(by, part.map_or("", |part| attached::price_type(part.by)));
    }
    let (ratio, spread, from, best) = match one.when {
        When::Trailing { back: Back::Share(share), from, best } => (plain(share), None, from, best),
        When::Trailing { back: Back::Ticks(ticks), from, best } => {
            (String::new(), Some(ticks), from, best)
        }
        _ => (String::new(), None, None, None),
    };
    let at = |ticks: Option<i64>| ticks.map(|ticks| price(spec, ticks)).unwrap_or_default();
    // Where it would fire as the market stands.
    let moves = best.zip(trailing_back(one)).map(|(best, back)| match one.order.side {
        Side::Sell => best - back.from(best),
        Side::Buy => best + back.from(best),
    });
    out.put("callbackRatio", ratio)
        .put("callbackSpread", at(spread))
        .put("activePx", at(from))
        .put("moveTriggerPx", at(moves))
}

fn trailing_back(one: &Trigger) -> Option<Back> {
    if let When::Trailing { back, .. } = one.when { Some(back) } else { None }
}
