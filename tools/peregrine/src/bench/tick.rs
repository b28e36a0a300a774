//! Bytes in to order bytes out, in one thread: frame → decoder → rows → ring → `engine::step` with
//! Avellaneda–Stoikov → risk gate → encoded, framed and masked request; journal, stamps and
//! histograms on. Each tick moves the market, so each makes the strategy replace both of its
//! quotes; the answers of the venue come between the ticks, untimed. The socket itself (its read
//! and write calls) is not in it.

use super::corpus::{self, Walk, frame};
use super::desk::{limits, parameters};
use super::keep::{SCALE, Scratch};
use super::order::{Signing, wire};
use super::work::{Unfit, Work};
use crate::clock::TscClock;
use crate::latency::{Probe, Tally, pair};
use engine::desk::DeskSettings;
use engine::engine::{Engine, Settings, step};
use engine::event::{Body, End, Event, Link, LinkState, Reason};
use engine::id::{AssetId, InstrumentId};
use engine::instrument::Instrument;
use engine::intent::Outgoing;
use engine::num::{Amount, Qty};
use engine::ports::Ports;
use engine::reconcile::Tolerance;
use engine::risk::Limits;
use engine::session::Phase;
use engine::time::{Clock as _, Nanos, Stage, Trace as _};
use feeds::binance_spot::{BinanceSpot as Feed, BinanceSpotConfig};
use feeds::net::Frame;
use feeds::net::frame::{FrameReader, FrameWriter};
use feeds::protocol::{Message as Decoded, Protocol};
use shm::journal::sent;
use std::collections::VecDeque;
use std::hint::black_box;
use strategies::avellaneda_stoikov::AvellanedaStoikov;
use venues::binance_spot::BinanceSpot as Gateway;
use venues::wire::{Ask, RequestId, Wire};

/// Ticks of a turn of work.
const TICKS: usize = 64;
/// Inner stages are stamped on one tick of so many, as shipped.
const SAMPLE_EVERY: u32 = 64;

/// Ticks after which the journal goes to disk and the histograms are collected: on other threads
/// in the product, so that it must not lie between all ticks here.
const CHORES_EVERY: u64 = 1_024;

/// What a tick is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The best bid and ask.
    BookTicker,
    /// A diff of twenty levels.
    Diff,
}

/// The engine's doors: a ring in, an encoder out.
struct Doors {
    clock: TscClock,
    market: rtrb::Consumer<Event>,
    reports: VecDeque<Event>,
    gateway: Gateway,
    frames: FrameWriter,
    journal: Scratch,
    probe: Probe,
    tally: Tally,
    cause: u64,
    requests: u64,
    /// Sent and not answered.
    asked: Vec<(u64, Ask)>,
    read_at: Nanos,
    first_at: Option<Nanos>,
    instrument: InstrumentId,
    /// Time of the last event, and whether the next one is stamped anew: rows within a message
    /// share the time of the one before them.
    stamp: (Nanos, bool),
}

impl Doors {
    /// The venue does what was asked.
    fn answer(&mut self) {
        let at = self.clock.now();
        let mut tell = |body| self.reports.push_back(Event::new(at, self.instrument, 0, body));
        for (request, ask) in self.asked.drain(..) {
            let venue_order = 12_569_099_453 + request;
            if let Ask::Replace { old, .. } = ask {
                let (order, filled) = (old.order(), Some(Qty(0)));
                tell(Body::Done { order, end: End::Cancelled, reason: Reason::None, filled });
            }
            if let Ask::Replace { new, .. } | Ask::Place(new) = ask {
                tell(Body::Accepted { order: new.client.order, venue_order });
            }
        }
    }
}

impl Ports for Doors {
    fn now(&mut self) -> Nanos {
        if self.stamp.1 {
            self.stamp.0 = self.clock.now();
        }
        self.stamp.0
    }

