//! Requests over REST: questions, the dead-man's switch, and the twins of orders; signed in
//! headers.

use super::{Config, Okx, forms};
use crate::client::{COMPACT_LEN, write_compact};
use crate::credentials::Credentials;
use crate::orders::{Named, naming};
use crate::timed;
use crate::wire::{Ask, RequestId, WireFault};
use engine::id::InstrumentId;
use engine::instrument::Kind;
use engine::intent::OrderRef;
use feeds::net::{HttpRequest, Method};

/// How long a REST request may take, ms.
const REST_TIMEOUT_MS: u32 = 10_000;
/// How long fills are kept at the nearer of two places, ms: three days, and an hour less.
const FILLS_KEPT_MS: u64 = 3 * 86_400_000 - 3_600_000;

/// The lists of algo orders that wait, by the type of which they are. All of these types are
/// cancelled by `cancel-algos`: the venue's documentation knows no other request for it.
pub(super) const WAITING: [&str; 3] = ["trigger", "oco", "move_order_stop"];

/// The venue's word for a kind of instrument.
pub(super) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Spot => "SPOT",
        Kind::Linear => "SWAP",
    }
}

/// A request before it is signed.
pub(super) struct Request {
    pub method: Method,
    /// With its query.
    pub path: String,
    pub body: Option<String>,
    /// Until when the venue may carry it out, ms since 1970; 0: whenever.
    pub until_ms: u64,
}

impl Request {
    pub const fn get(path: String) -> Self {
        Self { method: Method::Get, path, body: None, until_ms: 0 }
    }

    fn post(path: &str, body: String, until_ms: u64) -> Self {
        Self { method: Method::Post, path: path.to_owned(), body: Some(body), until_ms }
    }

    /// Without a signature, for what everybody may ask.
    pub fn plain(self, rest_url: &str) -> HttpRequest {
        HttpRequest {
            method: self.method,
            url: format!("{rest_url}{}", self.path),
            headers: Vec::new(),
            body: self.body,
            timeout_ms: REST_TIMEOUT_MS,
        }
    }

    /// With its headers.
    pub fn signed(self, config: &Config, credentials: &Credentials, at_ms: u64) -> HttpRequest {
        let verb = if self.method == Method::Post { "POST" } else { "GET" };
        let (at, body) = (iso(at_ms), self.body.as_deref().unwrap_or(""));
        let payload = format!("{at}{verb}{}{body}", self.path);
        let signature = credentials.signer().sign_base64(payload.as_bytes());
        let mut headers = vec![
            ("OK-ACCESS-KEY", credentials.api_key().to_owned()),
            ("OK-ACCESS-SIGN", signature.as_str().to_owned()),
            ("OK-ACCESS-TIMESTAMP", at),
            ("OK-ACCESS-PASSPHRASE", credentials.passphrase().to_owned()),
            ("Content-Type", "application/json".to_owned()),
        ];
        if self.until_ms > 0 {
            headers.push(("expTime", self.until_ms.to_string()));
        }
        if config.demo {
            headers.push(("x-simulated-trading", "1".to_owned()));
        }
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        HttpRequest { headers, ..self.plain(&config.rest_url) }
    }
}

