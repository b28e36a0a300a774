//! Pairs trading by scenes, and what is learnt of a pair that is known.

extern crate std;

use super::*;
use crate::random::Random;
use crate::scene::Scene;
use std::format;

const TWO: &[&str] =
    &["ETH/USDT 0 perp 0.01 0.001 fees 1 2", "SOL/USDT 0 perp 0.001 0.01 fees 1 2"];

fn parameters<'a>(more: &[(&'a str, f64)]) -> std::vec::Vec<(&'a str, f64)> {
    let mut all = std::vec![
        ("notional", 2000.0),
        ("sample_s", 1.0),
        ("window_half_life_s", 200.0),
        ("warm_up_s", 400.0),
        ("reversion_max_s", 60.0),
        ("rest_s", 10.0),
    ];
    all.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    all.extend(more);
    all
}

/// SOL walks; ETH is 200·SOL^0.5 apart from a spread that halves in 7 s. What was sent while the
/// spread was learnt, which is to be nothing.
fn learn(scene: &mut Scene, seconds: u32, phi: f64) -> String {
    let mut random = Random::new(5);
    let (mut sol, mut spread) = (libm::log(100.0), 0.0);
    let mut sent = String::new();
    for second in 1..=seconds {
        sol += (random.unit() - 0.5) * 2e-3;
        spread = spread * phi + (random.unit() - 0.5) * 2e-3;
        let eth = libm::log(200.0) + 0.5 * sol + spread;
        sent += &prices(scene, f64::from(second), libm::exp(eth), libm::exp(sol));
    }
    sent
}

use std::string::String;

fn prices(scene: &mut Scene, second: f64, eth: f64, sol: f64) -> String {
    let lines = [
        format!("at {second}s"),
        format!("book 0 bid {:.2} 50 ask {:.2} 50", eth - 0.01, eth + 0.01),
        format!("book 1 bid {:.3} 900 ask {:.3} 900", sol - 0.001, sol + 0.001),
        "timer".into(),
    ];
    lines.iter().map(|line| scene.say(line)).collect::<std::vec::Vec<_>>().join("")
}

fn scene(more: &[(&str, f64)]) -> Scene {
    Scene::new("pairs", &parameters(more), TWO)
}

fn pairs(scene: &Scene) -> &Pairs {
    let crate::any::Any::Pairs(pairs) = scene.strategy() else { panic!("another strategy") };
    pairs
}

#[test]
fn it_finds_the_hedge_ratio_the_deviation_and_the_half_life() {
    for (phi, half_life) in [(0.9, 6.58), (0.7, 1.94)] {
        let mut scene = scene(&[("entry_z", 90.0), ("stop_z", 99.0)]);
        assert_eq!(learn(&mut scene, 2000, phi), "");
        let found = pairs(&scene).spread().found().unwrap();
        assert!((found.line.slope - 0.5).abs() < 0.1, "{found:?}");
        // Uniform steps of 2e-3: a deviation of 2e-3/√12 over √(1 − φ²).
        let deviation = 5.77e-4 / libm::sqrt(1.0 - phi * phi);
        assert!((found.line.deviation / deviation - 1.0).abs() < 0.25, "{found:?}");
        assert!((found.half_life / half_life - 1.0).abs() < 0.4, "{found:?}");
    }
}

/// The second leg at 100, the first so many deviations from where it should be.
fn at_z(scene: &mut Scene, second: f64, z: f64) -> String {
    let line = pairs(scene).spread().found().unwrap().line;
    let log = line.intercept + line.slope * libm::log(100.0) + z * line.deviation;
    prices(scene, second, libm::exp(log), 100.0)
}

