//! Bybit v5: what it lists and its order entry, from a configuration.

use super::terms::{Asking, Listed, Terms, ask, wall_ms};
use crate::config::{SelfTrade, Venue};
use crate::exit::Failure;
use engine::id::VenueId;
use engine::instrument::{Instrument, Kind};
use feeds::bybit::{BybitConfig, Market};
use feeds::net::DialPort;
use venues::bybit::{self as dialect, Bybit, metadata};
use venues::credentials::Credentials;

/// Instruments, limits and our fees.
pub(super) async fn listed(mut asking: Asking<'_>, port: &mut DialPort) -> Result<Listed, Failure> {
    let venue = asking.venue;
    let own: Vec<_> = asking.own().into_iter().map(|(place, one)| (place, one.clone())).collect();
    let (mut instruments, mut limits) = (Vec::new(), Vec::new());
    for (place, one) in own {
        let rest = &venue.endpoints.rest;
        let reply = ask(port, metadata::listings_request(rest, one.kind, &one.symbol)).await?;
        let info = metadata::listings(reply.status, &reply.body).map_err(Failure::error)?;
        let listing = info.listing(&one.symbol).map_err(Failure::error)?;
        let fees = match asking.key {
            Some(key) => {
                let about = (one.kind, one.symbol.as_str());
                let config = config(venue, Vec::new());
                let reply =
                    ask(port, metadata::fees_request(&config, key, about, wall_ms())).await?;
                Some(metadata::fees(reply.status, &reply.body).map_err(Failure::error)?)
            }
            None => None,
        };
        instruments.push(asking.instrument(place, listing, fees)?);
        limits = info.limits;
    }
    Ok(Listed { instruments, limits, codes: Vec::new() })
}

fn config(venue: &Venue, limits: Vec<venues::wire::Usage>) -> dialect::Config {
    dialect::Config {
        trade_url: format!("{}/v5/trade", venue.endpoints.ws_api),
        stream_url: format!("{}/v5/private", venue.endpoints.ws_api),
        rest_url: venue.endpoints.rest.clone(),
        recv_window_ms: venue.recv_window_ms,
        self_trade_prevention: match venue.self_trade {
            SelfTrade::Default => dialect::SelfTrade::Default,
            SelfTrade::ExpireTaker => dialect::SelfTrade::CancelTaker,
            SelfTrade::ExpireMaker => dialect::SelfTrade::CancelMaker,
            SelfTrade::ExpireBoth => dialect::SelfTrade::CancelBoth,
        },
        protect_s: venue.dead_man_s,
        limits,
    }
}

/// The streams of these instruments, which are of one market.
pub(super) fn feed(venue: &Venue, instruments: &[Instrument]) -> BybitConfig {
    let market = match instruments.first().map(|one| one.kind) {
        Some(Kind::Linear) => Market::Linear,
        _ => Market::Spot,
    };
    BybitConfig::new(&venue.endpoints.stream, market, instruments.to_vec())
}

/// Order entry for the instruments of a venue.
pub(super) fn wire(
    venue: &Venue,
    terms: &Terms,
    (number, key): (VenueId, Credentials),
) -> Result<Bybit, Failure> {
    let limits = terms.limits.get(number.index()).cloned().unwrap_or_default();
    let made =
        Bybit::new(config(venue, limits), key, &terms.of_venue(number), terms.assets.clone());
    made.map_err(Failure::error)
}
