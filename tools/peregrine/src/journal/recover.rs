//! The engine as a dead session left it: the newest state, and the rows behind it.
//!
//! What the rows regenerate is compared with what was sent and goes nowhere. A difference means
//! that this program decides otherwise than the one that died: then what it believes of its orders
//! is not what was sent, and nothing is recovered.

use crate::exit::Failure;
use crate::replay::walk::Replay;
use engine::engine::Engine;
use shm::journal::Directory;
use std::path::Path;
use strategies::any::Any;

/// What the sessions of a journal came to.
pub struct Recovered {
    /// As it was after the last row; taken by who goes on with it.
    pub engine: Option<Engine<Any>>,
    /// Of the last session.
    pub epoch: u32,
    /// Place of the next row.
    pub next: u64,
    /// Of the journal.
    pub journal: u64,
    /// Whether the last session ended in order.
    pub ended: bool,
}

/// Recovers the last session of a folder that has been salvaged.
pub fn recover(folder: &Path) -> Result<Recovered, Failure> {
    let directory = Directory::open(folder).map_err(Failure::error)?;
    let last = directory.segments.last().map_or(0, |place| place.seq);
    let mut replay = Replay::<Any>::open(folder, last, u64::MAX - 1).map_err(Failure::error)?;
    if let Some(found) = replay.run(&mut ()).map_err(Failure::error)? {
        let text = format!(
            "the journal {} cannot be gone on with: this program decides otherwise than the one \
             that wrote it, from row {} on. Start the old program once, so that it ends in order, \
             or name a new folder; peregrine replay shows the difference",
            folder.display(),
            found.seq
        );
        return Err(Failure::error(text));
    }
    let totals = replay.totals();
    let epoch = totals.segments.last().map_or(0, |segment| segment.epoch);
    let (journal, next, ended) = (totals.journal, totals.end, totals.ended);
    Ok(Recovered { engine: replay.into_engine(), epoch, next, journal, ended })
}
