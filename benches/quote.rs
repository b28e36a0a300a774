//! What a tick costs between book and gate: Avellaneda–Stoikov's quotes from its cached terms, and
//! the comparison of a plan with the orders that stand. The rival of the quote evaluates the paper's
//! formulas on each tick, as it is written down.

use benches::corpus;
use benches::stage::{Bar, Contestant, Stage};
use engine::id::{ClientId, InstrumentId, OrderId, Side};
use engine::intent::{Place, Tif};
use engine::num::{Amount, Price, Qty};
use engine::order::{Order, OrderState};
use engine::plan::Quote;
use engine::reconcile::{Tolerance, Wanted, Wishes, reconcile};
use engine::time::Nanos;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::hint::black_box;
use strategies::avellaneda_stoikov::quoter::{Model, Quoter, Scale};
use strategies::avellaneda_stoikov::{AvellanedaStoikov, ParameterError, Parameters};

const TICKS: usize = 256;
const MID: i64 = 6_183_763;
const AT: Nanos = Nanos(1_723_161_254_000_000_000);
const LEVELS: i64 = 5;

fn parameters() -> Parameters {
    Parameters {
        kappa_estimated: false,
        kappa_start: 0.5,
        sigma_start: 1.0,
        spread_min_bps: 1.0,
        ..Parameters::default()
    }
}

/// Best prices that walk.
fn ticks() -> Vec<(Price, Price)> {
    let mut random = SmallRng::seed_from_u64(6);
    let mut bid = MID;
    let step = |_| {
        bid += random.random_range(-5..=5);
        (Price(bid), Price(bid + random.random_range(1..4)))
    };
    (0..TICKS).map(step).collect()
}

fn quotes(stage: &mut Stage) -> Result<(), ParameterError> {
    let (instrument, ticks) = (corpus::spot(), ticks());
    let mut strategy = AvellanedaStoikov::new(parameters(), &instrument)?;
    strategy.on_best(AT, Price(MID), Price(MID + 1));
    let position = Amount(50_000);
    let mut count = 0;
    for (bid, ask) in &ticks {
        strategy.quote(position, *bid, *ask, |_, price, qty| {
            count += 1;
            assert!(price.0 > 0 && qty.0 > 0, "{price:?} {qty:?}");
        });
    }
    assert_eq!(count, 2 * TICKS, "two quotes a tick");
    let ours = || {
        for (bid, ask) in &ticks {
            strategy.quote(position, *bid, *ask, |side, price, qty| {
                black_box((side, price, qty));
            });
        }
    };
    let model = Model { sigma: 1.0, left_s: 60.0, kappa_bid: 0.5, kappa_ask: 0.5, mid: 2 * MID };
    let mut quoter = Quoter::new(parameters(), Scale::of(&instrument));
    quoter.set_position(position);
    let theirs = || {
        for (bid, ask) in &ticks {
            quoter.set_model(Some(black_box(Model { mid: bid.0 + ask.0, ..model })));
            quoter.quote(*bid, *ask, |side, price, qty| {
                black_box((side, price, qty));
            });
        }
    };
    let all = vec![Contestant::new("ours", ours), Contestant::new("formulas each tick", theirs)];
    stage.duel("avellaneda-stoikov, cached", Bar::NsMax(10.0), TICKS, all);
    Ok(())
}

/// Five levels a side as they were wanted, standing.
fn standing(side: Side) -> (Vec<Quote>, Vec<Order>) {
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
    (quotes, orders)
}

fn unchanged(stage: &mut Stage) {
    let tolerance = Tolerance {
        price_ticks: 1,
        excess_ppm: 100_000,
        shortage_ppm: 500_000,
        life_min: Nanos::ZERO,
    };
    let sides = Side::BOTH.map(|side| (side, standing(side)));
    let mut wishes = Wishes::EMPTY;
    let run = || {
        for _ in 0..TICKS {
            for (side, (quotes, orders)) in &sides {
                let (side, now) = (*side, AT);
                let wanted =
                    Wanted { side, quotes: black_box(quotes), tolerance, amends: true, now };
                reconcile(&wanted, black_box(orders).iter(), &mut wishes);
                assert!(black_box(&wishes).is_empty(), "nothing has changed");
            }
        }
    };
    let ours = vec![Contestant::new("ours", run)];
    stage.duel("reconcile 2×5 levels, unchanged", Bar::NsMax(30.0), TICKS, ours);
}

fn main() -> Result<(), ParameterError> {
    let mut stage = Stage::new("quote");
    quotes(&mut stage)?;
    unchanged(&mut stage);
    stage.finish();
    Ok(())
}
