//! A feed: keeps connections to a venue's market streams alive and in order, and hands rows to the
//! engine's ring. It is polled; the tools start the threads.
//!
//! ```text
//!  dial ──▶ 1 … n connections ──(one is old, or leaves)──▶ n + 1 ──(newcomer in step)──▶ n
//!    ▲          │ one is lost: the others go on
//!    └──────────┴─ the last one is lost: books are blanked, wait
//! ```
//!
//! All connections feed the same books and the first arrival wins: what comes again is dropped by
//! its id, and what one lacks another has. Diffs carry absolute quantities, so overlaps do no harm.

mod ahead;
mod books;
mod connection;
mod counters;
mod lane;
mod limits;
mod links;

pub use counters::Counters;
pub use limits::FeedLimits;
pub use links::CONNECTIONS_MAX;

use crate::net::{Backoff, Dial, DialPort, Dialed, HttpReply, NetError, Pulse, Socket};
use crate::protocol::{DecodeError, Protocol, Ways};
use crate::sequence::Loaded;
use books::Books;
use connection::Connection;
use engine::event::{Event, LinkState};
use engine::id::InstrumentId;
use engine::time::{Clock, Nanos, Trace};
use links::{Links, PLACES};
use rtrb::{Consumer, Producer};

/// Most wishes of the engine heeded a turn.
const WISHES_MAX: usize = 64;

/// What a feed is joined to.
#[derive(Debug)]
pub struct FeedPorts {
    /// To the thread that dials; room for one connection and one request per instrument.
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
    /// Whether nothing comes over any connection, as the engine was told.
    silent: bool,
    /// Counts connections that did not follow on another; answers to older ones are not for us.
    generation: u16,
    dialling: bool,
    dial_at: Nanos,
    backoff: Backoff,
    lost: Option<NetError>,
    refused: Option<DecodeError>,
}

