//! A journal of ours as a source: the market that its engine was told. Its own orders, its
//! commands and its timers are left out; a backtest makes its own.

use super::error::ImportError;
use super::source::{Place, Source};
use crate::tape::Listed;
use engine::engine::Engine;
use engine::event::{Body, Event, GapReason, flag, kind};
use engine::id::InstrumentId;
use engine::state::Words;
use engine::time::Nanos;
use serde_json::Value;
use shm::journal::{Directory, JournalReader, StateFile};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use strategies::any::Any;

/// Names that an engine has only numbers for.
const FACTS: &str = "session.json";

/// A journal's folder.
pub(super) struct Journal {
    path: Arc<Path>,
    reader: JournalReader,
    waiting: VecDeque<Event>,
    instruments: Vec<InstrumentId>,
    epoch: u32,
    seq: u64,
}

/// Whether a folder is one.
pub(super) fn is_one(path: &Path) -> bool {
    path.is_dir() && Directory::read(path).is_ok_and(|found| !found.segments.is_empty())
}

/// The instruments of a journal, as they were when it begins. `names` are those of a
/// configuration, in its order; `venue` is one that was said.
pub(super) fn instruments(
    path: &Path,
    names: &[String],
    venue: Option<&str>,
) -> Result<Vec<Listed>, ImportError> {
    let wrong = |error: shm::journal::JournalError| ImportError::file(path, error);
    let directory = Directory::open(path).map_err(wrong)?;
    let Some(first) = directory.states.first() else {
        return Err(ImportError::file(path, "no state is in it, so its instruments are not known"));
    };
    let state = StateFile::read(&first.path).map_err(wrong)?;
    let engine: Option<Engine<Any>> = Engine::restore(&mut Words::new(&state.words));
    let engine = engine.ok_or_else(|| {
        ImportError::file(&first.path, "its state is of another version: read it by that one")
    })?;
    let facts = std::fs::read(path.join(FACTS)).ok();
    let facts: Value =
        facts.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let session = facts["sessions"].as_array().and_then(|all| all.first()).cloned();
    let assets = session.unwrap_or_default()["assets"].clone();
    let asset = |id: usize| assets[id].as_str().map_or(format!("asset{id}"), str::to_owned);
    let listed = engine.market.listings().iter().enumerate().map(|(place, listing)| {
        let one = listing.instrument;
        let venue = venue.map_or_else(|| format!("venue{}", one.venue.0), str::to_owned);
        let name = names.get(place).cloned();
        Listed {
            name: name.unwrap_or_else(|| format!("{venue}:{}", one.symbol)),
            base: asset(one.base.index()),
            quote: asset(one.quote.index()),
            instrument: one,
        }
    });
    Ok(listed.collect())
}

impl Journal {
    pub fn open(path: &Path, listed: &[Listed]) -> Result<Self, ImportError> {
        let wrong = |error: shm::journal::JournalError| ImportError::file(path, error);
        let directory = Directory::open(path).map_err(wrong)?;
        let reader = JournalReader::open(directory, 0).map_err(wrong)?;
        let instruments = listed.iter().map(|listed| listed.instrument.id).collect();
        let epoch = reader.header().epoch;
        let waiting = VecDeque::new();
        Ok(Self { path: path.into(), reader, waiting, instruments, epoch, seq: 0 })
    }

    /// A new session knows no book that the one before it had.
    fn begins(&mut self, at: Nanos) {
        let epoch = self.reader.header().epoch;
        if std::mem::replace(&mut self.epoch, epoch) == epoch {
            return;
        }
        for id in &self.instruments {
            let body = Body::Gap { reason: GapReason::Reconnect, expected: 0 };
            self.waiting.push_back(Event::new(at, *id, 0, body).with(flag::LAST));
        }
    }
}

impl Source for Journal {
    fn next(&mut self, rows: &mut Vec<Event>) -> Result<bool, ImportError> {
        while self.waiting.is_empty() || self.waiting.back().is_some_and(Event::is_inner) {
            let read = self.reader.next_row();
            let row = read.map_err(|error| ImportError::file(&self.path, error))?;
            let Some(row) = row else { break };
            if self.reader.take_entered() {
                self.begins(row.event.at);
            }
            self.seq = row.seq;
            let event = row.event;
            if event.kind < kind::ACCEPTED && event.kind != kind::LINK {
                self.waiting.push_back(Event { crc: 0, ..event });
            }
        }
        // Journals give the inner rows of a message the time of what came before it: all of it was
        // read with its last row.
        let last = self.waiting.iter().find(|row| !row.is_inner()).copied();
        while let Some(mut row) = self.waiting.pop_front() {
            if let Some(last) = last.filter(|last| last.instrument == row.instrument) {
                (row.at, row.recv_delta_ns) = (last.at, last.recv_delta_ns);
            }
            rows.push(row);
            if !row.is_inner() {
                return Ok(true);
            }
        }
        Ok(!rows.is_empty())
    }

    fn place(&self) -> Place {
        Place { path: self.path.clone(), line: self.seq }
    }
}
