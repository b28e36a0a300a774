//! Stops that wait at the venue while the engine is dead.

use crate::exchange::Exchange;
use crate::harness::{Folder, ctl, until};
use crate::room::agree;
use crate::trader::{Trader, state};
use crate::wire::Wire;
use shm::Snapshot;
use shm::panel::EngineState;

/// How many held orders are in this state.
fn held(seen: &Snapshot, word: &str) -> usize {
    let orders = seen.orders.iter().flat_map(|panel| panel.orders.iter());
    orders.filter(|order| order.state.as_str().starts_with(word)).count()
}

#[test]
fn a_stop_fires_at_the_venue_while_the_engine_is_dead() {
    let folder = Folder::new("stop-alone");
    let exchange = Exchange::start(&folder);
    let wire = Wire::to(exchange.address);
    let mut trader = Trader::new(&folder, &exchange, &wire, &[]);
    trader.start();
    let seen = trader.until_quotes();
    ctl(&folder, &["pause"], 0);
    until("no order at the exchange", || (exchange.open() == 0).then_some(()));
    let panel = seen.instruments.iter().find(|one| one.symbol.as_str() == "BTCUSDT").unwrap();
    let price = panel.bids.first().unwrap().price.0;
    // One a little below the price and one a little above it: one of them fires before long.
    for (number, side, away) in [("7", "sell", -3), ("8", "buy", 3)] {
        let stop = panel.tick.decimal(price + away * price / 40_000).to_string();
        let what = ["hold", "--instrument", "BTCUSDT", "--number", number, "--qty", "0.01"];
        ctl(&folder, &[&what[..], &["--side", side, "--stop", &stop]].concat(), 0);
    }
    trader.until("both at the venue", |seen| held(seen, "at venue") == 2);
    until("both at the exchange", || (exchange.open() == 2).then_some(()));
    trader.kill();
    until("one that fired", || (exchange.open() < 2).then_some(()));
    trader.start();
    trader.until("quoting", |seen| state(seen) == EngineState::Quoting);
    trader.until("what fired is booked", |seen| held(seen, "at venue") < 2);
    ctl(&folder, &["release"], 0);
    trader.until("nothing held", |seen| held(seen, "at venue") + held(seen, "fired") == 0);
    let fills = agree(&folder, &exchange, &mut trader);
    assert!(fills >= 1, "{fills}");
    ctl(&folder, &["stop"], 0);
    assert_eq!(trader.ended().code, Some(0));
}
