//! Binance USDⓈ-M Futures: what it lists and its order entry, from a configuration.

use super::binance_spot::self_trade;
use super::terms::{Asking, Listed, Terms, ask, one_way, wall_ms};
use crate::config::{Config, Preset, Venue};
use crate::exit::Failure;
use engine::id::VenueId;
use engine::instrument::Instrument;
use feeds::binance_usdm::BinanceUsdmConfig;
use feeds::net::DialPort;
use venues::binance_usdm::{self as dialect, BinanceUsdm, metadata};
use venues::credentials::Credentials;

/// Instruments, limits and our fees; refuses an account of two ways.
pub(super) async fn listed(mut asking: Asking<'_>, port: &mut DialPort) -> Result<Listed, Failure> {
    let rest = &asking.venue.endpoints.rest;
    let places: Vec<usize> = asking.own().iter().map(|(place, _)| *place).collect();
    let reply = ask(port, metadata::listings_request(rest)).await?;
    let body = metadata::body("exchangeInfo", reply.status, &reply.body).map_err(Failure::error)?;
    let info = metadata::listings(body).map_err(Failure::error)?;
    if let Some(key) = asking.key {
        let reply = ask(port, metadata::mode_request(rest, key, wall_ms())).await?;
        let body = metadata::body("positionSide/dual", reply.status, &reply.body);
        let single = metadata::is_one_way(body.map_err(Failure::error)?);
        one_way(asking.venue, single.map_err(Failure::error)?)?;
    }
    let mut instruments = Vec::new();
    for place in places {
        let symbol = asking.config.instruments[place].symbol.clone();
        let listing = info.listing(&symbol).map_err(Failure::error)?;
        let fees = match asking.key {
            Some(key) => {
                let request = metadata::fees_request(rest, key, &symbol, wall_ms());
                let reply = ask(port, request).await?;
                let body = metadata::body("commissionRate", reply.status, &reply.body);
                Some(metadata::fees(body.map_err(Failure::error)?).map_err(Failure::error)?)
            }
            None => None,
        };
        instruments.push(asking.instrument(place, listing, fees)?);
    }
    Ok(Listed { instruments, limits: info.limits, codes: Vec::new() })
}

/// The streams of these instruments.
pub(super) fn feed(
    config: &Config,
    venue: &Venue,
    instruments: &[Instrument],
) -> BinanceUsdmConfig {
    let ends = &venue.endpoints;
    let mut dialect = BinanceUsdmConfig::new(&ends.stream, &ends.rest, instruments.to_vec());
    // The levels that the venue offers.
    let offered = [5, 10, 20, 50, 100, 500, 1_000];
    let wanted = config.feed.snapshot_levels;
    let level = offered.into_iter().find(|levels| u32::from(*levels) >= wanted);
    dialect.snapshot_levels = level.unwrap_or(1_000);
    dialect.routed = matches!(venue.preset, Preset::Mainnet | Preset::Local);
    dialect
}

/// Order entry for the instruments of a venue.
pub(super) fn wire(
    venue: &Venue,
    terms: &Terms,
    (number, key): (VenueId, Credentials),
) -> BinanceUsdm {
    let config = dialect::Config {
        ws_api_url: venue.endpoints.ws_api.clone(),
        stream_url: format!("{}/private", venue.endpoints.stream),
        rest_url: venue.endpoints.rest.clone(),
        recv_window_ms: venue.recv_window_ms,
        self_trade_prevention: self_trade(venue.self_trade),
        switch_ms: u64::from(venue.dead_man_s) * 1_000,
        limits: terms.limits.get(number.index()).cloned().unwrap_or_default(),
    };
    BinanceUsdm::new(config, key, &terms.of_venue(number), terms.assets.clone())
}
