//! Small enumerations that rows carry as numbers. The numbers are fixed for ever: the journal keeps
//! them.

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
    /// Change a parameter of a strategy: key and desk in `id`, value in the payload. See
    /// [`Command::set_of`].
    Set = 5,
    /// Two-phase shutdown: stop quoting, cancel all, wait for confirmation.
    Stop = 6,
    /// The journal can take no more: as `Stop`, and said to be the reason.
    JournalFull = 7,
}

impl Command {
    /// The id of a `Set` row: a parameter's key (32 bits), of one desk or of all.
    pub const fn set_id(key: u64, desk: Option<u8>) -> u64 {
        let desk = match desk {
            Some(desk) => desk as u64 + 1,
            None => 0,
        };
        (key & 0xffff_ffff) | desk << 32
    }

    /// The parameter's key that the id of a `Set` row stands for, and the desk that it is for; none
    /// is all.
    pub const fn set_of(id: u64) -> (u64, Option<u8>) {
        match id >> 32 {
            0 => (id, None),
            desk @ 1..=256 => (id & 0xffff_ffff, Some((desk - 1) as u8)),
            // No strategy has such a key.
            _ => (id, None),
        }
    }

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
            7 => Self::JournalFull,
            _ => return None,
        })
    }
}
