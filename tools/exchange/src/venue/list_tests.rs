//! Lists of orders and trailing stops, as text in and text out.

use super::list::NewList;
use super::tests::{act, check, read, told, venue};
use super::*;
use proptest::prelude::*;

/// `[QTY@PRICE SIDE then] SIDE QTY ABOVE BELOW #NAME`; a leg is `maker@PRICE`, `stop@PRICE` (a
/// market order) or `stop@PRICE:LIMIT`. The orders' names are the list's with `.w`, `.a`, `.b`.
pub(super) fn place(venue: &mut Venue, account: AccountId, words: &[&str]) -> String {
    let (working, rest) = match words {
        [side, size, "then", rest @ ..] => (Some((side, size)), rest),
        rest => (None, rest),
    };
    let [side, qty, above, below, name] = rest else { panic!("{words:?}") };
    let leg = |text: &str, is_above: bool| {
        let (kind, at) = text.split_once('@').unwrap();
        let (stop, limit) = at.split_once(':').unwrap_or((at, ""));
        let way = if is_above { "up" } else { "down" };
        let client = format!("{name}.{}", if is_above { "a" } else { "b" });
        match (kind, limit) {
            ("maker", _) => read(venue, [side, "POST", &format!("{qty}@{at}")], &[&client]),
            (_, "") => read(venue, [side, "MARKET", qty], &[&client, &format!("{way}@{stop}")]),
            (_, limit) => {
                let size = format!("{qty}@{limit}");
                read(venue, [side, "LIMIT", &size], &[&client, &format!("{way}@{stop}")])
            }
        }
    };
    let pair = [leg(above, true), leg(below, false)];
    let client = format!("{name}.w");
    let working = working.map(|(side, size)| read(venue, [side, "LIMIT", size], &[&client]));
    let new = NewList { client: (*name).into(), working, pair };
    match venue.place_list(account, new, 1) {
        Ok((_, placed)) => {
            let all: Vec<String> = placed.iter().map(|one| told(&one.order)).collect();
            all.join(", ")
        }
        Err(refusal) => format!("{refusal:?}"),
    }
}

/// A random list of either kind.
pub(super) fn list() -> impl Strategy<Value = String> {
    let account = prop_oneof![Just("maker"), Just("taker")];
    let pair = (prop_oneof![Just("BUY"), Just("SELL")], 9..300_i64, 0..6_i64, 0..6_i64, 0..3_u8);
    let pair = pair.prop_map(|(side, qty, above, below, kind)| {
        let stop =
            |at: i64| if kind == 0 { format!("stop@{at}") } else { format!("stop@{at}:{at}") };
        let other = |at: i64| if kind == 2 { stop(at) } else { format!("maker@{at}") };
        match side {
            "SELL" => format!("{side} {qty} {} {}", other(above), stop(below)),
            _ => format!("{side} {qty} {} {}", stop(above), other(below)),
        }
    });
    let working = (prop_oneof![Just("BUY"), Just("SELL")], 9..300_i64, 0..6_i64);
    let working = working.prop_map(|(side, qty, price)| format!("{side} {qty}@{price} then "));
    let working = prop_oneof![Just(String::new()), working];
    (account, working, pair, 0..20_u8)
        .prop_map(|(account, working, pair, n)| format!("list {account} {working}{pair} l{n}"))
}

/// The last price is 100.
const START: &str = "maker SELL LIMIT 10@100 #start => NEW 0/10
    taker BUY LIMIT 10@100 => FILLED 10/10 10@100
";

fn from_start(script: &str) {
    check(&format!("{START}{script}"));
}

#[test]
fn a_pair_holds_its_money_once() {
    from_start(
        "free taker => 1000009 999993
         list taker SELL 100000 maker@110 stop@90:89 #s => NEW 0/100000, NEW 0/100000
         free taker => 900009 999993
         list taker BUY 100000 stop@110 maker@90 #b => NEW 0/100000, NEW 0/100000
         free taker => 900009 939992
         cancel #s.a => CANCELLED User 0/100000
         free taker => 1000009 939992
         show #s.b => EXPIRED Pair 0/100000
         cancel #b.a => CANCELLED User 0/100000
         show #b.b => EXPIRED Pair 0/100000
         free taker => 1000009 999993",
    );
}

