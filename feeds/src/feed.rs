//! A feed: keeps one connection to a venue's market streams alive and in order, and hands rows to
//! the engine's ring. It is polled; the tools start the threads.
//!
//! ```text
//!       dial ──▶ main ──(age, shutdown)──▶ main + next ──(all in step)──▶ close main, next is main
//!         ▲        │ lost
//!         └────────┴──▶ next, if there is one; else books are blanked, wait, dial
//! ```
//!
//! While two connections run, both feed the same books: diffs carry absolute quantities, so what
//! overlaps does no harm, and what one lacks the other has.

mod books;
mod connection;
mod counters;
mod lane;
mod limits;

pub use counters::Counters;
pub use limits::FeedLimits;

use crate::net::{Backoff, Dial, DialPort, Dialed, HttpReply, NetError, Pulse, Socket};
use crate::protocol::{DecodeError, Protocol};
use crate::sequence::Loaded;
use books::{Books, By};
use connection::Connection;
use engine::event::{Event, LinkState};
use engine::id::InstrumentId;
use engine::time::{Clock, Nanos, Trace};
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
    main: Option<Connection>,
    next: Option<Connection>,
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
            protocol,
            limits,
            dial,
            wishes,
            main: None,
            next: None,
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
        let mut done = self.read(By::Main, clock, trace);
        if self.next.is_some() {
            done += self.read(By::Next, clock, trace);
        }
        let now = clock.now();
        done += self.books.turn(now, self.main.is_some());
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
    pub const fn counters(&self) -> Counters {
        self.books.counted()
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
        [&self.main, &self.next].into_iter().flatten().map(Connection::socket)
    }

    /// Says good-bye on every connection.
    pub fn close(&mut self) {
        for connection in [&mut self.main, &mut self.next].into_iter().flatten() {
            connection.close();
        }
    }

    #[inline]
    fn read(&mut self, by: By, clock: &impl Clock, trace: &mut impl Trace) -> usize {
        let Self { protocol, books, main, next, refused, .. } = self;
        let connection = if by == By::Main { main } else { next };
        let Some(connection) = connection else { return 0 };
        match connection.read(protocol, (books, by), (clock, trace), refused) {
            Ok(frames) => frames,
            Err(error) => {
                self.lose(by, error, clock.now());
                1
            }
        }
    }

    /// A connection failed. When the other one stands, it goes on with that: the ids tell whether
    /// something is missing.
    fn lose(&mut self, by: By, error: NetError, now: Nanos) {
        self.lost = Some(error);
        self.books.counters.reconnects += 1;
        self.dial_at = now.after(self.backoff.next());
        let next = self.next.take();
        if by == By::Next {
            return;
        }
        let was_stale = self.main.take().is_some_and(|main| main.is_stale());
        match next {
            Some(next) => {
                self.main = Some(next);
                if was_stale {
                    self.books.link(LinkState::Fresh, now);
                }
            }
            None => self.books.disconnected(now),
        }
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
        self.books.counters.connects += 1;
        if self.main.is_none() {
            self.generation = self.generation.wrapping_add(1);
            self.books.connected(now);
            self.main = Some(connection);
        } else {
            for lane in &mut self.books.lanes {
                lane.in_step = false;
            }
            self.next = Some(connection);
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

    /// Pings, watches for silence, dials, and hands over to the next connection when it is in step.
    fn keep_connected(&mut self, now: Nanos) {
        for by in [By::Main, By::Next] {
            let connection = if by == By::Main { &mut self.main } else { &mut self.next };
            let Some(connection) = connection else { continue };
            match connection.look(now) {
                Ok(Pulse::Stale) if by == By::Main => {
                    self.books.counters.stale_connection += 1;
                    self.books.link(LinkState::Stale, now);
                }
                Ok(Pulse::Fresh) if by == By::Main => self.books.link(LinkState::Fresh, now),
                Ok(_) => {}
                Err(error) => self.lose(by, error, now),
            }
        }
        self.hand_over(now);
        let old = |main: &Connection| now.since(main.up_at) >= self.limits.rollover_after;
        let another = self.books.shutdown || self.main.as_ref().is_none_or(old);
        if another && self.next.is_none() && !self.dialling && now >= self.dial_at {
            self.dial_next();
        }
    }

    /// Asks for another connection. What is asked with is allocated here and nowhere else.
    #[cold]
    #[inline(never)]
    fn dial_next(&mut self) {
        let url = self.protocol.stream_url().to_string();
        self.dialling = self.dial.ask(Dial::WebSocket { tag: 0, url });
    }

    fn hand_over(&mut self, now: Nanos) {
        let Some(next) = &self.next else { return };
        let settled = now.since(next.up_at) >= self.limits.rollover_settle;
        let in_step = self.books.lanes.iter().all(|lane| lane.in_step);
        if !in_step && !settled {
            return;
        }
        let was_stale = self.main.as_ref().is_some_and(Connection::is_stale);
        if let Some(mut old) = std::mem::replace(&mut self.main, self.next.take()) {
            old.close();
        }
        if was_stale {
            self.books.link(LinkState::Fresh, now);
        }
        self.books.counters.rollovers += 1;
        self.books.shutdown = false;
    }

    fn ask_snapshots(&mut self, now: Nanos) {
        if self.main.is_none() {
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
