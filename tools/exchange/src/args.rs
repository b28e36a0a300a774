//! The flags of `peregrine exchange`, for the command line to flatten.

use crate::error::Error;
use crate::fault::{Fault, FaultError};
use crate::keys::read_keys;
use crate::kind::VenueKind;
use crate::limits::Rates;
use crate::server::Options;
use crate::world::WorldText;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Flags of the simulated exchange.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Seed of the generated market and of the demonstration keys
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Directory that keeps balances, orders and trades over a restart
    #[arg(long, value_name = "DIR")]
    pub ledger: Option<PathBuf>,
    /// Venues to open, joined by commas: binance-spot, binance-usdm, bybit, okx. Binance Spot alone
    /// where neither this nor a world is given; all of the world's where it is
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub venues: Vec<VenueKind>,
    /// A world from a TOML file: venues whose prices follow the same latent prices
    #[arg(long, value_name = "FILE", conflicts_with = "scenario")]
    pub world: Option<PathBuf>,
    /// A world that comes with the exchange: four, mm, xemm, arb, triangular, basis or pairs
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Whether the world has the edge that its strategy lives on
    #[arg(long, value_name = "on|off", default_value = "on")]
    pub edge: Edge,
    /// What goes wrong, and when: drop@5s, stall@5s:2s, skip@5s, dup@5s, checksum@5s,
    /// delay@5s:200ms, reject@5s, 429@5s, timeout@5s, lost@5s, malformed@5s, shutdown@5s; several
    /// joined by commas, and with the name of a venue in front (okx:drop@5s) there only
    #[arg(long, value_name = "SPEC", value_parser = parse_faults)]
    pub fault: Vec<Faults>,
    /// Publish a recorded stream instead of the generated market: a file, a folder of `record`, or
    /// the beginning of its files' names, such as recorded/binance-btcusdt
    #[arg(long, value_name = "PATH")]
    pub replay: Option<PathBuf>,
    /// Speed of the recording
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    pub speed: f64,
    /// Keys to accept instead of the demonstration keys (JSON)
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// Time from an order's arrival to its matching, in microseconds (1000, or the world's)
    #[arg(long, value_name = "US")]
    pub latency_us: Option<u64>,
    /// Orders per ten seconds and account, in place of the venue's limit
    #[arg(long, value_name = "N")]
    pub orders_10s: Option<u64>,
    /// Request weight per minute and address, in place of the venue's limit
    #[arg(long, value_name = "N")]
    pub weight_1m: Option<u64>,
    /// Print how the generated market compares with a recording, and exit
    #[arg(long)]
    pub describe: bool,
    /// Recording that --describe compares with
    #[arg(long, value_name = "PATH")]
    pub recording: Option<PathBuf>,
    /// Simulated seconds that --describe measures
    #[arg(long, value_name = "SECONDS", default_value_t = 346)]
    pub describe_seconds: u64,
    /// Print results as JSON
    #[arg(long)]
    pub json: bool,
}

/// Faults of one `--fault` flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

/// Whether a world has its edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Edge {
    /// It has.
    On,
    /// It has not: `[off]` of its text holds.
    Off,
}

fn parse_faults(text: &str) -> Result<Faults, FaultError> {
    Fault::parse_list(text).map(Faults)
}

impl Args {
    /// The options that these flags ask for.
    pub fn options(&self) -> Result<Options, Error> {
        if !(self.speed.is_finite() && self.speed > 0.0) {
            return Err(Error::Usage(format!("--speed {}: must be positive", self.speed)));
        }
        let keys = match &self.keys {
            Some(path) => read_keys(path).map_err(Error::KeyFile)?,
            None => Vec::new(),
        };
        let plain = Options::default();
        Ok(Options {
            listen: self.listen,
            seed: self.seed,
            ledger: self.ledger.clone(),
            faults: self.fault.iter().flat_map(|faults| faults.0.iter().copied()).collect(),
            replay: self.replay.clone(),
            replay_speed: self.speed,
            keys,
            world: self.world()?,
            rates: Rates {
                orders_10s: self.orders_10s.unwrap_or(plain.rates.orders_10s),
                weight_1m: self.weight_1m.unwrap_or(plain.rates.weight_1m),
                ..plain.rates
            },
            latency: self.latency_us.map_or(plain.latency, Duration::from_micros),
            ..plain
        })
    }

    /// The world that these flags ask for; none is Binance Spot alone.
    fn world(&self) -> Result<Option<WorldText>, Error> {
        let edge = self.edge == Edge::On;
        let mut world = match (&self.world, &self.scenario) {
            (Some(path), _) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| Error::WorldFile { path: path.clone(), source })?;
                WorldText::parse(&text, edge)?
            }
            (None, Some(name)) => WorldText::scenario(name, edge)?,
            (None, None) if self.venues.iter().all(|kind| *kind == VenueKind::BinanceSpot) => {
                return Ok(None);
            }
            (None, None) => WorldText::scenario("four", edge)?,
        };
        if !self.venues.is_empty() {
            world.restrict(&self.venues)?;
        }
        for venue in world.venue.values_mut() {
            venue.latency_us = self.latency_us.unwrap_or(venue.latency_us);
            venue.orders_10s = self.orders_10s.or(venue.orders_10s);
            venue.weight_1m = self.weight_1m.or(venue.weight_1m);
        }
        Ok(Some(world))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    fn world(flags: &str) -> Option<WorldText> {
        let command = Command::try_parse_from(format!("x {flags}").split_whitespace()).unwrap();
        command.args.options().unwrap().world
    }

    #[test]
    fn flags_choose_the_world() {
        assert_eq!(world(""), None);
        assert_eq!(world("--venues binance-spot"), None);
        let two = world("--venues okx,binance-spot --latency-us 7").unwrap();
        assert_eq!(two.venues(), [VenueKind::BinanceSpot, VenueKind::Okx]);
        assert!(two.venue.values().all(|venue| venue.latency_us == 7));
        assert_eq!(two.name, "four");
        let [on, off] = ["on", "off"].map(|edge| world(&format!("--scenario mm --edge {edge}")));
        assert_ne!(on, off);
    }
}
