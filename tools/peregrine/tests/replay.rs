//! Journals replayed: the same decisions again, and every difference and damage found where it is.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

#[path = "replay/rig.rs"]
mod rig;

use engine::engine::Engine;
use peregrine::replay::difference::{Difference, What};
use peregrine::replay::walk::{Replay, Totals};
use rig::{Folder, journal};
use shm::journal::JournalError;
use std::path::Path;
use strategies::any::Any;

/// From the state at or before this row to the end.
fn replay(folder: &Path, from: u64) -> Result<(Totals, Option<Difference>), JournalError> {
    let mut replay = Replay::<Any>::open(folder, from, u64::MAX - 1)?;
    let found = replay.run(&mut ())?;
    Ok((replay.totals().clone(), found))
}

fn told(folder: &Path) -> String {
    replay(folder, 0).unwrap_err().to_string()
}

#[test]
fn a_journal_of_three_sessions_replays_identically() {
    let folder = journal(100_000, 4_096);
    let (totals, found) = replay(&folder.0, 0).unwrap();
    assert!(found.is_none(), "{found:?}");
    assert!(totals.events > 60_000 && totals.intents > 2_000, "{totals:?}");
    assert_eq!((totals.cut, totals.ended, totals.first), (1, true, 0));
    assert!(totals.segments.len() > 20 && totals.checkpoints as usize > totals.segments.len());
    let rows: u64 = totals.segments.iter().map(|segment| segment.rows).sum();
    assert_eq!(rows, totals.end);
}

#[test]
#[ignore = "leaves a journal in /tmp/replay-journal to look at"]
fn leave_a_journal() {
    let folder = journal(1_000_000, 65_536);
    std::fs::rename(&folder.0, "/tmp/replay-journal").unwrap();
}
