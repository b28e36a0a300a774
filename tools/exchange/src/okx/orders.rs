//! Orders, cancels and amendments, one or many, by WebSocket and REST alike.

use super::args::Args;
use super::denial::Denial;
use super::endpoints::{Asked, Reply, Work};
use super::instruments::{self, Naming};
use super::{size, words};
use crate::floor::Floor;
use crate::json::{Object, array};
use crate::order::{AccountId, Amend, Kind, Leg, NewOrder, Order, Side, Stp, SymbolId, Tif, Why};
use crate::refusal::Refusal;
use crate::symbol::NOTIONAL_MAX;

/// What an order request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Place,
    Cancel,
    Amend,
}

/// One object, or up to [`BATCH_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Batch {
    Single,
    Many,
}

/// Orders of one request.
const BATCH_MAX: usize = 20;
/// Requests per account, instrument and kind, and the time they are counted in.
const SINGLE_MAX: u64 = 60;
const MANY_MAX: u64 = 300;
const SPAN_MS: u64 = 2000;
/// Letters of a client order id, a request id and a tag.
const CLIENT_MAX: usize = 32;
const TAG_MAX: usize = 16;

impl Op {
    /// The operation of this name on a WebSocket.
    pub(crate) fn read(text: &str) -> Option<(Self, Batch)> {
        Some(match text {
            "order" => (Self::Place, Batch::Single),
            "batch-orders" => (Self::Place, Batch::Many),
            "cancel-order" => (Self::Cancel, Batch::Single),
            "batch-cancel-orders" => (Self::Cancel, Batch::Many),
            "amend-order" => (Self::Amend, Batch::Single),
            "batch-amend-orders" => (Self::Amend, Batch::Many),
            _ => return None,
        })
    }
}

/// An order request whose sender is known.
pub(crate) struct Request<'a> {
    pub op: Op,
    pub batch: Batch,
    pub naming: Naming,
    pub items: &'a [Args],
    pub account: AccountId,
    /// After this, in ms, it is not carried out.
    pub until_ms: Option<u64>,
}

/// What is told of one object.
#[derive(Default)]
struct Row {
    id: u64,
    client: String,
}

/// Notes when orders came in, for the time from their cause.
pub(crate) fn stamp(floor: &Floor, work: &Work, items: &[Args], at_ns: u64) {
    if matches!(work, Work::Orders(Op::Place, _)) {
        for args in items {
            floor.causes.order(args.get("clOrdId").unwrap_or(""), at_ns);
        }
    }
}

/// Carries out a request, object by object; the caller flushes the floor.
pub(crate) fn carry_out(
    floor: &mut Floor,
    request: &Request<'_>,
    now_ms: u64,
) -> Result<Reply, Denial> {
    let most = if request.batch == Batch::Single { 1 } else { BATCH_MAX };
    if request.items.is_empty() || request.items.len() > most {
        return Err(Denial::new(60013, "Invalid args"));
    }
    if request.until_ms.is_some_and(|until_ms| now_ms > until_ms) {
        return Err(Denial::new(51149, "Order timed out. Please try again later."));
    }
    let places = request.op == Op::Place;
    if places && std::mem::take(&mut floor.pending.lost) {
        return Err(Denial::unknown());
    }
    let mut rows = Vec::with_capacity(request.items.len());
    let mut done = 0;
    for args in request.items {
        let mut row = Row { id: 0, client: args.get("clOrdId").unwrap_or("").into() };
        let result = one(floor, request, args, &mut row, now_ms);
        done += usize::from(result.is_ok());
        rows.push(row_json(request.op, args, &row, result.err(), now_ms));
    }
    if places && std::mem::take(&mut floor.pending.timeout) {
        return Err(Denial::unknown());
    }
    let (code, msg) = match done {
        all if all == rows.len() => ("0", ""),
        0 => ("1", "All operations failed"),
        _ => ("2", "Bulk operation partially succeeded."),
    };
    Ok(Reply { code, msg, rows: array(rows) })
}

