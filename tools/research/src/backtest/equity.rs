//! What a run begins with, in the money that it is counted in.

use engine::engine::Engine;
use engine::id::AssetId;
use engine::market::Listing;
use engine::num::Amount;
use engine::strategy::Strategy;

/// One whole unit of an amount.
const UNIT: f64 = 1e8;

/// Whether what everything is worth is known.
pub(super) fn is_known<S: Strategy>(engine: &Engine<S>) -> bool {
    engine.market.listings().iter().all(|listing| listing.last_mid_twice.is_some())
}

/// What balances are worth in the quote asset of the first market, by the last mids; what no market
/// prices counts nothing.
pub(super) fn worth<S: Strategy>(engine: &Engine<S>, balances: &[(AssetId, Amount)]) -> f64 {
    balances.iter().map(|held| worth_of(engine.market.listings(), *held)).sum()
}

fn worth_of(listings: &[Listing], (asset, amount): (AssetId, Amount)) -> f64 {
    let units = amount.0 as f64 / UNIT;
    let known = || listings.iter().filter(|one| one.rate > 0);
    let rate = |one: &Listing| one.rate as f64 / UNIT;
    if let Some(one) = known().find(|one| one.instrument.quote == asset) {
        return units * rate(one);
    }
    let priced = known().find(|one| one.instrument.base == asset);
    let mid = priced.and_then(|one| Some((one, one.last_mid_twice?)));
    mid.map_or(0.0, |(one, twice)| {
        units * twice as f64 / 2.0 * one.instrument.tick.step_f64() * rate(one)
    })
}
