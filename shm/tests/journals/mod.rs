//! Two folders for each test's journal, and rows that tell by themselves whether they are right.

use engine::event::{Body, Event};
use engine::id::InstrumentId;
use engine::time::Nanos;
use shm::journal::sent::kind;
use shm::journal::{
    Directory, Drain, JournalError, JournalReader, JournalWriter, Start, Sync, WriterSettings,
    begin, roll,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// A folder on disk and one in place of memory; gone with the test that made them.
pub struct Places {
    pub disk: PathBuf,
    pub pool: PathBuf,
    root: Option<PathBuf>,
}

#[allow(dead_code, reason = "each test binary uses its part")]
impl Places {
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    pub fn within(base: &Path) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-journal-test-{}-{number}", std::process::id());
        let mut places = Self::at(&base.join(name));
        places.root = places.disk.parent().map(Path::to_path_buf);
        std::fs::create_dir_all(&places.disk).unwrap();
        std::fs::create_dir_all(&places.pool).unwrap();
        places
    }

    /// Those of another process.
    pub fn at(root: &Path) -> Self {
        Self { disk: root.join("disk"), pool: root.join("pool"), root: None }
    }

    pub fn settings(&self, rows: u64, sync: Sync) -> WriterSettings {
        WriterSettings {
            folder: self.disk.clone(),
            pool_folder: self.pool.clone(),
            segment_rows: rows,
            pool: 3,
            reserve_rows: rows,
            rotate_every: Nanos::from_s(1_000),
            sync,
        }
    }

    pub fn begin(&self, rows: u64, sync: Sync) -> (JournalWriter, Drain) {
        begin(self.settings(rows, sync), &start(None, 0)).unwrap()
    }

    pub fn read(&self) -> Result<Vec<Event>, JournalError> {
        let mut reader = JournalReader::open(Directory::open(&self.disk)?, 0)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row()? {
            assert_eq!(row.seq, rows.len() as u64);
            rows.push(Event { crc: 0, ..row.event });
        }
        Ok(rows)
    }

    /// Looks whether each segment says of what was sent before it what its rows say; an end, too.
    pub fn judge_digests(&self) {
        let mut reader = JournalReader::open(Directory::open(&self.disk).unwrap(), 0).unwrap();
        let (mut sent, mut digest) = (0, 0);
        while reader.advance().unwrap() {
            if reader.take_entered() {
                let header = reader.header();
                if header.epoch_first == header.first {
                    (sent, digest) = (0, 0);
                }
                assert_eq!((header.sent, header.sent_digest), (sent, digest), "{header:?}");
            }
            let Some(row) = reader.next_row().unwrap() else { break };
            if row.is_sent() {
                (sent, digest) = (sent + 1, roll(digest, &row.event));
            }
            if row.is_end() {
                assert_eq!((row.event.id, row.event.payload[0]), (sent, digest));
            }
        }
    }

    pub fn segments(&self) -> Vec<PathBuf> {
        Directory::read(&self.disk).unwrap().segments.into_iter().map(|one| one.path).collect()
    }

    /// Every file of both folders with its bytes.
    pub fn all(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = [&self.disk, &self.pool].into_iter().flat_map(|folder| {
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
        });
        let mut all: Vec<_> =
            files.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect();
        all.sort();
        all
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        if let Some(root) = &self.root {
            let _ = std::fs::remove_dir_all(root);
        }
    }
}

#[allow(dead_code, reason = "each test binary uses its part")]
pub fn start(journal: Option<u64>, first: u64) -> Start<'static> {
    Start {
        journal,
        config: 7,
        binary: 8,
        epoch: 9,
        first,
        started_at: Nanos(10),
        digest: 11,
        words: &[1, 2, 3],
    }
}

/// The row at this place: something learnt, and at each third place something sent.
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn row(seq: u64) -> Event {
    if seq % 3 == 2 {
        let payload = [seq, !seq, 0, seq - 1];
        Event { at: Nanos(seq), id: seq, kind: kind::PLACE, payload, ..Event::default() }
    } else {
        Event::new(Nanos(seq), InstrumentId(3), seq, Body::Timer)
    }
}

/// Writes the row of the next place; false when there is no room.
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn put(writer: &mut JournalWriter) -> bool {
    let row = row(writer.seq());
    let put = if row.kind == kind::PLACE { writer.sent(&row) } else { writer.record(&row) };
    put.is_some()
}

/// The first so many rows.
#[allow(dead_code, reason = "each test binary uses its part")]
pub fn rows(count: u64) -> Vec<Event> {
    (0..count).map(row).collect()
}
