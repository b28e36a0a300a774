//! Every strategy in worlds that no venue would offer: books that are empty, one-sided, crossed,
//! stale or at no price, links that come and go, answers in any order.
//!
//! What must hold after each row, whatever it was: nothing panics; no plan meets itself; no bound
//! on a position is planned beyond; a take's number grows with each new take; what is saved comes
//! back as it was.
#![cfg(test)]

use super::{Scene, std};
use crate::any::Any;
use crate::random::Random;
use engine::book::BookState;
use engine::event::{Body, End, Event, Fill, GapReason, Link, LinkState, Reason, Request, flag};
use engine::id::{InstrumentId, Side};
use engine::instrument::Status;
use engine::num::{Amount, Notional, Price, Qty};
use engine::order::{Order, OrderState};
use engine::plan::Take;
use engine::state::{Digest, Restore, State, Words};
use engine::strategy::Strategy;
use engine::time::Nanos;
use std::vec::Vec;

/// Rows of one run.
const ROWS: usize = 1_500;

struct World {
    scene: Scene,
    random: Random,
    /// Log of each instrument's price over its first.
    drift: Vec<f64>,
    start: Vec<f64>,
    update: u64,
    trades: u64,
    last_takes: Vec<Option<Take>>,
}

impl World {
    fn new(scene: Scene, start: &[f64], seed: u64) -> Self {
        let count = scene.instruments.len();
        Self {
            scene,
            random: Random::new(seed),
            drift: std::vec![0.0; count],
            start: start.to_vec(),
            update: 1,
            trades: 0,
            last_takes: std::vec![None; count],
        }
    }

    fn pick(&mut self, count: usize) -> usize {
        (self.random.bits() % count.max(1) as u64) as usize
    }

    /// A price in ticks near to what the instrument is worth, or, seldom, anything.
    fn price(&mut self, at: usize) -> i64 {
        match self.pick(60) {
            0 => 0,
            1 => (self.random.bits() >> 12) as i64,
            2 => 1,
            _ => {
                self.drift[at] += (self.random.unit() - 0.5) * 0.004;
                let tick = self.scene.instruments[at].tick.step_f64();
                (self.start[at] * libm::exp(self.drift[at]) / tick) as i64
            }
        }
    }

    fn qty(&mut self) -> i64 {
        match self.pick(30) {
            0 => 0,
            1 => (self.random.bits() >> 17) as i64,
            _ => 1 + (self.random.bits() % 5_000) as i64,
        }
    }

    fn row(&mut self, at: usize, body: Body) {
        self.update += 1;
        self.scene.row(at as u16, self.update, body);
    }

    fn snapshot(&mut self, at: usize) {
        let (mid, mut rows) = (self.price(at), Vec::new());
        let crossed = if self.pick(25) == 0 { -3 } else { 1 };
        for side in Side::BOTH {
            let levels = if self.pick(25) == 0 { 0 } else { 1 + self.pick(4) as i64 };
            for level in 0..levels {
                let price = Price((mid - side.sign() * crossed * (level + 1)).max(0));
                let qty = Qty(self.qty());
                rows.push(Body::Level { side, price, qty });
            }
        }
        self.update += 1;
        let (now, last) = (self.scene.now(), rows.len().saturating_sub(1));
        let events = rows.into_iter().enumerate().map(|(place, body)| {
            let first = if place == 0 { flag::FIRST } else { 0 };
            let end = if place == last { flag::LAST } else { 0 };
            Event::new(now, InstrumentId(at as u16), self.update, body)
                .with(flag::SNAPSHOT | first | end)
        });
        let events: Vec<Event> = events.collect();
        self.scene.events(events);
    }

