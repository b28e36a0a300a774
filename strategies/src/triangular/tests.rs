//! Triangular arbitrage by scenes, and the search for cycles against counting.

extern crate std;

use super::*;
use crate::scene::Scene;
use std::string::String;

const THREE: &[&str] = &[
    "BTC/USDT 0 spot 0.1 0.0001 fees 10 10 min 5",
    "ETH/USDT 0 spot 0.01 0.001 fees 10 10 min 5",
    "ETH/BTC 0 spot 0.00001 0.001 fees 10 10",
];

fn parameters<'a>(more: &[(&'a str, f64)]) -> std::vec::Vec<(&'a str, f64)> {
    let mut all = std::vec![
        ("value_max", 1000.0),
        ("profit_min_bps", 5.0),
        ("depth_share", 1.0),
        ("age_max_s", 100.0),
    ];
    all.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    all.extend(more);
    all
}

fn scene(more: &[(&str, f64)]) -> Scene {
    Scene::new("triangular", &parameters(more), THREE)
}

/// 50000 · 0.04 = 2000 for a coin of 1980: 100 bp, of which 30 go to fees.
const EDGE: &str = "book 0 bid 50000 1 ask 50001 1
     book 1 bid 1979 9 ask 1980 9
     book 2 bid 0.04 9 ask 0.04001 9";

