//! The private stream, `/v5/private`: log-on, topics, and what is told on them.

use super::denial::Denial;
use super::entry;
use super::stream::conn_id;
use super::{fills, holdings, sheet};
use crate::cause::Message as Counted;
use crate::event::{Execution, Private, What};
use crate::floor::{App, Floor, wall_ms};
use crate::json::Object;
use crate::order::{AccountId, Leg, SymbolId};
use crate::socket::{Ended, Link, upgrade};
use crate::symbol::Product;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// Topics, by the number that the hub knows them by.
const TOPICS: [&str; 7] =
    ["order", "execution", "execution.fast", "wallet", "position", "dcp.future", "dcp.spot"];
const ORDER: u32 = 0;
const EXECUTION: u32 = 1;
const FAST: u32 = 2;
const WALLET: u32 = 3;
const POSITION: u32 = 4;
pub(crate) const DCP_FUTURE: u32 = 5;
pub(crate) const DCP_SPOT: u32 = 6;
/// Topics of one category have these added.
const SPOT: u32 = 16;
const LINEAR: u32 = 32;

/// Silence after which a connection is closed: usual, shortest and longest.
const IDLE_S: [u64; 3] = [600, 30, 600];

pub(crate) async fn connect(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let idle = idle(&query.unwrap_or_default());
    upgrade(socket).on_upgrade(move |socket| serve(app, socket, idle))
}

/// `max_active_time`, such as `30s` or `1m`.
pub(crate) fn idle(query: &str) -> Duration {
    let text = query.split('&').find_map(|pair| pair.strip_prefix("max_active_time="));
    let seconds = text.and_then(|text| match text.strip_suffix('m') {
        Some(minutes) => minutes.parse::<u64>().ok().and_then(|one| one.checked_mul(60)),
        None => text.strip_suffix('s')?.parse().ok(),
    });
    Duration::from_secs(seconds.unwrap_or(IDLE_S[0]).clamp(IDLE_S[1], IDLE_S[2]))
}

