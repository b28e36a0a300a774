//! Messages of the socket and answers of REST: which request, how it went, what it tells.

use super::{refusal, stream};
use crate::holdings::Position;
use crate::json::{Reader, each, object, text, whole};
use crate::names::Names;
use crate::wire::{Hear, Heard, Kind, OrderTold, Refusal, RequestId, Verdict, WireFault};
use engine::asset::Assets;
use engine::event::Reason;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use simd_json::tape::{Object, Value};

/// Bytes that the parser's buffers are sized for at the start.
const LEN_EXPECTED: usize = 256 * 1024;
/// Items in a full page of an answer.
const PAGE: usize = 100;

/// Reads messages. Holds what names and grids are needed for it.
#[derive(Debug)]
pub(super) struct Decoder {
    reader: Reader,
    pub names: Names,
    /// Channels whose subscription is not confirmed yet: each is on its own.
    awaited: usize,
}

/// The parts of a message.
#[derive(Default)]
struct Parts<'t, 'i> {
    id: Option<&'i str>,
    event: &'i str,
    channel: &'i str,
    code: &'i str,
    words: &'i str,
    data: Option<Value<'t, 'i>>,
}

impl<'t, 'i> Parts<'t, 'i> {
    fn read(root: Value<'t, 'i>) -> Result<Self, WireFault> {
        let mut parts = Self::default();
        for (key, value) in object(root)?.iter() {
            let word = || text(value).unwrap_or("");
            match key {
                "id" => parts.id = text(value),
                "event" => parts.event = word(),
                "arg" => {
                    let channel = value.as_object().and_then(|arg| arg.get("channel"));
                    parts.channel = channel.and_then(text).unwrap_or("");
                }
                "code" => parts.code = word(),
                "msg" => parts.words = word(),
                "data" => parts.data = Some(value),
                _ => {}
            }
        }
        Ok(parts)
    }

    /// The code and words of what failed: those of the first item that did, else of the whole.
    fn fault(&self) -> (i32, &'i str) {
        let (mut code, mut words) = (number(self.code), self.words);
        let items = self.data.and_then(|data| data.as_array());
        for item in items.iter().flat_map(|items| items.iter()) {
            let Some(fields) = item.as_object() else { continue };
            let own = fields.get("sCode").and_then(text).map_or(0, number);
            if own != 0 {
                (code, words) = (own, fields.get("sMsg").and_then(text).unwrap_or(""));
                break;
            }
        }
        (code, words)
    }
}

/// A code from its text; what is no number is one that nobody knows.
fn number(text: &str) -> i32 {
    if text.is_empty() { 0 } else { text.parse().unwrap_or(-1) }
}

impl Decoder {
    pub fn new(instruments: Vec<Instrument>, assets: Assets) -> Self {
        let names = Names::new(instruments, assets);
        Self { reader: Reader::new(LEN_EXPECTED), names, awaited: 0 }
    }

    /// So many channels are being subscribed to.
    pub const fn awaits(&mut self, channels: usize) {
        self.awaited = channels;
    }

    /// One message of the socket.
    pub fn message<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
        if bytes == b"pong" {
            return Ok(());
        }
        let Self { reader, names, awaited } = self;
        reader.read(bytes, |root| {
            let parts = Parts::read(root)?;
            match (parts.event, parts.data) {
                ("", Some(data)) if !parts.channel.is_empty() => {
                    stream::channel(parts.channel, data, names, sink)
                }
                ("", _) => answer(&parts, sink),
                _ => {
                    event(&parts, awaited, sink);
                    Ok(())
                }
            }
        })
    }

    /// The answer to a REST request. One that cannot be read leaves the outcome open.
    pub fn http<H: Hear>(&mut self, id: RequestId, status: u16, body: &mut [u8], sink: &mut H) {
        let names = &mut self.names;
        let read = self.reader.read(body, |root| {
            let parts = Parts::read(root)?;
            let fault = parts.fault();
            if status == 200 && fault.0 == 0 {
                let data = parts.data.ok_or(WireFault::Form("data"))?;
                return result(id, data, names, sink);
            }
            if id.kind() == Some(Kind::CancelSome)
                && let Some(data) = parts.data
            {
                algos_cancelled(id, data, sink)?;
            }
            Ok(refused(id, fault, status, sink))
        });
        let verdict = match read {
            Ok(verdict) => verdict,
            Err(_) if status != 200 => refusal::verdict(0, (status, ""), sink),
            Err(_) => Verdict::Unknown { code: 0 },
        };
        sink.hear(Heard::Answer(id, verdict));
    }
}

/// Something about the session.
fn event<H: Hear>(parts: &Parts<'_, '_>, awaited: &mut usize, sink: &mut H) {
    let (code, words) = (number(parts.code), parts.words);
    match parts.event {
        "login" if code == 0 => sink.hear(Heard::Untagged(Kind::Logon, Verdict::Done)),
        "subscribe" => {
            *awaited = awaited.saturating_sub(1);
            if *awaited == 0 {
                sink.hear(Heard::Untagged(Kind::Subscribe, Verdict::Done));
            }
        }
        "notice" if code == 64008 => sink.hear(Heard::Closing),
        // One subscription too many for the account: this one ended.
        "channel-conn-count-error" => sink.hear(Heard::StreamEnded),
        // Logged on already: as wished.
        "error" | "login" if code == 60031 => {
            sink.hear(Heard::Untagged(Kind::Logon, Verdict::Done));
        }
        "error" | "login" => {
            let verdict = refusal::verdict(code, (200, words), sink);
            let logon = parts.event == "login"
                || refusal::is_auth(code)
                || matches!(code, 60004 | 60006 | 60008 | 60011);
            let kind = if logon { Kind::Logon } else { Kind::Subscribe };
            sink.hear(Heard::Untagged(kind, verdict));
        }
        _ => sink.hear(Heard::Ignored),
    }
}

