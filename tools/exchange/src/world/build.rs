//! Venues and listings from a world's text: names and grids as on the real venues, and how each
//! market differs from the one that was measured.

use super::text::{ListingText, Pair, VenueText, WorldText};
use crate::account::Fees;
use crate::error::Error;
use crate::flow::Style;
use crate::kind::VenueKind;
use crate::limits::Rates;
use crate::symbol::{Product, SCALE, Symbol, Terms};
use std::collections::BTreeMap;

/// Price and tick of the market that was measured: distances and sizes scale with them.
const MEASURED_PRICE: f64 = 61_837.0;
const MEASURED_TICK: f64 = 0.01;
const BP: f64 = 1e-4;

/// Price step, quantity step and contract size of a symbol on a venue, where known.
type Grid = (f64, f64, f64);

/// The real venues' grids. ETHBTC's lots are the smallest whose worth at one tick is whole.
fn grid(kind: VenueKind, pair: &Pair<'_>) -> Option<Grid> {
    use VenueKind::{BinanceSpot, BinanceUsdm, Bybit, Okx};
    Some(match (kind, pair.base, pair.quote, pair.perp) {
        (BinanceSpot, "BTC", "USDT", false) => (0.01, 0.00001, 1.0),
        (BinanceSpot, "ETH", "USDT", false) => (0.01, 0.0001, 1.0),
        (_, "ETH", "BTC", false) => (0.00001, 0.001, 1.0),
        (BinanceUsdm, "BTC", "USDT", true) => (0.1, 0.001, 1.0),
        (BinanceUsdm, "ETH", "USDT", true) => (0.01, 0.001, 1.0),
        (Bybit, "BTC", "USDT", false) => (0.01, 0.000001, 1.0),
        (Bybit, "ETH", "USDT", false) => (0.01, 0.00001, 1.0),
        (Bybit, "BTC", "USDT", true) => (0.1, 0.001, 1.0),
        (Bybit, "ETH", "USDT", true) => (0.01, 0.01, 1.0),
        (Okx, "BTC", "USDT", false) => (0.1, 0.00001, 1.0),
        (Okx, "ETH", "USDT", false) => (0.01, 0.0001, 1.0),
        (Okx, "BTC", "USDT", true) => (0.1, 0.0001, 0.01),
        (Okx, "ETH", "USDT", true) => (0.01, 0.001, 0.1),
        _ => return None,
    })
}

/// A grid for anything else: six digits of price, and lots worth about a cent or as small as is
/// exact.
fn made(price: f64) -> Grid {
    let tick = 10_f64.powf(price.log10().floor() - 5.0).clamp(1e-8, 1.0);
    let cent = 10_f64.powf((0.01 / price).log10().floor());
    (tick, cent.max(1e-8 / tick), 1.0)
}

/// The symbol's name in the venue's writing.
fn name(kind: VenueKind, pair: &Pair<'_>) -> String {
    let (base, quote) = (pair.base, pair.quote);
    match (kind, pair.perp) {
        (VenueKind::Okx, false) => format!("{base}-{quote}"),
        (VenueKind::Okx, true) => format!("{base}-{quote}-SWAP"),
        _ => format!("{base}{quote}"),
    }
}

fn fixed(value: f64) -> i64 {
    (value * SCALE as f64).round() as i64
}

fn rate(bp: f64) -> i64 {
    fixed(bp * BP)
}

fn terms(text: &ListingText) -> Terms {
    Terms {
        leverage_max: text.leverage,
        maintenance: rate(text.maintenance_bp),
        funding_ms: ((text.funding_s * 1000.0) as u64).max(1),
        interest: rate(text.interest_bp),
        funding_cap: rate(text.funding_cap_bp),
        liquidation_fee: rate(text.liquidation_fee_bp),
    }
}

/// A listing as the world's markets need it.
pub(super) struct Plan {
    pub symbol: Symbol,
    pub style: Style,
    pub base: String,
    pub quote: String,
    pub delay_us: u64,
    pub noise_bp: f64,
    pub noise_half_life_s: f64,
    /// Log of the fair price over the latent one.
    pub basis: f64,
    /// Name of the market's own draws.
    pub stream: String,
}

