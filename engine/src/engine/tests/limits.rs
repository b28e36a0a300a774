//! What may not be passed: each refusal leads to no order and is counted.

use super::check_on;
use super::desk::{Bench, ONE};
use crate::engine::Settings;
use crate::num::{Amount, Notional, Qty};
use crate::risk::Limits;
use crate::time::Nanos;

fn refused(change: impl FnOnce(&mut Limits, &mut Settings), quote: &str, name: &str) {
    let script = alloc::format!(
        "ready
         trade 101
         {quote}
         count {name} => 1
         live => 0"
    );
    check_on(Bench::new(change), &script);
}

#[test]
fn every_refusal_leads_to_no_order_and_a_counter() {
    refused(|_, _| {}, "quote buy 90:5", "collar_mid");
    refused(|l, _| l.collar_trade_ppm = 10_000, "quote buy 99:5", "collar_trade");
    refused(|l, _| l.order_qty_max = Qty(4), "quote buy 100:5", "order_qty");
    refused(|l, _| l.order_notional_max = Notional(499 * ONE), "quote buy 100:5", "order_notional");
    refused(|l, _| l.position_max = Amount(4 * ONE), "quote buy 100:5", "position");
    refused(|l, _| l.open_orders_max = 0, "quote buy 100:5", "open_orders");
    let low = |l: &mut Limits, _: &mut Settings| l.gross_notional_max = Notional(499 * ONE);
    refused(low, "quote buy 100:5", "gross_notional");
    refused(|l, _| l.daily_loss_max = Notional(0), "quote buy 100:5", "daily_loss");
    refused(|_, _| {}, "take 1 buy 96:0", "filter");
    let rich = |l: &mut Limits, _: &mut Settings| {
        (l.order_qty_max, l.position_max) = (Qty(2000), Amount(2000 * ONE));
        l.order_notional_max = Notional(1_000_000 * ONE);
    };
    refused(rich, "quote sell 102:1001", "balance");
    refused(|l, _| l.orders_burst = 0, "take 1 buy 102:1", "rate");
}

#[test]
fn the_rate_defers_quotes_and_refuses_takes() {
    check_on(
        Bench::new(|l, _| (l.orders_per_s, l.orders_burst) = (1, 2)),
        "ready
         quote buy 100:5 99:5 98:5 => place #1 buy 100:5, place #2 buy 99:5
         count rate_deferred => 1
         +999
         tick
         +1
         tick => place #3 buy 98:5
         count rate => 0",
    );
}

#[test]
fn an_empty_budget_defers_places_and_takes_away_what_gives_too_much() {
    check_on(
        Bench::new(|_, _| {}),
        "ready
         quote buy 100:5 sell 102:5 => place #1 buy 100:5, place #2 sell 102:5
         accept 1
         accept 2
         budget 0
         quote buy 99:5 sell 101:5 => cancel #1
         count budget_deferred => 2
         done 1 cancelled 0
         budget 2
         tick => place #3 buy 99:5, replace #2→#4 101:5
         tick
         quote buy 98:5 98:6",
    );
}

#[test]
fn unknown_and_cancelling_orders_count_as_if_they_filled() {
    check_on(
        Bench::new(|l, _| l.position_max = Amount(10 * ONE)),
        "ready
         quote buy 100:6 => place #1 buy 100:6
         accept 1
         quote buy 99:6 => cancel #1
         count position => 1
         tick
         done 1 cancelled 2
         order 1 => unknown 6/0 at 100
         tick
         fill 1 70 2 => place #2 buy 99:6
         accept 2
         quote buy 99:6 98:3
         count position => 2
         quote buy 99:6 98:2 => place #3 buy 98:2",
    );
}

#[test]
fn own_orders_never_meet() {
    check_on(
        Bench::with_desks(&[&[0], &[0]], |_, _| {}),
        "ready
         quote buy 100:5 => place #1 buy 100:5, place #2 buy 100:5
         quote sell 100:5
         count self_cross => 1",
    );
}

