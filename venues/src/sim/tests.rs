//! Text in, text out: a script of market rows and requests, and the reports that must come of it.

use super::*;
use engine::event::{Body, Event, flag};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId, Side};
use engine::instrument::{Fees, Instrument, Symbol};
use engine::intent::{self, Intent, OrderRef, Place, Reduce};
use engine::num::{Amount, Grid, Price, Qty};
use engine::time::Nanos;
use proptest::prelude::*;

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
        What::Amended { key, qty } => format!("amended {key} {}", LOT.decimal(qty.0)),
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

/// A step of a random session: what and how much.
type Step = (u8, i64, i64, u8, u64);

fn step_of(line: &mut Line, now: Nanos, id: u64, step: Step) -> Option<Ask> {
    let (what, price, qty, kind, key) = step;
    let side = if kind & 1 == 0 { Side::Buy } else { Side::Sell };
    let tif = [Tif::PostOnly, Tif::Gtc, Tif::Ioc, Tif::Fok][usize::from(kind >> 1) % 4];
    let new = NewOrder { key: id, side, limit: Some(Price(price)), qty: Qty(qty), tif };
    let ask = match what {
        0..=2 => {
            line.on_trade(now, Price(price), Qty(qty), side);
            return None;
        }
        3..=4 => {
            let width = i64::from(kind % 3);
            line.on_best(now, id, (Price(price), Qty(qty)), (Price(price + 1 + width), Qty(qty)));
            return None;
        }
        5 => {
            line.on_level(now, id, (side, Price(price), Qty(qty - 1)));
            line.on_depth_end(now);
            return None;
        }
        6..=8 => Ask::New(new),
        9 => Ask::Cancel(key),
        10 => Ask::Amend { key, qty: Qty(qty) },
        11 => Ask::Replace { old: key, new },
        _ => Ask::CancelAll,
    };
    line.submit(now, ask).ok().map(|()| ask)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Never more than was ordered, nor before it arrived, nor beyond the limit, nor after the end;
    /// trade ids are unique and go upwards; of one trade no more is filled than it traded.
    #[test]
    fn fills_stay_within_what_was_asked_and_traded(
        steps in prop::collection::vec((0..13_u8, 95..106_i64, 1..9_i64, 0..8_u8, 1..120_u64), 1..120),
    ) {
        let mut line = Line::new(settings(), LATENCY, 256);
        let mut sent: std::collections::BTreeMap<u64, (NewOrder, Nanos)> = Default::default();
        let mut filled: std::collections::BTreeMap<u64, i64> = Default::default();
        let mut ended: std::collections::BTreeSet<u64> = Default::default();
        let mut trade_last = 0;
        for (id, step) in steps.iter().enumerate() {
            let now = Nanos::from_ms(id as u64);
            let before: i64 = line.market().open().map(|order| order.filled.0).sum();
            line.advance(now);
            let by_key = |line: &Line| -> Vec<(u64, i64)> {
                line.market().open().map(|order| (order.key, order.leaves().0)).collect()
            };
            let open = by_key(&line);
            let ask = step_of(&mut line, now, id as u64 + 1, *step);
            if step.0 <= 2 {
                let after = by_key(&line);
                let left = |key| after.iter().find(|row| row.0 == key).map_or(0, |row| row.1);
                let took: i64 = open.iter().map(|(key, leaves)| leaves - left(*key)).sum();
                prop_assert!(took <= step.2, "a trade of {} filled {took} ({before})", step.2);
            }
            if let Some(Ask::New(new) | Ask::Replace { new, .. }) = ask {
                sent.insert(new.key, (new, now));
            }
            for order in line.market().open() {
                prop_assert!(order.leaves().0 > 0 && order.ahead.0 >= 0);
            }
            while let Some((seen, report)) = line.poll(now) {
                prop_assert!(seen == report.at.after(LATENCY.response));
                let What::Fill(fill) = report.what else {
                    if let What::Done { key, .. } | What::Rejected { key, .. } = report.what {
                        prop_assert!(ended.insert(key), "order {key} ended twice");
                    }
                    continue;
                };
                let (new, at) = &sent[&fill.key];
                prop_assert!(report.at >= at.after(LATENCY.entry), "filled before it arrived");
                let limit = new.limit.unwrap();
                prop_assert!((limit.0 - fill.price.0) * new.side.sign() >= 0, "beyond its limit");
                prop_assert!(!(fill.maker && fill.price != limit), "a maker fills at its price");
                prop_assert!(new.tif != Tif::PostOnly || fill.maker);
                prop_assert!(!ended.contains(&fill.key), "filled after its end");
                prop_assert!(fill.trade > trade_last && fill.qty.0 > 0);
                trade_last = fill.trade;
                let sum = filled.entry(fill.key).or_default();
                *sum += fill.qty.0;
                prop_assert_eq!(*sum, fill.filled.0);
                prop_assert!(*sum <= new.qty.0);
            }
        }
    }

    /// Of two own orders at one price, the later one is never filled while the earlier one is open.
    #[test]
    fn own_orders_at_one_price_fill_first_in_first_out(
        trades in prop::collection::vec((99..102_i64, 1..9_i64), 1..40),
        display in 0..20_i64,
    ) {
        let mut line = Line::new(settings(), Latency::default(), 64);
        line.on_best(Nanos(0), 1, (Price(100), Qty(display)), (Price(105), Qty(1)));
        for key in 1..=5 {
            let (side, limit, tif) = (Side::Buy, Some(Price(100)), Tif::PostOnly);
            line.submit(Nanos(0), Ask::New(NewOrder { key, side, limit, qty: Qty(3), tif })).unwrap();
        }
        let mut first = 1;
        for (price, qty) in trades {
            line.on_trade(Nanos(1), Price(price), Qty(qty), Side::Sell);
            while let Some((_, report)) = line.poll(Nanos(1)) {
                if let What::Fill(fill) = report.what {
                    prop_assert_eq!(fill.key, first);
                    first += u64::from(fill.leaves.is_zero());
                }
            }
        }
    }
}

