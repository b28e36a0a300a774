//! A session's journal with what brings it to disk: a thread beside, as in the product, or whoever
//! measures, between what is measured.

use super::{EPOCH, Failed, SEGMENT_ROWS};
use engine::time::Nanos;
use peregrine::ports::Recorder;
use shm::journal::{Drain, Start, Sync, WriterSettings, begin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The drain of a journal, and the memory that its rows go through.
pub struct Journal {
    own: Option<Drain>,
    done: Arc<AtomicBool>,
    pool: PathBuf,
}

impl Journal {
    /// A journal in this folder; with a thread beside it, or to be emptied by [`Journal::empty`].
    pub fn begin(folder: &Path, now: Nanos, aside: bool) -> Result<(Recorder, Self), Failed> {
        let memory = Path::new("/dev/shm");
        let name = folder.file_name().unwrap_or_default();
        let pool = if memory.is_dir() { memory.join(name) } else { folder.join("pool") };
        std::fs::create_dir_all(&pool)?;
        let settings = WriterSettings {
            folder: folder.to_path_buf(),
            pool_folder: pool.clone(),
            segment_rows: SEGMENT_ROWS,
            pool: 4,
            reserve_rows: SEGMENT_ROWS / 2,
            rotate_every: Nanos::from_s(3_600),
            sync: Sync::Off,
        };
        let start = Start {
            journal: None,
            config: 0,
            binary: 0,
            epoch: EPOCH,
            first: 0,
            started_at: now,
            digest: 0,
            words: &[],
        };
        let (writer, drain) = begin(settings, &start)?;
        let done = Arc::new(AtomicBool::new(false));
        let over = done.clone();
        let own = if aside {
            std::thread::spawn(move || empty(drain, &over));
            None
        } else {
            Some(drain)
        };
        Ok((Recorder::new(writer, false), Self { own, done, pool }))
    }

    /// Brings what is there to disk, where no thread does.
    pub fn empty(&mut self) -> Result<(), Failed> {
        while let Some(drain) = &mut self.own
            && drain.work(Nanos(1))? > 0
        {}
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Pairs with the load in `empty`.
        self.done.store(true, Ordering::Release);
        // What cannot be removed is the system's to clear: it is a temporary place.
        let _ = std::fs::remove_dir_all(&self.pool);
    }
}

fn empty(mut drain: Drain, done: &AtomicBool) {
    // Pairs with the store in `Journal::drop`.
    while !done.load(Ordering::Acquire) {
        if drain.work(Nanos(1)).unwrap_or(0) == 0 {
            std::thread::park_timeout(Duration::from_micros(500));
        }
    }
    let _ = drain.finish();
}
