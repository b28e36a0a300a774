//! Public sockets: subscriptions, acknowledgements, pings.

use super::{candles, market};
use crate::cause::Message as Counted;
use crate::floor::{App, Floor, wall_ms};
use crate::hub::TOPICS_MAX;
use crate::json::Object;
use crate::socket::{Ended, Link, upgrade};
use crate::symbol::Product;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde_json::Value;
use tokio::time::Instant;

/// The topic of the status socket.
pub(crate) const STATUS: &str = "system.status";
/// Topics of one request on spot.
const SPOT_ARGS_MAX: usize = 10;
/// Length of all topics of one connection.
const ARGS_LEN_MAX: usize = 21_000;
/// Market topics beside the books, and whether spot has them.
const TOPICS: [(&str, bool); 4] =
    [("publicTrade", true), ("tickers", true), ("allLiquidation", false), ("priceLimit", true)];

/// What a public socket serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Market(Product),
    Status,
}

pub(crate) async fn spot(State(app): State<App>, socket: WebSocketUpgrade) -> Response {
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, Room::Market(Product::Spot)))
}

pub(crate) async fn linear(State(app): State<App>, socket: WebSocketUpgrade) -> Response {
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, Room::Market(Product::Perp)))
}

pub(crate) async fn status(State(app): State<App>, socket: WebSocketUpgrade) -> Response {
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, Room::Status))
}

/// A connection's id as its frames tell it.
pub(crate) fn conn_id(id: u64) -> String {
    format!("sim-{id:08x}")
}

async fn serve(app: App, socket: WebSocket, room: Room) {
    let (id, mut queue) = app.floor.lock().hub.enter(true, 0);
    let mut link = Link::new(socket, app.causes.clone(), app.heartbeat);
    loop {
        let due: Instant = link.due();
        let going_on = tokio::select! {
            biased;
            message = link.socket.recv() => match message {
                Some(Ok(Message::Text(request))) => {
                    let answer = control(&mut app.floor.lock(), id, room, &request);
                    link.send(answer.into()).await
                }
                Some(Ok(Message::Pong(payload))) => {
                    link.pong(&payload);
                    Ok(())
                }
                Some(Ok(Message::Ping(_) | Message::Binary(_))) => Ok(()),
                _ => Err(Ended),
            },
            out = queue.recv() => match out {
                Some(out) => link.drain(out, &mut queue).await,
                None => Err(Ended),
            },
            () = tokio::time::sleep_until(due) => link.watch().await,
        };
        if going_on.is_err() {
            break;
        }
    }
    app.floor.lock().hub.leave(id);
}

/// The topics of a request, or what is wrong with them.
fn topics(floor: &Floor, room: Room, args: &[Value]) -> Result<Vec<String>, String> {
    if room == Room::Market(Product::Spot) && args.len() > SPOT_ARGS_MAX {
        return Err("args size >10".into());
    }
    if args.is_empty() {
        return Err("error:args is empty".into());
    }
    let read = |arg: &Value| {
        let topic = arg.as_str().unwrap_or("");
        let unknown = || match room {
            Room::Market(Product::Spot) => format!("Invalid symbol :[{topic}]"),
            _ => format!("error:handler not found,topic:{topic} Invalid topic"),
        };
        let product = match room {
            Room::Status => {
                return if topic == STATUS { Ok(topic.into()) } else { Err(unknown()) };
            }
            Room::Market(product) => product,
        };
        let full = format!("{}:{topic}", super::words::category(product));
        let (_, name) = market::read_topic(floor, &full).ok_or_else(unknown)?;
        let book = name.strip_prefix("orderbook.");
        let is_book = book.is_some_and(|depth| super::book::DEPTHS.iter().any(|d| d.name == depth));
        let candle = name.strip_prefix("kline.");
        let candle = candle.is_some_and(|interval| candles::length(interval).is_some());
        let other =
            TOPICS.iter().any(|(one, spot)| *one == name && (*spot || product != Product::Spot));
        if is_book || candle || other { Ok(full) } else { Err(unknown()) }
    };
    args.iter().map(read).collect()
}

/// Answers a control message.
fn control(floor: &mut Floor, id: u64, room: Room, request: &str) -> String {
    let request: Value = serde_json::from_str(request).unwrap_or(Value::Null);
    let op = request["op"].as_str().unwrap_or("").to_string();
    let none = Vec::new();
    let args = request["args"].as_array().unwrap_or(&none);
    let result = match op.as_str() {
        "ping" => Ok(()),
        "subscribe" => topics(floor, room, args).and_then(|all| subscribe(floor, id, &all)),
        "unsubscribe" => topics(floor, room, args).map(|all| unsubscribe(floor, id, &all)),
        _ => Err(format!("error:unknown op {op}")),
    };
    if result.is_err() {
        floor.causes.count(Counted::BadFrame);
    }
    let success = result.is_ok();
    let msg = match result {
        Err(why) => why,
        Ok(()) if op == "ping" => "pong".into(),
        Ok(()) if room == Room::Market(Product::Spot) => op.clone(),
        Ok(()) => String::new(),
    };
    let out = Object::new().put("success", success).put("ret_msg", msg);
    let out = out.put("conn_id", conn_id(id));
    let out = match &request["req_id"] {
        Value::Null => out,
        number => out.put("req_id", number),
    };
    out.put("op", op).end()
}

fn unsubscribe(floor: &mut Floor, id: u64, all: &[String]) {
    if let Some(connection) = floor.hub.get(id) {
        for topic in all {
            connection.topics.remove(topic);
        }
    }
    floor.hub.recount();
}

fn subscribe(floor: &mut Floor, id: u64, all: &[String]) -> Result<(), String> {
    let now_ms = wall_ms();
    let Some(connection) = floor.hub.get(id) else { return Err("error:closed".into()) };
    if let Some(topic) = all.iter().find(|topic| connection.topics.contains(*topic)) {
        let name = topic.split_once(':').map_or(topic.as_str(), |(_, name)| name);
        return Err(format!("error:already subscribed,topic:{name}"));
    }
    let length: usize = connection.topics.iter().chain(all).map(String::len).sum();
    if length > ARGS_LEN_MAX || connection.topics.len() + all.len() > TOPICS_MAX {
        return Err("error:too many topics".into());
    }
    connection.topics.extend(all.iter().cloned());
    floor.hub.recount();
    for topic in all {
        if let Some(first) = floor.first(topic, now_ms) {
            floor.hub.post(id, first);
        }
    }
    Ok(())
}
