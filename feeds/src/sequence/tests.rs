//! The rules by example, then against a naive model of the venue under loss, repeats and disorder.

use super::*;
use engine::id::Side;
use engine::num::{Price, Qty};
use proptest::prelude::*;
use std::collections::BTreeMap;

const BTC: InstrumentId = InstrumentId(0);

fn level(id: u64, price: i64, qty: i64) -> Event {
    Event::new(
        Nanos(id),
        BTC,
        id,
        Body::Level { side: Side::Buy, price: Price(price), qty: Qty(qty) },
    )
}

/// A ring that may be full.
#[derive(Default)]
struct Ring {
    rows: Vec<Event>,
    full: bool,
}

impl RowSink for Ring {
    fn message(&mut self, rows: &[Event]) -> bool {
        if !self.full {
            self.rows.extend_from_slice(rows);
        }
        !self.full
    }

    fn has_room(&self, _rows: usize) -> bool {
        !self.full
    }
}

fn told(rows: &[Event]) -> String {
    let words: Vec<String> = rows
        .iter()
        .map(|row| match row.body() {
            Some(Body::Gap { reason, expected }) => format!("gap {reason:?} {expected}/{}", row.id),
            _ if row.has(flag::SNAPSHOT) => format!("base {}", row.id),
            _ => format!("{}", row.id),
        })
        .collect();
    words.join(", ")
}

/// Commands: `5-9` a diff of ids 5 to 9, `s7` a snapshot at 7, `full`, `room`, `stop`, `start`.
fn check(commands: &str, expect: &str) {
    let mut sequence = Sequence::new(BTC, SequenceLimits { diffs_max: 4, ..Default::default() });
    let mut ring = Ring::default();
    sequence.start();
    for command in commands.split_whitespace() {
        if let Some(id) = command.strip_prefix('s').and_then(|id| id.parse().ok()) {
            let row = level(id, 1, 1).with(flag::SNAPSHOT | flag::FIRST | flag::LAST);
            sequence.on_snapshot(id, &[row], &mut ring);
        } else if let Some((first, last)) = command.split_once('-') {
            let (first, last): (u64, u64) = (first.parse().unwrap(), last.parse().unwrap());
            let head = DiffHead { before: first - 1, last, at: Nanos(last) };
            sequence.on_diff(head, &[level(last, 1, 1).with(flag::LAST)], &mut ring);
        } else {
            match command {
                "full" => ring.full = true,
                "room" => ring.full = false,
                "stop" => sequence.stop(GapReason::Reconnect, Nanos(1), &mut ring),
                _ => sequence.start(),
            }
        }
        sequence.pump(&mut ring);
    }
    assert_eq!(told(&ring.rows), expect, "{commands}");
}

#[test]
fn the_venues_rules_hold() {
    check("5-9 10-12 s9 13-13", "base 9, 12, 13");
    check("5-9 10-12 s10", "base 10, 12");
    check("5-9 s12", "base 12");
    check("5-9 s4", "base 4, 9");
    check("5-9 s3", "");
    check("5-9 s3 10-11 s6", "base 6, 9, 11");
    check("s6 5-6 7-8 5-8 8-9", "base 6, 8, 9");
    check("s6 8-9 10-10 s9", "base 6, gap Sequence 7/8, base 9, 10");
    check("s6 8-9 s6 s7", "base 6, gap Sequence 7/8, base 7, 9");
    check("7-7 9-9 s6", "base 6, 7, gap Sequence 8/9");
    check("7-7 9-9 s6 s8", "base 6, 7, gap Sequence 8/9, base 8, 9");
    check("s6 s7", "base 6");
}

#[test]
fn a_full_ring_is_a_gap_and_snapshots_wait_for_room() {
    check("s6 full 7-7 8-8 room 9-9", "base 6, gap RingFull 7/7");
    check("s6 full 7-7 8-8 s7 room 9-9", "base 6, gap RingFull 7/7, base 7, 8, 9");
    check("full s6 7-7 8-8 room", "base 6, 7, 8");
    check("full s6 7-7 8-8 9-9 10-10 11-11 room s10", "base 10, 11");
    check("1-1 2-2 3-3 4-4 5-5 s3 s4", "base 4, 5");
}

#[test]
fn a_lost_connection_is_a_gap_once() {
    check("s6 stop 7-7 stop start 9-9 s8", "base 6, gap Reconnect 7/6, base 8, 9");
    check("stop start", "");
}

type Levels = BTreeMap<i64, i64>;

/// What a client that only reads rows believes, and the id up to which.
#[derive(Default)]
struct Client {
    levels: Levels,
    id: Option<u64>,
}

