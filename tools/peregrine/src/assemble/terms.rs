//! What the venues say of themselves: instruments, rate limits, our fees.

use super::{binance_spot, binance_usdm, bybit, okx};
use crate::config::{Config, InstrumentSettings, KeySource, Venue, VenueKind};
use crate::exit::Failure;
use engine::asset::Assets;
use engine::condition::Keeps;
use engine::id::{AssetId, FeedId, InstrumentId, VenueId};
use engine::instrument::{Fees, Instrument, Kind, Symbol};
use engine::num::{Notional, parse_decimal};
use feeds::net::{Dial, DialPort, Dialed, HttpReply, HttpRequest, Method};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use venues::credentials::Credentials;
use venues::metadata::Listing;
use venues::wire::Usage;

/// What the venues say of themselves, joined with the configuration.
pub struct Terms {
    /// Instruments, by dense id.
    pub instruments: Vec<Instrument>,
    /// Names of assets.
    pub assets: Assets,
    /// Rate limits, by venue.
    pub limits: Vec<Vec<Usage>>,
    /// The venues' numbers of instruments, where requests need them.
    pub codes: Vec<(InstrumentId, u64)>,
    /// Value of one unit of assets that fees may be paid in, in the quote asset, as of the start.
    pub conversions: Vec<(AssetId, Notional)>,
}

impl Terms {
    /// The instruments of a venue.
    pub fn of_venue(&self, venue: VenueId) -> Vec<Instrument> {
        self.instruments.iter().filter(|one| one.venue == venue).copied().collect()
    }

    /// The instruments of each feed, by number.
    pub fn feeds(&self) -> Vec<Vec<Instrument>> {
        let count = self.instruments.iter().map(|one| one.feed.index() + 1).max().unwrap_or(0);
        let mut feeds = vec![Vec::new(); count];
        self.instruments.iter().for_each(|one| feeds[one.feed.index()].push(*one));
        feeds
    }
}

/// Asks one thing over HTTP and waits for the answer.
pub async fn ask(port: &mut DialPort, request: HttpRequest) -> Result<HttpReply, Failure> {
    if !port.ask(Dial::Http { tag: 0, request }) {
        return Err(Failure::error("the dialer is busy"));
    }
    loop {
        match port.poll() {
            Some(Dialed::Http { result, .. }) => return result.map_err(Failure::error),
            Some(Dialed::WebSocket { .. }) => {}
            None => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

/// The key that the configuration names.
pub fn credentials(venue: &Venue) -> Result<Credentials, Failure> {
    match &venue.key {
        Some(KeySource::Environment(prefix)) => Credentials::from_env(prefix),
        Some(KeySource::File(path)) => Credentials::from_file(path),
        None => {
            let name = &venue.name;
            let message =
                format!("no API key is configured: add key_env or key_file to [venue.{name}]");
            return Err(Failure::error(message));
        }
    }
    .map_err(Failure::error)
}

/// Asks each venue for its instruments, limits and, with a key, our fees. Assets that are known
/// keep their numbers.
pub async fn terms(
    config: &Config,
    port: &mut DialPort,
    keys: Option<&[Credentials]>,
    known: Assets,
) -> Result<Terms, Failure> {
    let mut assets = known;
    let mut found: Vec<Option<Instrument>> = vec![None; config.instruments.len()];
    let (mut limits, mut codes) = (Vec::new(), Vec::new());
    for (number, venue) in config.venues.iter().enumerate() {
        let key = keys.and_then(|keys| keys.get(number));
        let asking = Asking { config, number, venue, key, assets: &mut assets };
        let listed = listed(asking, port).await?;
        limits.push(listed.limits);
        codes.extend(listed.codes);
        for instrument in listed.instruments {
            found[instrument.id.index()] = Some(instrument);
        }
    }
    let mut instruments: Vec<Instrument> = found.into_iter().flatten().collect();
    number_feeds(config, &mut instruments);
    // Fees are often paid in it, so its name should be known from the start.
    if let Some(bnb) = Symbol::new("BNB") {
        assets.intern(bnb);
    }
    let conversions = conversions(config, port, &instruments, &assets).await;
    Ok(Terms { instruments, assets, limits, codes, conversions })
}

/// What one venue lists of what is configured of it.
#[derive(Default)]
pub(super) struct Listed {
    pub instruments: Vec<Instrument>,
    pub limits: Vec<Usage>,
    /// The venue's numbers of its instruments, where requests need them.
    pub codes: Vec<(InstrumentId, u64)>,
}

/// A venue, and what asking it needs.
pub(super) struct Asking<'a> {
    pub config: &'a Config,
    pub number: usize,
    pub venue: &'a Venue,
    pub key: Option<&'a Credentials>,
    pub assets: &'a mut Assets,
}

impl Asking<'_> {
    /// The instruments of the venue, with their places in the configuration.
    pub fn own(&self) -> Vec<(usize, &InstrumentSettings)> {
        let all = self.config.instruments.iter().enumerate();
        all.filter(|(_, one)| one.venue == self.number).collect()
    }

    /// A listing as the instrument of this place. What a margin is asked for follows from the
    /// configured leverage, where the venue allows that much.
    pub fn instrument(
        &mut self,
        place: usize,
        listing: &Listing,
        fees: Option<Fees>,
    ) -> Result<Instrument, Failure> {
        let settings = &self.config.instruments[place];
        let id = InstrumentId(u16::try_from(place).unwrap_or(u16::MAX));
        let venue = VenueId(u8::try_from(self.number).unwrap_or(u8::MAX));
        let fees = fees.unwrap_or(settings.fees);
        let made = listing.instrument(id, venue, self.assets, fees);
        let mut instrument = made.map_err(Failure::error)?;
        if super::is_paper(self.config) {
            // The simulated venue keeps no conditional orders: the engine holds them.
            instrument.keeps = Keeps::NOTHING;
        }
        if instrument.kind == Kind::Linear {
            let margin = 1_000_000 / i64::from(settings.leverage.max(1));
            instrument.margin_ppm = margin.max(instrument.margin_ppm);
        }
        Ok(instrument)
    }
}

/// The wall clock, ms since 1970: what requests before a session are stamped with.
pub(super) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}

