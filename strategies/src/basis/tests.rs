//! Basis and funding arbitrage by scenes: spot 0 and perpetual 1 on one venue each.

extern crate std;

use super::worth::fundings;
use crate::scene::Scene;
use engine::time::Nanos;
use std::string::String;

const TWO: &[&str] =
    &["BTC/USDT 0 spot 0.1 0.001 fees 8 10 min 5", "BTC/USDT 1 perp 0.1 0.01 fees 2 5 min 5"];

fn parameters<'a>(more: &[(&'a str, f64)]) -> std::vec::Vec<(&'a str, f64)> {
    let mut all = std::vec![
        ("order_qty", 1.0),
        ("position_max", 2.0),
        ("threshold_bps", 10.0),
        ("slippage_bps", 0.0),
        ("reach_bps", 0.0),
        ("age_max_s", 1e3),
        ("imbalance_max", 0.005),
    ];
    all.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    all.extend(more);
    all
}

fn scene(more: &[(&str, f64)]) -> Scene {
    Scene::new("basis", &parameters(more), TWO)
}

/// 30 bp of fees both ways, and 50 bp of basis.
const WIDE: &str = "book 0 bid 999.9 5 ask 1000 5
     book 1 bid 1005 5 ask 1005.1 5";

#[test]
fn fundings_within_the_horizon_are_counted() {
    let now = Nanos::from_s(3600);
    let at = |hours: f64| (3600.0 * (1.0 + hours) * 1000.0) as u64;
    for (next, horizon, count) in
        [(2.0, 1.0, 0.0), (2.0, 2.0, 1.0), (2.0, 9.9, 1.0), (2.0, 10.0, 2.0), (2.0, 24.0, 3.0)]
    {
        assert_eq!(fundings(now, at(next), horizon, 8.0), count, "{next} {horizon}");
    }
    assert_eq!(fundings(now, 0, 24.0, 8.0), 0.0);
}

#[test]
fn it_builds_in_clips_what_pays_and_leaves_what_no_longer_does() {
    scene(&[]).check(
        &(String::from(WIDE)
            + " => take 0 #1 buy 1 at 1000, take 1 #2 sell 1 at 1005
         fill 1 1
         fill 2 1
         at 0.5s
         timer
         at 1s
         timer => take 0 #3 buy 1 at 1000, take 1 #4 sell 1 at 1005
         fill 3 1
         fill 4 1
         at 3s
         timer
         best 1 1001 5 1001.1 5
         at 4s
         best 0 1000.9 5 1001 5
         best 1 1000.8 5 1000.9 5 => take 0 #5 sell 1 at 1000.9, take 1 #6 buy 1 at 1000.9
         fill 5 1
         fill 6 1
         at 5s
         timer => take 0 #7 sell 1 at 1000.9, take 1 #8 buy 1 at 1000.9
         fill 7 1
         fill 8 1
         held 0 => 0
         held 1 => 0
         at 9s
         timer"),
    );
    scene(&[("threshold_bps", 25.0)]).check(WIDE);
    scene(&[("annual_min", 10.0)]).check(WIDE);
    scene(&[("basis_target_bps", 20.0)]).check(WIDE);
}

#[test]
fn funding_counts_and_turns() {
    let funding = [("signal", 1.0), ("horizon_h", 24.0)];
    scene(&funding).check(
        "book 0 bid 999.9 5 ask 1000 5
         book 1 bid 999.9 5 ask 1000 5
         funding 1 0.0010 in 2h
         best 1 999.9 6 1000 5
         funding 1 0.0014 in 2h
         best 1 999.9 7 1000 5 => take 0 #1 buy 1 at 1000, take 1 #2 sell 1 at 999.9
         fill 1 1
         fill 2 1
         at 2s
         funding 1 0.0001 in 2h
         best 1 999.9 8 1000 5
         funding 1 -0.0001 in 2h
         best 1 999.9 7 1000 5 => take 0 #3 sell 1 at 999.9, take 1 #4 buy 1 at 1000",
    );
    // Basis and funding together, and funding against it alone.
    scene(&[]).check(
        "book 0 bid 999.9 5 ask 1000 5
         book 1 bid 1003 5 ask 1003.1 5
         funding 1 0.0004 in 2h
         best 1 1003 6 1003.1 5 => take 0 #1 buy 1 at 1000, take 1 #2 sell 1 at 1003
         fill 1 1
         fill 2 1
         at 2s
         funding 1 -0.0001 in 2h
         best 1 1003 7 1003.1 5 => take 0 #3 sell 1 at 999.9, take 1 #4 buy 1 at 1003.1",
    );
}

#[test]
fn the_reverse_needs_leave_and_holdings() {
    let below = "book 0 bid 1000 5 ask 1000.1 5
     book 1 bid 994.9 5 ask 995 5";
    scene(&[]).check(below);
    scene(&[("reverse", 1.0)])
        .check(&(String::from(below) + " => take 0 #1 sell 1 at 1000, take 1 #2 buy 1 at 995"));
    let funds = [("BTC", 0.4), ("USDT", 1e6)];
    Scene::with_funds("basis", &parameters(&[("reverse", 1.0)]), TWO, &funds)
        .check(&(String::from(below) + " => take 0 #1 sell 0.4 at 1000, take 1 #2 buy 0.4 at 995"));
}

#[test]
fn a_leg_that_misses_is_completed_while_it_builds() {
    scene(&[("hedge_pause_s", 0.1), ("repair_s", 1.0), ("pause_s", 9.0)]).check(
        &(String::from(WIDE)
            + " => take 0 #1 buy 1 at 1000, take 1 #2 sell 1 at 1005
         fill 1 1
         at 0.2s
         fill 2 0.4
         done 2 => take 1 #3 sell 0.6 at 1004
         done 3
         at 0.3s
         timer => take 1 #4 sell 0.6 at 1004
         done 4
         at 1.3s
         timer => take 1 #5 sell 0.6 at 1000
         fill 5 0.6
         held 1 => -1"),
    );
}

#[test]
fn and_the_other_is_undone_where_it_cannot_be() {
    scene(&[("hedge_pause_s", 0.1), ("repair_s", 1.0)]).check(
        &(String::from(WIDE)
            + " => take 0 #1 buy 1 at 1000, take 1 #2 sell 1 at 1005
         fill 1 1
         at 0.2s
         status 1 halted
         done 2
         at 1.3s
         timer => take 0 #3 sell 1 at 995
         fill 3 1
         held 0 => 0"),
    );
}

#[test]
fn a_quoted_leg_s_fills_are_hedged_by_the_other() {
    scene(&[("execution", 2.0), ("hedge_pause_s", 0.0)]).check(
        &(String::from(WIDE)
            + " => place 1 #1 sell 1 at 1005.1
         accept 1
         fill 1 0.3 => take 0 #2 buy 0.3 at 1001, replace 1 #1→#3 sell 1 at 1005.1
         fill 2 0.3
         fill 1 0.7 => take 0 #4 buy 0.7 at 1001
         fill 4 0.7
         held 0 => 1
         held 1 => -1
         settle
         best 1 998 6 998.1 5 => cancel #3, place 1 #5 buy 1 at 998"),
    );
}

#[test]
fn kinds_are_checked() {
    use std::string::ToString;
    let scene = scene(&[]);
    let settings = crate::any::Settings::of("basis").unwrap();
    let mut wrong = scene.instruments.clone();
    wrong.swap(0, 1);
    assert_eq!(
        settings.build(&wrong).unwrap_err().to_string(),
        "BTCUSDT is to be the spot (the asset itself) and must be a spot instrument"
    );
}
