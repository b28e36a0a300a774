//! Paper ports: the real market, and simulated venues in the gateways' place.
//!
//! Each market row reaches its simulated venue when it is recorded, just before the engine takes
//! it, so that a fill is never learnt of before the row that caused it.

use super::LivePorts;
use engine::event::Event;
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::time::{Clock, Nanos, Stage, Trace};
use venues::sim::SimVenues;

/// Doors of the engine in paper trading.
pub struct PaperPorts {
    live: LivePorts,
    venues: SimVenues,
}

impl PaperPorts {
    /// The market and the operators of `live`, the orders to `venues`.
    pub const fn new(live: LivePorts, venues: SimVenues) -> Self {
        Self { live, venues }
    }

    /// The doors to the market.
    pub const fn live(&mut self) -> &mut LivePorts {
        &mut self.live
    }

    /// Whether the feed is gone; there is no gateway that could be.
    pub fn is_abandoned(&self) -> bool {
        self.live.market_is_abandoned()
    }

    /// Fills that the simulated venues could not tell of.
    pub fn fills_missed(&self) -> u64 {
        self.venues.fills_missed()
    }
}

impl Ports for PaperPorts {
    fn now(&mut self) -> Nanos {
        self.live.now()
    }

    fn next(&mut self) -> Option<Event> {
        let now = self.live.clock().now();
        if !self.live.has_queued()
            && let Some(report) = self.venues.poll(now)
        {
            self.live.not_market();
            return Some(report);
        }
        self.live.next()
    }

    fn record(&mut self, event: &Event) {
        self.venues.on_event(event);
        self.live.record(event);
    }

    fn send(&mut self, item: Outgoing) {
        if !matches!(item, Outgoing::Resync(_)) && !self.live.write_down(&item) {
            return;
        }
        let now = self.live.clock().now();
        match item {
            Outgoing::Place(approved) => {
                let span = now.since(approved.read_at());
                self.live.probe().record(Stage::TickToOrder, span);
                self.venues.place(now, approved);
            }
            Outgoing::Reduce(reduce) => self.venues.reduce(now, reduce),
            resync @ Outgoing::Resync(_) => self.live.send(resync),
        }
    }

    fn mark(&mut self, stage: Stage) {
        self.live.mark(stage);
    }
}
