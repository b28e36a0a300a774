//! Journals replayed: the same decisions again, and every difference and damage found where it is.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

#[path = "replay/rig.rs"]
mod rig;

use engine::engine::Engine;
use engine::event::{Event, kind};
use engine::id::{InstrumentId, Side};
use engine::instrument::Instrument;
use engine::num::Price;
use engine::plan::Plan;
use engine::state::{Digest, Restore, Sink, Source, State, Words};
use engine::strategy::{Reading, Strategy, View};
use engine::time::Nanos;
use peregrine::journal::follow::Follower;
use peregrine::replay::difference::{Difference, What};
use peregrine::replay::walk::{Replay, Totals};
use rig::{Folder, Session, Terms, journal};
use shm::journal::directory::state_path;
use shm::journal::row::{ROW_BYTES, seal};
use shm::journal::{
    Directory, JournalError, JournalReader, Row, SegmentRows, StateFile, keep, sent,
};
use std::path::Path;
use std::process::Command;
use strategies::any::{Any, STRATEGIES};

/// From the state at or before this row to the end.
fn replay(folder: &Path, from: u64) -> Result<(Totals, Option<Difference>), JournalError> {
    let mut replay = Replay::<Any>::open(folder, from, u64::MAX - 1)?;
    let found = replay.run(&mut ())?;
    Ok((replay.totals().clone(), found))
}

fn told(folder: &Path) -> String {
    replay(folder, 0).unwrap_err().to_string()
}

#[test]
fn a_journal_of_three_sessions_replays_identically() {
    let folder = journal(100_000, 4_096);
    let (totals, found) = replay(&folder.0, 0).unwrap();
    assert!(found.is_none(), "{found:?}");
    assert!(totals.events > 60_000 && totals.intents > 2_000, "{totals:?}");
    assert_eq!((totals.cut, totals.ended, totals.first), (1, true, 0));
    assert!(totals.segments.len() > 20 && totals.checkpoints as usize > totals.segments.len());
    let rows: u64 = totals.segments.iter().map(|segment| segment.rows).sum();
    assert_eq!(rows, totals.end);
}

#[test]
fn the_market_of_a_journal_becomes_a_tape() {
    use research::import::{Facts, Input, Request, import};
    let folder = journal(30_000, 4_096);
    let facts = Facts { venue: Some("binance".into()), ..Facts::default() };
    let input = Input { path: folder.0.clone(), ..Input::default() };
    let out = folder.0.join("session.tape");
    let request = Request { inputs: vec![input], out, facts, ..Request::default() };
    let report = import(&request, &mut |_| {}).unwrap();
    let directory = Directory::read(&folder.0).unwrap();
    let mut reader = JournalReader::open(directory, 0).unwrap();
    let mut expect = Vec::new();
    while let Some(row) = reader.next_row().unwrap() {
        if row.event.kind < kind::ACCEPTED && row.event.kind != kind::LINK {
            expect.push(Event { crc: 0, ..row.event });
        }
    }
    // A tape gives all rows of a message the times of its last one.
    let mut last = *expect.last().unwrap();
    for row in expect.iter_mut().rev() {
        if !row.is_inner() {
            last = *row;
        } else if last.instrument == row.instrument {
            (row.at, row.recv_delta_ns) = (last.at, last.recv_delta_ns);
        }
    }
    let tape = research::tape::Tape::open(&request.out).unwrap();
    assert_eq!(tape.instruments()[0].name, "binance:BTCUSDT");
    assert_eq!(tape.instruments()[0].instrument, rig::instrument());
    let (mut found, mut breaks) = (Vec::<Event>::new(), 0);
    let mut window = tape.window(Nanos(0), Nanos(u64::MAX));
    while let Some(rows) = window.next_rows().unwrap() {
        breaks += rows.iter().filter(|row| row.kind == kind::GAP).count();
        found.extend(rows.iter().filter(|row| row.kind != kind::GAP));
    }
    // Each session after the first knows no book of the one before it.
    assert_eq!(breaks, 2);
    assert!(found == expect, "{} rows of {}: {}", found.len(), expect.len(), report.text());
}

