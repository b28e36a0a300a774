//! `peregrine record` as a process: what it keeps, what a kill, a lost connection and a full disk
//! leave, and that the exchange reads it back.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

#[path = "session/harness.rs"]
mod harness;

#[path = "record/files.rs"]
mod files;
#[path = "record/relay.rs"]
mod relay;

use files::{Kept, Line, kept, names};
use harness::{Exchange, Folder, Process, config, json, peregrine, run, until};
use relay::Relay;
use rustix::process::Signal;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The exchange's configuration, with its streams through a relay.
fn recorded_config(folder: &Folder, exchange: &Exchange, relay: &Relay) -> String {
    let (there, here) =
        (format!("ws://{}\"", exchange.address), format!("ws://{}\"", relay.address));
    let path = config(folder, exchange, &[(&there, &here)]);
    path.to_str().unwrap().to_owned()
}

fn record(config: &str, out: &Path, more: &[&str]) -> Command {
    let out = out.to_str().unwrap();
    peregrine(&[&["record", "--json", "--config", config, "--out", out][..], more].concat())
}

/// Ends it in order and gives what it says of itself.
fn stop(process: Process) -> Value {
    process.signal(Signal::TERM);
    let ended = process.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    json(&ended.out)
}

/// Depth messages follow one another, trades too; a snapshot fits its stream.
fn check_whole(kept: &Kept) {
    let (mut depth, mut joins): (Option<u64>, Option<u64>) = (None, None);
    let mut trade: Option<u64> = None;
    let mut last_at = 0;
    for line in &kept.lines {
        assert!(line.at >= last_at, "time goes back at {}", line.text);
        last_at = line.at;
        let value = json(&line.text);
        let told = &value["data"];
        if let (Some(first), Some(last)) = (told["U"].as_u64(), told["u"].as_u64()) {
            assert!(depth.is_none_or(|before| first == before + 1), "{}", line.text);
            depth = Some(last);
            joins = joins.or(Some(first));
        } else if let Some(id) = told["t"].as_u64() {
            assert!(trade.is_none_or(|before| id == before + 1), "{}", line.text);
            trade = Some(id);
        } else if let Some(id) = value["lastUpdateId"].as_u64() {
            // It may be older than what came while it was on its way, not than all of it.
            assert!(joins.is_some_and(|first| id + 1 >= first), "{id} before {joins:?}");
        }
    }
    assert!(depth.is_some() && trade.is_some(), "{} lines", kept.lines.len());
}

fn is_snapshot(line: &Line) -> bool {
    line.text.starts_with("{\"lastUpdateId\":")
}

/// What does not depend on when it is published.
fn substance(kept: &Kept, after: u64) -> Vec<String> {
    let told = kept.lines.iter().map(|line| json(&line.text)["data"].take());
    let told = told.filter_map(|told| match told["e"].as_str()? {
        "depthUpdate" if told["u"].as_u64()? > after => {
            Some(format!("{} {} {} {}", told["U"], told["u"], told["b"], told["a"]))
        }
        "trade" => Some(format!("{} {} {} {}", told["t"], told["p"], told["q"], told["m"])),
        _ => None,
    });
    told.collect()
}

