//! From bytes to rows in a ring nothing is allocated once the feed stands: counted, over every kind
//! of message, a snapshot and a resync.
#![allow(clippy::unwrap_used, clippy::panic, unsafe_code)]

mod rig;

use engine::event::Event;
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Kind, Symbol};
use engine::num::Grid;
use engine::time::Nanos;
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::bybit::{Bybit, BybitConfig, Market};
use feeds::feed::{Counters, FeedLimits};
use feeds::net::frame::{Frame, FrameReader, SPARE};
use feeds::okx::{Okx, OkxConfig};
use feeds::protocol::{Intake, Message, Protocol};
use feeds::sequence::{Sequence, SequenceLimits};
use rig::Rig;
use rig::venue::Venue;
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

/// Allocations of the feed's own thread while it works until something is so.
fn allocations<P: Protocol>(rig: &mut Rig<P>, so: impl Fn(&Counters) -> bool) -> u64 {
    let mut count = 0;
    rig.until("what was sent", |rig| {
        let before = ALLOCATIONS.with(Cell::get);
        rig.turn();
        count += ALLOCATIONS.with(Cell::get) - before;
        while rig.rows.pop().is_ok() {}
        so(&rig.feed.counters())
    });
    count
}

/// A venue whose books come over the stream: what it sends for each id, and its answer to the n-th
/// request.
struct Words {
    book: fn(u64) -> String,
    diff: fn(u64) -> String,
    others: fn(u64) -> Vec<String>,
}

/// Through windows, gaps and subscriptions to the ring.
fn streamed<P: Protocol>(mut rig: Rig<P>, words: &Words) {
    let peer = rig.peer();
    peer.send(&(words.book)(10));
    assert_eq!(rig.rows("base 10").matches("base").count(), 1);
    // What is sent by the venue is allocated on its own thread.
    let mut counted = allocations(&mut rig, |counters| counters.snapshots == 1);
    let mut frames = rig.feed.counters().frames;
    for id in 11..60_u64 {
        // One change is missing: the book is asked for again, over the stream.
        if id == 30 {
            rig.advance(11_000);
            continue;
        }
        let mut all = vec![(words.diff)(id)];
        all.extend((words.others)(id));
        if id == 40 {
            rig.advance(1_000);
            counted += allocations(&mut rig, |counters| counters.resubscriptions == 1);
            all = vec![(words.book)(id)];
        }
        all.push("not JSON".to_string());
        all.iter().for_each(|text| peer.send(text));
        frames += all.len() as u64;
        counted += allocations(&mut rig, |counters| counters.frames >= frames);
    }
    let counters = rig.feed.counters();
    assert_eq!(counted, 0, "allocations: {counters:?}");
    assert_eq!((counters.gaps, counters.snapshots), (1, 2), "{counters:?}");
    assert_eq!(counters.decode_errors, 48, "only what was not JSON");
}

#[test]
fn feeds_of_streamed_books_allocate_nothing() {
    let limits = || FeedLimits {
        first_message_max: Nanos::from_s(1_000),
        answer_max: Nanos::from_s(1_000),
        connection_stale: Nanos::from_s(100),
        depth_stale: Nanos::from_s(200),
        best_stale: Nanos::ZERO,
        ..rig::limits()
    };
    let venue = Venue::start();
    let config = BybitConfig::new(&venue.ws, Market::Linear, vec![rig::instrument("BTCUSDT")]);
    let bybit = Rig::with(venue, Bybit::new(&config), limits(), 10_000);
    streamed(
        bybit,
        &Words {
            book: |id| bybit_book("snapshot", id),
            diff: |id| bybit_book("delta", id),
            others: |id| {
                let best = bybit_book("best", id).replace(".50.", ".1.");
                let trade = r#""T":1,"s":"BTCUSDT","S":"Buy","v":"1","p":"5","i":"x","BT":false"#;
                let trade = format!(
                    r#"{{"topic":"publicTrade.BTCUSDT","ts":1,"data":[{{{trade},"seq":{id}}}]}}"#
                );
                let data = format!(r#""markPrice":"5.{id}","fundingRate":"0.1","#);
                let data = format!(r#"{{{data}"indexPrice":"5","nextFundingTime":"9"}}"#);
                let mark = format!(
                    r#"{{"topic":"tickers.BTCUSDT","type":"delta","ts":{id},"data":{data}}}"#
                );
                vec![best, trade, mark]
            },
        },
    );
    let venue = Venue::start();
    let mut swap = rig::instrument("BTC-USDT-SWAP");
    swap.kind = Kind::Linear;
    let config = OkxConfig::new(&venue.ws, &venue.http, vec![swap]);
    let okx = Rig::with(venue, Okx::new(&config), limits(), 10_000);
    streamed(
        okx,
        &Words {
            book: |id| okx_book("snapshot", "-1", id),
            diff: |id| okx_book("update", &(id - 1).to_string(), id),
            others: |id| {
                let arg = |channel: &str| {
                    format!(r#""arg":{{"channel":"{channel}","instId":"BTC-USDT-SWAP"}}"#)
                };
                let sides = r#""asks":[["6","1","0","1"]],"bids":[["5","1","0","1"]]"#;
                let best = format!(r#"[{{{sides},"ts":"1","seqId":{id}}}]"#);
                let trade = format!(r#""tradeId":"{id}","px":"5","sz":"1","side":"buy""#);
                let trade = format!(r#"[{{"instId":"BTC-USDT-SWAP",{trade},"ts":"1"}}]"#);
                let mark = format!(r#"[{{"markPx":"5.{id}","ts":"{id}"}}]"#);
                let of = [("bbo-tbt", best), ("trades", trade), ("mark-price", mark)];
                of.map(|(name, data)| format!(r#"{{{},"data":{data}}}"#, arg(name))).into()
            },
        },
    );
}

/// Levels that push each other out of the window.
fn crowd(id: u64, behind: &str) -> [String; 2] {
    [1_000_i64, 2_000].map(|from| {
        let price = |n: i64| from + (n * 7 + id as i64 * 13) % 900;
        let one = |n| format!(r#"["{}","{}"{behind}]"#, price(n), 1 + n % 3);
        (0..40).map(one).collect::<Vec<_>>().join(",")
    })
}

fn bybit_book(kind: &str, id: u64) -> String {
    let [bids, asks] = crowd(id, "");
    let data = format!(r#"{{"s":"BTCUSDT","b":[{bids}],"a":[{asks}],"u":{id},"seq":{id}}}"#);
    let told = if kind == "best" { "snapshot" } else { kind };
    let head = format!(r#""topic":"orderbook.50.BTCUSDT","type":"{told}","ts":2"#);
    let (bid, ask) = (r#""b":[["5","1"]]"#, r#""a":[["6","1"]]"#);
    let best = format!(r#"{{"s":"BTCUSDT",{bid},{ask},"u":{id},"seq":{id}}}"#);
    let data = if kind == "best" { best } else { data };
    format!(r#"{{{head},"data":{data},"cts":1}}"#)
}

fn okx_book(action: &str, before: &str, id: u64) -> String {
    let [bids, asks] = crowd(id, r#","0","3""#);
    let ids = format!(r#""ts":"1","checksum":0,"prevSeqId":{before},"seqId":{id}"#);
    let arg = r#""arg":{"channel":"books","instId":"BTC-USDT-SWAP"}"#;
    let data = format!(r#"{{"asks":[{asks}],"bids":[{bids}],{ids}}}"#);
    format!(r#"{{{arg},"action":"{action}","data":[{data}]}}"#)
}
