//! The strategy behind its trait: market rows in, plans out.

extern crate std;
use super::*;
use crate::any::{Any, STRATEGIES};
use crate::avellaneda_stoikov::{AvellanedaStoikov, Horizon, Parameters};
use crate::random::Random;
use engine::event::{Body, Event, GapReason, Link, LinkState, flag};
use engine::exposure::Exposure;
use engine::id::AssetId;
use engine::instrument::Symbol;
use engine::market::Market;
use engine::num::{Grid, Notional};
use engine::orders::Orders;
use engine::plan::Plan;
use engine::position::Position;
use engine::state::Digest;
use engine::strategy::{Scene, Strategy};
use engine::venue::Venue;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

const ID: InstrumentId = InstrumentId(0);

/// One instrument (tick 0.01, lot 0.001), its market, and a strategy that follows it.
struct Bench {
    market: Market,
    venues: Vec<Venue>,
    exposure: Exposure,
    orders: Orders,
    position: Position,
    strategy: Any,
    update: u64,
}

/// γ = 0.1, κ = 1.5 and σ = 2 given, T − t = 1 s: the paper's quotes at its start.
fn paper() -> Parameters {
    Parameters {
        gamma: 0.1,
        horizon_s: 1.0,
        order_qty: 1.0,
        spread_max_bps: 5000.0,
        sigma_start: 2.0,
        sigma_half_life_s: 1000.0,
        kappa_start: 1.5,
        kappa_estimated: false,
        ..Parameters::default()
    }
}

impl Bench {
    fn new(parameters: Parameters) -> Self {
        let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 3, step: 1 });
        let assets = (AssetId(0), AssetId(1));
        let instrument = Instrument::new(ID, Symbol::new("BTCUSDT").unwrap(), assets, grids);
        let strategy = AvellanedaStoikov::new(parameters, &instrument).unwrap();
        let mut bench = Self {
            market: Market::new(vec![instrument]),
            venues: vec![Venue::new(&[instrument])],
            exposure: Exposure::new(vec![instrument]),
            orders: Orders::new(1, 1),
            position: Position::default(),
            strategy: Any::AvellanedaStoikov(strategy),
            update: 0,
        };
        bench.row(0, Body::Link { link: Link::Market, state: LinkState::Up }, flag::LAST);
        bench
    }

    fn row(&mut self, at_us: u64, body: Body, flags: u8) {
        self.update += 1;
        let row = Event::new(Nanos(at_us * 1000), ID, self.update, body).with(flags);
        self.market.apply(&row);
        let positions = [self.position];
        let scene = Scene {
            now: row.at,
            market: &self.market,
            venues: &self.venues,
            exposure: &self.exposure,
        };
        let view = scene.of(&positions, &self.orders);
        self.strategy.learn(&row, &view);
    }

    fn snapshot(&mut self, at_us: u64, bid: i64, ask: i64) {
        let level = |side, price| Body::Level { side, price: Price(price), qty: Qty(1) };
        self.row(at_us, level(Side::Buy, bid), flag::SNAPSHOT | flag::FIRST);
        self.row(at_us, level(Side::Sell, ask), flag::SNAPSHOT | flag::LAST);
    }

    fn best(&mut self, at_us: u64, bid: i64, ask: i64) {
        let (bid, ask) = (Price(bid), Price(ask));
        self.row(at_us, Body::Best { bid, bid_qty: Qty(1), ask, ask_qty: Qty(1) }, flag::LAST);
    }

    fn trade(&mut self, at_us: u64, taker: Side, price: i64) {
        self.row(at_us, Body::Trade { price: Price(price), qty: Qty(1), taker }, flag::LAST);
    }

    fn plan(&mut self) -> String {
        let positions = [self.position];
        let scene = Scene {
            now: Nanos::ZERO,
            market: &self.market,
            venues: &self.venues,
            exposure: &self.exposure,
        };
        let view = scene.of(&positions, &self.orders);
        let mut plans = [Plan::default()];
        self.strategy.plan(&view, &mut plans);
        let mut out = String::new();
        for side in Side::BOTH {
            for quote in plans[0].quotes(side) {
                out += &format!("{side:?} {} {} ", quote.price, quote.qty);
            }
        }
        String::from(out.trim())
    }

    fn inner(&self) -> &AvellanedaStoikov {
        let Any::AvellanedaStoikov(strategy) = &self.strategy else { panic!("another") };
        strategy
    }
}

