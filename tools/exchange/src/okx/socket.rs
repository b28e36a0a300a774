//! One WebSocket connection: pings in text, login, subscriptions, and orders on the private door.
//!
//! Everything that goes out goes through the connection's queue, so that an acknowledgement, the
//! snapshot behind it and the updates after that keep their order.

use super::args::Args;
use super::channels::{self, Private, Wanted};
use super::denial::Denial;
use super::instruments::Naming;
use super::orders::{self, Batch, Op};
use super::{login, pushes};
use crate::cause::Message as Counted;
use crate::floor::{App, Floor, wall_ms};
use crate::hub::TOPICS_MAX;
use crate::json::Object;
use crate::order::AccountId;
use crate::socket::{Ended, Link};
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// The three addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Public,
    Private,
    Business,
}

/// A connection on which nothing moved for this long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// Subscriptions, their ends and logins per hour and connection.
const OPERATIONS_MAX: usize = 480;
/// Requests of one connection that may wait for the matching engine.
const WAITING_MAX: usize = 1024;
/// Connections of an account that may have one private channel.
const SHARED_MAX: usize = 30;

/// Microseconds since 1970.
pub(crate) fn wall_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_micros() as u64
}

/// `connId`.
pub(crate) fn connection_id(id: u64) -> String {
    format!("{:08x}", (id as u32).wrapping_mul(0x9e37_79b9))
}

/// One connection's state.
struct Desk {
    id: u64,
    door: Door,
    account: Option<AccountId>,
    /// When the last operations were.
    operations: VecDeque<Instant>,
    waiting: VecDeque<Waiting>,
}

/// An order request on its way to the matching engine.
struct Waiting {
    due: Instant,
    id: String,
    name: String,
    came_us: u64,
    op: Op,
    batch: Batch,
    items: Vec<Args>,
    account: AccountId,
    until_ms: Option<u64>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    op: String,
    #[serde(borrow, default)]
    args: Vec<&'a RawValue>,
    #[serde(borrow, rename = "expTime")]
    until: Option<&'a RawValue>,
}

/// What becomes of the connection after a message.
enum After {
    Go,
    /// It is told this and closed with a code.
    Close(String, u16),
}

/// Serves one connection until it ends.
pub(crate) async fn serve(app: App, socket: WebSocket, door: Door) {
    let (id, mut queue) = app.floor.lock().hub.enter(door != Door::Private, 0);
    let idle = IDLE.min(app.heartbeat.pong_limit);
    let mut link = Link::new(socket, app.causes.clone(), app.heartbeat);
    let mut desk =
        Desk { id, door, account: None, operations: VecDeque::new(), waiting: VecDeque::new() };
    let mut moved = Instant::now();
    loop {
        let due = desk.waiting.front().map_or(moved + idle, |waiting| waiting.due);
        let going_on = tokio::select! {
            biased;
            () = tokio::time::sleep_until(due), if !desk.waiting.is_empty() => {
                work(&app, &mut desk);
                Ok(())
            }
            out = queue.recv() => match out {
                Some(out) => {
                    moved = Instant::now();
                    link.drain(out, &mut queue).await
                }
                None => Err(Ended),
            },
            message = link.socket.recv() => match message {
                Some(Ok(message)) => {
                    moved = Instant::now();
                    hear(&app, &mut desk, &mut link, message).await
                }
                _ => Err(Ended),
            },
            () = tokio::time::sleep_until(moved + idle) => {
                let why = Utf8Bytes::from_static("No data received in 30s.");
                link.close_with(4004, why).await;
                Err(Ended)
            }
        };
        if going_on.is_err() {
            break;
        }
    }
    app.floor.lock().hub.leave(id);
}

async fn hear(app: &App, desk: &mut Desk, link: &mut Link, message: Message) -> Result<(), Ended> {
    let text = match message {
        Message::Text(text) => text,
        Message::Close(_) => return Err(Ended),
        _ => return Ok(()),
    };
    let at_ns = app.causes.now_ns();
    app.causes.count(Counted::ApiIn);
    let after = {
        let mut floor = app.floor.lock();
        receive(app, &mut floor, desk, &text, at_ns)
    };
    if let After::Close(text, code) = after {
        link.send(text.into()).await?;
        link.close_with(code, Utf8Bytes::from_static("Login failed.")).await;
        return Err(Ended);
    }
    if app.latency.is_zero() && !desk.waiting.is_empty() {
        work(app, desk);
    }
    Ok(())
}