async fn serve(app: App, socket: WebSocket, idle: Duration) {
    let (id, mut queue) = app.floor.lock().hub.enter(false, 0);
    let mut link = Link::new(socket, app.causes.clone(), app.heartbeat);
    let mut account = None;
    let mut heard = Instant::now();
    loop {
        let due = link.due().min(heard + idle);
        let going_on = tokio::select! {
            biased;
            message = link.socket.recv() => match message {
                Some(Ok(Message::Text(request))) => {
                    heard = Instant::now();
                    app.causes.count(Counted::ApiIn);
                    let answer = control(&mut app.floor.lock(), id, &mut account, &request);
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
            () = tokio::time::sleep_until(due) => match heard.elapsed() >= idle {
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

/// The account of `["key", expires, "signature"]`.
pub(crate) fn log_on(floor: &Floor, args: &Value) -> Result<AccountId, Denial> {
    let key = args[0].as_str().unwrap_or("");
    let expires = match &args[1] {
        Value::Number(number) => number.to_string(),
        other => other.as_str().unwrap_or("").to_string(),
    };
    let signature = args[2].as_str().unwrap_or("");
    let until = expires.parse::<u64>().ok();
    let until = until.ok_or_else(|| Denial::params("Params Error"))?;
    floor.keys.account(key)?;
    if until <= wall_ms() {
        return Err(Denial::new(10004, "Request expired, please check expires"));
    }
    entry::verify(floor, key, &format!("GET/realtime{expires}"), signature)
}

/// The number of a topic's name.
fn topic(name: &str) -> Option<u32> {
    let plain = |name: &str| TOPICS.iter().position(|one| *one == name).map(|n| n as u32);
    if let Some(number) = plain(name) {
        return Some(number);
    }
    let (head, category) = name.rsplit_once('.')?;
    let number = plain(head).filter(|number| !matches!(*number, WALLET | DCP_FUTURE | DCP_SPOT))?;
    match category {
        "spot" if number != POSITION => Some(number + SPOT),
        "linear" => Some(number + LINEAR),
        _ => None,
    }
}

/// The name of a topic's number.
fn name(number: u32) -> String {
    let plain = TOPICS[(number % SPOT) as usize % TOPICS.len()];
    match number / SPOT {
        0 => plain.into(),
        1 => format!("{plain}.spot"),
        _ => format!("{plain}.linear"),
    }
}

/// The topics of a request. One of a category cannot stand beside that of all categories.
fn topics(args: &Value) -> Result<Vec<u32>, String> {
    let none = Vec::new();
    let names = args.as_array().unwrap_or(&none).iter().map(|one| one.as_str().unwrap_or(""));
    let all: Result<Vec<u32>, String> = names
        .map(|name| topic(name).ok_or_else(|| format!("error:handler not found,topic:{name}")))
        .collect();
    let all = all?;
    if all.is_empty() {
        return Err("error:args is empty".into());
    }
    let mixed = |one: &&u32| **one >= SPOT && all.contains(&(**one % SPOT));
    match all.iter().find(mixed) {
        Some(one) => Err(format!("error:{} cannot be mixed with {}", name(*one), name(one % SPOT))),
        None => Ok(all),
    }
}

fn control(floor: &mut Floor, id: u64, account: &mut Option<AccountId>, request: &str) -> String {
    let request: Value = serde_json::from_str(request).unwrap_or(Value::Null);
    let op = request["op"].as_str().unwrap_or("");
    let number = &request["req_id"];
    if op == "ping" {
        let out = match number {
            Value::Null => Object::new(),
            number => Object::new().put("req_id", number),
        };
        let out = out.put("op", "pong").put("args", [wall_ms().to_string()]);
        return out.put("conn_id", conn_id(id)).end();
    }
    let result = match op {
        "auth" => log_on(floor, &request["args"]).map_err(|denial| denial.msg).map(|found| {
            *account = Some(found);
        }),
        "subscribe" | "unsubscribe" => match account {
            None => Err("Request not authorized".into()),
            Some(account) => topics(&request["args"]).map(|all| {
                let Some(connection) = floor.hub.get(id) else { return };
                connection.feeds.retain(|feed| !all.contains(&feed.0));
                if op == "subscribe" {
                    connection.feeds.extend(all.iter().map(|number| (*number, *account)));
                }
            }),
        },
        _ => Err(format!("error:unknown op {op}")),
    };
    if result.is_err() {
        floor.causes.count(Counted::BadFrame);
    }
    let out = Object::new()
        .put("success", result.is_ok())
        .put("ret_msg", result.err().unwrap_or_default())
        .put("op", op)
        .put("conn_id", conn_id(id));
    match number {
        Value::Null => out.end(),
        number => out.put("req_id", number).end(),
    }
}

/// Tells one item on a topic, and on its category's own.
fn tell(floor: &mut Floor, account: AccountId, on: u32, product: Product, item: &str, now_ms: u64) {
    let category = if product == Product::Spot { SPOT } else { LINEAR };
    let number = floor.venue.next_execution;
    floor.hub.publish_private(account, |_, feed| {
        (feed == on || feed == on + category).then(|| {
            // The fast stream has neither an id nor a time of its own.
            let out = Object::new();
            let out = match on {
                FAST => out.put("topic", name(feed)),
                _ => out.put("id", format!("{account}-{number}-{now_ms}")).put("topic", name(feed)),
            };
            out.put("creationTime", now_ms).raw("data", &format!("[{item}]")).end()
        })
    });
}

/// Tells a private event of the core.
pub(crate) fn publish(floor: &mut Floor, account: AccountId, what: &Private, now_ms: u64) {
    match what {
        Private::Order(one) => execution(floor, account, one, now_ms),
        Private::Trigger(one) => {
            let product = floor.venue.listing(one.order.symbol).symbol.product();
            let item = sheet::trigger(&floor.venue, one);
            tell(floor, account, ORDER, product, &item, now_ms);
        }
        Private::Holdings { positions, .. } => {
            for (symbol, leg) in positions {
                position(floor, account, *symbol, *leg, now_ms);
            }
            wallet(floor, account, now_ms);
        }
        Private::Funding(one) => {
            let item = fills::funding(&floor.venue, one);
            tell(floor, account, EXECUTION, Product::Perp, &item, now_ms);
        }
        // The wallet that follows tells it.
        Private::Deposit { .. } | Private::MarginCall { .. } | Private::List(_) => {}
    }
}

fn execution(floor: &mut Floor, account: AccountId, one: &Execution, now_ms: u64) {
    let order = &one.order;
    let product = floor.venue.listing(order.symbol).symbol.product();
    let item = sheet::order(&floor.venue, order);
    tell(floor, account, ORDER, product, &item, now_ms);
    match &one.what {
        What::Trade(fill) => {
            let fast = fills::execution_fast(&floor.venue, fill);
            tell(floor, account, FAST, product, &fast, now_ms);
            let item = fills::execution(&floor.venue, fill);
            tell(floor, account, EXECUTION, product, &item, now_ms);
        }
        // A position is told with every order, changed or not.
        _ if product == Product::Perp => position(floor, account, order.symbol, order.leg, now_ms),
        _ => {}
    }
}

fn position(floor: &mut Floor, account: AccountId, symbol: SymbolId, leg: Leg, now_ms: u64) {
    let item = holdings::position(&floor.venue, account, symbol, leg);
    tell(floor, account, POSITION, Product::Perp, &item, now_ms);
}

fn wallet(floor: &mut Floor, account: AccountId, now_ms: u64) {
    let item = holdings::wallet(&floor.venue, account, None);
    // A wallet belongs to no category, so the numbers of categories are not in use.
    tell(floor, account, WALLET, Product::Spot, &item, now_ms);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_read_back_as_written() {
        for text in ["order", "order.spot", "execution.fast.linear", "position.linear", "wallet"] {
            assert_eq!(topic(text).map(name).as_deref(), Some(text));
        }
        for text in ["", "orders", "order.option", "wallet.spot", "position.spot"] {
            assert_eq!(topic(text), None, "{text}");
        }
        let args = serde_json::json!(["order", "order.spot"]);
        assert!(topics(&args).unwrap_err().contains("order.spot cannot be mixed"));
    }

    #[test]
    fn idle_time_is_bounded() {
        for (query, seconds) in
            [("", 600), ("max_active_time=1m", 60), ("max_active_time=45s", 45), ("a=1", 600)]
        {
            assert_eq!(idle(query).as_secs(), seconds, "{query}");
        }
        assert_eq!(idle("max_active_time=1s").as_secs(), 30);
    }
}
