//! What a venue's dialect must offer: requests to bytes, bytes to what they say. No sockets, no
//! threads, no clock.
//!
//! A [`Wire`] encodes an [`Ask`] into a buffer of its own and decodes what comes back into
//! [`Heard`]s, in the order of the bytes. It keeps no list of requests: the kind of a request
//! travels inside its [`RequestId`], so an answer can be read whatever became of its sender.

use core::fmt;
use engine::event::{End, Reason};
use engine::id::{AssetId, ClientId, InstrumentId, OrderId, Side, hex};
use engine::intent::{Intent, OrderRef, Place};
use engine::num::{Amount, Price, Qty};
use engine::time::Nanos;
use feeds::net::{HttpReply, HttpRequest};

/// A request for the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The venue's clock.
    Time,
    /// Authenticate the connection, once for all requests on it.
    Logon,
    /// Begin the private stream.
    Subscribe,
    /// A new order.
    Place(Place),
    /// Cancel one order and place another, stopping when the cancel fails.
    Replace {
        /// What is cancelled.
        old: OrderRef,
        /// What is placed.
        new: Place,
    },
    /// Change price and quantity of an order in place, where the venue can.
    Move {
        /// Which order.
        old: OrderRef,
        /// What it is to be: the same client id, and the whole quantity, fills included.
        new: Place,
    },
    /// Cancel one order.
    Cancel(OrderRef),
    /// Make an order's whole quantity smaller, keeping its queue place.
    Amend {
        /// Which order.
        order: OrderRef,
        /// Its new whole quantity.
        qty: Qty,
    },
    /// Cancel all open orders of an instrument.
    CancelAll(InstrumentId),
    /// What became of an order; by client id unless `by_venue_id`.
    Query {
        /// Which order.
        order: OrderRef,
        /// Ask by the venue's id of it.
        by_venue_id: bool,
    },
    /// All open orders of an instrument.
    OpenOrders(InstrumentId),
    /// All balances.
    Balances,
    /// Own trades of an instrument, the oldest first.
    Trades {
        /// Of what.
        instrument: InstrumentId,
        /// From which trade id on; `None` asks for the newest one alone.
        from: Option<u64>,
    },
    /// Own trades of one order.
    TradesOf {
        /// Of what.
        instrument: InstrumentId,
        /// The venue's id of the order.
        venue_order: u64,
    },
}

/// Kinds of [`Ask`], as they travel inside a [`RequestId`].
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Time = 0,
    Logon = 1,
    Subscribe = 2,
    Place = 3,
    Replace = 4,
    Cancel = 5,
    Amend = 6,
    CancelAll = 7,
    Query = 8,
    OpenOrders = 9,
    Balances = 10,
    Trades = 11,
    TradesOf = 12,
    Move = 13,
}

impl Kind {
    /// All kinds, by number.
    pub const ALL: [Self; 14] = [
        Self::Time,
        Self::Logon,
        Self::Subscribe,
        Self::Place,
        Self::Replace,
        Self::Cancel,
        Self::Amend,
        Self::CancelAll,
        Self::Query,
        Self::OpenOrders,
        Self::Balances,
        Self::Trades,
        Self::TradesOf,
        Self::Move,
    ];
}

impl Ask {
    /// Its kind.
    #[inline]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Time => Kind::Time,
            Self::Logon => Kind::Logon,
            Self::Subscribe => Kind::Subscribe,
            Self::Place(_) => Kind::Place,
            Self::Replace { .. } => Kind::Replace,
            Self::Move { .. } => Kind::Move,
            Self::Cancel(_) => Kind::Cancel,
            Self::Amend { .. } => Kind::Amend,
            Self::CancelAll(_) => Kind::CancelAll,
            Self::Query { .. } => Kind::Query,
            Self::OpenOrders(_) => Kind::OpenOrders,
            Self::Balances => Kind::Balances,
            Self::Trades { .. } => Kind::Trades,
            Self::TradesOf { .. } => Kind::TradesOf,
        }
    }

    /// The instrument that it is about, where it is about one.
    #[inline]
    pub const fn instrument(&self) -> InstrumentId {
        match self {
            Self::Time | Self::Logon | Self::Subscribe | Self::Balances => InstrumentId(0),
            Self::Place(place) => place.instrument,
            Self::Replace { new, .. } | Self::Move { new, .. } => new.instrument,
            Self::Cancel(order) | Self::Amend { order, .. } | Self::Query { order, .. } => {
                order.instrument
            }
            Self::CancelAll(instrument)
            | Self::OpenOrders(instrument)
            | Self::Trades { instrument, .. }
            | Self::TradesOf { instrument, .. } => *instrument,
        }
    }
}