#[test]
fn frames_are_kept_byte_for_byte_in_several_files_and_served_again() {
    let folder = Folder::new("record");
    let exchange = Exchange::start(&[]);
    let relay = Relay::start(exchange.address);
    let config = recorded_config(&folder, &exchange, &relay);
    let out = folder.path.join("out");
    let recorder = Process::start(record(&config, &out, &["--segment-mib", "0.012"]));
    until("three files", || (names(&out).len() >= 3).then_some(()));
    let told = stop(recorder);
    let kept = kept(&out);
    check_whole(&kept);
    let frames: Vec<&Line> =
        kept.lines.iter().filter(|line| line.text.starts_with("{\"stream\":")).collect();
    assert_eq!(told["frames"], frames.len(), "{told}");
    assert_eq!((&told["dropped"], &told["reconnects"]), (&0.into(), &0.into()), "{told}");
    assert_eq!(told["files"], kept.files.len(), "{told}");
    relay.sent(frames.iter().map(|line| line.text.as_str()));
    let raw: usize = kept.lines.iter().map(|line| line.text.len()).sum();
    assert!(told["bytes_raw"].as_u64().unwrap() <= raw as u64, "{told}");
    assert_eq!(told["bytes_written"], kept.bytes, "{told}");
    let snapshots = kept.lines.iter().filter(|line| is_snapshot(line)).count();
    assert_eq!(told["snapshots"], snapshots, "{told}");
    for name in &kept.files {
        assert!(name.starts_with("binance-local-btcusdt-") && name.ends_with(".zst"), "{name}");
    }

    let path = out.to_str().unwrap();
    let again = Exchange::start(&["--replay", path, "--speed", "20"]);
    let first = kept.lines.iter().find(|line| is_snapshot(line)).unwrap();
    let id = json(&first.text)["lastUpdateId"].as_u64().unwrap();
    let book = again.get("/api/v3/depth?symbol=BTCUSDT&limit=5");
    assert_eq!(book["lastUpdateId"], id);
    let second = Relay::start(again.address);
    let config = recorded_config(&folder, &again, &second);
    let out = folder.path.join("again");
    let recorder = Process::start(record(&config, &out, &[]));
    let last = substance(&kept, id).pop().unwrap();
    until("the last message", || {
        let seen = names(&out).is_empty().then(Vec::new);
        let seen = seen.unwrap_or_else(|| substance(&files::kept(&out), id));
        seen.contains(&last).then_some(())
    });
    stop(recorder);
    assert_eq!(substance(&files::kept(&out), id), substance(&kept, id));
}

#[test]
fn a_killed_recorder_leaves_what_it_had_and_nothing_is_overwritten() {
    let folder = Folder::new("record-kill");
    let exchange = Exchange::start(&[]);
    let relay = Relay::start(exchange.address);
    let config = recorded_config(&folder, &exchange, &relay);
    let out = folder.path.join("out");
    let recorder = Process::start(record(&config, &out, &[]));
    let before = until("a snapshot on disk", || {
        let seen = (!names(&out).is_empty()).then(|| kept(&out))?;
        seen.lines.iter().any(is_snapshot).then_some(seen)
    });
    recorder.signal(Signal::KILL);
    assert_eq!(recorder.ended().code, None);
    let [part] = <[String; 1]>::try_from(names(&out)).unwrap();
    assert!(part.ends_with(".zst.part"), "{part}");
    let left = kept(&out);
    assert!(left.lines.starts_with(&before.lines));
    check_whole(&left);
    let bytes = std::fs::read(out.join(&part)).unwrap();
    let served = Exchange::start(&["--replay", out.join(&part).to_str().unwrap()]);
    assert!(served.get("/api/v3/depth?symbol=BTCUSDT&limit=5")["lastUpdateId"].is_u64());

    let recorder = Process::start(record(&config, &out, &[]));
    until("another file", || names(&out).iter().any(|name| name.ends_with(".part")).then_some(()));
    // Another recorder leaves alone what this one writes.
    let other =
        run(&["record", "--config", &config, "--out", out.to_str().unwrap(), "--seconds", "1"]);
    assert_eq!(other.code, Some(0), "{}", other.err);
    until("a snapshot", || {
        (kept(&out).lines.iter().filter(|l| is_snapshot(l)).count() >= 3).then_some(())
    });
    stop(recorder);
    let cut = part.replace(".zst.part", ".cut.zst");
    assert_eq!(std::fs::read(out.join(&cut)).unwrap(), bytes);
    let names = names(&out);
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names.iter().filter(|name| name.ends_with(".part")).count(), 0, "{names:?}");
}

