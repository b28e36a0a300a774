//! Worlds with the edge that a strategy lives on, and without it: it earns after fees in the one
//! and not in the other. Venues answer at once here, so that this is about the rules of a strategy
//! and not about its speed.
#![cfg(test)]

use super::{Scene, std};
use crate::random::Random;
use engine::event::Body;
use engine::id::Side;
use engine::num::{Amount, Price};
use engine::time::Nanos;
use std::vec::Vec;

/// Turns of a world.
const TURNS: u32 = 3_000;
/// Time of one.
const TURN: Nanos = Nanos::from_ms(100);

/// Median of what a world gives over seeds.
fn median(world: impl Fn(u64) -> (f64, u64)) -> (f64, u64) {
    let mut results: Vec<(f64, u64)> = (1..=9).map(world).collect();
    results.sort_by(|one, other| one.0.total_cmp(&other.0));
    let fills = results.iter().map(|(_, fills)| fills).sum();
    (results[4].0, fills)
}

/// It earns with its edge, and trades; without it, it does not earn.
fn compare(name: &str, world: impl Fn(u64, bool) -> (f64, u64)) {
    let (with, fills) = median(|seed| world(seed, true));
    let (without, others) = median(|seed| world(seed, false));
    let told =
        std::format!("{name}: {with:.2} of {fills} fills, without edge {without:.2} of {others}");
    std::println!("{told}");
    assert!(with > 0.0 && fills > 20 && without <= 0.0, "{told}");
}

/// A step of a walk, of the price.
fn step(random: &mut Random, size: f64) -> f64 {
    (random.unit() - 0.5) * 2.0 * size
}

/// Quotes of any strategy in a flow that takes on a whim, or, without the edge, knows where the
/// price goes.
fn quoted(name: &str, parameters: &[(&str, f64)]) {
    compare(name, |seed, edge| {
        let one = &["BTC/USDT 0 spot 0.1 0.001 fees 1 5"];
        let mut scene = Scene::new(name, parameters, one);
        let (mut random, mut mid) = (Random::new(seed), 10_000.0);
        for _ in 0..TURNS {
            let move_next = step(&mut random, 4.0);
            scene.show(0, mid, 2.0, 5.0);
            if random.chance(0.2) {
                let knows = if edge { random.unit() - 0.5 } else { move_next };
                let (side, far) = if knows > 0.0 { (Side::Buy, 1.0) } else { (Side::Sell, -1.0) };
                scene.reach(0, side, Price(((mid + far * 12.0) * 10.0) as i64));
                mid += if edge { 0.0 } else { far * 12.0 };
            }
            mid += move_next;
            scene.pass(TURN);
        }
        (scene.pnl(), scene.fills())
    });
}

#[test]
fn quotes_earn_from_flow_and_not_from_a_trend() {
    quoted(
        "market-making",
        &[
            ("order_qty", 0.1),
            ("bid_spread_bps", 8.0),
            ("ask_spread_bps", 8.0),
            ("inventory_max", 1.0),
            ("inventory_skew_bps", 5.0),
        ],
    );
    for name in ["avellaneda-stoikov", "gueant-lehalle"] {
        quoted(
            name,
            &[
                ("order_qty", 0.1),
                ("gamma", 0.001),
                ("sigma_start", 7.0),
                ("kappa_estimated", 0.0),
                ("kappa_start", 0.125),
                ("inventory_max", 10.0),
            ],
        );
    }
}

#[test]
fn cross_market_earns_the_other_venue_s_spread() {
    let parameters = [
        ("order_qty", 0.1),
        ("profit_bps", 4.0),
        ("profit_min_bps", 2.0),
        ("position_max", 5.0),
        ("unhedged_max", 0.5),
        ("hedge_pause_s", 0.0),
    ];
    compare("cross-market", |seed, edge| {
        let two = &["BTC/USDT 0 spot 0.1 0.001 fees 1 5", "BTC/USDT 1 perp 0.1 0.001 fees 1 3"];
        let mut scene = Scene::new("cross-market", &parameters, two);
        let (mut random, mut mid) = (Random::new(seed), 10_000.0);
        for _ in 0..TURNS {
            scene.show(1, mid, 0.5, 20.0);
            scene.show(0, mid, 15.0, 2.0);
            // With the edge, takers on the maker venue pay more than the other venue asks.
            let far = if edge { 14.0 } else { 4.0 };
            if random.chance(0.2) {
                let (side, far) =
                    if random.chance(0.5) { (Side::Buy, far) } else { (Side::Sell, -far) };
                scene.reach(0, side, Price(((mid + far) * 10.0) as i64));
            }
            mid += step(&mut random, 1.0);
            scene.pass(TURN);
        }
        (scene.pnl(), scene.fills())
    });
}

#[test]
fn arbitrage_earns_where_venues_part() {
    let parameters =
        [("order_qty", 0.1), ("profit_min_bps", 1.0), ("position_max", 2.0), ("haircut_z", 0.0)];
    compare("arbitrage", |seed, edge| {
        let two = &["BTC/USDT 0 spot 0.1 0.001 fees 1 5", "BTC/USDT 1 spot 0.1 0.001 fees 1 5"];
        let mut scene = Scene::new("arbitrage", &parameters, two);
        let (mut random, mut mid, mut apart) = (Random::new(seed), 10_000.0, 0.0);
        for _ in 0..TURNS {
            scene.show(0, mid, 1.0, 0.5);
            scene.show(1, mid + apart, 1.0, 0.5);
            mid += step(&mut random, 3.0);
            let size = if edge { 8.0 } else { 1.0 };
            apart = apart * 0.95 + step(&mut random, size);
            scene.pass(TURN);
        }
        (scene.pnl(), scene.fills())
    });
}

