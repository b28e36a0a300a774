//! REST: `/api/v5/…`.

use super::args::Args;
use super::denial::Denial;
use super::endpoints::{self, Asked, Endpoint, Reply, Work};
use super::{login, orders};
use crate::cause::Message;
use crate::floor::{App, Floor, wall_ms};
use crate::order::AccountId;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};

/// A request that may be carried out.
struct Admitted {
    endpoint: &'static Endpoint,
    items: Vec<Args>,
    account: AccountId,
    /// After this it is too late, in ms.
    until_ms: Option<u64>,
}

/// Every request of the venue's REST API.
pub(crate) async fn answer(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (at_ns, came_us) = (app.causes.now_ns(), super::socket::wall_us());
    app.causes.count(Message::RestIn);
    let body = std::str::from_utf8(&body).unwrap_or("\u{0}");
    let admitted = match admit(&app, &method, &uri, &headers, body, peer.ip()) {
        Ok(admitted) => admitted,
        Err(denial) => return reply(denial.status(), denial.json()),
    };
    let is_order = matches!(admitted.endpoint.work, Work::Orders(..));
    if is_order {
        let floor = app.floor.lock();
        orders::stamp(&floor, &admitted.endpoint.work, &admitted.items, at_ns);
    }
    if is_order && !app.latency.is_zero() {
        tokio::time::sleep(app.latency).await;
    }
    let result = carry_out(&mut app.floor.lock(), &admitted);
    match result {
        Ok(done) => {
            let times = is_order.then(|| (came_us, super::socket::wall_us()));
            reply(200, done.json(times))
        }
        Err(denial) => reply(denial.status(), denial.json()),
    }
}

/// Endpoint, limit, key, signature over the text as transmitted, and time.
fn admit(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &str,
    ip: IpAddr,
) -> Result<Admitted, Denial> {
    let path = uri.path().strip_prefix("/api/v5/").unwrap_or("");
    let endpoint = endpoints::find(method.as_str(), path)?;
    let mut floor = app.floor.lock();
    let now_ms = wall_ms();
    let account = if endpoint.private {
        let path = uri.path_and_query().map_or("", |path| path.as_str());
        login::rest(&floor, headers, (method.as_str(), path, body), now_ms)?
    } else {
        0
    };
    let bucket = if endpoint.private { path.to_string() } else { format!("{path} {ip}") };
    if endpoint.limit < u64::MAX {
        floor.limits.take((account, &bucket), 1, (endpoint.limit, 2000), now_ms)?;
    }
    let items = match method.as_str() {
        "GET" => vec![Args::from_query(uri.query().unwrap_or(""))?],
        _ => Args::from_body(body)?,
    };
    let until = headers.get("expTime").and_then(|value| value.to_str().ok());
    let until_ms = match until {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| Denial::parameter("expTime"))?),
    };
    Ok(Admitted { endpoint, items, account, until_ms })
}

fn carry_out(floor: &mut Floor, admitted: &Admitted) -> Result<Reply, Denial> {
    let now_ms = wall_ms();
    let Admitted { endpoint, items, account, until_ms } = admitted;
    let result = match endpoint.work {
        Work::Orders(op, batch) => {
            let request = orders::Request {
                op,
                batch,
                naming: endpoints::NAMING,
                items,
                account: *account,
                until_ms: *until_ms,
            };
            orders::carry_out(floor, &request, now_ms)
        }
        Work::Answer(answer) => {
            let asked = Asked { items, account: *account, path: endpoint.path, now_ms };
            answer(floor, &asked)
        }
    };
    floor.flush(now_ms);
    result
}

fn reply(status: u16, json: String) -> Response {
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-store");
    response.body(Body::from(json)).unwrap_or_default()
}
