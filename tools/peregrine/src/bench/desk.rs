//! Between book and order: quotes from cached terms, the comparison of a plan with the orders that
//! stand, and the risk gate.

use super::corpus;
use super::work::{Unfit, Work};
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::instrument::Instrument;
use engine::intent::{Intent, Place, Tif};
use engine::num::{Amount, Notional, Price, Qty};
use engine::order::{Order, OrderState};
use engine::plan::Quote;
use engine::reconcile::{Tolerance, Wanted, Wishes, reconcile};
use engine::risk::{Facts, Gate, Limits};
use engine::time::Nanos;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::hint::black_box;
use strategies::avellaneda_stoikov::{AvellanedaStoikov, Parameters};

/// Operations of a turn.
const OPS: usize = 256;
const MID: i64 = 6_183_763;
const AT: Nanos = Nanos(1_723_161_254_087_891_268);
/// Levels a side that stand.
const LEVELS: i64 = 5;

/// Parameters that quote from the first tick on.
pub fn parameters() -> Parameters {
    Parameters {
        kappa_estimated: false,
        kappa_start: 0.5,
        sigma_start: 1.0,
        spread_min_bps: 1.0,
        ..Parameters::default()
    }
}

/// Best prices that walk.
pub fn walk() -> Vec<(Price, Price)> {
    let mut random = SmallRng::seed_from_u64(6);
    let mut bid = MID;
    let step = |_| {
        bid += random.random_range(-5..=5);
        (Price(bid), Price(bid + random.random_range(1..4)))
    };
    (0..OPS).map(step).collect()
}

/// Avellaneda–Stoikov's quotes for each tick, from its cached terms.
pub struct Quotes {
    strategy: AvellanedaStoikov,
    ticks: Vec<(Price, Price)>,
}

impl Quotes {
    /// Awake, with a book.
    pub fn new() -> Result<Self, Unfit> {
        let strategy = AvellanedaStoikov::new(parameters(), &corpus::spot());
        let mut strategy = strategy.map_err(Unfit::new)?;
        strategy.on_best(AT, Price(MID), Price(MID + 1));
        let (mut bids, mut asks) = (0, 0);
        strategy.quote(Amount(0), Price(MID), Price(MID + 1), |side, _, _| match side {
            Side::Buy => bids += 1,
            Side::Sell => asks += 1,
        });
        match (bids, asks) {
            (1.., 1..) => Ok(Self { strategy, ticks: walk() }),
            _ => Err(Unfit::new("the strategy does not quote both sides")),
        }
    }
}

impl Work for Quotes {
    fn run(&mut self) -> usize {
        for (bid, ask) in &self.ticks {
            self.strategy.quote(Amount(0), *bid, *ask, |side, price, qty| {
                black_box((side, price, qty));
            });
        }
        self.ticks.len()
    }
}

/// Compares five levels a side with the same five orders standing. An operation is both sides.
pub struct Unchanged {
    sides: [(Side, Vec<Quote>, Vec<Order>); 2],
    wishes: Wishes,
}

impl Unchanged {
    /// All orders stand as they are wanted.
    pub fn new() -> Self {
        Self { sides: Side::BOTH.map(standing), wishes: Wishes::EMPTY }
    }
}

impl Default for Unchanged {
    fn default() -> Self {
        Self::new()
    }
}

fn standing(side: Side) -> (Side, Vec<Quote>, Vec<Order>) {
    let quote = |level: i64| {
        let price = Price(MID - side.sign() * (1 + level * 3));
        Quote { price, qty: Qty(1_000 + level) }
    };
    let quotes: Vec<Quote> = (0..LEVELS).map(quote).collect();
    let order = |(number, quote): (u32, &Quote)| {
        let order = OrderId::new(1, number + 1 + side.index() as u32 * LEVELS as u32);
        let place = Place {
            client: ClientId { order, cause: 0 },
            instrument: InstrumentId(0),
            side,
            price: quote.price,
            qty: quote.qty,
            tif: Tif::PostOnly,
        };
        Order { state: OrderState::Open, ..Order::new(&place, AT) }
    };
    let orders = (0..).zip(&quotes).map(order).collect();
    (side, quotes, orders)
}

