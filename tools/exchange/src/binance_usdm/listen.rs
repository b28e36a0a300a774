//! Listen keys, and the private streams that they open: `/private/ws/<key>`,
//! `/private/ws?listenKey=<key>&events=A/B` and `/private/stream?listenKey=<key>`.

use super::private::{self, Event, KINDS};
use crate::binance::denial::Denial;
use crate::binance::streams::within_rate;
use crate::binance::{streams, wrapped};
use crate::floor::{App, Floor};
use crate::json::Object;
use crate::order::AccountId;
use crate::socket::{Ended, Link, upgrade};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use tokio::time::Instant;

/// Life of a listen key.
const LIFE_MS: u64 = 3_600_000;
/// Messages that a client may send per second.
const INBOUND_MAX: u32 = 10;

/// `POST /fapi/v1/listenKey`: the account's key, new or extended.
pub(crate) fn start(floor: &mut Floor, account: AccountId, now_ms: u64) -> String {
    key_json(floor.tokens.open(account, LIFE_MS, now_ms))
}

/// `PUT /fapi/v1/listenKey`.
pub(crate) fn extend(floor: &mut Floor, account: AccountId, now_ms: u64) -> Result<String, Denial> {
    let missing = || Denial::new(-1125, "This listenKey does not exist.");
    floor.tokens.extend(account, LIFE_MS, now_ms).map(key_json).ok_or_else(missing)
}

/// `DELETE /fapi/v1/listenKey`: its streams fall silent.
pub(crate) fn stop(floor: &mut Floor, account: AccountId) -> String {
    floor.tokens.close(account);
    floor.hub.silence(account);
    "{}".into()
}

fn key_json(key: &str) -> String {
    Object::new().put("listenKey", key).end()
}

/// Ends the keys whose time is over: their streams say so, and fall silent.
pub(crate) fn expire(floor: &mut Floor, now_ms: u64) {
    for (account, key) in floor.tokens.expire(now_ms) {
        publish_as(floor, account, &key, &private::expired(&key, now_ms));
        floor.hub.silence(account);
    }
}

/// Sends an event to the account's streams that want its kind.
pub(crate) fn publish(floor: &mut Floor, account: AccountId, event: &Event) {
    let key = floor.tokens.of(account).unwrap_or_default().to_string();
    publish_as(floor, account, &key, event);
}

fn publish_as(floor: &mut Floor, account: AccountId, key: &str, event: &Event) {
    floor.hub.publish_private(account, |wrapping, kinds| {
        (kinds & event.kind != 0).then(|| wrapped(wrapping, key, &event.json))
    });
}

/// `/private/ws/<key>`.
pub(crate) async fn path(
    State(app): State<App>,
    Path(key): Path<String>,
    socket: WebSocketUpgrade,
) -> Response {
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, vec![key], !0, 0))
}

/// `/private/ws?listenKey=<key>`.
pub(crate) async fn query(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let (keys, kinds) = asked(&query.unwrap_or_default());
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, keys, kinds, 0))
}

/// `/private/stream?listenKey=<key>`, or several keys: each event with its key around it.
pub(crate) async fn combined(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let (keys, kinds) = asked(&query.unwrap_or_default());
    let wrapping = streams::COMBINED;
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, keys, kinds, wrapping))
}

/// Keys and kinds of events that a query asks for; every kind where it names none.
fn asked(query: &str) -> (Vec<String>, u32) {
    let (mut keys, mut kinds) = (Vec::new(), 0);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
        match name {
            "listenKey" | "streams" => keys.extend(value.split('/').map(String::from)),
            "events" => {
                let names = value.split('/');
                kinds |= names.map(private::kind).fold(0, |all, kind| all | kind);
            }
            _ => {}
        }
    }
    (keys, if kinds == 0 { !0 } else { kinds | private::kind(KINDS[0]) })
}