#[test]
fn a_partial_fill_ends_the_waiting_leg() {
    from_start(
        "list taker SELL 100 maker@110 stop@90:89 #s => NEW 0/100, NEW 0/100
         maker BUY LIMIT 30@110 => FILLED 30/30 30@110
         show #s.a => PARTIALLY_FILLED 30/100
         show #s.b => EXPIRED Pair 0/100
         maker BUY LIMIT/IOC 100@110 => EXPIRED Ioc 70/100 70@110
         show #s.a => FILLED 100/100",
    );
}

#[test]
fn the_waiting_leg_wakes_and_ends_the_limit() {
    from_start(
        "list taker SELL 100 maker@110 stop@90:80 #s => NEW 0/100, NEW 0/100
         maker BUY LIMIT 60@90 #bid => NEW 0/60
         taker SELL LIMIT 10@90 => FILLED 10/10 10@90
         pulse => ok
         show #s.a => EXPIRED Pair 0/100
         show #s.b => PARTIALLY_FILLED 50/100
         cancel #s.b => CANCELLED User 50/100",
    );
}

#[test]
fn two_waiting_legs_pair_as_well() {
    from_start(
        "list taker SELL 100 stop@110 stop@90 #s => NEW 0/100, NEW 0/100
         maker SELL LIMIT 10@110 => NEW 0/10
         maker BUY LIMIT 200@105 => NEW 0/200
         taker BUY LIMIT/IOC 10@110 => FILLED 10/10 10@110
         pulse => ok
         show #s.a => FILLED 100/100
         show #s.b => EXPIRED Pair 0/100",
    );
}

#[test]
fn legs_stand_on_both_sides_of_the_last_price() {
    from_start(
        "list taker SELL 100 maker@100 stop@90 #x => PairPrices
         list taker SELL 100 maker@110 stop@100 #x => PairPrices
         list taker BUY 100 stop@100 maker@90 #x => PairPrices
         list taker BUY 100 stop@110 maker@101 #x => PairPrices
         maker BUY LIMIT 10@105 #bid => NEW 0/10
         list taker SELL 100 maker@104 stop@90 #x => WouldTake
         list taker SELL 900000000 maker@110 stop@90 #x => Notional
         list taker SELL 2000000 maker@110 stop@90 #x => Balance
         list taker SELL 100 maker@110 stop@90 #x => NEW 0/100, NEW 0/100
         list taker SELL 100 maker@110 stop@90 #x => Duplicate
         amend #x.a 50 => Amend
         cancel #x.b => CANCELLED User 0/100
         list taker SELL 100 maker@110 stop@90 #x => NEW 0/100, NEW 0/100",
    );
}

#[test]
fn a_pair_waits_until_its_working_order_is_filled() {
    from_start(
        "list taker BUY 100@95 then SELL 100 maker@110 stop@90 #l => \
                NEW 0/100, PENDING 0/100, PENDING 0/100
         free taker => 1000009 999933
         maker SELL LIMIT 60@95 => FILLED 60/60 60@95
         show #l.a => PENDING 0/100
         maker SELL LIMIT 40@95 => FILLED 40/40 40@95
         show #l.w => FILLED 100/100
         show #l.a => NEW 0/100
         show #l.b => sleeps NEW 0/100
         free taker => 1000009 999933
         maker BUY LIMIT 100@110 => FILLED 100/100 100@110
         show #l.b => EXPIRED Pair 0/100",
    );
}

#[test]
fn a_pair_ends_with_its_working_order() {
    from_start(
        "list taker BUY 100@95 then SELL 100 maker@110 stop@90 #l => \
                NEW 0/100, PENDING 0/100, PENDING 0/100
         maker SELL LIMIT 60@95 => FILLED 60/60 60@95
         cancel #l.w => CANCELLED User 60/100
         show #l.a => EXPIRED Working 0/100
         show #l.b => EXPIRED Working 0/100",
    );
}

