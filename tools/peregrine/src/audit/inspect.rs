//! `peregrine journal list|check|upgrade`: what a folder holds, and whether it is as it was
//! written.

use super::args::FolderArgs;
use crate::cli;
use crate::exit::{Exit, Failure};
use serde_json::{Value, json};
use shm::journal::header::VERSION;
use shm::journal::{Directory, JournalReader, SegmentRows, StateFile};
use std::fs;

/// Says what lies in the folder.
pub fn list(args: &FolderArgs) -> Result<Exit, Failure> {
    let directory = Directory::open(&args.folder).map_err(Failure::error)?;
    let mut segments = Vec::new();
    for place in &directory.segments {
        let rows = SegmentRows::read(&place.path).map_err(Failure::error)?;
        let bytes = fs::metadata(&place.path).map_or(0, |found| found.len());
        let name = place.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        segments.push(json!({
            "file": name,
            "first": place.seq,
            "rows": rows.len(),
            "bytes": bytes,
            "epoch": rows.header.epoch,
            "compressed": place.compressed,
            "has_state": directory.states.iter().any(|state| state.seq == place.seq),
        }));
    }
    if args.json {
        let states: Vec<u64> = directory.states.iter().map(|state| state.seq).collect();
        cli::print(&json!({ "segments": segments, "states": states }));
        return Ok(Exit::Ok);
    }
    cli::say(format_args!(
        "{:>20} {:>10} {:>12} {:>11}  file",
        "first", "rows", "bytes", "session"
    ));
    for one in &segments {
        let text = |key: &str| one[key].to_string();
        let (first, rows, bytes) = (text("first"), text("rows"), text("bytes"));
        let (epoch, file) = (text("epoch"), one["file"].as_str().unwrap_or_default());
        let state = if one["has_state"] == Value::Bool(true) { "" } else { " (no state)" };
        cli::say(format_args!("{first:>20} {rows:>10} {bytes:>12} {epoch:>11}  {file}{state}"));
    }
    Ok(Exit::Ok)
}

/// Reads everything and judges every checksum.
pub fn check(args: &FolderArgs) -> Result<Exit, Failure> {
    let directory = Directory::open(&args.folder).map_err(Failure::error)?;
    for state in &directory.states {
        StateFile::read(&state.path).map_err(Failure::error)?;
    }
    let (segments, states) = (directory.segments.len(), directory.states.len());
    let mut reader = JournalReader::open(directory, 0).map_err(Failure::error)?;
    let (first, mut rows) = (reader.seq(), 0_u64);
    while reader.next_row().map_err(Failure::error)?.is_some() {
        rows += 1;
    }
    let ended = reader.ended();
    if args.json {
        cli::print(&json!({
            "first": first, "rows": rows, "segments": segments, "states": states,
            "ended_in_order": ended,
        }));
    } else {
        let end = if ended { "ends in order" } else { "does not end in order" };
        cli::say(format_args!(
            "{rows} rows from {first} on in {segments} segments, {states} states: all good; the \
             last session {end}"
        ));
    }
    Ok(Exit::Ok)
}

/// There is one layout so far: what this release can read is up to date, anything else is told by
/// its reader.
pub fn upgrade(args: &FolderArgs) -> Result<Exit, Failure> {
    let directory = Directory::open(&args.folder).map_err(Failure::error)?;
    for place in &directory.segments {
        SegmentRows::read(&place.path).map_err(Failure::error)?;
    }
    if args.json {
        cli::print(&json!({ "format": VERSION, "converted": 0 }));
    } else {
        cli::say(format_args!("format {VERSION} is the newest: nothing to convert"));
    }
    Ok(Exit::Ok)
}
