//! The two threads beside the trading: one copies rows from memory to disk, the other follows with
//! checkpoints, compresses what is closed and removes what is old.

use super::follow::Follower;
use crate::agents::{Notice, Notices};
use crate::config::JournalSettings;
use crate::exit::Failure;
use crate::session::pin;
use engine::time::Clock as _;
use shm::journal::directory::Lock;
use shm::journal::{Drain, keep};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the drain rests when nothing is to be done, without and with orders that wait for it.
const REST: Duration = Duration::from_micros(500);
const REST_EACH: Duration = Duration::from_micros(50);
/// How often the follower looks for a closed segment.
const FOLLOW_EVERY: Duration = Duration::from_millis(100);
/// Niceness of the follower: everything else comes first.
const NICE: i32 = 19;

/// What the threads work on.
pub struct JournalWork {
    folder: PathBuf,
    lock: Lock,
    drain: Drain,
    settings: JournalSettings,
    written: Written,
}

/// Says when it is dropped that every row is on disk, or will never be.
struct Written(Arc<AtomicBool>);

impl Drop for Written {
    fn drop(&mut self) {
        // Release: who sees it sees the files as they are then.
        self.0.store(true, Ordering::Release);
    }
}

impl JournalWork {
    /// Over a journal that has begun.
    pub fn new(folder: PathBuf, (lock, drain): (Lock, Drain), settings: &JournalSettings) -> Self {
        let written = Written(Arc::new(AtomicBool::new(false)));
        Self { folder, lock, drain, settings: settings.clone(), written }
    }

    /// Whether every row is on disk, or will never be.
    pub fn written(&self) -> Arc<AtomicBool> {
        self.written.0.clone()
    }

    /// Its lock and its drain, for who empties it without threads.
    pub fn into_parts(self) -> (Lock, Drain) {
        (self.lock, self.drain)
    }

    /// Starts both threads; they end some time after `done` is set, the drain when all rows are on
    /// disk.
    pub fn start(
        self,
        clock: crate::clock::TscClock,
        (core, done): (Option<usize>, Arc<AtomicBool>),
        notices: Notices,
    ) -> Result<Vec<JoinHandle<()>>, Failure> {
        let failed = |error| Failure::error(format!("thread journal: {error}"));
        let Self { folder, lock, mut drain, settings, written } = self;
        let each = settings.sync == crate::config::JournalSync::Each;
        let rest = if each { REST_EACH } else { REST };
        let (follower_folder, follower_clock) = (folder.clone(), clock.clone());
        let (follow_done, follow_notices) = (done.clone(), notices.clone());
        let drained = std::thread::Builder::new().name("journal".into()).spawn(move || {
            pin(core, "journal");
            let mut said = false;
            while !done.load(Ordering::Acquire) {
                match drain.work(clock.now()) {
                    Ok(0) => std::thread::park_timeout(rest),
                    Ok(_) => {}
                    Err(error) => {
                        if !std::mem::replace(&mut said, true) {
                            let text = format!("journal: {error}; quoting is stopped in order");
                            let _ = notices.push(Notice::Fatal(text));
                        }
                        std::thread::park_timeout(rest);
                    }
                }
            }
            if let Err(error) = drain.finish() {
                let text = format!(
                    "the end of the journal is not on disk: {error}; it is kept in memory until \
                     the next start or the next boot"
                );
                let _ = notices.push(Notice::Fatal(text));
            }
            drop(lock);
            drop(written);
        });
        let drained = drained.map_err(failed)?;
        let follower = std::thread::Builder::new().name("follower".into()).spawn(move || {
            pin(core, "follower");
            let _ = rustix::process::nice(NICE);
            follow(&follower_folder, (&settings, &follower_clock), &follow_done, &follow_notices);
        });
        Ok(vec![drained, follower.map_err(failed)?])
    }
}

/// Follows until the engine is done; what fails is said once and ends the following, not the
/// trading.
fn follow(
    folder: &std::path::Path,
    (settings, clock): (&JournalSettings, &crate::clock::TscClock),
    done: &AtomicBool,
    notices: &Notices,
) {
    let mut follower = match Follower::open(folder) {
        Ok(follower) => follower,
        Err(error) => {
            let _ = notices.push(Notice::Warning(format!("no checkpoints are made: {error}")));
            return;
        }
    };
    while !done.load(Ordering::Acquire) {
        match follower.work() {
            Ok(0) => {
                let kept =
                    keep::tidy(folder, (settings.keep_days, settings.keep_bytes()), clock.now());
                if let Err(error) = kept {
                    let _ = notices.push(Notice::Warning(format!("journal: {error}")));
                }
                std::thread::park_timeout(FOLLOW_EVERY);
            }
            Ok(_) => {}
            Err(error) => {
                let _ = notices.push(Notice::Warning(format!("no more checkpoints: {error}")));
                return;
            }
        }
    }
}
