//! The venue's messages: orders laid out for both ways, log-on, subscription, cancels of many.

use super::{Config, Margin};
use crate::client::{COMPACT_LEN, write_compact};
use crate::credentials::Credentials;
use crate::framed::Framed;
use crate::orders::{Named, Orders, Shape, naming};
use crate::wire::{REQUEST_ID_LEN, RequestId, WireFault};
use engine::condition::{By, Condition, Watched};
use engine::id::{InstrumentId, Side};
use engine::instrument::{Instrument, Kind};
use engine::intent::{OrderRef, Tif};

/// An instrument as messages of the socket name it. Without its number none is right.
pub(super) fn code(instrument: InstrumentId, config: &Config) -> String {
    let found = config.codes.iter().find(|(id, _)| *id == instrument);
    format!(r#""instIdCode":{}"#, found.map_or(0, |(_, code)| *code))
}

/// The requests about orders of an instrument.
pub(super) fn lay(instrument: &Instrument, config: &Config) -> Orders<Framed> {
    let code = code(instrument.id, config);
    let name = format!(r#""instId":"{}""#, instrument.symbol);
    // The socket takes no conditional orders, and none with others attached.
    let over_rest = |path, body: String| Some(Framed::new("", &body, path, instrument));
    let algo = |fields: String| {
        let body = format!(r#"{{{name},"tdMode":"{}",{fields}}}"#, mode(instrument.kind, config));
        over_rest("/api/v5/trade/order-algo", body)
    };
    Orders::new(true, words, |shape| {
        let (op, path, fields) = match shape {
            Shape::Place(side, tif) => {
                ("order", "/api/v5/trade/order", place(instrument.kind, side, tif, config))
            }
            Shape::Move(_, named) => {
                let fields = format!(r#"{},"newSz":"<Qty>","newPx":"<Price>""#, which(named));
                ("amend-order", "/api/v5/trade/amend-order", fields)
            }
            Shape::Amend(named) => {
                let fields = format!(r#"{},"newSz":"<Qty>""#, which(named));
                ("amend-order", "/api/v5/trade/amend-order", fields)
            }
            Shape::Cancel(named) => {
                ("cancel-order", "/api/v5/trade/cancel-order", which(named).to_owned())
            }
            Shape::Conditional(side, tif) => return algo(trigger(side, tif)),
            Shape::Trailing(side, by) => return trailing(instrument.kind, side, by).and_then(algo),
            Shape::Pair(side, tifs) => return algo(pair(instrument.kind, side, tifs)),
            Shape::Bracket(side, tifs) => {
                let entry = place(instrument.kind, side, Tif::Gtc, config);
                let both = attached(instrument.kind, side.opposite(), tifs);
                let body = format!(r#"{{{name},{entry},"attachAlgoOrds":[{{{both}}}]}}"#);
                return over_rest("/api/v5/trade/order", body);
            }
            Shape::CancelWaiting(named) => {
                let body = format!("[{{{name},{}}}]", which_algo(named));
                return over_rest("/api/v5/trade/cancel-algos", body);
            }
            Shape::Replace(..) => return None,
        };
        // A cancel is never too late.
        let until = if op == "cancel-order" { "" } else { r#""expTime":"<Until>","# };
        let frame = format!(r#"{{"id":"<Id>",{until}"op":"{op}","args":[{{{code},{fields}}}]}}"#);
        Some(Framed::new(&frame, &format!("{{{name},{fields}}}"), path, instrument))
    })
}

const fn which(named: Named) -> &'static str {
    match named {
        Named::Client => r#""clOrdId":"<Compact>""#,
        Named::Venue => r#""ordId":"<Venue>""#,
    }
}

const fn which_algo(named: Named) -> &'static str {
    match named {
        Named::Client => r#""algoClOrdId":"<Compact>""#,
        Named::Venue => r#""algoId":"<Venue>""#,
    }
}

/// The venue's words for a condition. Whether the price is to rise or fall it sees by itself. What
/// trails, trails the last price.
fn words(_: Side, until: &Condition) -> Option<&'static [&'static str; 2]> {
    match (until.watched, until.by) {
        (Watched::Last, _) => Some(&["", "last"]),
        (Watched::Mark, By::Price) => Some(&["", "mark"]),
        _ => None,
    }
}

const fn mode(kind: Kind, config: &Config) -> &'static str {
    match (kind, config.margin) {
        (Kind::Spot, _) => "cash",
        (Kind::Linear, Margin::Cross) => "cross",
        (Kind::Linear, Margin::Isolated) => "isolated",
    }
}

const fn word(side: Side) -> &'static str {
    if matches!(side, Side::Buy) { "buy" } else { "sell" }
}

/// An algo order of the type `trigger`.
fn trigger(side: Side, tif: Tif) -> String {
    let advance = if tif == Tif::Ioc { r#","advanceOrdType":"ioc""# } else { "" };
    format!(
        concat!(
            r#""side":"{side}","ordType":"trigger","algoClOrdId":"<Compact>","#,
            r#""triggerPxType":"<By>","triggerPx":"<Trigger>","orderPx":"<Price>","#,
            r#""sz":"<Qty>"{advance}"#
        ),
        side = word(side),
        advance = advance
    )
}

/// An algo order that trails the last price from now on, and becomes a market order: the venue has
/// no form with a worst price.
fn trailing(kind: Kind, side: Side, by: By) -> Option<String> {
    let back = match by {
        By::Distance => r#""callbackSpread":"<Distance>""#,
        By::Share => r#""callbackRatio":"<Ratio>""#,
        By::Price => return None,
    };
    let (side, coins) = (word(side), in_coins(kind, side));
    Some(format!(
        concat!(
            r#""side":"{side}","ordType":"move_order_stop","algoClOrdId":"<Compact>"{coins},"#,
            r#"{back},"sz":"<Qty>""#
        ),
        side = side,
        coins = coins,
        back = back
    ))
}

/// A stop and a take-profit as one algo order, under the stop's name.
fn pair(kind: Kind, side: Side, tifs: [Tif; 2]) -> String {
    let [stop, take] = tifs.map(|tif| tif == Tif::Ioc);
    format!(
        r#""side":"{}","ordType":"oco","algoClOrdId":"<StopCompact>"{},{},"sz":"<Qty>""#,
        word(side),
        in_coins(kind, side),
        legs(stop, take)
    )
}

/// The same, attached to an order. A market order that buys coins would be counted in the quote
/// asset, and here nothing says otherwise: those rest at their worst price.
fn attached(kind: Kind, side: Side, tifs: [Tif; 2]) -> String {
    let counts = kind == Kind::Linear || side == Side::Sell;
    let [stop, take] = tifs.map(|tif| tif == Tif::Ioc && counts);
    format!(r#""attachAlgoClOrdId":"<StopCompact>",{}"#, legs(stop, take))
}

/// What a stop and a take-profit wait for, and what they become: a market order where one takes.
/// That has no worst price, and what is left of a limit order would rest.
fn legs(stop_takes: bool, take_takes: bool) -> String {
    let stop = if stop_takes { "-1" } else { "<StopPrice>" };
    let take = if take_takes { "-1" } else { "<TakePrice>" };
    format!(
        concat!(
            r#""slTriggerPxType":"<By>","slTriggerPx":"<StopTrigger>","slOrdPx":"{stop}","#,
            r#""tpTriggerPxType":"<By>","tpTriggerPx":"<TakeTrigger>","tpOrdPx":"{take}""#
        ),
        stop = stop,
        take = take
    )
}

/// A market order that buys would be counted in the quote asset.
const fn in_coins(kind: Kind, side: Side) -> &'static str {
    match (kind, side) {
        (Kind::Spot, Side::Buy) => r#","tgtCcy":"base_ccy""#,
        _ => "",
    }
}

fn place(kind: Kind, side: Side, tif: Tif, config: &Config) -> String {
    let (mode, side) = (mode(kind, config), word(side));
    let order = match tif {
        Tif::PostOnly => "post_only",
        Tif::Gtc => "limit",
        Tif::Ioc => "ioc",
        Tif::Fok => "fok",
    };
    let own = match config.self_trade_prevention.word() {
        "" => String::new(),
        // Not taken with fill-or-kill: the default holds.
        "cancel_both" if tif == Tif::Fok => String::new(),
        word => format!(r#","stpMode":"{word}""#),
    };
    format!(
        concat!(
            r#""tdMode":"{mode}","side":"{side}","ordType":"{order}","#,
            r#""clOrdId":"<Compact>"{own},"px":"<Price>","sz":"<Qty>""#
        ),
        mode = mode,
        side = side,
        order = order,
        own = own
    )
}

/// Authenticates the socket; `at_s` is the venue's time in seconds.
pub(super) fn logon(credentials: &Credentials, at_s: u64) -> String {
    let payload = format!("{at_s}GET/users/self/verify");
    let signature = credentials.signer().sign_base64(payload.as_bytes());
    let (key, phrase) = (credentials.api_key(), credentials.passphrase());
    format!(
        concat!(
            r#"{{"op":"login","args":[{{"apiKey":"{key}","passphrase":"{phrase}","#,
            r#""timestamp":"{at_s}","sign":"{sign}"}}]}}"#
        ),
        key = key,
        phrase = phrase,
        at_s = at_s,
        sign = signature.as_str()
    )
}

/// What the private stream consists of.
pub(super) fn channels(instruments: &[Instrument]) -> Vec<&'static str> {
    let mut all = vec![r#"{"channel":"orders","instType":"ANY"}"#, r#"{"channel":"account"}"#];
    if instruments.iter().any(|one| one.kind == Kind::Linear) {
        all.push(r#"{"channel":"positions","instType":"ANY"}"#);
        // It says when funding is paid.
        all.push(r#"{"channel":"balance_and_position"}"#);
    }
    all
}

fn text(id: RequestId) -> String {
    let mut text = [0; REQUEST_ID_LEN];
    id.write(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Begins the private stream.
pub(super) fn subscribe(channels: &[&str], id: RequestId) -> String {
    format!(r#"{{"id":"{}","op":"subscribe","args":[{}]}}"#, text(id), channels.join(","))
}

/// The names of an order: by the venue's id, by ours; those of a conditional one are others.
pub(super) const fn names(order: &OrderRef) -> (&'static str, &'static str) {
    if order.waits { ("algoId", "algoClOrdId") } else { ("ordId", "clOrdId") }
}

/// Cancels orders of the instrument that is named so: as a message of the socket, or as the body of
/// the REST twin where there is no id.
pub(super) fn cancel_some(
    whose: &str,
    orders: &[OrderRef],
    id: Option<RequestId>,
) -> Result<String, WireFault> {
    let list: Result<Vec<String>, WireFault> = orders
        .iter()
        .map(|order| {
            let (venue, ours) = names(order);
            Ok(match naming(order, true)? {
                Named::Venue => format!(r#"{{{whose},"{venue}":"{}"}}"#, order.venue_order),
                Named::Client => {
                    let mut client = [0; COMPACT_LEN];
                    write_compact(order.client, &mut client);
                    let client = String::from_utf8_lossy(&client).into_owned();
                    format!(r#"{{{whose},"{ours}":"{client}"}}"#)
                }
            })
        })
        .collect();
    let list = list?.join(",");
    Ok(match id {
        Some(id) => {
            format!(r#"{{"id":"{}","op":"batch-cancel-orders","args":[{list}]}}"#, text(id))
        }
        None => format!("[{list}]"),
    })
}
