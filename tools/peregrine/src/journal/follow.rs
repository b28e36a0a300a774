//! The follower: goes through closed segments behind the engine and leaves a state at the end of
//! each, so that recovery reads only the tail: the two segments or three that it is behind.

use super::course::Course;
use engine::state::{Digest, State};
use shm::journal::directory::segment_path;
use shm::journal::{Directory, JournalError, SegmentRows, StateFile};
use std::path::{Path, PathBuf};

/// Events of one turn.
const TURN: usize = 16_384;

/// Follows one folder.
pub struct Follower {
    folder: PathBuf,
    course: Course,
    /// First rows of the segments that were gone through.
    done: u64,
    end: Option<u64>,
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
        let course = Course::begin(Directory::open(folder)?, u64::MAX)?;
        let done = course.header().first;
        Ok(Self { folder: folder.into(), course, done, end: None })
    }

    /// One turn over what is closed; 0 when there is nothing to follow.
    pub fn work(&mut self) -> Result<usize, FollowError> {
        let Some(end) = self.end else { return self.look() };
        for events in 0..TURN {
            if self.course.seq() >= end || self.course.turn()?.is_none() {
                self.check()?;
                self.leave(end)?;
                return Ok(events.max(1));
            }
        }
        Ok(TURN)
    }

    /// Looks for a closed segment behind the last.
    fn look(&mut self) -> Result<usize, FollowError> {
        let mut directory = Directory::read(&self.folder)?;
        // The last one is being written. The one before it is closed, and has what the last event
        // of the segment before that sent.
        directory.segments.pop();
        let behind = directory.segments.iter().map(|place| place.seq).find(|seq| *seq > self.done);
        let Some(end) = behind else { return Ok(0) };
        self.course.extend(directory)?;
        self.end = Some(end);
        Ok(1)
    }

    fn check(&self) -> Result<(), FollowError> {
        self.course.difference().map_or(Ok(()), |found| Err(FollowError::Diverged(found.seq)))
    }

    /// Writes the state at the end of a segment.
    fn leave(&mut self, end: u64) -> Result<(), FollowError> {
        let mut words: Vec<u64> = Vec::new();
        self.course.engine().save(&mut words);
        let header = SegmentRows::read(&segment_path(&self.folder, end))?.header;
        let state = StateFile {
            journal: header.journal,
            seq: end,
            epoch: header.epoch,
            sent: header.sent,
            sent_digest: header.sent_digest,
            digest: Digest::of(self.course.engine()),
            words,
        };
        state.write(&self.folder)?;
        (self.done, self.end) = (end, None);
        Ok(())
    }
}
