//! Text in, text out: a script of market rows and requests, and the reports that must come of it.

use super::*;
use engine::id::Side;
use engine::num::{Grid, Price, Qty};
use engine::time::Nanos;

mod account;
mod faults;
mod naive;
mod perpetual;
mod properties;
mod rules;
mod several;

const TICK: Grid = Grid { decimals: 1, step: 1 };
const LOT: Grid = Grid { decimals: 2, step: 1 };
const LATENCY: Latency = Latency { entry: Nanos::from_ms(5), response: Nanos::from_ms(3) };

fn settings() -> Settings {
    let fees = FeeSchedule { maker_ppm: 1000, taker_ppm: 2000, always_quote: false };
    Settings { fees, trade_first: 1, order_first: 1, ..Settings::new(TICK, LOT) }
}

fn price(text: &str) -> Price {
    Price(TICK.parse(text.as_bytes()).unwrap())
}

fn qty(text: &str) -> Qty {
    Qty(LOT.parse(text.as_bytes()).unwrap())
}

fn side(text: &str) -> Side {
    if text == "buy" || text == "bid" { Side::Buy } else { Side::Sell }
}

/// `KEY buy|sell PRICE|market QTY post|gtc|ioc|fok`
fn new_order(words: &[&str]) -> NewOrder {
    NewOrder {
        key: words[0].parse().unwrap(),
        side: side(words[1]),
        limit: (words[2] != "market").then(|| price(words[2])),
        qty: qty(words[3]),
        tif: match words[4] {
            "post" => Tif::PostOnly,
            "ioc" => Tif::Ioc,
            "fok" => Tif::Fok,
            _ => Tif::Gtc,
        },
    }
}

fn show(at: Nanos, report: &Report) -> String {
    let text = match report.what {
        What::Accepted { key, .. } => format!("accepted {key}"),
        What::Rejected { key, why } => format!("rejected {key} {}", why.name()),
        What::Fill(fill) => {
            let role = if fill.maker { "maker" } else { "taker" };
            let asset = if fill.fee_in == FeeIn::Base { "base" } else { "quote" };
            let fee = Grid { decimals: 8, step: 1 }.decimal(fill.fee.0);
            let (price, qty) = (TICK.decimal(fill.price.0), LOT.decimal(fill.qty.0));
            format!("fill {} t{} {qty} at {price} {role} fee {fee} {asset}", fill.key, fill.trade)
        }
        What::Done { key, filled, why, .. } => {
            let why = why.map_or("cancelled", Refusal::name);
            format!("done {key} {why} filled {}", LOT.decimal(filled.0))
        }
        What::Amended { key, qty, .. } => format!("amended {key} {}", LOT.decimal(qty.0)),
        What::CancelRefused { key, why } => format!("cancel refused {key} {}", why.name()),
        What::AmendRefused { key, why } => format!("amend refused {key} {}", why.name()),
    };
    format!("{}ms {text}", at.as_ms())
}

/// Plays one script, a line a step, `;` between lines too. `at N` sets the time in ms.
fn play(latency: Latency, script: &str) -> String {
    let mut line = Line::new(settings(), latency, 64);
    let (mut now, mut id, mut out) = (Nanos::ZERO, 0, Vec::new());
    for step in script.split(['\n', ';']).map(str::trim).filter(|step| !step.is_empty()) {
        let words: Vec<&str> = step.split_whitespace().collect();
        id += 1;
        match words[0] {
            "at" => now = Nanos::from_ms(words[1].parse().unwrap()),
            "best" => {
                let bid = (price(words[1]), qty(words[2]));
                line.on_best(now, id, bid, (price(words[3]), qty(words[4])));
            }
            "bid" | "ask" => {
                line.on_level(now, id, (side(words[0]), price(words[1]), qty(words[2])));
            }
            "end" => line.on_depth_end(now),
            "gap" => line.on_gap(now),
            "trade" => line.on_trade(now, price(words[2]), qty(words[3]), side(words[1])),
            "new" => line.submit(now, Ask::New(new_order(&words[1..]))).unwrap(),
            "cancel" => line.submit(now, Ask::Cancel(words[1].parse().unwrap())).unwrap(),
            "cancel-all" => line.submit(now, Ask::CancelAll).unwrap(),
            "amend" => {
                let (key, qty) = (words[1].parse().unwrap(), qty(words[2]));
                line.submit(now, Ask::Amend { key, qty }).unwrap();
            }
            "replace" => {
                let (old, new) = (words[1].parse().unwrap(), new_order(&words[2..]));
                line.submit(now, Ask::Replace { old, new }).unwrap();
            }
            other => panic!("no step {other}"),
        }
        while let Some((at, report)) = line.poll(now) {
            out.push(show(at, &report));
        }
    }
    out.join("\n")
}