fn row_json(op: Op, args: &Args, row: &Row, denial: Option<Denial>, now_ms: u64) -> String {
    let id = if row.id == 0 { String::new() } else { row.id.to_string() };
    let out = Object::new().put("clOrdId", words::client(&row.client)).put("ordId", id);
    let out = match op {
        Op::Amend => out.put("reqId", args.get("reqId").unwrap_or("")),
        _ => out.put("tag", args.get("tag").unwrap_or("")),
    };
    let (code, msg) = denial.map_or((0, String::new()), |denial| (denial.code, denial.msg));
    out.put("ts", now_ms.to_string())
        .put("sCode", code.to_string())
        .put("sMsg", msg)
        .put("subCode", "")
        .end()
}

fn one(
    floor: &mut Floor,
    request: &Request<'_>,
    args: &Args,
    row: &mut Row,
    now_ms: u64,
) -> Result<(), Denial> {
    let symbol = instruments::addressed(floor, args, request.naming)?;
    charge(floor, request, symbol, now_ms)?;
    let account = request.account;
    match request.op {
        Op::Place => place(floor, account, symbol, args, row, now_ms),
        Op::Cancel => cancel(floor, account, symbol, args, row, now_ms),
        Op::Amend => amend(floor, account, symbol, args, row, now_ms),
    }
}

/// Counts one object: each kind apart, by instrument; new ones and amendments also by account.
fn charge(
    floor: &mut Floor,
    request: &Request<'_>,
    symbol: SymbolId,
    now_ms: u64,
) -> Result<(), Denial> {
    let most = if request.batch == Batch::Single { SINGLE_MAX } else { MANY_MAX };
    let bucket = format!("{:?} {:?} {symbol}", request.op, request.batch);
    floor.limits.take((request.account, &bucket), 1, (most, SPAN_MS), now_ms)?;
    if request.op != Op::Cancel {
        floor.limits.may_order(request.account, now_ms)?;
        floor.limits.count_order(request.account, now_ms);
    }
    Ok(())
}

fn place(
    floor: &mut Floor,
    account: AccountId,
    symbol: SymbolId,
    args: &Args,
    row: &mut Row,
    now_ms: u64,
) -> Result<(), Denial> {
    let new = read_order(floor, account, symbol, args)?;
    let legs = super::attached::read(floor, args, &new)?;
    if let Some(code) = floor.pending.reject.take() {
        return Err(Denial::on_demand(code));
    }
    let unit = floor.venue.listing(symbol).symbol.unit();
    let worth = new.price.saturating_mul(new.qty).saturating_mul(unit).max(new.quote_qty);
    let placed = floor.venue.place_with(account, new, (legs, true), now_ms);
    let placed = placed.map_err(|refusal| match refusal {
        Refusal::Notional if worth > NOTIONAL_MAX => {
            Denial::new(51203, "Limit order amount exceeds the maximum amount.")
        }
        refusal => refusal.into(),
    })?;
    row.id = placed.order.id;
    Ok(())
}

/// A name of letters and digits, at most so many.
pub(crate) fn name<'a>(args: &'a Args, key: &str, most: usize) -> Result<Option<&'a str>, Denial> {
    let Some(text) = args.get(key) else { return Ok(None) };
    let legal = text.len() <= most && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if legal { Ok(Some(text)) } else { Err(Denial::parameter(key)) }
}

/// Reads a new order's words.
fn read_order(
    floor: &mut Floor,
    account: AccountId,
    symbol: SymbolId,
    args: &Args,
) -> Result<NewOrder, Denial> {
    let perp = floor.venue.listing(symbol).symbol.perp.is_some();
    let word = args.need("ordType")?;
    let (kind, tif, post) = words::read_type(word)
        .filter(|_| perp || word != words::OPTIMAL)
        .ok_or_else(|| Denial::parameter("ordType"))?;
    let new = frame(floor, account, symbol, args, kind)?;
    if (tif, new.stp) == (Tif::Fok, Stp::ExpireBoth) {
        return Err(Denial::parameter("stpMode"));
    }
    let price = match kind {
        Kind::Market => 0,
        Kind::Limit => limit_price(floor, symbol, args, "px")?,
    };
    let client = name(args, "clOrdId", CLIENT_MAX)?.map(String::from);
    let note = if word == words::OPTIMAL { word.to_string() } else { String::new() };
    Ok(NewOrder { tif, post, price, note, client: client.unwrap_or(new.client), ..new })
}

