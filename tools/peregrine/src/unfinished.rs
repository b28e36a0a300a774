//! Files and folders that are of no use before they are whole: who is asked to end removes them
//! first.
//!
//! The first one has the program hear SIGINT, SIGTERM and SIGHUP from then on, on a thread of its
//! own. What is killed outright leaves them.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, Once, PoisonError};
use tokio::signal::unix::{SignalKind, signal};

static ALL: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
static HEARS: Once = Once::new();

/// One of them, until this goes.
#[derive(Debug)]
pub struct Unfinished(PathBuf);

impl Unfinished {
    /// This file or folder, whether it is there yet or not.
    pub fn new(path: &Path) -> Self {
        HEARS.call_once(|| {
            let (ready, is_ready) = channel();
            let thread = std::thread::Builder::new().name("signals".into());
            // Without a thread the signals end the program as they always do, and so they do before
            // it hears them, which is waited for.
            let _ = thread.spawn(move || hear(&ready));
            let _ = is_ready.recv();
        });
        ALL.lock().unwrap_or_else(PoisonError::into_inner).push(path.into());
        Self(path.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.iter().position(|path| *path == self.0) {
            all.swap_remove(place);
        }
    }
}

/// Waits for a signal, removes all of them and ends the program as the signal would.
fn hear(ready: &Sender<()>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return;
    };
    let number = runtime.block_on(async {
        let hear = |kind: SignalKind| signal(kind).ok();
        let (mut stop, mut end, mut gone) = (
            hear(SignalKind::interrupt())?,
            hear(SignalKind::terminate())?,
            hear(SignalKind::hangup())?,
        );
        let _ = ready.send(());
        Some(tokio::select! {
            _ = stop.recv() => 2,
            _ = end.recv() => 15,
            _ = gone.recv() => 1,
        })
    });
    let Some(number) = number else { return };
    // Nobody may finish one, or begin another, from here on.
    let all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    for path in all.iter() {
        // Somebody may still write into a folder while it is removed.
        for _ in 0..16 {
            let gone = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
            if gone.is_ok() || !path.exists() {
                break;
            }
        }
    }
    std::process::exit(128 + number);
}
