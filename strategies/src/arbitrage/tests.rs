//! Cross-exchange arbitrage by scenes.

extern crate std;

use crate::scene::Scene;
use std::string::String;

const THREE: &[&str] = &[
    "BTC/USDT 0 spot 0.1 0.001 fees 10 10 min 5",
    "BTC/USDT 1 spot 0.01 0.01 fees 10 10 min 5",
    "BTC/USDT 2 perp 0.1 0.001 fees 2 5 min 5",
];

fn parameters<'a>(more: &[(&'a str, f64)]) -> std::vec::Vec<(&'a str, f64)> {
    let mut all = std::vec![
        ("order_qty", 2.0),
        ("profit_min_bps", 10.0),
        ("depth_share", 1.0),
        ("position_max", 5.0),
        ("haircut_z", 0.0),
        ("age_max_s", 100.0),
        ("repair_min", 0.005),
    ];
    all.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    all.extend(more);
    all
}

fn scene(more: &[(&str, f64)]) -> Scene {
    Scene::new("arbitrage", &parameters(more), &THREE[..2])
}

/// 1000 asked on one venue, 1005 bid on the other: 50 bp, of which 20 go to fees.
const EDGE: &str = "book 0 bid 999 5 ask 1000 0.7 1001 0.8 1003 9
     book 1 bid 1005 0.5 1004.1 5 ask 1006 5";

#[test]
fn both_legs_go_at_once_as_deep_as_it_pays() {
    scene(&[]).check(
        &(String::from(EDGE) + " => take 0 #1 buy 1.5 at 1001, take 1 #2 sell 1.5 at 1004.1"),
    );
    // 35 bp after fees are asked for: no more than the best prices give.
    scene(&[("profit_min_bps", 25.0)])
        .check(&(String::from(EDGE) + " => take 0 #1 buy 0.5 at 1000, take 1 #2 sell 0.5 at 1005"));
    scene(&[("profit_min_bps", 35.0)]).check(EDGE);
    scene(&[("reach_bps", 5.0), ("order_qty", 0.1)]).check(
        &(String::from(EDGE) + " => take 0 #1 buy 0.1 at 1000.5, take 1 #2 sell 0.1 at 1004.5"),
    );
}

#[test]
fn balances_positions_and_lots_of_both_venues_bound_it() {
    let funds = [("BTC", 0.3456), ("USDT", 1e6)];
    Scene::with_funds("arbitrage", &parameters(&[]), &THREE[..2], &funds).check(
        &(String::from(EDGE) + " => take 0 #1 buy 0.34 at 1000, take 1 #2 sell 0.34 at 1005"),
    );
    let funds = [("BTC", 5.0), ("USDT", 100.0)];
    Scene::with_funds("arbitrage", &parameters(&[]), &THREE[..2], &funds).check(
        &(String::from(EDGE) + " => take 0 #1 buy 0.09 at 1000, take 1 #2 sell 0.09 at 1005"),
    );
    scene(&[("position_max", 0.25)]).check(
        &(String::from(EDGE) + " => take 0 #1 buy 0.25 at 1000, take 1 #2 sell 0.25 at 1005"),
    );
}

