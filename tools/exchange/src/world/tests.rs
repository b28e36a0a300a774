//! Worlds run without a clock: determinism, independence of venues, and prices that follow.

use super::*;
use crate::order::{Kind, NewOrder};
use crate::server::Options;

const SECOND: u64 = 1_000_000;

fn opened(name: &str, edge: bool, seed: u64) -> World {
    let world = Some(WorldText::scenario(name, edge).unwrap());
    open(&Options { world, seed, ..Options::default() }, 0).unwrap().0
}

/// A venue's market as numbers: for each listing its update and trade ids and its best prices.
fn state(world: &World, kind: VenueKind) -> Vec<String> {
    let floor = world.floor(kind).unwrap().lock();
    let tell = |listing: &crate::listing::Listing| {
        let best = [Side::Buy, Side::Sell].map(|side| listing.best(side));
        format!("{} {} {} {best:?}", listing.symbol.name, listing.update, listing.trade)
    };
    floor.venue.listings.iter().map(tell).collect()
}

fn mid(world: &World, kind: VenueKind, symbol: SymbolId) -> f64 {
    let floor = world.floor(kind).unwrap().lock();
    let listing = floor.venue.listing(symbol);
    let [bid, ask] = [Side::Buy, Side::Sell].map(|side| listing.best(side).unwrap().0);
    (bid + ask) as f64 / 2.0 * listing.symbol.tick as f64 / SCALE as f64
}

#[test]
fn same_seed_same_world_at_any_time_of_day() {
    let run = |seed: u64, start_ms: u64| {
        let mut world = opened("four", true, seed);
        world.run_until(3 * SECOND, start_ms);
        VenueKind::ALL.map(|kind| state(&world, kind))
    };
    let once = run(3, 0);
    assert_eq!(once, run(3, 1_700_000_000_123));
    let other = run(4, 0);
    for (one, other) in once.iter().zip(&other) {
        assert_ne!(one, other);
    }
}

#[test]
fn what_is_done_on_one_venue_touches_no_other() {
    let mut run = opened("four", true, 5);
    let mut free = opened("four", true, 5);
    for second in 1..=4 {
        for world in [&mut run, &mut free] {
            world.run_until(second * SECOND, 0);
        }
        let floor = run.floor(VenueKind::Okx).unwrap();
        let mut floor = floor.lock();
        let account = floor.venue.account_named("demo").unwrap();
        let spot = floor.venue.symbol_id(crate::symbol::Product::Spot, "BTC-USDT").unwrap();
        let new = NewOrder {
            symbol: spot,
            side: Side::Buy,
            kind: Kind::Market,
            qty: 100_000,
            client: format!("c{second}"),
            ..NewOrder::default()
        };
        floor.venue.place(account, new, second * 1000).unwrap();
        floor.flush(second * 1000);
    }
    for kind in [VenueKind::BinanceSpot, VenueKind::BinanceUsdm, VenueKind::Bybit] {
        assert_eq!(state(&run, kind), state(&free, kind), "{kind}");
    }
    assert_ne!(state(&run, VenueKind::Okx), state(&free, VenueKind::Okx));
}

/// Relative distance of two prices in basis points.
fn apart_bp(one: f64, other: f64) -> f64 {
    (one / other - 1.0).abs() * 1e4
}

/// Mean distance of two mids over a run, in basis points.
fn distance(world: &mut World, [one, other]: [(VenueKind, SymbolId); 2], seconds: u64) -> f64 {
    let mut sum = 0.0;
    for n in 1..=seconds * 4 {
        world.run_until(n * SECOND / 4, 0);
        sum += apart_bp(mid(world, one.0, one.1), mid(world, other.0, other.1));
    }
    sum / (seconds * 4) as f64
}

#[test]
fn venues_follow_one_price_and_wander_as_far_as_their_noise_says() {
    let pair = [(VenueKind::BinanceSpot, 0), (VenueKind::Okx, 0)];
    let [mut far, mut near] = [true, false].map(|edge| opened("arb", edge, 2));
    let (far, near) = (distance(&mut far, pair, 40), distance(&mut near, pair, 40));
    println!("apart with the edge {far:.2} bp, without {near:.2} bp");
    // Normal noises of 3 and 5 bp are 4.65 bp apart in the mean.
    assert!((2.0..8.0).contains(&far), "{far}");
    assert!(near < 0.8, "{near}");
}

#[test]
fn cross_pair_and_basis_are_where_the_latent_prices_put_them() {
    let mut world = opened("triangular", false, 3);
    let mut sum = 0.0;
    for second in 1..=10 {
        world.run_until(second * SECOND, 0);
        let spot = VenueKind::BinanceSpot;
        let floor = world.floor(spot).unwrap();
        let id =
            |name: &str| floor.lock().venue.symbol_id(crate::symbol::Product::Spot, name).unwrap();
        let [btc, eth, cross] = ["BTCUSDT", "ETHUSDT", "ETHBTC"].map(id);
        let made = mid(&world, spot, eth) / mid(&world, spot, btc);
        sum += apart_bp(mid(&world, spot, cross), made);
    }
    assert!(sum / 10.0 < 2.0, "cross pair {} bp away", sum / 10.0);
    let mut world = opened("basis", true, 3);
    let pair = [(VenueKind::Bybit, 0), (VenueKind::Bybit, 1)];
    let basis = distance(&mut world, pair, 20);
    assert!((9.0..21.0).contains(&basis), "{basis}");
}

#[test]
fn quiet_worlds_have_no_traders() {
    let world = Some(WorldText::scenario("four", true).unwrap());
    let options = Options { world, market: false, ..Options::default() };
    let mut world = open(&options, 0).unwrap().0;
    world.run_until(SECOND, 0);
    for kind in VenueKind::ALL {
        let floor = world.floor(kind).unwrap().lock();
        assert!(floor.venue.listings.iter().all(|listing| listing.best(Side::Buy).is_none()));
    }
}

#[test]
fn a_restarted_world_goes_on_from_its_prices() {
    let dir = std::env::temp_dir().join(format!("exchange-world-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let options = Options {
        world: Some(WorldText::scenario("arb", true).unwrap()),
        ledger: Some(dir.clone()),
        ..Options::default()
    };
    let mut world = open(&options, 0).unwrap().0;
    world.latents[0].shift(0.25);
    world.spread_news(0, Some(Side::Buy));
    world.run_until(SECOND, 0);
    let before = mid(&world, VenueKind::Okx, 0);
    drop(world);
    assert!(dir.join("okx/snapshot.json").exists() && dir.join("binance-spot").is_dir());
    let world = open(&options, 5000).unwrap().0;
    let after = mid(&world, VenueKind::Okx, 0);
    assert!(apart_bp(after, before) < 30.0, "{before} then {after}");
    assert!(before > 75_000.0);
    let _ = std::fs::remove_dir_all(&dir);
}