/// A time as the venue's headers want it: `2020-12-08T09:08:57.715Z`. The date is found by the
/// algorithm `civil_from_days` of Howard Hinnant.
pub(super) fn iso(at_ms: u64) -> String {
    let (days, ms) = (at_ms / 86_400_000, at_ms % 86_400_000);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let ms = ms % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

fn which(order: &OrderRef, by_venue_id: bool) -> Result<String, WireFault> {
    let (venue, ours) = forms::names(order);
    Ok(match naming(order, by_venue_id)? {
        Named::Venue => format!("{venue}={}", order.venue_order),
        Named::Client => {
            let mut client = [0; COMPACT_LEN];
            write_compact(order.client, &mut client);
            format!("{ours}={}", String::from_utf8_lossy(&client))
        }
    })
}

/// What is asked, and where.
pub(super) fn request(wire: &mut Okx, ask: &Ask, at_ms: u64) -> Result<Request, WireFault> {
    let of = |id: InstrumentId| wire.instrument(id).map(|one| (word(one.kind), one.symbol));
    let after = |page: u64| if page > 0 { format!("&after={page}") } else { String::new() };
    Ok(match ask {
        Ask::Time => Request::get("/api/v5/public/time".to_owned()),
        Ask::Query { order, by_venue_id, .. } => {
            // What an algo order became does not bear our name at this place.
            let by_venue_id = *by_venue_id || order.venue_order > 0 && !order.waits;
            let ((_, name), which) = (of(order.instrument)?, which(order, by_venue_id)?);
            Request::get(match order.waits {
                true => format!("/api/v5/trade/order-algo?{which}"),
                false => format!("/api/v5/trade/order?instId={name}&{which}"),
            })
        }
        Ask::OpenOrders { instrument, list, page } => {
            let ((_, name), after) = (of(*instrument)?, after(*page));
            Request::get(match usize::from(*list).checked_sub(1) {
                Some(place) => {
                    let kind = WAITING.get(place).ok_or(WireFault::Unsupported)?;
                    let list = "/api/v5/trade/orders-algo-pending";
                    format!("{list}?ordType={kind}&instId={name}{after}")
                }
                None => format!("/api/v5/trade/orders-pending?instId={name}{after}"),
            })
        }
        Ask::Balances => Request::get("/api/v5/account/balance".to_owned()),
        Ask::Position(instrument) => {
            Request::get(format!("/api/v5/account/positions?instId={}", of(*instrument)?.1))
        }
        Ask::Trades { instrument, from, page } => {
            let ((kind, name), after) = (of(*instrument)?, after(*page));
            let since = timed::since(*from, at_ms);
            let near = since + FILLS_KEPT_MS > at_ms;
            let place = if near { "fills" } else { "fills-history" };
            Request::get(format!(
                "/api/v5/trade/{place}?instType={kind}&instId={name}&begin={since}{after}"
            ))
        }
        Ask::TradesOf(order) => {
            let (kind, name) = of(order.instrument)?;
            let id = order.venue_order;
            let query = format!("instType={kind}&instId={name}&ordId={id}");
            Request::get(format!("/api/v5/trade/fills?{query}"))
        }
        Ask::Payments { from, page } => {
            let (since, after) = (timed::since(*from, at_ms), after(*page));
            // Kind 8: funding.
            Request::get(format!("/api/v5/account/bills?type=8&begin={since}{after}"))
        }
        Ask::CancelSome(instrument) => {
            let whose = format!(r#""instId":"{}""#, of(*instrument)?.1);
            let body = forms::cancel_some(&whose, &wire.doomed, None)?;
            let waiting = wire.dooms_waiting();
            let some = if waiting { "cancel-algos" } else { "cancel-batch-orders" };
            Request::post(&format!("/api/v5/trade/{some}"), body, 0)
        }
        Ask::Renew(_) => {
            let body = format!(r#"{{"timeOut":"{}"}}"#, wire.config.switch_s);
            Request::post("/api/v5/trade/cancel-all-after", body, 0)
        }
        _ => {
            // Only orders of the book have a time after which it is too late for them.
            let whenever =
                matches!(ask, Ask::Cancel(_) | Ask::Conditional { .. } | Ask::Pair { .. });
            let (framed, values) = wire.order(ask, RequestId::default(), at_ms)?;
            let until_ms = if whenever { 0 } else { values.until_ms };
            Request::post(framed.path, framed.body(&values), until_ms)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_venue_wants() {
        assert_eq!(iso(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_709_164_800_007), "2024-02-29T00:00:00.007Z");
        assert_eq!(iso(1_607_418_537_715), "2020-12-08T09:08:57.715Z");
        assert_eq!(iso(1_798_761_599_999), "2026-12-31T23:59:59.999Z");
    }
}
