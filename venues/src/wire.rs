//! What a venue's dialect must offer: requests to bytes, bytes to what they say. No sockets, no
//! threads, no clock.
//!
//! A [`Wire`] encodes an [`Ask`] into a buffer of its own and decodes what comes back into
//! [`Heard`]s, in the order of the bytes. It keeps no list of requests: the kind of a request
//! travels inside its [`RequestId`], so an answer can be read whatever became of its sender. What
//! differs between venues beyond bytes is data: [`Abilities`], the [`Step`]s of a set-up, the
//! [`Door`] of each request, costs and limits.

mod ask;
mod heard;

pub use ask::{Ask, Cost, Kind, REQUEST_ID_LEN, RequestId, Twin, following};
pub use heard::{
    Execution, Hear, Heard, Leg, LimitKind, OrderTold, Refusal, Report, Standing, TradeTold, Usage,
    Verdict, Whose,
};

use core::ops::RangeInclusive;
use engine::id::{ClientId, InstrumentId, OrderId};
use engine::instrument::Instrument;
use engine::intent::OrderRef;
use engine::time::Nanos;
use feeds::net::{HttpReply, HttpRequest};

/// Why bytes could not be read or a request not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// Not JSON.
    #[error("not JSON")]
    NotJson,
    /// JSON, but not of a form that the venue documents.
    #[error("unexpected form: {0}")]
    Form(&'static str),
    /// The instrument is none of those that it was made with.
    #[error("unknown instrument")]
    Instrument,
    /// The venue cannot be asked this, or not over this transport.
    #[error("not supported by the venue")]
    Unsupported,
}

/// A way to the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The WebSocket of order entry: every venue has it, and a session begins with it.
    Entry = 0,
    /// A WebSocket of its own for the private stream, where it does not come over that one.
    Stream = 1,
    /// REST.
    Rest = 2,
}

/// A step of a connection's set-up, after its order entry is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask this through that door, and go on when it is done.
    Ask(Ask, Door),
    /// Connect the private stream.
    DialStream,
}

/// Whether the venue cancels by itself when it hears of us no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It does not.
    None,
    /// When the private stream is lost: set once for each connection.
    Link,
    /// When it was not renewed in time.
    Timer,
}

/// What a venue can do and how, where that concerns the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// A cancel-replace in one request that stops when the cancel fails. Without it the two leave
    /// together, the cancel first, and each is told on its own.
    pub replaces: bool,
    /// How many orders one [`Ask::CancelSome`] cancels, at a venue that has no [`Ask::CancelAll`];
    /// 0 where it has.
    pub cancels_at_once: usize,
    /// In how many lists of their own open orders stand that wait for a price; 0 where they stand
    /// with the others.
    pub lists_waiting: u8,
    /// [`Ask::CancelAll`] leaves those that wait for a price: they are cancelled by another one.
    pub cancels_apart: bool,
    /// How far below the newest trade's id another one may still be new: 0 where the venue numbers
    /// trades in the order in which it tells them.
    pub trade_overlap: u64,
    /// Orders that have ended are asked for apart.
    pub ended_apart: bool,
    /// How often the key of the private stream is renewed; zero where there is none.
    pub key_every: Nanos,
    /// The dead-man's switch.
    pub switch: Switch,
    /// The text message that keeps a connection alive; without it a WebSocket ping does.
    pub ping: Option<&'static str>,
}

impl Abilities {
    /// The lists of open orders, by number: that of the book first.
    pub const fn lists(&self) -> RangeInclusive<u8> {
        0..=self.lists_waiting
    }

    /// The cancel-alls of an instrument: whether each is of those that wait for a price.
    pub const fn cancel_alls(&self) -> &'static [bool] {
        if self.cancels_apart { &[false, true] } else { &[false] }
    }
}

/// A venue's dialect.
pub trait Wire {
    /// The address of a WebSocket.
    fn url(&self, door: Door) -> &str;

    /// The instruments that it was made with.
    fn instruments(&self) -> &[Instrument];

    /// What it can do.
    fn abilities(&self) -> &Abilities;

    /// What follows the connecting of order entry.
    fn set_up(&self) -> &[Step];

    /// Which way a request goes while the connection is up: order entry or REST.
    fn door(&self, ask: &Ask) -> Door;

    /// How long after its time stamp the venue still takes a request.
    fn window(&self) -> Nanos;

    /// What a request costs.
    fn cost(&self, ask: &Ask) -> Cost;

    /// The venue's limits as far as they are known before it tells its usage.
    fn limits(&self) -> &[Usage];

    /// For which instruments the dead-man's switch is to be set; one stands for all where it is
    /// one for the account.
    fn switches(&self) -> &[InstrumentId] {
        &[]
    }

    /// Which orders the next [`Ask::CancelSome`] cancels: no more than the abilities say.
    fn doom(&mut self, _orders: &[OrderRef]) {}

    /// A request as the text of one WebSocket message, in a buffer that the next call overwrites.
    /// `at_ms` is the venue's time. Allocates nothing for orders.
    fn encode(&mut self, ask: &Ask, id: RequestId, at_ms: u64) -> Result<&[u8], WireFault>;

    /// The same as a REST request.
    fn encode_http(&mut self, ask: &Ask, at_ms: u64) -> Result<HttpRequest, WireFault>;

    /// Reads one WebSocket message. `bytes` may be overwritten. Never panics, whatever comes.
    fn on_bytes<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault>;

    /// Reads the answer to a REST request.
    fn on_http<H: Hear>(&mut self, id: RequestId, reply: &mut HttpReply, sink: &mut H);

    /// Venue order ids that gave way to newer ones in a bounded table of the dialect.
    fn ids_forgotten(&self) -> u64 {
        0
    }
}

/// The id of an order by its name, or the one given to orders whose names are not of our form.
#[inline]
pub fn order_id(client: Option<ClientId>, venue_order: u64) -> OrderId {
    match client {
        Some(client) => client.order,
        None => OrderId::new(OrderId::FOREIGN_EPOCH, venue_order as u32),
    }
}