    fn market(&mut self) {
        let at = self.pick(self.start.len());
        match self.pick(24) {
            0..=5 => self.snapshot(at),
            6..=13 => {
                let bid = self.price(at);
                let spread = if self.pick(30) == 0 { -1 } else { 1 + self.pick(5) as i64 };
                let (bid_qty, ask_qty) = (Qty(self.qty()), Qty(self.qty()));
                let ask = Price((bid + spread).max(0));
                self.row(at, Body::Best { bid: Price(bid), bid_qty, ask, ask_qty });
            }
            14..=18 => {
                let taker = Side::BOTH[self.pick(2)];
                let (price, qty) = (Price(self.price(at)), Qty(self.qty()));
                self.row(at, Body::Trade { price, qty, taker });
            }
            19 => self.row(at, Body::Gap { reason: GapReason::Sequence, expected: 1 }),
            20 => {
                let status = if self.pick(2) == 0 { Status::Halted } else { Status::Trading };
                self.row(at, Body::Status(status));
                self.row(at, Body::Status(Status::Trading));
            }
            21 => {
                let mark = Notional((self.start[at] * 1e8) as i64);
                self.row(at, Body::Mark { mark, index: mark });
            }
            22 => {
                let rate = Amount((self.random.unit() * 4e5) as i64 - 200_000);
                let next_ms = self.scene.now().as_ms() + self.random.bits() % 30_000_000;
                self.row(at, Body::FundingRate { rate, next_ms });
            }
            _ => {
                let venue = usize::from(self.scene.instruments[at].venue.0);
                let states = [LinkState::Stale, LinkState::Down, LinkState::Up, LinkState::Fresh];
                let state = states[self.pick(4)];
                self.row(venue, Body::Link { link: Link::Market, state });
                self.row(venue, Body::Link { link: Link::Market, state: LinkState::Up });
            }
        }
    }

    /// Something becomes of a live order.
    fn report(&mut self) {
        let live: Vec<Order> = self.scene.engine.desks[0].orders.live().copied().collect();
        if live.is_empty() {
            return self.market();
        }
        let order = live[self.pick(live.len())];
        let (id, at) = (order.id(), order.instrument.index());
        let done = |end| Body::Done { order: id, end, reason: Reason::None, filled: None };
        let body = match (self.pick(16), order.state) {
            (0, _) => done(End::Rejected),
            (1, _) => Body::Unknown { order: id, request: Request::Place },
            (2, _) => Body::Absent { order: id },
            (3, OrderState::PendingNew) if order.tif.is_immediate() => done(End::Expired),
            (4..=6, OrderState::PendingCancel) => done(End::Cancelled),
            (4..=9, OrderState::PendingNew) => Body::Accepted { order: id, venue_order: 7 },
            (4..=9, OrderState::PendingAmend) => {
                Body::Amended { order: id, price: None, qty: order.qty }
            }
            (4..=6, OrderState::Unknown) => done(End::Cancelled),
            _ => {
                let left = order.remaining().0.max(1);
                let part = 1 + (self.random.bits() % left as u64) as i64;
                let qty = Qty(if self.pick(2) == 0 { left } else { part });
                self.trades += 1;
                Body::Fill(Fill {
                    order: id,
                    trade: self.trades,
                    side: order.side,
                    price: order.price,
                    qty,
                    fee: Amount(0),
                    fee_asset: self.scene.instruments[at].quote,
                    maker: !order.tif.is_immediate(),
                })
            }
        };
        self.row(at, body);
    }

    fn turn(&mut self) {
        let pause = match self.pick(100) {
            0 => 30_000_000_000,
            1..=3 => 2_000_000_000,
            _ => self.random.bits() % 40_000_000,
        };
        self.scene.wait(Nanos(pause));
        match self.pick(10) {
            0..=4 => self.market(),
            5..=7 => self.report(),
            8 => self.row(0, Body::Timer),
            _ => {
                let at = self.pick(self.start.len());
                let venue = usize::from(self.scene.instruments[at].venue.0);
                if self.pick(12) == 0 {
                    let link = Link::Orders;
                    self.row(venue, Body::Link { link, state: LinkState::Down });
                    self.row(venue, Body::Link { link, state: LinkState::Up });
                    self.row(venue, Body::Reconcile { done: false });
                }
                self.row(venue, Body::Reconcile { done: true });
            }
        }
    }