#[test]
fn it_quotes_a_live_book_and_nothing_else() {
    let mut bench = Bench::new(paper());
    assert_eq!(bench.plan(), "");
    assert_eq!(bench.inner().silence(), Some(Silence::Blank));
    bench.snapshot(1_000, 10_000, 10_001);
    assert_eq!(bench.plan(), "Buy 9915 1000 Sell 10086 1000");
    bench.position.base = Amount(100_000_000);
    assert_eq!(bench.plan(), "Buy 9875 1000 Sell 10046 1000");
    let shown = bench.strategy.reading(ID);
    assert_eq!((shown.reservation, shown.half_spread), (9_960_500, 84_539));
    assert_eq!((shown.sigma, shown.kappa), (2_000_000_000, [1_500_000_000; 2]));

    bench.row(2_000, Body::Gap { reason: GapReason::Sequence, expected: 7 }, flag::LAST);
    assert_eq!(bench.plan(), "");
    bench.snapshot(3_000, 10_000, 10_001);
    assert_eq!(bench.plan(), "Buy 9875 1000 Sell 10046 1000");
    bench.row(4_000, Body::Link { link: Link::Market, state: LinkState::Stale }, flag::LAST);
    assert_eq!(bench.plan(), "");
    bench.row(5_000, Body::Link { link: Link::Market, state: LinkState::Fresh }, flag::LAST);
    assert_ne!(bench.plan(), "");
    bench.row(6_000, Body::Status(engine::instrument::Status::Halted), flag::LAST);
    assert_eq!(bench.plan(), "");
}

#[test]
fn without_start_values_it_waits_until_it_has_seen_enough() {
    let start = Parameters {
        sigma_start: 0.0,
        sigma_warm_up_s: 2.0,
        kappa_start: 0.0,
        kappa_estimated: true,
        kappa_warm_up_orders: 3.0,
        ..paper()
    };
    let mut bench = Bench::new(start);
    bench.snapshot(0, 10_000, 10_001);
    for ms in (100..2_500).step_by(100) {
        bench.best(ms * 1000, 10_000 + (ms as i64 / 100) % 3, 10_003);
        bench.row(ms * 1000, Body::Timer, 0);
        let expect = if ms < 2000 { Silence::Volatility } else { Silence::Intensity(Side::Buy) };
        assert_eq!((bench.inner().silence(), bench.plan()), (Some(expect), String::new()), "{ms}");
    }
    for (i, side) in [Side::Buy, Side::Sell].iter().cycle().take(8).enumerate() {
        let at_us = 3_000_000 + i as u64 * 1_000;
        bench.trade(at_us, *side, 10_002 + 30 * side.sign());
    }
    bench.row(4_000_000, Body::Timer, 0);
    assert_eq!(bench.inner().silence(), None);
    assert!(bench.plan().contains("Buy") && bench.plan().contains("Sell"));
}

#[test]
fn a_session_works_its_inventory_off_towards_its_end() {
    let mut bench = Bench::new(Parameters { horizon: Horizon::Session, ..paper() });
    bench.position.base = Amount(100_000_000);
    bench.snapshot(0, 10_000, 10_001);
    let mut reservations = Vec::new();
    for step in 0..12 {
        bench.row(step * 100_000, Body::Timer, 0);
        bench.plan();
        reservations.push(bench.strategy.reading(ID).reservation);
    }
    assert_eq!(reservations[0], 9_960_500);
    assert!(reservations[..10].windows(2).all(|pair| pair[0] < pair[1]), "{reservations:?}");
    assert!(reservations[10] < reservations[9], "a session follows: {reservations:?}");
}

#[test]
fn parameters_change_while_it_trades_and_bad_ones_do_not() {
    let mut bench = Bench::new(paper());
    bench.snapshot(0, 10_000, 10_001);
    let before = bench.plan();
    for (key, value) in [(999, 1), (1, -1), (9, 9_000_000_000), (u64::MAX, 0), (13, i64::MAX)] {
        assert!(!bench.strategy.set(key, value), "{key} {value}");
    }
    assert_eq!(bench.plan(), before);
    let (key, value) = STRATEGIES[0].set_event("order_qty", 0.25).unwrap();
    assert!(bench.strategy.set(key, value));
    assert_eq!(bench.plan(), "Buy 9915 250 Sell 10086 250");
    let (key, value) = STRATEGIES[0].set_event("kappa_start", 3.0).unwrap();
    assert!(bench.strategy.set(key, value));
    bench.best(1, 10_000, 10_001);
    assert_eq!(bench.plan(), "Buy 9947 250 Sell 10054 250");
    assert_eq!(STRATEGIES[0].set_event("no_such_key", 1.0), None);
    assert_eq!(STRATEGIES[0].set_event("gamma", 1e12), None);
}

