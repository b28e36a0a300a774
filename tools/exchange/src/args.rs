//! The flags of `peregrine exchange`, for the command line to flatten.

use crate::error::Error;
use crate::fault::{Fault, FaultError};
use crate::keys::read_keys;
use crate::limits::Rates;
use crate::server::Options;
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
    /// What goes wrong, and when: drop@5s, stall@5s:2s, skip@5s, dup@5s, delay@5s:200ms, reject@5s,
    /// 429@5s, timeout@5s, lost@5s, malformed@5s, shutdown@5s; several joined by commas
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
    /// Time from an order's arrival to its matching, in microseconds
    #[arg(long, value_name = "US", default_value_t = 1000)]
    pub latency_us: u64,
    /// Orders per ten seconds and account
    #[arg(long, value_name = "N", default_value_t = Rates::default().orders_10s)]
    pub orders_10s: u64,
    /// Request weight per minute and address
    #[arg(long, value_name = "N", default_value_t = Rates::default().weight_1m)]
    pub weight_1m: u64,
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
        Ok(Options {
            listen: self.listen,
            seed: self.seed,
            ledger: self.ledger.clone(),
            faults: self.fault.iter().flat_map(|faults| faults.0.iter().copied()).collect(),
            replay: self.replay.clone(),
            replay_speed: self.speed,
            keys,
            rates: Rates {
                orders_10s: self.orders_10s,
                weight_1m: self.weight_1m,
                ..Rates::default()
            },
            latency: Duration::from_micros(self.latency_us),
            ..Options::default()
        })
    }
}