/// The same segment with one row changed and sealed anew.
fn reseal(path: &Path, seq: u64, change: impl FnOnce(&mut Event)) {
    let rows = SegmentRows::read(path).unwrap();
    let mut event = rows.row(seq).unwrap().unwrap();
    change(&mut event);
    let place = 4096 + (seq - rows.header.first) as usize * ROW_BYTES;
    let mut bytes = std::fs::read(path).unwrap();
    bytes[place..place + ROW_BYTES].copy_from_slice(&seal(&event, seq));
    std::fs::write(path, bytes).unwrap();
}

/// The first row from here on that this is true of.
fn find(folder: &Folder, from: u64, wanted: impl Fn(&Row) -> bool) -> Row {
    let mut reader = JournalReader::open(Directory::open(&folder.0).unwrap(), from).unwrap();
    while let Some(row) = reader.next_row().unwrap() {
        if wanted(&row) {
            return row;
        }
    }
    panic!("no such row from {from}");
}

fn segment_of(folder: &Folder, seq: u64) -> std::path::PathBuf {
    let directory = Directory::open(&folder.0).unwrap();
    directory.segments[directory.segment_of(seq).unwrap()].path.clone()
}

#[test]
fn a_changed_intent_is_the_first_difference_and_both_sides_are_named() {
    let folder = journal(9_000, 512);
    let row = find(&folder, 1_500, |row| row.event.kind == sent::kind::PLACE);
    reseal(&segment_of(&folder, row.seq), row.seq, |event| event.payload[0] += 1);
    let (totals, found) = replay(&folder.0, 0).unwrap();
    let found = found.unwrap();
    let What::Intent { recorded: Some(recorded), replayed: Some(replayed) } = found.what else {
        panic!("{found:?}")
    };
    assert_eq!(found.seq, sent::cause(&row.event));
    assert_eq!(recorded.payload[0], replayed.payload[0] + 1);
    assert!(totals.end < 2_100, "{totals:?}");
    let engine = Replay::<Any>::open(&folder.0, 0, 0).unwrap();
    assert!(engine.engine().is_none());
    // A row that is of an event instead: what was to be sent is missing.
    reseal(&segment_of(&folder, row.seq), row.seq, |event| event.kind = kind::TIMER);
    let (_, found) = replay(&folder.0, 0).unwrap();
    let What::Intent { recorded: None, replayed: Some(_) } = found.as_ref().unwrap().what else {
        panic!("{found:?}")
    };
    // An event that becomes something sent.
    let folder = journal(9_000, 512);
    let row = find(&folder, 700, |row| row.event.kind == kind::TIMER);
    reseal(&segment_of(&folder, row.seq), row.seq, |event| event.kind = sent::kind::RENEW);
    let (_, found) = replay(&folder.0, 0).unwrap();
    let found = found.unwrap();
    assert!(matches!(found.what, What::Intent { recorded: Some(_), replayed: None }), "{found:?}");
}

/// Writes a checkpoint of an engine at this row into the folder; the state as replay has it.
fn checkpoint(folder: &Folder, seq: u64) -> StateFile {
    let mut replay = Replay::<Any>::open(&folder.0, 0, seq - 1).unwrap();
    assert!(replay.run(&mut ()).unwrap().is_none());
    let engine = replay.engine().unwrap();
    let mut words: Vec<u64> = Vec::new();
    engine.save(&mut words);
    let header = SegmentRows::read(&segment_of(folder, seq)).unwrap().header;
    assert_eq!(header.first, seq);
    let state = StateFile {
        journal: header.journal,
        seq,
        epoch: header.epoch,
        sent: header.sent,
        sent_digest: header.sent_digest,
        digest: Digest::of(engine),
        words,
    };
    state.write(&folder.0).unwrap();
    state
}

