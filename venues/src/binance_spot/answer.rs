//! Answers of the WebSocket API and of REST: which request, how it went, what it tells.

use super::json::{Reader, number, object, signed, text, truth};
use super::refusal::Fault;
use super::stream;
use crate::wire::{
    Hear, Heard, Kind, Leg, LimitKind, OrderTold, RequestId, Standing, TradeTold, Usage, Verdict,
    WireFault,
};
use engine::asset::Assets;
use engine::event::{End, Reason};
use engine::id::{AssetId, ClientId, Side};
use engine::instrument::{Instrument, Symbol};
use engine::num::{AMOUNT_DECIMALS, Amount, Qty, parse_decimal};
use engine::time::Nanos;
use simd_json::tape::Value;
use simd_json::value::tape::Object;

/// Bytes that the parser's buffers are sized for at the start: the largest normal answer.
const LEN_EXPECTED: usize = 256 * 1024;

/// Reads messages. Holds what names and grids are needed for it.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: Reader,
    names: Names,
}

/// Instruments by symbol and assets by name.
#[derive(Debug)]
pub(super) struct Names {
    instruments: Vec<Instrument>,
    assets: Assets,
}

impl Names {
    /// The instrument of this symbol, if it is one of ours.
    #[inline]
    pub fn instrument(&self, symbol: &str) -> Option<&Instrument> {
        self.instruments.iter().find(|one| one.symbol.as_bytes() == symbol.as_bytes())
    }

    /// The id of an asset; new ones are added until the table is full.
    #[inline]
    pub fn asset(&mut self, name: &str) -> Option<AssetId> {
        match self.assets.id(name.as_bytes()) {
            Some(id) => Some(id),
            None => self.assets.intern(Symbol::new(name)?),
        }
    }
}

/// An amount of an asset: eight places, finer digits are refused.
#[inline]
pub(super) fn amount(value: &str) -> Result<Amount, WireFault> {
    parse_decimal(value.as_bytes(), AMOUNT_DECIMALS)
        .map(Amount)
        .map_err(|_| WireFault::Form("amount"))
}

/// Our name of an order, if the text is one.
#[inline]
pub(super) fn client(value: &str) -> Option<ClientId> {
    ClientId::parse(value.as_bytes())
}

/// The parts of an answer.
#[derive(Default)]
struct Parts<'t, 'i> {
    id: Option<&'i str>,
    status: u16,
    result: Option<Value<'t, 'i>>,
    error: Option<Value<'t, 'i>>,
}

impl Decoder {
    pub fn new(instruments: Vec<Instrument>, assets: Assets) -> Self {
        Self { reader: Reader::new(LEN_EXPECTED), names: Names { instruments, assets } }
    }

    pub const fn assets(&self) -> &Assets {
        &self.names.assets
    }

    pub fn set(&mut self, instrument: &Instrument) {
        for known in &mut self.names.instruments {
            if known.id == instrument.id {
                *known = *instrument;
            }
        }
    }

    /// One message of the WebSocket API.
    pub fn message<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
        let names = &mut self.names;
        self.reader.read(bytes, |root| {
            let mut parts = Parts::default();
            for (key, value) in object(root)?.iter() {
                match key {
                    "event" => return stream::event(value, names, sink),
                    "id" => parts.id = text(value),
                    "status" => parts.status = number(value).unwrap_or(0) as u16,
                    "result" => parts.result = Some(value),
                    "error" => parts.error = Some(value),
                    "rateLimits" => usage(value, sink),
                    _ => {}
                }
            }
            answer(&parts, names, sink)
        })
    }

    /// The answer to a REST request. One that cannot be read leaves the outcome open.
    pub fn http<H: Hear>(
        &mut self,
        id: RequestId,
        (status, retry_ms): (u16, u64),
        body: &mut [u8],
        sink: &mut H,
    ) {
        let names = &mut self.names;
        let verdict = self.reader.read(body, |root| {
            if status == 200 {
                return result(id, root, names, sink);
            }
            Ok(refused(id, status, Some(root), retry_ms, names, sink))
        });
        let verdict = match verdict {
            Ok(verdict) => verdict,
            // A gateway in between may answer 429 or 502 with a page of HTML.
            Err(_) if status != 200 => refused(id, status, None, retry_ms, names, sink),
            Err(_) => Verdict::Unknown { code: 0 },
        };
        sink.hear(Heard::Answer(id, verdict));
    }
}

