//! Cross-exchange market making by scenes: venue 0 makes, venue 1 takes.

extern crate std;

use super::quotes::quote_price;
use crate::scene::Scene;
use engine::id::Side;

const TWO: &[&str] =
    &["BTC/USDT 0 spot 0.1 0.001 fees 10 20", "BTC/USDT 1 perp 0.1 0.01 fees 2 5 min 5"];

fn parameters<'a>(more: &[(&'a str, f64)]) -> std::vec::Vec<(&'a str, f64)> {
    let mut all = std::vec![
        ("order_qty", 1.0),
        ("profit_bps", 20.0),
        ("profit_min_bps", 10.0),
        ("slippage_bps", 5.0),
        ("drift_bps", 5.0),
        ("depth_share", 1.0),
        ("position_max", 10.0),
        ("hedge_cap_bps", 20.0),
        ("unhedged_max", 3.0),
    ];
    all.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    all.extend(more);
    all
}

fn scene(more: &[(&str, f64)]) -> Scene {
    Scene::new("cross-market", &parameters(more), TWO)
}

/// Both books, and the two quotes accepted.
const OPEN: &str = "book 0 bid 995 5 ask 1005 5
     book 1 bid 1000 5 ask 1001 5 => place 0 #1 buy 1 at 996, place 0 #2 sell 1 at 1005.1
     settle";

#[test]
fn a_fill_and_its_hedge_leave_the_profit_after_fees_and_slippage() {
    for (side, hedge) in [(Side::Buy, 1000.0), (Side::Sell, 1001.0)] {
        let price = quote_price(side, hedge, 5e-4, (1e-3, 5e-4), 2e-3);
        let sign = side.sign() as f64;
        let paid = price * (1.0 + sign * 1e-3);
        let got = hedge * (1.0 - sign * 5e-4) * (1.0 - sign * 5e-4);
        assert!(((got - paid) * sign / price - 2e-3).abs() < 1e-12, "{side:?} {price}");
    }
}

#[test]
fn it_quotes_the_size_weighted_price_of_the_other_venue() {
    scene(&[]).check(OPEN);
    scene(&[("order_qty", 4.0)]).check(
        "book 0 bid 995 5 ask 1005 5
         book 1 bid 1000 1 990 9 ask 1001 1 1009 9 => place 0 #1 buy 4 at 988.5, \
         place 0 #2 sell 4 at 1011.1
         settle",
    );
    // No more than a share of what stands there, no more than either account affords.
    scene(&[("order_qty", 9.0), ("depth_share", 0.1)]).check(
        "book 0 bid 995 5 ask 1005 5
         book 1 bid 1000 5 ask 1001 3 => place 0 #1 buy 0.5 at 996, place 0 #2 sell 0.3 at 1005.1",
    );
    let poor = [("BTC", 0.25), ("USDT", 50.0)];
    Scene::with_funds("cross-market", &parameters(&[]), TWO, &poor).check(
        "book 0 bid 995 5 ask 1005 5
         book 1 bid 1000 5 ask 1001 5 => place 0 #1 buy 0.05 at 996, \
         place 0 #2 sell 0.25 at 1005.1",
    );
}

