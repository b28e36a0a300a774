//! `peregrine monitor`: a running engine as seen from outside, by its shared memory alone.
//!
//! Read-only, any number at once; it survives the engine's restarts and shows a state that nobody
//! updates any more as what it is. [`draw`] and [`Screen`] are also the live screen of `demo`.

mod draw;
mod format;
mod json;
mod panels;
mod screen;

pub use draw::{Look, draw};
pub use json::json;
pub use screen::{Screen, print_once};

use crate::cli::{self, MonitorArgs};
use crate::exit::{Exit, Failure};
use engine::time::Nanos;
use shm::{Freshness, Reader, Snapshot};
use std::io::IsTerminal as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A heartbeat older than this means that the engine hangs.
pub const HEARTBEAT_LIMIT: Nanos = Nanos::from_ms(2_000);
/// Pause between pictures.
const PICTURE_EVERY: Duration = Duration::from_millis(200);

/// How far a snapshot can be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// The engine lives and beats.
    Beating,
    /// The process lives, but its heart has not beaten for this long.
    Stale(Nanos),
    /// The process is gone; this is its last state, this old.
    Ended(Nanos),
}

impl Pulse {
    /// Of a snapshot, looked at now.
    pub fn of(snapshot: &Snapshot, now: Nanos) -> Self {
        let age = snapshot.heartbeat_age(now);
        if !snapshot.alive {
            Self::Ended(age)
        } else if age > HEARTBEAT_LIMIT {
            Self::Stale(age)
        } else {
            Self::Beating
        }
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beating => "beating",
            Self::Stale(_) => "stale",
            Self::Ended(_) => "ended",
        }
    }
}

/// Shows a running engine.
pub fn run(args: &MonitorArgs) -> Result<Exit, Failure> {
    let mut reader = Reader::open(&args.instance.path()?)?;
    if args.once || args.json {
        return once(args, &reader);
    }
    if !std::io::stdout().is_terminal() {
        return Err(Failure::usage("the screen needs a terminal; use --once or --json"));
    }
    let mut screen = Screen::open()?;
    loop {
        // What cannot be opened now is looked for again at the next picture; the last state stays.
        let note = match reader.refresh() {
            Ok(Freshness::Same | Freshness::Restarted) => None,
            Ok(Freshness::Removed) => Some("its shared memory is gone".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        screen.draw(&args.instance.name, &reader.snapshot()?, now(), note.as_deref())?;
        if screen.left(PICTURE_EVERY)? {
            return Ok(Exit::Ok);
        }
    }
}

fn once(args: &MonitorArgs, reader: &Reader) -> Result<Exit, Failure> {
    let (snapshot, now) = (reader.snapshot()?, now());
    if args.json {
        cli::print(&json(&args.instance.name, &snapshot, now));
    } else {
        print_once(&args.instance.name, &snapshot, now)?;
    }
    if snapshot.alive {
        return Ok(Exit::Ok);
    }
    crate::cli::complain(format_args!(
        "peregrine: {} is not running; this is its last state",
        args.instance.name
    ));
    Ok(Exit::NotRunning)
}

/// The wall clock, UTC.
pub fn now() -> Nanos {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