fn answer<H: Hear>(parts: &Parts<'_, '_>, sink: &mut H) -> Result<(), WireFault> {
    let Some(id) = parts.id.and_then(|id| RequestId::parse(id.as_bytes())) else {
        return Err(WireFault::Form("answer without an id of ours"));
    };
    let fault = parts.fault();
    let verdict = match (fault.0, id.kind()) {
        (0, Some(Kind::Place)) => placed(parts.data),
        (0, Some(Kind::CancelSome)) => Verdict::Done,
        (0, Some(_)) => Verdict::Taken,
        _ => refused(id, fault, 200, sink),
    };
    sink.hear(Heard::Answer(id, verdict));
    Ok(())
}

fn placed(data: Option<Value<'_, '_>>) -> Verdict {
    let items = data.and_then(|data| data.as_array());
    let first = items.and_then(|items| items.get(0)).and_then(|item| item.as_object());
    let id =
        |item: Object<'_, '_>| item.get("ordId").or_else(|| item.get("algoId")).and_then(whole);
    match first.and_then(id) {
        Some(venue_order) => Verdict::Placed { venue_order },
        None => Verdict::Unknown { code: 0 },
    }
}

/// Which algo orders a cancel of several has ended: the stream says nothing of them.
fn algos_cancelled<H: Hear>(
    id: RequestId,
    data: Value<'_, '_>,
    sink: &mut H,
) -> Result<(), WireFault> {
    each(data, |item| {
        let fields = object(item)?;
        let done = fields.get("sCode").and_then(text) == Some("0");
        if let Some(algo) = fields.get("algoId").and_then(whole).filter(|_| done) {
            // Its instrument is that of the request.
            let told = OrderTold { venue_order: algo, ..OrderTold::blank(InstrumentId(0)) };
            sink.hear(Heard::Ended(id, told));
        }
        Ok(())
    })
}

/// Whether an answer is about algo orders.
fn is_algo(data: Value<'_, '_>) -> bool {
    let items = data.as_array();
    let first = items.and_then(|items| items.get(0)).and_then(|item| item.as_object());
    first.is_some_and(|item| item.get("algoId").is_some() && item.get("ordId").is_none())
}

fn refused<H: Hear>(
    id: RequestId,
    (code, words): (i32, &str),
    status: u16,
    sink: &mut H,
) -> Verdict {
    match (id.kind(), refusal::verdict(code, (status, words), sink)) {
        // Those that are gone already are as wished; the others are found again.
        (Some(Kind::CancelSome), Verdict::Refused(_)) => Verdict::Done,
        // A switch that cannot be set leaves all else as it is.
        (Some(Kind::Renew), _) => Verdict::Refused(Refusal { reason: Reason::Other, code }),
        (_, verdict) => verdict,
    }
}

/// What the result of an executed REST request tells.
fn result<H: Hear>(
    id: RequestId,
    data: Value<'_, '_>,
    names: &mut Names,
    sink: &mut H,
) -> Result<Verdict, WireFault> {
    let kind = id.kind().ok_or(WireFault::Form("kind of request"))?;
    // By which the next page is named, and how many came.
    let (mut last, mut count) = (0, 0_usize);
    match kind {
        Kind::Time => each(data, |item| {
            let ms = object(item)?.get("ts").and_then(whole).ok_or(WireFault::Form("ts"))?;
            sink.hear(Heard::VenueTime(id, ms));
            Ok(())
        })?,
        Kind::Place => return Ok(placed(Some(data))),
        // Of an algo order that is cancelled the stream says nothing.
        Kind::Cancel if is_algo(data) => return Ok(Verdict::Cancelled { filled: None }),
        Kind::Move | Kind::Amend | Kind::Cancel => return Ok(Verdict::Taken),
        Kind::Query | Kind::OpenOrders => each(data, |item| {
            count += 1;
            if let Some(told) = stream::order_told(item, names)? {
                last = told.venue_order;
                sink.hear(Heard::Order(id, told));
            }
            Ok(())
        })?,
        Kind::CancelSome => algos_cancelled(id, data, sink)?,
        Kind::Balances => each(data, |item| stream::balances(Some(id), item, names, sink))?,
        Kind::Position => {
            let read = |item: Value<'_, '_>| stream::position(item, names);
            Position::tell_all(id, data, read, sink)?;
        }
        Kind::Trades | Kind::TradesOf => each(data, |item| {
            (last, count) = (stream::trade(id, item, names, sink)?, count + 1);
            Ok(())
        })?,
        Kind::Payments => each(data, |item| {
            (last, count) = (stream::payment(id, item, names, sink)?, count + 1);
            Ok(())
        })?,
        _ => {}
    }
    let paged = matches!(kind, Kind::OpenOrders | Kind::Trades | Kind::Payments);
    if paged && count >= PAGE && last > 0 {
        sink.hear(Heard::More(id, last));
    }
    if kind == Kind::Query && count == 0 {
        return Ok(Verdict::Refused(Refusal { reason: Reason::UnknownOrder, code: 0 }));
    }
    Ok(Verdict::Done)
}
