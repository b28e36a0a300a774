//! The rows of a journal in order, over all its segments.

use super::directory::Directory;
use super::error::JournalError;
use super::header::SegmentHeader;
use super::row::{self, END};
use super::segment::SegmentRows;
use engine::event::Event;

/// A row and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place among all rows.
    pub seq: u64,
    /// What it says.
    pub event: Event,
}

impl Row {
    /// Whether it is of something sent (and not of something learnt, nor the end of a session).
    #[inline]
    pub const fn is_sent(&self) -> bool {
        self.event.kind >= row::OUTGOING && self.event.kind != END
    }

    /// Whether it ends a session in order.
    #[inline]
    pub const fn is_end(&self) -> bool {
        self.event.kind == END
    }
}

/// Reads rows forwards.
#[derive(Debug)]
pub struct JournalReader {
    directory: Directory,
    place: usize,
    segment: SegmentRows,
    seq: u64,
    entered: bool,
    ended: bool,
}

impl JournalReader {
    /// From this row on, or from the first that is there where that is later.
    pub fn open(directory: Directory, from: u64) -> Result<Self, JournalError> {
        let Some(first) = directory.segments.first() else {
            return Err(JournalError::Empty { path: directory.path });
        };
        let seq = from.max(first.seq);
        let place = directory.segment_of(seq).unwrap_or(0);
        let segment = read(&directory, place)?;
        Ok(Self { directory, place, segment, seq, entered: true, ended: false })
    }

    /// The segment that the next row is in.
    pub const fn header(&self) -> &SegmentHeader {
        &self.segment.header
    }

    /// The segment that the next row is in.
    pub const fn segment(&self) -> &SegmentRows {
        &self.segment
    }

    /// Place of the next row.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether a segment was entered since this was last asked: its header is to be looked at
    /// before its first row is taken.
    pub const fn take_entered(&mut self) -> bool {
        std::mem::replace(&mut self.entered, false)
    }

    /// Whether the last row read ends its session in order.
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Goes on over a folder that has grown or lost its oldest segments meanwhile. The present
    /// segment is read again: it may have been written to since.
    pub fn extend(&mut self, directory: Directory) -> Result<(), JournalError> {
        let current = self.segment.header.first;
        let Some(place) = directory.segments.iter().position(|place| place.seq == current) else {
            return Ok(());
        };
        self.segment = read(&directory, place)?;
        (self.place, self.directory) = (place, directory);
        Ok(())
    }

    /// The folder as it is known.
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Goes to the segment of the next row where the present one is at its end; false where
    /// there is none.
    pub fn advance(&mut self) -> Result<bool, JournalError> {
        if self.seq < self.segment.header.first + self.segment.len()
            && self.segment.row(self.seq)?.is_some()
        {
            return Ok(true);
        }
        let Some(next) = self.directory.segments.get(self.place + 1) else { return Ok(false) };
        if next.seq != self.seq {
            let (path, seq) = (self.segment.path.clone(), self.seq);
            return Err(if next.seq > seq && self.segment.row(seq)?.is_none() {
                JournalError::Truncated { path, seq, expected: next.seq }
            } else {
                JournalError::Misplaced { path: next.path.clone(), seq: next.seq }
            });
        }
        let segment = read(&self.directory, self.place + 1)?;
        if segment.header.journal != self.segment.header.journal {
            return Err(JournalError::Mixed { path: segment.path });
        }
        self.place += 1;
        self.segment = segment;
        self.entered = true;
        self.advance()
    }

    /// The next row; `None` at the end of the journal.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row>, JournalError> {
        let event = match self.segment.row(self.seq)? {
            Some(event) => event,
            None if self.advance()? => return self.next_row(),
            None => return Ok(None),
        };
        let row = Row { seq: self.seq, event };
        self.seq += 1;
        self.ended = row.is_end();
        Ok(Some(row))
    }
}

fn read(directory: &Directory, place: usize) -> Result<SegmentRows, JournalError> {
    let place = &directory.segments[place];
    let segment = SegmentRows::read(&place.path)?;
    if segment.header.first != place.seq {
        let seq = segment.header.first;
        return Err(JournalError::Misplaced { path: place.path.clone(), seq });
    }
    Ok(segment)
}
