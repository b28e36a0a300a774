//! Orders through every answer that a venue gives, in any order.

use super::check;

#[test]
fn quotes_stand_after_start_and_reconciliation_alone() {
    check(
        "start
         market up
         quote buy 100:5 sell 102:5
         book 100 102
         orders up
         begin
         balance 0 1000 0
         balance 1 1000000 0
         tick
         end => place #1 buy 100:5, place #2 sell 102:5
         tick
         phase => quoting, none
         accept 1
         accept 2
         order 1 => open 5/0 at 100
         quote buy 101:5 sell 103:5 => replace #1→#3 101:5, replace #2→#4 103:5
         tick",
    );
}

#[test]
fn what_a_plan_keeps_stands_whatever_it_is_until_quotes_may_not_stand() {
    check(
        "ready
         quote buy 100:5 sell 102:5 => place #1 buy 100:5, place #2 sell 102:5
         accept 1
         accept 2
         fill 1 71 4 => replace #1→#3 100:5
         done 1 cancelled
         accept 3
         keep
         fill 3 72 4
         tick
         order 3 => open 5/4 at 100
         take 1 buy 101:1 => place #4 buy 101:1 ioc
         done 4 expired
         gap => cancel #3, cancel #2",
    );
}

#[test]
fn a_partial_fill_is_left_until_too_little_stands() {
    check(
        "ready
         quote buy 100:10 => place #1 buy 100:10
         accept 1
         fill 1 71 4
         order 1 => open 10/4 at 100
         fill 1 72 1
         fill 1 73 1 => replace #1→#2 100:10
         held => 6
         count partial_fills => 3
         fill 1 74 4
         order 1 => filled 10/10 at 100
         count fills_in_cancel => 1
         done 2 rejected not-attempted => place #3 buy 100:10",
    );
}

#[test]
fn a_smaller_quantity_is_amended_in_place() {
    check(
        "ready
         quote buy 100:10 => place #1 buy 100:10
         accept 1
         quote buy 100:6 => amend #1 6
         order 1 => pending-amend 10/0 at 100
         quote buy 100:4
         amended 1 6 => amend #1 4
         fill 1 70 4
         order 1 => pending-amend 6/4 at 100
         amended 1 4 => place #2 buy 100:4
         order 1 => filled 4/4 at 100
         accept 2
         quote buy 100:1 => amend #2 1
         refused 2 amend rate-limit
         order 2 => open 4/0 at 100
         tick
         +20
         tick => amend #2 1",
    );
}

#[test]
fn fills_count_in_any_state_and_once() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         fill 1 70 1
         order 1 => open 5/1 at 100
         accept 1
         fill 1 70 1
         count repeated_fills => 1
         quote => cancel #1
         fill 1 71 1
         count fills_in_cancel => 1
         done 1 cancelled
         fill 1 72 1
         order 1 => cancelled 5/3 at 100
         count fills_after_end => 1
         fill 1 73 2
         order 1 => filled 5/5 at 100
         held => 5
         total 0 => 1005
         repairs
         fill 1-900 99 3
         held => 8
         repairs => fill_of_unknown_order #1-900",
    );
}

#[test]
fn a_fill_completes_an_order_in_each_live_state() {
    for before in ["accept 1", "unknown 1 place", "accept 1 / quote / unknown 1 cancel"] {
        let mut script =
            alloc::string::String::from("ready\nquote buy 100:5 => place #1 buy 100:5\n");
        for line in before.split(" / ") {
            let sends = if line == "quote" { "quote => cancel #1" } else { line };
            script += sends;
            script += "\n";
        }
        script += "count orders_full => 0\n";
        let again = if before.contains("quote") { "" } else { " => place #2 buy 100:5" };
        script += &alloc::format!("fill 1 70 5{again}\norder 1 => filled 5/5 at 100");
        check(&script);
    }
}

#[test]
fn an_unknown_order_blocks_its_side_until_it_is_known() {
    check(
        "ready
         quote buy 100:5 sell 102:5 => place #1 buy 100:5, place #2 sell 102:5
         accept 2
         unknown 1 place
         count unknown_orders => 1
         quote buy 99:5 sell 103:5 => replace #2→#3 103:5
         +299
         timer
         +1
         timer => query #1
         +599
         timer
         +1
         timer => query #1
         +1200
         timer => query #1
         unknown 1 query
         standing 1 buy 100 5 0 asked => replace #1→#4 99:5
         repairs => order_found #1",
    );
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         unknown 1 place
         +300
         timer => query #1
         absent 1 asked => place #2 buy 100:5
         order 1 => rejected 5/0 at 100
         repairs => order_absent #1",
    );
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         unknown 1 place
         +300
         timer => query #1
         fill 1 70 2 asked
         done 1 cancelled 2 asked => place #2 buy 100:5
         order 1 => cancelled 5/2 at 100
         repairs => missed_fill #1, order_ended #1",
    );
}

#[test]
fn queries_back_off_to_a_limit() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         unknown 1 place
         +300
         timer => query #1
         +600
         timer => query #1
         +1200
         timer => query #1
         +2400
         timer => query #1
         +4800
         timer => query #1
         +9600
         timer => query #1
         +9599
         timer
         +1
         timer => query #1
         count queries => 7",
    );
}

#[test]
fn an_unanswered_request_makes_its_order_unknown() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         +5000
         timer
         order 1 => pending-new 5/0 at 100
         +1
         timer
         order 1 => unknown 5/0 at 100
         timer => query #1
         accept 1
         order 1 => open 5/0 at 100
         quote => cancel #1
         +5001
         timer
         timer => query #1
         standing 1 buy 100 5 0 asked => cancel #1
         done 1 cancelled 0
         live => 0",
    );
}

