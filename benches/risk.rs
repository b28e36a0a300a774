//! One order through the risk gate, approved and refused. No rival: the bar is a time.

use benches::corpus;
use benches::stage::{Bar, Contestant, Stage};
use engine::id::{ClientId, OrderId, Side};
use engine::instrument::Instrument;
use engine::intent::{Intent, Place, Tif};
use engine::num::{Amount, Notional, Price, Qty};
use engine::risk::{Facts, Gate, Limits};
use engine::time::Nanos;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::hint::black_box;

const ORDERS: usize = 256;
const MID: i64 = 6_183_763;
const NS_MAX: f64 = 20.0;

fn limits() -> Limits {
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

/// Orders near the touch, with what the gate is told beside each.
struct Turn<'a> {
    gate: Gate,
    orders: Vec<(Place, Facts<'a>)>,
    counter: u32,
    now: u64,
}

impl<'a> Turn<'a> {
    fn new(instrument: &'a Instrument) -> Self {
        let mut random = SmallRng::seed_from_u64(3);
        let orders = (0..ORDERS).map(|_| order(&mut random, instrument)).collect();
        Self { gate: Gate::new(limits()), orders, counter: 1, now: 1_723_161_254_087_891_268 }
    }

    /// All orders once, each a microsecond after the one before it; how many were approved.
    fn run(&mut self, killed: bool) -> usize {
        let mut approved = 0;
        for (place, facts) in &self.orders {
            self.now += 1_000;
            self.counter = self.counter.wrapping_add(1).max(1);
            let order = OrderId::new(u32::from(self.counter == 1), self.counter);
            let client = ClientId { order, cause: place.client.cause };
            let intent = Intent::Place(Place { client, ..*place });
            let now = Nanos(self.now);
            let facts = Facts { now, read_at: now, market_at: now, quoting: !killed, ..*facts };
            approved += usize::from(black_box(self.gate.check(intent, &facts)).is_ok());
        }
        approved
    }
}

fn order<'a>(random: &mut SmallRng, instrument: &'a Instrument) -> (Place, Facts<'a>) {
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
    let facts = Facts {
        now: Nanos::ZERO,
        read_at: Nanos::ZERO,
        instrument,
        quoting: true,
        mid_twice: Some(MID * 2 + random.random_range(-50..50)),
        last_trade: Some(Price(MID + random.random_range(-200..200))),
        market_at: Nanos::ZERO,
        position: Amount(random.random_range(-100_000_000..100_000_000)),
        remaining: Qty(random.random_range(0..50_000)),
        open_orders: random.random_range(0..16),
        gross: Notional(random.random_range(0..10_000_000_000_000)),
        spendable: Amount(100_000_000_000_000),
        own_opposite: Some(Price(MID + 3_000 * side.sign())),
        day_pnl: Notional(random.random_range(-10_000_000_000..10_000_000_000)),
        side_unknown: false,
        id_free: true,
    };
    (place, facts)
}

fn main() {
    let mut stage = Stage::new("risk");
    let mut instrument = corpus::spot();
    instrument.price_max = Price(100_000_000);
    instrument.qty_min = Qty(1);
    instrument.notional_min = Notional(500_000_000);
    let mut turn = Turn::new(&instrument);
    assert_eq!(turn.run(false), ORDERS, "all orders pass: {:?}", turn.gate.refusals());
    let run = || {
        black_box(turn.run(false));
    };
    stage.duel("approved", Bar::NsMax(NS_MAX), ORDERS, vec![Contestant::new("ours", run)]);
    let mut turn = Turn::new(&instrument);
    assert_eq!(turn.run(true), 0, "no order passes while nothing may be quoted");
    let run = || {
        black_box(turn.run(true));
    };
    stage.duel("refused", Bar::NsMax(NS_MAX), ORDERS, vec![Contestant::new("ours", run)]);
    stage.finish();
}
