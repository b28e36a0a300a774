//! What the results of executed requests tell: orders, trades, balances, positions, payments.

use super::Flavor;
use super::listing::interval_s;
use super::refusal::Fault;
use crate::holdings::Position;
use crate::json::{each, number, object, text, truth, whole};
use crate::names::{Names, amount, amount_or_none, price, qty};
use crate::timed;
use crate::wire::{
    Hear, Heard, Kind, Leg, LimitKind, OrderTold, RequestId, Standing, TradeTold, Usage, Verdict,
    Whose, WireFault,
};
use engine::event::{End, Reason};
use engine::id::{ClientId, Side};
use engine::time::Nanos;
use simd_json::tape::Value;
use simd_json::value::tape::Object;

/// The status of an order that sleeps until the entry of its bracket is filled.
pub(super) const PENDING: &str = "PENDING_NEW";

/// Items in a full page of an answer.
const PAGE: usize = 1_000;

/// Our name of an order, if the text is one.
#[inline]
pub(super) fn client(value: &str) -> Option<ClientId> {
    ClientId::parse(value.as_bytes())
}

/// What the result of an executed request tells.
pub(super) fn result<H: Hear>(
    id: RequestId,
    value: Value<'_, '_>,
    (names, flavor): (&mut Names, Flavor),
    sink: &mut H,
) -> Result<Verdict, WireFault> {
    let kind = id.kind().ok_or(WireFault::Form("kind of request"))?;
    match kind {
        Kind::Time => {
            let ms = object(value)?.get("serverTime").and_then(number);
            sink.hear(Heard::VenueTime(id, ms.ok_or(WireFault::Form("serverTime"))?));
        }
        // Of linked orders that are placed or cancelled together.
        Kind::Place | Kind::Cancel if is_list(value)? => {
            if kind == Kind::Cancel {
                cancelled(id, value, names, sink)?;
            }
            return Ok(Verdict::Taken);
        }
        Kind::Place | Kind::Cancel | Kind::Replace | Kind::Amend | Kind::Move => {
            return changed(kind, value, (names, flavor), sink);
        }
        // Of USDⓈ-M the answer is a word; the stream tells which orders ended.
        Kind::CancelAll if flavor == Flavor::Spot => {
            each(value, |item| cancelled(id, item, names, sink))?;
        }
        Kind::Query => {
            if let Some(told) = order(value, names)? {
                sink.hear(Heard::Order(id, told));
            }
        }
        Kind::OpenOrders => each(value, |item| {
            if let Some(told) = order(item, names)? {
                sink.hear(Heard::Order(id, told));
            }
            Ok(())
        })?,
        Kind::Balances if flavor == Flavor::Spot => {
            let list = object(value)?.get("balances").ok_or(WireFault::Form("balances"))?;
            each(list, |item| balance(Some(id), item, names, sink))?;
        }
        Kind::Balances => each(value, |item| wallet(Some(id), item, names, sink))?,
        Kind::Position => positions(id, value, names, sink)?,
        Kind::Trades => {
            let (mut count, mut last) = (0, 0);
            each(value, |item| {
                count += 1;
                last = trade(id, item, names, sink)?.max(last);
                Ok(())
            })?;
            if count >= PAGE {
                sink.hear(Heard::More(id, last + 1));
            }
        }
        Kind::TradesOf => each(value, |item| trade(id, item, names, sink).map(|_| ()))?,
        Kind::Payments => payments(id, value, names, sink)?,
        _ => {}
    }
    Ok(Verdict::Done)
}

