//! The journal over real files: what was recorded is read, whoever dies when.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use engine::event::{Body, Event};
use engine::id::InstrumentId;
use engine::time::Nanos;
use proptest::prelude::*;
use shm::journal::directory::{Lock, segment_path, state_path};
use shm::journal::row::{END, ROW_BYTES};
use shm::journal::{
    Directory, Drain, JournalError, JournalReader, JournalWriter, Start, StateFile, Sync, Tail,
    Trouble, WriterSettings, begin, keep, salvage,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Two folders of a test, gone with it: on disk, and in place of memory.
struct Places {
    disk: PathBuf,
    pool: PathBuf,
}

impl Places {
    fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("peregrine-journal-test-{}-{number}", std::process::id());
        let root = std::env::temp_dir().join(name);
        let places = Self { disk: root.join("disk"), pool: root.join("pool") };
        fs::create_dir_all(&places.disk).unwrap();
        fs::create_dir_all(&places.pool).unwrap();
        places
    }

    fn settings(&self, rows: u64, sync: Sync) -> WriterSettings {
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

    fn begin(&self, rows: u64, first: u64, journal: Option<u64>) -> (JournalWriter, Drain) {
        let start = Start {
            journal,
            config: 7,
            binary: 8,
            epoch: 9,
            first,
            started_at: Nanos(10),
            digest: 11,
            words: &[1, 2, 3],
        };
        begin(self.settings(rows, Sync::Off), &start).unwrap()
    }

    fn read(&self) -> Result<Vec<Event>, JournalError> {
        let mut reader = JournalReader::open(Directory::open(&self.disk)?, 0)?;
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row()? {
            assert_eq!(row.seq, rows.len() as u64);
            rows.push(Event { crc: 0, ..row.event });
        }
        Ok(rows)
    }

    fn segments(&self) -> Vec<PathBuf> {
        Directory::read(&self.disk).unwrap().segments.into_iter().map(|one| one.path).collect()
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.disk.parent().unwrap());
    }
}

fn event(number: u64) -> Event {
    Event::new(Nanos(number), InstrumentId(0), number, Body::Timer)
}

fn drained(drain: &mut Drain) {
    while drain.work(Nanos(1)).unwrap() > 0 {}
}

/// What a tail finds now: places of rows, each with the event of the same number.
fn found(tail: &mut Tail) -> Vec<u64> {
    let mut rows = Vec::new();
    while tail.look(&mut rows).unwrap() {}
    rows.iter().for_each(|row| assert_eq!(row.seq, row.event.id));
    rows.iter().map(|row| row.seq).collect()
}

#[test]
fn a_tail_reads_each_row_once_as_soon_as_it_is_on_disk() {
    let places = Places::new();
    let mut tail = Tail::new(&places.disk, 0);
    assert_eq!(found(&mut tail), []);
    let (mut writer, mut drain) = places.begin(4, 0, None);
    assert_eq!(found(&mut tail), []);
    for number in 0..11 {
        writer.record(&event(number)).unwrap();
        assert_eq!(found(&mut tail), []);
        drained(&mut drain);
        assert_eq!(tail.behind(), 1);
        assert_eq!(found(&mut tail), [number]);
        assert_eq!((tail.behind(), tail.next()), (0, number + 1));
    }
    // One that comes late finds the same, in several segments at once.
    assert_eq!(found(&mut Tail::new(&places.disk, 4)), (4..11).collect::<Vec<u64>>());
    // A row that is not whole yet is read when it is.
    let last = places.segments().pop().unwrap();
    let bytes = fs::read(&last).unwrap();
    let mut late = Tail::new(&places.disk, 8);
    fs::write(&last, &bytes[..bytes.len() - 5]).unwrap();
    assert_eq!(found(&mut late), [8, 9]);
    fs::write(&last, &bytes).unwrap();
    assert_eq!(found(&mut late), [10]);
}

