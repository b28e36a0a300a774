//! One way through a journal: events go into an engine that began as the recorded one did, and
//! what it sends is compared with what was sent.
//!
//! Nothing leaves. Each segment's header tells how much had been sent and its digest, and each
//! state file what the engine was: both are compared on the way.

use engine::engine::{Engine, step};
use engine::event::Event;
use engine::intent::Outgoing;
use engine::ports::Ports;
use engine::state::{Digest, Words};
use engine::time::{Nanos, Stage};
use shm::journal::directory::state_path;
use shm::journal::{
    Directory, JournalError, JournalReader, Row, SegmentHeader, StateFile, roll, sent,
};
use strategies::any::Any;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// An event is not what the engine makes of it again.
    Event,
    /// Something else was sent, or not, or more.
    Sent,
    /// A segment counts other things sent than its rows say.
    Count,
    /// The state is not that of the state file.
    State,
}

/// The first place where recorded and regenerated differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub what: What,
    /// Place of the event that came last.
    pub seq: u64,
    /// As the journal has it.
    pub recorded: Option<Event>,
    /// As the engine makes it now.
    pub regenerated: Option<Event>,
}

/// Ports over rows: one event in, what it sends kept.
#[derive(Debug, Default)]
struct ReplayPorts {
    next: Option<Event>,
    at: Nanos,
    cause: u64,
    event: Event,
    sent: Vec<Event>,
}

impl Ports for ReplayPorts {
    #[inline]
    fn now(&mut self) -> Nanos {
        self.at
    }
    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.next.take()
    }
    #[inline]
    fn record(&mut self, event: &Event) {
        self.event = *event;
    }
    #[inline]
    fn send(&mut self, item: Outgoing) {
        self.sent.push(sent::row(&item, self.cause, self.at, 0));
    }
    #[inline]
    fn mark(&mut self, _: Stage) {}
}

/// How much was gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows of both kinds.
    pub rows: u64,
    /// Events applied.
    pub events: u64,
    /// Sent rows compared.
    pub intents: u64,
    /// State files and segment headers that agreed.
    pub checkpoints: u64,
    /// What the engine sent again and the journal has no row for, because its writer died: it
    /// never left.
    pub unsent: u64,
}

/// One way through.
pub struct Course {
    reader: JournalReader,
    engine: Engine<Any>,
    ports: ReplayPorts,
    header: SegmentHeader,
    sent: u64,
    digest: u64,
    ahead: Option<Row>,
    /// Rows that the event before `began` sent.
    began: u64,
    tally: Tally,
    difference: Option<Difference>,
    ended: bool,
}

/// An engine of a state file.
pub fn restore(state: &StateFile, directory: &Directory) -> Result<Engine<Any>, JournalError> {
    let mut words = Words::new(&state.words);
    let engine = Engine::restore(&mut words).filter(|_| words.is_empty());
    let path = state_path(&directory.path, state.seq);
    engine.ok_or(JournalError::Damaged { path, part: "state" })
}

impl Course {
    /// From the last state at or before this row, or the first there is.
    pub fn begin(directory: Directory, from: u64) -> Result<Self, JournalError> {
        let first = directory.segments.first().map_or(0, |place| place.seq);
        let missing =
            || JournalError::NoState { path: state_path(&directory.path, first), seq: first };
        let known = |seq: u64| directory.segments.iter().any(|place| place.seq == seq);
        let mut states = directory.states.iter().filter(|state| known(state.seq));
        let place = states.clone().rfind(|state| state.seq <= from).or_else(|| states.next());
        let state = StateFile::read(&place.ok_or_else(missing)?.path)?;
        let engine = restore(&state, &directory)?;
        let mut reader = JournalReader::open(directory, state.seq)?;
        reader.take_entered();
        let header = *reader.header();
        if header.journal != state.journal {
            return Err(JournalError::Mixed { path: reader.segment().path.clone() });
        }
        Ok(Self {
            reader,
            engine,
            ports: ReplayPorts { sent: Vec::with_capacity(128), ..ReplayPorts::default() },
            header,
            sent: state.sent,
            digest: state.sent_digest,
            ahead: None,
            began: state.seq,
            tally: Tally::default(),
            difference: None,
            ended: false,
        })
    }

    /// The engine as it is after the last event.
    pub const fn engine(&self) -> &Engine<Any> {
        &self.engine
    }

    /// The engine, at the end.
    pub fn into_engine(self) -> Engine<Any> {
        self.engine
    }

    /// Place of the next row.
    pub fn seq(&self) -> u64 {
        self.ahead.map_or(self.reader.seq(), |row| row.seq)
    }

    /// The segment that was last gone into.
    pub const fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// Rows sent by the session so far, and their digest.
    pub const fn sent(&self) -> (u64, u64) {
        (self.sent, self.digest)
    }

