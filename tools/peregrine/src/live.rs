//! `peregrine run` and `peregrine paper`: the engine on a real market.

use crate::arm;
use crate::cli::{RunArgs, print};
use crate::config::{Config, Mode};
use crate::exit::{Exit, Failure};
use crate::logging;
use crate::session::{Go, SessionOptions};

/// Runs it.
pub fn run(config: Config, args: RunArgs) -> Result<Exit, Failure> {
    if config.mode == Mode::Live || args.live {
        arm::verify(&config, args.live)?;
    }
    let options = SessionOptions {
        seconds: args.seconds,
        second_name: None,
        journal: args.out.clone().or_else(|| config.journal.folder.clone()),
        screen: args.screen && logging::on_terminal(),
        during: Box::new(|| Go::On),
    };
    let outcome = crate::session::run(&config, options)?;
    if args.json {
        print(&outcome.json());
    } else {
        crate::cli::say(format_args!("{}", outcome.summary().trim_end()));
    }
    match &outcome.fault {
        None => Ok(Exit::Ok),
        Some(fault) => Err(Failure::error(fault)),
    }
}
