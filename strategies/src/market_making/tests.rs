//! Pure market making by scenes.

extern crate std;

use crate::scene::Scene;

const BTC: &[&str] = &["BTC/USDT 0 spot 0.1 0.001 fees 1 5"];

/// 1 % around the mid, one BTC a level, no leaning.
fn parameters<'a>(more: &[(&'a str, f64)]) -> std::vec::Vec<(&'a str, f64)> {
    let mut all = std::vec![
        ("order_qty", 1.0),
        ("bid_spread_bps", 100.0),
        ("ask_spread_bps", 100.0),
        ("inventory_max", 5.0),
        ("inventory", 0.0),
    ];
    all.extend(more);
    all
}

fn scene(more: &[(&str, f64)]) -> Scene {
    Scene::new("market-making", &parameters(more), BTC)
}

#[test]
fn levels_lie_at_their_distances_and_grow() {
    let levels = [("levels", 3.0), ("level_spacing_bps", 50.0), ("level_growth", 2.0)];
    scene(&[&levels[..], &[("inventory_max", 6.5)]].concat()).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990, place 0 #2 buy 2 at 985, \
         place 0 #3 buy 3.5 at 980, place 0 #4 sell 1 at 1010, place 0 #5 sell 2 at 1015, \
         place 0 #6 sell 3.5 at 1020
         reading 0 => 10000000 ± 100000",
    );
    let wider = [("levels", 3.0), ("level_spacing_bps", 10.0), ("spacing_growth", 3.0)];
    scene(&wider).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990, place 0 #2 buy 1 at 989, \
         place 0 #3 buy 1 at 986, place 0 #4 sell 1 at 1010, place 0 #5 sell 1 at 1011, \
         place 0 #6 sell 1 at 1014",
    );
}

#[test]
fn sizes_and_centre_lean_against_inventory_and_the_bound_holds() {
    scene(&[("inventory", 1.0), ("inventory_max", 2.0), ("inventory_skew_bps", 50.0)]).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990, place 0 #2 sell 1 at 1010
         accept all
         fill 1 1 => place 0 #3 buy 0.5 at 987.5, replace 0 #2→#4 sell 1.5 at 1007.5
         settle
         fill 3 0.5 => place 0 #5 buy 0.25 at 986.2, replace 0 #4→#6 sell 1.75 at 1006.3",
    );
    // By value: a tenth of 2 BTC and 2000 USDT is less than is held, by over the range.
    let ratio = [("inventory", 2.0), ("inventory_ratio", 0.1), ("inventory_range", 1.0)];
    let funds = [("BTC", 2.0), ("USDT", 2000.0)];
    Scene::with_funds("market-making", &parameters(&ratio), BTC, &funds)
        .check("book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 sell 2 at 1010");
    let ratio = [("inventory", 2.0), ("inventory_ratio", 0.25), ("inventory_range", 2.0)];
    Scene::with_funds("market-making", &parameters(&ratio), BTC, &funds).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 0.5 at 990, place 0 #2 sell 1.5 at 1010",
    );
}

#[test]
fn quotes_are_cut_to_the_balance_that_standing_orders_share() {
    let funds = [("BTC", 0.4), ("USDT", 500.0)];
    Scene::with_funds("market-making", &parameters(&[]), BTC, &funds).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 0.499 at 990, \
         place 0 #2 sell 0.4 at 1010
         settle
         best 0 999.9 6 1000.1 5
         live => 0 buy 0.499 at 990, 0 sell 0.4 at 1010",
    );
}

#[test]
fn after_a_fill_ping_pong_quotes_the_other_side_alone() {
    scene(&[("ping_pong", 1.0)]).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990, place 0 #2 sell 1 at 1010
         accept all
         fill 1 0.4 => cancel #1, amend #2 0.4
         settle
         plan 0 => sell 0.4 at 1010
         fill 2 0.4 => place 0 #3 buy 1 at 990, place 0 #4 sell 1 at 1010
         held 0 => 0",
    );
}

#[test]
fn no_bid_above_the_ceiling_and_no_ask_below_the_floor() {
    let band = [("price_ceiling", 985.0), ("price_floor", 1020.0)];
    let error = crate::market_making::Parameters {
        price_ceiling: 985.0,
        price_floor: 1020.0,
        ..Default::default()
    };
    use crate::parameter::Table;
    use std::string::ToString;
    assert_eq!(
        error.validate().unwrap_err().to_string(),
        "price_floor = 1020 lies above price_ceiling = 985: lower it, or raise price_ceiling"
    );
    scene(&band[..1]).check("book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 sell 1 at 1010");
    scene(&band[1..]).check("book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990");
}

