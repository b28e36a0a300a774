//! One region and its readers within a process: what is shown, what is refused, and how it is said.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod place;

use engine::{num::Price, time::Nanos};
use place::{Place, birth, instrument, session};
use shm::{
    Freshness, Reader, Region, RegionError, RegionPath,
    panel::{EngineState, InstrumentPanel, OrdersPanel, SessionPanel},
};
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt, PermissionsExt},
};

#[test]
fn what_is_published_is_read() {
    let place = Place::new("published");
    let (region, mut writers) = Region::create(&place.path(), birth(7)).unwrap();
    let reader = Reader::open(&place.path()).unwrap();
    assert_eq!(reader.identity(), region.identity());
    assert_eq!((reader.identity().epoch, reader.identity().started_at), (7, Nanos(1_007)));
    assert!(reader.owner_alive().unwrap());
    assert_eq!(reader.heartbeat().unwrap(), (Nanos(1_007), 1));

    assert_eq!(reader.read::<SessionPanel>(0).unwrap(), None, "nothing published yet");
    assert_eq!(reader.snapshot().unwrap().instruments, []);
    let quoting = session(EngineState::Quoting, 3);
    writers.session.publish(&quoting);
    writers.instruments[63].publish(&instrument(9));
    writers.instruments[2].publish(&instrument(4));
    writers.heartbeat.beat(Nanos(2_000));

    assert_eq!(reader.read(0).unwrap(), Some(quoting.clone()));
    assert_eq!(reader.read(63).unwrap(), Some(instrument(9)));
    assert_eq!(reader.read::<InstrumentPanel>(3).unwrap(), None);
    assert_eq!(reader.read::<InstrumentPanel>(64).unwrap(), None, "there is no sixty-fifth");
    let snapshot = reader.snapshot().unwrap();
    assert_eq!(snapshot.session, Some(quoting));
    assert_eq!(snapshot.instruments, [instrument(4), instrument(9)]);
    assert_eq!(snapshot.instruments[0].best_bid().unwrap().price, Price(4));
    assert_eq!(snapshot.orders, None::<OrdersPanel>);
    assert_eq!((snapshot.heartbeat, snapshot.beats, snapshot.alive), (Nanos(2_000), 2, true));
    assert_eq!(snapshot.heartbeat_age(Nanos(2_500)), Nanos(500));
    assert_eq!(snapshot.heartbeat_age(Nanos(1_500)), Nanos(0));
}

#[test]
fn files_are_the_owners_alone() {
    let place = Place::new("mode");
    let path = place.path();
    let _engine = Region::create(&path, birth(1)).unwrap();
    let mut names: Vec<_> = fs::read_dir(&place.0)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            (entry.file_name().into_string().unwrap(), mode & 0o777)
        })
        .collect();
    names.sort();
    let expect = ["peregrine-test", "peregrine-test.commands", "peregrine-test.lock"];
    assert_eq!(names, expect.map(|name| (name.to_owned(), 0o600)));
}

#[test]
fn a_name_is_held_until_the_last_writer_is_gone() {
    let place = Place::new("held");
    let (region, writers) = Region::create(&place.path(), birth(1)).unwrap();
    let refused = |what: &str| match Region::create(&place.path(), birth(2)) {
        Err(RegionError::InUse { name, pid }) => {
            assert_eq!((name.as_str(), pid), ("test", std::process::id().to_string()), "{what}");
        }
        Err(other) => panic!("{what}: {other}"),
        Ok(_) => panic!("{what}: created twice"),
    };
    refused("while it runs");
    drop(region);
    refused("while its writers may still write");
    drop(writers);
    assert!(Region::create(&place.path(), birth(2)).is_ok());
}

#[test]
fn readers_survive_restarts_and_removal() {
    let place = Place::new("restart");
    let mut reader = {
        let (_region, mut writers) = Region::create(&place.path(), birth(1)).unwrap();
        writers.session.publish(&session(EngineState::Quoting, 1));
        let mut reader = Reader::open(&place.path()).unwrap();
        assert_eq!(reader.refresh().unwrap(), Freshness::Same);
        reader
    };
    // Dead, but its last state can be looked at, also by who comes now.
    assert_eq!(reader.refresh().unwrap(), Freshness::Same);
    assert!(!reader.owner_alive().unwrap());
    let late = Reader::open(&place.path()).unwrap();
    assert_eq!(late.read::<SessionPanel>(0).unwrap().unwrap().events, 1);

    let (region, mut writers) = Region::create(&place.path(), birth(2)).unwrap();
    assert_eq!(reader.read::<SessionPanel>(0).unwrap().unwrap().events, 1, "the old one still");
    assert_eq!(reader.refresh().unwrap(), Freshness::Restarted);
    assert_eq!(reader.identity().epoch, 2);
    assert_eq!(reader.read::<SessionPanel>(0).unwrap(), None, "nothing of the engine before");
    writers.session.publish(&session(EngineState::Reconciling, 5));
    assert_eq!(reader.read::<SessionPanel>(0).unwrap().unwrap().events, 5);

    region.remove().unwrap();
    assert_eq!(reader.refresh().unwrap(), Freshness::Removed);
    assert!(!reader.owner_alive().unwrap());
    assert_eq!(reader.read::<SessionPanel>(0).unwrap().unwrap().events, 5);
    assert!(matches!(Reader::open(&place.path()), Err(RegionError::NotRunning { .. })));
}