impl From<Intent> for Ask {
    /// What an approved intent asks of the venue.
    #[inline]
    fn from(intent: Intent) -> Self {
        match intent {
            Intent::Place(place) => Self::Place(place),
            Intent::Replace { old, new } => Self::Replace { old, new },
            Intent::Move { old, new } => Self::Move { old, new },
        }
    }
}

/// A request's id: a counter that only goes up, with the kind in the low five bits. On the wire it
/// is 16 hexadecimal digits, always, so that a template is patched and never laid out anew.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct RequestId(u64);

/// Length of a request id's text.
pub const REQUEST_ID_LEN: usize = 16;

impl RequestId {
    /// From a counter and a kind.
    #[inline]
    pub const fn new(counter: u64, kind: Kind) -> Self {
        Self(counter << 5 | kind as u64)
    }

    /// How many requests were made before it.
    #[inline]
    pub const fn counter(self) -> u64 {
        self.0 >> 5
    }

    /// What was asked; `None` for an id that is not ours.
    #[inline]
    pub fn kind(self) -> Option<Kind> {
        Kind::ALL.get((self.0 & 31) as usize).copied()
    }

    /// Its text.
    #[inline]
    pub fn write(self, out: &mut [u8; REQUEST_ID_LEN]) {
        *out = hex(self.0);
    }

    /// From its text; `None` when it is not one of ours.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() != REQUEST_ID_LEN {
            return None;
        }
        text.iter()
            .try_fold(0_u64, |value, byte| {
                let digit = match byte {
                    b'0'..=b'9' => byte - b'0',
                    b'a'..=b'f' => byte - b'a' + 10,
                    _ => return None,
                };
                Some(value << 4 | u64::from(digit))
            })
            .map(Self)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind(), self.counter())
    }
}

/// What a request costs of the venue's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Cost {
    /// Request weight.
    pub weight: u32,
    /// New orders.
    pub orders: u32,
}

/// How one leg of a cancel-replace went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// It was done; `filled` counts for a cancelled order only.
    Done {
        /// The venue's id of the order.
        venue_order: u64,
        /// How much was filled.
        filled: Option<Qty>,
    },
    /// It was refused.
    Refused(Refusal),
    /// It was not tried because of the other leg.
    NotAttempted,
    /// Whether it was done is open.
    Unknown,
}

/// A definite no: what was asked did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, in our words.
    pub reason: Reason,
    /// Why, by the venue's number.
    pub code: i32,
}

/// How a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done; what there was to tell came before.
    Done,
    /// The order is at the venue.
    Placed {
        /// The venue's id of it.
        venue_order: u64,
    },
    /// The order is cancelled.
    Cancelled {
        /// How much of it was filled, if the venue says.
        filled: Option<Qty>,
    },
    /// Both legs of a cancel-replace, each on its own.
    Replaced {
        /// The cancel.
        cancel: Leg,
        /// The place.
        place: Leg,
    },
    /// The order's whole quantity, and its price where one is told, are now these.
    Amended {
        /// Its price.
        price: Option<Price>,
        /// Whole quantity, fills included.
        qty: Qty,
    },
    /// A definite no.
    Refused(Refusal),
    /// Whether it happened is open: the venue says so itself, or cannot be understood.
    Unknown {
        /// The venue's number for it; 0 when it gave none.
        code: i32,
    },
}

/// Whether an order still stands, as told by an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Live,
    /// It does not.
    Ended(End, Reason),
}

/// An order as an answer tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderTold {
    /// Of what.
    pub instrument: InstrumentId,
    /// The venue's id.
    pub venue_order: u64,
    /// Our name of it; `None` when it is not of our form.
    pub client: Option<ClientId>,
    /// Its side.
    pub side: Side,
    /// Its price.
    pub price: Price,
    /// Its whole quantity.
    pub qty: Qty,
    /// How much is filled.
    pub filled: Qty,
    /// Whether it stands.
    pub standing: Standing,
}

/// An own trade, as an answer or the private stream tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeTold {
    /// Its id, unique per instrument and going up.
    pub trade: u64,
    /// Our side.
    pub side: Side,
    /// Its price.
    pub price: Price,
    /// Its quantity.
    pub qty: Qty,
    /// Fee paid; negative is a rebate.
    pub fee: Amount,
    /// In which asset; `None` when the table of assets is full.
    pub fee_asset: Option<AssetId>,
    /// Whether our order rested.
    pub maker: bool,
}

