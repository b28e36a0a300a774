//! Engines that die: by SIGKILL at random moments, and by stopping between any two steps.
//!
//! The test binary starts itself again: the test `child` plays the part that the environment names,
//! and passes at once when it names none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod journals;

use engine::time::Nanos;
use journals::{Places, put, row, rows, start};
use proptest::prelude::*;
use shm::journal::directory::{Lock, segment_path, state_path};
use shm::journal::row::{END, ROW_BYTES};
use shm::journal::{Directory, StateFile, Sync, begin, keep, salvage};
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Numbers that look random, the same for one seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

fn spawn(places: &Places, part: &str, seed: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env("JOURNAL_TEST_PART", part)
        .env("JOURNAL_TEST_PLACE", places.disk.parent().unwrap())
        .env("JOURNAL_TEST_SEED", seed.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn child() {
    let Ok(part) = std::env::var("JOURNAL_TEST_PART") else { return };
    let places = Places::at(&PathBuf::from(std::env::var("JOURNAL_TEST_PLACE").unwrap()));
    let seed = std::env::var("JOURNAL_TEST_SEED").unwrap().parse().unwrap();
    match part.as_str() {
        "write" => write_until_killed(&places, seed),
        "salvage" => {
            let _lock = Lock::take(&places.disk.join("lock")).unwrap();
            salvage(&places.disk, &places.pool).unwrap();
        }
        other => panic!("no part called {other}"),
    }
}

/// A session of rows, each acknowledged when it was written, until somebody ends it.
fn write_until_killed(places: &Places, seed: u64) {
    let _lock = Lock::take(&places.disk.join("lock")).unwrap();
    let found = salvage(&places.disk, &places.pool).unwrap();
    let directory = Directory::read(&places.disk).unwrap();
    let journal = directory.states.last().map(|one| StateFile::read(&one.path).unwrap().journal);
    let mut random = Random(seed);
    let sync = [Sync::Off, Sync::Each, Sync::Every(Nanos(30))][random.below(3) as usize];
    let mut settings = places.settings(1 + random.below(60), sync);
    settings.rotate_every = Nanos(1 + random.below(100));
    let first = found.end.unwrap_or(0);
    let (mut writer, mut drain) =
        begin(settings, &start(journal.filter(|_| first > 0), first)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for now in 0.. {
                // The parent reads an end of the stream then, and waits no longer.
                if drain.work(Nanos(now)).is_err() {
                    std::process::exit(1);
                }
            }
        });
        loop {
            if put(&mut writer) {
                std::io::stderr().write_all(&writer.seq().to_le_bytes()).unwrap();
            }
        }
    });
}

/// What was acknowledged last.
fn last_of(acknowledged: &[u8]) -> u64 {
    acknowledged.as_chunks().0.last().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[test]
fn whatever_was_acknowledged_before_a_kill_is_there_after_it() {
    // Memory proper where there is one: files of a disk would only be slower.
    let shm = std::path::Path::new("/dev/shm");
    let base = if shm.is_dir() { shm.to_path_buf() } else { std::env::temp_dir() };
    let places = Places::within(&base);
    let mut least = 0;
    for seed in 1..=20 {
        let mut random = Random(seed ^ 0x5eed);
        let mut child = spawn(&places, "write", seed);
        let mut pipe = child.stderr.take().unwrap();
        let mut told = vec![0; 8 * random.below(2_000) as usize];
        pipe.read_exact(&mut told).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        pipe.read_to_end(&mut told).unwrap();
        least = least.max(last_of(&told));
        // One who salvages may be killed as well.
        let mut helper = spawn(&places, "salvage", seed);
        for _ in 0..random.below(3_000_000) {
            std::hint::spin_loop();
        }
        let _ = helper.kill();
        helper.wait().unwrap();
        let found = salvage(&places.disk, &places.pool).unwrap();
        let end = found.end.unwrap_or(0);
        assert!(end >= least, "seed {seed}: {end} rows, {least} were acknowledged");
        let read = if end == 0 { Vec::new() } else { places.read().unwrap() };
        assert_eq!(read, rows(end), "seed {seed}");
        if end > 0 {
            places.judge_digests();
        }
        assert_eq!(fs::read_dir(&places.pool).unwrap().count(), 0, "seed {seed}");
        let again = salvage(&places.disk, &places.pool).unwrap();
        assert_eq!((again.end, again.rows_from_memory, again.bytes_cut), (found.end, 0, 0));
    }
    assert!(least > 1_000, "only {least} rows were written");
}

/// A journal whose engine died with so many rows written, of which the first were drained.
fn dead(drained: u64, written: u64) -> Places {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(8, Sync::Off);
    while writer.seq() < written {
        assert!(put(&mut writer));
        if writer.seq() <= drained {
            while drain.work(Nanos(1)).unwrap() > 0 {}
        }
    }
    std::mem::forget((writer, drain));
    places
}

/// The file in memory of the segment that begins with this row.
fn memory_of(places: &Places, first: u64) -> PathBuf {
    let files = fs::read_dir(&places.pool).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| fs::read(path).unwrap()[56..64] == first.to_le_bytes()).unwrap()
}

