//! Where messages of all connections meet: they are put in order per instrument, repeats are
//! dropped, and what is left goes into the ring whole.

use super::lane::{Lane, Stream};
use super::links::PLACES;
use super::{Counters, FeedLimits};
use crate::net::ring::RowSink;
use crate::protocol::{Intake, Message};
use crate::sequence::{DiffHead, Loaded, Taken};
use engine::event::{Body, Event, GapReason, Link, LinkState, flag};
use engine::id::{FeedId, InstrumentId};
use engine::instrument::Instrument;
use engine::time::Nanos;
use rtrb::Producer;
use std::collections::VecDeque;

/// Most changes of the link's state that wait for room.
const LINKS_MAX: usize = 16;

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
    /// Which feed this is, for rows that are about no instrument.
    feed: FeedId,
    pub lanes: Vec<Lane>,
    pub counters: Counters,
    /// The connection that is being read.
    pub by: usize,
    /// The connection that is to replace another one.
    pub newcomer: Option<usize>,
    /// Connections that said that they go away, one bit a place.
    pub leaving: u32,
    /// How often each connection was the first to bring something.
    firsts: [u64; PLACES],
    up: u32,
    several: bool,
    hole_max: Nanos,
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
            feed: instruments.first().map_or(FeedId(0), |one| one.feed),
            lanes: lanes.map(|(place, i)| Lane::new(i.id, place, limits)).collect(),
            counters: Counters::default(),
            by: 0,
            newcomer: None,
            leaving: 0,
            firsts: [0; PLACES],
            up: 0,
            several: false,
            hole_max: limits.hole_max,
            places,
            out: Out { ring, rows: 0 },
            links: VecDeque::with_capacity(LINKS_MAX),
        }
    }

    /// The counters with the rows that went out.
    pub const fn counted(&self) -> Counters {
        let [one, two, three, four, five] = self.firsts;
        Counters {
            rows: self.out.rows,
            first_arrivals_1: one,
            first_arrivals_2: two,
            first_arrivals_3: three,
            first_arrivals_4: four,
            first_arrivals_5: five,
            ..self.counters
        }
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
        let feed = InstrumentId(u16::from(self.feed.0));
        let body = Body::Link { link: Link::Market, state };
        self.links.push_back(Event::new(at, feed, 0, body).with(flag::LAST));
        self.pump();
    }

    /// There is one more connection.
    pub fn joined(&mut self, place: usize) {
        self.set_up(self.up | 1 << place);
        self.lanes.iter_mut().for_each(|lane| lane.joined(place));
    }

    /// There is one connection less.
    pub fn left(&mut self, place: usize) {
        self.set_up(self.up & !(1 << place));
        self.leaving &= self.up;
    }

    const fn set_up(&mut self, up: u32) {
        self.up = up;
        self.several = up.count_ones() > 1;
    }

    /// A connection that does not follow on another one is up.
    pub fn connected(&mut self, now: Nanos) {
        self.link(LinkState::Up, now);
        for lane in &mut self.lanes {
            lane.connected(now);
        }
    }

    /// No connection is left.
    pub fn disconnected(&mut self, now: Nanos) {
        for lane in &mut self.lanes {
            lane.sequence.stop(GapReason::Reconnect, now, &mut self.out);
            lane.ahead.clear();
        }
        self.link(LinkState::Down, now);
    }

    /// Sends what waits for room and, while connected, breaks the books whose streams fell silent
    /// and gives up what no connection will bring.
    pub fn turn(&mut self, now: Nanos) -> usize {
        let sent = self.pump();
        if self.up == 0 {
            return sent;
        }
        for place in 0..self.lanes.len() {
            let lane = &mut self.lanes[place];
            if lane.turns_stale(now) {
                self.counters.stale_stream += 1;
                lane.sequence.restart(GapReason::Stale, now, &mut self.out);
            }
            if let Some((book, since)) = lane.sequence.hole() {
                let slowest = lane.slowest(Stream::Depth, self.up);
                if slowest > book || now.since(since) >= self.hole_max {
                    self.counters.gaps += 1;
                    lane.sequence.give_up(now, &mut self.out);
                }
            }
            if !lane.ahead.is_empty() {
                self.release(place, now);
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

    /// Another connection was the first to bring something, or this one.
    #[inline]
    fn arrived(&mut self, first: bool) {
        if self.several {
            self.firsts[self.by] += u64::from(first);
            self.counters.late_arrivals += u64::from(!first);
        }
    }

    #[inline]
    fn best(&mut self, row: Event) {
        let Some(place) = self.place(row.instrument) else { return };
        let lane = &mut self.lanes[place];
        lane.heard(Stream::Best, row.at);
        lane.best = row.id;
        self.arrived(true);
        self.single(place, row);
    }

    #[inline]
    fn trade(&mut self, row: Event) {
        let Some(place) = self.place(row.instrument) else { return };
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.heard(Stream::Trade, row.at);
        lane.told(by, Stream::Trade, row.id);
        if row.id <= lane.trade {
            self.counters.repeated_trades += 1;
            return self.arrived(false);
        }
        let next = lane.trade == 0 || row.id == lane.trade + 1;
        if !lane.ahead.is_empty() || self.several && !next {
            return self.overtaking(place, row);
        }
        self.arrived(true);
        self.pass(place, row);
    }

    /// A trade that is not the next one, or behind which others wait.
    #[cold]
    fn overtaking(&mut self, place: usize, row: Event) {
        if let Some(first) = self.lanes[place].ahead.first().filter(|_| self.is_full(place)) {
            self.lanes[place].ahead.pop();
            self.pass(place, first);
        }
        let first = self.lanes[place].ahead.hold(row);
        self.arrived(first);
        self.counters.repeated_trades += u64::from(!first);
        self.release(place, row.at);
        let waits = self.lanes[place].trade < row.id;
        self.counters.held_ahead += u64::from(first && waits);
    }

    fn is_full(&self, place: usize) -> bool {
        !self.lanes[place].ahead.has_room()
    }

    /// Passes on the trades held that are next, or whose forerunners no connection will bring.
    #[cold]
    fn release(&mut self, place: usize, now: Nanos) {
        while let Some(first) = self.lanes[place].ahead.first() {
            let lane = &mut self.lanes[place];
            let next = lane.trade + 1;
            let awaited = first.id > next
                && lane.slowest(Stream::Trade, self.up) < next
                && now.since(first.at) < self.hole_max;
            if awaited {
                return;
            }
            lane.ahead.pop();
            if first.id >= next {
                self.pass(place, first);
            }
        }
    }

    /// Passes on a trade; those between it and the last one never came.
    #[inline]
    fn pass(&mut self, place: usize, row: Event) {
        let lane = &mut self.lanes[place];
        if lane.trade != 0 {
            self.counters.missed_trades += row.id - (lane.trade + 1);
        }
        lane.trade = row.id;
        self.single(place, row);
    }

    #[inline]
    fn single(&mut self, place: usize, row: Event) {
        if !self.out.message(&[row]) {
            self.counters.ring_full += 1;
            let lane = &mut self.lanes[place];
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
        lane.told(by, Stream::Depth, head.last);
        let slowest = match self.several {
            true => lane.slowest(Stream::Depth, self.up),
            false => head.last,
        };
        let taken = lane.sequence.on_one_of(head, rows, slowest, &mut self.out);
        if self.newcomer == Some(by) {
            // Ahead of the book, or without one, it could not yet do alone.
            lane.in_step |= matches!(taken, Taken::Applied | Taken::Old)
                && lane.sequence.book_id().is_some_and(|book| head.before <= book);
        }
        let ahead = taken == Taken::Held && lane.sequence.hole().is_some();
        self.arrived(taken != Taken::Old);
        match taken {
            Taken::Applied => {}
            Taken::Held => self.counters.held_ahead += u64::from(ahead),
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
            Message::Best(row) => self.best(row),
            Message::Trade(row) => self.trade(row),
            Message::Depth { instrument, head, rows } => {
                if let Some(place) = self.place(instrument) {
                    self.depth(place, (head, rows));
                }
            }
            Message::Stale(instrument, at) => {
                self.counters.stale_best_dropped += 1;
                self.arrived(false);
                if let Some(place) = self.place(instrument) {
                    self.lanes[place].heard(Stream::Best, at);
                }
            }
            Message::Shutdown => {
                self.counters.shutdowns += 1;
                self.leaving |= 1 << self.by;
            }
            Message::Answer => {}
            Message::Unknown => self.counters.unknown_frames += 1,
        }
    }
}

#[cfg(test)]
mod tests;