#[test]
fn a_pair_that_cannot_follow_ends() {
    from_start(
        "list taker BUY 100@95 then SELL 100 maker@110 stop@97 #price => \
                NEW 0/100, PENDING 0/100, PENDING 0/100
         maker SELL LIMIT 100@95 => FILLED 100/100 100@95
         show #price.a => EXPIRED Trigger 0/100
         show #price.b => EXPIRED Trigger 0/100
         list taker BUY 100@95 then SELL 1100000 maker@110 stop@90 #money => \
                NEW 0/100, PENDING 0/1100000, PENDING 0/1100000
         maker SELL LIMIT 100@95 => FILLED 100/100 100@95
         show #money.a => EXPIRED Trigger 0/1100000",
    );
}

#[test]
fn an_order_filled_at_once_is_told_before_its_pair_follows() {
    from_start(
        "maker SELL LIMIT 100@96 => NEW 0/100
         list taker BUY 100@97 then SELL 100 maker@110 stop@90 #l => \
                FILLED 100/100, PENDING 0/100, PENDING 0/100
         show #l.a => NEW 0/100
         show #l.b => sleeps NEW 0/100",
    );
}

#[test]
fn a_trailing_stop_follows_the_best_price() {
    from_start(
        "taker SELL LIMIT 10@80 #t trail@6 => NEW 0/10
         maker BUY LIMIT 500@90 => NEW 0/500
         maker SELL LIMIT 10@120 => NEW 0/10
         taker BUY LIMIT 10@120 => FILLED 10/10 10@120
         pulse => ok
         maker SELL LIMIT 10@115 => NEW 0/10
         taker BUY LIMIT 10@115 => FILLED 10/10 10@115
         pulse => ok
         show #t => sleeps NEW 0/10
         maker SELL LIMIT 10@114 => NEW 0/10
         taker BUY LIMIT 10@114 => FILLED 10/10 10@114
         pulse => ok
         show #t => FILLED 10/10",
    );
}

#[test]
fn prices_between_two_looks_count_in_their_order() {
    // It fell before it rose: from its best it has not come back.
    from_start(
        "taker SELL LIMIT 10@80 #t trail@20 => NEW 0/10
         maker BUY LIMIT 10@90 => NEW 0/10
         maker SELL LIMIT 10@115 => NEW 0/10
         taker SELL LIMIT 10@90 => FILLED 10/10 10@90
         taker BUY LIMIT 10@115 => FILLED 10/10 10@115
         pulse => ok
         show #t => sleeps NEW 0/10
         maker BUY LIMIT 20@95 => NEW 0/20
         taker SELL LIMIT 10@95 => FILLED 10/10 10@95
         pulse => ok
         show #t => FILLED 10/10",
    );
}

#[test]
fn a_trailing_purchase_holds_what_it_may_cost() {
    from_start(
        "free taker => 1000009 999993
         taker BUY MARKET 100000 #t trail@1000 => NEW 0/100000
         free taker => 1000009 939982
         cancel #t => CANCELLED User 0/100000
         free taker => 1000009 999993",
    );
}

#[test]
fn lists_outlive_the_process() {
    let dir = std::env::temp_dir().join(format!("exchange-lists-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let mut first = venue();
    first.journal = Some(Journal::start(&dir, first.snapshot(0)).unwrap());
    act(&mut first, "maker SELL LIMIT 10@100");
    act(&mut first, "taker BUY LIMIT 10@100");
    act(&mut first, "list taker SELL 100 maker@110 stop@90:80 #s");
    act(&mut first, "list taker BUY 100@95 then SELL 100 maker@120 stop@85 #l");
    let mut again = venue();
    again.restore(Journal::recover(&dir).unwrap().unwrap());
    assert_eq!(again.lists, first.lists);
    assert_eq!(act(&mut again, "free taker"), act(&mut first, "free taker"));
    for (line, expect) in [
        ("maker SELL LIMIT 100@95", "FILLED 100/100 100@95"),
        ("show #l.a", "NEW 0/100"),
        ("maker BUY LIMIT 40@110", "FILLED 40/40 40@110"),
        ("show #s.a", "PARTIALLY_FILLED 40/100"),
        ("show #s.b", "EXPIRED Pair 0/100"),
    ] {
        assert_eq!(act(&mut again, line), expect, "{line}");
    }
    let _ = std::fs::remove_dir_all(&dir);
}