#[test]
fn what_begins_in_the_middle_comes_to_the_same_verdict() {
    let folder = journal(30_000, 1_024);
    let firsts: Vec<u64> =
        Directory::open(&folder.0).unwrap().segments.iter().map(|place| place.seq).collect();
    for place in [2, 5, 9, 14, 22] {
        checkpoint(&folder, firsts[place]);
    }
    let (whole, found) = replay(&folder.0, 0).unwrap();
    assert!(found.is_none(), "{found:?}");
    for place in [2, 5, 9, 14, 22] {
        let (part, found) = replay(&folder.0, firsts[place] + 3).unwrap();
        assert!(found.is_none(), "{found:?}");
        assert_eq!((part.first, part.end), (firsts[place], whole.end));
        assert!(part.events < whole.events);
    }
    let (none, found) = replay(&folder.0, u64::MAX - 1).unwrap();
    assert!(found.is_none() && none.first >= firsts[22]);
}

#[test]
fn another_parameter_diverges_and_the_part_of_the_state_is_named() {
    let folder = journal(9_000, 512);
    let firsts: Vec<u64> =
        Directory::open(&folder.0).unwrap().segments.iter().map(|place| place.seq).collect();
    let mut state = checkpoint(&folder, firsts[2]);
    checkpoint(&folder, firsts[4]);
    assert!(replay(&folder.0, 0).unwrap().1.is_none());
    let mut engine: Engine<Any> = Engine::restore(&mut Words::new(&state.words)).unwrap();
    let (key, value) = STRATEGIES[0].set_event("gamma", 0.9).unwrap();
    assert!(engine.desks[0].strategy.set(key, value));
    state.words.clear();
    engine.save(&mut state.words);
    state.digest = Digest::of(&engine);
    state.write(&folder.0).unwrap();
    let (_, found) = replay(&folder.0, firsts[2]).unwrap();
    let found = found.unwrap();
    assert!(matches!(found.what, What::Intent { .. }), "{found:?}");
    assert!(found.seq >= firsts[2] && found.seq < firsts[4], "{found:?}");
    let state = found.state.as_ref().unwrap();
    assert_eq!(state.before, firsts[4]);
    let part = state.parts.iter().find(|part| part.name == "desk 0 strategy").unwrap();
    assert!(part.detail.starts_with("gamma: recorded "), "{part:?}");
    assert!(!state.parts.iter().any(|part| part.name.starts_with("book")), "{state:?}");
    let text = found.report(&engine.market);
    for part in ["recorded  ", "replayed  ", "-> ", "desk 0 strategy"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    // From the start on the rows agree, and the state does not.
    let (_, found) = replay(&folder.0, 0).unwrap();
    let found = found.unwrap();
    assert!(matches!(found.what, What::State { before } if before == firsts[2]), "{found:?}");
    assert_eq!(found.state.as_ref().unwrap().parts.len(), 1);
}

/// The strategy of another build, which rounds one price in so many the other way.
#[derive(Debug)]
struct Rounded(Any);

impl State for Rounded {
    fn save(&self, sink: &mut dyn Sink) {
        self.0.save(sink);
    }
    fn load(&mut self, source: &mut dyn Source) -> Option<()> {
        self.0.load(source)
    }
}

impl Restore for Rounded {
    fn restore(source: &mut dyn Source, instruments: &[Instrument]) -> Option<Self> {
        Any::restore(source, instruments).map(Self)
    }
}

impl Strategy for Rounded {
    fn learn(&mut self, event: &Event, view: &View<'_>) {
        self.0.learn(event, view);
    }
    fn plan(&mut self, view: &View<'_>, plans: &mut [Plan]) {
        self.0.plan(view, plans);
        let (bids, asks) = (plans[0].quotes(Side::Buy).to_vec(), plans[0].quotes(Side::Sell));
        let asks = asks.to_vec();
        if let Some(best) = bids.first().filter(|best| best.price.0 % 97 == 0) {
            plans[0].clear();
            plans[0].quote(Side::Buy, Price(best.price.0 + 1), best.qty);
            for ask in asks {
                plans[0].quote(Side::Sell, ask.price, ask.qty);
            }
        }
    }
    fn set(&mut self, key: u64, value: i64) -> bool {
        self.0.set(key, value)
    }
    fn reading(&self, instrument: InstrumentId) -> Reading {
        self.0.reading(instrument)
    }
    fn carry(&mut self, _: &Self) {}
}

#[test]
fn a_build_with_one_changed_rounding_diverges_and_the_place_is_found() {
    let folder = journal(30_000, 512);
    let wanted = |row: &Row| {
        let placed = matches!(row.event.kind, sent::kind::PLACE | sent::kind::REPLACE);
        placed && row.event.flags & 1 == 0 && row.event.payload[0].is_multiple_of(97)
    };
    let row = find(&folder, 0, wanted);
    let behind = Directory::open(&folder.0).unwrap().segments;
    let behind = behind.iter().map(|place| place.seq).find(|seq| *seq > row.seq).unwrap();
    checkpoint(&folder, behind);
    let mut replay = Replay::<Rounded>::open(&folder.0, 0, u64::MAX - 1).unwrap();
    let found = replay.run(&mut ()).unwrap().unwrap();
    let What::Intent { recorded: Some(recorded), replayed: Some(replayed) } = found.what else {
        panic!("{found:?}")
    };
    assert_eq!(found.seq, sent::cause(&row.event));
    assert_eq!(replayed.payload[0], recorded.payload[0] + 1);
    let state = found.state.unwrap();
    let names: Vec<&str> = state.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(state.before, behind);
    assert!(names.contains(&"desk 0 orders") && !names.contains(&"book BTCUSDT"), "{names:?}");
}

/// Flips one bit of each of these bytes in turn; each must be an error, and what replay says of it.
/// Only what decompresses to the very same bytes, as where a match is found at another place with
/// the same text, is no damage.
fn flip_each(folder: &Folder, path: &Path, bytes: impl Iterator<Item = usize>) {
    let (whole, rows) = (std::fs::read(path).unwrap(), SegmentRows::read(path).unwrap());
    for byte in bytes.map(|byte| byte % whole.len()) {
        let mut damaged = whole.clone();
        damaged[byte] ^= 1 << (byte % 8);
        std::fs::write(path, damaged).unwrap();
        match replay(&folder.0, 0) {
            Err(error) => {
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(error.to_string().contains(name), "byte {byte}: {error}");
            }
            Ok((_, None)) if SegmentRows::read(path).unwrap().same(&rows) => {
                assert!(path.extension().is_some_and(|extension| extension == "zst"));
            }
            Ok((_, found)) => panic!("byte {byte} of {} is not seen: {found:?}", whole.len()),
        }
    }
    std::fs::write(path, whole).unwrap();
}

#[test]
fn a_flipped_bit_is_seen_wherever_it_is() {
    let folder = journal(3_000, 256);
    let path = folder.segments()[1].clone();
    let mut random = rig::Random::new(3);
    flip_each(&folder, &path, (0..128).chain([2_000, 4_095]));
    flip_each(&folder, &path, (0..150).map(|_| random.below(1 << 20) as usize));
    checkpoint(&folder, 512);
    while keep::tidy(&folder.0, (0, None), Nanos(0)).unwrap().compressed > 0 {}
    let path = folder.segments()[1].clone();
    assert!(path.to_str().unwrap().ends_with(".zst"));
    flip_each(&folder, &path, (0..300).map(|_| random.below(1 << 20) as usize));
}

#[test]
fn damage_of_any_kind_is_an_error_that_names_its_place() {
    let folder = journal(9_000, 512);
    let paths = folder.segments();
    let path = &paths[3];
    let bytes = std::fs::read(path).unwrap();
    let first = SegmentRows::read(path).unwrap().header.first;
    for byte in [4096, 4096 + 64 * 100 + 33, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[byte] ^= 4;
        std::fs::write(path, damaged).unwrap();
        let row = first + (byte as u64 - 4096) / 64;
        let place = format!("row {row} at byte {}", (byte / 64) * 64);
        assert!(told(&folder.0).contains(&place), "{place} in {}", told(&folder.0));
    }
    std::fs::write(path, &bytes[..bytes.len() - 70]).unwrap();
    assert!(told(&folder.0).contains("truncated"), "{}", told(&folder.0));
    let mut swapped = bytes.clone();
    swapped[4096..4224].rotate_left(64);
    std::fs::write(path, swapped).unwrap();
    assert!(told(&folder.0).contains(&format!("row {first} ")), "{}", told(&folder.0));
    std::fs::remove_file(path).unwrap();
    assert!(told(&folder.0).contains("its successor is missing"), "{}", told(&folder.0));
    std::fs::write(path, b"what is this").unwrap();
    assert!(told(&folder.0).contains("no journal of Peregrine"), "{}", told(&folder.0));
    std::fs::write(path, &bytes).unwrap();
    let state = state_path(&folder.0, 0);
    let words = std::fs::read(&state).unwrap();
    let mut damaged = words.clone();
    damaged[100] ^= 1;
    std::fs::write(&state, damaged).unwrap();
    assert!(told(&folder.0).contains("damaged in its state"), "{}", told(&folder.0));
    let other = journal(900, 512);
    std::fs::copy(state_path(&other.0, 0), &state).unwrap();
    assert!(told(&folder.0).contains("another journal"), "{}", told(&folder.0));
    std::fs::write(&state, words).unwrap();
    assert!(replay(&folder.0, 0).unwrap().1.is_none());
    let empty = Folder::new();
    assert!(told(&empty.0).contains("holds no journal"), "{}", told(&empty.0));
}

#[test]
fn a_compressed_journal_and_a_torn_one_replay_too() {
    let folder = journal(9_000, 512);
    let (whole, _) = replay(&folder.0, 0).unwrap();
    while keep::tidy(&folder.0, (0, None), Nanos(0)).unwrap().compressed > 0 {}
    let (packed, found) = replay(&folder.0, 0).unwrap();
    assert!(found.is_none() && packed.segments.iter().any(|segment| segment.compressed));
    assert_eq!((packed.events, packed.intents), (whole.events, whole.intents));
    let last = folder.segments().pop().unwrap();
    let bytes = std::fs::read(&last).unwrap();
    for cut in [10, 64, 100, 640, 1_000] {
        std::fs::write(&last, &bytes[..bytes.len() - cut]).unwrap();
        let (torn, found) = replay(&folder.0, 0).unwrap();
        assert!(found.is_none() && !torn.ended, "{cut}: {found:?}");
        assert_eq!(torn.end, whole.end - (cut as u64).div_ceil(64));
    }
}

#[test]
fn the_follower_leaves_the_states_that_the_engine_had() {
    let folder = Folder::new();
    let terms = Terms {
        folder: &folder.0,
        epoch: 7,
        first: 0,
        journal: None,
        rows: 256,
        seed: 5,
        parameters: rig::parameters(),
    };
    let mut session = Session::begin(&terms);
    let mut follower = Follower::open(&folder.0).unwrap();
    assert_eq!(follower.work().unwrap(), 0, "nothing is closed");
    while session.doors.writer.seq() < 6_000 {
        session.turn();
        while follower.work().unwrap() > 0 {}
    }
    let digests = session.digests.clone();
    session.end();
    while follower.work().unwrap() > 0 {}
    let states = Directory::open(&folder.0).unwrap().states;
    assert!(states.len() > 20, "{}", states.len());
    let mut checked = 0;
    for place in &states[1..] {
        let state = StateFile::read(&place.path).unwrap();
        if let Some(digest) = digests.get(&place.seq) {
            assert_eq!(state.digest, *digest, "before row {}", place.seq);
            checked += 1;
        }
        let engine: Engine<Any> = Engine::restore(&mut Words::new(&state.words)).unwrap();
        assert_eq!(Digest::of(&engine), state.digest);
    }
    assert!(checked > 5, "{checked}");
    let (totals, found) = replay(&folder.0, 0).unwrap();
    assert!(found.is_none(), "{found:?}");
    assert!(totals.checkpoints as usize >= 2 * (states.len() - 1), "{totals:?}");
    for place in &states {
        let (part, found) = replay(&folder.0, place.seq).unwrap();
        assert!(found.is_none(), "{found:?}");
        assert_eq!((part.first, part.end), (place.seq, totals.end));
    }
}

#[test]
fn a_follower_that_sees_a_difference_says_so_and_leaves_no_more_states() {
    let folder = journal(9_000, 512);
    let row = find(&folder, 1_500, |row| row.event.kind == sent::kind::PLACE);
    reseal(&segment_of(&folder, row.seq), row.seq, |event| event.payload[0] += 1);
    let states = Directory::open(&folder.0).unwrap().states;
    for place in &states[1..] {
        std::fs::remove_file(&place.path).unwrap();
    }
    let mut follower = Follower::open(&folder.0).unwrap();
    let error = loop {
        if let Err(error) = follower.work() {
            break error;
        }
    };
    assert!(error.to_string().starts_with(&format!("row {} ", sent::cause(&row.event))), "{error}");
    let newest = Directory::open(&folder.0).unwrap().states.last().unwrap().seq;
    assert!(newest <= row.seq, "{newest}");
}

/// Runs the binary; the exit code must be this. Gives standard output and standard error.
fn peregrine(folder: &Folder, args: &[&str], code: i32) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    let output = command.arg("replay").arg(&folder.0).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    (out, err)
}

