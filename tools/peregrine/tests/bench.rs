//! `peregrine bench`, everything a few times only: its shape, its picture, its words. No time is
//! judged.
#![allow(clippy::unwrap_used)]
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("peregrine-bench-test-{name}-{}", std::process::id()))
}

fn bench(out: &Path, flags: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peregrine"));
    command.args(["bench", "--smoke", "--out"]).arg(out).args(flags).output().unwrap()
}

#[test]
fn one_json_object_and_a_picture() {
    let out = folder("json");
    let output = bench(&out, &["--json"]);
    assert!(output.status.success(), "{output:?}");
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for key in ["processor", "cores", "kernel", "is_virtual"] {
        assert!(value["machine"].get(key).is_some(), "{key}");
    }
    let verdict = value["verdict"].as_array().unwrap();
    for name in ["governor", "isolated", "tick", "smt", "tsc", "timer-slack", "hypervisor", "load"]
    {
        let check = verdict.iter().find(|check| check["name"] == name).unwrap();
        let state = check["state"].as_str().unwrap();
        assert!(["ok", "warn", "cannot tell"].contains(&state), "{check}");
        let remedy = check["remedy"].as_str().unwrap();
        assert!(state != "warn" || !remedy.is_empty(), "{check}");
    }
    let stages = value["stages"].as_object().unwrap();
    for name in [
        "book_ticker_decode",
        "diff_20_decode",
        "book_update_best",
        "gate",
        "order_frame",
        "tick_to_order",
        "clock_stamp",
        "oversleep",
    ] {
        let stage = &stages[name];
        let figure = |key: &str| stage[key].as_f64().unwrap();
        assert!(figure("ns_p50") <= figure("ns_p99"), "{name}: {stage}");
        assert!(figure("ns_p99") <= figure("ns_max"), "{name}: {stage}");
        assert!(stage["samples"].as_u64().unwrap() > 0, "{name}");
        assert!(figure("ns_p50") > 0.0, "{name}: {stage}");
    }
    assert!(stages.contains_key("jitter"));
    let picture = std::fs::read(out.join("bench.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    assert_eq!(value["picture"], out.join("bench.png").to_str().unwrap());
    std::fs::remove_dir_all(out).unwrap();
}

#[test]
fn a_table_for_people() {
    let out = folder("text");
    let output = bench(&out, &[]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["governor", "hypervisor", "p50", "p99", "bookTicker to a row", "bench.png"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    std::fs::remove_dir_all(out).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let output = bench(Path::new("/dev/null/here"), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("/dev/null/here: cannot be made"), "{text}");
}
