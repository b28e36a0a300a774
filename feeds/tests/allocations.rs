//! From bytes to rows in a ring nothing is allocated once the feed stands: counted, over every kind
//! of message, a snapshot and a resync.
#![allow(clippy::unwrap_used, clippy::panic, unsafe_code)]

use engine::event::Event;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Symbol};
use engine::num::Grid;
use engine::time::Nanos;
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::net::frame::{Frame, FrameReader, SPARE};
use feeds::protocol::{Intake, Message, Protocol};
use feeds::sequence::{Sequence, SequenceLimits};
use rtrb::RingBuffer;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Taker {
    sequence: Sequence,
    ring: rtrb::Producer<Event>,
}

impl Intake for Taker {
    fn wants_best(&self, _: InstrumentId, id: u64) -> bool {
        self.sequence.book_id().is_none_or(|book| id > book)
    }

    fn take(&mut self, message: Message<'_>) {
        match message {
            Message::Best(row) | Message::Trade(row) => self.ring.push(row).unwrap(),
            Message::Depth { head, rows, .. } => {
                self.sequence.on_diff(head, rows, &mut self.ring);
            }
            _ => {}
        }
    }
}

fn stream(levels: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let level = r#"["61837.63000000","3.78826000"]"#;
    let side = vec![level; levels].join(",");
    for id in 1..50_u64 {
        let symbol = r#""s":"BTCUSDT""#;
        let from = if id == 30 { id * 10 + 5 } else { id * 10 };
        for data in [
            format!(r#"{{"u":{id}7,{symbol},"b":"61837.63","B":"3.7","a":"61837.64","A":"1"}}"#),
            format!(
                r#"{{"e":"trade","E":1723161255343,{symbol},"t":{id},"p":"6.1","q":"1","m":true}}"#
            ),
            format!(
                r#"{{"e":"depthUpdate","E":1,{symbol},"U":{from},"u":{id}9,"b":[{side}],"a":[]}}"#
            ),
            "not JSON".to_string(),
        ] {
            let text = format!(r#"{{"stream":"btcusdt@x","data":{data}}}"#);
            out.push(0x81);
            match u16::try_from(text.len()) {
                Ok(len) if len > 125 => {
                    out.push(126);
                    out.extend(len.to_be_bytes());
                }
                Ok(len) => out.push(len as u8),
                Err(_) => {
                    out.push(127);
                    out.extend((text.len() as u64).to_be_bytes());
                }
            }
            out.extend(text.bytes());
        }
    }
    out
}

#[test]
fn reading_allocates_nothing() {
    let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 });
    let (symbol, assets) = (Symbol::new("BTCUSDT").unwrap(), (AssetId(0), AssetId(1)));
    let instrument = Instrument::new(InstrumentId(0), symbol, assets, grids);
    let config = BinanceSpotConfig::new("ws://x", "http://x", vec![instrument]);
    let mut venue = BinanceSpot::new(&config);
    let (ring, mut rows) = RingBuffer::new(200_000);
    let sequence = Sequence::new(InstrumentId(0), SequenceLimits::default());
    let mut taker = Taker { sequence, ring };
    let mut reader = FrameReader::new(1 << 20);
    let level = r#"["61837.63000000","3.78826000"]"#;
    let side = vec![level; 5_000].join(",");
    let snapshot =
        |id| format!(r#"{{"lastUpdateId":{id},"bids":[{side}],"asks":[{side}]}}"#).into_bytes();
    let mut snapshots = [snapshot(9), snapshot(305)];
    snapshots.iter_mut().for_each(|body| body.reserve(SPARE));
    let stream = stream(1_000);
    taker.sequence.start();

    let before = ALLOCATIONS.with(Cell::get);
    let (mut refused, mut frames) = (0, 0);
    for piece in stream.chunks(10_000) {
        let space = reader.space();
        space[..piece.len()].copy_from_slice(piece);
        reader.filled(piece.len());
        while let Some(frame) = reader.next_frame().unwrap() {
            let Frame::Text(payload) = frame else { panic!("not text") };
            refused += u64::from(venue.on_bytes(payload, Nanos(1), &mut taker).is_err());
            frames += 1;
            if taker.sequence.wants_snapshot() && frames % 10 == 0 {
                let place = usize::from(frames > 100);
                let snapshot = venue.on_snapshot(0, &mut snapshots[place], Nanos(1)).unwrap();
                taker.sequence.on_snapshot(snapshot.last, snapshot.rows, &mut taker.ring);
                let len = snapshots[place].len() - SPARE;
                snapshots[place].truncate(len);
            }
        }
    }
    let after = ALLOCATIONS.with(Cell::get);

    assert_eq!(after - before, 0, "allocations");
    assert_eq!((frames, refused), (196, 49));
    assert!(taker.sequence.book_id().is_some(), "it resynchronised");
    let read = std::iter::from_fn(|| rows.pop().ok()).count();
    assert!(read > 60_000, "{read} rows");
}