fn change(path: &std::path::Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Both folders stay as they are, and the reason names this.
fn refused(places: &Places, reason: &str) {
    let before = places.all();
    let error = salvage(&places.disk, &places.pool).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
    assert!(before == places.all(), "something was changed");
}

#[test]
fn each_split_between_disk_and_memory_comes_together() {
    for written in 0..24 {
        for drained in 0..=written {
            let places = dead(drained, written);
            let found = salvage(&places.disk, &places.pool).unwrap();
            assert_eq!(found.end, (written > 0).then_some(written), "{drained} of {written}");
            assert_eq!(found.rows_from_memory, written - drained, "{drained} of {written}");
            assert!(written == 0 || places.read().unwrap() == rows(written));
        }
    }
}

#[test]
fn damaged_memory_is_an_error_and_stays() {
    let places = dead(3, 20);
    let row_byte = 4096 + 2 * ROW_BYTES + 20;
    change(&memory_of(&places, 8), |bytes| bytes[row_byte] ^= 1);
    refused(&places, "row 10 at byte 4224");
    change(&memory_of(&places, 8), |bytes| bytes[row_byte] ^= 1);
    // The last row that was committed, and the header of a segment with rows.
    change(&memory_of(&places, 16), |bytes| bytes[4096 + 3 * ROW_BYTES] ^= 1);
    refused(&places, "row 19");
    change(&memory_of(&places, 16), |bytes| bytes[4096 + 3 * ROW_BYTES] ^= 1);
    let middle = memory_of(&places, 8);
    change(&middle, |bytes| bytes[90] ^= 1);
    refused(&places, "damaged in its header");
    change(&middle, |bytes| bytes[90] ^= 1);
    fs::rename(&middle, places.disk.join("aside")).unwrap();
    refused(&places, "it ends before row 8, and the next segment");
    fs::rename(places.disk.join("aside"), &middle).unwrap();
    assert_eq!(salvage(&places.disk, &places.pool).unwrap().end, Some(20));
    assert_eq!(places.read().unwrap(), rows(20));
}

#[test]
fn a_death_while_a_segment_of_memory_is_taken_again_hides_no_row() {
    // Half of the next header over an old one, the count at zero as it is by then.
    let places = dead(8, 10);
    let files: Vec<PathBuf> =
        fs::read_dir(&places.pool).unwrap().map(|entry| entry.unwrap().path()).collect();
    let spare = files.iter().find(|path| {
        let first = fs::read(path).unwrap()[56..64].to_vec();
        first != 8_u64.to_le_bytes()
    });
    change(spare.unwrap(), |bytes| {
        bytes[56..64].copy_from_slice(&16_u64.to_le_bytes());
        bytes[256..264].fill(0);
    });
    let found = salvage(&places.disk, &places.pool).unwrap();
    assert_eq!((found.end, found.rows_from_memory), (Some(10), 2));
    assert_eq!(places.read().unwrap(), rows(10));
}

#[test]
fn memory_goes_on_from_a_segment_that_was_compressed() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(8, Sync::Off);
    while writer.seq() < 13 {
        assert!(put(&mut writer));
    }
    // The first segment is closed, and the disk died before the next had its file.
    while drain.status().closed == 0 {
        drain.work(Nanos(1)).unwrap();
    }
    let journal = writer.journal();
    std::mem::forget((writer, drain));
    let _ = fs::remove_file(segment_path(&places.disk, 8));
    StateFile { seq: 8, journal, ..StateFile::default() }.write(&places.disk).unwrap();
    assert_eq!(keep::tidy(&places.disk, (0, None), Nanos(0)).unwrap().compressed, 1);
    let found = salvage(&places.disk, &places.pool).unwrap();
    assert_eq!((found.end, found.rows_from_memory), (Some(13), 5));
    assert_eq!(places.read().unwrap(), rows(13));
}

