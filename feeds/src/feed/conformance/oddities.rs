//! What has no place in the table: odd frames, subscriptions that fail, silence, checksums.

use super::cases::BEGIN;
use super::scribe::{Level, Scribe};
use super::scribes::{LINEAR, Spot, Swap, Usdm};
use super::stage::{INSTRUMENT, Stage};
use super::teller::{Teller, levels};
use engine::id::Side;

/// In step, with everything granted and every stream having spoken.
fn in_step<S: Scribe>(scribe: S) -> (Stage<S>, Teller) {
    let (mut stage, mut teller) = (Stage::new(scribe), Teller::new());
    for line in BEGIN.lines().filter(|line| !line.trim().is_empty()) {
        teller.tell(&mut stage, line.split("->").next().unwrap().trim());
    }
    stage.said();
    (stage, teller)
}

/// Unknown fields change nothing; spoilt frames change nothing and are said; the next one is read.
fn oddities<S: Scribe>(scribe: S) {
    let (mut stage, _) = in_step(scribe);
    let frame = stage.scribe.diff(10, 11, &[(Side::Buy, 5, 2)]);
    for spoilt in stage.scribe.spoilt(&frame) {
        stage.frame(0, &spoilt);
        assert_eq!(stage.said(), Vec::<String>::new(), "{spoilt}");
        assert!(stage.refused.take().is_some(), "{spoilt} was read");
    }
    for end in 0..frame.len() {
        stage.frame(0, &frame[..end]);
        assert_eq!(stage.said(), Vec::<String>::new(), "{}", &frame[..end]);
    }
    let whole = stage.scribe.adorned(&frame);
    stage.frame(0, &whole);
    assert_eq!(stage.said(), ["diff 11 b5*2"], "{whole}");
    let crowded: Vec<Level> = (0..4_001).map(|n| (Side::Buy, n + 1, 1)).collect();
    stage.refused = None;
    let crowded = stage.scribe.diff(11, 12, &crowded);
    stage.frame(0, &crowded);
    let why = stage.refused.unwrap().to_string();
    assert!(why.starts_with("more than"), "{why}");
    let next = stage.scribe.diff(12, 13, &[(Side::Buy, 5, 3)]);
    stage.frame(0, &next);
    assert_eq!(stage.said(), ["gap Sequence"], "what was not read is missing");
}

#[test]
fn odd_frames_do_no_harm() {
    oddities(Spot);
    oddities(Usdm);
    oddities(LINEAR);
    oddities(Swap);
}

/// Strangers are counted, one by one.
fn strangers<S: Scribe>(scribe: S) {
    let (mut stage, mut teller) = in_step(scribe);
    let count = stage.scribe.strangers().len() as u64;
    teller.tell(&mut stage, "strangers");
    assert_eq!(stage.books.counted().unknown_frames, count);
}

#[test]
fn strangers_are_counted() {
    strangers(Spot);
    strangers(Usdm);
    strangers(LINEAR);
    strangers(Swap);
}

/// Topics that are refused or not answered are told by name and asked for again, each alone.
fn subscriptions<S: Scribe>(scribe: S) {
    let mut stage = Stage::new(scribe);
    stage.joins(0);
    assert_eq!(stage.wanted.len(), 1, "one request");
    let topics = stage.wanted[0].1.args.len();
    stage.refuse();
    assert_eq!(stage.books.counted().subscriptions_refused, 1);
    let why = stage.books.trouble().unwrap().to_string();
    assert!(why.contains("BTC") && why.contains("ws://h"), "{why}");
    assert!(stage.wanted.is_empty(), "not at once");
    stage.wait(1_000);
    assert_eq!(stage.wanted.len(), topics, "each alone");
    stage.wait(10_000);
    assert_eq!(stage.books.counted().subscriptions_unanswered, topics as u64);
    let why = stage.books.trouble().unwrap().to_string();
    assert!(why.contains("not answered") || why.contains("no book followed"), "{why}");
    stage.wanted.clear();
    stage.wait(3_000);
    assert!(!stage.wanted.is_empty());
    stage.grant();
    assert!(stage.books.counted().subscriptions > 0);
    let lane = &stage.books.lanes[0];
    assert_eq!(lane.instrument, INSTRUMENT);
}

#[test]
fn refused_and_unanswered_topics_are_told_and_asked_for_again() {
    subscriptions(LINEAR);
    subscriptions(Swap);
}

/// A stream that always speaks and does not: it is asked for again, or its connection is left.
#[test]
fn silence_from_the_start_is_mended() {
    let mut stage = Stage::new(LINEAR);
    stage.joins(0);
    stage.grant();
    stage.said();
    // The book comes, best prices and marks do not.
    let book = stage.scribe.book(10, &levels(&["b5*1", "s6*1"]));
    stage.frame(0, &book);
    stage.wait(20_000);
    assert_eq!(stage.books.counted().silent_topics, 3, "best, trade, mark");
    assert!(stage.books.trouble().unwrap().to_string().contains("nothing came"));
    stage.wait(1_000);
    let left: Vec<_> = stage.wanted.iter().filter(|(_, wanted)| wanted.leaves).collect();
    assert_eq!(left.len(), 2, "trades may rest");
    let mut stage = Stage::new(Usdm);
    stage.joins(0);
    let mark = stage.scribe.mark(1, "5", "5");
    stage.frame(0, &mark[0]);
    stage.wait(20_000);
    let why = stage.deaf.unwrap().to_string();
    assert!(why.contains("bookTicker") && why.contains("another connection"), "{why}");
}

/// A checksum that is not 0 is verified: a book with another one is wanted anew.
#[test]
fn checksums_are_verified_where_there_are_any() {
    let (mut stage, _) = in_step(Swap);
    let summed = |text: String, sum: &[u8]| {
        let sum = crc32fast::hash(sum) as i32;
        text.replace(r#""checksum":0"#, &format!(r#""checksum":{sum}"#))
    };
    let right = stage.scribe.diff(10, 11, &levels(&["b5*2"]));
    stage.frame(0, &summed(right, b"5:2:6:1:4:2"));
    assert_eq!(stage.said(), ["diff 11 b5*2"]);
    let wrong = stage.scribe.diff(11, 12, &levels(&["b5*3"]));
    stage.frame(0, &summed(wrong, b"5:2:6:1:4:2"));
    assert_eq!(stage.said(), ["gap Sequence"]);
    assert_eq!(stage.books.counted().checksum_errors, 1);
    stage.wait(1_000);
    assert_eq!(stage.said(), ["ask book"]);
}
