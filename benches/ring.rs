//! A hop between two pinned threads: a row goes there through one ring and comes back through
//! another, as between feed and engine. The bar is a raw ping-pong of one atomic word, the least
//! that a hop can cost on this machine at this moment. Rivals carry the same 64-byte row.

use benches::stage::{Bar, Contestant, Stage};
use core_affinity::CoreId;
use crossbeam::channel;
use crossbeam::queue::ArrayQueue;
use peregrine::bench::hop::{self, Echo, Pair, RAW, ROWS, pair};
use std::sync::Arc;
use std::sync::mpsc;

/// Round trips of one turn: a fifth of a millisecond, so that a time slice lost to other load
/// spoils few turns.
const TRIPS: usize = 1_000;

fn array_queue() -> Pair {
    let one = || {
        let queue = Arc::new(ArrayQueue::new(ROWS));
        let other = queue.clone();
        (move |row| assert!(queue.push(row).is_ok(), "one row fits"), move || other.pop())
    };
    pair("crossbeam ArrayQueue", one(), one())
}

fn crossbeam_channel() -> Pair {
    let one = || {
        let (put, get) = channel::bounded(ROWS);
        (move |row| assert!(put.try_send(row).is_ok(), "one row fits"), move || get.try_recv().ok())
    };
    pair("crossbeam-channel", one(), one())
}

fn std_mpsc() -> Pair {
    let one = || {
        let (put, get) = mpsc::sync_channel(ROWS);
        (move |row| assert!(put.try_send(row).is_ok(), "one row fits"), move || get.try_recv().ok())
    };
    pair("std mpsc", one(), one())
}

/// To this core; said, where there is none or it refuses.
fn pin(core: Option<CoreId>) {
    if !core.is_some_and(core_affinity::set_for_current) {
        println!("ring: a thread is not pinned: its hops wander with it");
    }
}

fn main() {
    let mut stage = Stage::new("ring");
    // Read before anything is pinned: a pinned thread sees its own core only.
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    pin(cores.first().copied());
    let trips = if stage.smoke() { 10 } else { TRIPS };
    let pairs = [hop::ours(), hop::raw(), array_queue(), crossbeam_channel(), std_mpsc()];
    let (mut begins, mut answers) = (Vec::new(), Vec::new());
    for pair in pairs {
        begins.push((pair.name, pair.begin));
        answers.push(pair.answer);
    }
    let echo = Echo::start(answers, trips, cores.get(1).copied());
    let all = begins.into_iter().enumerate().map(|(place, (name, mut begin))| {
        let echo = &echo;
        Contestant::new(name, move || {
            echo.tell(place);
            begin(trips);
        })
    });
    let all: Vec<Contestant<'_>> = all.collect();
    stage.duel("hop of one row", Bar::within(1.2, RAW), 2 * trips, all);
    if !echo.end() {
        println!("ring: the thread that answers is not pinned: its hops wander with it");
    }
    stage.finish();
}