/// What an execution report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// The venue has the order.
    Accepted,
    /// A fill.
    Fill(TradeTold),
    /// The order is no more.
    Done {
        /// How it ended.
        end: End,
        /// Why.
        reason: Reason,
        /// How much was filled in all.
        filled: Qty,
    },
    /// Its whole quantity, and its price where one is told, are now these.
    Amended {
        /// Its price.
        price: Option<Price>,
        /// Whole quantity, fills included.
        qty: Qty,
    },
}

/// An execution report of the private stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of what.
    pub instrument: InstrumentId,
    /// The venue's id of the order.
    pub venue_order: u64,
    /// The order's name as the report gives it; `None` when it is not of our form. The venue's id
    /// comes first when a name is looked up: names may change on the venue's side.
    pub client: Option<ClientId>,
    /// When the venue sent it, ms since 1970.
    pub venue_ms: u64,
    /// What happened.
    pub execution: Execution,
}

/// How much of one of its limits the venue counts as used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which limit.
    pub limit: LimitKind,
    /// The interval it is counted over.
    pub interval: Nanos,
    /// How much may be used in it.
    pub max: u32,
    /// How much is used now.
    pub used: u32,
}

/// Which of the venue's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Weight of requests.
    Weight,
    /// New orders.
    Orders,
}

/// One thing that a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The end of an answer.
    Answer(RequestId, Verdict),
    /// An order in an answer, before its end.
    Order(RequestId, OrderTold),
    /// A trade in an answer, before its end. The order is named by the venue's id alone.
    Trade(RequestId, InstrumentId, u64, TradeTold),
    /// A balance in an answer, before its end (`Some`), or of the private stream (`None`).
    Balance {
        /// The request, if it was asked for.
        asked: Option<RequestId>,
        /// Of which asset.
        asset: AssetId,
        /// What can be spent.
        free: Amount,
        /// What open orders hold.
        locked: Amount,
    },
    /// The venue's clock, ms since 1970.
    VenueTime(RequestId, u64),
    /// An order that ended by a cancel-all.
    Ended(RequestId, OrderTold),
    /// An execution report.
    Report(Report),
    /// What the venue counts.
    Usage(Usage),
    /// Over its limits: nothing may be sent before this instant, ms since 1970; 0 when not said.
    Limited {
        /// Until when.
        until_ms: u64,
        /// Whether it is a ban.
        banned: bool,
    },
    /// A time stamp lay outside its window: measure the clocks again.
    ClockSkew,
    /// The key, its permissions or the signature are refused.
    AuthRefused {
        /// The venue's number for it.
        code: i32,
    },
    /// The connection will be closed soon: open another first.
    Closing,
    /// The private stream ended: subscribe and reconcile again.
    StreamEnded,
    /// Something valid that concerns nothing we follow.
    Ignored,
}

/// Takes what messages say.
pub trait Hear {
    /// One thing, in order.
    fn hear(&mut self, heard: Heard);
}

impl<F: FnMut(Heard)> Hear for F {
    #[inline]
    fn hear(&mut self, heard: Heard) {
        self(heard);
    }
}

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

/// A venue's dialect.
pub trait Wire {
    /// The WebSocket address of order entry.
    fn url(&self) -> &str;

    /// The instruments that it was made with.
    fn instruments(&self) -> &[InstrumentId];

    /// Whether a connection is authenticated once by [`Ask::Logon`].
    fn logs_on(&self) -> bool;

    /// How long after its time stamp the venue still takes a request.
    fn window(&self) -> Nanos;

    /// What a request costs.
    fn cost(&self, ask: &Ask) -> Cost;

    /// The venue's limits as far as they are known before it tells its usage.
    fn limits(&self) -> &[Usage];

    /// A request as the text of one WebSocket message, in a buffer that the next call overwrites.
    /// `at_ms` is the venue's time. Allocates nothing.
    fn encode(&mut self, ask: &Ask, id: RequestId, at_ms: u64) -> Result<&[u8], WireFault>;

    /// The same as a REST request: the fallback.
    fn encode_http(&mut self, ask: &Ask, at_ms: u64) -> Result<HttpRequest, WireFault>;

    /// Reads one WebSocket message. `bytes` may be overwritten. Never panics, whatever comes.
    fn on_bytes<H: Hear>(&mut self, bytes: &mut [u8], sink: &mut H) -> Result<(), WireFault>;

    /// Reads the answer to a REST request.
    fn on_http<H: Hear>(&mut self, id: RequestId, reply: &mut HttpReply, sink: &mut H);
}

/// The id of an order by its name, or the one given to orders whose names are not of our form.
#[inline]
pub fn order_id(client: Option<ClientId>, venue_order: u64) -> OrderId {
    match client {
        Some(client) => client.order,
        None => OrderId::new(OrderId::FOREIGN_EPOCH, venue_order as u32),
    }
}
