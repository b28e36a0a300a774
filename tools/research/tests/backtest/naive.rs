//! The same run the slow way: one thing at a time, the earliest first, each looked for anew.

use super::rig;
use engine::engine::{Engine, step};
use engine::event::{Body, Event, Link, LinkState};
use engine::id::InstrumentId;
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::time::{Nanos, Stage};
use research::tape::venue_at;
use strategies::any::Any;
use venues::sim::SimVenues;

struct OneDoor {
    now: Nanos,
    next: Option<Event>,
    venues: SimVenues,
    sent: Vec<String>,
}

impl Ports for OneDoor {
    fn now(&mut self) -> Nanos {
        self.now
    }
    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }
    fn record(&mut self, _: &Event) {}
    fn send(&mut self, item: Outgoing) {
        self.sent.push(format!("{} {item:?}", self.now.0));
        match item {
            Outgoing::Place(approved) => self.venues.place(self.now, approved),
            Outgoing::Reduce(reduce) => self.venues.reduce(self.now, reduce),
            Outgoing::Resync(_) => panic!("no book of this market crosses"),
        }
    }
    fn mark(&mut self, _: Stage) {}
}

/// Rows as the venue has them: each at its moment there, those of an instant in the order of their
/// receipt.
pub fn happened(received: &[Event]) -> Vec<Event> {
    let moment = |row: &Event| Event { at: venue_at(row), recv_delta_ns: 0, ..*row };
    let mut rows: Vec<Event> = received.iter().map(moment).collect();
    rows.sort_by_key(|row| row.at);
    rows
}

/// The engine at the end, and all that it sent.
pub fn run(received: &[Event], happened: &[Event]) -> (Engine<Any>, Vec<String>) {
    let mut engine = rig::engine();
    let (now, venues) = (rig::BEGAN, rig::venues());
    let mut door = OneDoor { now, next: None, venues, sent: Vec::new() };
    let mut tell = |door: &mut OneDoor, at: Nanos, event: Event| {
        (door.now, door.next) = (at, Some(event));
        assert!(step(&mut engine, door));
    };
    let rhythm = rig::rhythm();
    let start = Body::Start { epoch: rhythm.epoch, config_hash: rhythm.config_hash };
    tell(&mut door, now, Event::new(now, InstrumentId(0), u64::from(rhythm.epoch), start));
    let up = Body::Link { link: Link::Market, state: LinkState::Up };
    tell(&mut door, now, Event::new(now, InstrumentId(0), 0, up));
    let (mut received, mut happened) = (received.iter().peekable(), happened.iter().peekable());
    let (mut timer_at, mut timers) = (now.after(rhythm.timer_every), 0);
    let never = Nanos(u64::MAX);
    while let Some(row) = received.peek() {
        let at_venue = happened.peek().map_or(never, |row| row.at);
        let due = door.venues.next_at().unwrap_or(never);
        let at = row.at.min(at_venue).min(timer_at).min(due);
        if at_venue == at {
            let row = happened.next().unwrap();
            door.venues.on_row(row.at, row);
        } else if row.at == at {
            let row = *received.next().unwrap();
            tell(&mut door, at, row);
        } else if due == at {
            if let Some(report) = door.venues.poll(at) {
                tell(&mut door, at, report);
            }
        } else {
            timers += 1;
            tell(&mut door, at, Event::new(at, InstrumentId(0), timers, Body::Timer));
            timer_at = at.after(rhythm.timer_every);
        }
    }
    (engine, door.sent)
}
