//! Messages of the trade and private sockets and answers of REST: which request, how it went, what
//! it tells.

use super::ids::Ids;
use super::{refusal, stream};
use crate::cursors::Cursors;
use crate::holdings::Position;
use crate::json::{Reader, each, number, object, signed, text, truth, whole};
use crate::names::Names;
use crate::wire::{Hear, Heard, Kind, LimitKind, Refusal, RequestId, Usage, Verdict, WireFault};
use engine::asset::Assets;
use engine::event::Reason;
use engine::instrument::{self, Instrument};
use engine::time::Nanos;
use simd_json::tape::Value;

/// Bytes that the parser's buffers are sized for at the start.
const LEN_EXPECTED: usize = 256 * 1024;
/// Requests of which it is remembered toward which limits they count.
const SENT: usize = 1_024;

/// Reads messages. Holds what names, grids and ids are needed for it.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: Reader,
    pub names: Names,
    pub ids: Ids,
    pub cursors: Cursors,
    buckets: Vec<(RequestId, u16)>,
}

/// The parts of a message.
#[derive(Default)]
struct Parts<'t, 'i> {
    id: Option<&'i str>,
    op: &'i str,
    code: Option<i64>,
    success: Option<bool>,
    data: Option<Value<'t, 'i>>,
    header: Option<Value<'t, 'i>>,
}

impl Decoder {
    pub fn new(instruments: Vec<Instrument>, assets: Assets) -> Self {
        Self {
            reader: Reader::new(LEN_EXPECTED),
            names: Names::new(instruments, assets),
            ids: Ids::new(),
            cursors: Cursors::new(),
            buckets: vec![(RequestId::default(), 0); SENT],
        }
    }

    /// A request that counts toward these limits is sent.
    #[inline]
    pub fn sent(&mut self, id: RequestId, bucket: u16) {
        self.buckets[id.counter() as usize % SENT] = (id, bucket);
    }

    /// One message of either socket.
    pub fn message<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
        let Self { reader, names, ids, buckets, .. } = self;
        reader.read(bytes, |root| {
            let mut parts = Parts::default();
            for (key, value) in object(root)?.iter() {
                match key {
                    "topic" => return stream::topic(root, (names, ids), sink),
                    "reqId" | "req_id" => parts.id = text(value),
                    "op" => parts.op = text(value).unwrap_or(""),
                    "retCode" => parts.code = signed(value),
                    "success" => parts.success = truth(value),
                    "data" => parts.data = Some(value),
                    "header" => parts.header = Some(value),
                    _ => {}
                }
            }
            answer(&parts, (ids, buckets), sink)
        })
    }

    /// The answer to a REST request. One that cannot be read leaves the outcome open.
    pub fn http<H: Hear>(&mut self, id: RequestId, status: u16, body: &mut [u8], sink: &mut H) {
        let Self { reader, names, ids, cursors, .. } = self;
        let read = reader.read(body, |root| {
            let fields = object(root)?;
            let code = fields.get("retCode").and_then(signed).ok_or(WireFault::Form("retCode"))?;
            if code == 0 && status == 200 {
                let result = fields.get("result").ok_or(WireFault::Form("result"))?;
                return result_of(id, result, (names, ids, cursors), sink);
            }
            Ok(refused(id, code, status, sink))
        });
        let verdict = match read {
            Ok(verdict) => verdict,
            // A gateway in between may answer 403 or 502 with a page of HTML.
            Err(_) if status != 200 => refusal::verdict(0, status, sink),
            Err(_) => Verdict::Unknown { code: 0 },
        };
        sink.hear(Heard::Answer(id, verdict));
    }
}

fn refused<H: Hear>(id: RequestId, code: i64, status: u16, sink: &mut H) -> Verdict {
    let code = i32::try_from(code).unwrap_or(-1);
    match (id.kind(), code) {
        // Nothing was there to cancel: as wished.
        (Some(Kind::CancelAll), 110001 | 170213) => Verdict::Done,
        // Its permission is one of its own: without it there is no protection, and all else works.
        (Some(Kind::Renew), _) => Verdict::Refused(Refusal { reason: Reason::Other, code }),
        _ => refusal::verdict(code, status, sink),
    }
}

fn answer<H: Hear>(
    parts: &Parts<'_, '_>,
    (ids, buckets): (&mut Ids, &[(RequestId, u16)]),
    sink: &mut H,
) -> Result<(), WireFault> {
    let code = match (parts.code, parts.success) {
        (Some(code), _) => i32::try_from(code).unwrap_or(-1),
        (None, Some(true)) => 0,
        (None, Some(false)) => -1,
        // The answer to a ping on the private socket has neither.
        (None, None) if parts.op == "pong" => return Ok(()),
        (None, None) => return Err(WireFault::Form("answer without a code")),
    };
    match parts.op {
        "ping" | "pong" => return Ok(()),
        "auth" => {
            // Repeated: as wished.
            let done = code == 0 || code == 20001;
            if !done {
                sink.hear(Heard::AuthRefused { code });
            }
            sink.hear(Heard::Untagged(Kind::Logon, set_up(done, code)));
            return Ok(());
        }
        "subscribe" => {
            sink.hear(Heard::Untagged(Kind::Subscribe, set_up(code == 0, code)));
            return Ok(());
        }
        _ => {}
    }
    let Some(id) = parts.id.and_then(|id| RequestId::parse(id.as_bytes())) else {
        return Err(WireFault::Form("answer without an id of ours"));
    };
    if let Some(usage) = parts.header.and_then(|header| usage(id, header, buckets)) {
        sink.hear(Heard::Usage(usage));
    }
    let verdict = match (code, id.kind()) {
        (0, Some(Kind::Place)) => {
            let fields = parts.data.and_then(|data| data.as_object());
            let order = fields.and_then(|fields| fields.get("orderId")).and_then(text);
            match order.map_or(0, |order| ids.number(order)) {
                // It was taken on, and under which id the stream tells.
                0 => Verdict::Taken,
                venue_order => Verdict::Placed { venue_order },
            }
        }
        (0, Some(_)) => Verdict::Taken,
        _ => refusal::verdict(code, 200, sink),
    };
    sink.hear(Heard::Answer(id, verdict));
    Ok(())
}

