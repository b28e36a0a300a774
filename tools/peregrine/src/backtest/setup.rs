//! What a backtest begins with: the engine, the simulated venues and their accounts.

use super::args::BacktestArgs;
use super::market::Markets;
use crate::assemble;
use crate::config::{self, Config};
use crate::exit::Failure;
use engine::engine::Engine;
use engine::id::{AssetId, VenueId};
use engine::instrument::Symbol;
use engine::num::{Amount, parse_decimal};
use engine::time::Nanos;
use strategies::any::Any;
use venues::sim::{Latency, Opening, Rules, SimVenues, VenueSettings};

/// What runs, before it does.
pub(super) struct Setup {
    /// The engine.
    pub engine: Engine<Any>,
    /// The simulated venues.
    pub venues: SimVenues,
    /// What all accounts hold.
    pub balances: Vec<(AssetId, Amount)>,
    /// The first instant.
    pub began: Nanos,
    /// Number of the session: when it began, in seconds.
    pub epoch: u32,
}

impl Setup {
    /// As the configuration says, on these markets.
    pub fn new(
        config: &Config,
        markets: &mut Markets,
        args: &BacktestArgs,
    ) -> Result<Self, Failure> {
        let engine = assemble::engine(config, &markets.instruments)?;
        let began = markets.began()?;
        let balances = balances(config, markets)?;
        let openings = (0..config.venues.len()).map(|place| {
            let venue = VenueId(u8::try_from(place).unwrap_or(u8::MAX));
            opening(config, (venue, &balances), args)
        });
        let venues = SimVenues::new(began, &markets.instruments, openings.collect());
        let epoch = u32::try_from(began.0 / 1_000_000_000).unwrap_or(u32::MAX - 1);
        Ok(Self { engine, venues, balances, began, epoch })
    }
}

fn balances(config: &Config, markets: &mut Markets) -> Result<Vec<(AssetId, Amount)>, Failure> {
    let mut balances = Vec::new();
    for (name, amount) in &config.paper.balances {
        let text = config::decimal_text(*amount);
        let amount = parse_decimal(text.as_bytes(), 8)
            .map_err(|error| Failure::error(format!("paper.balances.{name} = {text}: {error}")))?;
        let asset = Symbol::new(name).and_then(|name| markets.assets.intern(name));
        let asset = asset.ok_or_else(|| {
            Failure::error(format!("paper.balances.{name}: the name is too long for an asset"))
        })?;
        balances.push((asset, Amount(amount)));
    }
    Ok(balances)
}

fn opening(
    config: &Config,
    (venue, balances): (VenueId, &[(AssetId, Amount)]),
    args: &BacktestArgs,
) -> Opening {
    let latency = Latency { entry: config.paper.entry, response: config.paper.response };
    let settings = VenueSettings {
        venue,
        latency: latency.into(),
        fee_in_quote: config.paper.fee_in_quote,
        rules: match args.compat {
            Some(_) => Rules::Hftbacktest { partial: false },
            None => Rules::Own,
        },
        seed: args.seed.unwrap_or(1),
        ..VenueSettings::default()
    };
    Opening { settings, balances: balances.to_vec(), positions: Vec::new() }
}
