//! `peregrine demo`: a simulated exchange in a process of its own, the engine in this one, and at
//! the end the two ledgers side by side.

mod child;
mod ledger;

use crate::cli::{DemoArgs, print};
use crate::config::{Config, KeySource, Mode};
use crate::exit::{Exit, Failure};
use crate::outcome::Outcome;
use crate::session::{Go, SessionOptions, fetch};
use child::{Blow, Exchange, ExchangeOptions, split_faults};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The demo's own configuration.
pub const CONFIG: &str = include_str!("../../../config/demo.toml");

/// Runs it.
pub fn run(args: DemoArgs) -> Result<Exit, Failure> {
    let mut config = match &args.config {
        Some(path) => Config::load(path)?,
        None => Config::parse("config/demo.toml (built in)", CONFIG)?,
    };
    let (faults, blows) = split_faults(&args.fault.join(",")).map_err(Failure::usage)?;
    let options = ExchangeOptions { seed: args.seed, replay: args.replay.clone(), faults };
    let mut exchange = Exchange::start(options).map_err(Failure::error)?;
    config.mode = Mode::Testnet;
    point_at(&mut config, &exchange);
    config.engine.layout = args.layout.unwrap_or(config.engine.layout);
    config.engine.wait = args.wait.unwrap_or(config.engine.wait);
    let journal = journal(&args, &exchange)?;
    let mut blows: VecDeque<(Duration, Blow)> = blows.into();
    let started = Instant::now();
    let mut broken = None;
    let during = || {
        while blows.front().is_some_and(|(at, _)| started.elapsed() >= *at) {
            let Some((_, blow)) = blows.pop_front() else { break };
            match blow {
                Blow::Kill => exchange.kill(),
                Blow::Restart => broken = exchange.restart().err().or(broken.take()),
            }
        }
        if broken.is_some() { Go::Stop } else { Go::On }
    };
    let session = SessionOptions {
        seconds: Some(args.seconds),
        // Several demos at once must not meet in shared memory.
        second_name: Some(own_name()),
        journal: Some(journal),
        screen: !args.json && !args.no_screen && crate::logging::on_terminal(),
        during: Box::new(during),
    };
    let outcome = crate::session::run(&config, session);
    forget_locks(&config);
    if let Some(error) = broken {
        return Err(Failure::error(format!("the exchange did not come back: {error}")));
    }
    finish(&args, &config, &mut exchange, outcome?)
}

/// Where the journal goes: the folder that was named, or one that goes away with the exchange. Its
/// ledger begins anew, so that an old journal would tell of another account.
fn journal(args: &DemoArgs, exchange: &Exchange) -> Result<PathBuf, Failure> {
    let Some(folder) = &args.out else { return Ok(exchange.directory().join("journal")) };
    let holds = shm::journal::Directory::read(folder).is_ok_and(|found| !found.segments.is_empty());
    if holds {
        let text = format!(
            "{} holds a journal already, and a demo cannot go on with it: name another folder",
            folder.display()
        );
        return Err(Failure::error(text));
    }
    Ok(folder.clone())
}

/// The exchange's addresses, and the key that it made for the demo.
fn point_at(config: &mut Config, exchange: &Exchange) {
    let address = exchange.address();
    config.venues[0].endpoints.stream = format!("ws://{address}");
    config.venues[0].endpoints.ws_api = format!("ws://{address}/ws-api/v3");
    config.venues[0].endpoints.rest = format!("http://{address}");
    config.venues[0].key = Some(KeySource::File(exchange.directory().join("demo-ed25519.key")));
}

/// Takes away the locks of a name and an account that were made up for this process alone.
fn forget_locks(config: &Config) {
    if let Ok(path) = shm::RegionPath::within(&config.shm.directory, &own_name()) {
        let _ = std::fs::remove_file(path.lock());
    }
    if let Ok(key) = crate::session::credentials(config.home()) {
        let _ = std::fs::remove_file(crate::session::account_path(config, config.home(), &key));
    }
}

fn own_name() -> String {
    format!("demo-{}", std::process::id())
}

fn finish(
    args: &DemoArgs,
    config: &Config,
    exchange: &mut Exchange,
    outcome: Outcome,
) -> Result<Exit, Failure> {
    if !exchange.is_running() {
        return Err(Failure::error("the exchange has ended; its ledger cannot be compared"));
    }
    let key = crate::session::credentials(config.home())?;
    let rest = &config.home().endpoints.rest;
    let url = format!("{rest}/sim/ledger?apiKey={}", key.api_key());
    let theirs = parse(&fetch(&url).map_err(Failure::error)?)?;
    let report = parse(&fetch(&format!("{rest}/sim/report")).map_err(Failure::error)?)?;
    let differences = ledger::compare(&outcome.engine, &outcome.assets, &theirs);
    let mut json = outcome.json();
    json["ledger_match"] = differences.is_empty().into();
    json["ledger_differences"] = json!(differences);
    json["wire_to_wire_ns"] = report["wire"]["tick_to_order_ns"].clone();
    json["exchange"] = report["wire"].clone();
    json["seed"] = args.seed.into();
    if args.json {
        print(&json);
    } else {
        crate::cli::say(format_args!("{}", outcome.summary().trim_end()));
        let wire = &report["wire"]["tick_to_order_ns"];
        let us = |key: &str| wire[key].as_f64().unwrap_or(0.0) / 1000.0;
        let (p50, p99) = (us("p50"), us("p99"));
        crate::cli::say(format_args!(
            "tick out to order in, as the exchange saw it: p50 {p50:.1} us, p99 {p99:.1} us"
        ));
        match differences.as_slice() {
            [] => crate::cli::say(format_args!(
                "ledger: ours and the exchange's agree to the last unit"
            )),
            list => crate::cli::say(format_args!("ledger: DIFFERS\n  {}", list.join("\n  "))),
        }
    }
    let well = differences.is_empty() && outcome.fault.is_none();
    if let Some(fault) = &outcome.fault {
        crate::cli::complain(format_args!("peregrine: {fault}"));
    }
    Ok(if well { Exit::Ok } else { Exit::Error })
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    let error = |error| Failure::error(format!("the exchange's report is not JSON: {error}"));
    serde_json::from_slice(body).map_err(error)
}
