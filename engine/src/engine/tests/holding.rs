//! Held orders: stops, take-profits, trailing stops, groups and brackets.

use super::desk::Bench;
use super::{check, check_on};

#[test]
fn a_stop_takes_until_it_is_filled_and_leaves_the_quotes_alone() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         hold 7 sell stop 95:8
         holds => stop 7 held x8
         trade 96
         trade 95
         holds => stop 7 fired x8
         tick => cancel #1
         done 1 cancelled 0 => place #2 sell 96:8 ioc
         tick
         accept 2
         fill 2 1 3
         done 2 expired 3
         holds => stop 7 fired x5
         tick
         +250
         tick => place #3 sell 96:5 ioc
         fill 3 2 5
         timer => place #4 buy 100:5
         holds
         held => -8
         count held_fired => 1
         count self_cross => 0",
    );
}

#[test]
fn a_stop_limit_rests_and_is_over_with_its_order() {
    check(
        "ready
         hold 7 buy stop 105:5 limit 106
         trade 105 => place #1 buy 106:5
         accept 1
         tick
         quote sell 107:5 => place #2 sell 107:5
         done 1 cancelled 0
         timer
         holds",
    );
}

#[test]
fn a_trailing_stop_follows_the_best_price() {
    check(
        "ready
         hold 7 sell trailing-stop 5:4 mid
         book 110 112
         book 108 110
         book 106 108
         holds => trailing-stop 7 held x4
         book 105 107 => place #1 sell 101:4 ioc
         hold@1 8 buy trailing-stop 3:2 mid
         book@1 90 92
         book@1 92 94
         book@1 93 95 => place@1 #2 buy 98:2 ioc",
    );
}

#[test]
fn one_of_a_group_releases_the_others() {
    check(
        "ready
         hold 1 sell take-profit 110:5 group 3
         hold 2 sell stop 95:5 group 3
         hold 3 sell stop 90:5
         trade 110 => place #1 sell 96:5 ioc
         holds => take-profit 1 fired x5, stop 3 held x5
         release 1 => cancel #1
         holds => take-profit 1 releasing x5, stop 3 held x5
         done 1 cancelled 0
         timer
         holds => stop 3 held x5
         count holds_refused => 0
         hold 3 sell stop 80:5
         count holds_refused => 1",
    );
}

#[test]
fn a_bracket_arms_with_what_its_entry_filled() {
    check(
        "ready
         hold 1 buy entry 0:10 limit 101 => place #1 buy 101:10
         hold 2 sell take-profit 110:10 group 1 after 1
         hold 3 sell stop 95:10 group 1 after 1
         accept 1
         trade 90
         holds => entry 1 fired x10, take-profit 2 waits x10, stop 3 waits x10
         fill 1 1 6
         done 1 cancelled 6
         timer
         holds => take-profit 2 held x6, stop 3 held x6
         trade 111 => place #2 sell 96:6 ioc
         holds => take-profit 2 fired x6
         fill 2 2 6
         timer
         held => 0
         hold 4 buy entry 0:5 limit 99 => place #3 buy 99:5
         hold 5 sell stop 95:5 after 4
         done 3 rejected
         timer
         holds",
    );
}

#[test]
fn a_pause_holds_no_stop_back_but_a_halt_does() {
    check(
        "ready
         hold 1 sell stop 95:5
         pause
         trade 95 => place #1 sell 96:5 ioc
         done 1 expired 0
         kill => cancel-all, cancel-all@1
         +300
         tick
         holds => stop 1 fired x5
         release 0
         holds",
    );
}

/// The same where the first instrument's venue keeps orders that wait for the last price.
fn check_kept(script: &str) {
    check_on(Bench::with_stops(), script);
}

#[test]
fn a_stop_waits_at_the_venue_that_keeps_such_orders() {
    check_kept(
        "ready
         hold 7 sell stop 95:8 => stop #1 sell 91:8 ioc when last down to 95
         holds => stop 7 at venue x8
         accept 1
         +60000
         timer => query #1
         order 1 => open 8/0 at 91
         tick
         quote buy 95:5 => place #2 buy 95:5
         accept 2
         trade 95
         holds => stop 7 at venue x8
         tick => cancel #2
         done 2 cancelled 0
         fill 1 1 3
         done 1 expired 3
         holds => stop 7 fired x5
         +250
         tick => place #3 sell 96:5 ioc
         fill 3 2 5
         timer => place #4 buy 95:5
         holds
         held => -8
         count held_fired => 1
         count held_at_venue => 1",
    );
}

#[test]
fn a_stop_limit_at_the_venue_is_over_with_its_order() {
    check_kept(
        "ready
         hold 7 buy stop 105:5 limit 106 => stop #1 buy 106:5 when last up to 105
         accept 1
         fill 1 1 2
         tick
         holds => stop 7 fired x5
         fill 1 2 3
         timer
         holds
         count held_fired => 1",
    );
}

#[test]
fn what_the_venue_keeps_not_is_held_here() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 here
         hold 2 sell stop 95:5 mark
         hold 3 sell trailing-stop 5:4
         hold@1 4 sell stop 95:5
         holds => stop 1 held x5, stop 2 held x5, trailing-stop 3 held x4, stop 4 held x5
         count held_at_venue => 0",
    );
}

