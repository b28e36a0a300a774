//! What both readers of frames leave, and how it is handed on.

use super::{Channel, ROWS_MAX};
use crate::protocol::{Asked, DecodeError, Intake, Message, Snapshot, Stream};
use crate::reading::{Places, Prints, Rows, find, venue_delta_us};
use crate::sequence::DiffHead;
use crate::window::note;
use engine::event::{Body, Event, flag};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::num::{Notional, Price, Qty};
use engine::time::Nanos;

/// Most trades or liquidations of a message.
const PRINTS_MAX: usize = 1_024;

/// What a frame was; its rows are left with the reader.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    /// Best bid and ask.
    Best(Event),
    /// A best bid and ask that is no news.
    Stale(InstrumentId),
    /// Levels: of a diff, or of a whole book.
    Levels(InstrumentId, Numbers),
    /// Trades; what stands beside each row is the first id that it stands for.
    Trades(InstrumentId),
    /// Liquidations.
    Liquidations,
}

/// What a book's message says about itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// The id that the message before had; `None` of a whole book.
    pub before: Option<u64>,
    /// Its own id.
    pub seq: u64,
    /// The venue's time, ms.
    pub stamp: u64,
    /// What the book's checksum is then; 0 for nothing.
    pub checksum: i64,
}

/// What is known of a swap's prices, which come over two channels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marked {
    mark: i64,
    index: i64,
}

/// The tables and memory of a dialect.
#[derive(Debug)]
pub(super) struct Reader {
    pub instruments: Vec<Instrument>,
    channels: Vec<Channel>,
    marked: Vec<Marked>,
    pub rows: Rows,
    pub prints: Prints,
    last_found: usize,
}

impl Reader {
    pub fn new(instruments: &[Instrument], channels: Vec<Channel>) -> Self {
        Self {
            instruments: instruments.to_vec(),
            channels,
            marked: vec![Marked::default(); instruments.len()],
            rows: Rows::new(ROWS_MAX),
            prints: Prints::new(PRINTS_MAX),
            last_found: 0,
        }
    }

    /// The instrument of this name.
    #[inline]
    pub fn find(&mut self, symbol: &[u8]) -> Option<Instrument> {
        find(&self.instruments, symbol, &mut self.last_found).copied()
    }

    /// The topic of a channel of this instrument, index or type.
    pub fn topic(&self, name: &str, of: &str) -> Asked {
        let is_it = |channel: &Channel| channel.name == name && channel.of == of;
        self.channels.iter().position(is_it).map_or(Asked::Unsaid, Asked::Topic)
    }

    /// The instruments of a channel of this name, by their places: an index may have several.
    pub fn followers<'a>(&'a self, name: &'a str, of: &'a str) -> impl Iterator<Item = usize> + 'a {
        let is_it = move |channel: &&Channel| channel.name == name && channel.of == of;
        self.channels.iter().filter(is_it).filter_map(|channel| channel.place)
    }

    /// The row of a level, with a note of how it was printed.
    #[inline]
    pub fn level(
        like: &Event,
        (price, qty): (Price, Qty),
        printed: Option<(Places, Places)>,
    ) -> Event {
        let mut row = Event { payload: [price.0 as u64, qty.0 as u64, 0, 0], ..*like };
        if let Some((price, qty)) = printed {
            note::set_printed(&mut row, price, qty);
        }
        row
    }

    /// The rows that were left become those of a message with these numbers.
    #[inline]
    pub fn finish(&mut self, instrument: InstrumentId, numbers: Numbers, at: Nanos) {
        let whole = numbers.before.is_none();
        self.rows.complete(instrument, (numbers.seq, numbers.stamp), whole, at);
        let last = self.rows.as_mut_slice().last_mut();
        if let Some(last) = last.filter(|_| numbers.checksum != 0) {
            note::set_checksum(last, numbers.checksum as u32);
        }
    }

    /// Hands on what a frame was.
    #[inline]
    pub fn hand_on<I: Intake>(&self, seen: Seen, at: Nanos, intake: &mut I) {
        match seen {
            Seen::Best(row) => intake.take(Message::Best(row)),
            Seen::Stale(instrument) => intake.take(Message::Stale(instrument, at)),
            Seen::Levels(instrument, numbers) => {
                let (last, rows) = (numbers.seq, self.rows.as_slice());
                intake.take(match numbers.before {
                    Some(before) => {
                        let head = DiffHead { before, last, at };
                        Message::Depth { instrument, head, rows }
                    }
                    None => {
                        let book = Snapshot { last, rows };
                        Message::Book { instrument, book, anew: false, at }
                    }
                });
            }
            Seen::Trades(instrument) => {
                intake.take(Message::Heard(instrument, Stream::Trade, at));
                for (row, first) in self.prints.as_slice() {
                    intake.take(Message::Bundle { row: *row, first: *first });
                }
            }
            Seen::Liquidations => {
                for (row, print) in self.prints.as_slice() {
                    intake.take(Message::Print { row: *row, print: *print });
                }
            }
        }
    }

    /// A mark price, or an index price, of the instrument at this place: both go out together.
    pub fn hand_on_mark<I: Intake>(
        &mut self,
        (place, stream): (usize, Stream),
        (price, stamp): (i64, u64),
        at: Nanos,
        intake: &mut I,
    ) -> Result<(), DecodeError> {
        let Some((marked, one)) = self.marked.get_mut(place).zip(self.instruments.get(place))
        else {
            return Ok(());
        };
        let mut known = *marked;
        match stream {
            Stream::Index => known.index = price,
            _ => known.mark = price,
        }
        let body = Body::Mark { mark: Notional(known.mark), index: Notional(known.index) };
        let row = Event::new(at, one.id, stamp, body).with(flag::LAST);
        let row = Event { venue_delta_us: venue_delta_us(at, stamp), ..row };
        if known.mark != 0 && row.body().is_none() || price <= 0 {
            return Err(DecodeError::Range("markPx"));
        }
        *marked = known;
        intake.take(Message::Heard(one.id, stream, at));
        if known.mark != 0 {
            intake.take(Message::Reference(row));
        }
        Ok(())
    }
}