/// Positions of ours are of one way: a hedged account tells others.
pub(super) fn one_way(venue: &Venue, is_one_way: bool) -> Result<(), Failure> {
    if is_one_way {
        return Ok(());
    }
    Err(Failure::error(format!(
        "[venue.{}]: the account has positions of two ways (hedge mode); set it to one-way mode at \
         the venue, or name an account that is",
        venue.name
    )))
}

async fn listed(asking: Asking<'_>, port: &mut DialPort) -> Result<Listed, Failure> {
    match asking.venue.kind {
        VenueKind::BinanceSpot => binance_spot::listed(asking, port).await,
        VenueKind::BinanceUsdm => binance_usdm::listed(asking, port).await,
        VenueKind::Bybit => bybit::listed(asking, port).await,
        VenueKind::Okx => okx::listed(asking, port).await,
    }
}

/// One feed a venue; where a venue's spot and perpetuals come over other connections, one each.
fn number_feeds(config: &Config, instruments: &mut [Instrument]) {
    let mut known: Vec<(VenueId, Kind)> = Vec::new();
    for instrument in instruments {
        let venue = config.venues.get(instrument.venue.index());
        let apart = venue.is_some_and(|venue| venue.kind == VenueKind::Bybit);
        let key = (instrument.venue, if apart { instrument.kind } else { Kind::Spot });
        let place = known.iter().position(|one| *one == key).unwrap_or_else(|| {
            known.push(key);
            known.len() - 1
        });
        instrument.feed = FeedId(u8::try_from(place).unwrap_or(u8::MAX));
    }
}

/// The price of BNB in the first instrument's quote asset, where a Binance Spot venue says it. A
/// venue that does not list the pair leaves such fees without a value, which is said.
async fn conversions(
    config: &Config,
    port: &mut DialPort,
    instruments: &[Instrument],
    assets: &Assets,
) -> Vec<(AssetId, Notional)> {
    let venue = config.venues.iter().find(|venue| venue.kind == VenueKind::BinanceSpot);
    let quote = instruments.first().and_then(|one| assets.name(one.quote));
    let (Some(venue), Some(bnb), Some(quote)) = (venue, assets.id(b"BNB"), quote) else {
        return Vec::new();
    };
    let request = HttpRequest {
        method: Method::Get,
        url: format!("{}/api/v3/ticker/price?symbol=BNB{quote}", venue.endpoints.rest),
        headers: Vec::new(),
        body: None,
        timeout_ms: 5_000,
    };
    let price = ask(port, request).await.ok().filter(|reply| reply.status == 200);
    let price = price.and_then(|reply| unit_price(&reply.body));
    if price.is_none() {
        tracing::info!("BNB{quote} has no price here: fees paid in BNB are counted, not valued");
    }
    price.map(|price| (bnb, price)).into_iter().collect()
}

/// The price in an answer of `ticker/price`.
fn unit_price(body: &[u8]) -> Option<Notional> {
    let told: serde_json::Value = serde_json::from_slice(body).ok()?;
    parse_decimal(told["price"].as_str()?.as_bytes(), 8).ok().map(Notional)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_exactly_or_not_at_all() {
        let read = |body: &str| unit_price(body.as_bytes());
        let told = r#"{"symbol":"BNBUSDT","price":"612.34000000"}"#;
        assert_eq!(read(told), Some(Notional(61_234_000_000)));
        assert_eq!(read(r#"{"code":-1121,"msg":"Invalid symbol."}"#), None);
        assert_eq!(read("<html>"), None);
    }
}