#[test]
fn all_legs_go_at_once_in_whole_lots() {
    // 1000 buy 0.504 ETH, these bring 0.02013 BTC, of which 0.0201 bring 1003.99.
    scene(&[]).check(
        &(String::from(EDGE)
            + " => take 0 #1 sell 0.0201 at 50000, take 1 #2 buy 0.504 at 1980, \
           take 2 #3 sell 0.504 at 0.04
         fill 1 0.0201
         fill 2 0.504
         fill 3 0.504
         timer
         held 0 => -0.0201"),
    );
    // The other way around.
    scene(&[]).check(
        "book 0 bid 50000 1 ask 50001 1
         book 2 bid 0.04 9 ask 0.04001 9
         book 1 bid 2020 9 ask 2021 9 => take 0 #1 buy 0.0199 at 50001, \
         take 1 #2 sell 0.496 at 2020, take 2 #3 buy 0.496 at 0.04001",
    );
    scene(&[("profit_min_bps", 80.0)]).check(EDGE);
    scene(&[("reach_bps", 10.0)]).check(
        &(String::from(EDGE)
            + " => take 0 #1 sell 0.0201 at 49950, take 1 #2 buy 0.504 at 1981.98, \
           take 2 #3 sell 0.504 at 0.03996"),
    );
}

#[test]
fn depth_balances_and_rounding_bound_it() {
    scene(&[]).check(
        "book 0 bid 50000 1 ask 50001 1
         book 1 bid 1979 9 ask 1980 9
         book 2 bid 0.04 0.4 ask 0.04001 9 => take 0 #1 sell 0.0159 at 50000, \
         take 1 #2 buy 0.4 at 1980, take 2 #3 sell 0.4 at 0.04",
    );
    let funds = [("BTC", 0.02), ("ETH", 1.0), ("USDT", 1e6)];
    Scene::with_funds("triangular", &parameters(&[]), THREE, &funds).check(
        &(String::from(EDGE)
            + " => take 0 #1 sell 0.0199 at 50000, take 1 #2 buy 0.5 at 1980, \
           take 2 #3 sell 0.5 at 0.04"),
    );
    // Lots so coarse that what they leave behind eats the edge.
    let coarse = [
        "BTC/USDT 0 spot 0.1 0.01 fees 10 10 min 5",
        "ETH/USDT 0 spot 0.01 0.001 fees 10 10 min 5",
        "ETH/BTC 0 spot 0.00001 0.001 fees 10 10",
    ];
    Scene::new("triangular", &parameters(&[("value_max", 700.0)]), &coarse).check(EDGE);
}

#[test]
fn a_broken_leg_is_completed_or_undone_by_what_it_costs() {
    let sent = String::from(EDGE)
        + " => take 0 #1 sell 0.0201 at 50000, take 1 #2 buy 0.504 at 1980, \
           take 2 #3 sell 0.504 at 0.04
         at 0.1s
         fill 1 0.0201
         fill 2 0.504
         book 2 bid ";
    // The missing leg has hardly moved: it is completed.
    scene(&[]).check(
        &(sent.clone()
            + "0.03998 9 ask 0.04 9
         done 3 => take 2 #4 sell 0.504 at 0.03995
         fill 4 0.504 at 0.03998
         timer
         held 2 => -0.504"),
    );
    // It has moved by 2 %: the two others are undone.
    scene(&[]).check(
        &(sent
            + "0.0392 9 ask 0.0396 9
         done 3 => take 0 #4 buy 0.0201 at 50051, take 1 #5 sell 0.504 at 1977.03
         fill 4 0.0201 at 50001
         done 5
         at 1.5s
         timer => take 1 #6 sell 0.504 at 1969.11
         fill 6 0.504 at 1979
         timer
         held 0 => 0
         held 1 => 0"),
    );
}

#[test]
fn fees_in_kind_are_dust_and_nothing_is_shot_before_the_last_is_over() {
    scene(&[("pause_s", 0.0)]).check(
        &(String::from(EDGE)
            + " => take 0 #1 sell 0.0201 at 50000, take 1 #2 buy 0.504 at 1980, \
           take 2 #3 sell 0.504 at 0.04
         best 1 1979 9 1979.9 9
         fill 1 0.0201
         fill 2 0.504 fee 0.000504 ETH
         best 1 1979 9 1979.8 9
         fill 3 0.504
         best 1 1979 9 1979.7 9 => take 0 #4 sell 0.0201 at 50000, \
         take 1 #5 buy 0.504 at 1979.7, take 2 #6 sell 0.504 at 0.04"),
    );
}

#[test]
fn a_book_that_is_gone_is_on_no_cycle() {
    scene(&[]).check(
        "book 0 bid 50000 1 ask 50001 1
         book 2 bid 0.04 9 ask 0.04001 9
         gap 2
         book 1 bid 1979 9 ask 1980 9
         market 0 stale
         book 2 bid 0.04 9 ask 0.04001 9
         market 0 fresh => take 0 #1 sell 0.0201 at 50000, \
         take 1 #2 buy 0.504 at 1980, take 2 #3 sell 0.504 at 0.04",
    );
}

/// Every pair of this many assets: K choose 3 triangles, 3·(K choose 4) squares, each both ways.
fn complete(assets: u16) -> std::vec::Vec<Instrument> {
    let template = Scene::new("triangular", &[], THREE).instruments[0];
    let pairs = (0..assets).flat_map(|base| (0..base).map(move |quote| (base, quote)));
    let one = |(place, (base, quote)): (usize, (u16, u16))| Instrument {
        id: InstrumentId(place as u16),
        base: engine::id::AssetId(base),
        quote: engine::id::AssetId(quote),
        ..template
    };
    pairs.enumerate().map(one).collect()
}

#[test]
fn all_cycles_are_found_and_each_once() {
    for (assets, triangles, squares) in [(3, 1, 0), (4, 4, 3), (6, 20, 45), (8, 56, 210)] {
        let instruments = complete(assets);
        let three = Cycles::find(&instruments, 3, true).unwrap();
        let four = Cycles::find(&instruments, 4, true).unwrap();
        assert_eq!(three.all().len(), 2 * triangles, "{assets} assets");
        assert_eq!(four.all().len(), 2 * (triangles + squares), "{assets} assets");
        let mut through = 0;
        for leg in 0..instruments.len() {
            for number in four.through(leg) {
                let steps = four.get(*number as usize).unwrap().steps();
                assert!(steps.iter().any(|step| usize::from(step.leg) == leg));
                through += 1;
            }
        }
        let steps: usize = four.all().iter().map(|cycle| cycle.steps().len()).sum();
        assert_eq!(through, steps);
    }
    let mut apart = complete(3);
    apart[1].venue = engine::id::VenueId(1);
    assert!(Cycles::find(&apart, 3, true).is_err());
    assert_eq!(Cycles::find(&apart, 3, false).unwrap().all().len(), 2);
}
