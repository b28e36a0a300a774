//! Linked orders and trailing ones at the venue, with pairs as two orders and as one.

use super::check_on;
use super::desk::Bench;
use crate::condition::Pairs;

/// A stop and a take-profit that went out as two orders, and as one.
pub(super) const TWO: &str = "ready
    hold 1 sell take-profit 110:5 group 3
    hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
      stop #2 sell 105:5 ioc when last up to 110 or
    ";

pub(super) const ONE: &str = "ready
    hold 1 sell take-profit 110:5 group 3
    hold 2 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95 and, \
      stop #1 sell 105:5 ioc when last up to 110 or
    ";

/// An entry with both behind it, as three orders and as two.
pub(super) const BRACKET: &str = "ready
    hold 1 buy entry 2:5 limit 101
    hold 2 sell stop 95:5 group 1 after 1
    hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
      stop #2 sell 91:5 ioc when last down to 95 and, \
      stop #3 sell 105:5 ioc when last up to 110 or
    ";

pub(super) const BRACKET_OF_ONE: &str = "ready
    hold 1 buy entry 2:5 limit 101
    hold 2 sell stop 95:5 group 1 after 1
    hold 3 sell take-profit 110:5 group 1 after 1 => entry #1 buy 101:5, \
      stop #2 sell 91:5 ioc when last down to 95 and, \
      stop #2 sell 105:5 ioc when last up to 110 or
    ";

pub(super) fn check_two(script: &str) {
    check_on(Bench::with_pairs(Pairs::Two), script);
}

pub(super) fn check_one(script: &str) {
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
        &[
            TWO,
            "reserved 0 => 5
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
        ]
        .concat(),
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
        &[
            TWO,
            "done 1 rejected
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
        ]
        .concat(),
    );
}

#[test]
fn letting_one_of_a_pair_go_leaves_the_other() {
    check_two(
        &[
            TWO,
            "accept 1
         accept 2
         release 1 => cancel #2
         done 2 cancelled 0
         done 1 cancelled 0
         holds => stop 2 held x5
         +250
         tick => stop #3 sell 91:5 ioc when last down to 95
         reserved 0 => 5",
        ]
        .concat(),
    );
}

#[test]
fn a_pair_that_is_one_order_stands_under_the_name_of_its_stop() {
    check_one(
        &[
            ONE,
            "holds => take-profit 1 at venue x5, stop 2 at venue x5
         accept 1
         reserved 0 => 5
         triggered 1
         holds => stop 2 fired x5
         fill 1 1 5 110
         timer
         holds
         held => -5
         quote buy 100:5 => place #2 buy 100:5",
        ]
        .concat(),
    );
}

#[test]
fn letting_one_go_of_a_pair_that_is_one_order_leaves_the_other() {
    check_one(
        &[
            ONE,
            "accept 1
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
        ]
        .concat(),
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
        &[
            BRACKET,
            "accept 1
         fill 1 1 2
         done 1 cancelled 2 => cancel #2, cancel #3
         holds => stop 2 at venue x2, take-profit 3 at venue x2
         done 2 cancelled 0
         done 3 cancelled 0
         +250
         tick => stop #4 sell 91:2 ioc when last down to 95 and, \
           stop #5 sell 105:2 ioc when last up to 110 or
         reserved 0 => 2",
        ]
        .concat(),
    );
}

#[test]
fn what_came_with_an_entry_that_never_was_goes_with_it() {
    check_two(
        &[
            BRACKET,
            "done 1 rejected
         timer
         holds
         reserved 0 => 0
         repairs",
        ]
        .concat(),
    );
}

#[test]
fn a_bracket_that_is_let_go_goes_whole_and_what_wakes_in_between_is_cancelled() {
    check_one(
        &[
            BRACKET_OF_ONE,
            "accept 1
         release 0 => cancel #1
         holds => entry 1 releasing x5, stop 2 releasing x5
         fill 1 1 5 => cancel #2
         done 2 cancelled 0
         timer
         holds",
        ]
        .concat(),
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
