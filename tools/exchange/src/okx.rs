//! OKX v5: REST at `/api/v5`, WebSocket at `/ws/v5/{public,private,business}`.
//!
//! ```text
//!  socket, rest ──▶ login (key, passphrase, signature, time) ──▶ orders, queries, public ──▶ core
//!     ▲                                                                                      │
//!     └────── hub ◀── market, books (public channels), pushes (an account's own) ◀───────────┘
//! ```
//!
//! Sizes of swaps are contracts on the wire and lots in the core: [`size`] is where they change.
//! Every value inside `data` is text, sequence numbers and a few flags apart.

mod accounts;
mod algos;
mod args;
mod attached;
mod books;
mod candles;
mod channels;
mod countdown;
mod denial;
mod endpoints;
mod instruments;
mod login;
mod market;
mod orders;
mod public;
mod pushes;
mod queries;
mod rest;
mod size;
mod socket;
mod views;
mod words;

pub(crate) use market::Okx;

use crate::floor::App;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use axum::routing::any;
use socket::Door;

/// The protocol's routes.
fn routes(app: App) -> axum::Router {
    let door = |door: Door| {
        any(async move |State(app): State<App>, upgrade: WebSocketUpgrade| open(door, app, upgrade))
    };
    axum::Router::new()
        .route("/ws/v5/public", door(Door::Public))
        .route("/ws/v5/private", door(Door::Private))
        .route("/ws/v5/business", door(Door::Business))
        .route("/api/v5/{*path}", any(rest::answer))
        .with_state(app)
}

fn open(door: Door, app: App, upgrade: WebSocketUpgrade) -> Response {
    crate::socket::upgrade(upgrade).on_upgrade(move |socket| socket::serve(app, socket, door))
}
