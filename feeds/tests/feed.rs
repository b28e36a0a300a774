//! The whole feed against a server on loopback that plays a venue: real sockets and requests, our
//! own hand on the clock. Time stands still unless a test moves it, so nothing here waits for a
//! time.
#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;

use engine::id::InstrumentId;
use engine::time::Nanos;
use rig::{Rig, best, depth, limits, trade};

#[test]
fn it_subscribes_synchronises_and_orders() {
    let mut rig = Rig::new(limits(), 1_000);
    rig.venue.answer(503, "", &[]);
    let peer = rig.peer();
    assert_eq!(peer.path, "/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms/btcusdt@trade");
    rig.counted("a refused snapshot", |counters| counters.snapshot_errors == 1);
    peer.send(&depth(8, 9));
    peer.send(&depth(10, 12));
    peer.send(&best(13));
    peer.send(&best(13));
    peer.send(&trade(100));
    assert_eq!(rig.rows("trade 100"), "link Up, best 13, trade 100");
    rig.venue.snapshot(6);
    rig.advance(1_000);
    rig.counted("a snapshot that is too old", |counters| counters.old_snapshots == 1);
    rig.venue.snapshot(10);
    rig.advance(2_000);
    assert_eq!(rig.rows("depth 12"), "base 10, depth 12");
    assert!(rig.feed.in_sync(InstrumentId(2)));
    peer.send(&depth(11, 13));
    peer.send(&best(13));
    peer.send(&best(14));
    assert_eq!(rig.rows("best 14"), "depth 13, best 14");
    let counters = rig.feed.counters();
    assert_eq!((counters.stale_best_dropped, counters.snapshots, counters.resyncs), (2, 1, 0));
    assert_eq!((counters.gaps, counters.decode_errors, counters.unknown_frames), (0, 0, 0));
    assert_eq!(counters.rows, 7);
    assert_eq!(rig.venue.asked(), "symbol=BTCUSDT&limit=5");
}

#[test]
fn a_gap_is_told_and_mended() {
    let (mut rig, peer) = Rig::in_step(limits());
    peer.send(&depth(11, 12));
    peer.send(&depth(14, 15));
    peer.send(&best(16));
    assert_eq!(rig.rows("best 16"), "depth 12, gap Sequence 13, best 16");
    rig.venue.snapshot(14);
    rig.advance(1_000);
    assert_eq!(rig.rows("depth 15"), "base 14, depth 15");
    let counters = rig.feed.counters();
    assert_eq!((counters.gaps, counters.resyncs, counters.snapshots), (1, 1, 2));
}

#[test]
fn a_lost_connection_blanks_the_book_and_another_is_made() {
    let (mut rig, peer) = Rig::in_step(limits());
    peer.send(&best(11));
    peer.drop_line();
    assert_eq!(rig.rows("link Down"), "best 11, gap Reconnect 11, link Down");
    rig.venue.snapshot(20);
    rig.advance(1_000);
    let peer = rig.peer();
    rig.counted("the connection", |counters| counters.connects == 2);
    rig.advance(1_000);
    assert_eq!(rig.rows("base 20"), "link Up, base 20");
    peer.send(&depth(21, 21));
    peer.send(&trade(1));
    assert_eq!(rig.rows("trade 1"), "depth 21, trade 1");
    let counters = rig.feed.counters();
    assert_eq!((counters.reconnects, counters.connects, counters.gaps), (1, 2, 0));
}

#[test]
fn pongs_keep_a_connection_fresh_while_its_streams_grow_stale() {
    let (mut rig, peer) = Rig::in_step(limits());
    peer.send(&best(11));
    rig.rows("best 11");
    for _ in 0..15 {
        let frames = rig.feed.counters().frames;
        rig.advance(2_000);
        rig.counted("a pong", |counters| counters.frames > frames);
    }
    assert_eq!(rig.rows("gap Stale 11"), "gap Stale 11");
    let counters = rig.feed.counters();
    assert_eq!((counters.stale_stream, counters.stale_connection), (1, 0));
    // The book of a silent stream is asked for only when all its streams speak again.
    peer.send(&depth(11, 12));
    peer.send(&best(13));
    rig.venue.snapshot(12);
    rig.rows("best 13");
    assert_eq!(rig.rows("base 12"), "base 12");
}

#[test]
fn silence_is_stale_then_fresh_or_given_up() {
    let (mut rig, peer) = Rig::in_step(limits());
    // The clock jumps: nothing can have come in between, so it is stale until the pong is there.
    rig.advance(5_000);
    assert_eq!(rig.rows("link Stale"), "link Stale");
    assert_eq!(rig.rows("link Fresh"), "link Fresh");
    peer.hush();
    rig.advance(5_000);
    assert_eq!(rig.rows("link Stale"), "link Stale");
    rig.advance(5_000);
    assert_eq!(rig.rows("link Down"), "gap Reconnect 11, link Down");
    let counters = rig.feed.counters();
    assert_eq!((counters.stale_connection, counters.reconnects), (2, 1));
}