// ---- the venue as an engine sees it ----

fn instrument() -> Instrument {
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let assets = (AssetId(0), AssetId(1));
    let fees = Fees { maker_ppm: 1000, taker_ppm: 2000 };
    Instrument { fees, ..Instrument::new(InstrumentId(0), symbol, assets, (TICK, LOT)) }
}

fn place(counter: u32, text: &str) -> Place {
    let words: Vec<&str> = text.split_whitespace().collect();
    Place {
        client: ClientId { order: OrderId::new(1, counter), cause: 0 },
        instrument: InstrumentId(0),
        side: side(words[0]),
        price: price(words[1]),
        qty: qty(words[2]),
        tif: if words[3] == "post" { intent::Tif::PostOnly } else { intent::Tif::Ioc },
    }
}

fn refer(counter: u32) -> OrderRef {
    let client = ClientId { order: OrderId::new(1, counter), cause: 0 };
    OrderRef { client, venue_order: 0, instrument: InstrumentId(0) }
}

fn venue(latency: Latency) -> SimVenue {
    let start = [(AssetId(0), Amount(500_000_000)), (AssetId(1), Amount(100_000_000_000))];
    let settings = VenueSettings { latency, ..VenueSettings::default() };
    SimVenue::new(Nanos(0), &[instrument()], &start, settings)
}

fn rows(venue: &mut SimVenue, ms: u64) -> Vec<String> {
    let mut out = Vec::new();
    while let Some(event) = venue.poll(Nanos::from_ms(ms)) {
        out.push(match event.body().unwrap() {
            Body::Balance { asset, free, locked } => {
                format!("balance {} {} {}", asset.0, free.0, locked.0)
            }
            Body::Fill(fill) => format!("fill {} {}", fill.order.counter(), fill.qty.0),
            Body::Done { order, end, reason, .. } => {
                format!("done {} {end:?} {reason:?}", order.counter())
            }
            Body::Accepted { order, .. } => format!("accepted {}", order.counter()),
            Body::Standing(standing) => format!("standing {}", standing.order.counter()),
            Body::Absent { order } => format!("absent {}", order.counter()),
            Body::Refused { order, request, reason } => {
                format!("refused {} {request:?} {reason:?}", order.counter())
            }
            Body::Amended { order, qty } => format!("amended {} {}", order.counter(), qty.0),
            Body::Reconcile { done } => format!("reconcile {done}"),
            Body::Link { state, .. } => format!("link {state:?}"),
            Body::Budget { .. } => "budget".to_string(),
            other => format!("{other:?}"),
        });
    }
    out
}

fn best(venue: &mut SimVenue, ms: u64, words: [&str; 4]) {
    let body = Body::Best {
        bid: price(words[0]),
        bid_qty: qty(words[1]),
        ask: price(words[2]),
        ask_qty: qty(words[3]),
    };
    venue.on_event(&Event::new(Nanos::from_ms(ms), InstrumentId(0), ms, body).with(flag::LAST));
}

#[test]
fn the_engine_gets_a_reconciled_account_first() {
    let mut venue = venue(LATENCY);
    assert!(rows(&mut venue, 2).is_empty());
    assert_eq!(
        rows(&mut venue, 3),
        [
            "link Up",
            "reconcile false",
            "balance 0 500000000 0",
            "balance 1 100000000000 0",
            "budget",
            "reconcile true",
        ]
    );
}