/// Results of requests that place or change one order.
fn changed<H: Hear>(
    kind: Kind,
    value: Value<'_, '_>,
    (names, flavor): (&mut Names, Flavor),
    sink: &mut H,
) -> Result<Verdict, WireFault> {
    Ok(match (kind, flavor) {
        (Kind::Place, _) => {
            let fields = object(value)?;
            let id = fields.get("orderId").or_else(|| fields.get("algoId"));
            let venue_order = id.and_then(number);
            Verdict::Placed { venue_order: venue_order.ok_or(WireFault::Form("orderId"))? }
        }
        // Of a conditional order the answer is its id alone.
        (Kind::Cancel, Flavor::Usdm) if object(value)?.get("symbol").is_none() => {
            Verdict::Cancelled { filled: None }
        }
        (Kind::Cancel, _) => match order(value, names)? {
            Some(told) => Verdict::Cancelled { filled: Some(told.filled) },
            None => Verdict::Cancelled { filled: None },
        },
        (Kind::Replace, Flavor::Spot) => legs(value, names, sink)?,
        (Kind::Amend, Flavor::Spot) => {
            let amended = object(value)?.get("amendedOrder").ok_or(WireFault::Form("amended"))?;
            let told = order(amended, names)?.ok_or(WireFault::Form("amended symbol"))?;
            Verdict::Amended { price: None, qty: told.qty }
        }
        (Kind::Move, Flavor::Usdm) => {
            let told = order(value, names)?.ok_or(WireFault::Form("modified symbol"))?;
            match told.standing {
                Standing::Live | Standing::Waits => {
                    Verdict::Amended { price: Some(told.price), qty: told.qty }
                }
                // A change below what is filled ends the order; the stream tells how.
                Standing::Ended(..) => Verdict::Taken,
            }
        }
        _ => return Err(WireFault::Unsupported),
    })
}

/// Whether it is about a list of orders. Its `orderListId` alone says nothing: other orders bear
/// one too.
fn is_list(value: Value<'_, '_>) -> Result<bool, WireFault> {
    let fields = object(value)?;
    Ok(fields.get("contingencyType").is_some() && fields.get("orderId").is_none())
}

/// What was cancelled: an order, or a list of orders with reports inside.
fn cancelled<H: Hear>(
    id: RequestId,
    item: Value<'_, '_>,
    names: &Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    if let Some(reports) = object(item)?.get("orderReports") {
        return each(reports, |one| cancelled(id, one, names, sink));
    }
    match order(item, names)? {
        // The entry of a bracket, long ago.
        Some(told) if matches!(told.standing, Standing::Ended(End::Filled, _)) => {}
        Some(told) => sink.hear(Heard::Ended(id, told)),
        None => {}
    }
    Ok(())
}

/// Both legs of a cancel-replace.
pub(super) fn legs<H: Hear>(
    value: Value<'_, '_>,
    names: &Names,
    sink: &mut H,
) -> Result<Verdict, WireFault> {
    let fields = object(value)?;
    let mut one = |result: &str, response: &str| leg(&fields, (result, response), names, sink);
    let cancel = one("cancelResult", "cancelResponse")?;
    let place = one("newOrderResult", "newOrderResponse")?;
    Ok(Verdict::Replaced { cancel, place })
}

fn leg<H: Hear>(
    fields: &Object<'_, '_>,
    (result, response): (&str, &str),
    names: &Names,
    sink: &mut H,
) -> Result<Leg, WireFault> {
    let response = fields.get(response);
    match fields.get(result).and_then(text) {
        Some("SUCCESS") => {
            let response = response.ok_or(WireFault::Form("leg without response"))?;
            let inner = object(response)?;
            let venue_order = inner.get("orderId").and_then(number);
            let filled = order(response, names)?.map(|told| told.filled);
            let filled = inner.get("executedQty").and(filled);
            let venue_order = venue_order.ok_or(WireFault::Form("orderId"))?;
            Ok(Leg::Done { venue_order, filled })
        }
        Some("NOT_ATTEMPTED") => Ok(Leg::NotAttempted),
        Some("FAILURE") => Ok(match Fault::read(400, response, 0).verdict(sink) {
            Verdict::Refused(refusal) => Leg::Refused(refusal),
            _ => Leg::Unknown,
        }),
        _ => Err(WireFault::Form("leg result")),
    }
}