#[test]
fn quotes_follow_no_sooner_and_no_less_than_they_are_told() {
    scene(&[("tolerance_bps", 20.0), ("refresh_s", 2.0)]).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990, place 0 #2 sell 1 at 1010
         settle
         at 1s
         best 0 1004.9 5 1005.1 5
         at 2s
         timer => replace 0 #1→#3 buy 1 at 994.9, replace 0 #2→#4 sell 1 at 1015.1
         settle
         at 5s
         best 0 1006.4 5 1006.6 5
         best 0 1006.9 5 1007.1 5 => replace 0 #3→#5 buy 1 at 996.9, \
         replace 0 #4→#6 sell 1 at 1017.1",
    );
}

#[test]
fn the_reference_may_be_weighted_and_leans_with_the_book() {
    scene(&[("reference", 1.0)]).check(
        "book 0 bid 990 3 ask 1010 1 => place 0 #1 buy 1 at 994.9, place 0 #2 sell 1 at 1015.1",
    );
    scene(&[("reference", 2.0)]).check(
        "trade 0 buy 1020 1
         book 0 bid 990 3 ask 1010 1 => place 0 #1 buy 1 at 1009.8, place 0 #2 sell 1 at 1030.2",
    );
    scene(&[("imbalance_bps", 20.0), ("imbalance_levels", 1.0)]).check(
        "book 0 bid 999.9 3 ask 1000.1 1 => place 0 #1 buy 1 at 990.9, place 0 #2 sell 1 at 1011.1",
    );
}

#[test]
fn it_joins_or_improves_the_best_of_others_and_looks_past_small_orders() {
    let near = [("bid_spread_bps", 1.0), ("ask_spread_bps", 1.0)];
    let all = |join: f64, depth: f64| {
        scene(&[&near[..], &[("join", join), ("join_depth", depth)]].concat())
    };
    let book = "book 0 bid 990 1 989 5 ask 1010 5 1011 9";
    all(1.0, 0.0).check(
        "book 0 bid 990 1 989 5 ask 1010 5 => place 0 #1 buy 1 at 990, place 0 #2 sell 1 at 1010
         accept all => replace 0 #1→#3 buy 1 at 989
         book 0 bid 990 1 989 5 ask 1010 5
         done 1
         book 0 bid 989 5 ask 1010 5",
    );
    all(2.0, 0.0).check(
        &(std::string::String::from(book)
            + " => place 0 #1 buy 1 at 990.1, place 0 #2 sell 1 at 1009.9"),
    );
    all(1.0, 2.0).check(
        &(std::string::String::from(book)
            + " => place 0 #1 buy 1 at 989, place 0 #2 sell 1 at 1010"),
    );
}

#[test]
fn it_never_meets_the_book_or_itself() {
    let zero = [("bid_spread_bps", 0.0), ("ask_spread_bps", 0.0), ("levels", 2.0)];
    scene(&[&zero[..], &[("level_spacing_bps", 0.0)]].concat()).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 1000, place 0 #2 buy 1 at 999.9, \
         place 0 #3 sell 1 at 1000.1, place 0 #4 sell 1 at 1000.2",
    );
    scene(&[("bid_spread_bps", 0.0), ("reference", 2.0)]).check(
        "trade 0 buy 1020 1
         book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 1000, place 0 #2 sell 1 at 1030.2",
    );
}

#[test]
fn a_side_rests_after_a_fill_and_the_other_may_hang() {
    scene(&[("fill_pause_s", 5.0), ("hanging", 1.0), ("hanging_max_bps", 400.0)]).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990, place 0 #2 sell 1 at 1010
         accept all
         at 1s
         fill 1 1
         best 0 979.9 5 980.1 5 => place 0 #3 sell 1 at 989.8
         settle
         at 7s
         timer => place 0 #4 buy 1 at 970.2
         live => 0 sell 1 at 1010, 0 sell 1 at 989.8, 0 buy 1 at 970.2
         settle
         best 0 970 5 970.2 5 => cancel #3, replace 0 #4→#5 buy 1 at 960.3, \
         replace 0 #2→#6 sell 1 at 979.9",
    );
}

#[test]
fn fees_and_the_least_spread_widen_it() {
    scene(&[("fees_added", 1.0), ("spread_min_bps", 300.0)]).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 985, place 0 #2 sell 1 at 1015",
    );
    scene(&[("fees_added", 1.0)]).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 989.9, \
         place 0 #2 sell 1 at 1010.1",
    );
}

#[test]
fn a_blank_book_takes_quotes_away_and_other_grids_are_taken_over() {
    scene(&[]).check(
        "book 0 bid 999.9 5 ask 1000.1 5 => place 0 #1 buy 1 at 990, place 0 #2 sell 1 at 1010
         settle
         gap 0 => cancel #1, cancel #2
         settle
         filters 0 1 0.01
         book 0 bid 999 5 ask 1002 5 => place 0 #3 buy 1 at 990, place 0 #4 sell 1 at 1011",
    );
}
