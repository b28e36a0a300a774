//! Linked orders when things come out of turn: fired or ended early, let go, refused by halves,
//! lost between two sessions.

use super::check_on;
use super::desk::Bench;
use super::pairs::{BRACKET, BRACKET_OF_ONE, TWO, check_one, check_two};
use crate::condition::Pairs;
use alloc::format;

#[test]
fn a_leg_that_fired_before_its_entry_was_told_filled_has_fired() {
    check_two(
        &[
            BRACKET,
            "accept 1
         fill 1 1 2
         triggered 2
         fill 1 2 3
         holds => stop 2 fired x5, take-profit 3 releasing x5
         done 3 expired 0
         fill 2 3 5
         timer
         holds
         held => 0",
        ]
        .concat(),
    );
}

#[test]
fn a_take_profit_let_go_behind_an_entry_does_not_wake_with_the_stop() {
    check_one(
        &[
            BRACKET_OF_ONE,
            "accept 1
         release 3
         holds => entry 1 fired x5, stop 2 at venue x5, take-profit 3 releasing x5
         fill 1 1 5 => cancel #2
         done 2 cancelled 0
         holds => stop 2 held x5
         +250
         tick => stop #3 sell 91:5 ioc when last down to 95",
        ]
        .concat(),
    );
}

#[test]
fn a_stop_goes_alone_where_the_gate_has_something_against_the_other() {
    for take in ["110:5 limit 140", "110:150 limit 110"] {
        let qty = take.split([':', ' ']).nth(1).unwrap();
        let sent = if qty == "5" { 5 } else { 100 };
        check_two(&format!(
            "ready
             hold 1 sell take-profit {take} group 3
             hold 2 sell stop 95:{qty} group 3
             +250
             tick
             +500
             tick
             +1000
             tick => stop #1 sell 91:{sent} ioc when last down to 95
             accept 1
             tick
             holds => take-profit 1 held x{qty}, stop 2 at venue x{qty}"
        ));
    }
}

#[test]
fn a_pair_of_which_the_second_ends_a_moment_later_goes_as_one_again() {
    check_two(
        &[
            TWO,
            "accept 1
         accept 2
         done 1 cancelled 0
         +10
         done 2 cancelled 0
         +245
         tick
         +5
         tick => stop #3 sell 91:5 ioc when last down to 95 and, \
           stop #4 sell 105:5 ioc when last up to 110 or",
        ]
        .concat(),
    );
}

#[test]
fn a_take_profit_that_outlives_its_stop_counts_for_itself() {
    check_two(
        &[
            TWO,
            "accept 1
         accept 2
         release 2 => cancel #1
         done 1 cancelled 0
         holds => take-profit 1 at venue x5
         reserved 0 => 5
         done 2 cancelled 0
         reserved 0 => 0",
        ]
        .concat(),
    );
}

#[test]
fn what_sleeps_behind_an_entry_is_not_doubted_while_that_may_be_filled() {
    for (halt, order) in [("doubt", "open"), ("flatten", "pending-cancel")] {
        let mut bench = Bench::with_pairs(Pairs::Two);
        let sent = |line: &&str| line.starts_with("stop #");
        let lines = BRACKET.lines().map(str::trim).filter(|line| !line.is_empty() && !sent(line));
        lines.for_each(|line| drop(bench.say(line.split("=>").next().unwrap().trim())));
        bench.say("accept 1");
        bench.say(halt);
        bench.say("+6000");
        // The second time what was unanswered for too long is asked for.
        let said = format!("{}, {}", bench.say("timer"), bench.say("timer"));
        assert!(said.contains("query #1"), "{halt}: {said}");
        assert!(!said.contains("query #2") && !said.contains("query #3"), "{halt}: {said}");
        // The cancel came too late: the venue woke them, and they are there once.
        bench.say("fill 1 1 5");
        assert_eq!(bench.say("order 2"), format!("{order} 5/0 at 91"), "{halt}");
    }
}

#[test]
fn what_comes_after_the_one_that_did_not_fire_goes_with_it() {
    check_two(
        &[
            TWO,
            "accept 1
         accept 2
         hold 4 buy stop 120:5 after 1
         triggered 1
         fill 1 1 5
         done 2 expired 0
         timer
         holds",
        ]
        .concat(),
    );
    check_one(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #1 sell 105:5 ioc when last up to 110 or
         hold 4 buy stop 120:5 after 1
         fill 1 1 5
         timer
         holds",
    );
}

