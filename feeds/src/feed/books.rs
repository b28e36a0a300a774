//! Where messages of all connections meet: they are put in order per instrument, repeats are
//! dropped, and what is left goes into the ring whole.

use super::lane::{Lane, Stream};
use super::{Counters, FeedLimits};
use crate::net::ring::RowSink;
use crate::protocol::{Intake, Message};
use crate::sequence::{DiffHead, Loaded, Taken};
use engine::event::{Body, Event, GapReason, Link, LinkState, flag};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::time::Nanos;
use rtrb::Producer;
use std::collections::VecDeque;

/// Most changes of the link's state that wait for room.
const LINKS_MAX: usize = 16;

/// Which connection a message came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The one that is relied on.
    Main,
    /// The one that is to take over.
    Next,
}

/// The ring, counting rows.
#[derive(Debug)]
pub(super) struct Out {
    ring: Producer<Event>,
    rows: u64,
}

impl RowSink for Out {
    #[inline]
    fn message(&mut self, rows: &[Event]) -> bool {
        let went = self.ring.message(rows);
        if went {
            self.rows += rows.len() as u64;
        }
        went
    }
}

/// All instruments of a feed and the ring that they share.
#[derive(Debug)]
pub(super) struct Books {
    pub lanes: Vec<Lane>,
    pub counters: Counters,
    pub by: By,
    pub shutdown: bool,
    places: Vec<Option<u16>>,
    out: Out,
    links: VecDeque<Event>,
}

impl Books {
    pub fn new(instruments: &[Instrument], ring: Producer<Event>, limits: &FeedLimits) -> Self {
        let last = instruments.iter().map(|instrument| instrument.id.index()).max();
        let mut places = vec![None; last.map_or(0, |last| last + 1)];
        for (place, instrument) in instruments.iter().enumerate() {
            places[instrument.id.index()] = u16::try_from(place).ok();
        }
        let lanes = instruments.iter().enumerate();
        Self {
            lanes: lanes.map(|(place, i)| Lane::new(i.id, place, limits)).collect(),
            counters: Counters::default(),
            by: By::Main,
            shutdown: false,
            places,
            out: Out { ring, rows: 0 },
            links: VecDeque::with_capacity(LINKS_MAX),
        }
    }

    /// The counters with the rows that went out.
    pub const fn counted(&self) -> Counters {
        Counters { rows: self.out.rows, ..self.counters }
    }

    /// Whether the reader of the ring is gone.
    pub fn abandoned(&self) -> bool {
        self.out.ring.is_abandoned()
    }

    /// The instrument's place among the lanes.
    #[inline]
    pub fn place(&self, instrument: InstrumentId) -> Option<usize> {
        self.places.get(instrument.index()).copied().flatten().map(usize::from)
    }

    /// Tells the engine what became of the link; kept while the ring is full.
    pub fn link(&mut self, state: LinkState, at: Nanos) {
        if self.links.len() >= LINKS_MAX {
            self.links.pop_front();
            self.counters.links_dropped += 1;
        }
        let instrument = self.lanes.first().map_or(InstrumentId(0), |lane| lane.instrument);
        let body = Body::Link { link: Link::Market, state };
        self.links.push_back(Event::new(at, instrument, 0, body).with(flag::LAST));
        self.pump();
    }

    /// A connection that does not follow on another one is up.
    pub fn connected(&mut self, now: Nanos) {
        self.shutdown = false;
        self.link(LinkState::Up, now);
        for lane in &mut self.lanes {
            lane.connected(now);
        }
    }

    /// No connection is left.
    pub fn disconnected(&mut self, now: Nanos) {
        for lane in &mut self.lanes {
            lane.sequence.stop(GapReason::Reconnect, now, &mut self.out);
        }
        self.link(LinkState::Down, now);
    }

    /// Sends what waits for room and, while connected, breaks the books whose streams fell silent.
    pub fn turn(&mut self, now: Nanos, connected: bool) -> usize {
        let sent = self.pump();
        for lane in self.lanes.iter_mut().filter(|_| connected) {
            if lane.turns_stale(now) {
                self.counters.stale_stream += 1;
                lane.sequence.restart(GapReason::Stale, now, &mut self.out);
            }
        }
        sent
    }

