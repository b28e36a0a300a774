//! The whole feed against a server on loopback that plays a venue: real sockets and requests, our
//! own hand on the clock. Time stands still unless a test moves it, so nothing here waits for a
//! time.
#![allow(clippy::unwrap_used, clippy::panic)]

mod venue;

use engine::event::{Body, Event, flag};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Symbol};
use engine::num::Grid;
use engine::time::{Clock, Nanos, NoTrace};
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::feed::{Counters, Feed, FeedLimits, FeedPorts};
use feeds::net::dial_pair;
use rtrb::{Consumer, Producer, RingBuffer};
use std::cell::Cell;
use std::time::{Duration, Instant};
use venue::{Peer, Venue};

struct Hand(Cell<u64>);

impl Clock for Hand {
    fn now(&self) -> Nanos {
        Nanos(self.0.get())
    }
}

struct Rig {
    venue: Venue,
    feed: Feed<BinanceSpot>,
    rows: Consumer<Event>,
    wishes: Producer<InstrumentId>,
    clock: Hand,
}

fn limits() -> FeedLimits {
    let mut limits = FeedLimits { rollover_after: Nanos::from_s(3_600), ..FeedLimits::default() };
    limits.sequence.snapshot_rows_max = 10;
    limits
}

impl Rig {
    fn new(limits: FeedLimits, ring: usize) -> Self {
        let venue = Venue::start();
        let grids = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });
        let (symbol, assets) = (Symbol::new("BTCUSDT").unwrap(), (AssetId(0), AssetId(1)));
        let instrument = Instrument::new(InstrumentId(2), symbol, assets, grids);
        let mut config = BinanceSpotConfig::new(&venue.ws, &venue.http, vec![instrument]);
        config.snapshot_levels = 5;
        assert_eq!((config.check(), limits.check(ring)), (vec![], vec![]));
        let (dial, dialer) = dial_pair(4);
        venue.runtime.spawn(dialer.run());
        let (events, rows) = RingBuffer::new(ring);
        let (wishes, wanted) = RingBuffer::new(4);
        let ports = FeedPorts { dial, events, wishes: wanted };
        let feed = Feed::new(BinanceSpot::new(&config), limits, ports);
        let clock = Hand(Cell::new(1_000_000_000_000));
        Self { venue, feed, rows, wishes, clock }
    }

    /// Turns until something is so; gives up after a time that no sane machine needs.
    fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !so(self) {
            let _ = self.feed.work(&self.clock, &mut NoTrace);
            std::thread::yield_now();
            if Instant::now() >= end {
                let told = (self.feed.counters(), self.feed.lost(), self.feed.refused());
                panic!("{what} did not come: {told:?}");
            }
        }
    }

    fn counted(&mut self, what: &str, count: impl Fn(&Counters) -> bool) {
        self.until(what, |rig| count(&rig.feed.counters()));
    }

    fn advance(&mut self, ms: u64) {
        self.clock.0.set(self.clock.0.get() + ms * 1_000_000);
    }

    /// The next connection that the feed makes.
    fn peer(&mut self) -> Peer {
        let mut found = None;
        self.until("a connection", |rig| {
            found = found.take().or_else(|| rig.venue.peer());
            found.is_some()
        });
        found.unwrap()
    }

    /// What came out of the ring up to and with this text.
    fn rows(&mut self, last: &str) -> String {
        let mut told: Vec<String> = Vec::new();
        self.until(last, |rig| {
            while let Ok(row) = rig.rows.pop() {
                told.push(text(&row));
                if told.last().is_some_and(|row| row == last) {
                    return true;
                }
            }
            false
        });
        told.join(", ")
    }

    /// Connected and in step at update id 10.
    fn in_step(limits: FeedLimits) -> (Self, Peer) {
        let mut rig = Self::new(limits, 1_000);
        rig.venue.snapshot(10);
        let peer = rig.peer();
        assert_eq!(rig.rows("base 10"), "link Up, base 10");
        (rig, peer)
    }
}

fn text(row: &Event) -> String {
    match row.body().unwrap() {
        Body::Level { .. } if row.has(flag::SNAPSHOT) => format!("base {}", row.id),
        Body::Level { .. } => format!("depth {}", row.id),
        Body::Best { .. } => format!("best {}", row.id),
        Body::Trade { .. } => format!("trade {}", row.id),
        Body::Gap { reason, expected } => format!("gap {reason:?} {expected}"),
        Body::Link { state, .. } => format!("link {state:?}"),
        other => panic!("{other:?}"),
    }
}

fn depth(first: u64, last: u64) -> String {
    let data = format!(
        r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{first},"u":{last},"b":[["5","1"]],"a":[]}}"#
    );
    format!(r#"{{"stream":"btcusdt@depth@100ms","data":{data}}}"#)
}

fn best(id: u64) -> String {
    let data = format!(r#"{{"u":{id},"s":"BTCUSDT","b":"5","B":"1","a":"6","A":"1"}}"#);
    format!(r#"{{"stream":"btcusdt@bookTicker","data":{data}}}"#)
}

fn trade(id: u64) -> String {
    let data =
        format!(r#"{{"e":"trade","E":1,"s":"BTCUSDT","t":{id},"p":"5","q":"1","T":1,"m":true}}"#);
    format!(r#"{{"stream":"btcusdt@trade","data":{data}}}"#)
}

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
