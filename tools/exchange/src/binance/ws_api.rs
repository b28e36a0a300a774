//! The WebSocket API of either venue: requests and sessions.
//!
//! Requests of one connection are answered in their order: orders wait for the matching engine's
//! latency, and what comes after them waits behind them.

use super::api::Api;
use super::denial::Denial;
use super::entry::{self, Admitted, Asker, Proof};
use super::params::Params;
use super::usage::usage;
use crate::cause::Message as Counted;
use crate::floor::App;
use crate::floor::{Floor, wall_ms};
use crate::json::Object;
use crate::order::AccountId;
use crate::socket::{Ended, Link, upgrade};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use tokio::time::Instant;

/// Requests of one connection that may wait for the matching engine.
const WAITING_MAX: usize = 1024;

/// A session opened by `session.logon`.
pub(crate) struct Session {
    pub account: AccountId,
    pub api_key: String,
    since_ms: u64,
}

/// One connection's state.
pub(crate) struct Desk {
    pub id: u64,
    pub ip: IpAddr,
    connected_ms: u64,
    pub session: Option<Session>,
    show_limits: bool,
    /// Number of the next private subscription.
    pub next_feed: u32,
}

/// A request on its way to the matching engine.
struct Waiting<C> {
    due: Instant,
    id: String,
    show_limits: bool,
    request: Admitted<C>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: String,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// Requests of one connection on their way to the matching engine.
type Line<C> = VecDeque<Waiting<C>>;

/// Opens a WebSocket-API connection.
pub(crate) async fn open<C: Api>(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let show = !query.unwrap_or_default().split('&').any(|pair| pair == "returnRateLimits=false");
    upgrade(socket).on_upgrade(move |socket| serve::<C>(app, socket, peer.ip(), show))
}

/// Serves one WebSocket-API connection until it ends.
async fn serve<C: Api>(app: App, socket: WebSocket, ip: IpAddr, show_limits: bool) {
    let (id, mut queue) = {
        let mut floor = app.floor.lock();
        let _ = floor.limits.charge(ip, 2, wall_ms());
        floor.hub.enter(false, 0)
    };
    let mut link = Link::new(socket, app.causes.clone(), app.heartbeat);
    let mut desk =
        Desk { id, ip, connected_ms: wall_ms(), session: None, show_limits, next_feed: 0 };
    let mut line = Line::<C>::new();
    loop {
        let watch = link.due();
        let due = line.front().map_or(watch, |waiting| waiting.due);
        let going_on = tokio::select! {
            biased;
            () = tokio::time::sleep_until(due), if !line.is_empty() => {
                work(&app, &desk, &mut line, &mut link).await
            }
            out = queue.recv() => match out {
                Some(out) => link.drain(out, &mut queue).await,
                None => Err(Ended),
            },
            message = link.socket.recv() => match message {
                Some(Ok(message)) => hear(&app, &mut desk, &mut line, &mut link, message).await,
                _ => Err(Ended),
            },
            () = tokio::time::sleep_until(watch) => link.watch().await,
        };
        if going_on.is_err() {
            break;
        }
    }
    app.floor.lock().hub.leave(id);
}

/// Answers the first waiting request.
async fn work<C: Api>(
    app: &App,
    desk: &Desk,
    line: &mut Line<C>,
    link: &mut Link,
) -> Result<(), Ended> {
    let Some(waiting) = line.pop_front() else { return Ok(()) };
    let answer = {
        let mut floor = app.floor.lock();
        let result = entry::answer(&mut floor, &waiting.request);
        let limits = waiting.show_limits.then(|| {
            let account = waiting.request.account.filter(|_| waiting.request.call.is_order());
            usage::<C>(&mut floor.limits, desk.ip, account, wall_ms())
        });
        envelope(&waiting.id, result, limits)
    };
    app.causes.count(Counted::ApiOut);
    link.send(answer.into()).await
}

async fn hear<C: Api>(
    app: &App,
    desk: &mut Desk,
    line: &mut Line<C>,
    link: &mut Link,
    message: Message,
) -> Result<(), Ended> {
    let request = match message {
        Message::Text(request) => request,
        Message::Pong(payload) => {
            link.pong(&payload);
            return Ok(());
        }
        Message::Close(_) => return Err(Ended),
        _ => return Ok(()),
    };
    let at_ns = app.causes.now_ns();
    app.causes.count(Counted::ApiIn);
    let answer = {
        let mut floor = app.floor.lock();
        receive(app, &mut floor, (&mut *desk, &mut *line), &request, at_ns)
    };
    match answer {
        Some(answer) => {
            app.causes.count(Counted::ApiOut);
            link.send(answer.into()).await
        }
        // Without a latency the answer need not wait for the timer.
        None if app.latency.is_zero() => work(app, desk, line, link).await,
        None => Ok(()),
    }
}

/// Reads one request: answers it at once, or queues it for the matching engine.
fn receive<C: Api>(
    app: &App,
    floor: &mut Floor,
    (desk, line): (&mut Desk, &mut Line<C>),
    text: &str,
    at_ns: u64,
) -> Option<String> {
    let Ok(request) = serde_json::from_str::<Request<'_>>(text) else {
        entry::count(floor, Counted::BadFrame);
        let denial = Denial::new(-1000, "Malformed request: not a JSON object with a method.");
        return Some(envelope("null", Err(denial), None));
    };
    let id = request.id.map_or("null", RawValue::get).to_string();
    let params = match Params::from_json(request.params) {
        Ok(params) => params,
        Err(denial) => return Some(envelope(&id, Err(denial), None)),
    };
    let show_limits = match params.get("returnRateLimits") {
        Some(text) => text == "true",
        None => desk.show_limits,
    };
    let Some(call) = C::websocket(&request.method) else {
        let result = session_call::<C>(floor, desk, &request.method, &params);
        let limits = show_limits.then(|| usage::<C>(&mut floor.limits, desk.ip, None, wall_ms()));
        return Some(envelope(&id, result, limits));
    };
    entry::stamp(floor, call, &params, at_ns);
    let session = desk.session.as_ref().map(|session| session.account);
    match admit(floor, call, params, session, desk.ip) {
        Ok(_) if line.len() >= WAITING_MAX => {
            let denial = Denial::with_status(503, -1008, "Server is currently overloaded.");
            Some(envelope(&id, Err(denial), None))
        }
        Ok(request) if call.is_order() || !line.is_empty() => {
            let wait = if call.is_order() { app.latency } else { std::time::Duration::ZERO };
            let due = Instant::now() + wait;
            line.push_back(Waiting { due, id, show_limits, request });
            None
        }
        Ok(request) => {
            let result = entry::answer(floor, &request);
            let limits = show_limits
                .then(|| usage::<C>(&mut floor.limits, desk.ip, request.account, wall_ms()));
            Some(envelope(&id, result, limits))
        }
        Err(denial) => {
            let limits =
                show_limits.then(|| usage::<C>(&mut floor.limits, desk.ip, session, wall_ms()));
            Some(envelope(&id, Err(denial), limits))
        }
    }
}

