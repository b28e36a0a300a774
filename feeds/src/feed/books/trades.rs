//! Public trades, in the order of their ids where the venue numbers them: each once, and what
//! overtook others waits for them.

use super::Books;
use crate::net::ring::RowSink;
use crate::protocol::Stream;
use engine::event::{Event, GapReason};
use engine::time::Nanos;

impl Books {
    /// A row that stands for the trades from `first` up to and with its own id.
    #[inline]
    pub(super) fn trade(&mut self, row: Event, first: u64) {
        let Some(place) = self.place(row.instrument) else { return };
        let (by, lane) = (self.by, &mut self.lanes[place]);
        lane.heard(by, Stream::Trade, row.at);
        lane.told(by, Stream::Trade, row.id);
        if row.id <= lane.trade {
            self.counters.repeated_trades += 1;
            return self.arrived(false);
        }
        let next = lane.trade == 0 || first <= lane.trade + 1;
        if !lane.ahead.is_empty() || self.several && !next {
            return self.overtaking(place, (row, first));
        }
        self.arrived(true);
        self.pass(place, (row, first));
    }

    /// A trade that is not the next one, or behind which others wait.
    #[cold]
    fn overtaking(&mut self, place: usize, trade: (Event, u64)) {
        let row = trade.0;
        if let Some(first) = self.lanes[place].ahead.first().filter(|_| self.is_full(place)) {
            self.lanes[place].ahead.pop();
            self.pass(place, first);
        }
        let first = self.lanes[place].ahead.hold(trade);
        self.arrived(first);
        self.counters.repeated_trades += u64::from(!first);
        self.release(place, row.at);
        let waits = self.lanes[place].trade < row.id;
        self.counters.held_ahead += u64::from(first && waits);
    }

    fn is_full(&self, place: usize) -> bool {
        !self.lanes[place].ahead.has_room()
    }

    /// Passes on the trades held that are next, or whose forerunners no connection will bring.
    #[cold]
    pub(super) fn release(&mut self, place: usize, now: Nanos) {
        while let Some(held) = self.lanes[place].ahead.first() {
            let lane = &mut self.lanes[place];
            let (next, (row, first)) = (lane.trade + 1, held);
            let awaited = first > next
                && lane.slowest(Stream::Trade, self.up) < next
                && now.since(row.at) < self.hole_max;
            if awaited {
                return;
            }
            lane.ahead.pop();
            if row.id >= next {
                self.pass(place, held);
            }
        }
    }

    /// Passes on a trade; those between it and the last one never came.
    #[inline]
    fn pass(&mut self, place: usize, (row, first): (Event, u64)) {
        let lane = &mut self.lanes[place];
        if lane.trade != 0 {
            self.counters.missed_trades += first.saturating_sub(lane.trade + 1);
        }
        lane.trade = row.id;
        self.single(place, row);
    }

    /// A trade or liquidation without a number: the first connection to bring it wins.
    #[inline]
    pub(super) fn print(&mut self, row: Event, print: u64, stream: Stream) {
        let Some(place) = self.place(row.instrument) else { return };
        let (by, alone, lane) = (self.by, !self.several, &mut self.lanes[place]);
        lane.heard(by, stream, row.at);
        let prints = &mut lane.prints[usize::from(stream == Stream::Liquidation)];
        let first = prints.is_first(by, print, alone);
        self.arrived(first);
        if first {
            self.single(place, row);
        } else {
            self.counters.repeated_trades += 1;
        }
    }

    /// A message of one row that is not part of the book. Where it finds no room, the engine may
    /// have missed more: its book is broken.
    #[inline]
    pub(super) fn single(&mut self, place: usize, row: Event) {
        if !self.out.message(&[row]) {
            self.counters.ring_full += 1;
            let lane = &mut self.lanes[place];
            if lane.sequence.book_id().is_some() {
                lane.sequence.restart(GapReason::RingFull, row.at, &mut self.out);
            }
        }
    }
}