/// An order in an answer; `None` when its symbol is none of ours, or when it sleeps behind an entry
/// that is not filled. Fields that the form at hand lacks stay zero.
fn order(value: Value<'_, '_>, names: &Names) -> Result<Option<OrderTold>, WireFault> {
    let fields = object(value)?;
    let symbol = fields.get("symbol").and_then(text).ok_or(WireFault::Form("symbol"))?;
    let Some(instrument) = names.instrument(symbol) else { return Ok(None) };
    let mut told = OrderTold::blank(instrument.id);
    let (mut original, mut became, mut conditional, mut works) = (None, 0, false, true);
    for (key, value) in fields.iter() {
        let word = || text(value).unwrap_or("");
        match key {
            // Those of a conditional order of USDⓈ-M, and the id of what it became.
            "algoId" => told.venue_order = number(value).ok_or(WireFault::Form("algoId"))?,
            "clientAlgoId" => told.client = text(value).and_then(client),
            "quantity" => told.qty = qty(instrument, word())?,
            "algoStatus" => told.standing = algo_standing(word()),
            "actualOrderId" => became = word().parse().unwrap_or(0),
            // Those of Spot are orders like others.
            "type" => conditional = is_conditional(word()),
            "isWorking" => works = truth(value).unwrap_or(true),
            "orderId" => told.venue_order = number(value).ok_or(WireFault::Form("orderId"))?,
            "origClientOrderId" => original = text(value).and_then(client),
            "clientOrderId" => told.client = text(value).and_then(client),
            "side" if word() == "SELL" => told.side = Side::Sell,
            "price" => told.price = price(instrument, word())?,
            "origQty" | "qty" => told.qty = qty(instrument, word())?,
            "executedQty" => told.filled = qty(instrument, word())?,
            "status" if word() == PENDING => return Ok(None),
            "status" => told.standing = standing(word()),
            _ => {}
        }
    }
    // The answer to a cancel names the cancel in `clientOrderId` and the order beside it.
    told.client = original.or(told.client);
    if became > 0 && told.standing == Standing::Live {
        told.venue_order = became;
    }
    if conditional && !works && told.standing == Standing::Live {
        told.standing = Standing::Waits;
    }
    Ok(Some(told))
}

/// The venue's order status as whether it stands.
fn standing(status: &str) -> Standing {
    match status {
        "FILLED" => Standing::Ended(End::Filled, Reason::None),
        "CANCELED" => Standing::Ended(End::Cancelled, Reason::None),
        "REJECTED" => Standing::Ended(End::Rejected, Reason::Other),
        "EXPIRED" => Standing::Ended(End::Expired, Reason::Expired),
        "EXPIRED_IN_MATCH" => Standing::Ended(End::Expired, Reason::SelfTrade),
        _ => Standing::Live,
    }
}

/// Whether a type of Spot's orders waits for a price.
pub(super) fn is_conditional(kind: &str) -> bool {
    kind.starts_with("STOP_LOSS") || kind.starts_with("TAKE_PROFIT")
}

/// The same of a conditional order of USDⓈ-M: one that fired lives on as an order of its own.
fn algo_standing(status: &str) -> Standing {
    match status {
        "TRIGGERED" | "FINISHED" => Standing::Live,
        "CANCELED" => Standing::Ended(End::Cancelled, Reason::None),
        "REJECTED" => Standing::Ended(End::Rejected, Reason::Other),
        "EXPIRED" => Standing::Ended(End::Expired, Reason::Other),
        _ => Standing::Waits,
    }
}

/// A balance of Spot: long names in answers, short ones in the stream.
pub(super) fn balance<H: Hear>(
    asked: Option<RequestId>,
    item: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let (mut name, mut free, mut locked) = (None, None, None);
    for (key, value) in object(item)?.iter() {
        match key {
            "asset" | "a" => name = text(value),
            "free" | "f" => free = text(value),
            "locked" | "l" => locked = text(value),
            _ => {}
        }
    }
    let name = name.ok_or(WireFault::Form("asset"))?;
    let free = amount(free.ok_or(WireFault::Form("free"))?)?;
    let locked = amount(locked.ok_or(WireFault::Form("locked"))?)?;
    sink.hear(match names.asset(name) {
        Some(asset) => Heard::Balance { asked, asset, free, locked },
        None => Heard::Ignored,
    });
    Ok(())
}

/// A balance of USDⓈ-M: the wallet, of which open orders and positions only bind a margin.
pub(super) fn wallet<H: Hear>(
    asked: Option<RequestId>,
    item: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let (mut name, mut free) = (None, None);
    for (key, value) in object(item)?.iter() {
        match key {
            "asset" | "a" => name = text(value),
            "balance" | "wb" => free = text(value),
            _ => {}
        }
    }
    let name = name.ok_or(WireFault::Form("asset"))?;
    // Accounts that were never used have empty texts.
    let free = amount_or_none(free.ok_or(WireFault::Form("balance"))?)?;
    let locked = engine::num::Amount::ZERO;
    sink.hear(match names.asset(name) {
        Some(asset) => Heard::Balance { asked, asset, free, locked },
        None => Heard::Ignored,
    });
    Ok(())
}

