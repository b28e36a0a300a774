//! Several connections to the same streams, over real sockets: one is late, one repeats, one dies;
//! the book does not notice.
#![allow(clippy::unwrap_used, clippy::panic)]

mod rig;

use engine::time::Nanos;
use feeds::feed::FeedLimits;
use rig::venue::Peer;
use rig::{Rig, best, depth, limits, trade};

fn several(connections: usize) -> FeedLimits {
    FeedLimits { connections, ..limits() }
}

/// Connected with as many connections as are wanted, in step at update id 10.
fn in_step(connections: usize) -> (Rig, Vec<Peer>) {
    let mut rig = Rig::new(several(connections), 1_000);
    rig.venue.snapshot(10);
    let mut peers: Vec<Peer> = (0..connections).map(|_| rig.peer()).collect();
    rig.counted("all connections", |counters| counters.connects == connections as u64);
    rig.rows("base 10");
    // Which peer is at which place is told by who arrives first.
    let firsts = |rig: &Rig| rig.feed.counters().first_arrivals_1;
    let mut first = None;
    for (number, peer) in peers.iter().enumerate() {
        let (before, id) = (firsts(&rig), 11 + number as u64);
        peer.send(&depth(id, id));
        rig.rows(&format!("depth {id}"));
        if firsts(&rig) > before {
            first = Some(number);
        }
    }
    peers.rotate_left(first.unwrap_or(0));
    (rig, peers)
}

#[test]
fn the_first_arrival_wins_and_the_second_is_counted() {
    let (mut rig, peers) = in_step(2);
    let before = rig.feed.counters();
    peers[0].send(&depth(13, 15));
    peers[0].send(&trade(100));
    assert_eq!(rig.rows("trade 100"), "depth 15, trade 100");
    peers[1].send(&depth(13, 15));
    peers[1].send(&trade(100));
    peers[1].send(&best(20));
    peers[1].send(&depth(16, 17));
    assert_eq!(rig.rows("depth 17"), "best 20, depth 17");
    peers[0].send(&best(20));
    peers[0].send(&depth(16, 17));
    rig.counted("all repeats", |counters| counters.late_arrivals >= before.late_arrivals + 4);
    let counters = rig.feed.counters();
    assert_eq!(counters.first_arrivals_1 - before.first_arrivals_1, 2);
    assert_eq!(counters.first_arrivals_2 - before.first_arrivals_2, 2);
    assert_eq!(counters.late_arrivals - before.late_arrivals, 4);
    assert_eq!((counters.repeated_trades, counters.gaps, counters.resyncs), (1, 0, 0));
}

#[test]
fn losing_one_leaves_the_book_whole_and_it_comes_back() {
    let (mut rig, mut peers) = in_step(2);
    peers.remove(0).drop_line();
    rig.counted("the loss", |counters| counters.reconnects == 1);
    peers[0].send(&depth(13, 14));
    peers[0].send(&trade(7));
    assert_eq!(rig.rows("trade 7"), "depth 14, trade 7");
    rig.advance(1_000);
    let back = rig.peer();
    rig.counted("another connection", |counters| counters.connects == 3);
    // The new one begins ahead of what the other has told, and is waited for.
    back.send(&depth(17, 18));
    back.send(&trade(9));
    rig.counted("what is ahead", |counters| counters.held_ahead == 2);
    peers[0].send(&depth(15, 16));
    peers[0].send(&trade(8));
    assert_eq!(rig.rows("trade 9"), "depth 16, depth 18, trade 8, trade 9");
    let counters = rig.feed.counters();
    assert_eq!((counters.gaps, counters.resyncs, counters.snapshots), (0, 0, 1));
    assert_eq!((counters.missed_trades, counters.reconnects), (0, 1));
}

#[test]
fn what_only_a_late_connection_can_bring_is_waited_for_a_while() {
    let (mut rig, peers) = in_step(3);
    peers[0].send(&depth(20, 21));
    rig.counted("what is ahead", |counters| counters.held_ahead == 1);
    rig.advance(499);
    peers[1].send(&best(30));
    assert_eq!(rig.rows("best 30"), "best 30");
    rig.venue.snapshot(25);
    rig.advance(1);
    assert!(rig.rows("gap Sequence 14").ends_with("gap Sequence 14"));
    rig.advance(1_000);
    assert_eq!(rig.rows("base 25"), "base 25");
    peers[2].send(&depth(26, 26));
    assert_eq!(rig.rows("depth 26"), "depth 26");
    assert_eq!(rig.feed.counters().gaps, 1);
}

#[test]
fn losing_all_blanks_the_book_once() {
    let (mut rig, peers) = in_step(3);
    peers.iter().for_each(Peer::drop_line);
    assert_eq!(rig.rows("link Down"), "gap Reconnect 14, link Down");
    rig.venue.snapshot(40);
    rig.advance(2_000);
    let peer = rig.peer();
    rig.counted("a connection", |counters| counters.connects >= 4);
    rig.advance(2_000);
    assert_eq!(rig.rows("base 40"), "link Up, base 40");
    peer.send(&depth(41, 41));
    assert_eq!(rig.rows("depth 41"), "depth 41");
    assert_eq!(rig.feed.counters().reconnects, 3);
}

#[test]
fn the_link_is_stale_only_when_all_are_silent() {
    let (mut rig, peers) = in_step(2);
    rig.venue.refuse(true);
    peers[0].hush();
    // It answers no ping any more; the other one does.
    for _ in 0..6 {
        let frames = rig.feed.counters().frames;
        rig.advance(1_000);
        rig.counted("a turn", |counters| counters.frames >= frames);
        peers[1].send(&best(100 + frames));
        rig.rows(&format!("best {}", 100 + frames));
    }
    assert_eq!(rig.feed.counters().stale_connection, 1);
    peers[1].hush();
    // What it said before comes before time goes on.
    rig.turn();
    rig.advance(5_000);
    let told = rig.rows("link Stale");
    assert!(told.ends_with("link Stale"), "{told}");
}

#[test]
fn each_old_connection_is_replaced_without_a_break() {
    let mut limits = several(2);
    limits.rollover_after = Nanos::from_s(3);
    let mut rig = Rig::new(limits, 1_000);
    rig.venue.snapshot(10);
    let old = [rig.peer(), rig.peer()];
    rig.counted("both connections", |counters| counters.connects == 2);
    rig.rows("base 10");
    old[0].send(&depth(11, 11));
    rig.rows("depth 11");
    rig.advance(3_000);
    for id in [12, 13] {
        let new = rig.peer();
        let rollovers = rig.feed.counters().rollovers;
        new.send(&depth(id, id));
        rig.rows(&format!("depth {id}"));
        rig.counted("the hand-over", |counters| counters.rollovers == rollovers + 1);
        std::mem::forget(new);
    }
    assert!(old.iter().all(Peer::closed), "both hear a good-bye");
    let counters = rig.feed.counters();
    assert_eq!((counters.gaps, counters.reconnects, counters.connects), (0, 0, 4));
}
