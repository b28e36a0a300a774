//! Feeds, gateways and guards of each venue, by its dialect.

use super::{Terms, binance_usdm, bybit, okx, spot_feed, spot_wire};
use crate::agents::{FeedAbout, FeedAgent, GatewayAbout, GatewayAgent, Watcher};
use crate::config::{self, Config, VenueKind};
use crate::exit::Failure;
use crate::hot::Agent;
use engine::event::Event;
use engine::id::{InstrumentId, VenueId};
use engine::instrument::Instrument;
use engine::intent::Outgoing;
use feeds::feed::{Feed, FeedLimits, FeedPorts};
use feeds::net::{DialConfig, DialPort, Tuning};
use feeds::protocol::Protocol;
use feeds::sequence::SequenceLimits;
use rtrb::{Consumer, Producer};
use venues::credentials::Credentials;
use venues::gateway::Gateway;
use venues::guard::{Guard, Watch};
use venues::wire::Wire;

/// How the connections that trade are dialled.
pub fn dial(config: &Config) -> DialConfig {
    let tuning = Tuning {
        busy_poll_us: config.feed.busy_poll_us,
        stamps: config.feed.kernel_stamps,
        acks: config.feed.acks,
    };
    DialConfig { tuning, ..DialConfig::default() }
}

/// The feed of these instruments, which are of one venue.
pub fn feed(
    config: &Config,
    instruments: &[Instrument],
    ports: FeedPorts,
    about: FeedAbout,
) -> Result<Box<dyn Agent + Send>, Failure> {
    let first = instruments.first().map_or(0, |one| one.venue.index());
    let venue = &config.venues[first];
    let all = (ports, about);
    match venue.kind {
        VenueKind::BinanceSpot => {
            let dialect = spot_feed(config, venue, instruments);
            let (wrong, rows) = (dialect.check(), dialect.snapshot_rows_max());
            let protocol = feeds::binance_spot::BinanceSpot::new(&dialect);
            feed_agent(config, protocol, (wrong, rows), all)
        }
        VenueKind::BinanceUsdm => {
            let dialect = binance_usdm::feed(config, venue, instruments);
            let (wrong, rows) = (dialect.check(), dialect.snapshot_rows_max());
            let protocol = feeds::binance_usdm::BinanceUsdm::new(&dialect);
            feed_agent(config, protocol, (wrong, rows), all)
        }
        VenueKind::Bybit => {
            let dialect = bybit::feed(venue, instruments);
            let (wrong, rows) = (dialect.check(), dialect.snapshot_rows_max());
            feed_agent(config, feeds::bybit::Bybit::new(&dialect), (wrong, rows), all)
        }
        VenueKind::Okx => {
            let dialect = okx::feed(venue, instruments);
            let (wrong, rows) = (dialect.check(), dialect.snapshot_rows_max());
            feed_agent(config, feeds::okx::Okx::new(&dialect), (wrong, rows), all)
        }
    }
}

fn feed_agent<P: Protocol + Send + 'static>(
    config: &Config,
    protocol: P,
    (mut wrong, snapshot_rows_max): (Vec<String>, usize),
    (ports, about): (FeedPorts, FeedAbout),
) -> Result<Box<dyn Agent + Send>, Failure> {
    let limits = limits(config, snapshot_rows_max);
    wrong.extend(limits.check(config.engine.rings.market));
    if !wrong.is_empty() {
        return Err(Failure::error(wrong.join("; ")));
    }
    Ok(Box::new(FeedAgent::new(Feed::new(protocol, limits, ports), about)))
}

/// The limits of a feed whose snapshots have at most so many rows.
pub fn limits(config: &Config, snapshot_rows_max: usize) -> FeedLimits {
    let feed = &config.feed;
    FeedLimits {
        connections: feed.connections,
        ping_every: feed.ping_every,
        connection_stale: feed.connection_stale,
        best_stale: feed.stream_stale,
        depth_stale: feed.stream_stale,
        reconnect_min: feed.backoff_min,
        reconnect_max: feed.backoff_max,
        rollover_after: feed.roll_over,
        sequence: SequenceLimits { snapshot_rows_max, ..SequenceLimits::default() },
        ..FeedLimits::default()
    }
}

/// Per instrument, the own trade from which on those of a dead session are asked for.
pub type NextTrades = Vec<(InstrumentId, u64)>;

/// What a venue's gateway is joined to.
pub struct GatewayPorts {
    /// To the thread that dials.
    pub dial: DialPort,
    /// From and to the engine.
    pub rings: (Consumer<Outgoing>, Producer<Event>),
    /// The engine's heart, where the gateway has a thread of its own.
    pub watch: Option<Watch>,
}

/// The gateway of a venue.
pub fn gateway(
    config: &Config,
    terms: &Terms,
    (venue, key, next): (VenueId, Credentials, NextTrades),
    ports: GatewayPorts,
    about: GatewayAbout,
) -> Result<Box<dyn Agent + Send>, Failure> {
    let settings = venues::gateway::Config { next_trades: next, ..settings(config, venue) };
    let at = &config.venues[venue.index()];
    let all = (settings, ports, about);
    Ok(match at.kind {
        VenueKind::BinanceSpot => agent(spot_wire(at, terms, (venue, key)), all),
        VenueKind::BinanceUsdm => agent(binance_usdm::wire(at, terms, (venue, key)), all),
        VenueKind::Bybit => agent(bybit::wire(at, terms, (venue, key))?, all),
        VenueKind::Okx => agent(okx::wire(at, terms, (venue, key))?, all),
    })
}

fn agent<W: Wire + Send + 'static>(
    wire: W,
    (settings, ports, about): (venues::gateway::Config, GatewayPorts, GatewayAbout),
) -> Box<dyn Agent + Send> {
    let gateway = Gateway::new(wire, settings, ports.dial, ports.rings, ports.watch);
    Box::new(GatewayAgent::new(gateway, about))
}

/// The guard of a venue: a session of its own that cancels all when the watched heart stops.
pub fn guard(
    config: &Config,
    terms: &Terms,
    (venue, key): (VenueId, Credentials),
    (dial, watch): (DialPort, Watch),
) -> Result<Box<dyn Watcher + Send>, Failure> {
    let at = &config.venues[venue.index()];
    let settings = settings(config, venue);
    let all = (settings, dial, watch);
    Ok(match at.kind {
        VenueKind::BinanceSpot => watcher(spot_wire(at, terms, (venue, key)), all),
        VenueKind::BinanceUsdm => watcher(binance_usdm::wire(at, terms, (venue, key)), all),
        VenueKind::Bybit => watcher(bybit::wire(at, terms, (venue, key))?, all),
        VenueKind::Okx => watcher(okx::wire(at, terms, (venue, key))?, all),
    })
}

fn watcher<W: Wire + Send + 'static>(
    wire: W,
    (settings, dial, watch): (venues::gateway::Config, DialPort, Watch),
) -> Box<dyn Watcher + Send> {
    Box::new(Guard::new(wire, settings, dial, watch))
}

/// The settings of a venue's gateway.
pub fn settings(config: &Config, venue: VenueId) -> venues::gateway::Config {
    let at = &config.venues[venue.index()];
    venues::gateway::Config {
        venue,
        entry: match at.entry {
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