fn json(text: &str) -> serde_json::Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_command_tells_its_verdict_in_text_and_json() {
    let folder = journal(6_000, 512);
    let (out, _) = peregrine(&folder, &[], 0);
    assert!(out.ends_with("identical\n"), "{out}");
    let told = json(&peregrine(&folder, &["--json"], 0).0);
    assert_eq!((&told["identical"], &told["first_difference"]), (&true.into(), &().into()));
    let keys: Vec<&String> = told.as_object().unwrap().keys().collect();
    let wanted = [
        "checkpoints",
        "events",
        "events_per_s",
        "first_difference",
        "identical",
        "intents",
        "segments",
    ];
    assert_eq!(keys, wanted);
    assert_eq!(told["segments"][1]["first"], 512);
    let row = find(&folder, 1_500, |row| row.event.kind == sent::kind::PLACE);
    reseal(&segment_of(&folder, row.seq), row.seq, |event| event.payload[1] += 1);
    let told = json(&peregrine(&folder, &["--json"], 1).0);
    let first = &told["first_difference"];
    assert_eq!((&told["identical"], &first["what"]), (&false.into(), &"intent".into()));
    assert_eq!(first["seq"], sent::cause(&row.event));
    assert!(first["recorded"].as_str().unwrap().starts_with("-> place BTCUSDT "), "{first}");
    assert_ne!(first["recorded"], first["replayed"]);
    let (out, _) = peregrine(&folder, &[], 1);
    assert!(out.contains("first difference: intent at row"), "{out}");
    let path = &folder.segments()[0];
    let mut bytes = std::fs::read(path).unwrap();
    bytes[4096 + 640] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let (out, err) = peregrine(&folder, &["--json"], 1);
    assert!(json(&out)["error"].as_str().unwrap().contains("row 10 at byte 4736"), "{out}");
    assert!(err.contains("row 10 at byte 4736"), "{err}");
}

