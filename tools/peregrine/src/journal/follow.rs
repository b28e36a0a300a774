//! The follower: goes through closed segments behind the engine and leaves a state at the end of
//! each, so that recovery reads only the tail: the segment or two that it is behind.

use crate::replay::course::{Course, Tally};
use engine::state::State as _;
use shm::journal::directory::state_path;
use shm::journal::{Directory, JournalError, Row, SegmentRows, StateFile};
use std::path::{Path, PathBuf};
use strategies::any::Any;

/// Rows of one turn.
const TURN: usize = 16_384;

/// A closed segment that is gone through.
struct Closed {
    rows: SegmentRows,
    /// First row of the next one.
    end: u64,
}

/// Follows one folder.
pub struct Follower {
    folder: PathBuf,
    journal: u64,
    course: Course<Any>,
    closed: Option<Closed>,
    /// Place of the next row.
    next: u64,
}

/// Why it follows no more.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What was sent is not what the rows give again.
    #[error(
        "row {0} gives something else than was sent: replay this journal to see it; this is a \
         fault of the program"
    )]
    Diverged(u64),
}

impl Follower {
    /// From the newest state on, which the session that just began has written.
    pub fn open(folder: &Path) -> Result<Self, FollowError> {
        let directory = Directory::open(folder)?;
        let seq = directory.segments.last().map_or(0, |place| place.seq);
        let path = state_path(folder, seq);
        let state = directory.states.last();
        let state = state.ok_or(JournalError::NoState { path, seq })?;
        let (path, state) = (&state.path, StateFile::read(&state.path)?);
        let damaged = || JournalError::Damaged { path: path.clone(), part: "state" };
        let course = Course::new(&state).ok_or_else(damaged)?;
        let (folder, journal, next) = (folder.into(), state.journal, state.seq);
        Ok(Self { folder, journal, course, closed: None, next })
    }

    /// One turn over what is closed; 0 when there is nothing to follow. After an error about the
    /// disk it may be called again, after any other it must not.
    pub fn work(&mut self) -> Result<usize, FollowError> {
        let Some(closed) = &self.closed else { return self.look() };
        for taken in 0..TURN {
            if self.next == closed.end {
                self.leave()?;
                return Ok(taken.max(1));
            }
            let Some(event) = closed.rows.row(self.next)? else {
                let (path, seq) = (closed.rows.path.clone(), self.next);
                return Err(JournalError::Truncated { path, seq, expected: closed.end }.into());
            };
            if let Some(found) = self.course.take(&Row { seq: self.next, event }) {
                return Err(FollowError::Diverged(found.place()));
            }
            self.next += 1;
        }
        Ok(TURN)
    }

    /// Looks for a closed segment: one that has a successor.
    fn look(&mut self) -> Result<usize, FollowError> {
        let directory = Directory::read(&self.folder)?;
        let mut from = directory.segments.iter().skip_while(|place| place.seq < self.next);
        let (Some(place), Some(behind)) = (from.next(), from.next()) else { return Ok(0) };
        let rows = SegmentRows::read(&place.path)?;
        let header = rows.header;
        if header.first != self.next || place.seq != self.next {
            let path = place.path.clone();
            return Err(JournalError::Misplaced { path, seq: header.first }.into());
        }
        if header.journal != self.journal || header.epoch != self.course.epoch() {
            return Err(JournalError::Mixed { path: place.path.clone() }.into());
        }
        let tally = Tally { count: header.sent, digest: header.sent_digest };
        if self.course.compare_tally(tally, self.next).is_some() {
            return Err(FollowError::Diverged(self.next));
        }
        self.closed = Some(Closed { rows, end: behind.seq });
        Ok(1)
    }

    /// Writes the state at the end of a segment.
    fn leave(&mut self) -> Result<(), FollowError> {
        let mut words: Vec<u64> = Vec::new();
        self.course.engine.save(&mut words);
        let state = StateFile {
            journal: self.journal,
            seq: self.next,
            epoch: self.course.epoch(),
            sent: self.course.tally.count,
            sent_digest: self.course.tally.digest,
            digest: self.course.digest(),
            words,
        };
        state.write(&self.folder)?;
        self.closed = None;
        Ok(())
    }
}
