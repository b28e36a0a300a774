//! The rules of the compared backtester, what an amend keeps, and the counts of what differs.

use super::*;

/// Plays steps on a market with these settings: fills and ends as text.
fn run(settings: Settings, script: &str) -> (Vec<String>, RuleCounts) {
    let mut market = Market::new(settings);
    let mut out = Vec::new();
    for (id, step) in script.split(';').map(str::trim).enumerate() {
        let (id, at) = (id as u64, Nanos::ZERO);
        let words: Vec<&str> = step.split_whitespace().collect();
        match words[0] {
            "best" => {
                let bid = (price(words[1]), qty(words[2]));
                market.on_best(at, id, bid, (price(words[3]), qty(words[4])));
            }
            "bid" | "ask" => {
                market.on_level(at, id, (side(words[0]), price(words[1]), qty(words[2])));
            }
            "end" => market.on_depth_end(at),
            "trade" => market.on_trade(at, price(words[2]), qty(words[3]), side(words[1])),
            "new" => market.apply(at, Ask::New(new_order(&words[1..]))).unwrap(),
            "move" => {
                let key = words[1].parse().unwrap();
                let ask = Ask::Move { key, price: price(words[2]), qty: qty(words[3]) };
                market.apply(at, ask).unwrap();
            }
            "amend" => {
                let (key, qty) = (words[1].parse().unwrap(), qty(words[2]));
                market.apply(at, Ask::Amend { key, qty }).unwrap();
            }
            other => panic!("no step {other}"),
        }
        while let Some(report) = market.report() {
            let text = show(report.at, &report);
            let text = text.trim_start_matches("0ms ").split(" fee ").next().unwrap();
            if !text.starts_with("accepted") {
                out.push(text.to_owned());
            }
        }
    }
    (out, *market.counts())
}

fn theirs(partial: bool) -> Settings {
    Settings { rules: Rules::Hftbacktest { partial }, ..settings() }
}

#[test]
fn a_crossing_fills_whole_or_by_its_size() {
    let script = "bid 100.0 5; ask 100.2 5; end; new 1 buy 100.0 3 post; new 2 buy 99.9 3 post;
                  ask 99.8 4; ask 99.8 0; end";
    let (whole, _) = run(theirs(false), script);
    assert_eq!(whole, ["fill 1 t1 3.00 at 100.0 maker", "fill 2 t2 3.00 at 99.9 maker"]);
    let (bounded, counts) = run(theirs(true), script);
    assert_eq!(bounded, ["fill 1 t1 3.00 at 100.0 maker", "fill 2 t2 1.00 at 99.9 maker"]);
    assert_eq!(counts.bounded_fills, 1);
    // Ours judges the whole message, in which the crossing level is gone again.
    let (ours, counts) = run(settings(), script);
    assert!(ours.is_empty(), "{ours:?}");
    assert_eq!(counts.inner_crossings, 1);
}

#[test]
fn a_trade_fills_whole_partly_or_is_shared() {
    let script = "bid 100.0 1; ask 100.2 5; end; new 1 buy 100.0 3 post; trade sell 100.0 2;
                  trade sell 99.9 1";
    assert_eq!(run(theirs(false), script).0, ["fill 1 t1 3.00 at 100.0 maker"]);
    let partly = ["fill 1 t1 1.00 at 100.0 maker", "fill 1 t2 1.00 at 100.0 maker"];
    assert_eq!(run(theirs(true), script).0, partly);
    let (ours, counts) = run(settings(), script);
    assert_eq!(ours, partly);
    assert_eq!((counts.partial_fills, counts.bounded_fills), (1, 1));
    let both = "bid 100.0 0; ask 100.2 5; end; new 1 buy 100.0 3 post; new 2 buy 100.0 3 post;
                trade sell 100.0 3";
    for settings in [settings(), theirs(false), theirs(true)] {
        let (fills, counts) = run(settings, both);
        assert_eq!(fills, ["fill 1 t1 3.00 at 100.0 maker"], "one trade, not two");
        assert_eq!(counts.shared_trades, u64::from(settings.rules != Rules::Own));
    }
}

#[test]
fn takers_go_whole_at_the_best_or_level_by_level() {
    let script = "bid 100.0 5; ask 100.1 1; ask 100.2 2; end; new 1 buy 100.2 4 gtc;
                  new 2 buy 100.3 9 ioc; new 3 buy 100.3 9 fok; new 4 buy 100.1 1 post";
    let whole = [
        "fill 1 t1 4.00 at 100.1 taker",
        "fill 2 t2 9.00 at 100.1 taker",
        "fill 3 t3 9.00 at 100.1 taker",
        "rejected 4 would-take",
    ];
    assert_eq!(run(theirs(false), script).0, whole);
    let walked = [
        "fill 1 t1 1.00 at 100.1 taker",
        "fill 1 t2 3.00 at 100.2 taker",
        "fill 2 t3 1.00 at 100.1 taker",
        "fill 2 t4 2.00 at 100.2 taker",
        "done 2 expired filled 3.00",
        "done 3 expired filled 0.00",
        "rejected 4 would-take",
    ];
    assert_eq!(run(theirs(true), script).0, walked);
    let (_, counts) = run(settings(), script);
    assert_eq!((counts.walked_takes, counts.short_takes, counts.self_trades), (1, 2, 0));
}

#[test]
fn best_prices_are_not_known_by_their_rules() {
    let script = "bid 100.0 1; ask 100.2 5; end; new 1 buy 100.0 1 post; best 99.8 1 99.9 5";
    assert!(run(theirs(false), script).0.is_empty());
    let (fills, counts) = run(settings(), script);
    assert_eq!(fills, ["fill 1 t1 1.00 at 100.0 maker"]);
    assert_eq!(counts.best_crossings, 1);
}

#[test]
fn a_venue_keeps_or_loses_the_place_of_an_amended_order() {
    let book = "bid 100.0 1; ask 100.5 9; end; new 1 buy 100.0 3 post; bid 100.0 5; end;";
    let lost = Settings { priority: Priority::Lost, ..settings() };
    let check = |settings, script: &str, expect: &[&str]| {
        assert_eq!(run(settings, &format!("{book}{script}")).0, expect, "{script}");
    };
    let smaller = "amend 1 2; trade sell 100.0 2";
    check(settings(), smaller, &["amended 1 2.00", "fill 1 t1 1.00 at 100.0 maker"]);
    check(lost, smaller, &["amended 1 2.00"]);
    let larger = "move 1 100.0 4; trade sell 100.0 5; trade sell 100.0 1";
    check(settings(), larger, &["amended 1 4.00", "fill 1 t1 1.00 at 100.0 maker"]);
    let there = "move 1 100.1 3; trade sell 100.1 1; move 1 100.1 1; move 1 100.5 3; move 9 1 1";
    let told = [
        "amended 1 3.00",
        "fill 1 t1 1.00 at 100.1 maker",
        "amend refused 1 invalid",
        "amend refused 1 would-take",
        "amend refused 9 unknown-order",
    ];
    check(settings(), there, &told);
}

#[test]
fn an_order_that_may_take_is_moved_into_the_other_side() {
    let script = "bid 100.0 1; ask 100.5 2; end; new 1 buy 100.0 3 gtc; move 1 100.5 3;
                  trade sell 100.5 9";
    let told = ["amended 1 3.00", "fill 1 t1 2.00 at 100.5 taker", "fill 1 t2 1.00 at 100.5 maker"];
    assert_eq!(run(settings(), script).0, told);
}
