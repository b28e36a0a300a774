//! The house rules as a test: imports between crates, banned calls, lengths, names and comments.
//! All offences are reported at once, each with its place and what to do. Each rule has a bad
//! fixture under `house/bad/` that must fail exactly as the fixture says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "house/calls.rs"]
mod calls;
#[path = "house/edges.rs"]
mod edges;
#[path = "house/layout.rs"]
mod layout;
#[path = "house/source.rs"]
mod source;

use source::Source;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A rule that a line breaks.
#[derive(Debug)]
pub struct Offence {
    rule: &'static str,
    path: String,
    line: usize,
    hint: String,
}

/// What was found so far.
pub type Found = Vec<Offence>;

impl Offence {
    /// At this path and line (from 1), with what to do about it.
    pub fn new(rule: &'static str, place: (&str, usize), hint: impl Into<String>) -> Self {
        Self { rule, path: place.0.to_owned(), line: place.1, hint: hint.into() }
    }
}

/// The names of all rules; each needs a bad fixture.
const RULES: [&str; 17] = [
    "opening",
    "columns",
    "file-length",
    "function-length",
    "history",
    "name",
    "panic",
    "print",
    "clock",
    "hash",
    "float",
    "unsafe",
    "safety",
    "no-std",
    "forbid-unsafe",
    "edge",
    "edge-source",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("workspace root")
}

fn check_source(source: &Source, found: &mut Found) {
    layout::check(source, found);
    calls::check(source, found);
    edges::check_source(source, found);
}

/// Every Rust file under a directory, build output and hidden directories apart.
fn rust_files(directory: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(directory)
        .expect("readable")
        .map(|entry| entry.expect("entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            rust_files(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

/// Marks files that are modules of tests by the `#[cfg(test)] mod name;` of their parent.
fn mark_test_modules(sources: &mut [Source]) {
    let mut tests = BTreeSet::new();
    for source in sources.iter() {
        let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        let inside = match file {
            "lib.rs" | "main.rs" | "mod.rs" => directory.to_owned(),
            _ => source.path.trim_end_matches(".rs").to_owned(),
        };
        for name in &source.test_modules {
            tests.insert(format!("{inside}/{name}.rs"));
            tests.insert(format!("{inside}/{name}/mod.rs"));
        }
    }
    for source in sources {
        if tests.contains(&source.path) {
            source.test.fill(true);
        }
    }
}

#[test]
fn the_house_is_in_order() {
    let root = root();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("root manifest");
    let manifest: toml::Table = manifest.parse().expect("root manifest is TOML");
    let members = manifest["workspace"]["members"].as_array().expect("members");
    let mut found = Found::new();
    let mut sources = Vec::new();
    for member in members {
        let room = member.as_str().expect("member is a path");
        let path = format!("{room}/Cargo.toml");
        let text = fs::read_to_string(root.join(&path)).expect("member manifest");
        edges::check_manifest(&path, &text, &mut found);
        let mut files = Vec::new();
        rust_files(&root.join(room), &mut files);
        for file in files {
            let path = file.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
            sources.push(Source::new(&path, &fs::read_to_string(&file).expect("UTF-8 source")));
        }
    }
    assert!(sources.len() > 50, "found only {} source files: is the walk broken?", sources.len());
    mark_test_modules(&mut sources);
    for source in &sources {
        check_source(source, &mut found);
    }
    let told: Vec<String> = found
        .iter()
        .map(|one| format!("{}:{}: {} [{}]", one.path, one.line, one.hint, one.rule))
        .collect();
    assert!(told.is_empty(), "{} offences:\n{}\n", told.len(), told.join("\n"));
}

/// A fixture: `file: PATH`, then `expect: LINE RULE` for each offence, `---`, and the text. A line
/// `repeat: N` in the text stands for N lines of code.
fn check_fixture(name: &str, text: &str) -> Vec<String> {
    let (head, body) = text.split_once("---\n").unwrap_or_else(|| panic!("{name}: no `---`"));
    let field = |key: &'static str| head.lines().filter_map(move |line| line.strip_prefix(key));
    let path = field("file: ").next().unwrap_or_else(|| panic!("{name}: no `file:`"));
    let want: BTreeSet<String> = field("expect: ").map(str::to_owned).collect();
    let mut lines = Vec::new();
    for line in body.lines() {
        match line.strip_prefix("repeat: ").map(|count| count.parse::<usize>()) {
            Some(count) => lines.resize(lines.len() + count.expect("a count"), "    step();"),
            None => lines.push(line),
        }
    }
    let body = lines.join("\n") + "\n";
    let mut found = Found::new();
    if path.ends_with(".rs") {
        check_source(&Source::new(path, &body), &mut found);
    } else {
        edges::check_manifest(path, &body, &mut found);
    }
    let is_source = path.ends_with(".rs");
    let got: BTreeSet<String> =
        found.iter().map(|one| format!("{} {}", one.line, one.rule)).collect();
    assert_eq!(got, want, "{name}: offences found, and offences expected; in words: {found:#?}");
    let rule = |one: &Offence| match (one.rule, is_source) {
        ("edge", true) => "edge-source".to_owned(),
        (rule, _) => rule.to_owned(),
    };
    found.iter().map(rule).collect()
}

#[test]
fn each_rule_has_a_bad_fixture_that_fails() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/house/bad");
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(directory).expect("fixtures") {
        let path = entry.expect("entry").path();
        let text = fs::read_to_string(&path).expect("UTF-8 fixture");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rules = check_fixture(&name, &text);
        assert_eq!(
            name.starts_with("good"),
            rules.is_empty(),
            "{name}: bad ones fail, good ones pass"
        );
        seen.extend(rules);
    }
    let rules: BTreeSet<String> = RULES.iter().map(|rule| (*rule).to_owned()).collect();
    assert_eq!(seen, rules, "rules that fixtures break, and rules that there are");
}