fn answer<H: Hear>(
    parts: &Parts<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let Some(id) = parts.id.and_then(|id| RequestId::parse(id.as_bytes())) else {
        // Without an id it is about the session: a revoked key comes this way.
        if let Some(error) = parts.error {
            let fault = fault(parts.status, Some(error), 0);
            fault.verdict(sink);
            if parts.status == 401 {
                sink.hear(Heard::AuthRefused { code: fault.code });
            }
            return Ok(());
        }
        return Err(WireFault::Form("answer without an id of ours"));
    };
    let verdict = if parts.status == 200 {
        // The request was executed; an answer that we cannot read leaves open what came of it.
        let read = parts.result.ok_or(WireFault::Form("answer without result"));
        match read.and_then(|value| result(id, value, names, sink)) {
            Ok(verdict) => verdict,
            Err(fault) => {
                sink.hear(Heard::Answer(id, Verdict::Unknown { code: 0 }));
                return Err(fault);
            }
        }
    } else {
        refused(id, parts.status, parts.error, 0, names, sink)
    };
    sink.hear(Heard::Answer(id, verdict));
    Ok(())
}

fn fault<'i>(status: u16, error: Option<Value<'_, 'i>>, retry_ms: u64) -> Fault<'i> {
    let mut fault = Fault { status, code: 0, text: "", retry_ms };
    let Some(fields) = error.and_then(|error| error.as_object()) else { return fault };
    for (key, value) in fields.iter() {
        match key {
            "code" => fault.code = signed(value).and_then(|c| i32::try_from(c).ok()).unwrap_or(0),
            "msg" => fault.text = text(value).unwrap_or(""),
            "data" => {
                let retry = value.as_object().and_then(|data| data.get("retryAfter"));
                fault.retry_ms = retry.and_then(number).unwrap_or(fault.retry_ms);
            }
            _ => {}
        }
    }
    fault
}

fn refused<H: Hear>(
    id: RequestId,
    status: u16,
    error: Option<Value<'_, '_>>,
    retry_ms: u64,
    names: &mut Names,
    sink: &mut H,
) -> Verdict {
    let fault = fault(status, error, retry_ms);
    match (id.kind(), fault.code) {
        // Already subscribed, or already not: as wished.
        (Some(Kind::Subscribe), -2035) => Verdict::Done,
        // Nothing was there to cancel: as wished.
        (Some(Kind::CancelAll), -2011) => Verdict::Done,
        (Some(Kind::Replace), -2021 | -2022) => {
            let data = error.and_then(|e| e.as_object()).and_then(|e| e.get("data"));
            match data.map(|data| legs(data, names, sink)) {
                Some(Ok(verdict)) => verdict,
                _ => Verdict::Unknown { code: fault.code },
            }
        }
        _ => fault.verdict(sink),
    }
}

/// What the result of an executed request tells.
fn result<H: Hear>(
    id: RequestId,
    value: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<Verdict, WireFault> {
    let kind = id.kind().ok_or(WireFault::Form("kind of request"))?;
    Ok(match kind {
        Kind::Logon | Kind::Subscribe => Verdict::Done,
        Kind::Time => {
            let ms = object(value)?.get("serverTime").and_then(number);
            sink.hear(Heard::VenueTime(id, ms.ok_or(WireFault::Form("serverTime"))?));
            Verdict::Done
        }
        Kind::Place => {
            let venue_order = object(value)?.get("orderId").and_then(number);
            Verdict::Placed { venue_order: venue_order.ok_or(WireFault::Form("orderId"))? }
        }
        Kind::Cancel => match order(value, names)? {
            Some(told) => Verdict::Cancelled { filled: Some(told.filled) },
            None => Verdict::Cancelled { filled: None },
        },
        Kind::Replace => legs(value, names, sink)?,
        Kind::Move => return Err(WireFault::Unsupported),
        Kind::Amend => {
            let amended = object(value)?.get("amendedOrder").ok_or(WireFault::Form("amended"))?;
            let told = order(amended, names)?.ok_or(WireFault::Form("amended symbol"))?;
            Verdict::Amended { price: None, qty: told.qty }
        }
        Kind::CancelAll => {
            each(value, |item| cancelled(id, item, names, sink))?;
            Verdict::Done
        }
        Kind::Query => {
            if let Some(told) = order(value, names)? {
                sink.hear(Heard::Order(id, told));
            }
            Verdict::Done
        }
        Kind::OpenOrders => {
            each(value, |item| {
                if let Some(told) = order(item, names)? {
                    sink.hear(Heard::Order(id, told));
                }
                Ok(())
            })?;
            Verdict::Done
        }
        Kind::Balances => {
            let list = object(value)?.get("balances").ok_or(WireFault::Form("balances"))?;
            each(list, |item| balance(Some(id), item, names, sink))?;
            Verdict::Done
        }
        Kind::Trades | Kind::TradesOf => {
            each(value, |item| trade(id, item, names, sink))?;
            Verdict::Done
        }
    })
}

fn each(
    list: Value<'_, '_>,
    mut item: impl FnMut(Value<'_, '_>) -> Result<(), WireFault>,
) -> Result<(), WireFault> {
    let list = list.as_array().ok_or(WireFault::Form("array expected"))?;
    list.iter().try_for_each(&mut item)
}

/// One element of a cancel-all's result: an order, or a list of orders with reports inside.
fn cancelled<H: Hear>(
    id: RequestId,
    item: Value<'_, '_>,
    names: &Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    if let Some(reports) = object(item)?.get("orderReports") {
        return each(reports, |one| cancelled(id, one, names, sink));
    }
    if let Some(told) = order(item, names)? {
        sink.hear(Heard::Ended(id, told));
    }
    Ok(())
}

/// Both legs of a cancel-replace.
fn legs<H: Hear>(value: Value<'_, '_>, names: &Names, sink: &mut H) -> Result<Verdict, WireFault> {
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
        Some("FAILURE") => Ok(match fault(400, response, 0).verdict(sink) {
            Verdict::Refused(refusal) => Leg::Refused(refusal),
            _ => Leg::Unknown,
        }),
        _ => Err(WireFault::Form("leg result")),
    }
}

