//! What follows a filled order, as text in and text out; and that nothing is made or lost by it.

use super::attached::Follower;
use super::perp_tests::{account, act, consistent, sums, venue};
use super::trigger::{By, Fate, When};
use super::*;
use proptest::prelude::*;

/// Lots that stand for a whole position.
const WHOLE: i64 = 1_000;

/// `NAME SIDE QTY@PRICE with [tp@PRICE] [sl@PRICE] [whole|part]`, `waiting NAME`, `fire`, or what
/// [`act`] takes. `whole` legs close the position, `part` legs go with it; others only follow.
fn perform(venue: &mut Venue, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["fire"] => {
            venue.fire(1);
            venue.commit(1);
            "ok".into()
        }
        ["waiting", name] => {
            let tell = |one: &Trigger| {
                let (kind, at) = match one.when {
                    When::Above(at) => ("above", at),
                    When::Below(at) => ("below", at),
                    When::Trailing { .. } => ("trails", 0),
                };
                format!("{}@{at} {}", kind, one.order.qty)
            };
            let all: Vec<String> = venue.waiting(account(venue, name)).map(tell).collect();
            if all.is_empty() { "none".into() } else { all.join(", ") }
        }
        [name, side, size, "with", rest @ ..] => {
            let side = Side::word(side).unwrap();
            let (qty, price) = size.split_once('@').unwrap();
            let new = NewOrder {
                side,
                qty: qty.parse().unwrap(),
                price: price.parse().unwrap(),
                client: format!("auto{}", venue.next_order),
                ..NewOrder::default()
            };
            let (tied, sole) = match rest.last() {
                Some(&"whole") => (true, true),
                Some(&"part") => (true, false),
                _ => (false, false),
            };
            let legs = rest.iter().filter_map(|word| word.split_once('@'));
            let legs = legs.map(|(kind, at)| {
                let at = at.parse().unwrap();
                let up = (kind == "tp") == (side == Side::Buy);
                let order = NewOrder {
                    side: side.other(),
                    kind: Kind::Market,
                    reduce: tied,
                    qty: if sole { WHOLE } else { 0 },
                    tag: if sole { kind.into() } else { String::new() },
                    ..NewOrder::default()
                };
                let when = if up { When::Above(at) } else { When::Below(at) };
                Follower { when, by: By::Last, order, tied, sole }
            });
            let id = account(venue, name);
            let placed = venue.place_with(id, new, (legs.collect(), false), 1);
            venue.commit(1);
            match placed {
                Ok(placed) => format!("{}/{}", placed.order.filled, placed.order.qty),
                Err(refusal) => format!("{refusal:?}"),
            }
        }
        _ => act(venue, line),
    }
}

fn check(script: &str) {
    let mut venue = venue(0);
    let before = sums(&venue);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (input, expect) = line.split_once("=>").unwrap();
        assert_eq!(perform(&mut venue, input), expect.trim(), "{line}");
        assert_eq!(sums(&venue), before, "{line}");
        consistent(&venue);
    }
}

#[test]
fn a_pair_follows_with_what_was_filled() {
    check(
        "ann BUY 5@100 with tp@110 sl@90 part => 0/5
         waiting ann => none
         house SELL 5@100 => ok
         waiting ann => above@110 5, below@90 5
         house BUY 9@90 => ok
         house SELL 1@90 => ok
         fire => ok
         waiting ann => none
         show ann => flat 950",
    );
}

#[test]
fn what_goes_with_a_position_ends_with_it() {
    check(
        "house SELL 5@100 => ok
         ann BUY 5@100 with tp@110 sl@90 whole => 5/5
         waiting ann => above@110 1000, below@90 1000
         house BUY 5@99 => ok
         ann SELL 5 => FILLED 5/5
         fire => ok
         waiting ann => none",
    );
}

#[test]
fn a_position_is_watched_from_its_first_lot() {
    check(
        "house SELL 2@100 => ok
         ann BUY 5@100 with tp@110 sl@90 whole => 2/5
         waiting ann => above@110 1000, below@90 1000
         house SELL 3@100 => ok
         waiting ann => above@110 1000, below@90 1000",
    );
}

#[test]
fn a_second_whole_takes_the_place_of_the_first() {
    check(
        "house SELL 8@100 => ok
         ann BUY 5@100 with tp@110 sl@90 whole => 5/5
         ann BUY 3@100 with sl@95 whole => 3/3
         waiting ann => above@110 1000, below@95 1000
         house BUY 9@95 => ok
         house SELL 1@95 => ok
         fire => ok
         show ann => flat 960",
    );
}

#[test]
fn a_price_that_is_there_already_fires_at_once() {
    check(
        "house SELL 5@100 => ok
         house BUY 9@99 => ok
         ann BUY 5@100 with sl@100 tp@110 part => 5/5
         waiting ann => none
         show ann => flat 995",
    );
}

#[test]
fn what_follows_outlives_the_process() {
    let dir = std::env::temp_dir().join(format!("exchange-attached-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let mut first = venue(0);
    first.journal = Some(Journal::start(&dir, first.snapshot(0)).unwrap());
    perform(&mut first, "ann BUY 5@100 with tp@110 sl@90 part");
    let mut again = venue(0);
    again.restore(Journal::recover(&dir).unwrap().unwrap());
    perform(&mut again, "house SELL 5@100");
    assert_eq!(perform(&mut again, "waiting ann"), "above@110 5, below@90 5");
    assert!(again.triggers.values().all(|one| one.fate == Fate::Waiting && one.tied));
    let _ = std::fs::remove_dir_all(&dir);
}

fn step() -> impl Strategy<Value = String> {
    let name = prop_oneof![Just("ann"), Just("bob")];
    let side = prop_oneof![Just("BUY"), Just("SELL")];
    let mode = prop_oneof![Just("whole"), Just("part"), Just("")];
    let legs = (95..106_i64, 95..106_i64, 0..3_u8).prop_map(|(tp, sl, which)| match which {
        0 => format!("tp@{tp}"),
        1 => format!("sl@{sl}"),
        _ => format!("tp@{tp} sl@{sl}"),
    });
    prop_oneof![
        4 => (name.clone(), side.clone(), 1..20_i64, 95..106_i64, legs, mode).prop_map(
            |(name, side, qty, price, legs, mode)| {
                format!("{name} {side} {qty}@{price} with {legs} {mode}")
            }
        ),
        2 => (name.clone(), side.clone(), 1..20_i64, 95..106_i64)
            .prop_map(|(name, side, qty, price)| format!("{name} {side} {qty}@{price}")),
        4 => (side, 1..40_i64, 95..106_i64)
            .prop_map(|(side, qty, price)| format!("house {side} {qty}@{price}")),
        2 => Just("fire".to_string()),
        1 => (80..125_i64).prop_map(|price| format!("mark {price}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_made_or_lost(steps in proptest::collection::vec(step(), 1..80)) {
        let mut venue = venue(crate::symbol::SCALE / 1000);
        let before = sums(&venue);
        for step in &steps {
            perform(&mut venue, step);
            prop_assert_eq!(sums(&venue), before, "{}", step);
            consistent(&venue);
        }
        // What goes with a position stands on its side of it.
        venue.fire(1);
        for one in venue.triggers.values().filter(|one| one.tied && one.fate == Fate::Waiting) {
            let position = venue.account(one.account).position(one.order.symbol, one.order.leg);
            prop_assert_eq!(position.closing(), Some(one.order.side));
        }
    }
}
