//! From a configuration and what the venues say of themselves to instruments, desks and agents.

mod binance_spot;
mod binance_usdm;
mod bybit;
mod lines;
mod okx;
mod simulated;
mod terms;

use crate::config::{self, Config, Mode};
use crate::exit::Failure;
pub use binance_spot::{spot_feed, spot_wire};
use engine::desk::{DeskSettings, Traded};
use engine::engine::{Engine, Found, Settings};
use engine::instrument::Instrument;
pub use lines::{GatewayPorts, Next, dial, feed, gateway, guard, limits, settings};
pub use simulated::{settings as simulated_settings, simulated};
use strategies::any::Any;
pub use terms::{Terms, ask, credentials, terms};

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

/// Whether orders stay in this process.
pub fn is_paper(config: &Config) -> bool {
    config.mode == Mode::Paper
}
