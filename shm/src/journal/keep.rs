//! Closed segments are compressed, and go when they are old or too many: never what recovery
//! needs, which is the newest state and everything behind it.

use super::directory::{Directory, Place};
use super::disk::sync_folder;
use super::error::{JournalError, io_error};
use super::segment::SegmentRows;
use engine::time::Nanos;
use std::fs::{self, File};
use std::io::BufReader;
use std::time::UNIX_EPOCH;

/// Level of compression: 3 is zstd's default; rows shrink to about a third.
const LEVEL: i32 = 3;
/// Seconds of a day.
const DAY_S: u64 = 86_400;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Kept {
    /// Segments that were compressed.
    pub compressed: u64,
    /// Segments that were removed.
    pub removed: u64,
}

/// Compresses at most one closed segment and removes what is beyond the limits. `days` 0 and
/// `bytes` none are no limit.
pub fn tidy(
    folder: &std::path::Path,
    (days, bytes): (u64, Option<u64>),
    now: Nanos,
) -> Result<Kept, JournalError> {
    let directory = Directory::read(folder)?;
    let mut kept = Kept::default();
    let Some(newest) = directory.states.last().map(|state| state.seq) else { return Ok(kept) };
    // Those before the newest state are closed, and nobody needs them but people.
    let closed = directory.segments.iter().filter(|place| place.seq < newest);
    if let Some(place) = closed.clone().find(|place| !place.compressed) {
        compress(place)?;
        kept.compressed = 1;
    }
    let span = Nanos::from_s(days.saturating_mul(DAY_S).min(now.0 / 1_000_000_000));
    let oldest = (days > 0).then(|| now.since(span));
    kept.removed = remove(&directory, newest, (oldest, bytes))?;
    Ok(kept)
}

fn compress(place: &Place) -> Result<(), JournalError> {
    let packed = place.path.with_extension("pgj.zst");
    let beside = place.path.with_extension("pgj.zst.part");
    let raw = File::open(&place.path).map_err(io_error("open", &place.path))?;
    // Its age goes on counting from its last row.
    let changed = raw
        .metadata()
        .and_then(|found| found.modified())
        .map_err(io_error("examine", &place.path))?;
    let file = File::create(&beside).map_err(io_error("create", &beside))?;
    let done = zstd::stream::copy_encode(BufReader::new(raw), &file, LEVEL)
        .and_then(|()| file.set_modified(changed))
        .and_then(|()| file.sync_all())
        .map_err(io_error("compress", &place.path));
    let checked = done.and_then(|()| {
        // Only what reads back whole takes the place of the original.
        let (one, other) = (SegmentRows::read(&place.path)?, SegmentRows::read(&beside)?);
        let same = one.len() == other.len() && one.header == other.header;
        let part = "compressed form";
        let path = place.path.clone();
        if same && one.same(&other) { Ok(()) } else { Err(JournalError::Damaged { path, part }) }
    });
    if let Err(error) = checked {
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    fs::rename(&beside, &packed).map_err(io_error("name", &packed))?;
    // The one is there for good before the other goes.
    place.path.parent().map_or(Ok(()), sync_folder)?;
    fs::remove_file(&place.path).map_err(io_error("remove", &place.path))
}

/// When a file was last written to, UTC.
fn changed(place: &Place) -> Option<Nanos> {
    let at = fs::metadata(&place.path).and_then(|found| found.modified()).ok()?;
    let since = at.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok().map(Nanos)
}

/// Removes from the oldest on: a segment may go when a state stands at its end and before.
fn remove(
    directory: &Directory,
    newest: u64,
    (oldest, bytes): (Option<Nanos>, Option<u64>),
) -> Result<u64, JournalError> {
    let length = |place: &Place| fs::metadata(&place.path).map_or(0, |found| found.len());
    let mut total: u64 = directory.segments.iter().map(length).sum();
    let mut removed = 0;
    for pair in directory.segments.windows(2) {
        let [place, after] = pair else { break };
        let old = oldest.is_some_and(|least| changed(place).is_some_and(|at| at < least));
        let many = bytes.is_some_and(|most| total > most);
        let stands = directory.states.iter().any(|state| state.seq == after.seq);
        if !(old || many) || after.seq > newest || !stands {
            break;
        }
        total = total.saturating_sub(length(place));
        fs::remove_file(&place.path).map_err(io_error("remove", &place.path))?;
        for state in directory.states.iter().filter(|state| state.seq < after.seq) {
            if state.path.exists() {
                fs::remove_file(&state.path).map_err(io_error("remove", &state.path))?;
            }
        }
        removed += 1;
    }
    Ok(removed)
}
