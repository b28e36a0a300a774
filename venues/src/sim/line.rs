//! One simulated market behind constant latency, in plain types.

use super::delay::Delay;
use super::latency::Latency;
use super::market::{Market, Settings};
use super::order::Ask;
use super::report::Report;
use engine::id::Side;
use engine::num::{Price, Qty};
use engine::time::Nanos;

/// A [`Market`] with the way to it and the way back. Before every market row, the requests that
/// have arrived by then are carried out; so nothing fills before it arrived.
#[derive(Debug)]
pub struct Line {
    market: Market,
    latency: Latency,
    entry: Delay<Ask>,
    response: Delay<Report>,
}

impl Line {
    /// A market behind this latency, with at most `asks_max` requests on their way.
    pub fn new(settings: Settings, latency: Latency, asks_max: usize) -> Self {
        Self {
            market: Market::new(settings),
            latency,
            entry: Delay::new(asks_max),
            response: Delay::new(settings.reports_max),
        }
    }

    /// Sends a request; gives it back when too many are on their way.
    pub fn submit(&mut self, now: Nanos, ask: Ask) -> Result<(), Ask> {
        self.entry.push(now.after(self.latency.entry), ask)
    }

    /// The next report that has reached us by now, with the time at which it did.
    pub fn poll(&mut self, now: Nanos) -> Option<(Nanos, Report)> {
        self.advance(now);
        self.response.pop(now)
    }

    /// When the next request arrives or the next report reaches us.
    pub fn next_at(&self) -> Option<Nanos> {
        [self.entry.next_at(), self.response.next_at()].into_iter().flatten().min()
    }

    /// Requests on their way to the market.
    pub fn in_flight(&self) -> usize {
        self.entry.len()
    }

    /// The market itself.
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// Carries out the requests that arrived by now.
    pub fn advance(&mut self, now: Nanos) {
        self.collect();
        while self.market.has_room() {
            let Some((at, ask)) = self.entry.pop(now) else { break };
            // There is room, so the market takes it.
            let _ = self.market.apply(at, ask);
            self.collect();
        }
    }

    /// See [`Market::on_snapshot`].
    pub fn on_snapshot(&mut self, at: Nanos) {
        self.advance(at);
        self.market.on_snapshot(at);
    }

    /// See [`Market::on_level`].
    pub fn on_level(&mut self, at: Nanos, id: u64, level: (Side, Price, Qty)) {
        self.advance(at);
        self.market.on_level(at, id, level);
    }

    /// See [`Market::on_depth_end`].
    pub fn on_depth_end(&mut self, at: Nanos) {
        self.advance(at);
        self.market.on_depth_end(at);
        self.collect();
    }

    /// See [`Market::on_best`].
    pub fn on_best(&mut self, at: Nanos, id: u64, bid: (Price, Qty), ask: (Price, Qty)) {
        self.advance(at);
        self.market.on_best(at, id, bid, ask);
        self.collect();
    }

    /// See [`Market::on_trade`].
    pub fn on_trade(&mut self, at: Nanos, price: Price, qty: Qty, taker: Side) {
        self.advance(at);
        self.market.on_trade(at, price, qty, taker);
        self.collect();
    }

    /// See [`Market::on_gap`].
    pub fn on_gap(&mut self, at: Nanos) {
        self.advance(at);
        self.market.on_gap(at);
    }

    fn collect(&mut self) {
        while self.response.room() > 0 {
            let Some(report) = self.market.report() else { break };
            // There is room for it.
            let _ = self.response.push(report.at.after(self.latency.response), report);
        }
    }
}