#[test]
fn nothing_more_is_shot_while_one_is_in_the_air_or_the_pause_lasts() {
    scene(&[("pause_s", 1.0), ("order_qty", 0.5)]).check(
        &(String::from(EDGE)
            + " => take 0 #1 buy 0.5 at 1000, take 1 #2 sell 0.5 at 1005
         best 0 999 5 1000 0.6
         fill 1 0.5
         at 2s
         timer
         fill 2 0.5 => take 0 #3 buy 0.5 at 1000, take 1 #4 sell 0.5 at 1005
         fill 3 0.5
         fill 4 0.5
         held 0 => 1
         held 1 => -1
         at 2.9s
         timer
         at 3s
         timer => take 0 #5 buy 0.5 at 1000, take 1 #6 sell 0.5 at 1005"),
    );
}

#[test]
fn a_broken_leg_is_completed_where_that_is_cheaper() {
    scene(&[]).check(
        &(String::from(EDGE)
            + " => take 0 #1 buy 1.5 at 1001, take 1 #2 sell 1.5 at 1004.1
         fill 1 1.5
         at 0.1s
         book 1 bid 1003 5 ask 1006 5
         fill 2 0.5 at 1004.1
         done 2 => take 1 #3 sell 1 at 1002
         fill 3 1 at 1003
         held 0 => 1.5
         held 1 => -1.5"),
    );
}

#[test]
fn and_unwound_where_that_is() {
    scene(&[("repair_s", 0.5), ("late_cap_bps", 100.0), ("repair_pause_s", 0.1)]).check(
        &(String::from(EDGE)
            + " => take 0 #1 buy 1.5 at 1001, take 1 #2 sell 1.5 at 1004.1
         fill 1 1.5
         at 0.1s
         book 1 bid 990 5 ask 1001 5
         done 2 => take 0 #3 sell 1.5 at 998.1
         done 3
         at 0.2s
         timer => take 0 #4 sell 1.5 at 998.1
         fill 4 0.6
         done 4
         at 0.6s
         timer => take 0 #5 sell 0.9 at 989.1
         fill 5 0.9
         held 0 => 0
         at 9s
         timer"),
    );
}

#[test]
fn an_unknown_leg_is_waited_for_and_not_repaired() {
    scene(&[("pause_s", 9.0)]).check(
        &(String::from(EDGE)
            + " => take 0 #1 buy 1.5 at 1001, take 1 #2 sell 1.5 at 1004.1
         fill 1 1.5
         unknown 2
         at 0.2s
         timer
         fill 2 1.5
         held 1 => -1.5"),
    );
}

#[test]
fn old_books_and_moving_prices_are_not_shot_at() {
    scene(&[("age_max_s", 0.5)]).check(
        "book 0 bid 999 5 ask 1000 5
         at 0.6s
         book 1 bid 1005 5 ask 1006 5
         best 0 999 5 1000 6 => take 0 #1 buy 2 at 1000, take 1 #2 sell 2 at 1005",
    );
    // A dollar a tenth of a second: σ is 3.2, and the last look 0.1 s old.
    let mut scene = scene(&[("haircut_z", 1.0), ("sigma_warm_up_s", 1.0), ("latency_s", 0.0)]);
    scene.check(
        "book 0 bid 1003 5 ask 1005 5
         book 1 bid 1004 5 ask 1006 5",
    );
    for tenth in 1..=20_u32 {
        let up = f64::from(tenth % 2);
        let (at, bid, ask) = (f64::from(tenth) / 10.0, 1004.0 + up, 1006.0 + up);
        scene.check(&std::format!(
            "at {at}s
             best 0 {} 5 {} 5
             timer
             at {}s
             best 1 {bid} 5 {ask} 5
             timer",
            bid - 1.0,
            ask - 1.0,
            at + 0.05,
        ));
    }
    scene.check(
        "at 2.1s
         best 1 1008.5 5 1010 5
         at 2.2s
         best 1 1010 5 1011 5 => take 0 #1 buy 2 at 1005, take 1 #2 sell 2 at 1010",
    );
}

#[test]
fn three_venues_are_compared_and_positions_come_back_for_less() {
    let books = "book 0 bid 999 5 ask 1000 5
         book 1 bid 1003 5 ask 1004 5
         book 2 bid 1004 5 ask 1005 5";
    let mut scene = Scene::new("arbitrage", &parameters(&[("rebalance_bps", 10.0)]), THREE);
    scene.check(
        &(String::from(books)
            + " => take 0 #1 buy 2 at 1000, take 2 #2 sell 2 at 1004
         fill 1 2
         fill 2 2
         at 1s
         best 0 1002 5 1003 5
         best 2 1000 5 1001 5
         best 2 999.4 5 1000.4 5 => take 0 #3 sell 2 at 1002, take 2 #4 buy 2 at 1000.4"),
    );
}
