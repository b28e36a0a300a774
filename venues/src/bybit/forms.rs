//! The venue's messages: orders laid out for both ways, log-on and subscription.

use super::Config;
use crate::credentials::Credentials;
use crate::framed::Framed;
use crate::orders::{Named, Orders, Shape};
use crate::wire::{REQUEST_ID_LEN, RequestId};
use engine::condition::{Condition, Watched};
use engine::id::Side;
use engine::instrument::{Instrument, Kind};
use engine::intent::Tif;

/// The venue's word for a category.
pub(super) const fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::Spot => "spot",
        Kind::Linear => "linear",
    }
}

/// Says of a cancel that it is of orders that wait for a price.
const WAITING: &str = r#""orderFilter":"StopOrder""#;

/// The body of a cancel-all. Without a filter it takes all of perpetuals, and of spot those of the
/// book.
pub(super) fn cancel_all(one: &Instrument, waiting: bool) -> String {
    let (category, symbol) = (category(one.kind), one.symbol);
    let filter = if waiting { format!(",{WAITING}") } else { String::new() };
    format!(r#"{{"category":"{category}","symbol":"{symbol}"{filter}}}"#)
}

/// The requests about orders of an instrument.
pub(super) fn lay(instrument: &Instrument, config: &Config) -> Orders<Framed> {
    let whose =
        format!(r#""category":"{}","symbol":"{}""#, category(instrument.kind), instrument.symbol);
    Orders::new(false, words, |shape| {
        let (op, path, body) = match shape {
            Shape::Place(side, tif) => {
                let body = place(&whose, side, tif, "", config);
                ("order.create", "/v5/order/create", body)
            }
            Shape::Conditional(side, tif) => {
                let until = match instrument.kind {
                    Kind::Linear => concat!(
                        r#","triggerDirection":<Type>,"triggerBy":"<By>","#,
                        r#""triggerPrice":"<Trigger>""#
                    ),
                    // It watches the last price, and sees by itself whether that is to rise.
                    Kind::Spot => r#","orderFilter":"StopOrder","triggerPrice":"<Trigger>""#,
                };
                let body = place(&whose, side, tif, until, config);
                ("order.create", "/v5/order/create", body)
            }
            Shape::Move(_, named) => {
                let which = name(named);
                let body = format!(r#"{{{whose},{which},"qty":"<Qty>","price":"<Price>"}}"#);
                ("order.amend", "/v5/order/amend", body)
            }
            Shape::Amend(named) => {
                let body = format!(r#"{{{whose},{},"qty":"<Qty>"}}"#, name(named));
                ("order.amend", "/v5/order/amend", body)
            }
            Shape::Cancel(named) => {
                let body = format!(r#"{{{whose},{}}}"#, name(named));
                ("order.cancel", "/v5/order/cancel", body)
            }
            Shape::CancelWaiting(named) if instrument.kind == Kind::Spot => {
                let body = format!(r#"{{{whose},{},{}}}"#, name(named), WAITING);
                ("order.cancel", "/v5/order/cancel", body)
            }
            Shape::CancelWaiting(_)
            | Shape::Replace(..)
            | Shape::Trailing(..)
            | Shape::Pair(..)
            | Shape::Bracket(..) => return None,
        };
        let window = config.recv_window_ms;
        let frame = format!(
            concat!(
                r#"{{"reqId":"<Id>","header":{{"X-BAPI-TIMESTAMP":"<Time>","#,
                r#""X-BAPI-RECV-WINDOW":"{window}"}},"op":"{op}","args":[{body}]}}"#
            ),
            window = window,
            op = op,
            body = body
        );
        Some(Framed::new(&frame, &body, path, instrument))
    })
}

const fn name(named: Named) -> &'static str {
    match named {
        Named::Client => r#""orderLinkId":"<Client>""#,
        Named::Venue => r#""orderId":"<VenueText>""#,
    }
}

/// The venue's words for a condition: whether the price is to rise (1) or fall (2), and which one.
fn words(_: Side, until: &Condition) -> Option<&'static [&'static str; 2]> {
    match (until.watched, until.rises) {
        (Watched::Last, true) => Some(&["1", "LastPrice"]),
        (Watched::Last, false) => Some(&["2", "LastPrice"]),
        (Watched::Mark, true) => Some(&["1", "MarkPrice"]),
        (Watched::Mark, false) => Some(&["2", "MarkPrice"]),
        (Watched::Mid, _) => None,
    }
}

fn place(whose: &str, side: Side, tif: Tif, until: &str, config: &Config) -> String {
    let side = if side == Side::Buy { "Buy" } else { "Sell" };
    let tif = match tif {
        Tif::PostOnly => "PostOnly",
        Tif::Gtc => "GTC",
        Tif::Ioc => "IOC",
        Tif::Fok => "FOK",
    };
    let own = match config.self_trade_prevention.word() {
        "" => String::new(),
        word => format!(r#","smpType":"{word}""#),
    };
    format!(
        concat!(
            r#"{{{whose},"side":"{side}","orderType":"Limit","timeInForce":"{tif}","#,
            r#""orderLinkId":"<Client>"{own}{until},"price":"<Price>","qty":"<Qty>"}}"#
        ),
        whose = whose,
        side = side,
        tif = tif,
        own = own,
        until = until
    )
}

/// Authenticates a socket, until `expires_ms`.
pub(super) fn logon(credentials: &Credentials, expires_ms: u64) -> String {
    let signature = credentials.signer().sign(format!("GET/realtime{expires_ms}").as_bytes());
    let (key, signature) = (credentials.api_key(), signature.as_str());
    format!(r#"{{"op":"auth","args":["{key}",{expires_ms},"{signature}"]}}"#)
}

/// Begins the private stream.
pub(super) fn subscribe(instruments: &[Instrument], config: &Config, id: RequestId) -> String {
    let mut topics = vec!["order", "execution", "wallet"];
    let has = |kind| instruments.iter().any(|one| one.kind == kind);
    if has(Kind::Linear) {
        topics.push("position");
    }
    if config.protect_s > 0 {
        topics.extend(has(Kind::Linear).then_some("dcp.future"));
        topics.extend(has(Kind::Spot).then_some("dcp.spot"));
    }
    let mut text = [0; REQUEST_ID_LEN];
    id.write(&mut text);
    let (id, topics) = (String::from_utf8_lossy(&text), topics.join(r#"",""#));
    format!(r#"{{"req_id":"{id}","op":"subscribe","args":["{topics}"]}}"#)
}
