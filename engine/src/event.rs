//! Events: everything the engine ever learns, each one 64-byte row.
//!
//! [`Event`] is the row as it travels through rings and lies in the journal; [`Body`] is its decoded
//! view. A venue message of n levels becomes n level rows, the last one flagged [`flag::LAST`].
//!
//! ```text
//!  0        8        16                        48       52       56    58   59    60
//!  ├ at ns ─┼─ id ───┼─ payload, 4 words ──────┼─ recv ─┼─ venue ┼ ins ┼ kind ┼ flags ┼ crc ┤ 64
//! ```

use crate::id::{AssetId, InstrumentId, OrderId, Side};
use crate::instrument::Status;
use crate::num::{Amount, Grid, Notional, Price, Qty};
use crate::time::Nanos;

/// Bits of [`Event::flags`].
pub mod flag {
    /// Last row of its venue message: state is consistent, strategies run.
    pub const LAST: u8 = 1;
    /// Row of a book snapshot.
    pub const SNAPSHOT: u8 = 2;
    /// First row of its snapshot: the depth book is emptied before it is applied.
    pub const FIRST: u8 = 4;
    /// Learnt by asking (reconciliation, a query), not from the private stream.
    pub const ASKED: u8 = 8;
    /// Side of the order is sell.
    pub const SELL: u8 = 16;
    /// The fill was as maker.
    pub const MAKER: u8 = 32;
}

/// One row. Plain words: any bit pattern is a row, [`Event::body`] tells whether it means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(C)]
pub struct Event {
    /// When the engine took it; before that, when its last byte was read.
    pub at: Nanos,
    /// Update id, trade id or order id, by kind.
    pub id: u64,
    /// By kind.
    pub payload: [u64; 4],
    /// How long before `at` the last byte was read, ns.
    pub recv_delta_ns: u32,
    /// Read time minus the venue's own time stamp, µs; 0 when it gave none.
    pub venue_delta_us: i32,
    /// Instrument, where the kind has one.
    pub instrument: InstrumentId,
    /// Which [`Body`].
    pub kind: u8,
    /// Bits of [`flag`].
    pub flags: u8,
    /// CRC-32C of the bytes before it; filled in by the journal, 0 in rings.
    pub crc: u32,
}

const _: () = assert!(core::mem::size_of::<Event>() == 64);

/// Why a book is blanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum GapReason {
    /// An update id is missing.
    Sequence = 0,
    /// The connection was lost or replaced.
    Reconnect = 1,
    /// A message did not fit into the ring.
    RingFull = 2,
    /// A message could not be decoded.
    Malformed = 3,
    /// Bid at or above ask beyond one whole message.
    Crossed = 4,
    /// Nothing came for longer than the limit.
    Stale = 5,
}

impl GapReason {
    /// By its number.
    pub const fn from_code(code: u64) -> Option<Self> {
        Some(match code {
            0 => Self::Sequence,
            1 => Self::Reconnect,
            2 => Self::RingFull,
            3 => Self::Malformed,
            4 => Self::Crossed,
            5 => Self::Stale,
            _ => return None,
        })
    }
}

/// A way to or from the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Link {
    /// Market streams.
    Market = 0,
    /// Order entry and private stream.
    Orders = 1,
}

/// What became of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LinkState {
    /// Connected (and logged on); a book or a reconciliation may follow.
    Up = 0,
    /// Lost.
    Down = 1,
    /// Connected, but nothing came for longer than the limit.
    Stale = 2,
    /// Was stale, and something came again.
    Fresh = 3,
}

/// Why an order was refused or ended, by whoever did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// None given, or a normal end.
    None = 0,
    /// Post-only, and it would have matched at once.
    WouldTake = 1,
    /// The venue says that the balance does not suffice.
    Balance = 2,
    /// A filter of the instrument (tick, lot, notional, count).
    Filter = 3,
    /// Over the venue's rate limit.
    RateLimit = 4,
    /// The gateway's own budget is spent; it was not sent.
    Budget = 5,
    /// The gateway has no connection that is logged on; it was not sent.
    NotConnected = 6,
    /// The venue already has an order of this client id.
    Duplicate = 7,
    /// The venue does not know the order.
    UnknownOrder = 8,
    /// Time-in-force ran out or nothing was there to take.
    Expired = 9,
    /// Self-trade prevention ended it.
    SelfTrade = 10,
    /// The time stamp lay outside the venue's window; it was not executed.
    Timestamp = 11,
    /// The other leg of a cancel-replace failed, so this one was not tried.
    NotAttempted = 12,
    /// The venue does not take orders of this instrument now.
    Closed = 13,
    /// Key, permission or signature.
    Auth = 14,
    /// Anything else.
    Other = 15,
}