/// An order in an answer; `None` when its symbol is none of ours. Fields that the form at hand
/// lacks stay zero.
fn order(value: Value<'_, '_>, names: &Names) -> Result<Option<OrderTold>, WireFault> {
    let fields = object(value)?;
    let symbol = fields.get("symbol").and_then(text).ok_or(WireFault::Form("symbol"))?;
    let Some(instrument) = names.instrument(symbol) else { return Ok(None) };
    let mut told = OrderTold {
        instrument: instrument.id,
        venue_order: 0,
        client: None,
        side: Side::Buy,
        price: engine::num::Price::ZERO,
        qty: Qty::ZERO,
        filled: Qty::ZERO,
        standing: Standing::Live,
    };
    let mut original = None;
    let grid = |text: &str| instrument.qty(text.as_bytes()).map_err(|_| WireFault::Form("qty"));
    for (key, value) in fields.iter() {
        match key {
            "orderId" => told.venue_order = number(value).ok_or(WireFault::Form("orderId"))?,
            "origClientOrderId" => original = text(value).and_then(client),
            "clientOrderId" => told.client = text(value).and_then(client),
            "side" if text(value) == Some("SELL") => told.side = Side::Sell,
            "price" => {
                let price = text(value).unwrap_or("");
                let price = instrument.price(price.as_bytes());
                told.price = price.map_err(|_| WireFault::Form("price"))?;
            }
            "origQty" | "qty" => told.qty = grid(text(value).unwrap_or(""))?,
            "executedQty" => told.filled = grid(text(value).unwrap_or(""))?,
            "status" => told.standing = standing(text(value).unwrap_or("")),
            _ => {}
        }
    }
    // The answer to a cancel names the cancel in `clientOrderId` and the order beside it.
    told.client = original.or(told.client);
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

/// A balance: long names in answers, short ones in the stream.
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

fn trade<H: Hear>(
    id: RequestId,
    item: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<(), WireFault> {
    let fields = object(item)?;
    let word = |key: &'static str| fields.get(key).and_then(text).ok_or(WireFault::Form(key));
    let count = |key: &'static str| fields.get(key).and_then(number).ok_or(WireFault::Form(key));
    let Some(instrument) = names.instrument(word("symbol")?) else { return Ok(()) };
    let bought = fields.get("isBuyer").and_then(truth).ok_or(WireFault::Form("isBuyer"))?;
    let off = |_| WireFault::Form("trade off the grid");
    let told = TradeTold {
        trade: count("id")?,
        side: if bought { Side::Buy } else { Side::Sell },
        price: instrument.price(word("price")?.as_bytes()).map_err(off)?,
        qty: instrument.qty(word("qty")?.as_bytes()).map_err(off)?,
        fee: amount(word("commission")?)?,
        fee_asset: None,
        maker: fields.get("isMaker").and_then(truth).unwrap_or(false),
    };
    let (instrument, venue_order) = (instrument.id, count("orderId")?);
    let fee_asset = names.asset(word("commissionAsset")?);
    sink.hear(Heard::Trade(id, instrument, venue_order, TradeTold { fee_asset, ..told }));
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
            "interval" => seconds = super::metadata::interval_s(text(value)?)?,
            "intervalNum" => times = number(value)?,
            "limit" => max = u32::try_from(number(value)?).ok()?,
            "count" => used = u32::try_from(number(value)?).ok()?,
            _ => {}
        }
    }
    Some(Usage { limit: limit?, interval: Nanos::from_s(seconds.checked_mul(times)?), max, used })
}
