//! A recording with a hole: what goes out, and the book that a client builds from it.

use super::*;

fn recorded() -> Recorded {
    let update = 10;
    let sides = [vec![level(99, 1), level(98, 2)], vec![level(101, 1)]];
    let frames = vec![(0, Frame::Snapshot { update, sides })];
    let symbol = "BTCUSDT".into();
    Recorded::new(&Symbol::btcusdt(), &Recording { symbol, frames })
}

/// Price in whole units and quantity in whole units.
fn level(price: i64, qty: i64) -> Pair {
    (price * 100_000_000, qty * 100_000_000)
}

fn depth(first: u64, last: u64, bids: &[Pair], asks: &[Pair]) -> Frame {
    let sides = [bids.to_vec(), asks.to_vec()];
    Frame::Depth { event_ms: 0, first, last, prev: None, sides }
}

fn bids(recorded: &Recorded) -> Vec<(i64, i64)> {
    let spec = Symbol::btcusdt();
    let levels = recorded.levels(Side::Buy);
    let whole = levels.map(|(p, q)| (p * spec.tick / 100_000_000, q * spec.lot / 100_000_000));
    whole.collect()
}

#[test]
fn a_snapshot_after_a_hole_mends_the_book_and_the_next_message_tells_so() {
    let mut recorded = recorded();
    let mut on = |frame: &Frame| {
        recorded.on_frame(1, frame);
        (recorded.update, bids(&recorded), recorded.mend.is_waiting())
    };
    assert_eq!(on(&depth(11, 12, &[level(99, 5)], &[])), (12, vec![(99, 5), (98, 2)], false));
    // A snapshot where nothing is missing changes nothing.
    let sides = [vec![level(1, 1)], vec![]];
    let early = Frame::Snapshot { update: 12, sides: sides.clone() };
    assert_eq!(on(&early), (12, vec![(99, 5), (98, 2)], false));
    // 13 to 19 are missing.
    let held = depth(20, 21, &[level(97, 7)], &[]);
    assert_eq!(on(&held), (21, vec![(99, 5), (98, 2), (97, 7)], false));
    // One from before the hole cannot close it.
    assert_eq!(on(&early), (21, vec![(99, 5), (98, 2), (97, 7)], false));
    let sides = [vec![level(99, 6), level(96, 1)], vec![level(101, 1)]];
    let snapshot = Frame::Snapshot { update: 20, sides };
    assert_eq!(on(&snapshot), (21, vec![(99, 6), (97, 7), (96, 1)], true));
    let next = depth(22, 23, &[level(96, 2)], &[level(102, 3)]);
    assert_eq!(on(&next), (23, vec![(99, 6), (97, 7), (96, 2)], true));
    let Frame::Depth { sides, .. } = &next else { panic!("depth") };
    let out = recorded.mend.patched(sides);
    assert_eq!(out[0], [level(96, 2), level(98, 0), level(99, 6)]);
    assert_eq!(out[1], [level(102, 3)]);
    assert!(!recorded.mend.is_waiting());
    // Futures chain by the id before.
    let chained =
        Frame::Depth { event_ms: 0, first: 40, last: 41, prev: Some(23), sides: [vec![], vec![]] };
    recorded.on_frame(2, &chained);
    recorded.on_frame(2, &Frame::Snapshot { update: 41, sides: [vec![], vec![]] });
    assert_eq!(bids(&recorded), [(99, 6), (97, 7), (96, 2)]);
}