#[test]
fn it_enters_both_legs_at_once_and_leaves_at_the_mean() {
    let mut scene = scene(&[]);
    assert_eq!(learn(&mut scene, 300, 0.9), "");
    assert_eq!(at_z(&mut scene, 301.0, 2.5), "", "it is not warm");
    let mut scene = self::scene(&[("entry_z", 9.0), ("stop_z", 99.0)]);
    learn(&mut scene, 600, 0.9);
    for word in ["set entry_z 2", "set stop_z 4"] {
        assert_eq!(scene.say(word), "");
    }
    assert_eq!(at_z(&mut scene, 600.1, 1.5), "");
    let sent = at_z(&mut scene, 600.2, 2.6);
    assert!(sent.starts_with("take 0 #1 sell 1.0") || sent.starts_with("take 0 #1 sell 0.9"));
    assert!(sent.contains("take 1 #2 buy "), "{sent}");
    let qty = |at: usize| sent.split(' ').nth(at).unwrap().parse::<f64>().unwrap();
    let beta = pairs(&scene).spread().found().unwrap().line.slope;
    assert!((qty(11) * 100.0 / 2000.0 / beta - 1.0).abs() < 0.01, "{sent} for {beta}");
    let (eth, sol) = (qty(4), qty(11));
    scene.check(&format!(
        "fill 1 {eth}
         fill 2 {sol}
         held 0 => -{eth}
         held 1 => {sol}"
    ));
    assert_eq!(at_z(&mut scene, 600.3, 1.0), "");
    let sent = at_z(&mut scene, 600.4, 0.4);
    assert!(sent.starts_with(&format!("take 0 #3 buy {eth} at")), "{sent}");
    assert!(sent.contains(&format!("take 1 #4 sell {sol} at")), "{sent}");
    scene.check(&format!(
        "fill 3 {eth}
         fill 4 {sol}
         held 0 => 0
         held 1 => 0"
    ));
    // The other side; then the stop, and the rest after it.
    let sent = at_z(&mut scene, 600.5, -2.6);
    assert!(sent.starts_with("take 0 #5 buy "), "{sent}");
    let all = |scene: &mut Scene, from: u32| {
        for number in from..from + 2 {
            let live = scene.engine.desks[0].orders.live().next().copied().unwrap();
            let spec = scene.instruments[live.instrument.index()];
            let qty = spec.lot.decimal(live.remaining().0);
            assert_eq!(scene.say(&format!("fill {number} {qty}")), "");
        }
    };
    all(&mut scene, 5);
    let sent = at_z(&mut scene, 600.6, -4.2);
    assert!(sent.starts_with("take 0 #7 sell "), "{sent}");
    all(&mut scene, 7);
    assert_eq!(at_z(&mut scene, 600.7, -2.6), "");
    assert_ne!(at_z(&mut scene, 610.7, -2.6), "");
}

#[test]
fn what_does_not_revert_or_pay_is_not_entered() {
    for (phi, more) in [(0.999, [("reversion_max_s", 15.0)]), (0.9, [("edge_min_bps", 500.0)])] {
        let mut scene = scene(&more);
        let slow = scene.say("set entry_z 3.9");
        assert_eq!(slow, "");
        learn(&mut scene, 900, phi);
        scene.say("settle");
        scene.say("set entry_z 2");
        assert_eq!(at_z(&mut scene, 900.5, 2.5), "", "φ {phi}");
    }
}

#[test]
fn an_entry_that_stays_half_is_undone() {
    let mut scene = scene(&[("entry_z", 9.0), ("stop_z", 99.0), ("settle_s", 1.0)]);
    learn(&mut scene, 600, 0.9);
    scene.say("set entry_z 2");
    let sent = at_z(&mut scene, 600.2, 2.6);
    let qty = sent.split(' ').nth(4).unwrap().parse::<f64>().unwrap();
    scene.check(&format!(
        "fill 1 {qty}
         status 1 halted
         done 2
         held 0 => -{qty}"
    ));
    let sent = scene.say("at 601.5s") + &scene.say("timer");
    assert!(sent.starts_with(&format!("take 0 #3 buy {qty} at")), "{sent}");
}
