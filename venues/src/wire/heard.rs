//! What messages of a venue say, in our words.

use super::ask::{Kind, RequestId};
use engine::event::{End, Reason};
use engine::id::{AssetId, ClientId, InstrumentId, Side};
use engine::num::{Amount, Notional, Price, Qty};
use engine::time::Nanos;

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
    /// Taken on: the private stream tells what comes of it.
    Taken,
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
    /// It does, and waits for its price: a conditional order.
    Waits,
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

impl OrderTold {
    /// One of which nothing is read yet.
    pub const fn blank(instrument: InstrumentId) -> Self {
        Self {
            instrument,
            venue_order: 0,
            client: None,
            side: Side::Buy,
            price: Price::ZERO,
            qty: Qty::ZERO,
            filled: Qty::ZERO,
            standing: Standing::Live,
        }
    }
}

/// An own trade, as an answer or the private stream tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeTold {
    /// Its id, unique per instrument: the venue's number where it goes up, else made of time and
    /// text by [`crate::timed`].
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

/// Whose trade an answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whose {
    /// Of what.
    pub instrument: InstrumentId,
    /// The venue's id of the order.
    pub venue_order: u64,
    /// The order's name; `None` where the answer gives none of our form.
    pub client: Option<ClientId>,
    /// Whether the answer gives names at all: without, one is asked for.
    pub named: bool,
}

/// What an execution report says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// The venue has the order.
    Accepted,
    /// The price of a conditional order came: it is in the book, by the report's id.
    Triggered,
    /// The order stands as said here. Whether a change of it did that, the venue leaves to us.
    Stands {
        /// Its price.
        price: Price,
        /// Whole quantity, fills included.
        qty: Qty,
        /// Whether it may be the first that is heard of it.
        new: bool,
    },
    /// A fill.
    Fill(TradeTold),
    /// The order is no more.
    Done {
        /// How it ended.
        end: End,
        /// Why.
        reason: Reason,
        /// How much was filled in all; `None` where the report does not say.
        filled: Option<Qty>,
    },
    /// Its whole quantity, and its price where one is told, are now these.
    Amended {
        /// Its price.
        price: Option<Price>,
        /// Whole quantity, fills included.
        qty: Qty,
    },
    /// A change of it that was taken on was refused after all; it stands as before.
    AmendRefused(Reason),
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
    /// 0: it holds for all requests. Others hold for requests whose [`Cost`](super::Cost) names
    /// the same one: a category or an instrument, as the dialect counts them.
    pub bucket: u16,
    /// Whether it holds for any span of the interval's length. Otherwise intervals begin at
    /// multiples of it.
    pub rolling: bool,
    /// The interval it is counted over.
    pub interval: Nanos,
    /// How much may be used in it.
    pub max: u32,
    /// How much is used now.
    pub used: u32,
}

impl Usage {
    /// A limit for all requests over intervals that begin at multiples of their length.
    pub const fn aligned(limit: LimitKind, interval: Nanos, max: u32, used: u32) -> Self {
        Self { limit, bucket: 0, rolling: false, interval, max, used }
    }

    /// A limit over any span of this length, nothing used yet.
    pub const fn rolling(limit: LimitKind, bucket: u16, interval: Nanos, max: u32) -> Self {
        Self { limit, bucket, rolling: true, interval, max, used: 0 }
    }
}

/// Which of the venue's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Weight of requests.
    Weight,
    /// New orders.
    Orders,
    /// Changes of orders.
    Amends,
    /// Cancels.
    Cancels,
    /// New orders and changes together.
    Entries,
}

/// One thing that a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The end of an answer.
    Answer(RequestId, Verdict),
    /// The end of the answer to the one request of this kind that is under way: for answers in
    /// which the venue does not repeat the request's id.
    Untagged(Kind, Verdict),
    /// Before the end of an answer: there is more, on this page.
    More(RequestId, u64),
    /// An order in an answer, before its end.
    Order(RequestId, OrderTold),
    /// A trade in an answer, before its end.
    Trade(RequestId, Whose, TradeTold),
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
    /// A position in an answer, before its end, or of the private stream.
    Position {
        /// The request, if it was asked for.
        asked: Option<RequestId>,
        /// In what.
        instrument: InstrumentId,
        /// Lots; negative is short.
        lots: Qty,
        /// Average price in 1e-8 of the quote asset.
        entry: Notional,
    },
    /// Funding paid or received, in an answer, before its end, or of the private stream. That of
    /// instruments that are not ours is passed over.
    Funding {
        /// The request, if it was asked for.
        asked: Option<RequestId>,
        /// For a position in which.
        instrument: InstrumentId,
        /// The payment's id: made of time and the venue's number by [`crate::timed`].
        payment: u64,
        /// In which asset; `None` when the table of assets is full.
        asset: Option<AssetId>,
        /// Received when above 0.
        amount: Amount,
    },
    /// Funding was paid or received, and the stream does not say all of it: ask.
    FundingDue,
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