#[test]
fn triangular_earns_where_rates_do_not_multiply() {
    let parameters = [("value_max", 2000.0), ("profit_min_bps", 1.0)];
    compare("triangular", |seed, edge| {
        let three = &[
            "BTC/USDT 0 spot 0.1 0.00001 fees 1 3",
            "ETH/USDT 0 spot 0.01 0.0001 fees 1 3",
            "ETH/BTC 0 spot 0.000001 0.0001 fees 1 3",
        ];
        let mut scene = Scene::new("triangular", &parameters, three);
        let (mut random, mut btc, mut eth, mut off) = (Random::new(seed), 50_000.0, 2_000.0, 0.0);
        for _ in 0..TURNS {
            scene.show(0, btc, 1.0, 1.0);
            scene.show(1, eth, 0.04, 9.0);
            scene.show(2, eth / btc * (1.0 + off), 0.000_001, 9.0);
            btc += step(&mut random, 5.0);
            eth += step(&mut random, 0.2);
            let size = if edge { 8e-4 } else { 5e-5 };
            off = off * 0.9 + step(&mut random, size);
            scene.pass(TURN);
        }
        (scene.pnl_in_first_quote(), scene.fills())
    });
}

#[test]
fn basis_earns_from_what_comes_back_and_from_funding() {
    let two = &["BTC/USDT 0 spot 0.1 0.001 fees 1 5", "BTC/USDT 1 perp 0.1 0.001 fees 1 2"];
    let parameters = [
        ("order_qty", 0.5),
        ("position_max", 1.0),
        ("threshold_bps", 2.0),
        ("slippage_bps", 0.0),
        ("imbalance_max", 0.001),
    ];
    compare("basis", |seed, edge| {
        let mut scene = Scene::new("basis", &parameters, two);
        let (mut random, mut mid, mut basis) = (Random::new(seed), 10_000.0, 0.0);
        for _ in 0..TURNS {
            scene.show(0, mid, 0.5, 5.0);
            scene.show(1, mid * (1.0 + basis), 0.5, 5.0);
            mid += step(&mut random, 3.0);
            let size = if edge { 6e-4 } else { 1e-4 };
            basis = basis * 0.97 + step(&mut random, size);
            scene.pass(TURN);
        }
        (scene.pnl(), scene.fills())
    });
    compare("funding", |seed, edge| {
        let mut funded = parameters.to_vec();
        funded.push(("signal", 1.0));
        let mut scene = Scene::new("basis", &funded, two);
        let (mut random, mut mid) = (Random::new(seed), 10_000.0);
        for turn in 0..TURNS {
            scene.show(0, mid, 0.5, 5.0);
            scene.show(1, mid, 0.5, 5.0);
            mid += step(&mut random, 3.0);
            let hours = u64::from(turn / 30);
            if turn % 30 == 0 {
                let rate = if edge { 0.0008 } else { 0.000_1 };
                let rate = Amount((rate * 1e8) as i64);
                let next_ms = scene.now().as_ms() + 1_000;
                scene.row(1, 1, Body::FundingRate { rate, next_ms });
                let held = scene.engine.desks[0].positions[1].base.0 as f64 / 1e8;
                let paid = Amount((-held * mid * rate.0 as f64 / 1e8 * 1e8) as i64);
                let asset = scene.instruments[1].quote;
                scene.row(1, hours + 1, Body::Funding { asset, amount: paid });
            }
            scene.pass(TURN);
        }
        (scene.pnl(), scene.fills())
    });
}

#[test]
fn pairs_earn_where_they_come_back() {
    let parameters = [
        ("notional", 1000.0),
        ("sample_s", 0.1),
        ("window_half_life_s", 40.0),
        ("warm_up_s", 40.0),
        ("reversion_max_s", 6.0),
        ("holding_max_s", 30.0),
        ("rest_s", 1.0),
        ("pause_s", 0.0),
        ("stop_z", 6.0),
        ("entry_z", 1.5),
    ];
    compare("pairs", |seed, edge| {
        let two =
            &["ETH/USDT 0 perp 0.01 0.0001 fees 1 1", "SOL/USDT 0 perp 0.0001 0.001 fees 1 1"];
        let mut scene = Scene::new("pairs", &parameters, two);
        let (mut random, mut sol, mut spread) = (Random::new(seed), libm::log(100.0), 0.0);
        for _ in 0..TURNS {
            let eth = libm::exp(libm::log(20.0) + sol + spread);
            scene.show(0, eth, 0.01, 50.0);
            scene.show(1, libm::exp(sol), 0.0005, 900.0);
            sol += step(&mut random, 5e-4);
            // Without the edge the spread is a walk of its own.
            spread = spread * if edge { 0.95 } else { 1.0 } + step(&mut random, 6e-4);
            scene.pass(TURN);
        }
        (scene.pnl(), scene.fills())
    });
}