impl Work for Unchanged {
    fn run(&mut self) -> usize {
        let (price_ticks, excess_ppm, shortage_ppm) = (1, 100_000, 500_000);
        let tolerance = Tolerance { price_ticks, excess_ppm, shortage_ppm, life_min: Nanos::ZERO };
        for _ in 0..OPS {
            for (side, quotes, orders) in &self.sides {
                let (side, quotes, now) = (*side, black_box(&quotes[..]), AT);
                let wanted = Wanted { side, quotes, tolerance, amends: true, now };
                reconcile(&wanted, black_box(orders).iter(), &mut self.wishes);
                assert!(black_box(&self.wishes).is_empty(), "nothing has changed");
            }
        }
        OPS
    }
}

/// Limits that no order of a bench meets.
pub fn limits() -> Limits {
    Limits {
        collar_mid_ppm: 20_000,
        collar_trade_ppm: 30_000,
        order_qty_max: Qty(100_000),
        order_notional_max: Notional(10_000_000_000_000),
        position_max: Amount(1_000_000_000),
        open_orders_max: 64,
        gross_notional_max: Notional(100_000_000_000_000),
        orders_per_s: 1_000_000,
        orders_burst: 1_000,
        market_age_max: Nanos::from_s(1),
        daily_loss_max: Notional(1_000_000_000_000),
    }
}

/// What the gate is told beside an order.
#[derive(Clone, Copy)]
struct Beside {
    mid_twice: i64,
    last_trade: Price,
    position: Amount,
    remaining: Qty,
    open_orders: usize,
    gross: Notional,
    day_pnl: Notional,
}

/// Orders through the gate: all of them pass, or none where nothing may be quoted.
pub struct Check {
    gate: Gate,
    quoting: bool,
    instrument: Instrument,
    orders: Vec<(Place, Beside)>,
    counter: u32,
    now: u64,
}

impl Check {
    /// Orders near the touch, each with facts of its own.
    pub fn new(quoting: bool) -> Self {
        let mut instrument = corpus::spot();
        instrument.price_max = Price(100_000_000);
        instrument.qty_min = Qty(1);
        instrument.notional_min = Notional(500_000_000);
        let mut random = SmallRng::seed_from_u64(3);
        let orders = (0..OPS).map(|_| order(&mut random, &instrument)).collect();
        Self { gate: Gate::new(vec![limits()]), quoting, instrument, orders, counter: 0, now: AT.0 }
    }
}

fn order(random: &mut SmallRng, instrument: &Instrument) -> (Place, Beside) {
    let side = if random.random_bool(0.5) { Side::Buy } else { Side::Sell };
    let away = random.random_range(1..2_000);
    let place = Place {
        client: ClientId { order: OrderId(0), cause: random.random_range(1..1 << 40) },
        instrument: instrument.id,
        side,
        price: Price(MID - away * side.sign()),
        qty: Qty(random.random_range(100..50_000)),
        tif: Tif::PostOnly,
    };
    let beside = Beside {
        mid_twice: MID * 2 + random.random_range(-50..50),
        last_trade: Price(MID + random.random_range(-200..200)),
        position: Amount(random.random_range(-100_000_000..100_000_000)),
        remaining: Qty(random.random_range(0..50_000)),
        open_orders: random.random_range(0..16),
        gross: Notional(random.random_range(0..10_000_000_000_000)),
        day_pnl: Notional(random.random_range(-10_000_000_000..10_000_000_000)),
    };
    (place, beside)
}

impl Work for Check {
    fn run(&mut self) -> usize {
        let mut approved = 0;
        for (place, beside) in &self.orders {
            self.now += 1_000;
            self.counter += 1;
            let now = Nanos(self.now);
            let order = OrderId::new(1, self.counter);
            let client = ClientId { order, cause: place.client.cause };
            let facts = Facts {
                now,
                read_at: now,
                instrument: &self.instrument,
                lane: 0,
                notional: Some(self.instrument.notional(place.price, place.qty)),
                shared: [false; 3],
                quoting: self.quoting,
                mid_twice: Some(beside.mid_twice),
                last_trade: Some(beside.last_trade),
                market_at: now,
                position: beside.position,
                remaining: beside.remaining,
                closes: Qty(0),
                open_orders: beside.open_orders,
                gross: beside.gross,
                spendable: Amount(100_000_000_000_000),
                own_opposite: Some(Price(MID + 3_000 * place.side.sign())),
                day_pnl: beside.day_pnl,
                side_unknown: false,
                id_free: true,
            };
            let intent = Intent::Place(Place { client, ..*place });
            approved += usize::from(black_box(self.gate.check(intent, &facts)).is_ok());
        }
        let all = self.orders.len();
        let wanted = if self.quoting { all } else { 0 };
        assert_eq!(approved, wanted, "all pass or none: {:?}", self.gate.refusals());
        all
    }
}
