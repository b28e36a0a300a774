//! Requests of linked orders: how they are made of what the engine sends, and what their answers
//! mean for each of the orders.

use super::*;
use crate::gateway::linked::Linked;
use crate::wire::{Twin, following};
use engine::condition::{By, Condition, Tie, Watched};
use engine::intent::Intent;
use std::collections::VecDeque;

fn order(n: u32, side: Side, price: i64) -> Place {
    let (price, qty, tif) = (Price(price), Qty(5), Tif::Ioc);
    Place { client: client(n), instrument: ONE, side, price, qty, tif }
}

fn until(price: i64, rises: bool) -> Condition {
    Condition { price: Price(price), by: By::Price, watched: Watched::Last, rises }
}

/// One of two that close a long position of which the last price is 10.
fn leg(n: u32, tie: Tie) -> Intent {
    let (price, rises) = if tie == Tie::Second { (12, true) } else { (8, false) };
    Intent::Conditional { order: order(n, Side::Sell, price - 1), until: until(price, rises), tie }
}

fn twin(price: i64, is_named: bool) -> Twin {
    let (limit, trigger) = (Price(price - 1), Price(price));
    Twin { price: limit, trigger, watched: Watched::Last, tif: Tif::Ioc, is_named }
}

fn pair(n: u32, is_named: bool) -> Ask {
    let (stop, until) = (order(n, Side::Sell, 7), until(8, false));
    Ask::Pair { stop, until, take: twin(12, is_named) }
}

fn bracket(n: u32) -> Ask {
    Ask::Bracket { entry: order(n, Side::Buy, 10), stop: twin(8, true), take: twin(12, true) }
}

fn made(intents: &[Intent]) -> Vec<Ask> {
    let (mut linked, mut places) = (Linked::default(), VecDeque::new());
    for intent in intents {
        linked.take(*intent, &mut places, [Nanos::ZERO; 2]);
    }
    places.into_iter().map(|(ask, _)| ask).collect()
}

#[test]
fn what_comes_one_by_one_leaves_as_one_request() {
    let entry = Intent::Entry(order(3, Side::Buy, 10));
    let both = [leg(4, Tie::First), leg(5, Tie::Second)];
    assert_eq!(made(&both), [pair(4, true)]);
    assert_eq!(made(&[entry, both[0], both[1]]), [bracket(3)]);
    // Where the venue keeps both as one order, the second bears the name of the first.
    assert_eq!(made(&[leg(4, Tie::First), leg(4, Tie::Second)]), [pair(4, false)]);
    let alone = leg(6, Tie::Alone);
    assert_eq!(made(&[alone]), [Ask::from(alone)]);
    // What belongs together is not torn apart by what came before it.
    let all = made(&[alone, entry, both[0], both[1], both[0], both[1]]);
    assert_eq!(all, [Ask::from(alone), bracket(3), pair(4, true)]);
    // An entry of which the others never came is no part of the next pair.
    let late = [leg(6, Tie::First), leg(7, Tie::Second)];
    assert_eq!(made(&[entry, late[0], late[1]]), [pair(6, true)]);
    assert_eq!(pair(4, true).places().map(|(_, more)| more), Some(1));
    assert_eq!(bracket(3).places().map(|(_, more)| more), Some(2));
}

#[test]
fn a_pair_is_refused_as_one_and_told_as_two() {
    let mut bench = Bench::ready(None);
    let id = bench.send(pair(4, true), Then::Nothing);
    bench.answer(id, no(Reason::Balance));
    let (end, reason, filled) = (End::Rejected, Reason::Balance, Some(Qty::ZERO));
    let done = |n| Body::Done { order: client(n).order, end, reason, filled };
    assert_eq!(bench.bodies(), [done(4), done(5)]);
    let id = bench.send(pair(6, false), Then::Nothing);
    bench.answer(id, no(Reason::Balance));
    assert_eq!(bench.bodies(), [done(6)], "of one name");
}

#[test]
fn of_a_pair_that_was_taken_on_each_tells_for_itself() {
    let mut bench = Bench::ready(None);
    let id = bench.send(pair(4, true), Then::Nothing);
    bench.answer(id, Verdict::Taken);
    assert_eq!(bench.bodies(), []);
    let accepted = |venue_order, n| {
        let execution = Execution::Accepted;
        let client = Some(client(n));
        Heard::Report(Report { instrument: ONE, venue_order, client, venue_ms: 0, execution })
    };
    bench.hear(accepted(71, 4));
    bench.hear(accepted(72, 5));
    let row = |n, venue_order| Body::Accepted { order: client(n).order, venue_order };
    assert_eq!(bench.bodies(), [row(4, 71), row(5, 72)]);
    // One id tells it all where both are one order.
    let id = bench.send(pair(6, false), Then::Nothing);
    bench.answer(id, Verdict::Placed { venue_order: 73 });
    assert_eq!(bench.bodies(), [row(6, 73)]);
}

#[test]
fn a_pair_without_an_answer_is_unknown_and_each_is_asked_for() {
    let mut bench = Bench::ready(None);
    bench.send(pair(4, true), Then::Nothing);
    bench.pass(2_001);
    let unknown = |n| Body::Unknown { order: client(n).order, request: Request::Place };
    assert_eq!(bench.bodies(), [unknown(4), unknown(5)]);
    for n in [4, 5] {
        let id = bench.send(query(n), Then::Nothing);
        bench.answer(id, no(Reason::UnknownOrder));
        assert_eq!(bench.bodies(), [], "it may still arrive");
    }
    bench.pass(1_000);
    for n in [4, 5] {
        let id = bench.send(query(n), Then::Nothing);
        bench.answer(id, no(Reason::UnknownOrder));
        assert_eq!(bench.bodies(), [Body::Absent { order: client(n).order }]);
    }
}

#[test]
fn of_a_bracket_the_answer_tells_the_entry_alone() {
    let entry = client(3).order;
    let mut bench = Bench::ready(None);
    let id = bench.send(bracket(3), Then::Nothing);
    bench.answer(id, no(Reason::Balance));
    let (end, reason, filled) = (End::Rejected, Reason::Balance, Some(Qty::ZERO));
    assert_eq!(bench.bodies(), [Body::Done { order: entry, end, reason, filled }]);
    let id = bench.send(bracket(3), Then::Nothing);
    bench.answer(id, Verdict::Placed { venue_order: 70 });
    assert_eq!(bench.bodies(), [Body::Accepted { order: entry, venue_order: 70 }]);
    bench.send(bracket(3), Then::Nothing);
    bench.pass(2_001);
    assert_eq!(bench.bodies(), [Body::Unknown { order: entry, request: Request::Place }]);
    assert_eq!(following(client(3), 2), client(5), "the numbers of those behind it");
}

/// A cancel of one of a list whose answer tells the ends of all.
#[test]
fn a_cancel_that_ends_a_list_tells_each() {
    let mut bench = Bench::ready(None);
    let id = bench.send(Ask::Cancel(named(4)), Then::Nothing);
    for (n, venue_order) in [(4, 71), (5, 72)] {
        let standing = Standing::Ended(End::Cancelled, Reason::None);
        let client = Some(client(n));
        let told = OrderTold { venue_order, client, standing, ..OrderTold::blank(ONE) };
        bench.hear(Heard::Ended(id, told));
    }
    bench.answer(id, Verdict::Taken);
    let (end, reason, filled) = (End::Cancelled, Reason::None, Some(Qty::ZERO));
    let done = |n| Body::Done { order: client(n).order, end, reason, filled };
    assert_eq!(bench.bodies(), [done(4), done(5)]);
}
