//! Binance USDⓈ-M Futures: REST at `/fapi`, the WebSocket API at `/ws-fapi/v1`, streams by class at
//! `/public`, `/market` and `/private`.
//!
//! Linear perpetuals margined in USDT, all cross. Not offered: isolated margin, multi-assets mode,
//! retail (RPI) orders, the unrouted `/ws` and `/stream` that the venue has switched off.

mod account;
mod algo;
mod call;
mod denial;
mod frames;
mod history;
mod intake;
mod listen;
mod market;
mod private;
mod public;
mod settings;
mod symbols;
mod tell;
mod trading;

pub(crate) use market::Usdm;

use crate::binance::{rest, streams, ws_api};
use crate::floor::App;
use axum::routing::any;
use call::Call;

/// Market streams that follow each change.
pub(crate) const PUBLIC: streams::Path = streams::Path { prefix: "/public", inbound_max: 10 };
/// Market streams of the slower kind.
pub(crate) const MARKET: streams::Path = streams::Path { prefix: "/market", inbound_max: 10 };

/// The protocol's routes.
fn routes(app: App) -> axum::Router {
    axum::Router::new()
        .merge(PUBLIC.routes())
        .merge(MARKET.routes())
        .route("/private/ws", any(listen::query))
        .route("/private/ws/{key}", any(listen::path))
        .route("/private/stream", any(listen::combined))
        .route("/ws-fapi/v1", any(ws_api::open::<Call>))
        .route("/fapi/{*path}", any(rest::answer::<Call>))
        .with_state(app)
}
