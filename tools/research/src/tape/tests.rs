//! Round trips, windows against a naive filter, and both orders against a naive sort.

use super::*;
use engine::event::Body;
use engine::id::{AssetId, InstrumentId, Side};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::{Grid, Notional, Price, Qty};
use proptest::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

/// A place for a tape that is removed afterwards.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-tape-{}-{number}.tape", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn listed(id: u16) -> Listed {
    let grids = (Grid { decimals: 1, step: 1 }, Grid { decimals: 3, step: 5 });
    let symbol = Symbol::new("BTCUSDT").unwrap();
    let mut instrument = Instrument::new(InstrumentId(id), symbol, (AssetId(0), AssetId(1)), grids);
    instrument.kind = Kind::Linear;
    instrument.notional_min = Notional(500_000_000);
    instrument.fees.maker_ppm = -50;
    let name = format!("binance{id}:BTCUSDT");
    Listed { name, base: "BTC".into(), quote: "USDT".into(), instrument }
}

fn level(at: u64, id: u16, price: i64, qty: i64) -> Event {
    let side = if price % 2 == 0 { Side::Buy } else { Side::Sell };
    let body = Body::Level { side, price: Price(price), qty: Qty(qty) };
    Event::new(Nanos(at), InstrumentId(id), at, body).with(flag::LAST)
}

fn written(rows: &[Event]) -> (Place, Tape) {
    let place = Place::new();
    let mut writer = TapeWriter::create(&place.0, &[listed(0), listed(1)]).unwrap();
    writer.extend(rows).unwrap();
    writer.finish().unwrap();
    let tape = Tape::open(&place.0).unwrap();
    (place, tape)
}

fn window(tape: &Tape, from: u64, to: u64) -> Vec<Event> {
    let mut window = tape.window(Nanos(from), Nanos(to));
    let mut all = Vec::new();
    while let Some(rows) = window.next_rows().unwrap() {
        all.extend_from_slice(rows);
    }
    all
}

fn by_venue(tape: &Tape, from: u64, to: u64) -> (Vec<Event>, u64) {
    let mut order = tape.by_venue(Nanos(from), Nanos(to));
    let mut all = Vec::new();
    while let Some(rows) = order.next_rows().unwrap() {
        all.extend_from_slice(rows);
    }
    (all, order.late())
}

/// Rows of a market of which one in seven is told late, and some have no stamp.
fn market(count: u64, seed: u64) -> Vec<Event> {
    let (mut at, mut state) = (1_700_000_000_000_000_000, seed);
    let mut rows = Vec::new();
    for number in 0..count {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = state >> 33;
        at += roll % 50_000;
        let late = if roll % 7 == 0 { 900 } else { 0 };
        let venue_delta_us = if roll % 11 == 0 { 0 } else { (roll % 300 + late) as i32 - 20 };
        let recv_delta_ns = (roll % 999) as u32;
        let mut row = level(at, (roll % 2) as u16, (roll % 5_000 + 1) as i64, (roll % 90) as i64);
        row.id = number;
        if roll % 3 == 0 {
            row.flags &= !flag::LAST;
        }
        rows.push(Event { venue_delta_us, recv_delta_ns, ..row });
    }
    rows
}

#[test]
fn a_tape_gives_back_its_rows_and_instruments() {
    let mut rows = market(200_000, 7);
    rows[5].payload = [u64::MAX, 0, 1 << 63, 42];
    rows[6].recv_delta_ns = u32::MAX;
    rows[7].venue_delta_us = i32::MIN;
    rows[8].instrument = InstrumentId(u16::MAX);
    let (_place, tape) = written(&rows);
    assert_eq!(tape.instruments(), [listed(0), listed(1)]);
    assert_eq!(tape.rows(), 200_000);
    assert_eq!(tape.span(), Some((rows[0].at, rows[199_999].at)));
    assert!(window(&tape, 0, u64::MAX) == rows);
    assert!(tape.groups.len() >= 3, "{} groups", tape.groups.len());
}

#[test]
fn a_window_decodes_only_the_groups_that_it_lies_in() {
    let rows = market(300_000, 1);
    let (_place, tape) = written(&rows);
    let (from, to) = (rows[150_000].at, rows[150_100].at);
    let groups = tape.groups_in(from, to);
    assert_eq!(groups.len(), 1, "{groups:?} of {}", tape.groups.len());
    assert_eq!(tape.groups_in(Nanos(0), Nanos(5)).len(), 0);
    assert_eq!(tape.groups_in(Nanos(u64::MAX), Nanos(u64::MAX)).len(), 0);
}

#[test]
fn both_orders_hold_the_same_rows() {
    let rows = market(200_000, 3);
    let (_place, tape) = written(&rows);
    let mut naive = rows.clone();
    naive.sort_by_key(venue_at);
    let (sorted, late) = by_venue(&tape, 0, u64::MAX);
    assert_eq!(late, 0);
    assert!(sorted == naive);
    assert!(window(&tape, 0, u64::MAX) == rows);
}

