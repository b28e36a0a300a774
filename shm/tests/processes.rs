//! Engines, readers and operators as the separate processes that they are, dying at bad moments.
//!
//! The test binary starts itself again: the test `child` plays the part that the environment names,
//! and passes at once when it names none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod place;

use engine::{id::InstrumentId, num::Decimal, time::Nanos};
use place::{Place, birth, instrument, session, spawn};
use shm::{
    Answer, COMMANDS_MAX, Command, CommandError, CommandWriter, Freshness, Kind, Reader, Region,
    RegionError, RegionPath, Target, Value,
    panel::{EngineState, InstrumentPanel, SessionPanel},
};
use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    process::Child,
    time::{Duration, Instant},
};

/// Long beyond any doubt: what is not over by then hangs.
const HANGING: Duration = Duration::from_secs(60);

#[test]
fn child() {
    let Ok(part) = std::env::var("SHM_TEST_PART") else { return };
    let path = RegionPath::within(std::env::var("SHM_TEST_PLACE").unwrap(), "test").unwrap();
    match part.as_str() {
        "read" => read_until_stopped(&path),
        "engine-that-dies" => engine_that_dies(&path),
        "second-engine" => assert!(matches!(
            Region::create(&path, birth(2)),
            Err(RegionError::InUse { pid, .. })
                if pid == std::os::unix::process::parent_id().to_string()
        )),
        "operate" => operate(&path),
        "operator-that-dies" => operator_that_dies(&path),
        other => panic!("no part called {other}"),
    }
}

/// Does `work` until the child is over.
fn while_running(mut child: Child, mut work: impl FnMut()) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        work();
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > HANGING {
            let _ = child.kill();
            panic!("the child hangs");
        }
    }
}

fn patience() -> impl FnMut() -> bool {
    let start = Instant::now();
    move || {
        std::thread::yield_now();
        start.elapsed() < HANGING
    }
}

#[test]
fn a_reader_in_another_process_sees_whole_panels_only() {
    let place = Place::new("whole");
    let (_region, mut writers) = Region::create(&place.path(), birth(1)).unwrap();
    let mut count = 0;
    let status = while_running(spawn(&place, "read"), || {
        for _ in 0..1_000 {
            count += 1;
            writers.instruments[0].publish(&instrument(count));
            writers.session.publish(&session(EngineState::Quoting, count));
            writers.heartbeat.beat(Nanos(count));
        }
    });
    assert!(status.success());
}

fn read_until_stopped(path: &RegionPath) {
    let reader = Reader::open(path).unwrap();
    let (mut reads, mut changes, mut latest) = (0, 0, 0);
    let mut go_on = patience();
    while reads < 20_000 || changes < 100 {
        assert!(go_on(), "{reads} reads, {changes} changes");
        let Some(panel) = reader.read::<InstrumentPanel>(0).unwrap() else { continue };
        assert_eq!(panel, instrument(panel.update_id), "torn");
        assert!(panel.update_id >= latest, "went back");
        changes += u32::from(panel.update_id > latest);
        latest = panel.update_id;
        // Published after the instrument, so never behind an instrument seen before it by more
        // than the one under way.
        if let Some(session) = reader.read::<SessionPanel>(0).unwrap() {
            assert!(session.events + 1 >= latest, "{} after {latest}", session.events);
        }
        reads += 1;
    }
    assert!(reader.owner_alive().unwrap());
}

#[test]
fn an_engine_that_dies_leaves_its_last_state_and_frees_its_name() {
    let place = Place::new("dies");
    let status = while_running(spawn(&place, "engine-that-dies"), || {});
    assert!(!status.success());
    let mut reader = Reader::open(&place.path()).unwrap();
    assert!(!reader.owner_alive().unwrap());
    assert_eq!(reader.read(0).unwrap(), Some(session(EngineState::Quoting, 42)));
    assert!(matches!(CommandWriter::open(&place.path()), Err(RegionError::OwnerGone { .. })));

    let _engine = Region::create(&place.path(), birth(2)).unwrap();
    assert_eq!(reader.refresh().unwrap(), Freshness::Restarted);
    assert!(reader.owner_alive().unwrap());
    assert!(CommandWriter::open(&place.path()).is_ok());
}

fn engine_that_dies(path: &RegionPath) {
    let (_region, mut writers) = Region::create(path, birth(1)).unwrap();
    writers.session.publish(&session(EngineState::Quoting, 42));
    std::process::abort();
}

#[test]
fn a_second_engine_of_one_name_is_refused() {
    let place = Place::new("second");
    let _engine = Region::create(&place.path(), birth(1)).unwrap();
    assert!(while_running(spawn(&place, "second-engine"), || {}).success());
    assert_eq!(Reader::open(&place.path()).unwrap().identity().epoch, 1);
}

#[test]
fn commands_are_taken_in_order_and_answered() {
    let place = Place::new("commands");
    let (_region, mut writers) = Region::create(&place.path(), birth(1)).unwrap();
    let mut seen = Vec::new();
    let status = while_running(spawn(&place, "operate"), || {
        while let Some(received) = writers.commands.poll() {
            let command = received.command.unwrap();
            let answer = match command.set {
                Some((_, Value::Decimal(Decimal { value: 5, decimals: 1 }))) => Answer::Applied,
                Some(_) => Answer::BadValue,
                None => Answer::Applied,
            };
            writers.commands.answer(received.sequence, answer);
            seen.push(format!("{} {} {:?}", received.sequence, command.kind, command.target));
        }
    });
    assert!(status.success());
    let expect = ["1 pause All", "2 set All", "3 set All", "4 flatten Instrument(InstrumentId(3))"];
    assert_eq!(seen, expect);
}