    /// What holds of every plan.
    fn plans_are_sound(&mut self) {
        let desk = &self.scene.engine.desks[0];
        for (at, plan) in desk.plans.iter().enumerate() {
            let prices = |side: Side| plan.quotes(side).iter().map(|quote| quote.price);
            let (bid, ask) = (prices(Side::Buy).max(), prices(Side::Sell).min());
            if let (Some(bid), Some(ask)) = (bid, ask) {
                assert!(bid < ask, "{at}: bids {bid} at asks {ask}");
            }
            let Some(take) = plan.take else { continue };
            assert!(take.price.0 > 0 && take.qty.0 > 0, "{at}: {take:?}");
            if let Some(last) = self.last_takes[at].replace(take) {
                let grows = take.id > last.id || take == last;
                assert!(grows, "{at}: {take:?} after {last:?}");
            }
        }
    }

    /// What is saved comes back, and goes on as what was saved.
    fn it_saves(&self) {
        let strategy = self.scene.strategy();
        let mut words: Vec<u64> = Vec::new();
        strategy.save(&mut words);
        let mut source = Words::new(&words);
        let copy = Any::restore(&mut source, &self.scene.instruments);
        let copy = copy.expect("what was saved is taken back");
        assert!(source.is_empty(), "words are left");
        assert_eq!(Digest::of(&copy), Digest::of(strategy));
        let mut other = strategy.clone();
        assert!(other.load(&mut Words::new(&words[..words.len() - 1])).is_none());
        let mut next = strategy.settings().build(&self.scene.instruments).unwrap();
        next.carry(strategy);
        assert_eq!(next.settings(), strategy.settings());
    }
}

/// A strategy, its instruments, the prices that these begin at, and what else must hold.
struct Case<'a> {
    name: &'a str,
    parameters: &'a [(&'a str, f64)],
    instruments: &'a [&'a str],
    prices: &'a [f64],
    /// Most that any leg may hold with all quotes that it plans filled, base units; orders that
    /// stood before are the gate's to count, and takes bring positions back.
    quoted_max: f64,
}

/// Worlds of several seeds for one strategy; how many takes and quotes it planned in all.
fn run(case: &Case<'_>, seeds: core::ops::Range<u64>) -> (usize, usize) {
    let (mut takes, mut quotes) = (0, 0);
    for seed in seeds {
        let scene = Scene::new(case.name, case.parameters, case.instruments);
        let mut world = World::new(scene, case.prices, seed);
        for at in 0..case.prices.len() {
            world.snapshot(at);
        }
        let told = std::format!("{} {:?} seed {seed}", case.name, case.parameters);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for turn in 0..ROWS {
                world.turn();
                world.plans_are_sound();
                bounded(&world.scene, case.quoted_max);
                banded(&world.scene, case.parameters);
                let plans = &world.scene.engine.desks[0].plans;
                takes += plans.iter().filter(|plan| plan.take.is_some()).count();
                quotes += plans.iter().filter(|p| !p.quotes(Side::Buy).is_empty()).count();
                if turn % 100 == 0 {
                    world.it_saves();
                }
            }
        }));
        if let Err(cause) = outcome {
            std::eprintln!("{told}");
            std::panic::resume_unwind(cause);
        }
    }
    (takes, quotes)
}

/// Nothing is planned that would lead a position beyond its bound. In the midst of a message plans
/// are not made anew.
fn bounded(scene: &Scene, most: f64) {
    let desk = &scene.engine.desks[0];
    for (at, plan) in desk.plans.iter().enumerate() {
        let spec = &scene.instruments[at];
        if scene.engine.market.listings()[at].book.state() == BookState::Partial {
            continue;
        }
        let base = |lots: i64| lots as f64 * spec.lot.step_f64();
        let held = desk.positions[at].base.0 as f64 / 1e8;
        for side in Side::BOTH {
            let quoted: i64 = plan.quotes(side).iter().map(|quote| quote.qty.0).sum();
            let most_held = held * side.sign() as f64 + base(quoted);
            let (adds, beyond) = (quoted > 0 && most_held > 0.0, most_held - most);
            assert!(!adds || beyond < base(1), "{at} {side:?}: {beyond} too much, held {held}");
        }
    }
}

