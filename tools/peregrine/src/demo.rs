//! `peregrine demo`: a simulated exchange in a process of its own, the engine in this one, and at
//! the end the two ledgers side by side.

mod child;
mod ledger;
mod scenario;

use crate::cli::{DemoArgs, print};
use crate::config::{Config, KeySource, Mode, Venue, VenueKind};
use crate::exit::{Exit, Failure};
use crate::outcome::Outcome;
use crate::session::{Go, SessionOptions, fetch};
use child::{Blow, Exchange, ExchangeOptions, split_faults};
use engine::id::VenueId;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Runs it.
pub fn run(args: DemoArgs) -> Result<Exit, Failure> {
    let mut config = match &args.config {
        Some(path) => Config::load(path)?,
        None => {
            let (name, text) = scenario::config(args.scenario.as_deref());
            Config::parse(name, text)?
        }
    };
    let (faults, blows) = split_faults(&args.fault.join(",")).map_err(Failure::usage)?;
    let options = ExchangeOptions {
        seed: args.seed,
        replay: args.replay.clone(),
        world: world(&args, &config)?,
        edge: args.edge,
        faults,
    };
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

/// The world that the exchange opens: the one asked for, else Binance Spot alone where that is
/// enough, else the one with all venues. Every venue of the configuration must be in it.
fn world(args: &DemoArgs, config: &Config) -> Result<Option<String>, Failure> {
    let plain = config.venues.iter().all(|venue| venue.kind == VenueKind::BinanceSpot);
    let name = match &args.scenario {
        None if plain => None,
        asked => Some(asked.clone().unwrap_or_else(|| "four".into())),
    };
    let known = match &name {
        None => vec![exchange::VenueKind::BinanceSpot],
        Some(name) => exchange::WorldText::scenario(name, true).map_err(Failure::usage)?.venues(),
    };
    for (place, venue) in config.venues.iter().enumerate() {
        let kind = venue.kind.name();
        if !known.iter().any(|known| known.name() == kind) {
            let name = name.as_deref().unwrap_or("(none)");
            let text = format!("[venue.{}]: scenario {name} has no venue {kind}", venue.name);
            return Err(Failure::usage(text));
        }
        if config.venues[..place].iter().any(|other| other.kind == venue.kind) {
            let text =
                format!("[venue.{}]: the exchange is one {kind} only, this is another", venue.name);
            return Err(Failure::usage(text));
        }
    }
    Ok(name)
}

/// The exchange's addresses, and the keys that it made for the demo.
fn point_at(config: &mut Config, exchange: &Exchange) {
    for venue in &mut config.venues {
        venue.endpoints = venue.kind.simulated(&exchange.address().to_string());
        venue.key = Some(KeySource::File(exchange.key(venue.kind.name())));
    }
}

/// Takes away the locks of a name and an account that were made up for this process alone.
fn forget_locks(config: &Config) {
    if let Ok(path) = shm::RegionPath::within(&config.shm.directory, &own_name()) {
        let _ = std::fs::remove_file(path.lock());
    }
    for venue in &config.venues {
        if let Ok(key) = crate::session::credentials(venue) {
            let _ = std::fs::remove_file(crate::session::account_path(config, venue, &key));
        }
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
    let mut venues = Vec::new();
    for (number, venue) in config.venues.iter().enumerate() {
        venues.push(compare(number, venue, &outcome)?);
    }
    let differences: Vec<&str> = venues.iter().flat_map(VenueBooks::differences).collect();
    let wire = &venues[0].report;
    let mut json = outcome.json();
    json["ledger_match"] = differences.is_empty().into();
    json["ledger_differences"] = json!(differences);
    json["venues"] = venues.iter().map(VenueBooks::json).collect();
    json["wire_to_wire_ns"] = wire["tick_to_order_ns"].clone();
    json["exchange"] = wire.clone();
    json["seed"] = args.seed.into();
    json["scenario"] = json!(args.scenario);
    json["edge"] = args.edge.is_on().into();
    if args.json {
        print(&json);
    } else {
        crate::cli::say(format_args!("{}", outcome.summary().trim_end()));
        for venue in &venues {
            let wire = &venue.report["tick_to_order_ns"];
            // An order that another venue's tick caused has no time here.
            if wire["count"] == 0 {
                continue;
            }
            let us = |key: &str| wire[key].as_f64().unwrap_or(0.0) / 1000.0;
            let (name, p50, p99) = (&venue.name, us("p50"), us("p99"));
            crate::cli::say(format_args!(
                "tick out to order in, as {name} saw it: p50 {p50:.1} us, p99 {p99:.1} us"
            ));
        }
        match differences.as_slice() {
            [] => crate::cli::say(format_args!(
                "ledger: ours and the exchange's agree to the last unit, on every venue"
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

/// What a venue says of itself, and what differs from it.
struct VenueBooks {
    name: String,
    differences: Vec<String>,
    report: Value,
    /// Faults that it carried out.
    faults: Value,
}

impl VenueBooks {
    fn differences(&self) -> impl Iterator<Item = &str> {
        self.differences.iter().map(String::as_str)
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "ledger_match": self.differences.is_empty(),
            "wire": self.report,
            "faults": self.faults,
        })
    }
}

/// Compares our books of a venue with its own.
fn compare(number: usize, venue: &Venue, outcome: &Outcome) -> Result<VenueBooks, Failure> {
    let key = crate::session::credentials(venue)?;
    let (rest, kind) = (&venue.endpoints.rest, venue.kind.name());
    let page = |url: String| parse(&fetch(&url).map_err(Failure::error)?);
    let theirs = page(format!("{rest}/sim/ledger?venue={kind}&apiKey={}", key.api_key()))?;
    let report = page(format!("{rest}/sim/report?venue={kind}"))?;
    let id = VenueId(u8::try_from(number).unwrap_or(u8::MAX));
    let found = ledger::compare(&outcome.engine, (id, &outcome.assets), &theirs);
    let name = &venue.name;
    let differences = found.into_iter().map(|text| format!("{name}: {text}")).collect();
    let (wire, faults) = (report["wire"].clone(), report["faults"].clone());
    Ok(VenueBooks { name: name.clone(), differences, report: wire, faults })
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    let error = |error| Failure::error(format!("the exchange's report is not JSON: {error}"));
    serde_json::from_slice(body).map_err(error)
}