    fn next(&mut self) -> Option<Event> {
        let event = match self.reports.pop_front() {
            Some(report) => report,
            None => self.market.pop().ok()?,
        };
        self.probe.touch();
        self.stamp.1 = !event.is_inner();
        Some(event)
    }

    fn record(&mut self, event: &Event) {
        if let Some(seq) = self.journal.writer.record(event) {
            self.cause = seq;
        }
    }

    fn send(&mut self, item: Outgoing) {
        let span = self.stamp.0.since(self.read_at).0 as u32;
        let _ = self.journal.writer.sent(&sent::row(&item, self.cause, self.stamp.0, span));
        let (ask, at) = match &item {
            Outgoing::Place(approved) => (Ask::from(*approved.intent()), approved.at()),
            _ => return,
        };
        self.requests += 1;
        let id = RequestId::new(self.requests, ask.kind());
        if let Ok(text) = self.gateway.encode(&ask, id, at.as_ms()) {
            self.frames.text(text);
            let handed_at = self.clock.now();
            self.probe.record(Stage::TickToOrder, handed_at.since(self.read_at));
            self.first_at.get_or_insert(handed_at);
        }
        self.asked.push((self.requests, ask));
    }

    fn mark(&mut self, stage: Stage) {
        if self.probe.sampled() {
            let now = self.clock.now();
            self.probe.record(stage, now.since(self.stamp.0));
        }
    }
}

/// One thread's worth of everything, and the ticks that it goes through.
pub struct Tick {
    reader: FrameReader,
    feed: Feed,
    ring: rtrb::Producer<Event>,
    engine: Engine<AvellanedaStoikov>,
    doors: Doors,
    walk: Walk,
    message: Message,
    settled: u64,
}

impl Tick {
    /// Links up, balances told, a book of a thousand levels a side, the first quotes standing.
    pub fn new(message: Message) -> Result<Self, Unfit> {
        let instrument = corpus::spot();
        let (ring, market) = rtrb::RingBuffer::new(4_096);
        let (probe, tally) = pair(SAMPLE_EVERY, SCALE);
        let config = BinanceSpotConfig::new("wss://host", "https://host", vec![instrument]);
        let doors = Doors {
            clock: TscClock::start(),
            market,
            reports: VecDeque::with_capacity(64),
            gateway: wire(instrument, Signing::Session)?,
            frames: FrameWriter::new(64 << 10, 7),
            journal: Scratch::begin()?,
            probe,
            tally,
            cause: 0,
            requests: 0,
            asked: Vec::with_capacity(64),
            read_at: Nanos::ZERO,
            first_at: None,
            instrument: instrument.id,
            stamp: (Nanos::ZERO, true),
        };
        let mut tick = Self {
            reader: FrameReader::new(1 << 20),
            feed: Feed::new(&config),
            ring,
            engine: engine(instrument)?,
            doors,
            walk: Walk::new(5),
            message,
            settled: 0,
        };
        tick.open()?;
        Ok(tick)
    }

    fn open(&mut self) -> Result<(), Unfit> {
        let (at, up) = (self.doors.clock.now(), LinkState::Up);
        let big = Amount(1_000_000_000_000_000);
        let balance = |asset| Body::Balance { asset, free: big, locked: Amount(0) };
        for (id, body) in [
            (1_723_161_254, Body::Start { epoch: 1_723_161_254, config_hash: 0 }),
            (0, Body::Link { link: Link::Market, state: up }),
            (0, Body::Link { link: Link::Orders, state: up }),
            (0, Body::Reconcile { done: false }),
            (0, balance(AssetId(0))),
            (1, balance(AssetId(1))),
            (0, Body::Reconcile { done: true }),
        ] {
            self.doors.reports.push_back(Event::new(at, InstrumentId(0), id, body));
        }
        let mut snapshot = self.walk.snapshot(1_000);
        let told = self.feed.on_snapshot(0, &mut snapshot, at);
        let rows = told.map_err(|error| Unfit::new(format!("{error:?}")))?.rows.to_vec();
        for row in rows {
            self.ring.push(row).map_err(Unfit::new)?;
        }
        while step(&mut self.engine, &mut self.doors) {}
        self.settle();
        match self.engine.phase() {
            Phase::Quoting if self.engine.live_orders() == 2 => Ok(()),
            phase => {
                let (live, desk) = (self.engine.live_orders(), &self.engine.desks[0]);
                let refused = desk.gate.refusals();
                let why = format!("{phase:?}, {live} orders, {:?}, {refused:?}", desk.counters);
                Err(Unfit::new(why))
            }
        }
    }

