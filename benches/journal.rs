//! One row into the journal, while another thread moves rows to disk. No rival: the bar is a time.
//! The seal is measured beside the checksum crate's own way over the same bytes.

#![allow(clippy::expect_used, reason = "a bench that cannot begin says why and stops")]

use benches::stage::{Bar, Contestant, Stage};
use engine::event::{Body, Event};
use engine::id::InstrumentId;
use engine::num::{Price, Qty};
use engine::time::Nanos;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use shm::journal::sent::kind;
use shm::journal::{Directory, Drain, JournalWriter, Start, Sync, WriterSettings, begin, row};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Rows of a turn: a busy market's millisecond.
const ROWS: usize = 4_096;
/// Rows of a segment: 16 MiB, as shipped.
const SEGMENT_ROWS: u64 = 262_144;
const NS_MAX: f64 = 30.0;

/// A journal with the thread that empties it; its files go with it.
struct Journal {
    writer: Option<JournalWriter>,
    done: Arc<AtomicBool>,
    drain: Option<JoinHandle<()>>,
    folder: PathBuf,
    events: Vec<Event>,
    sent: Vec<Event>,
}

impl Journal {
    fn new() -> Self {
        let shm = Path::new("/dev/shm");
        let pool = if shm.is_dir() { shm.to_path_buf() } else { std::env::temp_dir() };
        let name = format!("peregrine-bench-journal-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder for the journal");
        let settings = WriterSettings {
            folder: folder.clone(),
            pool_folder: pool,
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
            epoch: 1,
            first: 0,
            started_at: Nanos(1),
            digest: 0,
            words: &[],
        };
        let (writer, drain) = begin(settings, &start).expect("a journal begins");
        let done = Arc::new(AtomicBool::new(false));
        let (seen, at) = (done.clone(), folder.clone());
        let drain = std::thread::spawn(move || empty(drain, &seen, &at));
        let mut random = SmallRng::seed_from_u64(5);
        let events: Vec<Event> = (0..ROWS).map(|_| event(&mut random)).collect();
        let sent = events.iter().map(|event| Event { kind: kind::PLACE, ..*event }).collect();
        Self { writer: Some(writer), done, drain: Some(drain), folder, events, sent }
    }

    /// Waits until there is room for a turn without waiting.
    fn rest(&mut self) {
        while self.writer.as_ref().is_some_and(|writer| writer.durable() < writer.seq()) {
            std::thread::yield_now();
        }
    }

    fn record(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        for event in &self.events {
            black_box(writer.record(black_box(event)));
        }
    }

    fn send(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        for row in &self.sent {
            black_box(writer.sent(black_box(row)));
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            assert_eq!(writer.lost(), 0, "every row found room");
        }
        self.done.store(true, Ordering::Release);
        if let Some(drain) = self.drain.take() {
            drain.join().expect("the drain ends");
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The drain's thread: it rests as the engine's does, and removes what is closed.
fn empty(mut drain: Drain, done: &AtomicBool, folder: &Path) {
    let mut closed = 0;
    while !done.load(Ordering::Acquire) {
        if drain.work(Nanos(1)).expect("the disk takes rows") == 0 {
            std::thread::park_timeout(Duration::from_micros(500));
        }
        if drain.status().closed > closed {
            closed = drain.status().closed;
            let mut segments = Directory::read(folder).expect("readable").segments;
            segments.pop();
            segments.iter().for_each(|place| fs::remove_file(&place.path).expect("removed"));
        }
    }
    drain.finish().expect("the rest is on disk");
}

fn event(random: &mut SmallRng) -> Event {
    let body = Body::Level {
        side: engine::id::Side::Buy,
        price: Price(random.random_range(6_000_000..6_200_000)),
        qty: Qty(random.random_range(0..1_000_000)),
    };
    Event::new(Nanos(random.random_range(1..1 << 60)), InstrumentId(1), random.random(), body)
}

/// The same seal by the checksum crate, over bytes.
fn plain(event: &Event, seq: u64) -> row::Bytes {
    let mut bytes = [0; row::ROW_BYTES];
    let [one, two, three, four] = event.payload;
    let spans = u64::from(event.recv_delta_ns) | u64::from(event.venue_delta_us as u32) << 32;
    let kind =
        u64::from(event.instrument.0) | u64::from(event.kind) << 16 | u64::from(event.flags) << 24;
    let words = [event.at.0, event.id, one, two, three, four, spans, kind];
    for (to, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *to = word.to_le_bytes();
    }
    let crc = crc32c::crc32c_append(seq as u32, &bytes[..60]);
    bytes[60..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn main() {
    let probe = Event { at: Nanos(7), id: 9, kind: 1, ..Event::default() };
    assert_eq!(plain(&probe, 41), row::seal(&probe, 41), "both seals are one");
    let mut stage = Stage::new("journal");
    let journal = Journal::new();
    let events = journal.events.clone();
    let ours = Contestant::with("ours", journal, Journal::rest, Journal::record);
    stage.duel("record, a drain beside it", Bar::NsMax(NS_MAX), ROWS, vec![ours]);
    let ours = Contestant::with("ours", Journal::new(), Journal::rest, Journal::send);
    stage.duel("sent, with its digest", Bar::None, ROWS, vec![ours]);
    let seal = |seal: fn(&Event, u64) -> row::Bytes| {
        let events = events.clone();
        move || {
            for (seq, event) in events.iter().enumerate() {
                black_box(seal(black_box(event), seq as u64));
            }
        }
    };
    let ours = Contestant::new("ours", seal(row::seal));
    let crate_s = Contestant::new("crc32c over bytes", seal(plain));
    stage.duel("seal", Bar::None, ROWS, vec![ours, crate_s]);
    stage.finish();
}