impl Client {
    fn read(&mut self, row: &Event) {
        match row.body() {
            Some(Body::Gap { .. }) => self.id = None,
            Some(Body::Level { price, qty, .. }) => {
                if row.has(flag::FIRST) {
                    self.levels.clear();
                    self.id = Some(row.id);
                }
                if self.id.is_some() {
                    self.id = Some(row.id);
                    if qty.is_zero() {
                        self.levels.remove(&price.0);
                    } else {
                        self.levels.insert(price.0, qty.0);
                    }
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The venue: diffs of one to three ids each, and its book after every id.
fn venue(changes: &[(i64, i64)]) -> (Vec<(DiffHead, Vec<Event>)>, Vec<Levels>) {
    let (mut diffs, mut books, mut book) = (Vec::new(), vec![Levels::new()], Levels::new());
    book.insert(8, 1);
    books[0] = book.clone();
    let mut before = 0;
    for piece in changes.chunks(3) {
        let last = before + piece.len() as u64;
        let mut rows = Vec::new();
        for (price, qty) in piece {
            book.insert(*price, *qty);
            book.retain(|_, qty| *qty != 0);
            books.push(book.clone());
        }
        for (price, _) in piece {
            rows.push(level(last, *price, book.get(price).copied().unwrap_or(0)));
        }
        let end = rows.len() - 1;
        rows[end] = rows[end].with(flag::LAST);
        diffs.push((DiffHead { before, last, at: Nanos(last) }, rows));
        before = last;
    }
    (diffs, books)
}

#[derive(Clone, Debug)]
enum Step {
    Next,
    Drop,
    Again(usize),
    Swap,
    Snapshot(usize),
    Room(bool),
    Reconnect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => Just(Step::Next),
        1 => Just(Step::Drop),
        2 => (1_usize..4).prop_map(Step::Again),
        1 => Just(Step::Swap),
        4 => (0_usize..9).prop_map(Step::Snapshot),
        1 => any::<bool>().prop_map(Step::Room),
        1 => Just(Step::Reconnect),
    ]
}

fn snapshot_rows(id: u64, levels: &Levels) -> Vec<Event> {
    let mut rows: Vec<Event> =
        levels.iter().map(|(price, qty)| level(id, *price, *qty).with(flag::SNAPSHOT)).collect();
    rows[0] = rows[0].with(flag::FIRST);
    let end = rows.len() - 1;
    rows[end] = rows[end].with(flag::LAST);
    rows
}

proptest! {
    /// Whatever is lost, repeated or exchanged: the client has the venue's book at its id, or knows
    /// that it has none.
    #[test]
    fn in_sync_or_declared_broken(
        changes in prop::collection::vec((1_i64..7, 0_i64..4), 30..120),
        steps in prop::collection::vec(step(), 10..120),
    ) {
        // Price 9 always stands, so that no snapshot is empty.
        let mut changes = changes;
        changes.insert(0, (9, 1));
        let (mut diffs, books) = venue(&changes);
        let limits = SequenceLimits { diffs_max: 8, rows_max: 20, snapshot_rows_max: 100 };
        let mut sequence = Sequence::new(BTC, limits);
        let (mut ring, mut client, mut at) = (Ring::default(), Client::default(), 0);
        sequence.start();
        for step in steps {
            if at + 1 >= diffs.len() {
                break;
            }
            match step {
                Step::Next => {
                    sequence.on_diff(diffs[at].0, &diffs[at].1, &mut ring);
                    at += 1;
                }
                Step::Drop => at += 1,
                Step::Again(back) => {
                    let (head, rows) = &diffs[at.saturating_sub(back)];
                    if at > 0 && at.saturating_sub(back) < at {
                        sequence.on_diff(*head, rows, &mut ring);
                    }
                }
                Step::Swap => diffs.swap(at, at + 1),
                Step::Snapshot(back) => {
                    let id = (diffs[at].0.last as usize).saturating_sub(back).max(1);
                    let rows = snapshot_rows(id as u64, &books[id]);
                    sequence.on_snapshot(id as u64, &rows, &mut ring);
                }
                Step::Room(room) => ring.full = !room,
                Step::Reconnect => {
                    sequence.stop(GapReason::Reconnect, Nanos(1), &mut ring);
                    sequence.start();
                }
            }
            sequence.pump(&mut ring);
            for row in ring.rows.drain(..) {
                client.read(&row);
            }
            if let Some(id) = client.id {
                prop_assert_eq!(&client.levels, &books[id as usize], "at id {}", id);
            }
            if let Some(id) = sequence.book_id() {
                prop_assert_eq!(Some(id), client.id);
            }
        }
    }
}
