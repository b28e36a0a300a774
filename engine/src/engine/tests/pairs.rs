//! Linked orders and trailing ones at the venue, with pairs as two orders and as one.

use super::check_on;
use super::desk::Bench;
use crate::condition::Pairs;
use alloc::format;

fn check_two(script: &str) {
    check_on(Bench::with_pairs(Pairs::Two), script);
}

fn check_one(script: &str) {
    check_on(Bench::with_pairs(Pairs::One), script);
}

#[test]
fn a_stop_and_a_take_profit_go_to_the_venue_as_a_pair() {
    check_two(
        "ready
         hold 1 sell take-profit 110:5 group 3
         holds => take-profit 1 held x5
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #2 sell 105:5 ioc when last up to 110 or
         holds => take-profit 1 at venue x5, stop 2 at venue x5
         accept 1
         accept 2
         triggered 2
         holds => take-profit 1 fired x5, stop 2 releasing x5
         done 1 expired 0
         fill 2 1 5
         timer
         holds
         held => -5
         count held_fired => 1
         count held_at_venue => 2",
    );
}

#[test]
fn of_a_pair_one_order_alone_is_counted() {
    check_two(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #2 sell 105:5 ioc when last up to 110 or
         reserved 0 => 5
         accept 1
         accept 2
         fill 1 1 2
         holds => take-profit 1 releasing x5, stop 2 fired x5
         reserved 0 => 3
         done 2 expired 0
         reserved 0 => 3
         fill 1 2 3
         timer
         holds
         reserved 0 => 0",
    );
}

#[test]
fn a_stop_that_was_there_before_is_taken_back_to_be_paired() {
    check_two(
        "ready
         hold 1 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95
         accept 1
         hold 2 sell take-profit 110:5 group 3 => cancel #1
         done 1 cancelled 0
         holds => stop 1 held x5, take-profit 2 held x5
         +250
         tick => stop #2 sell 91:5 ioc when last down to 95 and, \
           stop #3 sell 105:5 ioc when last up to 110 or",
    );
}

#[test]
fn a_pair_that_the_venue_refuses_is_asked_for_again_and_then_the_stop_alone() {
    check_two(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #2 sell 105:5 ioc when last up to 110 or
         done 1 rejected
         done 2 rejected
         tick
         holds => take-profit 1 held x5, stop 2 held x5
         +250
         tick => stop #3 sell 91:5 ioc when last down to 95 and, \
           stop #4 sell 105:5 ioc when last up to 110 or
         done 3 rejected
         done 4 rejected
         +500
         tick => stop #5 sell 91:5 ioc when last down to 95 and, \
           stop #6 sell 105:5 ioc when last up to 110 or
         done 5 rejected
         done 6 rejected
         +1000
         tick => stop #7 sell 91:5 ioc when last down to 95
         holds => take-profit 1 held x5, stop 2 at venue x5",
    );
}

#[test]
fn letting_one_of_a_pair_go_leaves_the_other() {
    check_two(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #2 sell 105:5 ioc when last up to 110 or
         accept 1
         accept 2
         release 1 => cancel #2
         done 2 cancelled 0
         done 1 cancelled 0
         holds => stop 2 held x5
         +250
         tick => stop #3 sell 91:5 ioc when last down to 95
         reserved 0 => 5",
    );
}

#[test]
fn a_pair_that_is_one_order_stands_under_the_name_of_its_stop() {
    check_one(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #1 sell 105:5 ioc when last up to 110 or
         holds => take-profit 1 at venue x5, stop 2 at venue x5
         accept 1
         reserved 0 => 5
         triggered 1
         holds => stop 2 fired x5
         fill 1 1 5 110
         timer
         holds
         held => -5
         quote buy 100:5 => place #2 buy 100:5",
    );
}

#[test]
fn letting_one_go_of_a_pair_that_is_one_order_leaves_the_other() {
    check_one(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
           stop #1 sell 105:5 ioc when last up to 110 or
         accept 1
         release 1 => cancel #1
         holds => stop 2 at venue x5
         done 1 cancelled 0
         holds => stop 2 held x5
         +250
         tick => stop #2 sell 91:5 ioc when last down to 95
         accept 2
         hold 4 sell take-profit 110:5 group 3 => cancel #2
         done 2 cancelled 0
         +250
         tick
         +250
         tick => stop #3 sell 91:5 ioc when last down to 95 and, \
           stop #3 sell 105:5 ioc when last up to 110 or
         accept 3
         release 2 => cancel #3
         holds => stop 2 releasing x5, take-profit 4 at venue x5
         done 3 cancelled 0
         timer
         holds => take-profit 4 held x5",
    );
}

#[test]
fn a_bracket_sleeps_behind_its_entry_and_wakes_when_it_is_filled() {
    check_two(
        "ready
         hold 1 buy entry 2:5 limit 101
         holds => entry 1 held x5
         hold 2 sell stop 95:5 group 1 after 1
         hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
           stop #2 sell 91:5 ioc when last down to 95 and, \
           stop #3 sell 105:5 ioc when last up to 110 or
         holds => entry 1 fired x5, stop 2 at venue x5, take-profit 3 at venue x5
         accept 1
         reserved 0 => 0
         trade 90
         +60000
         timer
         fill 1 1 2
         timer
         reserved 0 => 0
         fill 1 2 3
         timer
         holds => stop 2 at venue x5, take-profit 3 at venue x5
         reserved 0 => 5
         accept 2
         accept 3
         fill 2 3 5
         done 3 expired 0
         timer
         holds
         held => 0
         count held_fired => 2",
    );
}

