//! Where a venue's streams are, what is followed there, and how it is asked for: plain data that a
//! dialect makes once.

use engine::time::Nanos;

/// What a stream tells of its instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stream {
    /// Best bid and ask.
    Best = 0,
    /// The book: its levels, and on some venues its snapshots.
    Depth = 1,
    /// Public trades.
    Trade = 2,
    /// Mark price, and on some venues index and funding rate with it.
    Mark = 3,
    /// Funding rate, where it has a stream of its own.
    Funding = 4,
    /// Index price, where it has a stream of its own.
    Index = 5,
    /// Liquidations of others.
    Liquidation = 6,
}

/// How many kinds of streams there are.
pub const STREAMS: usize = 7;

/// What the silence of a topic means that was asked for and has said nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Silence {
    /// Nothing: such a stream may rest.
    #[default]
    Rest,
    /// It is told and counted once, for it may be a market at rest or a stream that is no more.
    Told,
    /// It is told, counted, and asked for again: this stream speaks at once where all is well.
    Mended,
}

/// One stream of one instrument, or of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The venue's name of it, for people.
    pub name: String,
    /// How requests name it: a JSON value.
    pub arg: String,
    /// The instrument's place among those followed; `None` when it is about several.
    pub place: Option<u16>,
    /// What it tells.
    pub stream: Stream,
    /// What it means when it says nothing from the start.
    pub silence: Silence,
    /// How long it may be silent although all is well, when that is longer than the feed's own
    /// limit; [`Topic::RESTS`] when there is no such time.
    pub quiet_max: Nanos,
}

impl Topic {
    /// For [`Topic::quiet_max`]: it may be silent for ever.
    pub const RESTS: Nanos = Nanos(u64::MAX);

    /// The topic of one instrument, whose silence means nothing until more is said.
    pub fn new(name: String, arg: String, place: usize, stream: Stream) -> Self {
        let place = u16::try_from(place).ok();
        Self { name, arg, place, stream, silence: Silence::Rest, quiet_max: Nanos::ZERO }
    }
}

/// How a venue wants to be asked whether it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ping {
    /// By WebSocket pings.
    Frame,
    /// By this text, at least so often.
    Text(&'static str, Nanos),
}

/// How topics are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The URL names them all.
    Url,
    /// By requests of so many topics at most, each of which is answered.
    Requests(usize),
}

/// One address of a venue with the topics that are followed there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL that connects.
    pub url: String,
    /// What is followed there.
    pub topics: Vec<Topic>,
    /// How it is asked for.
    pub asks: Asks,
    /// How the connection is kept and watched.
    pub ping: Ping,
}

/// A request to follow some topics, or to leave them.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Whether to leave them.
    pub leaves: bool,
    /// Its number, which the answer repeats.
    pub id: u32,
    /// Which.
    pub topics: &'a [Topic],
}

/// What an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The request of this number.
    Request(u32),
    /// The n-th topic of the endpoint.
    Topic(usize),
    /// The venue did not say.
    Unsaid,
}

/// Which rules the books of a feed follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookRules {
    /// Levels a side that the venue keeps us informed about: what lies beyond them is dropped. Such
    /// a book is held by the feed, and never leaves it crossed. `None`: all levels.
    pub window: Option<usize>,
    /// Whether snapshots come over the stream, behind the subscription.
    pub streamed: bool,
    /// Whether each message of a connection must begin where the one before it ended, even where it
    /// looks old: on venues whose numbers may start anew without a snapshot.
    pub strict: bool,
    /// Most rows of one message, for what is reserved.
    pub rows_max: usize,
}