const fn set_up(done: bool, code: i32) -> Verdict {
    if done { Verdict::Done } else { Verdict::Refused(Refusal { reason: Reason::Auth, code }) }
}

/// What the header of an answer says of the limit of its kind and category.
fn usage(id: RequestId, header: Value<'_, '_>, buckets: &[(RequestId, u16)]) -> Option<Usage> {
    let limit = match id.kind()? {
        Kind::Place => LimitKind::Orders,
        Kind::Move | Kind::Amend => LimitKind::Amends,
        Kind::Cancel => LimitKind::Cancels,
        _ => return None,
    };
    let (of, bucket) = buckets[id.counter() as usize % SENT];
    let fields = header.as_object()?;
    let count = |key: &str| u32::try_from(fields.get(key).and_then(whole)?).ok();
    let (max, left) = (count("X-Bapi-Limit")?, count("X-Bapi-Limit-Status")?);
    let usage = Usage::rolling(limit, bucket, Nanos::from_s(1), max);
    (of == id && bucket > 0).then_some(Usage { used: max.saturating_sub(left), ..usage })
}

/// What the result of an executed REST request tells.
fn result_of<H: Hear>(
    id: RequestId,
    result: Value<'_, '_>,
    (names, ids, cursors): (&mut Names, &mut Ids, &mut Cursors),
    sink: &mut H,
) -> Result<Verdict, WireFault> {
    let kind = id.kind().ok_or(WireFault::Form("kind of request"))?;
    let fields = object(result)?;
    let list = || fields.get("list").ok_or(WireFault::Form("list"));
    let category = fields.get("category").and_then(text).unwrap_or("");
    let mut count = 0;
    match kind {
        Kind::Time => {
            let nanos = fields.get("timeNano").and_then(whole);
            let nanos = nanos.ok_or(WireFault::Form("timeNano"))?;
            sink.hear(Heard::VenueTime(id, nanos / 1_000_000));
        }
        Kind::Place => {
            let order = fields.get("orderId").and_then(text).ok_or(WireFault::Form("orderId"))?;
            let venue_order = ids.number(order);
            if venue_order == 0 {
                return Err(WireFault::Form("orderId"));
            }
            return Ok(Verdict::Placed { venue_order });
        }
        Kind::Move | Kind::Amend | Kind::Cancel => return Ok(Verdict::Taken),
        Kind::Query | Kind::OpenOrders => each(list()?, |item| {
            if let Some(told) = stream::order_told(item, category, (names, ids))? {
                count += 1;
                sink.hear(Heard::Order(id, told));
            }
            Ok(())
        })?,
        Kind::Balances => each(list()?, |item| stream::wallet(Some(id), item, names, sink))?,
        Kind::Position => {
            let read = |item: Value<'_, '_>| stream::position(item, category, names);
            Position::tell_all(id, list()?, read, sink)?;
        }
        Kind::Trades | Kind::TradesOf => {
            each(list()?, |item| stream::trade(id, item, category, (names, ids), sink))?
        }
        Kind::Payments => {
            each(list()?, |item| stream::funding(Some(id), item, category, names, sink))?
        }
        _ => {}
    }
    if kind == Kind::Query && count == 0 {
        return Ok(Verdict::Refused(Refusal { reason: Reason::UnknownOrder, code: 0 }));
    }
    if matches!(kind, Kind::OpenOrders | Kind::Trades | Kind::Payments)
        && let Some(cursor) = fields.get("nextPageCursor").and_then(text)
        && !cursor.is_empty()
        && list()?.as_array().is_some_and(|list| !list.is_empty())
    {
        sink.hear(Heard::More(id, cursors.keep(cursor)));
    }
    Ok(Verdict::Done)
}

/// The category of a name; `None` for those that are not followed.
pub(super) fn kind_of(category: &str) -> Option<instrument::Kind> {
    match category {
        "spot" => Some(instrument::Kind::Spot),
        "linear" => Some(instrument::Kind::Linear),
        _ => None,
    }
}

/// A whole number in a message, from a number or from text; 0 when there is none.
pub(super) fn stamp(value: Option<Value<'_, '_>>) -> u64 {
    value.and_then(|value| number(value).or_else(|| whole(value))).unwrap_or(0)
}
