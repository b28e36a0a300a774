//! The simulated venues of paper trading and of backtests, from the configuration and what the
//! venues say of their instruments.

use super::Terms;
use crate::config::{self, Config, PaperVenue, WaySettings};
use crate::exit::Failure;
use engine::engine::Engine;
use engine::id::{AssetId, VenueId};
use engine::instrument::{Kind, Symbol};
use engine::num::{Amount, Notional, parse_decimal};
use engine::time::Nanos;
use rust_decimal::Decimal;
use std::path::Path;
use std::sync::Arc;
use strategies::any::Any;
use venues::sim::{
    Opening, OrderTimes, Recorded, SimVenues, Tier, Tiers, VenueSettings, Way, Ways,
};

/// The simulated venues: each with its configured balances, or with balances and positions that the
/// engine has from an earlier session.
pub fn simulated(
    config: &Config,
    terms: &mut Terms,
    (engine, now): (&Engine<Any>, Nanos),
) -> Result<SimVenues, Failure> {
    let mut openings = Vec::new();
    for (number, venue) in config.venues.iter().enumerate() {
        let number = VenueId(u8::try_from(number).unwrap_or(u8::MAX));
        let paper = config.paper.of(&venue.name);
        let settings = VenueSettings { venue: number, ..settings(paper)? };
        let (mut balances, mut positions) = (balances(paper, terms)?, Vec::new());
        let account = engine.account(number);
        if account.started() {
            let held = account.balances().map(|(asset, balance)| (asset, balance.total));
            balances = held.collect();
            let own = terms.of_venue(number).into_iter().filter(|one| one.kind == Kind::Linear);
            positions = own.map(|one| (one.id, account.holding(one.id).position)).collect();
        }
        openings.push(Opening { settings, balances, positions });
    }
    Ok(SimVenues::new(now, &terms.instruments, openings))
}

/// What a simulated venue is made with, but for its number; recorded latencies are read.
pub fn settings(paper: &PaperVenue) -> Result<VenueSettings, Failure> {
    let (entry, response) = (way(&paper.entry)?, way(&paper.response)?);
    let mut rows = Vec::new();
    for tier in &paper.tiers {
        let volume = notional("paper.fee_tier.volume", tier.volume)?;
        rows.push(Tier { volume, maker_ppm: tier.maker_ppm, taker_ppm: tier.taker_ppm });
    }
    Ok(VenueSettings {
        latency: Ways { entry, response },
        queue: paper.queue,
        rules: paper.rules,
        priority: paper.priority,
        fee_in_quote: paper.fee_in_quote,
        tiers: Tiers { rows, volume: notional("paper.volume_30d", paper.volume)? },
        margin: paper.margin,
        faults: paper.faults.clone(),
        seed: paper.seed,
        ..VenueSettings::default()
    })
}

fn notional(key: &str, value: Decimal) -> Result<Notional, Failure> {
    amount(key, value).map(|amount| Notional(amount.0))
}

fn amount(key: &str, value: Decimal) -> Result<Amount, Failure> {
    let text = config::decimal_text(value);
    let amount = parse_decimal(text.as_bytes(), 8);
    amount.map(Amount).map_err(|error| Failure::error(format!("{key} = {text}: {error}")))
}

fn balances(paper: &PaperVenue, terms: &mut Terms) -> Result<Vec<(AssetId, Amount)>, Failure> {
    let mut balances = Vec::new();
    for (name, value) in &paper.balances {
        let amount = amount(&format!("paper.balances.{name}"), *value)?;
        let asset = Symbol::new(name).and_then(|name| terms.assets.intern(name));
        let asset = asset.ok_or_else(|| {
            Failure::error(format!("paper.balances.{name}: the name is too long for an asset"))
        })?;
        balances.push((asset, amount));
    }
    Ok(balances)
}

fn way(settings: &WaySettings) -> Result<Way, Failure> {
    Ok(match settings {
        WaySettings::Constant(span) => Way::Constant(*span),
        WaySettings::Feed { factor_ppm, offset_ns } => {
            Way::Feed { factor_ppm: *factor_ppm, offset_ns: *offset_ns }
        }
        WaySettings::Spread(spread) => Way::Spread(*spread),
        WaySettings::Recorded { file, factor_ppm, farther_ns } => {
            Way::Recorded(Arc::new(recorded(file, *factor_ppm, *farther_ns)?))
        }
        WaySettings::Measured(times) => Way::Recorded(times.clone()),
    })
}

/// Latencies of orders as they were recorded, times a factor: CSV with asked_ns, taken_ns (0:
/// refused), told_ns.
fn recorded(file: &Path, factor_ppm: u64, farther_ns: i64) -> Result<Recorded, Failure> {
    let failed = |error: String| Failure::error(format!("{}: {error}", file.display()));
    let reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(file);
    let mut reader = reader.map_err(|error| failed(error.to_string()))?;
    let mut rows = Vec::new();
    for row in reader.deserialize::<(i64, i64, i64)>() {
        let (asked, taken, told) = row.map_err(|error| failed(error.to_string()))?;
        rows.push(longer(OrderTimes { asked, taken, told }, factor_ppm));
    }
    Recorded::new(&rows, farther_ns).map_err(|error| failed(error.to_string()))
}

/// Both ways of a request so many millionths as long.
fn longer(row: OrderTimes, factor_ppm: u64) -> OrderTimes {
    let OrderTimes { asked, taken, told } = row;
    let times = |span: i64| {
        let long = i128::from(span) * i128::from(factor_ppm) / 1_000_000;
        i64::try_from(long).unwrap_or(i64::MAX)
    };
    let after = |from: i64, to: i64| from.saturating_add(times(to.saturating_sub(from)));
    if taken <= 0 {
        return OrderTimes { told: after(asked, told), ..row };
    }
    let there = after(asked, taken);
    OrderTimes { asked, taken: there, told: there.saturating_add(times(told - taken)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_latencies_is_read_or_its_fault_is_named() {
        let folder = std::env::temp_dir().join(format!("peregrine-ways-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("orders.csv");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            recorded(&file, 1_000_000, 0).map_err(|error| error.to_string())
        };
        assert!(read("asked_ns,taken_ns,told_ns\n1000,1100,1300\n2000,0,2500\n").is_ok());
        let fault = read("asked_ns,taken_ns,told_ns\n1000,1100,x\n").unwrap_err();
        assert!(fault.contains("orders.csv") && fault.contains("line: 2"), "{fault}");
        let fault = read("asked_ns,taken_ns,told_ns\n1000,900,1200\n").unwrap_err();
        assert!(fault.contains("row 1"), "{fault}");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn ways_are_made_longer_one_by_one() {
        let times = |asked, taken, told| OrderTimes { asked, taken, told };
        let check = |row, factor_ppm, want| assert_eq!(longer(row, factor_ppm), want);
        check(times(1_000, 1_100, 1_300), 1_000_000, times(1_000, 1_100, 1_300));
        check(times(1_000, 1_100, 1_300), 2_500_000, times(1_000, 1_250, 1_750));
        check(times(1_000, 0, 1_400), 500_000, times(1_000, 0, 1_200));
    }
}
