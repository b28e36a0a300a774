//! The world of a journal with simulated venues in it: its market, timers and operators as they
//! were recorded, and other answers to what another engine sends.

use engine::engine::{Engine, step};
use engine::event::{Body, Command, Event, Link, flag, kind};
use engine::id::Side;
use engine::intent::Outgoing;
use engine::market::Listing;
use engine::ports::Ports;
use engine::time::{Nanos, Stage};
use strategies::any::Any;
use venues::sim::SimVenues;

/// Doors of a simulated engine: one event in, orders to the simulated venues. Before those are
/// open, nothing that it sends reaches anybody.
#[derive(Debug, Default)]
pub struct SimPorts {
    next: Option<Event>,
    at: Nanos,
    venues: Option<SimVenues>,
    /// Rows of the same message follow.
    is_inner: bool,
    /// What the engine sent.
    pub sent: u64,
}

impl Ports for SimPorts {
    fn now(&mut self) -> Nanos {
        self.at
    }

    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }

    fn record(&mut self, event: &Event) {
        if let Some(venues) = &mut self.venues {
            venues.on_event(event);
        }
    }

    fn send(&mut self, item: Outgoing) {
        self.sent += 1;
        if let Some(venues) = &mut self.venues {
            // Snapshots come as they were recorded.
            let _ = venues.take(self.at, item);
        }
    }

    fn mark(&mut self, _: Stage) {}
}

impl SimPorts {
    /// Whether there are venues.
    pub const fn is_open(&self) -> bool {
        self.venues.is_some()
    }

    /// Opens the venues, with the books as the engine has them.
    pub fn open(&mut self, mut venues: SimVenues, now: Nanos, engine: &Engine<Any>) {
        let live = engine.market.listings().iter().filter(|listing| listing.book.is_live());
        for listing in live {
            show(&mut venues, now, listing);
        }
        self.venues = Some(venues);
    }

    /// What the venues told by the time of this event, and the event, which is recorded.
    pub fn take(&mut self, engine: &mut Engine<Any>, event: &Event) {
        while let Some(report) = self.report(event.at) {
            self.at = report.at.max(engine.now());
            self.next = Some(report);
            step(engine, self);
        }
        self.is_inner = event.is_inner();
        self.at = event.at;
        let read = Event { at: event.read_at(), recv_delta_ns: 0, crc: 0, ..*event };
        self.next = Some(read);
        step(engine, self);
    }

    /// The next report by now; none comes into the midst of a message.
    fn report(&mut self, now: Nanos) -> Option<Event> {
        self.venues.as_mut().filter(|_| !self.is_inner)?.poll(now)
    }
}

/// A book as one snapshot.
fn show(venues: &mut SimVenues, now: Nanos, listing: &Listing) {
    let levels = Side::BOTH.into_iter().flat_map(|side| {
        listing.book.levels(side).map(move |(price, qty)| Body::Level { side, price, qty })
    });
    let levels: Vec<Body> = levels.collect();
    for (place, body) in levels.iter().enumerate() {
        let first = if place == 0 { flag::FIRST } else { 0 };
        let last = if place + 1 == levels.len() { flag::LAST } else { 0 };
        let id = listing.book.update_id();
        let row = Event::new(now, listing.instrument.id, id, *body);
        venues.on_event(&row.with(flag::SNAPSHOT | first | last));
    }
}

/// Whether a recorded row is of the world and not of our own orders.
pub fn is_public(event: &Event) -> bool {
    match event.body() {
        Some(Body::Link { link, .. }) => link == Link::Market,
        // That journal was full, this run has none.
        Some(Body::Command { command, .. }) => command != Command::JournalFull,
        Some(_) => event.kind < kind::ACCEPTED || event.kind > kind::TRIGGERED,
        None => false,
    }
}