#[test]
fn linked_orders_keep_to_the_limit_of_open_orders_together() {
    let bench = Bench::with_pairs_within(Pairs::Two, |limits| limits.open_orders_max = 2);
    check_on(
        bench,
        "ready
         quote buy 95:5 => place #1 buy 95:5
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3
         holds => take-profit 1 held x5, stop 2 held x5
         +250
         tick
         +500
         tick
         +1000
         tick => stop #2 sell 91:5 ioc when last down to 95
         holds => take-profit 1 held x5, stop 2 at venue x5",
    );
}

#[test]
fn of_a_pair_that_is_one_order_the_one_whose_price_came_has_fired() {
    check_one(
        "ready
         hold 1 sell take-profit 110:5 group 3 limit 108
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #1 sell 108:5 when last up to 110 or
         accept 1
         trade 110
         triggered 1
         holds => take-profit 1 fired x5
         order 1 => open 5/0 at 108
         +6000
         timer
         fill 1 1 2
         done 1 cancelled 2
         holds
         +250
         tick
         held => -2",
    );
}

#[test]
fn a_stop_that_the_venue_takes_alone_is_not_taken_back() {
    let again = |n: u32| {
        format!(
            "tick => stop #{n} sell 91:5 ioc when last down to 95 and, \
               stop #{} sell 105:5 ioc when last up to 110 or
             done {n} rejected
             done {} rejected
             +1000
             ",
            n + 1,
            n + 1
        )
    };
    check_two(&format!(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #2 sell 105:5 ioc when last up to 110 or
         done 1 rejected
         done 2 rejected
         +1000
         {}{}tick => stop #7 sell 91:5 ioc when last down to 95
         accept 7
         release 1
         hold 3 sell take-profit 110:5 group 3
         holds => stop 2 at venue x5, take-profit 3 held x5",
        again(3),
        again(5)
    ));
}

#[test]
fn an_entry_goes_alone_where_the_gate_has_something_against_those_behind_it() {
    check_two(
        "ready
         hold 1 buy entry 2:5 limit 101
         hold 2 sell stop 95:5 group 1 after 1
         hold 3 sell take-profit 110:5 group 1 after 1 limit 140
         +250
         tick
         +250
         tick
         +250
         tick => place #1 buy 101:5
         accept 1
         fill 1 1 5
         holds => stop 2 held x5, take-profit 3 held x5
         +250
         tick
         +500
         tick
         +1000
         tick => stop #2 sell 91:5 ioc when last down to 95
         holds => stop 2 at venue x5, take-profit 3 held x5",
    );
}

/// A session that takes over what this script left, with the link up and the books there.
fn restarted(pairs: Pairs, script: &str) -> Bench {
    let (mut old, mut fresh) = (Bench::with_pairs(pairs), Bench::with_pairs(pairs));
    let sent = |line: &&str| line.starts_with("stop #");
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !sent(line));
    lines.for_each(|line| drop(old.say(line.split("=>").next().unwrap().trim())));
    old.say("accept 1");
    fresh.engine.carry(old.engine, true).expect("the same instruments");
    for line in ["start", "market up", "orders up", "book 100 102", "book@1 100 102"] {
        fresh.say(line);
    }
    fresh
}

#[test]
fn what_a_bracket_did_while_the_engine_was_down_is_taken_up() {
    check_on(
        restarted(Pairs::Two, BRACKET),
        "begin
         fill 1 1 5
         fill 3 2 5
         balance 0 1000 0
         balance 1 1000000 0
         end
         holds => stop 2 releasing x5
         held => 0
         done 2 expired 0
         timer
         holds
         reserved 0 => 0",
    );
    check_on(
        restarted(Pairs::One, BRACKET),
        "begin
         standing 1 buy 101 5 2
         end
         holds => entry 1 fired x5, stop 2 at venue x5, take-profit 3 at venue x5
         fill 1 1 2
         fill 1 2 3
         holds => stop 2 at venue x5, take-profit 3 at venue x5
         +15000
         tick
         timer => query #2
         absent 2
         holds => stop 2 held x5, take-profit 3 held x5",
    );
}
