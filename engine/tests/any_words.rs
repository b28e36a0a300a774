//! Any words at all are rows: the engine counts or ignores what means nothing and never panics.

mod shared;

use engine::engine::{Found, step};
use engine::event::{Event, flag, kind};
use engine::id::{InstrumentId, OrderId};
use engine::state::Digest;
use engine::time::Nanos;
use proptest::collection::vec;
use proptest::prelude::*;
use shared::Doors;

/// Words that matter more often than chance would have them.
fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0_u64..4,
        3 => 90_u64..120,
        1 => Just(i64::MAX as u64),
        1 => Just(i64::MIN as u64),
        1 => Just((1_u64 << 47) - 1),
        1 => Just((1_u64 << 53) - 1),
        1 => any::<u64>(),
    ]
}

fn kind() -> impl Strategy<Value = u8> {
    prop_oneof![1_u8..=7, 16_u8..=26, 32_u8..=37, any::<u8>()]
}

fn id() -> impl Strategy<Value = u64> {
    prop_oneof![4 => (1_u32..9).prop_map(|counter| OrderId::new(3, counter).0), 1 => word()]
}

prop_compose! {
    fn row()(
        at in prop_oneof![9 => 0_u64..9_000_000_000, 1 => any::<u64>()],
        id in id(),
        payload in [word(), word(), word(), word()],
        recv_delta_ns in any::<u32>(),
        instrument in prop_oneof![9 => Just(0_u16), 1 => any::<u16>()],
        kind in kind(),
        flags in prop_oneof![any::<u8>(), Just(flag::LAST)],
    ) -> Event {
        let instrument = InstrumentId(instrument);
        let at = Nanos(at);
        Event { at, id, payload, recv_delta_ns, instrument, kind, flags, ..Event::default() }
    }
}

/// A start that lets later rows reach orders: links up, reconciled, a book.
fn preamble() -> Vec<Event> {
    let row = |kind, id, payload, flags| Event { kind, id, payload, flags, ..Event::default() };
    vec![
        row(36, 0, [3, 0, 0, 0], 0),
        row(7, 0, [0, 0, 0, 0], 0),
        row(7, 0, [1, 0, 0, 0], 0),
        row(25, 0, [0; 4], 0),
        row(24, 0, [1 << 40, 0, 0, 0], 0),
        row(24, 1, [1 << 50, 0, 0, 0], 0),
        row(25, 0, [1, 0, 0, 0], 0),
        row(1, 1, [100, 5, 0, 0], flag::FIRST | flag::SNAPSHOT),
        row(1, 1, [102, 5, 0, 0], flag::SNAPSHOT | flag::SELL | flag::LAST),
    ]
}

fn cases() -> u32 {
    std::env::var("PEREGRINE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_words_never_panic(rows in vec(row(), 1..400)) {
        let mut engine = shared::engine(Found::Adopt);
        let mut doors = Doors { now: Nanos(1_000_000_000), ..Doors::default() };
        for row in preamble().into_iter().chain(rows) {
            doors.now = doors.now.max(row.at);
            doors.next = Some(row);
            step(&mut engine, &mut doors);
        }
        prop_assert!(engine.counters.events >= 10);
    }

    #[test]
    fn inner_rows_at_once_are_what_they_are_one_by_one(
        rows in vec(row(), 1..60),
        instrument in prop_oneof![9 => Just(0_u16), 1 => any::<u16>()],
        (read_at, late) in (2_000_000_000_u64..3_000_000_000, 0_u64..9),
    ) {
        let (read_at, at) = (Nanos(read_at), Nanos(read_at + late));
        let inner = |row: &Event| {
            let (flags, instrument) = (row.flags & !flag::LAST, InstrumentId(instrument));
            Event { at: read_at, instrument, kind: kind::LEVEL, flags, ..*row }
        };
        let rows: Vec<Event> = rows.iter().map(inner).collect();
        let [mut one, mut all] = [(); 2].map(|()| {
            let mut engine = shared::engine(Found::Adopt);
            let mut doors = Doors { now: Nanos(1_000_000_000), ..Doors::default() };
            for row in preamble() {
                doors.next = Some(row);
                step(&mut engine, &mut doors);
            }
            engine
        });
        let mut doors = Doors { now: at, ..Doors::default() };
        for row in &rows {
            doors.next = Some(*row);
            step(&mut one, &mut doors);
        }
        all.observe_inner(&rows, (read_at, at));
        prop_assert_eq!(Digest::of(&one), Digest::of(&all));
        prop_assert_eq!(one.counters, all.counters);
    }
}
