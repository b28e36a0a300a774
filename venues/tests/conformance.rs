//! The conformance suite of all dialects: the same requests and the same happenings for each, as
//! text. What a dialect sends and what it hears is in `conformance/<dialect>.txt`; the suite
//! rebuilds that text and compares, so a difference shows in full what it would be.
//!
//! ```text
//! == name of the case
//! > request that is sent (WebSocket text, or REST with its headers)
//! ? kind of the request that is answered; its id stands for ID
//! < message that comes, or <200 the answer to a REST request
//! = what is heard
//! - why the venue has no such thing
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "conformance/dialects.rs"]
mod dialects;
#[path = "conformance/show.rs"]
mod show;

use dialects::{AnyWire, Asks, Dialect, Make, for_each};
use feeds::net::HttpReply;
use proptest::prelude::*;
use show::{rest, show};
use std::fmt::Write as _;
use venues::wire::{Ask, Door, Heard, Kind, RequestId, Verdict};

/// What every dialect is told, or says that its venue has not.
const HAPPENINGS: [&str; 65] = [
    "the venue's clock",
    "logged on",
    "log-on refused",
    "subscribed",
    "key of the stream made",
    "order taken",
    "order refused: it would take",
    "order refused: balance",
    "order refused: filter",
    "order refused: its name is taken",
    "order of open outcome",
    "order over the limit",
    "order with a refused key",
    "order outside its time",
    "order cancelled",
    "cancel of an unknown order",
    "all cancelled",
    "some cancelled",
    "order moved",
    "order amended",
    "move refused",
    "order replaced",
    "stop taken",
    "stop refused: its price is there",
    "stop cancelled",
    "stream: stop",
    "told: stop",
    "trailing stop taken",
    "stream: trailing stop",
    "pair taken",
    "pair refused: its prices are wrong",
    "one of a pair cancelled",
    "bracket taken",
    "stream: pair",
    "stream: bracket",
    "told: pair",
    "told: bracket",
    "stream: accepted",
    "stream: fill as maker",
    "stream: fill as taker that fills",
    "stream: cancelled after a part was filled",
    "stream: expired",
    "stream: post-only ended",
    "stream: self-trade ended it",
    "stream: changed",
    "stream: change refused",
    "stream: liquidation",
    "stream: deleveraging",
    "stream: funding",
    "stream: balances",
    "stream: position",
    "told: order",
    "told: no such order",
    "told: open orders",
    "told: trades",
    "told: balances",
    "told: position",
    "told: flat",
    "told: funding",
    "dead-man's switch set",
    "connection will close",
    "stream ended",
    "pong",
    "unknown message",
    "broken message",
];

fn id_text(id: RequestId) -> String {
    let mut text = [0; 16];
    id.write(&mut text);
    String::from_utf8(text.to_vec()).unwrap()
}

/// What is sent for a request, by the way that it goes.
fn sent(wire: &mut dyn AnyWire, ask: &Ask, over_rest: bool) -> String {
    let id = RequestId::new(1, ask.kind());
    let over_rest = over_rest || wire.door(ask) == Door::Rest;
    if over_rest {
        return match wire.encode_http(ask) {
            Ok(request) => rest(&request),
            Err(fault) => format!("- {fault}"),
        };
    }
    match wire.encode(ask, id) {
        Ok(text) => format!("> {text}"),
        Err(fault) => format!("- {fault}"),
    }
}

fn hear(wire: &mut dyn AnyWire, kind: Kind, line: &str) -> String {
    let id = RequestId::new(1, kind);
    let (status, text) = line.split_once(' ').unwrap_or((line, ""));
    let mut bytes = text.replace("ID", &id_text(id)).into_bytes();
    let (heard, read) = match status.trim_start_matches('<').parse() {
        Ok(status) => {
            let mut reply = HttpReply { status, body: bytes, ..HttpReply::default() };
            (wire.on_http(id, &mut reply), Ok(()))
        }
        Err(_) => wire.on_bytes(&mut bytes),
    };
    let mut out: String = heard.iter().map(|what| format!("= {}\n", show(what))).collect();
    if let Err(fault) = read {
        let _ = writeln!(out, "= fault: {fault}");
    }
    if out.is_empty() { "= nothing\n".to_owned() } else { out }
}