#[test]
fn of_a_group_the_stop_is_at_the_venue_and_is_cancelled_by_the_other() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95
         hold 2 sell take-profit 110:5 group 3
         accept 1
         holds => stop 1 at venue x5, take-profit 2 held x5
         trade 110 => cancel #1, place #2 sell 96:5 ioc
         holds => stop 1 releasing x5, take-profit 2 fired x5
         done 1 cancelled 0
         timer
         holds => take-profit 2 fired x5",
    );
}

#[test]
fn a_stop_fired_at_the_venue_releases_the_other_of_its_group() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95
         hold 2 sell take-profit 110:5 group 3
         accept 1
         fill 1 1 5
         timer
         holds
         held => -5",
    );
}

#[test]
fn a_stop_that_the_venue_refused_is_held_here_and_a_cancelled_one_is_given_again() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 => stop #1 sell 91:5 ioc when last down to 95
         done 1 rejected
         tick
         holds => stop 1 held x5
         +250
         tick => stop #2 sell 91:5 ioc when last down to 95
         done 2 rejected
         +250
         tick
         holds => stop 1 held x5
         release 1
         hold 2 sell stop 94:5 => stop #3 sell 90:5 ioc when last down to 94
         accept 3
         done 3 cancelled 0
         tick
         +250
         tick => stop #4 sell 90:5 ioc when last down to 94
         release 2 => cancel #4
         holds => stop 2 releasing x5
         done 4 cancelled 0
         tick
         holds
         orders down
         hold 3 sell stop 93:5
         holds => stop 3 held x5",
    );
}

#[test]
fn flattening_lets_stops_go_and_a_kill_keeps_them_here() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 => stop #1 sell 91:5 ioc when last down to 95
         accept 1
         flatten => cancel #1, cancel-all, cancel-all@1
         holds => stop 1 releasing x5
         done 1 cancelled 0
         timer
         holds
         phase => paused, none
         hold 2 sell stop 95:5 => stop #2 sell 91:5 ioc when last down to 95
         accept 2
         kill => cancel-all, cancel-all@1
         done 2 cancelled 0
         +300
         tick
         holds => stop 2 held x5",
    );
}

#[test]
fn what_is_let_go_is_cancelled_until_it_is_no_more() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 => stop #1 sell 91:5 ioc when last down to 95
         accept 1
         release 1 => cancel #1
         orders down
         refused 1 cancel not-attempted
         +300
         tick
         orders up
         begin
         standing 1 sell 91 5 0 waits
         end => cancel #1
         refused 1 cancel rate-limit
         +300
         tick => cancel #1
         holds => stop 1 releasing x5
         done 1 cancelled 0
         tick
         holds",
    );
}

#[test]
fn one_of_a_group_waits_while_the_other_may_have_fired_unheard() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 group 3 => stop #1 sell 91:5 ioc when last down to 95
         hold 2 sell take-profit 110:5 group 3
         accept 1
         unknown 1 query
         orders down
         trade 110
         holds => stop 1 at venue x5, take-profit 2 held x5
         orders up
         begin
         trade 111
         fill 1 1 5 asked
         end
         timer
         trade 112
         holds
         held => -5",
    );
}

#[test]
fn a_child_that_was_armed_is_no_ones_child() {
    check_kept(
        "ready
         hold 1 buy entry 0:5 limit 101 => place #1 buy 101:5
         hold 2 sell stop 95:5 after 1
         hold 3 sell stop 94:5 after 2
         accept 1
         fill 1 1 5 => stop #2 sell 91:5 ioc when last down to 95
         timer
         accept 2
         hold 1 buy entry 0:3 limit 99 => place #3 buy 99:3
         done 3 rejected
         timer
         holds => stop 2 at venue x5, stop 3 waits x5
         release 2 => cancel #2
         holds => stop 2 releasing x5",
    );
}

#[test]
fn a_late_word_of_the_order_that_it_was_changes_no_id() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 limit 94 => stop #1 sell 94:5 when last down to 95
         triggered 1
         accept 1
         timer
         release 1 => cancel #1
         venue-id 1 => 8",
    );
}

#[test]
fn a_conditional_order_is_known_by_the_id_of_what_it_became() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 limit 94 => stop #1 sell 94:5 when last down to 95
         accept 1
         trade 95
         holds => stop 1 at venue x5
         +5100
         timer
         timer => query #1
         standing 1 sell 94 5 0 waits asked
         +5100
         timer
         trade 95
         +5100
         timer
         timer => query #1
         standing 1 sell 94 5 0 as-new asked
         timer => query #1
         standing 1 sell 94 5 0 as-new asked
         +5100
         timer
         order 1 => open 5/0 at 94
         quote buy 95:5
         count self_cross => 1",
    );
}

#[test]
fn a_held_order_keeps_its_price_when_the_grid_changes() {
    check(
        "ready
         hold 1 sell stop 95:5 limit 94
         hold 2 sell trailing-stop 5:4
         trade 100
         filters 1 2
         holds => stop 1 held x500, trailing-stop 2 held x400
         book 1000 1020
         trade 951
         holds => stop 1 held x500, trailing-stop 2 held x400
         trade 950 => place #1 sell 960:100 ioc
         holds => stop 1 fired x500, trailing-stop 2 fired x400",
    );
}

#[test]
fn a_stop_limit_that_the_venue_put_into_its_book_has_fired() {
    check_kept(
        "ready
         hold 1 sell stop 95:5 limit 96 group 2 => stop #1 sell 96:5 when last down to 95
         hold 2 sell take-profit 110:5 group 2
         accept 1
         triggered 1
         timer
         holds => stop 1 fired x5",
    );
}
