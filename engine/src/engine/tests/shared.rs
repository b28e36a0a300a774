//! Several desks: limits that they share, money of several quote assets, and what passes inside.

use super::check_on;
use super::desk::{Bench, ONE};
use crate::engine::Netting;
use crate::num::Notional;
use crate::risk::SharedLimits;

const LIMITS: SharedLimits = SharedLimits {
    gross_notional_max: Notional(1_500 * ONE),
    open_orders_max: 3,
    orders_per_s: 1,
    orders_burst: 5,
    daily_loss_max: Notional(100 * ONE),
};

#[test]
fn desks_together_may_not_have_more_at_stake_than_all_may() {
    check_on(
        Bench::with_desks(&[&[0], &[1]], |_, s| s.shared = Some(LIMITS)),
        "ready
         quote buy 100:10 => place #1 buy 100:10
         quote@1 buy 100:6
         quote@1 buy 100:5 => place@1 #2 buy 100:5
         accept 1
         accept 2
         quote sell 102:1 => cancel #1
         count shared_gross => 1
         done 1 cancelled 0 => place #3 sell 102:1
         quote sell 102:1 103:1 104:1 => place #4 sell 103:1
         count shared_orders => 1",
    );
}

#[test]
fn desks_share_the_rate_and_the_days_loss() {
    check_on(
        Bench::with_desks(&[&[0], &[1]], |_, s| {
            s.shared = Some(SharedLimits { orders_burst: 3, open_orders_max: 9, ..LIMITS });
        }),
        "ready
         timer
         take 1 buy 102:5 => place #1 buy 102:5 ioc
         take@1 1 buy 102:5 => place@1 #2 buy 102:5 ioc
         fill 1 1 5 102
         fill@1 2 2 5 102
         quote buy 99:1 98:1 => place #3 buy 99:1
         count shared_rate => 1
         +1000
         tick => place #4 buy 98:1
         book 91 93
         timer
         phase => quoting, none
         book@1 91 93
         timer => cancel-all, cancel-all@1
         phase => halted, daily loss limit",
    );
}

#[test]
fn what_two_desks_would_trade_with_each_other_passes_inside() {
    check_on(
        Bench::with_desks(&[&[0], &[0]], |_, s| s.netting = Netting::Inside),
        "ready
         quote buy 100:5 => place #1 buy 100:5, place #2 buy 100:5
         accept 1
         accept 2
         take 1 sell 99:8 1 => cancel #1
         held => 5
         count netted => 1
         fill 1 1 2 100
         held => 7
         total 1 => 999800",
    );
}