#[test]
fn what_came_with_an_entry_that_ended_short_is_given_anew() {
    check_two(
        "ready
         hold 1 buy entry 2:5 limit 101
         hold 2 sell stop 95:5 group 1 after 1
         hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
           stop #2 sell 91:5 ioc when last down to 95 and, \
           stop #3 sell 105:5 ioc when last up to 110 or
         accept 1
         fill 1 1 2
         done 1 cancelled 2 => cancel #2, cancel #3
         holds => stop 2 at venue x2, take-profit 3 at venue x2
         done 2 cancelled 0
         done 3 cancelled 0
         +250
         tick => stop #4 sell 91:2 ioc when last down to 95 and, \
           stop #5 sell 105:2 ioc when last up to 110 or
         reserved 0 => 2",
    );
}

#[test]
fn what_came_with_an_entry_that_never_was_goes_with_it() {
    check_two(
        "ready
         hold 1 buy entry 2:5 limit 101
         hold 2 sell stop 95:5 group 1 after 1
         hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
           stop #2 sell 91:5 ioc when last down to 95 and, \
           stop #3 sell 105:5 ioc when last up to 110 or
         done 1 rejected
         timer
         holds
         reserved 0 => 0
         repairs",
    );
}

#[test]
fn a_bracket_that_is_let_go_goes_whole_and_what_wakes_in_between_is_cancelled() {
    check_one(
        "ready
         hold 1 buy entry 2:5 limit 101
         hold 2 sell stop 95:5 group 1 after 1
         hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
           stop #2 sell 91:5 ioc when last down to 95 and, \
           stop #2 sell 105:5 ioc when last up to 110 or
         accept 1
         release 0 => cancel #1
         holds => entry 1 releasing x5, stop 2 releasing x5
         fill 1 1 5 => cancel #2
         done 2 cancelled 0
         timer
         holds",
    );
}

#[test]
fn a_trailing_stop_waits_at_the_venue_that_keeps_such() {
    check_two(
        "ready
         trade 100
         hold 1 sell trailing-stop 5:4 => stop #1 sell 91:4 ioc when last down by 5
         hold 2 buy trailing-share 20000:4 => stop #2 buy 107:4 ioc when last up by ppm 20000
         hold 3 sell trailing-share 500:4
         hold 4 sell trailing-stop 5:4 limit 90
         hold 5 sell trailing-stop 5:4 mid
         accept 1
         accept 2
         trade 120
         trade 110 => place #3 sell 96:4 ioc
         holds => trailing-stop 1 at venue x4, trailing-share 2 at venue x4, \
           trailing-share 3 fired x4, trailing-stop 4 fired x4, trailing-stop 5 held x4
         triggered 1
         fill 1 1 4
         timer",
    );
}

#[test]
fn a_share_trails_here_where_the_venue_does_not() {
    super::check(
        "ready
         hold 1 sell trailing-share 100000:5 mid
         book 110 112
         book 100 102
         holds => trailing-share 1 held x5
         book 99 101 => place #1 sell 95:5 ioc",
    );
}

#[test]
fn an_entry_that_the_gate_refuses_is_counted_and_tried_again() {
    check_two(
        "ready
         hold 1 buy entry 2:5 limit 140
         hold 2 sell stop 95:5 group 1 after 1
         hold 3 sell take-profit 150:5 group 1 after 1
         count collar_mid => 1
         holds => entry 1 fired x5, stop 2 waits x5, take-profit 3 waits x5
         +250
         tick
         count collar_mid => 2",
    );
}

#[test]
fn a_trailing_stop_that_the_venue_lists_without_a_price_keeps_its_own() {
    check_two(
        "ready
         trade 100
         hold 1 buy trailing-stop 5:4 => stop #1 buy 110:4 ioc when last up by 5
         accept 1
         reserved 1 => 440
         standing 1 buy 0 4 0 waits
         order 1 => open 4/0 at 110
         reserved 1 => 440",
    );
}

const PAIR: &str = "ready
    hold 1 sell take-profit 110:5 group 3
    hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
      stop #2 sell 105:5 ioc when last up to 110 or
    accept 1
    accept 2
    ";

const BRACKET: &str = "ready
    hold 1 buy entry 2:5 limit 101
    hold 2 sell stop 95:5 group 1 after 1
    hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
      stop #2 sell 91:5 ioc when last down to 95 and, \
      stop #3 sell 105:5 ioc when last up to 110 or
    accept 1
    ";

#[test]
fn a_leg_that_fired_before_its_entry_was_told_filled_has_fired() {
    check_two(
        &[
            BRACKET,
            "fill 1 1 2
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
        "ready
         hold 1 buy entry 2:5 limit 101
         hold 2 sell stop 95:5 group 1 after 1
         hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
           stop #2 sell 91:5 ioc when last down to 95 and, \
           stop #2 sell 105:5 ioc when last up to 110 or
         accept 1
         release 3
         holds => entry 1 fired x5, stop 2 at venue x5, take-profit 3 releasing x5
         fill 1 1 5 => cancel #2
         done 2 cancelled 0
         holds => stop 2 held x5
         +250
         tick => stop #3 sell 91:5 ioc when last down to 95",
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
             hold 2 sell stop 95:{qty} group 3 => \
               stop #1 sell 91:{sent} ioc when last down to 95
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
            PAIR,
            "done 1 cancelled 0
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
            PAIR,
            "release 2 => cancel #1
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
            PAIR,
            "hold 4 buy stop 120:5 after 1
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
         hold 2 sell stop 95:5 group 3 => stop #2 sell 91:5 ioc when last down to 95
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
         hold 3 sell take-profit 110:5 group 1 after 1 limit 140 => place #1 buy 101:5
         accept 1
         fill 1 1 5 => stop #2 sell 91:5 ioc when last down to 95
         holds => stop 2 at venue x5, take-profit 3 held x5",
    );
}
