//! Books that cannot be believed, links that are lost, several desks and instruments.

use super::desk::Bench;
use super::{check, check_on};

#[test]
fn a_book_that_cannot_be_believed_withdraws_quotes() {
    check(
        "ready
         quote buy 100:5 sell 102:5 => place #1 buy 100:5, place #2 sell 102:5
         accept 1
         accept 2
         gap => cancel #1, cancel #2
         done 1 cancelled 0
         done 2 cancelled 0
         tick
         timer
         book 100 102 => place #3 buy 100:5, place #4 sell 102:5",
    );
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         row buy 103 5 last => cancel #1
         row buy 104 5 last => resync
         done 1 cancelled 0
         timer
         book 100 102 => place #2 buy 100:5",
    );
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         row sell 102 0 last
         row buy 100 0 last
         timer
         quote buy 99:5 => replace #1→#2 99:5",
    );
}

#[test]
fn rows_of_another_ring_between_the_rows_of_a_message_withdraw_nothing() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         row buy 99 5
         accept 1
         timer
         row buy 98 5 last
         quote buy 99:5 => replace #1→#2 99:5
         row buy 97 5
         done 1 cancelled 0
         accept 2
         +60001
         timer => cancel #2",
    );
}

#[test]
fn status_and_link_withdraw_quotes() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         status halted => cancel #1
         done 1 cancelled 0
         tick
         status trading => place #2 buy 100:5
         accept 2
         market stale => cancel #2
         count stale_withdrawals => 1
         market down
         count stale_withdrawals => 1
         count market_link_losses => 1
         done 2 cancelled 0
         market up
         book 100 102 => place #3 buy 100:5",
    );
}

#[test]
fn time_with_one_side_is_counted() {
    check(
        "ready
         quote buy 100:5 sell 102:5 => place #1 buy 100:5, place #2 sell 102:5
         accept 1
         accept 2
         done 1 cancelled 0 => place #3 buy 100:5
         budget 0
         done 3 rejected would-take
         +10
         tick
         count one_sided_ns => 10000000
         +5
         budget 9
         tick => place #4 buy 100:5
         tick
         +50
         tick
         count one_sided_ns => 15000000",
    );
}

#[test]
fn each_instrument_of_a_desk_has_its_own_wishes_and_takes() {
    check(
        "ready
         quote@1 buy 99:3 => place@1 #1 buy 99:3
         quote buy 100:5 => place #2 buy 100:5
         accept 1
         accept 2
         gap => cancel #2
         take@1 5 sell 100:2 => place@1 #3 sell 100:2 ioc
         done 2 cancelled 0
         book 100 102 => place #4 buy 100:5
         take 4 buy 102:2 => place #5 buy 102:2 ioc
         tick
         take 4 buy 102:2
         take 5 buy 102:2 => place #6 buy 102:2 ioc",
    );
}

#[test]
fn desks_quote_side_by_side() {
    check_on(
        Bench::with_desks(&[&[0], &[0, 1]], |_, _| {}),
        "ready
         quote buy 100:5 => place #1 buy 100:5, place #2 buy 100:5
         quote@1 buy 98:5 => place@1 #3 buy 98:5
         accept 2
         accept 1
         fill 2 70 5 => place #4 buy 100:5
         fill 2 70 5
         held => 0
         total 0 => 1005
         gap => cancel #1
         live => 3",
    );
}

#[test]
fn orders_keep_their_worth_when_the_grids_change() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         filters 1 2 => cancel #1
         order 1 => pending-cancel 500/0 at 1000
         fill 1 70 200
         order 1 => pending-cancel 500/200 at 1000
         held => 2",
    );
}

#[test]
fn odd_rows_are_counted_and_do_nothing() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         count odd_rows => 0
         row@7 buy 100 5 last
         row buy 0 5 last
         row buy -5 5 last
         row buy 9223372036854775807 5 last
         balance 256 1 1
         end
         count odd_rows => 6
         accept 9
         count reports_of_unknown_orders => 1
         set 2
         count sets_refused => 1
         phase => quoting, none",
    );
}
