//! Text in, text out: `snapshot 10 b100:5 a102:3`, `depth 11 b100:0`, `best 12 b101:1 a102:2`,
//! `gap`.

extern crate std;
use super::*;
use crate::event::GapReason;
use crate::id::InstrumentId;
use crate::time::Nanos;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

fn level(text: &str) -> (Side, Price, Qty) {
    let (price, qty) = text[1..].split_once(':').unwrap();
    let side = if text.starts_with('b') { Side::Buy } else { Side::Sell };
    (side, Price(price.parse().unwrap()), Qty(qty.parse().unwrap()))
}

fn rows(line: &str) -> Vec<Event> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let row = |id, body| Event::new(Nanos(0), InstrumentId(0), id, body);
    if words[0] == "gap" {
        let body = Body::Gap { reason: GapReason::Sequence, expected: 0 };
        return std::vec![row(0, body)];
    }
    let id = words[1].parse().unwrap();
    let levels: Vec<_> = words[2..].iter().map(|word| level(word)).collect();
    if words[0] == "best" {
        let (bid, ask) = (levels[0], levels[1]);
        let body = Body::Best { bid: bid.1, bid_qty: bid.2, ask: ask.1, ask_qty: ask.2 };
        return std::vec![row(id, body)];
    }
    let snapshot = words[0] == "snapshot";
    let count = levels.len();
    let flags = |place: usize| {
        let first = if snapshot && place == 0 { flag::FIRST } else { 0 };
        let last = if place + 1 == count { flag::LAST } else { 0 };
        first | last | if snapshot { flag::SNAPSHOT } else { 0 }
    };
    levels
        .iter()
        .enumerate()
        .map(|(place, (side, price, qty))| {
            let body = Body::Level { side: *side, price: *price, qty: *qty };
            row(id, body).with(flags(place))
        })
        .collect()
}

fn show(book: &Book) -> String {
    let side = |side: Side| {
        let text: Vec<String> =
            book.levels(side).map(|(price, qty)| format!("{price}:{qty}")).collect();
        text.join(" ")
    };
    format!("{:?} {} | {}", book.state(), side(Side::Buy), side(Side::Sell)).trim().to_string()
}

fn check(script: &[(&str, &str)]) {
    let mut book = Book::new();
    for (line, expect) in script {
        let mut change = Change::None;
        for row in rows(line) {
            change = book.apply(&row);
        }
        assert_eq!(format!("{change:?} {}", show(&book)), *expect, "after {line}");
    }
}

#[test]
fn a_snapshot_begins_and_diffs_follow() {
    check(&[
        ("depth 5 b99:1", "None Blank  |"),
        ("best 6 b99:1 a100:1", "None Blank  |"),
        ("snapshot 10 b100:5 b99:2 a102:3", "Moved Live 100:5 99:2 | 102:3"),
        ("depth 11 b100:0 a103:4", "Moved Live 99:2 | 102:3 103:4"),
        ("gap", "Blanked Blank 99:2 | 102:3 103:4"),
        ("depth 13 b98:1", "None Blank 99:2 | 102:3 103:4"),
        ("snapshot 20 b50:5 a51:1", "Moved Live 50:5 | 51:1"),
    ]);
}

#[test]
fn a_newer_best_overlays_and_hides_what_lies_beyond() {
    check(&[
        (
            "snapshot 10 b100:5 b99:2 b98:7 a102:3 a104:1",
            "Moved Live 100:5 99:2 98:7 | 102:3 104:1",
        ),
        ("best 9 b1:1 a2:1", "None Live 100:5 99:2 98:7 | 102:3 104:1"),
        ("best 12 b99:4 a103:6", "Moved Live 99:4 98:7 | 103:6 104:1"),
        ("best 11 b1:1 a2:1", "None Live 99:4 98:7 | 103:6 104:1"),
        ("depth 11 b97:1", "Moved Live 99:4 98:7 97:1 | 103:6 104:1"),
        ("depth 12 b100:0", "Moved Live 99:2 98:7 97:1 | 102:3 104:1"),
    ]);
}

#[test]
fn crossing_is_judged_on_depth_after_whole_messages_and_blanks_when_it_persists() {
    check(&[
        ("snapshot 10 b100:5 a102:3", "Moved Live 100:5 | 102:3"),
        ("depth 11 b103:1", "Moved Crossed 103:1 100:5 | 102:3"),
        ("depth 12 a102:0 a104:1", "Moved Live 103:1 100:5 | 104:1"),
        ("depth 13 b103:0 b105:1 b105:0", "Moved Live 100:5 | 104:1"),
        ("depth 14 b104:1", "Moved Crossed 104:1 100:5 | 104:1"),
        ("best 15 b100:1 a105:1", "None Crossed 100:1 | 105:1"),
        ("depth 16 b104:2", "CrossedOut Blank 104:2 100:5 | 104:1"),
    ]);
}
