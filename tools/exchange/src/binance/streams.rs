//! Market streams: `/ws`, `/ws/<stream>`, `/stream?streams=a/b`, and live subscriptions.

use crate::cause::Message as Counted;
use crate::floor::App;
use crate::hub::TOPICS_MAX;
use crate::json::{Object, text};
use crate::socket::{Ended, Link, upgrade};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Messages a client may send per second.
const INBOUND_MAX: u32 = 5;

/// Wrapping of a connection that wants the stream's name around each event.
pub(crate) const COMBINED: u8 = 1;
const BARE: u8 = 0;

/// `/ws`: streams are subscribed to later.
pub(crate) async fn single(State(app): State<App>, socket: WebSocketUpgrade) -> Response {
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, BTreeSet::new(), BARE))
}

/// `/ws/<stream>`, or several with `/` between.
pub(crate) async fn several(
    State(app): State<App>,
    Path(streams): Path<String>,
    socket: WebSocketUpgrade,
) -> Response {
    let streams = names(&streams);
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, streams, BARE))
}

/// `/stream?streams=a/b`.
pub(crate) async fn combined(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let query = query.unwrap_or_default();
    let list = query.split('&').find_map(|pair| pair.strip_prefix("streams=")).unwrap_or("");
    let list = percent_encoding::percent_decode_str(list).decode_utf8_lossy().into_owned();
    let streams = names(&list);
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, streams, COMBINED))
}

fn names(list: &str) -> BTreeSet<String> {
    list.split('/').filter(|name| !name.is_empty()).map(String::from).collect()
}

/// Serves one market-stream connection until it ends.
async fn serve(app: App, socket: WebSocket, streams: BTreeSet<String>, wrapping: u8) {
    let (id, mut queue) = {
        let mut floor = app.floor.lock();
        let (id, queue) = floor.hub.enter(true, wrapping);
        if let Some(connection) = floor.hub.get(id) {
            connection.topics = streams;
        }
        floor.hub.recount();
        (id, queue)
    };
    let mut link = Link::new(socket, app.causes.clone(), app.heartbeat);
    let mut second = (Instant::now(), 0_u32);
    loop {
        let due = link.due();
        let going_on = tokio::select! {
            out = queue.recv() => match out {
                Some(out) => link.drain(out, &mut queue).await,
                None => Err(Ended),
            },
            message = link.socket.recv() => match message {
                Some(Ok(message)) if within_rate(&mut second) => {
                    hear(&app, &mut link, id, message).await
                }
                _ => Err(Ended),
            },
            () = tokio::time::sleep_until(due) => link.watch().await,
        };
        if going_on.is_err() {
            break;
        }
    }
    app.floor.lock().hub.leave(id);
}

fn within_rate(second: &mut (Instant, u32)) -> bool {
    let now = Instant::now();
    if now.duration_since(second.0) >= Duration::from_secs(1) {
        *second = (now, 0);
    }
    second.1 += 1;
    second.1 <= INBOUND_MAX
}

async fn hear(app: &App, link: &mut Link, id: u64, message: Message) -> Result<(), Ended> {
    match message {
        Message::Text(request) => {
            let answer = {
                let mut floor = app.floor.lock();
                control(&mut floor.hub, id, &request)
            };
            if answer.starts_with("{\"code\"") {
                app.causes.count(Counted::BadFrame);
            }
            link.send(answer.into()).await
        }
        Message::Pong(payload) => {
            link.pong(&payload);
            Ok(())
        }
        Message::Close(_) => Err(Ended),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
struct Request<'a> {
    method: &'a str,
    #[serde(default)]
    params: Vec<Value>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// Answers a control message.
fn control(hub: &mut crate::hub::Hub, id: u64, request: &str) -> String {
    let request: Request<'_> = match serde_json::from_str(request) {
        Ok(request) => request,
        Err(error) => return invalid(&error.to_string(), None),
    };
    let number = request.id.map_or("null", RawValue::get);
    let Some(connection) = hub.get(id) else { return invalid("closed", Some(number)) };
    let names = request.params.iter().filter_map(Value::as_str);
    let mut result = "null".to_string();
    match request.method {
        "SUBSCRIBE" => {
            if names.clone().count() != request.params.len() {
                return invalid("params must be stream names", Some(number));
            }
            if let Some(name) = names.clone().find(|name| !name.contains('@') && *name != "0") {
                return invalid(&format!("unknown stream {name}"), Some(number));
            }
            connection.topics.extend(names.map(String::from));
            if connection.topics.len() > TOPICS_MAX {
                return invalid("too many streams", Some(number));
            }
        }
        "UNSUBSCRIBE" => {
            for name in names {
                connection.topics.remove(name);
            }
        }
        "LIST_SUBSCRIPTIONS" => result = text(&connection.topics),
        "SET_PROPERTY" => match request.params.as_slice() {
            [Value::String(name), Value::Bool(on)] if name == "combined" => {
                connection.wrapping = if *on { COMBINED } else { BARE };
            }
            _ => return invalid("unknown property", Some(number)),
        },
        "GET_PROPERTY" => result = (connection.wrapping == COMBINED).to_string(),
        method => return invalid(&format!("unknown method {method}"), Some(number)),
    }
    hub.recount();
    Object::new().raw("result", &result).raw("id", number).end()
}

fn invalid(why: &str, id: Option<&str>) -> String {
    let out = Object::new().put("code", 2).put("msg", format!("Invalid request: {why}"));
    match id {
        Some(id) => out.raw("id", id).end(),
        None => out.end(),
    }
}
