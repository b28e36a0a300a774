//! Order entry over WebSocket, `/v5/trade`.
//!
//! Requests of one connection are answered in their order: they wait for the matching engine's
//! latency, and what comes after them waits behind them.

use super::call::Call;
use super::denial::Denial;
use super::entry::{self, Answer, Usage};
use super::params::Params;
use super::private::{idle, log_on};
use super::stream::conn_id;
use crate::cause::Message as Counted;
use crate::floor::{App, Floor, wall_ms};
use crate::json::Object;
use crate::order::AccountId;
use crate::socket::{Ended, Link, upgrade};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// Requests of one connection that may wait for the matching engine.
const WAITING_MAX: usize = 1024;
/// Request ids remembered, against doubles.
const SEEN_MAX: usize = 4096;
/// Longest request id.
const ID_MAX: usize = 36;

/// One connection's state.
struct Desk {
    id: u64,
    account: Option<AccountId>,
    waiting: VecDeque<Waiting>,
    seen: BTreeSet<String>,
    order: VecDeque<String>,
}

/// A request on its way to the matching engine.
struct Waiting {
    due: Instant,
    frame: Frame,
    call: Call,
    account: AccountId,
    params: Params,
}

/// What an answer repeats of its request.
#[derive(Clone, Debug, Default)]
struct Frame {
    id: Option<String>,
    op: String,
    conn: String,
}

pub(crate) async fn connect(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let idle = idle(&query.unwrap_or_default());
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, idle))
}

async fn serve(app: App, socket: WebSocket, idle: Duration) {
    let (id, mut queue) = app.floor.lock().hub.enter(false, 0);
    let mut link = Link::new(socket, app.causes.clone(), app.heartbeat);
    let mut desk = Desk {
        id,
        account: None,
        waiting: VecDeque::new(),
        seen: BTreeSet::new(),
        order: VecDeque::new(),
    };
    let mut heard = Instant::now();
    loop {
        let watch = link.due().min(heard + idle);
        let due = desk.waiting.front().map_or(watch, |waiting| waiting.due);
        let going_on = tokio::select! {
            biased;
            () = tokio::time::sleep_until(due), if !desk.waiting.is_empty() => {
                work(&app, &mut desk, &mut link).await
            }
            out = queue.recv() => match out {
                Some(out) => link.drain(out, &mut queue).await,
                None => Err(Ended),
            },
            message = link.socket.recv() => match message {
                Some(Ok(Message::Text(request))) => {
                    heard = Instant::now();
                    hear(&app, &mut desk, &mut link, &request).await
                }
                Some(Ok(Message::Pong(payload))) => {
                    link.pong(&payload);
                    Ok(())
                }
                Some(Ok(Message::Ping(_) | Message::Binary(_))) => Ok(()),
                _ => Err(Ended),
            },
            () = tokio::time::sleep_until(watch) => match heard.elapsed() >= idle {
                true => Err(Ended),
                false => link.watch().await,
            },
        };
        if going_on.is_err() {
            break;
        }
    }
    app.floor.lock().hub.leave(id);
}

/// Answers the first waiting request.
async fn work(app: &App, desk: &mut Desk, link: &mut Link) -> Result<(), Ended> {
    let Some(one) = desk.waiting.pop_front() else { return Ok(()) };
    let (result, usage) = {
        let mut floor = app.floor.lock();
        entry::answer(&mut floor, one.call, &one.params, one.account, wall_ms())
    };
    app.causes.count(Counted::ApiOut);
    link.send(envelope(&one.frame, result, usage).into()).await
}

async fn hear(app: &App, desk: &mut Desk, link: &mut Link, request: &str) -> Result<(), Ended> {
    let at_ns = app.causes.now_ns();
    app.causes.count(Counted::ApiIn);
    let answer = {
        let mut floor = app.floor.lock();
        receive(app, &mut floor, desk, request, at_ns)
    };
    match answer {
        Some(answer) => {
            app.causes.count(Counted::ApiOut);
            link.send(answer.into()).await
        }
        // Without a latency the answer need not wait for the timer.
        None if app.latency.is_zero() => work(app, desk, link).await,
        None => Ok(()),
    }
}

