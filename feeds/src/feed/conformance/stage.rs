//! A feed without sockets: connections come up and go, frames are read, requests are collected, and
//! rows become text.

use super::scribe::{Scribe, Wanted};
use crate::feed::FeedLimits;
use crate::feed::books::Books;
use crate::feed::links::{CONNECTIONS_MAX, ENDPOINTS_MAX};
use crate::net::frame::SPARE;
use crate::net::{HttpReply, NetError, Payload};
use crate::protocol::{DecodeError, Protocol};
use engine::book::{Book, Change};
use engine::event::{Body, Event, LinkState, flag};
use engine::id::{InstrumentId, Side};
use engine::time::Nanos;
use rtrb::{Consumer, RingBuffer};

/// The instrument of all scripts.
pub const INSTRUMENT: InstrumentId = InstrumentId(2);
/// Rows in the ring, at most.
const RING: usize = 10_000;
/// Places of an endpoint.
const EACH: usize = CONNECTIONS_MAX + 1;

/// A feed without sockets.
pub struct Stage<S: Scribe> {
    pub scribe: S,
    pub dialect: S::Dialect,
    pub books: Books,
    ring: Consumer<Event>,
    pub now: Nanos,
    /// Requests that were not answered yet, with the place of their connection.
    pub wanted: Vec<(usize, Wanted)>,
    /// Whether a snapshot was asked for over HTTP and not answered yet.
    pub requested: bool,
    /// Whether nobody reads the ring.
    pub stalled: bool,
    pub refused: Option<DecodeError>,
    /// Why a connection had to be left.
    pub deaf: Option<NetError>,
    /// The book that the engine has.
    pub engine: Book,
    /// What came out since it was looked at last.
    said: Vec<String>,
    /// Rows of a message that is not whole yet.
    levels: Vec<String>,
    /// Whether a connection is up, by place.
    up: [bool; EACH * ENDPOINTS_MAX],
}

/// Limits by which scripts run.
pub fn limits() -> FeedLimits {
    let mut limits = FeedLimits::default();
    limits.sequence.snapshot_rows_max = 200;
    limits
}

impl<S: Scribe> Stage<S> {
    pub fn new(scribe: S) -> Self {
        Self::with_ring(scribe, RING)
    }

    /// With a ring of so many rows.
    pub fn with_ring(scribe: S, rows: usize) -> Self {
        let dialect = scribe.dialect();
        let (events, ring) = RingBuffer::new(rows);
        Self {
            books: Books::new(&dialect, events, &limits()),
            scribe,
            dialect,
            ring,
            now: Nanos::from_s(1_000_000),
            wanted: Vec::new(),
            requested: false,
            stalled: false,
            refused: None,
            deaf: None,
            engine: Book::new(),
            said: Vec::new(),
            levels: Vec::new(),
            up: [false; EACH * ENDPOINTS_MAX],
        }
    }

    /// The n-th connection to each endpoint comes up.
    pub fn joins(&mut self, number: usize) {
        for endpoint in 0..self.dialect.endpoints().len() {
            let place = endpoint * EACH + number;
            self.books.joined(place, self.now);
            self.up[place] = true;
        }
        self.turn();
    }

    /// The n-th connection to each endpoint is lost.
    pub fn leaves(&mut self, number: usize) {
        for endpoint in 0..self.dialect.endpoints().len() {
            let place = endpoint * EACH + number;
            self.books.lost(place, self.now);
            self.up[place] = false;
            self.wanted.retain(|(by, _)| *by != place);
        }
        if !self.up.contains(&true) {
            self.requested = false;
        }
        self.turn();
    }

    /// A frame comes over the n-th connection to the endpoint of its topic; all endpoints' messages
    /// are read alike, so what matters is where its instrument's stream is followed.
    pub fn frame(&mut self, number: usize, text: &str) {
        let endpoint = self.endpoint_of(text);
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(text.len() + SPARE, b'7');
        self.books.reads(endpoint * EACH + number, self.now);
        if let Some(payload) = Payload::new(&mut bytes, text.len())
            && let Err(error) = self.dialect.on_bytes(payload, self.now, &mut self.books)
        {
            self.refused = Some(error);
            self.books.counters.decode_errors += 1;
        }
        self.turn();
    }

    /// By the stream's name, where the frame says it as the topic does.
    fn endpoint_of(&self, text: &str) -> usize {
        let names = |topic: &crate::protocol::Topic| text.contains(&topic.name);
        let mut endpoints = self.dialect.endpoints().iter();
        endpoints.position(|one| one.topics.iter().any(names)).unwrap_or(0)
    }

    /// The answer to a request for a snapshot.
    pub fn reply(&mut self, text: &str) {
        self.answer(200, text, None);
    }

    /// The answer to a request for a snapshot: its status, and when the venue wants the next one.
    pub fn answer(&mut self, status: u16, text: &str, retry_after_s: Option<u32>) {
        self.requested = false;
        let body = text.as_bytes().to_vec();
        let reply = HttpReply { status, retry_after_s, body, ..HttpReply::default() };
        if let Err(error) = self.books.answered(0, &mut self.dialect, Ok(reply), self.now) {
            self.refused = Some(error);
        }
        self.turn();
    }

    /// Time passes.
    pub fn wait(&mut self, ms: u64) {
        self.now = self.now.after(Nanos::from_ms(ms));
        self.turn();
    }