#[test]
fn a_session_begins_only_where_the_last_one_ended_and_was_salvaged() {
    let places = dead(3, 20);
    let settings = places.settings(8, Sync::Off);
    let journal = StateFile::read(&state_path(&places.disk, 0)).unwrap().journal;
    let told = |first, journal| {
        let before = places.all();
        let error = begin(settings.clone(), &start(journal, first)).unwrap_err().to_string();
        assert!(before == places.all(), "something was changed");
        error
    };
    assert!(told(20, Some(journal)).contains("left by an engine that died"));
    salvage(&places.disk, &places.pool).unwrap();
    assert!(told(19, Some(journal)).contains("already holds rows from row 16 on"));
    assert!(told(0, Some(journal)).contains("already holds rows"));
    assert!(told(21, Some(journal)).contains("ends before row 20"));
    assert!(told(20, Some(journal + 1)).contains("belongs to another journal"));
    let (mut writer, drain) = begin(settings, &start(Some(journal), 20)).unwrap();
    assert_eq!(writer.sent(&row(20)), Some(20));
    assert!(writer.end());
    drain.finish().unwrap();
    assert!(salvage(&places.disk, &places.pool).unwrap().ended_in_order);
    assert_eq!(fs::read_dir(&places.pool).unwrap().count(), 0, "after its end memory is free");
}

#[test]
fn a_death_before_the_first_segment_leaves_no_memory_behind() {
    let places = dead(0, 0);
    fs::remove_file(segment_path(&places.disk, 0)).unwrap();
    assert_eq!(salvage(&places.disk, &places.pool).unwrap().end, None);
    assert_eq!(fs::read_dir(&places.pool).unwrap().count(), 0);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Put(u8),
    Work,
    Rotate,
    /// Writer and drain stop where they are.
    Die,
    /// The session ends, in order or without a word.
    End(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..9_u8).prop_map(Step::Put),
        5 => Just(Step::Work),
        1 => Just(Step::Rotate),
        1 => Just(Step::Die),
        1 => any::<bool>().prop_map(Step::End),
    ]
}

fn sync() -> impl Strategy<Value = Sync> {
    prop_oneof![Just(Sync::Off), Just(Sync::Each), (1..50_u64).prop_map(|n| Sync::Every(Nanos(n)))]
}

/// Sessions one after the other, with what a row by row model says of them.
struct Sessions {
    places: Places,
    settings: shm::journal::WriterSettings,
    /// Kinds of all rows so far; those of an end are none of [`row`]'s.
    model: Vec<u8>,
}

impl Sessions {
    fn begin(&self) -> (shm::journal::JournalWriter, shm::journal::Drain) {
        let found = salvage(&self.places.disk, &self.places.pool).unwrap();
        assert_eq!(found.end.unwrap_or(0), self.model.len() as u64);
        let again = salvage(&self.places.disk, &self.places.pool).unwrap();
        assert_eq!((again.end, again.rows_from_memory, again.bytes_cut), (found.end, 0, 0));
        let states = Directory::read(&self.places.disk).unwrap().states;
        let journal = states.last().map(|one| StateFile::read(&one.path).unwrap().journal);
        begin(self.settings.clone(), &start(journal, self.model.len() as u64)).unwrap()
    }

    fn judge(&self) {
        if self.model.is_empty() {
            return;
        }
        let read = self.places.read().unwrap();
        let kinds: Vec<u8> = read.iter().map(|row| row.kind).collect();
        assert_eq!(kinds, self.model);
        for (seq, event) in read.iter().enumerate().filter(|(_, event)| event.kind != END) {
            assert_eq!(*event, row(seq as u64));
        }
        self.places.judge_digests();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is written, moved, rotated, ended and killed in whatever order: each row that was
    /// taken is there, once, in order, and what is called durable never goes back nor ahead.
    #[test]
    fn sessions_follow_their_model(
        steps in proptest::collection::vec(step(), 1..60), rows in 1..9_u64, sync in sync(),
    ) {
        let places = Places::new();
        let mut settings = places.settings(rows, sync);
        settings.rotate_every = Nanos(40);
        let mut all = Sessions { places, settings, model: Vec::new() };
        let (mut writer, mut drain) = all.begin();
        let mut now = 1;
        for step in steps {
            let durable = writer.durable();
            match step {
                Step::Put(count) => for _ in 0..count {
                    let lost = writer.lost();
                    let kind = row(writer.seq()).kind;
                    if put(&mut writer) {
                        all.model.push(kind);
                    } else {
                        prop_assert_eq!(writer.lost(), lost + 1);
                    }
                },
                Step::Work => { drain.work(Nanos(now)).unwrap(); now += 7; }
                Step::Rotate => { now += 50; drain.work(Nanos(now)).unwrap(); }
                Step::Die => {
                    std::mem::forget((writer, drain));
                    (writer, drain) = all.begin();
                }
                Step::End(in_order) => {
                    if in_order && writer.end() {
                        all.model.push(END);
                    }
                    drop(writer);
                    drain.finish().unwrap();
                    all.judge();
                    (writer, drain) = all.begin();
                }
            }
            prop_assert_eq!(writer.seq(), all.model.len() as u64);
            prop_assert!(writer.durable() <= writer.seq());
            prop_assert!(matches!(step, Step::Die) || writer.durable() >= durable);
        }
        drop(writer);
        drain.finish().unwrap();
        all.judge();
    }
}
