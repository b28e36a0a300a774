//! Where messages of all connections meet: they are put in order per instrument, repeats are
//! dropped, and what is left goes into the ring whole.

mod ask;
mod depth;
mod out;
mod take;
mod trades;

use super::lane::Lane;
use super::links::{PLACES, endpoint_of, number_of, places_of};
use super::topics::Topics;
use super::{Counters, FeedLimits};
use crate::net::NetError;
use crate::protocol::{Endpoint, Protocol, Stream};
use engine::event::{Body, Event, GapReason, Link, LinkState, flag};
use engine::id::{FeedId, InstrumentId};
use engine::time::Nanos;
use out::Out;
use rtrb::Producer;

/// All instruments of a feed and the ring that they share.
#[derive(Debug)]
pub(super) struct Books {
    /// Which feed this is, for rows that are about no instrument.
    feed: FeedId,
    pub endpoints: Vec<Endpoint>,
    /// The endpoint that brings the books.
    pub main: usize,
    pub lanes: Vec<Lane>,
    pub counters: Counters,
    /// The connection that is to replace another one.
    pub newcomer: Option<usize>,
    /// Connections that said that they go away, one bit a place.
    pub leaving: u32,
    /// What was asked for over the connection at each place.
    topics: Vec<Topics>,
    /// The connection that is being read.
    by: usize,
    /// Whether there are others to its endpoint.
    several: bool,
    now: Nanos,
    /// How often each connection was the first to bring something.
    firsts: [u64; PLACES],
    up: u32,
    hole_max: Nanos,
    answer_max: Nanos,
    places: Vec<Option<u16>>,
    out: Out,
    trouble: Option<NetError>,
}

impl Books {
    pub fn new(protocol: &impl Protocol, ring: Producer<Event>, limits: &FeedLimits) -> Self {
        let (instruments, endpoints) = (protocol.instruments(), protocol.endpoints());
        let last = instruments.iter().map(|instrument| instrument.id.index()).max();
        let mut places = vec![None; last.map_or(0, |last| last + 1)];
        for (place, instrument) in instruments.iter().enumerate() {
            places[instrument.id.index()] = u16::try_from(place).ok();
        }
        let brings = |one: &Endpoint| one.topics.iter().any(|topic| topic.stream == Stream::Depth);
        let rules = protocol.rules();
        let lane = |one| Lane::new(one, endpoints, &rules, limits);
        let topics = |place| {
            endpoints.get(endpoint_of(place)).map(|endpoint| Topics::new(endpoint, limits, place))
        };
        Self {
            feed: instruments.first().map_or(FeedId(0), |one| one.feed),
            endpoints: endpoints.to_vec(),
            main: endpoints.iter().position(brings).unwrap_or(0),
            lanes: instruments.iter().enumerate().map(lane).collect(),
            counters: Counters::default(),
            newcomer: None,
            leaving: 0,
            topics: (0..PLACES).map_while(topics).collect(),
            by: 0,
            several: false,
            now: Nanos::ZERO,
            firsts: [0; PLACES],
            up: 0,
            hole_max: limits.hole_max,
            answer_max: limits.answer_max,
            places,
            out: Out::new(ring),
            trouble: None,
        }
    }

    /// The counters with the rows that went out.
    pub fn counted(&self) -> Counters {
        let firsts = |number: usize| {
            let all = self.firsts.iter().enumerate();
            all.filter(|(place, _)| number_of(*place) == number).map(|(_, count)| count).sum()
        };
        Counters {
            rows: self.out.rows(),
            first_arrivals_1: firsts(0),
            first_arrivals_2: firsts(1),
            first_arrivals_3: firsts(2),
            first_arrivals_4: firsts(3),
            first_arrivals_5: firsts(4),
            ..self.counters
        }
    }

    /// Whether the reader of the ring is gone.
    pub fn abandoned(&self) -> bool {
        self.out.is_abandoned()
    }

    /// What is wrong with a topic, since this was asked last.
    pub fn trouble(&mut self) -> Option<NetError> {
        self.trouble.take()
    }

    /// The instrument's place among the lanes.
    #[inline]
    pub fn place(&self, instrument: InstrumentId) -> Option<usize> {
        self.places.get(instrument.index()).copied().flatten().map(usize::from)
    }

    /// Messages come from the connection at this place now.
    #[inline]
    pub fn reads(&mut self, place: usize, now: Nanos) {
        (self.by, self.now) = (place, now);
        self.several = (self.up & places_of(endpoint_of(place))).count_ones() > 1;
    }

    /// Tells the engine what became of the link; kept while the ring is full.
    pub fn link(&mut self, state: LinkState, at: Nanos) {
        let feed = InstrumentId(u16::from(self.feed.0));
        let body = Body::Link { link: Link::Market, state };
        let went = self.out.link(Event::new(at, feed, 0, body).with(flag::LAST));
        self.counters.links_dropped += u64::from(!went);
    }

    /// There is one more connection; whether it is the first one that brings books.
    pub fn joined(&mut self, place: usize, now: Nanos) -> bool {
        let main = places_of(self.main);
        let first = self.up & main == 0 && main >> place & 1 != 0;
        self.up |= 1 << place;
        self.lanes.iter_mut().for_each(|lane| lane.joined(place));
        if let Some(topics) = self.topics.get_mut(place) {
            topics.joined(now);
        }
        if first {
            self.link(LinkState::Up, now);
            let answer_max = self.answer_max;
            self.lanes.iter_mut().for_each(|lane| lane.connected(now, answer_max));
        }
        first
    }

    /// A connection was lost.
    pub fn lost(&mut self, place: usize, now: Nanos) {
        self.counters.reconnects += 1;
        self.left(place, now);
    }

    /// There is one connection less. Without one that brings books, they are blank.
    pub fn left(&mut self, place: usize, now: Nanos) {
        if self.up >> place & 1 == 0 {
            return;
        }
        self.up &= !(1 << place);
        self.leaving &= self.up;
        if let Some(topics) = self.topics.get_mut(place) {
            topics.left();
        }
        if endpoint_of(place) != self.main {
            return;
        }
        self.lanes.iter_mut().for_each(|lane| lane.left(place, now));
        if self.up & places_of(self.main) == 0 {
            for lane in &mut self.lanes {
                lane.sequence.stop(GapReason::Reconnect, now, &mut self.out);
                lane.ahead.clear();
            }
            return self.link(LinkState::Down, now);
        }
        for place in 0..self.lanes.len() {
            if self.lanes[place].chain.streamed {
                self.goes_on(place, GapReason::Reconnect, now);
            }
        }
    }

    /// Sends what waits for room and, while connected, breaks the books whose streams fell silent
    /// and gives up what no connection will bring.
    pub fn turn(&mut self, now: Nanos) -> usize {
        let sent = self.pump();
        if self.up & places_of(self.main) == 0 {
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

    fn pump(&mut self) -> usize {
        let mut sent = self.out.pump();
        for place in 0..self.lanes.len() {
            if self.lanes[place].sequence.waits() {
                let (sequence, mut way) = self.lanes[place].way(&mut self.out);
                sent += sequence.pump(&mut way);
                self.judge(place);
            }
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
}

#[cfg(test)]
mod tests;
