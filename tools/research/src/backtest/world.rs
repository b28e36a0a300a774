//! What answers the engine in a backtest: the venues, simulated.

use engine::event::Event;
use engine::id::{InstrumentId, Side};
use engine::intent::{Approved, Reduce};
use engine::num::{Price, Qty};
use engine::time::Nanos;
use venues::sim::SimVenue;

/// All venues of a run. Time comes with each call and never goes back.
pub trait World {
    /// A row of the market, `at` being its moment at the venue.
    fn market(&mut self, row: &Event);

    /// Carries out what has arrived by now.
    fn advance(&mut self, now: Nanos);

    /// When the next request arrives at a venue or the next report reaches us; the end of time when
    /// none is on its way.
    fn next_at(&self) -> Nanos;

    /// The next report that has reached us by now.
    fn poll(&mut self, now: Nanos) -> Option<Event>;

    /// Takes an approved order.
    fn place(&mut self, now: Nanos, approved: Approved);

    /// Takes a request that only reduces.
    fn reduce(&mut self, now: Nanos, reduce: Reduce);

    /// Both sides of a book as its venue displays it now, best first, and its update id.
    fn book(&self, instrument: InstrumentId) -> (u64, Vec<(Side, Price, Qty)>);
}

impl World for SimVenue {
    #[inline]
    fn market(&mut self, row: &Event) {
        self.on_event(row);
    }

    #[inline]
    fn advance(&mut self, now: Nanos) {
        self.bring(now);
    }

    #[inline]
    fn next_at(&self) -> Nanos {
        Self::next_at(self)
    }

    #[inline]
    fn poll(&mut self, now: Nanos) -> Option<Event> {
        Self::poll(self, now)
    }

    fn place(&mut self, now: Nanos, approved: Approved) {
        Self::place(self, now, approved);
    }

    fn reduce(&mut self, now: Nanos, reduce: Reduce) {
        Self::reduce(self, now, reduce);
    }

    fn book(&self, instrument: InstrumentId) -> (u64, Vec<(Side, Price, Qty)>) {
        let Some(shown) = self.displayed(instrument) else { return (0, Vec::new()) };
        let side = |side: Side| shown.levels(side).map(move |(price, qty)| (side, price, qty));
        (0, Side::BOTH.into_iter().flat_map(side).collect())
    }
}
