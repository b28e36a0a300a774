//! Bybit v5: spot and linear perpetuals on one unified account.
//!
//! REST at `/v5/…`, market streams at `/v5/public/spot` and `/v5/public/linear`, the private stream
//! at `/v5/private`, order entry at `/v5/trade`, the venue's status at `/v5/public/misc/status`.
//!
//! ```text
//!  sockets ─▶ rest, trade ─▶ entry (key, signature, time, rates) ─▶ orders, query, account, public
//!     ▲                                                                      │
//!     └──── hub ◀── market (books, trades, tickers), private ◀────── core ◀──┘
//! ```
//!
//! Hub topics carry their category in front (`linear:orderbook.50.BTCUSDT`): both categories list
//! the same names.

mod account;
mod batch;
mod book;
mod call;
mod candles;
mod conditional;
mod denial;
mod entry;
mod fills;
mod holdings;
mod ids;
mod instruments;
mod market;
mod open;
mod orders;
mod params;
mod private;
mod public;
mod query;
mod rest;
mod sheet;
mod stops;
mod stream;
mod tell;
mod ticker;
mod trade;
mod words;

pub(crate) use market::Bybit;

use crate::floor::App;
use axum::routing::any;

/// The protocol's routes.
fn routes(app: App) -> axum::Router {
    axum::Router::new()
        .route("/v5/public/spot", any(stream::spot))
        .route("/v5/public/linear", any(stream::linear))
        .route("/v5/public/misc/status", any(stream::status))
        .route("/v5/private", any(private::connect))
        .route("/v5/trade", any(trade::connect))
        .route("/v5/{*path}", any(rest::answer))
        .with_state(app)
}
