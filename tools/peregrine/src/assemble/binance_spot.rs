//! Binance Spot: what it lists, its streams and its order entry, from a configuration.

use super::terms::{Asking, Listed, Terms, ask};
use crate::config::{Config, SelfTrade, Venue};
use crate::exit::Failure;
use engine::id::VenueId;
use engine::instrument::Instrument;
use feeds::binance_spot::BinanceSpotConfig;
use feeds::net::DialPort;
use venues::binance_spot::{self as dialect, BinanceSpot, metadata};
use venues::credentials::Credentials;

/// Instruments, limits and our fees.
pub(super) async fn listed(mut asking: Asking<'_>, port: &mut DialPort) -> Result<Listed, Failure> {
    let rest = &asking.venue.endpoints.rest;
    let places: Vec<usize> = asking.own().iter().map(|(place, _)| *place).collect();
    let symbols: Vec<&str> = asking.own().iter().map(|(_, one)| one.symbol.as_str()).collect();
    let reply = ask(port, metadata::exchange_info_request(rest, &symbols)).await?;
    let body = metadata::body("exchangeInfo", reply.status, &reply.body).map_err(Failure::error)?;
    let info = metadata::listings(body).map_err(Failure::error)?;
    let fees = match asking.key {
        Some(key) => {
            let request = metadata::account_request(rest, key, info.server_ms);
            let reply = ask(port, request).await?;
            let body =
                metadata::body("account", reply.status, &reply.body).map_err(Failure::error)?;
            Some(metadata::fees(body).map_err(Failure::error)?)
        }
        None => None,
    };
    let mut instruments = Vec::new();
    for place in places {
        let symbol = &asking.config.instruments[place].symbol;
        let listing = info.listing(symbol).map_err(Failure::error)?;
        instruments.push(asking.instrument(place, listing, fees)?);
    }
    Ok(Listed { instruments, limits: info.limits, codes: Vec::new() })
}

/// The streams of these instruments.
pub fn spot_feed(config: &Config, venue: &Venue, instruments: &[Instrument]) -> BinanceSpotConfig {
    let ends = &venue.endpoints;
    let mut dialect = BinanceSpotConfig::new(&ends.stream, &ends.rest, instruments.to_vec());
    dialect.snapshot_levels = u16::try_from(config.feed.snapshot_levels).unwrap_or(5_000);
    dialect
}

/// Order entry for the instruments of a venue.
pub fn spot_wire(
    venue: &Venue,
    terms: &Terms,
    (number, key): (VenueId, Credentials),
) -> BinanceSpot {
    let config = dialect::Config {
        ws_api_url: venue.endpoints.ws_api.clone(),
        rest_url: venue.endpoints.rest.clone(),
        recv_window_ms: venue.recv_window_ms,
        self_trade_prevention: self_trade(venue.self_trade),
        limits: terms.limits.get(number.index()).cloned().unwrap_or_default(),
    };
    BinanceSpot::new(config, key, &terms.of_venue(number), terms.assets.clone())
}

/// Binance's word for what happens when our own orders would meet.
pub(super) const fn self_trade(choice: SelfTrade) -> dialect::SelfTrade {
    match choice {
        SelfTrade::Default => dialect::SelfTrade::Default,
        SelfTrade::ExpireTaker => dialect::SelfTrade::ExpireTaker,
        SelfTrade::ExpireMaker => dialect::SelfTrade::ExpireMaker,
        SelfTrade::ExpireBoth => dialect::SelfTrade::ExpireBoth,
    }
}