/// Reads one message and answers it, or queues it for the matching engine.
fn receive(app: &App, floor: &mut Floor, desk: &mut Desk, text: &str, at_ns: u64) -> After {
    if text == "ping" {
        floor.hub.post(desk.id, "pong".into());
        return After::Go;
    }
    let Ok(request) = serde_json::from_str::<Request<'_>>(text) else {
        app.causes.count(Counted::BadFrame);
        let msg = format!("Invalid request: {text}");
        let denial = Denial::new(60012, msg.chars().take(500).collect::<String>());
        floor.hub.post(desk.id, event_error(desk, None, &denial));
        return After::Go;
    };
    let id = request.id.map_or("null", RawValue::get).to_string();
    let items: Result<Vec<Args>, Denial> =
        request.args.iter().map(|one| Args::from_json(one.get())).collect();
    let items = items.map_err(|_| Denial::new(60012, "Invalid request: args"));
    let known = Op::read(&request.op);
    let result = match (known, items) {
        (Some((op, batch)), Ok(items)) => {
            orders_in(app, floor, desk, (&request, &id), (op, batch), items, at_ns);
            return After::Go;
        }
        (Some(_), Err(_)) => {
            let denial = Denial::new(60013, "Invalid args");
            let answer = op_error(&id, &request.op, &denial, wall_us());
            floor.hub.post(desk.id, answer);
            return After::Go;
        }
        (None, items) => operate(floor, desk, (&request, &id), items),
    };
    match result {
        Ok(()) => After::Go,
        Err(denial) => {
            let text = event_error(desk, request.id.map(|_| id.as_str()), &denial);
            let failed = matches!(denial.code, 60004..=60007 | 60009 | 60024);
            if request.op == "login" && failed {
                return After::Close(text, 4001);
            }
            floor.hub.post(desk.id, text);
            After::Go
        }
    }
}