/// What orders of every type have: mode, sides, size, and what they may do.
pub(crate) fn frame(
    floor: &Floor,
    account: AccountId,
    symbol: SymbolId,
    args: &Args,
    kind: Kind,
) -> Result<NewOrder, Denial> {
    let perp = floor.venue.listing(symbol).symbol.perp.is_some();
    match (perp, args.need("tdMode")?) {
        (false, "cash") | (true, "cross") => {}
        (_, "cash" | "cross" | "isolated" | "spot_isolated") => {
            let msg = "Request unsupported under current account mode.";
            return Err(Denial::new(51010, msg));
        }
        _ => return Err(Denial::parameter("tdMode")),
    }
    let side = words::read_side(args.need("side")?).ok_or_else(|| Denial::parameter("side"))?;
    let hedged = perp && floor.venue.account(account).settings.hedge;
    let leg = match args.get("posSide") {
        None | Some("net") if !hedged => Leg::Net,
        Some("long") if hedged => Leg::Long,
        Some("short") if hedged => Leg::Short,
        _ => return Err(Denial::parameter("posSide")),
    };
    let stp = match args.get("stpMode") {
        None => Stp::ExpireMaker,
        Some(text) => words::read_stp(text).ok_or_else(|| Denial::parameter("stpMode"))?,
    };
    let (qty, quote_qty) = amounts(floor, symbol, args, (kind, side))?;
    Ok(NewOrder {
        symbol,
        side,
        kind,
        stp,
        leg,
        // The flag means something for positions in net mode only.
        reduce: args.flag("reduceOnly")? && perp && !hedged,
        qty,
        quote_qty,
        client: words::nameless(floor.venue.next_order),
        tag: name(args, "tag", TAG_MAX)?.unwrap_or("").to_string(),
        ..NewOrder::default()
    })
}

pub(crate) fn limit_price(
    floor: &Floor,
    symbol: SymbolId,
    args: &Args,
    key: &str,
) -> Result<i64, Denial> {
    let Some(value) = args.decimal(key)? else { return Err(Denial::missing(key)) };
    let value = value.map_err(|_| Denial::parameter(key))?;
    let ticks = floor.venue.listing(symbol).symbol.ticks(value);
    ticks.map_err(|_| Denial::parameter(key))
}

/// Lots, or the quote amount of a spot market order: a purchase is by amount unless it says
/// otherwise.
fn amounts(
    floor: &Floor,
    symbol: SymbolId,
    args: &Args,
    (kind, side): (Kind, Side),
) -> Result<(i64, i64), Denial> {
    let spec = &floor.venue.listing(symbol).symbol;
    let by_quote = spec.perp.is_none()
        && kind == Kind::Market
        && match args.get("tgtCcy") {
            None => side == Side::Buy,
            Some("quote_ccy") => true,
            Some("base_ccy") => false,
            Some(_) => return Err(Denial::parameter("tgtCcy")),
        };
    if !by_quote {
        return Ok((size::read(spec, args, "sz", kind)?, 0));
    }
    match args.decimal("sz")? {
        Some(Ok(amount)) if amount > 0 => Ok((0, amount)),
        None => Err(Denial::missing("sz")),
        _ => Err(Denial::parameter("sz")),
    }
}

/// The open order that a request names; `ordId` wins over `clOrdId`.
fn open(
    floor: &Floor,
    account: AccountId,
    symbol: SymbolId,
    args: &Args,
    gone: fn() -> Denial,
) -> Result<u64, Denial> {
    let id = args.integer("ordId")?;
    let client = if id.is_some() { None } else { args.get("clOrdId") };
    if id.is_none() && client.is_none() {
        return Err(Denial::missing("ordId or clOrdId"));
    }
    floor.venue.find_open(account, symbol, id, client).ok_or_else(gone)
}

