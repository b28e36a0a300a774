//! One session's engine on its way through journaled rows: events are applied, sent rows compared.
//!
//! Rows are pushed in one by one, so that whole journals, a growing one and simulations share it.

use super::difference::{Difference, What};
use super::ports::ReplayPorts;
use engine::engine::{Engine, step};
use engine::event::Event;
use engine::state::{Digest, Restore, Words};
use engine::strategy::Strategy;
use shm::journal::{Row, StateFile, roll, sent};

/// What was sent by a session up to some row: how many rows, and their rolling digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows.
    pub count: u64,
    /// Digest.
    pub digest: u64,
}

/// An engine and where it is.
#[derive(Debug)]
pub struct Course<S> {
    /// The engine.
    pub engine: Engine<S>,
    /// Events applied.
    pub events: u64,
    /// Sent rows compared.
    pub intents: u64,
    /// What the journal says was sent.
    pub tally: Tally,
    epoch: u32,
    ports: ReplayPorts,
    /// How many rows of what the last event sent the journal has shown.
    shown: usize,
    /// Before the first event: rows that an event before the state sent may come.
    is_fresh: bool,
}

impl<S: Strategy + Restore> Course<S> {
    /// From a state; `None` when its words do not fit.
    pub fn new(state: &StateFile) -> Option<Self> {
        Some(Self {
            engine: restore(&state.words)?,
            events: 0,
            intents: 0,
            tally: Tally { count: state.sent, digest: state.sent_digest },
            epoch: state.epoch,
            ports: ReplayPorts::default(),
            shown: 0,
            is_fresh: true,
        })
    }
}

/// An engine of all of these words.
pub fn restore<S: Strategy + Restore>(words: &[u64]) -> Option<Engine<S>> {
    let mut source = Words::new(words);
    let engine = Engine::restore(&mut source)?;
    source.is_empty().then_some(engine)
}

impl<S: Strategy> Course<S> {
    /// The session.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Digest of the engine's state.
    pub fn digest(&self) -> u64 {
        Digest::of(&self.engine)
    }

    /// Takes the next row; gives the difference when replay does something else than was recorded.
    #[inline]
    pub fn take(&mut self, row: &Row) -> Option<Box<Difference>> {
        if row.is_sent() {
            return self.compare(row);
        }
        if self.shown < self.ports.sent().len() {
            return self.unrecorded();
        }
        if row.is_end() {
            let tally = Tally { count: row.event.id, digest: row.event.payload[0] };
            return self.compare_tally(tally, row.seq);
        }
        self.apply(row);
        if self.ports.is_same() {
            return None;
        }
        Some(self.difference(What::Event { recorded: row.event }))
    }

    #[inline]
    fn apply(&mut self, row: &Row) {
        self.is_fresh = false;
        self.shown = 0;
        self.events += 1;
        self.ports.give(row);
        step(&mut self.engine, &mut self.ports);
    }

    fn compare(&mut self, row: &Row) -> Option<Box<Difference>> {
        let recorded = row.event;
        self.tally =
            Tally { count: self.tally.count + 1, digest: roll(self.tally.digest, &recorded) };
        if self.is_fresh {
            return None;
        }
        let replayed = self.ports.sent().get(self.shown).copied();
        self.shown += 1;
        if replayed.is_some_and(|replayed| sent::same(&replayed, &recorded)) {
            self.intents += 1;
            return None;
        }
        Some(self.difference(What::Intent { recorded: Some(recorded), replayed }))
    }

    /// The difference that the last event sent more than is recorded, if it did.
    #[cold]
    fn unrecorded(&mut self) -> Option<Box<Difference>> {
        let replayed = self.ports.sent().get(self.shown).copied()?;
        self.shown = usize::MAX;
        Some(self.difference(What::Intent { recorded: None, replayed: Some(replayed) }))
    }

    /// Compares what was sent so far with what the journal says of it before this row.
    pub fn compare_tally(&self, recorded: Tally, seq: u64) -> Option<Box<Difference>> {
        let replayed = self.tally;
        (replayed != recorded)
            .then(|| self.difference(What::Tally { before: seq, recorded, replayed }))
    }

    /// Applies a row without comparing anything: to see where a difference leads.
    pub fn follow(&mut self, row: &Row) {
        if !row.is_sent() && !row.is_end() {
            self.apply(row);
        }
    }

    /// The event that was applied last, and its place.
    pub const fn last(&self) -> (u64, &Event) {
        self.ports.event()
    }

    pub(super) fn difference(&self, what: What) -> Box<Difference> {
        let (seq, event) = self.last();
        let event = (!self.is_fresh).then_some(*event);
        Box::new(Difference { seq, event, what, state: None })
    }
}
