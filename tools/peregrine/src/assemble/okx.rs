//! OKX v5: what it lists and its order entry, from a configuration.

use super::terms::{Asking, Listed, Terms, ask, one_way, wall_ms};
use crate::config::{Preset, SelfTrade, Venue};
use crate::exit::Failure;
use engine::id::{InstrumentId, VenueId};
use engine::instrument::{Instrument, Kind};
use feeds::net::DialPort;
use feeds::okx::OkxConfig;
use venues::credentials::Credentials;
use venues::okx::{self as dialect, Okx, metadata};

/// Instruments, limits and our fees; refuses an account of two ways.
pub(super) async fn listed(mut asking: Asking<'_>, port: &mut DialPort) -> Result<Listed, Failure> {
    let venue = asking.venue;
    let own: Vec<_> = asking.own().into_iter().map(|(place, one)| (place, one.clone())).collect();
    let config = config(venue, Vec::new(), Vec::new());
    let mut fees = Vec::new();
    if let Some(key) = asking.key {
        let reply = ask(port, metadata::mode_request(&config, key, wall_ms())).await?;
        let single = metadata::is_one_way(reply.status, &reply.body).map_err(Failure::error)?;
        one_way(venue, single)?;
        for kind in [Kind::Spot, Kind::Linear] {
            if own.iter().any(|(_, one)| one.kind == kind) {
                let request = metadata::fees_request(&config, key, kind, wall_ms());
                let reply = ask(port, request).await?;
                let told = metadata::fees(kind, reply.status, &reply.body);
                fees.push((kind, told.map_err(Failure::error)?));
            }
        }
    }
    let (mut instruments, mut codes) = (Vec::new(), Vec::new());
    for (place, one) in own {
        let rest = &venue.endpoints.rest;
        let reply = ask(port, metadata::listings_request(rest, one.kind, &one.symbol)).await?;
        let info = metadata::listings(reply.status, &reply.body).map_err(Failure::error)?;
        let listing = info.listing(&one.symbol).map_err(Failure::error)?;
        let fees = fees.iter().find(|(kind, _)| *kind == one.kind).map(|(_, fees)| *fees);
        let instrument = asking.instrument(place, listing, fees)?;
        codes.push((instrument.id, listing.code));
        instruments.push(instrument);
    }
    let limits = dialect::limits(instruments.len());
    Ok(Listed { instruments, limits, codes })
}

fn config(
    venue: &Venue,
    codes: Vec<(InstrumentId, u64)>,
    limits: Vec<venues::wire::Usage>,
) -> dialect::Config {
    dialect::Config {
        ws_url: format!("{}/ws/v5/private", venue.endpoints.ws_api),
        rest_url: venue.endpoints.rest.clone(),
        demo: venue.preset != Preset::Mainnet,
        order_window_ms: u64::from(venue.recv_window_ms),
        margin: dialect::Margin::Cross,
        self_trade_prevention: match venue.self_trade {
            SelfTrade::Default => dialect::SelfTrade::Default,
            SelfTrade::ExpireTaker => dialect::SelfTrade::CancelTaker,
            SelfTrade::ExpireMaker => dialect::SelfTrade::CancelMaker,
            SelfTrade::ExpireBoth => dialect::SelfTrade::CancelBoth,
        },
        switch_s: venue.dead_man_s,
        codes,
        limits,
    }
}

/// The streams of these instruments.
pub(super) fn feed(venue: &Venue, instruments: &[Instrument]) -> OkxConfig {
    let ends = &venue.endpoints;
    let mut dialect = OkxConfig::new(&ends.stream, &ends.rest, instruments.to_vec());
    dialect.demo = !matches!(venue.preset, Preset::Mainnet | Preset::Local);
    dialect
}

/// Order entry for the instruments of a venue.
pub(super) fn wire(
    venue: &Venue,
    terms: &Terms,
    (number, key): (VenueId, Credentials),
) -> Result<Okx, Failure> {
    let limits = terms.limits.get(number.index()).cloned().unwrap_or_default();
    let instruments = terms.of_venue(number);
    let own = |id: InstrumentId| instruments.iter().any(|one| one.id == id);
    let codes = terms.codes.iter().copied().filter(|(id, _)| own(*id)).collect();
    let made = Okx::new(config(venue, codes, limits), key, &instruments, terms.assets.clone());
    made.map_err(Failure::error)
}
