//! A feed against a venue on loopback that a test leads: real sockets, our own hand on the clock.
//! Time stands still unless a test moves it, so nothing waits for a time.
#![allow(dead_code)] // each test uses its part

#[path = "../venue/mod.rs"]
pub mod venue;

use engine::event::{Body, Event, flag};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::{Instrument, Symbol};
use engine::num::Grid;
use engine::time::{Clock, Nanos, NoTrace};
use feeds::binance_spot::{BinanceSpot, BinanceSpotConfig};
use feeds::feed::{Counters, Feed, FeedLimits, FeedPorts};
use feeds::net::dial_pair;
use feeds::protocol::Protocol;
use rtrb::{Consumer, Producer, RingBuffer};
use std::cell::Cell;
use std::time::{Duration, Instant};
use venue::{Peer, Venue};

pub struct Hand(Cell<u64>);

impl Clock for Hand {
    fn now(&self) -> Nanos {
        Nanos(self.0.get())
    }
}

pub struct Rig<P: Protocol = BinanceSpot> {
    pub venue: Venue,
    pub feed: Feed<P>,
    pub rows: Consumer<Event>,
    pub wishes: Producer<InstrumentId>,
    pub clock: Hand,
}

pub fn limits() -> FeedLimits {
    let mut limits = FeedLimits { rollover_after: Nanos::from_s(3_600), ..FeedLimits::default() };
    limits.sequence.snapshot_rows_max = 10;
    limits
}

/// The instrument of all tests, under the venue's name of it.
pub fn instrument(symbol: &str) -> Instrument {
    let grids = (Grid { decimals: 0, step: 1 }, Grid { decimals: 0, step: 1 });
    let (symbol, assets) = (Symbol::new(symbol).unwrap(), (AssetId(0), AssetId(1)));
    Instrument::new(InstrumentId(2), symbol, assets, grids)
}

impl Rig {
    pub fn new(limits: FeedLimits, ring: usize) -> Self {
        let venue = Venue::start();
        let mut config =
            BinanceSpotConfig::new(&venue.ws, &venue.http, vec![instrument("BTCUSDT")]);
        config.snapshot_levels = 5;
        assert_eq!(config.check(), Vec::<String>::new());
        Self::with(venue, BinanceSpot::new(&config), limits, ring)
    }

    /// Connected and in step at update id 10.
    pub fn in_step(limits: FeedLimits) -> (Self, Peer) {
        let mut rig = Self::new(limits, 1_000);
        rig.venue.snapshot(10);
        let peer = rig.peer();
        assert_eq!(rig.rows("base 10"), "link Up, base 10");
        (rig, peer)
    }
}

impl<P: Protocol> Rig<P> {
    pub fn with(venue: Venue, protocol: P, limits: FeedLimits, ring: usize) -> Self {
        assert_eq!(limits.check(ring), Vec::<String>::new());
        let (dial, dialer) = dial_pair(4);
        venue.runtime.spawn(dialer.run());
        let (events, rows) = RingBuffer::new(ring);
        let (wishes, wanted) = RingBuffer::new(4);
        let ports = FeedPorts { dial, events, wishes: wanted };
        let feed = Feed::new(protocol, limits, ports);
        let clock = Hand(Cell::new(1_000_000_000_000));
        Self { venue, feed, rows, wishes, clock }
    }

    /// Turns until something is so; gives up after a time that no sane machine needs.
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&mut Self) -> bool) {
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

    /// One turn: takes what has come.
    pub fn turn(&mut self) {
        let _ = self.feed.work(&self.clock, &mut NoTrace);
    }

    pub fn counted(&mut self, what: &str, count: impl Fn(&Counters) -> bool) {
        self.until(what, |rig| count(&rig.feed.counters()));
    }

    pub fn advance(&mut self, ms: u64) {
        self.clock.0.set(self.clock.0.get() + ms * 1_000_000);
    }

    /// The next connection that the feed makes.
    pub fn peer(&mut self) -> Peer {
        let mut found = None;
        self.until("a connection", |rig| {
            found = found.take().or_else(|| rig.venue.peer());
            found.is_some()
        });
        found.unwrap()
    }

    /// What came out of the ring up to and with this text.
    pub fn rows(&mut self, last: &str) -> String {
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
}

pub fn text(row: &Event) -> String {
    match row.body().unwrap() {
        Body::Level { .. } if row.has(flag::SNAPSHOT) => format!("base {}", row.id),
        Body::Level { .. } => format!("depth {}", row.id),
        Body::Best { .. } => format!("best {}", row.id),
        Body::Trade { .. } => format!("trade {}", row.id),
        Body::Gap { reason, expected } => format!("gap {reason:?} {expected}"),
        Body::Link { state, .. } => format!("link {state:?}"),
        Body::Mark { .. } => format!("mark {}", row.id),
        other => panic!("{other:?}"),
    }
}

pub fn depth(first: u64, last: u64) -> String {
    let data = format!(
        r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{first},"u":{last},"b":[["5","1"]],"a":[]}}"#
    );
    format!(r#"{{"stream":"btcusdt@depth@100ms","data":{data}}}"#)
}

pub fn best(id: u64) -> String {
    let data = format!(r#"{{"u":{id},"s":"BTCUSDT","b":"5","B":"1","a":"6","A":"1"}}"#);
    format!(r#"{{"stream":"btcusdt@bookTicker","data":{data}}}"#)
}

pub fn trade(id: u64) -> String {
    let data =
        format!(r#"{{"e":"trade","E":1,"s":"BTCUSDT","t":{id},"p":"5","q":"1","T":1,"m":true}}"#);
    format!(r#"{{"stream":"btcusdt@trade","data":{data}}}"#)
}