#[test]
fn a_tail_reads_segments_that_were_compressed_and_keeps_one_that_goes() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(4, 0, None);
    let mut first = Tail::new(&places.disk, 0);
    for number in 0..10 {
        writer.record(&event(number)).unwrap();
        drained(&mut drain);
        if number == 1 {
            assert_eq!(found(&mut first), [0, 1]);
        }
    }
    for segment in &places.segments()[..2] {
        let packed = zstd::encode_all(fs::read(segment).unwrap().as_slice(), 3).unwrap();
        fs::write(segment.with_extension("pgj.zst"), packed).unwrap();
        fs::remove_file(segment).unwrap();
    }
    assert_eq!(found(&mut first), (2..10).collect::<Vec<u64>>());
    assert_eq!(found(&mut Tail::new(&places.disk, 0)), (0..10).collect::<Vec<u64>>());
}

#[test]
fn a_reader_goes_on_where_its_segment_has_grown() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(4, 0, None);
    writer.record(&event(0)).unwrap();
    drained(&mut drain);
    let mut reader = JournalReader::open(Directory::open(&places.disk).unwrap(), 0).unwrap();
    assert_eq!(reader.next_row().unwrap().unwrap().event.id, 0);
    assert_eq!(reader.next_row().unwrap(), None);
    for number in 1..11 {
        writer.record(&event(number)).unwrap();
        drained(&mut drain);
        reader.extend(Directory::open(&places.disk).unwrap()).unwrap();
        assert_eq!(
            reader.next_row().unwrap().map(|row| (row.seq, row.event.id)),
            Some((number, number))
        );
        assert_eq!(reader.next_row().unwrap(), None);
    }
}

#[test]
fn what_was_recorded_is_read_over_many_segments_and_sessions() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(4, 0, None);
    let mut rows = Vec::new();
    for number in 0..11 {
        assert_eq!(writer.record(&event(number)), Some(number));
        rows.push(event(number));
        drained(&mut drain);
    }
    assert!(writer.end());
    drop(writer);
    drain.finish().unwrap();
    assert_eq!(places.segments().len(), 3);
    assert_eq!(fs::read_dir(&places.pool).unwrap().count(), 0, "memory is given back");
    let found = salvage(&places.disk, &places.pool).unwrap();
    assert!(found.ended_in_order && found.end == Some(12) && found.rows_from_memory == 0);
    let state = StateFile::read(&state_path(&places.disk, 0)).unwrap();
    assert_eq!((state.words.as_slice(), state.digest), ([1, 2, 3].as_slice(), 11));

    let (mut writer, drain) = places.begin(4, 12, Some(state.journal));
    writer.record(&event(50)).unwrap();
    drop(writer);
    drain.finish().unwrap();
    let read = places.read().unwrap();
    assert_eq!(read[..11], rows);
    assert_eq!((read[11].kind, read[12]), (END, event(50)));
}

#[test]
fn memory_that_is_full_takes_no_more_and_loses_nothing() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(4, 0, None);
    assert_eq!(writer.trouble(), None);
    for number in 0..12 {
        assert_eq!(writer.record(&event(number)), Some(number));
    }
    assert_eq!(writer.trouble(), Some(Trouble::Low));
    assert_eq!((writer.record(&event(12)), writer.lost()), (None, 1));
    drained(&mut drain);
    assert_eq!(writer.trouble(), None);
    assert_eq!(writer.record(&event(12)), Some(12));
    drop(writer);
    drain.finish().unwrap();
    assert_eq!(places.read().unwrap(), (0..13).map(event).collect::<Vec<_>>());
}

#[test]
fn time_closes_a_segment_too_and_each_tells_when_rows_are_on_disk() {
    let places = Places::new();
    let start = Start {
        journal: None,
        config: 0,
        binary: 0,
        epoch: 1,
        first: 0,
        started_at: Nanos(0),
        digest: 0,
        words: &[],
    };
    let mut settings = places.settings(100, Sync::Each);
    settings.rotate_every = Nanos(50);
    let (mut writer, mut drain) = begin(settings, &start).unwrap();
    writer.record(&event(0)).unwrap();
    assert_eq!(writer.durable(), 0);
    drain.work(Nanos(10)).unwrap();
    assert_eq!(writer.durable(), 1);
    drain.work(Nanos(60)).unwrap();
    writer.record(&event(1)).unwrap();
    drained(&mut drain);
    assert_eq!(places.segments().len(), 2);
    drop(writer);
    drain.finish().unwrap();
    assert_eq!(places.read().unwrap().len(), 2);
}

