//! Disks that are slow, full, or gone for a while: the writer is told, nothing is lost meanwhile,
//! and all is well again when there is room.
//!
//! The test binary starts itself again where a limit of the whole process is played with.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "a test that skips says so")]

mod journals;

use engine::time::Nanos;
use journals::{Places, put, rows};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shm::journal::{Drain, JournalWriter, Sync, Trouble};
use std::fs;
use std::path::Path;
use std::process::Command;

const SECOND: u64 = 1_000_000_000;

fn fill(writer: &mut JournalWriter, to: u64) {
    while writer.seq() < to {
        assert!(put(writer), "no room for row {}", writer.seq());
    }
}

fn drained(drain: &mut Drain, now: u64) {
    while drain.work(Nanos(now)).unwrap() > 0 {}
}

/// After trouble is over: nothing is missing.
fn finished(places: &Places, writer: JournalWriter, drain: Drain) {
    let count = writer.seq();
    assert_eq!(writer.lost(), 0);
    drop(writer);
    drain.finish().unwrap();
    assert_eq!(places.read().unwrap(), rows(count));
    assert_eq!(fs::read_dir(&places.pool).unwrap().count(), 0);
}

#[test]
fn durable_is_what_sync_promises() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(8, Sync::Every(Nanos(100)));
    fill(&mut writer, 2);
    drain.work(Nanos(100)).unwrap();
    assert_eq!(writer.durable(), 2);
    fill(&mut writer, 4);
    drain.work(Nanos(150)).unwrap();
    assert_eq!((writer.durable(), drain.status().on_disk), (2, 4), "not yet due");
    drain.work(Nanos(200)).unwrap();
    assert_eq!(writer.durable(), 4);
    fill(&mut writer, 9);
    drained(&mut drain, 201);
    assert_eq!(writer.durable(), 8, "a closed segment is durable");
    finished(&places, writer, drain);

    let places = Places::new();
    let (mut writer, mut drain) = places.begin(8, Sync::Off);
    fill(&mut writer, 3);
    drain.work(Nanos(1)).unwrap();
    assert_eq!((writer.durable(), drain.status().durable), (3, 0), "off promises nothing");
    finished(&places, writer, drain);
}

#[test]
fn a_folder_that_comes_back_gets_all_rows() {
    let places = Places::new();
    let (mut writer, mut drain) = places.begin(8, Sync::Each);
    drain.work(Nanos(0)).unwrap();
    let aside = places.disk.with_extension("aside");
    fs::rename(&places.disk, &aside).unwrap();
    fill(&mut writer, 12);
    let refused = (1..5).find_map(|now| drain.work(Nanos(now)).err()).unwrap().to_string();
    assert!(refused.contains("cannot ") && refused.contains("No such file"), "{refused}");
    assert_eq!(writer.trouble(), Some(Trouble::Disk));
    assert_eq!(drain.refused(), Some(refused.as_str()));
    assert_eq!(drain.work(Nanos(6)).unwrap(), 0, "one try each second");
    assert!(drain.work(Nanos(2 * SECOND)).is_err());
    fs::rename(&aside, &places.disk).unwrap();
    drained(&mut drain, 4 * SECOND);
    assert_eq!((writer.trouble(), drain.refused(), writer.durable()), (None, None, 12));
    finished(&places, writer, drain);
}

#[test]
fn child() {
    let Ok(root) = std::env::var("JOURNAL_TEST_PLACE") else { return };
    let places = Places::at(Path::new(&root));
    let (mut writer, mut drain) = places.begin(256, Sync::Each);
    drain.work(Nanos(0)).unwrap();
    let before = getrlimit(Resource::Fsize);
    let limit = Some(4096 + 64 * 100 + 32);
    setrlimit(Resource::Fsize, Rlimit { current: limit, maximum: before.maximum }).unwrap();
    fill(&mut writer, 90);
    drain.work(Nanos(1)).unwrap();
    fill(&mut writer, 300);
    let refused = drain.work(Nanos(2)).unwrap_err().to_string();
    assert!(refused.contains("File too large"), "{refused}");
    assert_eq!((writer.trouble(), writer.durable()), (Some(Trouble::Disk), 90));
    fill(&mut writer, 600);
    assert_eq!(drain.work(Nanos(3)).unwrap(), 0);
    setrlimit(Resource::Fsize, before).unwrap();
    drained(&mut drain, 2 * SECOND);
    assert_eq!((writer.trouble(), writer.durable()), (None, 600));
    finished(&places, writer, drain);
}

