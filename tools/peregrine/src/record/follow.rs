//! Follows one venue: keeps a connection up, replaces it before the venue ends it, and asks for a
//! snapshot of each book after the first depth frame of each connection.

use super::link::{Link, readable};
use super::now;
use super::outlet::{Closed, Entry, Outlet, Sent, What};
use super::source::{Routed, Source, snapshot_id};
use super::tally::{Tally, add};
use crate::exit::Failure;
use engine::time::Nanos;
use feeds::net::{Backoff, Dial, DialPort, Dialed, Dialer, HttpReply, NetError, dial_pair};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How often connections, snapshots and answers are looked at.
const TURN: Duration = Duration::from_millis(20);
/// Pause before a snapshot is asked for again.
const AGAIN: Nanos = Nanos::from_ms(1_000);
/// How long two connections overlap at most.
const OVERLAP: Nanos = Nanos::from_ms(10_000);
/// How long a venue may say nothing of a book before its snapshot is asked for all the same: an
/// instrument that does not exist is as quiet as one that nobody trades.
const QUIET: Nanos = Nanos::from_ms(5_000);
const LOST: &str = "the connection was lost";
/// The tag of connections; snapshots have their instrument's place behind it.
const STREAM: u32 = 0;

/// Where the snapshot of a book stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Snapshot {
    /// The connection has sent no depth of it yet.
    Early,
    /// To be asked for at this time.
    Due(Nanos),
    /// Asked for.
    Asked,
    /// In the file.
    Kept,
}

#[derive(Clone, Copy, Debug)]
struct Book {
    snapshot: Snapshot,
    /// The first update id after the break that the snapshot is to bridge.
    first_id: u64,
    /// Whether one was ever kept.
    ever: bool,
}

/// Why a venue is not followed any more.
enum End {
    /// It was asked to stop, or nobody writes any more, who says why.
    Over,
    /// It cannot be recorded.
    Failed(Failure),
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Over
    }
}

/// Follows one venue.
pub struct Follower {
    source: Source,
    outlet: Outlet,
    wants: mpsc::Receiver<usize>,
    port: DialPort,
    dialer: Option<Dialer>,
    began: Instant,
    /// One, or two while the newer takes over.
    links: Vec<Link>,
    dialing: bool,
    leaving: bool,
    connects: u64,
    retry_at: Nanos,
    backoff: Backoff,
    books: Vec<Book>,
    tally: Arc<Tally>,
}

impl Follower {
    /// Of this source into this outlet.
    pub fn new(
        source: Source,
        outlet: Outlet,
        wants: mpsc::Receiver<usize>,
        tally: &Arc<Tally>,
    ) -> Self {
        let (port, dialer) = dial_pair(2);
        let feed = source.feed;
        let seed = now().0;
        let book = Book { snapshot: Snapshot::Early, first_id: 0, ever: false };
        Self {
            outlet,
            wants,
            port,
            dialer: Some(dialer),
            began: Instant::now(),
            links: Vec::new(),
            dialing: false,
            leaving: false,
            connects: 0,
            retry_at: Nanos(0),
            backoff: Backoff::new(feed.backoff_min, feed.backoff_max, 2, 50, seed),
            books: vec![book; source.symbols.len()],
            tally: Arc::clone(tally),
            source,
        }
    }

