//! Properties of the quotes over random markets, positions and parameters, and the cached integer
//! way against the formulas themselves.

extern crate std;
use super::*;
use crate::avellaneda_stoikov::{Horizon, Parameters};
use crate::random::Random;
use std::format;
use std::string::String;
use std::vec::Vec;

const SCALE: Scale =
    Scale { tick: 0.01, lot: 0.001, qty_min: Qty(1), qty_max: Qty(0), notional_min: 0.0 };

/// The paper's market, seen with a tick of 0.01 and orders of 1: one second left.
fn paper(q: i64) -> Quoter<Parameters> {
    let parameters = Parameters {
        gamma: 0.1,
        order_qty: 1.0,
        spread_max_bps: 10_000.0,
        ..Parameters::default()
    };
    let mut quoter = Quoter::new(parameters, SCALE);
    quoter.set_model(Some(Model {
        sigma: 2.0,
        left_s: 1.0,
        kappa: [1.5, 1.5],
        rate: [1.0; 2],
        mid: 20_001,
    }));
    quoter.set_position(Amount(q * 100_000_000));
    quoter
}

fn text(quoter: &Quoter<Parameters>, bid: i64, ask: i64) -> String {
    let mut out = String::new();
    quoter.quote(Price(bid), Price(ask), |side, price, qty| {
        let name = if side == Side::Buy { "bid" } else { "ask" };
        out += &format!("{name} {price} {qty} ");
    });
    String::from(out.trim())
}

#[test]
fn the_paper_s_optimum_is_quoted_rounded_outward() {
    // Mid 100.005, r = mid − 0.4·q, spread 0.4 + 20·ln(1 + 1/15) = 1.690770.
    assert_eq!(text(&paper(0), 10_000, 10_001), "bid 9915 1000 ask 10086 1000");
    assert_eq!(text(&paper(1), 10_000, 10_001), "bid 9875 1000 ask 10046 1000");
    assert_eq!(text(&paper(-1), 10_000, 10_001), "bid 9955 1000 ask 10126 1000");
    let (reservation, half_spread) = paper(1).centre(20_001).unwrap();
    assert!((reservation - 9960.5).abs() < 1e-4 && (half_spread - 84.538_521).abs() < 1e-4);
}

#[test]
fn quotes_stay_behind_the_opposite_best() {
    // r = mid + 4: the bid would lie at 103.1 and take.
    assert_eq!(text(&paper(-10), 10_000, 10_001), "bid 10000 1000");
    assert_eq!(text(&paper(-9), 10_000, 10_001), "bid 10000 1000 ask 10446 1000");
    assert_eq!(text(&paper(9), 10_000, 10_021), "bid 9565 1000 ask 10001 1000");
}

#[test]
fn levels_grow_outward_within_the_inventory_bound() {
    let mut quoter = paper(0);
    let parameters = Parameters {
        levels: 3,
        level_spacing_bps: 10.0,
        level_growth: 2.0,
        inventory_max: 4.5,
        eta: 0.5,
        ..quoter.parameters
    };
    quoter.configure(parameters, SCALE);
    let open =
        "bid 9915 1000 bid 9905 2000 bid 9895 1500 ask 10086 1000 ask 10096 2000 ask 10106 1500";
    assert_eq!(text(&quoter, 10_000, 10_001), open);
    quoter.set_position(Amount(200_000_000));
    let long =
        "bid 9835 367 bid 9825 735 bid 9815 1398 ask 10006 1000 ask 10016 2000 ask 10026 3500";
    assert_eq!(text(&quoter, 10_000, 10_001), long);
}

#[test]
fn what_the_venue_would_refuse_is_left_out() {
    let mut quoter = paper(0);
    quoter.configure(quoter.parameters, Scale { notional_min: 98.5, ..SCALE });
    assert_eq!(text(&quoter, 10_000, 10_001), "ask 10086 1000");
    quoter.configure(quoter.parameters, Scale { qty_max: Qty(700), ..SCALE });
    assert_eq!(text(&quoter, 10_000, 10_001), "bid 9915 700 ask 10086 700");
    assert_eq!(text(&quoter, 10_001, 10_001), "");
    assert_eq!(text(&quoter, 0, 10_001), "");
    quoter.set_model(None);
    assert_eq!(text(&quoter, 10_000, 10_001), "");
}

/// A random but valid situation.
struct Situation {
    quoter: Quoter<Parameters>,
    bid: i64,
    ask: i64,
}

fn situation(random: &mut Random) -> Situation {
    let mut between = |low: f64, high: f64| low * libm::pow(high / low, random.unit());
    let bid = between(1.0, 1e9) as i64;
    let ask = bid + between(1.0, 1e4) as i64;
    let tick = between(1e-8, 10.0);
    let price = bid as f64 * tick;
    let spread_min_bps = between(0.001, 100.0);
    let parameters = Parameters {
        gamma: between(1e-3, 1e3) / price,
        horizon_s: 1.0,
        order_qty: between(0.01, 10.0),
        inventory_max: between(1.0, 100.0),
        eta: between(0.001, 1.0),
        levels: between(1.0, 8.999) as u32,
        level_spacing_bps: between(0.01, 50.0),
        spread_min_bps,
        spread_max_bps: spread_min_bps * between(1.0, 100.0),
        ..Parameters::default()
    };
    let model = Model {
        sigma: price * between(1e-6, 1e-2),
        left_s: between(0.001, 1000.0),
        kappa: [between(1.0, 1e5) / price, between(1.0, 1e5) / price],
        rate: [1.0; 2],
        mid: bid + ask,
    };
    let held = between(1.0, 200.0) - 101.0;
    let horizon = [Horizon::Rolling, Horizon::Session, Horizon::Infinite];
    let horizon = horizon[(random.bits() % 3) as usize];
    let mut quoter = Quoter::new(Parameters { horizon, ..parameters }, Scale { tick, ..SCALE });
    quoter.set_model(Some(model));
    quoter.set_position(Amount((held * parameters.order_qty * 1e8) as i64));
    Situation { quoter, bid, ask }
}

