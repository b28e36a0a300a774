//! Orders that are judged and never sent, so that what an order needs is in the caches when one
//! comes.

use super::Engine;
use crate::id::{ClientId, OrderId, Side};
use crate::intent::{Place, Tif};
use crate::num::{Price, Qty};
use crate::risk::{Facts, Gate};
use crate::strategy::Strategy;

impl<S: Strategy> Engine<S> {
    /// Judges an order that nobody wants, and leaves no trace of it: of the `turn`th instrument and
    /// side in a round over all desks, at the price of the best standing order or of the book.
    /// Whether it would have passed.
    pub fn rehearse(&mut self, turn: usize) -> bool {
        let side = Side::BOTH[turn % 2];
        let (turn, desks) = (turn / 2, self.desks.len().max(1));
        let Some(desk) = self.desks.get(turn % desks) else { return false };
        let Some(lane) = desk.lanes.get(turn / desks % desk.lanes.len().max(1)) else {
            return false;
        };
        let best = desk.own_best(lane.instrument, side).or_else(|| {
            let book = &self.market.listing(lane.instrument)?.book;
            book.best(side).map(|(price, _)| price)
        });
        let order = Place {
            client: ClientId { order: OrderId::new(self.epoch, self.next_counter), cause: 0 },
            instrument: lane.instrument,
            side,
            price: best.unwrap_or(Price(1)),
            qty: Qty(1),
            tif: Tif::PostOnly,
        };
        let would_pass = |gate: &mut Gate, facts: &Facts<'_>| gate.would_pass(&order, facts);
        self.with_facts(turn % desks, &order, self.now, would_pass).unwrap_or(false)
    }
}
