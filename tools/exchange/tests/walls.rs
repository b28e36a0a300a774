//! The walls: the core knows no protocol, and a protocol knows no other.

#![allow(clippy::unwrap_used, clippy::panic)] // Helpers of tests, too.

use std::path::{Path, PathBuf};

/// Protocol rooms, and which other rooms each may use.
const ROOMS: [(&str, &[&str]); 5] = [
    ("binance", &[]),
    ("binance_spot", &["binance"]),
    ("binance_usdm", &["binance"]),
    ("bybit", &[]),
    ("okx", &[]),
];

/// Where protocols are registered.
const DOOR: &str = "dialect.rs";

fn rust_files(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// The room that a source file belongs to; none for the core.
fn room(path: &str) -> Option<&'static str> {
    let first = path.split('/').next().unwrap().trim_end_matches(".rs");
    ROOMS.iter().map(|(name, _)| *name).find(|name| *name == first)
}

/// Lines of `text` that break a wall, as `path:line: room`.
fn breaches(path: &str, text: &str) -> Vec<String> {
    let own = room(path);
    let may = |other: &str| {
        let allowed = ROOMS.iter().find(|(name, _)| Some(*name) == own);
        own == Some(other) || allowed.is_some_and(|(_, list)| list.contains(&other))
    };
    let mut out = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for (other, _) in ROOMS {
            if line.contains(&format!("crate::{other}::")) && !may(other) {
                out.push(format!("{path}:{}: {other}", n + 1));
            }
        }
    }
    out
}

#[test]
fn core_and_protocols_stay_apart() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 30);
    let mut found = Vec::new();
    for file in files {
        let path = file.strip_prefix(&source).unwrap().to_str().unwrap().to_string();
        if path != DOOR {
            found.extend(breaches(&path, &std::fs::read_to_string(&file).unwrap()));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn breaches_are_found() {
    let text = "use crate::order::Side;\nuse crate::binance::words;\n";
    assert_eq!(breaches("venue.rs", text), ["venue.rs:2: binance"]);
    assert_eq!(breaches("bybit/rest.rs", text), ["bybit/rest.rs:2: binance"]);
    assert!(breaches("binance_spot/rest.rs", text).is_empty());
}