fn check_with(latency: Latency, script: &str, expect: &str) {
    let expect: Vec<&str> = expect.split('\n').map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(play(latency, script), expect.join("\n"), "script:\n{script}");
}

fn check(script: &str, expect: &str) {
    check_with(Latency::default(), script, expect);
}

#[test]
fn trades_work_the_queue_off_from_its_front() {
    check(
        "best 100.0 5 100.1 5; new 1 buy 100.0 2 post
         trade sell 100.0 4; trade sell 100.0 2; trade buy 100.0 9; trade sell 100.0 9",
        "0ms accepted 1
         0ms fill 1 t1 1.00 at 100.0 maker fee 0.00100000 base
         0ms fill 1 t2 1.00 at 100.0 maker fee 0.00100000 base",
    );
}

#[test]
fn depth_only_clamps_the_queue() {
    // Ten ahead; the level grows to 14 behind us, shrinks to 7: risk-averse says 7 are ahead.
    check(
        "bid 100.0 10; ask 100.5 1; end; new 1 buy 100.0 2 post
         bid 100.0 14; end; bid 100.0 7; end; trade sell 100.0 7; trade sell 100.0 0.5",
        "0ms accepted 1
         0ms fill 1 t1 0.50 at 100.0 maker fee 0.00050000 base",
    );
    check(
        "bid 100.0 10; ask 100.5 1; end; new 1 buy 100.0 2 post
         bid 100.0 14; end; trade sell 100.0 10; trade sell 100.0 1",
        "0ms accepted 1
         0ms fill 1 t1 1.00 at 100.0 maker fee 0.00100000 base",
    );
}

#[test]
fn a_trade_through_fills_no_more_than_it_traded() {
    check(
        "best 100.0 5 100.1 5; new 1 buy 100.0 2 post; trade sell 99.9 0.5; trade sell 99.8 9",
        "0ms accepted 1
         0ms fill 1 t1 0.50 at 100.0 maker fee 0.00050000 base
         0ms fill 1 t2 1.50 at 100.0 maker fee 0.00150000 base",
    );
}

#[test]
fn an_opposite_best_that_reaches_us_fills_what_came() {
    check(
        "best 100.0 5 100.2 5; new 1 sell 100.1 3 post
         best 100.1 1 100.2 5; best 100.1 1 100.3 5; best 100.1 4 100.3 5",
        "0ms accepted 1
         0ms fill 1 t1 1.00 at 100.1 maker fee 0.10010000 quote
         0ms fill 1 t2 2.00 at 100.1 maker fee 0.20020000 quote",
    );
    // The same by depth, judged when the message is whole.
    check(
        "bid 100.0 1; ask 100.5 1; end; new 1 buy 100.2 1 post
         ask 100.1 2; bid 99.0 1; end",
        "0ms accepted 1
         0ms fill 1 t1 1.00 at 100.2 maker fee 0.00100000 base",
    );
}

#[test]
fn own_orders_share_one_trade_in_queue_order() {
    check(
        "best 100.0 1 100.1 5; new 1 buy 100.0 2 post; best 100.0 3 100.1 5
         new 2 buy 100.0 2 post; new 3 buy 100.0 1 post; trade sell 100.0 4
         trade sell 100.0 2",
        // 1 of others, 2 of ours, then the others that came between: 3 - 1 = 2 more, one now.
        "0ms accepted 1
         0ms accepted 2
         0ms accepted 3
         0ms fill 1 t1 2.00 at 100.0 maker fee 0.00200000 base
         0ms fill 2 t2 1.00 at 100.0 maker fee 0.00100000 base",
    );
    check(
        "best 100.0 0.5 100.5 5; new 1 buy 100.1 1 post; new 2 buy 100.2 1 post
         trade sell 100.0 1.5",
        "0ms accepted 1
         0ms accepted 2
         0ms fill 2 t1 1.00 at 100.2 maker fee 0.00100000 base
         0ms fill 1 t2 0.50 at 100.1 maker fee 0.00050000 base",
    );
}

