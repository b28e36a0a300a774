//! Rehearsed orders pass the gate and leave nothing behind.

use super::desk::Bench;
use crate::state::Digest;

#[test]
fn a_rehearsal_is_judged_and_leaves_no_trace() {
    let mut bench = Bench::with_desks(&[&[0], &[0, 1]], |_, _| {});
    let script = ["ready", "quote buy 100:5 sell 102:5", "accept 1", "accept 2", "tick"];
    script.iter().for_each(|line| drop(bench.say(line)));
    let engine = bench.engine();
    let before = (Digest::of(engine), engine.next_counter, engine.outbox.room());
    let passed = (0..64).filter(|turn| engine.rehearse(*turn)).count();
    assert!(passed > 0, "with a live book orders pass");
    assert_eq!((Digest::of(engine), engine.next_counter, engine.outbox.room()), before);
    let refused: u64 = engine.desks.iter().flat_map(|desk| desk.gate.refusals()).sum();
    assert_eq!(refused, 0, "a refusal would be counted");
}

#[test]
fn nothing_passes_before_the_session_is_ready() {
    let mut bench = Bench::new(|_, _| {});
    bench.say("start");
    assert!((0..16).all(|turn| !bench.engine().rehearse(turn)));
}