fn admit<C: Api>(
    floor: &mut Floor,
    call: C,
    params: Params,
    session: Option<AccountId>,
    ip: IpAddr,
) -> Result<Admitted<C>, Denial> {
    let payload = params.payload();
    let (key, signature) = (params.get("apiKey"), params.get("signature"));
    let (key, signature) = (key.map(String::from), signature.map(String::from));
    let proof = match (&key, &signature) {
        (Some(key), Some(signature)) => {
            Some(Proof { api_key: key, payload: payload.as_bytes(), signature })
        }
        _ => None,
    };
    let asker = Asker { key: key.as_deref(), proof, session };
    entry::admit(floor, call, params, asker, ip)
}

/// Session methods; what else there is concerns private events.
fn session_call<C: Api>(
    floor: &mut Floor,
    desk: &mut Desk,
    method: &str,
    params: &Params,
) -> Result<String, Denial> {
    entry::charge(floor, desk.ip, 2, wall_ms())?;
    match method {
        "session.logon" => {
            let (api_key, account) = prove(floor, params)?;
            if !floor.keys.may_log_on(&api_key) {
                return Err(Denial::new(
                    -4056,
                    "HMAC_SHA256 API key is not supported for session authentication.",
                ));
            }
            desk.session = Some(Session { account, api_key, since_ms: wall_ms() });
            Ok(session_json(floor, desk))
        }
        "session.status" => Ok(session_json(floor, desk)),
        "session.logout" => {
            desk.session = None;
            Ok(session_json(floor, desk))
        }
        _ => C::feed(floor, desk, method, params),
    }
}

/// The refusal of a method that there is not.
pub(crate) fn unknown_method(method: &str) -> Denial {
    Denial::new(-1000, format!("Unknown method: {method}"))
}

/// Key, signature and time of a request that carries its own.
pub(crate) fn prove(floor: &Floor, params: &Params) -> Result<(String, AccountId), Denial> {
    let key = params.need("apiKey")?;
    let signature = params.need("signature")?;
    params.check_time(entry::wall_us())?;
    let payload = params.payload();
    let proof = Proof { api_key: key, payload: payload.as_bytes(), signature };
    let account = entry::verify(floor, &proof)?;
    Ok((key.to_string(), account))
}

fn session_json(floor: &mut Floor, desk: &Desk) -> String {
    let feeds = floor.hub.get(desk.id).is_some_and(|c| !c.feeds.is_empty());
    Object::new()
        .put("apiKey", desk.session.as_ref().map(|session| &session.api_key))
        .put("authorizedSince", desk.session.as_ref().map(|session| session.since_ms))
        .put("connectedSince", desk.connected_ms)
        .put("returnRateLimits", desk.show_limits)
        .put("serverTime", wall_ms())
        .put("userDataStream", feeds)
        .end()
}

/// A response with its status, result or error, and rate limits.
fn envelope(id: &str, result: Result<String, Denial>, limits: Option<String>) -> String {
    let out = Object::new().raw("id", id);
    let out = match result {
        Ok(json) => out.put("status", 200).raw("result", &json),
        Err(denial) => out.put("status", denial.status).raw("error", &denial.json()),
    };
    match limits {
        Some(limits) => out.raw("rateLimits", &limits).end(),
        None => out.end(),
    }
}