#[test]
fn what_a_dead_builder_left_is_replaced() {
    let place = Place::new("leftover");
    fs::write(place.0.join("peregrine-test.new"), "half").unwrap();
    fs::write(place.0.join("peregrine-test.commands.new"), "half").unwrap();
    let _engine = Region::create(&place.path(), birth(1)).unwrap();
    assert!(Reader::open(&place.path()).is_ok());
    assert!(!place.0.join("peregrine-test.new").exists());
}

/// Makes a region, lets `break_it` at the file, and says what a reader is told.
fn told(test: &str, break_it: impl FnOnce(&RegionPath)) -> String {
    let place = Place::new(test);
    drop(Region::create(&place.path(), birth(1)).unwrap());
    break_it(&place.path());
    let error = Reader::open(&place.path()).err().map(|error| error.to_string());
    error.unwrap_or_default().replace(&place.0.display().to_string(), "DIR")
}

fn overwrite(path: &RegionPath, offset: u64, bytes: &[u8]) {
    let file = OpenOptions::new().write(true).open(path.region()).unwrap();
    file.write_all_at(bytes, offset).unwrap();
}

#[test]
fn broken_files_are_told_apart() {
    let check = |found: String, starts: &str| {
        assert!(found.starts_with(starts), "found    {found}\nexpected {starts}");
    };
    check(
        told("missing", |path| fs::remove_file(path.region()).unwrap()),
        "no engine named `test` is running: DIR/peregrine-test does not exist; start one",
    );
    check(
        told("magic", |path| overwrite(path, 0, b"SOMETHING")),
        "DIR/peregrine-test is not a Peregrine region; remove it",
    );
    check(
        told("version", |path| overwrite(path, 8, &99_u64.to_le_bytes())),
        "DIR/peregrine-test was made by another release (format 99, this one reads 1); use",
    );
    check(
        told("layout", |path| overwrite(path, 16, &1_u64.to_le_bytes())),
        "DIR/peregrine-test was made by another build (layout 0000000000000001, this one",
    );
    check(
        told("empty", |path| fs::write(path.region(), "").unwrap()),
        "DIR/peregrine-test is cut short (0 bytes of ",
    );
    check(
        told("short", |path| {
            OpenOptions::new().write(true).open(path.region()).unwrap().set_len(4096).unwrap();
        }),
        "DIR/peregrine-test is cut short (4096 bytes of ",
    );
    check(
        told("link", |path| {
            fs::rename(path.region(), path.commands()).unwrap();
            std::os::unix::fs::symlink(path.commands(), path.region()).unwrap();
        }),
        "cannot open DIR/peregrine-test: ",
    );
    check(
        told("directory", |path| {
            fs::remove_file(path.region()).unwrap();
            fs::create_dir(path.region()).unwrap();
        }),
        "DIR/peregrine-test is ",
    );
}

#[test]
fn a_file_cut_short_under_a_reader_is_an_error() {
    let place = Place::new("cut");
    let (region, writers) = Region::create(&place.path(), birth(1)).unwrap();
    let mut reader = Reader::open(&place.path()).unwrap();
    drop((region, writers));
    OpenOptions::new().write(true).open(place.path().region()).unwrap().set_len(100).unwrap();
    assert!(matches!(
        reader.read::<SessionPanel>(0),
        Err(RegionError::Truncated { bytes: 100, .. })
    ));
    assert!(matches!(reader.snapshot(), Err(RegionError::Truncated { .. })));
    // The next engine mends it.
    let _engine = Region::create(&place.path(), birth(2)).unwrap();
    assert_eq!(reader.refresh().unwrap(), Freshness::Restarted);
    assert!(reader.snapshot().is_ok());
}

#[test]
fn names_that_are_no_file_names_are_refused() {
    for name in ["", "a/b", "..", "a.lock", "é", &"x".repeat(49)] {
        assert!(matches!(RegionPath::new(name), Err(RegionError::BadName { .. })), "{name}");
    }
    let path = RegionPath::new("btc-1_A").unwrap();
    assert_eq!(path.region().to_str(), Some("/dev/shm/peregrine-btc-1_A"));
}

#[test]
fn a_directory_that_is_not_there_is_said() {
    let path = RegionPath::within("/nonexistent-directory", "test").unwrap();
    let error = Region::create(&path, birth(1)).err().unwrap().to_string();
    assert!(
        error.starts_with("cannot create /nonexistent-directory/peregrine-test.lock: "),
        "{error}"
    );
}
