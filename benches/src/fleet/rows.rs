//! The engine's doors, counting what each feed's rows of a turn are.

use engine::event::{Event, kind};
use engine::instrument::Instrument;
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::time::{Nanos, Stage};
use peregrine::ports::LivePorts;

/// Feeds that are told apart.
pub const FEEDS_MAX: usize = 4;

/// Market rows that the engine took.
#[derive(Clone, Debug)]
pub struct Counting {
    /// By feed, since the beginning.
    pub rows: [u64; FEEDS_MAX],
    /// By feed, how long after it was read the last row of a message was taken, newest last; kept
    /// where it is asked for.
    pub waits: Option<[Vec<u64>; FEEDS_MAX]>,
    /// By instrument.
    feeds: Vec<u8>,
}

impl Counting {
    /// None yet.
    pub fn new(instruments: &[Instrument]) -> Self {
        let feeds = instruments.iter().map(|one| one.feed.0).collect();
        Self { rows: [0; FEEDS_MAX], waits: None, feeds }
    }

    /// All rows.
    pub fn total(&self) -> u64 {
        self.rows.iter().sum()
    }

    /// These ports, counted.
    #[inline]
    pub const fn over<'a>(&'a mut self, ports: &'a mut LivePorts) -> Counted<'a> {
        Counted { counting: self, ports }
    }

    #[inline]
    fn count(&mut self, event: &Event, now: Nanos) {
        let feed = match event.kind {
            kind::LINK => return,
            _ => self.feeds.get(event.instrument.index()).copied().map_or(0, usize::from),
        };
        let Some(rows) = self.rows.get_mut(feed) else { return };
        *rows += 1;
        if !event.is_inner()
            && let Some(waits) = &mut self.waits
        {
            waits[feed].push(now.since(event.at).0);
        }
    }
}

/// The engine's doors for one step.
pub struct Counted<'a> {
    counting: &'a mut Counting,
    ports: &'a mut LivePorts,
}

impl Ports for Counted<'_> {
    #[inline]
    fn now(&mut self) -> Nanos {
        self.ports.now()
    }

    #[inline]
    fn next(&mut self) -> Option<Event> {
        let event = self.ports.next()?;
        if event.kind < kind::ACCEPTED {
            let timed = self.counting.waits.is_some() && !event.is_inner();
            let now = if timed { self.now_of_clock() } else { Nanos::ZERO };
            self.counting.count(&event, now);
        }
        Some(event)
    }

    #[inline]
    fn record(&mut self, event: &Event) {
        self.ports.record(event);
    }

    #[inline]
    fn send(&mut self, item: Outgoing) {
        self.ports.send(item);
    }

    #[inline]
    fn mark(&mut self, stage: Stage) {
        self.ports.mark(stage);
    }
}

impl Counted<'_> {
    fn now_of_clock(&self) -> Nanos {
        engine::time::Clock::now(self.ports.clock())
    }
}