#[test]
fn rows_are_printed_as_text_and_filtered() {
    let folder = journal(3_000, 512);
    let (out, err) = peregrine(&folder, &["--print"], 0);
    assert!(err.ends_with("identical\n"), "{err}");
    assert!(out.lines().count() > 3_000);
    let first = out.lines().next().unwrap();
    let start = "start epoch 00000001 config 0000000000000001";
    assert!(first.trim_start().starts_with("0 2023-11-14T22:30:00."), "{first}");
    assert!(first.ends_with(start), "{first}");
    let (out, _) = peregrine(&folder, &["--print", "--from", "600", "--until", "650"], 0);
    assert_eq!(out.lines().count(), 51);
    assert!(out.trim_start().starts_with("600 "), "{out}");
    let (out, _) = peregrine(&folder, &["--print", "--instrument", "BTCUSDT"], 0);
    assert!(out.lines().all(|line| line.contains("BTCUSDT")));
    for part in ["-> place BTCUSDT buy 61837.", " post-only #00000001-", "because of ", "best BTCU"]
    {
        assert!(out.contains(part), "{part}");
    }
    let (out, err) = peregrine(&folder, &["--print", "--instrument", "ETHUSDT"], 2);
    assert!(out.is_empty() && err.contains("there are BTCUSDT"), "{err}");
}

