//! A whole journal through the engine: sessions, segments, checkpoints, and the first difference.

use super::course::{Course, Tally, restore};
use super::difference::{Difference, StateDifference, What, parts};
use engine::engine::Engine;
use engine::state::Restore;
use engine::strategy::Strategy;
use shm::journal::{
    Directory, JournalError, JournalReader, Place, Row, SegmentHeader, StateFile, directory,
};
use std::path::Path;

/// A segment that was gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Name of its file.
    pub file: String,
    /// Place of its first row.
    pub first: u64,
    /// Rows of it that were taken.
    pub rows: u64,
    /// Its session.
    pub epoch: u32,
    /// Whether it is compressed.
    pub compressed: bool,
    /// Of the program that wrote it.
    pub binary: u64,
}

/// Who looks on while a journal is replayed.
pub trait Watch<S> {
    /// A session begins: its engine is restored and nothing is applied yet.
    fn begin(&mut self, _engine: &mut Engine<S>, _header: &SegmentHeader) {}
    /// A row is about to be applied or compared.
    fn before(&mut self, _row: &Row, _engine: &Engine<S>) {}
    /// It was.
    fn after(&mut self, _row: &Row, _engine: &Engine<S>) {}
    /// The session's rows end.
    fn end(&mut self, _engine: &Engine<S>) {}
}

impl<S> Watch<S> for () {}

/// What was replayed so far.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Events applied.
    pub events: u64,
    /// Sent rows compared.
    pub intents: u64,
    /// Digests compared: of states, of what was sent before a segment, at the end of a session.
    pub checkpoints: u64,
    /// Segments gone through.
    pub segments: Vec<Segment>,
    /// Sessions that end in the midst, but for the last one.
    pub cut: u64,
    /// Whether the last session ended in order.
    pub ended: bool,
    /// Place of the first row.
    pub first: u64,
    /// Place behind the last row.
    pub end: u64,
    /// Of the journal.
    pub journal: u64,
}

/// A journal being replayed.
pub struct Replay<S> {
    directory: Directory,
    reader: JournalReader,
    course: Option<Course<S>>,
    totals: Totals,
    until: u64,
    /// The next state file to compare with, and its row.
    state: usize,
    state_at: u64,
}

impl<S: Strategy + Restore> Replay<S> {
    /// From the last state at or before `from` (the first one that is there where none is) up to
    /// and with `until`.
    pub fn open(folder: &Path, from: u64, until: u64) -> Result<Self, JournalError> {
        let directory = Directory::open(folder)?;
        let first = directory.segments[0].seq;
        let start = directory.state_before(from).or_else(|| directory.states.first());
        let missing =
            || JournalError::NoState { path: directory::state_path(folder, first), seq: first };
        let start = start.ok_or_else(missing)?.seq;
        let state = directory.states.partition_point(|place| place.seq < start);
        let reader = JournalReader::open(directory.clone(), start)?;
        if reader.seq() != start {
            // The state is older than every row.
            return Err(missing());
        }
        let state_at = directory.states.get(state).map_or(u64::MAX, |place| place.seq);
        let journal = reader.header().journal;
        let totals = Totals { first: start, end: start, journal, ..Totals::default() };
        Ok(Self { directory, reader, course: None, totals, until, state, state_at })
    }

    /// Goes on to the end, or to the first difference.
    pub fn run(&mut self, watch: &mut impl Watch<S>) -> Result<Option<Difference>, JournalError> {
        let found = self.walk(watch)?;
        self.collect();
        if let Some(course) = &self.course {
            watch.end(&course.engine);
        }
        let Some(mut found) = found else { return Ok(None) };
        // A difference is told even where the journal cannot be read any further.
        found.state = self.explain(&found.what).unwrap_or_default();
        Ok(Some(*found))
    }

    /// The state at the nearest checkpoint from a difference on.
    fn explain(&mut self, what: &What) -> Result<Option<StateDifference>, JournalError> {
        match what {
            What::State { before } => {
                let file = self.read_state(*before)?;
                Ok(self.course.as_ref().and_then(|course| compare_states(&file, course)))
            }
            What::Start { .. } => Ok(None),
            _ => self.follow(),
        }
    }

    /// What was replayed.
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The engine, at the end.
    pub fn into_engine(self) -> Option<Engine<S>> {
        self.course.map(|course| course.engine)
    }

    /// The engine, where it is now.
    pub fn engine(&self) -> Option<&Engine<S>> {
        self.course.as_ref().map(|course| &course.engine)
    }

    fn walk(&mut self, watch: &mut impl Watch<S>) -> Result<Option<Box<Difference>>, JournalError> {
        while let Some(row) = self.next()? {
            if self.reader.take_entered()
                && let Some(found) = self.enter(row.seq, watch)?
            {
                return Ok(Some(found));
            }
            if row.seq >= self.state_at
                && let Some(found) = self.checkpoint(row.seq)?
            {
                return Ok(Some(found));
            }
            let Some(course) = &mut self.course else { break };
            watch.before(&row, &course.engine);
            if let Some(found) = course.take(&row) {
                return Ok(Some(found));
            }
            if row.is_end() {
                self.totals.checkpoints += 1;
                self.totals.ended = true;
            }
            watch.after(&row, &course.engine);
        }
        let seq = self.reader.seq();
        if seq <= self.until && seq >= self.state_at {
            return self.checkpoint(seq);
        }
        Ok(None)
    }

    #[inline]
    fn next(&mut self) -> Result<Option<Row>, JournalError> {
        if self.reader.seq() > self.until { Ok(None) } else { self.reader.next_row() }
    }