    /// The next frame of the market.
    pub fn next_frame(&mut self) -> Vec<u8> {
        frame(&match self.message {
            Message::BookTicker => self.walk.book_ticker(),
            Message::Diff => self.walk.depth(),
        })
    }

    /// What is not timed: the venue answers, time passes for the strategy, now and then the journal
    /// goes to disk.
    pub fn settle(&mut self) {
        let sent = self.doors.frames.unsent().len();
        self.doors.frames.wrote(sent);
        while !self.doors.asked.is_empty() {
            self.doors.answer();
            while step(&mut self.engine, &mut self.doors) {}
        }
        let timer = Event::new(self.doors.clock.now(), InstrumentId(0), 0, Body::Timer);
        self.doors.reports.push_back(timer);
        while step(&mut self.engine, &mut self.doors) {}
        self.settled += 1;
        if self.settled.is_multiple_of(CHORES_EVERY) {
            self.doors.journal.empty();
            self.doors.probe.rotate();
            self.doors.tally.collect();
        }
    }

    /// One frame from its last byte: when it was read, when its first order's frame was ready and
    /// when all was done. `None` when it caused no order.
    #[inline(never)]
    pub fn tick(&mut self, frame: &[u8]) -> Option<(Nanos, Nanos, Nanos)> {
        let space = self.reader.space().get_mut(..frame.len())?;
        space.copy_from_slice(frame);
        self.reader.filled(frame.len());
        self.doors.first_at = None;
        self.doors.probe.turn();
        let at = self.doors.clock.now();
        self.doors.read_at = at;
        let Ok(Some(Frame::Text(payload))) = self.reader.next_frame() else { return None };
        match self.feed.decoder().decode(payload, at, |_, _| true) {
            Ok(Decoded::Best(row) | Decoded::Trade(row)) => self.ring.push(row).ok()?,
            Ok(Decoded::Depth { rows, .. }) => {
                for row in rows {
                    self.ring.push(*row).ok()?;
                }
            }
            _ => return None,
        }
        while step(&mut self.engine, &mut self.doors) {}
        let end = self.doors.clock.now();
        black_box(self.doors.frames.unsent());
        Some((at, self.doors.first_at?, end))
    }
}

impl Work for Tick {
    fn run(&mut self) -> usize {
        let mut orders = 0;
        for _ in 0..TICKS {
            // Each in its turn: a diff that is left out leaves its levels standing.
            let frame = self.next_frame();
            orders += usize::from(self.tick(&frame).is_some());
            self.settle();
        }
        assert!(orders * 20 >= TICKS * 19, "{orders} of {TICKS} ticks caused an order");
        TICKS
    }
}

fn engine(instrument: Instrument) -> Result<Engine<AvellanedaStoikov>, Unfit> {
    let (price_ticks, excess_ppm, shortage_ppm) = (0, 0, 0);
    let tolerance = Tolerance { price_ticks, excess_ppm, shortage_ppm, life_min: Nanos::ZERO };
    let limits = Limits {
        orders_per_s: 100_000_000,
        orders_burst: 1_000_000,
        market_age_max: Nanos::from_s(10),
        ..limits()
    };
    let desk = DeskSettings::alike(&[instrument.id], tolerance, limits);
    let strategy = AvellanedaStoikov::new(parameters(), &instrument).map_err(Unfit::new)?;
    Ok(Engine::new(vec![instrument], vec![(desk, strategy)], Settings::default()))
}
