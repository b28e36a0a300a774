//! Market streams: `/ws`, `/ws/<stream>`, `/stream?streams=a/b`, and live subscriptions.
//!
//! Topics of the hub are stream names after the path's prefix: a stream that is asked for on the
//! path of another class is acknowledged and says nothing, as on the real venue.

use crate::cause::Message as Counted;
use crate::floor::App;
use crate::hub::TOPICS_MAX;
use crate::json::{Object, text};
use crate::socket::{Ended, Link, upgrade};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{self, RawQuery, State};
use axum::response::Response;
use axum::routing::any;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// What differs between paths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    /// Path before `/ws` and `/stream`; empty on spot.
    pub prefix: &'static str,
    /// Messages a client may send per second.
    pub inbound_max: u32,
}

impl Path {
    /// The hub's topic of a stream.
    pub(crate) fn topic(self, stream: &str) -> String {
        if self.prefix.is_empty() { stream.into() } else { format!("{}/{stream}", self.prefix) }
    }

    /// The stream of a topic.
    fn stream(self, topic: &str) -> &str {
        topic.strip_prefix(self.prefix).map_or(topic, |rest| rest.trim_start_matches('/'))
    }

    /// The path's routes.
    pub(crate) fn routes(self) -> Router<App> {
        let at = |end: &str| format!("{}{end}", self.prefix);
        Router::new()
            .route(&at("/ws"), any(async move |state, socket| single(self, state, socket).await))
            .route(
                &at("/ws/{*streams}"),
                any(async move |state, streams, socket| {
                    several(self, state, streams, socket).await
                }),
            )
            .route(
                &at("/stream"),
                any(async move |state, query, socket| combined(self, state, query, socket).await),
            )
    }
}

/// Wrapping of a connection that wants the stream's name around each event.
pub(crate) const COMBINED: u8 = 1;
const BARE: u8 = 0;

/// `/ws`: streams are subscribed to later.
async fn single(path: Path, State(app): State<App>, socket: WebSocketUpgrade) -> Response {
    upgrade(socket).on_upgrade(move |socket| serve(path, app, socket, BTreeSet::new(), BARE))
}

/// `/ws/<stream>`, or several with `/` between.
async fn several(
    path: Path,
    State(app): State<App>,
    extract::Path(streams): extract::Path<String>,
    socket: WebSocketUpgrade,
) -> Response {
    let streams = names(path, &streams);
    upgrade(socket).on_upgrade(move |socket| serve(path, app, socket, streams, BARE))
}

/// `/stream?streams=a/b`.
async fn combined(
    path: Path,
    State(app): State<App>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let query = query.unwrap_or_default();
    let list = query.split('&').find_map(|pair| pair.strip_prefix("streams=")).unwrap_or("");
    let list = percent_encoding::percent_decode_str(list).decode_utf8_lossy().into_owned();
    let streams = names(path, &list);
    upgrade(socket).on_upgrade(move |socket| serve(path, app, socket, streams, COMBINED))
}

fn names(path: Path, list: &str) -> BTreeSet<String> {
    list.split('/').filter(|name| !name.is_empty()).map(|name| path.topic(name)).collect()
}

/// Serves one market-stream connection until it ends.
async fn serve(path: Path, app: App, socket: WebSocket, streams: BTreeSet<String>, wrapping: u8) {
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
                Some(Ok(message)) if within_rate(&mut second, path.inbound_max) => {
                    hear(path, &app, &mut link, id, message).await
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

pub(crate) fn within_rate(second: &mut (Instant, u32), most: u32) -> bool {
    let now = Instant::now();
    if now.duration_since(second.0) >= Duration::from_secs(1) {
        *second = (now, 0);
    }
    second.1 += 1;
    second.1 <= most
}

async fn hear(
    path: Path,
    app: &App,
    link: &mut Link,
    id: u64,
    message: Message,
) -> Result<(), Ended> {
    match message {
        Message::Text(request) => {
            let answer = {
                let mut floor = app.floor.lock();
                control(path, &mut floor.hub, id, &request)
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
fn control(path: Path, hub: &mut crate::hub::Hub, id: u64, request: &str) -> String {
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
            if let Some(name) =
                names.clone().find(|name| !name.contains(['@', '!']) && *name != "0")
            {
                return invalid(&format!("unknown stream {name}"), Some(number));
            }
            connection.topics.extend(names.map(|name| path.topic(name)));
            if connection.topics.len() > TOPICS_MAX {
                return invalid("too many streams", Some(number));
            }
        }
        "UNSUBSCRIBE" => {
            for name in names {
                connection.topics.remove(&path.topic(name));
            }
        }
        "LIST_SUBSCRIPTIONS" => {
            let streams: Vec<&str> = connection.topics.iter().map(|one| path.stream(one)).collect();
            result = text(&streams);
        }
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
