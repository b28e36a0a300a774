//! A venue's market feed that is played: frames as they lay in its sockets, through frame reader,
//! dialect, books and windows of the product into the engine's ring. Or the rows that they would
//! become, for an engine that decodes nothing.

use super::dialect::Dialect;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::{Clock as _, Nanos};
use feeds::feed::{Counters, FeedLimits, Playback};
use feeds::net::Frame;
use feeds::net::frame::FrameReader;
use feeds::protocol::Protocol;
use feeds::sequence::SequenceLimits;
use feeds::{binance_spot, binance_usdm, bybit, okx};
use peregrine::clock::TscClock;
use rtrb::Producer;
use std::sync::Arc;

/// Most bytes that one read of a socket brings.
const READ_MAX: usize = 64 << 10;
/// Most rows that one handing over of rows brings.
const ROWS_MAX: usize = 1_024;

/// Frames of one feed, each with when its last byte came and over which endpoint.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    bytes: Vec<u8>,
    frames: Vec<(Nanos, u8, usize)>,
}

impl Tape {
    /// Adds a frame, behind all others.
    pub fn push(&mut self, at: Nanos, endpoint: u8, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.frames.push((at, endpoint, self.bytes.len()));
    }

    /// How many frames.
    pub const fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The n-th frame, if it has come by this ns: its endpoint and bytes, those behind it that
    /// have come over the same endpoint too; and which is next.
    pub fn due(&self, first: usize, due_ns: u64) -> Option<(u8, &[u8], usize)> {
        let rest = self.frames.get(first..)?;
        let endpoint = rest.first()?.1;
        let start = first.checked_sub(1).map_or(0, |before| self.frames[before].2);
        let comes = |(at, of, end): &&(Nanos, u8, usize)| {
            at.0 <= due_ns && *of == endpoint && end - start <= READ_MAX
        };
        let (count, last) = rest.iter().take_while(comes).enumerate().last()?;
        Some((endpoint, self.bytes.get(start..last.2)?, first + count + 1))
    }
}

/// Rows of one feed, each message with when it came.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    rows: Vec<Event>,
    /// When, and where its rows end.
    messages: Vec<(Nanos, usize)>,
}

impl Rows {
    /// Adds the rows that came at a time.
    pub fn push(&mut self, at: Nanos, rows: impl Iterator<Item = Event>) {
        let before = self.rows.len();
        self.rows.extend(rows);
        if self.rows.len() > before {
            self.messages.push((at, self.rows.len()));
        }
    }

    /// How many rows.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A feed that is played.
pub trait Player {
    /// One read: what has come until `due` since the beginning, as much as one read brings. How
    /// much was taken.
    fn read(&mut self, due: Nanos, clock: &TscClock) -> usize;
    /// When the next comes; `None` at the end.
    fn next_at(&self) -> Option<Nanos>;
    /// What was counted.
    fn counters(&self) -> Counters;
    /// What a feed does between reads.
    fn tend(&mut self, _now: Nanos) {}
    /// Its connections are there.
    fn join(&mut self, _at: Nanos) {}
    /// They are lost.
    fn leave(&mut self, _at: Nanos) {}
    /// The n-th instrument's book as its request was answered; whether it is the base of the book.
    fn snapshot(&mut self, _place: usize, _body: &mut Vec<u8>, _at: Nanos) -> bool {
        false
    }
    /// One frame by itself; when it was read, if there was one.
    fn frame(&mut self, _endpoint: usize, _frame: &[u8], _clock: &TscClock) -> Option<Nanos> {
        None
    }
    /// Whether a book is whole.
    fn in_sync(&self, _instrument: InstrumentId) -> bool {
        true
    }
}

struct Frames<P> {
    feed: Playback<P>,
    /// A socket's buffer for each endpoint.
    readers: Vec<FrameReader>,
    tape: Arc<Tape>,
    /// The next frame.
    next: usize,
    joined: bool,
}

impl<P: Protocol> Frames<P> {
    /// What comes while there is no connection came to nobody.
    fn skip(&mut self, endpoint: usize) -> usize {
        let Some(reader) = self.readers.get_mut(endpoint) else { return 0 };
        while let Ok(Some(_)) = reader.next_frame() {}
        0
    }

    /// Takes every whole frame that a reader has.
    #[inline]
    fn take(&mut self, endpoint: usize, at: Nanos) -> usize {
        let mut frames = 0;
        let Some(reader) = self.readers.get_mut(endpoint) else { return 0 };
        while let Ok(Some(Frame::Text(payload))) = reader.next_frame() {
            // What cannot be read is counted by the feed.
            let _ = self.feed.frame(endpoint, payload, at);
            frames += 1;
        }
        frames
    }