impl Reason {
    /// By its number; unknown ones are [`Reason::Other`].
    pub const fn from_code(code: u64) -> Self {
        match code {
            0 => Self::None,
            1 => Self::WouldTake,
            2 => Self::Balance,
            3 => Self::Filter,
            4 => Self::RateLimit,
            5 => Self::Budget,
            6 => Self::NotConnected,
            7 => Self::Duplicate,
            8 => Self::UnknownOrder,
            9 => Self::Expired,
            10 => Self::SelfTrade,
            11 => Self::Timestamp,
            12 => Self::NotAttempted,
            13 => Self::Closed,
            14 => Self::Auth,
            _ => Self::Other,
        }
    }
}

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum End {
    /// By a cancel, ours or another's.
    Cancelled = 0,
    /// Refused: it never stood.
    Rejected = 1,
    /// By its time-in-force, self-trade prevention or the venue.
    Expired = 2,
    /// Filled whole, as told by an order query; the fills themselves come as fills.
    Filled = 3,
}

/// A request whose answer did not come in time or left its outcome open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Request {
    /// A place, or the placing leg of a cancel-replace.
    Place = 0,
    /// A cancel, or the cancelling leg of a cancel-replace.
    Cancel = 1,
    /// An amend.
    Amend = 2,
    /// A query.
    Query = 3,
}

/// What an operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Command {
    /// Withdraw quotes and place none.
    Pause = 0,
    /// Quote again; also re-arms after a halt that permits it.
    Resume = 1,
    /// Cancel all orders, then as `Pause`.
    CancelAll = 2,
    /// Cancel all, then bring the position to its target by taking.
    Flatten = 3,
    /// Cancel all and refuse every place until restarted.
    Kill = 4,
    /// Change a parameter of a strategy: key in `id`, value in the payload.
    Set = 5,
    /// Two-phase shutdown: stop quoting, cancel all, wait for confirmation.
    Stop = 6,
}

impl Command {
    /// By its number.
    pub const fn from_code(code: u64) -> Option<Self> {
        Some(match code {
            0 => Self::Pause,
            1 => Self::Resume,
            2 => Self::CancelAll,
            3 => Self::Flatten,
            4 => Self::Kill,
            5 => Self::Set,
            6 => Self::Stop,
            _ => return None,
        })
    }
}

/// A fill as the venue reports it. The order is the row's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The order that was filled.
    pub order: OrderId,
    /// Unique per instrument.
    pub trade: u64,
    /// Side of our order.
    pub side: Side,
    /// Price of the trade.
    pub price: Price,
    /// Quantity of the trade.
    pub qty: Qty,
    /// Fee paid; negative is a rebate.
    pub fee: Amount,
    /// In which asset.
    pub fee_asset: AssetId,
    /// Whether our order rested.
    pub maker: bool,
}

/// An order as the venue has it now, told by an answer to a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Our id of it; foreign ones have [`OrderId::FOREIGN_EPOCH`].
    pub order: OrderId,
    /// The venue's id of it.
    pub venue_order: u64,
    /// Its side.
    pub side: Side,
    /// Its price.
    pub price: Price,
    /// Its whole quantity.
    pub qty: Qty,
    /// How much of that is filled (at most 2^47 lots).
    pub filled: Qty,
}