#[test]
fn each_fill_is_hedged_at_once_and_once() {
    scene(&[]).check(
        &(std::string::String::from(OPEN)
            + "
         fill 1 0.4 => take 1 #3 sell 0.4 at 998, replace 0 #1→#4 buy 1 at 996
         accept 3
         fill 3 0.4 at 999.5
         held 0 => 0.4
         held 1 => -0.4
         settle
         live => 0 sell 1 at 1005.1, 0 buy 1 at 996"),
    );
}

#[test]
fn a_fill_that_arrives_while_its_order_is_cancelled_is_hedged_too() {
    scene(&[]).check(
        &(std::string::String::from(OPEN)
            + "
         book 1 bid 980 5 ask 981 5 => replace 0 #1→#3 buy 1 at 976
         fill 1 1 => take 1 #4 sell 1 at 978.1, replace 0 #2→#5 sell 1 at 995.1
         held 0 => 1"),
    );
}

#[test]
fn what_a_hedge_leaves_is_hedged_again_after_the_pause() {
    scene(&[("hedge_pause_s", 0.5), ("hedge_clip", 0.5), ("unhedged_s", 9.0), ("age_max_s", 9.0)])
        .check(
            &(std::string::String::from(OPEN)
                + "
         fill 2 1 => take 1 #3 buy 0.5 at 1003, place 0 #4 sell 1 at 1005.1
         accept 3
         fill 3 0.2
         done 3
         at 0.6s
         timer => take 1 #5 buy 0.5 at 1003
         fill 5 0.5
         at 0.7s
         timer
         at 1.2s
         timer => take 1 #6 buy 0.3 at 1003
         fill 6 0.3
         settle
         at 2s
         timer
         held 0 => -1
         held 1 => 1"),
        );
}

#[test]
fn a_fill_below_the_other_venue_s_least_order_waits_for_more() {
    scene(&[]).check(
        &(std::string::String::from(OPEN)
            + "
         fill 1 0.004 => replace 0 #1→#3 buy 1 at 996
         settle
         fill 3 0.007 => take 1 #4 sell 0.01 at 998, replace 0 #3→#5 buy 1 at 996"),
    );
}

#[test]
fn quotes_stay_while_they_earn_and_go_at_once_when_they_do_not() {
    scene(&[("move_pause_s", 1.0)]).check(
        &(std::string::String::from(OPEN)
            + "
         best 1 1000.4 5 1001.4 5
         at 0.5s
         best 1 1001.8 5 1002 5
         at 0.6s
         best 1 1002 5 1003 5 => cancel #2
         settle
         live => 0 buy 1 at 996
         at 1.1s
         timer => replace 0 #1→#3 buy 1 at 998, place 0 #4 sell 1 at 1007.1"),
    );
}

#[test]
fn without_the_other_venue_nothing_is_quoted_and_what_is_late_is_closed_here() {
    scene(&[("unhedged_s", 2.0), ("late_cap_bps", 100.0), ("age_max_s", 9.0)]).check(
        &(std::string::String::from(OPEN)
            + "
         orders 1 down => cancel #1, cancel #2
         fill 1 0.5
         settle
         at 1s
         timer
         at 2.5s
         timer => take 0 #3 sell 0.5 at 985.1
         accept 3
         fill 3 0.5
         settle
         held 0 => 0
         orders 1 up => place 0 #4 buy 1 at 996, place 0 #5 sell 1 at 1005.1"),
    );
}

#[test]
fn a_late_or_large_open_position_stops_the_side_that_adds_and_reaches_farther() {
    scene(&[("unhedged_max", 0.5), ("late_cap_bps", 100.0)]).check(
        &(std::string::String::from(OPEN)
            + "
         fill 1 1 => take 1 #3 sell 1 at 990
         accept 3
         done 3
         at 0.1s
         timer => take 1 #4 sell 1 at 990
         fill 4 1 => place 0 #5 buy 1 at 996
         settle
         live => 0 sell 1 at 1005.1, 0 buy 1 at 996"),
    );
}

#[test]
fn an_old_book_is_not_quoted_on() {
    scene(&[("age_max_s", 0.5)]).check(
        "book 1 bid 1000 5 ask 1001 5
         at 1s
         book 0 bid 995 5 ask 1005 5
         best 1 1000 5 1001 6 => place 0 #1 buy 1 at 996, place 0 #2 sell 1 at 1005.1",
    );
}

#[test]
fn it_goes_no_farther_before_others_than_a_tick() {
    scene(&[("improve", 1.0)]).check(
        "book 0 bid 990 5 ask 1010 5
         book 1 bid 1000 5 ask 1001 5 => place 0 #1 buy 1 at 990.1, place 0 #2 sell 1 at 1009.9",
    );
}

#[test]
fn other_assets_are_refused() {
    use crate::any::Settings;
    use std::string::ToString;
    let scene = scene(&[]);
    let settings = Settings::of("cross-market").unwrap();
    let error = settings.build(&scene.instruments[..1]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 instruments given, 2 needed: maker (where quotes stand) taker (where fills are hedged)"
    );
    let mut other = scene.instruments.clone();
    other[1].base = engine::id::AssetId(9);
    assert_eq!(
        settings.build(&other).unwrap_err().to_string(),
        "BTCUSDT and BTCUSDT: both must have the same base asset: what is bought is sold"
    );
}
