//! A source of messages: one file, or several of one stream, in the order in which they were
//! received. Tables become one here; recordings and journals have files of their own.

use super::check::Fault;
use super::error::ImportError;
use super::record::{Part, Record, Told};
use engine::event::{Event, flag};
use engine::instrument::Instrument;
use engine::time::Nanos;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// Where a message was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub path: Arc<Path>,
    pub line: u64,
}

/// Gives messages one by one.
pub(super) trait Source {
    /// The rows of the next message, all of one time, in `rows`, which is empty; false at the end.
    fn next(&mut self, rows: &mut Vec<Event>) -> Result<bool, ImportError>;

    /// Where the last message was found.
    fn place(&self) -> Place;

    /// Hands on the faults that rows do not show, each with its line, since it was last asked.
    fn faults(&mut self, _take: &mut dyn FnMut(Fault, u64, String)) {}

    /// What is to be said of the source at its end.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Reads the records of a table, of whichever form.
pub(super) trait Reader {
    /// Adds the records of some lines; false at the end.
    fn read(&mut self, out: &mut VecDeque<Record>) -> Result<bool, ImportError>;

    /// The file, and the line that was read last.
    fn place(&self) -> Place;

    /// Hands on the faults that records do not show.
    fn faults(&mut self, _take: &mut dyn FnMut(Fault, u64, String)) {}

    /// Whether the book is empty where the file begins, so that its first levels are a whole one.
    fn begins_empty(&self) -> bool {
        true
    }

    /// What is to be said of the file at its end.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A table as a source.
pub(super) struct Tabled<R> {
    reader: R,
    instrument: Instrument,
    latency_ns: u64,
    waiting: VecDeque<Record>,
    /// How the last level belonged to its book; `None` before the first.
    last: Option<Part>,
    line: u64,
}

impl<R: Reader> Tabled<R> {
    pub fn new(reader: R, instrument: Instrument, latency_ns: u64) -> Self {
        let waiting = VecDeque::new();
        Self { reader, instrument, latency_ns, waiting, last: None, line: 0 }
    }

    /// Flags of the first level of a message.
    fn begins(&mut self, part: Part) -> u8 {
        let first = self.last.is_none() && self.reader.begins_empty();
        let whole = match part {
            Part::Change => first,
            Part::Whole | Part::Numbered(_) => true,
        };
        self.last = Some(part);
        if whole { flag::FIRST } else { 0 }
    }

    fn message(&mut self, rows: &mut Vec<Event>) -> Result<bool, String> {
        let Some(first) = self.waiting.pop_front() else { return Ok(false) };
        self.line = first.line;
        let mut row = first.row(&self.instrument, self.latency_ns)?;
        let mut all = 0;
        if matches!(first.told, Told::Level { .. }) {
            let begins = self.begins(first.part);
            let is_snapshot = begins != 0 || first.part != Part::Change;
            all = if is_snapshot { flag::SNAPSHOT } else { 0 };
            row = row.with(begins | all);
        }
        rows.push(row);
        while let Some(next) = self.waiting.front().filter(|next| first.is_with(next)).copied() {
            self.waiting.pop_front();
            self.line = next.line;
            if let Some(last) = rows.last_mut() {
                last.flags &= !flag::LAST;
            }
            rows.push(next.row(&self.instrument, self.latency_ns)?.with(all));
        }
        Ok(true)
    }
}

impl<R: Reader> Source for Tabled<R> {
    fn next(&mut self, rows: &mut Vec<Event>) -> Result<bool, ImportError> {
        // One record more than the message has, to know that it ends.
        loop {
            let ends = match (self.waiting.front(), self.waiting.back()) {
                (Some(first), Some(last)) => self.waiting.len() > 1 && !first.is_with(last),
                _ => false,
            };
            if ends || !self.reader.read(&mut self.waiting)? {
                break;
            }
        }
        self.message(rows)
            .map_err(|why| ImportError::line(&self.reader.place().path, self.line, why))
    }

    fn place(&self) -> Place {
        Place { line: self.line, ..self.reader.place() }
    }

    fn faults(&mut self, take: &mut dyn FnMut(Fault, u64, String)) {
        self.reader.faults(take);
    }

    fn notes(&self) -> Vec<String> {
        self.reader.notes()
    }
}

/// A source and its next message, for merging.
pub(super) struct Head {
    pub source: Box<dyn Source>,
    pub rows: Vec<Event>,
    /// When the message is; the end of time where there is none.
    pub at: Nanos,
}

impl Head {
    pub fn new(source: Box<dyn Source>) -> Result<Self, ImportError> {
        let mut made = Self { source, rows: Vec::new(), at: Nanos(u64::MAX) };
        made.advance()?;
        Ok(made)
    }

    /// Goes to the next message.
    pub fn advance(&mut self) -> Result<(), ImportError> {
        self.rows.clear();
        let more = self.source.next(&mut self.rows)?;
        let first = self.rows.first().filter(|_| more);
        self.at = first.map_or(Nanos(u64::MAX), |row| row.at);
        Ok(())
    }
}
