//! Windows by example, and against a naive book that is cut after each message.

use super::*;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Symbol;
use engine::num::Grid;
use engine::time::Nanos;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn instrument() -> Instrument {
    let grids = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    Instrument::new(InstrumentId(0), symbol, (AssetId(0), AssetId(1)), grids)
}

fn level(side: Side, price: i64, qty: i64) -> Event {
    let body = Body::Level { side, price: Price(price), qty: Qty(qty) };
    Event::new(Nanos(1), InstrumentId(0), 7, body)
}

/// `b5*2 s9*0` is a bid of 2 at 5 and an ask gone from 9; with `snap` in front, all of them.
fn rows(text: &str) -> Vec<Event> {
    let mut all = Vec::new();
    let (snapshot, text) = match text.strip_prefix("snap ") {
        Some(rest) => (flag::SNAPSHOT, rest),
        None => (0, text),
    };
    for word in text.split_whitespace() {
        let (side, rest) = word.split_at(1);
        let (price, qty) = rest.split_once('*').unwrap();
        let side = if side == "b" { Side::Buy } else { Side::Sell };
        all.push(level(side, price.parse().unwrap(), qty.parse().unwrap()).with(snapshot));
    }
    if snapshot != 0 {
        all[0] = all[0].with(flag::FIRST);
    }
    let last = all.len() - 1;
    all[last] = all[last].with(flag::LAST);
    all
}

fn told(rows: &[Event]) -> String {
    let word = |row: &Event| match row.body() {
        Some(Body::Level { side, price, qty }) => {
            let side = if side == Side::Buy { "b" } else { "s" };
            let last = if row.has(flag::LAST) { "." } else { "" };
            format!("{side}{}*{}{last}", price.0, qty.0)
        }
        other => format!("{other:?}"),
    };
    rows.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// Sends messages through a window of two levels; what came out, and what is wrong.
fn check(messages: &[&str], expect: &str) {
    let mut window = Window::new(&instrument(), 2, 8);
    let mut out: Vec<Event> = Vec::new();
    let mut said = Vec::new();
    for message in messages {
        let mut way = Windowed { window: Some(&mut window), out: &mut out };
        assert!(way.message(&rows(message)));
        said.push(match window.flaw() {
            Some(flaw) => format!("{flaw:?}"),
            None => told(&out),
        });
        out.clear();
    }
    assert_eq!(said.join(" | "), expect, "{messages:?}");
}

#[test]
fn what_leaves_the_window_is_told() {
    check(
        &["snap b5*1 b4*1 s6*1 s7*1", "b3*1", "s5*0 b6*0", "b7*0 b5*0"],
        "b5*1 b4*1 s6*1 s7*1. | b3*1 b3*0. | s5*0 b6*0. | b7*0 b5*0.",
    );
    check(&["snap b5*1 b4*1 s7*1", "s6*2 b6*0 s8*3"], "b5*1 b4*1 s7*1. | s6*2 b6*0 s8*3 s8*0.");
    check(&["snap b5*1 b4*1 s9*1", "b6*1 b7*1"], "b5*1 b4*1 s9*1. | b6*1 b7*1 b4*0 b5*0.");
}

#[test]
fn a_crossed_book_does_not_go_out() {
    check(&["snap b5*1 s6*1", "b6*1", "snap b5*1 s6*1"], "b5*1 s6*1. | Crossed | b5*1 s6*1.");
    // In the midst of a message it may be.
    check(&["snap b5*1 s6*1", "b6*1 s6*0 s7*1"], "b5*1 s6*1. | b6*1 s6*0 s7*1.");
}

#[test]
fn a_wrong_checksum_is_a_flaw_and_one_that_cannot_be_made_is_none() {
    let mut window = Window::new(&instrument(), 25, 8);
    let mut message = rows("snap b5*1 s6*2");
    let sum = crc32fast::hash(b"5:1:6:2");
    let mut judged = |message: &[Event], sum: u32| {
        let mut message = message.to_vec();
        let last = message.len() - 1;
        note::set_checksum(&mut message[last], sum);
        let mut out: Vec<Event> = Vec::new();
        Windowed { window: Some(&mut window), out: &mut out }.message(&message);
        assert!(out.iter().all(|row| row.body().is_some()), "no note goes out");
        window.flaw()
    };
    assert_eq!(judged(&message, 1), None, "the digits are not known");
    message.iter_mut().for_each(|row| note::set_printed(row, Places(0), Places(0)));
    assert_eq!(judged(&message, sum), None);
    assert_eq!(judged(&message, sum ^ 1), Some(Flaw::Checksum));
}

/// A sink that has room or not.
struct Narrow(Vec<Event>, usize);

impl RowSink for Narrow {
    fn message(&mut self, rows: &[Event]) -> bool {
        let room = self.has_room(rows.len());
        if room {
            self.0.extend_from_slice(rows);
        }
        room
    }

    fn has_room(&self, rows: usize) -> bool {
        rows <= self.1
    }
}

#[test]
fn a_message_that_found_no_room_changes_nothing() {
    let mut window = Window::new(&instrument(), 2, 8);
    let mut out = Narrow(Vec::new(), 100);
    Windowed { window: Some(&mut window), out: &mut out }.message(&rows("snap b5*1 b4*1 s9*1"));
    out.1 = 1;
    assert!(!Windowed { window: Some(&mut window), out: &mut out }.message(&rows("b6*1")));
    (out.0, out.1) = (Vec::new(), 100);
    assert!(Windowed { window: Some(&mut window), out: &mut out }.message(&rows("b6*1")));
    assert_eq!(told(&out.0), "b6*1 b4*0.");
}

proptest! {
    /// What the rows that came out make of a book is the naive book, cut after each message.
    #[test]
    fn rows_make_the_cut_book(
        messages in prop::collection::vec(
            prop::collection::vec((any::<bool>(), 1_i64..12, 0_i64..3), 1..6), 1..40),
    ) {
        let mut window = Window::new(&instrument(), 3, 8);
        let mut naive = [BTreeMap::new(), BTreeMap::new()];
        let mut read = [BTreeMap::new(), BTreeMap::new()];
        for message in messages {
            let mut rows: Vec<Event> = Vec::new();
            for (buys, price, qty) in &message {
                // Asks lie above all bids, so that nothing crosses.
                let side = if *buys { Side::Buy } else { Side::Sell };
                let key = if *buys { -price } else { 100 + price };
                rows.push(level(side, key.abs(), *qty));
                match qty {
                    0 => naive[side.index()].remove(&key),
                    qty => naive[side.index()].insert(key, *qty),
                };
            }
            for side in &mut naive {
                while side.len() > 3 {
                    side.pop_last();
                }
            }
            let mut out: Vec<Event> = Vec::new();
            let went = Windowed { window: Some(&mut window), out: &mut out }.message(&rows);
            prop_assert!(went);
            prop_assert_eq!(out.iter().filter(|row| row.has(flag::LAST)).count(), 1);
            for row in &out {
                let Some(Body::Level { side, price, qty }) = row.body() else { panic!() };
                let key = if side == Side::Buy { -price.0 } else { price.0 };
                match qty.0 {
                    0 => read[side.index()].remove(&key),
                    qty => read[side.index()].insert(key, qty),
                };
            }
            prop_assert_eq!(&read, &naive);
            let again: Vec<Event> = window.snapshot(&rows[0]).to_vec();
            prop_assert!(window.is(&again));
            prop_assert!(again[0].payload[1] == 0 || !window.is(&again[1..]));
            prop_assert_eq!(again.len(), (read[0].len() + read[1].len()).max(1));
        }
    }
}