#[test]
fn other_parameters_are_compared_on_what_was() {
    let folder = journal(12_000, 1_024);
    let same = json(&peregrine(&folder, &["--json", "--what-if", "kappa_start=5"], 0).0);
    assert_eq!(same["desks"][0]["differ"], 0, "{same}");
    assert!(same["desks"][0]["plans"].as_u64().unwrap() > 500, "{same}");
    let other = json(&peregrine(&folder, &["--json", "--what-if", "kappa_start=4"], 0).0);
    let desk = &other["desks"][0];
    assert_eq!(desk["differ"], desk["plans"], "{other}");
    assert!(desk["bid"]["price_ticks_mean"].as_f64().unwrap() > 1.0, "{other}");
    assert_ne!(desk["first_difference"]["recorded"], desk["first_difference"]["other"]);
    let (out, _) = peregrine(&folder, &["--what-if", "kappa_start=4", "gamma=0.2"], 0);
    assert!(out.starts_with("what if kappa_start=4 gamma=0.2\ndesk 0: "), "{out}");
    let (_, err) = peregrine(&folder, &["--what-if", "gama=4"], 2);
    assert!(err.contains("no parameter is named `gama`"), "{err}");
    let (_, err) = peregrine(&folder, &["--what-if", "gamma=-4"], 2);
    assert!(err.contains("gamma=-4"), "{err}");
    peregrine(&folder, &["--closed-loop"], 2);
}

#[test]
fn a_closed_loop_is_simulated_on_every_line() {
    let folder = journal(12_000, 1_024);
    let args = ["--closed-loop", "--what-if", "kappa_start=5"];
    let (out, _) = peregrine(&folder, &args, 0);
    assert!(out.lines().count() == 10 && out.lines().all(|line| line.starts_with("simulated")));
    let told = json(&peregrine(&folder, &[&["--json"][..], &args].concat(), 0).0);
    let sessions = told["sessions"].as_array().unwrap();
    assert_eq!((&told["simulated"], sessions.len()), (&true.into(), 3));
    for session in sessions {
        assert_eq!(session["simulated"], true);
        assert!(session["sent"].as_u64().unwrap() > 50, "{session}");
        let fills = |who: &str| session[who]["fills"].as_u64().unwrap();
        assert!(fills("recorded") > 0 && fills("other") > 0, "{session}");
        let (entry, back) = (session["entry_ns"].as_u64(), session["response_ns"].as_u64());
        assert_eq!(entry.unwrap() + back.unwrap(), 6_000_000, "as the rig polls");
    }
}
