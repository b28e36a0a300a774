//! The formula against the papers' own case, and the strategy by a scene.

use super::*;
use crate::optimal::Quoting;
use crate::optimal::quoter::Model;
use crate::scene::Scene;

fn near(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-9 * right.abs().max(1.0), "{left} is not {right}");
}

/// σ = 0.3 tick/√s, A = 0.9 /s, κ = 0.3 /tick, γ = 0.01: the numbers of the paper's figures.
const MODEL: Model = Model { sigma: 0.3, left_s: 0.0, kappa: [0.3; 2], rate: [0.9; 2], mid: 0 };

#[test]
fn the_paper_s_case_comes_out() {
    let parameters = Parameters { gamma: 0.01, ..Parameters::default() };
    let c1 = libm::log(1.0 + 0.01 / 0.3) / 0.01;
    let c2 = libm::sqrt(0.09 * 0.01 / (2.0 * 0.3 * 0.9) * libm::pow(1.0 + 0.01 / 0.3, 31.0));
    for q in -5..=5 {
        let q = f64::from(q);
        let [bid, ask] = parameters.distances(q, &MODEL).map(|distance| distance.unwrap());
        near(bid, c1 + (2.0 * q + 1.0) / 2.0 * c2);
        near(ask, c1 - (2.0 * q - 1.0) / 2.0 * c2);
    }
    // Nearly 3.3 ticks from the mid, and 0.07 a share: what figure 2 shows at zero inventory.
    assert!((c1 - 3.28).abs() < 0.01 && (c2 - 0.0678).abs() < 0.001, "{c1} {c2}");
}

#[test]
fn without_the_utility_s_curvature_the_limit_is_taken() {
    near(flow_half_spread(0.0, 0.3), 1.0 / 0.3);
    let close = skew(0.01, 1e-7, 0.3, 0.9, 0.3) / skew(0.01, 0.0, 0.3, 0.9, 0.3);
    assert!((close - 1.0).abs() < 1e-6, "{close}");
    let e = core::f64::consts::E;
    near(skew(0.01, 0.0, 0.3, 0.9, 0.3), libm::sqrt(0.01 * 0.09 / (2.0 * 0.9 * 0.3) * e));
}

#[test]
fn a_drift_moves_both_quotes_and_not_the_spread() {
    let up = Parameters { drift: 0.001, ..Parameters::default() };
    let flat = Parameters::default();
    let [one, other] = [up, flat].map(|p| p.distances(0.0, &MODEL).map(|d| d.unwrap()));
    assert!(one[0] < other[0] && one[1] > other[1], "{one:?} {other:?}");
    near(one[0] + one[1], other[0] + other[1]);
}

#[test]
fn it_quotes_leans_and_stops_at_its_bound() {
    let parameters = [
        ("gamma", 0.01),
        ("order_qty", 1.0),
        ("inventory_max", 2.0),
        ("sigma_start", 0.3),
        ("kappa_start", 0.3),
        ("rate_start", 0.9),
        ("kappa_estimated", 0.0),
        ("sigma_half_life_s", 1000.0),
        ("spread_max_bps", 10000.0),
    ];
    // A tick of 1e-4, so that offsets show: 3.279 + 0.0339 from the mid, then 0.0679 an order.
    let one = &["BTC/USDT 0 spot 0.0001 0.001 fees 1 5"];
    Scene::new("gueant-lehalle", &parameters, one).check(
        "book 0 bid 999 5 ask 1001 5 => place 0 #1 buy 1 at 996.687, \
         place 0 #2 sell 1 at 1003.313
         settle
         fill 1 1 => place 0 #3 buy 1 at 996.6192, replace 0 #2→#4 sell 1 at 1003.2451
         settle
         fill 3 1 => replace 0 #4→#5 sell 1 at 1003.1772",
    );
}