/// What a row means. The fields are named by the types and the line above each.
#[allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Absolute quantity of one level (0: gone). Row id: last update id of the message.
    Level { side: Side, price: Price, qty: Qty },
    /// Best bid and ask. Row id: update id, comparable with that of levels.
    Best { bid: Price, bid_qty: Qty, ask: Price, ask_qty: Qty },
    /// A public trade. Row id: trade id.
    Trade { price: Price, qty: Qty, taker: Side },
    /// The book is not to be trusted until the next snapshot. Row id: update id that came.
    Gap { reason: GapReason, expected: u64 },
    /// Trading status of the instrument.
    Status(Status),
    /// New grids and limits of the instrument: the book is blanked and re-based.
    Filters { tick: Grid, lot: Grid, notional_min: Notional },
    /// State of a link changed.
    Link { link: Link, state: LinkState },
    /// The venue has the order (answer to a place). Row id: order.
    Accepted { order: OrderId, venue_order: u64 },
    /// A fill. Row id: order.
    Fill(Fill),
    /// The order is no more; `filled` as the venue counts, if it says. Row id: order.
    Done { order: OrderId, end: End, reason: Reason, filled: Option<Qty> },
    /// The order's whole quantity is now this. Row id: order.
    Amended { order: OrderId, qty: Qty },
    /// A cancel or amend was refused by the venue; the order may or may not stand. Row id: order.
    Refused { order: OrderId, request: Request, reason: Reason },
    /// No answer in time, or one that leaves the outcome open. Row id: order.
    Unknown { order: OrderId, request: Request },
    /// The venue, asked by client id after its window for late arrivals, knows no such order.
    Absent { order: OrderId },
    /// The order as the venue has it.
    Standing(Standing),
    /// A balance as the venue has it. Row id: asset. Copied at the first reconciliation, compared after.
    Balance { asset: AssetId, free: Amount, locked: Amount },
    /// Reconciliation of a link begins (`done: false`) or has told everything (`done: true`).
    Reconcile { done: bool },
    /// What the gateway may still send before it has to refuse.
    Budget { orders: u32, weight: u32 },
    /// Time passed; sent at a fixed cadence. Row id: count.
    Timer,
    /// An operator's command; for `Set`, row id is the parameter, value in units of 1e-9.
    Command { command: Command, value: i64 },
    /// The value of one unit of an asset in the quote asset of the account, 1e-8.
    Conversion { asset: AssetId, price: Notional },
    /// A value from outside, valid for `ttl`. Row id: key.
    Signal { source: u64, value: i64, ttl: Nanos },
    /// The session begins. Row id: epoch.
    Start { epoch: u32, config_hash: u64 },
    /// The venue's clock minus ours, µs.
    ClockOffset { us: i64 },
}

/// Numbers of the kinds, fixed for ever: the journal keeps them.
pub mod kind {
    #![allow(missing_docs)]
    pub const LEVEL: u8 = 1;
    pub const BEST: u8 = 2;
    pub const TRADE: u8 = 3;
    pub const GAP: u8 = 4;
    pub const STATUS: u8 = 5;
    pub const FILTERS: u8 = 6;
    pub const LINK: u8 = 7;
    pub const ACCEPTED: u8 = 16;
    pub const FILL: u8 = 17;
    pub const DONE: u8 = 18;
    pub const AMENDED: u8 = 19;
    pub const REFUSED: u8 = 20;
    pub const UNKNOWN: u8 = 21;
    pub const ABSENT: u8 = 22;
    pub const STANDING: u8 = 23;
    pub const BALANCE: u8 = 24;
    pub const RECONCILE: u8 = 25;
    pub const BUDGET: u8 = 26;
    pub const TIMER: u8 = 32;
    pub const COMMAND: u8 = 33;
    pub const CONVERSION: u8 = 34;
    pub const SIGNAL: u8 = 35;
    pub const START: u8 = 36;
    pub const CLOCK_OFFSET: u8 = 37;
}

const QTY_BITS: u32 = 48;
const QTY_MASK: u64 = (1 << QTY_BITS) - 1;
const NO_QTY: u64 = QTY_MASK;

const fn pack_grid(grid: Grid) -> u64 {
    (grid.step as u64) << 8 | grid.decimals as u64
}

const fn unpack_grid(word: u64) -> Option<Grid> {
    let grid = Grid { decimals: word as u8, step: (word >> 8) as i64 };
    if grid.step <= 0 || grid.decimals > 12 { None } else { Some(grid) }
}

const fn side_of(flags: u8) -> Side {
    if flags & flag::SELL == 0 { Side::Buy } else { Side::Sell }
}

