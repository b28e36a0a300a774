//! A feed: keeps connections to a venue's market streams alive and in order, and hands rows to the
//! engine's ring. It is polled; the tools start the threads.
//!
//! ```text
//!  dial ──▶ 1 … n connections ──(one is old, or leaves)──▶ n + 1 ──(newcomer in step)──▶ n
//!    ▲          │ one is lost: the others go on
//!    └──────────┴─ the last one is lost: books are blanked, wait
//! ```
//!
//! That holds for each endpoint of the venue. All connections feed the same books and the first
//! arrival wins: what comes again is dropped by its id, and what one lacks another has. Diffs carry
//! absolute quantities, so overlaps do no harm. What URLs do not name is subscribed to by requests,
//! each of which is answered or made again; a book that comes over its stream is asked for by
//! leaving its topic and subscribing to it again.

mod ahead;
mod books;
mod chain;
mod connection;
mod counters;
mod doors;
mod lane;
mod limits;
mod links;
mod playback;
mod prints;
mod topics;

#[cfg(test)]
mod conformance;

pub use counters::Counters;
pub use limits::FeedLimits;
pub use links::{CONNECTIONS_MAX, ENDPOINTS_MAX};
pub use playback::Playback;

use crate::net::{Dial, DialPort, Dialed, NetError, Pulse, Socket};
use crate::protocol::{DecodeError, Protocol, Ways};
use books::Books;
use connection::Connection;
use doors::Doors;
use engine::event::{Event, LinkState};
use engine::id::InstrumentId;
use engine::time::{Clock, Nanos, Trace};
use links::{Links, endpoint_of};
use rtrb::{Consumer, Producer};

/// Most wishes of the engine heeded a turn.
const WISHES_MAX: usize = 64;
/// Most requests sent over one connection a turn.
const REQUESTS_MAX: usize = 8;
/// Room for a request, bytes.
const REQUEST_LEN: usize = 16 * 1024;

/// What a feed is joined to.
#[derive(Debug)]
pub struct FeedPorts {
    /// To the thread that dials; room for one connection per endpoint and one request per
    /// instrument.
    pub dial: DialPort,
    /// To the engine.
    pub events: Producer<Event>,
    /// From the engine: books that it wants anew.
    pub wishes: Consumer<InstrumentId>,
}

/// The agent of one venue's market streams.
#[derive(Debug)]
pub struct Feed<P: Protocol> {
    protocol: P,
    limits: FeedLimits,
    dial: DialPort,
    wishes: Consumer<InstrumentId>,
    books: Books,
    links: Links,
    doors: Doors,
    /// Whether nothing comes over an endpoint, as the engine was told.
    silent: bool,
    /// Counts main connections that did not follow on another; answers to older ones are not for
    /// us.
    generation: u16,
    /// How many books came whole, as of the last turn.
    based: u64,
    request: Vec<u8>,
    lost: Option<NetError>,
    refused: Option<DecodeError>,
}

impl<P: Protocol> Feed<P> {
    /// Reserves all memory; dials on the first turn.
    pub fn new(protocol: P, limits: FeedLimits, ports: FeedPorts) -> Self {
        let FeedPorts { dial, events, wishes } = ports;
        let endpoints = protocol.endpoints().len().min(ENDPOINTS_MAX);
        Self {
            books: Books::new(&protocol, events, &limits),
            links: Links::new(limits.connections * endpoints),
            doors: Doors::new(endpoints, &limits),
            silent: false,
            protocol,
            limits,
            dial,
            wishes,
            generation: 0,
            based: 0,
            request: Vec::with_capacity(REQUEST_LEN),
            lost: None,
            refused: None,
        }
    }

