//! One feed loses its connection and takes its book anew, five thousand levels a side, over real
//! sockets: the engine's turns take no more of it than they may, its neighbour waits for nothing,
//! no row is lost, and the book ends as the venue's.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../feeds/tests/rig/mod.rs"]
mod rig;

use engine::event::{Body, Event, LinkState, flag};
use engine::id::{FeedId, InstrumentId, Side};
use engine::instrument::Instrument;
use engine::market::Market;
use engine::num::{Price, Qty};
use engine::time::Nanos;
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::feed::FeedLimits;
use peregrine::ports::{MarketRing, RingEnds};
use rig::venue::{Peer, Venue};
use rig::{Rig, instrument};
use rtrb::{Producer, RingBuffer};
use std::collections::BTreeMap;

/// Most rows that a feed may give in a turn of the engine.
const ROWS_A_TURN: u32 = 1_024;
/// Levels a side of the venue's book.
const LEVELS: i64 = 5_000;
/// The highest bid; the lowest ask is one above it.
const BID: i64 = 100_000;
/// Rows of the neighbour in each turn.
const STEADY: u64 = 3;
/// Of the feed that is watched, and of its neighbour.
const OWN: InstrumentId = InstrumentId(2);
const OTHER: InstrumentId = InstrumentId(0);

type Sides = [BTreeMap<i64, i64>; 2];

/// What turns took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Turns {
    count: u64,
    /// Rows of the feed that is watched.
    own: u64,
    /// The most of them in one turn.
    own_max: u64,
    /// The fewest rows of its neighbour in one turn.
    other_min: u64,
}

/// The venue, the feed, the engine's ends of its rings, and its books.
struct Desk {
    rig: Rig,
    ends: RingEnds,
    neighbour: Producer<Event>,
    market: Market,
    book: Sides,
    id: u64,
    steady: u64,
}

impl Desk {
    fn new() -> Self {
        let venue = Venue::start();
        let config = BinanceSpotConfig::new(&venue.ws, &venue.http, vec![instrument("BTCUSDT")]);
        assert_eq!((config.check(), config.snapshot_rows_max()), (vec![], 10_000));
        let mut limits = FeedLimits { best_stale: Nanos::ZERO, ..FeedLimits::default() };
        limits.sequence.snapshot_rows_max = config.snapshot_rows_max();
        let mut rig = Rig::with(venue, BinanceSpot::new(&config), limits, 1 << 15);
        let own = instrument("BTCUSDT");
        let other = Instrument { feed: FeedId(1), id: OTHER, ..own };
        let unused = Instrument { id: InstrumentId(1), ..other };
        let rows = std::mem::replace(&mut rig.rows, RingBuffer::new(1).1);
        let wishes = std::mem::replace(&mut rig.wishes, RingBuffer::new(1).0);
        let (neighbour, steady) = RingBuffer::new(64);
        let markets = [rows, steady].map(|ring| MarketRing::new(ring, 0)).into();
        let resyncs = vec![wishes, RingBuffer::new(1).0];
        let instruments = vec![other, unused, own];
        let reports = (Vec::new(), Vec::new());
        let ends = RingEnds::new((markets, resyncs), reports, &instruments, ROWS_A_TURN);
        let market = Market::new(instruments);
        let mut desk =
            Self { rig, ends, neighbour, market, book: Sides::default(), id: 10, steady: 0 };
        for level in 0..LEVELS {
            desk.book[0].insert(BID - level, 1 + level % 7);
            desk.book[1].insert(BID + 1 + level, 1 + level % 5);
        }
        desk
    }