/// No bid above the ceiling and no ask below the floor, where there are such parameters.
fn banded(scene: &Scene, parameters: &[(&str, f64)]) {
    let found = |name: &str| parameters.iter().find(|(key, _)| *key == name);
    let tick = scene.instruments[0].tick.step_f64();
    let plan = &scene.engine.desks[0].plans[0];
    let prices = |side: Side| plan.quotes(side).iter().map(|quote| quote.price.0 as f64 * tick);
    if let Some((_, ceiling)) = found("price_ceiling") {
        assert!(prices(Side::Buy).all(|price| price <= *ceiling), "{plan:?}");
    }
    if let Some((_, floor)) = found("price_floor") {
        assert!(prices(Side::Sell).all(|price| price >= *floor), "{plan:?}");
    }
}

const SPOT: &str = "BTC/USDT 0 spot 0.1 0.001 fees 1 5 min 5";

#[test]
fn formulas_hold() {
    for name in ["avellaneda-stoikov", "gueant-lehalle"] {
        let (takes, quotes) = run(
            &Case {
                name,
                parameters: &[
                    ("sigma_start", 1.0),
                    ("kappa_start", 1.0),
                    ("order_qty", 1.0),
                    ("inventory_max", 5.0),
                    ("levels", 3.0),
                ],
                instruments: &[SPOT],
                prices: &[1000.0],
                quoted_max: 5.0,
            },
            0..20,
        );
        assert!(takes == 0 && quotes > 1000, "{takes} {quotes}");
    }
}

#[test]
fn market_making_holds() {
    for more in [
        &[("inventory", 0.0)][..],
        &[("ping_pong", 1.0)],
        &[("hanging", 1.0), ("join", 1.0), ("tolerance_bps", 5.0)],
        &[("join", 2.0), ("refresh_s", 1.0), ("reference", 1.0), ("imbalance_bps", 5.0)],
        &[("inventory", 2.0), ("reference", 2.0), ("bid_spread_bps", 0.0)],
        &[("price_ceiling", 1000.5), ("price_floor", 999.5), ("hanging", 1.0), ("refresh_s", 0.5)],
    ] {
        let mut parameters = std::vec![
            ("order_qty", 1.0),
            ("inventory_max", 4.0),
            ("levels", 4.0),
            ("fill_pause_s", 0.05),
        ];
        parameters.extend(more);
        let case = Case {
            name: "market-making",
            parameters: &parameters,
            instruments: &[SPOT],
            prices: &[1000.0],
            quoted_max: 4.0,
        };
        let (takes, quotes) = run(&case, 0..8);
        assert!(takes == 0 && quotes > 100, "{more:?}: {takes} {quotes}");
    }
}

#[test]
fn cross_market_holds() {
    let case = Case {
        name: "cross-market",
        parameters: &[
            ("order_qty", 1.0),
            ("position_max", 4.0),
            ("unhedged_max", 1.5),
            ("profit_bps", -50.0),
            ("profit_min_bps", -60.0),
        ],
        instruments: &[SPOT, "BTC/USDT 1 perp 0.5 0.01 fees 2 5 min 5"],
        prices: &[1000.0, 1000.0],
        quoted_max: 4.0,
    };
    let (takes, quotes) = run(&case, 0..30);
    assert!(takes > 100 && quotes > 1000, "{takes} {quotes}");
}

#[test]
fn arbitrage_holds() {
    for more in [&[("haircut_z", 0.0)][..], &[("sigma_warm_up_s", 0.0), ("haircut_z", 0.1)]] {
        let mut parameters = std::vec![("order_qty", 1.0), ("position_max", 4.0), ("pause_s", 0.0)];
        parameters.extend(more);
        let case = Case {
            name: "arbitrage",
            parameters: &parameters,
            instruments: &[
                SPOT,
                "BTC/USDT 1 perp 0.5 0.01 fees 2 5 min 5",
                "BTC/USDT 2 spot 0.05 0.001 fees 2 5",
            ],
            prices: &[1000.0, 1002.0, 1000.0],
            quoted_max: 1e9,
        };
        let (takes, quotes) = run(&case, 0..15);
        assert!(takes > 100 && quotes == 0, "{takes} {quotes}");
    }
}

