//! What each kind of message leads to.

use super::Books;
use crate::protocol::{Intake, Message, Stream};
use engine::event::{Event, kind};
use engine::id::InstrumentId;

impl Books {
    #[inline]
    fn best(&mut self, row: Event) {
        let Some(place) = self.place(row.instrument) else { return };
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.heard(by, Stream::Best, row.at);
        lane.best = row.id;
        self.arrived(true);
        self.single(place, row);
    }

    /// A mark price or funding rate: the newest counts.
    fn reference(&mut self, row: Event) {
        let Some(place) = self.place(row.instrument) else { return };
        let (by, several) = (self.by, self.several);
        let lane = &mut self.lanes[place];
        let (stream, number) = match row.kind {
            kind::MARK => (Stream::Mark, 0),
            _ => (Stream::Funding, 1),
        };
        lane.heard(by, stream, row.at);
        let last = lane.references[number];
        // What comes twice in a millisecond is news unless another connection may have brought it.
        let first = row.id > last || row.id == last && !several;
        self.arrived(first);
        if first {
            self.lanes[place].references[number] = row.id;
            self.single(place, row);
        }
    }
}

impl Intake for Books {
    #[inline]
    fn wants_best(&self, instrument: InstrumentId, id: u64) -> bool {
        let Some(lane) = self.place(instrument).and_then(|place| self.lanes.get(place)) else {
            return false;
        };
        id > lane.best && lane.sequence.row_id().is_none_or(|row| id > row)
    }

    #[inline]
    fn take(&mut self, message: Message<'_>) {
        match message {
            Message::Best(row) => self.best(row),
            Message::Trade(row) => self.trade(row, row.id),
            Message::Bundle { row, first } => self.trade(row, first),
            Message::Print { row, print } if row.kind == kind::LIQUIDATION => {
                self.print(row, print, Stream::Liquidation);
            }
            Message::Print { row, print } => self.print(row, print, Stream::Trade),
            Message::Reference(row) => self.reference(row),
            Message::Depth { instrument, head, rows } => {
                if let Some(place) = self.place(instrument) {
                    self.depth(place, (head, rows));
                }
            }
            Message::Book { instrument, book, anew, at } => {
                if let Some(place) = self.place(instrument) {
                    self.book(place, book, (anew, at));
                }
            }
            Message::Stale(instrument, at) => {
                self.counters.stale_best_dropped += 1;
                self.arrived(false);
                if let Some(place) = self.place(instrument) {
                    self.lanes[place].heard(self.by, Stream::Best, at);
                }
            }
            Message::Heard(instrument, stream, at) => {
                if let Some(place) = self.place(instrument) {
                    self.lanes[place].heard(self.by, stream, at);
                }
            }
            Message::Shutdown => {
                self.counters.shutdowns += 1;
                self.leaving |= 1 << self.by;
            }
            Message::Granted(asked) => self.granted(asked),
            Message::Refused(asked, why) => self.refused(asked, why),
            Message::Answer => {}
            Message::Unknown => self.counters.unknown_frames += 1,
        }
    }
}