/// Login, subscriptions, and their ends.
fn operate(
    floor: &mut Floor,
    desk: &mut Desk,
    (request, id): (&Request<'_>, &str),
    items: Result<Vec<Args>, Denial>,
) -> Result<(), Denial> {
    let now = Instant::now();
    let hour = Duration::from_secs(3600);
    while desk.operations.front().is_some_and(|at| now.duration_since(*at) >= hour) {
        desk.operations.pop_front();
    }
    if desk.operations.len() >= OPERATIONS_MAX {
        return Err(Denial::new(60014, "Requests too frequent"));
    }
    desk.operations.push_back(now);
    let items = items?;
    let id = request.id.map(|_| id);
    match request.op.as_str() {
        "login" => {
            if desk.account.is_some() {
                let msg = "The WebSocket endpoint does not support multiple or repeated logins.";
                return Err(Denial::new(60031, msg));
            }
            let args = items.first().ok_or_else(|| Denial::new(60005, "Invalid apiKey"))?;
            desk.account = Some(login::websocket(floor, args, wall_ms())?);
            let out = Object::new().put("event", "login").put("code", "0").put("msg", "");
            floor.hub.post(desk.id, out.put("connId", connection_id(desk.id)).end());
        }
        "subscribe" | "unsubscribe" => {
            if items.is_empty() {
                return Err(Denial::new(60012, "Invalid request: args is empty"));
            }
            for (args, raw) in items.iter().zip(&request.args) {
                let on = request.op == "subscribe";
                if let Err(denial) = subscribe(floor, desk, (args, raw.get()), id, on) {
                    let text = event_error(desk, id, &denial);
                    floor.hub.post(desk.id, text);
                }
            }
            floor.hub.recount();
        }
        op => return Err(Denial::new(60012, format!("Invalid request: unknown op {op}"))),
    }
    Ok(())
}

/// One element of a subscription, or of its end: acknowledged, then told how things stand.
fn subscribe(
    floor: &mut Floor,
    desk: &Desk,
    (args, raw): (&Args, &str),
    id: Option<&str>,
    on: bool,
) -> Result<(), Denial> {
    let wanted = channels::read(floor, desk.door, args, desk.account)?;
    let Some(connection) = floor.hub.get(desk.id) else { return Ok(()) };
    let topics = &mut connection.topics;
    if let Wanted::Topic(topic) = &wanted {
        if on && topics.iter().any(|other| channels::clashes(topic, other)) {
            let msg = "Invalid request: channels that exclude each other";
            return Err(Denial::new(60012, msg));
        }
        if on && topics.len() >= TOPICS_MAX {
            return Err(Denial::new(60012, "Invalid request: too many channels"));
        }
        // A repeated subscription begins anew, with a snapshot.
        topics.remove(topic);
    }
    if let Wanted::Feed(number) = wanted {
        connection.feeds.retain(|feed| feed.0 != number);
    }
    floor.hub.recount();
    let event = if on { "subscribe" } else { "unsubscribe" };
    let out = id.map_or(Object::new(), |id| Object::new().raw("id", id));
    let ack = out.put("event", event).raw("arg", raw).put("connId", connection_id(desk.id));
    floor.hub.post(desk.id, ack.end());
    match wanted {
        Wanted::Topic(topic) if on => {
            let now_ms = wall_ms();
            floor.speak(|dialect, floor| dialect.join(floor, desk.id, &topic, now_ms));
            if let Some(connection) = floor.hub.get(desk.id) {
                connection.topics.insert(topic);
            }
            // The next of several is told apart from it.
            floor.hub.recount();
        }
        Wanted::Feed(number) => share(floor, desk, number, on),
        Wanted::Topic(_) => {}
    }
    Ok(())
}

/// Enters (or not) a private subscription, and says how many connections have it.
fn share(floor: &mut Floor, desk: &Desk, number: u32, on: bool) {
    let Some(account) = desk.account else { return };
    let count = floor.hub.private(account, Some(number)) + usize::from(on);
    let full = on && count > SHARED_MAX;
    let event = if full { "channel-conn-count-error" } else { "channel-conn-count" };
    let channel = Private::of(number).map_or("", |one| one.channel());
    let told = Object::new()
        .put("event", event)
        .put("channel", channel)
        .put("connCount", count.min(SHARED_MAX).to_string())
        .put("connId", connection_id(desk.id))
        .end();
    floor.hub.post(desk.id, told);
    if on && !full {
        if let Some(connection) = floor.hub.get(desk.id) {
            connection.feeds.push((number, account));
        }
        pushes::join(floor, desk.id, account, number, wall_ms());
    }
}

/// Takes an order request in.
fn orders_in(
    app: &App,
    floor: &mut Floor,
    desk: &mut Desk,
    (request, id): (&Request<'_>, &str),
    (op, batch): (Op, Batch),
    items: Vec<Args>,
    at_ns: u64,
) {
    let came_us = wall_us();
    let until = request.until.map(|text| text.get().trim_matches('"').parse());
    let refusal = match (desk.door, desk.account) {
        (Door::Private, Some(_)) if desk.waiting.len() >= WAITING_MAX => {
            Some(Denial::new(50026, "System error. Try again later."))
        }
        (Door::Private, Some(_)) if matches!(until, Some(Err(_))) => {
            Some(Denial::parameter("expTime"))
        }
        (Door::Private, Some(_)) => None,
        (Door::Private, None) => Some(Denial::new(60011, "Please log in")),
        _ => Some(Denial::new(60018, "Wrong URL: orders go to /ws/v5/private.")),
    };
    if let Some(denial) = refusal {
        let answer = op_error(id, &request.op, &denial, came_us);
        floor.hub.post(desk.id, answer);
        return;
    }
    orders::stamp(floor, &super::endpoints::Work::Orders(op, batch), &items, at_ns);
    desk.waiting.push_back(Waiting {
        due: Instant::now() + app.latency,
        id: id.into(),
        name: request.op.clone(),
        came_us,
        op,
        batch,
        items,
        account: desk.account.unwrap_or(0),
        until_ms: until.and_then(Result::ok),
    });
}

/// Carries out the first waiting request. Its answer goes out before what it caused.
fn work(app: &App, desk: &mut Desk) {
    let Some(waiting) = desk.waiting.pop_front() else { return };
    let mut floor = app.floor.lock();
    let now_ms = wall_ms();
    let request = orders::Request {
        op: waiting.op,
        batch: waiting.batch,
        naming: Naming::Code,
        items: &waiting.items,
        account: waiting.account,
        until_ms: waiting.until_ms,
    };
    let result = orders::carry_out(&mut floor, &request, now_ms);
    floor.venue.commit(now_ms);
    let answer = match result {
        Err(denial) => op_error(&waiting.id, &waiting.name, &denial, waiting.came_us),
        Ok(done) => Object::new()
            .raw("id", &waiting.id)
            .put("op", &waiting.name)
            .put("code", done.code)
            .put("msg", done.msg)
            .raw("data", &done.rows)
            .put("inTime", waiting.came_us.to_string())
            .put("outTime", wall_us().to_string())
            .end(),
    };
    app.causes.count(Counted::ApiOut);
    floor.hub.post(desk.id, answer);
    floor.flush(now_ms);
}

/// A request that the gateway refuses as a whole.
fn op_error(id: &str, op: &str, denial: &Denial, came_us: u64) -> String {
    Object::new()
        .raw("id", id)
        .put("op", op)
        .put("code", denial.code.to_string())
        .put("msg", &denial.msg)
        .raw("data", "[]")
        .put("inTime", came_us.to_string())
        .put("outTime", wall_us().to_string())
        .end()
}

fn event_error(desk: &Desk, id: Option<&str>, denial: &Denial) -> String {
    let out = id.map_or(Object::new(), |id| Object::new().raw("id", id));
    out.put("event", "error")
        .put("code", denial.code.to_string())
        .put("msg", &denial.msg)
        .put("connId", connection_id(desk.id))
        .end()
}