#[test]
fn the_days_loss_halts_until_an_operator_resumes_on_a_better_day() {
    check_on(
        Bench::new(|l, _| l.daily_loss_max = Notional(100 * ONE)),
        "ready
         timer
         quote buy 100:10 => place #1 buy 100:10
         accept 1
         fill 1 70 10 => place #2 buy 100:10
         accept 2
         book 92 94
         timer
         phase => quoting, none
         book 90 92
         timer
         phase => quoting, none
         book 89 91
         timer => cancel-all, cancel-all@1
         phase => halted, daily loss limit
         done 2 cancelled 0
         quote buy 89:10
         resume
         count daily_loss => 1
         timer => cancel-all, cancel-all@1
         phase => halted, daily loss limit
         +172800000
         timer
         phase => halted, daily loss limit
         tick
         resume => place #3 buy 89:10
         timer
         phase => quoting, none",
    );
}

#[test]
fn flatten_passes_what_has_already_gone_too_far() {
    check_on(
        Bench::new(|l, _| {
            l.daily_loss_max = Notional(100 * ONE);
            l.gross_notional_max = Notional(1500 * ONE);
            l.order_notional_max = Notional(1000 * ONE);
        }),
        "ready
         timer
         quote buy 100:10 => place #1 buy 100:10
         fill 1 70 10
         book 80 82
         timer => cancel-all, cancel-all@1
         phase => halted, daily loss limit
         flatten => cancel-all, cancel-all@1, place #2 sell 77:10 ioc
         fill 2 71 10
         phase => paused, daily loss limit
         held => 0",
    );
}

#[test]
fn a_full_table_of_orders_refuses_and_keeps_room_for_what_returns() {
    let mut bench = Bench::new(|l, _| l.open_orders_max = 1000);
    bench.say("ready");
    let quotes = "quote buy 100:1 99:1 98:1 97:1 96:1 95:1 94:1 93:1";
    // Each round leaves eight orders whose cancels are never answered.
    for round in 0..7 {
        let sent = bench.say(quotes);
        assert_eq!(sent.matches("place").count(), 8, "round {round}: {sent}");
        for order in 1..=8 {
            bench.say(&alloc::format!("accept {}", round * 8 + order));
        }
        bench.say("quote");
        for order in 1..=8 {
            bench.say(&alloc::format!("done {} cancelled 0", round * 8 + order));
        }
        for order in 1..=8 {
            bench.say(&alloc::format!("standing {} buy 90 1 0 asked", round * 8 + order));
        }
        let id = round * 8 + 1;
        assert!(bench.say(&alloc::format!("order {id}")).starts_with("unknown"));
        // What is unknown blocks its side; the other instrument's orders fill the table on.
        for order in 1..=8 {
            bench.say(&alloc::format!("absent {} asked", round * 8 + order));
        }
        assert_eq!(bench.say("live"), "0");
    }
    let both = ["quote", "quote@1"].map(|verb| {
        alloc::format!(
            "{verb} buy 100:1 99:1 98:1 97:1 96:1 95:1 94:1 93:1 \
             sell 102:1 103:1 104:1 105:1 106:1 107:1 108:1 109:1"
        )
    });
    let placed: usize = both.iter().map(|line| bench.say(line).matches("place").count()).sum();
    assert_eq!((placed, bench.say("live").as_str()), (32, "32"));
}

#[test]
fn stale_means_withdrawn_once() {
    check_on(
        Bench::new(|l, _| l.market_age_max = Nanos::from_s(1)),
        "ready
         quote buy 100:5 => place #1 buy 100:5
         accept 1
         +1000
         timer
         +1
         timer => cancel #1
         count stale_withdrawals => 1
         done 1 cancelled 0
         timer
         tick => place #2 buy 100:5",
    );
}
