//! Binance Spot: REST at `/api/v3`, the WebSocket API at `/ws-api/v3`, market streams at `/ws` and
//! `/stream`.
//!
//! ```text
//!  sockets ──▶ rest, ws_api ──▶ entry (weight, key, signature, time) ──▶ trading, public ──▶ core
//!     ▲                                                                                      │
//!     └──────────── hub ◀── market (public events), private (an account's own) ◀─────────────┘
//! ```

mod call;
mod feed;
mod intake;
mod lists;
mod market;
mod private;
mod public;
mod replace;
mod symbols;
mod trading;

pub(crate) use market::Spot;

use crate::binance::{rest, streams, ws_api};
use crate::floor::App;
use axum::routing::any;
use call::Call;

/// The protocol's routes.
fn routes(app: App) -> axum::Router {
    axum::Router::new()
        .merge(streams::Path { prefix: "", inbound_max: 5 }.routes())
        .route("/ws-api/v3", any(ws_api::open::<Call>))
        .route("/api/{*path}", any(rest::answer::<Call>))
        .with_state(app)
}