/// A file that may not grow: part of a batch is written, the rest is refused.
#[test]
fn a_file_that_cannot_grow_loses_nothing() {
    let places = Places::new();
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" child --exact --nocapture --test-threads=1"])
        .arg(std::env::current_exe().unwrap())
        .env("JOURNAL_TEST_PLACE", places.disk.parent().unwrap())
        .status()
        .unwrap();
    assert!(status.success());
}

/// A small file system of its own, where this user may mount one.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(at: &'a Path, kib: u32) -> Option<Self> {
        let size = format!("size={kib}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        let done = mount.output().is_ok_and(|output| output.status.success());
        done.then_some(Self(at))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

#[test]
fn a_full_disk_shows_while_the_present_segment_has_room() {
    let places = Places::new();
    let disk = places.disk.clone();
    // State file and, with their headers, four segments of 128 rows: 13 of 14 pages.
    let Some(_mounted) = Mounted::new(&disk, 56) else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let (mut writer, mut drain) = places.begin(128, Sync::Each);
    fill(&mut writer, 10);
    drain.work(Nanos(1)).unwrap();
    assert_eq!(writer.trouble(), None);
    fs::write(disk.join("filler"), [1; 5 * 4096]).unwrap();
    // The next segment has its room already; that of the one after it is missing.
    fill(&mut writer, 140);
    let refused = (2..6).find_map(|now| drain.work(Nanos(now)).err()).unwrap().to_string();
    assert!(refused.contains("make room for") && refused.contains("No space"), "{refused}");
    assert_eq!(writer.trouble(), Some(Trouble::Disk));
    drained(&mut drain, 7);
    assert_eq!(writer.durable(), 140, "rows still find room");
    fill(&mut writer, 300);
    while drain.work(Nanos(8)).is_ok_and(|moved| moved > 0) {}
    assert!(drain.work(Nanos(2 * SECOND)).is_err());
    assert_eq!(writer.durable(), 256, "and when there is none, memory has them");
    fs::remove_file(disk.join("filler")).unwrap();
    drained(&mut drain, 4 * SECOND);
    assert_eq!((writer.trouble(), writer.durable()), (None, 300));
    finished(&places, writer, drain);
}

#[test]
fn memory_that_is_too_small_is_said_at_the_start() {
    let places = Places::new();
    let pool = places.pool.clone();
    let Some(_mounted) = Mounted::new(&pool, 40) else {
        println!("skipped: this user may not mount a small file system");
        return;
    };
    let start = journals::start(None, 0);
    let settings = places.settings(256, Sync::Off);
    let told = shm::journal::begin(settings, &start).unwrap_err().to_string();
    assert!(told.contains("room in memory") && told.contains("No space"), "{told}");
    assert_eq!(fs::read_dir(&pool).unwrap().count(), 0);
}

/// Faults of this thread so far, minor and major, which its memory would cause. Source: proc(5).
fn faults() -> (u64, u64) {
    let text = fs::read_to_string("/proc/thread-self/stat").unwrap();
    let (_, fields) = text.rsplit_once(')').unwrap();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    (fields[7].parse().unwrap(), fields[9].parse().unwrap())
}

#[test]
fn memory_of_the_journal_is_never_missing() {
    let shm = Path::new("/dev/shm");
    if !shm.is_dir() {
        println!("skipped: there is no /dev/shm");
        return;
    }
    let disk = Places::new();
    let memory = Places::within(shm);
    let mut settings = disk.settings(16_384, Sync::Off);
    settings.pool_folder = memory.pool.clone();
    let start = journals::start(None, 0);
    let (mut writer, mut drain) = shm::journal::begin(settings, &start).unwrap();
    // Code and the stack of this thread come in with the first rows, memory must not have to.
    fill(&mut writer, 100);
    let _ = (faults(), faults());
    let mut seen = (0, 0);
    while writer.seq() < 1_000_100 {
        let before = faults();
        while writer.seq() < 1_000_100 && put(&mut writer) {}
        let after = faults();
        seen = (seen.0 + after.0 - before.0, seen.1 + after.1 - before.1);
        drained(&mut drain, 1);
    }
    // The rows take 15,625 pages. The kernel may take a page of the program away now and then.
    assert!(seen.0 < 100 && seen.1 < 100, "(minor, major) faults over a million rows: {seen:?}");
    drop(writer);
    drain.finish().unwrap();
    assert_eq!(disk.read().unwrap().len(), 1_000_100);
}
