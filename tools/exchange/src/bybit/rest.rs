//! REST: `/v5/…`.

use super::call::Call;
use super::denial::Denial;
use super::entry::{self, Answer, Usage};
use super::params::Params;
use super::public;
use crate::cause::Message;
use crate::floor::{App, wall_ms};
use crate::json::Object;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use std::net::SocketAddr;

/// Every request of the venue's REST API.
pub(crate) async fn answer(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at_ns = app.causes.now_ns();
    app.causes.count(Message::RestIn);
    let path = uri.path().trim_end_matches('/');
    let Some(call) = path.strip_prefix("/v5/").and_then(|path| Call::rest(&method, path)) else {
        return reply(404, "{}".into(), None);
    };
    let query = uri.query().unwrap_or("");
    let request = match admit(&app, call, (query, &body), &headers, peer) {
        Ok(request) => request,
        Err(denial) => return tell(Err(denial), None),
    };
    if call == Call::Create {
        app.causes.order(request.params.get("orderLinkId").unwrap_or(""), at_ns);
    }
    if call.is_order() && !app.latency.is_zero() {
        tokio::time::sleep(app.latency).await;
    }
    let mut floor = app.floor.lock();
    let now_ms = wall_ms();
    let (result, usage) = match request.account {
        None => (public::answer(&mut floor, call, &request.params, now_ms).map(Answer::from), None),
        Some(account) => entry::answer(&mut floor, call, &request.params, account, now_ms),
    };
    drop(floor);
    tell(result, usage)
}

struct Admitted {
    params: Params,
    account: Option<crate::order::AccountId>,
}

/// Address limit, key, signature over the text as transmitted, and time.
fn admit(
    app: &App,
    call: Call,
    (query, body): (&str, &Bytes),
    headers: &HeaderMap,
    peer: SocketAddr,
) -> Result<Admitted, Denial> {
    let mut floor = app.floor.lock();
    let now_ms = wall_ms();
    // A fault that slows everybody down says so in the account's words, not the address's.
    if now_ms >= floor.limits.stop_until_ms {
        floor.limits.charge(peer.ip(), 1, now_ms).map_err(Denial::limited)?;
    } else {
        let until = floor.limits.stop_until_ms;
        let denial = Denial::new(10006, "Too many visits! Exceeded the API Rate Limit.");
        return Err(Denial { until: Some((until, 0)), ..denial });
    }
    let text = std::str::from_utf8(body).map_err(|_| Denial::params("body is not UTF-8"))?;
    let signed = if query.is_empty() { text } else { query };
    let params =
        if query.is_empty() { Params::from_body(body)? } else { Params::from_query(query)? };
    if call.is_public() {
        return Ok(Admitted { params, account: None });
    }
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (key, stamp) = (get("x-bapi-api-key"), get("x-bapi-timestamp"));
    let (window, signature) = (get("x-bapi-recv-window"), get("x-bapi-sign"));
    if key.is_empty() {
        return Err(Denial::new(10003, "API key is invalid."));
    }
    entry::check_time(stamp, Some(window), now_ms)?;
    let payload = format!("{stamp}{key}{window}{signed}");
    let account = entry::verify(&floor, key, &payload, signature)?;
    Ok(Admitted { params, account: Some(account) })
}

/// The envelope around a result or a refusal.
fn tell(result: Result<Answer, Denial>, usage: Option<Usage>) -> Response {
    let out = Object::new();
    let (status, out, until) = match result {
        Ok(answer) => {
            let out = out.put("retCode", 0).put("retMsg", "OK").raw("result", &answer.result);
            (200, out.raw("retExtInfo", &answer.ext), None)
        }
        Err(denial) => {
            let out = out.put("retCode", denial.code).put("retMsg", &denial.msg);
            (denial.status, out.raw("result", "{}").raw("retExtInfo", "{}"), denial.until)
        }
    };
    let limited = until.map(|(reset_ms, limit)| Usage { limit, left: 0, reset_ms });
    reply(status, out.put("time", wall_ms()).end(), usage.or(limited))
}

fn reply(status: u16, json: String, usage: Option<Usage>) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header("timenow", wall_ms().to_string());
    if let Some(usage) = usage {
        response = response
            .header("x-bapi-limit", usage.limit.to_string())
            .header("x-bapi-limit-status", usage.left.to_string())
            .header("x-bapi-limit-reset-timestamp", usage.reset_ms.to_string());
    }
    response.body(Body::from(json)).unwrap_or_default()
}
