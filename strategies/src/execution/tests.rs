//! Execution by scenes.

extern crate std;

use super::*;
use crate::scene::Scene;
use std::string::String;

const ONE: &[&str] = &["BTC/USDT 0 spot 0.1 0.001 fees 1 5 min 5"];
const THREE: &[&str] = &[
    "BTC/USDT 0 spot 0.1 0.001 fees 1 5 min 5",
    "BTC/USDT 1 spot 0.1 0.001 fees 1 20 min 5",
    "BTC/USDT 2 perp 0.1 0.01 fees 1 1 min 5",
];

fn scene_on(instruments: &[&str], more: &[(&str, f64)]) -> Scene {
    let mut all = std::vec![
        ("qty", 1.0),
        ("duration_s", 40.0),
        ("slices", 4.0),
        ("reach_bps", 0.0),
        ("run", 1.0),
    ];
    all.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
    all.extend(more);
    Scene::new("execution", &all, instruments)
}

fn scene(more: &[(&str, f64)]) -> Scene {
    scene_on(ONE, more)
}

const BOOK: &str = "book 0 bid 999 5 ask 1001 5 1003 9";

fn progress(scene: &Scene) -> Progress {
    let crate::any::Any::Execution(execution) = scene.strategy() else { panic!("another one") };
    execution.progress().unwrap()
}

#[test]
fn twap_takes_a_slice_at_a_time_and_tells_its_slippage() {
    let mut scene = scene(&[("passive", 0.0)]);
    scene.check(
        &(String::from(BOOK)
            + " => take 0 #1 buy 0.25 at 1001
         fill 1 0.25
         at 9.9s
         timer
         at 10s
         timer => take 0 #2 buy 0.25 at 1001
         fill 2 0.1
         done 2
         at 10.2s
         timer => take 0 #3 buy 0.15 at 1001
         fill 3 0.15
         at 39s
         best 0 1000 5 1002 5 => take 0 #4 buy 0.5 at 1002
         fill 4 0.5
         held 0 => 1
         at 60s
         timer
         reading 0 => 10000000 ± 15000"),
    );
    let progress = progress(&scene);
    assert!((progress.mean - 1001.5).abs() < 1e-9 && progress.done == 1.0, "{progress:?}");
    assert!((progress.slippage_bps - 15.0).abs() < 1e-9, "{progress:?}");
}

#[test]
fn a_passive_slice_is_quoted_and_what_is_left_of_it_is_taken() {
    scene(&[]).check(
        &(String::from(BOOK)
            + " => place 0 #1 buy 0.25 at 999
         accept 1
         fill 1 0.2
         live => 0 buy 0.05 at 999
         at 10s
         timer => take 0 #2 buy 0.05 at 1001, replace 0 #1→#3 buy 0.25 at 999"),
    );
}

#[test]
fn the_rest_is_taken_or_given_up_at_the_end() {
    scene(&[("algorithm", 4.0)]).check(
        &(String::from(BOOK)
            + " => place 0 #1 buy 1 at 999
         settle
         best 0 999.5 5 1001 5 => replace 0 #1→#2 buy 1 at 999.5
         settle
         at 40s
         timer => cancel #2, take 0 #3 buy 1 at 1001
         fill 3 1
         settle
         at 50s
         timer"),
    );
    scene(&[("algorithm", 4.0), ("take_rest", 0.0), ("limit", 999.2)]).check(
        &(String::from(BOOK)
            + " => place 0 #1 buy 1 at 999
         settle
         best 0 999.5 5 1001 5 => replace 0 #1→#2 buy 1 at 999.2
         settle
         at 40s
         timer => cancel #2
         settle
         at 41s
         timer
         set run 0
         set run 1 => place 0 #3 buy 1 at 999.2"),
    );
}

#[test]
fn an_iceberg_shows_little() {
    scene(&[("algorithm", 3.0), ("display_qty", 0.3), ("side", 1.0), ("limit", 1004.0)]).check(
        &(String::from(BOOK)
            + " => place 0 #1 sell 0.3 at 1004
         settle
         fill 1 0.3 => place 0 #2 sell 0.3 at 1004
         settle
         fill 2 0.3 => place 0 #3 sell 0.3 at 1004
         settle
         fill 3 0.3 => place 0 #4 sell 0.1 at 1004
         settle
         fill 4 0.1
         timer
         held 0 => -1"),
    );
}

#[test]
fn pov_follows_the_volume() {
    scene(&[("algorithm", 2.0), ("participation", 0.25), ("passive", 0.0)]).check(
        &(String::from(BOOK)
            + "
         trade 0 buy 1001 0.4
         timer => take 0 #1 buy 0.1 at 1001
         fill 1 0.1
         trade 0 sell 999 1
         at 1s
         timer => take 0 #2 buy 0.25 at 1001
         fill 2 0.25
         at 2s
         timer"),
    );
}

#[test]
fn vwap_follows_the_day_that_was_seen() {
    // Two quarters of an hour, the second with three times the volume, a day before.
    let two = [("algorithm", 1.0), ("passive", 0.0), ("duration_s", 1800.0), ("slices", 2.0)];
    let mut scene = scene(&[&two[..], &[("run", 0.0)]].concat());
    // A quarter begins 800 s after scenes do.
    scene.check(
        "at 850s
         book 0 bid 999 5 ask 1001 5
         trade 0 buy 1001 1
         at 1750s
         trade 0 buy 1001 3
         at 87200s
         best 0 999 5 1001 6
         set run 1 => take 0 #1 buy 0.25 at 1001
         fill 1 0.25
         at 88100s
         timer => take 0 #2 buy 0.75 at 1001",
    );
}

#[test]
fn each_venue_gets_the_part_for_which_it_is_cheapest() {
    let books = "book 0 bid 999 5 ask 1001 0.3 1001.5 5
         book 1 bid 999 5 ask 1000 0.4 1001 9
         book 2 bid 999 5 ask 1001.3 0.2 1002 9";
    // After fees: 1001.40 on venue 2, 1001.50 and 1002 on 0, 1002 on 1.
    let mut scene = scene_on(THREE, &[("run", 0.0), ("passive", 0.0), ("slices", 1.0)]);
    scene.check(
        &(String::from(books)
            + "
         set run 1 => take 0 #1 buy 0.4 at 1001.5, take 1 #2 buy 0.4 at 1000, \
         take 2 #3 buy 0.2 at 1001.3"),
    );
    let limited = [("run", 0.0), ("passive", 0.0), ("slices", 1.0), ("limit", 1001.0)];
    let mut scene = scene_on(THREE, &limited);
    scene.check(
        &(String::from(books)
            + "
         set run 1 => take 0 #1 buy 0.3 at 1001, take 1 #2 buy 0.7 at 1001"),
    );
}