    /// One turn: reads what is there, keeps connections and books, never waits. Returns how much
    /// was done; 0 means that a waiting strategy may wait.
    #[inline]
    pub fn work<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        self.read(clock, trace) + self.tend(clock)
    }

    /// The second half of [`Feed::work`], behind [`Feed::read`]: connections and books are kept.
    pub fn tend<C: Clock>(&mut self, clock: &C) -> usize {
        let now = clock.now();
        let mut done = self.books.turn(now);
        for _ in 0..WISHES_MAX {
            let Ok(instrument) = self.wishes.pop() else { break };
            self.books.wish(instrument);
            done += 1;
        }
        while let Some(answer) = self.dial.poll() {
            self.answered(answer, now);
            done += 1;
        }
        self.keep_connected(now);
        self.ask_books(now);
        self.send_requests(now);
        done
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        let Ways { plain, general } = self.protocol.ways();
        Counters { decode_plain: plain, decode_general: general, ..self.books.counted() }
    }

    /// Why the last connection, request or subscription failed, since this was asked last.
    pub fn lost(&mut self) -> Option<NetError> {
        self.lost.take().or_else(|| self.books.trouble())
    }

    /// Why the last frame or snapshot was refused, since this was asked last.
    pub fn refused(&mut self) -> Option<DecodeError> {
        self.refused.take()
    }

    /// Whether the book of this instrument is whole.
    pub fn in_sync(&self, instrument: InstrumentId) -> bool {
        let lane = self.books.place(instrument).and_then(|place| self.books.lanes.get(place));
        lane.is_some_and(|lane| lane.sequence.book_id().is_some())
    }

    /// Whether nobody reads the ring any more.
    pub fn abandoned(&self) -> bool {
        self.books.abandoned()
    }

    /// Its sockets, for a thread that parks until something came.
    pub fn sockets(&self) -> impl Iterator<Item = &Socket> {
        self.links.sockets()
    }

    /// Says good-bye on every connection.
    pub fn close(&mut self) {
        self.links.iter_mut().for_each(Connection::close);
    }

    /// The first half of [`Feed::work`]: what is there is read, and its rows are handed on.
    #[inline]
    pub fn read<C: Clock, T: Trace>(&mut self, clock: &C, trace: &mut T) -> usize {
        let (mut places, mut done) = (self.links.to_read(), 0);
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            places &= places - 1;
            let Some(connection) = self.links.at(place) else { continue };
            let (protocol, books) = (&mut self.protocol, &mut self.books);
            let way = (clock, &mut *trace);
            match connection.read(place, protocol, books, way, &mut self.refused) {
                Ok(frames) => done += frames,
                Err(error) => {
                    self.lose(place, error, clock.now());
                    done += 1;
                }
            }
        }
        done
    }

    /// A connection failed. While another one stands, it goes on with that: the ids tell whether
    /// something is missing.
    #[cold]
    fn lose(&mut self, place: usize, error: NetError, now: Nanos) {
        self.lost = Some(error);
        let endpoint = endpoint_of(place);
        self.books.lost(place, now);
        if let Some(old) = self.links.take(place)
            && now.since(old.up_at) >= self.limits.reconnect_max
        {
            self.doors.well(endpoint);
        }
        self.doors.wait(endpoint, now);
        let newcomer = self.books.newcomer;
        if newcomer.is_some_and(|newcomer| endpoint_of(newcomer) == endpoint)
            && self.links.count(endpoint) <= self.limits.connections
        {
            // Whoever was to replace another one is needed for itself.
            self.books.newcomer = None;
        }
        if self.links.count(self.books.main) == 0 {
            self.silent = false;
        }
    }

    fn answered(&mut self, answer: Dialed, now: Nanos) {
        match answer {
            Dialed::WebSocket { tag, result } => {
                let endpoint = tag as usize;
                self.doors.answered(endpoint);
                match result {
                    Ok(socket) => self.connected(endpoint, socket, now),
                    Err(error) => {
                        self.books.counters.connect_errors += 1;
                        self.doors.wait(endpoint, now);
                        self.lost = Some(error);
                    }
                }
            }
            Dialed::Http { tag, result } => {
                let (generation, place) = ((tag >> 16) as u16, usize::from(tag as u16));
                if generation == self.generation
                    && let Err(error) = self.books.answered(place, &mut self.protocol, result, now)
                {
                    self.refused = Some(error);
                }
            }
        }
    }

    fn connected(&mut self, endpoint: usize, socket: Box<Socket>, now: Nanos) {
        let Some(ping) = self.books.endpoints.get(endpoint).map(|one| one.ping) else { return };
        let connection = Connection::new(socket, &self.limits, ping, now);
        let counters = &mut self.books.counters;
        counters.connects += 1;
        counters.options_refused += connection.socket().refused().len() as u64;
        let Some(place) = self.links.insert(endpoint, connection) else { return };
        if self.books.joined(place, now) {
            self.generation = self.generation.wrapping_add(1);
        }
        if self.links.count(endpoint) > self.limits.connections {
            self.books.lanes.iter_mut().for_each(|lane| lane.in_step = false);
            self.books.newcomer = Some(place);
        }
    }

    /// Pings, watches for silence, dials, and lets a newcomer that is in step replace another one.
    fn keep_connected(&mut self, now: Nanos) {
        for place in self.links.places() {
            let Some(connection) = self.links.at(place) else { continue };
            match connection.look(now) {
                Ok(Pulse::Stale) => self.books.counters.stale_connection += 1,
                Ok(_) => {}
                Err(error) => {
                    self.lose(place, error, now);
                    continue;
                }
            }
            if !self.books.look(place, now)
                && let Some(error) = self.books.trouble()
            {
                self.lose(place, error, now);
            }
        }
        self.tell_silence(now);
        self.hand_over(now);
        if self.books.counters.snapshots != self.based {
            self.based = self.books.counters.snapshots;
            self.doors.well(self.books.main);
        }
        for endpoint in 0..self.doors.count() {
            let replaces = self.books.newcomer.is_none() && self.leaver(endpoint, now).is_some();
            let wanted = self.limits.connections + usize::from(replaces);
            if self.links.count(endpoint) < wanted && self.doors.opens(endpoint, now) {
                self.dial_next(endpoint);
            }
        }
    }

    /// Tells the engine when nothing comes over one of the endpoints, and when all speak again.
    fn tell_silence(&mut self, now: Nanos) {
        let speaks = |endpoint: usize| {
            let mut own = self.links.iter().filter(|(place, _)| endpoint_of(*place) == endpoint);
            own.any(|(_, one)| !one.is_stale())
        };
        let up = self.links.count(self.books.main) > 0;
        let silent = up && !(0..self.doors.count()).all(speaks);
        if silent != self.silent {
            self.silent = silent;
            self.books.link(if silent { LinkState::Stale } else { LinkState::Fresh }, now);
        }
    }

    /// The connection to an endpoint that is to be replaced next: one that is going away, or the
    /// oldest of those that are too old.
    fn leaver(&self, endpoint: usize, now: Nanos) -> Option<usize> {
        let old = |one: &Connection| now.since(one.up_at) >= self.limits.rollover_after;
        let leaves = |place: usize| self.books.leaving >> place & 1 != 0;
        let own = self.links.iter().filter(|(place, _)| endpoint_of(*place) == endpoint);
        let others = own.filter(|(place, _)| Some(*place) != self.books.newcomer);
        let leavers = others.filter(|(place, one)| leaves(*place) || old(one));
        let first = leavers.min_by_key(|(place, one)| (!leaves(*place), one.up_at));
        first.map(|(place, _)| place)
    }

    /// Asks for another connection. What is asked with is allocated here and nowhere else.
    #[cold]
    #[inline(never)]
    fn dial_next(&mut self, endpoint: usize) {
        let Some(url) = self.books.endpoints.get(endpoint).map(|one| one.url.clone()) else {
            return;
        };
        if self.dial.ask(Dial::WebSocket { tag: endpoint as u32, url }) {
            self.doors.dialled(endpoint);
        }
    }

    fn hand_over(&mut self, now: Nanos) {
        let Some(place) = self.books.newcomer else { return };
        let Some(newcomer) = self.links.at(place) else { return };
        let settled = now.since(newcomer.up_at) >= self.limits.rollover_settle;
        if !settled && !self.books.is_in_step(place) {
            return;
        }
        if let Some(leaver) = self.leaver(endpoint_of(place), now) {
            self.books.left(leaver, now);
            if let Some(mut old) = self.links.take(leaver) {
                old.close();
            }
        }
        self.books.newcomer = None;
        self.books.counters.rollovers += 1;
    }

    /// Asks for the books that are wanted: over HTTP, or by a subscription.
    fn ask_books(&mut self, now: Nanos) {
        if self.links.count(self.books.main) == 0 {
            return;
        }
        for place in 0..self.books.lanes.len() {
            let request = || self.protocol.snapshot_request(place);
            let Some(request) = self.books.ask(place, now, request) else { continue };
            let tag = u32::from(self.generation) << 16 | (place as u32 & 0xffff);
            if self.dial.ask(Dial::Ready { tag, request }) {
                self.books.lanes[place].asked();
            }
        }
    }

    /// Sends what is asked of the venue over connections.
    fn send_requests(&mut self, now: Nanos) {
        for place in self.links.places() {
            for _ in 0..REQUESTS_MAX {
                let Some(connection) = self.links.at(place) else { break };
                let (protocol, out) = (&self.protocol, &mut self.request);
                if !self.books.write_request(place, now, protocol, out) {
                    break;
                }
                if let Err(error) = connection.send(out) {
                    self.lose(place, error, now);
                    break;
                }
            }
        }
    }
}
