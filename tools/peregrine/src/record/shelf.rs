//! The thread that writes a venue's files: one open file an instrument, rotated by size and age,
//! handed to the system each second.

use super::file::{Recorded, Rotation};
use super::outlet::{BYTES_MAX, Entry, FRAMES_MAX, Inlet, Outlet, What, outlet};
use super::tally::{Tally, add};
use super::{Recording, Source};
use crate::exit::Failure;
use engine::time::Nanos;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How often what is written is handed to the system.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
const BEGINS: &str = "the recording begins";

/// Files of one instrument.
struct Shelved {
    name: String,
    open: Option<Recorded>,
    last_at: Nanos,
    began: bool,
}

/// All files of a venue.
pub struct Shelf {
    folder: PathBuf,
    rotation: Rotation,
    files: Vec<Shelved>,
    inlet: Inlet,
    /// Instruments whose next file needs a snapshot.
    wants: mpsc::Sender<usize>,
    tally: Arc<Tally>,
}

impl Shelf {
    /// With the queue that leads to it, and the way on which it asks for snapshots.
    pub fn new(
        source: &Source,
        recording: &Recording<'_>,
    ) -> Result<(Self, Outlet, mpsc::Receiver<usize>), Failure> {
        let names = source.file_names();
        let (outlet, inlet) = outlet(names.len(), (FRAMES_MAX, BYTES_MAX), recording.tally);
        let (wants, wanted) = mpsc::channel(names.len());
        let shelved = |name| Shelved { name, open: None, last_at: Nanos(0), began: false };
        let shelf = Self {
            folder: recording.folder.to_path_buf(),
            rotation: recording.rotation,
            files: names.into_iter().map(shelved).collect(),
            inlet,
            wants,
            tally: Arc::clone(recording.tally),
        };
        Ok((shelf, outlet, wanted))
    }

    /// Writes until the other end of the queue is closed, then closes its files in order.
    pub fn run(mut self) -> Result<(), Failure> {
        let written = self.write();
        let mut end = written.map_err(|(place, error)| self.failure(place, &error));
        for place in 0..self.files.len() {
            let Some(file) = self.files[place].open.take() else { continue };
            let path = file.path();
            if let Err(error) = file.close() {
                let left = format!(
                    "{} could not be closed: {error}; it can be read to its last whole line",
                    path.display()
                );
                end = match end {
                    Ok(()) => Err(Failure::error(left)),
                    Err(first) => Err(Failure::error(format!("{first}; {left}"))),
                };
            }
        }
        end
    }

    fn write(&mut self) -> Result<(), (usize, io::Error)> {
        let mut flush_at = Instant::now() + FLUSH_EVERY;
        loop {
            let wait = flush_at.saturating_duration_since(Instant::now());
            match self.inlet.queue.recv_timeout(wait) {
                Ok(entry) => {
                    self.inlet.took(&entry);
                    let place = entry.place;
                    self.put(entry).map_err(|error| (place, error))?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if Instant::now() >= flush_at {
                for place in 0..self.files.len() {
                    self.tend(place).map_err(|error| (place, error))?;
                }
                flush_at = Instant::now() + FLUSH_EVERY;
            }
        }
    }

    fn put(&mut self, entry: Entry) -> io::Result<()> {
        let Some(shelved) = self.files.get_mut(entry.place) else { return Ok(()) };
        let at = entry.at.max(shelved.last_at);
        shelved.last_at = at;
        let tally = &self.tally;
        let file = match &mut shelved.open {
            Some(file) => file,
            none => {
                let file = Recorded::create(&self.folder, &shelved.name, at, tally)?;
                none.insert(file)
            }
        };
        if !shelved.began {
            shelved.began = true;
            add(&tally.gaps, 1);
            file.line(at, &gap(0, BEGINS))?;
        }
        match entry.what {
            What::Frame(text) => {
                file.line(at, &text)?;
                add(&tally.frames, 1);
                add(&tally.bytes_raw, text.len() as u64);
            }
            What::Snapshot(text) => {
                file.line(at, &text)?;
                add(&tally.snapshots, 1);
                add(&tally.bytes_raw, text.len() as u64);
            }
            What::Gap(dropped, reason) => {
                file.line(at, &gap(dropped, reason))?;
                add(&tally.gaps, 1);
            }
        }
        if file.is_over(self.rotation) { self.rotate(entry.place) } else { Ok(()) }
    }

    fn tend(&mut self, place: usize) -> io::Result<()> {
        let Some(file) = &mut self.files[place].open else { return Ok(()) };
        if file.is_over(self.rotation) {
            return self.rotate(place);
        }
        file.flush()
    }

    fn rotate(&mut self, place: usize) -> io::Result<()> {
        if let Some(file) = self.files[place].open.take() {
            file.close()?;
            // One wish an instrument is enough; the follower may have ended.
            let _ = self.wants.try_send(place);
        }
        Ok(())
    }

    fn failure(&self, place: usize, error: &io::Error) -> Failure {
        let name = self.files.get(place).map_or("", |shelved| shelved.name.as_str());
        let folder: &Path = &self.folder;
        let advice = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "the disk is full: make room, or record to another disk"
            }
            _ => "look at the disk, or record to another folder",
        };
        let folder = folder.display();
        Failure::error(format!("recording ended: {name} in {folder}: {error}; {advice}"))
    }
}

/// A mark that something is missing.
fn gap(dropped: u64, reason: &str) -> Vec<u8> {
    serde_json::json!({ "gap": { "dropped": dropped, "reason": reason } }).to_string().into_bytes()
}