#[test]
fn triangular_holds() {
    for more in [&[("pause_s", 0.0)][..], &[("length_max", 4.0), ("same_venue", 0.0)]] {
        let mut parameters = std::vec![("value_max", 5000.0), ("profit_min_bps", 0.0)];
        parameters.extend(more);
        let case = Case {
            name: "triangular",
            parameters: &parameters,
            instruments: &[
                "BTC/USDT 0 spot 0.1 0.001 fees 1 5 min 5",
                "ETH/USDT 0 spot 0.01 0.01 fees 2 5",
                "ETH/BTC 0 spot 0.00001 0.01 fees 2 5",
                "ETH/BTC 1 perp 0.00001 0.01 fees 2 5",
            ],
            prices: &[50000.0, 2000.0, 0.04, 0.04],
            quoted_max: 0.0,
        };
        let (takes, quotes) = run(&case, 0..15);
        assert!(takes > 100 && quotes == 0, "{takes} {quotes}");
    }
}

#[test]
fn basis_holds() {
    for execution in [0.0, 1.0, 2.0] {
        let case = Case {
            name: "basis",
            parameters: &[
                ("order_qty", 1.0),
                ("position_max", 4.0),
                ("threshold_bps", -40.0),
                ("exit_bps", -50.0),
                ("reverse", 1.0),
                ("pause_s", 0.0),
                ("execution", execution),
            ],
            instruments: &[SPOT, "BTC/USDT 1 perp 0.5 0.01 fees 2 5 min 5"],
            prices: &[1000.0, 1001.0],
            quoted_max: 4.0,
        };
        let (takes, quotes) = run(&case, 0..15);
        assert!(takes > 100 && (quotes > 0) == (execution > 0.0), "{takes} {quotes}");
    }
}

#[test]
fn pairs_hold() {
    let case = Case {
        name: "pairs",
        parameters: &[
            ("notional", 1000.0),
            ("sample_s", 0.02),
            ("window_half_life_s", 1.0),
            ("warm_up_s", 1.0),
            ("entry_z", 1.0),
            ("edge_min_bps", -1000.0),
            ("beta_min", 0.001),
            ("rest_s", 0.1),
            ("settle_s", 0.2),
        ],
        instruments: &[SPOT, "ETH/USDT 1 perp 0.01 0.01 fees 2 5 min 5"],
        prices: &[1000.0, 100.0],
        quoted_max: 0.0,
    };
    let (takes, quotes) = run(&case, 0..20);
    assert!(takes > 50 && quotes == 0, "{takes} {quotes}");
}

#[test]
fn execution_holds() {
    for algorithm in 0..5_u32 {
        for passive in [0.0, 1.0] {
            let case = Case {
                name: "execution",
                parameters: &[
                    ("algorithm", f64::from(algorithm)),
                    ("passive", passive),
                    ("qty", 50.0),
                    ("display_qty", 1.0),
                    ("side", f64::from(algorithm % 2)),
                    ("duration_s", 90.0),
                    ("pause_s", 0.0),
                    ("run", 1.0),
                ],
                instruments: &[
                    SPOT,
                    "BTC/USDT 1 perp 0.5 0.01 fees 2 5 min 5",
                    "BTC/USDT 2 spot 0.05 0.001 fees 2 5",
                ],
                prices: &[1000.0, 1002.0, 1000.0],
                quoted_max: 60.0,
            };
            let (takes, quotes) = run(&case, 0..4);
            let both = takes + quotes;
            assert!(both > 10 || algorithm % 2 == 1, "{algorithm}: {takes} {quotes}");
        }
    }
}