/// The positions of an answer about one symbol.
fn positions<H: Hear>(
    id: RequestId,
    list: Value<'_, '_>,
    names: &Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let read = |item: Value<'_, '_>| {
        let fields = object(item)?;
        let word = |key: &'static str| fields.get(key).and_then(text).ok_or(WireFault::Form(key));
        let Some(instrument) = names.instrument(word("symbol")?) else { return Ok(None) };
        // The amount has its sign, on either side of a hedged account.
        let texts = (word("positionAmt")?, word("entryPrice")?);
        Position::new(instrument, texts, (false, true)).map(Some)
    };
    Position::tell_all(id, list, read, sink)
}

/// Tells a trade and returns its id; 0 when it is of nothing that is followed.
fn trade<H: Hear>(
    id: RequestId,
    item: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<u64, WireFault> {
    let fields = object(item)?;
    let word = |key: &'static str| fields.get(key).and_then(text).ok_or(WireFault::Form(key));
    let count = |key: &'static str| fields.get(key).and_then(number).ok_or(WireFault::Form(key));
    // Spot says `isBuyer` and `isMaker`, USDⓈ-M `buyer` and `maker`.
    let either =
        |long: &str, short: &str| fields.get(long).or_else(|| fields.get(short)).and_then(truth);
    let Some(instrument) = names.instrument(word("symbol")?) else { return Ok(0) };
    let bought = either("isBuyer", "buyer").ok_or(WireFault::Form("isBuyer"))?;
    let told = TradeTold {
        trade: count("id")?,
        side: if bought { Side::Buy } else { Side::Sell },
        price: price(instrument, word("price")?)?,
        qty: qty(instrument, word("qty")?)?,
        fee: amount(word("commission")?)?,
        fee_asset: None,
        maker: either("isMaker", "maker").unwrap_or(false),
    };
    let (instrument, venue_order) = (instrument.id, count("orderId")?);
    let whose = Whose { instrument, venue_order, client: None, named: false };
    let fee_asset = names.asset(word("commissionAsset")?);
    sink.hear(Heard::Trade(id, whose, TradeTold { fee_asset, ..told }));
    Ok(told.trade)
}

/// Funding payments; what the list holds of other kinds is passed over.
fn payments<H: Hear>(
    id: RequestId,
    list: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let (mut count, mut last) = (0, 0);
    each(list, |item| {
        let fields = object(item)?;
        let word = |key: &'static str| fields.get(key).and_then(text).ok_or(WireFault::Form(key));
        let at_ms = fields.get("time").and_then(number).ok_or(WireFault::Form("time"))?;
        (count, last) = (count + 1, at_ms.max(last));
        if word("incomeType")? != "FUNDING_FEE" {
            return Ok(());
        }
        let number = fields.get("tranId").and_then(whole).ok_or(WireFault::Form("tranId"))?;
        let payment = timed::id(at_ms, &number.to_le_bytes());
        let amount = amount(word("income")?)?;
        let Some(instrument) = names.instrument(word("symbol")?).map(|one| one.id) else {
            return Ok(());
        };
        let asset = names.asset(word("asset")?);
        sink.hear(Heard::Funding { asked: Some(id), instrument, payment, asset, amount });
        Ok(())
    })?;
    if count >= PAGE {
        sink.hear(Heard::More(id, last));
    }
    Ok(())
}

/// What the venue counts as used. What cannot be read is left out: it changes nothing for orders.
pub(super) fn usage<H: Hear>(list: Value<'_, '_>, sink: &mut H) {
    let _ = each(list, |item| {
        if let Some(usage) = limit(item) {
            sink.hear(Heard::Usage(usage));
        }
        Ok(())
    });
}

fn limit(item: Value<'_, '_>) -> Option<Usage> {
    let (mut limit, mut seconds, mut times, mut max, mut used) = (None, 0, 1, 0, 0);
    for (key, value) in item.as_object()?.iter() {
        match key {
            "rateLimitType" => {
                limit = match text(value)? {
                    "REQUEST_WEIGHT" => Some(LimitKind::Weight),
                    "ORDERS" => Some(LimitKind::Orders),
                    _ => return None,
                };
            }
            "interval" => seconds = interval_s(text(value)?)?,
            "intervalNum" => times = number(value)?,
            "limit" => max = u32::try_from(number(value)?).ok()?,
            "count" => used = u32::try_from(number(value)?).ok()?,
            _ => {}
        }
    }
    Some(Usage::aligned(limit?, Nanos::from_s(seconds.checked_mul(times)?), max, used))
}