fn plan(world: &WorldText, kind: VenueKind, key: &str, text: &ListingText) -> Result<Plan, Error> {
    let wrong = |why: &str| Error::World(format!("venue.{kind}.listing.\"{key}\": {why}"));
    let pair = Pair::read(key).ok_or_else(|| wrong("write BASE/QUOTE"))?;
    let worth = |asset: &str| world.latent.get(asset).map_or(1.0, |latent| latent.price);
    let price = worth(pair.base) / worth(pair.quote) * (text.basis_bp * BP).exp();
    let (tick, lot, contract) = grid(kind, &pair).unwrap_or_else(|| made(price));
    let (tick, lot) = (text.tick.unwrap_or(tick), text.lot.unwrap_or(lot));
    let contract = text.contract.unwrap_or(contract);
    let step = fixed(tick).max(1);
    let symbol = Symbol {
        name: name(kind, &pair),
        base: pair.base.into(),
        quote: pair.quote.into(),
        tick: step,
        lot: fixed(lot).max(1),
        contract: fixed(contract),
        notional_min: fixed(text.notional_min / worth(pair.quote)),
        qty_max: fixed(9_000.0 * MEASURED_PRICE / worth(pair.base)) / fixed(lot).max(1)
            * fixed(lot).max(1),
        market_qty_max: fixed(100.0 * MEASURED_PRICE / worth(pair.base)) / fixed(lot).max(1)
            * fixed(lot).max(1),
        amends_max: if kind == VenueKind::BinanceSpot { 10 } else { 10_000 },
        orders_max: if kind == VenueKind::BinanceSpot { 200 } else { 500 },
        start_price: fixed(price) / step * step,
        perp: pair.perp.then(|| terms(text)),
    };
    if let Some(fault) = symbol.fault() {
        return Err(wrong(&fault));
    }
    let ticks = price / tick;
    Ok(Plan {
        symbol,
        style: Style {
            distance: text.distance * ticks / (MEASURED_PRICE / MEASURED_TICK),
            size: text.depth * MEASURED_PRICE / worth(pair.base),
            rate: text.rate,
            takers: text.takers,
            sweeps: text.sweeps,
            half_spread: text.half_spread_bp * BP * ticks,
            informed: text.informed,
        },
        base: pair.base.into(),
        quote: pair.quote.into(),
        delay_us: (text.delay_ms * 1000.0) as u64,
        noise_bp: text.noise_bp,
        noise_half_life_s: text.noise_half_life_s,
        basis: text.basis_bp * BP,
        stream: format!("{kind}/{key}"),
    })
}

/// A venue as it is assembled.
pub(super) struct VenuePlan {
    pub kind: VenueKind,
    pub listings: Vec<Plan>,
    pub latency_us: u64,
    pub start: Vec<(String, i64)>,
    pub fees: BTreeMap<Product, Fees>,
    /// None where the text says nothing of it.
    pub rates: Option<Rates>,
}

/// The limits of a venue, as its documentation gives them to everyone.
pub(super) fn rates(kind: VenueKind) -> Rates {
    match kind {
        VenueKind::BinanceSpot => Rates::default(),
        VenueKind::BinanceUsdm => Rates {
            weight_1m: 2400,
            orders_10s: 300,
            orders_1m: 1200,
            orders_1d: u64::MAX,
            credit: [0, 0],
        },
        // Bybit and OKX count by endpoint and symbol, which their protocols know.
        VenueKind::Bybit | VenueKind::Okx => Rates {
            weight_1m: u64::MAX,
            orders_10s: u64::MAX,
            orders_1m: u64::MAX,
            orders_1d: u64::MAX,
            credit: [0, 0],
        },
    }
}

/// All venues of a world, in the order of [`VenueKind::ALL`].
pub(super) fn venues(world: &WorldText) -> Result<Vec<VenuePlan>, Error> {
    let mut out = Vec::new();
    for kind in world.venues() {
        let Some(text) = world.venue.get(kind.name()) else { continue };
        let listings = text.listing.iter().map(|(key, listing)| plan(world, kind, key, listing));
        out.push(VenuePlan {
            kind,
            listings: listings.collect::<Result<_, _>>()?,
            latency_us: text.latency_us,
            start: text.start.iter().map(|(asset, sum)| (asset.clone(), fixed(*sum))).collect(),
            fees: fees(text),
            rates: given_rates(kind, text),
        });
    }
    Ok(out)
}

fn given_rates(kind: VenueKind, text: &VenueText) -> Option<Rates> {
    let known = rates(kind);
    (text.orders_10s.is_some() || text.weight_1m.is_some()).then(|| Rates {
        orders_10s: text.orders_10s.unwrap_or(known.orders_10s),
        weight_1m: text.weight_1m.unwrap_or(known.weight_1m),
        ..known
    })
}

fn fees(text: &VenueText) -> BTreeMap<Product, Fees> {
    let read =
        |[maker, taker]: [f64; 2]| Fees { maker: rate(maker), taker: rate(taker), third: None };
    let spot = (Product::Spot, read(text.spot_fees_bp));
    BTreeMap::from([spot, (Product::Perp, read(text.perp_fees_bp))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listing_of_every_scenario_has_an_exact_grid() {
        for (name, _) in super::super::text::SCENARIOS {
            let world = WorldText::scenario(name, true).unwrap();
            for venue in venues(&world).unwrap() {
                for listing in venue.listings {
                    assert!(listing.symbol.fault().is_none(), "{name} {}", listing.stream);
                    assert!(listing.symbol.start_price > 0);
                }
            }
        }
    }

    #[test]
    fn made_grids_are_exact_at_any_price() {
        for price in [0.00001234, 0.5, 7.0, 431.2, 99_999.0] {
            let (tick, lot, _) = made(price);
            let symbol = Symbol { tick: fixed(tick), lot: fixed(lot), ..Symbol::btcusdt() };
            assert!(symbol.fault().is_none(), "{price}: {tick} {lot}");
        }
    }
}