#[test]
fn an_old_connection_is_replaced_without_a_break() {
    let mut limits = limits();
    limits.rollover_after = Nanos::from_s(3);
    let (mut rig, old) = Rig::in_step(limits);
    old.send(&depth(11, 12));
    old.send(&trade(100));
    rig.rows("trade 100");
    rig.advance(3_000);
    let new = rig.peer();
    // The new one is ahead: what it says waits for the old one, and is no gap.
    new.send(&depth(16, 18));
    new.send(&trade(102));
    rig.counted("what is ahead", |counters| counters.held_ahead == 2);
    old.send(&depth(13, 18));
    old.send(&trade(101));
    old.send(&trade(102));
    assert_eq!(rig.rows("trade 102"), "depth 18, trade 101, trade 102");
    assert_eq!(rig.feed.counters().rollovers, 0);
    // Then it covers what follows and repeats a little: in step.
    new.send(&trade(102));
    new.send(&trade(103));
    new.send(&depth(17, 20));
    assert_eq!(rig.rows("depth 20"), "trade 103, depth 20");
    rig.counted("the hand-over", |counters| counters.rollovers == 1);
    assert!(old.closed(), "the old connection hears a good-bye");
    new.send(&depth(21, 21));
    assert_eq!(rig.rows("depth 21"), "depth 21");
    let counters = rig.feed.counters();
    assert_eq!((counters.gaps, counters.reconnects, counters.missed_trades), (0, 0, 0));
    assert_eq!((counters.connects, counters.resyncs), (2, 0));
}

#[test]
fn a_server_that_goes_away_is_left_at_once_and_a_loss_meanwhile_is_no_gap() {
    let (mut rig, old) = Rig::in_step(limits());
    let shutdown = r#"{"e":"serverShutdown","E":1770123456789}"#;
    old.send(&format!(r#"{{"stream":"!serverShutdown","data":{shutdown}}}"#));
    let new = rig.peer();
    rig.counted("both connections", |counters| counters.connects == 2);
    old.drop_line();
    rig.counted("the loss", |counters| counters.reconnects == 1);
    new.send(&depth(11, 13));
    assert_eq!(rig.rows("depth 13"), "depth 13");
    let counters = rig.feed.counters();
    assert_eq!((counters.shutdowns, counters.gaps, counters.resyncs), (1, 0, 0));
}

#[test]
fn a_quiet_market_is_handed_over_after_the_time_to_settle() {
    let mut limits = limits();
    limits.rollover_after = Nanos::from_s(3);
    limits.rollover_settle = Nanos::from_s(1);
    let (mut rig, _old) = Rig::in_step(limits);
    rig.advance(3_000);
    let new = rig.peer();
    rig.counted("both connections", |counters| counters.connects == 2);
    rig.advance(1_000);
    rig.counted("the hand-over", |counters| counters.rollovers == 1);
    new.send(&depth(11, 11));
    assert_eq!(rig.rows("depth 11"), "depth 11");
}

#[test]
fn a_full_ring_is_a_gap_and_the_book_comes_back_when_there_is_room() {
    let mut rig = Rig::new(limits(), 12);
    rig.venue.snapshot(10);
    let peer = rig.peer();
    rig.counted("the snapshot", |counters| counters.rows == 2);
    (11..=30).for_each(|id| peer.send(&trade(id)));
    rig.counted("a full ring", |counters| counters.ring_full > 5);
    rig.venue.snapshot(12);
    let told = rig.rows("gap RingFull 11");
    assert!(told.starts_with("link Up, base 10, trade 11, trade 12"), "{told}");
    rig.advance(1_000);
    assert_eq!(rig.rows("base 12"), "base 12");
}

#[test]
fn wishes_are_heeded_once_and_pings_answered() {
    let (mut rig, peer) = Rig::in_step(limits());
    rig.venue.snapshot(12);
    rig.wishes.push(InstrumentId(2)).unwrap();
    rig.wishes.push(InstrumentId(2)).unwrap();
    rig.wishes.push(InstrumentId(9)).unwrap();
    rig.counted("a resync", |counters| counters.resyncs == 1);
    rig.advance(1_000);
    assert_eq!(rig.rows("base 12"), "base 12");
    assert_eq!(rig.feed.counters().snapshots, 2);
    peer.ping("are you there");
    rig.until("a pong", |_| peer.pongs() == ["are you there"]);
}

#[test]
fn bad_frames_are_counted_and_the_next_ones_read() {
    let (mut rig, peer) = Rig::in_step(limits());
    peer.send("nonsense");
    peer.send(&best(11).replace("\"5\"", "\"5.5\""));
    peer.send(&best(11).replace("BTCUSDT", "XRPUSDT"));
    peer.send(r#"{"result":null,"id":1}"#);
    peer.send(&best(12));
    let told = rig.rows("best 12");
    assert!(told.ends_with("best 12") && !told.contains("gap"), "{told}");
    let counters = rig.feed.counters();
    assert_eq!((counters.decode_errors, counters.unknown_frames), (2, 1));
    assert!(rig.feed.refused().unwrap().to_string().contains("field b: finer"));
}

#[test]
fn a_venue_that_says_wait_is_not_asked_before() {
    let mut rig = Rig::new(limits(), 1_000);
    rig.venue.answer(429, "{}", &[("retry-after", "7")]);
    let _peer = rig.peer();
    rig.counted("a refusal", |counters| counters.snapshot_errors == 1);
    assert!(rig.feed.lost().unwrap().to_string().contains("HTTP 429"));
    rig.venue.snapshot(5);
    rig.advance(4_000);
    let frames = rig.feed.counters().frames;
    rig.counted("a pong", |counters| counters.frames > frames);
    assert_eq!(rig.feed.counters().snapshots, 0);
    rig.advance(3_000);
    rig.rows("base 5");
}

#[test]
fn nobody_there_is_counted_and_tried_again_later() {
    let mut rig = Rig::new(limits(), 1_000);
    rig.venue.refuse(true);
    rig.counted("a refusal", |counters| counters.connect_errors == 1);
    assert!(rig.feed.lost().unwrap().to_string().contains("upgrade refused: HTTP 503"));
    rig.venue.refuse(false);
    rig.venue.snapshot(1);
    rig.advance(1_000);
    let _peer = rig.peer();
    assert!(rig.rows("base 1").starts_with("link Up"));
}