fn operate(path: &RegionPath) {
    let mut writer = CommandWriter::open(path).unwrap();
    let mut call = |command: Command| {
        let sequence = writer.send(&command, &mut patience()).unwrap();
        writer.wait(sequence, &mut patience()).unwrap()
    };
    assert_eq!(call(Command::new(Kind::Pause)), Answer::Applied);
    assert_eq!(call(Command::set("gamma=0.5").unwrap()), Answer::Applied);
    assert_eq!(call(Command::set("gamma=lots").unwrap()), Answer::BadValue);
    assert_eq!(call(Command::new(Kind::Flatten).on(InstrumentId(3))), Answer::Applied);
}

#[test]
fn an_operator_that_dies_half_way_blocks_nobody() {
    let place = Place::new("half-way");
    let (_region, mut writers) = Region::create(&place.path(), birth(1)).unwrap();
    assert!(!while_running(spawn(&place, "operator-that-dies"), || {}).success());
    assert_eq!(writers.commands.poll(), None, "half a command is none");
    let mut writer = CommandWriter::open(&place.path()).unwrap();
    let sequence = writer.send(&Command::new(Kind::Kill), &mut || false).unwrap();
    let received = writers.commands.poll().unwrap();
    assert_eq!((received.sequence, received.command), (sequence, Some(Command::new(Kind::Kill))));
}

/// Takes the lock, fills half of the first slot by way of the file, and is gone.
fn operator_that_dies(path: &RegionPath) {
    let file = OpenOptions::new().write(true).open(path.commands()).unwrap();
    file.lock().unwrap();
    // Header, tail and head, answers; the first command lies in the second slot.
    let slot = 256 + 2 * 128 + 8 * COMMANDS_MAX as u64 + 64;
    file.write_all_at(&[0xa5; 40], slot).unwrap();
    std::process::abort();
}

#[test]
fn scribbled_commands_are_answered_as_malformed() {
    let place = Place::new("scribble");
    let (_region, mut writers) = Region::create(&place.path(), birth(1)).unwrap();
    let mut writer = CommandWriter::open(&place.path()).unwrap();
    let sequence = writer.send(&Command::new(Kind::Stop), &mut || false).unwrap();
    let file = OpenOptions::new().write(true).open(place.path().commands()).unwrap();
    let slot = 256 + 2 * 128 + 8 * COMMANDS_MAX as u64 + 64 * sequence;
    file.write_all_at(&[0xa5; 3], slot + 8).unwrap();
    let received = writers.commands.poll().unwrap();
    assert_eq!((received.sequence, received.command), (sequence, None));
    assert_eq!(writer.answer(sequence).unwrap(), Some(Answer::Malformed));
}

#[test]
fn an_operator_is_told_what_keeps_it_waiting() {
    let place = Place::new("waiting");
    let (region, writers) = Region::create(&place.path(), birth(1)).unwrap();
    let mut writer = CommandWriter::open(&place.path()).unwrap();
    let pause = Command::new(Kind::Pause);

    let other = OpenOptions::new().write(true).open(place.path().commands()).unwrap();
    other.lock().unwrap();
    let mut tries = 0;
    let busy = writer.send(&pause, &mut || {
        tries += 1;
        tries < 5
    });
    assert!(matches!(busy, Err(CommandError::Busy)));
    assert_eq!(tries, 5);
    drop(other);

    for expect in 1..=COMMANDS_MAX as u64 {
        assert_eq!(writer.send(&pause, &mut || false).unwrap(), expect);
    }
    let full = writer.send(&pause, &mut || false).unwrap_err();
    assert!(matches!(full, CommandError::Full { waiting: COMMANDS_MAX }), "{full}");
    let late = writer.wait(1, &mut || false).unwrap_err();
    assert_eq!(late.to_string(), "no answer to command 1 in time; it may still be applied");

    // The engine answers one and ends: that answer stands, and the others are known to be lost.
    writers.commands.answer(1, Answer::Applied);
    region.remove().unwrap();
    drop(writers);
    assert_eq!(writer.wait(1, &mut || false).unwrap(), Answer::Applied);
    let gone = writer.wait(2, &mut || true).unwrap_err();
    assert!(matches!(gone, CommandError::Region(RegionError::OwnerGone { .. })), "{gone}");
    let gone = writer.send(&pause, &mut || true).unwrap_err();
    assert!(matches!(gone, CommandError::Region(RegionError::OwnerGone { .. })), "{gone}");
}

#[test]
fn many_operators_at_once_lose_nothing() {
    let place = Place::new("many");
    let (_region, mut writers) = Region::create(&place.path(), birth(1)).unwrap();
    let path = place.path();
    let each = 200_u64;
    std::thread::scope(|scope| {
        for id in 0..3_u16 {
            let path = &path;
            scope.spawn(move || {
                let mut writer = CommandWriter::open(path).unwrap();
                let command = Command::new(Kind::CancelAll).on(InstrumentId(id));
                let mut go_on = patience();
                for _ in 0..each {
                    while matches!(
                        writer.send(&command, &mut go_on),
                        Err(CommandError::Full { .. })
                    ) {
                        assert!(go_on(), "the reader hangs");
                    }
                }
            });
        }
        let mut counts = [0_u64; 3];
        let mut go_on = patience();
        while counts.iter().sum::<u64>() < 3 * each {
            assert!(go_on(), "commands lost: {counts:?}");
            if let Some(received) = writers.commands.poll()
                && let Some(Command { target: Target::Instrument(id), .. }) = received.command
            {
                counts[usize::from(id.0)] += 1;
            }
        }
        assert_eq!(counts, [each; 3]);
        assert_eq!(writers.commands.poll(), None);
    });
}