impl<P: Protocol> Feed<P> {
    /// Reserves all memory; dials on the first turn.
    pub fn new(protocol: P, limits: FeedLimits, ports: FeedPorts) -> Self {
        let FeedPorts { dial, events, wishes } = ports;
        Self {
            books: Books::new(protocol.instruments(), events, &limits),
            backoff: limits.reconnect(),
            links: Links::new(limits.connections),
            silent: false,
            protocol,
            limits,
            dial,
            wishes,
            generation: 0,
            dialling: false,
            dial_at: Nanos::ZERO,
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
        self.ask_snapshots(now);
        done
    }

    /// What was counted since the start.
    pub fn counters(&self) -> Counters {
        let Ways { plain, general } = self.protocol.ways();
        Counters { decode_plain: plain, decode_general: general, ..self.books.counted() }
    }

    /// Why the last connection or request failed, since this was asked last.
    pub fn lost(&mut self) -> Option<NetError> {
        self.lost.take()
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
            self.books.by = place;
            let (protocol, books) = (&mut self.protocol, &mut self.books);
            match connection.read(protocol, books, (clock, &mut *trace), &mut self.refused) {
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
        self.books.counters.reconnects += 1;
        self.dial_at = now.after(self.backoff.next());
        self.drop_link(place);
        if self.links.count() <= self.limits.connections {
            // Whoever was to replace another one is needed for itself.
            self.books.newcomer = None;
        }
        if self.links.is_empty() {
            self.silent = false;
            self.books.disconnected(now);
        }
    }

    fn drop_link(&mut self, place: usize) -> Option<Connection> {
        self.books.left(place);
        self.links.take(place)
    }

    fn answered(&mut self, answer: Dialed, now: Nanos) {
        match answer {
            Dialed::WebSocket { result, .. } => {
                self.dialling = false;
                match result {
                    Ok(socket) => self.connected(Connection::new(socket, &self.limits, now), now),
                    Err(error) => {
                        self.books.counters.connect_errors += 1;
                        self.dial_at = now.after(self.backoff.next());
                        self.lost = Some(error);
                    }
                }
            }
            Dialed::Http { tag, result } => {
                let (generation, place) = ((tag >> 16) as u16, usize::from(tag as u16));
                if generation == self.generation {
                    self.snapshot_came(place, result, now);
                }
            }
        }
    }

    fn connected(&mut self, connection: Connection, now: Nanos) {
        let counters = &mut self.books.counters;
        counters.connects += 1;
        counters.options_refused += connection.socket().refused().len() as u64;
        let first = self.links.is_empty();
        let Some(place) = self.links.insert(connection) else { return };
        self.books.joined(place);
        if first {
            self.generation = self.generation.wrapping_add(1);
            self.books.connected(now);
        }
        if self.links.count() > self.limits.connections {
            self.books.lanes.iter_mut().for_each(|lane| lane.in_step = false);
            self.books.newcomer = Some(place);
        }
    }

    fn snapshot_came(&mut self, place: usize, result: Result<HttpReply, NetError>, now: Nanos) {
        let (mut base, mut wait) = (false, Nanos::ZERO);
        match result {
            Ok(mut reply) if reply.status == 200 => {
                match self.protocol.on_snapshot(place, &mut reply.body, now) {
                    Ok(snapshot) => {
                        let loaded = self.books.snapshot(place, snapshot.last, snapshot.rows);
                        base = loaded == Some(Loaded::Base);
                        self.books.counters.snapshots += u64::from(base);
                        let old = loaded == Some(Loaded::TooOld);
                        self.books.counters.old_snapshots += u64::from(old);
                    }
                    Err(error) => {
                        self.books.counters.snapshot_errors += 1;
                        self.refused = Some(error);
                    }
                }
            }
            Ok(reply) => {
                self.books.counters.snapshot_errors += 1;
                wait = Nanos::from_s(u64::from(reply.retry_after_s.unwrap_or(0)));
                let at = self.protocol.snapshot_request(place);
                let at = at.map_or(String::new(), |request| request.url.clone());
                let why = format!("HTTP {}", reply.status);
                self.lost = Some(NetError::Request { at, why, sent: true });
            }
            Err(error) => {
                self.books.counters.snapshot_errors += 1;
                self.lost = Some(error);
            }
        }
        if let Some(lane) = self.books.lanes.get_mut(place) {
            lane.answered(base, now);
        }
        if wait != Nanos::ZERO {
            self.books.lanes.iter_mut().for_each(|lane| lane.wait_until(now.after(wait)));
        }
        if base {
            self.backoff.reset();
        }
    }

    /// Pings, watches for silence, dials, and lets a newcomer that is in step replace another one.
    fn keep_connected(&mut self, now: Nanos) {
        for place in 0..PLACES {
            let Some(connection) = self.links.at(place) else { continue };
            match connection.look(now) {
                Ok(Pulse::Stale) => self.books.counters.stale_connection += 1,
                Ok(_) => {}
                Err(error) => self.lose(place, error, now),
            }
        }
        self.tell_silence(now);
        self.hand_over(now);
        let replaces = self.books.newcomer.is_none() && self.leaver(now).is_some();
        let wanted = self.limits.connections + usize::from(replaces);
        if self.links.count() < wanted && !self.dialling && now >= self.dial_at {
            self.dial_next();
        }
    }

    /// Tells the engine when all connections fell silent, and when one of them speaks again.
    fn tell_silence(&mut self, now: Nanos) {
        let silent = !self.links.is_empty() && self.links.iter().all(|(_, one)| one.is_stale());
        if silent != self.silent {
            self.silent = silent;
            self.books.link(if silent { LinkState::Stale } else { LinkState::Fresh }, now);
        }
    }

    /// The connection to be replaced next: one that is going away, or the oldest of those that are
    /// too old.
    fn leaver(&self, now: Nanos) -> Option<usize> {
        let old = |one: &Connection| now.since(one.up_at) >= self.limits.rollover_after;
        let leaves = |place: usize| self.books.leaving >> place & 1 != 0;
        let others = self.links.iter().filter(|(place, _)| Some(*place) != self.books.newcomer);
        let leavers = others.filter(|(place, one)| leaves(*place) || old(one));
        let first = leavers.min_by_key(|(place, one)| (!leaves(*place), one.up_at));
        first.map(|(place, _)| place)
    }

    /// Asks for another connection. What is asked with is allocated here and nowhere else.
    #[cold]
    #[inline(never)]
    fn dial_next(&mut self) {
        let url = self.protocol.stream_url().to_string();
        self.dialling = self.dial.ask(Dial::WebSocket { tag: 0, url });
    }

    fn hand_over(&mut self, now: Nanos) {
        let Some(newcomer) = self.books.newcomer.and_then(|place| self.links.at(place)) else {
            return;
        };
        let settled = now.since(newcomer.up_at) >= self.limits.rollover_settle;
        let in_step = self.books.lanes.iter().all(|lane| lane.in_step);
        if !in_step && !settled {
            return;
        }
        if let Some(mut old) = self.leaver(now).and_then(|place| self.drop_link(place)) {
            old.close();
        }
        self.books.newcomer = None;
        self.books.counters.rollovers += 1;
    }

    fn ask_snapshots(&mut self, now: Nanos) {
        if self.links.is_empty() {
            return;
        }
        for (place, lane) in self.books.lanes.iter_mut().enumerate() {
            if lane.broke(now) {
                self.books.counters.resyncs += 1;
            }
            if !lane.asks(now) {
                continue;
            }
            let Some(request) = self.protocol.snapshot_request(place) else { continue };
            let tag = u32::from(self.generation) << 16 | (place as u32 & 0xffff);
            if self.dial.ask(Dial::Ready { tag, request }) {
                lane.asked();
            }
        }
    }
}