const fn side_flag(side: Side) -> u8 {
    match side {
        Side::Buy => 0,
        Side::Sell => flag::SELL,
    }
}

impl Event {
    /// A row of this meaning; `at` is when its last byte was read.
    #[inline]
    pub fn new(at: Nanos, instrument: InstrumentId, id: u64, body: Body) -> Self {
        let (kind, payload, flags) = encode(body);
        let id = body.order().map_or(id, |order| order.0);
        Self { at, id, payload, instrument, kind, flags, ..Self::default() }
    }

    /// The same row with more flags.
    #[inline]
    #[must_use]
    pub const fn with(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// Whether all of these flags are set.
    #[inline]
    pub const fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }

    /// When the last byte of its message was read.
    #[inline]
    pub const fn read_at(&self) -> Nanos {
        Nanos(self.at.0.saturating_sub(self.recv_delta_ns as u64))
    }

    /// What it means; `None` when the words are not of any kind.
    #[inline]
    pub fn body(&self) -> Option<Body> {
        if self.kind < kind::ACCEPTED { self.market_body() } else { self.other_body() }
    }

    #[inline]
    fn market_body(&self) -> Option<Body> {
        let p = &self.payload;
        Some(match self.kind {
            kind::LEVEL => Body::Level {
                side: side_of(self.flags),
                price: Price(p[0] as i64),
                qty: Qty(p[1] as i64),
            },
            kind::BEST => Body::Best {
                bid: Price(p[0] as i64),
                bid_qty: Qty(p[1] as i64),
                ask: Price(p[2] as i64),
                ask_qty: Qty(p[3] as i64),
            },
            kind::TRADE => Body::Trade {
                price: Price(p[0] as i64),
                qty: Qty(p[1] as i64),
                taker: side_of(self.flags),
            },
            kind::GAP => Body::Gap { reason: GapReason::from_code(p[0])?, expected: p[1] },
            kind::STATUS => Body::Status(match p[0] {
                0 => Status::Trading,
                1 => Status::Halted,
                2 => Status::CancelOnly,
                _ => return None,
            }),
            kind::FILTERS => Body::Filters {
                tick: unpack_grid(p[0])?,
                lot: unpack_grid(p[1])?,
                notional_min: Notional(p[2] as i64),
            },
            kind::LINK => Body::Link {
                link: match p[0] {
                    0 => Link::Market,
                    1 => Link::Orders,
                    _ => return None,
                },
                state: match p[1] {
                    0 => LinkState::Up,
                    1 => LinkState::Down,
                    2 => LinkState::Stale,
                    3 => LinkState::Fresh,
                    _ => return None,
                },
            },
            _ => return None,
        })
    }

    fn other_body(&self) -> Option<Body> {
        let p = &self.payload;
        let order = OrderId(self.id);
        Some(match self.kind {
            kind::ACCEPTED => Body::Accepted { order, venue_order: p[0] },
            kind::FILL => Body::Fill(Fill {
                order,
                trade: p[0],
                side: side_of(self.flags),
                price: Price(p[1] as i64),
                qty: Qty((p[2] & QTY_MASK) as i64),
                fee: Amount(p[3] as i64),
                fee_asset: AssetId((p[2] >> QTY_BITS) as u16),
                maker: self.flags & flag::MAKER != 0,
            }),
            kind::DONE => Body::Done {
                order,
                end: match p[0] {
                    0 => End::Cancelled,
                    1 => End::Rejected,
                    2 => End::Expired,
                    3 => End::Filled,
                    _ => return None,
                },
                reason: Reason::from_code(p[1]),
                filled: if p[2] == NO_QTY { None } else { Some(Qty(p[2] as i64)) },
            },
            kind::AMENDED => Body::Amended { order, qty: Qty(p[0] as i64) },
            kind::REFUSED => {
                Body::Refused { order, request: request_of(p[0])?, reason: Reason::from_code(p[1]) }
            }
            kind::UNKNOWN => Body::Unknown { order, request: request_of(p[0])? },
            kind::ABSENT => Body::Absent { order },
            kind::STANDING => Body::Standing(Standing {
                order,
                venue_order: p[0],
                side: side_of(self.flags),
                price: Price(p[1] as i64),
                qty: Qty(p[2] as i64),
                filled: Qty(p[3] as i64),
            }),
            _ => return self.session_body(),
        })
    }