    /// Bytes into a socket's buffer; when they were there.
    #[inline]
    fn fill(reader: Option<&mut FrameReader>, bytes: &[u8], clock: &TscClock) -> Option<Nanos> {
        let reader = reader?;
        reader.space().get_mut(..bytes.len())?.copy_from_slice(bytes);
        reader.filled(bytes.len());
        Some(clock.now())
    }
}

impl<P: Protocol> Player for Frames<P> {
    #[inline]
    fn read(&mut self, due: Nanos, clock: &TscClock) -> usize {
        let Some((endpoint, bytes, next)) = self.tape.due(self.next, due.0) else { return 0 };
        self.next = next;
        let endpoint = usize::from(endpoint);
        match Self::fill(self.readers.get_mut(endpoint), bytes, clock) {
            Some(at) if self.joined => self.take(endpoint, at),
            Some(_) => self.skip(endpoint),
            None => 0,
        }
    }

    fn next_at(&self) -> Option<Nanos> {
        self.tape.frames.get(self.next).map(|next| next.0)
    }

    fn counters(&self) -> Counters {
        self.feed.counters()
    }

    fn tend(&mut self, now: Nanos) {
        self.feed.turn(now);
    }

    fn join(&mut self, at: Nanos) {
        self.joined = true;
        self.feed.join(at);
    }

    fn leave(&mut self, at: Nanos) {
        self.joined = false;
        self.feed.leave(at);
    }

    fn snapshot(&mut self, place: usize, body: &mut Vec<u8>, at: Nanos) -> bool {
        self.feed.snapshot(place, body, at).unwrap_or(false)
    }

    #[inline]
    fn frame(&mut self, endpoint: usize, frame: &[u8], clock: &TscClock) -> Option<Nanos> {
        let at = Self::fill(self.readers.get_mut(endpoint), frame, clock)?;
        (self.take(endpoint, at) > 0).then_some(at)
    }

    fn in_sync(&self, instrument: InstrumentId) -> bool {
        self.feed.in_sync(instrument)
    }
}

struct Decoded {
    ring: Producer<Event>,
    rows: Arc<Rows>,
    /// The next message, and where it begins.
    next: (usize, usize),
    counters: Counters,
}

impl Player for Decoded {
    #[inline]
    fn read(&mut self, due: Nanos, clock: &TscClock) -> usize {
        let (mut taken, now) = (0, clock.now());
        while let (number, start) = self.next
            && let Some((at, end)) = self.rows.messages.get(number).copied()
            && at <= due
            && taken < ROWS_MAX
        {
            let Ok(chunk) = self.ring.write_chunk_uninit(end - start) else {
                self.counters.ring_full += 1;
                break;
            };
            let rows = self.rows.rows.get(start..end).unwrap_or_default();
            chunk.fill_from_iter(rows.iter().map(|row| Event { at: now, ..*row }));
            self.next = (number + 1, end);
            self.counters.rows += rows.len() as u64;
            taken += rows.len();
        }
        taken
    }

    fn next_at(&self) -> Option<Nanos> {
        self.rows.messages.get(self.next.0).map(|next| next.0)
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

/// A feed that plays rows into a ring.
pub fn rows(rows: Arc<Rows>, ring: Producer<Event>) -> Box<dyn Player> {
    Box::new(Decoded { ring, rows, next: (0, 0), counters: Counters::default() })
}

/// A feed of a venue's instruments that plays frames into a ring.
pub fn frames(
    dialect: Dialect,
    instruments: &[Instrument],
    tape: Arc<Tape>,
    ring: Producer<Event>,
) -> Box<dyn Player> {
    let (stream, rest, all) = ("wss://host", "https://host", instruments.to_vec());
    match dialect {
        Dialect::Spot => {
            let config = binance_spot::BinanceSpotConfig::new(stream, rest, all);
            let most = config.snapshot_rows_max();
            played(binance_spot::BinanceSpot::new(&config), most, tape, ring)
        }
        Dialect::Usdm => {
            let config = binance_usdm::BinanceUsdmConfig::new(stream, rest, all);
            let most = config.snapshot_rows_max();
            played(binance_usdm::BinanceUsdm::new(&config), most, tape, ring)
        }
        Dialect::Bybit => {
            let config = bybit::BybitConfig::new(stream, bybit::Market::Linear, all);
            let most = config.snapshot_rows_max();
            played(bybit::Bybit::new(&config), most, tape, ring)
        }
        Dialect::Okx => {
            let config = okx::OkxConfig::new(stream, rest, all);
            let most = config.snapshot_rows_max();
            played(okx::Okx::new(&config), most, tape, ring)
        }
    }
}

fn played<P: Protocol + 'static>(
    protocol: P,
    snapshot_rows_max: usize,
    tape: Arc<Tape>,
    ring: Producer<Event>,
) -> Box<dyn Player> {
    let sequence = SequenceLimits { snapshot_rows_max, ..SequenceLimits::default() };
    // Silent streams are none of what is measured: a story has an end, and instruments that rest.
    let (best_stale, depth_stale) = (Nanos::ZERO, Nanos::ZERO);
    let limits = FeedLimits { sequence, best_stale, depth_stale, ..FeedLimits::default() };
    let readers = protocol.endpoints().iter().map(|_| FrameReader::new(1 << 20)).collect();
    let feed = Playback::new(protocol, &limits, ring);
    Box::new(Frames { feed, readers, tape, next: 0, joined: false })
}
