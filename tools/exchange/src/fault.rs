//! Faults on demand: what goes wrong, and how long after the start.
//!
//! A specification is `[VENUE:]NAME@WHEN[:DETAIL]`, several joined by commas, such as
//! `drop@5s,stall@8s:2s,bybit:reject@9s:10016`; without a venue it is for all of them.
//! `exchange-kill` and `restart` are carried out by the process that started the exchange; they
//! parse here so that one text serves both.

use crate::kind::VenueKind;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Every connection is closed without a farewell.
    Drop,
    /// Nothing is written to any connection for this long.
    Stall(Duration),
    /// The next depth message is not sent.
    Skip,
    /// The next depth message is sent twice.
    Duplicate,
    /// The next checksum is wrong, where the protocol has checksums.
    Checksum,
    /// Market messages wait this long, once.
    Delay(Duration),
    /// The next order is refused: with this code, or in the venue's ordinary way.
    Reject(Option<i32>),
    /// Requests are answered 429 for this long.
    TooMany(Duration),
    /// The next order is executed, its answer says that its fate is unknown.
    Timeout,
    /// The next order is not executed, its answer says that its fate is unknown.
    Lost,
    /// A market frame that is not JSON.
    Malformed,
    /// The end of the connections is announced; they close this long after.
    Shutdown(Duration),
    /// The parent process kills the exchange with signal 9.
    ExchangeKill,
    /// The parent process starts the exchange again.
    Restart,
}

/// One fault and its time after the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Time after the start of the exchange.
    pub at: Duration,
    /// What goes wrong.
    pub kind: FaultKind,
    /// Where; everywhere where none is named.
    pub venue: Option<VenueKind>,
}

/// Why a fault specification could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "fault `{text}`: {reason}; write NAME@5s, NAME@5s:200ms or VENUE:NAME@5s, NAME one of \
         {NAMES}"
)]
pub struct FaultError {
    text: String,
    reason: &'static str,
}

const NAMES: &str = "drop stall skip dup checksum delay reject 429 timeout lost malformed \
                     shutdown exchange-kill restart";

impl Fault {
    /// Whether the exchange itself carries it out (the rest is the parent process's).
    pub fn is_ours(&self) -> bool {
        !matches!(self.kind, FaultKind::ExchangeKill | FaultKind::Restart)
    }

    /// Several specifications joined by commas.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, FaultError> {
        text.split(',').filter(|part| !part.trim().is_empty()).map(|part| part.parse()).collect()
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let text = text.trim();
        let error = |reason| FaultError { text: text.into(), reason };
        let (name, rest) = text.split_once('@').ok_or_else(|| error("no `@TIME`"))?;
        let (venue, name) = match name.split_once(':') {
            None => (None, name),
            Some((venue, name)) => (Some(venue.parse().map_err(|_| error("unknown venue"))?), name),
        };
        let (at, detail) = match rest.split_once(':') {
            Some((at, detail)) => (at, Some(detail)),
            None => (rest, None),
        };
        let at = duration(at).ok_or_else(|| error("the time is not like 5s or 200ms"))?;
        let span = |default_ms| match detail {
            None => Ok(Duration::from_millis(default_ms)),
            Some(text) => duration(text).ok_or_else(|| error("the detail is not a time")),
        };
        let kind = match name {
            "drop" => FaultKind::Drop,
            "stall" => FaultKind::Stall(span(2000)?),
            "skip" => FaultKind::Skip,
            "dup" => FaultKind::Duplicate,
            "checksum" => FaultKind::Checksum,
            "delay" => FaultKind::Delay(span(200)?),
            "reject" => FaultKind::Reject(match detail {
                None => None,
                Some(code) => Some(code.parse().map_err(|_| error("the detail is not a code"))?),
            }),
            "429" => FaultKind::TooMany(span(1000)?),
            "timeout" => FaultKind::Timeout,
            "lost" => FaultKind::Lost,
            "malformed" => FaultKind::Malformed,
            "shutdown" => FaultKind::Shutdown(span(3000)?),
            "exchange-kill" => FaultKind::ExchangeKill,
            "restart" => FaultKind::Restart,
            _ => return Err(error("unknown name")),
        };
        Ok(Self { at, kind, venue })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.as_millis();
        if let Some(venue) = self.venue {
            write!(f, "{venue}:")?;
        }
        match self.kind {
            FaultKind::Drop => write!(f, "drop@{at}ms"),
            FaultKind::Stall(span) => write!(f, "stall@{at}ms:{}ms", span.as_millis()),
            FaultKind::Skip => write!(f, "skip@{at}ms"),
            FaultKind::Duplicate => write!(f, "dup@{at}ms"),
            FaultKind::Delay(span) => write!(f, "delay@{at}ms:{}ms", span.as_millis()),
            FaultKind::Checksum => write!(f, "checksum@{at}ms"),
            FaultKind::Reject(None) => write!(f, "reject@{at}ms"),
            FaultKind::Reject(Some(code)) => write!(f, "reject@{at}ms:{code}"),
            FaultKind::TooMany(span) => write!(f, "429@{at}ms:{}ms", span.as_millis()),
            FaultKind::Timeout => write!(f, "timeout@{at}ms"),
            FaultKind::Lost => write!(f, "lost@{at}ms"),
            FaultKind::Malformed => write!(f, "malformed@{at}ms"),
            FaultKind::Shutdown(span) => write!(f, "shutdown@{at}ms:{}ms", span.as_millis()),
            FaultKind::ExchangeKill => write!(f, "exchange-kill@{at}ms"),
            FaultKind::Restart => write!(f, "restart@{at}ms"),
        }
    }
}

/// `5s`, `1.5s` or `200ms`.
fn duration(text: &str) -> Option<Duration> {
    let (number, ms) = match text.strip_suffix("ms") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix('s')?, 1000.0),
    };
    let value: f64 = number.parse().ok()?;
    let millis = value * ms;
    (0.0..=86_400_000.0).contains(&millis).then(|| Duration::from_micros((millis * 1e3) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_read_back_as_written() {
        let text = "drop@5s,stall@1.5s:2s, skip@5s,dup@5s,delay@5s:200ms,reject@5s,reject@5s:-1008,\
                    429@5s,timeout@5s,lost@5s,malformed@5s,exchange-kill@10s,restart@12s,\
                    bybit:checksum@1s,okx:stall@5s:2s";
        let faults = Fault::parse_list(text).unwrap();
        assert_eq!(faults.len(), 15);
        assert_eq!(faults[14].venue, Some(VenueKind::Okx));
        assert_eq!(faults[1].to_string(), "stall@1500ms:2000ms");
        for fault in &faults {
            assert_eq!(fault.to_string().parse(), Ok(*fault));
        }
        assert_eq!(faults.iter().filter(|fault| !fault.is_ours()).count(), 2);
    }

    #[test]
    fn bad_specifications_say_what_to_write() {
        for text in [
            "drop",
            "drop@",
            "drop@5",
            "melt@5s",
            "stall@5s:x",
            "reject@5s:x",
            "drop@-1s",
            "mtgox:drop@1s",
        ] {
            let error = Fault::parse_list(text).unwrap_err().to_string();
            assert!(error.contains("write NAME@5s"), "{text}: {error}");
        }
    }
}