    fn session_body(&self) -> Option<Body> {
        let p = &self.payload;
        Some(match self.kind {
            kind::BALANCE => Body::Balance {
                asset: AssetId(self.id as u16),
                free: Amount(p[0] as i64),
                locked: Amount(p[1] as i64),
            },
            kind::RECONCILE => Body::Reconcile { done: p[0] != 0 },
            kind::BUDGET => Body::Budget { orders: p[0] as u32, weight: p[1] as u32 },
            kind::TIMER => Body::Timer,
            kind::COMMAND => {
                Body::Command { command: Command::from_code(p[0])?, value: p[1] as i64 }
            }
            kind::CONVERSION => {
                Body::Conversion { asset: AssetId(p[0] as u16), price: Notional(p[1] as i64) }
            }
            kind::SIGNAL => Body::Signal { source: p[0], value: p[1] as i64, ttl: Nanos(p[2]) },
            kind::START => Body::Start { epoch: p[0] as u32, config_hash: p[1] },
            kind::CLOCK_OFFSET => Body::ClockOffset { us: p[0] as i64 },
            _ => return None,
        })
    }
}

const fn request_of(code: u64) -> Option<Request> {
    Some(match code {
        0 => Request::Place,
        1 => Request::Cancel,
        2 => Request::Amend,
        3 => Request::Query,
        _ => return None,
    })
}

impl Body {
    /// The order that a report is about.
    pub const fn order(&self) -> Option<OrderId> {
        match self {
            Self::Accepted { order, .. }
            | Self::Done { order, .. }
            | Self::Amended { order, .. }
            | Self::Refused { order, .. }
            | Self::Unknown { order, .. }
            | Self::Absent { order }
            | Self::Fill(Fill { order, .. })
            | Self::Standing(Standing { order, .. }) => Some(*order),
            _ => None,
        }
    }
}

#[inline]
fn encode(body: Body) -> (u8, [u64; 4], u8) {
    match body {
        Body::Level { side, price, qty } => {
            (kind::LEVEL, [price.0 as u64, qty.0 as u64, 0, 0], side_flag(side))
        }
        Body::Best { bid, bid_qty, ask, ask_qty } => {
            let words = [bid.0 as u64, bid_qty.0 as u64, ask.0 as u64, ask_qty.0 as u64];
            (kind::BEST, words, 0)
        }
        Body::Trade { price, qty, taker } => {
            (kind::TRADE, [price.0 as u64, qty.0 as u64, 0, 0], side_flag(taker))
        }
        Body::Gap { reason, expected } => (kind::GAP, [reason as u64, expected, 0, 0], 0),
        Body::Status(status) => (kind::STATUS, [status as u64, 0, 0, 0], 0),
        Body::Filters { tick, lot, notional_min } => {
            let words = [pack_grid(tick), pack_grid(lot), notional_min.0 as u64, 0];
            (kind::FILTERS, words, 0)
        }
        Body::Link { link, state } => (kind::LINK, [link as u64, state as u64, 0, 0], 0),
        other => encode_report(other),
    }
}

fn encode_report(body: Body) -> (u8, [u64; 4], u8) {
    match body {
        Body::Accepted { venue_order, .. } => (kind::ACCEPTED, [venue_order, 0, 0, 0], 0),
        Body::Fill(fill) => {
            let qty = (fill.qty.0 as u64 & QTY_MASK) | u64::from(fill.fee_asset.0) << QTY_BITS;
            let maker = if fill.maker { flag::MAKER } else { 0 };
            let words = [fill.trade, fill.price.0 as u64, qty, fill.fee.0 as u64];
            (kind::FILL, words, side_flag(fill.side) | maker)
        }
        Body::Done { end, reason, filled, .. } => {
            let filled = filled.map_or(NO_QTY, |qty| qty.0 as u64);
            (kind::DONE, [end as u64, reason as u64, filled, 0], 0)
        }
        Body::Amended { qty, .. } => (kind::AMENDED, [qty.0 as u64, 0, 0, 0], 0),
        Body::Refused { request, reason, .. } => {
            (kind::REFUSED, [request as u64, reason as u64, 0, 0], 0)
        }
        Body::Unknown { request, .. } => (kind::UNKNOWN, [request as u64, 0, 0, 0], 0),
        Body::Absent { .. } => (kind::ABSENT, [0; 4], 0),
        Body::Standing(s) => {
            let words = [s.venue_order, s.price.0 as u64, s.qty.0 as u64, s.filled.0 as u64];
            (kind::STANDING, words, side_flag(s.side))
        }
        other => encode_session(other),
    }
}