    /// The venue's answer to the next request: a book that it had.
    fn snapshot(&self, (id, book): &(u64, Sides)) {
        let side = |side: &BTreeMap<i64, i64>| {
            let levels = side.iter().map(|(price, qty)| format!(r#"["{price}","{qty}"]"#));
            levels.collect::<Vec<_>>().join(",")
        };
        let (bids, asks) = (side(&book[0]), side(&book[1]));
        let body = format!(r#"{{"lastUpdateId":{id},"bids":[{bids}],"asks":[{asks}]}}"#);
        self.rig.venue.answer(200, &body, &[]);
    }

    /// The venue's book now.
    fn now(&self) -> (u64, Sides) {
        (self.id, self.book.clone())
    }

    /// A change at the venue, told over a connection where there is one.
    fn change(&mut self, peer: Option<&Peer>) {
        self.id += 1;
        let (price, qty) = (BID - self.id as i64 % 50, 10 + self.id as i64 % 9);
        self.book[0].insert(price, qty);
        let (id, level) = (self.id, format!(r#"["{price}","{qty}"]"#));
        let ids = format!(r#""U":{id},"u":{id}"#);
        let data =
            format!(r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT",{ids},"b":[{level}],"a":[]}}"#);
        let text = format!(r#"{{"stream":"btcusdt@depth@100ms","data":{data}}}"#);
        if let Some(peer) = peer {
            peer.send(&text);
        }
    }

    /// A turn of the engine, before which its neighbour said what it always says.
    fn turn(&mut self, turns: &mut Turns) -> u64 {
        for _ in 0..STEADY {
            self.steady += 1;
            let (bid, ask, qty) = (Price(1), Price(2), Qty(1));
            let body = Body::Best { bid, bid_qty: qty, ask, ask_qty: qty };
            let row = Event::new(Nanos(1), OTHER, self.steady, body).with(flag::LAST);
            self.neighbour.push(row).unwrap();
        }
        self.ends.turn();
        let mut rows = [0; 2];
        while let Some(row) = self.ends.market() {
            let link = matches!(row.body(), Some(Body::Link { .. }));
            rows[usize::from(row.instrument == OTHER && !link)] += 1;
            self.market.apply(&row);
        }
        turns.count += 1;
        turns.own_max = turns.own_max.max(rows[0]);
        turns.own += rows[0];
        turns.other_min = if turns.count == 1 { rows[1] } else { turns.other_min.min(rows[1]) };
        rows[0]
    }

    /// Turns of feed and engine until the engine's book stands where the venue's does.
    fn turns(&mut self, phase: &str) -> Turns {
        let (mut turns, end) = (Turns::default(), self.id);
        // What came may be taken in many turns: the feed is done before the engine begins.
        self.rig.until("the book", |rig| rig.feed.in_sync(OWN) && rig.feed.counters().rows > 0);
        loop {
            self.rig.turn();
            let took = self.turn(&mut turns);
            let book = &self.market.listing(OWN).unwrap().book;
            if took == 0 && book.is_live() && book.update_id() == end {
                break;
            }
            assert!(turns.count < 10_000_000, "{phase}: the book is at {}", book.update_id());
        }
        let Turns { count, own_max, own, other_min } = turns;
        println!("{phase}: {own} rows in {count} turns, {own_max} at most; beside it {other_min}");
        turns
    }

    fn levels(&self, side: Side) -> BTreeMap<i64, i64> {
        let book = &self.market.listing(OWN).unwrap().book;
        book.depth(side).levels().map(|(price, qty)| (price.0, qty.0)).collect()
    }
}

#[test]
fn turns_take_no_more_of_a_feed_that_resynchronises_than_they_may() {
    let mut desk = Desk::new();
    desk.snapshot(&desk.now());
    let peer = desk.rig.peer();
    let begin = desk.turns("at the start");
    (0..100).for_each(|_| desk.change(Some(&peer)));
    let before = desk.turns("before");
    assert!(before.own_max <= 100 && before.own == 100);
    // Cut; what happens meanwhile is in the next book, and what comes before that is held.
    peer.drop_line();
    desk.rig.counted("the loss", |counters| counters.reconnects == 1);
    (0..50).for_each(|_| desk.change(None));
    desk.rig.advance(30_000);
    let peer = desk.rig.peer();
    let then = desk.now();
    (0..2_000).for_each(|_| desk.change(Some(&peer)));
    desk.rig.counted("the changes", |counters| counters.frames >= 2_100);
    desk.snapshot(&then);
    let during = desk.turns("during");
    (0..100).for_each(|_| desk.change(Some(&peer)));
    let after = desk.turns("after");

    let most = u64::from(ROWS_A_TURN);
    for turns in [begin, before, during, after] {
        assert!(turns.own_max <= most, "{turns:?}");
        assert_eq!(turns.other_min, STEADY, "the neighbour waits for nothing");
    }
    assert_eq!((begin.own_max, during.own_max), (most, most), "the limit was met");
    assert!(during.own > 12_000 && during.count > during.own / most, "{during:?}");
    let counters = desk.rig.feed.counters();
    let taken = begin.own + before.own + during.own + after.own;
    assert_eq!((taken, counters.ring_full), (counters.rows, 0), "no row is lost");
    assert_eq!((counters.snapshots, counters.gaps), (2, 0));
    assert_eq!(desk.market.link(FeedId(0)), LinkState::Up);
    for side in Side::BOTH {
        assert_eq!(desk.levels(side), desk.book[side.index()], "{side:?}");
    }
}