fn cancel(
    floor: &mut Floor,
    account: AccountId,
    symbol: SymbolId,
    args: &Args,
    row: &mut Row,
    now_ms: u64,
) -> Result<(), Denial> {
    row.id = args.integer("ordId")?.unwrap_or(0);
    let gone = || {
        let msg = "Cancellation failed as the order has been filled, canceled or does not exist.";
        Denial::new(51400, msg)
    };
    let id = open(floor, account, symbol, args, gone)?;
    let order = floor.venue.cancel(id, Why::User, "", now_ms).ok_or_else(gone)?;
    (row.id, row.client) = (id, order.client);
    Ok(())
}

/// What an order remembers while it is amended: OKX's `amendResult`, and the request's id.
pub(crate) fn amend_note(order: &Order) -> Option<(&str, &str)> {
    order.note.strip_prefix("amend:")?.split_once(':')
}

fn amend(
    floor: &mut Floor,
    account: AccountId,
    symbol: SymbolId,
    args: &Args,
    row: &mut Row,
    now_ms: u64,
) -> Result<(), Denial> {
    row.id = args.integer("ordId")?.unwrap_or(0);
    let gone = || {
        let msg = "Modification failed as the order has been filled, canceled or does not exist.";
        Denial::new(51503, msg)
    };
    let id = open(floor, account, symbol, args, gone)?;
    let before = floor.venue.orders.get(&id).ok_or_else(gone)?;
    (row.id, row.client) = (id, before.client.clone());
    let request = name(args, "reqId", CLIENT_MAX)?.unwrap_or("").to_string();
    let cancels = args.flag("cxlOnFail")?;
    let spec = &floor.venue.listing(symbol).symbol;
    let to = Amend {
        qty: args.get("newSz").map(|_| size::read(spec, args, "newSz", Kind::Limit)).transpose()?,
        price: args.get("newPx").map(|_| limit_price(floor, symbol, args, "newPx")).transpose()?,
        ..Amend::default()
    };
    if to.qty.is_none() && to.price.is_none() {
        return Err(Refusal::Same.into());
    }
    let note = |floor: &mut Floor, result: &str| {
        let text =
            if result.is_empty() { String::new() } else { format!("amend:{result}:{request}") };
        if let Some(order) = floor.venue.orders.get_mut(&id) {
            order.note = text;
        }
    };
    note(floor, "0");
    let result = floor.venue.amend(id, &to, now_ms);
    if let Err(refusal) = result {
        note(floor, "1");
        if cancels {
            floor.venue.cancel(id, Why::User, "", now_ms);
        }
        note(floor, "");
        return Err(refusal.into());
    }
    note(floor, "");
    Ok(())
}

/// `trade/close-position`: a market order against the whole position.
pub(crate) fn close_position(floor: &mut Floor, asked: &Asked<'_>) -> Result<Reply, Denial> {
    let args = asked.args();
    let symbol = instruments::addressed(floor, args, Naming::Id)?;
    let leg = match args.get("posSide") {
        None | Some("net") => Leg::Net,
        Some("long") => Leg::Long,
        Some("short") => Leg::Short,
        Some(_) => return Err(Denial::parameter("posSide")),
    };
    let none = || Denial::new(51023, "Position does not exist.");
    let position = floor.venue.account(asked.account).position(symbol, leg);
    let side = position.closing().ok_or_else(none)?;
    let client = match name(args, "clOrdId", CLIENT_MAX)? {
        Some(client) => client.to_string(),
        None => words::nameless(floor.venue.next_order),
    };
    let new = NewOrder {
        symbol,
        side,
        kind: Kind::Market,
        tif: Tif::Ioc,
        stp: Stp::ExpireMaker,
        leg,
        reduce: leg == Leg::Net,
        qty: position.lots.abs(),
        client: client.clone(),
        ..NewOrder::default()
    };
    if args.flag("autoCxl")? {
        let fits = |order: &Order| order.symbol == symbol && order.only_reduces();
        floor.venue.cancel_all(asked.account, fits, Why::User, asked.now_ms);
    }
    floor.venue.place(asked.account, new, asked.now_ms)?;
    let spec = &floor.venue.listing(symbol).symbol;
    let out = Object::new().put("clOrdId", words::client(&client)).put("instId", &spec.name);
    let out = out.put("posSide", words::leg(spec, leg));
    Reply::one(out.put("tag", args.get("tag").unwrap_or("")).end())
}