    /// Its own clock, which never goes back.
    fn clock(&self) -> Nanos {
        Nanos(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Follows until it is told to stop, or until nobody writes any more.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> Result<(), Failure> {
        if let Some(dialer) = self.dialer.take() {
            // It ends with the port.
            tokio::spawn(dialer.run());
        }
        let mut turn = tokio::time::interval(TURN);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let end = loop {
            let done = tokio::select! {
                _ = stop.changed() => Err(End::Over),
                place = readable(&self.links) => self.read(place),
                _ = turn.tick() => self.turn(),
            };
            match done {
                Ok(()) => {}
                Err(End::Over) => break Ok(()),
                Err(End::Failed(failure)) => break Err(failure),
            }
        };
        self.links.drain(..).for_each(Link::close);
        self.outlet.close();
        end
    }

    fn read(&mut self, place: usize) -> Result<(), End> {
        let heard_at = self.clock();
        let Some(mut link) = (place < self.links.len()).then(|| self.links.remove(place)) else {
            return Ok(());
        };
        let newest = place == self.links.len();
        let mut closed = false;
        let read = link.read(heard_at, |at, text| {
            closed |= self.frame(newest, at, text).is_err();
        });
        self.settle(place, link, read);
        if closed { Err(End::Over) } else { Ok(()) }
    }

    /// Puts a link back that is well, or tells of its loss.
    fn settle(&mut self, place: usize, link: Link, read: Result<(), NetError>) {
        match read {
            Ok(()) => {
                if link.heard {
                    self.backoff.reset();
                }
                self.links.insert(place.min(self.links.len()), link);
            }
            Err(error) => self.lost(&error),
        }
    }

    fn lost(&mut self, error: &NetError) {
        tracing::warn!("{}: {error}", self.source.venue);
        self.retry_at = self.clock().after(self.backoff.next());
        if !self.links.is_empty() {
            // The other one goes on.
            return;
        }
        self.leaving = false;
        for place in 0..self.books.len() {
            self.outlet.mark(place, now(), LOST);
            self.books[place].snapshot = Snapshot::Early;
        }
    }

    /// Takes one frame of the newest connection, or of the one before.
    fn frame(&mut self, newest: bool, at: Nanos, text: &[u8]) -> Result<(), Closed> {
        let Routed { place, first_id, leaving } = self.source.route(text);
        if leaving {
            tracing::info!("{}: the server goes away; connecting anew", self.source.venue);
            self.leaving = true;
        }
        let sent = self.outlet.send(Entry { place, at, what: What::Frame(text.into()) })?;
        let clock = self.clock();
        let Some(book) = self.books.get_mut(place) else { return Ok(()) };
        match (book.snapshot, first_id) {
            (Snapshot::Early, Some(id)) if newest => {
                book.first_id = id;
                book.snapshot = Snapshot::Due(clock);
            }
            // Some are missing: a snapshot bridges them.
            (Snapshot::Kept, _) if sent == Sent::KeptAfterGap => book.snapshot = Snapshot::Early,
            _ => {}
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), End> {
        let clock = self.clock();
        while let Some(answer) = self.port.poll() {
            match answer {
                Dialed::WebSocket { result, .. } => self.connected(clock, result)?,
                Dialed::Http { tag, result } => {
                    let place = (tag as usize).saturating_sub(1);
                    self.snapshot(place, result)?;
                }
            }
        }
        for place in (0..self.links.len()).rev() {
            if let Err(error) = self.links[place].look(clock) {
                self.links.remove(place);
                self.lost(&error);
            }
        }
        self.take_over(clock);
        let old = self.links.first().is_some_and(|link| {
            let age = clock.since(link.up_at);
            self.leaving || age >= self.source.feed.roll_over
        });
        let wanted = self.links.is_empty() || (self.links.len() == 1 && old);
        if wanted && !self.dialing && clock >= self.retry_at {
            let url = self.source.stream_url.clone();
            self.dialing = self.port.ask(Dial::WebSocket { tag: STREAM, url });
        }
        self.ask_snapshot(clock);
        Ok(())
    }

    fn connected(
        &mut self,
        clock: Nanos,
        result: Result<Box<feeds::net::Socket>, NetError>,
    ) -> Result<(), End> {
        self.dialing = false;
        let feed = self.source.feed;
        let beat = (feed.ping_every, feed.connection_stale);
        let link = result.and_then(|socket| {
            let at = socket.at().to_owned();
            Link::new(socket, beat, clock)
                .map_err(|error| NetError::Io { at, why: error.to_string() })
        });
        let mut link = match link {
            Ok(link) => link,
            Err(error) => {
                tracing::warn!("{}: {error}", self.source.venue);
                self.retry_at = clock.after(self.backoff.next());
                return Ok(());
            }
        };
        self.connects += 1;
        self.leaving = false;
        add(&self.tally.reconnects, u64::from(self.connects > 1));
        for book in &mut self.books {
            book.snapshot = Snapshot::Early;
        }
        let mut closed = false;
        let read = link.frames(now(), |at, text| closed |= self.frame(true, at, text).is_err());
        self.settle(self.links.len(), link, read);
        if closed { Err(End::Over) } else { Ok(()) }
    }

    /// Ends the older of two connections when the newer one carries every book.
    fn take_over(&mut self, clock: Nanos) {
        let [_, newer] = self.links.as_slice() else { return };
        let carries = self.books.iter().all(|book| book.snapshot != Snapshot::Early);
        if (newer.heard && carries) || clock.since(newer.up_at) >= OVERLAP {
            self.links.remove(0).close();
        }
    }

    fn ask_snapshot(&mut self, clock: Nanos) {
        while let Ok(place) = self.wants.try_recv() {
            if let Some(book) = self.books.get_mut(place)
                && book.snapshot == Snapshot::Kept
            {
                (book.snapshot, book.first_id) = (Snapshot::Due(clock), 0);
            }
        }
        let up = self.links.last().is_some_and(|link| clock.since(link.up_at) >= QUIET);
        for book in self.books.iter_mut().filter(|book| up && book.snapshot == Snapshot::Early) {
            (book.snapshot, book.first_id) = (Snapshot::Due(clock), 0);
        }
        // One at a time: a venue counts them dearly.
        if self.links.is_empty() || self.books.iter().any(|one| one.snapshot == Snapshot::Asked) {
            return;
        }
        let due = |book: &Book| matches!(book.snapshot, Snapshot::Due(at) if at <= clock);
        let Some(place) = self.books.iter().position(due) else { return };
        let Some(request) = self.source.snapshot_request(place) else { return };
        let tag = u32::try_from(place + 1).unwrap_or(u32::MAX);
        if self.port.ask(Dial::Http { tag, request }) {
            self.books[place].snapshot = Snapshot::Asked;
        }
    }

    /// Takes an answer to a snapshot request. A fault that stays is an error.
    fn snapshot(&mut self, place: usize, result: Result<HttpReply, NetError>) -> Result<(), End> {
        let (at, clock) = (now(), self.clock());
        let Some(book) = self.books.get_mut(place) else { return Ok(()) };
        if book.snapshot != Snapshot::Asked {
            // The connection that it belongs to is gone.
            return Ok(());
        }
        book.snapshot = Snapshot::Due(clock.after(AGAIN));
        let symbol = &self.source.symbols[place];
        let reply = match result {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!("snapshot of {symbol}: {error}");
                return Ok(());
            }
        };
        let id = snapshot_id(&reply.body).filter(|_| reply.status == 200);
        let Some(id) = id else {
            let told = String::from_utf8_lossy(&reply.body[..reply.body.len().min(200)]);
            let message = format!("snapshot of {symbol}: answered {}: {told}", reply.status);
            if reply.status == 400 && !book.ever {
                return Err(End::Failed(Failure::error(format!("{message}; check the symbol"))));
            }
            tracing::warn!("{message}");
            let wait = Nanos::from_s(reply.retry_after_s.unwrap_or(1).into());
            book.snapshot = Snapshot::Due(clock.after(wait.max(AGAIN)));
            return Ok(());
        };
        if id + 1 < book.first_id {
            tracing::info!("snapshot of {symbol} is older than its stream; asking again");
            return Ok(());
        }
        let what = What::Snapshot(reply.body.into());
        if self.outlet.send(Entry { place, at, what })? != Sent::Dropped {
            (book.snapshot, book.ever) = (Snapshot::Kept, true);
        }
        Ok(())
    }
}
