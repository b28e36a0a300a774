//! Two venues: links, accounts and budgets by themselves; a perpetual with margin and funding;
//! moves in place.

use super::check_on;
use super::desk::Bench;

/// Both venues told everything, both books are there.
const READY: &str = "start
    market up
    market@1 up
    orders up
    orders@1 up
    begin
    balance 0 1000 0
    balance 1 10000 0
    end
    phase => reconciling, none
    begin@1
    balance@1 1 1000 0
    position@1 0 0
    end@1
    phase => quoting, none
    book 100 102
    book@1 100 102
    ";

fn check(desks: &[&[u16]], script: &str) {
    check_on(Bench::with_perpetual(desks), &alloc::format!("{READY}{script}"));
}

#[test]
fn each_venue_has_its_own_links_and_budget() {
    check(
        &[&[0, 1]],
        "quote buy 100:5 => place #1 buy 100:5
         quote@1 sell 102:5 => place@1 #2 sell 102:5
         accept 1
         accept 2
         market@1 down => cancel #2
         market@1 up
         done 2 cancelled 0
         orders@1 down
         quote buy 99:5 => replace #1→#3 99:5
         done 1 cancelled 0
         accept 3
         book@1 100 102
         orders@1 up
         tick@1
         begin@1
         end@1 => place@1 #4 sell 102:5
         budget@1 0
         done 4 rejected
         count budget_deferred => 1
         quote buy 98:5 => replace #3→#5 98:5",
    );
}

#[test]
fn an_end_of_reconciliation_names_the_orders_of_its_venue_alone() {
    check(
        &[&[0, 1]],
        "quote buy 100:5 => place #1 buy 100:5
         quote@1 sell 102:5 => place@1 #2 sell 102:5
         accept 1
         accept 2
         begin
         end
         order 1 => unknown 5/0 at 100
         order 2 => open 5/0 at 102",
    );
}

#[test]
fn a_perpetual_ties_up_margin_and_pays_what_it_realises() {
    check(
        &[&[0, 1]],
        "free@1 1 => 1000
         take@1 1 buy 102:50 => place@1 #1 buy 102:50 ioc
         free@1 1 => 490
         fill@1 1 1 50 100
         held@1 => 50
         total@1 1 => 1000
         free@1 1 => 500
         mark@1 110
         free@1 1 => 950
         take@1 2 sell 104:50 => place@1 #2 sell 104:50 ioc
         fill@1 2 2 50 111
         held@1 => 0
         total@1 1 => 1550
         free@1 1 => 1550
         total 1 => 10000",
    );
}

#[test]
fn what_closes_a_position_needs_no_margin_and_what_opens_more_than_there_is_does_not_pass() {
    check(
        &[&[0, 1]],
        "take@1 1 buy 100:98 => place@1 #1 buy 100:98 ioc
         fill@1 1 1 98 100
         free@1 1 => 20
         take@1 2 sell 99:98 => place@1 #2 sell 99:98 ioc
         done 2 expired 0
         free@1 1 => 20
         take@1 3 sell 99:100 => place@1 #3 sell 99:100 ioc
         done 3 expired 0
         take@1 4 buy 99:3
         count balance => 1",
    );
}

#[test]
fn funding_is_booked_once_and_shared_by_those_who_hold() {
    check(
        &[&[0, 1], &[1]],
        "take@1 1 buy 100:20 => place@1 #1 buy 100:20 ioc, place@1 #2 buy 100:20 ioc
         fill@1 1 1 20 100
         funding@1 1 -6 7
         total@1 1 => 994
         funding@1 1 -6 7
         total@1 1 => 994
         funded@1 => -6
         fill@1 2 2 20 100
         funding@1 1 8 8
         total@1 1 => 1002
         funded@1 => -2",
    );
}

#[test]
fn a_position_that_stays_different_is_named_and_halts() {
    check(
        &[&[0, 1]],
        "take@1 1 buy 100:20 => place@1 #1 buy 100:20 ioc
         position@1 20 100
         +1500
         timer
         fill@1 1 1 20 100
         +1500
         timer
         phase => quoting, none
         position@1 19 100
         +2000
         timer => cancel-all, cancel-all@1
         phase => halted, position difference
         repairs => position_difference asset 1",
    );
}

#[test]
fn an_order_moves_in_place_and_counts_at_its_worst_meanwhile() {
    check(
        &[&[0, 1]],
        "quote@1 buy 95:50 => place@1 #1 buy 95:50
         accept 1
         free@1 1 => 525
         quote@1 buy 100:50 => move@1 #1 100:50
         order 1 => pending-amend 50/0 at 95
         free@1 1 => 500
         quote@1 buy 96:50
         amended 1 50 100 => move@1 #1 96:50
         free@1 1 => 500
         refused 1 amend other
         order 1 => open 50/0 at 100
         +20
         tick@1 => move@1 #1 96:50
         fill@1 1 1 10 100
         amended 1 50 96
         order 1 => open 50/10 at 96
         quote@1 buy 97:40 => move@1 #1 97:50
         unknown 1 amend
         order 1 => unknown 50/10 at 96
         standing 1 buy 97 50 10 asked
         order 1 => open 50/10 at 97",
    );
}

#[test]
fn a_quote_never_meets_an_order_that_is_on_its_way_there() {
    check(
        &[&[1]],
        "quote@1 buy 95:10 => place@1 #1 buy 95:10
         accept 1
         quote@1 buy 101:10 => move@1 #1 101:10
         quote@1 buy 101:10 sell 101:10
         count self_cross => 1",
    );
}