#[test]
fn closed_segments_are_compressed_and_go_by_number_but_never_what_recovery_needs() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(4, 0, None);
    for number in 0..18 {
        writer.record(&event(number)).unwrap();
        drained(&mut drain);
    }
    drop(writer);
    drain.finish().unwrap();
    let now = Nanos(0);
    assert_eq!(keep::tidy(&places.disk, (0, Some(0)), now).unwrap(), keep::Kept::default());
    for seq in [4, 12] {
        let state = StateFile { seq, ..StateFile::default() };
        state.write(&places.disk).unwrap();
    }
    for _ in 0..3 {
        assert_eq!(keep::tidy(&places.disk, (0, None), now).unwrap().compressed, 1);
    }
    assert_eq!(places.read().unwrap(), (0..18).map(event).collect::<Vec<_>>());
    let kept = keep::tidy(&places.disk, (0, Some(0)), now).unwrap();
    assert_eq!((kept.compressed, kept.removed), (0, 1), "row 8 has no state to begin from");
    let left = Directory::read(&places.disk).unwrap();
    assert_eq!(left.segments.iter().map(|one| one.seq).collect::<Vec<_>>(), [4, 8, 12, 16]);
    assert_eq!(left.states.iter().map(|one| one.seq).collect::<Vec<_>>(), [4, 12]);
}

/// A folder with three segments of four rows and a fourth of two.
fn written() -> Places {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(4, 0, None);
    for number in 0..14 {
        writer.record(&event(number)).unwrap();
        drained(&mut drain);
    }
    drop(writer);
    drain.finish().unwrap();
    places
}

