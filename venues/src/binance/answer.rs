//! Answers of the WebSocket API and of REST: which request, how it went, what it tells.

use super::Flavor;
use super::refusal::Fault;
use super::result::{legs, result, usage};
use super::stream;
use crate::json::{Reader, number, object, text};
use crate::names::Names;
use crate::wire::{Hear, Heard, Kind, RequestId, Verdict, WireFault};
use engine::asset::Assets;
use engine::instrument::Instrument;
use simd_json::tape::Value;

/// Bytes that the parser's buffers are sized for at the start: the largest normal answer.
const LEN_EXPECTED: usize = 256 * 1024;

/// Reads messages. Holds what names and grids are needed for it.
#[derive(Debug)]
pub(crate) struct Decoder {
    reader: Reader,
    names: Names,
    flavor: Flavor,
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
    pub fn new(flavor: Flavor, instruments: Vec<Instrument>, assets: Assets) -> Self {
        let names = Names::new(instruments, assets);
        Self { reader: Reader::new(LEN_EXPECTED), names, flavor }
    }

    pub const fn names(&self) -> &Names {
        &self.names
    }

    pub fn set(&mut self, instrument: &Instrument) {
        self.names.set(instrument);
    }

    /// One message of the WebSocket API.
    pub fn message<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault> {
        let (names, flavor) = (&mut self.names, self.flavor);
        self.reader.read(bytes, |root| {
            let mut parts = Parts::default();
            for (key, value) in object(root)?.iter() {
                match key {
                    "event" => return stream::event(value, names, sink),
                    // Of the other venue the events come bare, on a connection of their own.
                    "e" => return stream::event(root, names, sink),
                    "id" => parts.id = text(value),
                    "status" => parts.status = number(value).unwrap_or(0) as u16,
                    "result" => parts.result = Some(value),
                    "error" => parts.error = Some(value),
                    "rateLimits" => usage(value, sink),
                    _ => {}
                }
            }
            answer(&parts, (names, flavor), sink)
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
        let (names, flavor) = (&mut self.names, self.flavor);
        let verdict = self.reader.read(body, |root| {
            if status == 200 {
                return result(id, root, (&mut *names, flavor), sink);
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
    (names, flavor): (&mut Names, Flavor),
    sink: &mut H,
) -> Result<(), WireFault> {
    let Some(id) = parts.id.and_then(|id| RequestId::parse(id.as_bytes())) else {
        // Without an id it is about the session: a revoked key comes this way.
        if let Some(error) = parts.error {
            let fault = Fault::read(parts.status, Some(error), 0);
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
        match read.and_then(|value| result(id, value, (&mut *names, flavor), sink)) {
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

fn refused<H: Hear>(
    id: RequestId,
    status: u16,
    error: Option<Value<'_, '_>>,
    retry_ms: u64,
    names: &mut Names,
    sink: &mut H,
) -> Verdict {
    let fault = Fault::read(status, error, retry_ms);
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
