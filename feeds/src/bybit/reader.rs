//! What both readers of frames leave, and how it is handed on.

use super::BybitConfig;
use crate::protocol::{DecodeError, Intake, Message, Snapshot, Stream};
use crate::reading::{Prints, Rows, find, venue_delta_us};
use crate::sequence::DiffHead;
use engine::event::{Body, Event, flag};
use engine::id::InstrumentId;
use engine::instrument::Instrument;
use engine::num::{Amount, Notional};
use engine::time::Nanos;

/// Most trades of a message (the venue's limit).
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
    /// Trades or liquidations, of this instrument.
    Prints(InstrumentId, Stream),
}

/// What a book's message says about itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbers {
    /// Update id of the topic.
    pub u: u64,
    /// Cross sequence.
    pub seq: u64,
    /// The venue's time, ms.
    pub stamp: u64,
    /// Whether its type is that of a whole book.
    pub whole: bool,
}

/// What is known of a ticker, whose messages leave out what is as before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ticker {
    pub ts: u64,
    pub mark: i64,
    pub index: i64,
    pub rate: Option<i64>,
    pub next_ms: u64,
}

/// The tables and memory of a dialect.
#[derive(Debug)]
pub(super) struct Reader {
    pub instruments: Vec<Instrument>,
    /// What stands before the symbol in the topic of depth.
    pub depth: Vec<u8>,
    pub rows: Rows,
    pub prints: Prints,
    pub tickers: Vec<Ticker>,
    pub last_found: usize,
}

impl Reader {
    pub fn new(config: &BybitConfig) -> Self {
        Self {
            instruments: config.instruments.clone(),
            depth: format!("{}.", config.levels).into_bytes(),
            rows: Rows::new(config.rows_max()),
            prints: Prints::new(PRINTS_MAX),
            tickers: vec![Ticker::default(); config.instruments.len()],
            last_found: 0,
        }
    }

    /// The instrument of this name; its place is left in `last_found`.
    #[inline]
    pub fn find(&mut self, symbol: &[u8]) -> Option<Instrument> {
        find(&self.instruments, symbol, &mut self.last_found).copied()
    }

    /// The rows that were left become those of a message with these numbers.
    #[inline]
    pub fn finish(&mut self, instrument: InstrumentId, numbers: Numbers, at: Nanos) {
        self.rows.complete(instrument, (numbers.seq, numbers.stamp), numbers.is_whole(), at);
    }

    /// Hands on what a frame was.
    #[inline]
    pub fn hand_on<I: Intake>(&self, seen: Seen, at: Nanos, intake: &mut I) {
        match seen {
            Seen::Best(row) => intake.take(Message::Best(row)),
            Seen::Stale(instrument) => intake.take(Message::Stale(instrument, at)),
            Seen::Levels(instrument, numbers) => {
                let (last, rows) = (numbers.u, self.rows.as_slice());
                intake.take(if numbers.is_whole() {
                    let book = Snapshot { last, rows };
                    Message::Book { instrument, book, anew: last == 1, at }
                } else {
                    let head = DiffHead { before: last.saturating_sub(1), last, at };
                    Message::Depth { instrument, head, rows }
                });
            }
            Seen::Prints(instrument, stream) => {
                intake.take(Message::Heard(instrument, stream, at));
                for (row, print) in self.prints.as_slice() {
                    intake.take(Message::Print { row: *row, print: *print });
                }
            }
        }
    }

    /// Hands on what changed of the ticker that was found last.
    pub fn hand_on_ticker<I: Intake>(
        &mut self,
        instrument: InstrumentId,
        changed: Ticker,
        (at, moved): (Nanos, [bool; 2]),
        intake: &mut I,
    ) -> Result<(), DecodeError> {
        let row = |body| {
            let row = Event::new(at, instrument, changed.ts, body).with(flag::LAST);
            Event { venue_delta_us: venue_delta_us(at, changed.ts), ..row }
        };
        let (mark, index) = (Notional(changed.mark), Notional(changed.index));
        let mark = row(Body::Mark { mark, index });
        let told = changed.rate.filter(|_| changed.next_ms != 0);
        let rate = Amount(told.unwrap_or(0));
        let rate = row(Body::FundingRate { rate, next_ms: changed.next_ms });
        let moved = [moved[0] && changed.mark != 0, moved[1] && told.is_some()];
        if moved[0] && mark.body().is_none() || moved[1] && rate.body().is_none() {
            return Err(DecodeError::Range("markPrice"));
        }
        if let Some(ticker) = self.tickers.get_mut(self.last_found) {
            *ticker = changed;
        }
        intake.take(Message::Heard(instrument, Stream::Mark, at));
        for row in [(moved[0], mark), (moved[1], rate)].into_iter().filter(|(moved, _)| *moved) {
            intake.take(Message::Reference(row.1));
        }
        Ok(())
    }
}

impl Numbers {
    /// Whether it is a whole book: by its type, or because ids start anew.
    #[inline]
    pub const fn is_whole(&self) -> bool {
        self.whole || self.u == 1
    }
}
