//! A feed without connections: frames that were kept go through the same dialect, books and windows
//! into the same ring. For recordings and for measurement; whoever plays says when connections are
//! there and what was read when.

use super::books::Books;
use super::links::first_of;
use super::{Counters, FeedLimits};
use crate::net::Payload;
use crate::protocol::{DecodeError, Protocol, Ways};
use crate::sequence::Loaded;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::time::Nanos;
use rtrb::Producer;

/// One connection to each endpoint of a venue, played.
#[derive(Debug)]
pub struct Playback<P> {
    protocol: P,
    books: Books,
}

impl<P: Protocol> Playback<P> {
    /// Reserves all memory; nothing is connected.
    pub fn new(protocol: P, limits: &FeedLimits, events: Producer<Event>) -> Self {
        Self { books: Books::new(&protocol, events, limits), protocol }
    }

    /// All connections come up at this time: books are wanted.
    pub fn join(&mut self, at: Nanos) {
        for endpoint in 0..self.books.endpoints.len() {
            self.books.joined(first_of(endpoint), at);
        }
    }

    /// All connections are lost at this time: books are blanked.
    pub fn leave(&mut self, at: Nanos) {
        for endpoint in 0..self.books.endpoints.len() {
            self.books.left(first_of(endpoint), at);
        }
    }

    /// A text frame came over the connection to this endpoint; its last byte was read at `at`.
    #[inline]
    pub fn frame(
        &mut self,
        endpoint: usize,
        frame: Payload<'_>,
        at: Nanos,
    ) -> Result<(), DecodeError> {
        self.books.reads(first_of(endpoint), at);
        self.books.counters.frames += 1;
        let read = self.protocol.on_bytes(frame, at, &mut self.books);
        self.books.counters.decode_errors += u64::from(read.is_err());
        read
    }

    /// The answer to the n-th instrument's snapshot request came; whether it is the base of its
    /// book now. The body is used up.
    pub fn snapshot(
        &mut self,
        place: usize,
        body: &mut Vec<u8>,
        at: Nanos,
    ) -> Result<bool, DecodeError> {
        let snapshot = self.protocol.on_snapshot(place, body, at)?;
        let loaded = self.books.snapshot(place, snapshot.last, snapshot.rows);
        Ok(loaded == Some(Loaded::Base))
    }

    /// What a feed does between reads: what waits for room goes out, silent streams are told.
    pub fn turn(&mut self, now: Nanos) -> usize {
        self.books.turn(now)
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        let Ways { plain, general } = self.protocol.ways();
        Counters { decode_plain: plain, decode_general: general, ..self.books.counted() }
    }

    /// Whether the book of this instrument is whole.
    pub fn in_sync(&self, instrument: InstrumentId) -> bool {
        let lane = self.books.place(instrument).and_then(|place| self.books.lanes.get(place));
        lane.is_some_and(|lane| lane.sequence.book_id().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binance_spot::{BinanceSpot, BinanceSpotConfig};
    use crate::net::frame::SPARE;
    use engine::event::kind;
    use engine::id::AssetId;
    use engine::instrument::{Instrument, Symbol};
    use engine::num::Grid;
    use rtrb::{Consumer, RingBuffer};

    const SNAPSHOT: &str = r#"{"lastUpdateId":9,"bids":[["1.00","5"]],"asks":[["1.02","5"]]}"#;

    fn play(feed: &mut Playback<BinanceSpot>, text: &str, at: u64) {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len() + SPARE, 0);
        let frame = Payload::new(&mut bytes, text.len()).unwrap();
        feed.frame(0, frame, Nanos(at)).unwrap();
    }

    fn diff(first: u64, last: u64) -> String {
        let head = r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"#;
        format!(r#"{head}"s":"BTCUSDT","U":{first},"u":{last},"b":[["1.01","2"]],"a":[]}}}}"#)
    }

    fn kinds(ring: &mut Consumer<Event>) -> Vec<u8> {
        std::iter::from_fn(|| ring.pop().ok()).map(|row| row.kind).collect()
    }

    #[test]
    fn what_is_played_becomes_what_a_feed_would_have_sent() {
        let grids = (Grid { decimals: 2, step: 1 }, Grid { decimals: 5, step: 1 });
        let (symbol, assets) = (Symbol::new("BTCUSDT").unwrap(), (AssetId(0), AssetId(1)));
        let instrument = Instrument::new(InstrumentId(0), symbol, assets, grids);
        let config = BinanceSpotConfig::new("ws://x", "http://x", vec![instrument]);
        let (events, mut ring) = RingBuffer::new(30_000);
        let limits = FeedLimits::default();
        let mut feed = Playback::new(BinanceSpot::new(&config), &limits, events);
        feed.join(Nanos(1));
        play(&mut feed, &diff(8, 10), 2);
        assert_eq!(kinds(&mut ring), [kind::LINK]);
        let mut body = SNAPSHOT.as_bytes().to_vec();
        assert_eq!(feed.snapshot(0, &mut body, Nanos(3)), Ok(true));
        assert!(feed.in_sync(InstrumentId(0)));
        assert_eq!(kinds(&mut ring), [kind::LEVEL; 3]);
        play(&mut feed, &diff(12, 13), 4);
        assert!(!feed.in_sync(InstrumentId(0)));
        feed.leave(Nanos(5));
        assert_eq!(kinds(&mut ring), [kind::GAP, kind::LINK]);
        let counters = feed.counters();
        assert_eq!((counters.frames, counters.gaps, counters.snapshots), (2, 1, 1));
    }
}