    /// What a feed does in a turn beside reading.
    pub fn turn(&mut self) {
        self.books.turn(self.now);
        self.listen();
        let dialect = &self.dialect;
        let request = || dialect.snapshot_request(0);
        if self.up[..EACH].contains(&true) && self.books.ask(0, self.now, request).is_some() {
            self.books.lanes[0].asked();
            self.requested = true;
            self.said.push("ask book".to_string());
        }
        let mut out = Vec::with_capacity(16 * 1024);
        for place in 0..self.up.len() {
            if !self.up[place] {
                continue;
            }
            if !self.books.look(place, self.now) {
                self.deaf = self.deaf.take().or_else(|| self.books.trouble());
            }
            while self.books.write_request(place, self.now, &self.dialect, &mut out) {
                let wanted = wanted_of(&out);
                if !wanted.leaves && wanted.is_depth() {
                    self.said.push("ask book".to_string());
                }
                self.wanted.push((place, wanted));
            }
        }
        self.listen();
    }

    /// The venue grants whatever was asked for over all connections.
    pub fn grant(&mut self) {
        for (by, wanted) in self.requests() {
            for text in self.scribe.grant(&wanted) {
                self.frame(by, &text);
            }
        }
    }

    /// The venue refuses all of it.
    pub fn refuse(&mut self) {
        for (by, wanted) in self.requests() {
            for text in self.scribe.refuse(&wanted) {
                self.frame(by, &text);
            }
        }
    }

    /// Rows that came out become text.
    fn listen(&mut self) {
        if self.stalled {
            return;
        }
        while let Ok(row) = self.ring.pop() {
            self.believe(&row);
            if let Some(text) = self.text(&row) {
                self.said.push(text);
            }
        }
    }

    /// What the engine makes of a row: its book, and what it does about it.
    fn believe(&mut self, row: &Event) {
        if let Some(Body::Link { state: LinkState::Down, .. }) = row.body() {
            self.engine.blank();
        } else if row.instrument == INSTRUMENT && self.engine.apply(row) == Change::CrossedOut {
            self.books.wish(INSTRUMENT);
        }
    }

    fn text(&mut self, row: &Event) -> Option<String> {
        let side = |side: Side| if side == Side::Buy { "buy" } else { "sell" };
        Some(match row.body().unwrap() {
            Body::Level { side, price, qty } => {
                let side = if side == Side::Buy { "b" } else { "s" };
                self.levels.push(format!("{side}{}*{}", price.0, qty.0));
                if !row.has(flag::LAST) {
                    return None;
                }
                // Venues differ in which side comes first.
                self.levels.sort();
                let levels = std::mem::take(&mut self.levels).join(" ");
                let kind = if row.has(flag::SNAPSHOT) { "book" } else { "diff" };
                format!("{kind} {} {levels}", row.id)
            }
            Body::Best { bid, bid_qty, ask, ask_qty } => {
                format!("best {} {}*{} {}*{}", row.id, bid.0, bid_qty.0, ask.0, ask_qty.0)
            }
            Body::Trade { price, qty, taker } => {
                format!("trade {} {}*{} {}", row.id, price.0, qty.0, side(taker))
            }
            Body::Gap { reason, .. } => format!("gap {reason:?}"),
            Body::Link { state, .. } => format!("link {state:?}"),
            Body::Mark { mark, index } => format!("mark {} {}", mark.0, index.0),
            Body::FundingRate { rate, next_ms } => format!("funding {} {next_ms}", rate.0),
            Body::Liquidation { price, qty, taker } => {
                format!("liquidation {}*{} {}", price.0, qty.0, side(taker))
            }
            other => panic!("{other:?}"),
        })
    }

    /// Requests that were made since the last time, with the connections that they came over.
    pub fn requests(&mut self) -> Vec<(usize, Wanted)> {
        let wanted = std::mem::take(&mut self.wanted);
        wanted.into_iter().map(|(place, wanted)| (place % EACH, wanted)).collect()
    }

    /// Rows that came out since the last time.
    pub fn said_rows(&mut self) -> Vec<String> {
        self.keep(|line| line != "ask book");
        std::mem::take(&mut self.said)
    }

    /// Forgets some of what came out.
    pub fn keep(&mut self, kept: impl Fn(&str) -> bool) {
        self.listen();
        self.said.retain(|line| kept(line));
    }

    /// What came out since the last time.
    pub fn said(&mut self) -> Vec<String> {
        self.listen();
        std::mem::take(&mut self.said)
    }
}

/// A request as the venue reads it.
fn wanted_of(text: &[u8]) -> Wanted {
    let request: serde_json::Value = serde_json::from_slice(text).unwrap();
    let id = request.get("id").or(request.get("req_id")).and_then(|id| id.as_str());
    let leaves = match request["op"].as_str().unwrap() {
        "subscribe" => false,
        "unsubscribe" => true,
        other => panic!("{other}"),
    };
    let args = request["args"].as_array().unwrap().clone();
    Wanted { id: id.unwrap().to_string(), leaves, args }
}

impl Wanted {
    /// Whether a book is among what is asked for.
    pub fn is_depth(&self) -> bool {
        let text = |arg: &serde_json::Value| arg.to_string();
        let is_it = |text: String| text.contains("\"books\"") || text.contains("orderbook.50.");
        self.args.iter().map(text).any(is_it)
    }
}