    /// How much was gone through.
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// The first difference, if any was found.
    pub const fn difference(&self) -> Option<&Difference> {
        self.difference.as_ref()
    }

    /// Whether the last session that was gone through ended in order.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Goes on over a folder that has grown.
    pub fn extend(&mut self, directory: Directory) -> Result<(), JournalError> {
        self.reader.extend(directory)
    }

    /// The next event with everything that it sent; `None` at the end of the journal, and after a
    /// difference.
    pub fn turn(&mut self) -> Result<Option<Row>, JournalError> {
        while self.difference.is_none() {
            let Some(row) = self.take()? else { return Ok(None) };
            self.tally.rows += 1;
            if row.is_end() {
                self.ended = true;
                self.check_end(&row);
            } else if !row.is_sent() {
                self.ended = false;
                self.apply(&row)?;
                return Ok(Some(row));
            } else if sent::cause(&row.event) < self.began {
                self.count(&row.event);
            } else {
                self.differs(What::Sent, row.seq, Some(row.event), None);
            }
        }
        Ok(None)
    }

    fn apply(&mut self, row: &Row) -> Result<(), JournalError> {
        let event = Event { crc: 0, ..row.event };
        (self.ports.at, self.ports.cause) = (event.at, row.seq);
        self.ports.next = Some(Event { at: event.read_at(), recv_delta_ns: 0, ..event });
        step(&mut self.engine, &mut self.ports);
        self.tally.events += 1;
        if self.ports.event != event {
            self.differs(What::Event, row.seq, Some(event), Some(self.ports.event));
        }
        let mut regenerated = std::mem::take(&mut self.ports.sent);
        for ours in &regenerated {
            let is_theirs = self.peek()?.is_some_and(|row| row.is_sent());
            if !is_theirs && self.is_cut() {
                self.tally.unsent += 1;
                continue;
            }
            let theirs = if is_theirs { self.take()? } else { None };
            let theirs = theirs.map(|row| row.event);
            if !theirs.is_some_and(|theirs| sent::same(&theirs, ours)) {
                self.differs(What::Sent, row.seq, theirs, Some(*ours));
                break;
            }
            self.count(ours);
            self.tally.rows += 1;
            self.tally.intents += 1;
        }
        regenerated.clear();
        self.ports.sent = regenerated;
        Ok(())
    }

    /// Whether the session's rows end here: its writer died before it wrote more.
    fn is_cut(&self) -> bool {
        self.ahead.is_none_or(|_| self.reader.header().epoch != self.header.epoch)
    }

    fn count(&mut self, row: &Event) {
        self.sent += 1;
        self.digest = roll(self.digest, row);
    }

    fn peek(&mut self) -> Result<Option<Row>, JournalError> {
        if self.ahead.is_none() {
            self.ahead = self.reader.next_row()?;
        }
        Ok(self.ahead)
    }

    /// The next row; the first one of a segment only after what the segment says was compared.
    #[inline]
    fn take(&mut self) -> Result<Option<Row>, JournalError> {
        let row = match self.ahead.take() {
            Some(row) => Some(row),
            None => self.reader.next_row()?,
        };
        if row.is_some() && self.reader.take_entered() {
            self.enter()?;
        }
        Ok(row)
    }

    #[cold]
    fn enter(&mut self) -> Result<(), JournalError> {
        let header = *self.reader.header();
        let path = state_path(&self.reader.directory().path, header.first);
        if header.epoch != self.header.epoch {
            if !path.exists() {
                return Err(JournalError::NoState { path, seq: header.first });
            }
            let state = StateFile::read(&path)?;
            self.engine = restore(&state, self.reader.directory())?;
            (self.sent, self.digest, self.header) = (0, 0, header);
            self.began = header.first;
            return self.check_state(&state);
        }
        self.header = header;
        if (header.sent, header.sent_digest) != (self.sent, self.digest) {
            self.differs(What::Count, header.first, None, None);
            return Ok(());
        }
        self.tally.checkpoints += 1;
        if path.exists() {
            let state = StateFile::read(&path)?;
            self.check_state(&state)?;
        }
        Ok(())
    }

    fn check_state(&mut self, state: &StateFile) -> Result<(), JournalError> {
        if state.digest == Digest::of(&self.engine) {
            self.tally.checkpoints += 1;
        } else {
            self.differs(What::State, state.seq, None, None);
        }
        Ok(())
    }

    fn check_end(&mut self, row: &Row) {
        if (row.event.id, row.event.payload[0]) != (self.sent, self.digest) {
            self.differs(What::Count, row.seq, Some(row.event), None);
        }
    }

    fn differs(
        &mut self,
        what: What,
        seq: u64,
        recorded: Option<Event>,
        regenerated: Option<Event>,
    ) {
        let first = Difference { what, seq, recorded, regenerated };
        self.difference.get_or_insert(first);
    }
}