#[test]
fn what_comes_far_too_late_is_counted_and_given_at_once() {
    let mut rows: Vec<Event> = (0..700_000).map(|at| level(at * 1_000, 0, 2, 1)).collect();
    rows[650_000].venue_delta_us = 649_000;
    let (_place, tape) = written(&rows);
    let (sorted, late) = by_venue(&tape, 0, u64::MAX);
    assert_eq!((sorted.len(), late), (rows.len(), 1));
    let mut sorted_ids: Vec<u64> = sorted.iter().map(|row| row.id).collect();
    let place = sorted_ids.iter().position(|id| *id == 650_000_000).unwrap();
    assert!(place < 650_000 && place > 300_000, "at {place}");
    sorted_ids.sort_unstable();
    assert!(sorted_ids.iter().copied().eq(rows.iter().map(|row| row.id)));
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing_and_a_finished_tape_is_never_overwritten() {
    let place = Place::new();
    let part = place.0.with_extension("tape.part");
    let mut writer = TapeWriter::create(&place.0, &[listed(0)]).unwrap();
    writer.push(&level(5, 0, 2, 1)).unwrap();
    assert!(part.exists() && !place.0.exists());
    let older = writer.push(&level(4, 0, 2, 1)).unwrap_err();
    assert!(older.to_string().contains("row 1 is of 4 ns"), "{older}");
    drop(writer);
    assert!(!part.exists() && !place.0.exists());
    TapeWriter::create(&place.0, &[listed(0)]).unwrap().finish().unwrap();
    let empty = Tape::open(&place.0).unwrap();
    assert_eq!((empty.rows(), empty.span()), (0, None));
    let exists = TapeWriter::create(&place.0, &[]).unwrap_err().to_string();
    assert!(exists.contains("exists already"), "{exists}");
}

#[test]
fn what_is_no_tape_is_refused_in_words() {
    let place = Place::new();
    std::fs::write(&place.0, "LOCAL_NS {}\n".repeat(99)).unwrap();
    let error = Tape::open(&place.0).unwrap_err().to_string();
    assert!(error.contains("a tape is what `peregrine import` writes"), "{error}");
    std::fs::remove_file(&place.0).unwrap();
    let error = Tape::open(&place.0).unwrap_err().to_string();
    assert!(error.contains("cannot open"), "{error}");
}

#[test]
fn a_changed_byte_is_never_traded_on() {
    let (place, tape) = written(&market(150_000, 3));
    assert!(tape.groups.len() >= 2);
    drop(tape);
    let whole = std::fs::read(&place.0).unwrap();
    let every = whole.len() / 50;
    let places = (0..whole.len()).step_by(every).chain(0..20).chain(whole.len() - 20..whole.len());
    for changed in places {
        let mut bytes = whole.clone();
        bytes[changed] ^= 1 << (changed % 8);
        std::fs::write(&place.0, bytes).unwrap();
        let said = Tape::open(&place.0).and_then(|tape| {
            let mut rows = tape.window(Nanos(0), Nanos(u64::MAX));
            while rows.next_rows()?.is_some() {}
            Ok(())
        });
        let said = said.expect_err(&format!("byte {changed} of {}", whole.len())).to_string();
        assert!(said.contains("import"), "{changed}: {said}");
    }
    std::fs::write(&place.0, &whole[..whole.len() - 7]).unwrap();
    let short = Tape::open(&place.0).unwrap_err().to_string();
    assert!(short.contains("its metadata is not what was written"), "{short}");
}

#[test]
fn a_book_in_the_middle_is_the_one_that_its_rows_make() {
    let mut rows = vec![
        level(1, 0, 8, 5),
        level(2, 0, 10, 4).with(flag::SNAPSHOT | flag::FIRST),
        level(2, 0, 13, 3).with(flag::SNAPSHOT),
        level(3, 0, 12, 7),
        level(3, 1, 20, 1).with(flag::SNAPSHOT | flag::FIRST),
        level(4, 0, 13, 0),
    ];
    rows[0].flags &= !flag::LAST;
    let (_place, tape) = written(&rows);
    let told = |at: u64| -> Vec<String> {
        let rows = tape.books(Nanos(at)).unwrap();
        let word = |row: &Event| format!("{}:{:?}@{}", row.instrument.0, row.payload, row.flags);
        rows.iter().map(word).collect()
    };
    assert_eq!(told(2), Vec::<String>::new());
    let three = ["0:[10, 4, 0, 0]@6", "0:[13, 3, 0, 0]@19"];
    assert_eq!(told(3), three);
    let five = ["0:[10, 4, 0, 0]@6", "0:[12, 7, 0, 0]@3", "1:[20, 1, 0, 0]@7"];
    assert_eq!(told(5), five);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_window_is_what_a_naive_filter_gives(
        seed in any::<u64>(),
        count in 0_u64..3_000,
        (from, to) in (-50_000_i64..70_000_000, -50_000_i64..70_000_000),
    ) {
        let rows = market(count, seed);
        let (_place, tape) = written(&rows);
        let start = 1_700_000_000_000_000_000_u64;
        let (from, to) = (start.saturating_add_signed(from), start.saturating_add_signed(to));
        let inside = |row: &&Event| row.at.0 >= from && row.at.0 < to;
        let naive: Vec<Event> = rows.iter().filter(inside).copied().collect();
        prop_assert!(window(&tape, from, to) == naive);
        let mut sorted = naive.clone();
        sorted.sort_by_key(venue_at);
        prop_assert!(by_venue(&tape, from, to).0 == sorted);
    }
}