fn encode_session(body: Body) -> (u8, [u64; 4], u8) {
    match body {
        Body::Balance { free, locked, .. } => {
            (kind::BALANCE, [free.0 as u64, locked.0 as u64, 0, 0], 0)
        }
        Body::Reconcile { done } => (kind::RECONCILE, [u64::from(done), 0, 0, 0], 0),
        Body::Budget { orders, weight } => {
            (kind::BUDGET, [u64::from(orders), u64::from(weight), 0, 0], 0)
        }
        Body::Command { command, value } => {
            (kind::COMMAND, [command as u64, value as u64, 0, 0], 0)
        }
        Body::Conversion { asset, price } => {
            (kind::CONVERSION, [u64::from(asset.0), price.0 as u64, 0, 0], 0)
        }
        Body::Signal { source, value, ttl } => (kind::SIGNAL, [source, value as u64, ttl.0, 0], 0),
        Body::Start { epoch, config_hash } => {
            (kind::START, [u64::from(epoch), config_hash, 0, 0], 0)
        }
        Body::ClockOffset { us } => (kind::CLOCK_OFFSET, [us as u64, 0, 0, 0], 0),
        _ => (kind::TIMER, [0; 4], 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_meaning_survives_its_row() {
        let order = OrderId::new(7, 9);
        let grid = Grid { decimals: 2, step: 5 };
        let fill = Fill {
            order,
            trade: u64::MAX,
            side: Side::Sell,
            price: Price(-3),
            qty: Qty((1 << 47) - 1),
            fee: Amount(-5),
            fee_asset: AssetId(u16::MAX),
            maker: true,
        };
        let bodies = [
            Body::Level { side: Side::Sell, price: Price(1), qty: Qty(0) },
            Body::Best { bid: Price(1), bid_qty: Qty(2), ask: Price(3), ask_qty: Qty(4) },
            Body::Trade { price: Price(1), qty: Qty(2), taker: Side::Sell },
            Body::Gap { reason: GapReason::Crossed, expected: 5 },
            Body::Status(Status::CancelOnly),
            Body::Filters { tick: grid, lot: grid, notional_min: Notional(5) },
            Body::Link { link: Link::Orders, state: LinkState::Fresh },
            Body::Accepted { order, venue_order: 77 },
            Body::Fill(fill),
            Body::Done { order, end: End::Expired, reason: Reason::Closed, filled: Some(Qty(3)) },
            Body::Done { order, end: End::Cancelled, reason: Reason::None, filled: None },
            Body::Amended { order, qty: Qty(4) },
            Body::Refused { order, request: Request::Amend, reason: Reason::UnknownOrder },
            Body::Unknown { order, request: Request::Query },
            Body::Absent { order },
            Body::Standing(Standing {
                order,
                venue_order: 1,
                side: Side::Sell,
                price: Price(2),
                qty: Qty(3),
                filled: Qty(1),
            }),
            Body::Balance { asset: AssetId(3), free: Amount(1), locked: Amount(-2) },
            Body::Reconcile { done: true },
            Body::Budget { orders: 1, weight: 2 },
            Body::Timer,
            Body::Command { command: Command::Set, value: -1 },
            Body::Conversion { asset: AssetId(2), price: Notional(6) },
            Body::Signal { source: 1, value: -2, ttl: Nanos(3) },
            Body::Start { epoch: 1, config_hash: 2 },
            Body::ClockOffset { us: -9 },
        ];
        for body in bodies {
            let id = if let Body::Balance { asset, .. } = body { u64::from(asset.0) } else { 1 };
            let row = Event::new(Nanos(5), InstrumentId(2), id, body);
            assert_eq!(row.body(), Some(body));
        }
        assert_eq!(Event { kind: 200, ..Event::default() }.body(), None);
    }
}
