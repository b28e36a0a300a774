//! What a venue's dialect is: bytes in, rows out. It opens no socket, starts no thread, reads no
//! clock.
//!
//! A dialect says where the venue's streams are ([`Endpoint`]), which rules its books follow
//! ([`BookRules`]), and turns each frame into [`Message`]s: it reduces the venue's numbering of
//! diffs to [`DiffHead`], and text to ticks and lots by the instrument's grids. Connections,
//! subscriptions, order, gaps, windows, staleness and rings are the feed's. The crate's
//! documentation says step by step how to write one.
//!
//! **Ids of rows.** The ids of a book's levels and of its best prices are of one numbering, in
//! which a best price that is newer than the depth has a higher id: the engine's book lays it over
//! the depth by that alone. What chains diffs may be another numbering ([`DiffHead`]). When the
//! numbering starts anew, the book comes with it, as a [`Message::Book`].

mod endpoint;

pub use endpoint::{
    Asked, Asks, BookRules, Endpoint, Ping, Request, STREAMS, Silence, Stream, Topic,
};

use crate::net::{HttpRequest, Payload};
use crate::sequence::DiffHead;
use engine::event::Event;
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::num::NumError;
use engine::time::Nanos;
use std::sync::Arc;
use thiserror::Error;

/// What a frame said. Rows are complete: stamped, identified, the last one flagged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message<'a> {
    /// Best bid and ask.
    Best(Event),
    /// A public trade; its row id is the trade id, and those follow each other without a hole.
    Trade(Event),
    /// Public trades in one row: the ids from `first` up to and with the row's.
    Bundle {
        /// The row.
        row: Event,
        /// The first of the ids that it stands for.
        first: u64,
    },
    /// A public trade or a liquidation that the venue does not number.
    Print {
        /// The row.
        row: Event,
        /// The same over every connection, and another one for each of the same time.
        print: u64,
    },
    /// Mark price or funding rate; its row id is the venue's time, ms.
    Reference(Event),
    /// Changed levels of a book.
    Depth {
        /// Whose book.
        instrument: InstrumentId,
        /// Which update ids it covers.
        head: DiffHead,
        /// One row a level.
        rows: &'a [Event],
    },
    /// A whole book that came over the stream.
    Book {
        /// Whose book.
        instrument: InstrumentId,
        /// The book.
        book: Snapshot<'a>,
        /// Whether its numbers start anew: whatever was there before is no more.
        anew: bool,
        /// When its last byte was read.
        at: Nanos,
    },
    /// A best bid and ask that the receiver did not want, left unread; read at.
    Stale(InstrumentId, Nanos),
    /// A stream of this instrument said something that needs no row; read at.
    Heard(InstrumentId, Stream, Nanos),
    /// The server goes away soon: another connection is needed.
    Shutdown,
    /// The venue does what was asked for.
    Granted(Asked),
    /// The venue does not, and why, in its own words.
    Refused(Asked, &'a str),
    /// An answer to a request of ours that says nothing new.
    Answer,
    /// A stream, event or symbol that nobody asked for, or an error message.
    Unknown,
}

/// A book as asked for, or as told after a subscription.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot<'a> {
    /// The update id that it stands at.
    pub last: u64,
    /// One row a level, one side after the other; all flagged as snapshot, the first and last as
    /// such. An empty book that came over a stream is one row of a quantity of 0.
    pub rows: &'a [Event],
}

/// Why bytes could not be read as what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Not JSON.
    #[error("not JSON; the frame is dropped, a lost diff shows as a gap")]
    Json,
    /// A field is not there or has another type.
    #[error("field {0} is missing or of another type; check the venue's change log")]
    Field(&'static str),
    /// A number does not fit the instrument's grid.
    #[error("field {field}: {why}; check the instrument's tick and lot size")]
    Number {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        why: NumError,
    },
    /// A price not above 0, a quantity below 0, or a best bid not below the best ask.
    #[error("field {0} is out of range; the venue sent a number that no market has")]
    Range(&'static str),
    /// A message has more levels than were reserved.
    #[error("more than {0} levels in one message; raise the limit")]
    Levels(usize),
    /// Ids of a message descend, or a book has no level at all.
    #[error("update ids descend, or the book is empty; ask again")]
    Ids,
}

/// How frames were read that did not look as usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// By a reader of plain text in the venue's order.
    pub plain: u64,
    /// By the general reader of JSON, those that it refused included.
    pub general: u64,
}

/// Who takes what a frame said.
pub trait Intake {
    /// Whether a best bid and ask of this update id is news. Asked before its numbers are read.
    fn wants_best(&self, instrument: InstrumentId, id: u64) -> bool;
    /// Takes one message.
    fn take(&mut self, message: Message<'_>);
}

/// A venue's dialect of market streams.
pub trait Protocol {
    /// Where its streams are. All depth comes over one of them. Asked for once, at the start.
    fn endpoints(&self) -> &[Endpoint];

    /// What is followed, in the order of the ids that rows carry.
    fn instruments(&self) -> &[Instrument];

    /// Which rules its books follow.
    fn rules(&self) -> BookRules;

    /// Writes a request of an endpoint that has [`Asks::Requests`]. `out` is empty and has room
    /// for 16 KiB.
    fn write_request(&self, _request: &Request<'_>, _out: &mut Vec<u8>) {}

    /// How to ask for a snapshot of the n-th instrument; made once, so that asking allocates
    /// nothing. `None` where the venue has none that fits its stream.
    fn snapshot_request(&self, place: usize) -> Option<Arc<HttpRequest>>;

    /// Reads one text frame, whose last byte was read at `at`, and hands on what it said.
    fn on_bytes<I: Intake>(
        &mut self,
        frame: Payload<'_>,
        at: Nanos,
        intake: &mut I,
    ) -> Result<(), DecodeError>;

    /// How many frames were read in a slower way than the usual one, since the start.
    fn ways(&self) -> Ways {
        Ways::default()
    }

    /// Reads the answer to the n-th instrument's snapshot request. The body is used up.
    fn on_snapshot(
        &mut self,
        place: usize,
        body: &mut Vec<u8>,
        at: Nanos,
    ) -> Result<Snapshot<'_>, DecodeError>;
}
