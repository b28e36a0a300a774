//! What a backtest begins with: the engine, the simulated venues and their accounts.

use super::market::Markets;
use crate::assemble;
use crate::config::Config;
use crate::exit::Failure;
use engine::engine::Engine;
use engine::id::AssetId;
use engine::num::Amount;
use engine::time::Nanos;
use strategies::any::Any;
use venues::sim::SimVenues;

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
    pub fn new(config: &Config, markets: &mut Markets) -> Result<Self, Failure> {
        let engine = assemble::engine(config, &markets.terms.instruments)?;
        let began = markets.began()?;
        let venues = assemble::simulated(config, &mut markets.terms, (&engine, began))?;
        let held = venues.venues().iter().flat_map(|venue| venue.balances());
        let balances = held.map(|(asset, free, locked)| (asset, free + locked)).collect();
        let epoch = u32::try_from(began.0 / 1_000_000_000).unwrap_or(u32::MAX - 1);
        Ok(Self { engine, venues, balances, began, epoch })
    }
}