type Levels = Vec<(i64, i64)>;

fn sides(situation: &Situation) -> (Levels, Levels) {
    let (mut bids, mut asks) = (Vec::new(), Vec::new());
    let (bid, ask) = (Price(situation.bid), Price(situation.ask));
    situation.quoter.quote(bid, ask, |side, price, qty| match side {
        Side::Buy => bids.push((price.0, qty.0)),
        Side::Sell => asks.push((price.0, qty.0)),
    });
    (bids, asks)
}

#[test]
fn quotes_never_cross_and_lie_outside_of_what_was_computed() {
    for seed in 0..20_000 {
        let situation = situation(&mut Random::new(seed));
        let Situation { quoter, bid, ask } = &situation;
        let (bids, asks) = sides(&situation);
        assert!(bids.iter().all(|level| level.0 < *ask && level.0 >= 1), "seed {seed}");
        assert!(asks.iter().all(|level| level.0 > *bid), "seed {seed}");
        assert!(bids.windows(2).all(|pair| pair[1].0 < pair[0].0), "seed {seed}");
        assert!(asks.windows(2).all(|pair| pair[1].0 > pair[0].0), "seed {seed}");
        if let (Some(first_bid), Some(first_ask)) = (bids.first(), asks.first()) {
            assert!(first_bid.0 < first_ask.0, "seed {seed}: {first_bid:?} {first_ask:?}");
        }
        let fixed_mid = (bid + ask) << (PLACES - 1);
        let [low, high] = quoter.held(fixed_mid);
        if let (Some(low), Some(first)) = (low, bids.first()) {
            assert!(first.0 << PLACES <= fixed_mid - low, "seed {seed}: bid rounded inward");
        }
        if let (Some(high), Some(first)) = (high, asks.first()) {
            assert!(first.0 << PLACES >= fixed_mid + high, "seed {seed}: ask rounded inward");
        }
    }
}

#[test]
fn the_spread_stays_between_its_limits() {
    let mut seen = [0_u32; 2];
    for seed in 0..20_000 {
        let situation = situation(&mut Random::new(seed));
        let Situation { quoter, bid, ask } = &situation;
        let (bids, asks) = sides(&situation);
        let (Some(first_bid), Some(first_ask)) = (bids.first(), asks.first()) else { continue };
        let mid = (bid + ask) as f64 / 2.0;
        let bps = |bps: f64| bps / 10_000.0 * mid;
        let width = (first_ask.0 - first_bid.0) as f64;
        let (least, most) =
            (bps(quoter.parameters.spread_min_bps), bps(quoter.parameters.spread_max_bps));
        let full = bids.len() + asks.len() == 2 * quoter.parameters.levels as usize;
        assert!(!full || width >= least - 1e-6, "seed {seed}: {width} under {least}");
        let clamped = first_bid.0 == ask - 1 || first_ask.0 == bid + 1;
        if full && !clamped {
            let most = most.max(least);
            assert!(width < most + 2.001, "seed {seed}: {width} over {most}");
            seen[usize::from(width < least + 2.0)] += 1;
        }
    }
    assert!(seen[0] > 100 && seen[1] > 100, "both limits must come up: {seen:?}");
}

#[test]
fn more_inventory_never_raises_a_quote_nor_what_is_bought() {
    for seed in 0..5_000 {
        let mut random = Random::new(seed);
        let mut situation = situation(&mut random);
        let levels = situation.quoter.parameters.levels as usize;
        let order = (situation.quoter.parameters.order_qty * 1e8) as i64;
        let step = (random.bits() % 40) as i64 * order / 10 + 1;
        let less = sides(&situation);
        situation.quoter.set_position(situation.quoter.position + Amount(step));
        let more = sides(&situation);
        for (before, after) in [(&less.0, &more.0), (&less.1, &more.1)] {
            if before.len() == levels && after.len() == levels {
                let pairs = before.iter().zip(after);
                pairs.for_each(|(b, a)| assert!(a.0 <= b.0, "seed {seed}: {b:?} to {a:?}"));
            }
        }
        let total = |levels: &Levels| levels.iter().map(|level| level.1).sum::<i64>();
        assert!(total(&more.0) <= total(&less.0), "seed {seed}: buys more when longer");
        assert!(total(&more.1) >= total(&less.1), "seed {seed}: sells less when longer");
    }
}

#[test]
fn the_skew_is_against_the_inventory() {
    for seed in 0..5_000 {
        let situation = situation(&mut Random::new(seed));
        let quoter = &situation.quoter;
        if quoter.parameters.horizon == Horizon::Infinite {
            continue;
        }
        let mut flat = quoter.clone();
        flat.set_position(Amount::ZERO);
        let mid = situation.bid + situation.ask;
        let (Some((here, _)), Some((there, _))) = (quoter.centre(mid), flat.centre(mid)) else {
            panic!("seed {seed}: a finite horizon has both sides")
        };
        let slack = 1e-4 + here.abs() * 1e-12;
        match quoter.inventory() {
            q if q > 0.0 => assert!(here <= there + slack, "seed {seed}: {here} over {there}"),
            _ => assert!(here >= there - slack, "seed {seed}: {here} under {there}"),
        }
    }
}