/// Reads one request: answers it at once, or queues it for the matching engine.
fn receive(
    app: &App,
    floor: &mut Floor,
    desk: &mut Desk,
    text: &str,
    at_ns: u64,
) -> Option<String> {
    let request: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let id = ["reqId", "req_id"].iter().find_map(|name| request[*name].as_str());
    let op = request["op"].as_str().unwrap_or("").to_string();
    let frame = Frame { id: id.map(String::from), op, conn: conn_id(desk.id) };
    match frame.op.as_str() {
        "ping" => {
            let out = start(&frame).put("retCode", 0).put("retMsg", "OK").put("op", "pong");
            let out = out.put("data", [wall_ms().to_string()]);
            return Some(out.put("connId", &frame.conn).end());
        }
        "auth" => return Some(auth(floor, desk, &frame, &request["args"])),
        _ => {}
    }
    match admit(floor, desk, &frame, &request) {
        Ok((call, account, params)) => {
            if call == Call::Create {
                floor.causes.order(params.get("orderLinkId").unwrap_or(""), at_ns);
            }
            let due = Instant::now() + app.latency;
            desk.waiting.push_back(Waiting { due, frame, call, account, params });
            None
        }
        Err(denial) => {
            if request.is_null() {
                floor.causes.count(Counted::BadFrame);
            }
            Some(envelope(&frame, Err(denial), None))
        }
    }
}

fn auth(floor: &Floor, desk: &mut Desk, frame: &Frame, args: &Value) -> String {
    let result = match desk.account {
        Some(_) => Err(Denial::new(20001, "Repeat auth")),
        None => log_on(floor, args),
    };
    let (code, msg) = match result {
        Ok(account) => {
            desk.account = Some(account);
            (0, "OK".to_string())
        }
        Err(denial) => (denial.code, denial.msg),
    };
    let out = start(frame).put("retCode", code).put("retMsg", msg).put("op", "auth");
    out.put("connId", &frame.conn).end()
}

/// Everything that must be right before an order goes to the matching engine.
fn admit(
    floor: &Floor,
    desk: &mut Desk,
    frame: &Frame,
    request: &Value,
) -> Result<(Call, AccountId, Params), Denial> {
    if request.is_null() {
        return Err(Denial::params("Request is not JSON."));
    }
    let call =
        Call::operation(&frame.op).ok_or_else(|| Denial::new(10404, "op type is not found"))?;
    let account =
        desk.account.ok_or_else(|| Denial::new(10005, "Permission denied, auth first."))?;
    if desk.id < floor.hub.leaving {
        return Err(Denial::new(
            10019,
            "ws trade service is restarting, do not accept new request",
        ));
    }
    if let Some(id) = &frame.id {
        if id.len() > ID_MAX {
            return Err(Denial::params("reqId is longer than 36 characters"));
        }
        remember(desk, id)?;
    }
    let header = &request["header"];
    let field = |name: &str| match &header[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    entry::check_time(&field("X-BAPI-TIMESTAMP"), Some(&field("X-BAPI-RECV-WINDOW")), wall_ms())?;
    let params = match request["args"].as_array().map(Vec::as_slice) {
        Some([Value::Object(object)]) => Params::from_object(object)?,
        _ => return Err(Denial::params("args must be one object")),
    };
    if desk.waiting.len() >= WAITING_MAX {
        return Err(Denial::new(20003, "Too frequent requests under the same session"));
    }
    Ok((call, account, params))
}

/// Refuses a request id that was used before.
fn remember(desk: &mut Desk, id: &str) -> Result<(), Denial> {
    if !desk.seen.insert(id.to_string()) {
        return Err(Denial::new(20006, "reqId is duplicated"));
    }
    desk.order.push_back(id.to_string());
    if desk.order.len() > SEEN_MAX
        && let Some(oldest) = desk.order.pop_front()
    {
        desk.seen.remove(&oldest);
    }
    Ok(())
}

fn start(frame: &Frame) -> Object {
    match &frame.id {
        Some(id) => Object::new().put("reqId", id),
        None => Object::new(),
    }
}

fn envelope(frame: &Frame, result: Result<Answer, Denial>, usage: Option<Usage>) -> String {
    let until = result.as_ref().err().and_then(|denial| denial.until);
    let limited = until.map(|(reset_ms, limit)| Usage { limit, left: 0, reset_ms });
    let (code, msg, data, ext) = match result {
        Ok(answer) => (0, "OK".to_string(), answer.result, answer.ext),
        Err(denial) => (denial.code, denial.msg, "{}".into(), "{}".into()),
    };
    let mut header = Object::new();
    if let Some(usage) = usage.or(limited) {
        header = header
            .put("X-Bapi-Limit", usage.limit.to_string())
            .put("X-Bapi-Limit-Status", usage.left.to_string())
            .put("X-Bapi-Limit-Reset-Timestamp", usage.reset_ms.to_string());
    }
    let header = header.put("Timenow", wall_ms().to_string());
    start(frame)
        .put("retCode", code)
        .put("retMsg", msg)
        .put("op", &frame.op)
        .raw("data", &data)
        .raw("retExtInfo", &ext)
        .raw("header", &header.end())
        .put("connId", &frame.conn)
        .end()
}