fn flip(path: &Path, byte: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[byte] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

#[test]
fn damage_is_found_and_named_wherever_it_is() {
    let told = |places: &Places| places.read().unwrap_err().to_string();
    let places = written();
    let paths = places.segments();
    flip(&paths[1], 4096 + 2 * ROW_BYTES + 17);
    assert!(told(&places).contains("row 6 at byte 4224"), "{}", told(&places));
    flip(&paths[1], 4096 + 2 * ROW_BYTES + 17);
    flip(&paths[2], 50);
    assert!(told(&places).contains("damaged in its header"), "{}", told(&places));
    flip(&paths[2], 50);
    flip(&state_path(&places.disk, 0), 85);
    let state = StateFile::read(&state_path(&places.disk, 0)).unwrap_err().to_string();
    assert!(state.contains("damaged in its state"), "{state}");
    let bytes = fs::read(&paths[2]).unwrap();
    fs::write(&paths[2], &bytes[..bytes.len() - 100]).unwrap();
    assert!(told(&places).contains("truncated"), "{}", told(&places));
    fs::write(&paths[2], &bytes).unwrap();
    let mut swapped = bytes.clone();
    swapped[4096..4160].copy_from_slice(&bytes[4160..4224]);
    swapped[4160..4224].copy_from_slice(&bytes[4096..4160]);
    fs::write(&paths[2], &swapped).unwrap();
    assert!(told(&places).contains("row 8 at byte 4096"), "{}", told(&places));
    fs::write(&paths[2], fs::read(&paths[1]).unwrap()).unwrap();
    assert!(told(&places).contains("begins with row 4"), "{}", told(&places));
    fs::remove_file(&paths[2]).unwrap();
    assert!(told(&places).contains("its successor is missing"), "{}", told(&places));
    fs::write(&paths[2], b"what is this").unwrap();
    assert!(told(&places).contains("no journal of Peregrine"), "{}", told(&places));
    let empty = Places::new();
    assert!(told(&empty).contains("holds no journal"), "{}", told(&empty));
}

#[test]
fn salvage_touches_nothing_of_a_damaged_journal() {
    let places = written();
    let last = places.segments().pop().unwrap();
    flip(&last, 4096 + 5);
    let before: Vec<_> = places.segments().iter().map(|path| fs::read(path).unwrap()).collect();
    let refused = salvage(&places.disk, &places.pool).unwrap_err().to_string();
    assert!(refused.contains("row 12 at byte 4096"), "{refused}");
    let after: Vec<_> = places.segments().iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(before, after);
}

#[test]
fn a_torn_tail_is_cut_and_nothing_else() {
    let places = written();
    let last = places.segments().pop().unwrap();
    let whole = fs::read(&last).unwrap();
    let mut torn = whole[..whole.len() - 10].to_vec();
    torn.extend_from_slice(&[0; 10]);
    fs::write(&last, &torn).unwrap();
    assert!(salvage(&places.disk, &places.pool).is_err(), "a whole row that is wrong is damage");
    fs::write(&last, &whole[..whole.len() - 10]).unwrap();
    let found = salvage(&places.disk, &places.pool).unwrap();
    assert_eq!((found.end, found.bytes_cut, found.ended_in_order), (Some(13), 54, false));
    let mut padded = fs::read(&last).unwrap();
    padded.extend_from_slice(&[0; 200]);
    fs::write(&last, &padded).unwrap();
    assert_eq!(salvage(&places.disk, &places.pool).unwrap().bytes_cut, 200);
    assert_eq!(places.read().unwrap().len(), 13);
}

#[test]
fn a_folder_has_one_writer() {
    let places = Places::new();
    let path = places.disk.join("lock");
    let lock = Lock::take(&path).unwrap();
    let refused = Lock::take(&path).unwrap_err().to_string();
    assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
    drop(lock);
    Lock::take(&path).unwrap();
}

#[test]
fn a_session_that_died_before_its_first_row_leaves_its_place_free() {
    let places = Places::new();
    let (writer, drain) = places.begin(4, 0, None);
    std::mem::forget((writer, drain));
    assert_eq!(salvage(&places.disk, &places.pool).unwrap().end, None);
    assert!(places.segments().is_empty());
    let (mut writer, drain) = places.begin(4, 0, None);
    writer.record(&event(0)).unwrap();
    drop(writer);
    drain.finish().unwrap();
    assert_eq!(places.read().unwrap(), [event(0)]);
    assert!(segment_path(&places.disk, 0).exists());
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Record(u8),
    Drain,
    Rotate,
    Die,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..9_u8).prop_map(Step::Record),
        4 => Just(Step::Drain),
        1 => Just(Step::Rotate),
        1 => Just(Step::Die),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is written, drained, rotated and killed in whatever order: every row that was
    /// recorded is there, once, in order. Death is a writer and a drain that stop where they are.
    #[test]
    fn no_row_is_lost_or_doubled(steps in proptest::collection::vec(step(), 1..60)) {
        let places = Places::new();
        let (mut writer, mut drain) = places.begin(5, 0, None);
        let mut model: Vec<Event> = Vec::new();
        let mut now = 1;
        for step in steps {
            match step {
                Step::Record(count) => for _ in 0..count {
                    let row = event(1_000 + model.len() as u64);
                    if let Some(seq) = writer.record(&row) {
                        prop_assert_eq!(seq, model.len() as u64);
                        model.push(row);
                    }
                },
                Step::Drain => { drain.work(Nanos(now)).unwrap(); }
                Step::Rotate => {
                    now += Nanos::from_s(2_000).0;
                    drain.work(Nanos(now)).unwrap();
                }
                Step::Die => {
                    std::mem::forget((writer, drain));
                    let found = salvage(&places.disk, &places.pool).unwrap();
                    prop_assert_eq!(found.end.unwrap_or(0), model.len() as u64);
                    let again = salvage(&places.disk, &places.pool).unwrap();
                    prop_assert_eq!(again.rows_from_memory, 0);
                    let directory = Directory::read(&places.disk).unwrap();
                    let journal = directory.states.last()
                        .map(|state| StateFile::read(&state.path).unwrap().journal);
                    (writer, drain) = places.begin(5, model.len() as u64, journal);
                }
            }
        }
        drop(writer);
        drain.finish().unwrap();
        let read = if model.is_empty() { Vec::new() } else { places.read().unwrap() };
        prop_assert_eq!(read, model);
    }
}