#[test]
fn an_unknown_cancel_is_asked_for_and_sent_again() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote => cancel #1
         unknown 1 cancel
         tick
         +300
         timer => query #1
         standing 1 buy 100 5 0 asked => cancel #1
         done 1 cancelled 0
         order 1 => cancelled 5/0 at 100
         live => 0",
    );
}

#[test]
fn a_cancel_replace_is_taken_leg_by_leg() {
    // 200: both went well.
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote buy 101:5 => replace #1→#2 101:5
         done 1 cancelled 0
         accept 2
         order 2 => open 5/0 at 101
         live => 1
         count replaces => 1",
    );
    // 409: cancelled, the new order refused.
    check(
        "ready
         quote buy 100:5 sell 103:5 => place #1 buy 100:5, place #2 sell 103:5
         accept 1
         accept 2
         quote buy 101:5 sell 103:5 => replace #1→#3 101:5
         done 1 cancelled 0
         +7
         done 3 rejected would-take => place #4 buy 101:5
         count post_only_rejects => 1
         count one_sided_ns => 0",
    );
    // 409: not cancelled, so the new order was not attempted.
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote buy 101:5 => replace #1→#2 101:5
         refused 1 cancel unknown-order
         done 2 rejected not-attempted
         order 1 => unknown 5/0 at 100
         fill 1 70 5 => place #3 buy 101:5
         held => 5
         repairs",
    );
    // 400: neither was done.
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote buy 101:5 => replace #1→#2 101:5
         refused 1 cancel not-attempted
         order 1 => open 5/0 at 100
         done 2 rejected balance
         order 2 => rejected 5/0 at 101
         +20
         tick => replace #1→#3 101:5",
    );
    // No answer: both legs are unknown.
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote buy 101:5 => replace #1→#2 101:5
         unknown 1 cancel
         unknown 2 place
         quote buy 99:5
         +300
         timer => query #1, query #2
         done 1 cancelled 0 asked
         quote buy 99:5
         absent 2 asked => place #3 buy 99:5
         repairs => order_ended #1, order_absent #2",
    );
}

#[test]
fn a_refused_cancel_meets_the_fill_that_caused_it() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote => cancel #1
         refused 1 cancel unknown-order
         order 1 => unknown 5/0 at 100
         fill 1 70 5
         order 1 => filled 5/5 at 100
         +1000
         timer
         repairs",
    );
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote => cancel #1
         fill 1 70 5
         refused 1 cancel unknown-order
         order 1 => filled 5/5 at 100",
    );
}

#[test]
fn an_end_that_overtakes_its_fills_waits_for_them() {
    // The answer to the cancel comes before the private stream's fill: no query, no repair.
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote => cancel #1
         done 1 cancelled 3
         order 1 => unknown 5/0 at 100
         accept 1
         standing 1 buy 100 5 0
         quote buy 99:5
         order 1 => unknown 5/0 at 100
         fill 1 70 2
         fill 1 71 1 => place #2 buy 99:5
         order 1 => cancelled 5/3 at 100
         done 1 cancelled 3
         repairs",
    );
    // The fills were lost: asked until they came.
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote => cancel #1
         done 1 cancelled
         done 1 cancelled 3
         +300
         timer => query #1
         done 1 cancelled 3 asked
         +600
         timer => query #1
         fill 1 70 3 asked
         order 1 => cancelled 5/3 at 100
         repairs => missed_fill #1",
    );
    // Whole, by the venue's word.
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         unknown 1 place
         done 1 filled asked
         order 1 => unknown 5/0 at 100
         fill 1 70 5 asked => place #2 buy 100:5
         order 1 => filled 5/5 at 100
         repairs => order_ended #1, missed_fill #1",
    );
}

#[test]
fn what_was_taken_for_ended_and_stands_is_asked_for() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         unknown 1 place
         absent 1 asked => place #2 buy 100:5
         accept 1
         order 1 => unknown 5/0 at 100
         accept 2
         +300
         timer => query #1
         standing 1 buy 100 5 0 asked => cancel #1",
    );
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote => cancel #1
         done 1 cancelled 0
         accept 1
         order 1 => cancelled 5/0 at 100
         standing 1 buy 100 5 0 asked
         order 1 => unknown 5/0 at 100
         +300
         timer => query #1
         done 1 cancelled 0 asked
         live => 0",
    );
}

#[test]
fn a_refused_request_is_not_repeated_at_once() {
    check(
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         quote => cancel #1
         refused 1 cancel rate-limit
         tick
         +19
         timer
         +1
         timer => cancel #1
         count cancels => 2",
    );
}

#[test]
fn an_amend_that_is_late_does_not_undo_a_cancel() {
    check(
        "ready
         quote buy 100:10 => place #1 buy 100:10
         accept 1
         quote buy 100:6 => amend #1 6
         cancel-all => cancel-all, cancel-all@1
         amended 1 6
         order 1 => pending-cancel 6/0 at 100
         refused 1 amend rate-limit
         order 1 => pending-cancel 6/0 at 100
         done 1 cancelled 0
         phase => paused, none",
    );
}

#[test]
fn what_takes_leaves_before_what_quotes() {
    check(
        "ready
         pause
         quote buy 100:5
         take@1 1 buy 102:5
         resume => place@1 #1 buy 102:5 ioc, place #2 buy 100:5",
    );
}