#[test]
fn a_lost_connection_is_marked_and_bridged_by_a_snapshot() {
    let folder = Folder::new("record-lost");
    let exchange = Exchange::start(&[]);
    let relay = Relay::start(exchange.address);
    let config = recorded_config(&folder, &exchange, &relay);
    let out = folder.path.join("out");
    let recorder = Process::start(record(&config, &out, &[]));
    let snapshots = |count: usize| {
        until("snapshots", || {
            let seen = (!names(&out).is_empty()).then(|| kept(&out))?;
            (seen.lines.iter().filter(|line| is_snapshot(line)).count() >= count).then_some(())
        });
    };
    snapshots(1);
    relay.cut();
    snapshots(2);
    let told = stop(recorder);
    assert_eq!((&told["reconnects"], &told["gaps"]), (&1.into(), &2.into()), "{told}");
    let kept = kept(&out);
    let lost = r#"{"gap":{"dropped":0,"reason":"the connection was lost"}}"#;
    let at = kept.lines.iter().position(|line| line.text == lost).unwrap();
    let (before, after) = kept.lines.split_at(at);
    assert!(before.iter().any(is_snapshot) && after.iter().any(is_snapshot));
    for lines in [before, after] {
        check_whole(&Kept { lines: lines.to_vec(), ..Kept::default() });
    }
    // The hole is mended by the exchange; a whole demo trades on it.
    let served = Exchange::start(&["--replay", out.to_str().unwrap()]);
    assert!(served.get("/api/v3/depth?symbol=BTCUSDT&limit=5")["lastUpdateId"].is_u64());
}

#[test]
fn a_full_disk_ends_it_with_one_error_and_a_whole_file() {
    let folder = Folder::new("record-full");
    let exchange = Exchange::start(&[]);
    let relay = Relay::start(exchange.address);
    let config = recorded_config(&folder, &exchange, &relay);
    let (disk, out) = (folder.path.join("disk"), folder.path.join("out"));
    std::fs::create_dir_all(&disk).unwrap();
    let program = env!("CARGO_BIN_EXE_peregrine");
    let script = format!(
        "mount -t tmpfs -o size=1064k none {disk:?} || exit 77\n\
         {program} record --json --config {config} --out {disk:?}\n\
         code=$?; cp -r {disk:?} {out:?}; exit $code"
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script]).env_remove("PEREGRINE_LOG");
    let Ok(test) = Command::new("unshare").args(["-rm", "true"]).output() else {
        return println!("skipped: no unshare here");
    };
    let ended = Process::start(command).ended();
    if !test.status.success() || ended.code == Some(77) {
        return println!("skipped: a small disk cannot be mounted here: {}", ended.err);
    }
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert_eq!(ended.err.matches("recording ended").count(), 1, "{}", ended.err);
    assert!(ended.err.contains("the disk is full"), "{}", ended.err);
    let names = names(&out);
    assert!(names.iter().all(|name| name.ends_with("-0.zst")), "{names:?}");
    check_whole(&kept(&out));
}

#[test]
fn what_cannot_be_recorded_says_so() {
    let folder = Folder::new("record-wrong");
    let exchange = Exchange::start(&[]);
    let good = config(&folder, &exchange, &[]);
    let good = good.to_str().unwrap();
    let check = |config: &str, out: &str, more: &[&str], code: i32, says: &str| {
        let line = [&["record", "--json", "--config", config, "--out", out][..], more].concat();
        let ended = run(&line);
        assert_eq!(ended.code, Some(code), "{line:?}: {}", ended.err);
        assert!(ended.err.contains(says), "{line:?}: {}", ended.err);
        if code != 2 {
            assert!(json(&ended.out).is_object(), "{}", ended.out);
        }
    };
    let out = folder.path.join("out");
    let out = out.to_str().unwrap();
    check("no/such.toml", out, &[], 4, "no/such.toml");
    check(good, good, &[], 1, "cannot record to");
    check(good, out, &["--segment-mib", "0"], 2, "--segment-mib");
    let text = std::fs::read_to_string(good).unwrap();
    let file = |name: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let path = folder.file(name, 0o600, &text.replace(from, to));
        path.to_str().unwrap().to_owned()
    };
    let closed = file("closed.toml", &format!("ws://{}\"", exchange.address), "ws://127.0.0.1:9\"");
    check(&closed, out, &["--seconds", "1"], 5, "nothing came");
    let unknown = file("unknown.toml", "symbol = \"BTCUSDT\"", "symbol = \"NOPEUSDT\"");
    check(&unknown, out, &[], 1, "check the symbol");
}
