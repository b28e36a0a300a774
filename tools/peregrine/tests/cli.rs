//! The binary from outside: what it prints, where, and with which exit code.
// Helpers of tests are tests too.
#![allow(clippy::unwrap_used, clippy::panic)]
#![forbid(unsafe_code)]

use engine::id::InstrumentId;
use engine::num::Grid;
use engine::time::Nanos;
use shm::panel::InstrumentPanel;
use shm::{Answer, Birth, Region, RegionPath, Writers};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A directory of this test alone.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("peregrine-cli-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn peregrine(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    command.args(args).current_dir(root()).env_remove("PEREGRINE_LOG").stdin(Stdio::null());
    command
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// Runs it; the exit code must be this. Gives standard output and standard error.
fn check(args: &[&str], code: i32) -> (String, String) {
    let output = peregrine(args).output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "colours in a pipe: {args:?}");
    (out, err)
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn help_names_commands_examples_and_codes() {
    let (out, _) = check(&["--help"], 0);
    let words = [
        "demo",
        "exchange",
        "run",
        "paper",
        "check",
        "arm",
        "monitor",
        "ctl",
        "Examples:",
        "5 time-out",
    ];
    for word in words {
        assert!(out.contains(word), "{word} in\n{out}");
    }
    for command in ["demo", "exchange", "run", "check", "arm", "monitor", "ctl", "version"] {
        let (out, _) = check(&[command, "--help"], 0);
        assert!(out.contains("--json"), "{command}\n{out}");
    }
}

#[test]
fn usage_errors_are_two() {
    check(&[], 2);
    check(&["explode"], 2);
    check(&["demo", "--seconds", "0"], 2);
    check(&["demo", "--wait", "sleep"], 2);
    check(&["check"], 2);
    check(&["ctl", "pause", "--name", "not/a/name"], 2);
    check(&["ctl", "--name", "x", "set", "gamma"], 2);
}

#[test]
fn version_is_one_line_or_one_object() {
    let (out, _) = check(&["version"], 0);
    assert!(out.starts_with("peregrine 0.1.0 ("), "{out}");
    assert_eq!(json(&check(&["version", "--json"], 0).0)["version"], "0.1.0");
    check(&["--version"], 0);
}

#[test]
fn configurations_are_judged() {
    for file in ["demo", "paper", "testnet", "shadow", "live.example"] {
        let file = format!("config/{file}.toml");
        let (out, _) = check(&["check", "--config", &file], 0);
        assert!(out.starts_with(&format!("{file}: no faults")), "{out}");
        assert_eq!(json(&check(&["check", "--json", "--config", &file], 0).0)["valid"], true);
    }
    let folder = folder("check");
    let file = folder.join("broken.toml");
    std::fs::write(&file, "mode = \"papr\"\n[risk]\norders_per_s = 0\ngamma = 1\n").unwrap();
    let name = file.to_str().unwrap();
    let (out, err) = check(&["check", "--config", name], 4);
    assert!(out.is_empty());
    for part in ["did you mean `paper`?", "risk.orders_per_s: 0 is out of range", ":3:16]"] {
        assert!(err.contains(part), "{part} in\n{err}");
    }
    let (out, _) = check(&["check", "--json", "--config", name], 4);
    let value = json(&out);
    assert_eq!(value["valid"], false);
    let problems = value["problems"].as_array().unwrap();
    let keys: Vec<&str> = problems.iter().map(|problem| problem["key"].as_str().unwrap()).collect();
    for key in ["mode", "instrument", "strategy.kind", "risk.orders_per_s", "risk.gamma"] {
        assert!(keys.contains(&key), "{key} in {keys:?}");
    }
    assert!(problems.iter().all(|problem| problem["line"].as_u64() > Some(0)));
    let (_, err) = check(&["check", "--config", "no/such.toml"], 4);
    assert!(err.contains("no/such.toml") && err.contains("cannot read the file"), "{err}");
    check(&["run", "--config", name], 4);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Arms with `typed` on standard input and this state directory.
fn arm(state: &Path, args: &[&str], typed: &str) -> Output {
    let mut command = peregrine(args);
    command.env("XDG_STATE_HOME", state).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A process that refuses before it reads closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn live_needs_three_yeses() {
    let state = folder("arm");
    let live = state.join("live.toml");
    std::fs::copy(root().join("config/live.example.toml"), &live).unwrap();
    let live = live.to_str().unwrap();
    let args = ["arm", "--config", live, "--json"];
    let run = |code: i32, args: &[&str], part: &str| {
        let output = peregrine(args).env("XDG_STATE_HOME", &state).output().unwrap();
        let (out, err) = texts(&output);
        assert_eq!(output.status.code(), Some(code), "{out}{err}");
        assert!(err.contains(part), "{part} in {err}");
    };
    run(1, &["run", "--config", live], "the command line lacks --live");
    run(1, &["run", "--config", live, "--live"], "it is not armed; run `peregrine arm`");
    let token = state.join("peregrine/armed-main.json");
    for wrong in ["", "wrong\n", "main \n", "MAIN\n"] {
        let output = arm(&state, &args, wrong);
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
        assert!(!token.exists());
    }
    let output = arm(&state, &args, "main\n");
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert_eq!(json(&out)["armed"], true);
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&token).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    let paper = ["run", "--config", "config/paper.toml", "--live"];
    run(1, &paper, "the file says mode = \"paper\"; write mode = \"live\"");
    std::fs::write(live, std::fs::read_to_string(live).unwrap() + "\n").unwrap();
    run(1, &["run", "--config", live, "--live"], "changed since it was armed");
    let output = arm(&state, &["arm", "--disarm", "--config", live], "");
    assert_eq!(output.status.code(), Some(0));
    assert!(!token.exists());
    let output = arm(&state, &["arm", "--config", "config/paper.toml"], "paper\n");
    let (_, err) = texts(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("only mode = \"live\" is armed"), "{err}");
    std::fs::remove_dir_all(state).unwrap();
}

#[test]
fn nobody_runs_is_three() {
    let folder = folder("absent");
    let directory = folder.to_str().unwrap();
    let place = ["--directory", directory, "--name", "nobody"];
    let runs = [
        [&["monitor"][..], &place, &["--once"]].concat(),
        [&["monitor"][..], &place].concat(),
        [&["ctl"][..], &place, &["pause"]].concat(),
    ];
    for args in runs {
        let (_, err) = check(&args, 3);
        assert!(err.contains("no engine named `nobody` is running"), "{args:?} {err}");
    }
    let (out, _) = check(&[&["monitor", "--json"][..], &place].concat(), 3);
    assert_eq!(json(&out)["exit"], 3);
    std::fs::remove_dir_all(folder).unwrap();
}

fn engine(folder: &Path) -> (Region, Writers) {
    let path = RegionPath::within(folder, "test").unwrap();
    let (region, mut writers) =
        Region::create(&path, Birth { epoch: 1, started_at: Nanos(5) }).unwrap();
    let grid = Grid { decimals: 2, step: 1 };
    let panel = InstrumentPanel::blank(InstrumentId(0), "BTCUSDT", grid, grid);
    writers.instruments[0].publish(&panel);
    (region, writers)
}

#[test]
fn a_running_engine_is_seen_and_a_dead_one_too() {
    let folder = folder("seen");
    let directory = folder.to_str().unwrap();
    let (region, writers) = engine(&folder);
    let args = ["monitor", "--once", "--directory", directory, "--name", "test"];
    let (out, _) = check(&args, 0);
    assert!(out.contains("PEREGRINE test") && out.contains("BTCUSDT"), "{out}");
    let (out, _) = check(&[&args[..], &["--json"]].concat(), 0);
    let value = json(&out);
    assert_eq!((&value["pulse"], &value["alive"]), (&"stale".into(), &true.into()));
    assert_eq!(value["instruments"][0]["symbol"], "BTCUSDT");
    drop((region, writers));
    let (out, err) = check(&[&args[..], &["--json"]].concat(), 3);
    assert_eq!(json(&out)["pulse"], "ended");
    assert!(err.contains("test is not running; this is its last state"), "{err}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Sends one command to an engine that answers like this, or never.
fn ctl(name: &str, order: &[&str], answer: Option<Answer>, code: i32) -> (String, String, String) {
    let folder = folder(name);
    let (_region, mut writers) = engine(&folder);
    let directory = folder.to_str().unwrap();
    let patience = if answer.is_some() { "60000" } else { "50" };
    let flags = ["ctl", "--directory", directory, "--name", "test", "--timeout-ms", patience];
    let mut command = peregrine(&[&flags[..], order].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut heard = String::new();
    while let Some(answer) = answer
        && child.try_wait().unwrap().is_none()
    {
        let Some(received) = writers.commands.poll() else {
            std::thread::yield_now();
            continue;
        };
        heard = format!("{:?}", received.command.unwrap());
        writers.commands.answer(received.sequence, answer);
    }
    let output = child.wait_with_output().unwrap();
    let (out, err) = texts(&output);
    assert_eq!(output.status.code(), Some(code), "{order:?}\n{out}\n{err}");
    std::fs::remove_dir_all(folder).unwrap();
    (heard, out, err)
}

#[test]
fn commands_are_sent_and_their_answers_told() {
    let (heard, out, _) = ctl("applied", &["pause"], Some(Answer::Applied), 0);
    assert!(heard.contains("kind: Pause"), "{heard}");
    assert_eq!(out, "test: pause is in force\n");
    let order = ["--json", "set", "gamma=0.2"];
    let (heard, out, _) = ctl("set", &order, Some(Answer::BadValue), 1);
    assert!(heard.contains("gamma"), "{heard}");
    assert_eq!(json(&out)["answer"], "bad value");
    let (_, _, err) = ctl("refused", &["resume"], Some(Answer::NotNow), 1);
    assert!(err.contains("test refused resume: not now"), "{err}");
    let (_, _, err) = ctl("silent", &["cancel-all"], None, 5);
    assert!(err.contains("no answer to command"), "{err}");
}

#[test]
fn the_exchange_says_where_it_is_and_ends_in_order() {
    use std::io::BufRead as _;
    let mut command = peregrine(&["exchange", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told = json(&line);
    assert!(told["rest"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{told}");
    assert_eq!(told["keys"].as_array().unwrap().len(), 2);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let (out, _) = check(&["exchange", "--describe", "--describe-seconds", "2", "--json"], 0);
    assert!(json(&out).is_object(), "{out}");
    let (_, err) = check(&["exchange", "--replay", "no/such.gz"], 1);
    assert!(err.contains("no/such.gz"), "{err}");
    check(&["exchange", "--fault", "explode@1s"], 2);
}

#[test]
fn an_output_that_nobody_reads_is_no_error() {
    for (args, code) in [(&["version"][..], 0), (&["version", "--json"], 0), (&["check"], 2)] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_peregrine"));
        command.args(args).stdout(std::process::Stdio::piped());
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(code), "{args:?}");
    }
}

#[test]
fn what_is_no_regular_file_is_no_configuration() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_peregrine"));
    let ended = command.args(["check", "--config", "/dev/zero"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(4));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("not a regular file"), "{said}");
}

#[test]
fn import_makes_a_tape_once_and_says_where_a_file_is_wrong() {
    let folder = folder("import");
    let file = folder.join("BTCUSDT-trades-2024-08-08.csv");
    let line = "1,10.5,3,1,1723109400002,true,true\n";
    std::fs::write(&file, line).unwrap();
    let (file, out) = (file.to_string_lossy().into_owned(), folder.join("a.tape"));
    let tape = out.to_string_lossy().into_owned();
    let args = ["import", &file, "--out", &tape, "--venue", "binance", "--maker-bps=-0.5"];
    let (text, err) = check(&args, 0);
    assert!(text.contains("1 rows") && text.contains("binance:BTCUSDT: tick 0.5"), "{text}");
    assert_eq!(err, "");
    assert!(check(&args, 1).1.contains("exists already"));
    std::fs::remove_file(&out).unwrap();
    let (text, _) = check(&[&args[..], &["--json"]].concat(), 0);
    let told = json(&text);
    assert_eq!(
        (told["rows"].as_u64(), told["faults"]["gaps"]["count"].as_u64()),
        (Some(1), Some(0))
    );
    std::fs::remove_file(&out).unwrap();
    std::fs::write(&file, format!("{line}2,oops,3,1,1723109400003,true,true\n")).unwrap();
    let (text, err) = check(&[&args[..], &["--json"]].concat(), 1);
    assert!(err.contains("08.csv:2: price: `oops` is not a number"), "{err}");
    assert_eq!(json(&text)["exit"], 1);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "something is left");
    let (_, err) = check(&["import", &file, "--out", &tape, "--map", "when=1"], 2);
    assert!(err.contains("`when` is no key of a mapping"), "{err}");
    std::fs::remove_dir_all(&folder).unwrap();
}
