//! From a configuration and what the venue says of itself to instruments, desks and agents.

use crate::config::{self, Config, KeySource, Mode};
use crate::exit::Failure;
use engine::asset::Assets;
use engine::desk::DeskSettings;
use engine::engine::{Engine, Found, Settings};
use engine::id::{AssetId, InstrumentId, VenueId};
use engine::instrument::{Instrument, Symbol};
use engine::num::{Amount, Notional, parse_decimal};
use engine::time::Nanos;
use feeds::binance_spot::BinanceSpotConfig;
use feeds::feed::FeedLimits;
use feeds::net::{Dial, DialConfig, DialPort, Dialed, HttpReply, HttpRequest, Method, Tuning};
use feeds::sequence::SequenceLimits;
use std::time::Duration;
use strategies::any::Any;
use strategies::avellaneda_stoikov::AvellanedaStoikov;
use venues::binance_spot::metadata;
use venues::credentials::Credentials;
use venues::sim::{Latency, SimVenue, VenueSettings};
use venues::wire::Usage;

/// What the venue says of itself, joined with the configuration.
pub struct Terms {
    /// Instruments, by dense id.
    pub instruments: Vec<Instrument>,
    /// Names of assets.
    pub assets: Assets,
    /// The venue's rate limits.
    pub limits: Vec<Usage>,
    /// Value of one unit of assets that fees may be paid in, in the quote asset, as of the start.
    pub conversions: Vec<(AssetId, Notional)>,
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
pub fn credentials(venue: &config::Venue) -> Result<Credentials, Failure> {
    match &venue.key {
        Some(KeySource::Environment(prefix)) => Credentials::from_env(prefix),
        Some(KeySource::File(path)) => Credentials::from_file(path),
        None => {
            let message = "no API key is configured: add key_env or key_file to [venue.binance]";
            return Err(Failure::error(message));
        }
    }
    .map_err(Failure::error)
}

/// Asks the venue for its instruments, limits and, with a key, our fees. Assets that are known keep
/// their numbers.
pub async fn terms(
    config: &Config,
    port: &mut DialPort,
    key: Option<&Credentials>,
    known: Assets,
) -> Result<Terms, Failure> {
    let rest = &config.venue.endpoints.rest;
    let symbols: Vec<&str> = config.instruments.iter().map(|one| one.symbol.as_str()).collect();
    let reply = ask(port, metadata::exchange_info_request(rest, &symbols)).await?;
    let body = metadata::body("exchangeInfo", reply.status, &reply.body).map_err(Failure::error)?;
    let info = metadata::listings(body).map_err(Failure::error)?;
    let fees = match key {
        Some(key) => {
            let request = metadata::account_request(rest, key, info.server_ms);
            let reply = ask(port, request).await?;
            let body =
                metadata::body("account", reply.status, &reply.body).map_err(Failure::error)?;
            Some(metadata::fees(body).map_err(Failure::error)?)
        }
        None => None,
    };
    let mut assets = known;
    let mut instruments = Vec::new();
    for (place, settings) in config.instruments.iter().enumerate() {
        let listing = info.listing(&settings.symbol).map_err(Failure::error)?;
        let id = InstrumentId(u16::try_from(place).unwrap_or(u16::MAX));
        let fees = fees.unwrap_or(settings.fees);
        let instrument =
            listing.instrument(id, VenueId(0), &mut assets, fees).map_err(Failure::error)?;
        instruments.push(instrument);
    }
    // Fees are often paid in it, so its name should be known from the start.
    if let Some(bnb) = Symbol::new("BNB") {
        assets.intern(bnb);
    }
    let conversions = conversions(rest, port, &instruments, &assets).await;
    Ok(Terms { instruments, assets, limits: info.limits, conversions })
}

/// The price of BNB in the first instrument's quote asset. A venue that does not list the pair
/// leaves such fees without a value, which is said.
async fn conversions(
    rest: &str,
    port: &mut DialPort,
    instruments: &[Instrument],
    assets: &Assets,
) -> Vec<(AssetId, Notional)> {
    let quote = instruments.first().and_then(|one| assets.name(one.quote));
    let (Some(bnb), Some(quote)) = (assets.id(b"BNB"), quote) else { return Vec::new() };
    let request = HttpRequest {
        method: Method::Get,
        url: format!("{rest}/api/v3/ticker/price?symbol=BNB{quote}"),
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

/// The engine with one desk an instrument.
pub fn engine(config: &Config, instruments: &[Instrument]) -> Result<Engine<Any>, Failure> {
    let mut desks = Vec::new();
    for (instrument, settings) in instruments.iter().zip(&config.instruments) {
        let limits = settings.risk.limits(instrument).map_err(Failure::error)?;
        let strategy = AvellanedaStoikov::new(settings.parameters, instrument)
            .map_err(|error| Failure::error(format!("{}: {error}", instrument.symbol)))?;
        let desk = DeskSettings {
            instruments: vec![instrument.id],
            tolerance: config.quotes.tolerance(),
            limits,
        };
        desks.push((desk, Any::AvellanedaStoikov(strategy)));
    }
    let found = match config.found {
        config::Found::Adopt => Found::Adopt,
        config::Found::Cancel => Found::Cancel,
    };
    let settings = Settings {
        found,
        answer_max: config.engine.answer_limit,
        reconcile_every: config.reconcile_every.unwrap_or_default(),
        ..Settings::default()
    };
    Ok(Engine::new(instruments.to_vec(), desks, settings))
}

/// The feed's dialect and limits.
pub fn feed(config: &Config, instruments: &[Instrument]) -> (BinanceSpotConfig, FeedLimits) {
    let (ends, feed) = (&config.venue.endpoints, &config.feed);
    let mut dialect = BinanceSpotConfig::new(&ends.stream, &ends.rest, instruments.to_vec());
    dialect.snapshot_levels = u16::try_from(feed.snapshot_levels).unwrap_or(5_000);
    let limits = FeedLimits {
        connections: feed.connections,
        ping_every: feed.ping_every,
        connection_stale: feed.connection_stale,
        best_stale: feed.stream_stale,
        depth_stale: feed.stream_stale,
        reconnect_min: feed.backoff_min,
        reconnect_max: feed.backoff_max,
        rollover_after: feed.roll_over,
        sequence: SequenceLimits {
            snapshot_rows_max: dialect.snapshot_rows_max(),
            ..SequenceLimits::default()
        },
        ..FeedLimits::default()
    };
    (dialect, limits)
}

/// How the connections that trade are dialled.
pub fn dial(config: &Config) -> DialConfig {
    let tuning = Tuning {
        busy_poll_us: config.feed.busy_poll_us,
        stamps: config.feed.kernel_stamps,
        acks: config.feed.acks,
    };
    DialConfig { tuning, ..DialConfig::default() }
}

/// The gateway's dialect.
pub fn wire(config: &Config, terms: &Terms, key: Credentials) -> venues::binance_spot::BinanceSpot {
    use venues::binance_spot::SelfTrade;
    let self_trade_prevention = match config.venue.self_trade {
        config::SelfTrade::Default => SelfTrade::Default,
        config::SelfTrade::ExpireTaker => SelfTrade::ExpireTaker,
        config::SelfTrade::ExpireMaker => SelfTrade::ExpireMaker,
        config::SelfTrade::ExpireBoth => SelfTrade::ExpireBoth,
    };
    let wire = venues::binance_spot::Config {
        ws_api_url: config.venue.endpoints.ws_api.clone(),
        rest_url: config.venue.endpoints.rest.clone(),
        recv_window_ms: config.venue.recv_window_ms,
        self_trade_prevention,
        limits: terms.limits.clone(),
    };
    venues::binance_spot::BinanceSpot::new(wire, key, &terms.instruments, terms.assets.clone())
}

/// The gateway's settings.
pub fn gateway(config: &Config) -> venues::gateway::Config {
    venues::gateway::Config {
        entry: match config.venue.entry {
            config::Entry::Ws => venues::gateway::Entry::WebSocket,
            config::Entry::Rest => venues::gateway::Entry::Rest,
        },
        ping_every: config.feed.ping_every,
        stale_after: config.feed.connection_stale,
        reconnect: (config.feed.backoff_min, config.feed.backoff_max),
        rollover_after: config.feed.roll_over,
        ..venues::gateway::Config::default()
    }
}

/// The simulated venue of paper trading: with the configured balances, or with those that the
/// engine has from an earlier session.
pub fn paper(
    config: &Config,
    terms: &mut Terms,
    (engine, now): (&Engine<Any>, Nanos),
) -> Result<SimVenue, Failure> {
    let mut balances = Vec::new();
    for (name, amount) in &config.paper.balances {
        let text = config::decimal_text(*amount);
        let amount = parse_decimal(text.as_bytes(), 8)
            .map_err(|error| Failure::error(format!("paper.balances.{name} = {text}: {error}")))?;
        let asset = Symbol::new(name).and_then(|name| terms.assets.intern(name));
        let asset = asset.ok_or_else(|| {
            Failure::error(format!("paper.balances.{name}: the name is too long for an asset"))
        })?;
        balances.push((asset, Amount(amount)));
    }
    if engine.account.started() {
        let held = engine.account.balances().map(|(asset, balance)| (asset, balance.total));
        balances = held.collect();
    }
    let latency = Latency { entry: config.paper.entry, response: config.paper.response };
    let fee_in_quote = config.paper.fee_in_quote;
    let settings = VenueSettings { latency, fee_in_quote, ..VenueSettings::default() };
    Ok(SimVenue::new(now, &terms.instruments, &balances, settings))
}

/// Whether orders stay in this process.
pub fn is_paper(config: &Config) -> bool {
    config.mode == Mode::Paper
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