#[test]
fn takes_walk_the_displayed_levels_and_use_them_up() {
    let book = "bid 100.0 5; ask 100.1 1; ask 100.2 2; end;";
    check(
        &format!("{book} new 1 buy 100.2 2.5 ioc; new 2 buy market 2 gtc"),
        "0ms accepted 1
         0ms fill 1 t1 1.00 at 100.1 taker fee 0.00200000 base
         0ms fill 1 t2 1.50 at 100.2 taker fee 0.00300000 base
         0ms accepted 2
         0ms fill 2 t3 0.50 at 100.2 taker fee 0.00100000 base
         0ms done 2 expired filled 0.50",
    );
    check(
        &format!("{book} new 1 buy 100.2 3.5 fok; new 2 buy 100.2 3 fok"),
        "0ms accepted 1
         0ms done 1 expired filled 0.00
         0ms accepted 2
         0ms fill 2 t1 1.00 at 100.1 taker fee 0.00200000 base
         0ms fill 2 t2 2.00 at 100.2 taker fee 0.00400000 base",
    );
    check(
        &format!("{book} new 1 buy 100.1 1.5 gtc; trade sell 100.1 0.2; cancel 1"),
        "0ms accepted 1
         0ms fill 1 t1 1.00 at 100.1 taker fee 0.00200000 base
         0ms fill 1 t2 0.20 at 100.1 maker fee 0.00020000 base
         0ms done 1 cancelled filled 1.20",
    );
}

#[test]
fn what_cannot_stand_is_refused() {
    let book = "best 100.0 5 100.1 5;";
    check(
        &format!(
            "{book} new 1 buy 100.1 1 post; new 2 sell 100.0 1 post; new 3 buy 100.0 0 gtc
             new 4 buy 99.0 1 post; new 4 buy 99.0 1 post; cancel 7; new 5 sell 99.0 1 ioc
             amend 4 1; amend 9 1; new 6 buy market 1 post"
        ),
        "0ms rejected 1 would-take
         0ms rejected 2 would-take
         0ms rejected 3 invalid
         0ms accepted 4
         0ms rejected 4 duplicate
         0ms cancel refused 7 unknown-order
         0ms accepted 5
         0ms done 5 self-trade filled 0.00
         0ms amend refused 4 invalid
         0ms amend refused 9 unknown-order
         0ms rejected 6 invalid",
    );
}

#[test]
fn an_amend_keeps_the_place_and_a_replace_loses_it() {
    let book = "best 100.0 1 100.1 5; new 1 buy 100.0 2 post; best 100.0 9 100.1 5;";
    check(
        &format!("{book} amend 1 1.5; trade sell 100.0 2"),
        "0ms accepted 1
         0ms amended 1 1.50
         0ms fill 1 t1 1.00 at 100.0 maker fee 0.00100000 base",
    );
    check(
        &format!(
            "{book} replace 1 2 buy 100.0 1.5 post; trade sell 100.0 2; replace 1 3 buy 9 1 gtc"
        ),
        "0ms accepted 1
         0ms done 1 cancelled filled 0.00
         0ms accepted 2
         0ms cancel refused 1 unknown-order
         0ms rejected 3 not-attempted",
    );
}

#[test]
fn nothing_happens_before_it_arrived_or_is_known_before_it_came_back() {
    check_with(
        LATENCY,
        "best 100.0 1 100.1 5; at 1; new 1 buy 100.0 1 post
         at 5; trade sell 99.0 9; at 6; trade sell 99.0 9; at 7; cancel 1; at 30",
        "9ms accepted 1
         9ms fill 1 t1 1.00 at 100.0 maker fee 0.00100000 base
         15ms cancel refused 1 unknown-order",
    );
}

#[test]
fn an_unknown_book_lets_nothing_through_the_queue() {
    check(
        "best 100.0 1 100.1 5; gap; new 1 buy 100.0 1 post; trade sell 100.0 50
         bid 100.0 2; ask 100.1 1; end; trade sell 100.0 3; cancel-all",
        "0ms accepted 1
         0ms fill 1 t1 1.00 at 100.0 maker fee 0.00100000 base",
    );
}
