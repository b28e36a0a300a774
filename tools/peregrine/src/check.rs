//! `peregrine check`: every fault of a configuration, or what a faultless one will do.

use crate::cli::{self, CheckArgs};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use serde_json::json;

/// Checks a file. Faults come back as the failure.
pub fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let config = Config::load(&args.config)?;
    let symbols: Vec<&str> =
        config.instruments.iter().map(|instrument| instrument.symbol.as_str()).collect();
    if args.json {
        cli::print(&json!({
            "file": config.file,
            "valid": true,
            "problems": [],
            "sha256": hex::encode(config.sha256),
            "mode": config.mode.name(),
            "venue": config.venue.preset.name(),
            "account": config.venue.account,
            "instruments": symbols,
            "strategy": config.strategy.kind,
            "name": config.shm.name,
        }));
        return Ok(Exit::Ok);
    }
    crate::cli::say(format_args!("{}: no faults", config.file));
    crate::cli::say(format_args!("  mode      {}", config.mode.name()));
    crate::cli::say(format_args!(
        "  venue     {} ({})",
        config.venue.preset.name(),
        config.venue.endpoints.stream
    ));
    crate::cli::say(format_args!("  account   {}", config.venue.account));
    crate::cli::say(format_args!(
        "  quotes    {} with {}",
        symbols.join(", "),
        config.strategy.kind
    ));
    crate::cli::say(format_args!("  monitor   peregrine monitor --name {}", config.shm.name));
    crate::cli::say(format_args!("  sha256    {}", hex::encode(config.sha256)));
    Ok(Exit::Ok)
}
