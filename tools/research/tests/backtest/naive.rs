//! The same run the slow way: one thing at a time, the earliest first, each looked for anew.

use super::rig;
use engine::engine::{Engine, step};
use engine::event::{Body, Event, Link, LinkState};
use engine::id::InstrumentId;
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::time::{Nanos, Stage};
use research::backtest::World;
use strategies::any::Any;
use venues::sim::SimVenue;

struct OneDoor {
    now: Nanos,
    next: Option<Event>,
    world: SimVenue,
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
            Outgoing::Place(approved) => World::place(&mut self.world, self.now, approved),
            Outgoing::Reduce(reduce) => World::reduce(&mut self.world, self.now, reduce),
            Outgoing::Resync(_) => panic!("no book of this market crosses"),
        }
    }
    fn mark(&mut self, _: Stage) {}
}

/// The engine at the end, and all that it sent.
pub fn run(received: &[Event], happened: &[Event]) -> (Engine<Any>, Vec<String>) {
    let mut engine = rig::engine();
    let (now, world) = (rig::BEGAN, rig::world());
    let mut door = OneDoor { now, next: None, world, sent: Vec::new() };
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
        let at = row.at.min(at_venue).min(timer_at).min(door.world.next_at());
        if at_venue == at {
            door.world.market(happened.next().unwrap());
            continue;
        }
        door.world.advance(at);
        if row.at == at {
            let row = *received.next().unwrap();
            tell(&mut door, at, row);
        } else if let Some(report) = World::poll(&mut door.world, at) {
            tell(&mut door, at, report);
        } else if timer_at == at {
            timers += 1;
            tell(&mut door, at, Event::new(at, InstrumentId(0), timers, Body::Timer));
            timer_at = at.after(rhythm.timer_every);
        }
    }
    let at = door.now;
    while let Some(report) = World::poll(&mut door.world, at) {
        tell(&mut door, at, report);
    }
    (engine, door.sent)
}