    /// A segment begins with this row.
    fn enter(
        &mut self,
        seq: u64,
        watch: &mut impl Watch<S>,
    ) -> Result<Option<Box<Difference>>, JournalError> {
        let header = *self.reader.header();
        self.count_rows(seq);
        let path = &self.reader.segment().path;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.totals.segments.push(Segment {
            compressed: name.ends_with(".zst"),
            file: name,
            first: header.first,
            rows: 0,
            epoch: header.epoch,
            binary: header.binary,
        });
        if self.course.as_ref().is_none_or(|course| course.epoch() != header.epoch) {
            return self.begin(seq, &header, watch);
        }
        self.totals.checkpoints += 1;
        let recorded = Tally { count: header.sent, digest: header.sent_digest };
        Ok(self.course.as_ref().and_then(|course| course.compare_tally(recorded, seq)))
    }

    /// A session begins, or is entered in its midst, with this row.
    fn begin(
        &mut self,
        seq: u64,
        header: &SegmentHeader,
        watch: &mut impl Watch<S>,
    ) -> Result<Option<Box<Difference>>, JournalError> {
        self.collect();
        if let Some(course) = &self.course {
            watch.end(&course.engine);
            self.totals.cut += u64::from(!self.totals.ended);
        }
        self.totals.ended = false;
        let file = self.read_state(seq)?;
        let path = || directory::state_path(&self.directory.path, seq);
        if file.journal != header.journal {
            return Err(JournalError::Mixed { path: path() });
        }
        if file.epoch != header.epoch {
            return Err(JournalError::NoState { path: path(), seq });
        }
        let damaged = || JournalError::Damaged { path: path(), part: "state" };
        let mut course = Course::new(&file).ok_or_else(damaged)?;
        let is_whole = course.digest() == file.digest;
        let is_first = seq == header.epoch_first;
        self.totals.checkpoints += 1;
        self.skip_states(seq);
        if !is_whole || (is_first && file.digest != header.start_digest) {
            let found = course.difference(What::Start { before: seq });
            self.course = Some(course);
            return Ok(Some(found));
        }
        watch.begin(&mut course.engine, header);
        self.course = Some(course);
        Ok(None)
    }

    /// State files up to this row are done with.
    fn skip_states(&mut self, seq: u64) {
        self.state = self.directory.states.partition_point(|place| place.seq <= seq);
        self.state_at = self.directory.states.get(self.state).map_or(u64::MAX, |state| state.seq);
    }

    fn read_state(&self, seq: u64) -> Result<StateFile, JournalError> {
        let found = self.directory.states.iter().find(|place| place.seq == seq);
        let path = || directory::state_path(&self.directory.path, seq);
        let place = found.ok_or_else(|| JournalError::NoState { path: path(), seq })?;
        read_state(place)
    }

    /// Compares the state before this row with the one that is kept.
    #[cold]
    fn checkpoint(&mut self, seq: u64) -> Result<Option<Box<Difference>>, JournalError> {
        let (wanted, place) = (self.state_at, self.state);
        self.skip_states(seq);
        let Some(course) = &self.course else { return Ok(None) };
        if wanted != seq {
            return Ok(None);
        }
        let file = read_state(&self.directory.states[place])?;
        if file.epoch != course.epoch() {
            return Ok(None);
        }
        self.totals.checkpoints += 1;
        let tally = Tally { count: file.sent, digest: file.sent_digest };
        if file.digest != course.digest() {
            return Ok(Some(course.difference(What::State { before: seq })));
        }
        Ok(course.compare_tally(tally, seq))
    }

    /// Behind a difference: on to the next state of the session, to see what became of it.
    fn follow(&mut self) -> Result<Option<StateDifference>, JournalError> {
        let Some(mut course) = self.course.take() else { return Ok(None) };
        let place = self.directory.states.get(self.state);
        let file = place.map(read_state).transpose()?;
        let Some(file) = file.filter(|file| file.epoch == course.epoch()) else {
            self.course = Some(course);
            return Ok(None);
        };
        while self.reader.seq() < file.seq
            && let Some(row) = self.reader.next_row()?
        {
            course.follow(&row);
        }
        let reached = self.reader.seq() == file.seq;
        let found = if reached { compare_states(&file, &course) } else { None };
        self.course = Some(course);
        Ok(found)
    }

    /// Rows of the segment that is left, up to this place.
    fn count_rows(&mut self, end: u64) {
        let first = self.totals.first;
        if let Some(last) = self.totals.segments.last_mut() {
            last.rows = end.saturating_sub(last.first.max(first));
        }
    }

    /// Adds what the course counted.
    fn collect(&mut self) {
        self.count_rows(self.reader.seq());
        self.totals.end = self.reader.seq();
        if let Some(course) = &mut self.course {
            self.totals.events += std::mem::take(&mut course.events);
            self.totals.intents += std::mem::take(&mut course.intents);
        }
    }
}

fn compare_states<S: Strategy + Restore>(
    file: &StateFile,
    course: &Course<S>,
) -> Option<StateDifference> {
    let recorded = restore::<S>(&file.words)?;
    Some(StateDifference { before: file.seq, parts: parts(&recorded, &course.engine) })
}

fn read_state(place: &Place) -> Result<StateFile, JournalError> {
    let file = StateFile::read(&place.path)?;
    if file.seq != place.seq {
        return Err(JournalError::Misplaced { path: place.path.clone(), seq: file.seq });
    }
    Ok(file)
}
