//! REST of either API: query, form body, headers.

use super::api::Api;
use super::denial::Denial;
use super::entry::{self, Asker, Proof};
use super::params::Params;
use crate::cause::Message;
use crate::floor::App;
use crate::floor::wall_ms;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use std::net::SocketAddr;

/// Every request of the venue's REST API.
pub(crate) async fn answer<C: Api>(
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
    let Some(call) = C::rest(&method, path) else {
        return reply(404, "{\"code\":-1000,\"msg\":\"Path not found.\"}".into(), &[]);
    };
    let body = std::str::from_utf8(&body).unwrap_or("");
    let query = uri.query().unwrap_or("");
    let key = headers.get("x-mbx-apikey").and_then(|key| key.to_str().ok());
    let admitted = match admit(&app, call, (query, body), key, peer, at_ns) {
        Ok(admitted) => admitted,
        Err(denial) => return refused(&app, &denial, peer),
    };
    if call.is_order() && !app.latency.is_zero() {
        tokio::time::sleep(app.latency).await;
    }
    let mut floor = app.floor.lock();
    let result = entry::answer(&mut floor, &admitted);
    let now_ms = wall_ms();
    let weight = floor.limits.weight_used(peer.ip(), now_ms).to_string();
    let mut extra = vec![("x-mbx-used-weight", weight.clone()), ("x-mbx-used-weight-1m", weight)];
    if let Some(account) = admitted.account.filter(|_| call.is_order()) {
        let used = floor.limits.orders_used(account, now_ms);
        extra.extend(C::SPANS.iter().map(|n| (COUNTS[*n], used[*n].to_string())));
    }
    drop(floor);
    match result {
        Ok(json) => reply(200, json, &extra),
        Err(denial) => reply_denial(&denial, extra),
    }
}

/// Headers of the order counts.
const COUNTS: [&str; 3] = ["x-mbx-order-count-10s", "x-mbx-order-count-1m", "x-mbx-order-count-1d"];

/// Weight, key, signature over the text as transmitted, and time.
fn admit<C: Api>(
    app: &App,
    call: C,
    (query, body): (&str, &str),
    key: Option<&str>,
    peer: SocketAddr,
    at_ns: u64,
) -> Result<entry::Admitted<C>, Denial> {
    let mut floor = app.floor.lock();
    let params = Params::from_form(&[query, body])?;
    entry::stamp(&floor, call, &params, at_ns);
    if !call.is_signed() {
        let asker = Asker { key, ..Asker::default() };
        return entry::admit(&mut floor, call, params, asker, peer.ip());
    }
    let key = key.ok_or_else(Denial::no_key)?;
    let missing = || params.need("signature").err();
    let (payload, signature) = signed_part(query, body).ok_or_else(|| {
        missing().unwrap_or_else(|| Denial::new(-1022, "Signature for this request is not valid."))
    })?;
    let proof = Proof { api_key: key, payload: payload.as_bytes(), signature: &signature };
    let asker = Asker { proof: Some(proof), ..Asker::default() };
    entry::admit(&mut floor, call, params.clone(), asker, peer.ip())
}

/// The payload (query and body as transmitted, without the signature) and the signature, which must
/// be the last parameter of the query or of the body.
pub(crate) fn signed_part(query: &str, body: &str) -> Option<(String, String)> {
    let cut = |text: &str| -> Option<(String, String)> {
        let (head, signature) = match text.rfind("&signature=") {
            Some(place) => (&text[..place], &text[place + "&signature=".len()..]),
            None => ("", text.strip_prefix("signature=")?),
        };
        if signature.contains('&') {
            return None;
        }
        let signature = percent_decode_str(signature).decode_utf8().ok()?.into_owned();
        Some((head.to_string(), signature))
    };
    if let Some((head, signature)) = cut(body) {
        return Some((format!("{query}{head}"), signature));
    }
    let (head, signature) = cut(query)?;
    Some((format!("{head}{body}"), signature))
}

fn refused(app: &App, denial: &Denial, peer: SocketAddr) -> Response {
    let weight = app.floor.lock().limits.weight_used(peer.ip(), wall_ms()).to_string();
    reply_denial(denial, vec![("x-mbx-used-weight-1m", weight)])
}

fn reply_denial(denial: &Denial, mut extra: Vec<(&'static str, String)>) -> Response {
    if matches!(denial.status, 418 | 429) {
        let after = denial.data.as_deref().and_then(retry_after_s).unwrap_or(10);
        extra.push(("retry-after", after.to_string()));
    }
    reply(denial.status, denial.json(), &extra)
}

fn retry_after_s(data: &str) -> Option<u64> {
    let data: serde_json::Value = serde_json::from_str(data).ok()?;
    let wait_ms = data["retryAfter"].as_u64()?.saturating_sub(data["serverTime"].as_u64()?);
    Some(wait_ms.div_ceil(1000))
}

fn reply(status: u16, json: String, extra: &[(&'static str, String)]) -> Response {
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json;charset=UTF-8")
        .header(header::CACHE_CONTROL, "no-cache, no-store, must-revalidate");
    for (name, value) in extra {
        response = response.header(*name, value);
    }
    response.body(Body::from(json)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_cut_from_where_it_stands() {
        let check = |query: &str, body: &str, expect: Option<(&str, &str)>| {
            let got = signed_part(query, body);
            assert_eq!(got, expect.map(|(a, b)| (a.into(), b.into())), "{query} {body}");
        };
        check("a=1&signature=ff", "", Some(("a=1", "ff")));
        check("", "a=1&signature=f%2Bf%3D", Some(("a=1", "f+f=")));
        check("a=1", "b=2&signature=ff", Some(("a=1b=2", "ff")));
        check("a=1&signature=ff", "b=2", Some(("a=1b=2", "ff")));
        check("a=1&signature=ff&b=2", "", None);
        check("a=1", "", None);
        check("signature=ff", "", Some(("", "ff")));
    }
}