    /// The engine wants this book anew.
    pub fn wish(&mut self, instrument: InstrumentId) {
        let Some(lane) = self.place(instrument).and_then(|place| self.lanes.get_mut(place)) else {
            return;
        };
        if lane.sequence.book_id().is_some() {
            lane.sequence.start();
        }
    }

    /// Takes a snapshot for the n-th lane.
    pub fn snapshot(&mut self, place: usize, last: u64, rows: &[Event]) -> Option<Loaded> {
        let lane = self.lanes.get_mut(place)?;
        Some(lane.sequence.on_snapshot(last, rows, &mut self.out))
    }

    fn pump(&mut self) -> usize {
        let mut sent = 0;
        for lane in &mut self.lanes {
            if lane.sequence.waits() {
                sent += lane.sequence.pump(&mut self.out);
            }
        }
        while let Some(row) = self.links.front() {
            if !self.out.message(&[*row]) {
                break;
            }
            self.links.pop_front();
            sent += 1;
        }
        sent
    }

    #[inline]
    fn single(&mut self, row: Event, stream: Stream) {
        let Some(place) = self.place(row.instrument) else { return };
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.heard(stream, row.at);
        match stream {
            Stream::Trade => {
                let expected = lane.trade + 1;
                // What the next connection leaves out, the one relied on still delivers.
                if row.id < expected || by == By::Next && row.id > expected {
                    self.counters.repeated_trades += 1;
                    return;
                }
                if lane.trade != 0 {
                    self.counters.missed_trades += row.id - expected;
                }
                lane.trade = row.id;
            }
            _ => lane.best = row.id,
        }
        if !self.out.message(&[row]) {
            self.counters.ring_full += 1;
            if lane.sequence.book_id().is_some() {
                lane.sequence.restart(GapReason::RingFull, row.at, &mut self.out);
            }
        }
    }

    #[inline]
    fn depth(&mut self, place: usize, message: (DiffHead, &[Event])) {
        let (head, rows) = message;
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.heard(Stream::Depth, head.at);
        if by == By::Next {
            // Ahead of the connection relied on it shows no gap, and without a book it adds
            // nothing.
            if lane.sequence.book_id().is_none_or(|book| head.before > book) {
                self.counters.old_diffs += 1;
                return;
            }
            lane.in_step = true;
        }
        match lane.sequence.on_diff(head, rows, &mut self.out) {
            Taken::Applied | Taken::Held => {}
            Taken::Old => self.counters.old_diffs += 1,
            Taken::Gap => self.counters.gaps += 1,
            Taken::Full => self.counters.ring_full += 1,
            Taken::Crowded => self.counters.held_full += 1,
        }
    }
}

impl Intake for Books {
    #[inline]
    fn wants_best(&self, instrument: InstrumentId, id: u64) -> bool {
        let Some(lane) = self.place(instrument).and_then(|place| self.lanes.get(place)) else {
            return false;
        };
        id > lane.best && lane.sequence.book_id().is_none_or(|book| id > book)
    }

    #[inline]
    fn take(&mut self, message: Message<'_>) {
        match message {
            Message::Best(row) => self.single(row, Stream::Best),
            Message::Trade(row) => self.single(row, Stream::Trade),
            Message::Depth { instrument, head, rows } => {
                if let Some(place) = self.place(instrument) {
                    self.depth(place, (head, rows));
                }
            }
            Message::Stale(instrument, at) => {
                self.counters.stale_best_dropped += 1;
                if let Some(place) = self.place(instrument) {
                    self.lanes[place].heard(Stream::Best, at);
                }
            }
            Message::Shutdown => {
                self.counters.shutdowns += 1;
                self.shutdown = true;
            }
            Message::Answer => {}
            Message::Unknown => self.counters.unknown_frames += 1,
        }
    }
}