/// Serves one private connection until it ends. A key that there is not carries nothing.
async fn serve(app: App, socket: WebSocket, keys: Vec<String>, kinds: u32, wrapping: u8) {
    let (id, mut queue) = {
        let mut floor = app.floor.lock();
        let accounts: Vec<AccountId> =
            keys.iter().filter_map(|key| floor.tokens.account(key)).collect();
        let (id, queue) = floor.hub.enter(false, wrapping);
        if let Some(connection) = floor.hub.get(id) {
            connection.feeds = accounts.into_iter().map(|account| (kinds, account)).collect();
        }
        (id, queue)
    };
    let mut link = Link::new(socket, app.causes.clone(), app.heartbeat);
    let mut second = (Instant::now(), 0);
    loop {
        let due = link.due();
        let going_on = tokio::select! {
            out = queue.recv() => match out {
                Some(out) => link.drain(out, &mut queue).await,
                None => Err(Ended),
            },
            message = link.socket.recv() => match message {
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Ended),
                Some(Ok(_)) if !within_rate(&mut second, INBOUND_MAX) => Err(Ended),
                Some(Ok(Message::Pong(payload))) => {
                    link.pong(&payload);
                    Ok(())
                }
                Some(Ok(_)) => Ok(()),
            },
            () = tokio::time::sleep_until(due) => link.watch().await,
        };
        if going_on.is_err() {
            break;
        }
    }
    app.floor.lock().hub.leave(id);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;
    use crate::hub::Out;
    use crate::keys::Keys;
    use crate::kind::VenueKind;
    use crate::limits::{Limits, Rates};
    use crate::listing::Listing;
    use crate::order::NewOrder;
    use crate::symbol::{SCALE, Symbol, Terms};
    use crate::venue::{USERS, Venue};
    use std::collections::BTreeMap;
    use tokio::sync::mpsc::Receiver;

    /// A floor with one account, whose private events come out of the queue.
    fn listening() -> (Floor, Receiver<Out>) {
        let perp = Symbol { perp: Some(Terms::default()), ..Symbol::btcusdt() };
        let mut venue = Venue::new(vec![Listing::new(perp, 1, 1)]);
        let start = [("USDT".to_string(), 1_000_000 * SCALE)];
        venue.accounts.push(Account::new("a", false, &start, BTreeMap::new()));
        let limits = Limits::new(Rates::default());
        let mut floor = Floor::new(VenueKind::BinanceUsdm, venue, Keys::default(), limits);
        super::start(&mut floor, USERS, 1000);
        let (id, queue) = floor.hub.enter(false, 0);
        floor.hub.get(id).unwrap().feeds = vec![(!0, USERS)];
        (floor, queue)
    }

    /// Kinds of the events that came.
    fn came(queue: &mut Receiver<Out>) -> Vec<String> {
        let mut all = Vec::new();
        while let Ok(Out::Text(text, _)) = queue.try_recv() {
            let event: serde_json::Value = serde_json::from_str(&text).unwrap();
            let what = event["o"]["x"].as_str().unwrap_or_default();
            all.push(format!("{} {what}", event["e"].as_str().unwrap()).trim().to_string());
        }
        all
    }

    #[test]
    fn a_key_that_is_not_extended_expires_and_its_streams_fall_silent() {
        let (mut floor, mut queue) = listening();
        extend(&mut floor, USERS, 2000).unwrap();
        expire(&mut floor, 1000 + LIFE_MS);
        assert!(came(&mut queue).is_empty());
        expire(&mut floor, 2000 + LIFE_MS);
        assert_eq!(came(&mut queue), ["listenKeyExpired"]);
        let new = NewOrder { price: 6_000_000, qty: 1000, ..NewOrder::default() };
        floor.venue.place(USERS, new, 1).unwrap();
        floor.flush(3000);
        assert!(came(&mut queue).is_empty());
        assert!(extend(&mut floor, USERS, 3000).is_err());
    }

    #[test]
    fn orders_with_an_end_are_cancelled_by_then() {
        let (mut floor, mut queue) = listening();
        let note = super::super::tell::Note::new("", 700_000).write();
        let new = NewOrder { price: 6_000_000, qty: 1000, note, ..NewOrder::default() };
        floor.venue.place(USERS, new, 1).unwrap();
        for now_ms in [1, 699_999, 700_000] {
            super::super::trading::expire(&mut floor, now_ms);
            floor.flush(now_ms);
            let expect: &[&str] = match now_ms {
                1 => &["ORDER_TRADE_UPDATE NEW"],
                700_000 => &["ORDER_TRADE_UPDATE CANCELED"],
                _ => &[],
            };
            assert_eq!(came(&mut queue), expect, "{now_ms}");
        }
    }

    #[test]
    fn queries_name_keys_and_kinds() {
        let (keys, kinds) = asked("listenKey=abc&events=ORDER_TRADE_UPDATE/ACCOUNT_UPDATE");
        assert_eq!(keys, ["abc"]);
        assert!(kinds & private::kind("ORDER_TRADE_UPDATE") != 0);
        assert!(kinds & private::kind("listenKeyExpired") != 0, "that is always told");
        assert_eq!(kinds & private::kind("TRADE_LITE"), 0);
        assert_eq!(asked("streams=a/b"), (vec!["a".into(), "b".into()], !0));
    }
}
