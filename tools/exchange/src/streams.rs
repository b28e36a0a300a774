//! Market streams: `/ws`, `/ws/<stream>`, `/stream?streams=a/b`, and live subscriptions.

use crate::cause::Message as Counted;
use crate::hub::STREAMS_MAX;
use crate::json::{Object, text};
use crate::server::App;
use crate::socket::{Ended, Link};
use axum::extract::ws::{Message, WebSocket};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Messages a client may send per second.
const INBOUND_MAX: u32 = 5;

/// Serves one market-stream connection until it ends.
pub(crate) async fn serve(app: App, socket: WebSocket, streams: BTreeSet<String>, combined: bool) {
    let (id, mut queue) = {
        let mut floor = app.floor.lock();
        let (id, queue) = floor.hub.enter(true, combined);
        if let Some(connection) = floor.hub.get(id) {
            connection.streams = streams;
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
            connection.streams.extend(names.map(String::from));
            if connection.streams.len() > STREAMS_MAX {
                return invalid("too many streams", Some(number));
            }
        }
        "UNSUBSCRIBE" => {
            for name in names {
                connection.streams.remove(name);
            }
        }
        "LIST_SUBSCRIPTIONS" => result = text(&connection.streams),
        "SET_PROPERTY" => match request.params.as_slice() {
            [Value::String(name), Value::Bool(on)] if name == "combined" => {
                connection.combined = *on;
            }
            _ => return invalid("unknown property", Some(number)),
        },
        "GET_PROPERTY" => result = connection.combined.to_string(),
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
