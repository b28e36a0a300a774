//! Orders that sleep until their price comes, as text in and text out.

use super::tests::{act, check, venue};
use super::*;

#[test]
fn stops_and_take_profits_wake_at_their_price() {
    check(
        "maker SELL LIMIT 100@100 #a => NEW 0/100
         taker BUY LIMIT 10@100 => FILLED 10/10 10@100
         taker BUY LIMIT 20@110 #up up@100 => WouldTrigger
         taker BUY LIMIT 20@100 #up up@105 => NEW 0/20
         maker SELL LIMIT 20@90 #profit up@104 => NEW 0/20
         maker BUY LIMIT 30@95 #b => NEW 0/30
         taker SELL LIMIT 20@94 #down down@95 => NEW 0/20
         pulse => ok
         show #up => sleeps NEW 0/20
         taker SELL LIMIT 10@95 => FILLED 10/10 10@95
         pulse => ok
         show #down => FILLED 20/20
         cancel #a => CANCELLED User 10/100
         maker SELL LIMIT 10@106 => NEW 0/10
         taker BUY LIMIT 10@106 => FILLED 10/10 10@106
         pulse => ok
         show #up => FILLED 20/20
         show #profit => FILLED 20/20",
    );
}

#[test]
fn a_sleeping_order_holds_money_until_it_is_cancelled() {
    check(
        "free taker => 1000000 1000000
         taker BUY LIMIT 100000@0 #a up@200000 => NEW 0/100000
         free taker => 1000000 940000
         taker SELL MARKET 100000 #b down@100 => NEW 0/100000
         free taker => 900000 940000
         taker BUY MARKET 100000 #c up@400000 => NEW 0/100000
         free taker => 900000 876000
         taker SELL LIMIT 900001@0 #d down@100 => Balance
         taker BUY LIMIT 1500000@0 #d up@200000 => Balance
         taker BUY LIMIT 100@0 #a => Duplicate
         taker BUY LIMIT 100@0 #a up@200000 => Duplicate
         amend #a 1000 => Amend
         cancel #a => CANCELLED User 0/100000
         cancel #b => CANCELLED User 0/100000
         cancel #c => CANCELLED User 0/100000
         free taker => 1000000 1000000",
    );
}

#[test]
fn time_in_force_counts_from_when_it_wakes() {
    check(
        "maker SELL LIMIT 10@100 => NEW 0/10
         maker BUY LIMIT 30@90 => NEW 0/30
         taker SELL LIMIT/FOK 40@90 #fok down@100 => NEW 0/40
         taker SELL LIMIT/IOC 40@90 #ioc down@100 => NEW 0/40
         taker BUY LIMIT 10@100 => FILLED 10/10 10@100
         pulse => ok
         show #fok => EXPIRED Fok 0/40
         show #ioc => EXPIRED Ioc 30/40
         pulse => ok
         free taker => 999979 1000011",
    );
}

#[test]
fn a_market_order_wakes_with_the_money_that_there_is_then() {
    check(
        "maker SELL LIMIT 10@100 => NEW 0/10
         taker BUY LIMIT 10@100 => FILLED 10/10 10@100
         taker BUY MARKET 1000 #enough up@110 => NEW 0/1000
         maker SELL LIMIT 10@120 => NEW 0/10
         maker SELL LIMIT 990@130 => NEW 0/990
         taker BUY LIMIT 10@120 => FILLED 10/10 10@120
         pulse => ok
         show #enough => EXPIRED NoLiquidity 990/1000
         taker BUY MARKET 1600000 #short up@140 => NEW 0/1600000
         maker SELL LIMIT 10@150 => NEW 0/10
         taker BUY LIMIT 10@150 => FILLED 10/10 10@150
         maker SELL LIMIT 900000@20000000 => NEW 0/900000
         pulse => ok
         show #short => EXPIRED Trigger 0/1600000",
    );
}

#[test]
fn what_was_traded_before_an_order_came_does_not_wake_it() {
    check(
        "maker SELL LIMIT 20@100 => NEW 0/20
         maker BUY LIMIT 10@90 => NEW 0/10
         taker SELL LIMIT 10@90 => FILLED 10/10 10@90
         taker BUY LIMIT 10@100 => FILLED 10/10 10@100
         taker SELL LIMIT 10@80 #a down@95 => NEW 0/10
         pulse => ok
         show #a => sleeps NEW 0/10",
    );
}

#[test]
fn a_spike_between_two_looks_wakes_in_turn() {
    check(
        "maker BUY LIMIT 10@95 => NEW 0/10
         maker BUY LIMIT 10@90 => NEW 0/10
         maker SELL LIMIT 20@100 => NEW 0/20
         taker BUY LIMIT 9@100 => FILLED 9/9 9@100
         taker SELL LIMIT 10@90 #second down@90 => NEW 0/10
         taker SELL LIMIT 10@90 #first down@95 => NEW 0/10
         taker SELL LIMIT 9@95 => FILLED 9/9 9@95
         taker BUY LIMIT 9@100 => FILLED 9/9 9@100
         pulse => ok
         show #first => FILLED 10/10
         show #second => sleeps NEW 0/10
         pulse => ok
         show #second => PARTIALLY_FILLED 1/10",
    );
}

#[test]
fn five_may_wait_per_symbol() {
    let mut venue = venue();
    for n in 0..5 {
        let line = format!("taker SELL LIMIT 100@0 #{n} down@100");
        assert_eq!(act(&mut venue, &line), "NEW 0/100");
    }
    assert_eq!(act(&mut venue, "taker SELL LIMIT 100@0 #5 down@100"), "StopOrders");
    assert_eq!(act(&mut venue, "taker SELL LIMIT 100@0 #5"), "NEW 0/100");
}

#[test]
fn sleeping_orders_outlive_the_process() {
    let dir = std::env::temp_dir().join(format!("exchange-stops-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let mut first = venue();
    first.journal = Some(Journal::start(&dir, first.snapshot(0)).unwrap());
    act(&mut first, "taker SELL LIMIT 100@100 #a down@100");
    act(&mut first, "taker SELL LIMIT 100@200000 #b down@100000");
    act(&mut first, "maker BUY LIMIT 20@90000 #c");
    act(&mut first, "taker SELL LIMIT 20@90000 #d");
    act(&mut first, "pulse");
    let mut again = venue();
    again.restore(Journal::recover(&dir).unwrap().unwrap());
    assert_eq!(act(&mut again, "show #a"), "sleeps NEW 0/100");
    assert_eq!(act(&mut again, "show #b"), "NEW 0/100");
    assert_eq!(again.listing(0).best(Side::Sell), Some((6_200_000, 100)));
    assert_eq!(act(&mut again, "free taker"), act(&mut first, "free taker"));
    act(&mut again, "maker BUY LIMIT 50@100 #e");
    act(&mut again, "taker SELL LIMIT 50@100 #f");
    act(&mut again, "pulse");
    assert_eq!(act(&mut again, "show #a"), "NEW 0/100");
    let _ = std::fs::remove_dir_all(&dir);
}
