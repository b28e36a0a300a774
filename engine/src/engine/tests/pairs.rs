//! Linked orders and trailing ones at the venue, with pairs as two orders and as one.

use super::check_on;
use super::desk::Bench;
use crate::condition::Pairs;

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
         hold 2 sell stop 95:5 group 3
           => stop #1 sell 91:5 ioc when last down to 95 and, stop #2 sell 106:5 ioc when last up to 110 or
         holds => take-profit 1 at venue x5, stop 2 at venue x5",
    );
}