/// The document as it would be.
fn rebuilt(dialect: &Dialect, asks: &Asks, make: &Make) -> String {
    let mut out = String::new();
    for (name, ask) in &asks.requests {
        let _ = writeln!(out, "== {name}\n{}", sent(&mut *make(), ask, false));
    }
    for (name, ask) in &asks.over_rest {
        let _ = writeln!(out, "== {name}\n{}", sent(&mut *make(), ask, true));
    }
    for name in HAPPENINGS {
        let _ = writeln!(out, "== {name}");
        let mut wire = make();
        let mut kind = Kind::Place;
        let lines = dialect.lines(name);
        assert!(!lines.is_empty(), "{}: nothing is said of `{name}`", dialect.name);
        for line in lines {
            if let Some(word) = line.strip_prefix("? ") {
                kind = *Kind::ALL.iter().find(|one| format!("{one:?}") == word).expect(word);
                // What is answered was sent.
                let asked = asks.requests.iter().find(|(_, ask)| ask.kind() == kind);
                asked.map(|(_, ask)| sent(&mut *wire, ask, false));
            }
            if line.starts_with('=') || line.starts_with('>') {
                continue;
            }
            let _ = writeln!(out, "{line}");
            if line.starts_with('<') {
                out.push_str(&hear(&mut *wire, kind, line));
            }
        }
    }
    out
}

#[test]
fn every_dialect_sends_and_hears_what_its_text_says() {
    let mut wrong = Vec::new();
    for_each(|dialect, asks, make| {
        let actual = rebuilt(dialect, asks, make);
        if actual != dialect.text {
            let place = actual.lines().zip(dialect.text.lines()).find(|(a, b)| a != b);
            println!("{}: it would be\n{actual}", dialect.name);
            wrong.push(format!("{}: {place:#?}", dialect.name));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Requests of the socket are JSON, and none is laid out anew: the same request twice is the same.
#[test]
fn every_request_of_the_socket_is_json_and_repeats() {
    for_each(|dialect, asks, make| {
        let mut wire = make();
        for (name, ask) in &asks.requests {
            let first = sent(&mut *wire, ask, false);
            assert_eq!(first, sent(&mut *wire, ask, false), "{}: {name}", dialect.name);
            if let Some(text) = first.strip_prefix("> {") {
                let text = format!("{{{text}");
                let json: Result<serde_json::Value, _> = serde_json::from_str(&text);
                assert!(json.is_ok(), "{}: {name}: {text}", dialect.name);
            }
        }
    });
}

proptest! {
    /// Whatever comes, nothing panics, no request is answered twice, and the answer to an order
    /// over REST is always told, as what it is or as open.
    #[test]
    fn no_bytes_break_a_dialect(
        pick in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        kind in 0..Kind::ALL.len(),
    ) {
        for_each(|dialect, _, make| {
            let samples: Vec<&str> =
                dialect.text.lines().filter(|line| line.starts_with('<')).collect();
            let line = samples[pick.index(samples.len())];
            let id = RequestId::new(1, Kind::ALL[kind]);
            let text = line.split_once(' ').map_or("", |(_, text)| text);
            let mut bytes = text.replace("ID", &id_text(id)).into_bytes();
            for (at, byte) in &changes {
                let at = at.index(bytes.len().max(1));
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            if changes.len() == 3 {
                bytes.truncate(cut.index(bytes.len().max(1)));
            }
            let mut wire = make();
            let (heard, _) = wire.on_bytes(&mut bytes.clone());
            let answers = heard.iter().filter(|what| matches!(what, Heard::Answer(..))).count();
            assert!(answers <= 1, "{}: {line}", dialect.name);
            // Of linked orders each tells for itself.
            let is_list = bytes.windows(15).any(|part| part == b"contingencyType");
            let mut reply = HttpReply { status: 200, body: bytes, ..HttpReply::default() };
            let heard = wire.on_http(id, &mut reply);
            let Some(Heard::Answer(answered, verdict)) = heard.last().copied() else {
                panic!("{}: no answer but {heard:?}", dialect.name);
            };
            assert_eq!(answered, id);
            let told = matches!(
                verdict,
                Verdict::Placed { .. } | Verdict::Unknown { .. } | Verdict::Refused(_)
            ) || is_list && verdict == Verdict::Taken;
            assert!(kind != Kind::Place as usize || told, "{}: {verdict:?}", dialect.name);
        });
    }
}
