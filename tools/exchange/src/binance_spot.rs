//! Binance Spot: REST at `/api/v3`, the WebSocket API at `/ws-api/v3`, market streams at `/ws` and
//! `/stream`.
//!
//! ```text
//!  sockets ──▶ rest, ws_api ──▶ entry (weight, key, signature, time) ──▶ trading, public ──▶ core
//!     ▲                                                                                      │
//!     └──────────── hub ◀── market (public events), private (an account's own) ◀─────────────┘
//! ```

mod call;
mod entry;
mod market;
mod private;
mod public;
mod replace;
mod rest;
mod stats;
mod symbols;
mod trading;
mod usage;
mod ws_api;

pub(crate) use market::Spot;

use crate::binance::streams;
use crate::floor::App;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use axum::routing::any;
use std::net::SocketAddr;

/// The protocol's routes.
fn routes(app: App) -> axum::Router {
    axum::Router::new()
        .route("/ws", any(streams::single))
        .route("/ws/{*streams}", any(streams::several))
        .route("/stream", any(streams::combined))
        .route("/ws-api/v3", any(api))
        .route("/api/{*path}", any(rest::answer))
        .with_state(app)
}

async fn api(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    socket: WebSocketUpgrade,
) -> Response {
    let show = !query.unwrap_or_default().split('&').any(|pair| pair == "returnRateLimits=false");
    crate::socket::upgrade(socket)
        .on_upgrade(move |socket| ws_api::serve(app, socket, peer.ip(), show))
}