#[test]
fn money_is_locked_spent_and_given_back() {
    let mut venue = venue(Latency::default());
    rows(&mut venue, 0);
    best(&mut venue, 1, ["100.0", "0", "100.5", "5"]);
    venue.send(Nanos::from_ms(1), Intent::Place(place(1, "buy 100.0 2 post")));
    assert_eq!(rows(&mut venue, 1), ["accepted 1", "balance 1 80000000000 20000000000"]);
    let trade = Body::Trade { price: price("100.0"), qty: qty("1"), taker: Side::Sell };
    venue.on_event(&Event::new(Nanos::from_ms(2), InstrumentId(0), 9, trade));
    let filled = ["fill 1 100", "balance 0 599900000 0", "balance 1 80000000000 10000000000"];
    assert_eq!(rows(&mut venue, 2), filled);
    venue.reduce(Nanos::from_ms(3), Reduce::Amend { order: refer(1), qty: qty("1.5") });
    venue.reduce(Nanos::from_ms(3), Reduce::Query(refer(1)));
    venue.reduce(Nanos::from_ms(3), Reduce::Cancel(refer(1)));
    venue.reduce(Nanos::from_ms(3), Reduce::Query(refer(1)));
    venue.reduce(Nanos::from_ms(3), Reduce::Query(refer(2)));
    assert_eq!(
        rows(&mut venue, 3),
        [
            "amended 1 150",
            "balance 1 85000000000 5000000000",
            "standing 1",
            "done 1 Cancelled None",
            "balance 1 90000000000 0",
            "done 1 Cancelled None",
            "absent 2",
        ]
    );
    assert_eq!((venue.open_orders(), venue.rows_dropped()), (0, 0));
}

#[test]
fn a_replace_is_told_leg_by_leg() {
    let mut venue = venue(Latency::default());
    rows(&mut venue, 0);
    best(&mut venue, 1, ["100.0", "1", "100.5", "5"]);
    let now = Nanos::from_ms(1);
    venue.send(now, Intent::Place(place(1, "buy 100.0 9 post")));
    // Only the money of the old order makes the new one affordable.
    venue.send(now, Intent::Replace { old: refer(1), new: place(2, "buy 99.0 10 post") });
    venue.send(now, Intent::Replace { old: refer(1), new: place(3, "buy 99.0 1 post") });
    venue.send(now, Intent::Replace { old: refer(2), new: place(4, "buy 99.0 11 post") });
    venue.send(now, Intent::Place(place(5, "buy 100.5 1 post")));
    let told = rows(&mut venue, 1);
    let told: Vec<_> = told.iter().filter(|row| !row.starts_with("balance")).collect();
    assert_eq!(
        told,
        [
            "accepted 1",
            "done 1 Cancelled None",
            "accepted 2",
            "refused 1 Cancel UnknownOrder",
            "done 3 Rejected NotAttempted",
            "done 2 Cancelled None",
            "done 4 Rejected Balance",
            "done 5 Rejected WouldTake",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What the ledger holds is the start plus the fills told; what is locked is what stands; and the
    /// last balance row of each asset says the same.
    #[test]
    fn money_is_conserved(
        steps in prop::collection::vec((0..8_u8, 95..106_i64, 1..9_i64, 0..4_u8, 1..60_u32), 1..100),
    ) {
        let mut venue = venue(LATENCY);
        let mut told = [(0, 0); 2];
        let mut expect = [500_000_000_i64, 100_000_000_000];
        let instrument = instrument();
        let end = steps.len() as u64 + 100;
        for ms in 0..=end {
            let now = Nanos::from_ms(ms);
            if let Some((what, price, qty, kind, old)) = steps.get(ms as usize).copied() {
                let side = if kind & 1 == 0 { Side::Buy } else { Side::Sell };
                let new = Place {
                    side,
                    price: Price(price),
                    qty: Qty(qty * 10),
                    ..place(ms as u32 + 1, if kind < 2 { "buy 1 1 post" } else { "buy 1 1 ioc" })
                };
                match what {
                    0 | 1 => {
                        let body = Body::Trade { price: Price(price), qty: Qty(qty), taker: side };
                        venue.on_event(&Event::new(now, InstrumentId(0), ms, body));
                    }
                    2 | 3 => {
                        let (bid, ask, bid_qty) = (Price(price), Price(price + 2), Qty(qty * 5));
                        let body = Body::Best { bid, bid_qty, ask, ask_qty: Qty(qty) };
                        venue.on_event(&Event::new(now, InstrumentId(0), ms, body));
                    }
                    4 | 5 => venue.send(now, Intent::Place(new)),
                    6 => venue.send(now, Intent::Replace { old: refer(old), new }),
                    _ => venue.reduce(now, Reduce::Amend { order: refer(old), qty: Qty(qty * 5) }),
                }
            }
            if ms + 50 == end {
                venue.reduce(now, Reduce::CancelAll(InstrumentId(0)));
            }
            while let Some(event) = venue.poll(now) {
                match event.body() {
                    Some(Body::Balance { asset, free, locked }) => {
                        told[asset.index()] = (free.0, locked.0);
                    }
                    Some(Body::Fill(fill)) => {
                        let sign = fill.side.sign();
                        expect[0] += sign * instrument.base_amount(fill.qty).0;
                        expect[1] -= sign * instrument.notional(fill.price, fill.qty).0;
                        expect[fill.fee_asset.index()] -= fill.fee.0;
                    }
                    _ => {}
                }
            }
        }
        for (asset, free, locked) in venue.balances() {
            prop_assert_eq!(free.0, expect[asset.index()]);
            prop_assert_eq!(locked.0, 0);
            prop_assert_eq!((free.0, locked.0), told[asset.index()]);
        }
        prop_assert_eq!((venue.open_orders(), venue.rows_dropped(), venue.fills_missed()), (0, 0, 0));
    }
}