#[test]
fn other_grids_are_taken_over() {
    let mut bench = Bench::new(paper());
    bench.snapshot(0, 10_000, 10_001);
    let (tick, lot) = (Grid { decimals: 1, step: 1 }, Grid { decimals: 2, step: 1 });
    bench.row(1_000, Body::Filters { tick, lot, size: lot, notional_min: Notional(0) }, flag::LAST);
    assert_eq!(bench.plan(), "");
    bench.snapshot(2_000, 1_000, 1_001);
    assert_eq!(bench.plan(), "Buy 992 100 Sell 1009 100");
}

/// Flow whose mid has σ = 0.2·√10 price/√s and whose takers have (A, κ) = (5, 2) on each side.
fn flow(bench: &mut Bench, seed: u64, from_s: f64, to_s: f64) {
    let mut random = Random::new(seed);
    let (mut mid, mut at) = (100_000_i64, from_s);
    while at < to_s {
        at += random.exponential(20.0);
        let at_us = (at * 1e6) as u64;
        if random.chance(0.5) {
            mid += if random.chance(0.5) { 20 } else { -20 };
            bench.best(at_us, mid - 1, mid + 1);
        } else {
            let side = if random.chance(0.5) { Side::Buy } else { Side::Sell };
            let reach = (random.exponential(2.0) / 0.01) as i64;
            bench.trade(at_us, side, mid + side.sign());
            bench.trade(at_us, side, mid + side.sign() * reach.max(1));
        }
    }
}

#[test]
fn it_learns_the_market_that_it_is_shown() {
    let parameters = Parameters {
        sigma_start: 0.0,
        kappa_start: 0.0,
        kappa_estimated: true,
        trade_lag_s: 0.0,
        sigma_half_life_s: 300.0,
        ..paper()
    };
    for seed in 1..=5 {
        let mut bench = Bench::new(parameters);
        bench.snapshot(0, 99_999, 100_001);
        flow(&mut bench, seed, 0.0, 1000.0);
        let (sigma, confidence) = bench.inner().flow().volatility().unwrap();
        assert!((sigma / (0.2 * libm::sqrt(10.0)) - 1.0).abs() < 0.1, "seed {seed}: σ {sigma}");
        assert!(confidence > 0.85);
        for side in Side::BOTH {
            let estimate = bench.inner().flow().intensity(side).unwrap();
            assert!((estimate.rate / 5.0 - 1.0).abs() < 0.15, "seed {seed}: {estimate:?}");
            assert!((estimate.kappa / 2.0 - 1.0).abs() < 0.15, "seed {seed}: {estimate:?}");
        }
    }
}

struct Words(Vec<u64>);

impl Sink for Words {
    fn word(&mut self, word: u64) {
        self.0.push(word);
    }
}

impl Source for Words {
    fn word(&mut self) -> Option<u64> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }
}

#[test]
fn what_is_loaded_goes_on_as_what_was_saved() {
    let parameters = Parameters { kappa_estimated: true, ..paper() };
    let mut first = Bench::new(parameters);
    let mut second = Bench::new(Parameters::default());
    for bench in [&mut first, &mut second] {
        bench.snapshot(0, 99_999, 100_001);
        flow(bench, 4, 0.0, 100.0);
    }
    assert!(first.strategy.set(8, 100_000_000));
    assert_ne!(Digest::of(&first.strategy), Digest::of(&second.strategy));
    let mut words = Words(vec![]);
    first.strategy.save(&mut words);
    assert_eq!(second.strategy.load(&mut words), Some(()));
    assert!(words.0.is_empty());
    assert_eq!(Digest::of(&first.strategy), Digest::of(&second.strategy));
    for bench in [&mut first, &mut second] {
        bench.position.base = Amount(123_456_789);
        flow(bench, 5, 100.0, 110.0);
    }
    assert_eq!(first.plan(), second.plan());
    assert_eq!(Digest::of(&first.strategy), Digest::of(&second.strategy));
    for length in 0..200 {
        assert_eq!(second.strategy.load(&mut Words(vec![u64::MAX; length])), None, "{length}");
    }
}

#[test]
fn extreme_rows_do_no_harm() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut bench = Bench::new(Parameters { kappa_estimated: true, ..paper() });
        bench.snapshot(0, 10_000, 10_001);
        let mut at_us = 0_u64;
        for _ in 0..50 {
            at_us = at_us.saturating_add(random.bits() >> (random.bits() % 40 + 16));
            let big = (random.bits() >> (random.bits() % 61 + 3)) as i64;
            match random.bits() % 5 {
                0 => bench.best(at_us, big, big.saturating_add(1)),
                1 => bench.trade(at_us, Side::Buy, big),
                2 => bench.trade(at_us, Side::Sell, -big),
                3 => bench.position.base = Amount(if random.chance(0.5) { big } else { -big }),
                _ => bench.row(at_us, Body::Timer, 0),
            }
            bench.plan();
        }
    }
}
