//! From a configuration and what the venues say of themselves to instruments, desks and agents.

mod binance_spot;
mod binance_usdm;
mod bybit;
mod lines;
mod okx;
mod terms;

use crate::config::{self, Config, Mode};
use crate::exit::Failure;
pub use binance_spot::{spot_feed, spot_wire};
use engine::desk::{DeskSettings, Traded};
use engine::engine::{Engine, Found, Settings};
use engine::id::VenueId;
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::{Amount, parse_decimal};
use engine::time::Nanos;
pub use lines::{GatewayPorts, NextTrades, dial, feed, gateway, guard, limits, settings};
use strategies::any::Any;
pub use terms::{Terms, ask, credentials, terms};
use venues::sim::{Latency, SimVenue, VenueSettings};

/// The engine with its desks.
pub fn engine(config: &Config, instruments: &[Instrument]) -> Result<Engine<Any>, Failure> {
    let mut desks = Vec::new();
    for settings in &config.desks {
        desks.push(desk(settings, instruments)?);
    }
    let found = match config.found {
        config::Found::Adopt => Found::Adopt,
        config::Found::Cancel => Found::Cancel,
    };
    let settings = Settings {
        found,
        answer_max: config.engine.answer_limit,
        reconcile_every: config.reconcile_every.unwrap_or_default(),
        shared: config.shared,
        netting: config.netting,
        ..Settings::default()
    };
    Ok(Engine::new(instruments.to_vec(), desks, settings))
}

/// A desk: its strategy for its instruments, in the order of their roles.
fn desk(
    settings: &config::DeskSettings,
    instruments: &[Instrument],
) -> Result<(DeskSettings, Any), Failure> {
    let (mut traded, mut own) = (Vec::new(), Vec::new());
    for (place, risk) in &settings.traded {
        let Some(instrument) = instruments.get(*place) else { continue };
        let limits = risk.limits(instrument).map_err(Failure::error)?;
        let tolerance = settings.quotes.tolerance();
        traded.push(Traded { instrument: instrument.id, tolerance, limits });
        own.push(*instrument);
    }
    let strategy = settings.strategy.build(&own);
    let strategy =
        strategy.map_err(|error| Failure::error(format!("desk {}: {error}", settings.name)))?;
    Ok((DeskSettings { traded }, strategy))
}

/// The simulated venue of paper trading: with the configured balances, or with those that the
/// engine has from an earlier session.
pub fn paper(
    config: &Config,
    terms: &mut Terms,
    (engine, now): (&Engine<Any>, Nanos),
) -> Result<SimVenue, Failure> {
    let spot = terms.instruments.iter().all(|one| one.kind == Kind::Spot);
    if config.venues.len() > 1 || !spot {
        let message = "paper trading simulates one spot venue; use mode = \"testnet\" with \
                       `peregrine exchange` for several venues and perpetuals";
        return Err(Failure::error(message));
    }
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
    if engine.account(VenueId(0)).started() {
        let held =
            engine.account(VenueId(0)).balances().map(|(asset, balance)| (asset, balance.total));
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
