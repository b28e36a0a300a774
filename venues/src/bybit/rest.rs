//! Requests over REST: questions, cancel-all, and the twins of orders; signed in headers.

use super::forms::{self, category};
use super::{Bybit, Config};
use crate::credentials::Credentials;
use crate::timed;
use crate::wire::{Ask, RequestId, WireFault};
use engine::id::InstrumentId;
use engine::instrument::Kind;
use feeds::net::{HttpRequest, Method};

/// How long a REST request may take, ms.
const REST_TIMEOUT_MS: u32 = 10_000;

/// A request before it is signed.
pub(super) struct Request {
    pub method: Method,
    pub path: &'static str,
    /// Without its question mark.
    pub query: String,
    pub body: Option<String>,
}

impl Request {
    pub const fn get(path: &'static str, query: String) -> Self {
        Self { method: Method::Get, path, query, body: None }
    }

    pub const fn post(path: &'static str, body: String) -> Self {
        Self { method: Method::Post, path, query: String::new(), body: Some(body) }
    }

    /// Without a signature, for what everybody may ask.
    pub fn plain(self, rest_url: &str) -> HttpRequest {
        let mark = if self.query.is_empty() { "" } else { "?" };
        HttpRequest {
            method: self.method,
            url: format!("{rest_url}{}{mark}{}", self.path, self.query),
            headers: Vec::new(),
            body: self.body,
            timeout_ms: REST_TIMEOUT_MS,
        }
    }

    /// With its headers. What is signed is exactly what is sent: time, key, window, then query or
    /// body.
    pub fn signed(self, config: &Config, credentials: &Credentials, at_ms: u64) -> HttpRequest {
        let (key, window) = (credentials.api_key(), config.recv_window_ms);
        let sent = self.body.as_deref().unwrap_or(&self.query);
        let signature = credentials.signer().sign(format!("{at_ms}{key}{window}{sent}").as_bytes());
        let mut headers = vec![
            ("X-BAPI-API-KEY", key.to_owned()),
            ("X-BAPI-TIMESTAMP", at_ms.to_string()),
            ("X-BAPI-RECV-WINDOW", window.to_string()),
            ("X-BAPI-SIGN", signature.as_str().to_owned()),
        ];
        if self.body.is_some() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        HttpRequest { headers, ..self.plain(&config.rest_url) }
    }
}

/// What is asked, and where.
pub(super) fn request(wire: &mut Bybit, ask: &Ask, at_ms: u64) -> Result<Request, WireFault> {
    let whose = |wire: &Bybit, id: InstrumentId| -> Result<String, WireFault> {
        let one = wire.instrument(id)?;
        Ok(format!("category={}&symbol={}", category(one.kind), one.symbol))
    };
    let page = |wire: &Bybit, page: u64| match page {
        0 => Ok(String::new()),
        page => {
            let cursor = wire.decoder.cursors.find(page).ok_or(WireFault::Unsupported)?;
            Ok(format!("&cursor={cursor}"))
        }
    };
    Ok(match ask {
        Ask::Time => Request::get("/v5/market/time", String::new()),
        Ask::Query { order, by_venue_id, ended } => {
            let query =
                format!("{}&{}", whose(wire, order.instrument)?, wire.named(order, *by_venue_id)?);
            let path = if *ended { "/v5/order/history" } else { "/v5/order/realtime" };
            Request::get(path, query)
        }
        Ask::OpenOrders { instrument, page: number, .. } => {
            let (whose, page) = (whose(wire, *instrument)?, page(wire, *number)?);
            Request::get("/v5/order/realtime", format!("{whose}&limit=50{page}"))
        }
        Ask::Balances => {
            Request::get("/v5/account/wallet-balance", "accountType=UNIFIED".to_owned())
        }
        Ask::Position(instrument) => Request::get("/v5/position/list", whose(wire, *instrument)?),
        Ask::Trades { instrument, from, page: number } => {
            let (whose, page) = (whose(wire, *instrument)?, page(wire, *number)?);
            let since = timed::since(*from, at_ms);
            let query = format!("{whose}&startTime={since}&limit=100{page}");
            Request::get("/v5/execution/list", query)
        }
        Ask::TradesOf(order) => {
            let query = format!(
                "{}&{}&limit=100",
                whose(wire, order.instrument)?,
                wire.named(order, true)?
            );
            Request::get("/v5/execution/list", query)
        }
        Ask::Payments { from, page: number } => {
            let (since, page) = (timed::since(*from, at_ms), page(wire, *number)?);
            let query =
                format!("category=linear&execType=Funding&startTime={since}&limit=100{page}");
            Request::get("/v5/execution/list", query)
        }
        Ask::CancelAll { instrument, waiting } => {
            let body = forms::cancel_all(&wire.instrument(*instrument)?, *waiting);
            Request::post("/v5/order/cancel-all", body)
        }
        Ask::Renew(instrument) => {
            let product = match wire.instrument(*instrument)?.kind {
                Kind::Spot => "SPOT",
                Kind::Linear => "DERIVATIVES",
            };
            let window = wire.config.protect_s;
            let body = format!(r#"{{"product":"{product}","timeWindow":{window}}}"#);
            Request::post("/v5/order/disconnected-cancel-all", body)
        }
        _ => {
            let (framed, values) = wire.order(ask, RequestId::default(), at_ms)?;
            Request::post(framed.path, framed.body(&values))
        }
    })
}
