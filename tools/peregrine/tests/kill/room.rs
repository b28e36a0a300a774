//! A disk that is full, and one that is waited for.

use crate::books::Books;
use crate::compare::differences;
use crate::exchange::Exchange;
use crate::harness::{Folder, ctl, until};
use crate::trader::{Trader, orders, state};
use crate::wire::Wire;
use shm::panel::EngineState;

/// The three ledgers agree once the engine is paused.
pub fn agree(folder: &Folder, exchange: &Exchange, trader: &mut Trader) -> usize {
    ctl(folder, &["pause"], 0);
    trader.until("no order", |seen| orders(seen) == 0);
    until("no order at the exchange", || (exchange.open() == 0).then_some(()));
    let mut books = Books::of(&trader.journal);
    let mut last = Vec::new();
    let began = std::time::Instant::now();
    loop {
        assert!(began.elapsed().as_secs() < 10, "{last:?}");
        let (ours, theirs) = (trader.look().unwrap(), exchange.ledger());
        last = match books.read() {
            Ok(()) => differences(&theirs, &books, &ours),
            Err(error) => vec![error.to_string()],
        };
        if last.is_empty() {
            return books.trades.len();
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

/// Waits for fills that the engine has booked.
fn until_fills(trader: &mut Trader, least: u64) {
    trader.until("fills", |seen| {
        seen.instruments.iter().map(|one| one.bid_fills + one.ask_fills).sum::<u64>() >= least
    });
}

#[test]
fn a_full_disk_ends_quoting_in_order_and_loses_nothing() {
    let folder = Folder::new("full");
    let exchange = Exchange::start(&folder);
    let wire = Wire::to(exchange.address);
    let mut trader = Trader::new(&folder, &exchange, &wire, &[]);
    trader.start();
    until_fills(&mut trader, 3);
    trader.fill_disk();
    let ended = trader.ended();
    crate::refusals::check(&ended, &["journal"]);
    assert_eq!(exchange.open(), 0, "{}", ended.err);

    trader.start();
    trader.until_quotes();
    let fills = agree(&folder, &exchange, &mut trader);
    assert!(fills >= 3, "{fills}");
    ctl(&folder, &["resume"], 0);
    ctl(&folder, &["stop"], 0);
    assert_eq!(trader.ended().code, Some(0));
}

#[test]
fn each_row_on_disk_before_its_order_leaves_trades_and_agrees() {
    let folder = Folder::new("each");
    let exchange = Exchange::start(&folder);
    let wire = Wire::to(exchange.address);
    let changes = [("journal", "rotate_s", "1"), ("journal", "sync", "\"each\"")];
    let mut trader = Trader::new(&folder, &exchange, &wire, &changes);
    trader.start();
    until_fills(&mut trader, 3);
    agree(&folder, &exchange, &mut trader);
    ctl(&folder, &["resume"], 0);
    trader.until_quotes();
    trader.kill();
    // What left was on disk: memory had nothing to add about any order at the exchange.
    let mut books = Books::of(&trader.journal);
    books.read().unwrap();
    for order in exchange.ledger()["openOrders"].as_array().unwrap() {
        let text = order["clientOrderId"].as_str().unwrap();
        let id = engine::id::ClientId::parse(text.as_bytes()).unwrap().order;
        assert!(books.orders.contains(&id), "{id} is not on disk");
    }
    trader.start();
    trader.until("quoting", |seen| state(seen) == EngineState::Quoting);
    agree(&folder, &exchange, &mut trader);
    ctl(&folder, &["stop"], 0);
    assert_eq!(trader.ended().code, Some(0));
}
