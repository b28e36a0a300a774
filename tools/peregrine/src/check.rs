//! `peregrine check`: every fault of a configuration, or what a faultless one will do.

use crate::cli::{self, CheckArgs};
use crate::config::{Config, DeskSettings, ShadowSettings, Venue};
use crate::exit::{Exit, Failure};
use serde_json::{Value, json};

/// Checks a file. Faults come back as the failure.
pub fn run(args: &CheckArgs) -> Result<Exit, Failure> {
    let config = Config::load(&args.config)?;
    let symbols: Vec<&str> =
        config.instruments.iter().map(|instrument| instrument.symbol.as_str()).collect();
    let venues: Vec<Value> = config.venues.iter().map(venue).collect();
    let desks: Vec<Value> = config.desks.iter().map(|one| desk(&config, one)).collect();
    let shadows: Vec<Value> = config.shadows.iter().map(|one| shadow(&config, one)).collect();
    if args.json {
        cli::print(&json!({
            "file": config.file,
            "valid": true,
            "problems": [],
            "sha256": hex::encode(config.sha256),
            "mode": config.mode.name(),
            "venue": config.home().preset.name(),
            "venues": venues,
            "account": config.account(),
            "instruments": symbols,
            "strategy": config.strategies(),
            "desks": desks,
            "shadows": shadows,
            "name": config.shm.name,
        }));
        return Ok(Exit::Ok);
    }
    crate::cli::say(format_args!("{}: no faults", config.file));
    crate::cli::say(format_args!("  mode      {}", config.mode.name()));
    for venue in &config.venues {
        crate::cli::say(format_args!(
            "  venue     {}: {} {} ({}), account {}",
            venue.name,
            venue.kind.name(),
            venue.preset.name(),
            venue.endpoints.stream,
            venue.account
        ));
    }
    for desk in &config.desks {
        let traded = desk.traded.iter();
        let names: Vec<String> =
            traded.map(|(place, _)| config.instruments[*place].name(&config.venues)).collect();
        let (name, strategy) = (&desk.name, desk.strategy.listed().name);
        crate::cli::say(format_args!("  desk      {name}: {strategy} on {}", names.join(", ")));
    }
    for shadow in &config.shadows {
        let desk = &config.desks[shadow.desk];
        let changed = changed(desk, shadow);
        crate::cli::say(format_args!("  shadow    {}: {} with {changed}", shadow.name, desk.name));
    }
    crate::cli::say(format_args!("  monitor   peregrine monitor --name {}", config.shm.name));
    crate::cli::say(format_args!("  sha256    {}", hex::encode(config.sha256)));
    Ok(Exit::Ok)
}

fn venue(venue: &Venue) -> Value {
    json!({
        "name": venue.name,
        "kind": venue.kind.name(),
        "preset": venue.preset.name(),
        "account": venue.account,
        "stream": venue.endpoints.stream,
    })
}

fn desk(config: &Config, desk: &DeskSettings) -> Value {
    let names =
        desk.traded.iter().map(|(place, _)| config.instruments[*place].name(&config.venues));
    json!({
        "name": desk.name,
        "strategy": desk.strategy.listed().name,
        "instruments": names.collect::<Vec<_>>(),
    })
}

fn shadow(config: &Config, shadow: &ShadowSettings) -> Value {
    let desk = &config.desks[shadow.desk];
    json!({ "name": shadow.name, "desk": desk.name, "changes": changed(desk, shadow) })
}

/// Where a shadow differs from its desk, as the file would say it.
fn changed(desk: &DeskSettings, shadow: &ShadowSettings) -> String {
    let all = desk.strategy.listed().parameters.iter();
    let other = all.filter_map(|parameter| {
        let value = shadow.strategy.get(parameter.id)?;
        let differs = desk.strategy.get(parameter.id) != Some(value);
        let name = parameter.names.get(value as usize);
        let text = name.map_or_else(|| value.to_string(), |name| format!("{name:?}"));
        differs.then(|| format!("{} = {text}", parameter.key))
    });
    let list: Vec<String> = other.collect();
    if list.is_empty() { "the same parameters".to_owned() } else { list.join(", ") }
}
